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
"""Routers with gateway and interfaces, and floating IPs."""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator.shapes.network import addresses
from tests.emulator.shapes.network import basic
from tests.emulator.shapes.network import ports

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def router(
    cloud: Cloud, name: str, project_id: str, *, external: Body | None = None, **fields: Any
) -> Body:
    """A new router; with a gateway port, which has no project, if an external network is given."""
    body = cloud["network.router"].add(
        {
            **basic.common(cloud, project_id, revision=1),
            "name": name,
            "admin_state_up": True,
            "status": "ACTIVE",
            "external_gateway_info": None,
            "availability_zones": [],
            "availability_zone_hints": [],
            "distributed": False,
            "ha": False,
            "routes": [],
            "flavor_id": None,
            **fields,
        }
    )
    if external is not None:
        set_gateway(cloud, body, external)
    return body


def set_gateway(
    cloud: Cloud,
    body: Body,
    external: Body,
    *,
    fixed_ips: list[Body] | None = None,
    enable_snat: bool = True,
) -> Body:
    """The router has a gateway on the external network; its port is returned."""
    made = ports.port(
        cloud,
        external,
        project_id="",
        device_id=body["id"],
        device_owner=ports.GATEWAY,
        fixed_ips=fixed_ips,
    )
    body["external_gateway_info"] = {
        "network_id": external["id"],
        "external_fixed_ips": made["fixed_ips"],
        "enable_snat": enable_snat,
    }
    basic.touch(cloud, body)
    return made


def interface(cloud: Cloud, body: Body, on: Body) -> Body:
    """The router has an interface on the subnet, at the subnet's gateway address."""
    net = cloud["network.network"].get(on["network_id"])
    assert net is not None
    made = ports.port(
        cloud,
        net,
        project_id=body["project_id"],
        device_id=body["id"],
        device_owner=ports.INTERFACE,
        fixed_ips=[{"subnet_id": on["id"], "ip_address": on["gateway_ip"]}],
        port_security_enabled=False,
    )
    basic.touch(cloud, body)
    return made


def floating_ip(
    cloud: Cloud,
    project_id: str,
    external: Body,
    *,
    description: str = "",
    fixed_ips: list[Body] | None = None,
) -> Body:
    """A new floating IP with its port, which has no project; not connected to anything yet."""
    body = {**basic.common(cloud, project_id, revision=0), "description": description}
    mac = ports.new_mac(cloud)
    owned = ports.port(
        cloud,
        external,
        project_id="",
        device_id=body["id"],
        device_owner=ports.FLOATING_IP,
        status="N/A",
        mac_address=mac,
        fixed_ips=fixed_ips or addresses.of_network(cloud, external, mac, versions="4"),
        revision_number=2,
    )
    body.update(
        {
            "floating_ip_address": owned["fixed_ips"][0]["ip_address"],
            "floating_network_id": external["id"],
            "router_id": None,
            "port_id": None,
            "fixed_ip_address": None,
            "status": "DOWN",
            "qos_policy_id": None,
            "port_details": None,
            "dns_domain": "",
            "dns_name": "",
            "port_forwardings": [],
        }
    )
    return cloud["network.floating_ip"].add(body)


def connect(cloud: Cloud, body: Body, to: Body, *, fixed_ip_address: str = "") -> None:
    """The floating IP leads to the port, through the router of the port's subnet if any."""
    on = {
        fixed["subnet_id"]
        for fixed in to["fixed_ips"]
        if not fixed_ip_address or fixed["ip_address"] == fixed_ip_address
    }
    routers = [
        inner["device_id"]
        for inner in cloud["network.port"].where("network_id", to["network_id"])
        if inner["device_owner"] == ports.INTERFACE
        and on & {fixed["subnet_id"] for fixed in inner["fixed_ips"]}
    ]
    first = to["fixed_ips"][0]["ip_address"] if to["fixed_ips"] else None
    body.update(
        port_id=to["id"],
        fixed_ip_address=fixed_ip_address or first,
        router_id=routers[0] if routers else None,
    )
    basic.touch(cloud, body)


def disconnect(cloud: Cloud, body: Body) -> None:
    """The floating IP leads nowhere."""
    body.update(port_id=None, fixed_ip_address=None, router_id=None)
    basic.touch(cloud, body)
