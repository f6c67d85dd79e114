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
"""Glance's images and Cinder's volumes as Nova passed them on until microversion 2.36.

Sources: API reference, Compute, "Images" and "Volume extension", both deprecated; bodies seen on
a real Nova 34. Only reading is emulated, and of the filters only ``name``.
"""

from collections.abc import Callable
from collections.abc import Iterable

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import paged
from tests.emulator.services.image import api as glance
from tests.emulator.services.image import images
from tests.emulator.services.image import schemas
from tests.emulator.shapes import block_storage as disks

Body = cloud_module.Body

LAST = (2, 35)
STATUSES = {"active": "ACTIVE", "saving": "SAVING", "queued": "SAVING", "killed": "ERROR"}
PROGRESS = {"queued": 25, "saving": 50, "active": 100}


def _image(call: web.Call, row: Body) -> Body:
    return {"id": row["id"], "name": row["name"], "links": _links(call, row["id"])}


def _links(call: web.Call, key: str) -> list[Body]:
    glance_root = f"{call.request.host_url.rstrip('/')}/image"
    kind = "application/vnd.openstack.image"
    return [
        {"rel": "self", "href": f"{call.root}/v2.1/images/{key}"},
        {"rel": "bookmark", "href": f"{call.root}/images/{key}"},
        {"rel": "alternate", "type": kind, "href": f"{glance_root}/images/{key}"},
    ]


def _image_in_detail(call: web.Call, row: Body) -> Body:
    own = {k: v for k, v in glance.present(row).items() if k not in schemas.BASE}
    return {
        "id": row["id"],
        "name": row["name"],
        "minRam": row["min_ram"],
        "minDisk": row["min_disk"],
        "metadata": own,
        "created": row["created_at"],
        "updated": row["updated_at"],
        "status": STATUSES.get(row["status"], "UNKNOWN"),
        "progress": PROGRESS.get(row["status"], 0),
        "OS-EXT-IMG-SIZE:size": row["size"] or 0,
        "links": _links(call, row["id"]),
    }


def _volume(_call: web.Call, row: Body) -> Body:
    attached = [
        {
            "id": one["volume_id"],
            "volumeId": one["volume_id"],
            "serverId": one["server_id"],
            "device": one["device"],
        }
        for one in row["attachments"]
    ]
    return {
        "id": row["id"],
        "status": row["status"],
        "size": row["size"],
        "availabilityZone": row["availability_zone"],
        "createdAt": f"{row['created_at'][:19]}.000000",
        "attachments": attached or [{}],
        "displayName": row["name"],
        "displayDescription": row["description"],
        "volumeType": row["volume_type"],
        "snapshotId": row["snapshot_id"],
        "metadata": row["metadata"],
    }


def _images(call: web.Call) -> Iterable[Body]:
    is_listed = images.visibility_test(call)
    return (row for row in call.rows(glance.IMAGE) if is_listed(row) and not row["os_hidden"])


def _volumes(call: web.Call) -> Iterable[Body]:
    field = disks.PROJECT[disks.VOLUME]
    return call.rows(disks.VOLUME).where(field, call.token.project_id)


def _list(
    key: str, rows: Callable[[web.Call], Iterable[Body]], show: Callable[[web.Call, Body], Body]
) -> web.Handler:
    """GET: all that the caller sees, or those of the ``name``."""

    def handler(call: web.Call) -> web.Answer:
        paged.require_version(call, (2, 1), LAST)
        names = call.query.getlist("name")
        found = [show(call, row) for row in rows(call) if not names or row["name"] in names]
        return web.Answer(200, {key: found})

    return handler


def show_image(call: web.Call) -> web.Answer:
    """GET an image; 404 if the caller sees none of this id."""
    paged.require_version(call, (2, 1), LAST)
    row = glance.find(call, "Image not found.")
    return web.Answer(200, {"image": _image_in_detail(call, row)})


def show_volume(call: web.Call) -> web.Answer:
    """GET a volume; 404 unless it is one of the caller's project."""
    paged.require_version(call, (2, 1), LAST)
    row = call.rows(disks.VOLUME).get(call.args["id"])
    is_own = row is not None and row[disks.PROJECT[disks.VOLUME]] == call.token.project_id
    if row is None or not (is_own or call.token.is_admin):
        raise web.Refused(404, f"Volume {call.args['id']} could not be found.")
    return web.Answer(200, {"volume": _volume(call, row)})


ROUTES = (
    web.Route("GET", "/v2.1/images", _list("images", _images, _image)),
    web.Route("GET", "/v2.1/images/detail", _list("images", _images, _image_in_detail)),
    web.Route("GET", "/v2.1/images/<id>", show_image),
    web.Route("GET", "/v2.1/os-volumes", _list("volumes", _volumes, _volume)),
    web.Route("GET", "/v2.1/os-volumes/detail", _list("volumes", _volumes, _volume)),
    web.Route("GET", "/v2.1/os-volumes/<id>", show_volume),
)
