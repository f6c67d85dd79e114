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
"""Volumes attached to a server: list, show, attach, detach, what becomes of them, swap.

Sources: API reference, Compute, "Servers with volume attachments"; statuses and messages seen on
a real Nova 34. Attaching is done a while after the answer: the volume is ``reserved`` until then.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.block_storage import attaching
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import finding
from tests.emulator.services.compute import history
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import states
from tests.emulator.services.compute import termination
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body
ATTACHED = "os-extended-volumes:volumes_attached"
PROJECT = "os-vol-tenant-attr:tenant_id"

ATTACHABLE = frozenset(
    {"active", "paused", "stopped", "resized", "soft-delete", "shelved", "shelved_offloaded"}
)


def _present(call: web.Call, body: Body, entry: Body) -> Body:
    """An attachment (2.70 `tag`, 2.79 its fate, 2.89 ids of its own instead of the volume's)."""
    volume = call.rows("block_storage.volume").get(entry["id"]) or {"attachments": ()}
    uses = [one for one in volume["attachments"] if one["server_id"] == body["id"]]
    shown = {"volumeId": entry["id"], "serverId": body["id"]}
    shown["device"] = uses[0]["device"] if uses else None
    if call.microversion >= (2, 70):
        shown["tag"] = body.get("_volume_tags", {}).get(entry["id"])
    if call.microversion >= (2, 79):
        shown["delete_on_termination"] = entry["delete_on_termination"]
    if call.microversion < (2, 89):
        return {**shown, "id": entry["id"]}
    attachment_id = uses[0]["attachment_id"] if uses else None
    return {**shown, "attachment_id": attachment_id, "bdm_uuid": attachment_id}


def list_attachments(call: web.Call) -> web.Answer:
    """GET /servers/ID/os-volume_attachments."""
    body = finding.find(call)
    checks.query(call, checks.words())
    found = [_present(call, body, entry) for entry in body[ATTACHED]]
    start = int(call.query.get("offset") or 0)
    limit = paged.limit(call)
    end = None if limit is None else start + limit
    return web.Answer(200, {"volumeAttachments": found[start:end]})


def _entry(body: Body, volume_id: str) -> Body:
    for entry in body[ATTACHED]:
        if entry["id"] == volume_id:
            found: Body = entry
            return found
    text = f"Instance {body['id']} is not attached to volume {volume_id}"
    raise web.Refused(404, text)


def show_attachment(call: web.Call) -> web.Answer:
    """GET .../os-volume_attachments/VOLUME: 404 unless it is attached."""
    body = finding.find(call)
    entry = _entry(body, call.args["volume"])
    return web.Answer(200, {"volumeAttachment": _present(call, body, entry)})


def find_volume(call: web.Call, volume_id: str) -> Body:
    """The volume, if the caller may see it; else 404."""
    volume = call.rows("block_storage.volume").get(volume_id)
    own = volume is not None and volume[PROJECT] == call.token.project_id
    if volume is None or not (own or call.token.is_admin):
        raise web.Refused(404, f"Volume {volume_id} could not be found.")
    return volume


def attach(call: web.Call) -> web.Answer:
    """POST: 200 with the device (202 without a body since 2.101); attached after a while."""
    fields: dict[str, checks.Schema] = {"volumeId": checks.UUID, "device": checks.TEXT_OR_NULL}
    if call.microversion >= (2, 49):
        fields["tag"] = checks.TAG
    if call.microversion >= (2, 79):
        fields["delete_on_termination"] = checks.BOOLEAN
    wish = checks.body(call, "volumeAttachment", checks.closed("volumeId", **fields))
    body = finding.find(call)
    paged.require_member(call, "os-volumes-attachments:create")
    states.check_lock(call, body)
    states.check(body, states.Rule("attach_volume", ATTACHABLE))
    volume = find_volume(call, wish["volumeId"])
    _check_free(body, volume)
    entry = {
        "id": volume["id"],
        "delete_on_termination": checks.is_true(wish.get("delete_on_termination", False)),
    }
    body["_volume_tags"] = {**body.get("_volume_tags", {}), volume["id"]: wish.get("tag")}
    _begin_attach(call, body, volume, entry)
    if call.microversion >= (2, 101):
        return web.Answer(202)
    shown = _present(call, body, entry)
    for key in ("attachment_id", "bdm_uuid"):
        shown.pop(key, None)
    shown.update(id=volume["id"], device=shapes.next_device(call.cloud, body))
    return web.Answer(200, {"volumeAttachment": shown})


def _check_free(body: Body, volume: Body) -> None:
    """400 if the volume is attached to this server, or anywhere else."""
    if volume["id"] in {entry["id"] for entry in body[ATTACHED]}:
        text = f"volume {volume['id']} is already attached to instances: {body['id']}"
        raise web.Refused(400, f"Invalid volume: {text}")
    if volume["status"] != "available":
        text = f"volume {volume['id']} status must be 'available'. Currently in"
        raise web.Refused(400, f"Invalid volume: {text} '{volume['status']}'")


def _begin_attach(call: web.Call, body: Body, volume: Body, entry: Body) -> None:
    cloud = call.cloud
    history.note(call, body, "attach_volume")
    volume["status"] = "reserved"
    block_storage.touch(cloud, volume)
    notices.server(cloud, body, "volume_attach", "start", volume_id=volume["id"])

    def finish() -> None:
        if cloud["block_storage.volume"].get(volume["id"]) is None:
            return
        device = shapes.next_device(cloud, body)
        attaching.attach(cloud, volume, body, device=device)
        body[ATTACHED] = [*body[ATTACHED], entry]
        notices.server(cloud, body, "volume_attach", "end", volume_id=volume["id"])

    states.later(cloud, body, finish, share=0.5)


def detach(call: web.Call) -> web.Answer:
    """DELETE .../VOLUME: 202; the volume is available after the delay.

    The root disk is 400, and so is a volume that is on its way already.
    """
    body, volume_id = finding.find(call), call.args["volume"]
    paged.require_member(call, "os-volumes-attachments:delete")
    volume = find_volume(call, volume_id)
    _entry(body, volume_id)
    if body.get("_root_volume") == volume_id:
        raise web.Refused(400, "Cannot detach a root device volume")
    states.check_lock(call, body)
    states.check(body, states.Rule("detach_volume", ATTACHABLE))
    if volume["status"] != "in-use":
        text = "Unable to detach volume. Volume status must be 'in-use' and attach_status must be"
        raise web.Refused(400, f"Invalid volume: {text} 'attached' to detach.")
    begin_detach(call, body, volume)
    return web.Answer(202)


def begin_detach(call: web.Call, body: Body, volume: Body) -> None:
    """The volume is ``detaching``, and no longer the server's after the delay."""
    cloud = call.cloud
    history.note(call, body, "detach_volume")
    volume["status"] = "detaching"
    block_storage.touch(cloud, volume)
    notices.server(cloud, body, "volume_detach", "start", volume_id=volume["id"])

    def finish() -> None:
        if volume["id"] not in {entry["id"] for entry in body[ATTACHED]}:
            return
        termination.let_go(cloud, body, volume["id"])
        notices.server(cloud, body, "volume_detach", "end", volume_id=volume["id"])

    cloud.clock.later(cloud.settings.delete_delay_s, finish)


def update(call: web.Call) -> web.Answer:
    """PUT .../VOLUME: another fate (2.85), or, for the administrator, another volume; 202."""
    fields: dict[str, checks.Schema] = {"volumeId": checks.UUID}
    if call.microversion >= (2, 85):
        fields["delete_on_termination"] = checks.BOOLEAN
        fields.update({key: {} for key in ("device", "serverId", "tag", "id")})
    wish = checks.body(call, "volumeAttachment", checks.closed("volumeId", **fields))
    body, volume_id = finding.find(call), call.args["volume"]
    if wish["volumeId"] == volume_id:
        paged.require_member(call, "os-volumes-attachments:update")
        entry = _entry(body, volume_id)
        if "delete_on_termination" in wish:
            fate = checks.is_true(wish["delete_on_termination"])
            changed = {**entry, "delete_on_termination": fate}
            body[ATTACHED] = [changed if one is entry else one for one in body[ATTACHED]]
        return web.Answer(202)
    paged.require_admin(call, "os-volumes-attachments:swap")
    old, new = find_volume(call, volume_id), find_volume(call, wish["volumeId"])
    entry = _entry(body, volume_id)
    _check_free(body, new)
    _swap(call, body, (old, new), entry)
    return web.Answer(202)


def _swap(call: web.Call, body: Body, volumes: tuple[Body, Body], entry: Body) -> None:
    old, new = volumes
    history.note(call, body, "swap_volume")
    device = next(one["device"] for one in old["attachments"] if one["server_id"] == body["id"])
    attaching.detach(call.cloud, old, body["id"])
    attaching.attach(call.cloud, new, body, device=device)
    changed = {**entry, "id": new["id"]}
    body[ATTACHED] = [changed if one is entry else one for one in body[ATTACHED]]


PATH = "/v2.1/servers/<id>/os-volume_attachments"
ROUTES = (
    web.Route("GET", PATH, list_attachments),
    web.Route("POST", PATH, attach),
    web.Route("GET", f"{PATH}/<volume>", show_attachment),
    web.Route("PUT", f"{PATH}/<volume>", update),
    web.Route("DELETE", f"{PATH}/<volume>", detach),
)
