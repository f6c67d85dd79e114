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
"""What a volume type says beside its name: extra specs, encryption.

Source: API reference, Block Storage v3, "Volume types"; statuses and messages seen on a real
Cinder 29. A type without encryption answers with an empty object.
"""

from tests.emulator import clock
from tests.emulator import web
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import schema
from tests.emulator.services.block_storage import types
from tests.emulator.shapes import block_storage as shapes

Body = shapes.Body

SPECS_RULE = "volume_extension:types_extra_specs"
ENCRYPTION_RULE = "volume_extension:volume_type_encryption"
ENCRYPTION: dict[str, schema.Check] = {
    "provider": schema.some_text,
    "control_location": schema.one_of("front-end", "back-end"),
    "cipher": schema.text,
    "key_size": schema.anything,
}


def _visible(call: web.Call, row: Body) -> dict[str, str]:
    specs: dict[str, str] = row["extra_specs"]
    return {k: v for k, v in specs.items() if call.token.is_admin or k in types.VISIBLE}


def list_specs(call: web.Call) -> web.Answer:
    """GET the extra specs; a member sees few of them."""
    return web.Answer(200, {"extra_specs": _visible(call, types.find(call))})


def add_specs(call: web.Call) -> web.Answer:
    """POST extra specs: 200 with those that were given."""
    api.require_admin(call, f"{SPECS_RULE}:create")
    asked = schema.read(call, "extra_specs", {}, is_open=True)
    return web.Answer(200, {"extra_specs": _set(types.find(call), asked)})


def _set(row: Body, asked: dict[str, str]) -> dict[str, str]:
    wrong = schema.metadata(types.PATTERN)("extra_specs", asked)
    if wrong:
        raise schema.refused("extra_specs", asked, wrong)
    row["extra_specs"] = {**row["extra_specs"], **asked}
    return asked


def show_spec(call: web.Call) -> web.Answer:
    """GET an extra spec; 404 if there is none that the caller may see."""
    row, key = types.find(call), call.args["key"]
    specs = _visible(call, row)
    if key not in specs:
        raise _no_spec(row, key)
    return web.Answer(200, {key: specs[key]})


def _no_spec(row: Body, key: str) -> web.Refused:
    return web.Refused(404, f"Volume Type {row['id']} has no extra specs with key {key}.")


def set_spec(call: web.Call) -> web.Answer:
    """PUT an extra spec."""
    api.require_admin(call, f"{SPECS_RULE}:update")
    asked = api.payload(call)
    if list(asked) != [call.args["key"]]:
        raise web.Refused(400, "Request body and URI mismatch")
    return web.Answer(200, _set(types.find(call), asked))


def delete_spec(call: web.Call) -> web.Answer:
    """DELETE an extra spec: 202."""
    api.require_admin(call, f"{SPECS_RULE}:delete")
    row, key = types.find(call), call.args["key"]
    if key not in row["extra_specs"]:
        raise _no_spec(row, key)
    row["extra_specs"] = {k: v for k, v in row["extra_specs"].items() if k != key}
    return web.Answer(202)


def show_encryption(call: web.Call) -> web.Answer:
    """GET the encryption: its fields without a key around them."""
    api.require_admin(call, f"{ENCRYPTION_RULE}:get")
    return web.Answer(200, types.find(call)["_encryption"] or {})


def show_encryption_field(call: web.Call) -> web.Answer:
    """GET one field of the encryption."""
    api.require_admin(call, f"{ENCRYPTION_RULE}:get")
    row, key = types.find(call), call.args["key"]
    about = row["_encryption"] or {}
    if key not in about:
        raise _no_encryption(row)
    return web.Answer(200, {key: about[key]})


def _no_encryption(row: Body) -> web.Refused:
    return web.Refused(404, f"Volume type encryption for type {row['id']} does not exist.")


def create_encryption(call: web.Call) -> web.Answer:
    """POST the encryption: 200; 400 if there is one or a volume has the type."""
    api.require_admin(call, f"{ENCRYPTION_RULE}:create")
    required = ("provider", "control_location")
    asked = schema.read(call, "encryption", ENCRYPTION, required=required)
    row = types.find(call)
    if types.is_used(call, row):
        raise web.Refused(400, "Cannot create encryption specs. Volume type in use.")
    if row["_encryption"]:
        text = f"Volume type encryption for type {row['id']} already exists."
        raise web.Refused(400, text)
    about = {"encryption_id": call.cloud.new_id(), "cipher": None, "key_size": None, **asked}
    now = clock.microseconds(call.cloud.clock.now())
    record = {"deleted_at": None, "deleted": False, "created_at": now, "updated_at": None}
    row["_encryption"] = {**about, "volume_type_id": row["id"], **record}
    ids = {"volume_type_id": row["id"], "encryption_id": about["encryption_id"]}
    return web.Answer(200, {"encryption": {**asked, **ids}})


def update_encryption(call: web.Call) -> web.Answer:
    """PUT fields of the encryption: 200 with those that were given."""
    api.require_admin(call, f"{ENCRYPTION_RULE}:update")
    asked = schema.read(call, "encryption", ENCRYPTION)
    row = _changeable(call, "update")
    now = clock.microseconds(call.cloud.clock.now())
    row["_encryption"] = {**row["_encryption"], **asked, "updated_at": now}
    return web.Answer(200, {"encryption": asked})


def _changeable(call: web.Call, verb: str) -> Body:
    row = types.find(call)
    if types.is_used(call, row):
        raise web.Refused(400, f"Cannot {verb} encryption specs. Volume type in use.")
    if not row["_encryption"]:
        raise _no_encryption(row)
    return row


def delete_encryption(call: web.Call) -> web.Answer:
    """DELETE the encryption: 202."""
    api.require_admin(call, f"{ENCRYPTION_RULE}:delete")
    _changeable(call, "delete")["_encryption"] = None
    return web.Answer(202)


ROUTES = (
    api.route("GET", "/types/<id>/extra_specs", list_specs),
    api.route("POST", "/types/<id>/extra_specs", add_specs),
    api.route("GET", "/types/<id>/extra_specs/<key>", show_spec),
    api.route("PUT", "/types/<id>/extra_specs/<key>", set_spec),
    api.route("DELETE", "/types/<id>/extra_specs/<key>", delete_spec),
    api.route("GET", "/types/<id>/encryption", show_encryption),
    api.route("POST", "/types/<id>/encryption", create_encryption),
    api.route("GET", "/types/<id>/encryption/<key>", show_encryption_field),
    api.route("PUT", "/types/<id>/encryption/<key>", update_encryption),
    api.route("DELETE", "/types/<id>/encryption/<key>", delete_encryption),
)
