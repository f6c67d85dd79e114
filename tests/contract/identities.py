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
"""What the contract's identity tests make: people, places, roles, all of the run's own."""

import contextlib
import functools
import itertools
import secrets
from typing import Any

from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3

from tests.contract import callers

NUMBERS = itertools.count()
RUN = secrets.token_hex(4)


def fresh_name() -> str:
    """A name that nobody else has."""
    return f"contract-{RUN}-{next(NUMBERS)}"


@functools.cache
def _roles(admin: callers.Caller) -> dict[str, str]:
    listed = admin.get("identity", "/v3/roles").json()["roles"]
    return {role["name"]: role["id"] for role in listed}


def error(answer: Any) -> str:
    """The message of a refusal, whose code is its status."""
    found = answer.json()["error"]
    assert found["code"] == answer.status_code
    return str(found["message"])


class Maker:
    """Makes what a test needs as the administrator; all of it is gone when `undo` is closed."""

    def __init__(self, people: callers.People, undo: contextlib.ExitStack) -> None:
        self.admin = people.admin
        self._undo = undo

    @property
    def roles(self) -> dict[str, str]:
        """The ids of the roles that the cloud had from the start, by name."""
        return _roles(self.admin)

    def _make(self, singular: str, body: dict[str, Any], plural: str = "") -> Any:
        path = f"/v3/{plural or singular + 's'}"
        made = self.admin.make("identity", path, {singular: body})
        self._undo.callback(self.admin.delete, "identity", f"{path}/{made['id']}")
        return made

    def domain(self, **fields: Any) -> Any:
        """A new domain."""
        made = self.admin.make(
            "identity", "/v3/domains", {"domain": {"name": fresh_name(), **fields}}
        )
        path = f"/v3/domains/{made['id']}"
        self._undo.callback(self.admin.delete, "identity", path)
        self._undo.callback(self.admin.patch, "identity", path, {"domain": {"enabled": False}})
        return made

    def project(self, **fields: Any) -> Any:
        """A new project, in the default domain unless the fields say otherwise."""
        return self._make("project", {"name": fresh_name(), "domain_id": "default", **fields})

    def user(self, **fields: Any) -> Any:
        """A new user with the password of all."""
        body = {"name": fresh_name(), "domain_id": "default", "password": callers.PASSWORD}
        return self._make("user", {**body, **fields})

    def group(self, **fields: Any) -> Any:
        """A new group."""
        return self._make("group", {"name": fresh_name(), "domain_id": "default", **fields})

    def role(self, **fields: Any) -> Any:
        """A new role."""
        return self._make("role", {"name": fresh_name(), **fields})

    def service(self, **fields: Any) -> Any:
        """A new service of a new type."""
        name = fresh_name()
        return self._make("service", {"name": name, "type": name, **fields})

    def region(self, **fields: Any) -> Any:
        """A new region."""
        return self._make("region", {"id": fresh_name(), **fields})

    def endpoint(self, service: Any, **fields: Any) -> Any:
        """A new public endpoint of the service."""
        body = {"service_id": service["id"], "interface": "public", "url": "http://127.0.0.1:9/x"}
        return self._make("endpoint", {**body, **fields})

    def credential(self, user: Any, **fields: Any) -> Any:
        """A new credential of the user's."""
        return self._make(
            "credential", {"type": "cert", "blob": "x", "user_id": user["id"], **fields}
        )

    def grant(self, role: str, *path: str) -> None:
        """The role is given: ``grant("member", "projects", ID, "users", ID)``."""
        where = "/".join(("/v3", *path, "roles", self.roles.get(role, role)))
        assert self.admin.put("identity", where).status_code == 204

    def log_in(self, user: Any, **scope: Any) -> callers.Caller:
        """The user with a token for a scope: ``project_id``, ``domain_id``, ``system_scope``."""
        auth = v3.Password(
            auth_url=self.admin.session.auth.auth_url,
            user_id=user["id"],
            password=callers.PASSWORD,
            **scope,
        )
        return callers.Caller(sessions.Session(auth), user["id"], scope.get("project_id", ""))
