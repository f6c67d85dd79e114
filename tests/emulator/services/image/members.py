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
"""With whom a shared image is shared.

Source: API reference, Image v2, "Sharing"; statuses and messages seen on a real Glance 33. The
owner says with whom, the member says whether it shows in his lists; the two may not do each
other's part.
"""

from tests.emulator import clock
from tests.emulator import web
from tests.emulator.services.image import api

Body = api.Body


def list_members(call: web.Call) -> web.Answer:
    """GET the members: all for the owner, himself for a member; 403 unless it is shared."""
    row = api.find(call, api.PART)
    if row["visibility"] != "shared":
        text = (
            f"Not allowed to list members for image {row['id']}: Only shared images have members."
        )
        raise web.Refused(403, text)
    is_whole = call.token.is_admin or api.is_own(call, row)
    found = [
        _present(row, project)
        for project in api.members(row)
        if is_whole or project == call.token.project_id
    ]
    return web.Answer(200, {"members": found, "schema": "/v2/schemas/members"})


def _present(row: Body, project: str) -> Body:
    about = {"member_id": project, "image_id": row["id"]}
    return {**about, **api.members(row)[project], "schema": "/v2/schemas/member"}


def create(call: web.Call) -> web.Answer:
    """POST a member: 200 and ``pending``; 409 if he is one."""
    asked = api.payload(call)
    row = api.find(call, api.PART)
    if row["visibility"] != "shared":
        raise web.Refused(403, f"Not allowed to create members for image {row['id']}.")
    api.require_owner(call, row, "add_member")
    member = asked.get("member")
    if not member:
        raise web.Refused(400, "Member to be added not specified")
    if member in api.members(row):
        raise web.Refused(409, f"Member {member} is duplicated for image {row['id']}")
    now = clock.seconds(call.cloud.clock.now())
    new = {"status": "pending", "created_at": now, "updated_at": now}
    row["_members"] = {**api.members(row), member: new}
    return web.Answer(200, _present(row, member))


def _find(call: web.Call) -> tuple[Body, str]:
    row, member = api.find(call, api.PART), call.args["member"]
    is_whole = call.token.is_admin or api.is_own(call, row) or member == call.token.project_id
    if member not in api.members(row) or not is_whole:
        text = f"{member} not found in the member list of the image {row['id']}."
        raise web.Refused(404, text)
    return row, member


def show(call: web.Call) -> web.Answer:
    """GET a member."""
    return web.Answer(200, _present(*_find(call)))


def update(call: web.Call) -> web.Answer:
    """PUT whether the member accepts: that is for himself to say."""
    asked = api.payload(call)
    if "status" not in asked:
        raise web.Refused(400, "Status not specified")
    row, member = _find(call)
    allowed = member == call.token.project_id and api.is_member(call)
    api.require("modify_member", allowed=allowed or call.token.is_admin)
    if asked["status"] not in {"pending", "accepted", "rejected"}:
        text = 'Status must be "pending", "accepted" or "rejected".'
        raise web.Refused(400, f"Incorrect request: {text}")
    now = clock.seconds(call.cloud.clock.now())
    changed = {**api.members(row)[member], "status": asked["status"], "updated_at": now}
    row["_members"] = {**api.members(row), member: changed}
    return web.Answer(200, _present(row, member))


def delete(call: web.Call) -> web.Answer:
    """DELETE a member: 204; for the owner."""
    row, member = _find(call)
    api.require_owner(call, row, "delete_member")
    row["_members"] = {key: one for key, one in api.members(row).items() if key != member}
    return web.Answer(204)


ROUTES = (
    web.Route("GET", "/v2/images/<id>/members", list_members),
    web.Route("POST", "/v2/images/<id>/members", create),
    web.Route("GET", "/v2/images/<id>/members/<member>", show),
    web.Route("PUT", "/v2/images/<id>/members/<member>", update),
    web.Route("DELETE", "/v2/images/<id>/members/<member>", delete),
)
