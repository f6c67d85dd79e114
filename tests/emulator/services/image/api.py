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
"""The words that the modules of Glance are written in: refusals, policy, lookups.

Seen on a real Glance 33: refusals are pages of HTML; what the caller may not see is 404; who may
see an image but not do this to it gets 403. A system token may do nothing in a project.
"""

import html
import json
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web

Body = cloud_module.Body
IMAGE = "image.image"

TITLES = {409: "Conflict", 415: "Unsupported Media Type", 416: "Range Not Satisfiable"}
SHOW = "No image found with ID {}"
PART = "Image {} not found."
DELETE = "Failed to find image {} to delete"


def shape(refused: web.Refused) -> web.Answer:
    """The page of HTML that says no."""
    answer = web.webob_shape(web.Refused(refused.status, html.escape(refused.message)))
    title = TITLES.get(refused.status)
    if title and title not in answer.body:
        answer.body = answer.body.replace(f"{refused.status} Error", f"{refused.status} {title}")
    return answer


def present(row: Body) -> Body:
    """The image as it is shown: without what is the emulator's own."""
    return {key: value for key, value in row.items() if key[0] != "_"}


def touch(cloud: cloud_module.Cloud, row: Body) -> None:
    """The image has changed now."""
    row["updated_at"] = clock.seconds(cloud.clock.now())


def is_own(call: web.Call, row: Body) -> bool:
    """Whether it is the caller's project's."""
    return bool(row["owner"] == call.token.project_id)


def is_shared(call: web.Call, row: Body) -> bool:
    """Whether it is shared with the caller's project, accepted or not."""
    return row["visibility"] == "shared" and call.token.project_id in members(row)


def members(row: Body) -> dict[str, Body]:
    """Those with whom the image is shared, by project."""
    found: dict[str, Body] = row.get("_members") or {}
    return found


def is_visible(call: web.Call, row: Body) -> bool:
    """Whether the caller may see it: own, public, community, shared; all for the admin."""
    is_open = row["visibility"] in {"public", "community"}
    return call.token.is_admin or is_own(call, row) or is_open or is_shared(call, row)


def find(call: web.Call, message: str = SHOW) -> Body:
    """The image that the path names; 404 in these words if the caller may not see it."""
    row = call.rows(IMAGE).get(call.args["id"])
    if row is None or not is_visible(call, row):
        raise web.Refused(404, message.format(call.args["id"]))
    return row


def is_member(call: web.Call) -> bool:
    """Whether the caller may change things at all, which a reader may not."""
    return call.token.is_admin or bool(call.token.roles & {"member", "manager"})


def require(action: str, *, allowed: bool) -> None:
    """403 in the words of Glance's policy unless `allowed`."""
    if not allowed:
        raise web.Refused(403, f"You are not authorized to complete {action} action.")


def require_owner(call: web.Call, row: Body, action: str) -> None:
    """The image is the caller's to change."""
    allowed = call.token.is_admin or (is_own(call, row) and is_member(call))
    require(action, allowed=allowed)


def payload(call: web.Call) -> Any:
    """The request's JSON; 400 if it is none."""
    try:
        return json.loads(call.request.get_data())
    except ValueError:
        raise web.Refused(400, "Malformed JSON in request body.") from None


def data(call: web.Call) -> bytes:
    """The request's bytes; 415 unless they are said to be bytes."""
    kind = call.request.headers.get("Content-Type", "")
    if kind != "application/octet-stream":
        raise web.Refused(415, f"Invalid content type {kind}")
    return call.request.get_data()
