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

"""Protections of one region: made for who asks, and asked right before each removal."""

import collections
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime
import time
from typing import TYPE_CHECKING
import uuid

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import liveness
from cleanupd.core import planning
from cleanupd.core import protections
from cleanupd.core import resources

if TYPE_CHECKING:
    from cleanupd.journal import sql


def make(
    wanted: protections.Wanted, place: tuple[str, str], now: datetime.datetime, by: str
) -> protections.Protection:
    """Return the protection that somebody wants, without its parts of names; raises Refused."""
    if not wanted.reason.strip():
        raise exceptions.Refused("a protection needs a reason, for those who find it later")
    if wanted.expires_at is not None and wanted.expires_at.tzinfo is None:
        raise exceptions.Refused("the time at which it expires needs a time zone")
    if wanted.expires_at is not None and wanted.expires_at <= now:
        raise exceptions.Refused("it would have expired already: give a time to come")
    unknown = [task for task in wanted.tasks if not wanted.expanded.get(task)]
    if unknown:
        raise exceptions.Refused(
            f"the workloads of task {', '.join(unknown)} are not known, and their uuids are in"
            " most names: name the workloads"
        )
    named = (
        wanted.tasks,
        wanted.workloads,
        wanted.projects,
        wanted.ids,
        wanted.tags,
        wanted.names,
    )
    if not any(named) or not all(all(one) for one in named):
        raise exceptions.Refused(
            "nothing is protected unless it is named: a task, workload, project, id, tag or name"
        )
    return protections.Protection(
        id=f"p-{uuid.uuid4().hex[:8]}",
        cloud=place[0],
        region=place[1],
        reason=wanted.reason,
        by=by,
        made_at=now,
        expires_at=wanted.expires_at,
        tasks=wanted.tasks,
        workloads=wanted.workloads,
        projects=wanted.projects,
        ids=wanted.ids,
        tags=wanted.tags,
        names=wanted.names,
    )


#: So long protections count as just read: each removal by a reading of its own would be dear.
RECENT_S = 0.2


class Watch:
    """Says of each step of a plan, right before it is taken, what keeps it by now.

    What this process protects counts at once, what others do in RECENT_S.
    """

    def __init__(
        self,
        journal: "sql.Journal",
        plan: planning.Plan,
        known: Mapping[str, kinds.Kind],
        clock: Callable[[], datetime.datetime],
    ) -> None:
        self._journal = journal
        self._plan = plan
        self._known = known
        self._clock = clock
        #: What was read, how often it had been changed before, and until when it is believed.
        self._read: tuple[tuple[protections.Protection, ...], int, float] = ((), -1, 0.0)
        self._steps = {step.ref: step for step in plan.steps}
        #: What the service removes with an owner.
        self._along: dict[resources.Ref, list[planning.Step]] = collections.defaultdict(list)
        for step in plan.steps:
            for edge in step.observed.edges:
                if edge.goes_along:
                    self._along[edge.target].append(step)

    def why_kept(self, step: planning.Step, now: resources.Resource) -> str | None:
        """Say what keeps a resource as it is now, or what goes with it; raises JournalFailed."""
        if not self._plan.selection.is_named(step.part):
            leases = [tag for tag in now.tags if tag.startswith(liveness.LEASE_TAG)]
            unobserved = liveness.Observations()
            if reason := liveness.why_leased(step.part, leases, unobserved, self._clock()):
                return f"since the plan: {reason}"
        found = self._protections()
        marks = protections.HOLD_TAG in now.tags
        if not found and not marks:
            return None
        shield = protections.Shield(found, self._known, self._clock(), since=self._plan.made_at)
        if reason := shield.why_kept(now, step.part):
            return f"since the plan: {reason}"
        for other in self._taken(now):
            if reason := shield.why_kept(other.observed, other.part):
                return f"since the plan: its removal would remove {other.ref}: {reason}"
        return None

    def _protections(self) -> tuple[protections.Protection, ...]:
        found, changes, until = self._read
        if changes != self._journal.protected or time.monotonic() >= until:
            changes = self._journal.protected
            until = time.monotonic() + RECENT_S
            found = self._journal.protections(self._plan.cloud, self._plan.region)
            self._read = (found, changes, until)
        return found

    def _taken(self, now: resources.Resource) -> Iterator[planning.Step]:
        yield from (self._steps[ref] for ref in now.cascades if ref in self._steps)
        yield from self._along[now.ref]
