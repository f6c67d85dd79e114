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
"""Keystone's notifications, in the formats CADF (its default) and basic.

Source: notifications of a real Keystone 30 (tests/samples/notifications/keystone), and its API
reference's "Keystone Event Notifications". They have ids and no names. A role assignment's is
CADF in both formats. Only what a call did itself is told: what went along with a deletion (role
assignments, credentials, memberships) is not.
"""

import datetime
from typing import Any
import uuid

from tests.emulator import bus
from tests.emulator import cloud as cloud_module
from tests.emulator import web

EXCHANGE = "keystone"
PUBLISHER = "identity.controller"
OBSERVER = uuid.uuid5(uuid.NAMESPACE_URL, "identity").hex
"""The identity service's own id in the catalogue."""

TARGETS = {
    "group": "data/security/group",
    "project": "data/security/project",
    "role": "data/security/role",
    "user": "data/security/account/user",
    "domain": "data/security/domain",
    "region": "data/security/region",
    "endpoint": "data/security/endpoint",
    "service": "data/security/service",
    "application_credential": "data/security/credential",
}
"""What CADF calls each; it knows no other credentials."""


def tell(call: web.Call, singular: str, action: str, key: str) -> None:
    """The resource was ``created``, ``updated`` or ``deleted``."""
    _emit(call, singular, action, lambda: _payload(call, singular, action, key))


def tell_member(call: web.Call, group_id: str, user_id: str, action: str) -> None:
    """The user was ``added`` to the group or ``removed`` from it; CADF does not say who."""

    def build() -> bus.Payload:
        payload = _payload(call, "group", "updated", group_id)
        if call.cloud.settings.keystone_notification_format == "basic":
            payload.update(actor_id=user_id, actor_type="user", actor_operation=action)
        return payload

    _emit(call, "group", "updated", build)


def tell_assignment(call: web.Call, row: cloud_module.Body, action: str) -> None:
    """The role was given (``created``) or taken (``deleted``); nothing is told of the system's."""
    if row["target"] == "system":
        return

    def build() -> bus.Payload:
        target = {"id": str(uuid.uuid4()), "typeURI": "service/security/account/user"}
        return {
            **_event(call, f"{action}.role_assignment", target),
            row["target"]: row["target_id"],
            row["actor"]: row["actor_id"],
            "inherited_to_projects": False,
            "role": row["role_id"],
        }

    _emit(call, "role_assignment", action, build)


def _emit(call: web.Call, singular: str, action: str, build: Any) -> None:
    call.cloud.bus.emit(EXCHANGE, PUBLISHER, f"identity.{singular}.{action}", build)


def _payload(call: web.Call, singular: str, action: str, key: str) -> bus.Payload:
    if call.cloud.settings.keystone_notification_format == "basic":
        return {"resource_info": key, "request_id": _request_id()}
    target = {"id": key, "typeURI": TARGETS.get(singular, "unknown")}
    return {**_event(call, f"{action}.{singular}", target), "resource_info": key}


def _event(call: web.Call, action: str, target: dict[str, str]) -> bus.Payload:
    now = call.cloud.clock.now().astimezone(datetime.UTC)
    return {
        "typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event",
        "eventType": "activity",
        "id": str(uuid.uuid4()),
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%f+0000"),
        "action": action,
        "outcome": "success",
        "observer": {"id": OBSERVER, "typeURI": "service/security"},
        "initiator": _initiator(call),
        "target": target,
    }


def _request_id() -> str:
    return f"req-{uuid.uuid4()}"


def _initiator(call: web.Call) -> dict[str, Any]:
    """Who did it; a change of one's password needs no token, and then nobody is named."""
    agent = str(call.request.user_agent)
    initiator: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "typeURI": "service/security/account/user",
        "host": {"address": call.request.remote_addr or "127.0.0.1", "agent": agent},
    }
    token = call.token_or_none
    if token is not None:
        name = (call.rows("identity.user").get(token.user_id) or {}).get("name", "")
        initiator.update(id=token.user_id, user_id=token.user_id)
        if token.project_id is not None:
            initiator["project_id"] = token.project_id
        if token.domain_id is not None:
            initiator["domain_id"] = token.domain_id
        initiator.update(name=name, username=name)
    return {**initiator, "request_id": _request_id()}
