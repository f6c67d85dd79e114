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
"""Designate: zones and recordsets, which become active after a while.

Source: API reference, DNS v2; statuses and messages seen on a real Designate 23. Of other
projects' zones nobody is told, but the administrator who asks for them by the header
``X-Auth-All-Projects``.
"""

import functools
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web

Body = cloud_module.Body

ZONE = "dns.zone"
RECORDSET = "dns.recordset"
PLURALS = {ZONE: "zones", RECORDSET: "recordsets"}
WORDS = {ZONE: "Zone", RECORDSET: "RecordSet"}


def shape(refused: web.Refused) -> web.Answer:
    """Designate's refusals: ``kind`` is the type that it names."""
    if refused.status == 401:
        return web.middleware_shape(refused)
    about = {"code": refused.status, "type": refused.kind, "message": refused.message}
    return web.Answer(refused.status, about)


def versions(call: web.Call) -> web.Answer:
    """GET /: all are one address."""
    links = [{"rel": "self", "href": f"{call.root}/v2"}]
    about = {"updated": "2026-04-13T00:00:00Z", "links": links}
    found = [
        {"id": "v2", "status": "SUPPORTED", **about},
        {"id": "v2.4", "status": "CURRENT", **about},
    ]
    return web.Answer(200, {"versions": found})


def _is_visible(call: web.Call, row: Body) -> bool:
    is_wide = call.request.headers.get("X-Auth-All-Projects", "").lower() == "true"
    if is_wide and not call.token.is_admin:
        raise web.Refused(403, "Forbidden", "forbidden")
    return is_wide or row["project_id"] == call.token.project_id


def _find(call: web.Call, kind: str, key: str) -> Body:
    row = call.rows(kind).get(key)
    if row is None or not _is_visible(call, row):
        word = WORDS[kind]
        raise web.Refused(404, f"Could not find {word}", f"{word.lower()}_not_found")
    return row


def _present(call: web.Call, kind: str, row: Body) -> Body:
    shown = {key: value for key, value in row.items() if key[0] != "_"}
    path = f"zones/{row['id']}"
    if kind == RECORDSET:
        path = f"zones/{row['zone_id']}/recordsets/{row['id']}"
    return {**shown, "links": {"self": f"{call.root}/v2/{path}"}}


def list_all(kind: str, call: web.Call) -> web.Answer:
    """GET all that the caller asks for, by `name`, a page at a time."""
    plural = PLURALS[kind]
    gone = web.Refused(400, "Marker None could not be found", "marker_not_found")
    rows = paging.start(call.rows(kind), call.query.get("marker"), gone)
    most = call.cloud.settings.page_limits.get("dns", 1000)
    limit = paging.capped(call.query.get("limit", 20, type=int), most)

    def wanted(row: Body) -> bool:
        return _is_visible(call, row) and call.query.get("name") in (None, row["name"])

    found = paging.take(rows, wanted, limit)
    links = {"self": call.request.url}
    if found and len(found) == limit:
        query = paging.next_query(call, found[-1]["id"])
        links["next"] = f"{call.request.base_url}?{query}"
    shown = [_present(call, kind, row) for row in found]
    return web.Answer(200, {plural: shown, "links": links})


def show_zone(call: web.Call) -> web.Answer:
    """GET a zone: itself, without a key around it."""
    return web.Answer(200, _present(call, ZONE, _find(call, ZONE, call.args["id"])))


def show_recordset(call: web.Call) -> web.Answer:
    """GET a recordset below its zone."""
    _find(call, ZONE, call.args["zone"])
    row = _find(call, RECORDSET, call.args["id"])
    return web.Answer(200, _present(call, RECORDSET, row))


def lead_to_recordset(call: web.Call) -> web.Answer:
    """GET a recordset by its id alone: 301 to where it is."""
    shown = _present(call, RECORDSET, _find(call, RECORDSET, call.args["id"]))
    return web.Answer(301, "", {"Location": shown["links"]["self"]})


def zone(cloud: cloud_module.Cloud, name: str, project_id: str) -> Body:
    """A zone that is active at once, with the recordsets that Designate makes for it."""
    row = _new(cloud, ZONE, name, project_id, email="root@example.org", ttl=3600, type="PRIMARY")
    row.update(action="NONE", status="ACTIVE", shared=False, pool_id=cloud.new_id())
    for part in ("SOA", "NS"):
        recordset(cloud, row, name, part)
    return row


def recordset(cloud: cloud_module.Cloud, inside: Body, name: str, kind: str = "A") -> Body:
    """A recordset that is active at once."""
    about = {"zone_id": inside["id"], "zone_name": inside["name"], "type": kind, "records": []}
    return _new(cloud, RECORDSET, name, inside["project_id"], **about)


def _new(cloud: cloud_module.Cloud, kind: str, name: str, project_id: str, **more: Any) -> Body:
    return cloud[kind].add(
        {
            "id": cloud.new_id(),
            "name": name,
            "project_id": project_id,
            "description": None,
            "status": "ACTIVE",
            "action": "NONE",
            "version": 1,
            "created_at": f"{clock.microseconds(cloud.clock.now())}",
            "updated_at": None,
            **more,
        }
    )


def _begin(call: web.Call, row: Body, action: str) -> None:
    """The row is ``PENDING`` for a while."""
    row.update(action=action, status="PENDING")

    def end() -> None:
        if row["action"] == action:
            row.update(action="NONE", status="ACTIVE")

    call.cloud.clock.later(call.cloud.settings.build_delay_s, end)


def _tell(call: web.Call, event: str, row: Body) -> None:
    told = {key: value for key, value in row.items() if key != "project_id"}
    told["tenant_id"] = row["project_id"]
    call.cloud.bus.emit("designate", "central.localhost", f"dns.{event}", lambda: told)


def create_zone(call: web.Call) -> web.Answer:
    """POST a zone: 202 and ``PENDING``; 409 if there is one of that name."""
    name = str(call.body.get("name", ""))
    if not name.endswith("."):
        raise web.Refused(400, "Provided object does not match schema", "invalid_object")
    if any(one["name"] == name for one in call.rows(ZONE)):
        raise web.Refused(409, "Duplicate Zone", "duplicate_zone")
    row = zone(call.cloud, name, str(call.token.project_id))
    _begin(call, row, "CREATE")
    _tell(call, "zone.create", row)
    return web.Answer(202, _present(call, ZONE, row))


def create_recordset(call: web.Call) -> web.Answer:
    """POST a recordset into a zone: 202."""
    inside = _find(call, ZONE, call.args["zone"])
    row = recordset(call.cloud, inside, str(call.body["name"]), str(call.body["type"]))
    row["records"] = call.body.get("records", [])
    _begin(call, row, "CREATE")
    _tell(call, "recordset.create", row)
    return web.Answer(202, _present(call, RECORDSET, row))


def delete_zone(call: web.Call) -> web.Answer:
    """DELETE a zone: 202, also again; 400 while there is a zone below it."""
    row, cloud = _find(call, ZONE, call.args["id"]), call.cloud
    if any(one["name"].endswith(f".{row['name']}") for one in cloud[ZONE]):
        text = "Please delete any subzones before deleting this zone"
        raise web.Refused(400, text, "zone_has_sub_zone")
    row.update(action="DELETE", status="PENDING")
    _tell(call, "zone.delete", row)

    def end() -> None:
        for one in list(cloud[RECORDSET].where("zone_id", row["id"])):
            cloud[RECORDSET].remove(one["id"])
        cloud[ZONE].remove(row["id"])

    cloud.clock.later(cloud.settings.delete_delay_s, end)
    return web.Answer(202, _present(call, ZONE, row))


def delete_recordset(call: web.Call) -> web.Answer:
    """DELETE a recordset: 202, and it is not shown any more; 400 for Designate's own."""
    inside = _find(call, ZONE, call.args["zone"])
    row = _find(call, RECORDSET, call.args["id"])
    if row["type"] in {"SOA", "NS"} and row["name"] == inside["name"]:
        text = f"Deleting a {row['type']} recordset is not allowed"
        raise web.Refused(400, text, "bad_request")
    call.rows(RECORDSET).remove(row["id"])
    _tell(call, "recordset.delete", row)
    return web.Answer(202, _present(call, RECORDSET, row))


SERVICE = web.Service(
    type="dns",
    name="designate",
    prefix="/dns",
    endpoint="",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("GET", "/v2/zones", functools.partial(list_all, ZONE)),
        web.Route("POST", "/v2/zones", create_zone),
        web.Route("GET", "/v2/zones/<id>", show_zone),
        web.Route("DELETE", "/v2/zones/<id>", delete_zone),
        web.Route("GET", "/v2/recordsets", functools.partial(list_all, RECORDSET)),
        web.Route("GET", "/v2/recordsets/<id>", lead_to_recordset),
        web.Route("POST", "/v2/zones/<zone>/recordsets", create_recordset),
        web.Route("GET", "/v2/zones/<zone>/recordsets/<id>", show_recordset),
        web.Route("DELETE", "/v2/zones/<zone>/recordsets/<id>", delete_recordset),
    ),
    shape=shape,
)
