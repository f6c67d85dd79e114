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
"""The end of volumes, snapshots and backups: who may end them, and how that takes its time.

Source: API reference, Block Storage v3, "Delete a volume"; conditions and messages seen on a
real Cinder 29.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

DELETABLE = {"available", "error", "error_restoring", "error_extending", "error_managing"}
VOLUME_BUSY = (
    "Invalid volume: Volume status must be available or error or error_restoring or "
    "error_extending or error_managing and must not be migrating, attached, belong to a group, "
    "have snapshots, awaiting a transfer, or be disassociated from snapshots after volume "
    "transfer."
)
FORCE_BUSY = VOLUME_BUSY.replace(
    "status must be available or error or error_restoring or error_extending or error_managing "
    "and must",
    " must",
)
CASCADES = {"available", "error", "deleting"}
"""The statuses in which a snapshot goes along with its volume."""


def delete(call: web.Call) -> web.Answer:
    """DELETE a volume: 202 and ``deleting`` for a while; 400 if in use or with snapshots.

    With ``cascade=true`` its snapshots go along, but not others' unless the administrator asks;
    with ``force=true`` (3.23, administrator) its status does not matter.
    """
    row = api.find(call, shapes.VOLUME)
    is_forced = call.microversion >= (3, 23) and _flag(call, "force")
    if is_forced:
        api.require_admin(call, "volume:force_delete")
    api.require_member(call, "volume:delete")
    remove(call, row, is_cascade=_flag(call, "cascade"), is_forced=is_forced)
    return web.Answer(202)


def _flag(call: web.Call, name: str) -> bool:
    text = call.query.get(name, "false")
    if text.lower() not in {str(word).lower() for word in (*schema.TRUE, *schema.FALSE)}:
        raise web.Refused(400, f"Value '{text}' for '{name}' is not a boolean.")
    return text.lower() in {str(word).lower() for word in schema.TRUE}


def remove(call: web.Call, row: Body, *, is_cascade: bool, is_forced: bool) -> None:
    """The volume is ``deleting``, and with it its snapshots if it is to cascade; or 400.

    One that no host has got yet is gone at once, in whatever status it is.
    """
    cloud = call.cloud
    if row["os-vol-host-attr:host"] is None:
        notices.volume(cloud, row, "delete.start")
        notices.volume(cloud, row, "delete.end")
        cloud[shapes.VOLUME].remove(row["id"])
        return
    snapshots = snapshots_of(cloud, row["id"])
    if row["attachments"] or (row["status"] not in DELETABLE and not is_forced):
        raise web.Refused(400, FORCE_BUSY if is_forced else VOLUME_BUSY)
    if snapshots and not (is_cascade and _may_cascade(call, snapshots, is_forced=is_forced)):
        raise web.Refused(400, FORCE_BUSY if is_forced else VOLUME_BUSY)
    for snapshot in snapshots:
        begin_delete(cloud, shapes.SNAPSHOT, snapshot)
    begin_delete(cloud, shapes.VOLUME, row)


def _may_cascade(call: web.Call, snapshots: list[Body], *, is_forced: bool) -> bool:
    field = shapes.PROJECT[shapes.SNAPSHOT]
    own = call.token.is_admin or all(s[field] == call.token.project_id for s in snapshots)
    return own and (is_forced or all(s["status"] in CASCADES for s in snapshots))


def snapshots_of(cloud: cloud_module.Cloud, volume_id: str) -> list[Body]:
    """The volume's snapshots."""
    return list(cloud[shapes.SNAPSHOT].where("volume_id", volume_id))


def begin_delete(cloud: cloud_module.Cloud, kind: str, row: Body) -> None:
    """The volume, snapshot or backup is ``deleting``, and gone after the delay.

    One of `Settings.undeletable` ends in the status that its kind has for that instead.
    """
    row["status"] = "deleting"
    shapes.touch(cloud, row)
    notices.any_of(kind)(cloud, row, "delete.start")
    key = row["id"]
    cloud.clock.later(cloud.settings.delete_delay_s, lambda: _finish_delete(cloud, kind, key))


def _finish_delete(cloud: cloud_module.Cloud, kind: str, key: str) -> None:
    row = cloud[kind].get(key)
    if row is None or row["status"] != "deleting":
        return
    if key in cloud.settings.undeletable:
        row["status"] = "error" if kind == shapes.BACKUP else "error_deleting"
        shapes.touch(cloud, row)
        return
    if kind == shapes.VOLUME and snapshots_of(cloud, key):
        cloud.clock.later(cloud.settings.delete_delay_s, lambda: _finish_delete(cloud, kind, key))
        return
    row["status"] = "deleted"
    notices.any_of(kind)(cloud, row, "delete.end")
    for attachment in list(cloud[shapes.ATTACHMENT].where("volume_id", key)):
        cloud[shapes.ATTACHMENT].remove(attachment["id"])
    cloud[kind].remove(key)


ROUTES = (api.route("DELETE", "/volumes/<id>", delete),)
