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
"""What Cinder's messages hold: a type for each sort of payload."""

from typing import ClassVar

import msgspec

from cleanupd.services.base import wire
from cleanupd.services.block_storage import kinds


class _Told(msgspec.Struct, kw_only=True):
    """What a message holds of a volume, a snapshot or a backup."""

    tenant_id: wire.Id
    user_id: wire.Id
    display_name: str | None
    status: str


class VolumeTold(_Told, kw_only=True):
    """Something happens to a volume, or has happened."""

    KIND: ClassVar = kinds.VOLUME.name
    id: wire.Id = msgspec.field(name="volume_id")
    size: int


class SnapshotTold(_Told, kw_only=True):
    """Something happens to a snapshot, or has happened."""

    KIND: ClassVar = kinds.SNAPSHOT.name
    id: wire.Id = msgspec.field(name="snapshot_id")


class BackupTold(_Told, kw_only=True):
    """Something happens to a backup, or has happened."""

    KIND: ClassVar = kinds.BACKUP.name
    id: wire.Id = msgspec.field(name="backup_id")
    volume_id: str | None
    snapshot_id: str | None
    parent_id: str | None


class _Type(msgspec.Struct):
    # Of one that could not be made or changed Cinder sends what was asked for.
    id: str = ""
    name: str = ""


class TypeChanged(msgspec.Struct):
    """A volume type was made, changed or removed; or why that failed."""

    volume_types: _Type | None
    error_message: object = None


class AccessChanged(msgspec.Struct):
    """A project may use a private volume type now, or no longer."""

    volume_type_id: wire.Id


class SpecChanged(msgspec.Struct):
    """A QoS spec was changed, removed or associated with a type; or why that failed."""

    id: wire.Id
    type_id: str | None = None
    error_message: object = None


class SpecMade(msgspec.Struct):
    """A QoS spec was made, whose id is not told; or why that failed."""

    error_message: object = None


class SchedulingFailed(msgspec.Struct):
    """There is no room for a volume or for a snapshot."""

    volume_id: str | None = None
    snapshot_id: str | None = None
