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
"""Groups and who is in them.

Source: API reference, Identity v3, "Groups"; statuses and messages seen on a real Keystone 30.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy
from tests.emulator.services.identity import removal
from tests.emulator.services.identity import rights
from tests.emulator.services.identity import users
from tests.emulator.shapes import identity as shapes

Body = cloud_module.Body


def list_groups(call: web.Call) -> web.Answer:
    """GET /v3/groups: all, or with a token for a domain those of the domain."""
    domain_id = call.token.domain_id
    policy.require(call, "list_groups", role="reader", domain_id=domain_id)
    rows = listing.rows(call, listing.GROUP)
    found = (row for row in rows if domain_id in {None, row["domain_id"]})
    return listing.answer(call, listing.GROUP, found)


def _required(call: web.Call, action: str, role: str) -> Body:
    """The group that the path names, for somebody who may do the action."""
    key = call.args["id"]
    group = call.rows("identity.group").get(key)
    domain_id = group["domain_id"] if group else None
    policy.require(call, action, role=role, domain_id=domain_id)
    return listing.find(call, listing.GROUP, key)


def show_group(call: web.Call) -> web.Answer:
    """GET /v3/groups/{id}."""
    body = _required(call, "get_group", "reader")
    return web.Answer(200, {"group": listing.show(call, listing.GROUP, body)})


def create_group(call: web.Call) -> web.Answer:
    """POST /v3/groups: 409 if the domain has one of this name."""
    given = listing.given(call, listing.GROUP, "name")
    domain_id = given.get("domain_id") or users.home(call)
    policy.require(call, "create_group", role="manager", domain_id=domain_id)
    if call.rows("identity.domain").get(domain_id) is None:
        raise web.Refused(404, f"Could not find domain: {domain_id}.")
    if _namesakes(call, given["name"], domain_id):
        raise users.duplicate("group", f"{given['name']} at domain ID {domain_id}")
    text = given.get("description") or ""
    body = shapes.group(call.cloud, given["name"], domain_id=domain_id, description=text)
    notices.tell(call, "group", "created", body["id"])
    return web.Answer(201, {"group": listing.show(call, listing.GROUP, body)})


def _namesakes(call: web.Call, name: str, domain_id: str) -> set[str]:
    rows = call.rows("identity.group").where("name", name)
    return {row["id"] for row in rows if row["domain_id"] == domain_id}


def update_group(call: web.Call) -> web.Answer:
    """PATCH /v3/groups/{id}."""
    body = _required(call, "update_group", "manager")
    given = listing.given(call, listing.GROUP)
    if _namesakes(call, given.get("name", body["name"]), body["domain_id"]) - {body["id"]}:
        raise users.duplicate("group", given["name"])
    body.update({name: given[name] for name in ("name", "description") if name in given})
    notices.tell(call, "group", "updated", body["id"])
    return web.Answer(200, {"group": listing.show(call, listing.GROUP, body)})


def delete_group(call: web.Call) -> web.Answer:
    """DELETE /v3/groups/{id}."""
    listing.find(call, listing.GROUP, call.args["id"])
    body = _required(call, "delete_group", "manager")
    removal.remove_group(call.cloud, body["id"])
    notices.tell(call, "group", "deleted", body["id"])
    return web.Answer(204)


def list_members(call: web.Call) -> web.Answer:
    """GET /v3/groups/{id}/users."""
    group = _required(call, "list_users_in_group", "reader")
    members = (
        call.rows("identity.user").get(user_id)
        for user_id in rights.members_of(call.cloud, group["id"])
    )
    return listing.answer(call, listing.USER, (user for user in members if user))


def _member(call: web.Call, action: str, role: str) -> tuple[str, str]:
    """The group's and the user's id, both of which exist."""
    group = _required(call, action, role)
    user = listing.find(call, listing.USER, call.args["user"])
    return (group["id"], user["id"])


def _require_member(call: web.Call, key: tuple[str, str]) -> None:
    if call.rows("identity.membership").get(key) is None:
        raise web.Refused(404, f"User '{key[1]}' not found in group '{key[0]}'")


def check_member(call: web.Call) -> web.Answer:
    """GET /v3/groups/{id}/users/{user}: 204, or 404."""
    _require_member(call, _member(call, "check_user_in_group", "reader"))
    return web.Answer(204)


def add_member(call: web.Call) -> web.Answer:
    """PUT /v3/groups/{id}/users/{user}."""
    group_id, user_id = _member(call, "add_user_to_group", "manager")
    shapes.join(call.cloud, {"id": user_id}, {"id": group_id})
    notices.tell_member(call, group_id, user_id, "added")
    return web.Answer(204)


def remove_member(call: web.Call) -> web.Answer:
    """DELETE /v3/groups/{id}/users/{user}: the user's tokens end."""
    key = _member(call, "remove_user_from_group", "manager")
    _require_member(call, key)
    call.rows("identity.membership").remove(key)
    rights.revoke(call.cloud, lambda token: token.user_id == key[1])
    notices.tell_member(call, *key, "removed")
    return web.Answer(204)


def list_users_groups(call: web.Call) -> web.Answer:
    """GET /v3/users/{id}/groups."""
    is_own = call.args["id"] == call.token.user_id
    user = users.required(call, "list_groups_for_user", "reader", is_own=is_own)
    groups = (
        call.rows("identity.group").get(group_id)
        for group_id in rights.groups_of(call.cloud, user["id"])
    )
    found = ({**group, "membership_expires_at": None} for group in groups if group)
    return listing.answer(call, listing.GROUP, found)


ROUTES = (
    web.Route("GET", "/v3/groups", list_groups),
    web.Route("POST", "/v3/groups", create_group),
    web.Route("GET", "/v3/groups/<id>", show_group),
    web.Route("PATCH", "/v3/groups/<id>", update_group),
    web.Route("DELETE", "/v3/groups/<id>", delete_group),
    web.Route("GET", "/v3/groups/<id>/users", list_members),
    web.Route("GET", "/v3/groups/<id>/users/<user>", check_member),
    web.Route("PUT", "/v3/groups/<id>/users/<user>", add_member),
    web.Route("DELETE", "/v3/groups/<id>/users/<user>", remove_member),
    web.Route("GET", "/v3/users/<id>/groups", list_users_groups),
)
