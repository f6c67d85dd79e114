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

"""What is known of a cloud at one moment.

A :class:`Snapshot` is an immutable value: taking one is keeping a reference,
and nobody who reads it can damage it.
"""

import collections
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime

import msgspec

from cleanupd.core import resources
from cleanupd.core import roots


class Trust(msgspec.Struct, frozen=True):
    """How far the listing of one kind can be believed.

    ``reason`` says why it is not fresh; None where it is.  ``listed_at`` is
    when the last complete listing was asked for (aware, UTC); None where
    there never was one.  ``projects`` are those that could not be looked
    into, where all else is known; empty where the reason is about everything.
    """

    kind: str
    reason: str | None
    listed_at: datetime.datetime | None
    projects: tuple[str, ...] = ()

    @property
    def is_fresh(self) -> bool:
        """Whether the last listing was complete."""
        return self.reason is None


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """Resources by kind and id, and what can be asked of them; ``roots`` by kind."""

    roots: Mapping[str, roots.KindRoot]

    def get(self, ref: resources.Ref) -> resources.Resource | None:
        """Return the resource with this identity, if it was listed."""
        root = self.roots.get(ref.kind)
        return root.records.get(ref.id) if root is not None else None

    def of_kind(self, kind: str) -> Iterable[resources.Resource]:
        """Return the resources of a kind; none where it was not listed."""
        root = self.roots.get(kind)
        return root.records.values() if root is not None else ()

    def __iter__(self) -> Iterator[resources.Resource]:
        """Yield every resource, kind by kind."""
        for root in self.roots.values():
            yield from root.records.values()

    def named(self, target: resources.Ref) -> resources.Resource | None:
        """Return the resource that an edge means, by its id or an alias; None where none is."""
        found = self.get(target)
        if found is None and (root := self.roots.get(target.kind)) is not None:
            ids = tuple(root.aliases[target.id])
            return root.records[max(ids)] if ids else None
        return found

    def of_user(self, user_id: str) -> Iterator[resources.Resource]:
        """Yield the resources of a user."""
        for root in self.roots.values():
            yield from map(root.records.__getitem__, root.users[user_id])

    def of_project(self, project_id: str | None) -> Iterator[resources.Resource]:
        """Yield the resources of a project; of None those that have none."""
        for root in self.roots.values():
            yield from map(root.records.__getitem__, root.projects[project_id])

    def on_host(self, host: str) -> Iterator[resources.Resource]:
        """Yield the resources that are on a host, such as its servers."""
        for root in self.roots.values():
            yield from map(root.records.__getitem__, root.hosts[host])

    def of_workload(self, part: str) -> Iterator[resources.Resource]:
        """Yield the resources in whose names a workload left this part."""
        for root in self.roots.values():
            yield from map(root.records.__getitem__, root.parts[part])

    def pointing_to(
        self, target: resources.Ref, sort: resources.EdgeSort | None = None
    ) -> Iterator[resources.Resource]:
        """Yield the resources with an edge (of a sort, where given) or a cascade to ``target``."""
        for root in self.roots.values():
            found = map(root.records.__getitem__, root.targets[target])
            yield from (
                record
                for record in found
                if sort is None or any(e.target == target and e.sort is sort for e in record.edges)
            )

    def pointing_to_any(self, targets: Collection[resources.Ref]) -> Iterator[resources.Resource]:
        """Yield the resources with an edge or a cascade to one of many, again for each of them."""
        for root in self.roots.values():
            records, found = root.records, root.targets
            if found:
                for target in targets:
                    for id_ in found[target]:
                        yield records[id_]

    def created_for(
        self, owner: resources.Ref, *, is_transitive: bool = False
    ) -> Iterator[resources.Resource]:
        """Yield what the service made for ``owner``, and, if asked, for that in turn."""
        waiting, seen = [owner], {owner}
        while waiting:
            for record in self.pointing_to(waiting.pop(), resources.EdgeSort.CREATED_FOR):
                if record.ref not in seen:
                    seen.add(record.ref)
                    waiting.extend([record.ref] if is_transitive else [])
                    yield record

    def attached_to(self, target: resources.Ref) -> Iterator[resources.Resource]:
        """Yield what somebody connected to ``target``."""
        return self.pointing_to(target, resources.EdgeSort.ATTACHED_TO)


class ModelRoot(Records, frozen=True, kw_only=True):
    """What one collector knows: the records of its kinds, and how far they can be believed.

    An immutable value: a change makes another one that shares all else, and
    whoever holds one can read it without a lock for as long as he likes.
    """

    trust: Mapping[str, Trust]


class Snapshot(Records, frozen=True, kw_only=True):
    """All resources of one region of one cloud.

    ``unseen`` names, a sentence each, the places of the cloud that no
    collector looks at (a service of the catalogue, another region): what a
    project or a user might still own there is unknown.
    """

    cloud: str
    region: str
    taken_at: datetime.datetime
    trust: Mapping[str, Trust]
    unseen: tuple[str, ...] = ()

    def counts(self) -> collections.Counter[str]:
        """Return how many resources of each kind there are."""
        return collections.Counter({kind: len(root.records) for kind, root in self.roots.items()})

    def doubts(self) -> tuple[str, ...]:
        """Return a sentence for each kind that is not known as it is."""
        return tuple(
            f"{kind} was not listed: {trust.reason}"
            for kind, trust in sorted(self.trust.items())
            if not trust.is_fresh
        )

    def remembered(self) -> "Snapshot":
        """Return the same, quicker for who asks for the same few resources many times."""
        fields = {name: getattr(self, name) for name in Snapshot.__struct_fields__}
        return _Remembered(**fields)

    def after(self, earlier: "Snapshot") -> "Snapshot":
        """Return this snapshot with the earlier root of each kind that was not listed now.

        A kind that could not be listed keeps its last good records, and the
        reason why they are not to be believed.
        """
        found, trust = dict(self.roots), dict(self.trust)
        for kind, state in self.trust.items():
            if not (state.is_fresh or state.projects) and kind in earlier.roots:
                found[kind] = earlier.roots[kind]
                trust[kind] = Trust(kind, state.reason, earlier.trust[kind].listed_at)
        return Snapshot(
            cloud=self.cloud,
            region=self.region,
            taken_at=self.taken_at,
            roots=found,
            trust=trust,
            unseen=self.unseen,
        )


class _Remembered(Snapshot, frozen=True, kw_only=True):
    """A snapshot with what it was asked for at hand; it is not kept for long."""

    asked: dict[resources.Ref, resources.Resource | None] = msgspec.field(default_factory=dict)

    def get(self, ref: resources.Ref) -> resources.Resource | None:
        """Return the resource with this identity, if it was listed."""
        if ref in self.asked:
            return self.asked[ref]
        found = self.asked[ref] = super().get(ref)
        return found
