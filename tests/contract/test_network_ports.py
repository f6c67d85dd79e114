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
"""Ports: addresses, security, binding, and what may be asked of them.

Sources: API reference, Networking v2.0, "Ports"; statuses, types and messages seen on a real
Neutron 29.
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
def group(base: Base) -> network.Body:
    """A security group of the member's."""
    made: network.Body = base.make("/security-groups", "security_group", name=base.prefix)
    return made


def _post(caller: callers.Caller, base: Base, **fields: Any) -> Any:
    wanted = {"network_id": base.network["id"], **fields}
    return network.ask(caller, "POST", "/ports", {"port": wanted})


def test_defaults(people: callers.People, base: Base) -> None:
    """A new port is down, nobody's, has an address of the subnet and the default group."""
    made = base.with_address()
    assert (made["status"], made["device_id"], made["device_owner"]) == ("DOWN", "", "")
    (fixed,) = made["fixed_ips"]
    assert fixed["subnet_id"] == base.subnet["id"]
    assert fixed["ip_address"].startswith("10.77.0.")
    assert made["dns_assignment"][0]["ip_address"] == fixed["ip_address"]
    assert made["mac_address"].startswith("fa:16:3e:")
    assert made["admin_state_up"] is made["port_security_enabled"] is True
    assert made["allowed_address_pairs"] == made["extra_dhcp_opts"] == []
    assert (made["ip_allocation"], made["binding:vnic_type"]) == ("immediate", "normal")
    (default,) = network.get(people.member, "/security-groups", name="default")
    assert made["security_groups"] == [default["id"]]


def test_binding_is_the_administrators(people: callers.People, base: Base) -> None:
    """Only the administrator sees where a port is bound, and says so."""
    made = base.port()
    hidden = {f"binding:{part}" for part in ("host_id", "profile", "vif_type", "vif_details")}
    assert not hidden & set(network.get(people.member, f"/ports/{made['id']}"))
    shown = network.get(people.admin, f"/ports/{made['id']}")
    assert (shown["binding:host_id"], shown["binding:vif_type"]) == ("", "unbound")
    assert hidden | {"resource_request"} <= set(shown)
    answer = _post(people.member, base, **{"binding:host_id": "cmp1"})
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    body = {"port": {"binding:host_id": "cmp1"}}
    answer = network.ask(people.member, "PUT", f"/ports/{made['id']}", body)
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")


def test_bound_port_is_active(people: callers.People, base: Base) -> None:
    """A port that gets a host is bound and active, and down again without; each is a revision."""
    made = base.port()
    path = f"/ports/{made['id']}"

    def put(host: str) -> Any:
        body = {"port": {"binding:host_id": host}}
        return network.one(network.ask(people.admin, "PUT", path, body))

    bound = put("cmp1")
    assert (bound["status"], bound["binding:vif_type"]) == ("ACTIVE", "ovs")
    assert bound["binding:host_id"] == "cmp1"
    assert bound["revision_number"] > made["revision_number"]
    (found,) = network.get(people.admin, "/ports", id=made["id"], status="ACTIVE")
    assert found["binding:host_id"] == "cmp1"
    loose = put("")
    assert (loose["status"], loose["binding:vif_type"]) == ("DOWN", "unbound")


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"network_id": "x"}, 400, "HTTPBadRequest"),
        ({"network_id": network.NOWHERE}, 404, "NetworkNotFound"),
        ({"fixed_ips": "x"}, 400, "HTTPBadRequest"),
        ({"fixed_ips": [{"ip_address": "bogus"}]}, 400, "HTTPBadRequest"),
        ({"fixed_ips": [{"subnet_id": "x"}]}, 400, "HTTPBadRequest"),
        ({"fixed_ips": [{"bogus": "x"}]}, 400, "InvalidInput"),
        ({"fixed_ips": [{"subnet_id": network.NOWHERE}]}, 404, "SubnetNotFound"),
        ({"fixed_ips": [{"ip_address": "10.99.0.1"}]}, 400, "InvalidIpForNetwork"),
        ({"fixed_ips": [{"ip_address": "10.77.0.255"}]}, 400, "InvalidIpForNetwork"),
        ({"mac_address": "bogus"}, 400, "HTTPBadRequest"),
        ({"security_groups": ["x"]}, 400, "HTTPBadRequest"),
        ({"security_groups": [network.NOWHERE]}, 404, "SecurityGroupNotFound"),
        ({"binding:vnic_type": "bogus"}, 400, "HTTPBadRequest"),
        ({"binding:vif_type": "ovs"}, 400, "HTTPBadRequest"),
        ({"status": "ACTIVE"}, 400, "HTTPBadRequest"),
        ({"allowed_address_pairs": [{"ip_address": "bogus"}]}, 400, "HTTPBadRequest"),
        (
            {"allowed_address_pairs": [{"mac_address": "fa:16:3e:00:00:01"}]},
            400,
            "AllowedAddressPairsMissingIP",
        ),
        (
            {"allowed_address_pairs": [{"ip_address": "10.0.0.9"}] * 2},
            400,
            "DuplicateAddressPairInRequest",
        ),
        (
            {
                "allowed_address_pairs": [{"ip_address": "10.0.0.9"}],
                "port_security_enabled": False,
            },
            409,
            "AddressPairAndPortSecurityRequired",
        ),
    ],
)
def test_refused(
    people: callers.People, base: Base, fields: dict[str, Any], status: int, kind: str
) -> None:
    """What is no port."""
    answer = _post(people.member, base, **fields)
    assert network.refusal(answer) == (status, kind)


def test_needs_a_network(people: callers.People) -> None:
    """A port without a network is 400."""
    answer = network.ask(people.member, "POST", "/ports", {"port": {}})
    assert network.refusal(answer) == (400, "HTTPBadRequest")


def test_strangers_port(people: callers.People, base: Base) -> None:
    """A port on a network that the caller does not see is 404."""
    answer = _post(people.stranger, base)
    assert network.refusal(answer) == (404, "NetworkNotFound")


def test_addresses_asked_for(people: callers.People, base: Base) -> None:
    """An address may be asked for, the gateway's too; twice it is 409, and so is a MAC address."""
    made = base.with_address(fixed_ips=[{"ip_address": "10.77.0.1"}])
    subnet_id = base.subnet["id"]
    assert made["fixed_ips"] == [{"subnet_id": subnet_id, "ip_address": "10.77.0.1"}]
    for wanted in ({"ip_address": "10.77.0.1"}, made["fixed_ips"][0]):
        answer = _post(people.member, base, fixed_ips=[wanted])
        assert network.refusal(answer) == (409, "IpAddressAlreadyAllocated")
    wanted = {"subnet_id": subnet_id, "ip_address": "10.99.0.1"}
    answer = _post(people.member, base, fixed_ips=[wanted])
    assert network.refusal(answer) == (400, "InvalidIpForSubnet")
    answer = _post(people.member, base, mac_address=made["mac_address"])
    assert network.refusal(answer) == (409, "MacAddressInUse")


def test_no_address_left(people: callers.People, base: Base) -> None:
    """A subnet gives all its addresses, then no more (409); an address that is freed goes on."""
    on = base.net()
    base.sub(on, "10.95.0.0/29")
    bare = base.port(network_id=on["id"])
    given = [base.make("/ports", "port", network_id=on["id"]) for _ in range(5)]
    addresses = {port["fixed_ips"][0]["ip_address"] for port in given}
    assert addresses == {f"10.95.0.{number}" for number in range(2, 7)}
    assert bare["fixed_ips"] == []
    answer = network.ask(people.member, "POST", "/ports", {"port": {"network_id": on["id"]}})
    assert network.refusal(answer) == (409, "IpAddressGenerationFailure")
    network.ask(people.member, "DELETE", f"/ports/{given[2]['id']}")
    made = base.make("/ports", "port", network_id=on["id"])
    assert made["fixed_ips"][0]["ip_address"] == given[2]["fixed_ips"][0]["ip_address"]


def test_both_versions(base: Base) -> None:
    """On a network with both, a port has an IPv4 address and one of each automatic subnet."""
    on = base.net()
    base.sub(on, "10.96.0.0/24")
    automatic = base.make(
        *("/subnets", "subnet"),
        network_id=on["id"],
        ip_version=6,
        cidr="fd00:96::/64",
        ipv6_address_mode="slaac",
    )
    made = base.make("/ports", "port", network_id=on["id"], mac_address="fa:16:3e:01:02:03")
    addresses = {fixed["subnet_id"]: fixed["ip_address"] for fixed in made["fixed_ips"]}
    assert len(addresses) == 2
    assert addresses[automatic["id"]] == "fd00:96::f816:3eff:fe01:203"


def test_bulk_is_all_or_nothing(people: callers.People, base: Base) -> None:
    """Where one port cannot be made, none is."""
    wanted = {"network_id": base.network["id"], "name": f"{base.prefix}-bulk"}
    bad = {**wanted, "fixed_ips": [{"ip_address": "10.99.0.1"}]}
    answer = network.ask(people.member, "POST", "/ports", {"ports": [wanted, bad]})
    assert network.refusal(answer) == (400, "InvalidIpForNetwork")
    assert network.get(people.member, "/ports", name=wanted["name"]) == []


def test_changes(people: callers.People, base: Base) -> None:
    """Name, device and addresses change; the network and, for a member, the MAC address not."""
    made = base.with_address()
    path = f"/ports/{made['id']}"

    def put(**fields: Any) -> Any:
        return network.ask(people.member, "PUT", path, {"port": fields})

    changed = network.one(put(name="x", device_id="d", device_owner="a:b"))
    assert (changed["name"], changed["device_id"], changed["device_owner"]) == ("x", "d", "a:b")
    (found,) = network.get(people.member, "/ports", device_id="d", device_owner="a:b")
    assert found["id"] == made["id"]
    assert network.one(put(fixed_ips=[]))["fixed_ips"] == []
    (fixed,) = network.one(put(fixed_ips=[{"subnet_id": base.subnet["id"]}]))["fixed_ips"]
    assert fixed["subnet_id"] == base.subnet["id"]
    assert network.refusal(put(network_id=network.NOWHERE)) == (400, "HTTPBadRequest")
    answer = put(mac_address="fa:16:3e:00:00:02")
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")


def test_port_security(people: callers.People, base: Base, group: network.Body) -> None:
    """Groups need port security, which stays while there are groups."""
    answer = _post(people.member, base, port_security_enabled=False, security_groups=[group["id"]])
    kind = "PortSecurityAndIPRequiredForSecurityGroups"
    assert network.refusal(answer) == (400, kind)
    open_port = base.port(port_security_enabled=False)
    assert open_port["security_groups"] == []
    path = f"/ports/{open_port['id']}"

    def put(**fields: Any) -> Any:
        return network.ask(people.member, "PUT", path, {"port": fields})

    groups = [group["id"]]
    assert network.refusal(put(security_groups=groups)) == (400, kind)
    changed = network.one(put(port_security_enabled=True, security_groups=groups))
    assert changed["security_groups"] == groups
    answer = put(port_security_enabled=False)
    assert network.refusal(answer) == (409, "PortSecurityPortHasSecurityGroup")
    changed = network.one(put(port_security_enabled=False, security_groups=[]))
    assert (changed["port_security_enabled"], changed["security_groups"]) == (False, [])
    assert network.refusal(put(security_groups=[network.NOWHERE]))[0] in (400, 404)


def test_pairs_and_options(base: Base) -> None:
    """A pair without a MAC address has the port's, an option without a version is IPv4's."""
    made = base.port(
        allowed_address_pairs=[{"ip_address": "10.0.0.9"}],
        extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": "1400"}],
    )
    pair = {"mac_address": made["mac_address"], "ip_address": "10.0.0.9"}
    assert made["allowed_address_pairs"] == [pair]
    option = {"opt_name": "mtu", "opt_value": "1400", "ip_version": 4}
    assert made["extra_dhcp_opts"] == [option]


def test_device_of_neutrons(base: Base) -> None:
    """A port for a device of the network's own has no port security and no groups."""
    made = base.port(device_owner="network:dhcp")
    assert (made["port_security_enabled"], made["security_groups"]) == (False, [])


@pytest.mark.parametrize("owner", ["compute:nova", "baremetal:none", "manila:share"])
def test_servers_port_is_the_administrators(
    people: callers.People, base: Base, owner: str
) -> None:
    """A port of a server is deleted by the administrator, not by its project's member."""
    made = base.port(device_id="d", device_owner=owner)
    answer = network.ask(people.member, "DELETE", f"/ports/{made['id']}")
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    assert network.ask(people.admin, "DELETE", f"/ports/{made['id']}").status_code == 204


def test_network_owner(people: callers.People, base: Base) -> None:
    """The owner of a network sees another's port on it, and deletes it."""
    made = base.make(
        *("/ports", "port", people.admin),
        network_id=base.network["id"],
        project_id=people.stranger.project_id,
        fixed_ips=[],
    )
    path = f"/ports/{made['id']}"
    assert network.get(people.stranger, path)["project_id"] == people.stranger.project_id
    assert network.get(people.member, path)["id"] == made["id"]
    assert network.ask(people.member, "DELETE", path).status_code == 204


def test_filters(people: callers.People, base: Base, group: network.Body) -> None:
    """By network, device, addresses, groups and state; not by what is no filter."""
    made = base.with_address(
        device_id=base.prefix, device_owner="a:b", security_groups=[group["id"]]
    )
    address = made["fixed_ips"][0]["ip_address"]
    subnet = f"subnet_id={base.subnet['id']}"
    for query, count in (
        ({"network_id": base.network["id"]}, 1),
        ({"network_id": network.NOWHERE}, 0),
        ({"device_owner": "a:b"}, 1),
        ({"device_owner": ["a:c", "a:b"]}, 1),
        ({"fixed_ips": subnet}, 1),
        ({"fixed_ips": [subnet, f"ip_address={address}"]}, 1),
        ({"fixed_ips": [subnet, "ip_address=10.77.0.250"]}, 0),
        ({"fixed_ips": "ip_address_substr=10.77"}, 1),
        ({"security_groups": group["id"]}, 1),
        ({"security_groups": network.NOWHERE}, 0),
        ({"mac_address": made["mac_address"]}, 1),
        ({"status": "DOWN", "admin_state_up": "true"}, 1),
        ({"status": "ACTIVE"}, 0),
        ({"admin_state_up": ["true", "false"]}, 1),
    ):
        found = network.get(people.member, "/ports", device_id=base.prefix, **query)
        assert len(found) == count, query
    for query, kind in (
        ({"fixed_ips": "bogus"}, "InvalidInput"),
        ({"port_security_enabled": "true"}, "HTTPBadRequest"),
        ({"sort_key": "fixed_ips", "sort_dir": "asc"}, "HTTPBadRequest"),
    ):
        answer = network.ask(people.member, "GET", "/ports", params=query)
        assert network.refusal(answer) == (400, kind)


def test_order(people: callers.People, base: Base) -> None:
    """A list is sorted as a whole, then cut into pages."""
    names = [f"{base.prefix}-order-{letter}" for letter in "cab"]
    for name in names:
        base.port(name=name, description=f"{base.prefix}-order")
    query = {"description": f"{base.prefix}-order", "sort_key": "name", "limit": 2}
    for way, expected in (("asc", sorted(names)), ("desc", sorted(names, reverse=True))):
        first = network.get(people.member, "/ports", **query, sort_dir=way)
        marker = first[-1]["id"]
        second = network.get(people.member, "/ports", **query, sort_dir=way, marker=marker)
        assert [port["name"] for port in (*first, *second)] == expected
