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
"""One sandbox: its folders, its services, which extras it has, and the lock that guards it."""

import collections.abc
import contextlib
import dataclasses
import fcntl
import pathlib
import shlex
import sys

from controlplane import amqp
from controlplane import commands
from controlplane import errors
from controlplane import layout
from controlplane import processes
from controlplane import services
from controlplane import waiting


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """Everything that the verbs work with."""

    folders: layout.Layout
    known: dict[str, services.Service]
    values: dict[str, str]
    table: processes.Table

    def extras(self) -> set[str]:
        """The extras that were ever brought up in this home; they stay until it is wiped."""
        path = self._extras_path
        return set(path.read_text().split()) if path.exists() else set()

    def add_extras(self, names: collections.abc.Iterable[str]) -> None:
        """The extras belong to this sandbox from now on; an unknown one is an error."""
        wanted = self.extras() | set(names)
        services.select(self.known, wanted)
        self._extras_path.write_text("\n".join(sorted(wanted)))

    def enabled(self) -> list[services.Service]:
        """The services of this sandbox: the core and its extras."""
        known_extras = self.extras() & set(self.known)
        return services.select(self.known, known_extras)

    def expected(self) -> list[services.Process]:
        """The processes of all enabled services."""
        return [process for service in self.enabled() for process in service.processes]

    def command(self, process: services.Process) -> list[str]:
        """What is executed for the process."""
        if process.wsgi:
            return ["uwsgi", "--ini", str(self.uwsgi_ini(process))]
        return shlex.split(process.command)

    def uwsgi_ini(self, process: services.Process) -> pathlib.Path:
        """The file that tells uwsgi what to serve where."""
        return self.folders.etc / "uwsgi" / f"{process.name}.ini"

    def is_ready(self, process: services.Process, timeout_s: float = 10) -> bool:
        """Whether the process, as far as can be seen from outside, does its work."""
        ready = process.ready
        if ready.http:
            return waiting.http_answers(ready.http, timeout_s)
        if ready.amqp:
            return amqp.answers(ready.amqp)
        if ready.queue:
            return amqp.is_consumed(layout.MESSAGE_PORT, ready.queue)
        if ready.command:
            return commands.succeeds(self.folders, ready.command)
        if ready.port:
            return waiting.port_answers(ready.port)
        return self.table.is_running(process.name)

    @contextlib.contextmanager
    def locked(self) -> collections.abc.Iterator[None]:
        """Nobody else brings this sandbox up or down meanwhile."""
        self.folders.create()
        with (self.folders.run / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("waiting for another sandbox command to end", file=sys.stderr)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def require_up(self) -> None:
        """Keystone answers; else an error that says how to bring the sandbox up."""
        keystone = self.known["keystone"].endpoint
        if keystone is None or not waiting.http_answers(f"{keystone.url}/v3"):
            raise errors.NotRunningError(
                f"the sandbox in {self.folders.home} is not up: run {layout.TOOLS}/sandbox up"
            )

    @property
    def _extras_path(self) -> pathlib.Path:
        return self.folders.state / "extras"


def open_sandbox(environment: collections.abc.Mapping[str, str]) -> Sandbox:
    """The sandbox that the environment names; nothing is written yet."""
    folders = layout.find_layout(environment)
    known, values = services.load(folders)
    return Sandbox(folders, known, values, processes.Table(folders))
