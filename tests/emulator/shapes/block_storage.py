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
"""What Cinder keeps: volumes, snapshots, backups, types and the rest, as its answers show them.

Keys that start with an underscore are the emulator's own and never shown. Times are the
database's, whole seconds; the answer to a create has more digits and no time of change.
"""

from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body

VOLUME = "block_storage.volume"
SNAPSHOT = "block_storage.snapshot"
BACKUP = "block_storage.backup"
ATTACHMENT = "block_storage.attachment"
TYPE = "block_storage.volume_type"
QOS = "block_storage.qos_spec"
TRANSFER = "block_storage.transfer"

PROJECT = {
    VOLUME: "os-vol-tenant-attr:tenant_id",
    SNAPSHOT: "os-extended-snapshot-attributes:project_id",
    BACKUP: "os-backup-project-attr:project_id",
    ATTACHMENT: "_project_id",
    TRANSFER: "source_project_id",
}
"""The field in which each kind says whose it is."""

VOLUME_TYPE = "af66c8bc-385b-4966-a758-567abfcc608f"
NO_TYPE = "9a55cf76-2f4d-4a5f-8b4c-1f0a8a0e6f5d"
HOST = "ctl@file1#file1"
SERVICE = "284e40b9-4569-41e3-b183-2df4d232369c"


def touch(cloud: Cloud, body: Body) -> None:
    """The body has changed now."""
    body["updated_at"] = clock.microseconds(cloud.clock.now())


def default_types(cloud: Cloud) -> None:
    """The types that each cloud has: ``file``, which volumes get unless asked, ``__DEFAULT__``."""
    if cloud[TYPE].get(VOLUME_TYPE) is not None:
        return
    specs = {"volume_backend_name": "file1"}
    volume_type(cloud, "__DEFAULT__", description="Default Volume Type", id=NO_TYPE)
    volume_type(cloud, "file", extra_specs=specs, id=VOLUME_TYPE)


def volume_type(cloud: Cloud, name: str, **fields: Any) -> Body:
    """A new, public volume type without extra specs."""
    return cloud[TYPE].add(
        {
            "id": fields.pop("id", None) or cloud.new_id(),
            "name": name,
            "is_public": True,
            "description": None,
            "extra_specs": {},
            "qos_specs_id": None,
            "created_at": clock.microseconds(cloud.clock.now()),
            "_projects": [],
            "_encryption": None,
            **fields,
        }
    )


def qos_spec(cloud: Cloud, name: str, **fields: Any) -> Body:
    """New QoS specs that no type has."""
    return cloud[QOS].add(
        {
            "id": cloud.new_id(),
            "name": name,
            "consumer": "back-end",
            "specs": {},
            "created_at": clock.microseconds(cloud.clock.now()),
            **fields,
        }
    )


def volume(
    cloud: Cloud, name: str | None, project_id: str, user_id: str, *, size: int = 1, **fields: Any
) -> Body:
    """A new, available volume."""
    now = clock.microseconds(cloud.clock.now())
    return cloud[VOLUME].add(
        {
            "id": cloud.new_id(),
            "status": "available",
            "size": size,
            "availability_zone": "nova",
            "created_at": now,
            "updated_at": now,
            "name": name,
            "description": None,
            "volume_type": "file",
            "snapshot_id": None,
            "source_volid": None,
            "metadata": {},
            "user_id": user_id,
            "bootable": "false",
            "encrypted": False,
            "replication_status": None,
            "consistencygroup_id": None,
            "multiattach": False,
            "attachments": [],
            "migration_status": None,
            "group_id": None,
            "provider_id": None,
            "shared_targets": False,
            "service_uuid": SERVICE,
            "cluster_name": None,
            "volume_type_id": VOLUME_TYPE,
            "consumes_quota": True,
            "os-vol-tenant-attr:tenant_id": project_id,
            "os-vol-mig-status-attr:migstat": None,
            "os-vol-mig-status-attr:name_id": None,
            "os-vol-host-attr:host": HOST,
            **fields,
        }
    )


def snapshot(cloud: Cloud, name: str | None, of: Body, **fields: Any) -> Body:
    """A new, available snapshot of the volume, of the volume's project and user."""
    now = clock.microseconds(cloud.clock.now())
    return cloud[SNAPSHOT].add(
        {
            "id": cloud.new_id(),
            "created_at": now,
            "updated_at": now,
            "name": name,
            "description": None,
            "volume_id": of["id"],
            "status": "available",
            "size": of["size"],
            "metadata": {},
            "group_snapshot_id": None,
            "user_id": of["user_id"],
            "consumes_quota": True,
            "os-extended-snapshot-attributes:project_id": of[PROJECT[VOLUME]],
            "os-extended-snapshot-attributes:progress": "100%",
            "_volume_type_id": of["volume_type_id"],
            **fields,
        }
    )


def backup(
    cloud: Cloud, name: str | None, of: Body, *, parent: Body | None = None, **fields: Any
) -> Body:
    """A new, available backup of the volume: full, or what changed since its `parent`."""
    now = clock.microseconds(cloud.clock.now())
    backup_id = cloud.new_id()
    return cloud[BACKUP].add(
        {
            "id": backup_id,
            "status": "available",
            "size": of["size"],
            "object_count": 0 if parent else 21,
            "availability_zone": "nova",
            "container": f"{backup_id[:2]}/{backup_id[2:4]}/{backup_id}",
            "created_at": now,
            "updated_at": now,
            "name": name,
            "description": None,
            "fail_reason": None,
            "volume_id": of["id"],
            "is_incremental": parent is not None,
            "snapshot_id": None,
            "data_timestamp": now,
            "metadata": {},
            "os-backup-project-attr:project_id": of[PROJECT[VOLUME]],
            "user_id": of["user_id"],
            "_parent_id": parent["id"] if parent else None,
            **fields,
        }
    )


def transfer(cloud: Cloud, name: str | None, of: Body, **fields: Any) -> Body:
    """A new offer to give the volume away; nobody has accepted it."""
    return cloud[TRANSFER].add(
        {
            "id": cloud.new_id(),
            "created_at": clock.microseconds(cloud.clock.now()),
            "name": name,
            "volume_id": of["id"],
            "no_snapshots": False,
            "destination_project_id": None,
            "source_project_id": of[PROJECT[VOLUME]],
            "accepted": False,
            "_auth_key": f"{cloud.random.getrandbits(64):016x}",
            **fields,
        }
    )


def attachment(cloud: Cloud, of: Body, server_id: str | None, **fields: Any) -> Body:
    """A new reservation of the volume for the server; the volume itself is as it was."""
    return cloud[ATTACHMENT].add(
        {
            "id": cloud.new_id(),
            "status": "reserved",
            "instance": server_id,
            "volume_id": of["id"],
            "attached_at": "",
            "detached_at": "",
            "attach_mode": "null",
            "connection_info": {},
            "created_at": clock.microseconds(cloud.clock.now()),
            "_project_id": of[PROJECT[VOLUME]],
            "_connector": None,
            **fields,
        }
    )


def attach(cloud: Cloud, body: Body, server: Body, *, device: str = "/dev/sdb") -> None:
    """The volume knows that the server uses it (the server must be told too)."""
    host = server["OS-EXT-SRV-ATTR:host"]
    now = clock.microseconds(cloud.clock.now())
    row = attachment(
        cloud,
        body,
        server["id"],
        status="attached",
        attached_at=now,
        attach_mode="rw",
        _connector={"host": host, "mountpoint": device},
    )
    show_attachment(body, row)
    body["status"] = "in-use"
    touch(cloud, body)


def show_attachment(body: Body, row: Body) -> None:
    """The volume's own list has the attachment, as it does once somebody is attached."""
    connector = row["_connector"] or {}
    shown = {
        "id": body["id"],
        "attachment_id": row["id"],
        "volume_id": body["id"],
        "server_id": row["instance"],
        "host_name": connector.get("host"),
        "device": connector.get("mountpoint"),
        "attached_at": row["attached_at"],
    }
    others = [one for one in body["attachments"] if one["attachment_id"] != row["id"]]
    body["attachments"] = [shown, *others]


def detach(cloud: Cloud, body: Body, server_id: str) -> None:
    """The server no longer uses the volume, which is available if nobody else does."""
    gone = [one for one in body["attachments"] if one["server_id"] == server_id]
    for one in gone:
        cloud[ATTACHMENT].remove(one["attachment_id"])
    kept = [one for one in body["attachments"] if one["server_id"] != server_id]
    body.update(attachments=kept, status="in-use" if kept else "available")
    touch(cloud, body)
