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
"""Networks and subnets: what Neutron makes of what is asked, and what it refuses.

Sources: API reference, Networking v2.0, "Networks" and "Subnets"; statuses, types and defaults
seen on a real Neutron 29.
"""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import network

Base = network.Base


@pytest.fixture(scope="module")
def base(people: callers.People, undo_module: contextlib.ExitStack) -> Base:
    """The member's network and what is made for the tests."""
    return network.settle(people, undo_module)


@pytest.fixture(scope="module")
def bare(base: Base) -> network.Body:
    """Another network, for subnets of the tests."""
    made: network.Body = base.net(name=f"{base.prefix}-bare")
    return made


def test_network_defaults(people: callers.People, base: Base) -> None:
    """A new network is active, up, neither shared nor external, and without subnets."""
    made = base.net()
    assert (made["name"], made["description"], made["status"]) == ("", "", "ACTIVE")
    assert made["admin_state_up"] is made["port_security_enabled"] is made["l2_adjacency"] is True
    assert made["shared"] is made["router:external"] is made["is_default"] is False
    assert made["subnets"] == made["tags"] == made["availability_zones"] == []
    assert made["mtu"] == 1450
    hidden = {"provider:network_type", "provider:physical_network", "provider:segmentation_id"}
    assert not hidden & set(made)
    shown = network.get(people.admin, f"/networks/{made['id']}")
    assert hidden <= set(shown)
    assert shown["provider:network_type"] == "vxlan"


@pytest.mark.parametrize(
    "field", ["shared", "router:external", "is_default", "provider:network_type"]
)
def test_administrators_fields(people: callers.People, base: Base, field: str) -> None:
    """Only the administrator shares networks, makes them external or says how they are made."""
    value = "vxlan" if field.startswith("provider") else True
    answer = network.ask(people.member, "POST", "/networks", {"network": {field: value}})
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    path = f"/networks/{base.network['id']}"
    answer = network.ask(people.member, "PUT", path, {"network": {field: value}})
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")


@pytest.mark.parametrize(
    ("wanted", "status", "kind"),
    [
        ({"admin_state_up": "maybe"}, 400, "InvalidInput"),
        ({"name": "x" * 256}, 400, "HTTPBadRequest"),
        ({"description": None}, 400, "HTTPBadRequest"),
        ({"mtu": "x"}, 400, "InvalidInput"),
        ({"mtu": 9000}, 400, "InvalidInput"),
        ({"tags": ["a"]}, 400, "HTTPBadRequest"),
        ({"status": "DOWN"}, 400, "HTTPBadRequest"),
        ({"availability_zone_hints": ["nowhere"]}, 404, "AvailabilityZoneNotFound"),
        ({"provider:network_type": "bogus"}, 400, "InvalidInput"),
        ({"provider:network_type": "vlan", "provider:segmentation_id": 5}, 400, "InvalidInput"),
    ],
)
def test_network_refused(
    people: callers.People, wanted: dict[str, Any], status: int, kind: str
) -> None:
    """What is no network."""
    answer = network.ask(people.admin, "POST", "/networks", {"network": wanted})
    assert network.refusal(answer) == (status, kind)


def test_flat_network_is_taken(people: callers.People, base: Base) -> None:
    """A physical network carries one flat network."""
    shown = network.get(people.admin, f"/networks/{base.external['id']}")
    physical = shown["provider:physical_network"]
    wanted = {"provider:network_type": "flat", "provider:physical_network": physical}
    answer = network.ask(people.admin, "POST", "/networks", {"network": wanted})
    assert network.refusal(answer) == (409, "FlatNetworkInUse")


def test_shared_network(people: callers.People, base: Base) -> None:
    """A shared network is seen by all, with its subnets, and changed by its owner alone."""
    made = base.net(name=f"{base.prefix}-shared")
    subnet = base.sub(made, "10.80.0.0/24")
    path = f"/networks/{made['id']}"
    network.one(network.ask(people.admin, "PUT", path, {"network": {"shared": True}}))
    assert network.get(people.stranger, path)["shared"] is True
    (found,) = network.get(people.stranger, "/networks", shared=True, id=made["id"])
    assert found["id"] == made["id"]
    assert network.get(people.stranger, f"/subnets/{subnet['id']}")["id"] == subnet["id"]
    for method, body in (("PUT", {"network": {"name": "x"}}), ("DELETE", None)):
        answer = network.ask(people.stranger, method, path, body)
        assert network.refusal(answer) == (403, "PolicyNotAuthorized")


def test_external_network(people: callers.People, base: Base) -> None:
    """The external network is everybody's to see, the administrator's to change."""
    query = {"router:external": True, "id": base.external["id"]}
    assert len(network.get(people.stranger, "/networks", **query)) == 1
    for path in (f"/networks/{base.external['id']}", f"/subnets/{base.external['subnets'][0]}"):
        assert network.ask(people.member, "GET", path).status_code == 200
        answer = network.ask(people.member, "DELETE", path)
        assert network.refusal(answer) == (403, "PolicyNotAuthorized")


def test_network_knows_its_subnets(people: callers.People, base: Base) -> None:
    """A new subnet is a new revision of its network, which lists it; so is its end."""
    made = base.net()
    path = f"/networks/{made['id']}"
    subnet = base.sub(made, "10.81.0.0/24")
    shown = network.get(people.member, path)
    assert (shown["subnets"], shown["revision_number"]) == ([subnet["id"]], 2)
    answer = network.ask(people.member, "DELETE", f"/subnets/{subnet['id']}")
    assert answer.status_code == 204
    shown = network.get(people.member, path)
    assert shown["subnets"] == []
    assert shown["revision_number"] > 2


def test_network_takes_its_subnets(people: callers.People, base: Base) -> None:
    """A network without ports goes, and its subnets with it; one with a port stays (409)."""
    made = base.net()
    subnet = base.sub(made, "10.82.0.0/24")
    port = base.port(network_id=made["id"])
    answer = network.ask(people.member, "DELETE", f"/networks/{made['id']}")
    assert network.refusal(answer) == (409, "NetworkInUse")
    assert port["id"] in answer.json()["NeutronError"]["message"]
    network.ask(people.member, "DELETE", f"/ports/{port['id']}")
    assert network.ask(people.member, "DELETE", f"/networks/{made['id']}").status_code == 204
    assert network.ask(people.member, "GET", f"/subnets/{subnet['id']}").status_code == 404


def test_use_before_revision(people: callers.People, base: Base) -> None:
    """What is in use is 409 whatever revision is named."""
    base.port()
    headers = {"If-Match": "revision_number=77"}
    path = f"/networks/{base.network['id']}"
    answer = network.ask(people.member, "DELETE", path, headers=headers)
    assert network.refusal(answer) == (409, "NetworkInUse")


@pytest.mark.parametrize(
    ("fields", "gateway", "pools"),
    [
        ({"cidr": "10.83.0.0/24"}, "10.83.0.1", [("10.83.0.2", "10.83.0.254")]),
        ({"cidr": "10.83.1.7/24"}, "10.83.1.1", [("10.83.1.2", "10.83.1.254")]),
        ({"cidr": "10.83.2.0/30"}, "10.83.2.1", [("10.83.2.2", "10.83.2.2")]),
        (
            {"cidr": "10.83.3.0/24", "gateway_ip": None, "enable_dhcp": False},
            None,
            [("10.83.3.1", "10.83.3.254")],
        ),
        (
            {"cidr": "10.83.4.0/24", "gateway_ip": "10.83.4.77"},
            "10.83.4.77",
            [("10.83.4.1", "10.83.4.76"), ("10.83.4.78", "10.83.4.254")],
        ),
        (
            {"cidr": "10.83.5.0/24", "gateway_ip": "10.84.0.1"},
            "10.84.0.1",
            [("10.83.5.1", "10.83.5.254")],
        ),
        (
            {
                "cidr": "10.83.6.0/24",
                "allocation_pools": [{"start": "10.83.6.5", "end": "10.83.6.9"}],
            },
            "10.83.6.1",
            [("10.83.6.5", "10.83.6.9")],
        ),
        (
            {"cidr": "fd00:83::/64", "ip_version": 6},
            "fd00:83::",
            [("fd00:83::1", "fd00:83::ffff:ffff:ffff:ffff")],
        ),
    ],
)
def test_subnet_defaults(
    base: Base,
    bare: network.Body,
    fields: dict[str, Any],
    gateway: str | None,
    pools: list[tuple[str, str]],
) -> None:
    """The gateway has the first address, IPv6 the subnet's own; all other addresses are given."""
    wanted = {"network_id": bare["id"], "ip_version": 4, **fields}
    made = base.make("/subnets", "subnet", **wanted)
    assert made["gateway_ip"] == gateway
    found = sorted((pool["start"], pool["end"]) for pool in made["allocation_pools"])
    assert found == sorted(pools)
    assert made["enable_dhcp"] is fields.get("enable_dhcp", True)
    assert made["host_routes"] == made["dns_nameservers"] == made["service_types"] == []
    assert made["ipv6_ra_mode"] is made["ipv6_address_mode"] is made["subnetpool_id"] is None
    assert made["router:external"] is False
    assert "segment_id" not in made


V6 = {"ip_version": 6, "cidr": "fd00:84::/64"}


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"cidr": "10.77.0.0/24"}, 400, "InvalidInput"),
        ({"cidr": "10.77.0.128/25"}, 400, "InvalidInput"),
        ({"cidr": "bogus"}, 400, "InvalidInput"),
        ({}, 400, "BadRequest"),
        ({"cidr": "10.85.0.0/24", "ip_version": 5}, 400, "HTTPBadRequest"),
        ({"cidr": "10.85.0.0/24", "ip_version": 6}, 400, "InvalidInput"),
        ({"cidr": "10.85.0.0/32"}, 400, "InvalidInput"),
        ({"cidr": "0.0.0.0/0"}, 400, "InvalidInput"),
        ({"cidr": "10.85.0.0/24", "gateway_ip": "10.85.0.0"}, 400, "InvalidInput"),
        ({"cidr": "10.85.0.0/24", "gateway_ip": "x"}, 400, "HTTPBadRequest"),
        ({"cidr": "10.85.0.0/24", "dns_nameservers": ["x"]}, 400, "HTTPBadRequest"),
        ({"cidr": "10.85.0.0/24", "ipv6_ra_mode": "slaac"}, 400, "InvalidInput"),
        ({**V6, "ipv6_ra_mode": "x"}, 400, "HTTPBadRequest"),
        ({**V6, "enable_dhcp": False, "ipv6_ra_mode": "slaac"}, 400, "InvalidInput"),
        (
            {**V6, "ipv6_ra_mode": "slaac", "ipv6_address_mode": "dhcpv6-stateful"},
            400,
            "InvalidInput",
        ),
        ({**V6, "cidr": "fd00:84::/80", "ipv6_address_mode": "slaac"}, 400, "InvalidInput"),
        ({"subnetpool_id": network.NOWHERE}, 404, "SubnetPoolNotFound"),
        ({"cidr": "10.85.0.0/24", "network_id": network.NOWHERE}, 404, "NetworkNotFound"),
        ({"cidr": "10.85.0.0/24", "network_id": "x"}, 400, "HTTPBadRequest"),
    ],
)
def test_subnet_refused(
    people: callers.People, base: Base, fields: dict[str, Any], status: int, kind: str
) -> None:
    """What is no subnet of the network."""
    wanted = {"network_id": base.network["id"], "ip_version": 4, **fields}
    answer = network.ask(people.member, "POST", "/subnets", {"subnet": wanted})
    assert network.refusal(answer) == (status, kind)


@pytest.mark.parametrize(
    ("pools", "status", "kind"),
    [
        ([(1, 6)], 409, "GatewayConflictWithAllocationPools"),
        ([(9, 6)], 400, "InvalidAllocationPool"),
        ([(9, 300)], 400, "OutOfBoundsAllocationPool"),
        ([(9, 60), (20, 80)], 409, "OverlappingAllocationPools"),
    ],
)
def test_pools_refused(
    people: callers.People, base: Base, pools: list[tuple[int, int]], status: int, kind: str
) -> None:
    """Pools lie within the subnet, apart from each other and from the gateway."""
    spans = [
        {"start": f"10.85.0.{low}", "end": f"10.85.{high // 256}.{high % 256}"}
        for low, high in pools
    ]
    wanted = {"network_id": base.network["id"], "ip_version": 4, "cidr": "10.85.0.0/24"}
    body = {"subnet": {**wanted, "allocation_pools": spans}}
    answer = network.ask(people.member, "POST", "/subnets", body)
    assert network.refusal(answer) == (status, kind)


@pytest.mark.parametrize("missing", ["network_id", "ip_version"])
def test_subnet_needs(people: callers.People, base: Base, missing: str) -> None:
    """A subnet without a network or a version is 400."""
    wanted = {"network_id": base.network["id"], "ip_version": 4, "cidr": "10.85.0.0/24"}
    del wanted[missing]
    answer = network.ask(people.member, "POST", "/subnets", {"subnet": wanted})
    assert network.refusal(answer) == (400, "HTTPBadRequest")


def test_strangers_subnet(people: callers.People, base: Base) -> None:
    """A subnet of another's network is 403, though the network is not seen."""
    wanted = {"network_id": base.network["id"], "ip_version": 4, "cidr": "10.85.0.0/24"}
    answer = network.ask(people.stranger, "POST", "/subnets", {"subnet": wanted})
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")


def test_subnet_changes(people: callers.People, base: Base, bare: network.Body) -> None:
    """The gateway moves only where no pool is; name servers and DHCP change; a CIDR never."""
    made = base.sub(bare, "10.86.0.0/24")
    path = f"/subnets/{made['id']}"

    def put(**fields: Any) -> Any:
        return network.ask(people.member, "PUT", path, {"subnet": fields})

    conflict = (409, "GatewayConflictWithAllocationPools")
    assert network.refusal(put(gateway_ip="10.86.0.9")) == conflict
    assert network.refusal(put(cidr="10.87.0.0/24")) == (400, "HTTPBadRequest")
    assert network.one(put(gateway_ip=None))["gateway_ip"] is None
    pools = [{"start": "10.86.0.20", "end": "10.86.0.30"}]
    changed = network.one(put(gateway_ip="10.86.0.9", allocation_pools=pools))
    assert (changed["gateway_ip"], changed["allocation_pools"]) == ("10.86.0.9", pools)
    changed = network.one(put(enable_dhcp=False, dns_nameservers=["8.8.8.8"]))
    assert (changed["enable_dhcp"], changed["dns_nameservers"]) == (False, ["8.8.8.8"])
    assert changed["revision_number"] == 3


def test_subnet_in_use(people: callers.People, base: Base, bare: network.Body) -> None:
    """A subnet of which a port has an address is 409, and goes after the port."""
    made = base.sub(bare, "10.88.0.0/24")
    fixed_ips = [{"subnet_id": made["id"]}]
    port = base.port(network_id=bare["id"], fixed_ips=fixed_ips)
    path = f"/subnets/{made['id']}"
    answer = network.ask(people.member, "DELETE", path)
    assert network.refusal(answer) == (409, "SubnetInUse")
    network.ask(people.member, "DELETE", f"/ports/{port['id']}")
    assert network.ask(people.member, "DELETE", path).status_code == 204


def test_subnet_filters(people: callers.People, base: Base) -> None:
    """By network, CIDR, IP version and DHCP; not by pools."""
    here = {"network_id": base.network["id"], "cidr": "10.77.0.0/24"}
    for query, count in (
        ({"ip_version": 4}, 1),
        ({"ip_version": 6}, 0),
        ({"enable_dhcp": True}, 1),
        ({"enable_dhcp": False}, 0),
        ({"shared": False}, 1),
        ({"gateway_ip": "10.77.0.1"}, 1),
    ):
        assert len(network.get(people.member, "/subnets", **here, **query)) == count, query
    answer = network.ask(people.member, "GET", "/subnets", params={"allocation_pools": "x"})
    assert network.refusal(answer) == (400, "HTTPBadRequest")


def test_network_filters(people: callers.People, base: Base) -> None:
    """By name, state, MTU and visibility; a boolean must be one."""
    here = {"id": base.network["id"]}
    for query, count in (
        ({"name": base.network["name"]}, 1),
        ({"status": ["ACTIVE", "DOWN"]}, 1),
        ({"admin_state_up": False}, 0),
        ({"mtu": 1450}, 1),
        ({"shared": False}, 1),
        ({"router:external": True}, 0),
        ({"provider:network_type": "vxlan"}, 1),
    ):
        assert len(network.get(people.member, "/networks", **here, **query)) == count, query
    for query in ({"shared": "x"}, {"mtu": "x"}):
        answer = network.ask(people.member, "GET", "/networks", params=query)
        assert network.refusal(answer) == (400, "InvalidInput")


def test_subnet_from_pool(people: callers.People, base: Base) -> None:
    """A subnet has the pool's next free addresses of the length asked for; then the pool stays."""
    on = base.net()
    scope = base.make("/address-scopes", "address_scope", name=base.prefix, ip_version=4)
    pool = base.make(
        *("/subnetpools", "subnetpool"),
        name=base.prefix,
        prefixes=["10.90.0.0/16"],
        default_prefixlen=24,
        address_scope_id=scope["id"],
    )
    wanted = {"network_id": on["id"], "ip_version": 4, "subnetpool_id": pool["id"]}
    cidrs = [
        base.make("/subnets", "subnet", **wanted, **more)["cidr"]
        for more in ({}, {"prefixlen": 26}, {"cidr": "10.90.77.0/24"})
    ]
    assert cidrs == ["10.90.0.0/24", "10.90.1.0/26", "10.90.77.0/24"]
    scopes = network.get(people.member, f"/networks/{on['id']}")["ipv4_address_scope"]
    assert scopes == scope["id"]
    for more, refusal in (
        ({"prefixlen": 4}, (400, "MinPrefixSubnetAllocationError")),
        ({"cidr": "10.91.0.0/24"}, (500, "SubnetAllocationError")),
    ):
        answer = network.ask(people.member, "POST", "/subnets", {"subnet": {**wanted, **more}})
        assert network.refusal(answer) == refusal
    answer = network.ask(people.member, "DELETE", f"/subnetpools/{pool['id']}")
    assert network.refusal(answer) == (400, "SubnetPoolDeleteError")
    answer = network.ask(people.member, "DELETE", f"/address-scopes/{scope['id']}")
    assert network.refusal(answer) == (409, "AddressScopeInUse")


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"prefixes": ["x"]}, 400, "HTTPBadRequest"),
        ({"prefixes": ["10.0.0.0/16", "fd00::/48"]}, 400, "PrefixVersionMismatch"),
        ({"min_prefixlen": 30, "max_prefixlen": 20}, 400, "IllegalSubnetPoolPrefixBounds"),
        ({"shared": True}, 403, "PolicyNotAuthorized"),
        ({"is_default": True}, 403, "PolicyNotAuthorized"),
        ({"address_scope_id": network.NOWHERE}, 404, "AddressScopeNotFound"),
    ],
)
def test_pool_refused(
    people: callers.People, fields: dict[str, Any], status: int, kind: str
) -> None:
    """What is no subnet pool."""
    wanted = {"name": "x", "prefixes": ["10.92.0.0/16"], **fields}
    answer = network.ask(people.member, "POST", "/subnetpools", {"subnetpool": wanted})
    assert network.refusal(answer) == (status, kind)


def test_pool_grows_only(people: callers.People, base: Base) -> None:
    """A pool's prefixes may become more, not less; in a scope no two pools have the same."""
    scope = base.make("/address-scopes", "address_scope", name=base.prefix, ip_version=4)
    fields = {"name": base.prefix, "address_scope_id": scope["id"]}
    pool = base.make("/subnetpools", "subnetpool", prefixes=["10.93.0.0/17"], **fields)
    path = f"/subnetpools/{pool['id']}"

    def put(prefix: str) -> Any:
        return network.ask(people.member, "PUT", path, {"subnetpool": {"prefixes": [prefix]}})

    assert network.one(put("10.93.0.0/16"))["prefixes"] == ["10.93.0.0/16"]
    assert network.refusal(put("10.93.0.0/17")) == (400, "IllegalSubnetPoolPrefixUpdate")
    wanted = {**fields, "prefixes": ["10.93.4.0/24"]}
    answer = network.ask(people.member, "POST", "/subnetpools", {"subnetpool": wanted})
    assert network.refusal(answer) == (409, "AddressScopePrefixConflict")
