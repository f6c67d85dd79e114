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
"""Who may be told what by Keystone, and what it says of itself.

Sources: API reference, Identity v3; the policies of Keystone 30, tried on a real one.
"""

import contextlib

import pytest

from tests.contract import callers
from tests.contract import identities

ADMINISTRATORS = (
    *("projects", "users", "groups", "roles", "domains", "services", "endpoints"),
    *("role_assignments", "role_inferences", "policies", "OS-TRUST/trusts"),
)
EVERYBODYS = ("regions", "credentials", "limits", "registered_limits")


@pytest.fixture
def make(people: callers.People, undo: contextlib.ExitStack) -> identities.Maker:
    """What makes a test's people and places."""
    return identities.Maker(people, undo)


def test_versions_need_no_token(people: callers.People) -> None:
    """The root says 300 with one stable version; /v3 says the same of it."""
    listed = people.admin.get("identity", "/", authenticated=False)
    assert listed.status_code == 300
    (version,) = listed.json()["versions"]["values"]
    assert version["status"] == "stable"
    shown = people.admin.get("identity", "/v3", authenticated=False)
    assert shown.json()["version"] == version


def test_administrator_finds_project_by_id(people: callers.People) -> None:
    """A project is shown by its id."""
    answer = people.admin.get("identity", f"/v3/projects/{people.member.project_id}")
    assert answer.json()["project"]["id"] == people.member.project_id


@pytest.mark.parametrize("path", ADMINISTRATORS)
def test_only_administrators_list(people: callers.People, path: str) -> None:
    """A list of the whole cloud is 200 to the administrator and 403 to a member and a reader."""
    assert people.admin.get("identity", f"/v3/{path}").status_code == 200
    for caller in (people.member, people.reader):
        answer = caller.get("identity", f"/v3/{path}")
        assert answer.status_code == 403
        assert "not authorized" in identities.error(answer)


@pytest.mark.parametrize("path", EVERYBODYS)
def test_everybody_lists(people: callers.People, path: str) -> None:
    """Regions, limits and one's own credentials are 200 to a reader."""
    answer = people.reader.get("identity", f"/v3/{path}")
    assert answer.status_code == 200
    assert isinstance(answer.json()[path], list)


def test_member_knows_himself(people: callers.People) -> None:
    """A member sees himself, his project, his domain, his groups and where he has a role."""
    member = people.member
    for path in (
        f"users/{member.user_id}",
        f"projects/{member.project_id}",
        f"projects/{member.project_id}/tags",
        "domains/default",
        f"users/{member.user_id}/groups",
        f"users/{member.user_id}/projects",
        f"users/{member.user_id}/application_credentials",
        f"users/{member.user_id}/credentials/OS-EC2",
    ):
        assert member.get("identity", f"/v3/{path}").status_code == 200, path


def test_member_may_not_know_what_is_there(people: callers.People) -> None:
    """What is others' is 403 to a member, and so is what is not there at all.

    But roles are looked for first.
    """
    for path in (
        f"users/{people.stranger.user_id}",
        f"projects/{people.stranger.project_id}",
        f"users/{people.stranger.user_id}/projects",
        *("users/nobody", "projects/nothing", "domains/nowhere", "groups/none"),
    ):
        assert people.member.get("identity", f"/v3/{path}").status_code == 403, path
    assert people.member.get("identity", "/v3/roles/none").status_code == 404


@pytest.mark.parametrize("singular", ["project", "user", "role", "group", "domain", "service"])
def test_unknown(people: callers.People, singular: str) -> None:
    """What is not there is 404 to the administrator, whatever is done with it."""
    path = f"/v3/{singular}s/nothing"
    for answer in (
        people.admin.get("identity", path),
        people.admin.patch("identity", path, {singular: {"description": "x"}}),
        people.admin.delete("identity", path),
    ):
        assert answer.status_code == 404
        assert identities.error(answer) == f"Could not find {singular}: nothing."


def test_member_changes_nothing(people: callers.People, make: identities.Maker) -> None:
    """A member can neither create nor change nor delete, not even himself or his project."""
    member = people.member
    role = f"/v3/projects/{{project}}/users/{member.user_id}/roles/{make.roles['admin']}"
    answers = [
        member.post("identity", "/v3/projects", {"project": {"name": "x"}}),
        member.post("identity", "/v3/users", {"user": {"name": "x"}}),
        member.post("identity", "/v3/roles", {"role": {"name": "x"}}),
        member.patch("identity", "/v3/projects/{project}", {"project": {"description": "x"}}),
        member.patch("identity", f"/v3/users/{member.user_id}", {"user": {"email": "x"}}),
        member.delete("identity", "/v3/projects/{project}"),
        member.delete("identity", f"/v3/users/{member.user_id}"),
        member.put("identity", "/v3/projects/{project}/tags/x"),
        member.put("identity", role),
    ]
    assert [answer.status_code for answer in answers] == [403] * len(answers)


def test_system_reader(make: identities.Maker) -> None:
    """Who may read in the system reads everything and changes nothing."""
    user = make.user()
    make.grant("reader", "system", "users", user["id"])
    reader = make.log_in(user, system_scope="all")
    for path in ("projects", "users", "roles", "domains", "services", "role_assignments"):
        assert reader.get("identity", f"/v3/{path}").status_code == 200, path
    assert reader.get("identity", "/v3/projects/nothing").status_code == 404
    refused = reader.post("identity", "/v3/projects", {"project": {"name": "x"}})
    assert refused.status_code == 403
    assert reader.delete("identity", f"/v3/users/{user['id']}").status_code == 403


def test_domain_reader(make: identities.Maker) -> None:
    """A token for a domain lists what is of the domain, and nothing that is of none."""
    domain = make.domain()
    user = make.user(domain_id=domain["id"])
    project = make.project(domain_id=domain["id"])
    group = make.group(domain_id=domain["id"])
    make.grant("reader", "domains", domain["id"], "users", user["id"])
    reader = make.log_in(user, domain_id=domain["id"])
    for plural, one in (("projects", project), ("users", user), ("groups", group)):
        listed = reader.get("identity", f"/v3/{plural}").json()[plural]
        assert [body["id"] for body in listed] == [one["id"]]
        assert reader.get("identity", f"/v3/{plural}/{one['id']}").status_code == 200
    listed = reader.get("identity", "/v3/domains").json()["domains"]
    assert [body["id"] for body in listed] == [domain["id"]]
    assert len(reader.get("identity", "/v3/role_assignments").json()["role_assignments"]) == 1
    assert reader.get("identity", "/v3/domains/default").status_code == 403
    assert reader.get("identity", "/v3/roles").status_code == 403
    assert reader.get("identity", "/v3/services").status_code == 403
    body = {"project": {"name": "x", "domain_id": domain["id"]}}
    assert reader.post("identity", "/v3/projects", body).status_code == 403


def test_domain_manager(make: identities.Maker) -> None:
    """A domain's manager makes projects and users in it, and gives no more than his own role."""
    domain = make.domain()
    user = make.user(domain_id=domain["id"])
    make.grant("manager", "domains", domain["id"], "users", user["id"])
    manager = make.log_in(user, domain_id=domain["id"])
    own = {"name": identities.fresh_name(), "domain_id": domain["id"]}
    project = manager.make("identity", "/v3/projects", {"project": own})
    elsewhere = {"project": {**own, "domain_id": "default"}}
    assert manager.post("identity", "/v3/projects", elsewhere).status_code == 403
    base = f"/v3/projects/{project['id']}/users/{user['id']}/roles"
    assert manager.put("identity", f"{base}/{make.roles['member']}").status_code == 204
    assert manager.put("identity", f"{base}/{make.roles['admin']}").status_code == 403
    assert manager.delete("identity", f"{base}/{make.roles['member']}").status_code == 204
    assert manager.delete("identity", f"/v3/projects/{project['id']}").status_code == 204
