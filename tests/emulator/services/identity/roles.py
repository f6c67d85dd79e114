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
"""Roles and which implies which.

Source: API reference, Identity v3, "Roles"; statuses and messages seen on a real Keystone 30. The
roles of its bootstrap are immutable: they are neither changed nor deleted (403).
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy
from tests.emulator.services.identity import removal
from tests.emulator.services.identity import users
from tests.emulator.shapes import identity as shapes

Body = cloud_module.Body

GRANTED_BY_MANAGERS = ("manager", "member", "reader")
"""The roles that a domain's manager may give, and so may look at."""


def list_roles(call: web.Call) -> web.Answer:
    """GET /v3/roles: those of no domain, or of the one that is asked for."""
    token = call.token
    if not (token.domain_id and "manager" in token.roles):
        policy.require(call, "list_roles", role="reader")
    wanted = call.query.get("domain_id")
    found = (row for row in call.rows("identity.role") if row["domain_id"] == wanted)
    return listing.answer(call, listing.ROLE, found)


def show_role(call: web.Call) -> web.Answer:
    """GET /v3/roles/{id}."""
    body = listing.find(call, listing.ROLE, call.args["id"])
    manages = "manager" in call.token.roles and body["name"] in GRANTED_BY_MANAGERS
    policy.require(call, "get_role", role="reader", is_own=manages)
    return web.Answer(200, {"role": listing.show(call, listing.ROLE, body)})


def _check_name(call: web.Call, name: str, domain_id: str | None, own_id: str | None) -> None:
    for row in call.rows("identity.role").where("name", name):
        if row["domain_id"] == domain_id and row["id"] != own_id:
            raise users.duplicate("role", name)


def create_role(call: web.Call) -> web.Answer:
    """POST /v3/roles: 409 if the name is taken, in the same domain or in none."""
    policy.require(call, "create_role", in_domains=False)
    given = listing.given(call, listing.ROLE, "name")
    _check_name(call, given["name"], given.get("domain_id"), None)
    body = shapes.new_role(call.cloud, given.pop("name"), **given)
    notices.tell(call, "role", "created", body["id"])
    return web.Answer(201, {"role": listing.show(call, listing.ROLE, body)})


def _changeable(call: web.Call, action: str, given: Body) -> Body:
    """The role that the path names, unless it is and stays immutable."""
    body = listing.find(call, listing.ROLE, call.args["id"])
    policy.require(call, f"{action}_role", in_domains=False)
    stays = given.get("options", {}).get("immutable") is not False
    if body["options"].get("immutable") and stays:
        message = f"Unable to {action} immutable role resource: `{body['id']}."
        more = 'Set resource option "immutable" to false first.'
        raise web.Refused(403, f"{message} {more}")
    return body


def update_role(call: web.Call) -> web.Answer:
    """PATCH /v3/roles/{id}."""
    given = listing.given(call, listing.ROLE)
    body = _changeable(call, "update", given)
    _check_name(call, given.get("name", body["name"]), body["domain_id"], body["id"])
    body.update({**given, "options": {**body["options"], **given.get("options", {})}})
    notices.tell(call, "role", "updated", body["id"])
    return web.Answer(200, {"role": listing.show(call, listing.ROLE, body)})


def delete_role(call: web.Call) -> web.Answer:
    """DELETE /v3/roles/{id}: 204, also while users have it."""
    body = _changeable(call, "delete", {})
    removal.remove_role(call.cloud, body["id"])
    notices.tell(call, "role", "deleted", body["id"])
    return web.Answer(204)


def _reference(call: web.Call, role_id: str) -> dict[str, Any]:
    body = listing.find(call, listing.ROLE, role_id)
    link = {"self": listing.url(call, "roles", role_id)}
    return {"id": role_id, "links": link, "name": body["name"]}


def _implied(call: web.Call, role_id: str) -> list[dict[str, Any]]:
    rows = call.rows("identity.inference").where("prior_role_id", role_id)
    return [_reference(call, row["implied_role_id"]) for row in rows]


def list_inferences(call: web.Call) -> web.Answer:
    """GET /v3/role_inferences."""
    action = "list_role_inference_rules"
    policy.require(call, action, role="reader", in_domains=False)
    priors = sorted({row["prior_role_id"] for row in call.rows("identity.inference")})
    found = [
        {"prior_role": _reference(call, prior), "implies": _implied(call, prior)}
        for prior in priors
    ]
    return web.Answer(200, {"role_inferences": found})


def list_implied(call: web.Call) -> web.Answer:
    """GET /v3/roles/{id}/implies."""
    policy.require(call, "list_implied_roles", role="reader", in_domains=False)
    prior = _reference(call, call.args["id"])
    inference = {"prior_role": prior, "implies": _implied(call, call.args["id"])}
    return _inference(call, 200, inference)


def _inference(call: web.Call, status: int, inference: Any) -> web.Answer:
    links = {"self": listing.own_link(call)}
    return web.Answer(status, {"role_inference": inference, "links": links})


def _rule(call: web.Call, action: str, role: str = "admin") -> tuple[str, str]:
    """The two roles that the path names."""
    policy.require(call, f"{action}_implied_role", role=role, in_domains=False)
    found = [listing.find(call, listing.ROLE, call.args[name]) for name in ("id", "implied")]
    if action == "create" and found[1]["name"] == "admin":
        raise web.Refused(403, f"{found[1]['id']} cannot be an implied roles.")
    return (found[0]["id"], found[1]["id"])


def _both(call: web.Call, key: tuple[str, str]) -> dict[str, Any]:
    return {"prior_role": _reference(call, key[0]), "implies": _reference(call, key[1])}


def _require_rule(call: web.Call, key: tuple[str, str]) -> None:
    if call.rows("identity.inference").get(key) is None:
        raise web.Refused(404, f"{key[0]} does not imply {key[1]}.")


def check_implied(call: web.Call) -> web.Answer:
    """GET /v3/roles/{id}/implies/{implied}; HEAD is answered with 204."""
    key = _rule(call, "get", "reader")
    _require_rule(call, key)
    if call.request.method == "HEAD":
        return web.Answer(204)
    return _inference(call, 200, _both(call, key))


def imply(call: web.Call) -> web.Answer:
    """PUT /v3/roles/{id}/implies/{implied}: 201; no role implies admin."""
    key = _rule(call, "create")
    shapes.imply(call.cloud, {"id": key[0]}, {"id": key[1]})
    return _inference(call, 201, _both(call, key))


def imply_no_longer(call: web.Call) -> web.Answer:
    """DELETE /v3/roles/{id}/implies/{implied}."""
    key = _rule(call, "delete")
    _require_rule(call, key)
    call.rows("identity.inference").remove(key)
    return web.Answer(204)


ROUTES = (
    web.Route("GET", "/v3/roles", list_roles),
    web.Route("POST", "/v3/roles", create_role),
    web.Route("GET", "/v3/roles/<id>", show_role),
    web.Route("PATCH", "/v3/roles/<id>", update_role),
    web.Route("DELETE", "/v3/roles/<id>", delete_role),
    web.Route("GET", "/v3/role_inferences", list_inferences),
    web.Route("GET", "/v3/roles/<id>/implies", list_implied),
    web.Route("GET", "/v3/roles/<id>/implies/<implied>", check_implied),
    web.Route("PUT", "/v3/roles/<id>/implies/<implied>", imply),
    web.Route("DELETE", "/v3/roles/<id>/implies/<implied>", imply_no_longer),
)
