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
"""Servers: lists, show, update and the asynchronous delete.

Sources: API reference, Compute, "Servers"; statuses and messages seen on a real Nova 34.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import finding
from tests.emulator.services.compute import history
from tests.emulator.services.compute import listing
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import presenting
from tests.emulator.services.compute import states
from tests.emulator.services.compute import termination
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

CHANGES: dict[str, tuple[web.Version, checks.Schema]] = {
    "name": ((2, 1), checks.NAME),
    "OS-DCF:diskConfig": ((2, 1), {"type": "string", "enum": ["AUTO", "MANUAL"]}),
    "accessIPv4": ((2, 1), {"type": "string"}),
    "accessIPv6": ((2, 1), {"type": "string"}),
    "description": ((2, 19), checks.TEXT_OR_NULL),
    "hostname": ((2, 90), checks.NAME),
    "pinned_availability_zone": ((2, 104), checks.TEXT_OR_NULL),
}
"""What PUT may change, and since which microversion."""


def show(call: web.Call) -> web.Answer:
    """GET /servers/ID, with the addresses that Neutron knows now."""
    body = finding.find(call)
    if body["status"] != "BUILD" and not finding.is_down(call, body):
        shapes.show_addresses(call.cloud, body)
    return presenting.answer(call, body)


def update(call: web.Call) -> web.Answer:
    """PUT /servers/ID: name, description, hostname, addresses to show; even if it is locked."""
    allowed = {
        key: schema for key, (since, schema) in CHANGES.items() if call.microversion >= since
    }
    wish = checks.body(call, "server", checks.closed(**allowed))
    body = finding.find(call)
    paged.require_member(call, "servers:update")
    _change(call, body, dict(wish))
    return presenting.answer(call, body)


def _change(call: web.Call, body: Body, wish: dict[str, Any]) -> None:
    if not wish:
        return
    _check_pin(body, wish)
    old_name = body["name"]
    if "hostname" in wish:
        body["OS-EXT-SRV-ATTR:hostname"] = wish.pop("hostname")
    body.update(wish)
    shapes.touch(call.cloud, body)
    notices.update(
        call.cloud,
        body,
        old_state=body[states.VM],
        old_task=body[states.TASK],
        old_name=old_name if body["name"] != old_name else None,
    )


def _check_pin(body: Body, wish: dict[str, Any]) -> None:
    """A pin is only taken away, or set to where the server is (2.104)."""
    zone = wish.get("pinned_availability_zone")
    pinned, now = body["pinned_availability_zone"], body["OS-EXT-AZ:availability_zone"]
    if zone is not None and zone != pinned and (pinned is not None or zone != now):
        text = f"Cannot pin instance {body['id']} to availability zone {zone}"
        raise web.Refused(409, text)


def delete(call: web.Call) -> web.Answer:
    """DELETE /servers/ID: 204 at once, also again; the server is gone after the delay."""
    body = finding.find(call)
    paged.require_member(call, "servers:delete")
    states.check_lock(call, body)
    history.note(call, body, "delete")
    termination.begin(call.cloud, body)
    return web.Answer(204)


ROUTES = (
    web.Route("GET", "/v2.1/servers", listing.list_servers(detail=False)),
    web.Route("GET", "/v2.1/servers/detail", listing.list_servers(detail=True)),
    web.Route("GET", "/v2.1/servers/<id>", show),
    web.Route("PUT", "/v2.1/servers/<id>", update),
    web.Route("DELETE", "/v2.1/servers/<id>", delete),
)
