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

"""Sweeps on disk: a folder each, written before and after each removal.

``plan.json`` is the plan as it was made; ``events.jsonl`` a line before and a
line after each call that removes something; ``sweep.json`` the state of the
whole, replaced atomically.  Beside the sweeps it is kept since when resources
without dates are known.  One process writes a sweep; any may read it.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import datetime
import enum
import os
import pathlib
import re
import tempfile
import threading
from typing import TypeVar
from urllib import parse

import msgspec

from cleanupd import exceptions
from cleanupd.core import certificate as certificates
from cleanupd.core import planning
from cleanupd.core import resources

T = TypeVar("T")

_SIGHTINGS = list[tuple[resources.Ref, datetime.datetime]]
_SWEEP_ID = re.compile(r"[0-9A-Za-z-]+")


class State(enum.StrEnum):
    """How far a sweep is."""

    REQUESTED = "requested"
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Outcome(enum.StrEnum):
    """What became of one step."""

    REMOVED = "removed"
    GONE = "gone"
    CHANGED = "changed"
    FAILED = "failed"
    WAITING = "not tried"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one step; ``reason`` is None where it is removed."""

    ref: resources.Ref
    name: str | None
    outcome: Outcome
    reason: str | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the resource is not there any more."""
        return self.outcome in (Outcome.REMOVED, Outcome.GONE)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the journal: an intent before a call, an outcome after it."""

    at: str
    what: str
    ref: resources.Ref
    reason: str | None = None


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep.  Times are ISO 8601 in UTC; ``note`` says why nothing was removed."""

    id: str
    cloud: str
    region: str
    state: State
    started_at: str
    ended_at: str | None = None
    planned: int = 0
    results: tuple[Result, ...] = ()
    certificate: certificates.Certificate | None = None
    note: str | None = None


def decode_event(line: str | bytes) -> Event:
    """Return the event that one line of ``events.jsonl`` holds."""
    return msgspec.json.decode(line, type=Event)


class Store:
    """The sweeps below one directory, which is made when the first is written."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()

    def save_plan(self, plan: planning.Plan) -> None:
        """Write the plan of a sweep, once."""
        self._write(plan.id, "plan.json", msgspec.json.encode(plan))

    def plan(self, sweep_id: str) -> planning.Plan:
        """Return a stored plan; raises UnknownSweep."""
        return self._read(sweep_id, "plan.json", planning.Plan)

    def save(self, sweep: Sweep) -> None:
        """Replace the state of a sweep."""
        self._write(sweep.id, "sweep.json", msgspec.json.encode(sweep))

    def sweep(self, sweep_id: str) -> Sweep:
        """Return the state of a sweep; raises UnknownSweep."""
        return self._read(sweep_id, "sweep.json", Sweep)

    def sweeps(self) -> tuple[Sweep, ...]:
        """Return all sweeps, the latest last."""
        found = [self.sweep(path.parent.name) for path in self._directory.glob("*/sweep.json")]
        return tuple(sorted(found, key=lambda sweep: (sweep.started_at, sweep.id)))

    @contextlib.contextmanager
    def events(self, sweep_id: str) -> Iterator["EventLog"]:
        """Give the journal of a sweep to be written to."""
        folder = self._folder(sweep_id)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "events.jsonl").open("ab", buffering=0) as file:
            yield EventLog(file.fileno(), self._lock)

    def sightings(self, cloud: str, region: str) -> dict[resources.Ref, datetime.datetime]:
        """Return when each resource of a region that carries no date was first seen."""
        path = self._sightings_file(cloud, region)
        try:
            return dict(msgspec.json.decode(path.read_bytes(), type=_SIGHTINGS))
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise exceptions.JournalFailed(str(self._directory), str(error)) from error

    def save_sightings(
        self, cloud: str, region: str, sightings: Mapping[resources.Ref, datetime.datetime]
    ) -> None:
        """Replace what is known of first sightings in a region."""
        path = self._sightings_file(cloud, region)
        self._replace(path, msgspec.json.encode(list(sightings.items())))

    def _sightings_file(self, cloud: str, region: str) -> pathlib.Path:
        name = parse.quote(f"{cloud}:{region}", safe="")
        return self._directory / "sightings" / f"{name}.json"

    def _folder(self, sweep_id: str) -> pathlib.Path:
        # An id names a folder: what is no id must not lead anywhere else.
        if not _SWEEP_ID.fullmatch(sweep_id):
            raise exceptions.UnknownSweep(sweep_id, str(self._directory))
        return self._directory / sweep_id

    def _read(self, sweep_id: str, name: str, type_: type[T]) -> T:
        try:
            return msgspec.json.decode((self._folder(sweep_id) / name).read_bytes(), type=type_)
        except FileNotFoundError as error:
            raise exceptions.UnknownSweep(sweep_id, str(self._directory)) from error
        except (OSError, msgspec.DecodeError) as error:
            raise exceptions.JournalFailed(str(self._directory), str(error)) from error

    def _write(self, sweep_id: str, name: str, content: bytes) -> None:
        self._replace(self._folder(sweep_id) / name, content)

    def _replace(self, path: pathlib.Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            pathlib.Path(file.name).replace(path)
        except OSError as error:
            raise exceptions.JournalFailed(str(self._directory), str(error)) from error


class EventLog:
    """Appends whole lines, from any thread; a line is on disk when the call returns."""

    def __init__(self, descriptor: int, lock: threading.Lock) -> None:
        self._descriptor = descriptor
        self._lock = lock

    def append(self, event: Event) -> None:
        """Write one line and wait until the disk has it."""
        with self._lock:
            os.write(self._descriptor, msgspec.json.encode(event) + b"\n")
            os.fsync(self._descriptor)
