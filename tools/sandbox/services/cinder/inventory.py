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
"""Volumes, snapshots, backups, types, transfers, groups."""

from cloud import inventory

# From here on a transfer tells its project.
HISTORY = "3.57"


def list_all(admin):
    """All of the block storage service's records, of every project."""
    storage = admin.block_storage
    fields = (
        "status", "description", "metadata", "attachments", "size", "snapshot_id", "user_id",
        "is_bootable", "created_at",
    )  # fmt: skip
    for volume in storage.volumes(all_projects=True):
        yield inventory.record("volume", volume, *fields)
    for snapshot in storage.snapshots(all_projects=True):
        fields = ("status", "description", "volume_id", "created_at")
        yield inventory.record("snapshot", snapshot, *fields)
    for backup in storage.backups(all_projects=True):
        fields = ("status", "description", "volume_id", "snapshot_id", "created_at")
        yield inventory.record("backup", backup, *fields)
    for volume_type in storage.types(is_public="none"):
        fields = ("description", "extra_specs", "is_public")
        yield inventory.record("volume_type", volume_type, *fields)
    # The SDK asks for those of its own project only.
    path = "/volume-transfers/detail?all_tenants=1"
    for transfer in storage.get(path, microversion=HISTORY).json()["transfers"]:
        made = {"type": "transfer", "id": transfer["id"], "name": transfer["name"] or ""}
        yield made | {
            "project_id": transfer["source_project_id"] or "",
            "volume_id": transfer["volume_id"],
        }
    for group in storage.groups(all_projects=True):
        yield inventory.record("volume_group", group, "status")
    for group_type in storage.group_types():
        yield inventory.record("group_type", group_type)
    for specs in storage.get("/qos-specs").json()["qos_specs"]:
        name = {"type": "qos_specs", "id": specs["id"], "name": specs["name"], "project_id": ""}
        yield name | {"specs": specs["specs"]}
