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
"""Tokens: how one gets them, what they say, when they end.

Sources: API reference, Identity v3, "Authentication and token management"; a real Keystone 30.
"""

import contextlib
import datetime
from typing import Any

import pytest
import requests

from tests.contract import callers
from tests.contract import identities

UNAUTHORIZED = "The request you have made requires authentication."
BLOCK_STORAGE = {"volumev3", "block-storage"}
Body = dict[str, Any]


@pytest.fixture
def make(people: callers.People, undo: contextlib.ExitStack) -> identities.Maker:
    """What makes a test's people and places."""
    return identities.Maker(people, undo)


@pytest.fixture
def tenant(make: identities.Maker) -> tuple[Body, Body]:
    """A user who is a member of a project, without a default project."""
    user, project = make.user(), make.project()
    make.grant("member", "projects", project["id"], "users", user["id"])
    return user, project


def by_password(user: Body, **more: Any) -> Body:
    """The proof of a user."""
    given = {"id": user["id"], "password": callers.PASSWORD, **more}
    return {"methods": ["password"], "password": {"user": given}}


def ask(
    make: identities.Maker, identity: Body, scope: Any = None, query: str = ""
) -> requests.Response:
    """The answer to a request for a token."""
    auth = {"identity": identity} if scope is None else {"identity": identity, "scope": scope}
    path = f"/v3/auth/tokens{query}"
    return make.admin.post("identity", path, {"auth": auth}, authenticated=False)


def check(make: identities.Maker, token: str, caller: callers.Caller | None = None) -> Any:
    """The answer to the validation of a token."""
    headers = {"X-Subject-Token": token}
    return (caller or make.admin).get("identity", "/v3/auth/tokens", headers=headers)


def places_of(token: Body, types: set[str]) -> set[str]:
    """Where the token's catalogue says that a service of one of the types is."""
    entries = (entry for entry in token["catalog"] if entry["type"] in types)
    return {point["url"] for entry in entries for point in entry["endpoints"]}


def test_project_token(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """It names its project, has roles with what they imply, a catalogue, one audit id."""
    user, project = tenant
    answer = ask(make, by_password(user), {"project": {"id": project["id"]}})
    assert answer.status_code == 201
    assert answer.headers["X-Subject-Token"]
    token = answer.json()["token"]
    assert token["methods"] == ["password"]
    assert token["user"]["id"] == user["id"]
    assert token["user"]["domain"] == {"id": "default", "name": "Default"}
    assert token["project"]["id"] == project["id"]
    assert token["is_domain"] is False
    assert {role["name"] for role in token["roles"]} == {"member", "reader"}
    assert len(token["audit_ids"]) == 1
    times = [datetime.datetime.fromisoformat(token[f"{one}_at"]) for one in ("issued", "expires")]
    assert times[0] < times[1]
    volume = next(entry for entry in token["catalog"] if entry["type"] in BLOCK_STORAGE)
    assert {point["interface"] for point in volume["endpoints"]} == {"public", "internal", "admin"}
    assert all(project["id"] in point["url"] for point in volume["endpoints"])


def test_project_by_name(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """A user and a project are found by name and domain, by its id or its name."""
    user, project = tenant
    named = {"name": user["name"], "domain": {"name": "Default"}, "password": callers.PASSWORD}
    identity = {"methods": ["password"], "password": {"user": named}}
    scope = {"project": {"name": project["name"], "domain": {"id": "default"}}}
    assert ask(make, identity, scope).json()["token"]["project"]["id"] == project["id"]


def test_unscoped_token(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """Without a scope and a default project it has neither roles nor a catalogue."""
    for scope in (None, "unscoped"):
        token = ask(make, by_password(tenant[0]), scope).json()["token"]
        assert not {"roles", "catalog", "project"} & set(token)


def test_default_project(make: identities.Maker) -> None:
    """Without a scope it is for the default project if there is a role in it and it is enabled."""
    project = make.project()
    user = make.user(default_project_id=project["id"])
    assert "project" not in ask(make, by_password(user)).json()["token"]
    make.grant("member", "projects", project["id"], "users", user["id"])
    assert ask(make, by_password(user)).json()["token"]["project"]["id"] == project["id"]
    assert "project" not in ask(make, by_password(user), "unscoped").json()["token"]
    path = f"/v3/projects/{project['id']}"
    assert make.admin.patch("identity", path, {"project": {"enabled": False}}).ok
    assert "project" not in ask(make, by_password(user)).json()["token"]


def test_domain_token(make: identities.Maker) -> None:
    """A token for a domain names it, and its catalogue has nothing that needs a project."""
    domain = make.domain()
    user = make.user(domain_id=domain["id"])
    make.grant("reader", "domains", domain["id"], "users", user["id"])
    token = ask(make, by_password(user), {"domain": {"name": domain["name"]}}).json()["token"]
    assert token["domain"] == {"id": domain["id"], "name": domain["name"]}
    assert [role["name"] for role in token["roles"]] == ["reader"]
    assert places_of(token, {"identity"})
    assert places_of(token, BLOCK_STORAGE) == set()
    caller = make.log_in(user, domain_id=domain["id"])
    assert caller.get("identity", "/v3/auth/catalog").status_code == 403
    (mine,) = caller.get("identity", "/v3/auth/domains").json()["domains"]
    assert mine["id"] == domain["id"]


def test_system_token(make: identities.Maker) -> None:
    """A token for the system says so, and its catalogue has nothing that needs a project."""
    user = make.user()
    refused = ask(make, by_password(user), {"system": {"all": True}})
    assert refused.status_code == 401
    make.grant("reader", "system", "users", user["id"])
    token = ask(make, by_password(user), {"system": {"all": True}}).json()["token"]
    assert token["system"] == {"all": True}
    assert places_of(token, BLOCK_STORAGE) == set()
    caller = make.log_in(user, system_scope="all")
    assert caller.get("identity", "/v3/auth/system").json()["system"] == [{"all": True}]


def test_role_by_group(make: identities.Maker) -> None:
    """A member of a group has the group's roles, until he is no longer in it."""
    user, project, group = make.user(), make.project(), make.group()
    make.grant("member", "projects", project["id"], "groups", group["id"])
    scope = {"project": {"id": project["id"]}}
    assert ask(make, by_password(user), scope).status_code == 401
    path = f"/v3/groups/{group['id']}/users/{user['id']}"
    assert make.admin.put("identity", path).status_code == 204
    token = ask(make, by_password(user), scope).json()["token"]
    assert {role["name"] for role in token["roles"]} == {"member", "reader"}
    assert make.admin.delete("identity", path).status_code == 204
    assert ask(make, by_password(user), scope).status_code == 401


@pytest.mark.parametrize(
    "scope",
    [
        {"project": {"id": "nothing"}},
        {"project": {"name": "nothing", "domain": {"id": "default"}}},
        {"project": {"name": "service", "domain": {"id": "default"}}},
        {"domain": {"id": "default"}},
        {"system": {"all": True}},
    ],
)
def test_no_role_there(make: identities.Maker, scope: Body) -> None:
    """A scope that is not there or where the user has no role is the same 401."""
    answer = ask(make, by_password(make.user()), scope)
    assert answer.status_code == 401
    assert identities.error(answer) == UNAUTHORIZED


def test_wrong_proof(make: identities.Maker) -> None:
    """A wrong password, an unknown user, no method at all: the same 401."""
    user = make.user()
    for identity in (
        by_password(user, password="wrong"),
        by_password({"id": "nobody"}),
        {"methods": []},
    ):
        answer = ask(make, identity)
        assert answer.status_code == 401
        assert identities.error(answer) == UNAUTHORIZED


@pytest.mark.parametrize(
    "identity",
    [
        {"methods": ["password"]},
        {"methods": ["none"]},
        {"methods": ["password"], "password": {"user": {"name": "admin", "password": "x"}}},
        {"methods": ["password"], "password": {"user": {"password": "x"}}},
    ],
)
def test_malformed_proof(make: identities.Maker, identity: Body) -> None:
    """A method without its proof, no user and a user's name without a domain are 400."""
    assert ask(make, identity).status_code == 400


def test_malformed_scope(make: identities.Maker) -> None:
    """A scope of no known sort, or a project's name without a domain, is 400."""
    identity = by_password(make.user())
    for scope in ({"planet": {}}, {"project": {"name": "admin"}}):
        assert ask(make, identity, scope).status_code == 400


def test_token_for_token(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """A token buys one for another scope, which continues its audit ids and ends with it."""
    user, project = tenant
    first = ask(make, by_password(user))
    identity = {"methods": ["token"], "token": {"id": first.headers["X-Subject-Token"]}}
    second = ask(make, identity, {"project": {"id": project["id"]}})
    assert second.status_code == 201
    old, new = (answer.json()["token"] for answer in (first, second))
    assert set(new["methods"]) == {"token", "password"}
    assert new["audit_ids"][1:] == old["audit_ids"]
    assert new["expires_at"] == old["expires_at"]
    unknown = {"methods": ["token"], "token": {"id": "unknown"}}
    assert ask(make, unknown).status_code == 404


def test_no_catalogue(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """With nocatalog a token's answer has no catalogue."""
    user, project = tenant
    scope = {"project": {"id": project["id"]}}
    token = ask(make, by_password(user), scope, "?nocatalog").json()["token"]
    assert "roles" in token
    assert "catalog" not in token


def test_validation(make: identities.Maker, people: callers.People) -> None:
    """A token is validated by its user and the administrator, by others with 403."""
    token = people.member.session.get_token()
    for caller in (people.admin, people.member):
        answer = check(make, token, caller)
        assert answer.status_code == 200
        assert answer.headers["X-Subject-Token"] == token
        assert answer.json()["token"]["user"]["id"] == people.member.user_id
    assert check(make, token, people.stranger).status_code == 403
    head = people.member.ask(
        "HEAD", "identity", "/v3/auth/tokens", headers={"X-Subject-Token": token}
    )
    assert head.status_code == 200
    assert not head.content


def test_validation_of_nothing(make: identities.Maker) -> None:
    """A token that is none is 404, and so is a request without one."""
    assert check(make, "nonsense").status_code == 404
    for answer in (
        make.admin.get("identity", "/v3/auth/tokens"),
        make.admin.delete("identity", "/v3/auth/tokens"),
    ):
        assert answer.status_code == 404
        assert identities.error(answer) == "No token in the request"


def test_revocation(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """A revoked token is validated no more; only its user and the administrator revoke it."""
    user, project = tenant
    answer = ask(make, by_password(user), {"project": {"id": project["id"]}})
    headers = {"X-Subject-Token": answer.headers["X-Subject-Token"]}
    other = make.user()
    make.grant("member", "projects", project["id"], "users", other["id"])
    stranger = make.log_in(other, project_id=project["id"])
    refused = stranger.delete("identity", "/v3/auth/tokens", headers=headers)
    assert refused.status_code == 403
    caller = make.log_in(user, project_id=project["id"])
    assert caller.delete("identity", "/v3/auth/tokens", headers=headers).status_code == 204
    assert check(make, headers["X-Subject-Token"]).status_code == 404


def test_disabled(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """Nobody logs in as a disabled user, to a disabled project or from a disabled domain."""
    user, project = tenant
    scope = {"project": {"id": project["id"]}}
    for singular, body in (("user", user), ("project", project)):
        path = f"/v3/{singular}s/{body['id']}"
        assert make.admin.patch("identity", path, {singular: {"enabled": False}}).ok
        assert ask(make, by_password(user), scope).status_code == 401
        assert make.admin.patch("identity", path, {singular: {"enabled": True}}).ok
    assert ask(make, by_password(user), scope).status_code == 201
    domain = make.domain()
    citizen = make.user(domain_id=domain["id"])
    assert ask(make, by_password(citizen)).status_code == 201
    path = f"/v3/domains/{domain['id']}"
    assert make.admin.patch("identity", path, {"domain": {"enabled": False}}).ok
    assert ask(make, by_password(citizen)).status_code == 401


def test_token_of_deleted(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """A token is no longer valid when its project is deleted, nor when its user is."""
    user, project = tenant
    first = ask(make, by_password(user), {"project": {"id": project["id"]}})
    assert make.admin.delete("identity", f"/v3/projects/{project['id']}").status_code == 204
    assert check(make, first.headers["X-Subject-Token"]).status_code == 404
    second = ask(make, by_password(user))
    assert make.admin.delete("identity", f"/v3/users/{user['id']}").status_code == 204
    assert check(make, second.headers["X-Subject-Token"]).status_code == 404


def test_my_projects(make: identities.Maker, people: callers.People) -> None:
    """/auth/projects says where the caller has a role; a limit is ignored."""
    (mine,) = people.member.get("identity", "/v3/auth/projects").json()["projects"]
    assert mine["id"] == people.member.project_id
    user = make.user()
    for _ in range(2):
        make.grant("member", "projects", make.project()["id"], "users", user["id"])
    token = ask(make, by_password(user)).headers["X-Subject-Token"]
    listed = make.admin.get(
        "identity",
        "/v3/auth/projects?limit=1",
        headers={"X-Auth-Token": token},
        authenticated=False,
    )
    assert len(listed.json()["projects"]) == 2
    assert "truncated" not in listed.json()


def test_my_catalogue(people: callers.People) -> None:
    """/auth/catalog is the catalogue of the caller's token."""
    found = people.member.get("identity", "/v3/auth/catalog").json()["catalog"]
    by_type = {entry["type"]: entry for entry in found}
    assert {"identity", "image", "compute", "network"} <= set(by_type)
    point = by_type["identity"]["endpoints"][0]
    assert {"id", "interface", "region", "region_id", "url"} <= set(point)


def test_application_credential(make: identities.Maker, tenant: tuple[Body, Body]) -> None:
    """It logs its user in to its project, by id or by name and user, until it is deleted."""
    user, project = tenant
    caller = make.log_in(user, project_id=project["id"])
    path = f"/v3/users/{user['id']}/application_credentials"
    body = {"application_credential": {"name": identities.fresh_name()}}
    made = caller.make("identity", path, body)
    assert {role["name"] for role in made["roles"]} == {"member", "reader"}
    assert caller.post("identity", path, body).status_code == 409
    assert make.admin.post("identity", path, body).status_code == 403
    by_id = {"id": made["id"], "secret": made["secret"]}
    by_name = {"name": made["name"], "user": {"id": user["id"]}, "secret": made["secret"]}
    for given in (by_id, by_name):
        identity = {"methods": ["application_credential"], "application_credential": given}
        token = ask(make, identity).json()["token"]
        assert token["project"]["id"] == project["id"]
        assert token["methods"] == ["application_credential"]
    wrong = {**by_id, "secret": "wrong"}
    identity = {"methods": ["application_credential"], "application_credential": wrong}
    assert ask(make, identity).status_code == 401
    (listed,) = caller.get("identity", path).json()["application_credentials"]
    assert listed["id"] == made["id"]
    assert "secret" not in listed
    one = f"{path}/{made['id']}"
    assert caller.get("identity", one).json()["application_credential"]["name"] == made["name"]
    assert caller.delete("identity", one).status_code == 204
    for answer in (caller.get("identity", one), caller.delete("identity", one)):
        assert answer.status_code == 404
