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

"""The kinds of Ironic and the one parser of each.

The formats are those of the bare metal API reference at :data:`MICROVERSION`;
tests/samples/baremetal holds bodies of Ironic 39.  Who owns or leases a node
has not made it: a node is a benchmark's by its name alone.
"""

from collections.abc import Iterable
import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

#: Ussuri. From here on a node tells who leases it.
MICROVERSION = "1.65"

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_CREATED = resources.EdgeSort.CREATED_FOR
_IDENTITY = ("name", "created_at")

#: The states in which Ironic removes a node (allow_deleting_available_nodes is its default).
_REMOVABLE = frozenset({"enroll", "manageable", "available", "adopt failed"})
#: The states that end by themselves; in none of them does Ironic remove a node.
_PASSING = frozenset(
    {
        *("verifying", "cleaning", "clean wait", "deploying", "wait call-back", "deleting"),
        *("inspecting", "inspect wait", "adopting", "rescuing", "rescue wait", "unrescuing"),
        *("servicing", "service wait", "deleted"),
    }
)
_MAINTENANCE = kinds.Rung(
    "maintenance", "set it to maintenance, in which Ironic removes it in any state"
)

NODE = kinds.Kind(
    name="baremetal.node",
    # In maintenance Ironic removes it though an instance is on it, and always its ports.
    is_guarded=False,
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(_ATTACHED, "baremetal.chassis", "chassis_uuid"),
        kinds.EdgeRule(_ATTACHED, "identity.project", "owner, lessee"),
        kinds.EdgeRule(resources.EdgeSort.USED_BY, "compute.server", "instance_uuid"),
    ),
    holds=(
        kinds.Hold("protected", "it is protected"),
        kinds.Hold(
            "state",
            "Ironic removes no node in its provision state",
            rungs=(_MAINTENANCE.name,),
        ),
    ),
    rungs=(_MAINTENANCE,),
    has_tags=True,
)

PORT = kinds.Kind(
    name="baremetal.port",
    named_by="",
    identity_fields=("created_at", "owners"),
    edges=(
        kinds.EdgeRule(_CREATED, "baremetal.node", "node_uuid"),
        kinds.EdgeRule(_ATTACHED, "baremetal.port_group", "portgroup_uuid"),
    ),
    has_tags=True,
)

PORT_GROUP = kinds.Kind(
    name="baremetal.port_group",
    identity_fields=("name", "created_at", "owners"),
    edges=(kinds.EdgeRule(_CREATED, "baremetal.node", "node_uuid"),),
    has_tags=True,
)

ALLOCATION = kinds.Kind(
    name="baremetal.allocation",
    identity_fields=("name", "project_id", "created_at"),
    edges=(kinds.EdgeRule(_ATTACHED, "baremetal.node", "node_uuid"),),
    has_tags=True,
)

DEPLOY_TEMPLATE = kinds.Kind(
    name="baremetal.deploy_template", identity_fields=_IDENTITY, has_tags=True
)

CHASSIS = kinds.Kind(
    name="baremetal.chassis", named_by="description", identity_fields=_IDENTITY, has_tags=True
)


class Standard(msgspec.Struct, kw_only=True):
    """What everything of Ironic tells of itself."""

    uuid: wire.Id
    created_at: datetime.datetime
    updated_at: datetime.datetime | None
    extra: dict[str, object] = {}


class Named(Standard, kw_only=True):
    """A deploy template; Ironic demands the name of a trait."""

    name: str


class Node(Standard, kw_only=True):
    """A node, which may have no name."""

    name: str | None
    driver: str
    provision_state: str
    maintenance: bool
    protected: bool
    instance_uuid: str | None
    allocation_uuid: str | None
    chassis_uuid: str | None
    owner: str | None
    lessee: str | None


class Port(Standard, kw_only=True):
    """A network card of a node; it has an address and no name."""

    address: str
    node_uuid: wire.Id
    portgroup_uuid: str | None


class PortGroup(Standard, kw_only=True):
    """Several network cards of a node that act as one."""

    name: str | None
    node_uuid: wire.Id


class Allocation(Standard, kw_only=True):
    """That somebody wants a node, and which one it is once it was found."""

    name: str | None
    state: str
    node_uuid: str | None
    owner: str | None


class Chassis(Standard, kw_only=True):
    """A chassis, whose description is all the name that it has."""

    description: str | None


def parse_node(node: Node, place: wire.Place) -> resources.Resource:
    """Return the record of ``node``.

    What is on it uses it: a server, unless an allocation stands there, which
    has an edge of its own.
    """
    projects = dict.fromkeys(one for one in (node.owner, node.lessee) if one)
    edges = [resources.attached_to(place.ref("identity.project", one)) for one in projects]
    if node.chassis_uuid:
        edges.append(resources.attached_to(place.ref(CHASSIS.name, node.chassis_uuid)))
    if node.instance_uuid and node.instance_uuid != node.allocation_uuid:
        edges.append(resources.used_by(place.ref("compute.server", node.instance_uuid)))
    is_removable = node.maintenance or node.provision_state in _REMOVABLE | _PASSING
    holds = (("protected", node.protected), ("state", not is_removable))
    found = _record(
        place.ref(NODE.name, node.uuid),
        node,
        name=node.name,
        status=node.provision_state,
        edges=edges,
        details={"driver": node.driver, "maintenance": node.maintenance},
    )
    return msgspec.structs.replace(found, holds=tuple(name for name, is_held in holds if is_held))


def parse_port(port: Port, place: wire.Place) -> resources.Resource:
    """Return the record of ``port``, which goes with its node."""
    edges = [resources.created_for(place.ref(NODE.name, port.node_uuid))]
    if port.portgroup_uuid:
        edges.append(resources.attached_to(place.ref(PORT_GROUP.name, port.portgroup_uuid)))
    ref = place.ref(PORT.name, port.uuid)
    return _record(ref, port, edges=edges, details={"address": port.address})


def parse_port_group(group: PortGroup, place: wire.Place) -> resources.Resource:
    """Return the record of a port group, which goes with its node."""
    edges = [resources.created_for(place.ref(NODE.name, group.node_uuid))]
    return _record(place.ref(PORT_GROUP.name, group.uuid), group, name=group.name, edges=edges)


def parse_allocation(allocation: Allocation, place: wire.Place) -> resources.Resource:
    """Return the record of ``allocation``."""
    node = allocation.node_uuid
    found = _record(
        place.ref(ALLOCATION.name, allocation.uuid),
        allocation,
        name=allocation.name,
        status=allocation.state,
        edges=[resources.attached_to(place.ref(NODE.name, node))] if node else [],
    )
    return msgspec.structs.replace(found, project_id=allocation.owner or None)


def parse_deploy_template(template: Named, place: wire.Place) -> resources.Resource:
    """Return the record of a deploy template."""
    ref = place.ref(DEPLOY_TEMPLATE.name, template.uuid)
    return _record(ref, template, name=template.name)


def parse_chassis(chassis: Chassis, place: wire.Place) -> resources.Resource:
    """Return the record of ``chassis``."""
    return _record(place.ref(CHASSIS.name, chassis.uuid), chassis, name=chassis.description)


def _record(
    ref: resources.Ref,
    standard: Standard,
    *,
    name: str | None = None,
    status: str | None = None,
    edges: Iterable[resources.Edge] = (),
    details: dict[str, str | int | bool] | None = None,
) -> resources.Resource:
    return resources.Resource(
        ref=ref,
        name=name or None,
        created_at=wire.utc(standard.created_at),
        updated_at=wire.utc(standard.updated_at),
        status=status,
        edges=tuple(edges),
        tags=wire.tags(standard.extra),
        details=details or {},
    )
