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

"""MariaDB and PostgreSQL, each a private server on a socket in a folder of its own."""

from collections.abc import Iterator
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from typing import NamedTuple

#: Neither server runs as root.
USER = "nobody"
PLACES = (*os.environ["PATH"].split(os.pathsep), "/usr/sbin", "/usr/lib/postgresql/*/bin")


class Server(NamedTuple):
    """How a server is found, made, started and named in a URL; {folder} is where it is."""

    program: str
    packages: str
    make: tuple[str, ...]
    start: tuple[str, ...]
    url: str
    #: Asks it to end without waiting for its clients.
    end: signal.Signals
    #: The database that is always there, to make others from.
    first: str


SERVERS = {
    "mariadb": Server(
        program="mariadbd",
        packages="mariadb-server",
        make=(
            *("mariadb-install-db", "--no-defaults", "--datadir={folder}/data"),
            *("--auth-root-authentication-method=normal", "--skip-test-db"),
        ),
        start=(
            *("mariadbd", "--no-defaults", "--datadir={folder}/data", "--skip-networking"),
            *("--socket={folder}/socket", "--pid-file={folder}/pid"),
        ),
        url="mysql+pymysql://root@localhost/{database}?unix_socket={folder}/socket",
        end=signal.SIGTERM,
        first="mysql",
    ),
    "postgresql": Server(
        program="postgres",
        packages="postgresql",
        make=(
            *("initdb", "--pgdata={folder}/data", "--auth=trust"),
            *("--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"),
        ),
        start=(
            *("postgres", "-D", "{folder}/data", "-k", "{folder}"),
            *("-c", "listen_addresses="),
        ),
        url="postgresql+psycopg://postgres@/{database}?host={folder}",
        end=signal.SIGINT,
        first="postgres",
    ),
}


def find(program: str) -> str | None:
    """Return the path of a program, also where a distribution hides it."""
    folders = [folder for place in PLACES for folder in _folders(place)]
    return shutil.which(program, path=os.pathsep.join(folders))


def _folders(place: str) -> list[str]:
    if "*" not in place:
        return [place]
    return sorted(map(str, pathlib.Path("/").glob(place.lstrip("/"))), reverse=True)


class Running:
    """A server that runs."""

    def __init__(self, server: Server, folder: pathlib.Path) -> None:
        """Make it in a folder, and start it."""
        self._server = server
        self._folder = folder
        self._run(server.make)
        self.start()

    def url(self, database: str = "") -> str:
        """Return the URL of a database of it."""
        name = database or self._server.first
        return self._server.url.format(folder=self._folder, database=name)

    def start(self) -> None:
        """Start it; it need not be ready."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._words(self._server.start),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **_as_user(),
            )

    def stop(self) -> None:
        """End it at once, as if its machine had lost power."""
        self._process.kill()
        self._process.wait(30)
        # PostgreSQL's children see that and end, too.
        time.sleep(0.5)

    def end(self) -> None:
        """End it in peace."""
        self._process.send_signal(self._server.end)
        self._process.wait(30)

    def _run(self, words: tuple[str, ...]) -> None:
        subprocess.run(
            self._words(words), check=True, capture_output=True, cwd=self._folder, **_as_user()
        )

    def _words(self, words: tuple[str, ...]) -> list[str]:
        program, *rest = (word.format(folder=self._folder) for word in words)
        return [find(program) or program, *rest]


@contextlib.contextmanager
def running(name: str) -> Iterator[Running]:
    """Give a server as long as the block runs."""
    # Not pytest's folder: that is its user's alone.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cleanupd-"))
    if os.geteuid() == 0:
        found = pwd.getpwnam(USER)
        os.chown(folder, found.pw_uid, found.pw_gid)
    try:
        server = Running(SERVERS[name], folder)
        try:
            yield server
        finally:
            server.end()
    finally:
        shutil.rmtree(folder)


def _as_user() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam(USER)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
