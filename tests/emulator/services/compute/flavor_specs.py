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
"""The extra specs of flavors: read by all, changed by the administrator.

Sources: API reference, Compute, "Flavors extra-specs"; statuses seen on a real Nova 34.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import flavors
from tests.emulator.services.compute import paged

Body = cloud_module.Body

SPECS: checks.Schema = {
    **checks.METADATA,
    "others": {
        "names": checks.METADATA["others"]["names"],
        "values": {"type": ["string", "number"], "maxLength": 255},
    },
}
POLICIES = ("dedicated", "shared", "mixed")


def _require(call: web.Call, action: str) -> None:
    paged.require_admin(call, f"os-flavor-extra-specs:{action}")


def _check_values(call: web.Call, specs: dict[str, Any]) -> None:
    """Since 2.86 the values of specs that Nova itself knows are looked at."""
    policy = specs.get("hw:cpu_policy", POLICIES[0])
    if policy not in POLICIES and call.microversion >= (2, 86):
        raise web.Refused(
            400, f"Validation failed; {policy!r} is not one of: {', '.join(POLICIES)}."
        )


def _change(call: web.Call, body: Body, specs: dict[str, Any]) -> None:
    body["extra_specs"] = {key: str(value) for key, value in specs.items()}
    notices.flavor(call.cloud, body, "update")


def list_specs(call: web.Call) -> web.Answer:
    """GET: all specs of the flavor."""
    return web.Answer(200, {"extra_specs": flavors.find(call, call.args["id"])["extra_specs"]})


def create(call: web.Call) -> web.Answer:
    """POST: the specs are added, numbers as text; what was sent comes back."""
    _require(call, "create")
    specs = checks.body(call, "extra_specs", SPECS)
    _check_values(call, specs)
    body = flavors.find(call, call.args["id"])
    _change(call, body, {**body["extra_specs"], **specs})
    return web.Answer(200, {"extra_specs": specs})


def _missing(call: web.Call) -> web.Refused:
    text = f"Flavor {call.args['id']} has no extra specs with key {call.args['key']}."
    return web.Refused(404, text)


def show(call: web.Call) -> web.Answer:
    """GET .../KEY: one spec; 404 if the flavor does not have it."""
    specs, key = flavors.find(call, call.args["id"])["extra_specs"], call.args["key"]
    if key not in specs:
        raise _missing(call)
    return web.Answer(200, {key: specs[key]})


def update(call: web.Call) -> web.Answer:
    """PUT .../KEY: one spec has this value; 400 if the body names another one."""
    _require(call, "update")
    key, specs = call.args["key"], checks.check(call.body, SPECS)
    if list(specs) != [key]:
        raise web.Refused(400, "Request body and URI mismatch")
    _check_values(call, specs)
    body = flavors.find(call, call.args["id"])
    _change(call, body, {**body["extra_specs"], **specs})
    return web.Answer(200, {key: specs[key]})


def delete(call: web.Call) -> web.Answer:
    """DELETE .../KEY: 200, and the flavor no longer has it."""
    _require(call, "delete")
    body = flavors.find(call, call.args["id"])
    if call.args["key"] not in body["extra_specs"]:
        raise _missing(call)
    left = {key: one for key, one in body["extra_specs"].items() if key != call.args["key"]}
    _change(call, body, left)
    return web.Answer(200)


PATH = "/v2.1/flavors/<id>/os-extra_specs"
ROUTES = (
    web.Route("GET", PATH, list_specs),
    web.Route("POST", PATH, create),
    web.Route("GET", f"{PATH}/<key>", show),
    web.Route("PUT", f"{PATH}/<key>", update),
    web.Route("DELETE", f"{PATH}/<key>", delete),
)
