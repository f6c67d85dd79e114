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
"""Just enough of AMQP 0-9-1 to ask RabbitMQ whether somebody consumes a queue.

A worker of OpenStack listens when its queue has a consumer, and stops doing so the moment it dies:
nothing else tells as early and as truly. The frames are those of the specification, section 4.2:
type, channel, size, payload (class, method, arguments), end.
"""

import collections.abc
import contextlib
import dataclasses
import socket
import typing

from controlplane import layout

TIMEOUT_S = 5
USER = "openstack"

START, START_OK = (10, 10), (10, 11)
TUNE, TUNE_OK = (10, 30), (10, 31)
OPEN, OPEN_OK = (10, 40), (10, 41)
CLOSE = (10, 50)
CHANNEL_OPEN, CHANNEL_OPEN_OK = (20, 10), (20, 11)
DECLARE, DECLARE_OK = (50, 10), (50, 11)
PASSIVE = b"\1"
EMPTY_TABLE = bytes(4)


@dataclasses.dataclass(frozen=True)
class Connection:
    """An open connection with one open channel."""

    connection: socket.socket
    stream: typing.BinaryIO

    def send(self, method: tuple[int, int], arguments: bytes, channel: int = 0) -> None:
        """The method was sent."""
        payload = method[0].to_bytes(2) + method[1].to_bytes(2) + arguments
        header = b"\1" + channel.to_bytes(2) + len(payload).to_bytes(4)
        self.connection.sendall(header + payload + b"\xce")

    def receive(self) -> tuple[tuple[int, int], bytes]:
        """The next method and its arguments."""
        header = self.stream.read(7)
        payload = self.stream.read(int.from_bytes(header[3:7]) + 1)[:-1]
        return (int.from_bytes(payload[0:2]), int.from_bytes(payload[2:4])), payload[4:]

    def call(
        self, method: tuple[int, int], arguments: bytes, wanted: tuple[int, int], channel: int = 0
    ) -> bytes:
        """The answer's arguments; ConnectionError where the answer is another method."""
        self.send(method, arguments, channel)
        answer, result = self.receive()
        if answer != wanted:
            raise ConnectionError(f"RabbitMQ answered {answer}, not {wanted}")
        return result


@contextlib.contextmanager
def connect(port: int) -> collections.abc.Iterator[Connection]:
    """A connection as the services' user; OSError where RabbitMQ does not (yet) let it in."""
    with (
        socket.create_connection((layout.IP, port), timeout=TIMEOUT_S) as raw,
        raw.makefile("rb") as stream,
    ):
        connection = Connection(raw, stream)
        raw.sendall(b"AMQP\0\0\x09\1")
        connection.receive()
        login = f"\0{USER}\0{layout.PASSWORD}".encode()
        secret = len(login).to_bytes(4) + login
        start_ok = EMPTY_TABLE + _short("PLAIN") + secret + _short("en_US")
        limits = connection.call(START_OK, start_ok, TUNE)
        no_heartbeat = bytes(2)
        connection.send(TUNE_OK, limits[:6] + no_heartbeat)
        connection.call(OPEN, _short("/") + _short("") + b"\0", OPEN_OK)
        connection.call(CHANNEL_OPEN, _short(""), CHANNEL_OPEN_OK, channel=1)
        yield connection
        connection.send(CLOSE, bytes(2) + _short("") + bytes(4))


def answers(port: int) -> bool:
    """Whether RabbitMQ lets the services' user in: its definitions are loaded and it serves."""
    with contextlib.suppress(OSError), connect(port):
        return True
    return False


def is_consumed(port: int, queue: str) -> bool:
    """Whether the queue exists and somebody consumes it."""
    arguments = bytes(2) + _short(queue) + PASSIVE + EMPTY_TABLE
    with contextlib.suppress(OSError), connect(port) as connection:
        result = connection.call(DECLARE, arguments, DECLARE_OK, channel=1)
        return int.from_bytes(result[-4:]) > 0
    return False


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()
