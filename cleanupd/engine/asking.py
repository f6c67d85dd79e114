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

"""Asks Rally's own database which workloads are over."""

from collections.abc import Iterable

from oslo_log import log

from cleanupd import exceptions
from cleanupd.core import patterns
from cleanupd.core import workloads

LOG = log.getLogger(__name__)


def find_workloads(url: str, tasks: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the uuids of the workloads of each task; raises CleanupdError."""
    # SQLAlchemy takes a second to import, which most commands need not wait for.
    from cleanupd.rally import database  # noqa: PLC0415

    found = database.Database(url).find(tasks)
    return {task.uuid: tuple(one.uuid for one in task.workloads) for task in found}


def ask(url: str, names: Iterable[patterns.Pattern]) -> workloads.Told:
    """Return what the database at ``url`` says of workloads, by the part that each name has."""
    from cleanupd.rally import database  # noqa: PLC0415

    try:
        tasks = database.Database(url).tasks()
    except exceptions.RallyUnreadable as error:
        LOG.warning("%(why)s", {"why": error})
        return workloads.Told(doubt=f"{error}: name the workload")
    over: set[str] = set()
    alive: dict[str, str] = {}
    forms = tuple(names)
    for task in tasks:
        owners = (task.uuid, *(workload.uuid for workload in task.workloads))
        parts = {patterns.part_of(owner, form) for owner in owners for form in forms}
        if task.is_over:
            over |= parts
        else:
            reason = f"Rally says that task {task.uuid} is {task.status}: name it if that is over"
            alive |= dict.fromkeys(parts, reason)
    return workloads.Told(over=frozenset(over), alive=alive)
