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
"""PATCH an image: the operations of a JSON patch, one after the other or none of them.

Source: API reference, Image v2, "Update image"; refusals seen on a real Glance 33.
"""

import html
from typing import Any

from tests.emulator import web
from tests.emulator.notices import image as notices
from tests.emulator.services.image import api
from tests.emulator.services.image import schemas

Body = api.Body

MEDIA_TYPE = "application/openstack-images-v2.1-json-patch"
OLD_MEDIA_TYPE = "application/openstack-images-v2.0-json-patch"
OPERATIONS = ("add", "remove", "replace")


def update(call: web.Call) -> web.Answer:
    """PATCH an image: 200; 415 without the media type, 409 for a property that is not there."""
    kind = call.request.headers.get("Content-Type", "")
    if kind not in {MEDIA_TYPE, OLD_MEDIA_TYPE}:
        known = f"{OLD_MEDIA_TYPE}, {MEDIA_TYPE}"
        raise web.Refused(415, f"Image PATCH expects Content-Type one of: {known}")
    operations = [_read(one) for one in _list(call)]
    row = api.find(call)
    if operations:
        api.require_owner(call, row, "modify_image")
    changed = api.present(row)
    for name, field, value in operations:
        _check(call, row, name, field, value)
        _apply(changed, name, field, value)
    if operations:
        _store(row, changed)
        api.touch(call.cloud, row)
        notices.image(call.cloud, row, "update")
    return web.Answer(200, api.present(row))


def _list(call: web.Call) -> list[Any]:
    operations = api.payload(call)
    if not isinstance(operations, list):
        raise web.Refused(400, "Request body must be a JSON array of operation objects.")
    return operations


def _read(operation: Body) -> tuple[str, str, Any]:
    """Its name, its field and its value; 400 for what is none."""
    names = ", ".join(OPERATIONS)
    if "op" not in operation and not set(OPERATIONS) & set(operation):
        text = (
            f"Unable to find `op` in JSON Schema change. It must be one of the following: {names}."
        )
        raise web.Refused(400, text)
    name = operation.get("op", "")
    path = operation.get("path", "")
    if name not in OPERATIONS:
        text = f"Invalid operation: `{name}`. It must be one of the following: {names}."
        raise web.Refused(400, text)
    if not str(path).startswith("/"):
        raise web.Refused(400, f'Pointer `{path}` does not start with "/".')
    if "/" in path[1:] and not path.startswith(("/tags/", "/locations/")):
        raise web.Refused(400, f"Invalid JSON pointer for this resource: '{path}'")
    if name != "remove" and "value" not in operation:
        raise web.Refused(400, f'Operation "{name}" requires a member named "value".')
    return name, path[1:].replace("~1", "/").replace("~0", "~"), operation.get("value")


def _check(call: web.Call, row: Body, name: str, field: str, value: Any) -> None:
    """Whether the caller may do this to this field."""
    if field in schemas.READ_ONLY or field == "id":
        raise web.Refused(403, f"Attribute '{field}' is read-only.")
    if name == "remove":
        if field in schemas.BASE:
            raise web.Refused(403, f"Property {field} may not be removed.")
        return
    if field in {"disk_format", "container_format"} and row["status"] != "queued":
        raise web.Refused(403, f"Attribute {field} can be only replaced for a queued image.")
    if field == "owner" and not call.token.is_admin:
        raise web.Refused(403, "Owner can't be updated by non admin.")
    if (field, value) == ("visibility", "public"):
        api.require("publicize_image", allowed=call.token.is_admin)
    schemas.check({field: value})


def _apply(changed: Body, name: str, field: str, value: Any) -> None:
    if name != "add" and field not in changed:
        raise web.Refused(409, f"Property {html.unescape(field)} does not exist.")
    if name == "remove":
        del changed[field]
    else:
        changed[field] = value


def _store(row: Body, changed: Body) -> None:
    for field in [key for key in row if key not in changed and key[0] != "_"]:
        del row[field]
    row.update(changed)


ROUTES = (web.Route("PATCH", "/v2/images/<id>", update),)
