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
"""Images, as Glance keeps them."""

from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def image(
    cloud: Cloud,
    name: str | None,
    owner: str | None,
    *,
    visibility: str = "private",
    **fields: Any,
) -> Body:
    """A new, active image."""
    now = clock.seconds(cloud.clock.now())
    image_id = fields.pop("id", None) or cloud.new_id()
    return cloud["image.image"].add(
        {
            "name": name,
            "disk_format": "qcow2",
            "container_format": "bare",
            "visibility": visibility,
            "size": 196616,
            "virtual_size": 8388608,
            "status": "active",
            "checksum": f"{cloud.random.getrandbits(128):032x}",
            "protected": False,
            "min_ram": 0,
            "min_disk": 0,
            "owner": owner,
            "os_hidden": False,
            "os_hash_algo": "sha512",
            "os_hash_value": f"{cloud.random.getrandbits(512):0128x}",
            "id": image_id,
            "created_at": now,
            "updated_at": now,
            "tags": [],
            "self": f"/v2/images/{image_id}",
            "file": f"/v2/images/{image_id}/file",
            "schema": "/v2/schemas/image",
            "stores": "file",
            **fields,
        }
    )


def queued(cloud: Cloud, name: str | None, owner: str | None, **fields: Any) -> Body:
    """A new image without data, shared with nobody yet; `fields` replace or add properties."""
    empty = ("size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value")
    formats = {"disk_format": None, "container_format": None}
    given = {**formats, **dict.fromkeys(empty), "status": "queued", "visibility": "shared"}
    row = image(cloud, name, owner, **{**given, **fields})
    row.pop("stores")
    return row
