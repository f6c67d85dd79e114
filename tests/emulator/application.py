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
import functools
import logging
import random
import uuid

from werkzeug import exceptions
from werkzeug import routing
from werkzeug import wrappers

from tests.emulator import admin
from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import faults
from tests.emulator import microversions
from tests.emulator import request_log
from tests.emulator import services
from tests.emulator import spoiling
from tests.emulator import web
from tests.emulator.services.identity import tokens

LOG = logging.getLogger(__name__)

Reply = spoiling.Reply

NO_SUCH_METHOD = {
    "compute": (404, "The resource could not be found."),
    "block-storage": (404, "The resource could not be found."),
    "network": (
        405,
        (
            "The server could not comply with the request since it is either malformed or "
            "otherwise incorrect."
        ),
    ),
}
"""What a service says to a method that a path of its does not have; others say 405.

Seen on a real cloud, as are the rest of the words here: OPTIONS is 200 without a body anywhere;
HEAD is GET in Keystone and for version documents, elsewhere a method that no path has.
"""


class ConnectionLost(Exception):
    """No answer: the client waits for `wait_s` seconds, then the connection is gone."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


@functools.cache
def _map(offered: tuple[web.Service, ...]) -> routing.Map:
    """The routes of the services; made once, since it takes longer than most tests."""
    rules = [
        routing.Rule(service.prefix + route.path, methods=[route.method], endpoint=route)
        for service in (*offered, admin.SERVICE)
        for route in service.routes
    ]
    return routing.Map(rules, strict_slashes=False, merge_slashes=False)


class Application:
    """Answers requests from a cloud's state; safe to call from many threads."""

    def __init__(
        self, cloud: cloud_module.Cloud, offered: Sequence[web.Service] = services.ALL
    ) -> None:
        self._cloud = cloud
        self._services = offered
        self._random = random.Random(0)
        self._map = _map(tuple(offered))

    def respond(self, request: wrappers.Request) -> Reply:
        """The reply to the request, which is logged; ConnectionLost where a fault says so."""
        path = request.full_path.removesuffix("?")
        service = self._service(request.path)
        call = web.Call(self._cloud, request, service, {}, services=self._services)
        if call.service is admin.SERVICE:
            return self._answer(call, None)
        entry = self._entry(service, request.method, path).but(**self._names(request))
        fault = self._cloud.faults.take(request.method, path, entry.user)
        entry = entry.but(fault=str(fault.answer) if fault else "")
        if fault is not None and fault.answer in {faults.HANG, faults.RESET}:
            self._cloud.requests.add(entry)
            raise ConnectionLost(fault.wait_s if fault.answer == faults.HANG else 0)
        reply = self._answer(call, fault)
        self._cloud.requests.add(entry.but(status=reply.status, route=call.route))
        return reply

    def refuse(self, method: str, path: str, message: str) -> Reply:
        """The reply to what is no request that one could look at; it is logged."""
        service = self._service(path)
        self._cloud.requests.add(self._entry(service, method, path).but(status=400))
        return self._reply(service.shape(web.Refused(400, message)))

    def _entry(self, service: web.Service, method: str, path: str) -> request_log.Entry:
        now = clock.seconds(self._cloud.clock.now())
        return request_log.Entry(now, service.type, method, path, 0)

    def _service(self, path: str) -> web.Service:
        """The service below whose prefix the path is; the identity service for stray ones."""
        for service in (*self._services, admin.SERVICE):
            if path == service.prefix or path.startswith(f"{service.prefix}/"):
                return service
        return self._services[0]

    def _names(self, request: wrappers.Request) -> dict[str, str]:
        """The names of the user and of the project that the request's token speaks for."""
        with self._cloud.lock:
            token = tokens.valid(self._cloud, request.headers.get("X-Auth-Token", ""))
            if token is None:
                return {}
            user = self._cloud["identity.user"].get(token.user_id) or {}
            project = self._cloud["identity.project"].get(token.project_id) or {}
            return {"user": user.get("name", ""), "project": project.get("name", "")}

    def _answer(self, call: web.Call, fault: faults.Fault | None) -> Reply:
        with (
            self._cloud.locked(),
            spoiling.before(self._cloud, call.request, fault) as call.request,
        ):
            try:
                answer = self._handle(call, fault)
            except web.Refused as refused:
                answer = call.service.shape(refused)
            except Exception:  # boundary: the server goes on; a bug of ours is a 500
                LOG.exception("%s %s", call.request.method, call.request.path)
                answer = call.service.shape(
                    web.Refused(500, "The emulator has a bug; see its log.")
                )
            answer.headers.update(microversions.headers(call))
            spoiling.change_page(call, fault, answer)
            return spoiling.after(self._reply(answer), fault)

    def _reply(self, answer: web.Answer) -> Reply:
        content = answer.content()
        headers = dict(answer.headers)
        if content:
            headers["Content-Type"] = answer.content_type
        number = self._random.getrandbits(128)
        headers["x-openstack-request-id"] = f"req-{uuid.UUID(int=number, version=4)}"
        return Reply(answer.status, headers, content)

    def _handle(self, call: web.Call, fault: faults.Fault | None) -> web.Answer:
        if fault is not None and isinstance(fault.answer, int):
            raise web.Refused(fault.answer, fault.message)
        if call.request.method == "OPTIONS":
            return web.Answer(200)
        token_id = call.request.headers.get("X-Auth-Token", "")
        call.token_or_none = tokens.valid(self._cloud, token_id)
        route = self._route(call)
        if isinstance(route, web.Answer):
            return route
        call.route = f"{route.method} {route.path}"
        self._cloud.asked.add((call.service.type, route.method, route.path))
        call.microversion = microversions.chosen(call)
        if call.token_or_none is None and not route.public:
            raise web.Refused(401, tokens.UNAUTHORIZED)
        if spoiling.is_nothing_done(call.request, fault):
            return spoiling.success(call)
        return route.handler(call)

    def _route(self, call: web.Call) -> web.Route | web.Answer:
        """The route that is asked for, or how the service says that there is none."""
        adapter = self._map.bind_to_environ(call.request.environ)
        is_own = call.service.type in {"identity", "emulator"}
        try:
            route, found = adapter.match()
            if call.request.method == "HEAD" and not (is_own or route.public):
                raise exceptions.MethodNotAllowed
        except exceptions.HTTPException as error:
            if call.token_or_none is None and not is_own:
                raise web.Refused(401, tokens.UNAUTHORIZED) from error
            return _no_route(call.service, isinstance(error, exceptions.MethodNotAllowed))
        call.args = dict(found)
        return route


def _no_route(service: web.Service, is_path: bool) -> web.Answer:  # noqa: FBT001
    """What the service says where it has no such path, or no such method of it."""
    missing = (404, "The resource could not be found.")
    wrong = (405, "The method is not allowed for this resource.")
    status, message = NO_SUCH_METHOD.get(service.type, wrong) if is_path else missing
    kind = "HTTPMethodNotAllowed" if status == 405 else ""
    refused = web.Refused(status, message, kind if service.type == "network" else "")
    # Nova and Cinder say it before they are themselves.
    is_webob = service.type in {"compute", "block-storage"}
    return web.webob_shape(refused) if is_webob else service.shape(refused)
