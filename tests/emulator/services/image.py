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
"""Glance v2: list, show and delete images.

Sources: API reference, Image v2; statuses and paging seen on a real Glance 33. A page has 25
images unless asked, 1000 at most, and a relative ``next`` when it is full; a marker that is gone
is 400. Refusals are HTML pages. A listing leaves out other projects' community images, even for
the administrator, unless ``visibility`` says ``all`` or ``community``; and hidden images unless
``os_hidden=true``. A filter for a property that no image has finds nothing.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web

Body = cloud_module.Body

CONTROLS = {
    *("limit", "marker", "visibility", "os_hidden", "member_status"),
    *("sort", "sort_key", "sort_dir"),
}
VERSIONS = ("17", "15", "13", "12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0")


def versions(call: web.Call) -> web.Answer:
    """GET /: 300 with all versions, without a token."""
    return web.Answer(300, _versions(call))


def versions_ok(call: web.Call) -> web.Answer:
    """GET /versions: the same with 200."""
    return web.Answer(200, _versions(call))


def _versions(call: web.Call) -> dict[str, Any]:
    links = [{"rel": "self", "href": f"{call.root}/v2/"}]
    found = [
        {
            "id": f"v2.{minor}",
            "status": "CURRENT" if minor == VERSIONS[0] else "SUPPORTED",
            "links": links,
        }
        for minor in VERSIONS
    ]
    return {"versions": found}


def _is_visible(call: web.Call, body: Body) -> bool:
    """Whether the caller may see it at all: own, public or community; all for the admin."""
    own = body["owner"] == call.token.project_id
    return call.token.is_admin or own or body["visibility"] in {"public", "community"}


def _is_listed(call: web.Call, body: Body) -> bool:
    hidden = call.query.get("os_hidden", "false").lower() == "true"
    if body["os_hidden"] != hidden or not _is_visible(call, body):
        return False
    visibility = call.query.get("visibility")
    if visibility in {None, "all"}:
        own = body["owner"] == call.token.project_id
        return visibility == "all" or body["visibility"] != "community" or own
    return bool(body["visibility"] == visibility)


def _matches(call: web.Call, body: Body) -> bool:
    return all(
        _field_matches(body.get(key), value)
        for key, value in call.query.items()
        if key not in CONTROLS
    )


def _field_matches(mine: Any, value: str) -> bool:
    if value.startswith("in:"):
        return str(mine) in value.removeprefix("in:").split(",")
    if isinstance(mine, list):
        return value in mine
    return str(mine).lower() == value.lower() if isinstance(mine, bool) else str(mine) == value


def _limit(call: web.Call) -> int:
    asked = call.query.get("limit")
    if asked is None:
        return call.cloud.settings.default_image_page
    if asked.startswith("-"):
        raise web.Refused(400, "limit param must be positive")
    if not asked.isdigit():
        raise web.Refused(400, "limit param must be an integer")
    return paging.capped(int(asked), call.cloud.settings.page_limits["image"]) or 0


def list_images(call: web.Call) -> web.Answer:
    """GET /v2/images: a page of what the caller may see."""
    if call.token.is_system:
        raise web.Refused(403, "You are not authorized to complete get_images action.")
    limit, marker = _limit(call), call.query.get("marker")
    gone = web.Refused(400, f"No image found with ID {marker}")
    rows = paging.start(call.rows("image.image"), marker, gone)
    found = paging.take(rows, lambda body: _is_listed(call, body) and _matches(call, body), limit)
    query = call.request.query_string.decode()
    answer = {"images": found, "first": f"/v2/images{'?' if query else ''}{query}"}
    answer["schema"] = "/v2/schemas/images"
    if found and len(found) == limit:
        answer["next"] = f"/v2/images?{paging.next_query(call, found[-1]['id'])}"
    return web.Answer(200, answer)


def _find(call: web.Call, message: str) -> Body:
    body = call.rows("image.image").get(call.args["id"])
    if body is None or not _is_visible(call, body):
        raise web.Refused(404, message.format(call.args["id"]))
    return body


def show_image(call: web.Call) -> web.Answer:
    """GET /v2/images/ID: the image itself, without a key around it."""
    return web.Answer(200, _find(call, "No image found with ID {}"))


def delete_image(call: web.Call) -> web.Answer:
    """DELETE /v2/images/ID: 403 if protected or not the caller's, 409 if in use."""
    body = _find(call, "Failed to find image {} to delete")
    if not call.token.is_admin and body["owner"] != call.token.project_id:
        raise web.Refused(403, "You are not authorized to complete delete_image action.")
    if body["protected"]:
        raise web.Refused(403, f"Image {body['id']} is protected and cannot be deleted.")
    if body["id"] in call.cloud.settings.images_in_use:
        message = f"Image {body['id']} could not be deleted because it is in use"
        raise web.Refused(409, message)
    call.rows("image.image").remove(body["id"])
    return web.Answer(204)


SERVICE = web.Service(
    type="image",
    name="glance",
    prefix="/image",
    endpoint="",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("GET", "/versions", versions_ok, public=True),
        web.Route("GET", "/v2/images", list_images),
        web.Route("GET", "/v2/images/<id>", show_image),
        web.Route("DELETE", "/v2/images/<id>", delete_image),
    ),
    shape=web.webob_shape,
)
