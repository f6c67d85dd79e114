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

Source of the shapes: API reference, Identity v3, "Password authentication with scoped
authorization", and the answers of a real Keystone 30.
"""

import datetime
from typing import Any
import uuid

from tests.emulator import cloud as cloud_module
from tests.emulator import web

Body = cloud_module.Body
UNAUTHORIZED = "The request you have made requires authentication."


def valid(cloud: cloud_module.Cloud, token_id: str) -> cloud_module.Token | None:
    """The token with this id; None if unknown, expired, or its user or project is gone."""
    token = cloud.tokens.get(token_id)
    if token is None or token.expires_at <= cloud.clock.now():
        return None
    if cloud["identity.user"].get(token.user_id) is None:
        return None
    if token.project_id and cloud["identity.project"].get(token.project_id) is None:
        return None
    return token


def create(call: web.Call) -> web.Answer:
    """POST /v3/auth/tokens: 201 with X-Subject-Token; 401 says nothing about what was wrong."""
    auth = call.body.get("auth")
    if not isinstance(auth, dict):
        raise web.Refused(400, "Expecting to find auth in request body.")
    user = _authenticate(call.cloud, auth.get("identity", {}))
    token = _issue(call.cloud, user, auth.get("scope", {}))
    headers = {"X-Subject-Token": token.id, "Vary": "X-Auth-Token"}
    return web.Answer(201, {"token": _describe(call, token)}, headers)


def show(call: web.Call) -> web.Answer:
    """GET /v3/auth/tokens: what the token in X-Subject-Token says; 404 if it is not valid."""
    token = valid(call.cloud, call.request.headers.get("X-Subject-Token", ""))
    if token is None:
        raise web.Refused(404, "Could not recognize Fernet token")
    headers = {"X-Subject-Token": token.id, "Vary": "X-Auth-Token"}
    return web.Answer(200, {"token": _describe(call, token)}, headers)


def revoke(call: web.Call) -> web.Answer:
    """DELETE /v3/auth/tokens: the token in X-Subject-Token is no longer valid."""
    if call.cloud.tokens.pop(call.request.headers.get("X-Subject-Token", ""), None) is None:
        raise web.Refused(404, "Could not recognize Fernet token")
    return web.Answer(204)


def catalogue(call: web.Call, project_id: str | None) -> list[dict[str, Any]]:
    """The services and where they are, as the host that the client asked knows them."""
    host = call.request.host_url.rstrip("/")
    return [
        entry
        for service in call.services
        if (entry := _catalogue_entry(call.cloud, service, host, project_id)) is not None
    ]


def _catalogue_entry(
    cloud: cloud_module.Cloud, service: web.Service, host: str, project_id: str | None
) -> dict[str, Any] | None:
    url = service.catalogue_url(host, project_id)
    if url is None:
        return None
    region = cloud.settings.region
    url = cloud.settings.endpoints.get(service.type, url)
    endpoints = [
        {
            "id": _stable_id(f"{service.type} {interface}"),
            "interface": interface,
            "region_id": region,
            "region": region,
            "url": url,
        }
        for interface in ("public", "internal", "admin")
    ]
    return {
        "endpoints": endpoints,
        "id": _stable_id(service.type),
        "type": service.catalogue_type or service.type,
        "name": service.name,
    }


def _stable_id(text: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, text).hex


def _authenticate(cloud: cloud_module.Cloud, identity: dict[str, Any]) -> Body:
    given = identity.get("password", {}).get("user", {})
    user = _find(cloud, "identity.user", given)
    if user is None or not user["enabled"]:
        raise web.Refused(401, UNAUTHORIZED)
    if cloud.passwords.get(user["id"]) != given.get("password"):
        raise web.Refused(401, UNAUTHORIZED)
    return user


def _find(cloud: cloud_module.Cloud, kind: str, given: dict[str, Any]) -> Body | None:
    """The user or project meant by an id, or by a name and a domain."""
    if "id" in given:
        return cloud[kind].get(given["id"])
    domain = given.get("domain", {})
    for body in cloud[kind]:
        if body["name"] == given.get("name") and _is_domain(cloud, body["domain_id"], domain):
            return body
    return None


def _is_domain(cloud: cloud_module.Cloud, domain_id: str, given: dict[str, str]) -> bool:
    found = cloud["identity.domain"].get(domain_id)
    return found is not None and (
        given.get("id") == domain_id or given.get("name") == found["name"]
    )


def _issue(cloud: cloud_module.Cloud, user: Body, scope: Any) -> cloud_module.Token:
    project: Body | None = None
    is_system = isinstance(scope, dict) and "system" in scope
    if isinstance(scope, dict) and "project" in scope:
        project = _find(cloud, "identity.project", scope["project"])
        if project is None:
            raise web.Refused(401, UNAUTHORIZED)
    elif isinstance(scope, dict) and "domain" in scope:
        raise web.Refused(401, UNAUTHORIZED)  # nobody has a role in a domain here
    roles = roles_of(cloud, user, project) if project else frozenset[str]()
    if is_system:
        roles = frozenset(role for role in _roles_anywhere(cloud, user) if role == "admin")
    if (project or is_system) and not roles:
        raise web.Refused(401, UNAUTHORIZED)
    now = cloud.clock.now()
    token = cloud_module.Token(
        id=f"gAAAAA{cloud.new_hex_id()}{cloud.new_hex_id()}",
        user_id=user["id"],
        project_id=project["id"] if project else None,
        is_system=is_system,
        roles=roles,
        issued_at=now,
        expires_at=now + datetime.timedelta(seconds=cloud.settings.token_lifetime_s),
    )
    cloud.tokens[token.id] = token
    return token


def roles_of(cloud: cloud_module.Cloud, user: Body, project: Body) -> frozenset[str]:
    """The names of the user's roles in the project, with those that they imply.

    A real bootstrapped Keystone lets admin imply manager, that member, that reader.
    """
    implied = {"admin": ("manager", "member", "reader"), "member": ("reader",)}
    names: set[str] = set()
    for given in cloud["identity.role_assignment"]:
        same_user = given["user"]["id"] == user["id"]
        role = cloud["identity.role"].get(given["role"]["id"])
        if same_user and role and given["scope"]["project"]["id"] == project["id"]:
            names.update({role["name"], *implied.get(role["name"], ())})
    return frozenset(names)


def _roles_anywhere(cloud: cloud_module.Cloud, user: Body) -> set[str]:
    return {
        name for project in cloud["identity.project"] for name in roles_of(cloud, user, project)
    }


def _named(body: Body, domain: Body) -> dict[str, Any]:
    """A user or project as tokens show it."""
    return {
        "domain": {"id": domain["id"], "name": domain["name"]},
        "id": body["id"],
        "name": body["name"],
    }


def _describe(call: web.Call, token: cloud_module.Token) -> dict[str, Any]:
    cloud = call.cloud
    user = cloud["identity.user"].get(token.user_id) or {}
    domain = cloud["identity.domain"].get(user["domain_id"]) or {}
    described: dict[str, Any] = {
        "methods": ["password"],
        "user": {**_named(user, domain), "password_expires_at": None},
        "audit_ids": [token.id[-22:]],
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "issued_at": token.issued_at.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
    }
    if token.project_id is None and not token.is_system:
        return described  # unscoped: no roles, no catalogue
    described["roles"] = [
        {"id": role["id"], "name": role["name"]}
        for role in cloud["identity.role"]
        if role["name"] in token.roles
    ]
    if token.is_system:
        described["system"] = {"all": True}
    project = cloud["identity.project"].get(token.project_id) if token.project_id else None
    if project is not None:
        domain = cloud["identity.domain"].get(project["domain_id"]) or {}
        described.update(project=_named(project, domain), is_domain=False)
    described["catalog"] = catalogue(call, token.project_id)
    return described
