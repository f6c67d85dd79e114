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
"""Tokens: how one is asked for, what it says, and whether it is still valid.

Source: API reference, Identity v3, "Authentication and token management"; shapes, statuses and
messages seen on a real Keystone 30. What a token may do is looked up when it is used: it ends with
its user, its scope and the last role there, and when any of them is disabled.
"""

import dataclasses
import datetime
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.identity import catalogue
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import login
from tests.emulator.services.identity import policy
from tests.emulator.services.identity import projects
from tests.emulator.services.identity import rights

Body = cloud_module.Body
Token = cloud_module.Token

UNAUTHORIZED = login.UNAUTHORIZED


def valid(cloud: cloud_module.Cloud, token_id: str) -> Token | None:
    """The token with this id, with the roles that it has now; None if it is not valid."""
    token = cloud.tokens.get(token_id)
    if token is None or token.expires_at <= cloud.clock.now():
        return None
    user = cloud["identity.user"].get(token.user_id)
    if user is None or not login.is_live(cloud, user):
        return None
    if token.target is None:
        return token
    roles = rights.roles_in(cloud, token.user_id, token.target)
    if "application_credential" in token.methods:
        roles &= token.roles
    if not roles or not login.is_live_target(cloud, token.target):
        return None
    return token if roles == token.roles else dataclasses.replace(token, roles=roles)


def create(call: web.Call) -> web.Answer:
    """POST /v3/auth/tokens: 201 with X-Subject-Token; 401 says nothing about what was wrong."""
    if not isinstance(auth := call.body.get("auth"), dict):
        raise web.Refused(400, "'auth' is a required property")
    proof = login.prove(call.cloud, auth.get("identity"), lambda one: valid(call.cloud, one))
    target = login.target(call.cloud, proof, auth.get("scope"))
    token = _issue(call.cloud, proof, target)
    return _answer(call, 201, token)


def _issue(cloud: cloud_module.Cloud, proof: login.Proof, target: rights.Target | None) -> Token:
    roles = rights.roles_in(cloud, proof.user["id"], target) if target else frozenset[str]()
    if proof.roles is not None:
        roles &= proof.roles
    if target is not None and not roles:
        raise web.Refused(401, UNAUTHORIZED)
    kind, key = target or ("", None)
    now = cloud.clock.now()
    lifetime = datetime.timedelta(seconds=cloud.settings.token_lifetime_s)
    token = Token(
        id=f"gAAAAA{cloud.new_hex_id()}{cloud.new_hex_id()}",
        user_id=proof.user["id"],
        project_id=key if kind == "project" else None,
        is_system=kind == "system",
        roles=roles,
        issued_at=now,
        expires_at=proof.expires_at or now + lifetime,
        domain_id=key if kind == "domain" else None,
        methods=proof.methods,
        audit_ids=(cloud.new_hex_id()[:22], *proof.audit_ids),
    )
    cloud.tokens[token.id] = token
    return token


def _answer(call: web.Call, status: int, token: Token) -> web.Answer:
    with_catalogue = "nocatalog" not in call.query
    body = {"token": _describe(call, token, with_catalogue=with_catalogue)}
    return web.Answer(status, body, {"X-Subject-Token": token.id, "Vary": "X-Auth-Token"})


def _subject(call: web.Call, action: str, *, for_services: bool = False) -> Token:
    """The token in X-Subject-Token; 404 if it is not valid, 403 if it is not the caller's."""
    token_id = call.request.headers.get("X-Subject-Token")
    if token_id is None:
        raise web.Refused(404, "No token in the request")
    if token_id not in call.cloud.tokens:
        known = token_id.startswith("gAAAA")
        message = "Failed to validate token" if known else "Could not recognize Fernet token"
        raise web.Refused(404, message)
    token = call.cloud.tokens[token_id]
    is_own = token.user_id == call.token.user_id
    is_service = for_services and "service" in call.token.roles
    policy.require(
        call,
        action,
        role="reader" if for_services else "admin",
        is_own=is_own or is_service,
    )
    found = valid(call.cloud, token_id)
    if found is None:
        raise web.Refused(404, "Failed to validate token")
    return found


def show(call: web.Call) -> web.Answer:
    """GET /v3/auth/tokens: what the token in X-Subject-Token says."""
    return _answer(call, 200, _subject(call, "validate_token", for_services=True))


def revoke(call: web.Call) -> web.Answer:
    """DELETE /v3/auth/tokens: the token in X-Subject-Token is no longer valid."""
    del call.cloud.tokens[_subject(call, "revoke_token").id]
    return web.Answer(204)


def _named(cloud: cloud_module.Cloud, body: Body) -> dict[str, Any]:
    """A user or project as tokens show it."""
    domain = cloud["identity.domain"].get(body["domain_id"]) or {}
    return {
        "domain": {"id": body["domain_id"], "name": domain.get("name")},
        "id": body["id"],
        "name": body["name"],
    }


def _describe(call: web.Call, token: Token, *, with_catalogue: bool) -> dict[str, Any]:
    cloud = call.cloud
    user = cloud["identity.user"].get(token.user_id) or {}
    described: dict[str, Any] = {
        "methods": list(token.methods),
        "user": {**_named(cloud, user), "password_expires_at": None},
        "audit_ids": list(token.audit_ids),
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "issued_at": token.issued_at.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
    }
    if token.target is None:
        return described  # unscoped: no roles, no catalogue
    described.update(_scope(cloud, token))
    described["roles"] = [
        {"id": role["id"], "name": role["name"]}
        for role in cloud["identity.role"]
        if role["name"] in token.roles and role["domain_id"] is None
    ]
    if with_catalogue:
        described["catalog"] = catalogue.catalogue(call, token.project_id)
    return described


def _scope(cloud: cloud_module.Cloud, token: Token) -> dict[str, Any]:
    if token.is_system:
        return {"system": {"all": True}}
    if token.domain_id is not None:
        domain = cloud["identity.domain"].get(token.domain_id) or {}
        return {"domain": {"id": domain["id"], "name": domain["name"]}}
    project = cloud["identity.project"].get(token.project_id) or {}
    return {"project": _named(cloud, project), "is_domain": False}


def my_projects(call: web.Call) -> web.Answer:
    """GET /v3/auth/projects: where the caller has a role; never paged."""
    found = projects.of_user(call, call.token.user_id)
    return listing.answer(call, listing.PROJECT, found, cuts=False)


def my_domains(call: web.Call) -> web.Answer:
    """GET /v3/auth/domains: the domains in which the caller has a role."""
    ids = rights.targets_of(call.cloud, call.token.user_id, "domain")
    found = (call.rows("identity.domain").get(domain_id) for domain_id in ids)
    return listing.answer(call, listing.DOMAIN, (row for row in found if row), cuts=False)


def my_system(call: web.Call) -> web.Answer:
    """GET /v3/auth/system: whether the caller has a role in the system."""
    has_role = bool(rights.roles_in(call.cloud, call.token.user_id, ("system", "all")))
    links = {"self": listing.own_link(call)}
    return web.Answer(200, {"system": [{"all": True}] if has_role else [], "links": links})


def my_catalogue(call: web.Call) -> web.Answer:
    """GET /v3/auth/catalog: the token's catalogue; 403 without a project."""
    if call.token.project_id is None:
        raise web.Refused(403, "You are not authorized to perform the requested action.")
    found = catalogue.catalogue(call, call.token.project_id)
    return web.Answer(200, {"catalog": found, "links": {"self": listing.own_link(call)}})


ROUTES = (
    web.Route("POST", "/v3/auth/tokens", create, public=True),
    web.Route("GET", "/v3/auth/tokens", show),
    web.Route("DELETE", "/v3/auth/tokens", revoke),
    web.Route("GET", "/v3/auth/projects", my_projects),
    web.Route("GET", "/v3/auth/domains", my_domains),
    web.Route("GET", "/v3/auth/system", my_system),
    web.Route("GET", "/v3/auth/catalog", my_catalogue),
)
