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
"""What may be deleted in Neutron, and what goes along.

Each `check_*` raises the 409 (or 403) that a real Neutron 29 answers, each `remove_*` leaves the
cloud as it would; statuses, types and messages were seen there.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body

AUTO_DELETED = {
    "network:dhcp",
    "network:distributed",
    "network:floatingip_agent_gateway",
}
"""Ports of the agents: they go with their network or subnet and never stop its deletion."""

ROUTER_OWNED = {
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
    "network:router_gateway",
    "network:router_centralized_snat",
    "network:floatingip",
}
"""Ports that only the router's and the floating IP's own calls remove."""


def conflict(kind: str, message: str) -> web.Refused:
    """A 409 of this type."""
    return web.Refused(409, message, kind)


def _ports(call: web.Call) -> list[Body]:
    return list(call.rows("network.port"))


def _is_on(port: Body, subnet_id: str) -> bool:
    return any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"])


def check_network(call: web.Call, body: Body) -> None:
    """Any port but the agents' keeps the network."""
    on_it = [
        port["id"]
        for port in _ports(call)
        if port["network_id"] == body["id"] and port["device_owner"] not in AUTO_DELETED
    ]
    if on_it:
        raise conflict(
            "NetworkInUse",
            f"Unable to complete operation on network {body['id']}. There are one or more ports "
            f"still in use on the network, id for these ports is: {','.join(on_it)}.",
        )


def remove_network(cloud: cloud_module.Cloud, body: Body) -> None:
    """The network's subnets and its agents' ports are gone too."""
    for port in [p for p in cloud["network.port"] if p["network_id"] == body["id"]]:
        remove_port(cloud, port)
    for subnet_id in body["subnets"]:
        cloud["network.subnet"].remove(subnet_id)
    cloud["network.network"].remove(body["id"])


def check_subnet(call: web.Call, body: Body) -> None:
    """A port with an address of the subnet keeps it, unless it is an agent's."""
    if any(
        _is_on(port, body["id"]) and port["device_owner"] not in AUTO_DELETED
        for port in _ports(call)
    ):
        raise conflict(
            "SubnetInUse",
            f"Unable to complete operation on subnet {body['id']}: One or more ports have an IP "
            "allocation from this subnet.",
        )


def remove_subnet(cloud: cloud_module.Cloud, body: Body) -> None:
    """The network no longer has the subnet, nor the agents' ports an address of it."""
    for port in cloud["network.port"]:
        port["fixed_ips"] = [f for f in port["fixed_ips"] if f["subnet_id"] != body["id"]]
    network = cloud["network.network"].get(body["network_id"])
    if network is not None:
        network["subnets"].remove(body["id"])
        shapes.touch(cloud, network)
    cloud["network.subnet"].remove(body["id"])


def check_port(call: web.Call, body: Body) -> None:
    """What a router or floating IP owns is not deleted directly; a server's only by the admin.

    The latter is Neutron 29's policy: a member is refused for ``compute:*`` owners.
    """
    owner = body["device_owner"]
    if not call.token.is_admin and owner.startswith(("compute:", "baremetal:", "manila:")):
        collections.forbid("delete_port")
    if owner not in ROUTER_OWNED:
        return
    device = "network.floating_ip" if owner == shapes.FLOATING_IP else "network.router"
    if call.rows(device).get(body["device_id"]) is not None:
        raise conflict(
            "ServicePortInUse",
            f"Port {body['id']} cannot be deleted directly via the port API: has device owner "
            f"{owner}.",
        )


def remove_port(cloud: cloud_module.Cloud, body: Body) -> None:
    """Floating IPs that led to the port lead nowhere."""
    for floating_ip in cloud["network.floating_ip"]:
        if floating_ip["port_id"] == body["id"]:
            shapes.disconnect(cloud, floating_ip)
    cloud.made_by_nova.discard(body["id"])
    cloud["network.port"].remove(body["id"])


def check_router(call: web.Call, body: Body) -> None:
    """An interface keeps the router; its gateway does not."""
    inner = [
        port["id"]
        for port in _ports(call)
        if port["device_id"] == body["id"] and port["device_owner"] == shapes.INTERFACE
    ]
    if inner:
        raise conflict(
            "RouterInUse",
            f"Router {body['id']} has ports still attached: {','.join(inner)}",
        )


def remove_router(cloud: cloud_module.Cloud, body: Body) -> None:
    """The gateway's port is gone too."""
    for port in [p for p in cloud["network.port"] if p["device_id"] == body["id"]]:
        remove_port(cloud, port)
    cloud["network.router"].remove(body["id"])


def check_floating_ip(_call: web.Call, _body: Body) -> None:
    """Nothing keeps a floating IP, connected or not."""


def remove_floating_ip(cloud: cloud_module.Cloud, body: Body) -> None:
    """The floating IP's own port is gone too."""
    for port in [p for p in cloud["network.port"] if p["device_id"] == body["id"]]:
        remove_port(cloud, port)
    cloud["network.floating_ip"].remove(body["id"])


def check_security_group(call: web.Call, body: Body) -> None:
    """A port keeps its groups; a project's ``default`` goes only by the administrator's hand."""
    if body["name"] == "default" and not call.token.is_admin:
        text = "Insufficient rights for removing default security group."
        raise conflict("SecurityGroupCannotRemoveDefault", text)
    if any(body["id"] in port["security_groups"] for port in _ports(call)):
        raise conflict("SecurityGroupInUse", f"Security Group {body['id']} in use.")


def remove_security_group(cloud: cloud_module.Cloud, body: Body) -> None:
    """Rules of other groups that named this one are gone too."""
    cloud["network.security_group"].remove(body["id"])
    for group in cloud["network.security_group"]:
        rules = group["security_group_rules"]
        rules[:] = [rule for rule in rules if rule["remote_group_id"] != body["id"]]


REMOVALS = {
    collections.NETWORKS: (check_network, remove_network),
    collections.SUBNETS: (check_subnet, remove_subnet),
    collections.PORTS: (check_port, remove_port),
    collections.ROUTERS: (check_router, remove_router),
    collections.FLOATING_IPS: (check_floating_ip, remove_floating_ip),
    collections.SECURITY_GROUPS: (check_security_group, remove_security_group),
}
