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
"""Servers: lists, show, the asynchronous delete, lock and unlock, volume attachments."""

from collections.abc import Callable
import functools
import re
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import termination
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

SINCE = {
    **{
        f"OS-EXT-SRV-ATTR:{key}": (2, 3)
        for key in (
            *("hostname", "kernel_id", "launch_index", "ramdisk_id"),
            *("reservation_id", "root_device_name", "user_data"),
        )
    },
    "locked": (2, 9),
    "host_status": (2, 16),
    "description": (2, 19),
    "tags": (2, 26),
    "trusted_image_certificates": (2, 63),
    "server_groups": (2, 71),
    "locked_reason": (2, 73),
    "pinned_availability_zone": (2, 96),
}
"""The microversion from which on a field is shown (API reference, microversion history)."""

CONTROLS = {"all_tenants", "limit", "marker", "sort_key", "sort_dir", "changes-since", "deleted"}
FILTERS = {"project_id", "tenant_id", "user_id", "name", "status", "host", "uuid"}


def _is_true(text: str | None) -> bool:
    """A flag in a query: absent is false, empty is true."""
    return text is not None and text.lower() in {"", "1", "t", "true", "on", "y", "yes"}


def _links(call: web.Call, server_id: str) -> list[dict[str, str]]:
    return [
        {"rel": "self", "href": f"{call.root}/v2.1/servers/{server_id}"},
        {"rel": "bookmark", "href": f"{call.root}/servers/{server_id}"},
    ]


@functools.cache
def _hidden(
    keys: tuple[str, ...],
    microversion: web.Version,
    is_admin: bool,  # noqa: FBT001
) -> list[str]:
    """Those of the keys that are not shown; found once for all servers that have these keys."""
    return [
        key
        for key in keys
        if key.startswith("_")
        or microversion < SINCE.get(key, (2, 1))
        or (not is_admin and (key.startswith("OS-EXT-SRV-ATTR:") or key == "host_status"))
    ]


def _present(call: web.Call, body: Body) -> Body:
    shown = dict(body)
    for key in _hidden(tuple(body), call.microversion, call.token.is_admin):
        del shown[key]
    shown["links"] = _links(call, body["id"])
    shown["flavor"] = _flavor(call, body["flavor"])
    if body["image"]:
        href = f"{call.root}/images/{body['image']['id']}"
        shown["image"] = {**body["image"], "links": [{"rel": "bookmark", "href": href}]}
    if call.microversion < (2, 3):
        attached = body["os-extended-volumes:volumes_attached"]
        shown["os-extended-volumes:volumes_attached"] = [{"id": one["id"]} for one in attached]
    return shown


def _present_in_list(call: web.Call, body: Body) -> Body:
    shown = _present(call, body)
    shown.pop("server_groups", None)  # only `show` tells it
    return shown


def _present_brief(call: web.Call, body: Body) -> Body:
    return {"id": body["id"], "name": body["name"], "links": _links(call, body["id"])}


def _flavor(call: web.Call, embedded: Body) -> Body:
    """The flavor as it was when the server was made (2.47), without its id; before, a link."""
    if call.microversion >= (2, 47):
        return {key: value for key, value in embedded.items() if key != "id"}
    href = f"{call.root}/flavors/{embedded['id']}"
    return {"id": embedded["id"], "links": [{"rel": "bookmark", "href": href}]}


def _check_query(call: web.Call) -> None:
    """From 2.75 on a parameter that Nova does not know is 400; before it was ignored."""
    for key in call.query:
        if key not in CONTROLS | FILTERS and call.microversion >= (2, 75):
            raise web.Refused(400, f"{key!r} does not match any of the regexes: '^_'")


def _reader(key: str, value: str) -> Callable[[Body], bool]:
    """What a filter asks of a server: names are regexes, the rest is compared."""
    fields = {
        "project_id": "tenant_id",
        "host": "OS-EXT-SRV-ATTR:host",
        "uuid": "id",
    }
    field = fields.get(key, key)
    if key == "name":
        try:
            pattern = re.compile(value)
        except re.error as error:
            raise web.Refused(400, f"Invalid filter {value!r}: {error}") from error
        return lambda body: bool(pattern.search(body["name"]))
    return lambda body: str(body.get(field)).lower() == value.lower()


def _wanted(call: web.Call) -> Callable[[Body], bool]:
    """Own servers unless all tenants are asked for, in which case the filters choose."""
    everywhere = _is_true(call.query.get("all_tenants"))
    tests = [_reader(key, value) for key, value in call.query.items() if key in FILTERS]
    if not everywhere:
        tests.append(lambda body: body["tenant_id"] == call.token.project_id)
    since = call.query.get("changes-since")
    if since is not None:
        tests.append(lambda body: body["updated"] >= since[:19])
    return lambda body: all(test(body) for test in tests)


def _list(rule: str, present: Callable[[web.Call, Body], Body]) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        paged.require(call, f"servers:{rule}", allowed=call.token.project_id is not None)
        if _is_true(call.query.get("all_tenants")):
            allowed = call.token.is_admin
            paged.require(call, f"servers:{rule}:get_all_tenants", allowed=allowed)
        _check_query(call)
        marker, limit = call.query.get("marker"), paged.limit(call)
        gone = web.Refused(400, f"marker [{marker}] not found")
        rows = paging.start(call.rows(_table(call)), marker, gone)
        found = paging.take(rows, _wanted(call), limit)
        last = found[-1]["id"] if found else None
        shown: dict[str, Any] = {"servers": [present(call, body) for body in found]}
        return web.Answer(200, {**shown, **paged.links(call, "servers", last, len(found))})

    return handler


def _table(call: web.Call) -> str:
    """``deleted=true`` shows the administrator what was deleted, and only that."""
    wants_deleted = _is_true(call.query.get("deleted")) and call.token.is_admin
    return "compute.deleted_server" if wants_deleted else "compute.server"


def _find(call: web.Call) -> Body:
    body = call.rows("compute.server").get(call.args["id"])
    if body is None or not (call.token.is_admin or body["tenant_id"] == call.token.project_id):
        raise web.Refused(404, f"Instance {call.args['id']} could not be found.")
    return body


def _check_lock(call: web.Call, body: Body) -> None:
    """A locked server refuses with 409 everybody but the administrator."""
    if body["locked"] and not call.token.is_admin:
        raise web.Refused(409, f"Instance {body['id']} is locked")


def show(call: web.Call) -> web.Answer:
    """GET /servers/ID."""
    return web.Answer(200, {"server": _present(call, _find(call))})


def delete(call: web.Call) -> web.Answer:
    """DELETE /servers/ID: 204 at once, also again; the server is gone after the delay."""
    body = _find(call)
    _check_lock(call, body)
    termination.begin(call.cloud, body)
    return web.Answer(204)


def act(call: web.Call) -> web.Answer:
    """POST /servers/ID/action: lock, unlock and forceDelete; 202."""
    body = _find(call)
    actions = {"lock": _lock, "unlock": _unlock, "forceDelete": _force_delete}
    name = next(iter(call.body), "")
    if name not in actions:
        raise web.Refused(400, f"There is no such action: {name}")
    actions[name](call, body)
    return web.Answer(202)


def _lock(call: web.Call, body: Body) -> None:
    reason = (call.body["lock"] or {}).get("locked_reason")
    body.update(locked=True, locked_reason=reason, _locked_by_admin=call.token.is_admin)
    shapes.touch(call.cloud, body)


def _unlock(call: web.Call, body: Body) -> None:
    """What the administrator locked, only the administrator unlocks."""
    allowed = call.token.is_admin or not body.get("_locked_by_admin")
    paged.require(call, "os-lock-server:unlock:unlock_override", allowed=allowed)
    body.update(locked=False, locked_reason=None, _locked_by_admin=False)
    shapes.touch(call.cloud, body)


def _force_delete(call: web.Call, body: Body) -> None:
    _check_lock(call, body)
    termination.begin(call.cloud, body)


def list_attachments(call: web.Call) -> web.Answer:
    """GET /servers/ID/os-volume_attachments (fields: 2.70 tag, 2.79 fate, 2.89 ids)."""
    body = _find(call)
    found = [
        _attachment(call, body, entry) for entry in body["os-extended-volumes:volumes_attached"]
    ]
    return web.Answer(200, {"volumeAttachments": found})


def _attachment(call: web.Call, body: Body, entry: Body) -> Body:
    volume = call.rows("block_storage.volume").get(entry["id"])
    uses = (
        [one for one in volume["attachments"] if one["server_id"] == body["id"]] if volume else []
    )
    shown = {"volumeId": entry["id"], "serverId": body["id"]}
    shown["device"] = uses[0]["device"] if uses else None
    if call.microversion >= (2, 70):
        shown["tag"] = None
    if call.microversion >= (2, 79):
        shown["delete_on_termination"] = entry["delete_on_termination"]
    if call.microversion < (2, 89):
        return {**shown, "id": entry["id"]}
    attachment_id = uses[0]["attachment_id"] if uses else None
    return {**shown, "attachment_id": attachment_id, "bdm_uuid": attachment_id}


def detach(call: web.Call) -> web.Answer:
    """DELETE .../os-volume_attachments/VOLUME: 202; the volume is available after the delay."""
    body, volume_id = _find(call), call.args["volume"]
    _check_lock(call, body)
    volume = call.rows("block_storage.volume").get(volume_id)
    if volume is None:
        raise web.Refused(404, f"Volume {volume_id} could not be found.")
    if volume_id not in {one["id"] for one in body["os-extended-volumes:volumes_attached"]}:
        text = f"Instance {body['id']} is not attached to volume {volume_id}"
        raise web.Refused(404, text)
    if body.get("_root_volume") == volume_id:
        raise web.Refused(400, "Cannot detach a root device volume")
    volume["status"] = "detaching"
    block_storage.touch(call.cloud, volume)
    call.cloud.clock.later(
        call.cloud.settings.delete_delay_s, lambda: termination.let_go(call.cloud, body, volume_id)
    )
    return web.Answer(202)


ROUTES = (
    web.Route("GET", "/v2.1/servers", _list("index", _present_brief)),
    web.Route("GET", "/v2.1/servers/detail", _list("detail", _present_in_list)),
    web.Route("GET", "/v2.1/servers/<id>", show),
    web.Route("DELETE", "/v2.1/servers/<id>", delete),
    web.Route("POST", "/v2.1/servers/<id>/action", act),
    web.Route("GET", "/v2.1/servers/<id>/os-volume_attachments", list_attachments),
    web.Route("DELETE", "/v2.1/servers/<id>/os-volume_attachments/<volume>", detach),
)
