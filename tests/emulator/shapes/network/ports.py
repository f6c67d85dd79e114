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
"""Ports, who has them, and trunks, which are ports within a port."""

from collections.abc import Sequence
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator.shapes.network import addresses
from tests.emulator.shapes.network import basic

Cloud = cloud_module.Cloud
Body = cloud_module.Body

GATEWAY = "network:router_gateway"
INTERFACE = "network:router_interface"
FLOATING_IP = "network:floatingip"


def port(
    cloud: Cloud, on: Body, *, project_id: str | None = None, address: str = "", **fields: Any
) -> Body:
    """A new port on the network, with addresses of its subnets if it has any.

    Its project is the network's unless given; ports that Neutron makes for itself have none,
    that is ``""``. NoAddressLeft is raised if the subnets are exhausted.
    """
    owner = on["project_id"] if project_id is None else project_id
    mac = fields.pop("mac_address", None) or new_mac(cloud)
    fixed_ips = fields.pop("fixed_ips", None)
    if fixed_ips is None and address:
        fixed_ips = [{"subnet_id": key, "ip_address": address} for key in on["subnets"][:1]]
    if fixed_ips is None:
        fixed_ips = addresses.of_network(cloud, on, mac)
    return cloud["network.port"].add(
        {
            **basic.common(cloud, owner, revision=1),
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
            "dns_assignment": addresses.dns_assignment(fixed_ips),
            "resource_request": None,
            "ip_allocation": "immediate" if fixed_ips else "none",
            **unbound(),
            **fields,
        }
    )


def new_mac(cloud: Cloud) -> str:
    """A MAC address with Neutron's own beginning."""
    return "fa:16:3e:{:02x}:{:02x}:{:02x}".format(*cloud.random.randbytes(3))


def unbound() -> Body:
    """The binding of a port that no host has."""
    return {
        "binding:vnic_type": "normal",
        "binding:profile": {},
        "binding:host_id": "",
        "binding:vif_type": "unbound",
        "binding:vif_details": {},
    }


def bound(host: str) -> Body:
    """The binding of a port that a host has, by a mechanism driver named ``openvswitch``."""
    return {
        "binding:host_id": host,
        "binding:vif_type": "ovs",
        "binding:vif_details": {"port_filter": True, "bound_drivers": {"0": "openvswitch"}},
    }


def trunk(
    cloud: Cloud, parent: Body, *, name: str = "", sub_ports: Sequence[Body] = (), **fields: Any
) -> Body:
    """A new trunk of the port; `sub_ports` name port_id, segmentation_type, segmentation_id.

    Sub-ports keep their empty device_owner until an agent has wired them (seen on a real
    Neutron 29 without agents); one that was wired has ``trunk:subport``.
    """
    return cloud["network.trunk"].add(
        {
            **basic.common(cloud, parent["project_id"], revision=0),
            "name": name,
            "admin_state_up": True,
            "port_id": parent["id"],
            "status": "DOWN",
            "sub_ports": list(sub_ports),
            **fields,
        }
    )
