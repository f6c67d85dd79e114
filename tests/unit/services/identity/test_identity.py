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

"""Projects, users and role assignments as Keystone reports them."""

import json
from typing import Any

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.identity import resources as managers
from tests.unit.services import answers

DOMAIN = "default"


def edges(found: resources.Resource) -> list[tuple[str, str, str]]:
    """Return sort, kind and id of the edges of ``found``."""
    return [(edge.sort.value, edge.target.kind, edge.target.id) for edge in found.edges]


def projects() -> dict[str | None, resources.Resource]:
    """Return the recorded projects by name."""
    cloud = answers.always(answers.sample("identity/projects"))
    return {one.name: one for one in managers.ProjectManager.list(cloud, {})}


def test_a_project_is_attached_to_its_parent() -> None:
    """The child has to go first; the domain is no parent."""
    found = projects()
    parent = found["sample"]
    assert edges(parent) == []
    assert edges(found["sample-sub"]) == [("attached-to", "identity.project", parent.ref.id)]


def test_identity_has_no_region() -> None:
    """Keystone's resources exist once for the whole cloud."""
    assert {one.ref.region for one in projects().values()} == {""}


def test_users_of_every_domain_are_listed() -> None:
    """Domain by domain, because a domain may have a driver of its own."""
    domains = {"domains": [{"id": "default", "name": "Default"}, {"id": "a b", "name": "LDAP"}]}
    users = answers.sample("identity/users")

    def answer(_method: str, path: str) -> bytes:
        if path.startswith("/domains"):
            return json.dumps(domains).encode()
        return users if "default" in path else b'{"users": []}'

    cloud = answers.RecordedCloud(answer)
    found = list(managers.UserManager.list(cloud, {}))
    assert {one.name for one in found} == {"admin", "nova", "sample"}
    assert [one[1] for one in cloud.requests] == [
        "/domains?limit=1000",
        "/users?domain_id=default&limit=1000",
        "/users?domain_id=a+b&limit=1000",
    ]


def test_a_user_survives_the_default_project() -> None:
    """The edge to it is loose; who has none has no edge."""
    table = managers.UserManager.TABLE
    found = {
        one.name: one
        for one in table.records(answers.always(answers.sample("identity/users")), "/?")
    }
    [edge] = found["sample"].edges
    assert edge.is_loose
    assert edge.target.kind == "identity.project"
    assert found["admin"].edges == ()


def assignment(**parts: Any) -> resources.Resource:
    """Return a role assignment with these parts."""
    body = json.dumps({"role_assignment": {"role": {"id": "r"}, **parts}}).encode()
    return managers.RoleAssignmentManager.TABLE.decode(body, answers.PLACE)


IN_PROJECT = {"project": {"id": "p"}}


def test_an_assignment_goes_with_its_user_and_holds_its_project() -> None:
    """The edges, and an id that stays the same."""
    found = assignment(user={"id": "u"}, scope=IN_PROJECT)
    assert edges(found) == [
        ("created-for", "identity.user", "u"),
        ("attached-to", "identity.project", "p"),
    ]
    assert found.ref.id == "user:u/project:p/role:r"
    assert (found.user_id, found.project_id) == ("u", "p")


def test_an_assignment_of_a_group_goes_with_nobody() -> None:
    """Groups are no kind of ours: only the project is held."""
    found = assignment(group={"id": "g"}, scope=IN_PROJECT)
    assert edges(found) == [("attached-to", "identity.project", "p")]
    assert found.ref.id == "group:g/project:p/role:r"


@pytest.mark.parametrize(
    ("scope", "text"),
    [({"domain": {"id": "d"}}, "domain:d"), ({"system": {"all": True}}, "system")],
)
def test_an_assignment_elsewhere_holds_no_project(scope: dict[str, object], text: str) -> None:
    """Domain and system are no kinds of ours."""
    found = assignment(user={"id": "u"}, scope=scope)
    assert edges(found) == [("created-for", "identity.user", "u")]
    assert found.ref.id == f"user:u/{text}/role:r"


def test_an_inherited_assignment_is_another_one() -> None:
    """The same user, role and project may be assigned twice, once for the children."""
    scope = {**IN_PROJECT, "OS-INHERIT:inherited_to": "projects"}
    assert assignment(user={"id": "u"}, scope=scope).ref.id == "user:u/project:p/role:r/inherited"


@pytest.mark.parametrize(
    "parts",
    [
        {"scope": IN_PROJECT},
        {"user": {"id": "u"}, "scope": {}},
        {"user": {"id": "u"}, "group": {"id": "g"}, "scope": IN_PROJECT},
        {"user": {"id": "u"}, "scope": {**IN_PROJECT, "system": {"all": True}}},
    ],
)
def test_an_assignment_has_one_actor_and_one_scope(parts: dict[str, object]) -> None:
    """Anything else is refused, alone and in a list."""
    with pytest.raises(exceptions.MalformedAnswer):
        assignment(**parts)
    page = json.dumps({"role_assignments": [{"role": {"id": "r"}, **parts}]}).encode()
    with pytest.raises(exceptions.ListingIncomplete):
        list(managers.RoleAssignmentManager.list(answers.always(page), {}))


def test_an_assignment_is_read_from_among_all() -> None:
    """It has no address of its own."""
    cloud = answers.always(answers.sample("identity/role_assignments"))
    first, second = managers.RoleAssignmentManager.list(cloud, {})
    assert managers.RoleAssignmentManager(cloud, second).read() == second
    empty = answers.always(b'{"role_assignments": []}')
    assert managers.RoleAssignmentManager(empty, first).read() is None


def test_an_assignment_is_never_removed() -> None:
    """Its user goes instead; no request is sent."""
    cloud = answers.always(b"")
    found = assignment(user={"id": "u"}, scope=IN_PROJECT)
    with pytest.raises(exceptions.NotRemovable):
        managers.RoleAssignmentManager(cloud, found).delete()
    assert cloud.requests == []


def test_a_credential_is_its_users_and_tells_no_secret() -> None:
    """Nothing of its blob is kept; it has no name."""
    [found] = managers.CredentialManager.list(
        answers.always(answers.sample("identity/credentials")), {}
    )
    told = answers.sampled("identity/credentials", "credentials")
    assert (found.user_id, found.project_id) == (told["user_id"], told["project_id"])
    assert (found.name, found.details) == (None, {"type": "ec2"})
    assert edges(found) == [("created-for", "identity.user", told["user_id"])]
    assert all(edge.is_first for edge in found.edges)


def test_a_trust_goes_with_its_trustor_and_keeps_the_others() -> None:
    """It is never removed by itself."""
    cloud = answers.always(answers.sample("identity/trusts"))
    [found] = managers.TrustManager.list(cloud, {})
    told = answers.sampled("identity/trusts", "trusts")
    assert edges(found) == [
        ("created-for", "identity.user", told["trustor_user_id"]),
        ("attached-to", "identity.user", told["trustee_user_id"]),
        ("attached-to", "identity.project", told["project_id"]),
    ]
    with pytest.raises(exceptions.NotRemovable):
        managers.TrustManager(cloud, found).delete()
