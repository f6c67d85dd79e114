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

"""How much may be removed: by one sweep, of one kind, in one hour, of what there is.

A limit is a number, and 0 means 0.  What is over a hard limit waits for the
next sweep; what is over the share waits for somebody who approves the plan.
"""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime

import msgspec

from cleanupd.core import planning
from cleanupd.core import resources

#: For so long a removal counts as spent.
HOUR = datetime.timedelta(hours=1)

#: Of kinds of which fewer stay a share says nothing.
SMALL = 50


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The budgets: hard ones in resources, ``share`` in percent of what stays of a kind."""

    per_sweep: int = 20_000
    per_kind: int = 10_000
    per_hour: int = 40_000
    share: int = 50


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed within the last hour; ``since`` is when the first of it was."""

    kinds: dict[str, int] = {}
    since: datetime.datetime | None = None

    @property
    def total(self) -> int:
        """All that was removed."""
        return sum(self.kinds.values())


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a region of a cloud, and what of them is spent at a moment.

    ``of_sweep`` is what a sweep has removed of each kind before it was interrupted.
    """

    cloud: str
    region: str
    limits: Limits
    spent: Spent
    as_of: datetime.datetime
    of_sweep: dict[str, int] = {}

    @property
    def left(self) -> int:
        """How many resources may still be removed in this hour."""
        return max(0, self.limits.per_hour - self.spent.total)

    @property
    def room_at(self) -> datetime.datetime:
        """When there is more room than now."""
        return (self.spent.since or self.as_of) + HOUR


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What of a plan is executed now, and why the rest of it is left."""

    steps: tuple[planning.Step, ...]
    left: dict[resources.Ref, str] = {}


def find_excess(plan: planning.Plan, share: int) -> tuple[str, ...]:
    """Return a sentence for each kind of which a plan removes more than the share."""
    going = collections.Counter(step.ref.kind for step in plan.steps)
    return tuple(
        sentence
        for kind, count in sorted(going.items())
        if (sentence := _describe_excess(kind, count, plan.staying.get(kind), share))
    )


def _describe_excess(kind: str, going: int, staying: int | None, share: int) -> str | None:
    if staying is None:
        return f"{going} {kind} would go and it is not known how many stay"
    is_small = staying < SMALL and share > 0
    if is_small or going * 100 <= share * staying:
        return None
    return f"{going} {kind} would go and {staying} stay, and [budget] share is {share} %"


def take(plan: planning.Plan, balance: Balance) -> Part:
    """Return what of a plan may be removed now.

    Nothing is taken before what has to go before it, nor without what would
    go with it.  What hangs together is taken whole if it fits; only what is
    too much for any sweep is taken in parts.
    """
    return _Taking(plan, balance).run()


class _Taking:
    """Fills what room there is with steps."""

    def __init__(self, plan: planning.Plan, balance: Balance) -> None:
        steps = plan.steps
        self._steps = {step.ref: step for step in steps}
        self._limits = balance.limits
        self._most, self._option = self._limits.per_sweep, "[budget] per_sweep"
        if plan.most is not None and plan.most < self._most:
            self._most, self._option = plan.most, "per_sweep of the schedule"
        self._balance = balance
        self._taken: set[resources.Ref] = set()
        self._kinds: collections.Counter[str] = collections.Counter(balance.of_sweep)
        self._left: dict[resources.Ref, str] = {}
        #: What would be removed with a step, though not by a call of its own.
        self._followers: dict[resources.Ref, list[resources.Ref]] = {}
        for step in steps:
            for owner, follower in _going_along(step):
                self._followers.setdefault(owner, []).append(follower)

    def run(self) -> Part:
        too_large = []
        for component in _components(self._steps):
            counts = collections.Counter(ref.kind for ref in component)
            if not (why := self._why_no_room(counts)):
                self._take(component)
            elif self._fits_some_day(counts):
                self._left |= dict.fromkeys(component, why)
            else:
                too_large.append(component)
        for component in too_large:
            self._take_some(component)
        steps = tuple(step for ref, step in self._steps.items() if ref in self._taken)
        return Part(steps=steps, left={r: self._left[r] for r in self._steps if r in self._left})

    def _take(self, refs: Iterable[resources.Ref]) -> None:
        found = set(refs)
        self._taken |= found
        self._kinds.update(ref.kind for ref in found)

    def _take_some(self, component: Iterable[resources.Ref]) -> None:
        for ref in component:
            if ref in self._taken:
                continue
            group = self._closure(ref)
            counts = collections.Counter(one.kind for one in group)
            why = self._why_left(group) or self._why_no_room(counts)
            if why is None:
                self._take(group)
            elif len(group) == 1 or self._fits_some_day(counts):
                self._left[ref] = why
            else:
                limit = why.partition(": ")[0]
                self._left[ref] = f"{len(group)} resources can only go together, and {limit}"

    def _closure(self, ref: resources.Ref) -> set[resources.Ref]:
        """Return what has to go with a step; what is taken, or left already, leads no further."""
        found: set[resources.Ref] = set()
        waiting = [ref]
        while waiting:
            one = waiting.pop()
            if one in found or one in self._taken or one not in self._steps:
                continue
            found.add(one)
            if one in self._left:
                break
            waiting += self._steps[one].after
            waiting += self._followers.get(one, ())
        return found

    def _why_left(self, group: set[resources.Ref]) -> str | None:
        return next((self._left[ref] for ref in group if ref in self._left), None)

    def _fits_some_day(self, counts: Mapping[str, int]) -> bool:
        total = sum(counts.values())
        return total <= min(self._most, self._limits.per_hour) and all(
            count <= self._limits.per_kind for count in counts.values()
        )

    def _why_no_room(self, counts: Mapping[str, int]) -> str | None:
        """Say which budget has no room for so many of each kind."""
        limits, total = self._limits, len(self._taken) + sum(counts.values())
        if total + sum(self._balance.of_sweep.values()) > self._most:
            return f"{self._option} is {self._most}: {_next(self._most)}"
        for kind, count in sorted(counts.items()):
            if self._kinds[kind] + count > limits.per_kind:
                return (
                    f"[budget] per_kind is {limits.per_kind}, also for {kind}:"
                    f" {_next(limits.per_kind)}"
                )
        if total > self._balance.left:
            return self._why_not_in_this_hour()
        return None

    def _why_not_in_this_hour(self) -> str:
        limit, spent = self._limits.per_hour, self._balance.spent
        if not limit:
            return f"[budget] per_hour is 0: {_next(limit)}"
        since = f" and {spent.total} are spent since {_moment(spent.since)}" if spent.since else ""
        room_at = _moment(self._balance.room_at)
        return f"[budget] per_hour is {limit}{since}: there is room again at {room_at}"


def _next(limit: int) -> str:
    return "the next sweep goes on with it" if limit else "nothing is removed"


def _moment(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _going_along(step: planning.Step) -> Iterator[tuple[resources.Ref, resources.Ref]]:
    """Yield what takes which resource along when it is removed."""
    for edge in step.observed.edges:
        if edge.goes_along:
            yield edge.target, step.ref
    for target in step.observed.cascades:
        yield step.ref, target


def _components(steps: Mapping[resources.Ref, planning.Step]) -> list[list[resources.Ref]]:
    """Return the steps that hang together, each group and all of them in the plan's order."""
    leader = {ref: ref for ref in steps}

    def find(ref: resources.Ref) -> resources.Ref:
        while leader[ref] != ref:
            leader[ref] = leader[leader[ref]]
            ref = leader[ref]
        return ref

    for ref, step in steps.items():
        tied = {*step.after, *(one for pair in _going_along(step) for one in pair)}
        for other in tied & leader.keys():
            leader[find(other)] = find(ref)
    found: dict[resources.Ref, list[resources.Ref]] = {}
    for ref in steps:
        found.setdefault(find(ref), []).append(ref)
    return list(found.values())
