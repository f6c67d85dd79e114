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
"""Flavors: public ones for all, private ones for the administrator (and who has access)."""

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.services.compute import paged

Body = cloud_module.Body


def _links(call: web.Call, flavor_id: str) -> list[dict[str, str]]:
    return [
        {"rel": "self", "href": f"{call.root}/v2.1/flavors/{flavor_id}"},
        {"rel": "bookmark", "href": f"{call.root}/flavors/{flavor_id}"},
    ]


def _present(call: web.Call, body: Body) -> Body:
    since = {"description": (2, 55), "extra_specs": (2, 61)}
    shown = {
        key: value for key, value in body.items() if call.microversion >= since.get(key, (0,))
    }
    return {**shown, "links": _links(call, body["id"])}


def _present_brief(call: web.Call, body: Body) -> Body:
    brief = {"id": body["id"], "name": body["name"], "links": _links(call, body["id"])}
    return {**brief, "description": body["description"]} if call.microversion >= (2, 55) else brief


def _is_listed(call: web.Call, body: Body) -> bool:
    """``is_public=None`` lists all, to the administrator only; others always get public ones."""
    public = body["os-flavor-access:is_public"]
    asked = call.query.get("is_public", "true").lower() if call.token.is_admin else "true"
    if asked == "none":
        return True
    return bool(public == (asked in {"1", "t", "true", "on", "y", "yes"}))


def _list(*, detail: bool) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        marker = call.query.get("marker")
        gone = web.Refused(400, f"marker [{marker}] not found")
        rows = paging.start(call.rows("compute.flavor"), marker, gone)
        found = paging.take(rows, lambda body: _is_listed(call, body), paged.limit(call))
        present = _present if detail else _present_brief
        last = found[-1]["id"] if found else None
        shown = {"flavors": [present(call, body) for body in found]}
        return web.Answer(200, {**shown, **paged.links(call, "flavors", last, len(found))})

    return handler


def _find(call: web.Call) -> Body:
    body = call.rows("compute.flavor").get(call.args["id"])
    if body is None or not (call.token.is_admin or body["os-flavor-access:is_public"]):
        raise web.Refused(404, f"Flavor {call.args['id']} could not be found.")
    return body


def show(call: web.Call) -> web.Answer:
    """GET /flavors/ID: 404 for a member if it is private."""
    return web.Answer(200, {"flavor": _present(call, _find(call))})


def delete(call: web.Call) -> web.Answer:
    """DELETE /flavors/ID: 202, and gone at once, whatever servers were made of it."""
    paged.require(call, "os-flavor-manage:delete", allowed=call.token.is_admin)
    call.rows("compute.flavor").remove(_find(call)["id"])
    return web.Answer(202)


ROUTES = (
    web.Route("GET", "/v2.1/flavors", _list(detail=False)),
    web.Route("GET", "/v2.1/flavors/detail", _list(detail=True)),
    web.Route("GET", "/v2.1/flavors/<id>", show),
    web.Route("DELETE", "/v2.1/flavors/<id>", delete),
)
