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
"""Small things of a server: metadata, tags, password, diagnostics, topology, consoles.

Sources: API reference, Compute, the sections of these names; statuses and texts seen on a real
Nova 34, whose hypervisors have no consoles.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import finding
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import quotas
from tests.emulator.services.compute import states
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

CHANGEABLE = frozenset({"active", "paused", "suspended", "stopped"})


def list_metadata(call: web.Call) -> web.Answer:
    """GET /servers/ID/metadata."""
    return web.Answer(200, {"metadata": finding.find(call)["metadata"]})


def _changeable(call: web.Call, action: str, name: str) -> Body:
    body = finding.find(call)
    paged.require_member(call, f"server-metadata:{action}")
    states.check_lock(call, body)
    states.check(body, states.Rule(name, CHANGEABLE, any_task=True))
    return body


def _set_metadata(call: web.Call, body: Body, metadata: dict[str, str]) -> None:
    quotas.check_metadata(call, metadata)
    body["metadata"] = metadata
    shapes.touch(call.cloud, body)


UPDATE = "update metadata"


def add_metadata(call: web.Call) -> web.Answer:
    """POST /servers/ID/metadata: these items beside the others; all of them come back."""
    wish = checks.body(call, "metadata", checks.METADATA)
    body = _changeable(call, "create", UPDATE)
    _set_metadata(call, body, {**body["metadata"], **wish})
    return web.Answer(200, {"metadata": body["metadata"]})


def replace_metadata(call: web.Call) -> web.Answer:
    """PUT /servers/ID/metadata: these items and no others."""
    wish = checks.body(call, "metadata", checks.METADATA)
    body = _changeable(call, "update_all", UPDATE)
    _set_metadata(call, body, dict(wish))
    return web.Answer(200, {"metadata": body["metadata"]})


def show_item(call: web.Call) -> web.Answer:
    """GET /servers/ID/metadata/KEY: 404 if there is none."""
    metadata, key = finding.find(call)["metadata"], call.args["key"]
    if key not in metadata:
        raise web.Refused(404, "Metadata item was not found")
    return web.Answer(200, {"meta": {key: metadata[key]}})


def set_item(call: web.Call) -> web.Answer:
    """PUT /servers/ID/metadata/KEY: 400 if the body names another key."""
    wish, key = checks.body(call, "meta", checks.METADATA), call.args["key"]
    if list(wish) != [key]:
        raise web.Refused(400, "Request body and URI mismatch")
    body = _changeable(call, "update", UPDATE)
    _set_metadata(call, body, {**body["metadata"], **wish})
    return web.Answer(200, {"meta": {key: wish[key]}})


def delete_item(call: web.Call) -> web.Answer:
    """DELETE /servers/ID/metadata/KEY: 204; 404 if there is none."""
    body = _changeable(call, "delete", "delete metadata")
    if call.args["key"] not in body["metadata"]:
        raise web.Refused(404, "Metadata item was not found")
    left = {key: one for key, one in body["metadata"].items() if key != call.args["key"]}
    _set_metadata(call, body, left)
    return web.Answer(204)


TAGGED = (2, 26)


def _tagged(call: web.Call, action: str = "") -> Body:
    paged.require_version(call, TAGGED)
    body = finding.find(call)
    if action:
        paged.require_member(call, f"os-server-tags:{action}")
    return body


def list_tags(call: web.Call) -> web.Answer:
    """GET /servers/ID/tags, since 2.26."""
    return web.Answer(200, {"tags": _tagged(call)["tags"]})


def show_tag(call: web.Call) -> web.Answer:
    """GET /servers/ID/tags/TAG: 204 if it has it, else 404."""
    body, tag = _tagged(call), call.args["tag"]
    if tag not in body["tags"]:
        raise web.Refused(404, f"Server {body['id']} has no tag '{tag}'")
    return web.Answer(204)


def replace_tags(call: web.Call) -> web.Answer:
    """PUT /servers/ID/tags: these tags and no others, even of a locked server."""
    wish = checks.body(call, "tags", checks.TAGS)
    body = _tagged(call, "update_all")
    body["tags"] = sorted(set(wish))
    return web.Answer(200, {"tags": body["tags"]})


def delete_tags(call: web.Call) -> web.Answer:
    """DELETE /servers/ID/tags: 204."""
    _tagged(call, "delete_all")["tags"] = []
    return web.Answer(204)


def add_tag(call: web.Call) -> web.Answer:
    """PUT /servers/ID/tags/TAG: 201 with its place, 204 if it had it."""
    body, tag = _tagged(call, "update"), call.args["tag"]
    try:
        checks.check(tag, checks.TAG)
    except web.Refused as wrong:
        text = f"Tag '{tag}' is invalid. It must be a non empty string without characters '/'"
        message = f"{text} and ','. Validation error message: {wrong.message}"
        raise web.Refused(400, message) from None
    if tag in body["tags"]:
        return web.Answer(204)
    body["tags"] = sorted({*body["tags"], tag})
    href = f"{call.root}/v2.1/servers/{body['id']}/tags/{tag}"
    return web.Answer(201, headers={"Location": href})


def delete_tag(call: web.Call) -> web.Answer:
    """DELETE /servers/ID/tags/TAG: 204; 404 if it did not have it."""
    body, tag = _tagged(call, "delete"), call.args["tag"]
    if tag not in body["tags"]:
        raise web.Refused(404, f"Instance {body['id']} has no tag '{tag}'")
    body["tags"] = [one for one in body["tags"] if one != tag]
    return web.Answer(204)


def show_password(call: web.Call) -> web.Answer:
    """GET /servers/ID/os-server-password: none was ever set by the guest."""
    finding.find(call)
    return web.Answer(200, {"password": ""})


def clear_password(call: web.Call) -> web.Answer:
    """DELETE /servers/ID/os-server-password: 204."""
    finding.find(call)
    paged.require_member(call, "os-server-password:clear")
    return web.Answer(204)


def show_diagnostics(call: web.Call) -> web.Answer:
    """GET /servers/ID/diagnostics, for the administrator: 409 unless it runs."""
    body = finding.find(call)
    paged.require_admin(call, "os-server-diagnostics")
    if body[states.POWER] != states.RUNNING:
        start = f"Cannot 'get_diagnostics' instance {body['id']} while it is in power state"
        raise web.Refused(409, f"{start} shutdown")
    if call.microversion < (2, 48):
        return web.Answer(200, OLD_DIAGNOSTICS)
    return web.Answer(200, DIAGNOSTICS)


OLD_DIAGNOSTICS = {
    "cpu0_time": 17300000000,
    "memory": 524288,
    **{f"vda_{key}": -1 for key in ("errors", "read", "read_req", "write", "write_req")},
    **{
        f"vnet1_{way}{key}": 0
        for way in ("rx", "tx")
        for key in ("", "_drop", "_errors", "_packets")
    },
}
DIAGNOSTICS: dict[str, Any] = {
    "state": "running",
    "driver": "libvirt",
    "hypervisor": "kvm",
    "hypervisor_os": "ubuntu",
    "uptime": 46664,
    "config_drive": True,
    "num_cpus": 1,
    "num_nics": 1,
    "num_disks": 1,
    "disk_details": [],
    "cpu_details": [{"id": 0, "time": 17300000000, "utilisation": 15}],
    "nic_details": [],
    "memory_details": {"maximum": 524288, "used": 0},
}


def show_topology(call: web.Call) -> web.Answer:
    """GET /servers/ID/topology, since 2.78: no NUMA here."""
    paged.require_version(call, (2, 78))
    finding.find(call)
    return web.Answer(200, {"nodes": [], "pagesize_kb": None})


CONSOLE = checks.closed(
    *("protocol", "type"),
    protocol={"enum": ["vnc", "spice", "serial", "rdp", "mks"]},
    type={
        "enum": [
            *("novnc", "xvpvnc", "spice-html5", "serial", "rdp-html5", "webmks", "spice-direct")
        ]
    },
)


def create_console(call: web.Call) -> web.Answer:
    """POST /servers/ID/remote-consoles, since 2.6: 400, as no hypervisor here has any."""
    paged.require_version(call, (2, 6))
    wish = checks.body(call, "remote_console", CONSOLE)
    finding.find(call)
    paged.require_member(call, "os-remote-consoles")
    raise web.Refused(400, f"Unavailable console type {wish['type']}.")


ONE = "/v2.1/servers/<id>"
ROUTES = (
    web.Route("GET", f"{ONE}/metadata", list_metadata),
    web.Route("POST", f"{ONE}/metadata", add_metadata),
    web.Route("PUT", f"{ONE}/metadata", replace_metadata),
    web.Route("GET", f"{ONE}/metadata/<key>", show_item),
    web.Route("PUT", f"{ONE}/metadata/<key>", set_item),
    web.Route("DELETE", f"{ONE}/metadata/<key>", delete_item),
    web.Route("GET", f"{ONE}/tags", list_tags),
    web.Route("PUT", f"{ONE}/tags", replace_tags),
    web.Route("DELETE", f"{ONE}/tags", delete_tags),
    web.Route("GET", f"{ONE}/tags/<tag>", show_tag),
    web.Route("PUT", f"{ONE}/tags/<tag>", add_tag),
    web.Route("DELETE", f"{ONE}/tags/<tag>", delete_tag),
    web.Route("GET", f"{ONE}/os-server-password", show_password),
    web.Route("DELETE", f"{ONE}/os-server-password", clear_password),
    web.Route("GET", f"{ONE}/diagnostics", show_diagnostics),
    web.Route("GET", f"{ONE}/topology", show_topology),
    web.Route("POST", f"{ONE}/remote-consoles", create_console),
)
