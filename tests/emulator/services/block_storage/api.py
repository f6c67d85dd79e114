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
"""The words that the modules of Cinder are written in: routes, policy, refusals, lookups.

Seen on a real Cinder 29: a project in the path that is not the token's is 400, also for the
administrator. A path or a method that Cinder does not have is 404
with a page of HTML, one of a later microversion 404 in JSON, 413 tells when to come back.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

NOT_FOUND = "The resource could not be found."
MALFORMED = (
    "The server could not comply with the request since it is either malformed or otherwise"
    " incorrect."
)
NAMES = {
    shapes.VOLUME: "Volume {} could not be found.",
    shapes.SNAPSHOT: "Snapshot {} could not be found.",
    shapes.BACKUP: "Backup {} could not be found.",
    shapes.TYPE: "Volume type {} could not be found.",
    shapes.TRANSFER: "Transfer {} could not be found.",
    shapes.QOS: "No such QoS spec {}.",
    shapes.ATTACHMENT: ("Volume attachment could not be found with filter: attachment_id = {}."),
}


def shape(refused: web.Refused) -> web.Answer:
    """Cinder's refusals, see the module."""
    is_unknown = refused.status == 404 and refused.message == NOT_FOUND
    if refused.status == 405 or (is_unknown and refused.kind != "microversion"):
        return web.webob_shape(web.Refused(404, NOT_FOUND))
    answer = web.nova_shape(refused)
    if refused.status == 413:
        answer.body["overLimit"]["retryAfter"] = "0"
        answer.headers["Retry-After"] = "0"
    return answer


def route(
    method: str, path: str, handler: web.Handler, *, since: web.Version = (3, 0)
) -> web.Route:
    """The route below the project, for microversions from `since` on."""

    def checked(call: web.Call) -> web.Answer:
        if call.args.pop("project") != call.token.project_id:
            raise web.Refused(400, "Malformed request url")
        if call.microversion < since:
            raise web.Refused(404, NOT_FOUND, "microversion")
        return handler(call)

    return web.Route(method, f"/v3/<project>{path}", checked)


def require(call: web.Call, rule: str, *, allowed: bool) -> None:
    """403 in the words of Cinder's policy unless `allowed`."""
    if not allowed:
        raise web.Refused(403, f"Policy doesn't allow {rule} to be performed.")


def require_admin(call: web.Call, rule: str) -> None:
    """The rule is the administrator's."""
    require(call, rule, allowed=call.token.is_admin)


def require_member(call: web.Call, rule: str) -> None:
    """The rule is any member's; a reader is refused."""
    is_member = bool(call.token.roles & {"member", "manager"})
    require(call, rule, allowed=is_member or call.token.is_admin)


def find(call: web.Call, kind: str, key: str | None = None) -> Body:
    """The row of the kind, by default the one that the path names; 404 if hidden or missing."""
    key = call.args["id"] if key is None else key
    row = call.rows(kind).get(key)
    field = shapes.PROJECT.get(kind)
    if row is None or not (
        call.token.is_admin or field is None or row[field] == call.token.project_id
    ):
        raise missing(kind, key)
    return row


def missing(kind: str, key: str) -> web.Refused:
    """404 in the kind's own words."""
    return web.Refused(404, NAMES[kind].format(key))


def action(name_to_handler: Mapping[str, web.Handler]) -> web.Handler:
    """The handler of ``POST .../action``, whose body's one key names what to do."""

    def handler(call: web.Call) -> web.Answer:
        body = payload(call)
        if len(body) != 1:
            raise web.Refused(400, "Malformed request body")
        name = next(iter(body))
        if name not in name_to_handler:
            text = f"There is no such action: {name}. Verify the request body and Content-Type"
            raise web.Refused(400, f"{text} header and try again.")
        return name_to_handler[name](call)

    return handler


def payload(call: web.Call) -> dict[str, Any]:
    """The request's JSON object; 400 if it is none."""
    body = call.request.get_json(force=True, silent=True)
    if body is None:
        raise web.Refused(400, "Malformed request body")
    if not isinstance(body, dict):
        raise web.Refused(400, f"{body!r} is not of type 'object'")
    return body


def reset_status(
    call: web.Call, row: Body, rule: str, noun: str, known: tuple[str, ...] | list[str]
) -> None:
    """``os-reset_status``: the administrator says what the row's status is, one of the known."""
    require_admin(call, rule)
    status = payload(call)["os-reset_status"].get("status")
    if status is None:
        raise web.Refused(400, "Must specify 'status' for update.")
    if status not in known:
        text = f"{noun} status: {status} is invalid, valid statuses are: {known}."
        raise web.Refused(400, text)
    row["status"] = status
    shapes.touch(call.cloud, row)


def later(call: web.Call, kind: str, row: Body, done: Callable[[Body], None]) -> None:
    """`done` happens to the row after the time that building takes, if it is still there."""
    key = row["id"]

    def act() -> None:
        now = call.cloud[kind].get(key)
        if now is not None:
            done(now)

    call.cloud.clock.later(call.cloud.settings.build_delay_s, act)


def links(call: web.Call, plural: str, key: str) -> list[dict[str, str]]:
    """The two links that most of Cinder's kinds have."""
    project = call.token.project_id
    return [
        {"rel": "self", "href": f"{call.root}/v3/{project}/{plural}/{key}"},
        {"rel": "bookmark", "href": f"{call.root}/{project}/{plural}/{key}"},
    ]
