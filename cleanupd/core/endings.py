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

"""When workloads become over, as cheaply as that can be asked again and again.

Names alone count here: what a workload has without a name of its own may have
been active later.  So this says from when on it is worth a judgement.
"""

from collections.abc import Mapping
import datetime

import msgspec

from cleanupd.core import model
from cleanupd.core import workloads

#: Of what Rally calls over it does not matter when it was.
_EVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which workloads are meant: those of ``parts``, and if ``is_wide`` all others.

    They are over when they were idle for so long, or when Rally said so.
    """

    parts: frozenset[str]
    is_wide: bool
    idle: datetime.timedelta
    told: workloads.Told = workloads.Told()


def find_activity(records: model.Records) -> dict[str, datetime.datetime | None]:
    """Return when something with a name of each workload was last created or changed.

    None where none of it carries a date.  Nothing but names of benchmarks is looked at.
    """
    found: dict[str, datetime.datetime | None] = {}
    for root in records.roots.values():
        for key in root.parts:
            part, last = str(key), found.get(str(key))
            for id_ in root.parts[key]:
                record = root.records[id_]
                for date in record.dates:
                    last = date if last is None else max(last, date)
            found[part] = last
    return found


def find_over(
    activity: Mapping[str, datetime.datetime], scope: Scope
) -> dict[str, datetime.datetime]:
    """Return from when on each workload of a scope is over if nothing else happens.

    What Rally says is running, or cannot be asked about, has no such time
    unless it is named.
    """
    return {
        part: _EVER if part in scope.told.over else active_at + scope.idle
        for part, active_at in activity.items()
        if part in scope.parts or (scope.is_wide and _may_end(part, scope.told))
    }


def _may_end(part: str, told: workloads.Told) -> bool:
    return part in told.over or (part not in told.alive and told.doubt is None)
