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
"""Users, groups and what users keep in Keystone.

Sources: API reference, Identity v3, "Users", "Groups", "Credentials"; a real Keystone 30.
"""

import contextlib
import hashlib
import json
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import identities


@pytest.fixture
def make(people: callers.People, undo: contextlib.ExitStack) -> identities.Maker:
    """What makes a test's people and places."""
    return identities.Maker(people, undo)


def listed(make: identities.Maker, path: str) -> Any:
    """What a list says below its one key that is not about the list itself."""
    answer = make.admin.get("identity", f"/v3/{path}")
    assert answer.status_code == 200
    (plural,) = set(answer.json()) - {"links", "truncated"}
    return answer.json()[plural]


def test_new_user(make: identities.Maker) -> None:
    """A user is enabled, has no password in the answer and keeps fields that nobody knows."""
    made = make.user(email="x@example.org")
    assert made["enabled"] is True
    assert made["email"] == "x@example.org"
    assert made["password_expires_at"] is None
    assert made["options"] == {}
    assert "password" not in made
    assert "default_project_id" not in made
    shown = make.admin.get("identity", f"/v3/users/{made['id']}").json()["user"]
    assert shown == made


def test_user_name_is_taken(make: identities.Maker) -> None:
    """Two users of one domain do not share a name, neither a new one nor a changed one (409)."""
    one, two = make.user(), make.user()
    body = {"user": {"name": one["name"], "domain_id": "default"}}
    assert make.admin.post("identity", "/v3/users", body).status_code == 409
    changed = make.admin.patch(
        "identity", f"/v3/users/{two['id']}", {"user": {"name": one["name"]}}
    )
    assert changed.status_code == 409
    assert one["name"] in identities.error(changed)


def test_wrong_user(make: identities.Maker) -> None:
    """Without a name 400, in no such domain 404, with a domain as default project 400."""
    domain = make.domain()
    for body, status in (
        ({"domain_id": "default"}, 400),
        ({"name": "x", "domain_id": "nowhere"}, 404),
        ({"name": "x", "domain_id": "default", "default_project_id": domain["id"]}, 400),
    ):
        assert make.admin.post("identity", "/v3/users", {"user": body}).status_code == status


def test_changed_user(make: identities.Maker) -> None:
    """Name, default project and state may change, the domain may not (400)."""
    user, project = make.user(), make.project()
    path = f"/v3/users/{user['id']}"
    change = {
        "name": identities.fresh_name(),
        "default_project_id": project["id"],
        "enabled": False,
    }
    changed = make.admin.patch("identity", path, {"user": change}).json()["user"]
    assert {field: changed[field] for field in change} == change
    assert [one["id"] for one in listed(make, f"users?name={change['name']}&enabled=false")] == [
        user["id"]
    ]
    assert listed(make, f"users?name={change['name']}&enabled=true") == []
    refused = make.admin.patch("identity", path, {"user": {"domain_id": "other"}})
    assert refused.status_code == 400


def test_password(make: identities.Maker) -> None:
    """The old password changes it, a wrong one does not (401)."""
    user = make.user()
    path = f"/v3/users/{user['id']}/password"
    wrong = {"user": {"original_password": "wrong", "password": "new"}}
    assert make.admin.post("identity", path, wrong).status_code == 401
    right = {"user": {"original_password": callers.PASSWORD, "password": "new"}}
    assert make.admin.post("identity", path, right).status_code == 204
    given = {"id": user["id"], "password": "new"}
    identity = {"methods": ["password"], "password": {"user": given}}
    body = {"auth": {"identity": identity}}
    answer = make.admin.post("identity", "/v3/auth/tokens", body, authenticated=False)
    assert answer.status_code == 201


def test_pages_of_users(make: identities.Maker) -> None:
    """Users and groups go on after a marker, and a vanished one is 404."""
    domain = make.domain()
    users = sorted(make.user(domain_id=domain["id"])["id"] for _ in range(2))
    path = f"/v3/users?domain_id={domain['id']}&limit=1"
    first = make.admin.get("identity", path).json()
    assert [body["id"] for body in first["users"]] == users[:1]
    assert first["truncated"] is True
    assert first["links"]["next"].endswith(f"&limit=1&marker={users[0]}")
    second = make.admin.get("identity", f"{path}&marker={users[0]}").json()
    assert [body["id"] for body in second["users"]] == users[1:]
    for plural in ("users", "groups", "domains"):
        gone = make.admin.get("identity", f"/v3/{plural}?marker=nothing")
        assert gone.status_code == 404


def test_deleted_user(make: identities.Maker) -> None:
    """A user takes assignments, memberships and credentials along."""
    user, project, group = make.user(), make.project(), make.group()
    make.grant("member", "projects", project["id"], "users", user["id"])
    assert make.admin.put("identity", f"/v3/groups/{group['id']}/users/{user['id']}").ok
    credential = make.credential(user)
    assert make.admin.delete("identity", f"/v3/users/{user['id']}").status_code == 204
    assert listed(make, f"role_assignments?user.id={user['id']}") == []
    assert listed(make, f"groups/{group['id']}/users") == []
    gone = make.admin.get("identity", f"/v3/credentials/{credential['id']}")
    assert gone.status_code == 404


def test_groups(make: identities.Maker) -> None:
    """A group is shown, changed and found by name, which is unique in its domain (409)."""
    one, two = make.group(description="old"), make.group()
    path = f"/v3/groups/{one['id']}"
    assert make.admin.get("identity", path).json()["group"] == one
    changed = make.admin.patch("identity", path, {"group": {"description": "new"}})
    assert changed.json()["group"]["description"] == "new"
    assert [body["id"] for body in listed(make, f"groups?name={one['name']}")] == [one["id"]]
    body = {"group": {"name": one["name"], "domain_id": "default"}}
    assert make.admin.post("identity", "/v3/groups", body).status_code == 409
    taken = make.admin.patch("identity", f"/v3/groups/{two['id']}", {"group": body["group"]})
    assert taken.status_code in {400, 409}
    nameless = make.admin.post("identity", "/v3/groups", {"group": {"description": "x"}})
    assert nameless.status_code == 400


def test_members(make: identities.Maker) -> None:
    """Who is in a group is listed on both sides, until he is taken out; else it is 404."""
    user, group = make.user(), make.group()
    path = f"/v3/groups/{group['id']}/users/{user['id']}"
    assert make.admin.get("identity", path).status_code == 404
    for _ in range(2):
        assert make.admin.put("identity", path).status_code == 204
    assert make.admin.get("identity", path).status_code == 204
    assert [one["id"] for one in listed(make, f"groups/{group['id']}/users")] == [user["id"]]
    (mine,) = listed(make, f"users/{user['id']}/groups")
    assert (mine["id"], mine["membership_expires_at"]) == (group["id"], None)
    assert make.admin.delete("identity", path).status_code == 204
    assert make.admin.delete("identity", path).status_code == 404
    for wrong in (f"/v3/groups/{group['id']}/users/none", f"/v3/groups/none/users/{user['id']}"):
        assert make.admin.put("identity", wrong).status_code == 404
    assert make.admin.get("identity", "/v3/groups/none/users").status_code == 404
    assert make.admin.get("identity", "/v3/users/none/groups").status_code == 404
    assert make.admin.get("identity", "/v3/users/none/projects").status_code == 404


def test_deleted_group(make: identities.Maker) -> None:
    """A group takes its assignments along and leaves its members."""
    user, project, group = make.user(), make.project(), make.group()
    assert make.admin.put("identity", f"/v3/groups/{group['id']}/users/{user['id']}").ok
    make.grant("member", "projects", project["id"], "groups", group["id"])
    assert [one["id"] for one in listed(make, f"users/{user['id']}/projects")] == [project["id"]]
    assert make.admin.delete("identity", f"/v3/groups/{group['id']}").status_code == 204
    assert listed(make, f"role_assignments?scope.project.id={project['id']}") == []
    assert listed(make, f"users/{user['id']}/projects") == []
    assert make.admin.get("identity", f"/v3/users/{user['id']}").status_code == 200


def test_credentials(make: identities.Maker) -> None:
    """A credential is shown, changed, found by its user and type, and deleted."""
    user = make.user()
    made = make.credential(user)
    path = f"/v3/credentials/{made['id']}"
    assert make.admin.get("identity", path).json()["credential"] == made
    changed = make.admin.patch("identity", path, {"credential": {"blob": "new"}})
    assert changed.json()["credential"]["blob"] == "new"
    found = listed(make, f"credentials?user_id={user['id']}&type=cert")
    assert [one["id"] for one in found] == [made["id"]]
    assert listed(make, f"credentials?user_id={user['id']}&type=ec2") == []
    assert make.admin.delete("identity", path).status_code == 204
    assert make.admin.delete("identity", path).status_code == 404


def test_ec2_credentials(make: identities.Maker) -> None:
    """A user makes them for oneself; they are credentials whose id is the key's SHA-256."""
    user, project = make.user(), make.project()
    make.grant("member", "projects", project["id"], "users", user["id"])
    caller = make.log_in(user, project_id=project["id"])
    path = f"/v3/users/{user['id']}/credentials/OS-EC2"
    made = caller.make("identity", path, {"tenant_id": project["id"]})
    assert (made["user_id"], made["tenant_id"]) == (user["id"], project["id"])
    (mine,) = caller.get("identity", path).json()["credentials"]
    assert mine == made
    one = f"{path}/{made['access']}"
    assert caller.get("identity", one).json()["credential"] == made
    (credential,) = caller.get("identity", "/v3/credentials").json()["credentials"]
    assert credential["id"] == hashlib.sha256(made["access"].encode()).hexdigest()
    assert credential["project_id"] == project["id"]
    assert json.loads(credential["blob"])["secret"] == made["secret"]
    nowhere = make.admin.post("identity", path, {"tenant_id": "nothing"})
    assert nowhere.status_code == 404
    assert caller.delete("identity", one).status_code == 204
    for answer in (caller.get("identity", one), caller.delete("identity", one)):
        assert answer.status_code in {403, 404}
    caller.make("identity", path, {"tenant_id": project["id"]})
    assert make.admin.delete("identity", f"/v3/projects/{project['id']}").status_code == 204
    assert listed(make, f"credentials?user_id={user['id']}") == []
