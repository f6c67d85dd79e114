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
from cleanupd.core import lookup
from cleanupd.engine import sweep


def find_parts(engine: sweep.Engine, query: lookup.Query) -> frozenset[str]:
    """Return the parts that the workload of a query leaves in names, none where none is asked for.

    Raises UnknownKind and InvalidOwnerId, before anything is listed for it.
    """
    if query.kind not in engine.managers:
        raise exceptions.UnknownKind(query.kind, sorted(engine.managers))
    workloads = () if query.workload is None else (query.workload,)
    return frozenset(engine.select(sweep.Target(workloads=workloads)).parts)
