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
"""Transfers: a volume is offered, and who knows the key may take it.

Source: API reference, Block Storage v3, "Volume transfer"; statuses and messages seen on a real
Cinder 29. Two paths do the same, but for pages: ``volume-transfers`` knows them from 3.59 on,
before and at ``os-volume-transfer`` a limit or a marker is a filter that nothing matches. The
next link always names the old path.
"""

from collections.abc import Callable

from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import listing
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = shapes.Body

HISTORY = ("destination_project_id", "source_project_id", "accepted")
"""What a transfer tells from 3.57 on."""
PATHS = ("os-volume-transfer", "volume-transfers")
LISTING = listing.Listing(
    kind=shapes.TRANSFER,
    plural="transfers",
    filters=frozenset(("name", "volume_id", "id")),
    sorts=frozenset(("id", "name", "created_at", "updated_at", "volume_id")),
    path="os-volume-transfer",
)
KNOWN = {"all_tenants", "name", "volume_id", "id", "with_count"}
FIELDS: dict[str, schema.Check] = {"volume_id": schema.identity, "name": schema.text}


def presenter(call: web.Call) -> Callable[[Body], Body]:
    """Shows a transfer in full, as the microversion has it."""

    def present(row: Body) -> Body:
        shown = {key: row[key] for key in ("id", "created_at", "name", "volume_id")}
        shown["links"] = api.links(call, "os-volume-transfer", row["id"])
        if call.microversion >= (3, 55):
            shown["no_snapshots"] = row["no_snapshots"]
        if call.microversion >= (3, 57):
            shown |= {key: row[key] for key in HISTORY}
        return shown

    return present


def brief(call: web.Call) -> Callable[[Body], Body]:
    """Shows a transfer as the short list does."""
    return lambda row: {
        "id": row["id"],
        "volume_id": row["volume_id"],
        "name": row["name"],
        "links": api.links(call, "os-volume-transfer", row["id"]),
    }


def lister(path: str, present: listing.Presenter) -> web.Handler:
    """The handler of a list at one of the two paths."""
    paged = LISTING.handler(present, suffix="/detail" if present is presenter else "")

    def handler(call: web.Call) -> web.Answer:
        has_pages = path == "volume-transfers" and call.microversion >= (3, 59)
        known = KNOWN | listing.CONTROLS if has_pages else KNOWN
        if set(call.query) - known:
            listing.limit(call)
            return web.Answer(200, {"transfers": []})
        return paged(call)

    return handler


def show(call: web.Call) -> web.Answer:
    """GET a transfer."""
    return web.Answer(200, {"transfer": presenter(call)(api.find(call, shapes.TRANSFER))})


def create(call: web.Call) -> web.Answer:
    """POST a transfer: 202 with the key, which nobody sees again; the volume awaits it."""
    fields = dict(FIELDS)
    if call.microversion >= (3, 55):
        fields["no_snapshots"] = schema.boolean
    asked = schema.read(call, "transfer", fields, required=("volume_id",))
    volume = api.find(call, shapes.VOLUME, asked["volume_id"])
    api.require_member(call, "volume:create_transfer")
    if volume["status"] != "available":
        raise web.Refused(400, "Invalid volume: status must be available")
    notices.volume(call.cloud, volume, "transfer.create.start")
    row = shapes.transfer(
        call.cloud,
        asked.get("name"),
        volume,
        no_snapshots=schema.is_true(asked.get("no_snapshots", False)),
    )
    volume["status"] = "awaiting-transfer"
    shapes.touch(call.cloud, volume)
    notices.volume(call.cloud, volume, "transfer.create.end")
    return web.Answer(202, {"transfer": {**presenter(call)(row), "auth_key": row["_auth_key"]}})


def delete(call: web.Call) -> web.Answer:
    """DELETE a transfer: 202, and the volume is available again."""
    row = api.find(call, shapes.TRANSFER)
    api.require_member(call, "volume:delete_transfer")
    volume = call.rows(shapes.VOLUME).get(row["volume_id"])
    if volume is not None:
        notices.volume(call.cloud, volume, "transfer.delete.start")
        volume["status"] = "available"
        shapes.touch(call.cloud, volume)
        notices.volume(call.cloud, volume, "transfer.delete.end")
    call.rows(shapes.TRANSFER).remove(row["id"])
    return web.Answer(202)


def accept(call: web.Call) -> web.Answer:
    """POST .../accept: 202; volume and snapshots are the caller's. Anybody may who has the key."""
    asked = schema.read(call, "accept", {"auth_key": schema.some_text}, required=("auth_key",))
    api.require_member(call, "volume:accept_transfer")
    row = call.rows(shapes.TRANSFER).get(call.args["id"])
    if row is None:
        raise api.missing(shapes.TRANSFER, call.args["id"])
    if asked["auth_key"] != row["_auth_key"]:
        text = f"Attempt to transfer {row['id']} with invalid auth key."
        raise web.Refused(400, f"Invalid auth key: {text}")
    volume = call.rows(shapes.VOLUME).get(row["volume_id"])
    if volume is None:
        raise api.missing(shapes.VOLUME, row["volume_id"])
    notices.volume(call.cloud, volume, "transfer.accept.start")
    owner = {"user_id": call.token.user_id}
    project = call.token.project_id
    volume.update({**owner, shapes.PROJECT[shapes.VOLUME]: project, "status": "available"})
    shapes.touch(call.cloud, volume)
    if not row["no_snapshots"]:
        for snapshot in call.rows(shapes.SNAPSHOT).where("volume_id", volume["id"]):
            snapshot.update({**owner, shapes.PROJECT[shapes.SNAPSHOT]: project})
    call.rows(shapes.TRANSFER).remove(row["id"])
    notices.volume(call.cloud, volume, "transfer.accept.end")
    return web.Answer(202, {"transfer": brief(call)(row)})


ROUTES = tuple(
    route
    for path in PATHS
    for route in (
        api.route("GET", f"/{path}", lister(path, brief)),
        api.route("GET", f"/{path}/detail", lister(path, presenter)),
        api.route("POST", f"/{path}", create),
        api.route("GET", f"/{path}/<id>", show),
        api.route("DELETE", f"/{path}/<id>", delete),
        api.route("POST", f"/{path}/<id>/accept", accept),
    )
)
