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

"""What is kept of sweeps: the values, which anybody may import cheaply."""

import datetime
import enum

import msgspec

from cleanupd.core import certificate as certificates
from cleanupd.core import resources

#: The event before a call that removes something; each other one tells what came of it.
INTENT = "remove"


class State(enum.StrEnum):
    """How far a sweep is."""

    REQUESTED = "requested"
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing goes on; a plan stays as it is until somebody executes it."""
        return self not in (State.REQUESTED, State.RUNNING)


class Outcome(enum.StrEnum):
    """What became of one step."""

    REMOVED = "removed"
    GONE = "gone"
    CHANGED = "changed"
    FAILED = "failed"
    WAITING = "not tried"
    #: The process ended between the call and the answer.
    UNKNOWN = "unknown"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one step.

    ``reason`` is None where it is removed, unless that took a rung of the ladder.
    """

    ref: resources.Ref
    name: str | None
    outcome: Outcome
    reason: str | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the resource is not there any more."""
        return self.outcome in (Outcome.REMOVED, Outcome.GONE)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the journal: an intent before a call, an outcome after it."""

    at: str
    what: str
    ref: resources.Ref
    reason: str | None = None


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep.  Times are ISO 8601 in UTC; ``note`` says why nothing was removed.

    ``schedule`` is the name of the schedule that asked for it, None where somebody did.
    """

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
    schedule: str | None = None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """That a schedule had a plan made for some workloads, because they were over.

    ``only`` are the parts that they give to names, ``kept`` those of them of
    which the plan kept anything.
    """

    schedule: str
    at: datetime.datetime
    only: frozenset[str]
    kept: frozenset[str] = frozenset()
