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
"""HTTP/1.1 on loopback with connections that stay open, a thread for each.

werkzeug has the routing; its own server is not used, because it closes each connection and
waits 10 ms after each request, which no real service does.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import http.server
import io
import socket
import struct
import sys
import threading
from typing import Any
from urllib import parse

from werkzeug import wrappers

from tests.emulator import application
from tests.emulator import cloud as cloud_module
from tests.emulator import services
from tests.emulator import spoiling
from tests.emulator import web

SEEN_S = 0.05

MOST_BYTES = 2**30
"""The largest body of a request: an image's data is kept in memory while it is read."""


class _Handler(http.server.BaseHTTPRequestHandler):
    """Turns bytes into a request and a reply into bytes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "Server"

    def __getattr__(self, name: str) -> Any:
        """Any method is served: what a service says to one that it does not know, is its own."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        answering = self.server.application
        try:
            request = wrappers.Request(self._environ(self._body()))
        except ValueError as error:
            self.close_connection = True
            self._send(answering.refuse(self.command, self.path, str(error)))
            return
        try:
            reply = answering.respond(request)
        except application.ConnectionLost as lost:
            self.server.stopping.wait(lost.wait_s)
            self._reset()
            return
        self.server.stopping.wait(reply.wait_s)
        self._send(reply)

    def _body(self) -> bytes:
        """The request's body; ValueError if what is said of it is wrong."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        text = self.headers.get("Content-Length") or "0"
        return self._read(text, 10)

    def _chunks(self) -> Iterator[bytes]:
        while chunk := self._read(self.rfile.readline(100).decode("latin-1").split(";")[0], 16):
            yield chunk
            self.rfile.readline(100)
        while self.rfile.readline(MOST_BYTES).strip():
            """What may follow the last chunk is read and forgotten."""

    def _read(self, text: str, base: int) -> bytes:
        length = int(text, base)
        if not 0 <= length <= MOST_BYTES:
            raise ValueError(f"{text.strip()} is no length of a body.")
        body = self.rfile.read(length)
        if len(body) < length:
            raise ValueError(f"The body has {len(body)} bytes and not {length}.")
        return body

    def _send(self, reply: application.Reply) -> None:
        """The reply is sent, or half of it if it is to end there."""
        if reply.ending:
            self.close_connection = True
        if reply.content or not reply.ending:
            self._send_headers(reply)
        if self.command != "HEAD":
            size = len(reply.content) // (2 if reply.ending else 1)
            self.wfile.write(reply.content[:size])
        if reply.ending == spoiling.RESET:
            self.wfile.flush()
            # A reset overtakes what was sent, which the client is to see.
            self.server.stopping.wait(SEEN_S)
            self._reset()

    def _send_headers(self, reply: application.Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()

    def _environ(self, body: bytes) -> dict[str, Any]:
        url = parse.urlsplit(self.path)
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            # WSGI wants the decoded bytes as latin-1 text (PEP 3333).
            "PATH_INFO": parse.unquote_to_bytes(url.path).decode("latin-1"),
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": self.server.server_name,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
        }
        for name, value in self.headers.items():
            environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
        return environ

    def _reset(self) -> None:
        """The connection is reset instead of closed: the client gets nothing more."""
        linger_not = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
        self.close_connection = True
        self.server.resets.add(self.connection)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Nothing is printed; the request log has it all."""


class Server(http.server.ThreadingHTTPServer):
    """Serves one cloud until `stop`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        cloud: cloud_module.Cloud,
        host: str = "127.0.0.1",
        port: int = 0,
        offered: Sequence[web.Service] = services.ALL,
    ) -> None:
        self._cloud = cloud
        self.application = application.Application(cloud, offered)
        self.stopping = threading.Event()
        self.resets: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.server_name}:{self.server_port}"

    def service_actions(self) -> None:
        """What is due on the bus is said though nobody asks for anything."""
        if self._cloud.bus.is_heard:
            with self._cloud.locked():
                """That is all it takes."""

    def server_bind(self) -> None:
        """As the base, without asking DNS for a name for the address.

        A port whose last connections are not forgotten yet is free, as for any server.
        """
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        socket.socket.bind(self.socket, self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]
        self.server_address = (self.server_name, self.server_port)

    def process_request(self, request: Any, client_address: Any) -> None:
        """As the base; the connection is remembered."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """The connection is closed, or reset if a fault wants that."""
        self._open.discard(request)
        if request in self.resets:
            self.resets.discard(request)
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's error; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError | ValueError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """No connection is open and nothing listens; clients that wait lose theirs."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def running(
    cloud: cloud_module.Cloud,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    offered: Sequence[web.Service] = services.ALL,
) -> Iterator[str]:
    """The cloud answers at the URL that is given (a free port unless one is named)."""
    server = Server(cloud, host, port, offered)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="emulator", daemon=True
    )
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()
