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

"""The task file of a service, in Rally's format of version 2."""

from collections.abc import Mapping
import itertools
import json
from typing import Any

from cleanupd.rally_jobs import layout
from cleanupd.rally_jobs import services
from cleanupd.rally_jobs import table

#: Seconds that an action may take on average, as the specification has it.
LIMIT_S = 15.0

#: What the variables of tasks are unless somebody says otherwise.
DEFAULTS = {
    "image_name": "^(cirros.*-disk|TestVM)$",
    "flavor_name": "m1.tiny",
    "datastore": "mysql",
    "datastore_version": "8.0",
}

Limits = Mapping[tuple[str, str], float]


def render(service: services.Service, profile: services.Profile, limits: Limits) -> str:
    """Return the text of a task.

    Its first lines set variables.  They are comments to YAML, so that the file
    can be read as it is, and no comments to Jinja; and of the one form in which
    Rally sees that a variable has a default.
    """
    variables = [
        f'# {{% set {name} = {name} or "{DEFAULTS[name]}" %}}\n' for name in service.variables
    ]
    if variables:
        variables.insert(0, "# What --task-args can set, with the defaults:\n")
    grouped = itertools.groupby(service.workloads, key=lambda workload: workload.group)
    task = {
        "version": 2,
        "title": f"Rally task for the CI of OpenStack {service.title}",
        "description": (
            f"Measures the core operations of {service.title}, {service.what}: {service.manages}."
        ),
        "subtasks": [
            {
                "title": f"{group} related workloads",
                "workloads": [_workload(service, one, profile, limits) for one in workloads],
            }
            for group, workloads in grouped
        ],
    }
    return "---\n" + "".join(variables) + layout.dump(task)


def example(service: services.Service) -> str:
    """Return JSON that sets the variables of a service's task."""
    return json.dumps({name: DEFAULTS[name] for name in service.variables})


def _workload(
    service: services.Service,
    workload: services.Workload,
    profile: services.Profile,
    limits: Limits,
) -> dict[str, Any]:
    times = profile.iterations(workload)
    quotas = {
        name: dict.fromkeys(resources, -1)
        for name, resources in {**service.quotas, **workload.quotas}.items()
    }
    contexts: dict[str, Any] = {"users": {"tenants": 1, "users_per_tenant": 1}}
    if quotas:
        contexts["quotas"] = quotas
    return {
        "description": workload.does,
        "scenario": {workload.scenario: workload.args},
        "runner": {
            "constant": {"times": times, "concurrency": min(times, profile.concurrency)},
        },
        "contexts": contexts | workload.contexts,
        "sla": {
            "max_avg_duration_per_atomic": _limits(workload, limits),
            "failure_rate": {"max": 0},
        },
    }


def _limits(workload: services.Workload, limits: Limits) -> dict[str, float]:
    """Return the limit of each action, under each name that a Rally may have for it."""
    found: dict[str, float] = {}
    for action in workload.actions:
        other = None if workload.is_custom else table.load().master_name(action)
        names = [action, other] if other else [action]
        seen = [limits[key] for name in names if (key := (workload.scenario, name)) in limits]
        limit = max(seen) if seen else workload.limits.get(action, LIMIT_S)
        found |= dict.fromkeys(names, int(limit) if limit == int(limit) else limit)
    return found
