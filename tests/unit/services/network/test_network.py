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

"""Networks and what is connected to them, as Neutron reports them."""

import json
from typing import Any

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.network import resources as managers
from tests.unit.services import answers

NETWORK = "03367138-f75b-459e-b5c5-ec80c0bc603c"
SUBNET = "aaf8abd5-0742-4a16-8406-b57929de0e14"
ROUTER = "5cf41bdd-2ec4-4d63-b737-72703d242d32"
PORTS = managers.PortManager.TABLE


def port(owner: str = "", device: str = "", **changes: Any) -> resources.Resource:
    """Return a recorded port, made for ``device`` by ``owner``."""
    record = answers.sampled("network/ports", "ports")
    record |= {"device_owner": owner, "device_id": device, **changes}
    return PORTS.decode(json.dumps({"port": record}).encode(), answers.PLACE)


def created_for(found: resources.Resource) -> list[tuple[str, str, bool, bool]]:
    """Return kind, id, is_first and is_serving of the created-for edges."""
    return [
        (edge.target.kind, edge.target.id, edge.is_first, edge.is_serving)
        for edge in found.edges
        if edge.sort is resources.EdgeSort.CREATED_FOR
    ]


@pytest.mark.parametrize(
    ("owner", "device", "expected"),
    [
        ("compute:nova", "s1", ("compute.server", "s1", False, False)),
        ("compute:az-2", "s1", ("compute.server", "s1", False, False)),
        ("", "s1", ("compute.server", "s1", False, False)),
        ("network:router_interface", "r1", ("network.router", "r1", True, True)),
        ("network:router_interface_distributed", "r1", ("network.router", "r1", True, True)),
        ("network:ha_router_replicated_interface", "r1", ("network.router", "r1", True, True)),
        ("network:router_gateway", "r1", ("network.router", "r1", False, False)),
        ("network:router_centralized_snat", "r1", ("network.router", "r1", False, False)),
        ("network:router_ha_interface", "r1", ("network.router", "r1", False, False)),
        ("network:floatingip", "f1", ("network.floating_ip", "f1", False, False)),
        ("network:dhcp", "dhcp-x", ("network.network", NETWORK, False, False)),
        ("network:distributed", "ovnmeta-x", ("network.network", NETWORK, False, False)),
        ("network:floatingip_agent_gateway", "x", ("network.network", NETWORK, False, False)),
    ],
)
def test_a_port_is_made_for_its_device(
    owner: str, device: str, expected: tuple[str, str, bool, bool]
) -> None:
    """device_owner tells which kind device_id is of, and how the two go."""
    found = port(owner, device)
    assert created_for(found) == [expected]
    assert found.manager is None


def test_a_free_port_is_made_for_nobody() -> None:
    """Without owner and device there is no such edge and no manager."""
    assert created_for(port()) == []
    assert port().manager is None


def test_a_subport_is_nobodys_part() -> None:
    """Somebody made it and gave it to a trunk, which tells of it."""
    found = port("trunk:subport", "x")
    assert created_for(found) == []
    assert found.manager is None


@pytest.mark.parametrize(
    ("owner", "device"),
    [
        ("manila:share", "x"),
        ("Octavia", "x"),
        ("network:router_of_tomorrow", "x"),
        ("compute", "x"),
        ("compute:nova", ""),
        ("network:router_interface", ""),
    ],
)
def test_a_port_of_somebody_else_has_a_manager(owner: str, device: str) -> None:
    """An owner that is not known, or that names no device, is left to itself."""
    found = port(owner, device)
    assert created_for(found) == []
    assert found.manager == owner


def test_a_port_is_attached_to_network_subnets_and_groups() -> None:
    """Each of them once, however many addresses there are."""
    ips = [{"subnet_id": SUBNET, "ip_address": one} for one in ("10.0.0.1", "10.0.0.2")]
    found = port(fixed_ips=ips, security_groups=["g1", "g2"])
    assert [(edge.target.kind, edge.target.id) for edge in found.edges] == [
        ("network.network", NETWORK),
        ("network.subnet", SUBNET),
        ("network.security_group", "g1"),
        ("network.security_group", "g2"),
    ]


def test_a_port_of_nobodys_project_has_none() -> None:
    """Neutron's own ports have an empty project and an empty name."""
    found = port("network:router_gateway", ROUTER, project_id="", name="")
    assert found.project_id is None
    assert found.name is None


def test_a_floating_ip_is_named_by_its_description() -> None:
    """It survives its port and its router, but not its network."""
    [found] = managers.FloatingIPManager.list(
        answers.always(answers.sample("network/floatingips")), {}
    )
    assert found.name == "sample"
    assert [(edge.target.kind, edge.is_loose) for edge in found.edges] == [
        ("network.network", False),
        ("network.port", True),
        ("network.router", True),
    ]


def test_a_router_is_attached_to_the_networks_of_its_gateways() -> None:
    """Each network counts once, though Neutron tells the first gateway twice."""
    record = answers.sampled("network/routers", "routers")
    first = record["external_gateway_info"]
    record["external_gateways"] = [first, {"network_id": "n2"}]
    body = json.dumps({"router": record}).encode()
    found = managers.RouterManager.TABLE.decode(body, answers.PLACE)
    assert [edge.target.id for edge in found.edges] == [first["network_id"], "n2"]
    assert found.details["routes"] == 1


def test_a_router_without_a_gateway_is_attached_to_nothing() -> None:
    """The gateway may be null."""
    record = {**answers.sampled("network/routers", "routers"), "external_gateway_info": None}
    body = json.dumps({"router": record}).encode()
    assert managers.RouterManager.TABLE.decode(body, answers.PLACE).edges == ()


def test_a_security_group_is_attached_to_those_in_its_rules() -> None:
    """Not to itself, and to each other one once."""
    record = answers.sampled("network/security_groups", "security_groups")
    rules = [{"remote_group_id": one} for one in (record["id"], "g2", None, "g2", "g3")]
    body = json.dumps({"security_group": {**record, "security_group_rules": rules}}).encode()
    found = managers.SecurityGroupManager.TABLE.decode(body, answers.PLACE)
    assert [edge.target.id for edge in found.edges] == ["g2", "g3"]


def test_security_groups_are_never_listed_by_project() -> None:
    """Asking for those of one project would create its default group again."""
    cloud = answers.always(b'{"security_groups": []}')
    list(managers.SecurityGroupManager.list(cloud, {}))
    assert cloud.requests[0][1] == "/security-groups?limit=1000&sort_key=id&sort_dir=asc"


def test_a_resource_older_than_its_dates_has_none() -> None:
    """Neutron tells null where something was made before it kept dates."""
    assert port(created_at=None, updated_at=None).created_at is None


@pytest.mark.parametrize(
    "kind", ["FloatingIP", "Router", "Subnet", "Network", "SecurityGroup", "Port"]
)
def test_a_removal_is_for_the_revision_that_was_read(kind: str) -> None:
    """If-Match keeps Neutron from deleting anything newer."""
    manager = getattr(managers, f"{kind}Manager")
    cloud = answers.always(b"")
    ref = answers.ref(manager.KIND.name, "x")
    manager(cloud, resources.Resource(ref=ref, revision=7)).delete()
    [(method, path, body, headers)] = cloud.requests
    assert (method, path, body) == ("DELETE", f"{manager.TABLE.path}/x", None)
    assert headers == {"If-Match": "revision_number=7"}


def router_answers(routes: list[object]) -> answers.RecordedCloud:
    """Return a cloud with the recorded router, with these routes."""
    record = {**answers.sampled("network/routers", "routers"), "routes": routes}
    return answers.always(json.dumps({"router": record}).encode())


def test_an_interface_is_removed_through_its_router() -> None:
    """Without routes there is nothing to clear first."""
    cloud = router_answers([])
    found = port("network:router_interface", ROUTER)
    managers.PortManager(cloud, found).delete()
    assert cloud.requests == [
        ("GET", f"/routers/{ROUTER}", None, {}),
        ("PUT", f"/routers/{ROUTER}/remove_router_interface", {"port_id": found.ref.id}, {}),
    ]


def test_routes_are_cleared_before_an_interface_goes() -> None:
    """They are cleared on the condition that the router is as it was read."""
    cloud = router_answers([{"destination": "10.99.0.0/24", "nexthop": "10.77.0.9"}])
    managers.PortManager(cloud, port("network:router_interface", ROUTER)).delete()
    clear = ("PUT", f"/routers/{ROUTER}", {"router": {"routes": []}})
    assert cloud.requests[1] == (*clear, {"If-Match": "revision_number=4"})
    assert cloud.requests[2][1].endswith("/remove_router_interface")


@pytest.mark.parametrize(
    "owner", ["compute:nova", "network:floatingip", "network:dhcp", "network:router_gateway"]
)
def test_other_ports_are_deleted_plainly(owner: str) -> None:
    """What is still there is deleted like any port; no router ever loses a gateway for itself."""
    cloud = answers.always(b"")
    found = port(owner, "x")
    managers.PortManager(cloud, found).delete()
    assert [one[:2] for one in cloud.requests] == [("DELETE", f"/ports/{found.ref.id}")]


def test_a_router_that_is_gone_took_its_ports_along() -> None:
    """404 from the router is success."""
    managers.PortManager(answers.refusing(404), port("network:router_interface", ROUTER)).delete()


@pytest.mark.parametrize("error", [exceptions.Stale, exceptions.Conflict])
def test_what_neutron_has_against_a_removal_passes(error: type[exceptions.RequestFailed]) -> None:
    """A changed resource is Stale, one in use a Conflict."""
    status = {exceptions.Stale: 412, exceptions.Conflict: 409}[error]
    with pytest.raises(error):
        managers.PortManager(answers.refusing(status), port()).delete()
