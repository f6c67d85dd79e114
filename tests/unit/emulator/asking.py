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
"""A client that asks the emulated cloud's application directly."""

import dataclasses
import json
from typing import Any

from werkzeug import test
from werkzeug import wrappers

from tests.emulator import application
from tests.emulator import cloud as cloud_module

HOST = "http://emulated.test"


@dataclasses.dataclass(frozen=True)
class Reply:
    """Status, headers and, if it was JSON, the body of an answer."""

    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """Speaks as one user; `compute` and `volume` requests carry the highest microversions."""

    def __init__(self, cloud: cloud_module.Cloud, user: str = "admin", project: str = "") -> None:
        self.cloud = cloud
        self._application = application.Application(cloud)
        self._token = ""
        self.login(user, project or user)

    def login(self, user: str, project: str) -> None:
        """From now on it speaks as this user (password ``secret``) in this project."""
        domain = {"name": "Default"}
        who = {"name": user, "password": "secret", "domain": domain}
        identity = {"methods": ["password"], "password": {"user": who}}
        scope = {"project": {"name": project, "domain": domain}}
        auth = {"auth": {"identity": identity, "scope": scope}}
        reply = self("POST", "/identity/v3/auth/tokens", auth)
        assert reply.status == 201, reply
        self._token = reply.headers["X-Subject-Token"]
        self.project_id: str = reply.body["token"]["project"]["id"]

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """The answer to a request whose path may name ``{project}``."""
        path = path.replace("{project}", getattr(self, "project_id", ""))
        given = {
            "OpenStack-API-Version": "compute 2.96, volume 3.70",
            "X-Auth-Token": self._token,
            **(headers or {}),
        }
        data = None if body is None else json.dumps(body)
        builder = test.EnvironBuilder(
            path, HOST, method=method, headers=given, data=data, content_type="application/json"
        )
        environ = builder.get_environ()
        builder.close()
        reply = self._application.respond(wrappers.Request(environ))
        is_json = reply.headers.get("Content-Type") == "application/json"
        content = json.loads(reply.content) if is_json else reply.content.decode()
        return Reply(reply.status, reply.headers, content)

    def get(self, path: str, **headers: str) -> Any:
        """The body of what must be a 200."""
        reply = self("GET", path, headers=headers)
        assert reply.status == 200, reply
        return reply.body

    def delete(self, path: str, **headers: str) -> int:
        """The status of a DELETE."""
        return self(
            "DELETE", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        ).status

    def put(self, path: str, body: Any) -> Reply:
        """The answer to a PUT."""
        return self("PUT", path, body)
