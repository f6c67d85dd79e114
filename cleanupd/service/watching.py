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

"""Looks at the workloads again and again, and counts the time in which nothing escaped."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import datetime
import threading
import time
from typing import Protocol

from oslo_log import log

from cleanupd import exceptions
from cleanupd.core import liveness
from cleanupd.core import model
from cleanupd.engine import clock
from cleanupd.engine import sweep as sweeps

LOG = log.getLogger(__name__)

#: Seconds by which the wall clock may leave the monotonic one before that is a jump.
MOST_SHIFT_S = 10.0
#: Seconds for which, after a jump, no age is believed.
CALM_S = 600.0
#: Seconds by which the clock of the cloud may differ from that of this host.
MOST_APART_S = 60.0
#: Seconds between two looks at the model.
INTERVAL_S = 300


class ClockWatch:
    """Compares the wall clock with the monotonic one, which nobody sets.

    All ages come of the wall clock: where it jumps, because somebody sets it
    or the machine was suspended, things seem older than they are.
    """

    def __init__(
        self,
        wall: Callable[[], datetime.datetime] = clock.now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._difference = self._compare()
        self._jump: tuple[float, float] | None = None

    def why_doubted(self) -> str | None:
        """Say why no age is to be believed now, None where all is well."""
        difference, now = self._compare(), self._monotonic()
        if abs(difference - self._difference) > MOST_SHIFT_S:
            self._jump = (difference - self._difference, now)
            self._difference = difference
            LOG.warning("The clock of this host jumped by %(by).0f s", {"by": self._jump[0]})
        if self._jump is None or now - self._jump[1] >= CALM_S:
            return None
        by_s, at = self._jump
        return (
            f"the clock of this host jumped by {by_s:.0f} s: no age is believed for another"
            f" {CALM_S - (now - at):.0f} s"
        )

    def _compare(self) -> float:
        return self._wall().timestamp() - self._monotonic()


def why_apart(shift_s: float) -> str | None:
    """Say why no age is to be believed where the cloud's clock is ahead by so much."""
    if abs(shift_s) <= MOST_APART_S:
        return None
    return f"the clocks of the cloud and of this host differ by {shift_s:.0f} s: set them right"


class Ear(Protocol):
    """What hears the bus."""

    @property
    def why_deaf(self) -> str | None:
        """Why it hears nothing, None where it does."""

    @property
    def gaps(self) -> int:
        """How often it may have missed something."""


class Watcher:
    """Follows what workloads do, and writes it into the journal.

    All methods may be called from any thread.
    """

    def __init__(self, clocks: ClockWatch | None = None) -> None:
        self.clocks = clocks or ClockWatch()
        self._ear: Ear | None = None
        self._looking = threading.Lock()
        self._since: datetime.datetime | None = None
        self._missed = 0
        self._stirred: set[str] = set()
        self._sweeping: set[str] = set()
        self._swept: set[str] = set()

    def hear(self, ear: Ear) -> None:
        """Count no time in which that is deaf."""
        self._ear = ear

    def look(
        self, engine: sweeps.Engine, snapshot: model.Snapshot, stirred: Iterable[str] = ()
    ) -> str:
        """Take what a snapshot shows of the workloads, and say why its time counts or not."""
        with self._looking:
            self._stirred.update(stirred)
            why = self._why_unwatched(snapshot)
            if why is not None:
                self._since = None
            elif self._since is None:
                self._since = snapshot.taken_at
            try:
                self._save(engine, snapshot)
            except exceptions.JournalFailed as error:
                self._since = None
                LOG.warning("What was observed is not kept: %(why)s", {"why": error})
                return f"what was observed is not kept: {error}"
            return f"the time does not count: {why}" if why else "the time counts"

    @contextlib.contextmanager
    def sweeping(self, parts: Iterable[str]) -> Iterator[None]:
        """Take what changes in workloads meanwhile for the work of cleanupd."""
        chosen = set(parts)
        with self._looking:
            self._sweeping |= chosen
        try:
            yield
        finally:
            with self._looking:
                self._sweeping -= chosen
                self._swept |= chosen

    def _why_unwatched(self, snapshot: model.Snapshot) -> str | None:
        """Say why something may have escaped since the last look."""
        missed, deaf = self._missed, None
        if self._ear is not None:
            self._missed, deaf = self._ear.gaps, self._ear.why_deaf
        if deaf is not None:
            deaf = f"the bus is not heard: {deaf}"
        elif self._missed != missed:
            deaf = "messages of the bus may have been missed"
        return self.clocks.why_doubted() or deaf or next(iter(snapshot.doubts()), None)

    def _save(self, engine: sweeps.Engine, snapshot: model.Snapshot) -> None:
        place = (snapshot.cloud, snapshot.region)
        before = engine.journal.observations(*place)
        known = before.head.seen_until
        is_newer = known is None or snapshot.taken_at > known
        if not is_newer and not self._stirred:
            return
        swept = frozenset(self._sweeping | self._swept)
        now = liveness.after(
            before,
            liveness.Look(
                seen_until=snapshot.taken_at,
                traces=engine.trace(snapshot) if is_newer else {},
                watched_since=self._since,
                is_complete=not snapshot.doubts(),
                stirred=frozenset(self._stirred),
                swept=swept,
            ),
        )
        if now != before and not engine.journal.save_observations(*place, before, now):
            # Another daemon looked at the same time, and its look stands.
            return
        self._stirred.clear()
        if is_newer:
            self._swept.clear()
