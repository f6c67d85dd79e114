# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""A name server for designate: it answers from designate's own database.

NOTIFY is acknowledged, SOA has the serial of the zone's row, and a zone that is gone or is being
deleted is refused, which is what designate's poll waits for.
"""

import os
import socketserver

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import pymysql

QUERY = "SELECT serial, action FROM zones WHERE name = %s AND deleted = '0'"


def find_serial(zone: str) -> int | None:
    """The zone's serial, or None where there is no such zone or it is being deleted."""
    database = pymysql.connect(
        host=os.environ["LISTEN_IP"],
        port=int(os.environ["DATABASE_PORT"]),
        user="root",
        password=os.environ["DATABASE_PASSWORD"],
        database="designate",
    )
    with database, database.cursor() as cursor:
        cursor.execute(QUERY, (zone,))
        row = cursor.fetchone()
    return None if row is None or row[1] == "DELETE" else row[0]


def answer(query: dns.message.Message) -> dns.message.Message:
    """The response to one query or NOTIFY."""
    response = dns.message.make_response(query)
    response.set_opcode(query.opcode())
    response.flags |= dns.flags.AA
    if query.opcode() == dns.opcode.NOTIFY:
        return response
    question = query.question[0]
    zone = str(question.name).lower()
    serial = find_serial(zone)
    if serial is None:
        response.set_rcode(dns.rcode.REFUSED)
        response.flags &= ~dns.flags.AA
    elif question.rdtype == dns.rdatatype.SOA:
        soa = f"ns1.example.org. hostmaster.example.org. {serial} 3600 600 86400 60"
        response.answer.append(dns.rrset.from_text(zone, 60, "IN", "SOA", soa))
    return response


class Handler(socketserver.BaseRequestHandler):
    """One datagram."""

    def handle(self) -> None:
        """The datagram is answered."""
        data, connection = self.request
        connection.sendto(answer(dns.message.from_wire(data)).to_wire(), self.client_address)


if __name__ == "__main__":
    address = (os.environ["LISTEN_IP"], int(os.environ["LISTEN_PORT"]))
    socketserver.ThreadingUDPServer(address, Handler).serve_forever()
