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
"""The data of images: upload, download, staging and import.

Source: API reference, Image v2, "Image data" and "Interoperable image import"; statuses seen on
a real Glance 33. An upload is done when it is answered; an import takes its time, as a task. A
web download is refused for each address, as there is nothing that the emulator would ask.
"""

import dataclasses
import hashlib
import re
from typing import Any

from tests.emulator import clock
from tests.emulator import web
from tests.emulator.notices import image as notices
from tests.emulator.services.image import api
from tests.emulator.services.image import schemas

Body = api.Body


@dataclasses.dataclass
class Data(web.Answer):
    """An answer of bytes."""

    content_type: str = "application/octet-stream"

    def content(self) -> bytes:
        """The bytes themselves."""
        return bytes(self.body)


def upload(call: web.Call) -> web.Answer:
    """PUT the data: 204 and ``active``; 409 if it has some, 400 while it has no format."""
    data = api.data(call)
    row = api.find(call)
    api.require_owner(call, row, "upload_image")
    _require_step(row, "saving")
    missing = [name for name in ("disk_format", "container_format") if not row[name]]
    if missing:
        text = f"Properties {', '.join(missing)} must be set prior to saving data."
        raise web.Refused(400, text)
    row["status"] = "saving"
    notices.image(call.cloud, row, "prepare")
    fill(call, row, data)
    return web.Answer(204)


def _require_step(row: Body, status: str) -> None:
    if row["status"] != "queued":
        text = f"Image status transition from {row['status']} to {status} is not allowed"
        raise web.Refused(409, text)


def fill(call: web.Call, row: Body, data: bytes) -> None:
    """The image has these bytes and is ``active``."""
    row.update(
        {
            "size": len(data),
            "virtual_size": len(data),
            "checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "os_hash_algo": "sha512",
            "os_hash_value": hashlib.sha512(data).hexdigest(),
            "status": "active",
            "stores": "file",
            "_data": data,
        }
    )
    api.touch(call.cloud, row)
    notices.image(call.cloud, row, "upload")
    notices.image(call.cloud, row, "activate")


def download(call: web.Call) -> web.Answer:
    """GET the data: 204 while there is none, 403 if deactivated and for a mere reader."""
    row = api.find(call)
    if row["status"] == "deactivated" and not call.token.is_admin:
        text = "The requested image has been deactivated. Image data download is forbidden."
        raise web.Refused(403, text)
    api.require("download_image", allowed=api.is_member(call))
    data = row.get("_data")
    if row["size"] is None or data is None:
        return web.Answer(204)
    notices.sent(call, row, len(data))
    headers = {"Content-MD5": row["checksum"]}
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", call.request.headers.get("Range", ""))
    if found is None:
        return Data(200, data, headers)
    start, stop = int(found[1]), int(found[2] or len(data) - 1)
    headers["Content-Range"] = f"bytes {start}-{stop}/{len(data)}"
    return Data(206, data[start : stop + 1], headers)


def stage(call: web.Call) -> web.Answer:
    """PUT data that an import is to take: 204 and ``uploading``."""
    data = api.data(call)
    row = api.find(call)
    api.require_owner(call, row, "modify_image")
    _require_step(row, "uploading")
    row.update({"status": "uploading", "size": len(data), "_staged": data})
    api.touch(call.cloud, row)
    return web.Answer(204)


def start_import(call: web.Call) -> web.Answer:
    """POST .../import: 202; the image is ``importing`` and then ``active``."""
    asked = api.payload(call)
    method = asked.get("method")
    if not isinstance(method, dict):
        raise web.Refused(400, "Import request requires a 'method' field.")
    name = method.get("name")
    if name not in schemas.IMPORT_METHODS:
        raise web.Refused(400, f"Unknown import method name '{name}'.")
    row = api.find(call)
    api.require_owner(call, row, "modify_image")
    _require_importable(row, method)
    task = _task(call, row, asked)
    row["os_glance_import_task"] = task["id"]
    row["_tasks"] = [*row.get("_tasks", []), task]
    key, delay = row["id"], call.cloud.settings.build_delay_s
    call.cloud.clock.later(delay, lambda: _finish_import(call, key, task))
    return web.Answer(202)


def _require_importable(row: Body, method: Body) -> None:
    if row["status"] not in {"queued", "uploading"}:
        text = f"Image with status {row['status']} cannot be target for import"
        raise web.Refused(409, text)
    if method["name"] == "web-download":
        text = f"URI for web-download does not pass filtering: {method.get('uri')}"
        raise web.Refused(400, text)
    for name in ("container_format", "disk_format"):
        if not row[name]:
            raise web.Refused(409, f"'{name}' needs to be set before import")
    if "_staged" not in row:
        text = "Image needs to be staged before 'glance-direct' method can be used"
        raise web.Refused(409, text)


def _task(call: web.Call, row: Body, asked: Any) -> Body:
    now = clock.microseconds(call.cloud.clock.now())
    return {
        "id": call.cloud.new_id(),
        "type": "api_image_import",
        "status": "pending",
        "owner": call.token.project_id,
        "expires_at": None,
        "created_at": now,
        "updated_at": now,
        "deleted_at": None,
        "deleted": False,
        "image_id": row["id"],
        "request_id": None,
        "user_id": call.token.user_id,
        "input": {"image_id": row["id"], "import_req": asked, "backend": ["file"]},
        "result": None,
        "message": "",
    }


def _finish_import(call: web.Call, key: str, task: Body) -> None:
    row = call.rows(api.IMAGE).get(key)
    if row is None:
        return
    row.pop("os_glance_import_task", None)
    fill(call, row, row.pop("_staged"))
    row.update({"os_glance_importing_to_stores": "", "os_glance_failed_import": ""})
    task.update({"status": "success", "result": {"image_id": key}, "message": "Copied 0 MiB"})


def tasks(call: web.Call) -> web.Answer:
    """GET the image's tasks: its imports."""
    row = call.rows(api.IMAGE).get(call.args["id"])
    if row is None or not api.is_visible(call, row):
        raise web.Refused(404, "The resource could not be found.")
    return web.Answer(200, {"tasks": row.get("_tasks", [])})


ROUTES = (
    web.Route("PUT", "/v2/images/<id>/file", upload),
    web.Route("GET", "/v2/images/<id>/file", download),
    web.Route("PUT", "/v2/images/<id>/stage", stage),
    web.Route("POST", "/v2/images/<id>/import", start_import),
    web.Route("GET", "/v2/images/<id>/tasks", tasks),
)
