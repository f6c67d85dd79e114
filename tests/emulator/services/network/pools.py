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
"""Subnet pools and address scopes, and subnets that come from a pool.

Sources: API reference, Networking v2.0, "Subnet pools" and "Address scopes"; statuses, types and
messages seen on a real Neutron 29.
"""

import ipaddress
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import changes
from tests.emulator.services.network import collections
from tests.emulator.services.network import policy
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body

LENGTHS = ("min_prefixlen", "default_prefixlen", "max_prefixlen")


def make_scope(call: web.Call, wanted: Body) -> Body:
    """An address scope."""
    return shapes.address_scope(
        call.cloud,
        wanted["name"],
        wanted["project_id"],
        ip_version=wanted["ip_version"],
        shared=wanted["shared"],
    )


def change_scope(_call: web.Call, body: Body, wanted: dict[str, Any]) -> changes.Apply:
    """Any field."""
    return changes.plain(body, wanted)


def check_scope_removal(call: web.Call, body: Body) -> None:
    """A pool keeps its scope."""
    if any(pool["address_scope_id"] == body["id"] for pool in call.rows("network.subnet_pool")):
        raise policy.conflict(
            "AddressScopeInUse",
            f"Unable to complete operation on address scope {body['id']}. There are one or more "
            "subnet pools in use on the address scope.",
        )


def remove_scope(cloud: cloud_module.Cloud, body: Body) -> None:
    """Nothing goes along."""
    cloud["network.address_scope"].remove(body["id"])


def make_pool(call: web.Call, wanted: Body) -> Body:
    """A pool of prefixes of one IP version, alone with them in its scope."""
    prefixes = [ipaddress.ip_network(one) for one in wanted["prefixes"]]
    if len({prefix.version for prefix in prefixes}) > 1:
        text = "Cannot mix IPv4 and IPv6 prefixes in a subnet pool."
        raise web.Refused(400, text, "PrefixVersionMismatch")
    _check_scope(call, wanted["address_scope_id"], prefixes)
    lengths = {key: wanted[key] for key in LENGTHS if key in wanted}
    _check_lengths(lengths)
    if "default_prefixlen" not in lengths and "min_prefixlen" in lengths:
        lengths["default_prefixlen"] = lengths["min_prefixlen"]
    plain = ("description", "is_default", "shared", "default_quota", "address_scope_id")
    return shapes.subnet_pool(
        call.cloud,
        wanted["name"],
        wanted["project_id"],
        wanted["prefixes"],
        **lengths,
        **{key: wanted[key] for key in plain},
    )


def _check_lengths(lengths: Body) -> None:
    low, high = lengths.get("min_prefixlen"), lengths.get("max_prefixlen")
    if low is not None and high is not None and low > high:
        text = f"Illegal prefix bounds: min_prefixlen={low}, max_prefixlen={high}."
        raise web.Refused(400, text, "IllegalSubnetPoolPrefixBounds")


def _check_scope(call: web.Call, scope_id: str | None, prefixes: list[Any]) -> None:
    if scope_id is None:
        return
    policy.find(call, collections.ADDRESS_SCOPES, scope_id)
    for pool in call.rows("network.subnet_pool"):
        there = [ipaddress.ip_network(one) for one in pool["prefixes"]]
        if pool["address_scope_id"] == scope_id and any(
            mine.version == other.version and mine.overlaps(other)
            for mine in prefixes
            for other in there
        ):
            text = (
                "Failed to associate address scope: subnetpools within an address scope must "
                "have unique prefixes."
            )
            raise policy.conflict("AddressScopePrefixConflict", text)


def change_pool(call: web.Call, body: Body, wanted: dict[str, Any]) -> changes.Apply:
    """Any field; prefixes only become more. A PUT of nothing is a new revision, too (seen)."""
    if "prefixes" in wanted:
        after = [ipaddress.ip_network(one) for one in wanted["prefixes"]]
        for one in body["prefixes"]:
            before = ipaddress.ip_network(one)
            if not any(before.subnet_of(more) for more in after):  # type: ignore[arg-type]
                text = (
                    "Illegal update to prefixes: Existing prefixes must be a subset of the new "
                    "prefixes."
                )
                raise web.Refused(400, text, "IllegalSubnetPoolPrefixUpdate")

    def apply() -> None:
        changes.plain(body, wanted)()
        shapes.touch(call.cloud, body)

    return apply


def check_pool_removal(call: web.Call, body: Body) -> None:
    """A subnet of it keeps the pool, with 400 and not 409 (seen)."""
    if any(subnet["subnetpool_id"] == body["id"] for subnet in call.rows("network.subnet")):
        text = "Unable to delete subnet pool: Subnet pool has existing allocations."
        raise web.Refused(400, text, "SubnetPoolDeleteError")


def remove_pool(cloud: cloud_module.Cloud, body: Body) -> None:
    """Nothing goes along."""
    cloud["network.subnet_pool"].remove(body["id"])


def of_subnet(call: web.Call, wanted: Body) -> Body | None:
    """The pool that a new subnet is to come from; None if from none."""
    if wanted.get("subnetpool_id") is not None:
        return policy.find(call, collections.SUBNET_POOLS, wanted["subnetpool_id"])
    if not wanted["use_default_subnetpool"]:
        return None
    for pool in call.rows("network.subnet_pool"):
        if pool["is_default"] and pool["ip_version"] == wanted["ip_version"]:
            return pool
    reason = f"No default subnetpool found for IPv{wanted['ip_version']}"
    raise policy.bad_request("subnets", f"{reason}.")


def take(call: web.Call, pool: Body, wanted: Body) -> str:
    """The CIDR asked for, or the first free one of the length asked for."""
    taken = [
        ipaddress.ip_network(subnet["cidr"])
        for subnet in call.rows("network.subnet")
        if subnet["subnetpool_id"] == pool["id"]
    ]
    if wanted.get("cidr") is not None:
        return _as_asked(pool, wanted["cidr"], taken)
    length = wanted.get("prefixlen", pool["default_prefixlen"])
    _check_length(pool, length)
    for prefix in pool["prefixes"]:
        whole = ipaddress.ip_network(prefix)
        for one in whole.subnets(new_prefix=length) if length >= whole.prefixlen else ():
            if not any(one.overlaps(other) for other in taken):
                return str(one)
    raise _none_left()


def _as_asked(pool: Body, cidr: str, taken: list[Any]) -> str:
    asked = ipaddress.ip_network(cidr)
    _check_length(pool, asked.prefixlen)
    prefixes = [ipaddress.ip_network(prefix) for prefix in pool["prefixes"]]
    is_inside = any(asked.subnet_of(prefix) for prefix in prefixes)  # type: ignore[arg-type]
    if not is_inside or any(asked.overlaps(other) for other in taken):
        raise _none_left("Cannot allocate requested subnet from the available set of prefixes.")
    return cidr


def _none_left(reason: str = "Insufficient prefix space to allocate subnet size.") -> web.Refused:
    """A pool without room is 500 (seen on a real Neutron 29)."""
    return web.Refused(500, f"Failed to allocate subnet: {reason}", "SubnetAllocationError")


def _check_length(pool: Body, length: int) -> None:
    low, high = pool["min_prefixlen"], pool["max_prefixlen"]
    if length < low:
        raise _length(length, "Min", f"minimum allowed prefix is {low}")
    if length > high:
        raise _length(length, "Max", f"maximum allowed prefix is {high}")


def _length(length: int, bound: str, reason: str) -> web.Refused:
    text = f"Unable to allocate subnet with prefix length {length}, {reason}."
    return web.Refused(400, text, f"{bound}PrefixSubnetAllocationError")
