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
"""Routers and floating IPs: gateways, interfaces, routes, associations, and what they keep.

Sources: API reference, Networking v2.0, "Routers" and "Floating IPs"; statuses, types and
messages seen on a real Neutron 29.
"""

import contextlib
import time
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import network

Base = network.Base
Body = network.Body


@pytest.fixture(scope="module")
def base(people: callers.People, undo_module: contextlib.ExitStack) -> Base:
    """The member's network and what is made for the tests."""
    return network.settle(people, undo_module)


@pytest.fixture(scope="module")
def router(base: Base) -> Body:
    """A router between the base's subnet and the external network."""
    gateway = {"network_id": base.external["id"]}
    made: Body = base.make("/routers", "router", external_gateway_info=gateway)
    base.join(made, base.subnet)
    return made


def _put(caller: callers.Caller, on: Body, below: str, **body: Any) -> Any:
    return network.ask(caller, "PUT", f"/routers/{on['id']}/{below}", body)


def _change(caller: callers.Caller, router: Body, **fields: Any) -> Any:
    return network.ask(caller, "PUT", f"/routers/{router['id']}", {"router": fields})


def _ports(people: callers.People, device: Body, owner: str) -> list[Body]:
    query = {"device_id": device["id"], "device_owner": f"network:{owner}"}
    found: list[Body] = network.get(people.admin, "/ports", **query)
    return found


def test_router_defaults(people: callers.People, base: Base) -> None:
    """A new router is active, has no gateway and no routes; only admins see how it is made."""
    made = base.make("/routers", "router")
    assert (made["status"], made["admin_state_up"]) == ("ACTIVE", True)
    assert made["external_gateway_info"] is made["flavor_id"] is None
    assert made["routes"] == []
    assert not {"distributed", "ha"} & set(made)
    shown = network.get(people.admin, f"/routers/{made['id']}")
    assert shown["distributed"] is shown["ha"] is False
    assert network.get(people.admin, f"/routers/{made['id']}/l3-agents") == []


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"routes": []}, 400, "HTTPBadRequest"),
        ({"distributed": True}, 403, "PolicyNotAuthorized"),
        ({"ha": True}, 403, "PolicyNotAuthorized"),
        ({"flavor_id": network.NOWHERE}, 404, "FlavorNotFound"),
        ({"external_gateway_info": "x"}, 400, "HTTPBadRequest"),
        ({"external_gateway_info": {"network_id": "x"}}, 400, "HTTPBadRequest"),
        ({"external_gateway_info": {"network_id": network.NOWHERE}}, 404, "NetworkNotFound"),
    ],
)
def test_router_refused(
    people: callers.People, fields: dict[str, Any], status: int, kind: str
) -> None:
    """What is no router, or not a member's."""
    answer = network.ask(people.member, "POST", "/routers", {"router": fields})
    assert network.refusal(answer) == (status, kind)


def test_gateway_refused(people: callers.People, base: Base) -> None:
    """A gateway leads to an external network; how it translates the administrator says."""
    own, external = {"network_id": base.network["id"]}, {"network_id": base.external["id"]}
    for gateway, refusal in (
        (own, (400, "BadRequest")),
        ({**external, "enable_snat": False}, (403, "PolicyNotAuthorized")),
        (
            {**external, "external_fixed_ips": [{"ip_address": "172.24.5.9"}]},
            (403, "PolicyNotAuthorized"),
        ),
    ):
        body = {"router": {"external_gateway_info": gateway}}
        answer = network.ask(people.member, "POST", "/routers", body)
        assert network.refusal(answer) == refusal


def test_gateway(people: callers.People, base: Base) -> None:
    """A gateway has a port of nobody's project, unseen by members; it goes when it is cleared."""
    gateway = {"network_id": base.external["id"]}
    made = base.make("/routers", "router", external_gateway_info=gateway)
    told = made["external_gateway_info"]
    assert (told["network_id"], told["enable_snat"]) == (base.external["id"], True)
    (port,) = _ports(people, made, "router_gateway")
    assert port["fixed_ips"] == told["external_fixed_ips"]
    assert port["project_id"] == port["tenant_id"] == ""
    assert (port["name"], port["security_groups"]) == ("", [])
    assert network.get(people.member, "/ports", device_id=made["id"]) == []
    answer = network.ask(people.admin, "DELETE", f"/ports/{port['id']}")
    assert network.refusal(answer) == (409, "ServicePortInUse")
    before = made["revision_number"]
    cleared = network.one(_change(people.member, made, external_gateway_info={}))
    assert cleared["external_gateway_info"] is None
    assert cleared["revision_number"] > before
    assert _ports(people, made, "router_gateway") == []
    again = network.one(_change(people.member, made, external_gateway_info=gateway))
    assert again["external_gateway_info"]["network_id"] == base.external["id"]


def test_router_takes_its_gateway(people: callers.People, base: Base) -> None:
    """A router with a gateway only is deleted, and the gateway's port with it."""
    gateway = {"network_id": base.external["id"], "enable_snat": False}
    fields = {"external_gateway_info": gateway, "project_id": people.member.project_id}
    made = base.make("/routers", "router", people.admin, **fields)
    assert made["external_gateway_info"]["enable_snat"] is False
    assert network.ask(people.member, "DELETE", f"/routers/{made['id']}").status_code == 204
    assert _ports(people, made, "router_gateway") == []


def test_a_gateway_changes_the_revision(people: callers.People, base: Base) -> None:
    """A router in use keeps its gateway; one that goes by its revision goes by the next one."""
    gateway = {"network_id": base.external["id"]}
    fields = {"external_gateway_info": gateway, "project_id": people.member.project_id}
    made = base.make("/routers", "router", people.admin, **fields)
    path = f"/routers/{made['id']}"
    subnet = base.sub(base.net(), "10.77.8.0/24")
    base.join(made, subnet)

    def delete() -> str:
        revision = network.one(network.ask(people.admin, "GET", path))["revision_number"]
        headers = {"If-Match": f"revision_number={revision}"}
        answer = network.ask(people.admin, "DELETE", path, headers=headers)
        return "" if answer.status_code == 204 else network.refusal(answer)[1]

    assert delete() == "RouterInUse"
    present = network.one(network.ask(people.admin, "GET", path))
    assert present["external_gateway_info"]["network_id"] == base.external["id"]
    leaving = {"subnet_id": subnet["id"]}
    network.ask(people.member, "PUT", f"{path}/remove_router_interface", leaving)
    assert delete() == "RevisionNumberConstraintFailed"
    assert network.one(network.ask(people.admin, "GET", path))["external_gateway_info"] is None
    tries = 10
    # The real one counts on now and then while the gateway goes.
    while said := delete():
        assert said == "RevisionNumberConstraintFailed"
        assert (tries := tries - 1)
        time.sleep(0.5)
    assert _ports(people, made, "router_gateway") == []


def test_interface(people: callers.People, base: Base, router: Body) -> None:
    """An interface is a port at the subnet's gateway, of the router's project and without name."""
    (port,) = _ports(people, router, "router_interface")
    fixed = {"subnet_id": base.subnet["id"], "ip_address": "10.77.0.1"}
    assert port["fixed_ips"] == [fixed]
    assert (port["name"], port["project_id"]) == ("", people.member.project_id)
    assert (port["status"], port["security_groups"]) == ("DOWN", [])
    answer = network.ask(people.admin, "DELETE", f"/ports/{port['id']}")
    assert network.refusal(answer) == (409, "ServicePortInUse")
    answer = network.ask(people.member, "DELETE", f"/subnets/{base.subnet['id']}")
    assert network.refusal(answer) == (409, "SubnetInUse")
    answer = network.ask(people.member, "DELETE", f"/routers/{router['id']}")
    assert network.refusal(answer) == (409, "RouterInUse")
    body = {"subnet": {"gateway_ip": None}}
    answer = network.ask(people.member, "PUT", f"/subnets/{base.subnet['id']}", body)
    assert network.refusal(answer) == (409, "GatewayIpInUse")


def test_interface_of_subnet(people: callers.People, base: Base) -> None:
    """An interface comes and goes with its port; the answer names all of it."""
    made = base.make("/routers", "router")
    subnet = base.sub(base.network, "10.97.0.0/24")
    answer = _put(people.member, made, "add_router_interface", subnet_id=subnet["id"])
    told = answer.json()
    assert told["id"] == made["id"]
    assert (told["subnet_id"], told["subnet_ids"]) == (subnet["id"], [subnet["id"]])
    assert told["network_id"] == base.network["id"]
    (port,) = _ports(people, made, "router_interface")
    assert told["port_id"] == port["id"]
    answer = _put(people.member, made, "add_router_interface", subnet_id=subnet["id"])
    assert network.refusal(answer) == (400, "BadRequest")
    answer = _put(people.member, made, "remove_router_interface", subnet_id=subnet["id"])
    assert answer.json()["port_id"] == port["id"]
    assert network.ask(people.admin, "GET", f"/ports/{port['id']}").status_code == 404
    answer = _put(people.member, made, "remove_router_interface", subnet_id=subnet["id"])
    assert network.refusal(answer) == (404, "RouterInterfaceNotFoundForSubnet")


def test_interface_of_port(people: callers.People, base: Base) -> None:
    """A port becomes an interface, is nobody else's then, and is gone when it is removed."""
    made = base.make("/routers", "router")
    subnet = base.sub(base.network, "10.97.1.0/24", gateway_ip=None)
    port = base.port(fixed_ips=[{"subnet_id": subnet["id"]}])
    answer = _put(people.member, made, "add_router_interface", port_id=port["id"])
    assert answer.json()["port_id"] == port["id"]
    shown = network.get(people.member, f"/ports/{port['id']}")
    owner = (shown["device_id"], shown["device_owner"])
    assert owner == (made["id"], "network:router_interface")
    answer = _put(people.member, made, "add_router_interface", port_id=port["id"])
    assert network.refusal(answer) == (409, "PortInUse")
    other = {"port_id": port["id"], "subnet_id": base.subnet["id"]}
    answer = _put(people.member, made, "remove_router_interface", **other)
    assert network.refusal(answer) == (400, "SubnetMismatchForPort")
    assert _put(people.member, made, "remove_router_interface", port_id=port["id"]).ok
    assert network.ask(people.member, "GET", f"/ports/{port['id']}").status_code == 404


@pytest.mark.parametrize(
    ("action", "body", "status", "kind"),
    [
        ("add", {}, 400, "BadRequest"),
        ("add", {"port_id": "x"}, 400, "BadRequest"),
        ("add", {"port_id": network.NOWHERE, "subnet_id": network.NOWHERE}, 400, "BadRequest"),
        ("add", {"subnet_id": network.NOWHERE}, 404, "SubnetNotFound"),
        ("add", {"port_id": network.NOWHERE}, 404, "PortNotFound"),
        ("remove", {}, 400, "BadRequest"),
        ("remove", {"subnet_id": network.NOWHERE}, 404, "SubnetNotFound"),
        ("remove", {"port_id": network.NOWHERE}, 404, "RouterInterfaceNotFound"),
    ],
)
def test_interface_refused(
    people: callers.People, router: Body, action: str, body: Body, status: int, kind: str
) -> None:
    """What is no interface."""
    answer = _put(people.member, router, f"{action}_router_interface", **body)
    assert network.refusal(answer) == (status, kind)


def test_interface_refused_more(people: callers.People, base: Base, router: Body) -> None:
    """A subnet without a gateway, a port without an address, a gateway that is taken."""
    other = base.make("/routers", "router")
    subnet = base.sub(base.network, "10.97.2.0/24", gateway_ip=None)
    bare = base.port()
    for body, refusal in (
        ({"subnet_id": subnet["id"]}, (400, "BadRequest")),
        ({"port_id": bare["id"]}, (400, "BadRequest")),
        ({"subnet_id": base.subnet["id"]}, (409, "IpAddressAlreadyAllocated")),
    ):
        answer = _put(people.member, other, "add_router_interface", **body)
        assert network.refusal(answer) == refusal


@pytest.mark.parametrize("action", ["add_router_interface", "remove_router_interface"])
def test_interface_of_others(
    people: callers.People, base: Base, router: Body, action: str
) -> None:
    """A reader may not (403), a stranger sees no router (404), nor is there one elsewhere."""
    body = {"subnet_id": base.subnet["id"]}
    answer = _put(people.reader, router, action, **body)
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    answer = _put(people.stranger, router, action, **body)
    assert network.refusal(answer) == (404, "RouterNotFound")
    answer = _put(people.admin, {"id": network.NOWHERE}, action, **body)
    assert network.refusal(answer) == (404, "RouterNotFound")


def test_routes(people: callers.People, base: Base, router: Body) -> None:
    """A route needs its next hop beside the router, and keeps the interface (409)."""
    good = {"destination": "10.99.0.0/24", "nexthop": "10.77.0.77"}

    def put(*routes: Body) -> Any:
        return _change(people.member, router, routes=list(routes))

    for bad, kind in (
        ({**good, "destination": "x"}, "HTTPBadRequest"),
        ({**good, "nexthop": "99.7.0.1"}, "InvalidRoutes"),
        ({**good, "nexthop": "10.77.0.1"}, "InvalidRoutes"),
    ):
        assert network.refusal(put(bad)) == (400, kind)
    assert network.one(put(good))["routes"] == [good]
    body = {"subnet_id": base.subnet["id"]}
    answer = _put(people.member, router, "remove_router_interface", **body)
    assert network.refusal(answer) == (409, "RouterInterfaceInUseByRoute")
    assert network.one(put())["routes"] == []


def test_extra_routes(people: callers.People, router: Body) -> None:
    """Routes are added to those that are there, and taken from them, as often as one likes."""
    route = {"destination": "10.98.0.0/24", "nexthop": "10.77.0.78"}
    for action, expected in (
        *[("add_extraroutes", [route])] * 2,
        *[("remove_extraroutes", [])] * 2,
    ):
        answer = _put(people.member, router, action, router={"routes": [route]})
        assert network.one(answer)["routes"] == expected
    answer = _put(people.stranger, router, "add_extraroutes", router={"routes": [route]})
    assert network.refusal(answer) == (404, "RouterNotFound")
    answer = _put(people.reader, router, "remove_extraroutes", router={"routes": [route]})
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")


def _floating(base: Base, **fields: Any) -> Any:
    wanted = {"floating_network_id": base.external["id"], **fields}
    return base.make("/floatingips", "floatingip", **wanted)


def test_floating_ip(people: callers.People, base: Base) -> None:
    """A floating IP is down and has a port of nobody's project, which goes with it."""
    made = _floating(base, description=base.prefix)
    assert (made["status"], made["description"]) == ("DOWN", base.prefix)
    assert made["port_id"] is made["fixed_ip_address"] is made["router_id"] is None
    assert made["port_details"] is None
    assert made["port_forwardings"] == []
    (port,) = _ports(people, made, "floatingip")
    assert port["fixed_ips"][0]["ip_address"] == made["floating_ip_address"]
    assert (port["project_id"], port["status"]) == ("", "N/A")
    answer = network.ask(people.admin, "DELETE", f"/ports/{port['id']}")
    assert network.refusal(answer) == (409, "ServicePortInUse")
    assert network.ask(people.member, "DELETE", f"/floatingips/{made['id']}").status_code == 204
    assert _ports(people, made, "floatingip") == []


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"floating_network_id": "x"}, 400, "HTTPBadRequest"),
        ({"floating_network_id": network.NOWHERE}, 404, "NetworkNotFound"),
        ({"floating_ip_address": "172.24.5.99"}, 403, "PolicyNotAuthorized"),
        ({"fixed_ip_address": "10.7.0.9"}, 400, "BadRequest"),
        ({"port_id": network.NOWHERE}, 404, "PortNotFound"),
        ({"subnet_id": network.NOWHERE}, 404, "SubnetNotFound"),
    ],
)
def test_floating_ip_refused(
    people: callers.People, base: Base, fields: dict[str, Any], status: int, kind: str
) -> None:
    """What is no floating IP; nothing is left of it."""
    wanted = {"floating_network_id": base.external["id"], "description": "refused", **fields}
    answer = network.ask(people.member, "POST", "/floatingips", {"floatingip": wanted})
    assert network.refusal(answer) == (status, kind)
    assert network.get(people.member, "/floatingips", description="refused") == []


def test_floating_ip_of_inner_network(people: callers.People, base: Base) -> None:
    """A floating IP is of an external network; without any it is 400."""
    for wanted, kind in (
        ({"floating_network_id": base.network["id"]}, "BadRequest"),
        ({}, "HTTPBadRequest"),
    ):
        answer = network.ask(people.member, "POST", "/floatingips", {"floatingip": wanted})
        assert network.refusal(answer) == (400, kind)


def test_address_asked_for(people: callers.People, base: Base) -> None:
    """The administrator names the address, which must be free and of the network."""
    free = _floating(base)["floating_ip_address"]

    def post(address: str) -> Any:
        wanted = {"floating_network_id": base.external["id"], "floating_ip_address": address}
        return network.ask(people.admin, "POST", "/floatingips", {"floatingip": wanted})

    assert network.refusal(post(free)) == (409, "IpAddressAlreadyAllocated")
    assert network.refusal(post("10.0.0.1")) == (400, "InvalidIpForNetwork")


def test_association(people: callers.People, base: Base, router: Body) -> None:
    """It leads to a port through the router, which keeps gateway and interface meanwhile."""
    port = base.with_address(name=base.prefix)
    address = port["fixed_ips"][0]["ip_address"]
    made = _floating(base, port_id=port["id"])
    assert (made["port_id"], made["fixed_ip_address"]) == (port["id"], address)
    assert (made["router_id"], made["status"]) == (router["id"], "DOWN")
    assert (made["revision_number"], made["port_details"]["name"]) == (0, base.prefix)
    second = _floating(base)
    path = f"/floatingips/{second['id']}"
    body = {"floatingip": {"port_id": port["id"]}}
    answer = network.ask(people.member, "PUT", path, body)
    assert network.refusal(answer) == (409, "FloatingIPPortAlreadyAssociated")
    answer = _change(people.member, router, external_gateway_info={})
    assert network.refusal(answer) == (409, "RouterExternalGatewayInUseByFloatingIp")
    answer = _put(people.member, router, "remove_router_interface", subnet_id=base.subnet["id"])
    assert network.refusal(answer) == (409, "RouterInterfaceInUseByFloatingIP")
    for query in ({"port_id": port["id"]}, {"router_id": router["id"]}):
        found = network.get(people.member, "/floatingips", **query)
        assert [one["id"] for one in found] == [made["id"]]
    path = f"/floatingips/{made['id']}"
    body = {"floatingip": {"port_id": None}}
    loose = network.one(network.ask(people.member, "PUT", path, body))
    assert loose["port_id"] is loose["router_id"] is loose["fixed_ip_address"] is None
    assert loose["revision_number"] == 1


def test_port_takes_association(people: callers.People, base: Base, router: Body) -> None:
    """The floating IP of a deleted port leads nowhere; a PUT of nothing disassociates."""
    port = base.with_address()
    made = _floating(base, port_id=port["id"])
    path = f"/floatingips/{made['id']}"
    described = {"floatingip": {"description": "x"}}
    assert network.one(network.ask(people.member, "PUT", path, described))["port_id"] is not None
    nothing: Body = {"floatingip": {}}
    assert network.one(network.ask(people.member, "PUT", path, nothing))["port_id"] is None
    again = {"floatingip": {"port_id": port["id"]}}
    assert network.one(network.ask(people.member, "PUT", path, again))["port_id"] == port["id"]
    network.ask(people.member, "DELETE", f"/ports/{port['id']}")
    assert network.get(people.member, path)["port_id"] is None
    assert router["id"]


def test_association_refused(people: callers.People, base: Base, router: Body) -> None:
    """A port without address, with several, on a network without a router, with others."""
    island = base.net()
    base.sub(island, "10.94.0.0/24")
    far = base.make("/ports", "port", network_id=island["id"])
    near = base.with_address()
    several = base.port(fixed_ips=[{"subnet_id": base.subnet["id"]}] * 2)
    made = _floating(base)
    path = f"/floatingips/{made['id']}"
    for wanted, refusal in (
        ({"port_id": base.port()["id"]}, (400, "BadRequest")),
        ({"port_id": several["id"]}, (400, "BadRequest")),
        ({"port_id": far["id"]}, (404, "ExternalGatewayForFloatingIPNotFound")),
        ({"port_id": near["id"], "fixed_ip_address": "10.77.0.250"}, (400, "BadRequest")),
        ({"fixed_ip_address": "10.77.0.250"}, (400, "BadRequest")),
        ({"floating_ip_address": "10.77.0.250"}, (400, "HTTPBadRequest")),
    ):
        answer = network.ask(people.member, "PUT", path, {"floatingip": wanted})
        assert network.refusal(answer) == refusal, wanted
    fixed = several["fixed_ips"][1]["ip_address"]
    body = {"floatingip": {"port_id": several["id"], "fixed_ip_address": fixed}}
    changed = network.one(network.ask(people.member, "PUT", path, body))
    assert (changed["fixed_ip_address"], changed["router_id"]) == (fixed, router["id"])


def test_external_network_takes_floating_ips(people: callers.People, base: Base) -> None:
    """A DELETE of an external network takes the floating IPs that lead nowhere, even if refused.

    Those of other projects too: on a real cloud nobody should try with a network that is not his.
    """
    external = base.make("/networks", "network", people.admin, **{"router:external": True})
    base.make(
        *("/subnets", "subnet", people.admin),
        network_id=external["id"],
        ip_version=4,
        cidr="10.100.0.0/24",
    )
    gateway = {"network_id": external["id"]}
    router = base.make("/routers", "router", external_gateway_info=gateway)
    made = base.make("/floatingips", "floatingip", floating_network_id=external["id"])
    answer = network.ask(people.admin, "DELETE", f"/networks/{external['id']}")
    assert network.refusal(answer) == (409, "NetworkInUse")
    answer = network.ask(people.member, "GET", f"/floatingips/{made['id']}")
    assert network.refusal(answer) == (404, "FloatingIPNotFound")
    shown = network.get(people.member, f"/routers/{router['id']}")
    assert shown["external_gateway_info"]["network_id"] == external["id"]
