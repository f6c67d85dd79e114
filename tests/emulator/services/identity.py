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
"""Keystone v3: version, tokens, domains, projects, users, roles, role assignments.

Sources: API reference, Identity v3; statuses, messages and paging seen on a real Keystone 30.
Lists are not paged unless the client gives a limit, and then carry ``"truncated": true``; a
marker that is gone is 404. Deleting a project or user takes its role assignments along, and a
project's deletion also takes it from users who have it as their default. What other services
keep of them (keypairs, networks, quotas) stays.
"""

from collections.abc import Callable
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.services import tokens
from tests.emulator.shapes import identity

Body = cloud_module.Body

FILTERS = {
    "project": ("domain_id", "enabled", "name", "parent_id", "is_domain"),
    "user": ("domain_id", "enabled", "name"),
    "role": ("domain_id", "name"),
    "domain": ("enabled", "name"),
}


def _forbidden(action: str) -> str:
    return f"You are not authorized to perform the requested action: identity:{action}."


def _show(call: web.Call, plural: str, body: Body) -> Body:
    return {**body, "links": {"self": f"{call.root}/v3/{plural}/{body['id']}"}}


def _version(call: web.Call) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{call.root}/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
        ],
    }


def versions(call: web.Call) -> web.Answer:
    """GET /: 300 with the one version there is."""
    return web.Answer(300, {"versions": {"values": [_version(call)]}})


def version(call: web.Call) -> web.Answer:
    """GET /v3: the version, without a token."""
    return web.Answer(200, {"version": _version(call)})


def _self_links(call: web.Call) -> dict[str, Any]:
    query = call.request.query_string.decode()
    path = call.request.path.rstrip("/")
    url = call.request.host_url.rstrip("/") + path + (f"?{query}" if query else "")
    return {"next": None, "self": url, "previous": None}


def _limit(call: web.Call) -> int | None:
    """The page size asked for; 0 and less mean all, as the real service has it."""
    asked = call.query.get("limit", type=int)
    limit = asked if asked and asked > 0 else None
    return paging.capped(limit, call.cloud.settings.page_limits["identity"])


def _matches(body: Body, call: web.Call, singular: str) -> bool:
    """Whether the body passes the filters that Keystone knows; others are ignored."""
    for name, value in call.query.items():
        field, _, comparison = name.partition("__")
        if field not in FILTERS[singular]:
            continue
        mine = str(body.get(field))
        if comparison == "contains" and value not in mine:
            return False
        if not comparison and value.lower() != mine.lower():
            return False
    return True


def _list(singular: str) -> web.Handler:
    plural = f"{singular}s"

    def handler(call: web.Call) -> web.Answer:
        if not (call.token.is_admin or call.token.is_system):
            raise web.Refused(403, _forbidden(f"list_{plural}"))
        marker = call.query.get("marker")
        gone = web.Refused(404, f"Marker {marker} could not be found.")
        rows = paging.start(call.rows(f"identity.{singular}"), marker, gone)
        limit = _limit(call)
        found = paging.take(rows, lambda body: _matches(body, call, singular), limit)
        links = _self_links(call)
        answer: dict[str, Any] = {plural: [_show(call, plural, body) for body in found]}
        if limit is not None and len(found) == limit:
            base = links["self"].partition("?")[0]
            links["next"] = f"{base}?{paging.next_query(call, found[-1]['id'])}"
            answer["truncated"] = True
        return web.Answer(200, {**answer, "links": links})

    return handler


def _one(call: web.Call, singular: str) -> Body:
    found = call.rows(f"identity.{singular}").get(call.args["id"])
    if found is None:
        raise web.Refused(404, f"Could not find {singular}: {call.args['id']}.")
    return found


def _get(singular: str) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        own = call.args["id"] in {call.token.user_id, call.token.project_id, "default"}
        if not (own or call.token.is_admin or call.token.is_system):
            raise web.Refused(403, _forbidden(f"get_{singular}"))
        return web.Answer(200, {singular: _show(call, f"{singular}s", _one(call, singular))})

    return handler


def _delete(singular: str, cascade: Callable[[web.Call, str], None]) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        if not (call.token.is_admin or call.token.is_system):
            raise web.Refused(403, _forbidden(f"delete_{singular}"))
        _one(call, singular)
        cascade(call, call.args["id"])
        call.rows(f"identity.{singular}").remove(call.args["id"])
        return web.Answer(204)

    return handler


def _create(singular: str, make: Callable[..., Body], known: tuple[str, ...]) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        _require_admin(call, f"create_{singular}")
        given = dict(call.body.get(singular) or {})
        if not given.get("name"):
            message = f"Invalid input for field/attribute {singular}. Value: {given}."
            raise web.Refused(400, f"{message} 'name' is a required property")
        domain_id = given.pop("domain_id", None) or "default"
        name = given.pop("name")
        for body in call.rows(f"identity.{singular}").where("name", name):
            if body["domain_id"] == domain_id:
                raise web.Refused(409, f"Conflict occurred attempting to store {singular}.")
        body = make(call.cloud, name, domain_id=domain_id)
        body.update({field: given[field] for field in known if field in given})
        if "password" in given:
            call.cloud.passwords[body["id"]] = given["password"]
        return web.Answer(201, {singular: _show(call, f"{singular}s", body)})

    return handler


def _update(singular: str) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        _require_admin(call, f"update_{singular}")
        body = _one(call, singular)
        given = dict(call.body.get(singular) or {})
        if "password" in given:
            call.cloud.passwords[body["id"]] = given.pop("password")
        body.update(given)
        return web.Answer(200, {singular: _show(call, f"{singular}s", body)})

    return handler


def _require_admin(call: web.Call, action: str) -> None:
    if not (call.token.is_admin or call.token.is_system):
        raise web.Refused(403, _forbidden(action))


def _grant(call: web.Call) -> Body:
    """The assignment that the path names; 404 if one of its three parts is not there."""
    names = {"project": call.args["project"], "user": call.args["user"]}
    role_id = call.args["role"]
    for singular, key in {"role": role_id, **names}.items():
        if call.rows(f"identity.{singular}").get(key) is None:
            raise web.Refused(404, f"Could not find {singular}: {key}.")
    return {
        "scope": {"project": {"id": names["project"]}},
        "user": {"id": names["user"]},
        "role": {"id": role_id},
    }


def give_role(call: web.Call) -> web.Answer:
    """PUT a grant: 204, also where it was given before."""
    _require_admin(call, "create_grant")
    call.rows("identity.role_assignment").add(_grant(call))
    return web.Answer(204)


def check_role(call: web.Call) -> web.Answer:
    """GET or HEAD a grant: 204, or 404 where it was not given."""
    _require_admin(call, "check_grant")
    key = cloud_module.assignment_key(_grant(call))
    if call.rows("identity.role_assignment").get(key) is None:
        raise web.Refused(404, f"Could not find role assignment with role: {key[2]}.")
    return web.Answer(204)


def take_role(call: web.Call) -> web.Answer:
    """DELETE a grant: 204, or 404 where it was not given."""
    _require_admin(call, "revoke_grant")
    check_role(call)
    call.rows("identity.role_assignment").remove(cloud_module.assignment_key(_grant(call)))
    return web.Answer(204)


def _forget_assignments(call: web.Call, belongs: Callable[[Body], bool]) -> None:
    rows = call.rows("identity.role_assignment")
    for given in [given for given in rows if belongs(given)]:
        rows.remove(cloud_module.assignment_key(given))


def _forget_project(call: web.Call, project_id: str) -> None:
    _forget_assignments(call, lambda given: given["scope"]["project"]["id"] == project_id)
    for user in call.rows("identity.user"):
        if user.get("default_project_id") == project_id:
            del user["default_project_id"]


def _forget_user(call: web.Call, user_id: str) -> None:
    _forget_assignments(call, lambda given: given["user"]["id"] == user_id)
    call.cloud.passwords.pop(user_id, None)


def _forget_role(call: web.Call, role_id: str) -> None:
    _forget_assignments(call, lambda given: given["role"]["id"] == role_id)


def list_assignments(call: web.Call) -> web.Answer:
    """GET /v3/role_assignments: never paged, a limit is ignored."""
    if not (call.token.is_admin or call.token.is_system):
        raise web.Refused(403, _forbidden("list_role_assignments"))
    found = [
        given
        for given in call.rows("identity.role_assignment")
        if call.query.get("user.id") in {None, given["user"]["id"]}
        and call.query.get("role.id") in {None, given["role"]["id"]}
        and call.query.get("scope.project.id") in {None, given["scope"]["project"]["id"]}
    ]
    with_names = call.query.get("include_names", "false").lower() in {"1", "true", ""}
    shown = [_show_assignment(call, given, with_names=with_names) for given in found]
    return web.Answer(200, {"role_assignments": shown, "links": _self_links(call)})


def _show_assignment(call: web.Call, given: Body, *, with_names: bool) -> Body:
    ids = (given["scope"]["project"]["id"], given["user"]["id"], given["role"]["id"])
    path = "/v3/projects/{}/users/{}/roles/{}".format(*ids)
    project, user, role = (
        _reference(call, kind, key, with_names=with_names)
        for kind, key in zip(("project", "user", "role"), ids, strict=True)
    )
    links = {"assignment": call.root + path}
    return {"links": links, "scope": {"project": project}, "user": user, "role": role}


def _reference(call: web.Call, singular: str, key: str, *, with_names: bool) -> Body:
    body = call.rows(f"identity.{singular}").get(key)
    if not with_names or body is None:
        return {"id": key}
    domain = call.rows("identity.domain").get(body.get("domain_id") or "")
    named = {"id": key, "name": body["name"]}
    return {**named, "domain": {"id": domain["id"], "name": domain["name"]}} if domain else named


def my_projects(call: web.Call) -> web.Answer:
    """GET /v3/auth/projects: where the caller has a role."""
    user = call.rows("identity.user").get(call.token.user_id) or {}
    found = [
        _show(call, "projects", project)
        for project in call.rows("identity.project")
        if tokens.roles_of(call.cloud, user, project)
    ]
    return web.Answer(200, {"projects": found, "links": _self_links(call)})


def my_catalogue(call: web.Call) -> web.Answer:
    """GET /v3/auth/catalog: the catalogue of the caller's token."""
    found = tokens.catalogue(call, call.token.project_id)
    return web.Answer(200, {"catalog": found, "links": _self_links(call)})


GRANT = "/v3/projects/<project>/users/<user>/roles/<role>"

ROUTES = (
    web.Route(
        "POST",
        "/v3/projects",
        _create("project", identity.project, ("description", "enabled", "parent_id", "tags")),
    ),
    web.Route("PATCH", "/v3/projects/<id>", _update("project")),
    web.Route(
        "POST",
        "/v3/users",
        _create("user", identity.user, ("description", "enabled", "email", "default_project_id")),
    ),
    web.Route("PATCH", "/v3/users/<id>", _update("user")),
    web.Route("PUT", GRANT, give_role),
    web.Route("HEAD", GRANT, check_role),
    web.Route("GET", GRANT, check_role),
    web.Route("DELETE", GRANT, take_role),
    web.Route("GET", "/", versions, public=True),
    web.Route("GET", "/v3", version, public=True),
    web.Route("POST", "/v3/auth/tokens", tokens.create, public=True),
    web.Route("GET", "/v3/auth/tokens", tokens.show),
    web.Route("DELETE", "/v3/auth/tokens", tokens.revoke),
    web.Route("GET", "/v3/auth/projects", my_projects),
    web.Route("GET", "/v3/auth/catalog", my_catalogue),
    web.Route("GET", "/v3/role_assignments", list_assignments),
    *(
        route
        for singular in ("domain", "project", "user", "role")
        for route in (
            web.Route("GET", f"/v3/{singular}s", _list(singular)),
            web.Route("GET", f"/v3/{singular}s/<id>", _get(singular)),
        )
    ),
    web.Route("DELETE", "/v3/projects/<id>", _delete("project", _forget_project)),
    web.Route("DELETE", "/v3/users/<id>", _delete("user", _forget_user)),
    web.Route("DELETE", "/v3/roles/<id>", _delete("role", _forget_role)),
)

SERVICE = web.Service(
    type="identity",
    name="keystone",
    prefix="/identity",
    endpoint="/v3",
    routes=ROUTES,
    shape=web.middleware_shape,
)
