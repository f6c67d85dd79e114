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
"""What an ordered fault does to one request: before it is handled, and to its answer."""

from collections.abc import Iterator
import contextlib
import dataclasses
import re
from typing import Any
from urllib import parse

from werkzeug import wrappers

from tests.emulator import cloud as cloud_module
from tests.emulator import faults
from tests.emulator import web

RESET, CLOSED = "reset", "closed"
"""How a connection ends in the middle of an answer."""

SUCCESS = {"POST": 202, "PUT": 200, "PATCH": 200, "GET": 200}
DELETED = {"block-storage": 202}

BEGINS = re.compile(
    r"^/compute/v2\.1/servers/[^/]+(/action)?/?$"
    r"|^/volume/v3/[^/]+/(volumes|snapshots|backups)/[^/]+(/action)?/?$"
)
"""What is only begun by a request and ends later; all else is done when it is answered."""

PAGE = """\
<!DOCTYPE html>
<html><head><title>Welcome</title></head>
<body><h1>It works!</h1><p>This is the default page of a proxy.</p></body></html>
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready for the wire.

    It is sent after `wait_s` seconds. `ending` says how the connection ends in the middle of the
    body, which half of is sent then; empty, it does not.
    """

    status: int
    headers: dict[str, str]
    content: bytes
    wait_s: float = 0
    ending: str = ""


def is_nothing_done(request: wrappers.Request, fault: faults.Fault | None) -> bool:
    """Whether the request is answered with success without being handled."""
    if fault is None or fault.answer not in {faults.IGNORED, faults.STUCK}:
        return False
    return fault.answer == faults.IGNORED or not BEGINS.search(request.path)


def success(call: web.Call) -> web.Answer:
    """What the service says when it has done such a thing."""
    method = call.request.method
    if method == "DELETE":
        return web.Answer(DELETED.get(call.service.type, 204))
    return web.Answer(SUCCESS.get(method, 200), {})


@contextlib.contextmanager
def before(
    cloud: cloud_module.Cloud, request: wrappers.Request, fault: faults.Fault | None
) -> Iterator[wrappers.Request]:
    """The request as it is to be handled inside, under the cloud's lock."""
    answer = fault.answer if fault else None
    if answer == faults.REVOKE:
        cloud.tokens.pop(request.headers.get("X-Auth-Token", ""), None)
    if answer == faults.REPEAT:
        request = _without_marker(request)
    with cloud.clock.stopped() if answer == faults.STUCK else contextlib.nullcontext():
        yield request


def _without_marker(request: wrappers.Request) -> wrappers.Request:
    query = request.query_string.decode("latin-1").split("&")
    kept = "&".join(part for part in query if not part.startswith("marker="))
    return wrappers.Request({**request.environ, "QUERY_STRING": kept})


def change_page(call: web.Call, fault: faults.Fault | None, answer: web.Answer) -> None:
    """The answer's page lacks rows, or leads to itself, if the fault says so."""
    key = _rows_key(answer.body)
    if fault is None or not key or call.request.method != "GET":
        return
    if fault.answer == faults.SKIP:
        answer.body = {**answer.body, key: answer.body[key][::2]}
    if fault.answer == faults.EMPTY:
        answer.body = {**answer.body, key: []}
    if fault.answer == faults.LOOP:
        answer.body = {**answer.body, **_loop(call, key, answer.body)}


def _rows_key(body: Any) -> str:
    """The key of the list of resources in a body; empty if there is none."""
    if not isinstance(body, dict):
        return ""
    keys = (key for key, rows in body.items() if isinstance(rows, list) and "link" not in key)
    return next(keys, "")


def _loop(call: web.Call, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """What each service says of the next page, with the address of this one."""
    url = call.request.url
    if call.service.type == "identity":
        return {"links": {**body.get("links", {}), "next": url}}
    if call.service.type == "image":
        parts = parse.urlsplit(url)
        return {"next": f"{parts.path}?{parts.query}"}
    links = [link for link in body.get(f"{key}_links", []) if link.get("rel") != "next"]
    return {f"{key}_links": [{"rel": "next", "href": url}, *links]}


def after(reply: Reply, fault: faults.Fault | None) -> Reply:
    """The reply with the body, the headers and the end that the fault wants."""
    if fault is None:
        return reply
    answer = fault.answer
    reply = dataclasses.replace(reply, headers={**reply.headers, **fault.headers})
    if answer == faults.SLOW:
        return dataclasses.replace(reply, wait_s=fault.wait_s)
    if answer in {faults.RESET_INSIDE, faults.TRUNCATED}:
        ending = RESET if answer == faults.RESET_INSIDE else CLOSED
        return dataclasses.replace(reply, ending=ending)
    if not reply.content:
        return reply
    bodies = {
        faults.CUT: reply.content[: len(reply.content) // 2],
        faults.NOT_JSON: b"}{ no JSON",
        faults.WRONG_TYPE: b'["a list"]',
        faults.HTML: PAGE.encode(),
    }
    if answer not in bodies:
        return reply
    if answer == faults.HTML:
        reply.headers["Content-Type"] = "text/html"
    return dataclasses.replace(reply, content=bodies[str(answer)])
