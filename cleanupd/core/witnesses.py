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

"""What a list lacks although something speaks of it.

A service that answers 200 with half of the truth, or with nothing, cannot be
told from a cloud that was emptied, by that answer alone.  But lists bear
witness of each other: a port names its server, a subnet its network, whatever
there is its project.  And so does what was known before.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import itertools
from typing import cast

from cleanupd.core import model
from cleanupd.core import resources

#: Of each kind so many are asked after: what is lacking because it is gone costs a request, too.
MOST = 6

_HOMES = ("identity.project", "identity.user")


def find_lacking(
    snapshot: model.Snapshot, before: model.Snapshot | None, seen: Iterable[resources.Ref]
) -> dict[str, tuple[resources.Resource, ...]]:
    """Return some of what each list lacks and something speaks of, as far as it is known.

    ``before`` is what was known earlier; ``seen`` was there at some time.
    Most of it is usually gone, or was made since the list.
    """
    found: dict[str, dict[str, resources.Resource]] = {kind: {} for kind in snapshot.roots}
    for ref in itertools.chain(_named(snapshot), seen):
        lacking = found.get(ref.kind)
        if lacking is not None and snapshot.named(ref) is None:
            lacking[ref.id] = resources.Resource(ref=ref)
    for kind, lacking in found.items():
        records = snapshot.roots[kind].records
        for record in before.of_kind(kind) if before is not None else ():
            if record.ref.id not in records:
                lacking[record.ref.id] = record
    return {kind: _some(lacking) for kind, lacking in found.items() if lacking}


def _named(snapshot: model.Snapshot) -> Iterator[resources.Ref]:
    """Yield what edges lead to, and the projects and users that something belongs to."""
    for root in snapshot.roots.values():
        yield from cast("Iterable[resources.Ref]", root.targets)
        for kind, homes in zip(_HOMES, (root.projects, root.users), strict=True):
            ids = map(str, filter(None, homes))
            yield from (resources.Ref(snapshot.cloud, "", kind, id_) for id_ in ids)


def _some(lacking: dict[str, resources.Resource]) -> tuple[resources.Resource, ...]:
    """Return a few of many, from all over them."""
    ids = sorted(lacking)
    step = max(1, len(ids) // MOST)
    return tuple(lacking[id_] for id_ in ids[::step][:MOST])
