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
"""Keystone's tokens, lists and cascades."""

import datetime

import pytest

from tests import emulator
from tests.emulator import cloud as cloud_module
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import identity
from tests.unit.emulator import asking

V3 = "/identity/v3"


def _auth(password: str = "secret", **scope: object) -> dict[str, object]:
    user = {"name": "admin", "password": password, "domain": {"id": "default"}}
    methods = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": methods, **({"scope": scope} if scope else {})}}


def test_token(admin: asking.Client) -> None:
    """A project's token has roles and a catalogue with one address for each service."""
    domain = {"name": "Default"}
    body = _auth(project={"name": "admin", "domain": domain})
    token = admin("POST", f"{V3}/auth/tokens", body).body["token"]
    assert {role["name"] for role in token["roles"]} == {"admin", "manager", "member", "reader"}
    types = {entry["type"]: entry["endpoints"][0]["url"] for entry in token["catalog"]}
    assert set(types) == {
        *("identity", "image", "compute", "volumev3", "network", "placement"),
        *("load-balancer", "baremetal", "dns", "orchestration", "sharev2"),
    }
    assert types["volumev3"].endswith(f"/volume/v3/{token['project']['id']}")


@pytest.mark.parametrize(
    "body",
    [
        _auth("wrong", project={"name": "admin", "domain": {"id": "default"}}),
        _auth(project={"name": "nowhere", "domain": {"id": "default"}}),
        _auth(project={"name": "demo", "domain": {"id": "default"}}),
        _auth(domain={"id": "default"}),
    ],
)
def test_refused(admin: asking.Client, body: object) -> None:
    """A wrong password, an unknown project and one without a role all give the same 401."""
    reply = admin("POST", f"{V3}/auth/tokens", body)
    assert reply.status == 401
    message = "The request you have made requires authentication."
    assert reply.body["error"] == {"code": 401, "message": message, "title": "Unauthorized"}


def test_no_auth(admin: asking.Client) -> None:
    """A request without ``auth`` is 400."""
    assert admin("POST", f"{V3}/auth/tokens", {}).status == 400


def test_system_token(admin: asking.Client) -> None:
    """A system token knows no address of Cinder, and sees nothing of Neutron, with 200."""
    reply = admin("POST", f"{V3}/auth/tokens", _auth(system={"all": True}))
    assert reply.body["token"]["system"] == {"all": True}
    places = {entry["type"]: entry["endpoints"] for entry in reply.body["token"]["catalog"]}
    assert places["volumev3"] == []
    token = {"X-Auth-Token": reply.headers["X-Subject-Token"]}
    assert admin.get("/networking/v2.0/networks", **token) == {"networks": []}
    assert admin("GET", "/compute/v2.1/servers/detail?all_tenants=1", headers=token).status == 403
    assert admin("GET", "/image/v2/images", headers=token).status == 403
    assert admin.get(f"{V3}/projects", **token)["projects"]


def test_unscoped_token(admin: asking.Client) -> None:
    """A token without a scope has neither roles nor a catalogue."""
    token = admin("POST", f"{V3}/auth/tokens", _auth()).body["token"]
    assert not {"roles", "catalog", "project"} & set(token)


def test_token_ends(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A token ends with its time, when all are revoked, and with its project."""
    assert admin("GET", f"{V3}/projects").status == 200
    cloud.clock.advance(datetime.timedelta(hours=13))
    assert admin("GET", f"{V3}/projects").status == 401
    cloud.settings.token_lifetime_s = 24 * 3600
    admin.login("admin", "admin")
    cloud.clock.advance(datetime.timedelta(hours=13))
    assert admin("GET", f"{V3}/projects").status == 200
    cloud.revoke_tokens()
    assert admin("GET", f"{V3}/projects").status == 401
    admin.login("admin", "admin")
    assert admin.delete(f"{V3}/projects/{admin.project_id}") == 204
    assert admin("GET", "/networking/v2.0/networks").status == 401


def test_lists(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """All in one answer unless a limit is given; then truncated, with a next link."""
    whole = admin.get(f"{V3}/users?domain_id=default")
    assert whole["links"]["next"] is None
    assert [user["id"] for user in whole["users"]] == sorted(cloud["identity.user"].keys())
    url, seen = f"{V3}/users?limit=2", []
    while url:
        page = admin.get(url)
        seen += page["users"]
        url = (page["links"]["next"] or "").removeprefix(asking.HOST)
    assert [user["id"] for user in seen] == [user["id"] for user in whole["users"]]
    assert admin("GET", f"{V3}/users?marker=gone").status == 404


def test_filters(admin: asking.Client) -> None:
    """Names are compared, or searched with ``__contains``; unknown filters are ignored."""
    assert [one["name"] for one in admin.get(f"{V3}/projects?name=demo")["projects"]] == ["demo"]
    found = admin.get(f"{V3}/projects?name__contains=m")["projects"]
    assert {one["name"] for one in found} == {"admin", "demo"}
    assert len(admin.get(f"{V3}/projects?dance=1")["projects"]) == 3
    assert admin.get(f"{V3}/users?domain_id=other")["users"] == []


@pytest.mark.parametrize(
    "path", ["projects", "users", "domains", "roles", "role_assignments", "projects/other"]
)
def test_member_may_not(member: asking.Client, path: str) -> None:
    """Lists and others' projects are 403 for a member."""
    assert member("GET", f"{V3}/{path}").status == 403


def test_member_knows_himself(member: asking.Client) -> None:
    """A member may see his own project and where he has a role."""
    assert member.get(f"{V3}/projects/{member.project_id}")["project"]["name"] == "demo"
    assert [one["name"] for one in member.get(f"{V3}/auth/projects")["projects"]] == ["demo"]
    assert member.delete(f"{V3}/projects/{member.project_id}") == 403


def test_project_takes_assignments(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A project goes with its assignments, and is no longer anybody's default."""
    project = identity.project(cloud, "project")
    user = identity.member(cloud, "user", project)
    path = f"{V3}/role_assignments?user.id={user['id']}"
    (given,) = admin.get(f"{path}&include_names=true")["role_assignments"]
    assert given["scope"]["project"]["name"] == "project"
    assert given["role"]["name"] == "member"
    assert admin.delete(f"{V3}/projects/{project['id']}") == 204
    assert admin.get(path)["role_assignments"] == []
    assert "default_project_id" not in admin.get(f"{V3}/users/{user['id']}")["user"]
    assert admin.delete(f"{V3}/projects/{project['id']}") == 404


def test_user_takes_assignments(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A user goes with his assignments; a role too, even one that is assigned.

    But a role of the bootstrap is immutable.
    """
    project = identity.project(cloud, "project")
    user, other = (identity.member(cloud, name, project) for name in ("user", "other"))
    path = f"{V3}/role_assignments?scope.project.id={project['id']}"
    assert admin.delete(f"{V3}/users/{user['id']}") == 204
    (left,) = admin.get(path)["role_assignments"]
    assert left["user"]["id"] == other["id"]
    identity.assign(cloud, other, project, "auditor")
    auditor, member = (bootstrap.named(cloud, "identity.role", n) for n in ("auditor", "member"))
    assert len(admin.get(path)["role_assignments"]) == 2
    assert admin.delete(f"{V3}/roles/{auditor['id']}") == 204
    assert len(admin.get(path)["role_assignments"]) == 1
    assert admin.delete(f"{V3}/roles/{member['id']}") == 403


def test_own_services_stay(admin: asking.Client) -> None:
    """The emulator's own services, endpoints and region are listed and cannot be changed."""
    for plural in ("services", "endpoints", "regions"):
        listed = admin.get(f"{V3}/{plural}")[plural]
        assert listed
        path = f"{V3}/{plural}/{listed[0]['id']}"
        assert admin.get(path)[plural[:-1]] == listed[0]
        assert admin.delete(path) == 403
        assert admin("PATCH", path, {plural[:-1]: {"description": "x"}}).status == 403


def test_inventory_without_own_services(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """What is in the inventory of services is what clients made."""
    admin.get(f"{V3}/services")
    assert cloud.inventory()["identity.service"] == set()
    made = admin("POST", f"{V3}/services", {"service": {"type": "new"}}).body["service"]
    assert cloud.inventory()["identity.service"] == {made["id"]}


def test_token_follows_roles(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A token may do what its user may do now, and ends with the last role in its scope."""
    user = identity.user(cloud, "user")
    project = identity.project(cloud, "project")
    group = identity.group(cloud, "group")
    identity.assign(cloud, user, project, "member")
    client = asking.Client(cloud, "user", "project")
    assert admin.get(f"{V3}/projects")
    assert client("GET", f"{V3}/projects").status == 403
    identity.assign(cloud, group, project, "admin")
    identity.join(cloud, user, group)
    assert client("GET", f"{V3}/projects").status == 200
    cloud["identity.project"].get(project["id"])["enabled"] = False
    assert client("GET", f"{V3}/auth/projects").status == 401
    cloud["identity.project"].get(project["id"])["enabled"] = True
    assert client("GET", f"{V3}/auth/projects").status == 200
    for row in list(cloud["identity.role_assignment"].where("target_id", project["id"])):
        cloud["identity.role_assignment"].remove(cloud_module.assignment_key(row))
    assert client("GET", f"{V3}/auth/projects").status == 401


def test_deleted_domain_takes_roles_of_nobody(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A domain's own roles outlive it, as they do in a real Keystone."""
    domain = identity.domain(cloud, "domain", enabled=False)
    role = identity.new_role(cloud, "role", domain_id=domain["id"])
    user = identity.user(cloud, "user", domain_id=domain["id"])
    assert admin.delete(f"{V3}/domains/{domain['id']}") == 204
    assert cloud["identity.user"].get(user["id"]) is None
    assert admin.get(f"{V3}/roles/{role['id']}")["role"]["domain_id"] == domain["id"]
