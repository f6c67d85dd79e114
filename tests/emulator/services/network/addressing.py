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
"""The addresses that a port asks for, and whether it may have them.

Seen on a real Neutron 29: the gateway's address may be asked for, the first and the last of an
IPv4 subnet not; an address that a port has is 409, and so is a network without any left.
"""

import ipaddress

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body


def new_mac(call: web.Call) -> str:
    """A MAC address with Neutron's own beginning."""
    return "fa:16:3e:{:02x}:{:02x}:{:02x}".format(*call.cloud.random.randbytes(3))


def fixed_ips(
    call: web.Call,
    on: Body,
    mac: str,
    wanted: list[Body] | None,
    *,
    mine: Body | None = None,
    versions: str = "46",
) -> list[Body]:
    """The addresses for a port on the network: those wanted, or one of each version.

    What the port `mine` has already, it may keep. An empty list is no address at all.
    """
    try:
        if wanted is None:
            return shapes.of_network(call.cloud, on, mac, versions=versions)
        found: list[Body] = []
        for one in wanted:
            found.append(_fixed_ip(call, on, mac, one, mine, found))
    except shapes.NoAddressLeft:
        text = f"No more IP addresses available on network {on['id']}."
        raise policy.conflict("IpAddressGenerationFailure", text) from None
    return found


def with_automatic(call: web.Call, on: Body, mac: str, found: list[Body]) -> list[Body]:
    """Those found, and one of each other subnet whose addresses are automatic.

    A port of a tenant has one of those whatever it asks for; a router's has not.
    """
    there = {one["subnet_id"] for one in found}
    subnets = [call.rows("network.subnet").get(key) for key in on["subnets"]]
    return found + [
        shapes.fixed(one, shapes.eui64(one, mac))
        for one in subnets
        if one is not None and one["id"] not in there and shapes.is_automatic(one)
    ]


def _fixed_ip(
    call: web.Call, on: Body, mac: str, wanted: Body, mine: Body | None, found: list[Body]
) -> Body:
    subnet = _subnet(call, on, wanted)
    if "ip_address" not in wanted:
        had = mine["fixed_ips"] if mine else []
        kept = [fixed for fixed in had if fixed["subnet_id"] == subnet["id"]]
        kept = [fixed for fixed in kept if fixed not in found]
        return kept[0] if kept else _next(call, on, mac, subnet)
    address = str(ipaddress.ip_address(wanted["ip_address"]))
    one = {"subnet_id": subnet["id"], "ip_address": address}
    is_mine = mine is not None and one in mine["fixed_ips"]
    if not is_mine and address in shapes.in_use(call.cloud, subnet):
        raise in_use(subnet, address)
    return one


def _next(call: web.Call, on: Body, mac: str, subnet: Body) -> Body:
    """An address of this subnet that is free, automatic where the subnet is."""
    alone = {**on, "subnets": [subnet["id"]]}
    return shapes.of_network(call.cloud, alone, mac)[0]


def in_use(subnet: Body, address: str) -> web.Refused:
    """The 409 for an address that a port has."""
    text = f"IP address {address} already allocated in subnet {subnet['id']}"
    return policy.conflict("IpAddressAlreadyAllocated", text)


def _subnet(call: web.Call, on: Body, wanted: Body) -> Body:
    """The subnet that is named, or in which the address lies."""
    if "subnet_id" in wanted:
        subnet = policy.find(call, collections.SUBNETS, wanted["subnet_id"])
        if subnet["network_id"] != on["id"]:
            raise fields.invalid(
                f"Failed to create port on network {on['id']}, because fixed_ips included "
                f"invalid subnet {subnet['id']}"
            )
        if "ip_address" in wanted and not _is_usable(subnet, wanted["ip_address"]):
            raise _invalid("InvalidIpForSubnet", wanted, "the specified subnet")
        return subnet
    if "ip_address" not in wanted:
        raise fields.invalid("IP allocation requires subnet_id or ip_address")
    for key in on["subnets"]:
        found = call.rows("network.subnet").get(key)
        if found is not None and _is_usable(found, wanted["ip_address"]):
            return found
    where = "any of the subnets on the specified network"
    raise _invalid("InvalidIpForNetwork", wanted, where)


def _invalid(kind: str, wanted: Body, where: str) -> web.Refused:
    text = f"IP address {wanted['ip_address']} is not a valid IP for {where}."
    return web.Refused(400, text, kind)


def _is_usable(subnet: Body, text: str) -> bool:
    address, cidr = ipaddress.ip_address(text), ipaddress.ip_network(subnet["cidr"])
    return address in cidr and (cidr.version == 6 or address not in (cidr[0], cidr[-1]))
