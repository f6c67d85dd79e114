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
"""Volumes and snapshots, as Cinder keeps them."""

from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body

VOLUME_TYPE = "af66c8bc-385b-4966-a758-567abfcc608f"


def touch(cloud: Cloud, body: Body) -> None:
    """The body has changed now."""
    body["updated_at"] = clock.microseconds(cloud.clock.now())


def volume(
    cloud: Cloud, name: str, project_id: str, user_id: str, *, size: int = 1, **fields: Any
) -> Body:
    """A new, available volume."""
    now = clock.microseconds(cloud.clock.now())
    return cloud["block_storage.volume"].add(
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
            "service_uuid": "284e40b9-4569-41e3-b183-2df4d232369c",
            "cluster_name": None,
            "volume_type_id": VOLUME_TYPE,
            "consumes_quota": True,
            "os-vol-tenant-attr:tenant_id": project_id,
            "os-vol-mig-status-attr:migstat": None,
            "os-vol-mig-status-attr:name_id": None,
            "os-vol-host-attr:host": "ctl@file1#file1",
            **fields,
        }
    )


def snapshot(cloud: Cloud, name: str, of: Body, **fields: Any) -> Body:
    """A new, available snapshot of the volume, of the volume's project and user."""
    now = clock.microseconds(cloud.clock.now())
    return cloud["block_storage.snapshot"].add(
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
            "os-extended-snapshot-attributes:project_id": of["os-vol-tenant-attr:tenant_id"],
            "os-extended-snapshot-attributes:progress": "100%",
            **fields,
        }
    )


def attach(cloud: Cloud, body: Body, server: Body, *, device: str = "/dev/sdb") -> None:
    """The volume knows that the server uses it (the server must be told too)."""
    attachment = {
        "id": body["id"],
        "attachment_id": cloud.new_id(),
        "volume_id": body["id"],
        "server_id": server["id"],
        "host_name": server["OS-EXT-SRV-ATTR:host"],
        "device": device,
        "attached_at": clock.microseconds(cloud.clock.now()),
    }
    body["attachments"].append(attachment)
    body["status"] = "in-use"
    touch(cloud, body)


def detach(cloud: Cloud, body: Body, server_id: str) -> None:
    """The server no longer uses the volume, which is available if nobody else does."""
    kept = [one for one in body["attachments"] if one["server_id"] != server_id]
    body.update(attachments=kept, status="in-use" if kept else "available")
    touch(cloud, body)
