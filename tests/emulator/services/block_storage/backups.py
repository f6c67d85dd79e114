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
"""Backups: full ones and chains of increments, restoring, deleting.

Source: API reference, Block Storage v3, "Backups"; states, conditions and messages seen on a
real Cinder 29. While one is made the volume is ``backing-up``; one on which increments depend
cannot be deleted.
"""

from collections.abc import Callable

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import creation
from tests.emulator.services.block_storage import listing
from tests.emulator.services.block_storage import quotas
from tests.emulator.services.block_storage import removal
from tests.emulator.services.block_storage import schema
from tests.emulator.services.block_storage import types
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

PROJECT = shapes.PROJECT[shapes.BACKUP]
SINCE = {PROJECT: (3, 18), "metadata": (3, 43), "user_id": (3, 56)}
ADMIN_ONLY = {PROJECT, "user_id"}
FIELDS: dict[str, schema.Check] = {
    "volume_id": schema.identity,
    "container": schema.text,
    "description": schema.text,
    "name": schema.text,
    "incremental": schema.boolean,
    "force": schema.boolean,
    "snapshot_id": schema.maybe_identity,
}
LISTING = listing.Listing(
    kind=shapes.BACKUP,
    plural="backups",
    filters=frozenset(("name", "status", "volume_id")),
    sorts=frozenset(("id", "name", "status", "size", "created_at", "updated_at", "volume_id")),
)


def presenter(call: web.Call) -> Callable[[Body], Body]:
    """Shows a backup in full, as the microversion and the caller's role have it."""
    hidden = {key for key, since in SINCE.items() if call.microversion < since}
    if not call.token.is_admin:
        hidden |= ADMIN_ONLY

    def present(row: Body) -> Body:
        shown = {k: v for k, v in row.items() if k not in hidden and k[0] != "_"}
        shown["links"] = api.links(call, "backups", row["id"])
        shown["has_dependent_backups"] = bool(dependents(call.cloud, row["id"]))
        return shown

    return present


def brief(call: web.Call) -> Callable[[Body], Body]:
    """Shows a backup's name and links."""
    return lambda row: {
        "id": row["id"],
        "name": row["name"],
        "links": api.links(call, "backups", row["id"]),
    }


def dependents(cloud: cloud_module.Cloud, key: str) -> list[Body]:
    """The increments that build on the backup."""
    return list(cloud[shapes.BACKUP].where("_parent_id", key))


def show(call: web.Call) -> web.Answer:
    """GET a backup."""
    return web.Answer(200, {"backup": presenter(call)(api.find(call, shapes.BACKUP))})


def create(call: web.Call) -> web.Answer:
    """POST a backup: 202 and ``creating``; 400 for an increment of nothing."""
    fields = dict(FIELDS)
    if call.microversion >= (3, 43):
        fields["metadata"] = schema.maybe(schema.metadata())
    if call.microversion >= (3, 51):
        fields["availability_zone"] = schema.text
    asked = schema.read(call, "backup", fields, required=("volume_id",))
    volume = api.find(call, shapes.VOLUME, asked["volume_id"])
    of = asked.get("snapshot_id") and api.find(call, shapes.SNAPSHOT, asked["snapshot_id"])
    api.require_member(call, "backup:create")
    _require_ready(volume, of, is_forced=schema.is_true(asked.get("force", False)))
    quotas.require_backup(call, volume["size"])
    parent = _parent(call, volume) if schema.is_true(asked.get("incremental", False)) else None
    row = shapes.backup(
        call.cloud,
        schema.stripped(asked.get("name")),
        volume,
        parent=parent,
        status="creating",
        updated_at=None,
        availability_zone=None,
        container=asked.get("container"),
        object_count=0,
        description=schema.stripped(asked.get("description")),
        metadata=asked.get("metadata") or {},
        snapshot_id=asked.get("snapshot_id"),
        user_id=call.token.user_id,
        **{PROJECT: call.token.project_id},
    )
    notices.backup(call.cloud, row, "create.start")
    _watch(call, row, volume)
    return web.Answer(202, {"backup": brief(call)(row)})


def _require_ready(volume: Body, of: Body | None, *, is_forced: bool) -> None:
    if of:
        if of["volume_id"] != volume["id"]:
            text = f"Volume {volume['id']} does not match with snapshot.volume_id"
            raise web.Refused(400, f"Invalid volume: {text} {of['volume_id']}.")
        if of["status"] != "available":
            text = "Snapshot to be backed up must be available, but the current status is"
            raise web.Refused(400, f'Invalid snapshot: {text} "{of["status"]}".')
        return
    if volume["status"] not in {"available", "in-use"}:
        text = "Volume to be backed up must be available or in-use, but the current status is"
        raise web.Refused(400, f'Invalid volume: {text} "{volume["status"]}".')
    if volume["status"] == "in-use" and not is_forced:
        text = "Backing up an in-use volume must use the force flag."
        raise web.Refused(400, f"Invalid volume: {text}")


def _parent(call: web.Call, volume: Body) -> Body:
    """The newest backup of the volume, to which the increment adds."""
    for row in call.rows(shapes.BACKUP).where("volume_id", volume["id"]):
        if row["status"] == "available" and row[PROJECT] == call.token.project_id:
            return row
    text = "No backups available to do an incremental backup."
    raise web.Refused(400, f"Invalid backup: {text}")


def _watch(call: web.Call, row: Body, volume: Body) -> None:
    """The volume is busy until the backup is there; a backup of a snapshot leaves it alone."""
    before = volume["status"]
    if row["snapshot_id"] is None:
        volume["status"] = "backing-up"
        shapes.touch(call.cloud, volume)

    def done(now: Body) -> None:
        if now["status"] != "creating":
            return
        of = call.cloud[shapes.VOLUME].get(volume["id"])
        if of is not None and of["status"] == "backing-up":
            of["status"] = before
            shapes.touch(call.cloud, of)
        key = now["id"]
        container = now["container"] or f"{key[:2]}/{key[2:4]}/{key}"
        now.update({"container": container, "availability_zone": "nova", "status": "available"})
        now["object_count"] = 0 if now["is_incremental"] else 21
        shapes.touch(call.cloud, now)
        notices.backup(call.cloud, now, "create.end")

    api.later(call, shapes.BACKUP, row, done)


def update(call: web.Call) -> web.Answer:
    """PUT a backup (3.9): its name or description, from 3.43 on its metadata."""
    fields = {"name": schema.text, "description": schema.text}
    if call.microversion >= (3, 43):
        fields["metadata"] = schema.metadata()
    asked = schema.read(call, "backup", fields)
    row = api.find(call, shapes.BACKUP)
    api.require_member(call, "backup:update")
    for name, value in asked.items():
        row[name] = value if name == "metadata" else schema.stripped(value)
    shapes.touch(call.cloud, row)
    return web.Answer(200, {"backup": brief(call)(row)})


def delete(call: web.Call) -> web.Answer:
    """DELETE a backup: 202 and ``deleting``; 400 while increments depend on it."""
    row = api.find(call, shapes.BACKUP)
    api.require_member(call, "backup:delete")
    if row["status"] not in {"available", "error"}:
        raise web.Refused(400, "Invalid backup: Backup status must be available or error")
    _remove(call, row)
    return web.Answer(202)


def _remove(call: web.Call, row: Body) -> None:
    if dependents(call.cloud, row["id"]):
        text = "Incremental backups exist for this backup."
        raise web.Refused(400, f"Invalid backup: {text}")
    removal.begin_delete(call.cloud, shapes.BACKUP, row)


def force_delete(call: web.Call) -> web.Answer:
    """``os-force_delete``: in whatever status it is, if nothing depends on it."""
    row = api.find(call, shapes.BACKUP)
    api.require_admin(call, "volume_extension:backup_admin_actions:force_delete")
    _remove(call, row)
    return web.Answer(202)


def reset(call: web.Call) -> web.Answer:
    """``os-reset_status``: to ``available`` or ``error``; 202."""
    row = api.find(call, shapes.BACKUP)
    rule = "volume_extension:backup_admin_actions:reset_status"
    notices.backup(call.cloud, row, "reset_status.start")
    api.reset_status(call, row, rule, "Backup", ["available", "error"])
    notices.backup(call.cloud, row, "reset_status.end")
    return web.Answer(202)


def restore(call: web.Call) -> web.Answer:
    """POST .../restore: into the volume that is named, or into a new one; 202."""
    fields = {"volume_id": schema.maybe_identity, "name": schema.text}
    asked = schema.read(call, "restore", fields)
    row = api.find(call, shapes.BACKUP)
    api.require_member(call, "backup:restore")
    if row["status"] != "available":
        raise web.Refused(400, "Invalid backup: Backup status must be available")
    volume = _target(call, row, asked)
    row["status"] = "restoring"
    volume["status"] = "restoring-backup"
    for one in (row, volume):
        shapes.touch(call.cloud, one)
    notices.backup(call.cloud, row, "restore.start")
    key = volume["id"]

    def done(now: Body) -> None:
        now["status"] = "available"
        shapes.touch(call.cloud, now)
        notices.backup(call.cloud, now, "restore.end")
        into = call.cloud[shapes.VOLUME].get(key)
        if into is not None and into["status"] == "restoring-backup":
            into["metadata"] = {**into["metadata"], "src_backup_id": now["id"]}
            into["status"] = "available"
            shapes.touch(call.cloud, into)

    api.later(call, shapes.BACKUP, row, done)
    about = {"backup_id": row["id"], "volume_id": key, "volume_name": volume["name"]}
    return web.Answer(202, {"restore": about})


def _target(call: web.Call, row: Body, asked: Body) -> Body:
    if asked.get("volume_id"):
        volume = api.find(call, shapes.VOLUME, asked["volume_id"])
        if volume["status"] != "available":
            text = "Volume to be restored to must be available"
            raise web.Refused(400, f"Invalid volume: {text}")
        if volume["size"] < row["size"]:
            text = f"volume size {volume['size']} is too small to restore backup of size"
            raise web.Refused(400, f"Invalid volume: {text} {row['size']}.")
        return volume
    of_type = types.default(call)
    quotas.require_volume(call, row["size"], of_type["name"])
    return creation.begin(
        call.cloud,
        asked.get("name") or f"restore_backup_{row['id']}",
        (call.token.project_id or "", call.token.user_id),
        size=row["size"],
        of_type=of_type,
        description="auto-created_from_restore_from_backup",
    )


ROUTES = (
    api.route("GET", "/backups", LISTING.handler(brief)),
    api.route("GET", "/backups/detail", LISTING.handler(presenter, suffix="/detail")),
    api.route("POST", "/backups", create),
    api.route("GET", "/backups/<id>", show),
    api.route("PUT", "/backups/<id>", update, since=(3, 9)),
    api.route("DELETE", "/backups/<id>", delete),
    api.route("POST", "/backups/<id>/restore", restore),
    api.route(
        "POST",
        "/backups/<id>/action",
        api.action({"os-reset_status": reset, "os-force_delete": force_delete}),
    ),
)
