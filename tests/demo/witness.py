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

"""Looks at the cloud with openstacksdk alone, and compares."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import pathlib
from typing import Any

import openstack
from openstack import connection as connections

Resources = dict[tuple[str, str], dict[str, Any]]
Wanted = Iterable[tuple[str, str]]

#: What changes when a benchmark's server goes that production had something attached to.
_LET_GO = {
    "block_storage.volume": {"attachments", "status", "updated_at"},
    "network.floating_ip": {
        "fixed_ip_address",
        "port_id",
        "port_details",
        "router_id",
        "status",
        "updated_at",
        "revision_number",
    },
}

#: What openstacksdk does not list, or of one project only.
_BODIES = (
    ("block_storage.transfer", "/volume-transfers/detail?all_tenants=1", "transfers"),
    ("block_storage.qos_spec", "/qos-specs", "qos_specs"),
)


@dataclasses.dataclass
class Verdict:
    """What became of the resources that somebody cares about, by kind and id."""

    missing: list[str]
    changed: list[str]
    let_go: list[str]


def connect(clouds_yaml: pathlib.Path, cloud: str) -> connections.Connection:
    """Return a connection that knows this file only."""
    loader = openstack.config.OpenStackConfig(
        config_files=[str(clouds_yaml)], load_envvars=False, load_yaml_config=True
    )
    return connections.Connection(config=loader.get_one(cloud))


def look(cloud: connections.Connection) -> Resources:
    """Return everything in all projects of the cloud, as openstacksdk tells it."""
    return {(kind, id_): body for kind, id_, body in _everything(cloud)}


def _everything(cloud: connections.Connection) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind, found in _listings(cloud).items():
        for resource in found():
            yield kind, str(resource.id), _fields(resource)
    for kind, path, plural in _BODIES:
        found = cloud.block_storage.get(path, microversion="3.57").json()[plural]
        yield from ((kind, body["id"], body) for body in found)
    for user in cloud.identity.users():
        for key in cloud.compute.keypairs(user_id=user.id):
            yield "compute.keypair", f"{user.id}:{key.name}", _fields(key)


def _listings(cloud: connections.Connection) -> dict[str, Callable[[], Iterable[Any]]]:
    return {
        "identity.project": cloud.identity.projects,
        "identity.user": cloud.identity.users,
        "identity.role": cloud.identity.roles,
        "identity.service": cloud.identity.services,
        "compute.server_group": lambda: cloud.compute.server_groups(all_projects=True),
        "compute.aggregate": cloud.compute.aggregates,
        "compute.server": lambda: cloud.compute.servers(all_projects=True),
        "compute.flavor": lambda: cloud.compute.flavors(is_public=None),
        "network.floating_ip": cloud.network.ips,
        "network.network": cloud.network.networks,
        "network.port": cloud.network.ports,
        "network.router": cloud.network.routers,
        "network.security_group": cloud.network.security_groups,
        "network.subnet": cloud.network.subnets,
        "network.trunk": cloud.network.trunks,
        "block_storage.volume": lambda: cloud.block_storage.volumes(all_projects=True),
        "block_storage.snapshot": lambda: cloud.block_storage.snapshots(all_projects=True),
        "block_storage.backup": lambda: cloud.block_storage.backups(all_projects=True),
        "block_storage.volume_type": lambda: cloud.block_storage.types(is_public="none"),
        "image.image": cloud.image.images,
    }


def _fields(resource: Any) -> dict[str, Any]:
    fields: dict[str, Any] = resource.to_dict(computed=False)
    return fields


def compare(before: Resources, after: Resources, wanted: Wanted) -> Verdict:
    """Say which of the wanted resources are gone or not what they were."""
    verdict = Verdict([], [], [])
    for kind, id_ in sorted(wanted):
        old, new = before.get((kind, id_)), after.get((kind, id_))
        name = f"{kind} {_name(old or {}) or id_}"
        if old is None or new is None:
            verdict.missing.append(name)
            continue
        differing = {field for field in old if old[field] != new.get(field)}
        if differing and differing <= _LET_GO.get(kind, set()):
            verdict.let_go.append(name)
        elif differing:
            verdict.changed.append(f"{name}: {', '.join(sorted(differing))}")
    return verdict


def _name(fields: dict[str, Any]) -> str:
    """Return what people call a resource: of a floating IP, the name is its address."""
    is_address = "floating_ip_address" in fields
    return str(fields.get("description" if is_address else "name") or "")
