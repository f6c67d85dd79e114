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

"""What will be removed, in which order: a plan is data.

A plan is stored, shown and executed exactly as it is.  What is attached goes
before what it is attached to; what the service made for an owner goes before
it or with it, as the edge says; what is not tied goes in parallel.
"""

import collections
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import graphlib

import msgspec

from cleanupd.core import graph as graphs
from cleanupd.core import judgement as judgements
from cleanupd.core import model
from cleanupd.core import resources
from cleanupd.core import workloads
from cleanupd.core.judgement import Verdict


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One removal.

    ``observed`` is the record that the decision was made on; ``after`` are
    the resources that have to be gone before this one is removed;
    ``through`` is the owner that is the only evidence, if there is one.
    """

    observed: resources.Resource
    part: str
    scope: str
    evidence: tuple[str, ...]
    after: tuple[resources.Ref, ...]
    through: resources.Ref | None = None

    @property
    def ref(self) -> resources.Ref:
        """The identity of what is removed."""
        return self.observed.ref


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark's resource that is not removed, and why."""

    ref: resources.Ref
    name: str | None
    part: str | None
    reason: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All removals of one sweep, in an order in which they can be done.

    ``kept`` are selected resources that have to stay; ``undecidable`` those
    whose evidence is not complete; ``active`` counts the resources of
    workloads that were not selected, by the reason; ``foreign`` counts all
    others.  ``doubts`` say which kinds could not be listed: what of them
    there is may be missing from the plan.  ``staying`` counts, of each kind
    that the steps are of, the resources that stay.  ``most`` is how many steps
    may be taken at once, None where the budgets alone say that.
    """

    id: str
    cloud: str
    region: str
    made_at: datetime.datetime
    selection: workloads.Selection
    steps: tuple[Step, ...]
    kept: tuple[Kept, ...]
    undecidable: tuple[Kept, ...]
    active: dict[str, int]
    foreign: int
    doubts: tuple[str, ...]
    staying: dict[str, int] = {}
    most: int | None = None


def make_plan(
    id_: str,
    snapshot: model.Snapshot,
    judgement: judgements.Judgement,
    selection: workloads.Selection,
) -> Plan:
    """Return the plan that removes the leaks of a judgement and nothing else."""
    leaks = {finding.resource.ref: finding for finding in judgement.of(Verdict.LEAK)}
    order = _Order(judgement.ties(snapshot, leaks), leaks)
    steps = tuple(
        Step(
            observed=leaks[ref].resource,
            part=leaks[ref].part or "",
            scope=leaks[ref].scope or "",
            evidence=leaks[ref].evidence,
            after=tuple(sorted(order.after[ref])),
            through=leaks[ref].through,
        )
        for ref in order.sequence()
    )
    looped = tuple(
        _kept(leaks[ref], "it is tied in a circle: the order of removal is unknown")
        for ref in sorted(order.looped)
    )
    active: dict[str, int] = {}
    for finding in judgement.of(Verdict.ACTIVE):
        reason = finding.reason or ""
        active[reason] = active.get(reason, 0) + 1
    return Plan(
        id=id_,
        cloud=snapshot.cloud,
        region=snapshot.region,
        made_at=snapshot.taken_at,
        selection=selection,
        steps=steps,
        kept=(*(_kept(f, f.reason or "") for f in judgement.of(Verdict.KEPT)), *looped),
        undecidable=tuple(_kept(f, f.reason or "") for f in judgement.of(Verdict.UNDECIDABLE)),
        active=active,
        foreign=judgement.foreign,
        doubts=snapshot.doubts(),
        staying=_count_staying(snapshot, steps),
    )


def _count_staying(snapshot: model.Snapshot, steps: Sequence[Step]) -> dict[str, int]:
    counts = snapshot.counts()
    going = collections.Counter(step.ref.kind for step in steps)
    return {kind: counts.get(kind, 0) - count for kind, count in sorted(going.items())}


def _kept(finding: judgements.Finding, reason: str) -> Kept:
    return Kept(
        ref=finding.resource.ref, name=finding.resource.name, part=finding.part, reason=reason
    )


class _Order:
    """Which leak goes after which."""

    def __init__(
        self, graph: graphs.Graph, leaks: Mapping[resources.Ref, judgements.Finding]
    ) -> None:
        self._leaks = leaks
        self._graph = graph
        self.after: dict[resources.Ref, set[resources.Ref]] = {ref: set() for ref in leaks}
        self.looped: set[resources.Ref] = set()
        for ref in leaks:
            for first, then in self._pairs(ref):
                if first in leaks and then in leaks and first != then:
                    self.after[then].add(first)

    def sequence(self) -> tuple[resources.Ref, ...]:
        """Return the leaks in order; what is tied in a circle, and all after it, is left out."""
        while True:
            sorter = graphlib.TopologicalSorter(
                {ref: sorted(self.after[ref]) for ref in sorted(self.after)}
            )
            try:
                return tuple(sorter.static_order())
            except graphlib.CycleError as error:
                self._drop(set(error.args[1]))

    def _drop(self, circle: set[resources.Ref]) -> None:
        while circle:
            self.looped |= circle
            for ref in circle:
                self.after.pop(ref, None)
            circle = {ref for ref, first in self.after.items() if first & self.looped}

    def _pairs(self, ref: resources.Ref) -> Iterator[tuple[resources.Ref, resources.Ref]]:
        """Yield what must go before what, as far as it follows from the ties of ``ref``."""
        takers = self._graph.takers[ref]
        for tie in self._graph.needs[ref]:
            # What is inside of something goes with it, and so after it.
            if tie.target not in takers and not self._goes_after_owner(ref, tie.target):
                yield ref, tie.target
                for part in self._first_parts(tie.target):
                    yield ref, part
            if tie.edge.is_serving and not tie.edge.is_loose:
                for user in self._graph.owners[tie.target]:
                    # A trunk is let go by the server that its parent port serves.
                    if not user.edge.is_first:
                        yield user.target, ref
        for tie in self._graph.owners[ref]:
            yield (ref, tie.target) if tie.edge.is_first else (tie.target, ref)
        for taker in takers:
            yield taker, ref
        for member in self._graph.members[ref]:
            yield member, ref
        yield from self._pairs_of_those_that_let_go(ref)

    def _goes_after_owner(self, ref: resources.Ref, target: resources.Ref) -> bool:
        """Whether ``target`` is gone before ``ref`` is, since ref goes with an owner of both.

        A DHCP port goes with its network, and so after the subnets of that
        network, to which it is attached.
        """
        owners = {t.target for t in self._graph.owners[ref] if not t.edge.is_first}
        return bool(owners & {target, *(tie.target for tie in self._graph.needs[target])})

    def _first_parts(self, owner: resources.Ref) -> Iterator[resources.Ref]:
        return (part.source for part in self._graph.parts[owner] if part.edge.is_first)

    def _pairs_of_those_that_let_go(
        self, ref: resources.Ref
    ) -> Iterator[tuple[resources.Ref, resources.Ref]]:
        """Yield what a loosely attached resource that stays has to let go of first.

        A floating IP lets go of the router that it is routed by when the
        port that it points to is removed, and not before.
        """
        for tie in self._graph.attached[ref]:
            if tie.source in self._leaks or not tie.edge.is_loose:
                continue
            parts = list(self._first_parts(ref))
            for other in self._graph.needs[tie.source]:
                if parts and not any(self._first_parts(other.target)):
                    yield other.target, ref
                    for part in parts:
                        yield other.target, part
