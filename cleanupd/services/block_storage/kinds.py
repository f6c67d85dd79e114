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
import functools

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

#: Pike. From here on a snapshot tells its user.
MICROVERSION = "3.41"
#: Stein. From here on a backup tells its user, and a listing of transfers that
#: is asked for a page is no longer empty (seen with Cinder 29: 3.57 takes
#: ``limit`` for a filter, which no transfer passes).
LATER_MICROVERSION = "3.59"

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_IDENTITY = ("name", "project_id", "user_id", "created_at")
_DETACH = kinds.Rung(
    "detach", "end its attachments to servers that Nova does not have", is_for_conflicts=True
)
_RESET = kinds.Rung("reset", "set its status to error")
_FORCE = kinds.Rung("force", "remove it whatever its status is", is_removal=True)
_STUCK = kinds.Hold(
    "error_deleting",
    "its status is error_deleting, and Cinder removes nothing in that",
    rungs=(_RESET.name, _FORCE.name),
)

VOLUME = kinds.Kind(
    name="block_storage.volume",
    has_tags=True,
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(_ATTACHED, "block_storage.volume_type", "volume_type"),
        kinds.EdgeRule(_ATTACHED, "block_storage.snapshot", "snapshot_id"),
        kinds.EdgeRule(_ATTACHED, "block_storage.volume", "source_volid"),
        kinds.EdgeRule(_ATTACHED, "image.image", "volume_image_metadata.image_id"),
    ),
    holds=(_STUCK,),
    rungs=(_DETACH, _RESET, _FORCE),
    # A volume that a server speaks of and this listing lacks is gone, not new.
    listed_after=("compute.server",),
    is_asynchronous=True,
)

SNAPSHOT = kinds.Kind(
    is_guarded=False,
    name="block_storage.snapshot",
    has_tags=True,
    identity_fields=_IDENTITY,
    edges=(kinds.EdgeRule(_ATTACHED, "block_storage.volume", "volume_id"),),
    holds=(_STUCK,),
    rungs=(_RESET, _FORCE),
    is_asynchronous=True,
)

BACKUP = kinds.Kind(
    name="block_storage.backup",
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(_ATTACHED, "block_storage.volume", "volume_id"),
        kinds.EdgeRule(_ATTACHED, "block_storage.snapshot", "snapshot_id"),
        kinds.EdgeRule(_ATTACHED, "block_storage.backup", "is_incremental, has_dependent_backups"),
    ),
    holds=(_STUCK,),
    rungs=(_RESET, _FORCE),
    is_asynchronous=True,
)

TRANSFER = kinds.Kind(
    name="block_storage.transfer",
    identity_fields=("name", "project_id", "created_at"),
    edges=(kinds.EdgeRule(_ATTACHED, "block_storage.volume", "volume_id"),),
)

VOLUME_TYPE = kinds.Kind(
    name="block_storage.volume_type",
    identity_fields=("name",),
    edges=(
        kinds.EdgeRule(_ATTACHED, "block_storage.qos_spec", "qos_specs_id"),
        kinds.EdgeRule(resources.EdgeSort.USED_BY, "identity.project", "os-volume-type-access"),
    ),
)

QOS_SPEC = kinds.Kind(name="block_storage.qos_spec", identity_fields=("name",))


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
    # Its name; volumes of Cinders before Train may have none.
    volume_type: str | None
    tenant_id: wire.Id = msgspec.field(name="os-vol-tenant-attr:tenant_id")
    volume_image_metadata: _FromImage = msgspec.field(default_factory=_FromImage)
    metadata: dict[str, object] = {}


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
    metadata: dict[str, object] = {}


class Backup(msgspec.Struct):
    """A backup as Cinder shows it to an administrator; which one it builds on is not told."""

    id: wire.Id
    name: str | None
    status: str
    user_id: wire.Id
    created_at: datetime.datetime
    updated_at: datetime.datetime | None
    volume_id: wire.Id
    snapshot_id: str | None
    size: int
    is_incremental: bool
    has_dependent_backups: bool
    project_id: wire.Id = msgspec.field(name="os-backup-project-attr:project_id")
    description: str | None = None


class Attachment(msgspec.Struct):
    """That a server, or a host without one, has or is to get a volume."""

    id: wire.Id
    # The server's id.
    instance: str | None


class Attachments(msgspec.Struct):
    """The attachments of a volume."""

    attachments: list[Attachment]


class Transfer(msgspec.Struct):
    """The offer of a volume to whoever knows its key, which is not shown here."""

    id: wire.Id
    name: str | None
    created_at: datetime.datetime
    volume_id: wire.Id
    # Null for those that are older than the field.
    source_project_id: str | None


class VolumeType(msgspec.Struct):
    """A volume type as Cinder shows it to an administrator."""

    id: wire.Id
    name: wire.Id
    is_public: bool
    qos_specs_id: str | None
    description: str | None = None


class _TypeAccess(msgspec.Struct):
    project_id: wire.Id


class TypeAccesses(msgspec.Struct):
    """The projects that may use a private volume type."""

    volume_type_access: list[_TypeAccess]


class QosSpec(msgspec.Struct):
    """A QoS spec, without the types that it is associated with: they tell."""

    id: wire.Id
    name: wire.Id
    consumer: str


def parse_volume(volume: Volume, place: wire.Place) -> resources.Resource:
    """Return the record of ``volume``; that a server uses it is on the server's record."""
    sources = (
        ("block_storage.snapshot", volume.snapshot_id),
        ("block_storage.volume", volume.source_volid),
        ("image.image", volume.volume_image_metadata.image_id),
    )
    edges = [resources.attached_to(place.ref(kind, id_)) for kind, id_ in sources if id_]
    if volume.volume_type:
        edges.append(_typed(place, volume.volume_type))
    return resources.Resource(
        ref=place.ref("block_storage.volume", volume.id),
        name=volume.name or None,
        project_id=volume.tenant_id,
        user_id=volume.user_id,
        created_at=wire.utc(volume.created_at),
        updated_at=wire.utc(volume.updated_at),
        status=volume.status,
        edges=tuple(edges),
        holds=find_holds(volume.status),
        tags=wire.tags(volume.metadata),
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
        holds=find_holds(snapshot.status),
        tags=wire.tags(snapshot.metadata),
    )


def parse_backup(backup: Backup, place: wire.Place) -> resources.Resource:
    """Return the record of ``backup``, which survives volume and snapshot."""
    sources = (
        ("block_storage.volume", backup.volume_id),
        ("block_storage.snapshot", backup.snapshot_id),
    )
    edges = (
        resources.attached_to(place.ref(kind, id_), is_loose=True) for kind, id_ in sources if id_
    )
    return resources.Resource(
        ref=place.ref("block_storage.backup", backup.id),
        name=backup.name or None,
        project_id=backup.project_id,
        user_id=backup.user_id,
        created_at=wire.utc(backup.created_at),
        updated_at=wire.utc(backup.updated_at),
        status=backup.status,
        edges=tuple(edges),
        holds=find_holds(backup.status),
        tags=wire.marks(backup.description),
        details={
            "size_gib": backup.size,
            "volume_id": backup.volume_id,
            "is_incremental": backup.is_incremental,
            "has_dependents": backup.has_dependent_backups,
        },
    )


def parse_transfer(transfer: Transfer, place: wire.Place) -> resources.Resource:
    """Return the record of ``transfer``: until it is gone, its volume cannot go."""
    volume = place.ref("block_storage.volume", transfer.volume_id)
    return resources.Resource(
        ref=place.ref("block_storage.transfer", transfer.id),
        name=transfer.name or None,
        project_id=transfer.source_project_id or None,
        created_at=wire.utc(transfer.created_at),
        edges=(resources.attached_to(volume, is_serving=True),),
    )


def parse_volume_type(volume_type: VolumeType, place: wire.Place) -> resources.Resource:
    """Return the record of a volume type; volumes name it by its name, hence the alias."""
    edges: tuple[resources.Edge, ...] = ()
    if volume_type.qos_specs_id:
        spec = place.ref("block_storage.qos_spec", volume_type.qos_specs_id)
        edges = (resources.attached_to(spec),)
    return resources.Resource(
        ref=place.ref("block_storage.volume_type", volume_type.id),
        name=volume_type.name,
        aliases=(volume_type.name,),
        tags=wire.marks(volume_type.description),
        edges=edges,
        details={"is_public": volume_type.is_public},
    )


def parse_qos_spec(spec: QosSpec, place: wire.Place) -> resources.Resource:
    """Return the record of ``spec``."""
    return resources.Resource(
        ref=place.ref("block_storage.qos_spec", spec.id),
        name=spec.name,
        details={"consumer": spec.consumer},
    )


@functools.lru_cache(maxsize=1024)
def _typed(place: wire.Place, name: str) -> resources.Edge:
    """Return the edge that all volumes of a type share."""
    return resources.attached_to(place.ref("block_storage.volume_type", name))


def find_holds(status: str) -> tuple[str, ...]:
    """Return what in a status speaks against a removal."""
    return (_STUCK.name,) if status == _STUCK.name else ()
