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
"""The disks that a new server asks for: block device mappings.

Sources: API reference, Compute, "Create Server", `block_device_mapping_v2`; user guide, "Block
Device Mapping in Nova"; texts seen on a real Nova 34.
"""

import dataclasses
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks

Body = cloud_module.Body

MAPPING = {
    "type": "array",
    "items": checks.closed(
        **{key: {} for key in ("device_name", "device_type", "disk_bus", "guest_format")},
        **{key: {} for key in ("volume_type", "no_device", "tag")},
        source_type={"enum": ["volume", "image", "snapshot", "blank"]},
        destination_type={"enum": ["local", "volume"]},
        uuid={"type": "string", "minLength": 1, "maxLength": 255},
        boot_index={"type": ["integer", "string", "null"], "pattern": "^-?[0-9]+$"},
        delete_on_termination=checks.BOOLEAN,
        volume_size={"type": ["integer", "string"], "pattern": "^[0-9]+$", "minimum": 1},
    ),
}
INVALID = "Block Device Mapping is Invalid: {}".format


@dataclasses.dataclass(frozen=True)
class Disk:
    """One disk: what it is made of (`of`, none for a blank one) and whether it goes along."""

    source: str
    of: Body | None
    is_volume: bool
    boot_index: int | None
    goes_along: bool
    size: int | None
    tag: str | None
    volume_type: str | None

    @property
    def size_gib(self) -> int:
        """How large its volume is: as asked, or as what it is made of."""
        of = self.of or {}
        return self.size or int(of.get("size") or of.get("min_disk") or 1)


KINDS = {
    "volume": "block_storage.volume",
    "snapshot": "block_storage.snapshot",
    "image": "image.image",
}


def read(call: web.Call, wish: dict[str, Any]) -> list[Disk]:
    """The disks asked for; 400 for what they are to be made of and is not there."""
    disks = [_disk(call, one) for one in wish.get("block_device_mapping_v2", ())]
    disks.extend(_old_disk(call, one) for one in wish.get("block_device_mapping", ()))
    return disks


def _old_disk(call: web.Call, wish: dict[str, Any]) -> Disk:
    """A mapping of the first form, which only knows volumes and snapshots."""
    source = "snapshot" if wish.get("snapshot_id") else "volume"
    return _disk(
        call,
        {
            "source_type": source,
            "destination_type": "volume",
            "uuid": wish.get("snapshot_id") or wish.get("volume_id"),
            "boot_index": 0 if wish.get("device_name") in {"vda", "/dev/vda"} else None,
            "delete_on_termination": wish.get("delete_on_termination", False),
        },
    )


def _disk(call: web.Call, wish: dict[str, Any]) -> Disk:
    source = wish.get("source_type", "blank")
    default = "local" if source in {"image", "blank"} else "volume"
    is_volume = wish.get("destination_type", default) == "volume"
    index = wish.get("boot_index")
    size = wish.get("volume_size")
    return Disk(
        source=source,
        of=_find(call, source, wish.get("uuid")),
        is_volume=is_volume,
        boot_index=None if index is None or int(index) < 0 else int(index),
        goes_along=checks.is_true(wish.get("delete_on_termination", False)),
        size=None if size is None else int(size),
        tag=wish.get("tag"),
        volume_type=wish.get("volume_type"),
    )


def _find(call: web.Call, source: str, key: str | None) -> Body | None:
    """What the disk is made of; None for a blank one."""
    if source == "blank":
        if key:
            raise web.Refused(400, INVALID("Invalid device UUID."))
        return None
    found = call.rows(KINDS[source]).get(key)
    if found is None and source == "snapshot":
        raise web.Refused(400, f"Snapshot {key} could not be found.")
    if found is None:
        raise web.Refused(400, INVALID(f"failed to get {source} {key}."))
    return found


def root_of(disks: list[Disk]) -> Disk | None:
    """The disk to boot from, if it is a volume."""
    return next((disk for disk in disks if disk.is_volume and disk.boot_index == 0), None)


def check(disks: list[Disk], *, has_image: bool) -> None:
    """400 unless the server can boot from the disks, and volumes are free and large enough."""
    if not disks:
        return
    indexes = sorted(disk.boot_index for disk in disks if disk.boot_index is not None)
    if has_image and not any(_is_image(disk) for disk in disks) and 0 not in indexes:
        indexes = [0, *indexes]
    if not indexes or indexes != list(range(len(indexes))):
        text = "Boot sequence for the instance and image/block device mapping combination"
        raise web.Refused(400, INVALID(f"{text} is not valid."))
    for disk in disks:
        _check_disk(disk, has_image=has_image)


def _is_image(disk: Disk) -> bool:
    return disk.source == "image" and not disk.is_volume


def _check_disk(disk: Disk, *, has_image: bool) -> None:
    if _is_image(disk) and (disk.boot_index != 0 or not has_image):
        raise web.Refused(400, INVALID("Mapping image to local is not supported."))
    if disk.source == "image" and disk.is_volume and disk.size is None:
        text = "Images with destination_type 'volume' need to have a non-zero size specified"
        raise web.Refused(400, INVALID(text))
    if disk.source == "volume" and disk.of is not None and disk.of["status"] != "available":
        text = f"volume {disk.of['id']} status must be 'available'. Currently in"
        raise web.Refused(400, f"Invalid volume: {text} '{disk.of['status']}'")
