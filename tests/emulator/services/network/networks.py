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
"""Networks: made, changed, removed.

Sources: API reference, Networking v2.0, "Networks"; statuses, types, messages and orders seen on
a real Neutron 29.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import changes
from tests.emulator.services.network import fields
from tests.emulator.services.network import floating_ips
from tests.emulator.services.network import policy
from tests.emulator.services.network import ports
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body

MTU = {"flat": 1500, "vlan": 1500, "vxlan": 1450, "geneve": 1450, "gre": 1450, "local": 1500}

AUTO_DELETED = {
    "network:dhcp",
    "network:distributed",
    "network:floatingip_agent_gateway",
}
"""Ports of the agents: they go with their network or subnet and never stop its deletion."""


def make(call: web.Call, wanted: Body) -> Body:
    """A network of the tenants' own type unless the administrator says which."""
    provider = _provider(call, wanted)
    most = MTU[provider["provider:network_type"]]
    _check_mtu(wanted["mtu"], most)
    for hint in wanted["availability_zone_hints"]:
        text = f"AvailabilityZone {hint} could not be found."
        raise web.Refused(404, text, "AvailabilityZoneNotFound")
    plain = {
        key: wanted[key]
        for key in (
            *("description", "admin_state_up", "shared", "is_default", "dns_domain"),
            *("port_security_enabled", "qos_policy_id"),
        )
    }
    return shapes.network(
        call.cloud,
        wanted["name"],
        wanted["project_id"],
        **{"router:external": wanted["router:external"]},
        mtu=wanted["mtu"] or most,
        **plain,
        **provider,
    )


def _provider(call: web.Call, wanted: Body) -> Body:
    """The provider attributes; 400 for unknown types, 409 for what is taken."""
    sort = wanted.get("provider:network_type", "vxlan")
    physical = wanted.get("provider:physical_network")
    number = wanted.get("provider:segmentation_id")
    if sort not in MTU:
        raise fields.invalid(f"network_type value '{sort}' not supported")
    if sort == "vlan" and number is not None and physical is None:
        raise fields.invalid("segmentation_id requires physical_network for VLAN provider network")
    if sort == "flat" and physical is None:
        raise fields.invalid("physical_network required for flat provider network")
    for other in call.rows("network.network"):
        if sort == "flat" and other["provider:physical_network"] == physical:
            text = f"Unable to create the flat network. Physical network {physical} is in use."
            raise policy.conflict("FlatNetworkInUse", text)
    if number is None and sort != "flat":
        number = call.cloud.random.randrange(1, 4095 if sort == "vlan" else 65536)
    return {
        "provider:network_type": sort,
        "provider:physical_network": physical,
        "provider:segmentation_id": number,
    }


def _check_mtu(asked: int, most: int) -> None:
    if asked > most:
        raise fields.invalid(f"Requested MTU is too big, maximum is {most}")


def change(_call: web.Call, body: Body, wanted: dict[str, Any]) -> changes.Apply:
    """Any field; the MTU no higher than the network's type allows."""
    _check_mtu(wanted.get("mtu", 0), MTU[body["provider:network_type"] or "vxlan"])
    return changes.plain(body, wanted)


def check_removal(call: web.Call, body: Body) -> None:
    """Any port but the agents' keeps the network.

    Floating IPs of it that lead nowhere are gone even so (seen: a refused DELETE of an external
    network takes along everybody's).
    """
    for floating_ip in list(call.rows("network.floating_ip")):
        if floating_ip["floating_network_id"] == body["id"] and not floating_ip["port_id"]:
            floating_ips.remove(call.cloud, floating_ip)
    on_it = [
        port["id"]
        for port in call.rows("network.port").where("network_id", body["id"])
        if port["device_owner"] not in AUTO_DELETED
    ]
    if on_it:
        raise policy.conflict(
            "NetworkInUse",
            f"Unable to complete operation on network {body['id']}. There are one or more ports "
            f"still in use on the network, id for these ports is: {','.join(on_it)}.",
        )


def remove(cloud: cloud_module.Cloud, body: Body) -> None:
    """The network's subnets and its agents' ports are gone too."""
    for port in list(cloud["network.port"].where("network_id", body["id"])):
        ports.remove(cloud, port)
    for subnet_id in body["subnets"]:
        cloud["network.subnet"].remove(subnet_id)
    for made in list(cloud[policy.RBAC].where("object_id", body["id"])):
        cloud[policy.RBAC].remove(made["id"])
    cloud["network.network"].remove(body["id"])
