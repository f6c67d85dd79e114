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

"""The kinds of Cinder and the one parser of each.

The formats are those of the block storage API reference at
:data:`MICROVERSION`; tests/samples/block_storage holds bodies of Cinder 29.
"""

import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

#: Pike. From here on a snapshot tells its user.
MICROVERSION = "3.41"

_ATTACHED = resources.EdgeSort.ATTACHED_TO

VOLUME = kinds.Kind(
    name="block_storage.volume",
    identity_fields=("name", "project_id", "user_id", "created_at"),
    edges=(
        kinds.EdgeRule(_ATTACHED, "block_storage.snapshot", "snapshot_id"),
        kinds.EdgeRule(_ATTACHED, "block_storage.volume", "source_volid"),
        kinds.EdgeRule(_ATTACHED, "image.image", "volume_image_metadata.image_id"),
    ),
    # A volume that a server speaks of and this listing lacks is gone, not new.
    listed_after=("compute.server",),
    is_asynchronous=True,
)

SNAPSHOT = kinds.Kind(
    is_guarded=False,
    name="block_storage.snapshot",
    identity_fields=("name", "project_id", "user_id", "created_at"),
    edges=(kinds.EdgeRule(_ATTACHED, "block_storage.volume", "volume_id"),),
    is_asynchronous=True,
)


class _FromImage(msgspec.Struct):
    image_id: str | None = None


class Volume(msgspec.Struct):
    """A volume as Cinder shows it to an administrator."""

    id: wire.Id
    # Nova gives none to the volumes that it makes.
    name: str | None
    status: str
    user_id: wire.Id
    created_at: datetime.datetime
    updated_at: datetime.datetime | None
    snapshot_id: str | None
    source_volid: str | None
    size: int
    attachments: list[msgspec.Raw]
    tenant_id: wire.Id = msgspec.field(name="os-vol-tenant-attr:tenant_id")
    volume_image_metadata: _FromImage = msgspec.field(default_factory=_FromImage)


class Snapshot(msgspec.Struct):
    """A snapshot as Cinder shows it to an administrator."""

    id: wire.Id
    name: str | None
    status: str
    user_id: wire.Id
    created_at: datetime.datetime
    updated_at: datetime.datetime | None
    volume_id: wire.Id
    project_id: wire.Id = msgspec.field(name="os-extended-snapshot-attributes:project_id")


def parse_volume(volume: Volume, place: wire.Place) -> resources.Resource:
    """Return the record of ``volume``; that a server uses it is on the server's record."""
    sources = (
        ("block_storage.snapshot", volume.snapshot_id),
        ("block_storage.volume", volume.source_volid),
        ("image.image", volume.volume_image_metadata.image_id),
    )
    return resources.Resource(
        ref=place.ref("block_storage.volume", volume.id),
        name=volume.name or None,
        project_id=volume.tenant_id,
        user_id=volume.user_id,
        created_at=wire.utc(volume.created_at),
        updated_at=wire.utc(volume.updated_at),
        status=volume.status,
        edges=tuple(resources.attached_to(place.ref(kind, id_)) for kind, id_ in sources if id_),
        details={"size_gib": volume.size, "attachments": len(volume.attachments)},
    )


def parse_snapshot(snapshot: Snapshot, place: wire.Place) -> resources.Resource:
    """Return the record of ``snapshot``."""
    return resources.Resource(
        ref=place.ref("block_storage.snapshot", snapshot.id),
        name=snapshot.name or None,
        project_id=snapshot.project_id,
        user_id=snapshot.user_id,
        created_at=wire.utc(snapshot.created_at),
        updated_at=wire.utc(snapshot.updated_at),
        status=snapshot.status,
        edges=(resources.attached_to(place.ref("block_storage.volume", snapshot.volume_id)),),
    )
