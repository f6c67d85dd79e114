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

"""What was in projects at one moment, and what has come since.

That is one more way to say what is to go: not by the name that a benchmark
gave, but by what somebody wants to keep.  All that keeps a resource keeps it
here, too.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import resources


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What one project had when it was taken; nothing of kinds that are not in ``kinds``.

    ``kept`` has the refs as people quote them, kind and id.
    """

    cloud: str
    region: str
    project_id: str
    project: str
    taken_at: datetime.datetime
    kinds: frozenset[str]
    kept: frozenset[str]


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """That what is in a project and not in ``kept`` is to go, of these kinds.

    ``kinds`` None means all; ``place`` is the cloud and region that are meant, None
    means any; ``why`` is the evidence, in a sentence.
    """

    project_id: str
    project: str
    why: str
    kinds: frozenset[str] | None = None
    place: tuple[str, str] | None = None
    kept: frozenset[str] = frozenset()

    @property
    def part(self) -> str:
        """What stands for the workload: no name can have such a part."""
        return f"project {self.project_id}"


def take(snapshot: model.Snapshot, project: resources.Resource) -> Baseline:
    """Return what a project has in a snapshot of which nothing is doubtful."""
    return Baseline(
        cloud=snapshot.cloud,
        region=snapshot.region,
        project_id=project.ref.id,
        project=project.name or "",
        taken_at=snapshot.taken_at,
        kinds=frozenset(snapshot.roots),
        kept=frozenset(str(one.ref) for one in snapshot.of_project(project.ref.id)),
    )


def limit_to(baseline: Baseline) -> Limit:
    """Return what lets go of all that a baseline does not have."""
    return Limit(
        project_id=baseline.project_id,
        project=baseline.project,
        why=f"it is in project {baseline.project}, and not in the baseline of"
        f" {baseline.taken_at:%Y-%m-%d %H:%M:%S} UTC",
        kinds=baseline.kinds,
        place=(baseline.cloud, baseline.region),
        kept=baseline.kept,
    )


def unmatched(project_id: str, name: str) -> Limit:
    """Return what lets go of all in a project that has no benchmark's name."""
    why = f"it is in project {name}, and no benchmark's"
    return Limit(project_id=project_id, project=name, why=why)


def nominate(
    snapshot: model.Snapshot, known: Mapping[str, kinds.Kind], limit: Limit
) -> Iterator[resources.Resource]:
    """Yield what a limit lets go of.

    Never what another party made and manages, nor what the service gives to
    each project by itself.
    """
    if limit.place not in (None, (snapshot.cloud, snapshot.region)):
        return
    # The name is what a person has typed; the id alone would not show a mistake.
    project = snapshot.get(resources.Ref(snapshot.cloud, "", "identity.project", limit.project_id))
    if project is None or project.name != limit.project:
        return
    for record in snapshot.of_project(limit.project_id):
        kind = known[record.ref.kind]
        if (
            kind.is_removable
            and kind.service != "identity"
            and record.manager is None
            and record.name not in kind.given
            and str(record.ref) not in limit.kept
            and (limit.kinds is None or record.ref.kind in limit.kinds)
        ):
            yield record
