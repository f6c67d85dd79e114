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
"""Collections that clients list, though nearly nothing is ever in them: who gets which answer.

Sources: the API references of the five services; answers seen on a real control plane. What is
compared is what a cloud has from its birth; what others have made since then may be there too.
"""

import contextlib
import dataclasses
import secrets
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks
from tests.contract import network

Body = dict[str, Any]
V3 = "/v3/{project}"


@dataclasses.dataclass(frozen=True)
class Few:
    """A list: whose, where, its key; the fields of a row if it has any; who is refused."""

    service: str
    path: str
    key: str
    version: str = ""
    fields: frozenset[str] = frozenset()
    refused: str = ""
    """What a member is told with 403, or nothing if he gets the list."""
    admins: frozenset[str] = frozenset()
    """The fields that only the administrator is shown."""
    others: frozenset[str] = frozenset()
    """What the answer has besides the list."""


def _net(path: str, *fields: str, key: str = "") -> Few:
    name = key or path.partition("?")[0].rpartition("/")[2].replace("-", "_")
    return Few("network", f"/v2.0/{path}", name, fields=frozenset(fields))


def _keystone(path: str, action: str) -> Few:
    key, refused = path.rpartition("/")[2], f"requested action: identity:{action}"
    return Few("identity", f"/v3/{path}", key, refused=refused, others=frozenset({"links"}))


def _cinder(path: str, version: str, *fields: str, refused: str = "", **more: Any) -> Few:
    key = path.removesuffix("/detail").rpartition("/")[2].replace("-", "_")
    wanted = frozenset(fields)
    return Few("block-storage", path, key, version, wanted, refused, **more)


SG_RULE = (
    *("id", "ethertype", "direction", "protocol", "port_range_min", "port_range_max"),
    *("remote_ip_prefix", "remote_address_group_id", "remote_group_id", "description"),
    *("used_in_default_sg", "used_in_non_default_sg"),
)
POOL = ("subnet_id", "subnet_name", "project_id", "network_id", "cidr", "tenant_id")
SEGMENT = (
    *("id", "network_id", "name", "description", "physical_network", "network_type"),
    *("segmentation_id", "created_at", "updated_at", "revision_number"),
)
IMAGE = (
    *("id", "name", "links", "minRam", "minDisk", "metadata", "created", "updated", "status"),
    *("progress", "OS-EXT-IMG-SIZE:size"),
)
FEW = (
    _net("service-providers", "service_type", "name", "default"),
    _net("service-providers?service_type=VPN"),
    _net("metering/metering-labels"),
    _net("metering/metering-label-rules"),
    _net("segments", *SEGMENT),
    _net("flavors"),
    _net("service_profiles"),
    _net("qos/rule-types", "type", key="rule_types"),
    _net("default-security-group-rules", *SG_RULE),
    _net("security-groups-default-statefulness"),
    _net("address-groups"),
    _net("floatingip-pools", *POOL),
    _net("floatingip_pools", *POOL),
    _cinder(
        *(f"{V3}/group_types", "3.11", "id", "name", "description", "is_public", "group_specs"),
        admins=frozenset({"group_specs"}),
    ),
    _cinder(f"{V3}/resource_filters", "3.33", "resource", "filters"),
    _cinder(f"{V3}/default-types", "3.62", refused="You are not authorized to perform this"),
    _cinder("/v3/default-types", "3.62", refused="You are not authorized to perform this"),
    _cinder(f"{V3}/clusters", "3.7", refused="clusters:get_all"),
    _cinder(f"{V3}/clusters/detail", "3.7", refused="clusters:get_all"),
    _cinder(f"{V3}/messages", "3.3"),
    Few(
        *("image", "/v2/metadefs/namespaces", "namespaces"),
        others=frozenset({"schema", "first"}),
    ),
    Few("image", "/v2/metadefs/resource_types", "resource_types"),
    _keystone("OS-OAUTH1/consumers", "list_consumers"),
    _keystone("OS-EP-FILTER/endpoint_groups", "list_endpoint_groups"),
    _keystone("OS-FEDERATION/identity_providers", "list_identity_providers"),
    _keystone("OS-FEDERATION/mappings", "list_mappings"),
    _keystone("OS-FEDERATION/service_providers", "list_service_providers"),
    Few("compute", "/v2.1/images", "images", "2.35", frozenset({"id", "name", "links"})),
    Few("compute", "/v2.1/images/detail", "images", "2.35", frozenset(IMAGE)),
    Few("compute", "/v2.1/os-volumes", "volumes", "2.35"),
    Few("compute", "/v2.1/os-volumes/detail", "volumes", "2.35"),
)
VERSIONED = [few for few in FEW if few.version]


@pytest.mark.parametrize("who", ["admin", "member"])
@pytest.mark.parametrize("few", FEW, ids=lambda few: f"{few.service}{few.path}")
def test_few(people: callers.People, few: Few, who: str) -> None:
    """Status, keys and fields; a member may be refused, or see less."""
    caller: callers.Caller = getattr(people, who)
    answer = caller.get(few.service, few.path, version=few.version)
    if few.refused and who == "member":
        assert disks.says(answer, 403, few.refused)
        return
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {few.key} | few.others
    rows = answer.json()[few.key]
    hidden = few.admins if who == "member" else frozenset()
    is_mine = few.key != "segments" or who == "admin"
    if few.fields and is_mine:
        assert {frozenset(row) for row in rows} == {few.fields - hidden}
    # What Cinder had to say of volumes that failed stays for a month.
    elif (not is_mine or who == "member") and few.key != "messages":
        assert rows == []


@pytest.mark.parametrize("few", VERSIONED, ids=lambda few: f"{few.service}{few.path}")
def test_other_versions(people: callers.People, few: Few) -> None:
    """A version before that which brought a list, or after that which took it away: 404."""
    major, minor = few.version.split(".")
    other = int(minor) + (1 if few.service == "compute" else -1)
    answer = people.admin.get(few.service, few.path, version=f"{major}.{other}")
    assert disks.says(answer, 404, "The resource could not be found.")


def test_what_never_changes(people: callers.People) -> None:
    """What Neutron and Cinder bring along: kinds of routers, QoS rules, group types, filters."""
    found = network.get(people.member, "/service-providers", service_type="L3_ROUTER_NAT")
    assert [one["name"] for one in found] == ["dvrha", "dvr", "ha", "single_node"]
    kinds = {one["type"] for one in network.get(people.member, "/qos/rule-types")}
    assert kinds >= {"bandwidth_limit", "dscp_marking", "minimum_bandwidth"}
    rules = network.get(people.member, "/default-security-group-rules")
    assert sorted((one["direction"], one["ethertype"]) for one in rules) == [
        *(("egress", "IPv4"), ("egress", "IPv6")),
        *(("ingress", "IPv4"), ("ingress", "IPv6")),
    ]
    path = f"{V3}/resource_filters?resource=backup"
    answer = people.member.get("block-storage", path, version="3.33")
    filters = ["name", "status", "volume_id"]
    assert answer.json()["resource_filters"] == [{"resource": "backup", "filters": filters}]


@pytest.mark.parametrize("path", ["/segments", "/flavors", "/address-groups", "/rbac-policies"])
def test_unknown_filter(people: callers.People, path: str) -> None:
    """A filter that the list does not know is 400."""
    answer = network.ask(people.member, "GET", path, params={"bogus": 1})
    assert network.refusal(answer) == (400, "HTTPBadRequest")


def test_image_by_compute(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Nova shows Glance's image in its own words, by 2.35 at the latest."""
    made = disks.image(people.member, undo, min_ram=5, colour="red")
    path = f"/v2.1/images/{made['id']}"
    shown = people.member.get("compute", path, version="2.35").json()["image"]
    assert (shown["minRam"], shown["status"], shown["progress"]) == (5, "SAVING", 25)
    assert shown["metadata"] == {"colour": "red"}
    assert disks.says(people.stranger.get("compute", path), 404, "Image not found.")
    listed = people.member.get("compute", f"/v2.1/images/detail?name={made['name']}")
    assert shown in listed.json()["images"]
    assert disks.says(people.member.get("compute", path, version="2.36"), 404)


def test_volume_by_compute(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Nova shows Cinder's volume in its own words, by 2.35 at the latest."""
    made = disks.volume(people.member, undo)
    path = f"/v2.1/os-volumes/{made['id']}"
    shown = people.member.get("compute", path, version="2.35").json()["volume"]
    assert (shown["displayName"], shown["size"], shown["attachments"]) == ("contract", 1, [{}])
    assert shown["createdAt"] == made["created_at"][:19] + ".000000"
    listed = people.member.get("compute", "/v2.1/os-volumes").json()["volumes"]
    assert shown in listed
    assert disks.says(people.stranger.get("compute", path), 404, "could not be found.")
    assert disks.says(people.member.get("compute", path, version="2.36"), 404)


@pytest.fixture
def lent(people: callers.People, undo: contextlib.ExitStack) -> Body:
    """A network of the member."""
    body = {"network": {"name": f"contract-{secrets.token_hex(4)}"}}
    made = network.one(network.ask(people.member, "POST", "/networks", body))
    undo.callback(network.ask, people.admin, "DELETE", f"/networks/{made['id']}")
    return dict(made)


def _share(
    caller: callers.Caller, lent: Body, target: str, action: str = "access_as_shared"
) -> Any:
    wanted = {"object_type": "network", "object_id": lent["id"]}
    body = {"rbac_policy": {**wanted, "target_tenant": target, "action": action}}
    return network.ask(caller, "POST", "/rbac-policies", body)


@pytest.mark.parametrize(
    ("action", "flag"),
    [("access_as_shared", "shared"), ("access_as_external", "router:external")],
)
def test_rbac_policy(people: callers.People, lent: Body, action: str, flag: str) -> None:
    """The target sees the network while the policy is there, which only its owner sees."""
    path = f"/networks/{lent['id']}"
    assert network.ask(people.stranger, "GET", path).status_code == 404
    made = network.one(_share(people.member, lent, people.stranger.project_id, action))
    own = f"/rbac-policies/{made['id']}"
    assert network.get(people.member, own) == made
    assert network.get(people.member, "/rbac-policies", object_id=lent["id"]) == [made]
    assert network.get(people.stranger, "/rbac-policies", object_id=lent["id"]) == []
    for method in ("GET", "DELETE"):
        answer = network.ask(people.stranger, method, own)
        assert network.refusal(answer) == (404, "RbacPolicyNotFound")
    assert network.get(people.stranger, path)[flag] is True
    is_told_to_all = action == "access_as_external"
    assert network.get(people.member, path)[flag] is is_told_to_all
    answer = _share(people.member, lent, people.stranger.project_id, action)
    assert network.refusal(answer) == (409, "DuplicateRbacPolicy")
    assert network.ask(people.member, "DELETE", own).status_code == 204
    assert network.ask(people.stranger, "GET", path).status_code == 404


def test_rbac_policy_for_all(people: callers.People, lent: Body) -> None:
    """The administrator shares with ``*``, by a policy or by the network's flag alike."""
    path, query = f"/networks/{lent['id']}", {"object_id": lent["id"]}
    answer = _share(people.member, lent, "*")
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    made = network.one(_share(people.admin, lent, "*"))
    assert network.get(people.stranger, path)["shared"] is True
    network.ask(people.admin, "DELETE", f"/rbac-policies/{made['id']}")
    assert network.get(people.member, path)["shared"] is False
    network.ask(people.admin, "PUT", path, {"network": {"shared": True}})
    (stood,) = network.get(people.member, "/rbac-policies", **query)
    assert (stood["target_tenant"], stood["action"]) == ("*", "access_as_shared")
    network.ask(people.admin, "PUT", path, {"network": {"shared": False}})
    assert network.get(people.admin, "/rbac-policies", **query) == []


def test_rbac_policy_refused(people: callers.People, lent: Body) -> None:
    """What is no policy: unknown types and actions, nothing to share, what is not one's own."""
    target = people.stranger.project_id
    answer = _share(people.member, lent, target, "bogus")
    assert network.refusal(answer) == (400, "InvalidActionForType")
    answer = _share(people.stranger, lent, target)
    assert network.refusal(answer) == (400, "InvalidInput")
    answer = _share(people.member, {"id": network.NOWHERE}, target)
    assert network.refusal(answer) == (400, "InvalidInput")
    wanted = {"object_type": "bogus", "object_id": lent["id"], "action": "access_as_shared"}
    body = {"rbac_policy": {**wanted, "target_tenant": target}}
    answer = network.ask(people.member, "POST", "/rbac-policies", body)
    assert network.refusal(answer) == (400, "InvalidInput")
    answer = network.ask(people.member, "POST", "/rbac-policies", {"rbac_policy": wanted})
    assert network.refusal(answer) == (400, "HTTPBadRequest")
    answer = network.ask(people.member, "GET", f"/rbac-policies/{network.NOWHERE}")
    assert network.refusal(answer) == (404, "RbacPolicyNotFound")
