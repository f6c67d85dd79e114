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
"""What all of Neutron's resources have, and networks and subnets."""

import ipaddress
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def common(cloud: Cloud, project_id: str, *, revision: int) -> Body:
    """The fields that nearly every resource has, as they are when it is new."""
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
            **common(cloud, project_id, revision=1),
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
    """A new subnet of the network, of the network's project unless the fields name another.

    Unless the fields say otherwise an IPv4 one has its first address for the gateway, an IPv6
    one the address of the subnet itself (seen on a real Neutron 29), and all others to give.
    """
    addresses = ipaddress.ip_network(cidr)
    body = {
        **common(cloud, on["project_id"], revision=0),
        "name": name,
        "network_id": on["id"],
        "ip_version": addresses.version,
        "subnetpool_id": None,
        "enable_dhcp": True,
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "gateway_ip": str(addresses[1] if addresses.version == 4 else addresses[0]),
        "cidr": str(addresses),
        "host_routes": [],
        "dns_nameservers": [],
        "router:external": on["router:external"],
        "service_types": [],
        "segment_id": None,
        **fields,
    }
    if "allocation_pools" not in body:
        body["allocation_pools"] = _pools(addresses, body["gateway_ip"])
    on["subnets"].append(body["id"])
    touch(cloud, on)
    return cloud["network.subnet"].add(body)


def _pools(
    addresses: ipaddress.IPv4Network | ipaddress.IPv6Network, gateway_ip: str | None
) -> list[Body]:
    """All addresses but the gateway's and, of IPv4, the first and the last.

    The part after the gateway comes first, as a real Neutron 29 lists it.
    """
    kind = ipaddress.IPv4Address if addresses.version == 4 else ipaddress.IPv6Address
    low, high = int(addresses[0]), int(addresses[-1])
    if addresses.prefixlen < addresses.max_prefixlen - 1:
        low, high = low + 1, high - (addresses.version == 4)
    spans = [(low, high)]
    if gateway_ip is not None and ipaddress.ip_address(gateway_ip) in addresses:
        gateway = int(ipaddress.ip_address(gateway_ip))
        spans = [(max(low, gateway + 1), high), (low, min(high, gateway - 1))]
    return [{"start": str(kind(s)), "end": str(kind(e))} for s, e in spans if s <= e]
