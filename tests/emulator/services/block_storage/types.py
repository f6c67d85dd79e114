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
"""Volume types: lists, their extra specs, who has access to those that are not public.

Source: API reference, Block Storage v3, "Volume types"; fields, defaults and messages seen on a
real Cinder 29. Extra specs are shown to the administrator; a member sees those that are called
user visible, of which there are few. A marker that is gone is ignored here.
"""

from collections.abc import Callable
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import listing
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

RULE = "volume_extension"
PUBLIC = "os-volume-type-access:is_public"
VISIBLE = {"multiattach", "RESKEY:availability_zones", "replication_enabled"}
"""The extra specs that everybody may see."""
PATTERN = "[a-zA-Z0-9-_:.]"
FIELDS: dict[str, schema.Check] = {
    "name": schema.some_text,
    "description": schema.text,
    "extra_specs": schema.maybe(schema.metadata(PATTERN)),
    PUBLIC: schema.boolean,
}
UPDATABLE: dict[str, schema.Check] = {
    "name": schema.text,
    "description": schema.text,
    "is_public": schema.boolean,
}


def presenter(call: web.Call) -> Callable[[Body], Body]:
    """Shows a type: who may see it depends on the role, down to whether it tells of access."""
    return lambda row: present(call, row)


def present(call: web.Call, row: Body) -> Body:
    """The type as show and the lists tell it."""
    is_admin = call.token.is_admin
    specs = row["extra_specs"]
    shown = {
        "id": row["id"],
        "name": row["name"],
        "is_public": row["is_public"],
        "description": row["description"],
        "extra_specs": {k: v for k, v in specs.items() if is_admin or k in VISIBLE},
    }
    if is_admin:
        shown["qos_specs_id"] = row["qos_specs_id"]
    if is_admin or call.token.roles & {"member", "manager"}:
        shown[PUBLIC] = row["is_public"]
    return shown


def _is_accessible(call: web.Call, row: Body) -> bool:
    return bool(row["is_public"]) or call.token.project_id in row["_projects"]


def _wanted(call: web.Call) -> listing.Test:
    """Public ones and those that the caller's project has access to, unless asked otherwise."""
    asked = call.query.get("is_public", "True") if call.token.is_admin else "True"
    if asked.lower() == "none":
        return lambda row: True
    if schema.boolean("is_public", asked) is not None:
        raise web.Refused(400, f"Invalid is_public filter [{asked}]")
    if schema.is_true(asked):
        return lambda row: _is_accessible(call, row)
    return lambda row: not row["is_public"]


LISTING = listing.Listing(
    kind=shapes.TYPE,
    plural="volume_types",
    filters=frozenset(("is_public", "extra_specs")),
    sorts=frozenset(("id", "name", "created_at", "updated_at", "is_public", "description")),
    path="types",
    links_key="volume_type_links",
    wanted=_wanted,
    ignored=frozenset(("is_public",)),
    forgives_marker=True,
)


def find(call: web.Call, key: str | None = None) -> Body:
    """The type, if the caller may see it; else 404."""
    row = api.find(call, shapes.TYPE, key)
    if not (call.token.is_admin or _is_accessible(call, row)):
        raise api.missing(shapes.TYPE, row["id"])
    return row


def named(call: web.Call, name: str) -> Body:
    """The type by its id or name, if the caller may use it; else 404."""
    if call.rows(shapes.TYPE).get(name) is not None:
        return find(call, name)
    for row in call.rows(shapes.TYPE).where("name", name):
        if call.token.is_admin or _is_accessible(call, row):
            return row
    raise web.Refused(404, f"Volume type with name {name} could not be found.")


def default(call: web.Call) -> Body:
    """The type of a volume for which none was asked."""
    row = call.rows(shapes.TYPE).get(shapes.VOLUME_TYPE)
    if row is None:
        raise web.Refused(500, "Invalid configuration. Default volume type cannot be found.")
    return row


def show(call: web.Call) -> web.Answer:
    """GET a type; ``default`` is the one that volumes get unless asked."""
    if call.args["id"] == "default":
        shown = present(call, default(call))
        shown.pop(PUBLIC, None)
        return web.Answer(200, {"volume_type": shown})
    return web.Answer(200, {"volume_type": present(call, find(call))})


def create(call: web.Call) -> web.Answer:
    """POST a type: 200; 409 if the name is taken."""
    asked = schema.read(call, "volume_type", FIELDS, required=("name",))
    api.require_admin(call, f"{RULE}:type_create")
    name = asked["name"].strip()
    _require_free(call, name)
    row = shapes.volume_type(
        call.cloud,
        name,
        description=asked.get("description"),
        extra_specs=asked.get("extra_specs") or {},
        is_public=schema.is_true(asked.get(PUBLIC, True)),
    )
    notices.volume_type(call.cloud, row, "create")
    return web.Answer(200, {"volume_type": {**_changed(row), PUBLIC: row["is_public"]}})


def _changed(row: Body) -> Body:
    """The type as the answers to create and update show it."""
    keys = ("id", "name", "is_public", "extra_specs", "description")
    return {key: row[key] for key in keys}


def _require_free(call: web.Call, name: str, but: str = "") -> None:
    for row in call.rows(shapes.TYPE).where("name", name):
        if row["id"] != but:
            raise web.Refused(409, f"Volume Type {name} already exists.")


def update(call: web.Call) -> web.Answer:
    """PUT a type: its name, description, whether it is public."""
    asked = schema.read(call, "volume_type", UPDATABLE)
    api.require_admin(call, f"{RULE}:type_update")
    if not asked:
        text = "Specify volume type name, description, is_public or a combination thereof."
        raise web.Refused(400, text)
    if asked.get("name") is not None and not asked["name"].strip():
        raise web.Refused(400, "Volume type name can not be empty.")
    row = find(call)
    if asked.get("name") is not None:
        _require_free(call, asked["name"].strip(), row["id"])
        row["name"] = asked["name"].strip()
    if "description" in asked:
        row["description"] = asked["description"]
    if "is_public" in asked:
        row["is_public"] = schema.is_true(asked["is_public"])
    notices.volume_type(call.cloud, row, "update")
    return web.Answer(200, {"volume_type": _changed(row)})


def delete(call: web.Call) -> web.Answer:
    """DELETE a type: 202; 400 while a volume has it."""
    api.require_admin(call, f"{RULE}:type_delete")
    row = find(call)
    if is_used(call, row):
        raise web.Refused(400, "Target volume type is still in use.")
    call.rows(shapes.TYPE).remove(row["id"])
    notices.volume_type(call.cloud, row, "delete")
    return web.Answer(202)


def is_used(call: web.Call, row: Body) -> bool:
    """Whether a volume has the type."""
    return any(v["volume_type_id"] == row["id"] for v in call.rows(shapes.VOLUME))


def act(call: web.Call, name: str) -> Body:
    """The private type whose access the action is to change."""
    api.require_admin(call, f"{RULE}:volume_type_access:{name}")
    schema.read(call, name, {"project": schema.some_text}, required=("project",))
    row = find(call)
    if row["is_public"]:
        text = "Type access modification is not applicable to public volume type."
        raise web.Refused(400, f"Invalid volume type: {text}")
    return row


def grant(call: web.Call) -> web.Answer:
    """``addProjectAccess``: 202; 409 if the project has access."""
    row, project = act(call, "addProjectAccess"), _project(call, "addProjectAccess")
    if project in row["_projects"]:
        text = f"Volume type access for {row['id']} / {project} combination already exists."
        raise web.Refused(409, text)
    row["_projects"] = [*row["_projects"], project]
    return web.Answer(202)


def withdraw(call: web.Call) -> web.Answer:
    """``removeProjectAccess``: 202; 404 if the project has no access."""
    row, project = act(call, "removeProjectAccess"), _project(call, "removeProjectAccess")
    if project not in row["_projects"]:
        text = f"Volume type access not found for {row['id']} / {project} combination."
        raise web.Refused(404, text)
    row["_projects"] = [one for one in row["_projects"] if one != project]
    return web.Answer(202)


def _project(call: web.Call, name: str) -> Any:
    return api.payload(call)[name]["project"]


def access(call: web.Call) -> web.Answer:
    """GET who has access; 404 for a public type."""
    api.require_admin(call, f"{RULE}:volume_type_access:get_all_for_type")
    row = find(call)
    if row["is_public"]:
        raise web.Refused(404, "Access list not available for public volume types.")
    found = [{"volume_type_id": row["id"], "project_id": one} for one in row["_projects"]]
    return web.Answer(200, {"volume_type_access": found})


ROUTES = (
    api.route("GET", "/types", LISTING.handler(presenter)),
    api.route("POST", "/types", create),
    api.route("GET", "/types/<id>", show),
    api.route("PUT", "/types/<id>", update),
    api.route("DELETE", "/types/<id>", delete),
    api.route("GET", "/types/<id>/os-volume-type-access", access),
    api.route(
        "POST",
        "/types/<id>/action",
        api.action({"addProjectAccess": grant, "removeProjectAccess": withdraw}),
    ),
)
