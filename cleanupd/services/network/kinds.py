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

"""The kinds of Neutron and the one parser of each.

The formats are those of the networking API reference, version 2.0;
tests/samples/network holds bodies of Neutron 29.  The ports that services
make are a story of their own and stand in
:mod:`cleanupd.services.network.ports`.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_IDENTITY = ("name", "project_id", "created_at")
#: What has a QoS policy; Neutron keeps the policy as long.
QOS = kinds.EdgeRule(_ATTACHED, "network.qos_policy", "qos_policy_id")

#: What a subnet has instead of a pool's id where its addresses come from a router's.
_DELEGATED = "prefix_delegation"

FLOATING_IP = kinds.Kind(
    name="network.floating_ip",
    named_by="description",
    has_tags=True,
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(_ATTACHED, "network.port", "port_id"),
        kinds.EdgeRule(_ATTACHED, "network.router", "router_id"),
        kinds.EdgeRule(_ATTACHED, "network.network", "floating_network_id"),
        QOS,
    ),
)

ROUTER = kinds.Kind(
    name="network.router",
    has_tags=True,
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(_ATTACHED, "network.network", "external_gateway_info, external_gateways"),
        QOS,
    ),
)

SUBNET = kinds.Kind(
    name="network.subnet",
    has_tags=True,
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(_ATTACHED, "network.network", "network_id"),
        kinds.EdgeRule(_ATTACHED, "network.subnet_pool", "subnetpool_id"),
    ),
)

NETWORK = kinds.Kind(
    name="network.network", identity_fields=_IDENTITY, has_tags=True, edges=(QOS,)
)

SECURITY_GROUP = kinds.Kind(
    is_guarded=False,
    name="network.security_group",
    given=("default",),
    has_tags=True,
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(
            _ATTACHED, "network.security_group", "security_group_rules.remote_group_id"
        ),
        kinds.EdgeRule(
            _ATTACHED, "network.address_group", "security_group_rules.remote_address_group_id"
        ),
    ),
)

TRUNK = kinds.Kind(
    name="network.trunk",
    has_tags=True,
    identity_fields=_IDENTITY,
    edges=(kinds.EdgeRule(_ATTACHED, "network.port", "port_id, sub_ports.port_id"),),
)


class Standard(msgspec.Struct, kw_only=True):
    """What every resource of Neutron tells of itself.

    ``project_id`` is empty for what Neutron made for nobody's project;
    the times are null where a resource is older than the extension.
    """

    id: wire.Id
    project_id: str
    created_at: datetime.datetime | None
    updated_at: datetime.datetime | None
    revision_number: int
    # Not every kind has them in every release.
    tags: list[str] = []


class FloatingIP(Standard, kw_only=True):
    """A floating IP, whose description is all the name that it has."""

    description: str | None
    status: str
    port_id: str | None
    router_id: str | None
    floating_network_id: wire.Id
    floating_ip_address: str
    qos_policy_id: str | None = None


class _Gateway(msgspec.Struct):
    network_id: wire.Id
    qos_policy_id: str | None = None


class Router(Standard, kw_only=True):
    """A router; ``external_gateways`` lists all, where Neutron allows more than one."""

    name: str
    status: str
    external_gateway_info: _Gateway | None
    routes: list[object]
    external_gateways: list[_Gateway] = []


class Subnet(Standard, kw_only=True):
    """A subnet."""

    name: str
    network_id: wire.Id
    cidr: str
    subnetpool_id: str | None = None


class Network(Standard, kw_only=True):
    """A network."""

    name: str
    status: str
    shared: bool
    external: bool = msgspec.field(name="router:external", default=False)
    qos_policy_id: str | None = None


class _Rule(msgspec.Struct):
    remote_group_id: str | None
    remote_address_group_id: str | None = None


class SecurityGroup(Standard, kw_only=True):
    """A security group with its rules."""

    name: str
    security_group_rules: list[_Rule]


class _Subport(msgspec.Struct):
    port_id: wire.Id


class Trunk(Standard, kw_only=True):
    """A trunk, with its parent port and its subports."""

    name: str
    status: str
    port_id: wire.Id
    sub_ports: list[_Subport]


def parse_floating_ip(address: FloatingIP, place: wire.Place) -> resources.Resource:
    """Return the record of a floating IP, which survives the port that it points to."""
    edges = [resources.attached_to(place.ref("network.network", address.floating_network_id))]
    if address.port_id:
        port = place.ref("network.port", address.port_id)
        edges.append(resources.attached_to(port, is_loose=True, is_serving=True))
    if address.router_id:
        # Routed only as long as it points to a port: it survives the router, too.
        router = place.ref("network.router", address.router_id)
        edges.append(resources.attached_to(router, is_loose=True))
    edges.extend(under(place, address.qos_policy_id))
    return record(
        place.ref("network.floating_ip", address.id),
        address,
        name=address.description,
        status=address.status,
        edges=edges,
        details={"address": address.floating_ip_address},
    )


def parse_router(router: Router, place: wire.Place) -> resources.Resource:
    """Return the record of ``router``; its interfaces and gateway are ports of their own."""
    gateways = [router.external_gateway_info, *router.external_gateways]
    networks = dict.fromkeys(gateway.network_id for gateway in gateways if gateway)
    return record(
        place.ref("network.router", router.id),
        router,
        name=router.name,
        status=router.status,
        edges=[
            *(resources.attached_to(place.ref("network.network", one)) for one in networks),
            *under(place, *(gateway.qos_policy_id for gateway in gateways if gateway)),
        ],
        details={"routes": len(router.routes)},
    )


def parse_subnet(subnet: Subnet, place: wire.Place) -> resources.Resource:
    """Return the record of ``subnet``."""
    targets = [place.ref("network.network", subnet.network_id)]
    if subnet.subnetpool_id not in (None, "", _DELEGATED):
        targets.append(place.ref("network.subnet_pool", subnet.subnetpool_id))
    return record(
        place.ref("network.subnet", subnet.id),
        subnet,
        name=subnet.name,
        edges=map(resources.attached_to, targets),
        details={"cidr": subnet.cidr},
    )


def parse_network(network: Network, place: wire.Place) -> resources.Resource:
    """Return the record of ``network``."""
    return record(
        place.ref("network.network", network.id),
        network,
        name=network.name,
        status=network.status,
        edges=under(place, network.qos_policy_id),
        details={"external": network.external, "shared": network.shared},
    )


def parse_security_group(group: SecurityGroup, place: wire.Place) -> resources.Resource:
    """Return the record of ``group``.

    Neutron deletes a group that rules of others name, and those rules with
    it (tried with Neutron 29): the edges keep it.
    """
    remotes = dict.fromkeys(rule.remote_group_id for rule in group.security_group_rules)
    edges = [
        resources.attached_to(place.ref("network.security_group", remote))
        for remote in remotes
        if remote and remote != group.id
    ]
    addresses = dict.fromkeys(rule.remote_address_group_id for rule in group.security_group_rules)
    edges += [
        resources.attached_to(place.ref("network.address_group", one)) for one in addresses if one
    ]
    return record(
        place.ref("network.security_group", group.id), group, name=group.name, edges=edges
    )


def parse_trunk(trunk: Trunk, place: wire.Place) -> resources.Resource:
    """Return the record of ``trunk``, without which its ports carry no tagged traffic."""
    ports = dict.fromkeys((trunk.port_id, *(one.port_id for one in trunk.sub_ports)))
    return record(
        place.ref("network.trunk", trunk.id),
        trunk,
        name=trunk.name,
        status=trunk.status,
        edges=[
            resources.attached_to(place.ref("network.port", one), is_serving=True) for one in ports
        ],
    )


def under(place: wire.Place, *policies: str | None) -> list[resources.Edge]:
    """Return the edges to the QoS policies among these ids, some of which may be none."""
    return [
        resources.attached_to(place.ref("network.qos_policy", one))
        for one in dict.fromkeys(policies)
        if one
    ]


def record(
    ref: resources.Ref,
    standard: Standard,
    *,
    name: str | None,
    status: str | None = None,
    edges: Iterable[resources.Edge] = (),
    details: Mapping[str, str | int | bool] | None = None,
) -> resources.Resource:
    """Return the record of ``standard``, with what only its kind has."""
    return resources.Resource(
        ref=ref,
        name=name or None,
        project_id=standard.project_id or None,
        created_at=wire.utc(standard.created_at),
        updated_at=wire.utc(standard.updated_at),
        status=status,
        revision=standard.revision_number,
        tags=wire.tags(standard.tags),
        edges=tuple(edges),
        details=dict(details or {}),
    )
