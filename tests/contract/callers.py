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
"""Who asks in the contract's tests: an administrator, a member, a reader, a stranger."""

import contextlib
import dataclasses
import re
import secrets
import time
from typing import Any

from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3
import requests

PASSWORD = "secret"
EARLY_DELETES = (409, 400, 403)
"""What services answer while a resource is still busy or in use; worth another try."""


@dataclasses.dataclass(frozen=True)
class Caller:
    """Somebody with a token, who asks services by their type and the path below their root.

    The path has the version, ``/v2.1/servers``; ``{project}`` in it is the caller's project. No
    status raises, nothing is followed or tried again: the answer is what a test looks at.
    `version` is the microversion, sent in the header that the service of that type wants.
    """

    session: sessions.Session
    user_id: str
    project_id: str

    def ask(
        self, method: str, service: str, path: str, *, version: str = "", **more: Any
    ) -> requests.Response:
        """The answer to one request."""
        answer: requests.Response = self.session.request(
            self.root(service) + path.replace("{project}", self.project_id),
            method,
            endpoint_filter={"service_type": service, "interface": "public"},
            microversion=version or None,
            raise_exc=False,
            redirect=False,
            connect_retries=0,
            status_code_retries=0,
            **more,
        )
        return answer

    def root(self, service: str) -> str:
        """The service's address in the catalogue, without a version and what follows it."""
        data = self.session.auth.get_endpoint_data(
            self.session, service_type=service, interface="public", discover_versions=False
        )
        return re.sub(r"(/v\d[^/]*.*)?/?$", "", str(data.catalog_url))

    def get(self, service: str, path: str, **more: Any) -> requests.Response:
        """The answer to a GET; `params` is the query, `version` the microversion."""
        return self.ask("GET", service, path, **more)

    def post(self, service: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """The answer to a POST of this JSON."""
        return self.ask("POST", service, path, json=body, **more)

    def put(self, service: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """The answer to a PUT of this JSON."""
        return self.ask("PUT", service, path, json=body, **more)

    def patch(self, service: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """The answer to a PATCH of this JSON."""
        return self.ask("PATCH", service, path, json=body, **more)

    def delete(self, service: str, path: str, **more: Any) -> requests.Response:
        """The answer to a DELETE."""
        return self.ask("DELETE", service, path, **more)

    def make(self, service: str, path: str, body: dict[str, Any], **more: Any) -> Any:
        """The resource that a POST made: the object below the answer's one key, or the answer."""
        answer = self.post(service, path, body, **more)
        assert answer.ok, f"POST {service} {path}: {answer.status_code} {answer.text}"
        made = answer.json()
        return next(iter(made.values())) if len(made) == 1 else made

    def status_of(self, service: str, path: str, **more: Any) -> str | None:
        """The ``status`` of the resource at the path, in lower case; None if it is gone."""
        answer = self.get(service, path, **more)
        if answer.status_code == 404:
            return None
        body = answer.json()
        resource = next(iter(body.values())) if len(body) == 1 else body
        return str(resource["status"]).lower()

    def await_status(
        self, service: str, path: str, status: str | None, *, within_s: float = 120, **more: Any
    ) -> None:
        """The resource has this status (None: it is gone); AssertionError if it never has."""
        end = time.monotonic() + within_s
        while (now := self.status_of(service, path, **more)) != status:
            assert now != "error", f"{service} {path} is in error, not {status}"
            assert time.monotonic() < end, f"{service} {path} is {now}, not {status}"
            time.sleep(0.05)

    def remove(self, service: str, path: str, *, within_s: float = 120, **more: Any) -> None:
        """The resource is gone, however long the service takes to let it go."""
        end = time.monotonic() + within_s
        while (answer := self.delete(service, path, **more)).status_code != 404:
            assert time.monotonic() < end, f"DELETE {path}: {answer.status_code} {answer.text}"
            if answer.status_code in EARLY_DELETES or answer.ok:
                time.sleep(0.05 if answer.ok else 0.3)


@dataclasses.dataclass(frozen=True)
class People:
    """The administrator of the cloud, a member and a reader of one project, another's member.

    Both projects and their three users are the test run's own.
    """

    admin: Caller
    member: Caller
    reader: Caller
    stranger: Caller


def log_in(auth_url: str, user_id: str, project_id: str) -> Caller:
    """The user, scoped to the project."""
    auth = v3.Password(
        auth_url=auth_url, user_id=user_id, password=PASSWORD, project_id=project_id
    )
    return Caller(sessions.Session(auth), user_id, project_id)


def administrator(session: sessions.Session) -> Caller:
    """The caller of an administrator's session."""
    return Caller(session, session.get_user_id(), session.get_project_id())


def settle(admin: Caller, auth_url: str, undo: contextlib.ExitStack) -> People:
    """Two new projects with their people, all gone when `undo` is closed."""
    listed = admin.get("identity", "/v3/roles").json()["roles"]
    roles = {role["name"]: role["id"] for role in listed}
    run = f"contract-{secrets.token_hex(4)}"

    def project(name: str) -> str:
        body = {"project": {"name": f"{run}-{name}", "domain_id": "default"}}
        made = admin.make("identity", "/v3/projects", body)
        undo.callback(admin.remove, "identity", f"/v3/projects/{made['id']}")
        return str(made["id"])

    def user(name: str, project_id: str, role: str) -> Caller:
        body = {"user": {"name": f"{run}-{name}", "domain_id": "default", "password": PASSWORD}}
        made = admin.make("identity", "/v3/users", body)
        undo.callback(admin.remove, "identity", f"/v3/users/{made['id']}")
        path = f"/v3/projects/{project_id}/users/{made['id']}/roles/{roles[role]}"
        assert admin.put("identity", path).status_code == 204
        return log_in(auth_url, made["id"], project_id)

    one, two = project("one"), project("two")
    return People(
        admin=admin,
        member=user("member", one, "member"),
        reader=user("reader", one, "reader"),
        stranger=user("stranger", two, "member"),
    )
