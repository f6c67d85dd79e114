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
"""New volumes: what they are made of, whether there is room, and the time that it takes.

Source: API reference, Block Storage v3, "Create a volume"; the order of the checks, states and
messages seen on a real Cinder 29. A volume from an image is ``downloading`` on its way.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import quotas
from tests.emulator.services.block_storage import schema
from tests.emulator.services.block_storage import types
from tests.emulator.services.block_storage import volumes
from tests.emulator.services.image import schemas
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

FIELDS: dict[str, schema.Check] = {
    "name": schema.text,
    "description": schema.text,
    "display_name": schema.text,
    "display_description": schema.text,
    "volume_type": schema.text,
    "metadata": schema.maybe(schema.metadata()),
    "snapshot_id": schema.maybe_identity,
    "source_volid": schema.maybe_identity,
    "consistencygroup_id": schema.maybe_identity,
    "group_id": schema.text,
    "backup_id": schema.maybe_identity,
    "size": schema.maybe_size,
    "availability_zone": schema.text,
    "multiattach": schema.maybe(schema.boolean),
    "image_id": schema.text,
    "imageRef": schema.text,
}

MULTIATTACH = (
    "multiattach parameter has been removed. The default behavior is to use multiattach enabled"
    " volume types. Contact your administrator to create a multiattach enabled volume type and"
    " use it to create multiattach volumes."
)


def create(call: web.Call) -> web.Answer:
    """POST a volume: 202 and ``creating``, then ``available`` or, without a host, ``error``."""
    is_open = call.microversion < (3, 53)
    asked = schema.read(call, "volume", FIELDS, is_open=is_open)
    if schema.is_true(asked.get("multiattach")):
        raise web.Refused(400, MULTIATTACH)
    source = _source(call, asked)
    of_type = _type(call, asked, source)
    api.require_member(call, "volume:create_from_image" if source.image else "volume:create")
    size = _size(asked, source)
    zone = asked.get("availability_zone") or "nova"
    if zone != "nova":
        raise web.Refused(400, f"Availability zone '{zone}' is invalid.")
    quotas.require_volume(call, size, of_type["name"])
    row = begin(
        call.cloud,
        schema.stripped(asked.get("name", asked.get("display_name"))),
        (call.token.project_id or "", call.token.user_id),
        size=size,
        of_type=of_type,
        source=source,
        description=schema.stripped(asked.get("description", asked.get("display_description"))),
        metadata=asked.get("metadata") or {},
    )
    shown = volumes.plain(call, row)
    shown["created_at"] = call.cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")
    return web.Answer(202, {"volume": shown})


class Source:
    """What a new volume is made of: one of these, or nothing."""

    def __init__(
        self,
        *,
        snapshot: Body | None = None,
        volume: Body | None = None,
        image: Body | None = None,
        backup: Body | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.volume = volume
        self.image = image
        self.backup = backup

    @property
    def given(self) -> list[Body]:
        """Those that are there: one at most, if all is well."""
        return [one for one in (self.snapshot, self.volume, self.image, self.backup) if one]


def _source(call: web.Call, asked: dict[str, Any]) -> Source:
    def row(kind: str, field: str) -> Body | None:
        return api.find(call, kind, asked[field]) if asked.get(field) else None

    image = asked.get("image_id", asked.get("imageRef"))
    source = Source(
        snapshot=row(shapes.SNAPSHOT, "snapshot_id"),
        volume=row(shapes.VOLUME, "source_volid"),
        image=_image(call, image) if image is not None else None,
        backup=row(shapes.BACKUP, "backup_id"),
    )
    if len(source.given) > 1:
        text = "May specify only one of backup, imageRef, snapshot, source volume"
        raise web.Refused(400, f"Invalid input received: {text}")
    return source


def _image(call: web.Call, ref: str) -> Body:
    """The image by its id or name, if the caller may see it; 400 otherwise."""
    key = ref.rpartition("/")[2]
    found = call.rows("image.image").get(key)
    named = [found] if found else list(call.rows("image.image").where("name", ref))
    for row in named:
        own = row["owner"] == call.token.project_id
        if own or call.token.is_admin or row["visibility"] in {"public", "community", "shared"}:
            if row["status"] != "active":
                text = f"Image {row['id']} is not active."
                raise web.Refused(400, f"Invalid input received: {text}")
            return row
    text = "Invalid image identifier or unable to access requested image."
    raise web.Refused(400, text)


def _type(call: web.Call, asked: dict[str, Any], source: Source) -> Body:
    if asked.get("volume_type"):
        return types.named(call, asked["volume_type"])
    of = source.volume or source.snapshot
    key = of.get("volume_type_id", of.get("_volume_type_id")) if of else None
    return call.rows(shapes.TYPE).get(key) or types.default(call)


def _size(asked: dict[str, Any], source: Source) -> int:
    """What was asked for, or the size of what it is made of; never less than that."""
    of = source.snapshot or source.volume or source.backup
    size = asked.get("size") or (of["size"] if of else None)
    if size is None:
        raise web.Refused(400, api.MALFORMED)
    if of and int(size) < of["size"]:
        raise web.Refused(400, _too_small(size, of, source))
    least = source.image["min_disk"] if source.image else 0
    if int(size) < least:
        text = f"Volume size {size}GB cannot be smaller than the image minDisk size {least}GB."
        raise web.Refused(400, f"Invalid input received: {text}")
    return int(size)


def _too_small(size: Any, of: Body, source: Source) -> str:
    if source.snapshot:
        text = f"Volume size '{size}'GB cannot be smaller than the snapshot size {of['size']}GB. "
        return f"Invalid input received: {text}They must be >= original snapshot size."
    text = f"Volume size '{size}'GB cannot be smaller than original volume size  {of['size']}GB."
    return f"Invalid input received: {text} They must be >= original volume size."


def begin(
    cloud: cloud_module.Cloud,
    name: str | None,
    owner: tuple[str, str],
    *,
    size: int,
    of_type: Body | None = None,
    source: Source | None = None,
    **fields: Any,
) -> Body:
    """A volume is ``creating``; after the delay it is ``available`` (or ``error``).

    The owner is a project and a user; Nova uses it for the disks that it makes from images.
    One from an image is ``downloading`` on its way and bootable at its end.
    """
    source = source or Source()
    of_type = of_type or cloud[shapes.TYPE].get(shapes.VOLUME_TYPE)
    specs = of_type["extra_specs"] if of_type else {}
    row = shapes.volume(
        cloud,
        name,
        *owner,
        size=size,
        status="creating",
        updated_at=None,
        shared_targets=True,
        service_uuid=None,
        multiattach=specs.get("multiattach") == "<is> True",
        volume_type=of_type["name"] if of_type else "file",
        volume_type_id=of_type["id"] if of_type else shapes.VOLUME_TYPE,
        snapshot_id=source.snapshot["id"] if source.snapshot else None,
        source_volid=source.volume["id"] if source.volume else None,
        **{"os-vol-host-attr:host": None, **fields},
    )
    key, delay = row["id"], cloud.settings.build_delay_s
    cloud.clock.later(delay / 2, lambda: _place(cloud, key, source, has_host=_has_host(specs)))
    return row


def _has_host(specs: dict[str, str]) -> bool:
    """Whether a back end offers what the type wants, which the scheduler asks."""
    backend = specs.get("volume_backend_name", "file1")
    strange = [
        k for k in specs if k not in {"volume_backend_name", "multiattach"} and ":" not in k
    ]
    return backend == "file1" and not strange


def _place(cloud: cloud_module.Cloud, key: str, source: Source, *, has_host: bool) -> None:
    row = cloud[shapes.VOLUME].get(key)
    if row is None or row["status"] != "creating":
        return
    if not has_host:
        row["status"] = "error"
        shapes.touch(cloud, row)
        return
    row.update({"os-vol-host-attr:host": shapes.HOST, "service_uuid": shapes.SERVICE})
    row["shared_targets"] = False
    notices.volume(cloud, row, "create.start")
    if source.image is not None:
        row["status"] = "downloading"
    shapes.touch(cloud, row)
    cloud.clock.later(cloud.settings.build_delay_s / 2, lambda: _complete(cloud, key, source))


def _complete(cloud: cloud_module.Cloud, key: str, source: Source) -> None:
    row = cloud[shapes.VOLUME].get(key)
    if row is None or row["status"] not in {"creating", "downloading"}:
        return
    if source.image is not None:
        row["bootable"] = "true"
        row["volume_image_metadata"] = _of_image(source.image)
    elif source.volume is not None:
        _inherit(row, source.volume)
    if source.backup is not None:
        row["metadata"] = {**row["metadata"], "src_backup_id": source.backup["id"]}
    row["status"] = "available"
    shapes.touch(cloud, row)
    notices.volume(cloud, row, "create.end")


def _inherit(row: Body, of: Body) -> None:
    """A clone is as bootable as the original."""
    row["bootable"] = of["bootable"]
    if "volume_image_metadata" in of:
        row["volume_image_metadata"] = dict(of["volume_image_metadata"])


def _of_image(image: Body) -> dict[str, str]:
    keys = ("checksum", "container_format", "disk_format", "min_disk", "min_ram", "size")
    about = {"image_id": image["id"], "image_name": image["name"]}
    own = {k: v for k, v in image.items() if k not in schemas.BASE and k[0] != "_"}
    own = {k: v for k, v in own.items() if not k.startswith("os_glance_")}
    known = {key: str(image[key]) for key in keys}
    return {"signature_verified": "False", **own, **about, **known}


ROUTES = (api.route("POST", "/volumes", create),)
