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
"""Host aggregates, which are the administrator's; one with a zone makes an availability zone.

Sources: API reference, Compute, "Host aggregates"; statuses, texts and the times with fractions
right after a change seen on a real Nova 34. An aggregate with hosts is not deleted (400).
"""

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import placing
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

ZONE = {"anyOf": [{"type": "null"}, {**checks.NAME, "pattern": "^[^:]*$"}]}
NEW = checks.closed("name", name=checks.NAME, availability_zone=ZONE)
CHANGED = {
    "anyOf": [
        checks.closed("name", name=checks.NAME, availability_zone=ZONE),
        checks.closed("availability_zone", name=checks.NAME, availability_zone=ZONE),
    ]
}


def _present(call: web.Call, body: Body) -> Body:
    """The aggregate; its `uuid` since 2.41."""
    if call.microversion >= (2, 41):
        return body
    return {key: value for key, value in body.items() if key != "uuid"}


def _answer(call: web.Call, body: Body) -> web.Answer:
    return web.Answer(200, {"aggregate": _present(call, body)})


def _require(call: web.Call, action: str) -> None:
    paged.require_admin(call, f"os-aggregates:{action}")


def _check_name(call: web.Call, name: str, *, own_id: int | None = None) -> None:
    for other in call.rows("compute.aggregate"):
        if other["name"] == name and other["id"] != own_id:
            raise web.Refused(409, f"Aggregate {name} already exists.")


def list_aggregates(call: web.Call) -> web.Answer:
    """GET /os-aggregates: all, by number."""
    _require(call, "index")
    found = [_present(call, body) for body in call.rows("compute.aggregate")]
    return web.Answer(200, {"aggregates": found})


def create(call: web.Call) -> web.Answer:
    """POST /os-aggregates: 200 without hosts and metadata; 409 if the name is taken."""
    _require(call, "create")
    wish = checks.body(call, "aggregate", NEW)
    _check_name(call, wish["name"])
    body = shapes.aggregate(call.cloud, wish["name"], zone=wish.get("availability_zone"))
    for phase in ("start", "end"):
        notices.aggregate(call.cloud, body, "create", phase)
    shown = {key: one for key, one in body.items() if key not in {"hosts", "metadata"}}
    return _answer(call, shown)


def _find(call: web.Call) -> Body:
    """The aggregate of this number; 400 for what is no number."""
    key = call.args["id"]
    if not key.isdigit():
        raise web.Refused(400, "Invalid input received: id must be an integer")
    body = call.rows("compute.aggregate").get(str(int(key)))
    if body is None:
        raise web.Refused(404, f"Aggregate {key} could not be found.")
    return body


def show(call: web.Call) -> web.Answer:
    """GET /os-aggregates/ID."""
    _require(call, "show")
    return _answer(call, _find(call))


def _change(call: web.Call, body: Body, event: str, **fields: object) -> None:
    notices.aggregate(call.cloud, body, event, "start")
    body.update(fields)
    body["updated_at"] = clock.microseconds(call.cloud.clock.now())
    body["availability_zone"] = body["metadata"].get("availability_zone")
    notices.aggregate(call.cloud, body, event, "end")


def update(call: web.Call) -> web.Answer:
    """PUT /os-aggregates/ID: another name, another zone."""
    _require(call, "update")
    wish = checks.body(call, "aggregate", CHANGED)
    body = _find(call)
    if "name" in wish:
        _check_name(call, wish["name"], own_id=body["id"])
    fields = {"name": wish.get("name", body["name"])}
    if "availability_zone" in wish:
        zone = wish["availability_zone"]
        _check_move(call, body, body["hosts"], zone, "update")
        fields["metadata"] = {**body["metadata"], "availability_zone": zone}
    _change(call, body, "update_prop", **fields)
    return _answer(call, body)


def delete(call: web.Call) -> web.Answer:
    """DELETE /os-aggregates/ID: 200; 400 as long as it has hosts."""
    _require(call, "delete")
    body = _find(call)
    if body["hosts"]:
        text = f"Cannot remove host from aggregate {body['id']}. Reason: Host aggregate is not"
        raise web.Refused(400, f"{text} empty.")
    notices.aggregate(call.cloud, body, "delete", "start")
    call.rows("compute.aggregate").remove(str(body["id"]))
    notices.aggregate(call.cloud, body, "delete", "end")
    return web.Answer(200)


HOST = checks.closed("host", host=checks.NAME)
METADATA = checks.closed(
    "metadata",
    metadata={
        "type": "object",
        "others": {
            "names": "^[a-zA-Z0-9-_:. ]{1,255}$",
            "values": {"type": ["string", "null"], "maxLength": 255},
        },
    },
)


def _add_host(call: web.Call, body: Body) -> None:
    host = _host(call, "add_host")
    if shapes.compute_service(call.cloud, host) is None:
        raise web.Refused(404, f"Compute host {host} could not be found.")
    _check_move(call, body, [host], body["availability_zone"], "add host to")
    if host in body["hosts"]:
        text = f"Cannot add host to aggregate {body['id']}. Reason: Host {host} already exists"
        raise web.Refused(409, f"{text} in aggregate {body['id']}.")
    _change(call, body, "add_host", hosts=[*body["hosts"], host])


def _remove_host(call: web.Call, body: Body) -> None:
    host = _host(call, "remove_host")
    if host not in body["hosts"]:
        text = f"Cannot remove host {host} in aggregate {body['id']}"
        raise web.Refused(404, text)
    if body["availability_zone"]:
        _check_move(call, body, [host], None, "remove host from")
    _change(call, body, "remove_host", hosts=[one for one in body["hosts"] if one != host])


def _host(call: web.Call, action: str) -> str:
    host: str = checks.body(call, action, HOST)["host"]
    return host


def _check_move(call: web.Call, body: Body, hosts: list[str], zone: str | None, what: str) -> None:
    """409 if a host with servers would come into another zone."""
    for host in hosts:
        now = placing.zone_of(call.cloud, host)
        there = zone or placing.DEFAULT_ZONE
        if now == there:
            continue
        servers = call.rows("compute.server")
        count = sum(1 for one in servers if one["OS-EXT-SRV-ATTR:host"] == host)
        if count:
            text = f"the availability zone of the host would change from '{now}' to '{there}'"
            raise web.Refused(
                409,
                f"Cannot {what} aggregate {body['id']}. Reason: {text} but the host already has"
                f" {count} instance(s).",
            )


def _set_metadata(call: web.Call, body: Body) -> None:
    wish = checks.body(call, "set_metadata", METADATA)["metadata"]
    if "availability_zone" in wish:
        if not wish["availability_zone"]:
            reason = f"Aggregate {body['name']} does not support empty named availability zone."
            text = f"Cannot update metadata of aggregate {body['id']}. Reason: {reason}"
            raise web.Refused(400, text)
        _check_move(call, body, body["hosts"], wish["availability_zone"], "update")
    merged = {**body["metadata"], **wish}
    kept = {key: value for key, value in merged.items() if value is not None}
    _change(call, body, "update_metadata", metadata=kept)


def act(call: web.Call) -> web.Answer:
    """POST /os-aggregates/ID/action: add_host, remove_host, set_metadata; 200 with the result."""
    actions = {
        "add_host": _add_host,
        "remove_host": _remove_host,
        "set_metadata": _set_metadata,
    }
    name = next(iter(call.body), "")
    if name not in actions:
        raise web.Refused(400, f"There is no such action: {name}")
    _require(call, name)
    checks.check(call.body[name], METADATA if name == "set_metadata" else HOST, name)
    body = _find(call)
    actions[name](call, body)
    return _answer(call, body)


PATH = "/v2.1/os-aggregates"
ROUTES = (
    web.Route("GET", PATH, list_aggregates),
    web.Route("POST", PATH, create),
    web.Route("GET", f"{PATH}/<id>", show),
    web.Route("PUT", f"{PATH}/<id>", update),
    web.Route("DELETE", f"{PATH}/<id>", delete),
    web.Route("POST", f"{PATH}/<id>/action", act),
)
