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
"""Measures how fast the emulated cloud starts, and serves pages, with a million servers.

Each server has a port and a volume. One client reads pages of 1000 rows over one connection,
follows their next links and does nothing else with them. The peer is a plain server of the
standard library (http.server) that sends the same pages from memory: it tells what HTTP itself
costs, so that the ratio says what the emulator adds by making the pages. Rates are the medians
of the rounds. The processor time of the emulator alone tells what a machine that does nothing else
can reach.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import functools
import http
import http.client
import http.server
import itertools
import json
import multiprocessing
from multiprocessing import connection
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
from urllib import parse

from benchmarks import report

ROOT = pathlib.Path(__file__).resolve().parents[1]
SERVERS = 1_000_000
ROWS = 1000
PEER = "http.server"

LISTS = {
    "servers": f"/compute/v2.1/servers/detail?all_tenants=1&limit={ROWS}",
    "ports": f"/networking/v2.0/ports?limit={ROWS}",
    "volumes": f"/volume/v3/{{project}}/volumes/detail?all_tenants=1&limit={ROWS}",
}

NEXT = re.compile(rb'"rel":"next","href":"([^"]+)"|"href":"([^"]+)","rel":"next"')
TAIL = 2000
"""So many bytes at the end of a page hold its next link."""

Page = tuple[str, bytes]


@dataclasses.dataclass(frozen=True)
class Extent:
    """How much is read: so many pages of each list, so many times."""

    pages: int
    rounds: int


class Client:
    """Asks one server over one connection, with the headers that it is given."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._headers = headers

    def close(self) -> None:
        """The connection is closed."""
        self._connection.close()

    def pages(self, path: str) -> Iterator[Page]:
        """Yield the pages of a list with their paths, until there is no next one."""
        following: str | None = path
        while following is not None:
            path = following
            self._connection.request("GET", path, headers=self._headers)
            reply = self._connection.getresponse()
            body = reply.read()
            if reply.status != http.HTTPStatus.OK:
                raise report.BenchmarkFailed(f"{path} is {reply.status}: {body[:500]!r}")
            found = NEXT.search(body, len(body) - TAIL)
            link = (found[1] or found[2]).decode() if found else None
            following = link[link.index("/", 8) :] if link else None
            yield path, body

    def rate(self, path: str, extent: Extent) -> float:
        """Return how many rows of a list come in a second."""
        rates = []
        for _ in range(extent.rounds):
            begun = time.perf_counter()
            count = sum(1 for _ in itertools.islice(self.pages(path), extent.pages))
            rates.append(count * ROWS / (time.perf_counter() - begun))
        return statistics.median(rates)


def measure(*, quick: bool) -> Iterator[report.Measurement]:
    """Yield start, memory and rates; `quick` reads fewer pages, of as many servers."""
    extent = Extent(pages=5, rounds=3) if quick else Extent(pages=30, rounds=5)
    begun = time.perf_counter()
    with _emulator() as (process, url):
        yield _own("start", "s", time.perf_counter() - begun)
        yield _own("memory after the start", "MiB", _resident_mib(process.pid))
        headers, project = _log_in(url)
        with contextlib.closing(Client(url, headers)) as client:
            for name, path in LISTS.items():
                report.tell(f"{extent.rounds} times {extent.pages} pages of {name}")
                first = path.format(project=project)
                before = _processor_s(process.pid)
                rate = client.rate(first, extent)
                spent_s = _processor_s(process.pid) - before
                yield _compared(client, name, first, extent, rate)
                spent_ms = spent_s * 1000 / (extent.pages * extent.rounds)
                yield _own(f"processor time for {ROWS} {name}", "ms", spent_ms)
        yield _own("memory after the pages", "MiB", _resident_mib(process.pid))


def _own(name: str, unit: str, value: float) -> report.Measurement:
    return report.Measurement(name=name, unit=unit, value=round(value, 2))


def _compared(
    client: Client, name: str, path: str, extent: Extent, rate: float
) -> report.Measurement:
    """The rate of a list, beside that of its recorded pages."""
    recorded = dict(itertools.islice(client.pages(path), extent.pages))
    with _peer(recorded) as url, contextlib.closing(Client(url, {})) as plain:
        peer_rate = plain.rate(path, extent)
    return report.Measurement(
        name=f"{name}, in pages of {ROWS}",
        unit="rows/s",
        value=round(rate),
        peer=PEER,
        peer_value=round(peer_rate),
    )


@contextlib.contextmanager
def _emulator() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The emulated cloud in a process of its own, with its address, when it answers."""
    report.tell(f"starting the emulated cloud with {SERVERS} servers")
    command = [sys.executable, "-m", "tests.emulator", "--scene", "crowd"]
    command += ["--servers", str(SERVERS)]
    with subprocess.Popen(  # noqa: S603 - our own
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                raise report.BenchmarkFailed("the emulated cloud did not start")
            yield process, url
        finally:
            process.terminate()


def _resident_mib(pid: int) -> float:
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024


def _processor_s(pid: int) -> float:
    """The processor time that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _log_in(url: str) -> tuple[dict[str, str], str]:
    """The headers with which the administrator asks, and the id of his project."""
    named = {"name": "admin", "domain": {"name": "Default"}}
    password = {"user": {**named, "password": "secret"}}
    identity = {"methods": ["password"], "password": password}
    wanted = {"auth": {"identity": identity, "scope": {"project": named}}}
    parts = parse.urlsplit(url)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port)
    with contextlib.closing(link):
        link.request("POST", "/identity/v3/auth/tokens", json.dumps(wanted))
        reply = link.getresponse()
        token = json.loads(reply.read())["token"]
    versions = "compute 2.96, volume 3.70"
    headers = {"X-Auth-Token": reply.headers["X-Subject-Token"], "OpenStack-API-Version": versions}
    return headers, token["project"]["id"]


@contextlib.contextmanager
def _peer(recorded: dict[str, bytes]) -> Iterator[str]:
    """A plain server in a process of its own that has these pages, with its address."""
    spawned = multiprocessing.get_context("spawn")
    here, there = spawned.Pipe()
    process = spawned.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        here.send(recorded)
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _serve(pipe: connection.Connection) -> None:
    """Serve the pages that the pipe gives, and tell it where."""
    handler = functools.partial(_Recorded, pipe.recv())
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        pipe.send(f"http://127.0.0.1:{server.server_port}")
        server.serve_forever()


class _Recorded(http.server.BaseHTTPRequestHandler):
    """Sends recorded pages as they are."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, pages: dict[str, bytes], *args: object) -> None:
        self._pages = pages
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Send the page."""
        page = self._pages[self.path]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
