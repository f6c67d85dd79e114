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

"""Ports: the kind, its parser, and for whose sake a service made one.

A port tells by ``device_owner`` who made it.  The values are those of
neutron-lib's constants; what stands in none of the tables here belongs to a
service that cleanupd does not know, and is left to it.
"""

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire
from cleanupd.services.network import kinds as network_kinds

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_CREATED = resources.EdgeSort.CREATED_FOR

#: Through these a router serves a subnet; each is detached before the router goes.
INTERFACES = frozenset(
    {
        "network:router_interface",
        "network:router_interface_distributed",
        "network:ha_router_replicated_interface",
    }
)
# Neutron removes these by itself, together with the network.
_NETWORK_PARTS = frozenset(
    {"network:dhcp", "network:distributed", "network:floatingip_agent_gateway"}
)


#: What Octavia makes for the VIPs of a load balancer, and removes with it, has this owner, its
#: device_id and its name; a port that somebody gave it keeps its own (Octavia 19, by reading).
VIP = "Octavia"
_VIP_DEVICE = "lb-"
_VIP_NAME = "octavia-lb-"

# Nobody makes a port for these: somebody gave them one.
_BORROWERS = frozenset({"trunk:subport"})


class _Role(msgspec.Struct, frozen=True):
    """What a port is to the resource of ``kind`` that its device_id names."""

    kind: str
    is_first: bool = False
    is_serving: bool = False


_SERVER = _Role("compute.server")
_ROLES = {
    # Nova sets the owner only after it has set the id.
    "": _SERVER,
    "network:floatingip": _Role("network.floating_ip"),
    # Neutron removes these by itself, together with the router, which it keeps as long as it has
    # an interface. Nothing else ever clears a gateway: a router that has to stay keeps it.
    "network:router_gateway": _Role("network.router"),
    "network:router_centralized_snat": _Role("network.router"),
    "network:router_ha_interface": _Role("network.router"),
    **{owner: _Role("network.router", is_first=True, is_serving=True) for owner in INTERFACES},
}

PORT = kinds.Kind(
    name="network.port",
    identity_fields=("name", "project_id", "created_at", "owners"),
    has_tags=True,
    edges=(
        kinds.EdgeRule(_ATTACHED, "network.network", "network_id"),
        kinds.EdgeRule(_ATTACHED, "network.subnet", "fixed_ips.subnet_id"),
        kinds.EdgeRule(_ATTACHED, "network.security_group", "security_groups"),
        network_kinds.QOS,
        kinds.EdgeRule(_CREATED, "compute.server", "device_id of compute:*"),
        kinds.EdgeRule(_CREATED, "network.router", "device_id of network:router_*"),
        kinds.EdgeRule(_CREATED, "network.floating_ip", "device_id of network:floatingip"),
        kinds.EdgeRule(_CREATED, "network.network", "network_id of network:dhcp"),
        kinds.EdgeRule(_CREATED, "load_balancer.load_balancer", "device_id of Octavia"),
    ),
)


class _FixedIP(msgspec.Struct):
    subnet_id: wire.Id


class Port(network_kinds.Standard, kw_only=True):
    """A port; ``device_owner`` and ``device_id`` are empty where nobody uses it."""

    name: str
    status: str
    network_id: wire.Id
    device_owner: str
    device_id: str
    fixed_ips: list[_FixedIP]
    security_groups: list[str]
    qos_policy_id: str | None = None


def parse_port(port: Port, place: wire.Place) -> resources.Resource:
    """Return the record of ``port``; the name that Octavia gives to one is nobody's."""
    owner = _owner(port, place)
    is_vip = bool(owner) and port.name == f"{_VIP_NAME}{_balancer(port)}"
    targets = [
        place.ref("network.network", port.network_id),
        *(place.ref("network.subnet", ip.subnet_id) for ip in port.fixed_ips),
        *(place.ref("network.security_group", group) for group in port.security_groups),
    ]
    edges = [
        *(resources.attached_to(target) for target in dict.fromkeys(targets)),
        *network_kinds.under(place, port.qos_policy_id),
    ]
    found = network_kinds.record(
        place.ref("network.port", port.id),
        port,
        name="" if is_vip else port.name,
        status=port.status,
        edges=[*edges, owner] if owner else edges,
        details={"device_owner": port.device_owner},
    )
    is_foreign = owner is None and port.device_owner not in ("", *_BORROWERS)
    return msgspec.structs.replace(found, manager=port.device_owner) if is_foreign else found


def _owner(port: Port, place: wire.Place) -> resources.Edge | None:
    """Return the edge to what ``port`` was made for, None where that is nothing known."""
    if port.device_owner in _NETWORK_PARTS:
        return resources.created_for(place.ref("network.network", port.network_id))
    if port.device_owner == VIP:
        balancer = _balancer(port)
        found = place.ref("load_balancer.load_balancer", balancer)
        return resources.created_for(found) if balancer else None
    is_compute = port.device_owner.startswith("compute:")
    role = _SERVER if is_compute else _ROLES.get(port.device_owner)
    if role is None or not port.device_id:
        return None
    owner = place.ref(role.kind, port.device_id)
    return resources.created_for(owner, is_first=role.is_first, is_serving=role.is_serving)


def _balancer(port: Port) -> str:
    """Return the id of the load balancer whose VIP the port is for, empty where it is for none."""
    is_vip = port.device_owner == VIP and port.device_id.startswith(_VIP_DEVICE)
    return port.device_id.removeprefix(_VIP_DEVICE) if is_vip else ""
