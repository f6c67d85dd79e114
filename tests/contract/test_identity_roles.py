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
"""Roles, who has them where, and the list of it.

Sources: API reference, Identity v3, "Roles", "System role assignments"; a real Keystone 30.
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


def assignments(make: identities.Maker, query: str) -> list[Body]:
    """What the list of role assignments says."""
    answer = make.admin.get("identity", f"/v3/role_assignments?{query}")
    assert answer.status_code == 200
    found: list[Body] = answer.json()["role_assignments"]
    return found


def test_new_role(make: identities.Maker) -> None:
    """A role has a name, unique where it is (409), and no domain unless it is given one."""
    made = make.role()
    assert (made["domain_id"], made["description"], made["options"]) == (None, None, {})
    assert make.admin.get("identity", f"/v3/roles/{made['id']}").json()["role"] == made
    body = {"role": {"name": made["name"]}}
    assert make.admin.post("identity", "/v3/roles", body).status_code == 409
    assert make.admin.post("identity", "/v3/roles", {"role": {}}).status_code == 400
    domain = make.domain()
    of_domain = make.role(name=made["name"], domain_id=domain["id"])
    for query, one in (
        (f"name={made['name']}", made),
        (f"domain_id={domain['id']}", of_domain),
    ):
        listed = make.admin.get("identity", f"/v3/roles?{query}").json()["roles"]
        assert [role["id"] for role in listed] == [one["id"]]


def test_changed_role(make: identities.Maker) -> None:
    """A role's name and description may change, but not to a name that is taken (409)."""
    one, two = make.role(), make.role()
    path = f"/v3/roles/{one['id']}"
    changed = make.admin.patch("identity", path, {"role": {"description": "new"}})
    assert changed.json()["role"]["description"] == "new"
    taken = make.admin.patch("identity", path, {"role": {"name": two["name"]}})
    assert taken.status_code == 409


def test_bootstrapped_roles_are_immutable(make: identities.Maker) -> None:
    """The roles that each cloud has are neither changed nor deleted (403)."""
    path = f"/v3/roles/{make.roles['reader']}"
    assert make.admin.delete("identity", path).status_code == 403
    changed = make.admin.patch("identity", path, {"role": {"description": "x"}})
    assert changed.status_code == 403


def test_deleted_role(make: identities.Maker) -> None:
    """A role is deleted also while somebody has it, and takes the assignment along."""
    role, user, project = make.role(), make.user(), make.project()
    make.grant(role["id"], "projects", project["id"], "users", user["id"])
    make.grant("member", "projects", project["id"], "users", user["id"])
    assert make.admin.delete("identity", f"/v3/roles/{role['id']}").status_code == 204
    (left,) = assignments(make, f"user.id={user['id']}")
    assert left["role"]["id"] == make.roles["member"]


def test_pages_of_roles(make: identities.Maker) -> None:
    """A list of roles is cut by a limit, and then takes no notice of the marker."""
    first = make.admin.get("identity", "/v3/roles?limit=1").json()
    assert len(first["roles"]) == 1
    assert first["truncated"] is True
    second = make.admin.get("identity", "/v3/roles?limit=1&marker=nothing")
    assert second.status_code == 200
    assert second.json()["roles"] == first["roles"]


def test_implications(make: identities.Maker) -> None:
    """Admin implies manager, that member, that reader; others are added; none implies admin."""
    listed = make.admin.get("identity", "/v3/role_inferences").json()["role_inferences"]
    implied = {
        (rule["prior_role"]["name"], role["name"]) for rule in listed for role in rule["implies"]
    }
    assert implied >= {("admin", "manager"), ("manager", "member"), ("member", "reader")}
    role = make.role()
    base = f"/v3/roles/{role['id']}/implies"
    path = f"{base}/{make.roles['reader']}"
    assert make.admin.get("identity", path).status_code == 404
    assert make.admin.put("identity", path).status_code == 201
    assert make.admin.get("identity", path).json()["role_inference"]["implies"]["name"] == "reader"
    rule = make.admin.get("identity", base).json()["role_inference"]
    assert rule["prior_role"]["id"] == role["id"]
    assert [one["name"] for one in rule["implies"]] == ["reader"]
    assert make.admin.delete("identity", path).status_code == 204
    assert make.admin.delete("identity", path).status_code == 404
    refused = make.admin.put("identity", f"{base}/{make.roles['admin']}")
    assert refused.status_code == 403


@pytest.mark.parametrize("where", ["projects", "domains", "system"])
@pytest.mark.parametrize("who", ["users", "groups"])
def test_grants(make: identities.Maker, where: str, who: str) -> None:
    """A role is given (also twice), seen, listed and taken, everywhere, to users and groups."""
    actor = make.user() if who == "users" else make.group()
    place = {"projects": make.project, "domains": make.domain}.get(where, lambda: None)()
    base = f"/v3/{where}/{place['id']}" if place else "/v3/system"
    base += f"/{who}/{actor['id']}/roles"
    path = f"{base}/{make.roles['member']}"
    assert make.admin.get("identity", path).status_code == 404
    for _ in range(2):
        assert make.admin.put("identity", path).status_code == 204
    assert make.admin.get("identity", path).status_code == 204
    listed = make.admin.get("identity", base).json()["roles"]
    assert [role["name"] for role in listed] == ["member"]
    other = make.admin.get("identity", f"{base}/{make.roles['reader']}")
    assert other.status_code == 404
    (given,) = assignments(make, f"{who[:-1]}.id={actor['id']}")
    scope = {where[:-1]: {"id": place["id"]}} if place else {"system": {"all": True}}
    assert given["scope"] == scope
    assert given[who[:-1]] == {"id": actor["id"]}
    assert given["role"] == {"id": make.roles["member"]}
    assert given["links"]["assignment"].endswith(path)
    assert make.admin.delete("identity", path).status_code == 204
    missing = make.admin.delete("identity", path)
    assert missing.status_code == 404
    assert "Could not find role assignment" in identities.error(missing)


def test_grants_of_nothing(make: identities.Maker) -> None:
    """A grant whose role, actor or place is not there is 404."""
    user, project, role = make.user()["id"], make.project()["id"], make.roles["member"]
    for path in (
        f"projects/{project}/users/{user}/roles/none",
        f"projects/{project}/users/none/roles/{role}",
        f"projects/none/users/{user}/roles/{role}",
        f"domains/none/users/{user}/roles/{role}",
        f"domains/default/groups/none/roles/{role}",
        f"system/users/none/roles/{role}",
        f"system/users/{user}/roles/none",
    ):
        assert make.admin.put("identity", f"/v3/{path}").status_code == 404, path
    for path in (f"projects/{project}/users/none/roles", f"projects/none/users/{user}/roles"):
        assert make.admin.get("identity", f"/v3/{path}").status_code == 404, path


def test_filtered_assignments(make: identities.Maker) -> None:
    """The list is filtered by actor, place and role, unknown ones too; a limit is no cut."""
    one, two, project, other = make.user(), make.user(), make.project(), make.project()
    make.grant("member", "projects", project["id"], "users", one["id"])
    make.grant("reader", "projects", project["id"], "users", two["id"])
    make.grant("member", "projects", other["id"], "users", one["id"])
    make.grant("reader", "system", "users", two["id"])
    inside = f"scope.project.id={project['id']}"
    assert len(assignments(make, inside)) == 2
    assert len(assignments(make, f"{inside}&limit=1&marker=x")) == 2
    assert len(assignments(make, f"{inside}&user.id={one['id']}")) == 1
    assert len(assignments(make, f"{inside}&role.id={make.roles['reader']}")) == 1
    assert len(assignments(make, f"user.id={one['id']}")) == 2
    assert len(assignments(make, f"user.id={two['id']}&scope.system=all")) == 1
    for nobody in ("user.id=none", "group.id=none", "scope.project.id=none", "role.id=none"):
        assert assignments(make, nobody) == []


def test_names_of_assignments(make: identities.Maker) -> None:
    """With include_names each part has its name, and its domain if it has one."""
    user, project = make.user(), make.project()
    make.grant("member", "projects", project["id"], "users", user["id"])
    (given,) = assignments(make, f"user.id={user['id']}&include_names")
    domain = {"id": "default", "name": "Default"}
    assert given["user"] == {"id": user["id"], "name": user["name"], "domain": domain}
    named = {"id": project["id"], "name": project["name"], "domain": domain}
    assert given["scope"]["project"] == named
    assert given["role"] == {"id": make.roles["member"], "name": "member"}


def test_effective_assignments(make: identities.Maker) -> None:
    """Effective ones are each member's of a group, with what the role implies."""
    user, project, group = make.user(), make.project(), make.group()
    assert make.admin.put("identity", f"/v3/groups/{group['id']}/users/{user['id']}").ok
    make.grant("member", "projects", project["id"], "groups", group["id"])
    for query in (f"scope.project.id={project['id']}", f"user.id={user['id']}"):
        found = assignments(make, f"{query}&effective")
        assert {one["user"]["id"] for one in found} == {user["id"]}
        assert {one["role"]["id"] for one in found} == {
            make.roles["member"],
            make.roles["reader"],
        }
        assert all("membership" in one["links"] for one in found)
        assert sum("prior_role" in one["links"] for one in found) == 1
    assert assignments(make, f"user.id={user['id']}") == []
    (given,) = assignments(make, f"scope.project.id={project['id']}&include_names=true")
    assert given["group"]["name"] == group["name"]


def test_assignments_of_a_tree(make: identities.Maker) -> None:
    """With include_subtree those of the projects below are listed, too."""
    user, parent = make.user(), make.project()
    child = make.project(parent_id=parent["id"])
    make.grant("member", "projects", child["id"], "users", user["id"])
    assert assignments(make, f"scope.project.id={parent['id']}") == []
    (given,) = assignments(make, f"scope.project.id={parent['id']}&include_subtree=true")
    assert given["scope"]["project"]["id"] == child["id"]


@pytest.mark.parametrize(
    "query",
    [
        "include_subtree=true",
        "user.id=a&group.id=b",
        "scope.project.id=a&scope.domain.id=b",
        "group.id=a&effective",
    ],
)
def test_contradictory_filters(make: identities.Maker, query: str) -> None:
    """Filters that exclude each other, and a subtree of nothing, are 400."""
    answer = make.admin.get("identity", f"/v3/role_assignments?{query}")
    assert answer.status_code == 400


def test_role_of_a_domain(make: identities.Maker) -> None:
    """A domain's own role can be given, and is not effective."""
    domain = make.domain()
    role = make.role(domain_id=domain["id"])
    user, project = (thing(domain_id=domain["id"]) for thing in (make.user, make.project))
    make.grant(role["id"], "projects", project["id"], "users", user["id"])
    (given,) = assignments(make, f"user.id={user['id']}&include_names")
    assert given["role"]["domain"]["id"] == domain["id"]
    assert assignments(make, f"user.id={user['id']}&effective") == []
