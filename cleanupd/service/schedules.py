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

"""Asks for the sweeps of schedules: at their times, and when a workload becomes over."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import datetime
import threading

import msgspec
from oslo_log import log

from cleanupd import exceptions
from cleanupd.conf import schedule as groups
from cleanupd.conf import settings
from cleanupd.core import endings
from cleanupd.core import workloads
from cleanupd.core.judgement import Verdict
from cleanupd.engine import clock as clocks
from cleanupd.engine import sweep as engines
from cleanupd.journal import store
from cleanupd.service import keeper as keepers
from cleanupd.service import rules as laws
from cleanupd.service import sweeper as sweepers

LOG = log.getLogger(__name__)

#: How often it is asked whether a workload is over; mostly the answer is that none can be yet.
LOOK_S = 2
#: How often Rally's database is asked, and how often if it could not be.
ASK = datetime.timedelta(seconds=30)
ASK_AGAIN = datetime.timedelta(seconds=300)
#: What went wrong is tried again so much later.
PAUSE = datetime.timedelta(seconds=60)


class Schedules:
    """The schedules of a sweeper's rules, none of which sweeps twice at a time.

    All methods may be called from any thread.  ``run_soon`` has a schedule
    run by :meth:`run` again, whose time came while a sweep of it was under way.
    """

    def __init__(
        self,
        keeper: keepers.Keeper,
        sweeper: sweepers.Sweeper,
        run_soon: Callable[[str], None],
        clock: Callable[[], datetime.datetime] = clocks.now,
    ) -> None:
        self._sweeper = sweeper
        self._run_soon = run_soon
        self._lock = threading.Lock()
        #: The schedules that wait for the sweep of their own time.
        self._running: set[str] = set()
        #: The last sweep of each schedule that a workload's end has caused.
        self._begun: dict[str, str] = {}
        #: The schedules whose time came meanwhile.
        self._missed: set[str] = set()
        self._ends = _Ends(keeper, sweeper, clock)

    def run(self, name: str) -> str:
        """Sweep what a schedule says, wait until that is done, and say what came of it.

        As long as a sweep of it is under way nothing is done, nor said: that comes after it.
        """
        with self._lock:
            if self._under_way(name):
                self._missed.add(name)
                return ""
            self._running.add(name)
        try:
            schedule = self._sweeper.rules.schedules.get(name, settings.SweepSchedule())
            return self._sweeper.run_scheduled(schedule.target, name)
        finally:
            with self._lock:
                self._running.discard(name)

    def look(self) -> str:
        """Begin sweeps of workloads that have become over; say so, or nothing."""
        if not self._sweeper.is_leading:
            return ""
        with self._lock:
            # What comes at its time has all workloads that are over by then.
            missed = {name for name in self._missed if not self._under_way(name)}
            self._missed -= missed
            begun = self._ends.look(
                {
                    name: schedule.target
                    for name, schedule in self._sweeper.rules.schedules.items()
                    if schedule.is_at_end
                    and schedule.target is not None
                    and name not in self._running | missed
                    and not self._under_way(name)
                }
            )
            self._begun |= {name: sweep.id for name, (sweep, _) in begun.items()}
        for name in sorted(missed):
            self._run_soon(name)
        return "; ".join(
            f"workload {', '.join(parts)} is over: sweep {sweep.id} of [{groups.place_of(name)}]"
            for name, (sweep, parts) in begun.items()
        )

    def _under_way(self, name: str) -> str | None:
        """Return the id of a sweep that a workload's end has caused and that is not over."""
        id_ = self._begun.get(name)
        try:
            if id_ is not None and not self._sweeper.sweep(id_).state.is_over:
                return id_
        except exceptions.UnknownSweep:  # it is forgotten
            pass
        self._begun.pop(name, None)
        return None


class _Ends:
    """Finds the workloads that have become over, once each time that they do.

    What was planned before a restart is read in the journal.
    """

    def __init__(
        self,
        keeper: keepers.Keeper,
        sweeper: sweepers.Sweeper,
        clock: Callable[[], datetime.datetime],
    ) -> None:
        self._keeper = keeper
        self._sweeper = sweeper
        self._clock = clock
        self._told = workloads.Told()
        self._ask_at: datetime.datetime | None = None
        #: What the last look was for, and until when nothing comes of another one.
        self._seen: object = None
        self._next_at: datetime.datetime | None = None
        #: Before that a schedule need not look at a workload again.
        self._not_before: dict[tuple[str, str], datetime.datetime] = {}
        #: Since when workloads are known of which nothing has a date.
        self._undated: dict[str, datetime.datetime] = {}

    def look(
        self, targets: Mapping[str, engines.Target]
    ) -> dict[str, tuple[store.Sweep, tuple[str, ...]]]:
        """Return the sweeps that were begun by schedule, each with its workloads."""
        if not targets or not self._keeper.is_filled:
            return {}
        now = self._clock()
        self._ask(now)
        listed = [trust.listed_at for trust in self._keeper.snapshot().trust.values()]
        seen = (targets, self._told, listed)
        if seen == self._seen and self._next_at is not None and now < self._next_at:
            return {}
        self._seen, self._next_at = seen, now + PAUSE
        activity = self._find_activity(now)
        begun: dict[str, tuple[store.Sweep, tuple[str, ...]]] = {}
        wakes = []
        for name, target in targets.items():
            scope = self._scope(target)
            over = endings.find_over(activity, scope)
            due = {part: at for part, at in over.items() if self._is_due(name, part, at, now)}
            parts = self._choose(name, target, scope, due, now) if due else ()
            if parts:
                only = msgspec.structs.replace(target, only=parts)
                begun[name] = (self._sweeper.begin_scheduled(only, name), parts)
            later = (max(at, self._not_before.get((name, p), at)) for p, at in over.items())
            wakes += [now + scope.idle, *(at for at in later if at > now)]
        self._next_at = min(wakes)
        return begun

    def _ask(self, now: datetime.datetime) -> None:
        """Ask Rally's database, where there is one and it is time to."""
        if self._ask_at is None or now >= self._ask_at:
            self._told = self._keeper.engine.ask_rally()
            self._ask_at = now + (ASK if self._told.doubt is None else ASK_AGAIN)

    def _find_activity(self, now: datetime.datetime) -> dict[str, datetime.datetime]:
        found = endings.find_activity(self._keeper.snapshot())
        self._undated = {
            part: self._undated.get(part, now) for part, last in found.items() if last is None
        }
        return self._undated | {part: last for part, last in found.items() if last is not None}

    def _scope(self, target: engines.Target) -> endings.Scope:
        idle_s = self._sweeper.rules.idle_s if target.idle_s is None else target.idle_s
        return endings.Scope(
            parts=frozenset(self._keeper.engine.select(target).parts),
            is_wide=target.idle_s is not None,
            idle=datetime.timedelta(seconds=idle_s),
            told=self._told,
        )

    def _is_due(
        self, name: str, part: str, over_at: datetime.datetime, now: datetime.datetime
    ) -> bool:
        return over_at <= now and self._not_before.get((name, part), now) <= now

    def _choose(
        self,
        name: str,
        target: engines.Target,
        scope: endings.Scope,
        due: Mapping[str, datetime.datetime],
        now: datetime.datetime,
    ) -> tuple[str, ...]:
        """Return those that are over by all that is known, and were not planned since then.

        What a plan kept, because it was too young to go, may be planned once
        more when it may go.
        """
        planned = self._planned(name, due)
        open_ = [part for part, plans in planned.items() if not plans or plans == [True]]
        verdicts, active = self._judge(target, open_) if open_ else ({}, {})
        chosen = []
        for part in due:
            found: set[Verdict] = verdicts.get(part, set())
            wanted = {Verdict.LEAK} if planned[part] else {Verdict.LEAK, Verdict.KEPT}
            self._not_before[name, part] = now + scope.idle
            if found & wanted:
                chosen.append(part)
            elif not found and (at := active.get(part)) is not None and at + scope.idle > now:
                self._not_before[name, part] = at + scope.idle
        return tuple(sorted(chosen))

    def _planned(self, name: str, due: Mapping[str, datetime.datetime]) -> dict[str, list[bool]]:
        """Return, of each plan of a workload since it is over, whether it kept anything."""
        cloud = self._keeper.engine.cloud
        found: dict[str, list[bool]] = {part: [] for part in due}
        for plan in self._keeper.engine.journal.planned(cloud.name, cloud.region):
            if plan.schedule == name:
                for part in plan.only & due.keys():
                    if plan.at >= due[part]:
                        found[part].append(part in plan.kept)
        return found

    def _judge(
        self, target: engines.Target, parts: Iterable[str]
    ) -> tuple[dict[str, set[Verdict]], dict[str, datetime.datetime | None]]:
        """Return what the model says of workloads now, and when they were last active."""
        engine = self._keeper.engine
        only = msgspec.structs.replace(target, only=tuple(parts))
        patience = laws.find_patience(self._sweeper.rules, target, is_scheduled=True)
        selection = msgspec.structs.replace(engine.select(only), patience=patience)
        known = self._keeper.known()
        # What the bus does not tell is as old as the listing; the plan makes its own.
        snapshot = msgspec.structs.replace(known.snapshot, taken_at=self._clock())
        judged = engine.judge(snapshot, selection, known.sightings)
        verdicts: dict[str, set[Verdict]] = {}
        for finding in judged.of(Verdict.LEAK, Verdict.KEPT):
            verdicts.setdefault(finding.part or "", set()).add(finding.verdict)
        return verdicts, {one.part: one.active_at for one in judged.workloads}
