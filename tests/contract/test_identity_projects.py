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
"""Projects, their tree, their tags, and domains.

Sources: API reference, Identity v3, "Projects", "Project tags", "Domains"; a real Keystone 30.
"""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import identities

Body = dict[str, Any]


@pytest.fixture
def make(people: callers.People, undo: contextlib.ExitStack) -> identities.Maker:
    """What makes a test's people and places."""
    return identities.Maker(people, undo)


def ids(make: identities.Maker, plural: str, **params: Any) -> list[str]:
    """The ids of what a filtered list says."""
    answer = make.admin.get("identity", f"/v3/{plural}", params=params)
    assert answer.status_code == 200
    return [body["id"] for body in answer.json()[plural]]


def test_new_project(make: identities.Maker) -> None:
    """A project that is given a name only is enabled, right below its domain, without tags."""
    made = make.project()
    wanted = {
        "domain_id": "default",
        "parent_id": "default",
        "description": "",
        "enabled": True,
        "is_domain": False,
        "tags": [],
        "options": {},
    }
    assert {name: made[name] for name in wanted} == wanted
    assert made["links"]["self"].endswith(f"/v3/projects/{made['id']}")
    shown = make.admin.get("identity", f"/v3/projects/{made['id']}")
    assert shown.json()["project"] == made


def test_project_name_is_taken(make: identities.Maker) -> None:
    """Two projects of one domain do not share a name (409); those of two domains may."""
    first, domain = make.project(), make.domain()
    body = {"name": first["name"], "domain_id": "default"}
    answer = make.admin.post("identity", "/v3/projects", {"project": body})
    assert answer.status_code == 409
    assert first["name"] in identities.error(answer)
    assert make.project(name=first["name"], domain_id=domain["id"])["id"] != first["id"]


@pytest.mark.parametrize(
    "body",
    [
        {"domain_id": "default"},
        {"name": "", "domain_id": "default"},
        {"name": "x", "domain_id": "nowhere"},
        {"name": "x", "domain_id": "default", "parent_id": "nothing"},
        {"name": "x", "domain_id": "default", "tags": ["a", "a"]},
    ],
)
def test_wrong_project(make: identities.Maker, body: Body) -> None:
    """No name, no such domain, no such parent, one tag twice: 400."""
    answer = make.admin.post("identity", "/v3/projects", {"project": body})
    assert answer.status_code == 400
    assert identities.error(answer)


def test_changed_project(make: identities.Maker) -> None:
    """Name, description and enabled may change; its domain (400) and parent (403) may not."""
    made = make.project()
    path = f"/v3/projects/{made['id']}"
    name = identities.fresh_name()
    change = {"name": name, "description": "new", "enabled": False}
    changed = make.admin.patch("identity", path, {"project": change}).json()["project"]
    assert {field: changed[field] for field in change} == change
    for field, status in (("domain_id", 400), ("parent_id", 403)):
        refused = make.admin.patch("identity", path, {"project": {field: "other"}})
        assert refused.status_code == status


def test_tree(make: identities.Maker) -> None:
    """A project with children is neither deleted nor disabled (403), and knows its kin."""
    parent = make.project()
    child = make.project(parent_id=parent["id"])
    path = f"/v3/projects/{parent['id']}"
    assert make.admin.delete("identity", path).status_code == 403
    disabled = make.admin.patch("identity", path, {"project": {"enabled": False}})
    assert disabled.status_code == 403
    assert ids(make, "projects", parent_id=parent["id"]) == [child["id"]]
    kin = make.admin.get("identity", f"{path}?subtree_as_ids").json()["project"]
    assert kin["subtree"] == {child["id"]: None}
    kin = make.admin.get("identity", f"/v3/projects/{child['id']}?parents_as_ids").json()
    assert kin["project"]["parents"] == {parent["id"]: {"default": None}}
    assert make.admin.delete("identity", f"/v3/projects/{child['id']}").status_code == 204
    assert make.admin.delete("identity", path).status_code == 204


def test_parent_elsewhere(make: identities.Maker) -> None:
    """A project whose domain is not its parent's is 400."""
    parent = make.project(domain_id=make.domain()["id"])
    body = {"name": identities.fresh_name(), "domain_id": "default", "parent_id": parent["id"]}
    answer = make.admin.post("identity", "/v3/projects", {"project": body})
    assert answer.status_code == 400


def test_filtered_projects(make: identities.Maker) -> None:
    """A list is filtered by name, domain and state; an unknown filter is ignored."""
    domain = make.domain()
    one = make.project(domain_id=domain["id"])
    two = make.project(domain_id=domain["id"], enabled=False)
    both = sorted([one["id"], two["id"]])
    inside = {"domain_id": domain["id"]}
    assert ids(make, "projects", **inside) == both
    assert ids(make, "projects", **inside, planet="x") == both
    assert ids(make, "projects", **inside, name=one["name"]) == [one["id"]]
    assert ids(make, "projects", **inside, enabled="false") == [two["id"]]
    assert ids(make, "projects", **inside, enabled="True") == [one["id"]]
    assert ids(make, "projects", **inside, name__startswith=one["name"]) == [one["id"]]
    assert ids(make, "projects", domain_id="nowhere") == []
    assert ids(make, "projects", is_domain="true", name=domain["name"]) == [domain["id"]]


def test_pages_of_projects(make: identities.Maker) -> None:
    """With a limit a list is cut, says so and names the next page; a vanished marker is 404."""
    domain = make.domain()
    made = sorted(make.project(domain_id=domain["id"])["id"] for _ in range(3))
    path = f"/v3/projects?domain_id={domain['id']}"
    whole = make.admin.get("identity", path).json()
    assert whole["links"]["next"] is None
    assert "truncated" not in whole
    first = make.admin.get("identity", f"{path}&limit=2").json()
    assert [body["id"] for body in first["projects"]] == made[:2]
    assert first["truncated"] is True
    assert first["links"]["next"].endswith(f"&limit=2&marker={made[1]}")
    second = make.admin.get("identity", f"{path}&limit=2&marker={made[1]}").json()
    assert [body["id"] for body in second["projects"]] == made[2:]
    assert second["links"]["next"] is None
    gone = make.admin.get("identity", f"{path}&limit=2&marker=nothing")
    assert gone.status_code == 404
    assert identities.error(gone) == "Marker nothing could not be found."


def test_deleted_project(make: identities.Maker) -> None:
    """It takes its assignments along and is nobody's default project any more."""
    project = make.project()
    user = make.user(default_project_id=project["id"])
    make.grant("member", "projects", project["id"], "users", user["id"])
    assert make.admin.delete("identity", f"/v3/projects/{project['id']}").status_code == 204
    query = f"/v3/role_assignments?user.id={user['id']}"
    assert make.admin.get("identity", query).json()["role_assignments"] == []
    (listed,) = make.admin.get("identity", f"/v3/users?name={user['name']}").json()["users"]
    assert "default_project_id" not in listed


def test_tags(make: identities.Maker) -> None:
    """Tags are set together or one by one, and projects are found by them."""
    project = make.project()
    path = f"/v3/projects/{project['id']}/tags"
    one, two = identities.fresh_name(), identities.fresh_name()
    body = {"tags": [one, two]}
    assert make.admin.put("identity", path, body).json()["tags"] == [one, two]
    assert make.admin.get("identity", path).json()["tags"] == [one, two]
    assert make.admin.get("identity", f"{path}/{one}").status_code == 204
    assert ids(make, "projects", tags=f"{one},{two}") == [project["id"]]
    assert ids(make, "projects", tags=f"{one},none") == []
    assert ids(make, "projects", **{"tags-any": f"{one},none"}) == [project["id"]]
    assert ids(make, "projects", name=project["name"], **{"not-tags": one}) == []
    assert make.admin.delete("identity", f"{path}/{one}").status_code == 204
    assert make.admin.put("identity", f"{path}/third").status_code == 201
    assert sorted(make.admin.get("identity", path).json()["tags"]) == sorted([two, "third"])
    for answer in (
        make.admin.get("identity", f"{path}/{one}"),
        make.admin.delete("identity", f"{path}/{one}"),
    ):
        assert answer.status_code == 404
    assert make.admin.delete("identity", path).status_code == 204
    assert make.admin.get("identity", path).json()["tags"] == []


def test_domains(make: identities.Maker) -> None:
    """A domain is shown, changed and found by name; it is a project, too; names are unique."""
    domain = make.domain(description="old")
    path = f"/v3/domains/{domain['id']}"
    assert make.admin.get("identity", path).json()["domain"]["name"] == domain["name"]
    assert ids(make, "domains", name=domain["name"]) == [domain["id"]]
    changed = make.admin.patch("identity", path, {"domain": {"description": "new"}})
    assert changed.json()["domain"]["description"] == "new"
    shown = make.admin.get("identity", f"/v3/projects/{domain['id']}").json()["project"]
    assert (shown["is_domain"], shown["domain_id"], shown["parent_id"]) == (True, None, None)
    body = {"domain": {"name": domain["name"]}}
    assert make.admin.post("identity", "/v3/domains", body).status_code == 409


def test_deleted_domain(make: identities.Maker) -> None:
    """It is not deleted while enabled (403), and then takes everybody in it along."""
    domain = make.domain()
    project = make.project(domain_id=domain["id"])
    user = make.user(domain_id=domain["id"])
    group = make.group(domain_id=domain["id"])
    path = f"/v3/domains/{domain['id']}"
    assert make.admin.delete("identity", path).status_code == 403
    assert make.admin.patch("identity", path, {"domain": {"enabled": False}}).ok
    assert make.admin.delete("identity", path).status_code == 204
    for gone in (f"projects/{project['id']}", f"users/{user['id']}", f"groups/{group['id']}"):
        assert make.admin.get("identity", f"/v3/{gone}").status_code == 404
