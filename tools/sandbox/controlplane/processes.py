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
"""Processes that outlive the tool: started, recognized, stopped.

A process is recognized by its pid, by the moment it started and by the machine's boot, all kept in
``run/NAME.json``. A pid alone is not trusted: after a crash it may long be somebody else's.
Signals go through a pidfd, so that they cannot reach a process that took the pid in between.
"""

import collections.abc
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import time

from controlplane import layout

PROC = pathlib.Path("/proc")
GRACE_S = 15.0
KILL_S = 10.0


@dataclasses.dataclass(frozen=True)
class Record:
    """What was written down when a process was started."""

    name: str
    pid: int
    started: int  # clock ticks after boot, as in /proc/PID/stat
    boot: str
    fingerprint: str  # of the command and its configuration


@dataclasses.dataclass(frozen=True)
class Stat:
    """The fields of /proc/PID/stat that tell one process from another."""

    pid: int
    state: str
    session: int
    started: int


def read_stat(pid: int) -> Stat | None:
    """The process's fields, None where there is no such process or it is dead already."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    stat = Stat(pid, fields[0], int(fields[3]), int(fields[19]))
    return None if stat.state in "ZX" else stat


def boot_id() -> str:
    """A text that differs after each boot of the machine."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


@dataclasses.dataclass(frozen=True)
class Table:
    """The processes of one sandbox, by name."""

    folders: layout.Layout

    def names(self) -> list[str]:
        """All processes that were started and not stopped, whether they live or not."""
        return sorted(path.stem for path in self.folders.run.glob("*.json"))

    def read(self, name: str) -> Record | None:
        """What was written down, None where nothing (readable) was."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Record(**json.loads(self._path(name).read_text()))
        return None

    def is_running(self, name: str) -> bool:
        """Whether the very process that was started is alive."""
        record = self.read(name)
        return record is not None and _is_alive(record)

    def start(
        self,
        name: str,
        command: collections.abc.Sequence[str],
        environment: collections.abc.Mapping[str, str],
        fingerprint: str,
    ) -> subprocess.Popen[bytes]:
        """The process runs in a session of its own and is written down; its log is a new file."""
        log = self.log(name)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folders.run,
                env=environment,
                start_new_session=True,
            )
        stat = read_stat(process.pid)
        started = stat.started if stat else 0
        record = Record(name, process.pid, started, boot_id(), fingerprint)
        self._path(name).write_text(json.dumps(dataclasses.asdict(record)))
        return process

    def log(self, name: str) -> pathlib.Path:
        """Where the process writes."""
        return self.folders.log / f"{name}.log"

    def stop(self, name: str, *, grace_s: float = GRACE_S) -> None:
        """The process and all of its session are gone, with SIGKILL after the grace."""
        record = self.read(name)
        if record is not None:
            if _is_alive(record):
                send(record.pid, record.started, signal.SIGTERM)
            if not self._wait_until_gone(record, grace_s):
                self.kill(record)
                self._wait_until_gone(record, KILL_S)
        self._path(name).unlink(missing_ok=True)

    def kill(self, record: Record) -> None:
        """SIGKILL was sent to every process of the record's session."""
        for stat in self.members(record):
            send(stat.pid, stat.started, signal.SIGKILL)

    def members(self, record: Record) -> list[Stat]:
        """The process and what it started, if the record is of this boot.

        When the leader is gone, others may have outlived it in its session. The kernel gives a
        session's number to nobody else while it is in use; still, only processes count that work
        in the sandbox's home or have it in their environment.
        """
        if record.boot != boot_id():
            return []
        stats = (read_stat(int(path.name)) for path in PROC.glob("[0-9]*"))
        session = [stat for stat in stats if stat is not None and stat.session == record.pid]
        session = [stat for stat in session if stat.started >= record.started]
        if _is_alive(record):
            return session
        return [stat for stat in session if self._is_ours(stat.pid)]

    def _is_ours(self, pid: int) -> bool:
        marker = f"SANDBOX_HOME={self.folders.home}".encode()
        try:
            working_folder = (PROC / str(pid) / "cwd").readlink()
            environment = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return working_folder.is_relative_to(self.folders.home) or marker in environment

    def _wait_until_gone(self, record: Record, timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while self.members(record):
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def _path(self, name: str) -> pathlib.Path:
        return self.folders.run / f"{name}.json"


def send(pid: int, started: int, number: signal.Signals) -> None:
    """The signal was sent, if the process that started at that moment still exists."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            stat = read_stat(pid)
            if stat is not None and stat.started == started:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def _is_alive(record: Record) -> bool:
    stat = read_stat(record.pid)
    return stat is not None and stat.started == record.started and record.boot == boot_id()


def find_listener(port: int) -> str | None:
    """Who listens on the loopback port, as "pid N (command)"; None where nobody is found."""
    inodes = _listening_inodes(port)
    for link in PROC.glob("[0-9]*/fd/*"):
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.removeprefix("socket:[").removesuffix("]") in inodes:
            pid = link.parent.parent.name
            command = (PROC / pid / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            return f"pid {pid} ({command.strip()[:80]})"
    return None


def _listening_inodes(port: int) -> set[str]:
    listening = "0A"
    rows = [line.split() for line in (PROC / "net/tcp").read_text().splitlines()[1:]]
    return {
        row[9] for row in rows if row[3] == listening and int(row[1].split(":")[1], 16) == port
    }
