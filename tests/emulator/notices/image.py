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
"""What Glance says on the bus: of an image, its status and what was sent of it.

The messages of a real Glance 33 are the model; they have no start and end.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.image import schemas

Body = cloud_module.Body

EXCHANGE = "glance"
PUBLISHER = "image.localhost"
SHOWN = (
    *("id", "name", "status", "created_at", "updated_at", "min_disk", "min_ram", "protected"),
    *("checksum", "owner", "disk_format", "container_format", "size", "virtual_size"),
    *("visibility", "tags"),
)
STORES = ("os_glance_importing_to_stores", "os_glance_failed_import")


def image(cloud: cloud_module.Cloud, row: Body, event: str) -> None:
    """``image.create`` and the like."""
    cloud.bus.emit(EXCHANGE, PUBLISHER, f"image.{event}", lambda: _payload(row, event))


def sent(call: web.Call, row: Body, size: int) -> None:
    """``image.send``: so many bytes went to the caller."""
    about = {"bytes_sent": size, "image_id": row["id"], "owner_id": row["owner"]}
    receiver = {
        "receiver_tenant_id": call.token.project_id,
        "receiver_user_id": call.token.user_id,
    }
    call.cloud.bus.emit(EXCHANGE, PUBLISHER, "image.send", lambda: {**about, **receiver})


def _payload(row: Body, event: str) -> Body:
    known = {*schemas.BASE, "os_glance_import_task", *STORES}
    is_gone = row["status"] == "deleted"
    payload = {key: row[key] for key in SHOWN}
    payload |= {
        "is_public": row["visibility"] == "public",
        "properties": {k: v for k, v in row.items() if k not in known and k[0] != "_"},
        "deleted": is_gone,
        "deleted_at": row["updated_at"] if is_gone else None,
    }
    if event in {"prepare", "upload"}:
        payload |= {name: [] for name in STORES}
    if event == "prepare":
        payload["backend"] = "file"
    return payload
