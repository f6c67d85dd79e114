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
"""Images: lists, show, create, delete, deactivate and reactivate, tags.

Sources: API reference, Image v2, "Images"; statuses and messages seen on a real Glance 33.
A page has 25 images unless asked, 1000 at most, and a relative ``next`` when it is full; a marker
that is gone is 400. A listing leaves out other projects' community images, even for the
administrator, unless ``visibility`` says ``all`` or ``community``; hidden images unless
``os_hidden=true``; and what is shared with the caller until he has accepted it.
"""

from collections.abc import Callable
import itertools
import operator
import re
from typing import Any
from urllib import parse

from tests.emulator import paging
from tests.emulator import web
from tests.emulator.notices import image as notices
from tests.emulator.services.image import api
from tests.emulator.services.image import schemas
from tests.emulator.shapes import image as shapes

Body = shapes.Body
Test = Callable[[Body], bool]

CONTROLS = {
    *("limit", "marker", "visibility", "os_hidden", "member_status"),
    *("sort", "sort_key", "sort_dir"),
}
SORTS = (
    *("name", "status", "container_format", "disk_format", "size", "id"),
    *("created_at", "updated_at"),
)
MEMBER_STATUSES = {"pending", "accepted", "rejected", "all"}
COMPARE = {
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
}


def list_images(call: web.Call) -> web.Answer:
    """GET the images that the caller may see, a page at a time."""
    api.require("get_images", allowed=not call.token.is_system)
    limit, wanted = _limit(call), _wanted(call)
    rows = itertools.islice(filter(wanted, _ordered(call, _sort(call))), limit)
    found = [api.present(row) for row in rows]
    query = parse.urlencode(call.query.to_dict())
    answer = {"images": found, "first": f"/v2/images{'?' if query else ''}{query}"}
    answer["schema"] = "/v2/schemas/images"
    if found and len(found) == limit:
        params = {k: v for k, v in call.query.to_dict().items() if k != "marker"}
        answer["next"] = f"/v2/images?{parse.urlencode({**params, 'marker': found[-1]['id']})}"
    return web.Answer(200, answer)


def _limit(call: web.Call) -> int:
    asked = call.query.get("limit")
    if asked is None:
        return call.cloud.settings.default_image_page
    if not re.fullmatch(r"[-+]?\d+", asked):
        raise web.Refused(400, "limit param must be an integer")
    if int(asked) < 0:
        raise web.Refused(400, "limit param must be positive")
    return paging.capped(int(asked), call.cloud.settings.page_limits["image"]) or 0


def _sort(call: web.Call) -> list[tuple[str, bool]]:
    """Keys and whether they descend; empty for the default, the newest first."""
    query = call.query
    if "sort" in query and {"sort_key", "sort_dir"} & set(query):
        raise web.Refused(400, "Old and new sorting syntax cannot be combined")
    if "sort" in query:
        words = [word.strip().partition(":") for word in query["sort"].split(",")]
        asked = [(key, way or "desc") for key, _, way in words]
    elif {"sort_key", "sort_dir"} & set(query):
        keys = query.getlist("sort_key") or ["created_at"]
        ways = query.getlist("sort_dir") or ["desc"]
        asked = [(key, ways[min(place, len(ways) - 1)]) for place, key in enumerate(keys)]
    else:
        return []
    for key, way in asked:
        if key not in SORTS:
            text = f"Invalid sort key: {key}. It must be one of the following: {', '.join(SORTS)}."
            raise web.Refused(400, text)
        if way not in {"asc", "desc"}:
            raise web.Refused(400, f"Invalid sort direction: {way}")
    last = asked[0][1]
    asked += [(key, last) for key in ("created_at", "id") if key not in dict(asked)]
    return [(key, way == "desc") for key, way in asked]


def _ordered(call: web.Call, sort: list[tuple[str, bool]]) -> Any:
    """The images after the marker, in order."""
    table, marker = call.rows(api.IMAGE), call.query.get("marker")
    row = table.get(marker) if marker is not None else None
    if marker is not None and (row is None or not api.is_visible(call, row)):
        raise web.Refused(400, f"No image found with ID {marker}")
    if not sort:
        return table.after(marker) if marker is not None else iter(table)
    rows = list(table)
    for field, descends in reversed(sort):
        rows.sort(key=lambda one, f=field: _comparable(one[f]), reverse=descends)  # type: ignore[misc]
    if marker is None:
        return iter(rows)
    later = itertools.dropwhile(lambda one: one["id"] != marker, rows)
    return itertools.islice(later, 1, None)


def _comparable(value: Any) -> tuple[bool, Any]:
    return (value is not None, "" if value is None else value)


def _wanted(call: web.Call) -> Test:
    """What the query asks of an image, beside what the caller may see of it."""
    is_hidden = _boolean("os_hidden", call.query.get("os_hidden", "false"))
    is_listed = visibility_test(call)
    tests = [_test(key, text) for key, text in call.query.items(multi=True) if key not in CONTROLS]

    def wanted(row: Body) -> bool:
        return (
            row["os_hidden"] is is_hidden and is_listed(row) and all(test(row) for test in tests)
        )

    return wanted


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        wrong = f"Invalid value '{text}' for '{name}' filter. Valid values are 'true' or 'false'."
        raise web.Refused(400, wrong)
    return text.lower() == "true"


def visibility_test(call: web.Call) -> Test:
    """Whether the caller's listing has the image, as far as that is about who may see it."""
    asked = call.query.get("visibility")
    if asked not in {None, "all", *schemas.VISIBILITIES}:
        raise web.Refused(400, f"Invalid visibility value: {asked}")
    status = call.query.get("member_status", "accepted")
    if status not in MEMBER_STATUSES:
        raise web.Refused(400, f"Invalid status: {status}")
    project, is_admin = call.token.project_id, call.token.is_admin

    def is_listed(row: Body) -> bool:
        visibility = row["visibility"]
        if asked not in {None, "all", visibility}:
            return False
        if is_admin or row["owner"] == project:
            return asked is not None or visibility != "community" or row["owner"] == project
        if visibility == "community":
            return asked is not None
        if visibility == "shared":
            mine = api.members(row).get(project or "")
            return mine is not None and status in {"all", mine["status"]}
        return bool(visibility == "public")

    return is_listed


def _test(key: str, text: str) -> Test:
    """What one filter asks: a range of sizes or times, one of a list, or the same."""
    if key == "changes-since":
        raise web.Refused(400, 'The "changes-since" filter is no longer available on v2.')
    if key in {"size_min", "size_max"}:
        return _size_test(key, text)
    if key in {"created_at", "updated_at"} and not text[:1].isdigit():
        return _time_test(key, text)
    if key == "tag":
        return lambda row: text in row["tags"]
    if key == "protected":
        is_true = _boolean(key, text)
        return lambda row: row["protected"] is is_true
    if text.startswith("in:"):
        words = text.removeprefix("in:").split(",")
        return lambda row: str(row.get(key)) in words
    return lambda row: key in row and str(row[key]) == text


def _size_test(key: str, text: str) -> Test:
    if not re.fullmatch(r"[-+]?\d+", text):
        raise web.Refused(400, "Unable to filter on a range with a non-numeric value.")
    compare = operator.ge if key == "size_min" else operator.le
    return lambda row: row["size"] is not None and compare(row["size"], int(text))


def _time_test(key: str, text: str) -> Test:
    name, _, moment = text.partition(":")
    if name not in COMPARE:
        raise web.Refused(400, "Unable to filter on a unknown operator.")
    return lambda row: COMPARE[name](row[key][:19], moment[:19])


def show(call: web.Call) -> web.Answer:
    """GET an image: itself, without a key around it."""
    return web.Answer(200, api.present(api.find(call)))


def create(call: web.Call) -> web.Answer:
    """POST an image: 201 and ``queued``, ``shared`` unless asked; without a field it has none."""
    asked = api.payload(call)
    api.require("add_image", allowed=api.is_member(call))
    for name in schemas.READ_ONLY & set(asked):
        raise web.Refused(403, f"Attribute '{name}' is read-only.")
    schemas.check(asked)
    if asked.get("visibility") == "public":
        api.require("publicize_image", allowed=call.token.is_admin)
    owner = asked.get("owner", call.token.project_id)
    if owner != call.token.project_id and not call.token.is_admin:
        text = f"You are not permitted to create images owned by '{owner}'"
        raise web.Refused(403, text)
    if call.rows(api.IMAGE).get(asked.get("id")) is not None:
        raise web.Refused(409, f"Image ID {asked['id']} already exists!")
    row = shapes.queued(call.cloud, asked.pop("name", None), owner, **asked)
    notices.image(call.cloud, row, "create")
    headers = {
        "Location": f"{call.root}/v2/images/{row['id']}",
        "OpenStack-image-import-methods": ",".join(schemas.IMPORT_METHODS),
        "OpenStack-image-store-ids": "file",
    }
    return web.Answer(201, api.present(row), headers)


def delete(call: web.Call) -> web.Answer:
    """DELETE an image: 403 if protected or not the caller's, 409 if in use."""
    row = api.find(call, api.DELETE)
    api.require_owner(call, row, "delete_image")
    if row["protected"]:
        raise web.Refused(403, f"Image {row['id']} is protected and cannot be deleted.")
    if row["id"] in call.cloud.settings.images_in_use:
        text = f"Image {row['id']} could not be deleted because it is in use"
        raise web.Refused(409, text)
    row["status"] = "deleted"
    api.touch(call.cloud, row)
    notices.image(call.cloud, row, "delete")
    call.rows(api.IMAGE).remove(row["id"])
    return web.Answer(204)


def deactivate(call: web.Call) -> web.Answer:
    """POST .../deactivate: 204, also again; nobody but the administrator gets its data."""
    return _switch(call, "deactivate", "deactivated")


def reactivate(call: web.Call) -> web.Answer:
    """POST .../reactivate: 204, also again."""
    return _switch(call, "reactivate", "active")


def _switch(call: web.Call, action: str, status: str) -> web.Answer:
    row = api.find(call)
    api.require_owner(call, row, action)
    if row["status"] not in {"active", "deactivated"}:
        raise web.Refused(403, f"Not allowed to {action} image in status '{row['status']}'")
    row["status"] = status
    api.touch(call.cloud, row)
    notices.image(call.cloud, row, "update")
    return web.Answer(204)


def add_tag(call: web.Call) -> web.Answer:
    """PUT a tag: 204, also again."""
    row, tag = _tagged(call), call.args["tag"]
    schemas.check({"tags": [tag]})
    if tag not in row["tags"]:
        row["tags"] = [*row["tags"], tag]
        api.touch(call.cloud, row)
        notices.image(call.cloud, row, "update")
    return web.Answer(204)


def remove_tag(call: web.Call) -> web.Answer:
    """DELETE a tag: 204; 404 if there is none."""
    row, tag = _tagged(call), call.args["tag"]
    if tag not in row["tags"]:
        raise web.Refused(404, "The resource could not be found.")
    row["tags"] = [one for one in row["tags"] if one != tag]
    api.touch(call.cloud, row)
    notices.image(call.cloud, row, "update")
    return web.Answer(204)


def _tagged(call: web.Call) -> Body:
    row = api.find(call, api.PART)
    api.require_owner(call, row, "modify_image")
    return row


ROUTES = (
    web.Route("GET", "/v2/images", list_images),
    web.Route("POST", "/v2/images", create),
    web.Route("GET", "/v2/images/<id>", show),
    web.Route("DELETE", "/v2/images/<id>", delete),
    web.Route("POST", "/v2/images/<id>/actions/deactivate", deactivate),
    web.Route("POST", "/v2/images/<id>/actions/reactivate", reactivate),
    web.Route("PUT", "/v2/images/<id>/tags/<tag>", add_tag),
    web.Route("DELETE", "/v2/images/<id>/tags/<tag>", remove_tag),
)
