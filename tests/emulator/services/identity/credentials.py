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
"""Credentials, those of EC2, and application credentials.

Source: API reference, Identity v3, "Credentials", "OS-EC2" and "Application Credentials"; shapes
and statuses seen on a real Keystone 30. An EC2 credential's id is the SHA-256 of its access key.
"""

import hashlib
import json
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy

Body = cloud_module.Body


def _may(call: web.Call, action: str, owner: str | None, *, role: str = "admin") -> None:
    policy.require(call, action, role=role, is_own=owner == call.token.user_id)


def list_credentials(call: web.Call) -> web.Answer:
    """GET /v3/credentials: all of them to those who may read them, else one's own."""
    token = call.token
    sees_all = "admin" in token.roles or (token.is_system and "reader" in token.roles)
    rows = call.rows("identity.credential")
    found = (row for row in rows if sees_all or row["user_id"] == token.user_id)
    return listing.answer(call, listing.CREDENTIAL, found)


def create_credential(call: web.Call) -> web.Answer:
    """POST /v3/credentials."""
    given = listing.given(call, listing.CREDENTIAL, "blob", "type")
    user_id = given.get("user_id", call.token.user_id)
    _may(call, "create_credential", user_id)
    body = {
        "id": call.cloud.new_hex_id(),
        "user_id": user_id,
        "project_id": given.get("project_id"),
        "type": given["type"],
        "blob": given["blob"],
    }
    if body["type"] == "ec2":
        body["id"] = _ec2_id(json.loads(body["blob"])["access"])
    return _created(call, body)


def _created(call: web.Call, body: Body) -> web.Answer:
    made = call.rows("identity.credential").add(body)
    notices.tell(call, "credential", "created", made["id"])
    return web.Answer(201, {"credential": listing.show(call, listing.CREDENTIAL, made)})


def _found(call: web.Call, action: str, role: str = "admin") -> Body:
    key = call.args["id"]
    body = call.rows("identity.credential").get(key)
    _may(call, action, body["user_id"] if body else None, role=role)
    return listing.find(call, listing.CREDENTIAL, key)


def show_credential(call: web.Call) -> web.Answer:
    """GET /v3/credentials/{id}."""
    body = _found(call, "get_credential", "reader")
    return web.Answer(200, {"credential": listing.show(call, listing.CREDENTIAL, body)})


def update_credential(call: web.Call) -> web.Answer:
    """PATCH /v3/credentials/{id}."""
    body = _found(call, "update_credential")
    given = listing.given(call, listing.CREDENTIAL)
    fields = ("blob", "project_id", "type", "user_id")
    body.update({name: given[name] for name in fields if name in given})
    return web.Answer(200, {"credential": listing.show(call, listing.CREDENTIAL, body)})


def delete_credential(call: web.Call) -> web.Answer:
    """DELETE /v3/credentials/{id}."""
    body = _found(call, "delete_credential")
    return _deleted(call, body["id"])


def _deleted(call: web.Call, key: str) -> web.Answer:
    call.rows("identity.credential").remove(key)
    notices.tell(call, "credential", "deleted", key)
    return web.Answer(204)


def _ec2_id(access: str) -> str:
    return hashlib.sha256(access.encode()).hexdigest()


def _ec2(call: web.Call, body: Body) -> Body:
    """A credential as EC2 shows it."""
    blob = json.loads(body["blob"])
    path = ("users", body["user_id"], "credentials", "OS-EC2", blob["access"])
    return {
        "user_id": body["user_id"],
        "tenant_id": body["project_id"],
        "access": blob["access"],
        "secret": blob["secret"],
        "trust_id": None,
        "links": {"self": listing.url(call, *path)},
    }


def list_ec2(call: web.Call) -> web.Answer:
    """GET /v3/users/{user}/credentials/OS-EC2."""
    _may(call, "ec2_list_credentials", call.args["user"], role="reader")
    listing.find(call, listing.USER, call.args["user"])
    rows = call.rows("identity.credential").where("user_id", call.args["user"])
    found = [_ec2(call, row) for row in rows if row["type"] == "ec2"]
    return web.Answer(200, {"credentials": found, "links": listing.links(call)})


def create_ec2(call: web.Call) -> web.Answer:
    """POST /v3/users/{user}/credentials/OS-EC2: 404 for an unknown project."""
    _may(call, "ec2_create_credential", call.args["user"])
    user = listing.find(call, listing.USER, call.args["user"])
    project = listing.find(call, listing.PROJECT, call.body.get("tenant_id", ""))
    access, secret = call.cloud.new_hex_id(), call.cloud.new_hex_id()
    body = {
        "id": _ec2_id(access),
        "user_id": user["id"],
        "project_id": project["id"],
        "type": "ec2",
        "blob": json.dumps({"access": access, "secret": secret, "trust_id": None}),
    }
    _created(call, dict(body))
    return web.Answer(201, {"credential": _ec2(call, body)})


def _found_ec2(call: web.Call, action: str, role: str = "admin") -> Body:
    _may(call, action, call.args["user"], role=role)
    return listing.find(call, listing.CREDENTIAL, _ec2_id(call.args["access"]))


def show_ec2(call: web.Call) -> web.Answer:
    """GET /v3/users/{user}/credentials/OS-EC2/{access}."""
    body = _found_ec2(call, "ec2_get_credential", "reader")
    return web.Answer(200, {"credential": _ec2(call, body)})


def delete_ec2(call: web.Call) -> web.Answer:
    """DELETE /v3/users/{user}/credentials/OS-EC2/{access}."""
    body = _found_ec2(call, "ec2_delete_credential")
    return _deleted(call, body["id"])


def _application_credential(call: web.Call, body: Body) -> Body:
    shown = {name: value for name, value in body.items() if name != "secret"}
    return listing.show(call, listing.APPLICATION_CREDENTIAL, shown)


def list_application_credentials(call: web.Call) -> web.Answer:
    """GET /v3/users/{user}/application_credentials."""
    user_id = call.args["user"]
    _may(call, "list_application_credentials", user_id, role="reader")
    rows = call.rows("identity.application_credential").where("user_id", user_id)
    found = ({name: row[name] for name in row if name != "secret"} for row in rows)
    return listing.answer(call, listing.APPLICATION_CREDENTIAL, found)


def create_application_credential(call: web.Call) -> web.Answer:
    """POST /v3/users/{user}/application_credentials: for oneself, in the token's project."""
    token = call.token
    if token.user_id != call.args["user"] or token.project_id is None:
        raise policy.forbidden("create_application_credential")
    given = listing.given(call, listing.APPLICATION_CREDENTIAL, "name")
    rows = call.rows("identity.application_credential")
    if any(row["name"] == given["name"] for row in rows.where("user_id", token.user_id)):
        message = "Conflict occurred attempting to store application_credential - Duplicate entry"
        raise web.Refused(409, f"{message} found with name {given['name']}.")
    wanted = given.get("roles")
    roles = [
        dict(role)
        for role in call.rows("identity.role")
        if role["name"] in token.roles and (wanted is None or _is_named(role, wanted))
    ]
    body = {
        "id": call.cloud.new_hex_id(),
        "name": given["name"],
        "description": given.get("description"),
        "project_id": token.project_id,
        "user_id": token.user_id,
        "roles": roles,
        "expires_at": given.get("expires_at"),
        "unrestricted": given.get("unrestricted"),
        "system": None,
        "secret": given.get("secret", call.cloud.new_hex_id()),
    }
    secret = body["secret"]
    made = rows.add(body)
    notices.tell(call, "application_credential", "created", made["id"])
    shown = {**_application_credential(call, made), "secret": secret}
    return web.Answer(201, {"application_credential": shown})


def _is_named(role: Body, wanted: list[dict[str, Any]]) -> bool:
    return any(role["id"] == one.get("id") or role["name"] == one.get("name") for one in wanted)


def _found_application_credential(call: web.Call, action: str, role: str = "admin") -> Body:
    _may(call, action, call.args["user"], role=role)
    key = call.args["id"]
    body = call.rows("identity.application_credential").get(key)
    if body is None or body["user_id"] != call.args["user"]:
        raise web.Refused(404, f"Could not find Application Credential: {key}.")
    return body


def show_application_credential(call: web.Call) -> web.Answer:
    """GET /v3/users/{user}/application_credentials/{id}."""
    body = _found_application_credential(call, "get_application_credential", "reader")
    shown = _application_credential(call, body)
    return web.Answer(200, {"application_credential": shown})


def delete_application_credential(call: web.Call) -> web.Answer:
    """DELETE /v3/users/{user}/application_credentials/{id}."""
    body = _found_application_credential(call, "delete_application_credential")
    call.rows("identity.application_credential").remove(body["id"])
    notices.tell(call, "application_credential", "deleted", body["id"])
    return web.Answer(204)


EC2 = "/v3/users/<user>/credentials/OS-EC2"
APPLICATION = "/v3/users/<user>/application_credentials"

ROUTES = (
    web.Route("GET", "/v3/credentials", list_credentials),
    web.Route("POST", "/v3/credentials", create_credential),
    web.Route("GET", "/v3/credentials/<id>", show_credential),
    web.Route("PATCH", "/v3/credentials/<id>", update_credential),
    web.Route("DELETE", "/v3/credentials/<id>", delete_credential),
    web.Route("GET", EC2, list_ec2),
    web.Route("POST", EC2, create_ec2),
    web.Route("GET", f"{EC2}/<access>", show_ec2),
    web.Route("DELETE", f"{EC2}/<access>", delete_ec2),
    web.Route("GET", APPLICATION, list_application_credentials),
    web.Route("POST", APPLICATION, create_application_credential),
    web.Route("GET", f"{APPLICATION}/<id>", show_application_credential),
    web.Route("DELETE", f"{APPLICATION}/<id>", delete_application_credential),
)
