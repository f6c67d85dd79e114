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


class _Handler(http.server.BaseHTTPRequestHandler):
    """Turns bytes into a request and a reply into bytes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "Server"

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        try:
            reply = self.server.application.respond(wrappers.Request(self._environ(body)))
        except application.ConnectionLost as lost:
            self.server.stopping.wait(lost.wait_s)
            self._drop()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

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
        }
        for name, value in self.headers.items():
            environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
        return environ

    def _drop(self) -> None:
        """The connection is reset instead of closed: the client gets no answer at all."""
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

    def __init__(self, cloud: cloud_module.Cloud, host: str = "127.0.0.1", port: int = 0) -> None:
        self.application = application.Application(cloud)
        self.stopping = threading.Event()
        self.resets: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.server_name}:{self.server_port}"

    def server_bind(self) -> None:
        """As the base, without asking DNS for a name for the address."""
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
def running(cloud: cloud_module.Cloud, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The cloud answers at the URL that is given (a free port unless one is named)."""
    server = Server(cloud, host, port)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="emulator", daemon=True
    )
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()
