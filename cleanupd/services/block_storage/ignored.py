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
"""The messages of Cinder that change nothing in the model, and why."""

#: Who sends, of Cinder's; the scheduler's are Nova's and Manila's too.
PUBLISHER_ID = (
    r"^(volume|snapshot|backup|scheduler|capacity|group|group_snapshot|volume_type_project"
    r"|volumeType|volumeTypeExtraSpecs|volumeTypeEncryption|QoSSpecs|groupType|groupTypeSpecs"
    r"|groupStatusUpdate|groupSnapshotStatusUpdate)\."
)

_BY_REASON = {
    "what comes of it is told as well": (
        "backup.reset_status.start",
        "snapshot.reset_status.start",
        "snapshot.update.start",
        "volume.disable_replication.start",
        "volume.enable_replication.start",
        "volume.failover_replication.start",
        "volume.manage_existing.start",
        "volume.reset_status.start",
        "volume.transfer.accept.start",
        "volume.transfer.create.start",
        "volume.transfer.delete.start",
        "volume.unmanage.start",
        "volume.update.start",
    ),
    "the model keeps no groups; of their volumes and snapshots Cinder tells as well": (
        "group.create.end",
        "group.create.start",
        "group.delete.end",
        "group.delete.start",
        "group.disable_replication.end",
        "group.disable_replication.start",
        "group.enable_replication.end",
        "group.enable_replication.start",
        "group.failover_replication.end",
        "group.failover_replication.start",
        "group.update.end",
        "group.update.start",
        "group_snapshot.create.end",
        "group_snapshot.create.start",
        "group_snapshot.delete.end",
        "group_snapshot.delete.start",
        "groups.reset_status",
        "groups.reset_status.end",
        "groups.reset_status.start",
        "groupsnapshots.reset_status",
        "groupsnapshots.reset_status.end",
        "groupsnapshots.reset_status.start",
    ),
    "it reports what is there, to those who bill for it": (
        "backup.exists",
        "snapshot.exists",
        "volume.exists",
    ),
    "nothing that the model keeps depends on it": (
        "capacity.backend",
        "capacity.pool",
        "group_type.create",
        "group_type.delete",
        "group_type.update",
        "group_type_specs.create",
        "group_type_specs.delete",
        "group_type_specs.update",
        "image_volume_cache.evict",
        "image_volume_cache.hit",
        "image_volume_cache.miss",
        "volume_type_encryption.create",
        "volume_type_encryption.update",
        "volume_type_extra_specs.create",
        "volume_type_extra_specs.delete",
        "volume_type_extra_specs.update",
    ),
    "how far a backup is is not kept": ("backup.createprogress",),
    "somebody asked for something, which changes nothing": ("qos_specs.associations",),
}
IGNORED = {event_type: reason for reason, found in _BY_REASON.items() for event_type in found}
#: What the schedulers of other services send, whose publishers have the same name.
FOREIGN = {
    f"scheduler.select_destinations.{stage}": "Nova's scheduler sends it"
    for stage in ("start", "end")
}
