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
"""Snapshots: lists, show, create, update, delete, metadata, resetting their status.

Sources: API reference, Block Storage v3, "Volume snapshots"; fields and messages seen on a real
Cinder 29. From 3.66 on a volume in use needs no ``force``, and a false one is 400.
"""

from collections.abc import Callable

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import listing
from tests.emulator.services.block_storage import metadata
from tests.emulator.services.block_storage import quotas
from tests.emulator.services.block_storage import removal
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

SINCE = {"group_snapshot_id": (3, 14), "user_id": (3, 41), "consumes_quota": (3, 65)}
BRIEF = (
    *("id", "created_at", "updated_at", "name", "description", "volume_id", "status"),
    *("size", "metadata"),
)
STATUSES = (
    *("error", "available", "creating", "deleting", "deleted", "updating", "error_deleting"),
    *("unmanaging", "backing-up", "restoring"),
)
BUSY = (
    "Invalid snapshot: Snapshot status must be available or error and must not be part of a group."
)
FORCE = (
    "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compat"
    "ability, however, when the 'force' flag is passed with a value evaluating to True, it"
    " is silently ignored."
)
FIELDS: dict[str, schema.Check] = {
    "name": schema.text,
    "display_name": schema.text,
    "description": schema.text,
    "display_description": schema.text,
    "volume_id": schema.identity,
    "force": schema.boolean,
    "metadata": schema.maybe(schema.metadata()),
}
UPDATABLE = ("name", "display_name", "description", "display_description")

LISTING = listing.Listing(
    kind=shapes.SNAPSHOT,
    plural="snapshots",
    filters=frozenset(
        ("name", "status", "volume_id", "metadata", "availability_zone", "consumes_quota")
    ),
    sorts=frozenset(
        ("id", "name", "status", "size", "created_at", "updated_at", "volume_id", "user_id")
    ),
)


def presenter(call: web.Call) -> Callable[[Body], Body]:
    """Shows a snapshot in full, as the microversion has it."""
    hidden = {key for key, since in SINCE.items() if call.microversion < since}
    return lambda row: {k: v for k, v in row.items() if k not in hidden and k[0] != "_"}


def brief(call: web.Call) -> Callable[[Body], Body]:
    """Shows a snapshot as the short list does."""
    return lambda row: {key: row[key] for key in BRIEF}


def plain(call: web.Call, row: Body) -> Body:
    """The snapshot as the answers to create and update show it."""
    return {k: v for k, v in presenter(call)(row).items() if not k.startswith("os-")}


def show(call: web.Call) -> web.Answer:
    """GET a snapshot."""
    return web.Answer(200, {"snapshot": presenter(call)(api.find(call, shapes.SNAPSHOT))})


def create(call: web.Call) -> web.Answer:
    """POST a snapshot: 202 and ``creating``; 400 unless the volume is available."""
    asked = schema.read(call, "snapshot", FIELDS, required=("volume_id",))
    volume = api.find(call, shapes.VOLUME, asked["volume_id"])
    is_forced = schema.is_true(asked.get("force", False))
    if call.microversion >= (3, 66):
        if not schema.is_true(asked.get("force", True)):
            raise web.Refused(400, FORCE)
        is_forced = True
    api.require_member(call, "volume:create_snapshot")
    _require_ready(volume, is_forced=is_forced)
    quotas.require_snapshot(call, volume["size"], volume["volume_type"])
    row = begin(
        call.cloud,
        schema.stripped(asked.get("name", asked.get("display_name"))),
        volume,
        user_id=call.token.user_id,
        description=schema.stripped(asked.get("description", asked.get("display_description"))),
        metadata=asked.get("metadata") or {},
        **{shapes.PROJECT[shapes.SNAPSHOT]: call.token.project_id},
    )
    shown = plain(call, row)
    shown["created_at"] = call.cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")
    return web.Answer(202, {"snapshot": shown})


def _require_ready(volume: Body, *, is_forced: bool) -> None:
    if volume["status"] == "error":
        text = "The snapshot cannot be created when the volume is in error status."
        raise web.Refused(400, f"Invalid volume: {text}")
    if volume["os-vol-host-attr:host"] is None:
        text = "The snapshot cannot be created because volume has not been scheduled to any host."
        raise web.Refused(400, f"Invalid volume: {text}")
    known = ("available", "in-use") if is_forced else ("available",)
    if volume["status"] not in known:
        text = f"Volume {volume['id']} status must be {', '.join(known)}, but current status is:"
        raise web.Refused(400, f"Invalid volume: {text} {volume['status']}.")


def begin(cloud: cloud_module.Cloud, name: str | None, volume: Body, **fields: object) -> Body:
    """A snapshot of the volume is ``creating``, and ``available`` after the delay."""
    progress = {"os-extended-snapshot-attributes:progress": "0%"}
    row = shapes.snapshot(
        cloud, name, volume, status="creating", updated_at=None, **progress, **fields
    )
    key = row["id"]
    notices.snapshot(cloud, row, "create.start")
    cloud.clock.later(cloud.settings.build_delay_s, lambda: _complete(cloud, key))
    return row


def _complete(cloud: cloud_module.Cloud, key: str) -> None:
    row = cloud[shapes.SNAPSHOT].get(key)
    if row is None or row["status"] != "creating":
        return
    row.update({"status": "available", "os-extended-snapshot-attributes:progress": "100%"})
    shapes.touch(cloud, row)
    notices.snapshot(cloud, row, "create.end")


def update(call: web.Call) -> web.Answer:
    """PUT a snapshot: its name or description."""
    asked = schema.read(call, "snapshot", {name: FIELDS[name] for name in UPDATABLE})
    if not asked:
        wrong = "{} is not valid under any of the given schemas"
        raise schema.refused("snapshot", asked, wrong)
    row = api.find(call, shapes.SNAPSHOT)
    api.require_member(call, "volume:update_snapshot")
    notices.snapshot(call.cloud, row, "update.start")
    for name in ("name", "description"):
        for key in (f"display_{name}", name):
            if key in asked:
                row[name] = schema.stripped(asked[key])
    shapes.touch(call.cloud, row)
    notices.snapshot(call.cloud, row, "update.end")
    return web.Answer(200, {"snapshot": plain(call, row)})


def delete(call: web.Call) -> web.Answer:
    """DELETE a snapshot: 202 and ``deleting`` for a while; 400 if it is on its way already."""
    row = api.find(call, shapes.SNAPSHOT)
    api.require_member(call, "volume:delete_snapshot")
    if row["status"] not in {"available", "error"}:
        raise web.Refused(400, BUSY)
    removal.begin_delete(call.cloud, shapes.SNAPSHOT, row)
    return web.Answer(202)


def reset(call: web.Call) -> web.Answer:
    """``os-reset_status``: 202."""
    row = api.find(call, shapes.SNAPSHOT)
    rule = "volume_extension:snapshot_admin_actions:reset_status"
    api.reset_status(call, row, rule, "Snapshot", STATUSES)
    return web.Answer(202)


def force_delete(call: web.Call) -> web.Answer:
    """``os-force_delete``: 202 in whatever status it is."""
    row = api.find(call, shapes.SNAPSHOT)
    api.require_admin(call, "volume_extension:snapshot_admin_actions:force_delete")
    removal.begin_delete(call.cloud, shapes.SNAPSHOT, row)
    return web.Answer(202)


ROUTES = (
    api.route("GET", "/snapshots", LISTING.handler(brief)),
    api.route("GET", "/snapshots/detail", LISTING.handler(presenter, suffix="/detail")),
    api.route("POST", "/snapshots", create),
    api.route("GET", "/snapshots/<id>", show),
    api.route("PUT", "/snapshots/<id>", update),
    api.route("DELETE", "/snapshots/<id>", delete),
    api.route(
        "POST",
        "/snapshots/<id>/action",
        api.action({"os-reset_status": reset, "os-force_delete": force_delete}),
    ),
    *metadata.routes(shapes.SNAPSHOT, "snapshot", "snapshots"),
)
