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
"""The calls that change a project's tags.

Source: API reference, Identity v3, "Project tags"; statuses seen on a real Keystone 30.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import projects
from tests.emulator.services.identity import tags

Body = cloud_module.Body


def list_tags(call: web.Call) -> web.Answer:
    """GET /v3/projects/{id}/tags."""
    is_own = call.args["id"] == call.token.project_id
    body = projects.required(call, "list_project_tags", "reader", is_own=is_own)
    return _tags(call, body)


def _tags(call: web.Call, body: Body) -> web.Answer:
    link = {"self": listing.url(call, "projects", body["id"], "tags")}
    return web.Answer(200, {"tags": body["tags"], "links": link})


def set_tags(call: web.Call) -> web.Answer:
    """PUT /v3/projects/{id}/tags: these and no others."""
    body = projects.required(call, "update_project_tags", "manager")
    wanted = call.body.get("tags", [])
    tags.check(wanted)
    body["tags"] = list(wanted)
    notices.tell(call, "project", "updated", body["id"])
    return _tags(call, body)


def clear_tags(call: web.Call) -> web.Answer:
    """DELETE /v3/projects/{id}/tags."""
    body = projects.required(call, "delete_project_tags", "manager")
    body["tags"] = []
    notices.tell(call, "project", "updated", body["id"])
    return web.Answer(204)


def check_tag(call: web.Call) -> web.Answer:
    """GET /v3/projects/{id}/tags/{tag}: 204, or 404."""
    is_own = call.args["id"] == call.token.project_id
    _require_tag(call, projects.required(call, "get_project_tag", "reader", is_own=is_own))
    return web.Answer(204)


def _require_tag(call: web.Call, body: Body) -> None:
    if call.args["tag"] not in body["tags"]:
        raise web.Refused(404, f"Could not find project tag: {call.args['tag']}.")


def add_tag(call: web.Call) -> web.Answer:
    """PUT /v3/projects/{id}/tags/{tag}: 201, also if it was there."""
    body = projects.required(call, "create_project_tag", "manager")
    tags.check_one(call.args["tag"])
    if call.args["tag"] not in body["tags"]:
        body["tags"] = [*body["tags"], call.args["tag"]]
    notices.tell(call, "project", "updated", body["id"])
    return web.Answer(201)


def remove_tag(call: web.Call) -> web.Answer:
    """DELETE /v3/projects/{id}/tags/{tag}: 204, or 404."""
    body = projects.required(call, "delete_project_tag", "manager")
    _require_tag(call, body)
    body["tags"] = [tag for tag in body["tags"] if tag != call.args["tag"]]
    notices.tell(call, "project", "updated", body["id"])
    return web.Answer(204)


ROUTES = (
    web.Route("GET", "/v3/projects/<id>/tags", list_tags),
    web.Route("PUT", "/v3/projects/<id>/tags", set_tags),
    web.Route("DELETE", "/v3/projects/<id>/tags", clear_tags),
    web.Route("GET", "/v3/projects/<id>/tags/<tag>", check_tag),
    web.Route("PUT", "/v3/projects/<id>/tags/<tag>", add_tag),
    web.Route("DELETE", "/v3/projects/<id>/tags/<tag>", remove_tag),
)
