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

"""Redis and etcd, each a private server on loopback, and what tests need of the machine."""

from collections.abc import Iterator
import contextlib
import os
import pathlib
import shutil
import subprocess
import time
from typing import NamedTuple

import pytest
from tooz import coordination

from tests.sandbox import broker


class Server(NamedTuple):
    """How a server is found, started and named in a URL; {folder} is where it keeps its files."""

    program: str
    package: str
    arguments: tuple[str, ...]
    url: str


SERVERS = {
    "redis": Server(
        program="redis-server",
        package="redis-server",
        # Nothing is kept on disk: started again, it has forgotten all locks.
        arguments=("--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--dir", "{folder}"),
        url="redis://127.0.0.1:{port}",
    ),
    "etcd": Server(
        program="etcd",
        package="etcd-server",
        arguments=(
            *("--data-dir", "{folder}/etcd", "--logger", "zap", "--log-level", "error"),
            *("--listen-client-urls", "http://127.0.0.1:{port}"),
            *("--advertise-client-urls", "http://127.0.0.1:{port}"),
            *("--listen-peer-urls", "http://127.0.0.1:{peer}"),
            *("--initial-advertise-peer-urls", "http://127.0.0.1:{peer}"),
            *("--initial-cluster", "default=http://127.0.0.1:{peer}"),
        ),
        url="etcd3+http://127.0.0.1:{port}",
    ),
}


def need(program: str, package: str) -> str:
    """Return the path of a program; where it is missing the test is skipped, by .ci/run fails."""
    found = shutil.which(program)
    if found is None:
        lack = f"{program} is not installed: apt install {package}"
        is_fatal = os.environ.get("CLEANUPD_TESTS_SKIP") == "no"
        (pytest.fail if is_fatal else pytest.skip)(lack)
    return found


class Coordinator:
    """A server by which daemons agree who leads."""

    def __init__(self, name: str, folder: pathlib.Path) -> None:
        """Describe one of SERVERS; nothing runs yet."""
        self._server = SERVERS[name]
        port, peer = broker.free_ports(2)
        self._places = {"port": port, "peer": peer, "folder": folder}
        self.url = self._server.url.format(port=port)

    def start(self) -> None:
        """Start it; return when it answers."""
        program = shutil.which(self._server.program) or self._server.program
        words = [word.format(**self._places) for word in self._server.arguments]
        self._process = subprocess.Popen(
            [program, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            # tooz translates what the libraries of its drivers raise, but not at the start.
            with contextlib.suppress(Exception):
                self._try()
                return
            time.sleep(0.05)
        self.stop()
        raise TimeoutError(self._server.program)

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait(20)

    def _try(self) -> None:
        client = coordination.get_coordinator(self.url, b"test", timeout="1")
        client.start()
        client.stop()


@contextlib.contextmanager
def running(name: str, folder: pathlib.Path) -> Iterator[Coordinator]:
    """Give a server as long as the block runs."""
    made = Coordinator(name, folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()
