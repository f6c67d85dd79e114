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
"""What one may do to a volume: ``POST /volumes/ID/action``.

Source: API reference, Block Storage v3, "Volume actions"; conditions and messages seen on a real
Cinder 29. What takes its time (extend, retype, upload, reimage) shows in the status meanwhile.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.notices import image as image_notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import attaching
from tests.emulator.services.block_storage import quotas
from tests.emulator.services.block_storage import removal
from tests.emulator.services.block_storage import schema
from tests.emulator.services.block_storage import types
from tests.emulator.shapes import block_storage as shapes
from tests.emulator.shapes import image as images

Body = cloud_module.Body

RULE = "volume_extension:volume_actions"
ADMIN_RULE = "volume_extension:volume_admin_actions"
STATUSES = (
    *("creating", "available", "deleting", "error", "error_deleting", "error_managing"),
    *("managing", "attaching", "in-use", "detaching", "maintenance", "restoring-backup"),
    *("error_restoring", "reserved", "awaiting-transfer", "backing-up", "error_backing-up"),
    *("error_extending", "downloading", "uploading", "retyping", "extending"),
)
NO_RETYPE = (
    "Invalid volume: Retype needs volume to be in available or in-use state, not be part of an"
    " active migration or a consistency group, requested type has to be different that the one"
    " from the volume, and for in-use volumes front-end qos specs cannot change."
)
UPLOAD: dict[str, schema.Check] = {
    "image_name": schema.some_text,
    "force": schema.boolean,
    "disk_format": schema.one_of("raw", "vmdk", "vdi", "qcow2", "vhd", "vhdx", "ploop"),
    "container_format": schema.text,
    "visibility": schema.one_of("community", "public", "private", "shared"),
    "protected": schema.boolean,
}


def _find(call: web.Call, rule: str) -> Body:
    """The volume, for a member who may do what the rule is about."""
    row = api.find(call, shapes.VOLUME)
    api.require_member(call, rule)
    return row


def _find_as_admin(call: web.Call, rule: str) -> Body:
    row = api.find(call, shapes.VOLUME)
    api.require_admin(call, f"{ADMIN_RULE}:{rule}")
    return row


def extend(call: web.Call) -> web.Answer:
    """``os-extend``: ``extending``, then larger; from 3.42 on also what is in use."""
    asked = schema.read(call, "os-extend", {"new_size": schema.size}, required=("new_size",))
    row, size = _find(call, "volume:extend"), int(asked["new_size"])
    if size <= row["size"]:
        text = f"(current: {row['size']}, extended: {size})."
        text = f"New size for extend must be greater than current size. {text}"
        raise web.Refused(400, f"Invalid input received: {text}")
    before = row["status"]
    known = "in-use" if call.microversion >= (3, 42) and before == "in-use" else "available"
    if before != known:
        text = f"Volume {row['id']} status must be '{ {'status': known} }' to extend, currently"
        raise web.Refused(400, f"Invalid volume: {text} {before}.")
    quotas.require_growth(call, row["size"], size, row["volume_type"])
    _begin(call, row, "extending")
    notices.volume(call.cloud, row, "resize.start")

    def done(now: Body) -> None:
        now.update({"size": size, "status": before})
        shapes.touch(call.cloud, now)
        notices.volume(call.cloud, now, "resize.end")

    api.later(call, shapes.VOLUME, row, done)
    return web.Answer(202)


def _begin(call: web.Call, row: Body, status: str) -> None:
    row["status"] = status
    shapes.touch(call.cloud, row)


def reset_status(call: web.Call) -> web.Answer:
    """``os-reset_status``: the administrator says what the status is, and nothing else changes."""
    row = _find_as_admin(call, "reset_status")
    asked = api.payload(call)["os-reset_status"]
    if not {"status", "attach_status", "migration_status"} & set(asked):
        text = "Must specify 'status', 'attach_status' or 'migration_status' for update."
        raise web.Refused(400, text)
    status = asked.get("status", row["status"])
    if status not in STATUSES:
        text = f"Volume status: {status} is invalid, valid statuses are: {STATUSES}."
        raise web.Refused(400, text)
    if asked.get("status") == "deleting":
        raise web.Refused(400, "Cannot reset-state to deleting")
    attachments = call.rows(shapes.ATTACHMENT).where("volume_id", row["id"])
    if asked.get("status") == "in-use" and not (row["attachments"] or any(attachments)):
        text = "Cannot reset-state to in-use because volume does not have any attachments."
        raise web.Refused(400, text)
    notices.volume(call.cloud, row, "reset_status.start")
    _begin(call, row, status)
    if asked.get("attach_status") == "detached":
        attaching.forget_all(call.cloud, row)
    notices.volume(call.cloud, row, "reset_status.end")
    return web.Answer(202)


def force_delete(call: web.Call) -> web.Answer:
    """``os-force_delete``: in whatever status it is, but not attached nor with snapshots."""
    row = _find_as_admin(call, "force_delete")
    removal.remove(call, row, is_cascade=False, is_forced=True)
    return web.Answer(202)


def retype(call: web.Call) -> web.Answer:
    """``os-retype``: ``retyping``, then of the other type."""
    fields = {"new_type": schema.some_text, "migration_policy": schema.text}
    asked = schema.read(call, "os-retype", fields, required=("new_type",))
    row = _find(call, "volume:retype")
    new, before = types.named(call, asked["new_type"]), row["status"]
    if before not in {"available", "in-use"} or new["id"] == row["volume_type_id"]:
        raise web.Refused(400, NO_RETYPE)
    _begin(call, row, "retyping")

    def done(now: Body) -> None:
        about = {"volume_type": new["name"], "volume_type_id": new["id"]}
        now.update({**about, "status": before})
        shapes.touch(call.cloud, now)
        notices.volume(call.cloud, now, "retype")

    api.later(call, shapes.VOLUME, row, done)
    return web.Answer(202)


def upload(call: web.Call) -> web.Answer:
    """``os-volume_upload_image``: ``uploading``, and an image that is active at its end."""
    fields = dict(UPLOAD)
    if call.microversion < (3, 1):
        fields.pop("visibility")
        fields.pop("protected")
    asked = schema.read(call, "os-volume_upload_image", fields, required=("image_name",))
    row = _find(call, f"{RULE}:upload_image")
    if asked.get("visibility") == "public":
        api.require_admin(call, f"{RULE}:upload_public")
    before = row["status"]
    known = ["available", *(["in-use"] if schema.is_true(asked.get("force")) else [])]
    if before not in known:
        text = f"Volume {row['id']} status must be {' or '.join(known)}"
        raise web.Refused(400, f"Invalid volume: {text}")
    image = _new_image(call, row, asked)
    _begin(call, row, "uploading")

    def done(now: Body) -> None:
        now["status"] = before
        shapes.touch(call.cloud, now)
        _fill(call.cloud, image, now["size"] << 30)

    api.later(call, shapes.VOLUME, row, done)
    return web.Answer(202, {"os-volume_upload_image": _uploading(call, row, image)})


def _new_image(call: web.Call, row: Body, asked: Body) -> Body:
    """The image, of the caller's project, with what the volume knows of its own."""
    visibility = "shared" if call.microversion < (3, 1) else "private"
    about = row.get("volume_image_metadata", {})
    own = {k: v for k, v in about.items() if k not in {"size", "checksum", "image_id"}}
    image = images.queued(
        call.cloud,
        asked["image_name"],
        call.token.project_id,
        **{
            **{k: v for k, v in own.items() if k not in {"image_name", "min_disk", "min_ram"}},
            "disk_format": asked.get("disk_format", "raw"),
            "container_format": asked.get("container_format", "bare"),
            "visibility": asked.get("visibility", visibility),
            "protected": schema.is_true(asked.get("protected")),
        },
    )
    image_notices.image(call.cloud, image, "create")
    return image


def _fill(cloud: cloud_module.Cloud, image: Body, size: int) -> None:
    now = cloud["image.image"].get(image["id"])
    if now is None or now["status"] != "queued":
        return
    checksum = f"{cloud.random.getrandbits(128):032x}"
    now.update({"size": size, "virtual_size": size, "checksum": checksum, "status": "active"})
    now["stores"] = "file"
    image_notices.image(cloud, now, "upload")
    image_notices.image(cloud, now, "activate")


def _uploading(call: web.Call, row: Body, image: Body) -> Body:
    of_type = call.rows(shapes.TYPE).get(row["volume_type_id"]) or {}
    keys = ("id", "name", "description", "is_public", "extra_specs", "qos_specs_id", "created_at")
    return {
        "id": row["id"],
        "updated_at": row["updated_at"],
        "status": "uploading",
        "display_description": row["description"],
        "size": row["size"],
        "volume_type": {
            **{key: of_type.get(key) for key in keys},
            "updated_at": None,
            "deleted_at": None,
            "deleted": False,
        },
        "image_id": image["id"],
        "container_format": image["container_format"],
        "disk_format": image["disk_format"],
        "image_name": image["name"],
        "protected": image["protected"],
        "visibility": image["visibility"],
    }


def set_readonly(call: web.Call) -> web.Answer:
    """``os-update_readonly_flag``: shows in the metadata."""
    fields = {"readonly": schema.boolean}
    asked = schema.read(call, "os-update_readonly_flag", fields, required=("readonly",))
    row = _find(call, "volume:update_readonly_flag")
    if row["status"] != "available":
        text = f"Volume {row['id']} status must be available to update readonly flag, but current"
        raise web.Refused(400, f"Invalid volume: {text} status is: {row['status']}.")
    row["metadata"] = {**row["metadata"], "readonly": str(schema.is_true(asked["readonly"]))}
    shapes.touch(call.cloud, row)
    return web.Answer(202)


def set_bootable(call: web.Call) -> web.Answer:
    """``os-set_bootable``: 200."""
    fields = {"bootable": schema.boolean}
    asked = schema.read(call, "os-set_bootable", fields, required=("bootable",))
    row = _find(call, "volume:update")
    row["bootable"] = str(schema.is_true(asked["bootable"])).lower()
    shapes.touch(call.cloud, row)
    return web.Answer(200)


def reimage(call: web.Call) -> web.Answer:
    """``os-reimage`` (3.68): ``downloading``, then what the image says."""
    if call.microversion < (3, 68):
        raise web.Refused(404, api.NOT_FOUND, "microversion")
    fields = {"image_id": schema.identity, "reimage_reserved": schema.boolean}
    asked = schema.read(call, "os-reimage", fields, required=("image_id",))
    row = _find(call, "volume:reimage")
    before = row["status"]
    known = ["available", "error"]
    if schema.is_true(asked.get("reimage_reserved")):
        known.append("reserved")
    if before not in known:
        text = f"Volume {row['id']} status must be {' or '.join(known)}, but current status is"
        raise web.Refused(400, f"Invalid volume: {text} {before}.")
    _begin(call, row, "downloading")

    def done(now: Body) -> None:
        now.update({"status": "available" if before == "error" else before, "bootable": "true"})
        shapes.touch(call.cloud, now)

    api.later(call, shapes.VOLUME, row, done)
    return web.Answer(202)


def set_image_metadata(call: web.Call) -> web.Answer:
    """``os-set_image_metadata``: 200 with what the volume knows of its image."""
    fields = {"metadata": schema.metadata()}
    asked = schema.read(call, "os-set_image_metadata", fields, required=("metadata",))
    row = _find(call, "volume_extension:volume_image_metadata:set")
    row["volume_image_metadata"] = {**_image_metadata(row), **asked["metadata"]}
    return web.Answer(200, {"metadata": row["volume_image_metadata"]})


def show_image_metadata(call: web.Call) -> web.Answer:
    """``os-show_image_metadata``: 404 if the volume knows of no image."""
    row = api.find(call, shapes.VOLUME)
    return web.Answer(200, {"metadata": _image_metadata(row, must_be=True)})


def unset_image_metadata(call: web.Call) -> web.Answer:
    """``os-unset_image_metadata``: one item is gone."""
    fields = {"key": schema.some_text}
    asked = schema.read(call, "os-unset_image_metadata", fields, required=("key",))
    row = _find(call, "volume_extension:volume_image_metadata:remove")
    about = dict(_image_metadata(row, must_be=True))
    if about.pop(asked["key"], None) is None:
        raise web.Refused(404, "Metadata item was not found.")
    row["volume_image_metadata"] = about
    if not about:
        row.pop("volume_image_metadata")
    return web.Answer(200)


def _image_metadata(row: Body, *, must_be: bool = False) -> dict[str, Any]:
    about: dict[str, Any] = row.get("volume_image_metadata", {})
    if must_be and not about:
        text = f"Glance metadata for volume/snapshot {row['id']} cannot be found."
        raise web.Refused(404, text)
    return about


ROUTES = (
    api.route(
        "POST",
        "/volumes/<id>/action",
        api.action(
            {
                **attaching.ACTIONS,
                "os-extend": extend,
                "os-reset_status": reset_status,
                "os-force_delete": force_delete,
                "os-retype": retype,
                "os-volume_upload_image": upload,
                "os-update_readonly_flag": set_readonly,
                "os-set_bootable": set_bootable,
                "os-reimage": reimage,
                "os-set_image_metadata": set_image_metadata,
                "os-show_image_metadata": show_image_metadata,
                "os-unset_image_metadata": unset_image_metadata,
            }
        ),
    ),
)
