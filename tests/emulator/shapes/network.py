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
"""Networks, subnets, ports, routers, floating IPs and security groups, as Neutron keeps them.

Revision numbers start where a real Neutron 29 starts them: 1 for a network, port and security
group, 0 for a subnet and floating IP; and rise with each change (`touch`).
"""

import ipaddress
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body

GATEWAY = "network:router_gateway"
INTERFACE = "network:router_interface"
FLOATING_IP = "network:floatingip"


def _common(cloud: Cloud, project_id: str, *, revision: int) -> Body:
    now = clock.seconds(cloud.clock.now())
    return {
        "id": cloud.new_id(),
        "tenant_id": project_id,
        "project_id": project_id,
        "description": "",
        "tags": [],
        "created_at": now,
        "updated_at": now,
        "revision_number": revision,
    }


def touch(cloud: Cloud, body: Body) -> None:
    """The body has changed: its revision is one higher and its time of change is now."""
    body["revision_number"] += 1
    body["updated_at"] = clock.seconds(cloud.clock.now())


def network(
    cloud: Cloud, name: str, project_id: str, *, external: bool = False, **fields: Any
) -> Body:
    """A new network without subnets."""
    return cloud["network.network"].add(
        {
            **_common(cloud, project_id, revision=1),
            "name": name,
            "admin_state_up": True,
            "mtu": 1450,
            "status": "ACTIVE",
            "subnets": [],
            "shared": False,
            "availability_zone_hints": [],
            "availability_zones": [],
            "ipv4_address_scope": None,
            "ipv6_address_scope": None,
            "router:external": external,
            "port_security_enabled": True,
            "qos_policy_id": None,
            "dns_domain": "",
            "l2_adjacency": True,
            "is_default": False,
            "provider:network_type": "flat" if external else "vxlan",
            "provider:physical_network": "public" if external else None,
            "provider:segmentation_id": None if external else cloud.random.randrange(1, 65536),
            **fields,
        }
    )


def subnet(cloud: Cloud, name: str, on: Body, *, cidr: str = "10.9.0.0/24", **fields: Any) -> Body:
    """A new IPv4 subnet of the network, of the network's project."""
    addresses = ipaddress.ip_network(cidr)
    body = {
        **_common(cloud, on["project_id"], revision=0),
        "name": name,
        "network_id": on["id"],
        "ip_version": 4,
        "subnetpool_id": None,
        "enable_dhcp": True,
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "gateway_ip": str(addresses[1]),
        "cidr": cidr,
        "allocation_pools": [{"start": str(addresses[2]), "end": str(addresses[-2])}],
        "host_routes": [],
        "dns_nameservers": [],
        "router:external": on["router:external"],
        "service_types": [],
        "segment_id": None,
        **fields,
    }
    on["subnets"].append(body["id"])
    touch(cloud, on)
    return cloud["network.subnet"].add(body)


def next_address(cloud: Cloud, on: Body) -> str:
    """An address of the subnet that was not given before."""
    used = cloud.addresses.get(on["id"], 0)
    cloud.addresses[on["id"]] = used + 1
    pool = ipaddress.ip_network(on["cidr"])
    return str(pool[2 + used % (pool.num_addresses - 3)])


def port(
    cloud: Cloud, on: Body, *, project_id: str | None = None, address: str = "", **fields: Any
) -> Body:
    """A new port on the network, with an address of its first subnet if it has one.

    Its project is the network's unless given; ports that Neutron makes for itself have none,
    that is ``""``.
    """
    owner = on["project_id"] if project_id is None else project_id
    subnets = [cloud["network.subnet"].get(key) for key in on["subnets"][:1]]
    fixed_ips = [
        {"subnet_id": found["id"], "ip_address": address or next_address(cloud, found)}
        for found in subnets
        if found is not None
    ]
    mac = "fa:16:3e:{:02x}:{:02x}:{:02x}".format(*cloud.random.randbytes(3))
    return cloud["network.port"].add(
        {
            **_common(cloud, owner, revision=1),
            "name": "",
            "network_id": on["id"],
            "mac_address": mac,
            "admin_state_up": True,
            "status": "DOWN",
            "device_id": "",
            "device_owner": "",
            "fixed_ips": fixed_ips,
            "allowed_address_pairs": [],
            "extra_dhcp_opts": [],
            "security_groups": [],
            "port_security_enabled": bool(owner),
            "qos_policy_id": None,
            "qos_network_policy_id": None,
            "dns_name": "",
            "dns_assignment": [],
            "resource_request": None,
            "ip_allocation": "immediate",
            **unbound(),
            **fields,
        }
    )


def unbound() -> Body:
    """The binding of a port that no host has."""
    return {
        "binding:vnic_type": "normal",
        "binding:profile": {},
        "binding:host_id": "",
        "binding:vif_type": "unbound",
        "binding:vif_details": {},
    }


def router(
    cloud: Cloud, name: str, project_id: str, *, external: Body | None = None, **fields: Any
) -> Body:
    """A new router; with a gateway port, which has no project, if an external network is given."""
    body = cloud["network.router"].add(
        {
            **_common(cloud, project_id, revision=1),
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


def set_gateway(cloud: Cloud, body: Body, external: Body) -> Body:
    """The router has a gateway on the external network; its port is returned."""
    made = port(cloud, external, project_id="", device_id=body["id"], device_owner=GATEWAY)
    body["external_gateway_info"] = {
        "network_id": external["id"],
        "external_fixed_ips": made["fixed_ips"],
        "enable_snat": True,
    }
    touch(cloud, body)
    return made


def interface(cloud: Cloud, body: Body, on: Body) -> Body:
    """The router has an interface on the subnet, at the subnet's gateway address."""
    net = cloud["network.network"].get(on["network_id"])
    assert net is not None
    made = port(
        cloud,
        net,
        project_id=body["project_id"],
        device_id=body["id"],
        device_owner=INTERFACE,
        fixed_ips=[{"subnet_id": on["id"], "ip_address": on["gateway_ip"]}],
    )
    touch(cloud, body)
    return made


def floating_ip(cloud: Cloud, project_id: str, external: Body, *, description: str = "") -> Body:
    """A new floating IP with its port, which has no project; not connected to anything yet."""
    body = {**_common(cloud, project_id, revision=0), "description": description}
    owned = port(
        cloud,
        external,
        project_id="",
        device_id=body["id"],
        device_owner=FLOATING_IP,
        status="N/A",
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


def connect(cloud: Cloud, body: Body, to: Body) -> None:
    """The floating IP leads to the port, through the router of the port's subnet if any."""
    on = {fixed["subnet_id"] for fixed in to["fixed_ips"]}
    routers = [
        inner["device_id"]
        for inner in cloud["network.port"]
        if inner["device_owner"] == INTERFACE
        and on & {fixed["subnet_id"] for fixed in inner["fixed_ips"]}
    ]
    body.update(
        port_id=to["id"],
        fixed_ip_address=to["fixed_ips"][0]["ip_address"] if to["fixed_ips"] else None,
        router_id=routers[0] if routers else None,
    )
    touch(cloud, body)


def disconnect(cloud: Cloud, body: Body) -> None:
    """The floating IP leads nowhere."""
    body.update(port_id=None, fixed_ip_address=None, router_id=None)
    touch(cloud, body)


def security_group(cloud: Cloud, name: str, project_id: str, *, description: str = "") -> Body:
    """A new security group with the rules that Neutron gives each: all egress."""
    body = {
        **_common(cloud, project_id, revision=1),
        "name": name,
        "description": description,
        "stateful": True,
        "shared": False,
        "security_group_rules": [],
    }
    for ethertype in ("IPv4", "IPv6"):
        rule(cloud, body, direction="egress", ethertype=ethertype)
    return cloud["network.security_group"].add(body)


def default_security_group(cloud: Cloud, project_id: str) -> Body:
    """The project's ``default`` group, made if it is not there, with its ingress rules."""
    for body in cloud["network.security_group"]:
        if body["project_id"] == project_id and body["name"] == "default":
            return body
    description = "Default security group"
    body = security_group(cloud, "default", project_id, description=description)
    for ethertype in ("IPv4", "IPv6"):
        rule(cloud, body, ethertype=ethertype, remote_group_id=body["id"])
    return body


def rule(cloud: Cloud, group: Body, **fields: Any) -> Body:
    """The group has one more rule: ingress of everything unless the fields say otherwise."""
    body = {
        **_common(cloud, group["project_id"], revision=0),
        "security_group_id": group["id"],
        "ethertype": "IPv4",
        "direction": "ingress",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_address_group_id": None,
        "normalized_cidr": None,
        "remote_group_id": None,
        "belongs_to_default_sg": None,
        "standard_attr_id": cloud.random.randrange(1, 2**31),
        "description": None,
        **fields,
    }
    group["security_group_rules"].append(body)
    return body
