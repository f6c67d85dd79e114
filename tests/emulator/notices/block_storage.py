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
"""What Cinder says on the bus: of volumes, snapshots, backups and volume types.

The messages of a real Cinder 29 are the model; they go to the exchange ``openstack``. Who sends
one depends on the process: the manager of a back end, the API, the backup service.
"""

from collections.abc import Callable
import json

from tests.emulator import cloud as cloud_module
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body
Cloud = cloud_module.Cloud
Notice = Callable[[Cloud, Body, str], None]

EXCHANGE = "openstack"
FROM_POOL = {"create.start", "create.end"}
FROM_MANAGER = {"attach.start", "detach.start", "delete.start", "delete.end"}


def any_of(kind: str) -> Notice:
    """What tells of a change of a volume, a snapshot or a backup."""
    return {shapes.VOLUME: volume, shapes.SNAPSHOT: snapshot, shapes.BACKUP: backup}[kind]


def volume(cloud: Cloud, row: Body, event: str) -> None:
    """``volume.create.end`` and the like."""
    sender = "volume.ctl@file1#file1" if event in FROM_POOL else "volume.ctl"
    if event in FROM_MANAGER:
        sender = "volume.ctl@file1"
    cloud.bus.emit(EXCHANGE, sender, f"volume.{event}", lambda: _volume(cloud, row))


def snapshot(cloud: Cloud, row: Body, event: str) -> None:
    """``snapshot.create.end`` and the like."""
    sender = "snapshot.ctl@file1"
    cloud.bus.emit(EXCHANGE, sender, f"snapshot.{event}", lambda: _snapshot(cloud, row))


def backup(cloud: Cloud, row: Body, event: str) -> None:
    """``backup.create.end`` and the like."""
    cloud.bus.emit(EXCHANGE, "backup.ctl", f"backup.{event}", lambda: _backup(cloud, row))


def volume_type(cloud: Cloud, row: Body, event: str) -> None:
    """``volume_type.create`` and the like, which has no end."""
    cloud.bus.emit(
        EXCHANGE, "volumeType.ctl", f"volume_type.{event}", lambda: {"volume_types": _type(row)}
    )


def _zoned(moment: str | None) -> str | None:
    return moment and f"{moment[:19]}+00:00"


def _volume(cloud: Cloud, row: Body) -> Body:
    attachments = cloud[shapes.ATTACHMENT].where("volume_id", row["id"])
    return {
        "tenant_id": row[shapes.PROJECT[shapes.VOLUME]],
        "host": row["os-vol-host-attr:host"],
        "user_id": row["user_id"],
        "availability_zone": row["availability_zone"],
        "volume_id": row["id"],
        "volume_type": row["volume_type_id"],
        "display_name": row["name"],
        "launched_at": _zoned(row["updated_at"] or row["created_at"]),
        "created_at": _zoned(row["created_at"]),
        "status": row["status"],
        "snapshot_id": row["snapshot_id"],
        "size": row["size"],
        "replication_status": None,
        "replication_extended_status": None,
        "replication_driver_data": None,
        "metadata": [{"key": key, "value": value} for key, value in row["metadata"].items()],
        "volume_attachment": [_attachment(row, one) for one in attachments],
    }


def _attachment(row: Body, one: Body) -> Body:
    connector = one["_connector"] or {}
    moment = one["created_at"]
    return {
        "id": one["id"],
        "volume_id": row["id"],
        "instance_uuid": one["instance"],
        "attached_host": connector.get("host"),
        "mountpoint": connector.get("mountpoint"),
        "attach_time": one["attached_at"] or None,
        "detach_time": None,
        "attach_status": one["status"],
        "attach_mode": one["attach_mode"],
        "connection_info": json.dumps(one["connection_info"]),
        "connector": json.dumps(connector) if connector else None,
        **_record(moment, moment),
        "volume": _database_row(row, has_attachment=one["status"] == "attached"),
    }


def _record(created: str, updated: str | None) -> Body:
    return {"deleted_at": None, "deleted": False, "created_at": created, "updated_at": updated}


def _database_row(row: Body, *, has_attachment: bool) -> Body:
    nothing = (
        *("ec2_id", "cluster_name", "migration_status", "terminated_at", "provider_location"),
        *("provider_auth", "provider_geometry", "provider_id", "encryption_key_id"),
        *("consistencygroup_id", "group_id", "replication_status", "previous_status"),
        *("replication_extended_status", "replication_driver_data", "_name_id"),
    )
    return {
        **dict.fromkeys(nothing),
        "id": row["id"],
        "use_quota": True,
        "user_id": row["user_id"],
        "project_id": row[shapes.PROJECT[shapes.VOLUME]],
        "snapshot_id": row["snapshot_id"],
        "host": row["os-vol-host-attr:host"],
        "size": row["size"],
        "availability_zone": row["availability_zone"],
        "status": row["status"],
        "attach_status": "attached" if has_attachment else "detached",
        "scheduled_at": row["created_at"],
        "launched_at": row["created_at"],
        "display_name": row["name"],
        "display_description": row["description"],
        "volume_type_id": row["volume_type_id"],
        "source_volid": row["source_volid"],
        "bootable": row["bootable"] == "true",
        "multiattach": row["multiattach"],
        "service_uuid": row["service_uuid"],
        "shared_targets": row["shared_targets"],
        **_record(row["created_at"], row["updated_at"]),
    }


def _snapshot(cloud: Cloud, row: Body) -> Body:
    of = cloud[shapes.VOLUME].get(row["volume_id"]) or {}
    return {
        "tenant_id": row[shapes.PROJECT[shapes.SNAPSHOT]],
        "user_id": row["user_id"],
        "availability_zone": of.get("availability_zone"),
        "volume_id": row["volume_id"],
        "volume_size": row["size"],
        "snapshot_id": row["id"],
        "display_name": row["name"],
        "created_at": _zoned(row["created_at"]),
        "status": row["status"],
        "deleted": "",
        "metadata": str(row["metadata"]) if row["metadata"] else "",
    }


def _backup(cloud: Cloud, row: Body) -> Body:
    dependents = sum(1 for _ in cloud[shapes.BACKUP].where("_parent_id", row["id"]))
    is_there = row["status"] not in {"creating", "error"}
    service = "cinder.backup.drivers.posix.PosixBackupDriver" if is_there else None
    return {
        "tenant_id": row[shapes.PROJECT[shapes.BACKUP]],
        "user_id": row["user_id"],
        "availability_zone": row["availability_zone"],
        "backup_id": row["id"],
        "host": "ctl",
        "display_name": row["name"],
        "created_at": _zoned(row["created_at"]),
        "status": row["status"],
        "volume_id": row["volume_id"],
        "size": row["size"],
        "service_metadata": row["container"],
        "service": service,
        "fail_reason": row["fail_reason"],
        "parent_id": row["_parent_id"],
        "num_dependent_backups": dependents,
        "snapshot_id": row["snapshot_id"],
    }


def _type(row: Body) -> Body:
    keys = ("id", "name", "description", "is_public", "extra_specs", "qos_specs_id")
    return {**{key: row[key] for key in keys}, **_record(row["created_at"], None)}
