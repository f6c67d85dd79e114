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

"""What a look into the model needs to know of the engine."""

from cleanupd import exceptions
from cleanupd.core import explaining
from cleanupd.core import judgement
from cleanupd.core import lookup
from cleanupd.core import model
from cleanupd.core import patterns
from cleanupd.engine import sweep


def find_parts(engine: sweep.Engine, query: lookup.Query) -> frozenset[str]:
    """Return the parts that the workload of a query leaves in names, none where none is asked for.

    Raises UnknownKind and InvalidOwnerId, before anything is listed for it.
    """
    check_kind(engine, query.kind)
    workloads = () if query.workload is None else (query.workload,)
    return frozenset(engine.select(sweep.Target(workloads=workloads)).parts)


def check_kind(engine: sweep.Engine, kind: str) -> None:
    """Raise UnknownKind where no plugin knows a kind."""
    if kind not in engine.managers:
        raise exceptions.UnknownKind(kind, sorted(engine.managers))


def explain(
    engine: sweep.Engine,
    snapshot: model.Snapshot,
    judged: judgement.Judgement,
    kind: str,
    resource_id: str,
) -> explaining.Explanation:
    """Return why a resource of a known kind was judged as it was; raises UnknownResource."""
    root = snapshot.roots.get(kind)
    record = root.records.get(resource_id) if root is not None else None
    if record is None:
        trust = snapshot.trust.get(kind)
        raise exceptions.UnknownResource(kind, resource_id, trust.reason if trust else None)
    return explaining.explain(
        snapshot,
        {name: plugin.KIND for name, plugin in engine.managers.items()},
        patterns.Matcher(engine.settings.names),
        judged,
        record,
    )
