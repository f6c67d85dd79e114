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
"""QoS specs: what volume types may promise, and which of them do.

Source: API reference, Block Storage v3, "QoS specifications"; statuses and messages seen on a
real Cinder 29. All of it is the administrator's. Filters are accepted and find nothing.
"""

from collections.abc import Callable

from tests.emulator import web
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import listing
from tests.emulator.services.block_storage import schema
from tests.emulator.services.block_storage import types
from tests.emulator.shapes import block_storage as shapes

Body = shapes.Body

RULE = "volume_extension:qos_specs_manage"
CONSUMERS = ("back-end", "front-end", "both")
BAD_CONSUMER = (
    "Invalid qos specs: Valid consumer of QoS specs are: QoSConsumerValues(default=<class"
    " 'oslo_versionedobjects.fields.UnspecifiedDefault'>,nullable=False,valid_values=('back-end',"
    " 'front-end', 'both'))"
)
LISTING = listing.Listing(
    kind=shapes.QOS,
    plural="qos_specs",
    filters=frozenset(),
    sorts=frozenset(("id", "created_at", "updated_at")),
    path="qos-specs",
    wanted=lambda call: lambda row: not set(call.query) - listing.CONTROLS,
)


def presenter(call: web.Call) -> Callable[[Body], Body]:
    """Shows QoS specs."""
    return lambda row: {key: row[key] for key in ("id", "name", "consumer", "specs")}


def _answer(call: web.Call, row: Body) -> web.Answer:
    found = {"qos_specs": presenter(call)(row), "links": api.links(call, "qos-specs", row["id"])}
    return web.Answer(200, found)


def show(call: web.Call) -> web.Answer:
    """GET QoS specs."""
    api.require_admin(call, f"{RULE}:get")
    return _answer(call, api.find(call, shapes.QOS))


def create(call: web.Call) -> web.Answer:
    """POST QoS specs: 200; 409 if the name is taken."""
    api.require_admin(call, f"{RULE}:create")
    asked = schema.read(call, "qos_specs", {}, required=("name",), is_open=True)
    name = str(asked.pop("name")).strip()
    if not name:
        raise web.Refused(400, "An invalid 'name' value was provided. The 'name' can not be None.")
    consumer = _consumer(asked)
    if any(True for _ in call.rows(shapes.QOS).where("name", name)):
        raise web.Refused(409, f"QoS Specs {name} already exists.")
    row = shapes.qos_spec(call.cloud, name, consumer=consumer or "back-end", specs=asked)
    return _answer(call, row)


def _consumer(asked: Body) -> str | None:
    """What consumes the specs, taken from what was asked for; None if nobody is named."""
    consumer: str | None = asked.pop("consumer", None)
    if consumer is not None and consumer not in CONSUMERS:
        raise web.Refused(400, BAD_CONSUMER)
    return consumer


def update(call: web.Call) -> web.Answer:
    """PUT keys: 200 with those that were given."""
    api.require_admin(call, f"{RULE}:update")
    asked = schema.read(call, "qos_specs", {}, is_open=True)
    for name, value in asked.items():
        if value is not None and not isinstance(value, str):
            raise schema.refused(name, value, f"{value!r} is not of type 'string', 'null'")
    given = dict(asked)
    consumer = _consumer(asked)
    row = api.find(call, shapes.QOS)
    row["consumer"] = consumer or row["consumer"]
    row["specs"] = {**row["specs"], **asked}
    return web.Answer(200, {"qos_specs": given})


def delete_keys(call: web.Call) -> web.Answer:
    """PUT keys to delete: 202; 404 for one that is not there."""
    api.require_admin(call, f"{RULE}:update")
    asked = api.payload(call)
    if "keys" not in asked:
        raise web.Refused(400, "'keys' is a required property")
    row = api.find(call, shapes.QOS)
    for key in asked["keys"]:
        if key not in row["specs"]:
            raise web.Refused(404, f"QoS spec {row['id']} has no spec with key {key}.")
    row["specs"] = {k: v for k, v in row["specs"].items() if k not in asked["keys"]}
    return web.Answer(202)


def delete(call: web.Call) -> web.Answer:
    """DELETE QoS specs: 202; 400 while types have them, unless forced."""
    api.require_admin(call, f"{RULE}:delete")
    is_forced = call.query.get("force", "false")
    if schema.boolean("force", is_forced):
        raise web.Refused(400, f"Value '{is_forced}' for 'force' is not a boolean.")
    row = api.find(call, shapes.QOS)
    if _types(call, row) and not schema.is_true(is_forced):
        raise web.Refused(400, "Qos specs still in use.")
    _let_go(call, row)
    call.rows(shapes.QOS).remove(row["id"])
    return web.Answer(202)


def _types(call: web.Call, row: Body) -> list[Body]:
    return list(call.rows(shapes.TYPE).where("qos_specs_id", row["id"]))


def _let_go(call: web.Call, row: Body) -> None:
    for one in _types(call, row):
        one["qos_specs_id"] = None


def associations(call: web.Call) -> web.Answer:
    """GET the types that have the specs."""
    api.require_admin(call, f"{RULE}:get_all")
    found = [
        {"association_type": "volume_type", "name": one["name"], "id": one["id"]}
        for one in _types(call, api.find(call, shapes.QOS))
    ]
    return web.Answer(200, {"qos_associations": found})


def _pair(call: web.Call) -> tuple[Body, Body]:
    api.require_admin(call, f"{RULE}:update")
    key = call.query.get("vol_type_id")
    if not key:
        raise web.Refused(400, "Volume Type id must not be None.")
    row = api.find(call, shapes.QOS)
    return row, types.find(call, key)


def associate(call: web.Call) -> web.Answer:
    """GET (sic) to give the specs to a type: 202, also again; 400 if it has others."""
    row, of_type = _pair(call)
    other = of_type["qos_specs_id"]
    if other not in {None, row["id"]}:
        text = f"Type {of_type['id']} is already associated with another qos specs: {other}"
        raise web.Refused(400, f"Invalid volume type: {text}")
    of_type["qos_specs_id"] = row["id"]
    return web.Answer(202)


def disassociate(call: web.Call) -> web.Answer:
    """GET (sic) to take the specs from a type: 202, also again."""
    _, of_type = _pair(call)
    of_type["qos_specs_id"] = None
    return web.Answer(202)


def disassociate_all(call: web.Call) -> web.Answer:
    """GET (sic) to take the specs from all types: 202."""
    api.require_admin(call, f"{RULE}:update")
    _let_go(call, api.find(call, shapes.QOS))
    return web.Answer(202)


ROUTES = (
    api.route("GET", "/qos-specs", LISTING.handler(presenter, rule=f"{RULE}:get_all")),
    api.route("POST", "/qos-specs", create),
    api.route("GET", "/qos-specs/<id>", show),
    api.route("PUT", "/qos-specs/<id>", update),
    api.route("DELETE", "/qos-specs/<id>", delete),
    api.route("PUT", "/qos-specs/<id>/delete_keys", delete_keys),
    api.route("GET", "/qos-specs/<id>/associations", associations),
    api.route("GET", "/qos-specs/<id>/associate", associate),
    api.route("GET", "/qos-specs/<id>/disassociate", disassociate),
    api.route("GET", "/qos-specs/<id>/disassociate_all", disassociate_all),
)
