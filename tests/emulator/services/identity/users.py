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
"""Users.

Source: API reference, Identity v3, "Users"; statuses and messages seen on a real Keystone 30.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy
from tests.emulator.services.identity import removal
from tests.emulator.services.identity import rights
from tests.emulator.shapes import identity as shapes

Body = cloud_module.Body


def list_users(call: web.Call) -> web.Answer:
    """GET /v3/users: all, or with a token for a domain those of the domain."""
    domain_id = call.token.domain_id
    policy.require(call, "list_users", role="reader", domain_id=domain_id)
    rows = listing.rows(call, listing.USER)
    found = (row for row in rows if domain_id in {None, row["domain_id"]})
    return listing.answer(call, listing.USER, found)


def required(call: web.Call, action: str, role: str, *, is_own: bool = False) -> Body:
    """The user that the path names, for somebody who may do the action."""
    key = call.args["id"]
    user = call.rows("identity.user").get(key)
    domain_id = user["domain_id"] if user else None
    policy.require(call, action, role=role, domain_id=domain_id, is_own=is_own)
    return listing.find(call, listing.USER, key)


def show_user(call: web.Call) -> web.Answer:
    """GET /v3/users/{id}: everybody sees oneself."""
    is_own = call.args["id"] == call.token.user_id
    body = required(call, "get_user", "reader", is_own=is_own)
    return web.Answer(200, {"user": listing.show(call, listing.USER, body)})


def create_user(call: web.Call) -> web.Answer:
    """POST /v3/users: 409 if the domain has one of this name; the default project may be none."""
    given = listing.given(call, listing.USER, "name")
    domain_id = given.pop("domain_id", None) or home(call)
    policy.require(call, "create_user", role="manager", domain_id=domain_id)
    if call.rows("identity.domain").get(domain_id) is None:
        raise web.Refused(404, f"Could not find domain: {domain_id}.")
    _check_default_project(call, given)
    name = given.pop("name")
    for row in call.rows("identity.user").where("name", name):
        if row["domain_id"] == domain_id:
            raise duplicate("user", f"{name} at domain ID {domain_id}")
    password = given.pop("password", None)
    body = shapes.user(call.cloud, name, password=password, domain_id=domain_id, **given)
    notices.tell(call, "user", "created", body["id"])
    return web.Answer(201, {"user": listing.show(call, listing.USER, body)})


def home(call: web.Call) -> str:
    """The domain of whom and what a client creates without naming one: the token's."""
    project = call.rows("identity.project").get(call.token.project_id)
    return call.token.domain_id or (project["domain_id"] if project else "default")


def duplicate(singular: str, name: str) -> web.Refused:
    """The refusal of a name that is taken."""
    conflict = f"Conflict occurred attempting to store {singular}"
    return web.Refused(409, f"{conflict} - Duplicate entry found with name {name}.")


def _check_default_project(call: web.Call, given: Body) -> None:
    project_id = given.get("default_project_id")
    if project_id and call.rows("identity.domain").get(project_id) is not None:
        message = f"User's default project ID cannot be a domain ID: {project_id}"
        raise web.Refused(400, message)


def update_user(call: web.Call) -> web.Answer:
    """PATCH /v3/users/{id}: a new password or a disabled user ends the user's tokens."""
    body = required(call, "update_user", "manager")
    given = listing.given(call, listing.USER)
    if given.get("domain_id", body["domain_id"]) != body["domain_id"]:
        raise web.Refused(400, "Cannot change Domain ID")
    _check_default_project(call, given)
    for row in call.rows("identity.user").where("name", given.get("name")):
        if row["domain_id"] == body["domain_id"] and row["id"] != body["id"]:
            raise duplicate("user", row["name"])
    if "password" in given:
        call.cloud.passwords[body["id"]] = given.pop("password")
        rights.revoke(call.cloud, lambda token: token.user_id == body["id"])
    if given.get("default_project_id", "") is None:
        body.pop("default_project_id", None)
        del given["default_project_id"]
    body.update(given)
    if not body["enabled"]:
        rights.revoke(call.cloud, lambda token: token.user_id == body["id"])
    notices.tell(call, "user", "updated", body["id"])
    return web.Answer(200, {"user": listing.show(call, listing.USER, body)})


def change_password(call: web.Call) -> web.Answer:
    """POST /v3/users/{id}/password: 401 for a wrong old one; the user's tokens end."""
    given = call.body.get("user", {})
    user_id = call.args["id"]
    if call.cloud.passwords.get(user_id) != given.get("original_password"):
        raise web.Refused(401, "The request you have made requires authentication.")
    call.cloud.passwords[user_id] = given["password"]
    rights.revoke(call.cloud, lambda token: token.user_id == user_id)
    notices.tell(call, "user", "updated", user_id)
    return web.Answer(204)


def delete_user(call: web.Call) -> web.Answer:
    """DELETE /v3/users/{id}."""
    body = required(call, "delete_user", "manager")
    removal.remove_user(call.cloud, body["id"])
    notices.tell(call, "user", "deleted", body["id"])
    return web.Answer(204)


ROUTES = (
    web.Route("GET", "/v3/users", list_users),
    web.Route("POST", "/v3/users", create_user),
    web.Route("GET", "/v3/users/<id>", show_user),
    web.Route("PATCH", "/v3/users/<id>", update_user),
    web.Route("DELETE", "/v3/users/<id>", delete_user),
    web.Route("POST", "/v3/users/<id>/password", change_password, public=True),
)
