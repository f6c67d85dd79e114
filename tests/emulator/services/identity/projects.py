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
"""Projects and their tree.

Source: API reference, Identity v3, "Projects"; statuses and messages seen on a real Keystone 30,
which keeps a domain as a project without a parent.
"""

from collections.abc import Iterator
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import domains
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy
from tests.emulator.services.identity import removal
from tests.emulator.services.identity import rights
from tests.emulator.services.identity import tags
from tests.emulator.services.identity import users
from tests.emulator.shapes import identity as shapes

Body = cloud_module.Body

LONGEST = 64
"""The characters that a name may have."""


def list_projects(call: web.Call) -> web.Answer:
    """GET /v3/projects: all, or with a token for a domain those of the domain."""
    domain_id = call.token.domain_id
    policy.require(call, "list_projects", role="reader", domain_id=domain_id)
    if call.query.get("is_domain", "").lower() in {"true", "1"}:
        found = (as_project(row) for row in call.rows("identity.domain"))
        return listing.answer(call, listing.PROJECT, found)
    rows = (
        row
        for row in listing.rows(call, listing.PROJECT)
        if domain_id in {None, row["domain_id"]} and tags.fit(call, row)
    )
    return listing.answer(call, listing.PROJECT, rows)


def as_project(domain: Body) -> Body:
    """The project that acts as the domain."""
    return {**domain, "domain_id": None, "parent_id": None, "is_domain": True}


def list_users_projects(call: web.Call) -> web.Answer:
    """GET /v3/users/{id}/projects: where the user has a role."""
    key = call.args["id"]
    user = call.rows("identity.user").get(key)
    policy.require(
        call,
        "list_user_projects",
        role="reader",
        domain_id=user["domain_id"] if user else None,
        is_own=key == call.token.user_id,
    )
    listing.find(call, listing.USER, key)
    return listing.answer(call, listing.PROJECT, of_user(call, key))


def of_user(call: web.Call, user_id: str) -> Iterator[Body]:
    """The projects in which the user has a role."""
    for project_id in rights.targets_of(call.cloud, user_id, "project"):
        found = call.rows("identity.project").get(project_id)
        if found is not None:
            yield found


def required(call: web.Call, action: str, role: str, *, is_own: bool = False) -> Body:
    """The project that the path names, for somebody who may do the action."""
    key = call.args["id"]
    found = call.rows("identity.project").get(key)
    domain = call.rows("identity.domain").get(key)
    if found is None and domain is not None:
        found = as_project(domain)
    domain_id = found["domain_id"] if found else None
    policy.require(call, action, role=role, domain_id=domain_id, is_own=is_own)
    return found or listing.find(call, listing.PROJECT, key)


def show_project(call: web.Call) -> web.Answer:
    """GET /v3/projects/{id}: with its ancestors or descendants if asked for."""
    is_own = call.args["id"] == call.token.project_id
    body = dict(required(call, "get_project", "reader", is_own=is_own))
    mine = set(rights.targets_of(call.cloud, call.token.user_id, "project"))
    if "parents_as_ids" in call.query:
        body["parents"] = _ancestor_ids(call, body)
    elif "parents_as_list" in call.query:
        body["parents"] = [
            {"project": listing.show(call, listing.PROJECT, row)}
            for row in _ancestors(call, body)
            if row["id"] in mine
        ]
    if "subtree_as_ids" in call.query:
        body["subtree"] = _descendant_ids(call, body)
    elif "subtree_as_list" in call.query:
        body["subtree"] = [
            {"project": listing.show(call, listing.PROJECT, row)}
            for row in descendants(call, body["id"])
            if row["id"] in mine
        ]
    return web.Answer(200, {"project": listing.show(call, listing.PROJECT, body)})


def _ancestors(call: web.Call, body: Body) -> Iterator[Body]:
    parent = call.rows("identity.project").get(body["parent_id"])
    if parent is not None:
        yield parent
        yield from _ancestors(call, parent)


def _ancestor_ids(call: web.Call, body: Body) -> dict[str, Any] | None:
    if body["parent_id"] is None:
        return None
    parent = call.rows("identity.project").get(body["parent_id"])
    return {body["parent_id"]: _ancestor_ids(call, parent) if parent else None}


def children(call: web.Call, project_id: str) -> list[Body]:
    """The projects right below it."""
    return list(call.rows("identity.project").where("parent_id", project_id))


def descendants(call: web.Call, project_id: str) -> Iterator[Body]:
    """The projects below it, parents first."""
    for child in children(call, project_id):
        yield child
        yield from descendants(call, child["id"])


def _descendant_ids(call: web.Call, body: Body) -> dict[str, Any] | None:
    found = {row["id"]: _descendant_ids(call, row) for row in children(call, body["id"])}
    return found or None


def create_project(call: web.Call) -> web.Answer:
    """POST /v3/projects: 409 if the domain has one of this name; with is_domain a domain.

    The domain is the caller's if the client names none, also where a parent is in another one.
    """
    given = listing.given(call, listing.PROJECT, "name")
    _check_fields(given)
    parent = _parent(call, given)
    domain_id = given.get("domain_id") or users.home(call)
    policy.require(call, "create_project", role="manager", domain_id=domain_id)
    tags.check(given.get("tags", []))
    if given.pop("is_domain", False):
        domain = domains.create(call, given)
        shown = listing.show(call, listing.PROJECT, as_project(domain))
        return web.Answer(201, {"project": shown})
    _check_place(call, given, parent, domain_id)
    name = given.pop("name")
    given.update(domain_id=domain_id, parent_id=parent["id"] if parent else domain_id)
    body = shapes.project(call.cloud, name, **given)
    notices.tell(call, "project", "created", body["id"])
    return web.Answer(201, {"project": listing.show(call, listing.PROJECT, body)})


def _parent(call: web.Call, given: Body) -> Body | None:
    """The project or domain that is to be the parent; 400 if there is none."""
    parent_id = given.pop("parent_id", None)
    if parent_id is None:
        return None
    found = call.rows("identity.project").get(parent_id)
    found = found or call.rows("identity.domain").get(parent_id)
    if found is None:
        raise web.Refused(400, f"Could not find project: {parent_id}.")
    return found


def _check_place(call: web.Call, given: Body, parent: Body | None, domain_id: str) -> None:
    if call.rows("identity.domain").get(domain_id) is None:
        raise web.Refused(400, f"Could not find domain: {domain_id}.")
    if parent is not None:
        _check_parents_domain(parent, domain_id)
        _check_enabled(call, parent)
    _check_name(call, given["name"], domain_id, None)


def _check_parents_domain(parent: Body, domain_id: str) -> None:
    if "parent_id" not in parent:
        if parent["id"] != domain_id:
            message = f"Cannot create project, the parent ({parent['id']}) is acting as a domain,"
            more = f"but this project's domain id ({domain_id}) does not match the parent's id."
            raise web.Refused(400, f"{message} {more}")
    elif parent["domain_id"] != domain_id:
        message = f"Cannot create project, since it specifies its domain_id {domain_id}, but"
        more = f"specifies a parent in a different domain ({parent['domain_id']})."
        raise web.Refused(400, f"{message} {more}")


def _check_enabled(call: web.Call, parent: Body) -> None:
    """400 if the branch has a disabled project in it."""
    if "parent_id" in parent:
        for row in (parent, *_ancestors(call, parent)):
            if not row["enabled"]:
                message = "cannot create a project in a branch containing a disabled project:"
                raise web.Refused(400, f"{message} {row['id']}")


def _check_fields(given: Body) -> None:
    """400 for a name, description or flag that is none."""
    name, description = given.get("name", "x"), given.get("description")
    if not isinstance(name, str):
        raise listing.refused("name", name, f"{name!r} is not of type 'string'")
    if len(name) > LONGEST:
        raise listing.refused("name", name, f"{name!r} is too long")
    if not isinstance(description, str | None):
        reason = f"{description!r} is not of type 'string', 'null'"
        raise listing.refused("description", description, reason)
    for flag in sorted({"enabled", "is_domain"} & given.keys()):
        listing.check_flag(flag, given[flag])


def _check_name(call: web.Call, name: str, domain_id: str, own_id: str | None) -> None:
    for row in call.rows("identity.project").where("name", name):
        if row["domain_id"] == domain_id and row["id"] != own_id:
            message = (
                "Conflict occurred attempting to store project - it is not permitted to have two"
                " projects with either the same name or same id in the same domain: name is"
                f" {name}, project id {row['id']}."
            )
            raise web.Refused(409, message)


def update_project(call: web.Call) -> web.Answer:
    """PATCH /v3/projects/{id}: not its place; disabled only if nothing enabled is below it."""
    body = required(call, "update_project", "manager")
    given = listing.given(call, listing.PROJECT)
    _check_fields(given)
    if given.get("domain_id", body["domain_id"]) != body["domain_id"]:
        raise web.Refused(400, "Cannot change Domain ID")
    if given.get("parent_id", body["parent_id"]) != body["parent_id"]:
        raise web.Refused(403, "Update of `parent_id` is not allowed.")
    if body["is_domain"]:
        domain = domains.update(call, body["id"], given)
        shown = listing.show(call, listing.PROJECT, as_project(domain))
        return web.Answer(200, {"project": shown})
    _check_name(call, given.get("name", body["name"]), body["domain_id"], body["id"])
    tags.check(given.get("tags", []))
    if given.get("enabled") is False and any(
        row["enabled"] for row in descendants(call, body["id"])
    ):
        message = f"Cannot disable project {body['id']} since its subtree contains"
        raise web.Refused(403, f"{message} enabled projects.")
    body.update(given)
    notices.tell(call, "project", "updated", body["id"])
    return web.Answer(200, {"project": listing.show(call, listing.PROJECT, body)})


def delete_project(call: web.Call) -> web.Answer:
    """DELETE /v3/projects/{id}: 403 while it has children or is an enabled domain."""
    body = required(call, "delete_project", "manager")
    if body["is_domain"]:
        return domains.delete(call, body["id"])
    if children(call, body["id"]):
        message = (
            f"Cannot delete the project {body['id']} since it is not a leaf in the hierarchy."
        )
        more = "Use the cascade option if you want to delete a whole subtree."
        raise web.Refused(403, f"{message} {more}")
    removal.remove_project(call.cloud, body["id"])
    notices.tell(call, "project", "deleted", body["id"])
    return web.Answer(204)


ROUTES = (
    web.Route("GET", "/v3/projects", list_projects),
    web.Route("POST", "/v3/projects", create_project),
    web.Route("GET", "/v3/projects/<id>", show_project),
    web.Route("PATCH", "/v3/projects/<id>", update_project),
    web.Route("DELETE", "/v3/projects/<id>", delete_project),
    web.Route("GET", "/v3/users/<id>/projects", list_users_projects),
)
