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
"""Which address of a subnet is given to whom next."""

from collections.abc import Iterator
import ipaddress

from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body

AUTOMATIC = ("slaac", "dhcpv6-stateless")
"""IPv6 address modes in which a port's address follows from its MAC address."""


class NoAddressLeft(Exception):
    """Every address that the network has to give is in use."""


def in_use(cloud: Cloud, on: Body) -> set[str]:
    """The addresses of the subnet that a port has."""
    return {
        fixed["ip_address"]
        for port in cloud["network.port"].where("network_id", on["network_id"])
        for fixed in port["fixed_ips"]
        if fixed["subnet_id"] == on["id"]
    }


def next_address(cloud: Cloud, on: Body) -> str:
    """An address of the subnet's pools that no port has, the longest unused one of them.

    A real Neutron draws lots; here a cloud made from the same seed is the same.
    """
    taken = in_use(cloud, on)
    pools = [
        (ipaddress.ip_address(pool["start"]), ipaddress.ip_address(pool["end"]))
        for pool in on["allocation_pools"]
    ]
    size = sum(int(end) - int(start) + 1 for start, end in pools)
    begun = cloud.addresses.get(on["id"], 0)
    for step in range(min(size, len(taken) + 1)):
        number = (begun + step) % size
        address = _at(pools, number)
        if address not in taken:
            cloud.addresses[on["id"]] = number + 1
            return address
    raise NoAddressLeft(on["network_id"])


def _at(
    pools: list[
        tuple[
            ipaddress.IPv4Address | ipaddress.IPv6Address,
            ipaddress.IPv4Address | ipaddress.IPv6Address,
        ]
    ],
    number: int,
) -> str:
    for start, end in reversed(pools):
        span = int(end) - int(start) + 1
        if number < span:
            return str(start + number)
        number -= span
    raise IndexError(number)


def of_network(cloud: Cloud, on: Body, mac_address: str, *, versions: str = "46") -> list[Body]:
    """The addresses of a new port that asks for none: one for each version that there is.

    Of each IPv6 subnet with automatic addresses it has one besides (API reference, "Create
    port"; seen on a real Neutron 29).
    """
    found = []
    subnets = [cloud["network.subnet"].get(key) for key in on["subnets"]]
    there = [one for one in subnets if one is not None and str(one["ip_version"]) in versions]
    for version in (4, 6):
        given = [one for one in there if one["ip_version"] == version and not is_automatic(one)]
        found += list(_first_left(cloud, given))
    automatic = [one for one in there if is_automatic(one)]
    found += [fixed(one, eui64(one, mac_address)) for one in automatic]
    return found


def _first_left(cloud: Cloud, subnets: list[Body]) -> Iterator[Body]:
    """An address of the first subnet that has one; nothing if there is no subnet."""
    for number, on in enumerate(subnets):
        try:
            yield fixed(on, next_address(cloud, on))
        except NoAddressLeft:
            if number == len(subnets) - 1:
                raise
        else:
            return


def is_automatic(on: Body) -> bool:
    """Whether addresses of the subnet follow from MAC addresses."""
    return on["ipv6_address_mode"] in AUTOMATIC


def fixed(on: Body, address: str) -> Body:
    """One of a port's addresses."""
    return {"subnet_id": on["id"], "ip_address": address}


def eui64(on: Body, mac_address: str) -> str:
    """The address that a MAC address has in an IPv6 subnet (RFC 4291, appendix A)."""
    octets = [int(part, 16) for part in mac_address.split(":")]
    octets[0] ^= 2
    low = int.from_bytes(bytes([*octets[:3], 0xFF, 0xFE, *octets[3:]]))
    return str(ipaddress.ip_network(on["cidr"])[low])


def dns_assignment(fixed_ips: list[Body]) -> list[Body]:
    """What Neutron's own name service says of a port without a name in it."""
    named = []
    for one in fixed_ips:
        host = "host-" + one["ip_address"].replace(".", "-").replace(":", "-")
        named.append(
            {
                "ip_address": one["ip_address"],
                "hostname": host,
                "fqdn": f"{host}.openstacklocal.",
            }
        )
    return named
