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

"""What a run left at services of which the model has nothing: Heat's stacks, Ironic's nodes.

They are listed here and told by their names alone; of other services it is
only told that nobody looked.  Swift cannot be asked: it lists the containers
of one project, and Rally removes the projects that it made.  Heat can only
where its policy lets an administrator list all (``stacks:global_index``),
which it does not by default.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import msgspec

from cleanupd import cloud as clouds
from cleanupd.core import kinds
from cleanupd.core import ownership
from cleanupd.core import resources
from cleanupd.rally_jobs import residue
from cleanupd.rally_jobs import runs
from cleanupd.rally_jobs import services
from cleanupd.rally_jobs import table

#: What Rally calls the services whose kinds are in the model.
_MODELLED = frozenset({"nova", "cinder", "neutron", "keystone", "glance"})
_PAGE = 500


class _Listing(msgspec.Struct, frozen=True, kw_only=True):
    """How a service lists all resources of a kind, of every project."""

    kind: str
    service: str
    path: str
    key: str
    id: str
    name: str
    project: str = ""
    microversion: str | None = None


#: "List stacks" of the Orchestration API, "List Nodes" of the Bare Metal API; names have been
#: in the latter since 1.5, fields can be chosen since 1.8.
_LISTINGS = {
    "heat": _Listing(
        kind="orchestration.stack",
        service="orchestration",
        path="/stacks?global_tenant=True",
        key="stacks",
        id="id",
        name="stack_name",
        project="project",
    ),
    "ironic": _Listing(
        kind="baremetal.node",
        service="baremetal",
        path="/nodes?fields=uuid,name",
        key="nodes",
        id="uuid",
        name="name",
        microversion="1.9",
    ),
}


def find_services(tasks: Sequence[runs.Task]) -> tuple[list[str], list[str]]:
    """Return the services, by Rally's names, that can be listed here, and those that cannot."""
    names = {one.name for task in tasks for one in task.workloads}
    used = {service for name in names for service in _services_of(name)} - _MODELLED
    return sorted(used & _LISTINGS.keys()), sorted(used - _LISTINGS.keys())


def _services_of(scenario: str) -> set[str]:
    """Return the services at which a scenario, or else those of its class, makes something."""
    known, own = table.load().scenarios, services.load().services
    prefix = scenario if scenario in known else f"{scenario.partition('.')[0]}."
    groups = {
        group
        for name, one in known.items()
        if name == prefix or (prefix.endswith(".") and name.startswith(prefix))
        for group in one.cleanup
    }
    groups |= {
        service
        for service, one in own.items()
        if any(workload.scenario == scenario for workload in one.workloads)
    }
    return {group.partition(".")[0] for group in groups}


def find(
    service: str,
    cloud: clouds.Cloud,
    parts: Mapping[str, Sequence[str]],
    find_part: ownership.FindPart,
    tasks: Sequence[runs.Task],
) -> Iterator[residue.Leftover]:
    """Yield what these workloads left at a service; raises CloudError, Forbidden in particular.

    ``parts`` are the uuids that give each part of names.
    """
    listing = _LISTINGS[service]
    kind = kinds.Kind(name=listing.kind, identity_fields=("name",))
    for record in _list(listing, cloud):
        part = find_part(kind, record) or ""
        evidence = f"its name is one of workload {part}"
        yield from residue.find_owned(record, part, evidence, parts, tasks)


def _list(listing: _Listing, cloud: clouds.Cloud) -> Iterator[resources.Resource]:
    """Yield everything, page by page, until there is an empty one."""
    marker = ""
    while True:
        path = f"{listing.path}&limit={_PAGE}{marker}"
        answer = cloud.get(listing.service, path, microversion=listing.microversion)
        page: list[dict[str, Any]] = msgspec.json.decode(answer)[listing.key]
        for one in page:
            yield resources.Resource(
                ref=resources.Ref(cloud.name, cloud.region, listing.kind, one[listing.id]),
                name=one[listing.name],
                project_id=one.get(listing.project),
            )
        if not page:
            return
        marker = f"&marker={page[-1][listing.id]}"
