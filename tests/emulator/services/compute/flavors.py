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
"""Flavors: public ones for all, private ones for the administrator and who has access.

Sources: API reference, Compute, "Flavors", "Flavors access", "Flavors extra-specs"; statuses
and messages seen on a real Nova 34.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import paged
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

SORT_KEYS = {
    "created_at": "id",
    "description": "description",
    "disabled": "OS-FLV-DISABLED:disabled",
    "ephemeral_gb": "OS-FLV-EXT-DATA:ephemeral",
    "flavorid": "id",
    "id": "id",
    "is_public": "os-flavor-access:is_public",
    "memory_mb": "ram",
    "name": "name",
    "root_gb": "disk",
    "rxtx_factor": "rxtx_factor",
    "swap": "swap",
    "updated_at": "id",
    "vcpu_weight": "id",
    "vcpus": "vcpus",
}
QUERY = checks.words(
    *("is_public", "minRam", "minDisk", "sort_dir"), sort_key={"enum": list(SORT_KEYS)}
)
QUERY_102 = checks.words(
    *("is_public", "minRam", "minDisk", "sort_dir", "name"),
    sort_key={"enum": [key for key in SORT_KEYS if key != "rxtx_factor"]},
)
FLAVOR = checks.closed(
    *("name", "ram", "vcpus", "disk"),
    **{
        "name": checks.NAME,
        "id": {
            "type": ["string", "integer", "null"],
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^(?! )[a-zA-Z0-9. _-]+(?<! )$",
        },
        "ram": checks.integer(1),
        "vcpus": checks.integer(1),
        "disk": checks.integer(0),
        "OS-FLV-EXT-DATA:ephemeral": checks.integer(0),
        "swap": checks.integer(0),
        "rxtx_factor": {},
        "os-flavor-access:is_public": checks.BOOLEAN,
        "description": {"type": ["string", "null"], "maxLength": 65535},
    },
)
DESCRIPTION = {"type": ["string", "null"], "maxLength": 65535}
SINCE = {"description": (2, 55), "extra_specs": (2, 61)}
UNTIL = {"rxtx_factor": (2, 102), "OS-FLV-DISABLED:disabled": (2, 102)}


def _links(call: web.Call, flavor_id: str) -> list[dict[str, str]]:
    return [
        {"rel": "self", "href": f"{call.root}/v2.1/flavors/{flavor_id}"},
        {"rel": "bookmark", "href": f"{call.root}/flavors/{flavor_id}"},
    ]


def _present(call: web.Call, body: Body) -> Body:
    """The flavor: `description` since 2.55, `extra_specs` since 2.61, no factor since 2.102.

    No swap is an empty text before 2.75.
    """
    shown = {
        key: value
        for key, value in body.items()
        if not key.startswith("_")
        and SINCE.get(key, (0,)) <= call.microversion < UNTIL.get(key, (9,))
    }
    if not shown["swap"] and call.microversion < (2, 75):
        shown["swap"] = ""
    return {**shown, "links": _links(call, body["id"])}


def _present_brief(call: web.Call, body: Body) -> Body:
    brief = {"id": body["id"], "name": body["name"], "links": _links(call, body["id"])}
    return {**brief, "description": body["description"]} if call.microversion >= (2, 55) else brief


def _public_wish(call: web.Call) -> bool | None:
    """The administrator's ``is_public``: public ones unless asked, None for all.

    Others always get the public ones and those that they have access to.
    """
    asked = call.query.get("is_public")
    if asked is None or not call.token.is_admin:
        return True
    if asked.lower() == "none":
        return None
    if asked.lower() not in {str(one).lower() for one in checks.BOOLEANS} | {"t", "f", "y", "n"}:
        raise web.Refused(400, f"Invalid is_public filter [{asked}]")
    return checks.is_true(asked)


def _least(call: web.Call, name: str) -> int:
    asked = call.query.get(name, "0")
    if not asked.isdigit():
        raise web.Refused(400, f"Invalid {name} filter [{asked}]")
    return int(asked)


def _listed(call: web.Call) -> list[Body]:
    public, ram, disk = _public_wish(call), _least(call, "minRam"), _least(call, "minDisk")
    name = call.query.get("name") if call.microversion >= (2, 102) else None
    found = [
        body
        for body in call.rows("compute.flavor")
        if public in {None, body["os-flavor-access:is_public"]} or _has_access(call, body)
        if body["ram"] >= ram and body["disk"] >= disk and name in {None, body["name"]}
    ]
    key = SORT_KEYS.get(call.query.get("sort_key", "flavorid"), "id")
    found.sort(key=lambda body: (body[key] is not None, body[key]))
    return found[::-1] if call.query.get("sort_dir") == "desc" else found


def _has_access(call: web.Call, body: Body) -> bool:
    return call.token.project_id in body["_access"] and not call.token.is_admin


def _list(*, detail: bool) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        checks.query(call, QUERY_102 if call.microversion >= (2, 102) else QUERY)
        marker = call.query.get("marker")
        gone = web.Refused(400, f"marker [{marker}] not found")
        found = paged.after(_listed(call), marker, "id", gone)[: paged.limit(call)]
        present = _present if detail else _present_brief
        last = found[-1]["id"] if found else None
        shown = {"flavors": [present(call, body) for body in found]}
        return web.Answer(200, {**shown, **paged.links(call, "flavors", last, len(found))})

    return handler


def find(call: web.Call, flavor_id: str) -> Body:
    """The flavor, if the caller may use it; else 404."""
    body = call.rows("compute.flavor").get(flavor_id)
    usable = body is not None and (
        call.token.is_admin
        or body["os-flavor-access:is_public"]
        or call.token.project_id in body["_access"]
    )
    if body is None or not usable:
        raise web.Refused(404, f"Flavor {flavor_id} could not be found.")
    return body


def show(call: web.Call) -> web.Answer:
    """GET /flavors/ID: 404 for a member if it is private and not for his project."""
    return web.Answer(200, {"flavor": _present(call, find(call, call.args["id"]))})


def create(call: web.Call) -> web.Answer:
    """POST /flavors: 200; 409 if the name or the id is taken, 403 for a member."""
    paged.require_admin(call, "os-flavor-manage:create")
    wish = checks.body(call, "flavor", FLAVOR)
    for other in call.rows("compute.flavor"):
        if other["name"] == wish["name"]:
            raise web.Refused(409, f"Flavor with name {wish['name']} already exists.")
        if other["id"] == str(wish.get("id")):
            raise web.Refused(409, f"Flavor with ID {wish['id']} already exists.")
    body = shapes.flavor(call.cloud, wish["name"], **_fields(wish))
    notices.flavor(call.cloud, body, "create")
    return web.Answer(200, {"flavor": _present(call, body)})


def _fields(wish: dict[str, Any]) -> dict[str, Any]:
    numbers = ("ram", "vcpus", "disk", "swap", "OS-FLV-EXT-DATA:ephemeral")
    fields: dict[str, Any] = {key: int(wish[key]) for key in numbers if key in wish}
    flavor_id = wish.get("id")
    if flavor_id not in {None, "auto"}:
        fields["id"] = str(flavor_id)
    if "rxtx_factor" in wish:
        fields["rxtx_factor"] = float(wish["rxtx_factor"])
    fields["description"] = wish.get("description")
    fields["os-flavor-access:is_public"] = checks.is_true(
        wish.get("os-flavor-access:is_public", True)
    )
    return fields


def update(call: web.Call) -> web.Answer:
    """PUT /flavors/ID, since 2.55: another description, nothing else."""
    paged.require_version(call, (2, 55))
    paged.require_admin(call, "os-flavor-manage:update")
    wish = checks.body(call, "flavor", checks.closed("description", description=DESCRIPTION))
    body = find(call, call.args["id"])
    body["description"] = wish["description"]
    notices.flavor(call.cloud, body, "update")
    return web.Answer(200, {"flavor": _present(call, body)})


def delete(call: web.Call) -> web.Answer:
    """DELETE /flavors/ID: 202, and gone at once, whatever servers were made of it."""
    paged.require_admin(call, "os-flavor-manage:delete")
    body = find(call, call.args["id"])
    call.rows("compute.flavor").remove(body["id"])
    notices.flavor(call.cloud, body, "delete")
    return web.Answer(202)


def list_access(call: web.Call) -> web.Answer:
    """GET /flavors/ID/os-flavor-access: whose a private flavor is; 404 for a public one."""
    paged.require_admin(call, "os-flavor-access")
    body = find(call, call.args["id"])
    if body["os-flavor-access:is_public"]:
        raise web.Refused(404, "Access list not available for public flavors.")
    return _access(body)


def _access(body: Body) -> web.Answer:
    found = [{"flavor_id": body["id"], "tenant_id": one} for one in body["_access"]]
    return web.Answer(200, {"flavor_access": found})


ACCESS = checks.closed("tenant", tenant=checks.NAME)


def act(call: web.Call) -> web.Answer:
    """POST /flavors/ID/action: addTenantAccess and removeTenantAccess, 200 with the new list."""
    name = next(iter(call.body), "")
    actions = {"addTenantAccess": _add_access, "removeTenantAccess": _remove_access}
    if name not in actions:
        raise web.Refused(400, f"There is no such action: {name}")
    rule = {"addTenantAccess": "add_tenant_access", "removeTenantAccess": "remove_tenant_access"}
    paged.require_admin(call, f"os-flavor-access:{rule[name]}")
    project_id = checks.body(call, name, ACCESS)["tenant"]
    if call.rows("identity.project").get(project_id) is None:
        raise web.Refused(400, f"Project ID {project_id} is not a valid project.")
    body = find(call, call.args["id"])
    actions[name](body, project_id)
    return _access(body)


def _add_access(body: Body, project_id: str) -> None:
    if body["os-flavor-access:is_public"]:
        raise web.Refused(409, "Can not add access to a public flavor.")
    if project_id in body["_access"]:
        text = f"Flavor access already exists for flavor {body['id']} and project {project_id}"
        raise web.Refused(409, f"{text} combination.")
    body["_access"] = [*body["_access"], project_id]


def _remove_access(body: Body, project_id: str) -> None:
    if project_id not in body["_access"]:
        text = f"Flavor access not found for {body['id']} / {project_id} combination."
        raise web.Refused(404, text)
    body["_access"] = [one for one in body["_access"] if one != project_id]


ROUTES = (
    web.Route("GET", "/v2.1/flavors", _list(detail=False)),
    web.Route("POST", "/v2.1/flavors", create),
    web.Route("GET", "/v2.1/flavors/detail", _list(detail=True)),
    web.Route("GET", "/v2.1/flavors/<id>", show),
    web.Route("PUT", "/v2.1/flavors/<id>", update),
    web.Route("DELETE", "/v2.1/flavors/<id>", delete),
    web.Route("POST", "/v2.1/flavors/<id>/action", act),
    web.Route("GET", "/v2.1/flavors/<id>/os-flavor-access", list_access),
)
