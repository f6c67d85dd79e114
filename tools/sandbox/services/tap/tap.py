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
"""Appends every notification of every service to a file, one JSON object a line.

Services publish to the exchange of their own name (cinder and manila to "openstack"). A queue of
our own is bound to all of them, so that nothing is taken from other consumers.
"""

import json
import os
import pathlib
import sys
import typing

import kombu

EXCHANGES = (
    "nova", "cinder", "neutron", "glance", "keystone", "openstack", "ironic", "heat", "barbican",
    "designate", "central", "octavia", "manila", "swift",
)  # fmt: skip
TOPICS = ("notifications", "versioned_notifications", "ironic_versioned_notifications")
PRIORITIES = ("audit", "debug", "info", "warn", "error", "critical", "sample")


def bind_queue(channel: typing.Any) -> kombu.Queue:
    """A queue that receives a copy of everything and vanishes with this process."""
    bindings = [
        kombu.binding(
            kombu.Exchange(exchange, "topic", durable=False, auto_delete=False),
            routing_key=f"{topic}.{priority}",
        )
        for exchange in EXCHANGES
        for topic in TOPICS
        for priority in PRIORITIES
    ]
    return kombu.Queue("tap", bindings=bindings, durable=False, auto_delete=True, channel=channel)


def describe(body: typing.Any, exchange: str, routing_key: str) -> dict[str, typing.Any]:
    """One line of the file: where the message came from, and what it says."""
    if isinstance(body, str | bytes):
        body = json.loads(body)
    message = json.loads(body["oslo.message"]) if "oslo.message" in body else body
    fields = ("event_type", "publisher_id", "priority", "message_id", "timestamp", "payload")
    context = {key: value for key, value in message.items() if key.startswith("_context_")}
    return {
        "exchange": exchange,
        "routing_key": routing_key,
        **{field: message.get(field) for field in fields},
        "context": context,
    }


def tap(path: str, url: str) -> None:
    """Every message is appended to the file, until the process is stopped."""
    with (
        pathlib.Path(path).open("a", buffering=1) as file,
        kombu.Connection(url, heartbeat=30) as connection,
    ):

        def write(body: typing.Any, message: typing.Any) -> None:
            delivery = message.delivery_info
            line = describe(body, delivery["exchange"], delivery["routing_key"])
            file.write(json.dumps(line) + "\n")
            message.ack()

        queue = bind_queue(connection.channel())
        with connection.Consumer(queue, callbacks=[write], accept=["json"]):
            while True:
                try:
                    connection.drain_events(timeout=10)
                except TimeoutError:
                    connection.heartbeat_check()


if __name__ == "__main__":
    tap(sys.argv[1], os.environ["MESSAGE_URL"].replace("rabbit://", "amqp://"))
