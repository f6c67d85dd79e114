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

"""Reports of Rally's, as small as they get, as values and as files."""

import json
import pathlib
from typing import Any

OLD_UUID = "11111111-0000-4000-8000-000000000001"


def iteration(durations: dict[str, float], *, is_failed: bool = False) -> dict[str, Any]:
    """Return an iteration whose actions, at the top, take these seconds."""
    actions = [
        {"name": name, "children": [], "started_at": 100.0, "finished_at": 100.0 + seconds}
        for name, seconds in durations.items()
    ]
    return {
        "duration": sum(durations.values()),
        "error": ["Timeout", "it took too long", "trace"] if is_failed else [],
        "atomic_actions": actions,
    }


def workload(
    *iterations: dict[str, Any],
    sla: dict[str, Any] | None = None,
    scenario: dict[str, Any] | None = None,
    uuid: str = OLD_UUID,
    **others: Any,
) -> dict[str, Any]:
    """Return a workload with these iterations."""
    return {
        "uuid": uuid,
        "scenario": scenario or {"NovaKeypair.create_and_list_keypairs": {}},
        "sla": {"failure_rate": {"max": 0}} if sla is None else sla,
        "data": list(iterations),
        "created_at": "2026-11-21T08:00:00",
        "updated_at": "2026-11-21T08:05:00",
        **others,
    }


def report(*workloads: dict[str, Any], uuid: str = "22222222-0000-4000-8000-000000000002") -> Any:
    """Return a report of one task with one subtask."""
    return {"tasks": [{"uuid": uuid, "subtasks": [{"workloads": list(workloads)}]}]}


def write(path: pathlib.Path, *workloads: dict[str, Any]) -> str:
    """Write the report of one task and return the path."""
    path.write_text(json.dumps(report(*workloads)))
    return str(path)
