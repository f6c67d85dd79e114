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
"""What was done to a server: Nova's instance actions, newest first, with their events.

Sources: API reference, Compute, "Servers actions"; bodies by microversion (2.51 `events` for
all, 2.58 pages and `updated_at`, 2.62 `host` and `hostId`, 2.84 `details`) seen on a real Nova
34. They outlive the server.
"""

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import finding
from tests.emulator.services.compute import paged
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

EVENTS = {
    "attach_interface": "compute_attach_interface",
    "attach_volume": "compute_attach_volume",
    "confirmResize": "compute_confirm_resize",
    "create": "compute__do_build_and_run_instance",
    "createImage": "compute_snapshot_instance",
    "delete": "compute_terminate_instance",
    "detach_interface": "compute_detach_interface",
    "detach_volume": "compute_detach_volume",
    "live-migration": "compute_live_migration",
    "migrate": "compute_prep_resize",
    "pause": "compute_pause_instance",
    "reboot": "compute_reboot_instance",
    "rebuild": "compute_rebuild_instance",
    "rescue": "compute_rescue_instance",
    "resize": "compute_prep_resize",
    "resume": "compute_resume_instance",
    "revertResize": "compute_revert_resize",
    "shelve": "compute_shelve_instance",
    "shelveOffload": "compute_shelve_offload_instance",
    "start": "compute_start_instance",
    "stop": "compute_stop_instance",
    "suspend": "compute_suspend_instance",
    "unpause": "compute_unpause_instance",
    "unrescue": "compute_unrescue_instance",
    "unshelve": "compute_unshelve_instance",
}
"""The event that an action leaves; others leave none."""

QUERY = checks.words(
    **{
        "changes-since": {"format": "date-time"},
        "changes-before": {"format": "date-time"},
    }
)


def note(call: web.Call, body: Body, action: str) -> None:
    """The action is remembered with who asked for it."""
    now = clock.microseconds(call.cloud.clock.now())
    entry = {
        "action": action,
        "request_id": f"req-{call.cloud.new_id()}",
        "user_id": call.token.user_id,
        "project_id": call.token.project_id,
        "start_time": now,
        "updated_at": now,
    }
    body["_actions"] = [entry, *body["_actions"]]


def _entries(body: Body) -> list[Body]:
    """All actions; that a server was created is remembered by the server itself."""
    launched = body["OS-SRV-USG:launched_at"]
    created = {
        "action": "create",
        "request_id": f"req-{body['id']}",
        "user_id": body["user_id"],
        "project_id": body["tenant_id"],
        "start_time": f"{body['created'][:19]}.000000",
        "updated_at": launched or f"{body['updated'][:19]}.000000",
    }
    return [*body["_actions"], created]


def _present(call: web.Call, body: Body, entry: Body) -> Body:
    shown = {**entry, "instance_uuid": body["id"], "message": None}
    if call.microversion < (2, 58):
        del shown["updated_at"]
    return shown


def _events(call: web.Call, body: Body, entry: Body) -> list[Body]:
    name = EVENTS.get(entry["action"])
    if name is None:
        return []
    host = body["OS-EXT-SRV-ATTR:host"]
    event = {
        "event": name,
        "start_time": entry["start_time"],
        "finish_time": entry["updated_at"],
        "result": "Success",
    }
    if call.token.is_admin:
        event["traceback"] = None
    if call.microversion >= (2, 62):
        event["hostId"] = shapes.host_id(body["tenant_id"], host or "")
        if call.token.is_admin:
            event["host"] = host
    if call.microversion >= (2, 84) and call.token.is_admin:
        event["details"] = None
    return [event]


def list_actions(call: web.Call) -> web.Answer:
    """GET /servers/ID/os-instance-actions: newest first, in pages since 2.58."""
    body = finding.find_even_deleted(call)
    if call.microversion < (2, 58):
        return web.Answer(
            200, {"instanceActions": [_present(call, body, one) for one in _entries(body)]}
        )
    checks.query(call, QUERY, since=(2, 58))
    entries = [one for one in _entries(body) if _is_asked(call, one)]
    gone = web.Refused(400, "Marker None could not be found.")
    found = paged.after(entries, call.query.get("marker"), "request_id", gone)
    size = paged.limit(call)
    page = found[:size]
    shown: Body = {"instanceActions": [_present(call, body, one) for one in page]}
    if page and len(page) == size:
        shown["links"] = [paged.next_link(call, page[-1]["request_id"])]
    return web.Answer(200, shown)


def _is_asked(call: web.Call, entry: Body) -> bool:
    since, before = call.query.get("changes-since"), call.query.get("changes-before")
    at: str = entry["updated_at"]
    return (since is None or at[:19] >= since[:19]) and (before is None or at[:19] <= before[:19])


def show_action(call: web.Call) -> web.Answer:
    """GET /servers/ID/os-instance-actions/REQUEST: with its events (since 2.51 for all)."""
    body, request_id = finding.find_even_deleted(call), call.args["request"]
    for entry in _entries(body):
        if entry["request_id"] == request_id:
            shown = _present(call, body, entry)
            if call.token.is_admin or call.microversion >= (2, 51):
                shown["events"] = _events(call, body, entry)
            return web.Answer(200, {"instanceAction": shown})
    raise web.Refused(404, f"Action {request_id} not found")


PATH = "/v2.1/servers/<id>/os-instance-actions"
ROUTES = (
    web.Route("GET", PATH, list_actions),
    web.Route("GET", f"{PATH}/<request>", show_action),
)
