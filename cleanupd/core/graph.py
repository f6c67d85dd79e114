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

"""The ties of a benchmark's resources, resolved in one snapshot.

Of the resources of a cloud only those that a benchmark made can ever be
removed, so only ties that end at one of them, or begin at one, are kept.
"""

import collections
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import itertools
from typing import NamedTuple

from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import resources
from cleanupd.core.resources import EdgeSort


class Tie(NamedTuple):
    """An edge, with the resource that holds it."""

    source: resources.Ref
    edge: resources.Edge
    target: resources.Ref


class Graph:
    """Ties by the resource that they end at, and by the one that they begin at.

    ``attached``: what is attached to a resource.  ``parts``: what was made
    for it.  ``needs`` and ``owners``: the same from the other end.  What a
    used-by edge tells of is attached, too; a loose one is nobody's need; what
    a made edge tells of is a part.
    ``takers``: what would take it along.  ``members``: what is in a project,
    or belongs to a user.  ``near`` are the records at either end of a tie, as
    far as they hold it; others may be among those that are given.
    """

    def __init__(
        self,
        snapshot: model.Snapshot,
        claimed: Collection[resources.Ref],
        near: tuple[resources.Resource, ...] | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._claimed = frozenset(claimed)
        self.near = tuple(_tied(snapshot, claimed)) if near is None else near
        self.attached = collections.defaultdict[resources.Ref, list[Tie]](list)
        self.needs = collections.defaultdict[resources.Ref, list[Tie]](list)
        self.parts = collections.defaultdict[resources.Ref, list[Tie]](list)
        self.owners = collections.defaultdict[resources.Ref, list[Tie]](list)
        self.takers = collections.defaultdict[resources.Ref, list[resources.Ref]](list)
        self.members = collections.defaultdict[resources.Ref, list[resources.Ref]](list)
        for record in self.near:
            self._add(record, self._claimed)

    def among(self, claimed: Collection[resources.Ref]) -> "Graph":
        """Return the ties of some of the resources that this one has the ties of."""
        if len(claimed) == len(self._claimed):
            return self
        return Graph(self._snapshot, claimed, self.near)

    def _add(self, record: resources.Resource, claimed: Collection[resources.Ref]) -> None:
        is_claimed = record.ref in claimed
        for edge in record.edges:
            target = self._resolve(edge.target)
            if edge.sort is EdgeSort.USED_BY:
                self._add_use(record.ref, edge, target, claimed)
            elif edge.sort is EdgeSort.MADE:
                self._add_made(record.ref, edge, target, claimed)
            elif target is not None and (is_claimed or target in claimed):
                ends, begins = (
                    (self.attached, self.needs)
                    if edge.sort is EdgeSort.ATTACHED_TO
                    else (self.parts, self.owners)
                )
                tie = Tie(record.ref, edge, target)
                ends[target].append(tie)
                begins[record.ref].append(tie)
        for target in record.cascades:
            if is_claimed or target in claimed:
                self.takers[target].append(record.ref)
        for home in self.homes(record):
            if home in claimed:
                self.members[home].append(record.ref)

    def _add_made(
        self,
        owner: resources.Ref,
        edge: resources.Edge,
        part: resources.Ref | None,
        claimed: Collection[resources.Ref],
    ) -> None:
        if part is not None and (owner in claimed or part in claimed):
            tie = Tie(part, edge, owner)
            self.parts[owner].append(tie)
            self.owners[part].append(tie)

    def _add_use(
        self,
        used: resources.Ref,
        edge: resources.Edge,
        user: resources.Ref | None,
        claimed: Collection[resources.Ref],
    ) -> None:
        if used not in claimed or (user is None and edge.is_loose):
            return
        # Who is not listed may have come since: it counts as a stranger.
        tie = Tie(user or edge.target, edge, used)
        self.attached[used].append(tie)
        if not edge.is_loose:
            self.needs[tie.source].append(tie)

    def _resolve(self, target: resources.Ref) -> resources.Ref | None:
        """Return the listed resource that an edge means; None where there is none."""
        found = self._snapshot.named(target)
        return found.ref if found is not None else None

    def homes(self, record: resources.Resource) -> Iterable[resources.Ref]:
        """Yield the project and the user that a resource belongs to."""
        cloud = record.ref.cloud
        if record.project_id:
            yield resources.Ref(cloud, "", "identity.project", record.project_id)
        if record.user_id:
            yield resources.Ref(cloud, "", "identity.user", record.user_id)


def _tied(
    snapshot: model.Snapshot, claimed: Collection[resources.Ref]
) -> Iterator[resources.Resource]:
    """Yield, once, what is claimed and all that has a tie to that."""
    seen: set[resources.Ref] = set()
    ours = [record for record in map(snapshot.get, claimed) if record is not None]
    names = [
        resources.Ref(record.ref.cloud, record.ref.region, record.ref.kind, alias)
        for record in ours
        for alias in record.aliases
    ]
    for record in itertools.chain(
        ours,
        snapshot.pointing_to_any((*claimed, *names)),
        ownership.find_inhabitants(snapshot, claimed),
    ):
        if record.ref not in seen:
            seen.add(record.ref)
            yield record
