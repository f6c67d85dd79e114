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
"""Conditions for killing a Rally task: "in the middle" said exactly.

A condition is a list of terms, all of which must hold: ``running,server>=3,iterations>=2``.

* ``running``, ``finished``: what Rally's database says of the task;
* ``iterations>=N``: iterations whose result Rally has stored;
* ``KIND>=N``: resources of the kind in the cloud whose names carry one of the task's workloads;
* ``resources>=N``: the same, of all kinds together.

Resources are counted in the services' databases: it costs a millisecond, where listing the cloud
by its APIs every few tenths of a second would slow down the very benchmark that is watched.
"""

import collections.abc
import dataclasses
import re

from controlplane import databases
from controlplane import errors
from controlplane import rally_database

TERM = re.compile(r"([a-z_]+)(?:>=(\d+))?")
STATUSES = ("running", "finished")

# Tables and conditions; LIKE is completed with the names of a workload's resources.
KINDS = {
    "server": "nova.instances WHERE deleted = 0 AND display_name",
    "flavor": "nova_api.flavors WHERE name",
    "private_flavor": "nova_api.flavors WHERE is_public = 0 AND name",
    "keypair": "nova_api.key_pairs WHERE name",
    "server_group": "nova_api.instance_groups WHERE name",
    "aggregate": "nova_api.aggregates WHERE name",
    "network": "neutron.networks WHERE name",
    "subnet": "neutron.subnets WHERE name",
    "router": "neutron.routers WHERE name",
    "port": "neutron.ports WHERE name",
    "trunk": "neutron.trunks WHERE name",
    "security_group": "neutron.securitygroups WHERE name",
    "floating_ip": "neutron.floatingips JOIN neutron.standardattributes AS attributes"
    " ON attributes.id = standard_attr_id WHERE attributes.description",
    "volume": "cinder.volumes WHERE deleted = 0 AND display_name",
    "attached_volume": "cinder.volumes WHERE deleted = 0 AND attach_status = 'attached'"
    " AND display_name",
    # Nova gives no name to the volumes it makes: they are found by the server that has them.
    "unnamed_volume": "cinder.volumes JOIN cinder.volume_attachment AS attachments"
    " ON attachments.volume_id = volumes.id AND attachments.deleted = 0"
    " JOIN nova.instances ON instances.uuid = attachments.instance_uuid"
    " WHERE volumes.deleted = 0 AND volumes.display_name = '' AND instances.display_name",
    "snapshot": "cinder.snapshots WHERE deleted = 0 AND display_name",
    "backup": "cinder.backups WHERE deleted = 0 AND display_name",
    "transfer": "cinder.transfers WHERE deleted = 0 AND display_name",
    "volume_type": "cinder.volume_types WHERE deleted = 0 AND name",
    "qos_specs": "cinder.quality_of_service_specs WHERE deleted = 0"
    " AND `key` = 'QoS_Specs_Name' AND value",
    "image": "glance.images WHERE deleted = 0 AND name",
    "deactivated_image": "glance.images WHERE deleted = 0 AND status = 'deactivated' AND name",
    "project": "keystone.project WHERE name",
    "user": "keystone.local_user WHERE name",
    "role": "keystone.role WHERE name",
    # Keystone keeps the name of a service among whatever else it was given.
    "service": "keystone.service WHERE extra",
}
# Parts of others: they would be counted twice.
NOT_SUMMED = frozenset(
    {"private_flavor", "attached_volume", "unnamed_volume", "deactivated_image"}
)


@dataclasses.dataclass(frozen=True)
class Term:
    """One thing that has to be true: a status, or a count that is large enough."""

    name: str
    minimum: int


def parse(text: str) -> list[Term]:
    """The condition's terms; an error that lists what is possible where one is not understood."""
    return [_parse_term(part.strip()) for part in text.split(",")]


def _parse_term(text: str) -> Term:
    match = TERM.fullmatch(text)
    if match is not None:
        name, minimum = match[1], match[2]
        if minimum is None and name in STATUSES:
            return Term(name, 1)
        if minimum is not None and name in {"iterations", "resources", *KINDS}:
            return Term(name, int(minimum))
    kinds = " ".join(KINDS)
    raise errors.SandboxError(
        f"not a condition: {text!r} (possible: running, finished, iterations>=N, resources>=N, "
        f"KIND>=N with KIND one of {kinds})"
    )


def holds(terms: collections.abc.Iterable[Term], progress: rally_database.Progress) -> bool:
    """Whether all terms are true of the task."""
    return all(_count(term.name, progress) >= term.minimum for term in terms)


def _count(name: str, progress: rally_database.Progress) -> int:
    if name in STATUSES:
        return int(progress.status == name)
    if name == "iterations":
        return progress.iterations
    kinds = sorted(KINDS.keys() - NOT_SUMMED) if name == "resources" else [name]
    return sum(count_resources(kind, progress.workloads) for kind in kinds)


def count_resources(kind: str, workloads: collections.abc.Iterable[str]) -> int:
    """How many resources of the kind exist whose names carry one of the workloads."""
    patterns = [f"%rally_{workload[:8]}_%" for workload in workloads]
    if not patterns:
        return 0
    source = KINDS[kind]
    counts = [f"(SELECT COUNT(*) FROM {source} LIKE '{pattern}')" for pattern in patterns]  # noqa: S608 - uuids
    return int(databases.query(f"SELECT {' + '.join(counts)}")[0][0])
