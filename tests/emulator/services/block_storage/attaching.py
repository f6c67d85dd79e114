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
"""How a volume comes to a server and leaves it: the actions, and what Nova's calls end in.

Source: API reference, Block Storage v3, "Volume actions" and "Attachments"; states and messages
seen on a real Cinder 29. `attach` and `detach` do at once what Nova does in several requests.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

RULE = "volume_extension:volume_actions"
NOT_IN_USE = (
    "Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status"
    " must be 'attached' to detach."
)
USED_BY_NOVA = "ConflictNovaUsingAttachment: Detach volume from instance {} using the Compute API"


def attach(
    cloud: cloud_module.Cloud, row: Body, server: Body, *, device: str = "/dev/sdb"
) -> None:
    """The server uses the volume, and the bus has heard of it."""
    notices.volume(cloud, row, "attach.start")
    shapes.attach(cloud, row, server, device=device)
    notices.volume(cloud, row, "attach.end")


def detach(cloud: cloud_module.Cloud, row: Body, server_id: str) -> None:
    """The server no longer uses the volume, and the bus has heard of it."""
    notices.volume(cloud, row, "detach.start")
    shapes.detach(cloud, row, server_id)
    notices.volume(cloud, row, "detach.end")


def drop(cloud: cloud_module.Cloud, row: Body, attachment: Body) -> None:
    """This attachment of the volume is gone; its status is what the others make of it."""
    notices.volume(cloud, row, "detach.start")
    cloud[shapes.ATTACHMENT].remove(attachment["id"])
    row["attachments"] = [
        one for one in row["attachments"] if one["attachment_id"] != attachment["id"]
    ]
    row["status"] = status_of(cloud, row)
    metadata = dict(row["metadata"])
    metadata.pop("attached_mode", None)
    row["metadata"] = metadata
    shapes.touch(cloud, row)
    notices.volume(cloud, row, "detach.end")


def status_of(cloud: cloud_module.Cloud, row: Body) -> str:
    """The volume's status by its attachments."""
    left = {one["status"] for one in cloud[shapes.ATTACHMENT].where("volume_id", row["id"])}
    if row["attachments"]:
        return "in-use"
    return next((name for name in ("attaching", "reserved") if name in left), "available")


def forget_all(cloud: cloud_module.Cloud, row: Body) -> None:
    """The volume is attached to nobody, whatever the servers think."""
    for one in list(cloud[shapes.ATTACHMENT].where("volume_id", row["id"])):
        cloud[shapes.ATTACHMENT].remove(one["id"])
    row["attachments"] = []


def _find(call: web.Call, verb: str) -> Body:
    row = api.find(call, shapes.VOLUME)
    api.require_member(call, f"{RULE}:{verb}")
    return row


def reserve(call: web.Call) -> web.Answer:
    """``os-reserve``: ``attaching``; 400 unless available."""
    row = _find(call, "reserve")
    if row["status"] != "available" and not (row["multiattach"] and row["status"] == "in-use"):
        known = "available or in-use" if row["multiattach"] else "available"
        text = f"Volume status must be {known} to reserve, but the status is {row['status']}."
        raise web.Refused(400, f"Invalid volume: {text}")
    return _become(call, row, "attaching")


def _become(call: web.Call, row: Body, status: str) -> web.Answer:
    row["status"] = status
    shapes.touch(call.cloud, row)
    return web.Answer(202)


def unreserve(call: web.Call) -> web.Answer:
    """``os-unreserve``: as before; nothing happens to what is not reserved."""
    row = _find(call, "unreserve")
    if row["status"] != "attaching":
        return web.Answer(202)
    return _become(call, row, "in-use" if row["attachments"] else "available")


def begin_detaching(call: web.Call) -> web.Answer:
    """``os-begin_detaching``: ``detaching``; 400 unless in use."""
    row = _find(call, "begin_detaching")
    if row["status"] != "in-use" or not row["attachments"]:
        raise web.Refused(400, NOT_IN_USE)
    return _become(call, row, "detaching")


def roll_detaching(call: web.Call) -> web.Answer:
    """``os-roll_detaching``: in use again; nothing happens to what is not detaching."""
    row = _find(call, "roll_detaching")
    return _become(call, row, "in-use") if row["status"] == "detaching" else web.Answer(202)


def attach_action(call: web.Call) -> web.Answer:
    """``os-attach``: the volume is somebody's, without any attachment being asked for first."""
    fields = {
        "instance_uuid": schema.identity,
        "mountpoint": schema.some_text,
        "host_name": schema.text,
        "mode": schema.one_of("rw", "ro"),
    }
    asked = schema.read(call, "os-attach", fields, required=("mountpoint",))
    if not {"instance_uuid", "host_name"} & set(asked):
        wrong = f"{asked} is not valid under any of the given schemas"
        raise schema.refused("os-attach", asked, wrong)
    row = _find(call, "attach")
    if row["status"] not in {"available", "attaching"}:
        raise web.Refused(
            500,
            "The server has either erred or is incapable of performing the requested operation.",
        )
    notices.volume(call.cloud, row, "attach.start")
    mode = asked.get("mode", "rw")
    attachment = shapes.attachment(
        call.cloud,
        row,
        asked.get("instance_uuid"),
        status="attached",
        attach_mode=mode,
        _connector={"host": asked.get("host_name"), "mountpoint": asked["mountpoint"]},
    )
    attachment["attached_at"] = attachment["created_at"]
    shapes.show_attachment(row, attachment)
    flags = {"readonly": row["metadata"].get("readonly", "False"), "attached_mode": mode}
    row["metadata"] = {**row["metadata"], **flags}
    _become(call, row, "in-use")
    notices.volume(call.cloud, row, "attach.end")
    return web.Answer(202)


def detach_action(call: web.Call) -> web.Answer:
    """``os-detach``: available again; 409 for an attachment that is not there."""
    row = _find(call, "detach")
    asked = api.payload(call)["os-detach"] or {}
    key = asked.get("attachment_id")
    rows = list(call.rows(shapes.ATTACHMENT).where("volume_id", row["id"]))
    found = [one for one in rows if key in {None, one["id"]}]
    if key is not None and not found:
        raise web.Refused(409, USED_BY_NOVA.format(""))
    for one in found[:1]:
        drop(call.cloud, row, one)
    return web.Answer(202)


def force_detach(call: web.Call) -> web.Answer:
    """``os-force_detach``: the administrator's ``os-detach``."""
    row = api.find(call, shapes.VOLUME)
    api.require_admin(call, "volume_extension:volume_admin_actions:force_detach")
    for one in list(call.rows(shapes.ATTACHMENT).where("volume_id", row["id"])):
        drop(call.cloud, row, one)
    return web.Answer(202)


ACTIONS: dict[str, web.Handler] = {
    "os-reserve": reserve,
    "os-unreserve": unreserve,
    "os-begin_detaching": begin_detaching,
    "os-roll_detaching": roll_detaching,
    "os-attach": attach_action,
    "os-detach": detach_action,
    "os-force_detach": force_detach,
}
