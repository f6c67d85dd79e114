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
"""From a request to an answer: fault, route, token, microversion, handler, log."""

from collections.abc import Sequence
import dataclasses
import logging
import re
import uuid

from werkzeug import exceptions
from werkzeug import routing
from werkzeug import wrappers

from tests.emulator import admin
from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import faults
from tests.emulator import request_log
from tests.emulator import services
from tests.emulator import web
from tests.emulator.services.identity import tokens

LOG = logging.getLogger(__name__)


class ConnectionLost(Exception):
    """No answer: the client waits for `wait_s` seconds, then the connection is gone."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready for the wire."""

    status: int
    headers: dict[str, str]
    content: bytes


class Application:
    """Answers requests from a cloud's state; safe to call from many threads."""

    def __init__(
        self, cloud: cloud_module.Cloud, offered: Sequence[web.Service] = services.ALL
    ) -> None:
        self._cloud = cloud
        self._services = offered
        rules = [
            routing.Rule(service.prefix + route.path, methods=[route.method], endpoint=endpoint)
            for service in (*offered, admin.SERVICE)
            for route in service.routes
            for endpoint in [(service, route)]
        ]
        self._map = routing.Map(rules, strict_slashes=False, merge_slashes=False)

    def respond(self, request: wrappers.Request) -> Reply:
        """The reply to the request, which is logged; ConnectionLost where a fault says so."""
        path = request.full_path.removesuffix("?")
        if request.path.startswith(admin.SERVICE.prefix):
            return self._answer(request)[0]
        fault = self._cloud.faults.take(request.method, path)
        if fault is not None and isinstance(fault.answer, str):
            self._log(request, path, 0, None)
            raise ConnectionLost(fault.hang_s if fault.answer == faults.HANG else 0)
        if fault is not None and isinstance(fault.answer, int):
            reply, token = self._fault(request, fault, fault.answer), None
        else:
            reply, token = self._answer(request)
        self._log(request, path, reply.status, token)
        return reply

    def _service(self, request: wrappers.Request) -> web.Service:
        """The service below whose prefix the path is; the identity service for stray ones."""
        for service in (*self._services, admin.SERVICE):
            if request.path == service.prefix or request.path.startswith(f"{service.prefix}/"):
                return service
        return self._services[0]

    def _fault(self, request: wrappers.Request, fault: faults.Fault, status: int) -> Reply:
        answer = self._service(request).shape(web.Refused(status, fault.message))
        answer.headers.update(fault.headers)
        return _reply(answer)

    def _answer(self, request: wrappers.Request) -> tuple[Reply, cloud_module.Token | None]:
        service = self._service(request)
        call = web.Call(self._cloud, request, service, {}, services=self._services)
        with self._cloud.locked():
            try:
                answer = self._handle(call)
            except web.Refused as refused:
                answer = service.shape(refused)
            except Exception:  # boundary: the server goes on; a bug of ours is a 500
                LOG.exception("%s %s", request.method, request.path)
                answer = service.shape(web.Refused(500, "The emulator has a bug; see its log."))
            answer.headers.update(_version_headers(call))
            return _reply(answer), call.token_or_none

    def _handle(self, call: web.Call) -> web.Answer:
        adapter = self._map.bind_to_environ(call.request.environ)
        try:
            (service, route), found = adapter.match()
        except exceptions.MethodNotAllowed as error:
            raise web.Refused(405, "The method is not allowed for this resource.") from error
        except exceptions.HTTPException as error:
            raise web.Refused(404, "The resource could not be found.") from error
        call.args = dict(found)
        self._cloud.asked.add((service.type, route.method, route.path))
        if call.service.microversions is not None:
            call.microversion = _microversion(call, call.service.microversions)
        token_id = call.request.headers.get("X-Auth-Token", "")
        call.token_or_none = tokens.valid(self._cloud, token_id)
        if call.token_or_none is None and not route.public:
            raise web.Refused(401, tokens.UNAUTHORIZED)
        answer: web.Answer = route.handler(call)
        return answer

    def _log(
        self,
        request: wrappers.Request,
        path: str,
        status: int,
        token: cloud_module.Token | None,
    ) -> None:
        names = _names(self._cloud, token)
        now = clock.seconds(self._cloud.clock.now())
        service = self._service(request).type
        entry = request_log.Entry(now, service, request.method, path, status, *names)
        self._cloud.requests.add(entry)


def _names(cloud: cloud_module.Cloud, token: cloud_module.Token | None) -> tuple[str, str]:
    """The names of the user and of the project that a token speaks for."""
    if token is None:
        return "", ""
    user = cloud["identity.user"].get(token.user_id) or {}
    project = cloud["identity.project"].get(token.project_id) or {}
    return user.get("name", ""), project.get("name", "")


def _reply(answer: web.Answer) -> Reply:
    content = answer.content()
    headers = dict(answer.headers)
    if content:
        headers["Content-Type"] = answer.content_type
    headers["x-openstack-request-id"] = f"req-{uuid.uuid4()}"
    return Reply(answer.status, headers, content)


def _asked_version(call: web.Call, known: web.Microversions) -> str | None:
    """The microversion that the headers name for this service; None if they name none."""
    for part in call.request.headers.get("OpenStack-API-Version", "").split(","):
        name, _, asked = part.strip().partition(" ")
        if name == known.name:
            return asked.strip()
    return call.request.headers.get(known.legacy_header) if known.legacy_header else None


def _microversion(call: web.Call, known: web.Microversions) -> web.Version:
    """The microversion to answer in: the lowest unless asked; 400 or 406 for a wrong wish."""
    asked = _asked_version(call, known)
    if asked is None:
        return known.lowest
    if asked == "latest":
        return known.highest
    found = re.fullmatch(r"(\d+)\.(\d+)", asked)
    if found is None:
        message = f"API Version String {asked} is of invalid format."
        raise web.Refused(400, f"{message} Must be of format MajorNum.MinorNum.")
    version = (int(found[1]), int(found[2]))
    if not known.lowest <= version <= known.highest:
        lowest, highest = (".".join(map(str, v)) for v in (known.lowest, known.highest))
        message = f"Version {asked} is not supported by the API."
        raise web.Refused(406, f"{message} Minimum is {lowest} and maximum is {highest}.")
    return version


def _version_headers(call: web.Call) -> dict[str, str]:
    known = call.service.microversions
    if known is None:
        return {}
    version = ".".join(map(str, call.microversion if any(call.microversion) else known.lowest))
    headers = {"OpenStack-API-Version": f"{known.name} {version}", "Vary": "OpenStack-API-Version"}
    if known.legacy_header:
        headers[known.legacy_header] = version
        headers["Vary"] += f", {known.legacy_header}"
    return headers
