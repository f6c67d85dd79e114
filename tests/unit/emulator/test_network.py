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
"""Neutron's conflicts, revisions, pages and visibility."""

import pytest

from tests import emulator
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import network
from tests.unit.emulator import asking

Body = dict[str, object]
NET = "/networking/v2.0"


@pytest.fixture
def public(cloud: emulator.Cloud) -> Body:
    """The external network."""
    return bootstrap.named(cloud, "network.network", "public")


@pytest.fixture
def net(cloud: emulator.Cloud, member: asking.Client) -> Body:
    """A member's network."""
    return network.network(cloud, "net", member.project_id)


@pytest.fixture
def subnet(cloud: emulator.Cloud, net: Body) -> Body:
    """Its subnet."""
    return network.subnet(cloud, "sub", net)


@pytest.fixture
def router(cloud: emulator.Cloud, member: asking.Client, public: Body, subnet: Body) -> Body:
    """A router between both."""
    router = network.router(cloud, "router", member.project_id, external=public)
    network.interface(cloud, router, subnet)
    return router


def _owned_by(cloud: emulator.Cloud, owner: str) -> Body:
    return next(port for port in cloud["network.port"] if port["device_owner"] == owner)


def _type(reply: asking.Reply) -> str:
    kind: str = reply.body["NeutronError"]["type"]
    return kind


@pytest.mark.parametrize("owner", [network.GATEWAY, network.INTERFACE, network.FLOATING_IP])
def test_owned_port_stays(
    cloud: emulator.Cloud, admin: asking.Client, router: Body, public: Body, owner: str
) -> None:
    """A port of a router or floating IP is not deleted directly."""
    network.floating_ip(cloud, admin.project_id, public)
    port = _owned_by(cloud, owner)
    reply = admin("DELETE", f"{NET}/ports/{port['id']}")
    assert (reply.status, _type(reply)) == (409, "ServicePortInUse")


def test_made_by_neutron_has_no_project(
    cloud: emulator.Cloud, router: Body, public: Body, admin: asking.Client
) -> None:
    """Ports of gateways and floating IPs have an empty project, those of interfaces not."""
    network.floating_ip(cloud, admin.project_id, public)
    assert _owned_by(cloud, network.GATEWAY)["project_id"] == ""
    assert _owned_by(cloud, network.FLOATING_IP)["project_id"] == ""
    assert _owned_by(cloud, network.INTERFACE)["project_id"] == router["project_id"]


def test_network_with_port_stays(
    cloud: emulator.Cloud, admin: asking.Client, net: Body, subnet: Body
) -> None:
    """A network with a port is 409, one with a DHCP agent's port goes, and its subnet with it."""
    port = network.port(cloud, net)
    reply = admin("DELETE", f"{NET}/networks/{net['id']}")
    assert (reply.status, _type(reply)) == (409, "NetworkInUse")
    port["device_owner"] = "network:dhcp"
    assert admin.delete(f"{NET}/networks/{net['id']}") == 204
    assert cloud["network.subnet"].get(subnet["id"]) is None
    assert cloud["network.port"].get(port["id"]) is None


def test_subnet_in_use_stays(admin: asking.Client, router: Body, subnet: Body) -> None:
    """A subnet of which a port has an address is 409."""
    reply = admin("DELETE", f"{NET}/subnets/{subnet['id']}")
    assert (reply.status, _type(reply)) == (409, "SubnetInUse")


def test_router_with_interface_stays(
    cloud: emulator.Cloud, admin: asking.Client, router: Body, subnet: Body
) -> None:
    """A router with an interface is 409; with only a gateway it goes, and the port with it."""
    reply = admin("DELETE", f"{NET}/routers/{router['id']}")
    assert (reply.status, _type(reply)) == (409, "RouterInUse")
    wanted = {"subnet_id": subnet["id"]}
    assert admin.put(f"{NET}/routers/{router['id']}/remove_router_interface", wanted).status == 200
    assert admin.delete(f"{NET}/routers/{router['id']}") == 204
    assert not [p for p in cloud["network.port"] if p["device_id"] == router["id"]]


def test_interface_twice(admin: asking.Client, router: Body, subnet: Body) -> None:
    """Adding an interface again is 400, removing it again 404."""
    wanted = {"subnet_id": subnet["id"]}
    path = f"{NET}/routers/{router['id']}"
    assert admin.put(f"{path}/add_router_interface", wanted).status == 400
    assert admin.put(f"{path}/remove_router_interface", wanted).status == 200
    reply = admin.put(f"{path}/remove_router_interface", wanted)
    assert (reply.status, _type(reply)) == (404, "RouterInterfaceNotFoundForSubnet")
    assert admin.put(f"{path}/add_router_interface", wanted).status == 200


def test_route_keeps_interface(admin: asking.Client, router: Body, subnet: Body) -> None:
    """An interface that a route needs is 409 until the routes are cleared."""
    path = f"{NET}/routers/{router['id']}"
    routes = [{"destination": "10.99.0.0/24", "nexthop": "10.9.0.77"}]
    assert admin.put(path, {"router": {"routes": routes}}).status == 200
    reply = admin.put(f"{path}/remove_router_interface", {"subnet_id": subnet["id"]})
    assert (reply.status, _type(reply)) == (409, "RouterInterfaceInUseByRoute")
    assert admin.put(path, {"router": {"routes": []}}).status == 200
    wanted = {"subnet_id": subnet["id"]}
    assert admin.put(f"{path}/remove_router_interface", wanted).status == 200


def test_route_to_nowhere(admin: asking.Client, router: Body) -> None:
    """A next hop that is on none of the router's networks is 400."""
    routes = [{"destination": "10.99.0.0/24", "nexthop": "99.9.0.1"}]
    reply = admin.put(f"{NET}/routers/{router['id']}", {"router": {"routes": routes}})
    assert (reply.status, _type(reply)) == (400, "InvalidRoutes")


def test_floating_ip_keeps_gateway_and_interface(
    cloud: emulator.Cloud,
    admin: asking.Client,
    net: Body,
    subnet: Body,
    router: Body,
    public: Body,
) -> None:
    """While a floating IP leads through a router, its gateway and that interface stay."""
    address = network.floating_ip(cloud, admin.project_id, public)
    network.connect(cloud, address, network.port(cloud, net))
    path = f"{NET}/routers/{router['id']}"
    reply = admin.put(path, {"router": {"external_gateway_info": {}}})
    assert (reply.status, _type(reply)) == (409, "RouterExternalGatewayInUseByFloatingIp")
    wanted = {"subnet_id": subnet["id"]}
    reply = admin.put(f"{path}/remove_router_interface", wanted)
    assert (reply.status, _type(reply)) == (409, "RouterInterfaceInUseByFloatingIP")
    changed = {"floatingip": {"port_id": None}}
    assert admin.put(f"{NET}/floatingips/{address['id']}", changed).status == 200
    assert admin.put(f"{path}/remove_router_interface", wanted).status == 200
    reply = admin.put(path, {"router": {"external_gateway_info": None}})
    assert reply.body["router"]["external_gateway_info"] is None
    assert not [p for p in cloud["network.port"] if p["device_owner"] == network.GATEWAY]


def test_port_has_one_floating_ip(
    cloud: emulator.Cloud, admin: asking.Client, net: Body, router: Body, public: Body
) -> None:
    """A second floating IP for the same port is 409."""
    port = network.port(cloud, net)
    network.connect(cloud, network.floating_ip(cloud, admin.project_id, public), port)
    second = network.floating_ip(cloud, admin.project_id, public)
    changed = {"floatingip": {"port_id": port["id"]}}
    reply = admin.put(f"{NET}/floatingips/{second['id']}", changed)
    assert (reply.status, _type(reply)) == (409, "FloatingIPPortAlreadyAssociated")


def test_floating_ip_goes_with_its_port(
    cloud: emulator.Cloud, admin: asking.Client, public: Body
) -> None:
    """Deleting a floating IP deletes the port that Neutron made for it."""
    address = network.floating_ip(cloud, admin.project_id, public)
    assert admin.delete(f"{NET}/floatingips/{address['id']}") == 204
    assert not [p for p in cloud["network.port"] if p["device_id"] == address["id"]]


def test_deleted_port_frees_floating_ip(
    cloud: emulator.Cloud, admin: asking.Client, net: Body, subnet: Body, public: Body
) -> None:
    """The floating IP of a deleted port leads nowhere, one revision later."""
    address = network.floating_ip(cloud, admin.project_id, public)
    port = network.port(cloud, net)
    network.connect(cloud, address, port)
    before = address["revision_number"]
    assert admin.delete(f"{NET}/ports/{port['id']}") == 204
    shown = admin.get(f"{NET}/floatingips/{address['id']}")["floatingip"]
    assert shown["port_id"] is None
    assert shown["port_details"] is None
    assert shown["revision_number"] == before + 1


def test_security_group_in_use_stays(
    cloud: emulator.Cloud, admin: asking.Client, net: Body
) -> None:
    """A security group of a port is 409."""
    group = network.security_group(cloud, "group", admin.project_id)
    network.port(cloud, net, security_groups=[group["id"]])
    reply = admin("DELETE", f"{NET}/security-groups/{group['id']}")
    assert (reply.status, _type(reply)) == (409, "SecurityGroupInUse")


def test_default_group_comes_back(admin: asking.Client, member: asking.Client) -> None:
    """Its owner may not delete ``default``, the administrator may; a filtered list remakes it."""
    path = f"{NET}/security-groups"
    (first,) = admin.get(f"{path}?project_id={member.project_id}")["security_groups"]
    assert len(first["security_group_rules"]) == 4
    reply = member("DELETE", f"{path}/{first['id']}")
    assert (reply.status, _type(reply)) == (409, "SecurityGroupCannotRemoveDefault")
    assert admin.delete(f"{path}/{first['id']}") == 204
    ids = {group["id"] for group in admin.get(path)["security_groups"]}
    assert first["id"] not in ids
    (second,) = admin.get(f"{path}?project_id={member.project_id}")["security_groups"]
    assert second["id"] != first["id"]


def test_stale_revision(admin: asking.Client, net: Body) -> None:
    """A stale If-Match is 412 for update and delete; a change raises the revision."""
    path = f"{NET}/networks/{net['id']}"
    number = net["revision_number"]
    assert admin.put(path, {"network": {"name": "new"}}).body["network"]["revision_number"] == 2
    stale = {"If_Match": f"revision_number={number}"}
    reply = admin("DELETE", path, headers={"If-Match": f"revision_number={number}"})
    assert _type(reply) == "RevisionNumberConstraintFailed"
    assert admin.delete(path, **stale) == 412
    assert admin.delete(path, If_Match="revision_number=2") == 204


@pytest.mark.parametrize(
    ("match", "status"),
    [("bogus", 204), ("revision_number=x", 400), ('"revision_number=77"', 412)],
)
def test_odd_revisions(admin: asking.Client, net: Body, match: str, status: int) -> None:
    """What is not a revision is ignored, a wrong number refused, quotes are allowed."""
    assert admin.delete(f"{NET}/networks/{net['id']}", If_Match=match) == status


def test_use_counts_before_revision(
    cloud: emulator.Cloud, admin: asking.Client, net: Body
) -> None:
    """What is in use is 409 whatever revision is named."""
    network.port(cloud, net)
    assert admin.delete(f"{NET}/networks/{net['id']}", If_Match="revision_number=0") == 409


def test_pages(cloud: emulator.Cloud, admin: asking.Client, net: Body) -> None:
    """Following next links gives each port once, in the order of ids."""
    made = sorted(network.port(cloud, net)["id"] for _ in range(5))
    url, seen = f"{NET}/ports?limit=2", []
    while url:
        page = admin.get(url)
        assert len(page["ports"]) <= 2
        seen += [port["id"] for port in page["ports"]]
        links = {link["rel"]: link["href"] for link in page["ports_links"]}
        url = links.get("next", "").removeprefix(asking.HOST)
    assert seen == made
    assert "previous" in links


def test_page_before(cloud: emulator.Cloud, admin: asking.Client, net: Body) -> None:
    """page_reverse gives the page before the marker, in the same order."""
    made = sorted(network.port(cloud, net)["id"] for _ in range(5))
    page = admin.get(f"{NET}/ports?limit=2&marker={made[3]}&page_reverse=True")
    assert [port["id"] for port in page["ports"]] == made[1:3]


def test_vanished_marker(admin: asking.Client, net: Body) -> None:
    """A marker that is gone is the collection's 404."""
    reply = admin("GET", f"{NET}/networks?limit=1&marker=gone")
    assert (reply.status, _type(reply)) == (404, "NetworkNotFound")


def test_limits(cloud: emulator.Cloud, admin: asking.Client, net: Body) -> None:
    """A service with a limit gives no more than that, also to who asks for all."""
    for _ in range(4):
        network.port(cloud, net)
    cloud.settings.page_limits["network"] = 3
    assert len(admin.get(f"{NET}/ports")["ports"]) == 3
    assert len(admin.get(f"{NET}/ports?limit=9")["ports"]) == 3
    assert admin("GET", f"{NET}/ports?limit=x").status == 400


def test_filters_and_fields(cloud: emulator.Cloud, admin: asking.Client, net: Body) -> None:
    """Several values of a field are alternatives, fields cut the answer, others are 400."""
    first, second, _ = (network.port(cloud, net, name=name) for name in "abc")
    found = admin.get(f"{NET}/ports?id={first['id']}&id={second['id']}&fields=id&fields=name")
    assert sorted(port["name"] for port in found["ports"]) == ["a", "b"]
    assert set(found["ports"][0]) == {"id", "name"}
    assert admin("GET", f"{NET}/ports?bogus=1").status == 400
    assert len(admin.get(f"{NET}/ports?device_owner=&name=a")["ports"]) == 1


def test_member_sees_own(
    cloud: emulator.Cloud, admin: asking.Client, member: asking.Client, net: Body, router: Body
) -> None:
    """A member sees his own, external networks, and no port without a project, with 200."""
    network.network(cloud, "other", admin.project_id)
    names = {one["name"] for one in member.get(f"{NET}/networks")["networks"]}
    assert names == {"net", "public"}
    owners = {port["device_owner"] for port in member.get(f"{NET}/ports")["ports"]}
    assert owners == {network.INTERFACE}
    assert "provider:network_type" not in member.get(f"{NET}/networks")["networks"][0]


def test_member_may_not(
    cloud: emulator.Cloud, admin: asking.Client, member: asking.Client, net: Body, public: Body
) -> None:
    """What a member only sees is 403, what he does not see 404, a server's port 403."""
    hidden = network.network(cloud, "other", admin.project_id)
    assert member.delete(f"{NET}/networks/{public['id']}") == 403
    assert member.delete(f"{NET}/networks/{hidden['id']}") == 404
    port = network.port(cloud, net, device_owner="compute:nova", device_id="server")
    assert member.delete(f"{NET}/ports/{port['id']}") == 403
    assert admin.delete(f"{NET}/ports/{port['id']}") == 204
