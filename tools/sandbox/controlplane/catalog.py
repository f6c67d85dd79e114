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
"""The identity service's content: catalogue, service users, the people of the sandbox.

Plain HTTP to Keystone's API v3: the catalogue must exist before the computes start, and importing
openstacksdk would cost more than all these requests.
"""

import collections.abc
import json
import typing
import urllib.error
import urllib.request

from controlplane import errors
from controlplane import layout
from controlplane import services

INTERFACES = ("public", "internal", "admin")
PEOPLE = ("demo", "production")

Record = dict[str, typing.Any]


class Identity:
    """Keystone's API as the cloud's administrator."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/v3"
        self._token = ""
        user = {"name": "admin", "domain": {"id": "default"}, "password": layout.PASSWORD}
        project = {"project": {"name": "admin", "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": project}}
        with self._send("POST", "/auth/tokens", body) as response:
            self._token = response.headers["X-Subject-Token"]

    def list(self, kind: str) -> list[Record]:
        """All records of the kind, for example "users"."""
        with self._send("GET", f"/{kind}") as response:
            return list(json.load(response)[kind])

    def create(self, kind: str, **fields: typing.Any) -> Record:
        """The new record."""
        with self._send("POST", f"/{kind}s", {kind: fields}) as response:
            return dict(json.load(response)[kind])

    def assign(self, project: Record, user: Record, role: Record) -> None:
        """The user has the role in the project."""
        path = f"/projects/{project['id']}/users/{user['id']}/roles/{role['id']}"
        self._send("PUT", path).close()

    def _send(self, method: str, path: str, body: Record | None = None) -> typing.Any:
        request = urllib.request.Request(  # noqa: S310 - the URL is ours
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Auth-Token": self._token},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            return opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            with error:
                answer = error.read().decode()
            message = f"keystone refused {method} {path} with {error.code}: {answer}"
            raise errors.SandboxError(message) from error


def ensure(chosen: collections.abc.Iterable[services.Service], keystone: str) -> str:
    """Every chosen service has a user and its endpoints; the sandbox's people have projects."""
    identity = Identity(keystone)
    projects = {record["name"]: record for record in identity.list("projects")}
    users = {record["name"]: record for record in identity.list("users")}
    roles = {record["name"]: record for record in identity.list("roles")}

    def join(user: str, project: str, *names: str) -> None:
        if project not in projects:
            fields = {"name": project, "domain_id": "default", "description": project}
            projects[project] = identity.create("project", **fields)
        if user not in users:
            fields = {"name": user, "domain_id": "default", "password": layout.PASSWORD}
            home = projects[project]["id"]
            users[user] = identity.create("user", default_project_id=home, **fields)
        for name in names:
            identity.assign(projects[project], users[user], roles[name])

    with_api = [service for service in chosen if service.endpoint and service.endpoint.type]
    for service in with_api:
        join(service.name, "service", "admin", "service")
    for person in PEOPLE:
        join(person, person, "member")
        join("admin", person, "admin")
    _ensure_endpoints(identity, with_api)
    return f"catalogue: {' '.join(service.name for service in with_api)}"


def _ensure_endpoints(
    identity: Identity, chosen: collections.abc.Iterable[services.Service]
) -> None:
    known = {record["type"]: record for record in identity.list("services")}
    existing = {
        (record["service_id"], record["interface"]) for record in identity.list("endpoints")
    }
    for service in chosen:
        endpoint = typing.cast(services.Endpoint, service.endpoint)
        if endpoint.type not in known:
            fields = {"type": endpoint.type, "name": endpoint.name}
            known[endpoint.type] = identity.create("service", **fields)
        own = known[endpoint.type]["id"]
        for interface in INTERFACES:
            if (own, interface) not in existing:
                fields = {"service_id": own, "interface": interface, "region_id": layout.REGION}
                identity.create("endpoint", url=endpoint.url + endpoint.path, **fields)
