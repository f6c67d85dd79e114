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
"""Who somebody is, as they prove it, and where they want to act.

Source: API reference, Identity v3, "Authentication and token management"; statuses and messages
seen on a real Keystone 30.
"""

from collections.abc import Callable
import dataclasses
import datetime
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.identity import rights

Body = cloud_module.Body
Cloud = cloud_module.Cloud
Validate = Callable[[str], cloud_module.Token | None]

UNAUTHORIZED = "The request you have made requires authentication."


@dataclasses.dataclass(frozen=True)
class Proof:
    """Who it is, and what limits the token that is given for it.

    A token that is given for a token ends with that one and continues its chain of audit ids; one
    for an application credential has its project and no more than its roles.
    """

    user: Body
    methods: tuple[str, ...]
    audit_ids: tuple[str, ...] = ()
    expires_at: datetime.datetime | None = None
    project_id: str | None = None
    roles: frozenset[str] | None = None


def is_live(cloud: Cloud, body: Body) -> bool:
    """Whether a user or project and its domain are enabled."""
    domain = cloud["identity.domain"].get(body["domain_id"])
    return bool(body["enabled"] and domain and domain["enabled"])


def is_live_target(cloud: Cloud, target: rights.Target) -> bool:
    """Whether the scope is there and enabled."""
    kind, key = target
    if kind == "project":
        project = cloud["identity.project"].get(key)
        return project is not None and is_live(cloud, project)
    domain = cloud["identity.domain"].get(key)
    return kind == "system" or bool(domain and domain["enabled"])


def _missing(what: str, where: str) -> web.Refused:
    more = "The server could not comply with the request since it is either malformed or otherwise"
    ending = "incorrect. The client is assumed to be in error."
    return web.Refused(400, f"Expecting to find {what} in {where}. {more} {ending}")


def prove(cloud: Cloud, identity: Any, validate: Validate) -> Proof:
    """Who it is; 401 if the proof is wrong, 400 if there is none. `validate` is for tokens."""
    if not isinstance(identity, dict) or "methods" not in identity:
        raise web.Refused(400, "Invalid input for field 'identity': 'methods' is required")
    for method in identity["methods"]:
        if method not in identity:
            raise _missing(method, "identity")
        if method == "password":
            return _by_password(cloud, identity[method].get("user", {}))
        if method == "token":
            return _by_token(cloud, identity[method].get("id", ""), validate)
        if method == "application_credential":
            return _by_application_credential(cloud, identity[method])
    raise web.Refused(401, UNAUTHORIZED)


def _by_password(cloud: Cloud, given: dict[str, Any]) -> Proof:
    user = _find(cloud, "user", given)
    if user is None or not is_live(cloud, user):
        raise web.Refused(401, UNAUTHORIZED)
    password = cloud.passwords.get(user["id"])
    if password is None or password != given.get("password"):
        raise web.Refused(401, UNAUTHORIZED)
    return Proof(user, ("password",))


def _by_token(cloud: Cloud, token_id: str, validate: Validate) -> Proof:
    token = validate(token_id)
    if token is None:
        raise web.Refused(404, "Could not recognize Fernet token")
    user = cloud["identity.user"].get(token.user_id) or {}
    methods = tuple(dict.fromkeys(("token", *token.methods)))
    return Proof(user, methods, token.audit_ids[-1:], token.expires_at)


def _by_application_credential(cloud: Cloud, given: dict[str, Any]) -> Proof:
    rows = cloud["identity.application_credential"]
    found = rows.get(given.get("id", ""))
    if "id" not in given:
        owner = _find(cloud, "user", given.get("user", {})) or {}
        mine = rows.where("user_id", owner.get("id"))
        found = next((row for row in mine if row["name"] == given.get("name")), None)
    if found is None or found["secret"] != given.get("secret"):
        raise web.Refused(401, UNAUTHORIZED)
    user = cloud["identity.user"].get(found["user_id"])
    if user is None or not is_live(cloud, user):
        raise web.Refused(401, UNAUTHORIZED)
    roles = frozenset(role["name"] for role in found["roles"])
    methods = ("application_credential",)
    return Proof(user, methods, project_id=found["project_id"], roles=roles)


def target(cloud: Cloud, proof: Proof, scope: Any) -> rights.Target | None:
    """Where the token is to be for: what was asked, else the user's default project, if any.

    401 if it is not there or disabled.
    """
    if proof.project_id is not None:
        found: rights.Target | None = ("project", proof.project_id)
    elif scope is None:
        return _default(cloud, proof)
    elif scope == "unscoped" or "unscoped" in scope:
        return None
    else:
        found = _asked(cloud, scope)
    if found is None or not is_live_target(cloud, found):
        raise web.Refused(401, UNAUTHORIZED)
    return found


def _default(cloud: Cloud, proof: Proof) -> rights.Target | None:
    wanted = ("project", proof.user.get("default_project_id") or "")
    if "token" in proof.methods or not is_live_target(cloud, wanted):
        return None
    return wanted if rights.roles_in(cloud, proof.user["id"], wanted) else None


def _asked(cloud: Cloud, scope: dict[str, Any]) -> rights.Target | None:
    if "system" in scope:
        return ("system", "all")
    for kind in ("project", "domain"):
        if kind in scope:
            body = _find(cloud, kind, scope[kind])
            return (kind, body["id"]) if body else None
    raise _missing("system, project, domain, OS-TRUST:trust or unscoped", "scope")


def _find(cloud: Cloud, singular: str, given: dict[str, Any]) -> Body | None:
    """What is meant by an id, or by a name and, for users and projects, a domain; 400 by none."""
    if "id" in given:
        return cloud[f"identity.{singular}"].get(given["id"])
    if "name" not in given:
        message = f"Invalid input for field identity/{singular}: id or name must be present."
        raise web.Refused(400, message)
    rows = cloud[f"identity.{singular}"].where("name", given.get("name"))
    if singular == "domain":
        return next(rows, None)
    if "domain" not in given:
        raise _missing("domain", singular)
    domain = _find(cloud, "domain", given["domain"])
    return next((row for row in rows if domain and row["domain_id"] == domain["id"]), None)
