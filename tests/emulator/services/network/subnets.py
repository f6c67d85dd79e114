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
"""Subnets: made, changed, removed.

Sources: API reference, Networking v2.0, "Subnets"; statuses, types, messages and orders seen on
a real Neutron 29.
"""

import ipaddress
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import changes
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import networks
from tests.emulator.services.network import policy
from tests.emulator.services.network import pools
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body
Cidr = ipaddress.IPv4Network | ipaddress.IPv6Network


def make(call: web.Call, wanted: Body) -> Body:
    """A subnet of a network of the caller's; 403 for another's, whether he sees it or not."""
    on = call.rows("network.network").get(wanted["network_id"])
    if on is None:
        raise collections.NETWORKS.missing(wanted["network_id"])
    if not policy.owns(call, on["project_id"]):
        raise policy.forbidden("create_subnet")
    pool = pools.of_subnet(call, wanted)
    cidr = ipaddress.ip_network(pools.take(call, pool, wanted) if pool else _cidr(wanted))
    _check_version(cidr, wanted)
    _check_modes(cidr, wanted)
    _check_size(cidr, wanted)
    gateway = {"gateway_ip": wanted["gateway_ip"]} if "gateway_ip" in wanted else {}
    if gateway:
        _check_gateway(cidr, gateway["gateway_ip"])
    _check_overlap(call, on, cidr)
    implied = gateway.get("gateway_ip", str(cidr[1] if cidr.version == 4 else cidr[0]))
    given = (
        {"allocation_pools": wanted["allocation_pools"]} if "allocation_pools" in wanted else {}
    )
    if given:
        check_pools(cidr, given["allocation_pools"], implied)
    plain = {
        key: wanted[key]
        for key in (
            *("project_id", "tenant_id", "description", "enable_dhcp", "ipv6_ra_mode"),
            *("ipv6_address_mode", "service_types", "segment_id"),
        )
    }
    lists = {key: wanted.get(key, []) for key in ("dns_nameservers", "host_routes")}
    made = shapes.subnet(
        call.cloud,
        wanted["name"],
        on,
        cidr=str(cidr),
        subnetpool_id=pool["id"] if pool else None,
        **plain,
        **lists,
        **gateway,
        **given,
    )
    if pool is not None:
        on[f"ipv{cidr.version}_address_scope"] = pool["address_scope_id"]
    return made


def _cidr(wanted: Body) -> str:
    if wanted.get("cidr") is None:
        reason = "a subnetpool must be specified in the absence of a cidr."
        raise policy.bad_request("subnets", reason)
    return str(wanted["cidr"])


def _check_version(cidr: Cidr, wanted: Body) -> None:
    version = wanted["ip_version"]
    if cidr.version != version:
        raise fields.invalid(f"cidr '{cidr}' does not match the ip_version '{version}'")


def _check_modes(cidr: Cidr, wanted: Body) -> None:
    """IPv6 modes only for IPv6 with DHCP, both the same, automatic addresses in a /64."""
    given = [key for key in ("ipv6_ra_mode", "ipv6_address_mode") if wanted[key]]
    if not given:
        return
    if wanted["ip_version"] == 4:
        raise fields.invalid(f"{given[0]} is not valid when ip_version is 4")
    if not wanted["enable_dhcp"]:
        text = "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False"
        raise fields.invalid(text)
    router, address = wanted["ipv6_ra_mode"], wanted["ipv6_address_mode"]
    if router and address and router != address:
        raise fields.invalid(
            f"ipv6_ra_mode set to '{router}' with ipv6_address_mode set to '{address}' is not "
            "valid. If both attributes are set, they must be the same value"
        )
    if address in ("slaac", "dhcpv6-stateless") and cidr.prefixlen != 64:
        raise fields.invalid(
            f"Invalid CIDR {cidr} for IPv6 address mode. OpenStack uses the EUI-64 address "
            "format, which requires the prefix to be /64"
        )


def _check_size(cidr: Cidr, wanted: Body) -> None:
    """A subnet with DHCP has room for it."""
    if not wanted["enable_dhcp"]:
        return
    if cidr.prefixlen > cidr.max_prefixlen - 2:
        text = "Subnet has a prefix length that is incompatible with DHCP service enabled"
        raise fields.invalid(text)
    if cidr.version == 4 and str(cidr[0]) == "0.0.0.0":  # noqa: S104
        text = f"First IP '{cidr[0]}' of network is not supported if enable_dhcp is True."
        raise fields.invalid(text)


def _check_gateway(cidr: Cidr, gateway_ip: str | None) -> None:
    if gateway_ip is None or cidr.version == 6:
        return
    if ipaddress.ip_address(gateway_ip) in (cidr[0], cidr[-1]):
        raise fields.invalid("Gateway is not valid on subnet")


def _check_overlap(call: web.Call, on: Body, cidr: Cidr) -> None:
    for other in call.rows("network.subnet").where("network_id", on["id"]):
        there = ipaddress.ip_network(other["cidr"])
        if cidr.version == there.version and cidr.overlaps(there):
            raise fields.invalid(
                f"Requested subnet with cidr: {cidr} for network: {on['id']} overlaps with "
                "another subnet"
            )


def check_pools(cidr: Cidr, wanted: list[Body], gateway_ip: str | None) -> None:
    """Allocation pools lie within the subnet, apart, and leave the gateway out."""
    spans: list[tuple[int, int, str]] = []
    for one in wanted:
        start, end = ipaddress.ip_address(one["start"]), ipaddress.ip_address(one["end"])
        if int(start) > int(end):
            text = f"The allocation pool {one} is not valid."
            raise web.Refused(400, text, "InvalidAllocationPool")
        name = f"{start}-{end}"
        if start not in cidr or end not in cidr:
            text = f"The allocation pool {name} spans beyond the subnet cidr {cidr}."
            raise web.Refused(400, text, "OutOfBoundsAllocationPool")
        for low, high, other in spans:
            if int(start) <= high and low <= int(end):
                text = f"Found overlapping allocation pools: {other} {name} for subnet {cidr}."
                raise policy.conflict("OverlappingAllocationPools", text)
        spans.append((int(start), int(end), name))
    _check_gateway_outside(spans, gateway_ip)


def _check_gateway_outside(spans: list[tuple[int, int, str]], gateway_ip: str | None) -> None:
    if gateway_ip is None:
        return
    gateway = int(ipaddress.ip_address(gateway_ip))
    for low, high, name in spans:
        if low <= gateway <= high:
            text = f"Gateway ip {gateway_ip} conflicts with allocation pool {name}."
            raise policy.conflict("GatewayConflictWithAllocationPools", text)


def change(call: web.Call, body: Body, wanted: dict[str, Any]) -> changes.Apply:
    """Any field; the gateway not while a router has it, and never within a pool."""
    cidr = ipaddress.ip_network(body["cidr"])
    gateway_ip = wanted.get("gateway_ip", body["gateway_ip"])
    if gateway_ip != body["gateway_ip"]:
        _check_gateway(cidr, gateway_ip)
        _check_gateway_free(call, body)
    if "gateway_ip" in wanted or "allocation_pools" in wanted:
        check_pools(cidr, wanted.get("allocation_pools", body["allocation_pools"]), gateway_ip)
    return changes.plain(body, wanted)


def _check_gateway_free(call: web.Call, body: Body) -> None:
    for port in call.rows("network.port").where("network_id", body["network_id"]):
        there = {"subnet_id": body["id"], "ip_address": body["gateway_ip"]}
        if port["device_owner"] == shapes.INTERFACE and there in port["fixed_ips"]:
            text = (
                f"Current gateway ip {body['gateway_ip']} already in use by port {port['id']}. "
                "Unable to update."
            )
            raise policy.conflict("GatewayIpInUse", text)


def check_removal(call: web.Call, body: Body) -> None:
    """An address that a port has of it keeps the subnet, but for the agents' ports."""
    for port in call.rows("network.port").where("network_id", body["network_id"]):
        if port["device_owner"] not in networks.AUTO_DELETED and is_on(port, body["id"]):
            raise policy.conflict(
                "SubnetInUse",
                f"Unable to complete operation on subnet {body['id']}: One or more ports have "
                "an IP allocation from this subnet.",
            )


def is_on(port: Body, subnet_id: str) -> bool:
    """Whether the port has an address of the subnet."""
    return any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"])


def remove(cloud: cloud_module.Cloud, body: Body) -> None:
    """The network no longer has the subnet, nor the agents' ports an address of it."""
    for port in list(cloud["network.port"].where("network_id", body["network_id"])):
        if is_on(port, body["id"]):
            rest = [fixed for fixed in port["fixed_ips"] if fixed["subnet_id"] != body["id"]]
            port["fixed_ips"] = rest
    network = cloud["network.network"].get(body["network_id"])
    if network is not None:
        network["subnets"].remove(body["id"])
        shapes.touch(cloud, network)
    cloud["network.subnet"].remove(body["id"])
