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
"""Attachments: how Nova takes hold of a volume and lets it go.

Source: API reference, Block Storage v3, "Attachments" (3.27, completion 3.44, mode 3.54); states
and messages seen on a real Cinder 29. To delete one is every member's, as long as no server that
Nova knows uses it: then it is 409 for all but services.
"""

from collections.abc import Callable

from tests.emulator import clock
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import attaching
from tests.emulator.services.block_storage import listing
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = shapes.Body

BRIEF = ("id", "status", "instance", "volume_id")
FULL = (*BRIEF, "attached_at", "detached_at", "attach_mode", "connection_info")
LISTING = listing.Listing(
    kind=shapes.ATTACHMENT,
    plural="attachments",
    filters=frozenset(("volume_id", "status", "instance_id", "attach_status")),
    sorts=frozenset(("id", "created_at", "volume_id")),
    names={"instance_id": "instance", "attach_status": "status"},
    has_links=False,
)
FIELDS: dict[str, schema.Check] = {
    "volume_uuid": schema.identity,
    "instance_uuid": schema.maybe_identity,
    "connector": schema.maybe(schema.thing),
    "mode": schema.maybe(schema.one_of("rw", "ro")),
}


def presenter(call: web.Call) -> Callable[[Body], Body]:
    """Shows an attachment in full."""
    return lambda row: {key: row[key] for key in FULL}


def brief(call: web.Call) -> Callable[[Body], Body]:
    """Shows an attachment as the short list does."""
    return lambda row: {key: row[key] for key in BRIEF}


def _answer(call: web.Call, row: Body) -> web.Answer:
    return web.Answer(200, {"attachment": presenter(call)(row)})


def show(call: web.Call) -> web.Answer:
    """GET an attachment."""
    return _answer(call, api.find(call, shapes.ATTACHMENT))


def create(call: web.Call) -> web.Answer:
    """POST an attachment: the volume is ``reserved``, with a connector ``attaching``."""
    fields = dict(FIELDS)
    if call.microversion < (3, 54):
        fields.pop("mode")
    asked = schema.read(call, "attachment", fields, required=("volume_uuid",))
    volume = api.find(call, shapes.VOLUME, asked["volume_uuid"])
    api.require_member(call, "volume:attachment_create")
    _require_free(call, volume, asked.get("instance_uuid"))
    mode = "ro" if "readonly" in volume["metadata"] else asked.get("mode") or "null"
    row = shapes.attachment(call.cloud, volume, asked.get("instance_uuid"), attach_mode=mode)
    volume["status"] = "reserved"
    shapes.touch(call.cloud, volume)
    before = presenter(call)(row)
    if asked.get("connector"):
        _connect(call, row, volume, asked["connector"])
        before["connection_info"] = row["connection_info"]
    return web.Answer(200, {"attachment": before})


def _require_free(call: web.Call, volume: Body, server_id: str | None) -> None:
    known = ["available", "in-use", "downloading"] if volume["multiattach"] else None
    known = known or ["available", "downloading"]
    if "error" in volume["status"]:
        text = "Volume attachments can not be created if the volume is in an error state. The"
        text = f"{text} Volume {volume['id']} currently has a status of: {volume['status']} "
        raise web.Refused(400, f"Invalid volume: {text}")
    rows = call.rows(shapes.ATTACHMENT).where("volume_id", volume["id"])
    is_same = server_id is not None and any(one["instance"] == server_id for one in rows)
    is_again = is_same and volume["status"] in {"in-use", "reserved"}
    if volume["status"] not in known and not is_again:
        words = " or ".join(known) if len(known) < 3 else f"{', '.join(known[:-1])} or {known[-1]}"
        text = f"Volume {volume['id']} status must be {words} to reserve, but the current status"
        raise web.Refused(400, f"Invalid volume: {text} is {volume['status']}.")


def _connect(call: web.Call, row: Body, volume: Body, connector: Body) -> None:
    """The back end has told the host how to reach the volume."""
    notices.volume(call.cloud, volume, "attach.start")
    row["_connector"] = connector
    row["connection_info"] = {
        "device_path": f"/var/lib/cinder/volumes/volume-{volume['id']}",
        "qos_specs": None,
        "access_mode": "rw",
        "encrypted": False,
        "cacheable": False,
        "driver_volume_type": "local",
        "attachment_id": row["id"],
        "enforce_multipath": False,
    }
    row["status"] = "attaching"
    row["attached_at"] = clock.microseconds(call.cloud.clock.now())
    volume["status"] = "attaching"
    shapes.touch(call.cloud, volume)


def update(call: web.Call) -> web.Answer:
    """PUT a connector: ``attaching``. The answer still shows the attachment as it was."""
    fields = {"connector": schema.thing}
    asked = schema.read(call, "attachment", fields, required=("connector",))
    row = api.find(call, shapes.ATTACHMENT)
    api.require_member(call, "volume:attachment_update")
    volume = api.find(call, shapes.VOLUME, row["volume_id"])
    before = presenter(call)(row)
    _connect(call, row, volume, asked["connector"])
    return web.Answer(200, {"attachment": {**before, "connection_info": row["connection_info"]}})


def complete(call: web.Call) -> web.Answer:
    """``os-complete`` (3.44): the volume is ``in-use``; 204."""
    row = api.find(call, shapes.ATTACHMENT)
    api.require_member(call, "volume:attachment_complete")
    volume = api.find(call, shapes.VOLUME, row["volume_id"])
    row["status"] = "attached"
    shapes.show_attachment(volume, row)
    volume["status"] = "in-use"
    shapes.touch(call.cloud, volume)
    notices.volume(call.cloud, volume, "attach.end")
    return web.Answer(204)


def delete(call: web.Call) -> web.Answer:
    """DELETE an attachment: 200 with those that the volume still has."""
    row = api.find(call, shapes.ATTACHMENT)
    api.require_member(call, "volume:attachment_delete")
    _require_unused(call, row)
    volume = api.find(call, shapes.VOLUME, row["volume_id"])
    attaching.drop(call.cloud, volume, row)
    left = call.rows(shapes.ATTACHMENT).where("volume_id", volume["id"])
    return web.Answer(200, {"attachments": [brief(call)(one) for one in left]})


def _require_unused(call: web.Call, row: Body) -> None:
    server = call.rows("compute.server").get(row["instance"])
    if server is None or not row["connection_info"] or "service" in call.token.roles:
        return
    attached = server.get("os-extended-volumes:volumes_attached", [])
    if row["volume_id"] in {one["id"] for one in attached}:
        raise web.Refused(409, attaching.USED_BY_NOVA.format(row["instance"]))


ROUTES = (
    api.route("GET", "/attachments", LISTING.handler(brief), since=(3, 27)),
    api.route("GET", "/attachments/detail", LISTING.handler(presenter), since=(3, 27)),
    api.route("POST", "/attachments", create, since=(3, 27)),
    api.route("GET", "/attachments/<id>", show, since=(3, 27)),
    api.route("PUT", "/attachments/<id>", update, since=(3, 27)),
    api.route("DELETE", "/attachments/<id>", delete, since=(3, 27)),
    api.route(
        "POST", "/attachments/<id>/action", api.action({"os-complete": complete}), since=(3, 44)
    ),
)
