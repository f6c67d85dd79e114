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
"""Actions that make images of servers, or servers from another image.

Sources: API reference, Compute, "Create Image", "Create Server Back Up" and "Rebuild Server";
the properties of the images, the snapshots of servers that run from a volume, statuses and texts
seen on a real Nova 34.
"""

import json
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import history
from tests.emulator.services.compute import power
from tests.emulator.services.compute import presenting
from tests.emulator.services.compute import quotas
from tests.emulator.services.compute import states
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import image as images

Body = cloud_module.Body

CREATE_IMAGE = checks.closed("name", name=checks.NAME, metadata=checks.METADATA)
BACKUP = checks.closed(
    *("name", "backup_type", "rotation"),
    name=checks.NAME,
    backup_type={"type": "string"},
    rotation=checks.integer(0),
    metadata=checks.METADATA,
)
IMAGEABLE = frozenset({"active", "stopped", "paused", "suspended"})


def _names(call: web.Call) -> dict[str, str]:
    user = call.rows("identity.user").get(call.token.user_id) or {}
    project = call.rows("identity.project").get(call.token.project_id) or {}
    return {
        "owner_user_name": user.get("name", ""),
        "owner_project_name": project.get("name", ""),
        "boot_roles": ",".join(sorted(call.token.roles)),
    }


def _new_image(call: web.Call, body: Body, name: str, **more: Any) -> Body:
    """An image of the server's project, which is queued until its data are there."""
    fields: Body = {
        **_names(call),
        "base_image_ref": body["image"]["id"] if body["image"] else "",
        "status": "queued",
        "disk_format": "raw",
        "min_disk": body["flavor"]["disk"],
        "size": None,
        "virtual_size": None,
        "checksum": None,
        "os_hash_algo": None,
        "os_hash_value": None,
        **more,
    }
    return images.image(call.cloud, name, body["tenant_id"], **fields)


def _create_image(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202 with the image's id (a Location before 2.45), whose data come after a while.

    Of a server that runs from a volume it has none: it names snapshots of the volumes.
    """
    wish: Body = argument if isinstance(argument, dict) else {}
    states.check(body, states.Rule("createImage", IMAGEABLE))
    metadata = wish.get("metadata") or {}
    quotas.check_metadata(call, metadata)
    history.note(call, body, "createImage")
    if body.get("_root_volume"):
        image = _image_of_volumes(call, body, wish["name"], metadata)
    else:
        image = _image_of_disk(call, body, wish["name"], "snapshot", metadata)
    if call.microversion >= (2, 45):
        return web.Answer(202, {"image_id": image["id"]})
    host = call.request.host_url.rstrip("/")
    return web.Answer(202, headers={"Location": f"{host}/image/images/{image['id']}"})


def _image_of_disk(call: web.Call, body: Body, name: str, sort: str, metadata: Body) -> Body:
    cloud = call.cloud
    own = {"instance_uuid": body["id"], "user_id": body["user_id"], "image_type": sort}
    image = _new_image(call, body, name, **own, **metadata)
    task = "image_snapshot" if sort == "snapshot" else "image_backup"
    states.become(cloud, body, task=task)
    notices.server(cloud, body, "snapshot", "start", snapshot_image_id=image["id"])

    def upload() -> None:
        image["status"] = "saving"
        states.become(cloud, body, task="image_uploading")

    def finish() -> None:
        image.update(_data(cloud))
        states.become(cloud, body)
        notices.server(cloud, body, "snapshot", "end", snapshot_image_id=image["id"])

    states.later(cloud, body, upload, share=0.5)
    states.later(cloud, body, finish)
    return image


def _data(cloud: cloud_module.Cloud, size: int = 65536) -> Body:
    """What an image knows once its data are there."""
    return {
        "status": "active",
        "size": size,
        "virtual_size": size or None,
        "checksum": f"{cloud.random.getrandbits(128):032x}",
        "os_hash_algo": "sha512",
        "os_hash_value": f"{cloud.random.getrandbits(512):0128x}",
        "updated_at": clock.seconds(cloud.clock.now()),
    }


def _image_of_volumes(call: web.Call, body: Body, name: str, metadata: Body) -> Body:
    cloud = call.cloud
    mapping = []
    for entry in body["os-extended-volumes:volumes_attached"]:
        volume = cloud["block_storage.volume"].get(entry["id"])
        if volume is not None:
            mapping.append(_snapshot(cloud, body, volume, name))
    image = _new_image(
        call,
        body,
        name,
        root_device_name=body["OS-EXT-SRV-ATTR:root_device_name"],
        block_device_mapping=json.dumps(mapping),
        bdm_v2="True",
        **metadata,
    )
    image.update(_data(cloud, 0))
    return image


def _snapshot(cloud: cloud_module.Cloud, body: Body, volume: Body, name: str) -> Body:
    """One volume's place in the image's mapping, which leads to a new snapshot of it."""
    made = block_storage.snapshot(cloud, f"snapshot for {name}", volume, description="")
    is_root = volume["id"] == body["_root_volume"]
    uses = [one for one in volume["attachments"] if one["server_id"] == body["id"]]
    return {
        "snapshot_id": made["id"],
        "source_type": "snapshot",
        "destination_type": "volume",
        "volume_size": volume["size"],
        "boot_index": 0 if is_root else None,
        "device_name": uses[0]["device"] if uses else None,
        "delete_on_termination": is_root,
        **dict.fromkeys(("volume_id", "image_id", "tag", "volume_type", "guest_format")),
        **dict.fromkeys(("no_device", "device_type", "disk_bus", "encrypted")),
    }


def _create_backup(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: an image of the type ``backup``; of those with its name `rotation` are kept."""
    wish: Body = argument if isinstance(argument, dict) else {}
    states.check(body, states.Rule("createBackup", IMAGEABLE))
    history.note(call, body, "createBackup")
    own = {**(wish.get("metadata") or {}), "backup_type": wish["backup_type"]}
    image = _image_of_disk(call, body, wish["name"], "backup", own)
    if call.microversion >= (2, 45):
        return web.Answer(202, {"image_id": image["id"]})
    host = call.request.host_url.rstrip("/")
    return web.Answer(202, headers={"Location": f"{host}/image/images/{image['id']}"})


REBUILD = checks.closed(
    "imageRef",
    **{
        "imageRef": checks.UUID,
        "name": checks.NAME,
        "adminPass": {"type": "string"},
        "metadata": checks.METADATA,
        "OS-DCF:diskConfig": {"type": "string", "enum": ["AUTO", "MANUAL"]},
        "accessIPv4": {"type": "string"},
        "accessIPv6": {"type": "string"},
        "preserve_ephemeral": checks.BOOLEAN,
        "description": checks.TEXT_OR_NULL,
        "key_name": checks.TEXT_OR_NULL,
        "user_data": {"type": ["string", "null"]},
        "hostname": checks.NAME,
        "trusted_image_certificates": {},
    },
)
REBUILDABLE = frozenset({"active", "stopped", "error"})


def _rebuild(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202 with the server: it keeps its state, and is of another image after a while."""
    wish: Body = dict(argument) if isinstance(argument, dict) else {}
    cloud, image_id = call.cloud, wish.pop("imageRef")
    states.check_lock(call, body)
    if call.rows("image.image").get(image_id) is None:
        raise web.Refused(400, "Cannot find image for rebuild")
    states.check(body, states.Rule("rebuild", REBUILDABLE))
    password = wish.pop("adminPass", "Emulated1234")
    for key in ("preserve_ephemeral", "trusted_image_certificates"):
        wish.pop(key, None)
    for key in ("hostname", "user_data"):
        if key in wish:
            body[f"OS-EXT-SRV-ATTR:{key}"] = wish.pop(key)
    history.note(call, body, "rebuild")
    body.update(wish)
    if body["image"]:
        body["image"] = {"id": image_id}
    states.become(cloud, body, task="rebuilding")
    notices.server(cloud, body, "rebuild", "start", trusted_image_certificates=None)

    def finish() -> None:
        is_off = body[states.VM] == "stopped"
        body["OS-SRV-USG:launched_at"] = clock.microseconds(cloud.clock.now())
        body["_fault"] = None
        vm, on = ("stopped", states.SHUTDOWN) if is_off else ("active", states.RUNNING)
        states.become(cloud, body, vm=vm, power=on)
        notices.server(cloud, body, "rebuild", "end", trusted_image_certificates=None)

    states.later(cloud, body, finish)
    return presenting.answer(call, body, status=202, adminPass=password)


ACTIONS = {
    "createImage": power.Action("servers:create_image", _create_image, CREATE_IMAGE),
    "createBackup": power.Action("os-create-backup", _create_backup, BACKUP),
    "rebuild": power.Action("servers:rebuild", _rebuild, REBUILD),
}
