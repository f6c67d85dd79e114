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
"""Server groups of a project and aggregates of hosts."""

from collections.abc import Iterator
import contextlib
import secrets
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import compute

V = compute.V
GROUPS = "/v2.1/os-server-groups"
AGGREGATES = "/v2.1/os-aggregates"
NOBODY = compute.NOBODY


def form(caller: callers.Caller, *, version: str = V, **fields: Any) -> Any:
    """The answer to a wish for a server group."""
    wish = {"name": f"contract-{secrets.token_hex(4)}", **fields}
    return caller.post("compute", GROUPS, {"server_group": wish}, version=version)


@pytest.fixture
def group(people: callers.People) -> Iterator[dict[str, Any]]:
    """A server group of the member."""
    answer = form(people.member, policy="anti-affinity", rules={"max_server_per_host": 2})
    assert answer.status_code == 200, answer.text
    made = answer.json()["server_group"]
    yield made
    people.member.remove("compute", f"{GROUPS}/{made['id']}")


def test_group(people: callers.People, group: dict[str, Any]) -> None:
    """A new group has no members; since 2.64 it has one policy and rules."""
    assert group == {
        "id": group["id"],
        "name": group["name"],
        "policy": "anti-affinity",
        "rules": {"max_server_per_host": 2},
        "members": [],
        "project_id": people.member.project_id,
        "user_id": people.member.user_id,
    }
    path = f"{GROUPS}/{group['id']}"
    for caller in (people.member, people.reader, people.admin):
        assert caller.get("compute", path, version=V).json() == {"server_group": group}
    middle = people.member.get("compute", path, version="2.13").json()["server_group"]
    assert (middle["policies"], middle["metadata"]) == (["anti-affinity"], {})
    old = people.member.get("compute", path, version="2.1").json()["server_group"]
    assert set(middle) - set(old) == {"project_id", "user_id"}


def test_old_group(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Before 2.64 a group has a list of one policy, before 2.15 no soft one."""
    answer = form(people.member, policies=["affinity"], version="2.1")
    made = answer.json()["server_group"]
    undo.callback(people.member.remove, "compute", f"{GROUPS}/{made['id']}")
    assert (answer.status_code, made["policies"]) == (200, ["affinity"])
    soft = form(people.member, policies=["soft-affinity"], version="2.1")
    assert "'soft-affinity' is not one of ['anti-affinity', 'affinity']" in compute.said(soft)
    assert form(people.member, policies=[], version="2.1").status_code == 400


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "old form": ({"policies": ["affinity"]}, "'policy' is a required property"),
    "no policy": ({}, "'policy' is a required property"),
    "unknown policy": ({"policy": "bad"}, "'bad' is not one of ['anti-affinity', 'affinity', "),
    "no rules here": (
        {"policy": "affinity", "rules": {"max_server_per_host": 2}},
        "Only anti-affinity policy supports rules.",
    ),
    "no name": ({"policy": "affinity", "name": ""}, "'' should be non-empty"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_groups(people: callers.People, what: str) -> None:
    """What is no group is 400."""
    fields, wrong = WRONG[what]
    answer = form(people.member, **fields)
    assert answer.status_code == 400
    assert wrong in compute.said(answer)


def test_list_of_groups(people: callers.People, group: dict[str, Any]) -> None:
    """Groups are the project's; all of them only for the administrator who asks."""

    def ids(caller: callers.Caller, query: str = "") -> list[str]:
        answer = caller.get("compute", f"{GROUPS}{query}", version=V)
        return [one["id"] for one in answer.json()["server_groups"]]

    assert ids(people.member) == [group["id"]]
    assert ids(people.member, "?all_projects=1") == [group["id"]]
    assert ids(people.stranger) == []
    assert group["id"] not in ids(people.admin)
    assert group["id"] in ids(people.admin, "?all_projects=True")
    assert ids(people.member, "?offset=1") == []
    assert ids(people.member, "?limit=1") == [group["id"]]
    for query, text in (
        ("limit=x", "'x' does not match '^[0-9]*$'"),
        ("marker=x", "Additional properties are not allowed ('marker' was unexpected)"),
    ):
        answer = people.member.get("compute", f"{GROUPS}?{query}", version=V)
        assert (answer.status_code, text in compute.said(answer)) == (400, True)


def test_groups_of_others(people: callers.People, group: dict[str, Any]) -> None:
    """Another project's group is 404; a reader deletes none, and makes none."""
    path = f"{GROUPS}/{group['id']}"
    text = f"Instance group {group['id']} could not be found."
    for answer in (
        people.stranger.get("compute", path, version=V),
        people.stranger.delete("compute", path, version=V),
    ):
        assert (answer.status_code, compute.said(answer)) == (404, text)
    answer = people.reader.delete("compute", path, version=V)
    assert compute.said(answer) == compute.policy("os-server-groups:delete")
    answer = form(people.reader, policy="affinity")
    assert compute.said(answer) == compute.policy("os-server-groups:create")


def test_end_of_a_group(people: callers.People, group: dict[str, Any]) -> None:
    """A deleted group is gone at once; again is 404."""
    path = f"{GROUPS}/{group['id']}"
    codes = [people.member.delete("compute", path, version=V).status_code for _ in range(2)]
    assert codes == [204, 404]


def test_quota_of_groups(people: callers.People) -> None:
    """A project that has as many groups as it may is refused with 403."""
    path = f"/v2.1/os-quota-sets/{people.stranger.project_id}"
    people.admin.put("compute", path, {"quota_set": {"server_groups": 0}}, version=V)
    answer = form(people.stranger, policy="affinity")
    people.admin.delete("compute", path, version=V)
    text = "Quota exceeded, too many server groups."
    assert (answer.status_code, compute.said(answer)) == (403, text)


def test_unknown_group(people: callers.People, undo_module: contextlib.ExitStack) -> None:
    """No server is made for a group that is not there."""
    bed = compute.make(people, undo_module)
    answer = bed.ask_for("grouped", hints={"group": NOBODY}, networks="none")
    text = f"Instance group {NOBODY} could not be found."
    assert (answer.status_code, compute.said(answer)) == (400, text)


def test_members(
    people: callers.People, group: dict[str, Any], undo_module: contextlib.ExitStack
) -> None:
    """A server of a group is its member until it is gone."""
    bed = compute.make(people, undo_module)
    server = bed.boot("member", is_awaited=False, hints={"group": group["id"]}, networks="none")
    assert bed.show(server)["server_groups"] == [group["id"]]
    path = f"{GROUPS}/{group['id']}"
    shown = people.member.get("compute", path, version=V).json()["server_group"]
    assert shown["members"] == [server]
    bed.remove(server)
    shown = people.member.get("compute", path, version=V).json()["server_group"]
    assert shown["members"] == []


def gather(people: callers.People, *, version: str = V, **fields: Any) -> Any:
    """The answer to the administrator's wish for an aggregate."""
    wish = {"name": f"contract-{secrets.token_hex(4)}", **fields}
    return people.admin.post("compute", AGGREGATES, {"aggregate": wish}, version=version)


@pytest.fixture
def aggregate(people: callers.People, undo: contextlib.ExitStack) -> dict[str, Any]:
    """An aggregate without a zone, as the answer shows it."""
    answer = gather(people)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()["aggregate"]
    undo.callback(people.admin.remove, "compute", f"{AGGREGATES}/{made['id']}")
    return made


def change(people: callers.People, aggregate: dict[str, Any], action: str, wish: Any) -> Any:
    """The answer to an action of the administrator."""
    path = f"{AGGREGATES}/{aggregate['id']}/action"
    return people.admin.post("compute", path, {action: wish}, version=V)


def test_aggregate(people: callers.People, aggregate: dict[str, Any]) -> None:
    """A new aggregate tells neither hosts nor metadata, which a list and `show` do."""
    assert isinstance(aggregate["id"], int)
    assert {"hosts", "metadata"}.isdisjoint(aggregate)
    path = f"{AGGREGATES}/{aggregate['id']}"
    shown = people.admin.get("compute", path, version=V).json()["aggregate"]
    assert (shown["hosts"], shown["metadata"], shown["availability_zone"]) == ([], {}, None)
    listed = people.admin.get("compute", AGGREGATES, version=V).json()["aggregates"]
    assert shown in listed
    old = people.admin.get("compute", path, version="2.40").json()["aggregate"]
    assert set(shown) - set(old) == {"uuid"}


def test_zone_of_aggregate(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A zone is the aggregate's metadata, and is never taken away again."""
    made = gather(people, availability_zone="contract-zone").json()["aggregate"]
    undo.callback(people.admin.remove, "compute", f"{AGGREGATES}/{made['id']}")
    assert made["availability_zone"] == "contract-zone"
    path = f"{AGGREGATES}/{made['id']}"
    shown = people.admin.get("compute", path, version=V).json()["aggregate"]
    assert shown["metadata"] == {"availability_zone": "contract-zone"}
    answer = change(people, made, "set_metadata", {"metadata": {"availability_zone": None}})
    assert answer.status_code == 400
    assert "does not support empty named availability zone" in compute.said(answer)


def test_conflicts_of_aggregates(people: callers.People, aggregate: dict[str, Any]) -> None:
    """A name that is taken is 409, what is no aggregate 400."""
    answer = gather(people, name=aggregate["name"])
    text = f"Aggregate {aggregate['name']} already exists."
    assert (answer.status_code, compute.said(answer)) == (409, text)
    assert "'' should be non-empty" in compute.said(gather(people, name=""))
    answer = gather(people, availability_zone="a:b")
    assert "'a:b' is not valid under any of the given schemas" in compute.said(answer)
    path = f"{AGGREGATES}/{aggregate['id']}"
    answer = people.admin.put("compute", path, {"aggregate": {}}, version=V)
    assert answer.status_code == 400


def test_update_of_aggregate(people: callers.People, aggregate: dict[str, Any]) -> None:
    """Name and metadata change; a metadata item that is null is taken away."""
    path = f"{AGGREGATES}/{aggregate['id']}"
    wish = {"aggregate": {"name": f"{aggregate['name']}-2"}}
    shown = people.admin.put("compute", path, wish, version=V).json()["aggregate"]
    assert shown["name"] == f"{aggregate['name']}-2"
    answer = change(people, aggregate, "set_metadata", {"metadata": {"k": "v"}})
    assert answer.json()["aggregate"]["metadata"] == {"k": "v"}
    answer = change(people, aggregate, "set_metadata", {"metadata": {"k": None}})
    assert answer.json()["aggregate"]["metadata"] == {}


def test_hosts_of_aggregate(
    people: callers.People, aggregate: dict[str, Any], undo: contextlib.ExitStack
) -> None:
    """An aggregate with a host is not deleted (400); a host comes once (409), goes once (404)."""
    services = people.admin.get("compute", "/v2.1/os-services?binary=nova-compute", version=V)
    host = services.json()["services"][0]["host"]
    path = f"{AGGREGATES}/{aggregate['id']}"
    shown = change(people, aggregate, "add_host", {"host": host}).json()["aggregate"]
    undo.callback(change, people, aggregate, "remove_host", {"host": host})
    assert shown["hosts"] == [host]
    assert change(people, aggregate, "add_host", {"host": host}).status_code == 409
    answer = people.admin.delete("compute", path, version=V)
    text = f"Cannot remove host from aggregate {aggregate['id']}. Reason: Host aggregate is not"
    assert (answer.status_code, compute.said(answer)) == (400, f"{text} empty.")
    shown = change(people, aggregate, "remove_host", {"host": host}).json()["aggregate"]
    assert shown["hosts"] == []
    answer = change(people, aggregate, "remove_host", {"host": host})
    assert answer.status_code == 404
    answer = change(people, aggregate, "add_host", {"host": "nowhere"})
    text = "Compute host nowhere could not be found."
    assert (answer.status_code, compute.said(answer)) == (404, text)
    answer = change(people, aggregate, "dance", {})
    assert (answer.status_code, compute.said(answer)) == (400, "There is no such action: dance")


def test_unknown_aggregates(people: callers.People) -> None:
    """What is not there is 404, what is no number 400."""
    text = "Aggregate 999999 could not be found."
    path = f"{AGGREGATES}/999999"
    for answer in (
        people.admin.get("compute", path, version=V),
        people.admin.put("compute", path, {"aggregate": {"name": "x"}}, version=V),
        people.admin.delete("compute", path, version=V),
        people.admin.post("compute", f"{path}/action", {"add_host": {"host": "cmp1"}}, version=V),
    ):
        assert (answer.status_code, compute.said(answer)) == (404, text)
    answer = people.admin.get("compute", f"{AGGREGATES}/abc", version=V)
    assert answer.status_code == 400
    assert "id must be an integer" in compute.said(answer)


def test_aggregates_are_for_the_administrator(
    people: callers.People, aggregate: dict[str, Any]
) -> None:
    """A member neither sees nor makes aggregates."""
    ask, path = people.member, f"{AGGREGATES}/{aggregate['id']}"
    attempts = {
        "index": ask.get("compute", AGGREGATES, version=V),
        "show": ask.get("compute", path, version=V),
        "create": ask.post("compute", AGGREGATES, {"aggregate": {"name": "x"}}, version=V),
        "update": ask.put("compute", path, {"aggregate": {"name": "x"}}, version=V),
        "delete": ask.delete("compute", path, version=V),
        "add_host": ask.post(
            "compute", f"{path}/action", {"add_host": {"host": "cmp1"}}, version=V
        ),
    }
    for action, answer in attempts.items():
        assert answer.status_code == 403
        assert compute.said(answer) == compute.policy(f"os-aggregates:{action}")


def test_end_of_an_aggregate(people: callers.People, aggregate: dict[str, Any]) -> None:
    """A deleted aggregate is gone at once; again is 404."""
    path = f"{AGGREGATES}/{aggregate['id']}"
    codes = [people.admin.delete("compute", path, version=V).status_code for _ in range(2)]
    assert codes == [200, 404]
