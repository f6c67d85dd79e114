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
"""Flavors, who has access to private ones, and their extra specs."""

from collections.abc import Iterator
import contextlib
import secrets
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import compute

V = compute.V
FLAVORS = "/v2.1/flavors"
SMALL = {"ram": 64, "vcpus": 1, "disk": 1}


@pytest.fixture
def flavor(people: callers.People, undo: contextlib.ExitStack) -> dict[str, Any]:
    """A public flavor of the test's own."""
    return make(people, undo)


@pytest.fixture
def secret(people: callers.People, undo: contextlib.ExitStack) -> dict[str, Any]:
    """A private flavor of the test's own."""
    return make(people, undo, **{"os-flavor-access:is_public": False})


def make(people: callers.People, undo: contextlib.ExitStack, **fields: Any) -> dict[str, Any]:
    """A new flavor, gone in the end."""
    wish = {"name": f"contract-{secrets.token_hex(4)}", **SMALL, **fields}
    answer = people.admin.post("compute", FLAVORS, {"flavor": wish}, version=V)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()["flavor"]
    undo.callback(people.admin.remove, "compute", f"{FLAVORS}/{made['id']}")
    return made


def ids(caller: callers.Caller, query: str = "", *, detail: bool = False) -> set[str]:
    """The ids of the caller's list."""
    path = f"{FLAVORS}/detail" if detail else FLAVORS
    answer = caller.get("compute", f"{path}?limit=1000{query}", version=V)
    assert answer.status_code == 200, answer.text
    return {one["id"] for one in answer.json()["flavors"]}


def test_created_flavor(people: callers.People, flavor: dict[str, Any]) -> None:
    """A flavor has what was asked and defaults, and all see it."""
    assert flavor["os-flavor-access:is_public"] is True
    assert (flavor["swap"], flavor["rxtx_factor"], flavor["extra_specs"]) == (0, 1.0, {})
    assert (flavor["OS-FLV-EXT-DATA:ephemeral"], flavor["description"]) == (0, None)
    path = f"{FLAVORS}/{flavor['id']}"
    for caller in (people.admin, people.member, people.reader, people.stranger):
        assert caller.get("compute", path, version=V).json()["flavor"] == flavor
        assert flavor["id"] in ids(caller)
        assert flavor["id"] in ids(caller, detail=True)


def test_microversions(people: callers.People, flavor: dict[str, Any]) -> None:
    """Descriptions came with 2.55, specs with 2.61; 2.75 has no empty swap, 2.102 no factor."""
    path = f"{FLAVORS}/{flavor['id']}"
    old, new, newest = (
        people.member.get("compute", path, version=version).json()["flavor"]
        for version in ("2.1", "2.75", "2.102")
    )
    assert set(new) - set(old) == {"description", "extra_specs"}
    assert (old["swap"], new["swap"]) == ("", 0)
    assert set(new) - set(newest) == {"rxtx_factor", "OS-FLV-DISABLED:disabled"}
    named = f"{FLAVORS}?name={flavor['name']}"
    found = people.member.get("compute", named, version="2.102").json()["flavors"]
    assert [one["id"] for one in found] == [flavor["id"]]
    assert people.member.get("compute", named, version="2.101").status_code == 400


def test_conflicts(people: callers.People, flavor: dict[str, Any]) -> None:
    """A name or an id that is taken is 409."""
    wish = {"flavor": {**SMALL, "name": flavor["name"]}}
    answer = people.admin.post("compute", FLAVORS, wish, version=V)
    text = f"Flavor with name {flavor['name']} already exists."
    assert (answer.status_code, compute.said(answer)) == (409, text)
    wish = {"flavor": {**SMALL, "name": f"{flavor['name']}-2", "id": flavor["id"]}}
    answer = people.admin.post("compute", FLAVORS, wish, version=V)
    text = f"Flavor with ID {flavor['id']} already exists."
    assert (answer.status_code, compute.said(answer)) == (409, text)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no ram": ({"ram": None}, "'ram' is a required property"),
    "text for a number": ({"ram": "abc"}, "'abc' does not match '^[0-9]+$'"),
    "nothing": ({"vcpus": 0}, "0 is less than the minimum of 1"),
    "wrong id": ({"id": "a b$"}, "'a b$' does not match '^(?! )[a-zA-Z0-9. _-]+(?<! )$'"),
    "no name": ({"name": ""}, "'' should be non-empty"),
    "unknown": ({"bogus": 1}, "Additional properties are not allowed ('bogus' was unexpected)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_wishes(people: callers.People, what: str) -> None:
    """What is no flavor is 400."""
    fields, wrong = WRONG[what]
    wish = {"name": "contract-wrong", **SMALL, **fields}
    body = {"flavor": {key: value for key, value in wish.items() if value is not None}}
    answer = people.admin.post("compute", FLAVORS, body, version=V)
    assert answer.status_code == 400
    assert wrong in compute.said(answer)


def test_what_members_may_not(people: callers.People, flavor: dict[str, Any]) -> None:
    """Flavors are the administrator's to make, change and delete."""
    ask, path = people.member, f"{FLAVORS}/{flavor['id']}"
    wish = {"flavor": {"name": "contract-no", **SMALL}}
    attempts = {
        "os-flavor-manage:create": ask.post("compute", FLAVORS, wish, version=V),
        "os-flavor-manage:update": ask.put(
            "compute", path, {"flavor": {"description": "x"}}, version=V
        ),
        "os-flavor-manage:delete": ask.delete("compute", path, version=V),
        "os-flavor-access": ask.get("compute", f"{path}/os-flavor-access", version=V),
        "os-flavor-access:add_tenant_access": ask.post(
            "compute", f"{path}/action", {"addTenantAccess": {"tenant": "x"}}, version=V
        ),
        "os-flavor-extra-specs:create": ask.post(
            "compute", f"{path}/os-extra_specs", {"extra_specs": {"a": "b"}}, version=V
        ),
        "os-flavor-extra-specs:update": ask.put(
            "compute", f"{path}/os-extra_specs/a", {"a": "b"}, version=V
        ),
        "os-flavor-extra-specs:delete": ask.delete(
            "compute", f"{path}/os-extra_specs/a", version=V
        ),
    }
    for rule, answer in attempts.items():
        assert (answer.status_code, compute.said(answer)) == (403, compute.policy(rule))


def test_description(people: callers.People, flavor: dict[str, Any]) -> None:
    """Only the description changes, since 2.55."""
    path = f"{FLAVORS}/{flavor['id']}"
    wish = {"flavor": {"description": "other"}}
    shown = people.admin.put("compute", path, wish, version=V).json()["flavor"]
    assert shown == {**flavor, "description": "other"}
    answer = people.admin.put("compute", path, {"flavor": {"name": "x"}}, version=V)
    assert (answer.status_code, "'description' is a required" in answer.text) == (400, True)
    assert people.admin.put("compute", path, wish, version="2.54").status_code == 404
    answer = people.admin.put("compute", f"{FLAVORS}/nothing", wish, version=V)
    assert answer.status_code == 404


def test_delete(people: callers.People, flavor: dict[str, Any]) -> None:
    """A deleted flavor is gone at once; again is 404, and as a marker it is 400."""
    path = f"{FLAVORS}/{flavor['id']}"
    codes = [people.admin.delete("compute", path, version=V).status_code for _ in range(2)]
    assert codes == [202, 404]
    answer = people.member.get("compute", path, version=V)
    text = f"Flavor {flavor['id']} could not be found."
    assert (answer.status_code, compute.said(answer)) == (404, text)
    answer = people.member.get("compute", f"{FLAVORS}?marker={flavor['id']}", version=V)
    assert (answer.status_code, compute.said(answer)) == (
        400,
        f"marker [{flavor['id']}] not found",
    )


@pytest.fixture
def access(people: callers.People, secret: dict[str, Any]) -> Iterator[str]:
    """The path of the list of those who have access to the private flavor: the member."""
    path = f"{FLAVORS}/{secret['id']}"
    project = {"tenant": people.member.project_id}
    answer = people.admin.post(
        "compute", f"{path}/action", {"addTenantAccess": project}, version=V
    )
    shown = [{"flavor_id": secret["id"], "tenant_id": people.member.project_id}]
    assert (answer.status_code, answer.json()) == (200, {"flavor_access": shown})
    yield f"{path}/os-flavor-access"
    people.admin.post("compute", f"{path}/action", {"removeTenantAccess": project}, version=V)


def test_private_flavors(people: callers.People, secret: dict[str, Any]) -> None:
    """A private flavor is listed to the administrator who asks for it, and to nobody else."""
    assert secret["id"] not in ids(people.admin)
    assert secret["id"] in ids(people.admin, "&is_public=None", detail=True)
    assert secret["id"] in ids(people.admin, "&is_public=false")
    assert secret["id"] not in ids(people.member, "&is_public=None")
    path = f"{FLAVORS}/{secret['id']}"
    assert people.member.get("compute", path, version=V).status_code == 404


def test_access(people: callers.People, secret: dict[str, Any], access: str) -> None:
    """Who has access sees and lists the flavor; others do not."""
    listed = people.admin.get("compute", access, version=V).json()["flavor_access"]
    assert listed == [{"flavor_id": secret["id"], "tenant_id": people.member.project_id}]
    path = f"{FLAVORS}/{secret['id']}"
    assert people.member.get("compute", path, version=V).status_code == 200
    assert secret["id"] in ids(people.member)
    assert people.stranger.get("compute", path, version=V).status_code == 404
    assert secret["id"] not in ids(people.stranger)


def test_access_twice(people: callers.People, secret: dict[str, Any], access: str) -> None:
    """Access is given once (409) and taken once (404), to projects that there are (400)."""
    path = access.replace("os-flavor-access", "action")
    project = {"tenant": people.member.project_id}

    def act(action: str, wish: dict[str, str]) -> Any:
        return people.admin.post("compute", path, {action: wish}, version=V)

    assert act("addTenantAccess", project).status_code == 409
    assert act("removeTenantAccess", project).json() == {"flavor_access": []}
    assert act("removeTenantAccess", project).status_code == 404
    answer = act("addTenantAccess", {"tenant": "nobody"})
    text = "Project ID nobody is not a valid project."
    assert (answer.status_code, compute.said(answer)) == (400, text)
    answer = act("dance", {})
    assert (answer.status_code, compute.said(answer)) == (400, "There is no such action: dance")


def test_access_to_public_flavors(people: callers.People, flavor: dict[str, Any]) -> None:
    """All have access to a public flavor, so there is no list (404) and nothing to add (409)."""
    path = f"{FLAVORS}/{flavor['id']}"
    answer = people.admin.get("compute", f"{path}/os-flavor-access", version=V)
    text = "Access list not available for public flavors."
    assert (answer.status_code, compute.said(answer)) == (404, text)
    wish = {"addTenantAccess": {"tenant": people.member.project_id}}
    answer = people.admin.post("compute", f"{path}/action", wish, version=V)
    text = "Can not add access to a public flavor."
    assert (answer.status_code, compute.said(answer)) == (409, text)


def test_extra_specs(people: callers.People, flavor: dict[str, Any]) -> None:
    """Specs are added, read, set and deleted."""
    ask, path = people.admin, f"{FLAVORS}/{flavor['id']}/os-extra_specs"
    made = ask.post("compute", path, {"extra_specs": {"a:b": "1"}}, version=V)
    assert (made.status_code, made.json()) == (200, {"extra_specs": {"a:b": "1"}})
    more = ask.post("compute", path, {"extra_specs": {"c": 2}}, version=V)
    assert more.json() == {"extra_specs": {"c": 2}}
    whole = people.member.get("compute", path, version=V).json()
    assert whole == {"extra_specs": {"a:b": "1", "c": "2"}}
    assert people.member.get("compute", f"{path}/c", version=V).json() == {"c": "2"}
    assert ask.put("compute", f"{path}/c", {"c": "3"}, version=V).json() == {"c": "3"}
    other = ask.put("compute", f"{path}/c", {"d": "3"}, version=V)
    assert (other.status_code, compute.said(other)) == (400, "Request body and URI mismatch")
    codes = [ask.delete("compute", f"{path}/c", version=V).status_code for _ in range(2)]
    assert codes == [200, 404]
    missing = people.member.get("compute", f"{path}/c", version=V)
    assert compute.said(missing) == f"Flavor {flavor['id']} has no extra specs with key c."
    wrong = ask.post("compute", path, {"extra_specs": {"hw:cpu_policy": "zzz"}}, version=V)
    text = "Validation failed; 'zzz' is not one of: dedicated, shared, mixed."
    assert (wrong.status_code, compute.said(wrong)) == (400, text)
    wrong = ask.post("compute", path, {"extra_specs": {"a$": "1"}}, version=V)
    assert "'a$' does not match any of the regexes" in compute.said(wrong)
    missing = ask.get("compute", f"{FLAVORS}/nothing/os-extra_specs", version=V)
    assert missing.status_code == 404


def test_wrong_queries(people: callers.People) -> None:
    """What Nova does not understand is 400."""
    wrong = {
        "is_public=bogus": "Invalid is_public filter [bogus]",
        "limit=x": "'x' does not match '^[0-9]*$'",
        "marker=nothing": "marker [nothing] not found",
        "sort_key=bogus": "'bogus' is not one of ['created_at', 'description',",
        "minRam=x": "Invalid minRam filter [x]",
        "bogus=1": "Additional properties are not allowed ('bogus' was unexpected)",
    }
    for query, text in wrong.items():
        answer = people.admin.get("compute", f"{FLAVORS}?{query}", version=V)
        assert (answer.status_code, text in compute.said(answer)) == (400, True)


def test_pages(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Lists are sorted and paged as asked, with links."""
    # More memory than anybody else's, so that these come last.
    made = [make(people, undo, ram=10**8 + number) for number in range(3)]
    query = f"minRam={10**8}&sort_key=memory_mb&limit=2"
    page = people.admin.get("compute", f"{FLAVORS}/detail?{query}", version=V).json()
    assert [one["id"] for one in page["flavors"]] == [one["id"] for one in made[:2]]
    rest = page["flavors_links"][0]["href"].partition("/v2.1")[2]
    page = people.admin.get("compute", f"/v2.1{rest}", version=V).json()
    assert [one["id"] for one in page["flavors"]] == [made[2]["id"]]
    assert "flavors_links" not in page
    query = f"minRam={10**8}&sort_key=memory_mb&sort_dir=desc&limit=1"
    page = people.admin.get("compute", f"{FLAVORS}?{query}", version=V).json()
    assert page["flavors"][0]["id"] == made[2]["id"]
