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
"""What the services' modules are written in: calls, answers, refusals, routes."""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import json
from typing import Any

import msgspec
from werkzeug import datastructures
from werkzeug import wrappers

from tests.emulator import cloud as cloud_module
from tests.emulator import table

Version = tuple[int, int]


class Refused(Exception):
    """The service answers with this status; its `shape` decides how the body looks."""

    def __init__(self, status: int, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind


@dataclasses.dataclass
class Answer:
    """Status, body (a dict for JSON, else text) and headers of a response."""

    status: int
    body: Any = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    content_type: str = "application/json"

    def content(self) -> bytes:
        """The body as it goes over the wire."""
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else _json(self.body)


def _json(body: Any) -> bytes:
    """As JSON; half of a character, which a client may have sent in a name, is escaped."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(body, default=msgspec.json.decode).encode()


@dataclasses.dataclass(frozen=True)
class Microversions:
    """How one service speaks of microversions: its name in the header, the lowest, the highest."""

    name: str
    lowest: Version
    highest: Version
    legacy_header: str = ""


@dataclasses.dataclass
class Call:
    """One request as a handler sees it.

    `args` are the variable parts of the path, `route` is its rule; empty if there is none.
    """

    cloud: cloud_module.Cloud
    request: wrappers.Request
    service: "Service"
    args: dict[str, str]
    microversion: Version = (0, 0)
    token_or_none: cloud_module.Token | None = None
    services: "Sequence[Service]" = ()
    route: str = ""
    _root: str = ""

    @property
    def token(self) -> cloud_module.Token:
        """The caller's token; only public routes have none."""
        if self.token_or_none is None:
            raise Refused(401, "The request you have made requires authentication.")
        return self.token_or_none

    @property
    def query(self) -> datastructures.MultiDict[str, str]:
        """The query's parameters."""
        return self.request.args

    @property
    def body(self) -> dict[str, Any]:
        """The request's JSON object; 400 if it is none."""
        try:
            body = self.request.get_json(force=True, silent=True)
        except RecursionError:
            body = None
        if not isinstance(body, dict):
            raise Refused(400, "Malformed request body.")
        return body

    @property
    def root(self) -> str:
        """The address of this service, without a version: ``http://127.0.0.1:4242/compute``."""
        if not self._root:
            self._root = self.request.host_url.rstrip("/") + self.service.prefix
        return self._root

    def rows(self, kind: str) -> table.Table:
        """The table of a kind."""
        return self.cloud[kind]

    def require_admin(self, message: str, kind: str = "") -> None:
        """Who is not the administrator of a project is refused with 403."""
        if not self.token.is_admin:
            raise Refused(403, message, kind)


Handler = Callable[[Call], Answer]


@dataclasses.dataclass(frozen=True)
class Route:
    """A method and a path (werkzeug's rule syntax, below the service's prefix)."""

    method: str
    path: str
    handler: Handler
    public: bool = False


@dataclasses.dataclass(frozen=True)
class Service:
    """One service: its catalogue entry, its routes and the way it says no."""

    type: str
    name: str
    prefix: str
    endpoint: str
    routes: Sequence[Route]
    shape: Callable[[Refused], Answer]
    catalogue_type: str = ""
    microversions: Microversions | None = None

    def catalogue_url(self, host: str, project_id: str | None) -> str | None:
        """Its address in a token's catalogue; None if it needs a project and there is none.

        Seen on a real cloud: a system token's catalogue has no Cinder.
        """
        if "{project_id}" in self.endpoint and project_id is None:
            return None
        return host + self.prefix + self.endpoint.format(project_id=project_id)


def webob_shape(refused: Refused) -> Answer:
    """Glance's refusals: a small HTML page (seen on a real cloud)."""
    title = f"{refused.status} {TITLES.get(refused.status, 'Error')}"
    page = (
        f"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n"
        f"  <h1>{title}</h1>\n  {refused.message}<br /><br />\n\n\n\n </body>\n</html>"
    )
    return Answer(refused.status, page, content_type="text/html; charset=UTF-8")


def nova_shape(refused: Refused) -> Answer:
    """Nova's and Cinder's refusals: one key that names the sort of it (seen on a real cloud)."""
    if refused.status == 401:
        return middleware_shape(refused)
    name = NOVA_FAULTS.get(refused.status, "computeFault")
    return Answer(refused.status, {name: {"code": refused.status, "message": refused.message}})


def middleware_shape(refused: Refused) -> Answer:
    """The refusal of keystonemiddleware and of Keystone itself, which have one shape."""
    title = TITLES.get(refused.status, "Error")
    error = {"code": refused.status, "message": refused.message, "title": title}
    return Answer(refused.status, {"error": error})


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

NOVA_FAULTS = {
    400: "badRequest",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    429: "overLimit",
    503: "serviceUnavailable",
}
