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
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime
from typing import TypeAlias

import msgspec
import rpds

from cleanupd.core import resources

Root: TypeAlias = "rpds.HashTrieMap[str, resources.Resource]"


class Trust(msgspec.Struct, frozen=True):
    """How far the listing of one kind can be believed.

    ``reason`` says why it is not fresh; None where it is.  ``listed_at`` is
    when the last complete listing was asked for (aware, UTC); None where
    there never was one.
    """

    kind: str
    reason: str | None
    listed_at: datetime.datetime | None

    @property
    def is_fresh(self) -> bool:
        """Whether the last listing was complete."""
        return self.reason is None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All resources of one region of one cloud, by kind and id.

    ``unseen`` names, a sentence each, the places of the cloud that no
    collector looks at (a service of the catalogue, another region): what a
    project or a user might still own there is unknown.
    """

    cloud: str
    region: str
    taken_at: datetime.datetime
    roots: Mapping[str, Root]
    trust: Mapping[str, Trust]
    unseen: tuple[str, ...] = ()

    def get(self, ref: resources.Ref) -> resources.Resource | None:
        """Return the resource with this identity, if it was listed."""
        root = self.roots.get(ref.kind)
        return root.get(ref.id) if root is not None else None

    def of_kind(self, kind: str) -> Iterable[resources.Resource]:
        """Return the resources of a kind; none where it was not listed."""
        root = self.roots.get(kind)
        return root.values() if root is not None else ()

    def __iter__(self) -> Iterator[resources.Resource]:
        """Yield every resource, kind by kind."""
        for root in self.roots.values():
            yield from root.values()

    def counts(self) -> collections.Counter[str]:
        """Return how many resources of each kind there are."""
        return collections.Counter({kind: len(root) for kind, root in self.roots.items()})

    def doubts(self) -> tuple[str, ...]:
        """Return a sentence for each kind that is not known as it is."""
        return tuple(
            f"{kind} was not listed: {trust.reason}"
            for kind, trust in sorted(self.trust.items())
            if not trust.is_fresh
        )

    def after(self, earlier: "Snapshot") -> "Snapshot":
        """Return this snapshot with the earlier root of each kind that was not listed now.

        A kind that could not be listed keeps its last good records, and the
        reason why they are not to be believed.
        """
        roots, trust = dict(self.roots), dict(self.trust)
        for kind, state in self.trust.items():
            if not state.is_fresh and kind in earlier.roots:
                roots[kind] = earlier.roots[kind]
                trust[kind] = Trust(kind, state.reason, earlier.trust[kind].listed_at)
        return Snapshot(
            cloud=self.cloud,
            region=self.region,
            taken_at=self.taken_at,
            roots=roots,
            trust=trust,
            unseen=self.unseen,
        )


def make_root(records: Iterable[resources.Resource]) -> Root:
    """Return the records of one kind by their ids."""
    return rpds.HashTrieMap({record.ref.id: record for record in records})
