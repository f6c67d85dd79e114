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
"""Neutron besides its collections: versions, extensions, agents, quotas, addresses left.

Sources: API reference, Networking v2.0; statuses and types seen on a real Neutron 29.
"""

from collections.abc import Iterator
import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import network

Base = network.Base

USED = (
    *("quotas", "agent", "trunk", "router", "security-group", "revision-if-match", "pagination"),
    *("sorting", "project-id", "standard-attr-tag", "quota_details", "network-ip-availability"),
)


@pytest.fixture(scope="module")
def base(people: callers.People, undo_module: contextlib.ExitStack) -> Base:
    """The member's network and what is made for the tests."""
    return network.settle(people, undo_module)


def test_versions(people: callers.People) -> None:
    """The one version is told without a token."""
    answer = people.member.get("network", "/", authenticated=False)
    (version,) = answer.json()["versions"]
    assert (version["id"], version["status"]) == ("v2.0", "CURRENT")


def test_resources(people: callers.People) -> None:
    """The version's page names the core collections."""
    found = {one["collection"] for one in network.get(people.member, "/")}
    assert found == {"networks", "subnets", "subnetpools", "ports"}
    answer = network.ask(people.member, "GET", "/", authenticated=False)
    assert answer.status_code == 401


def test_extensions(people: callers.People) -> None:
    """What clients look for is listed, and shown by its alias."""
    listed = {one["alias"] for one in network.get(people.reader, "/extensions")}
    assert listed >= set(USED)
    assert network.get(people.reader, "/extensions/quotas")["alias"] == "quotas"
    assert network.ask(people.reader, "GET", "/extensions/bogus").status_code == 404


def test_unknown(people: callers.People) -> None:
    """A collection that Neutron has not is 404, a method that one has not is 405."""
    assert network.ask(people.member, "GET", "/nothing").status_code == 404
    assert network.ask(people.member, "PATCH", "/networks", {}).status_code == 405


@pytest.mark.parametrize("path", ["/agents", "/availability_zones", "/qos/policies"])
def test_lists(people: callers.People, path: str) -> None:
    """The administrator gets a list; a member's has nothing in it that is not his to see."""
    assert isinstance(network.get(people.admin, path), list)
    assert network.ask(people.member, "GET", path).status_code == 200


def test_agents(people: callers.People, base: Base) -> None:
    """What is no agent is 404; no agent serves a network on a cloud without any."""
    path = f"/agents/{network.NOWHERE}"
    for method, body in (("GET", None), ("PUT", {"agent": {}}), ("DELETE", None)):
        answer = network.ask(people.admin, method, path, body)
        assert network.refusal(answer) == (404, "AgentNotFound")
    answer = network.ask(people.admin, "GET", "/agents", params={"bogus": 1})
    assert network.refusal(answer) == (400, "HTTPBadRequest")
    assert network.get(people.admin, f"/networks/{base.network['id']}/dhcp-agents") == []


def test_addresses_left(people: callers.People, base: Base) -> None:
    """The administrator learns how many addresses each subnet has and has given."""
    base.with_address()
    path = f"/network-ip-availabilities/{base.network['id']}"
    told = network.get(people.admin, path)
    assert (told["used_ips"], told["total_ips"]) == (1, 253)
    (subnet,) = told["subnet_ip_availability"]
    assert (subnet["subnet_id"], subnet["used_ips"]) == (base.subnet["id"], 1)
    assert subnet["ip_availability_details"]["total_ips_in_subnet"] == 254
    query = {"network_id": base.network["id"], "ip_version": 4}
    listed = network.get(people.admin, "/network-ip-availabilities", **query)
    assert listed == [told]


def test_addresses_left_are_the_administrators(people: callers.People, base: Base) -> None:
    """Others get an empty list and 404, even of their own network."""
    path = "/network-ip-availabilities"
    assert network.get(people.member, path) == []
    answer = network.ask(people.member, "GET", f"{path}/{base.network['id']}")
    assert network.refusal(answer) == (404, "HTTPNotFound")
    answer = network.ask(people.admin, "GET", f"{path}/{network.NOWHERE}")
    assert network.refusal(answer) == (404, "NetworkNotFound")


@pytest.fixture
def quota(people: callers.People) -> Iterator[str]:
    """The path of the stranger's quotas, default again afterwards."""
    path = f"/quotas/{people.stranger.project_id}"
    yield path
    network.ask(people.admin, "DELETE", path)


def test_quotas(people: callers.People, quota: str) -> None:
    """Limits are default until the administrator sets them, and after he deletes them."""
    default = network.get(people.stranger, quota)
    assert default == network.get(people.stranger, f"{quota}/default")
    assert {"network", "subnet", "port", "router", "floatingip", "trunk"} <= set(default)
    answer = network.ask(people.admin, "PUT", quota, {"quota": {"network": "7"}})
    assert network.one(answer) == {**default, "network": 7}
    assert network.get(people.stranger, quota)["network"] == 7
    found = network.get(people.admin, "/quotas")
    mine = [one for one in found if one["project_id"] == people.stranger.project_id]
    assert [one["network"] for one in mine] == [7]
    assert network.ask(people.admin, "DELETE", quota).status_code == 204
    answer = network.ask(people.admin, "DELETE", quota)
    assert network.refusal(answer) == (404, "TenantQuotaNotFound")
    assert network.get(people.stranger, quota) == default


def test_quotas_of_others(people: callers.People, quota: str) -> None:
    """A member sees his own limits and changes none; of others he learns nothing."""
    for method, below, body in (
        ("GET", "", None),
        ("GET", "/default", None),
        ("PUT", "", {"quota": {"network": 1}}),
        ("DELETE", "", None),
    ):
        answer = network.ask(people.member, method, quota + below, body)
        assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    for below in ("/details", "/details.json"):
        answer = network.ask(people.member, "GET", quota + below)
        assert network.refusal(answer) == (403, "AdminRequired")
        assert network.get(people.stranger, quota + below)["network"]["reserved"] == 0
    answer = network.ask(people.stranger, "PUT", quota, {"quota": {"network": 1}})
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    assert network.refusal(network.ask(people.member, "GET", "/quotas"))[0] == 403


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        ({"network": "x"}, "InvalidInput"),
        ({"network": -2}, "HTTPBadRequest"),
        ({"bogus": 1}, "HTTPBadRequest"),
    ],
)
def test_quotas_refused(
    people: callers.People, quota: str, limits: dict[str, Any], kind: str
) -> None:
    """What is no limit."""
    answer = network.ask(people.admin, "PUT", quota, {"quota": limits})
    assert network.refusal(answer) == (400, kind)


def test_quota_reached(people: callers.People, base: Base, quota: str) -> None:
    """Beyond the limit is 409, for the administrator too; less than is used is no limit (400)."""
    network.one(network.ask(people.admin, "PUT", quota, {"quota": {"router": 1}}))
    base.make("/routers", "router", people.stranger)
    body: dict[str, Any] = {"router": {}}
    answer = network.ask(people.stranger, "POST", "/routers", body)
    assert network.refusal(answer) == (409, "OverQuota")
    body = {"router": {"project_id": people.stranger.project_id}}
    answer = network.ask(people.admin, "POST", "/routers", body)
    assert network.refusal(answer) == (409, "OverQuota")
    details = network.get(people.stranger, f"{quota}/details")
    assert details["router"] == {"limit": 1, "used": 1, "reserved": 0}
    answer = network.ask(people.admin, "PUT", quota, {"quota": {"router": 0}})
    assert network.refusal(answer) == (400, "HTTPBadRequest")
