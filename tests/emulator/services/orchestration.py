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

"""Heat: stacks of networks, and of stacks with one network each.

Source: API reference, Orchestration v1; statuses, messages and paging seen on a real Heat 27. A
stack that was removed can still be read, but is not listed; one whose network somebody uses
cannot be removed, and says so.
"""

from collections.abc import Iterator
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.shapes import network as networks

Body = cloud_module.Body

STACK = "orchestration.stack"
DELETED = "orchestration.deleted_stack"
NET, GROUP = "OS::Neutron::Net", "OS::Heat::ResourceGroup"
ONLY_LISTED = ("project",)


def shape(refused: web.Refused) -> web.Answer:
    """Heat's refusals."""
    if refused.status == 401:
        return web.middleware_shape(refused)
    error = {"type": refused.kind, "traceback": None, "message": refused.message}
    title = web.TITLES.get(refused.status, "Error")
    about = {"code": refused.status, "title": title, "explanation": title, "error": error}
    return web.Answer(refused.status, about)


def list_all(call: web.Call) -> web.Answer:
    """GET stacks, the newest first; those of all projects for whom the policy lets."""
    is_global = call.query.get("global_tenant", "").lower() == "true"
    if is_global and not (call.token.is_admin and call.cloud.settings.lists_all_stacks):
        raise web.Refused(403, "You are not authorized to use stacks:global_index.", "Forbidden")
    is_nested = call.query.get("show_nested", "").lower() == "true"
    table = call.rows(STACK)
    try:
        rows = paging.start(table, call.query.get("marker"), web.Refused(404, ""))
    except web.Refused:
        # It begins again where the marker is gone.
        rows = iter(table)
    limit = call.query.get("limit", type=int)
    most = call.cloud.settings.page_limits.get("orchestration")

    def wanted(row: Body) -> bool:
        is_seen = is_global or row["project"] == call.token.project_id
        return is_seen and (is_nested or row["parent"] is None)

    found = paging.take(rows, wanted, paging.capped(limit, most))
    answer: Body = {"stacks": [_shown(row) for row in found]}
    if found and len(found) == paging.capped(limit, most):
        href = f"{call.request.base_url}?{paging.next_query(call, found[-1]['id'])}"
        answer["links"] = [{"rel": "next", "href": href}]
    return web.Answer(200, answer)


def _shown(row: Body) -> Body:
    return {key: value for key, value in row.items() if key[0] != "_"}


def find(call: web.Call, *, is_alive: bool = False) -> Body:
    """The stack that the path names, removed ones too."""
    key = call.args["id"]
    row = call.rows(STACK).get(key) or (None if is_alive else call.rows(DELETED).get(key))
    is_seen = row is not None and (call.token.is_admin or row["project"] == call.token.project_id)
    if row is None or not is_seen or call.args.get("name", row["stack_name"]) != row["stack_name"]:
        name = call.args.get("name", key)
        raise web.Refused(404, f"The Stack ({name}) could not be found.", "EntityNotFound")
    return row


def show(call: web.Call) -> web.Answer:
    """GET one."""
    row = find(call)
    own = {"OS::stack_id": row["id"], "OS::stack_name": row["stack_name"]}
    shown = {key: value for key, value in _shown(row).items() if key not in ONLY_LISTED}
    parameters = own | {"OS::project_id": row["project"]}
    return web.Answer(200, {"stack": {**shown, "parameters": parameters, "outputs": []}})


def resources(call: web.Call) -> web.Answer:
    """GET what a stack made, and what the stacks in it did, as deep as is asked for."""
    depth = call.query.get("nested_depth", 0, type=int)
    return web.Answer(200, {"resources": list(_account(call.cloud, find(call), depth))})


def _account(cloud: cloud_module.Cloud, row: Body, depth: int) -> Iterator[Body]:
    yield from row["_resources"]
    for one in row["_resources"]:
        inner = cloud[STACK].get(one["physical_resource_id"])
        if inner is not None and depth:
            yield from _account(cloud, inner, depth - 1)


def create(call: web.Call) -> web.Answer:
    """POST a stack; its networks, and the stacks in it, are there with the answer."""
    body = call.body
    template = body["template"].get("resources", {})
    row = stack(call.cloud, body["stack_name"], call.token.project_id or "", template)
    row["tags"] = body["tags"].split(",") if body.get("tags") else None
    return web.Answer(201, {"stack": {"id": row["id"], "links": []}})


def stack(
    cloud: cloud_module.Cloud,
    name: str,
    project_id: str,
    template: dict[str, Any],
    parent: str | None = None,
) -> Body:
    """A stack of networks and groups, complete."""
    row = cloud[STACK].add(
        {
            "id": cloud.new_id(),
            "links": [],
            "project": project_id,
            "stack_name": name,
            "description": "",
            "stack_status": "CREATE_COMPLETE",
            "stack_status_reason": "Stack CREATE completed successfully",
            "creation_time": clock.seconds(cloud.clock.now()),
            "updated_time": None,
            "deletion_time": None,
            "stack_owner": "demo",
            "parent": parent,
            "stack_user_project_id": None,
            "tags": None,
            "_resources": [],
        }
    )
    for key, one in template.items():
        inner = f"{name}-{key}-{cloud.new_hex_id()[:12]}"
        if one["type"] == GROUP:
            of = {"0": one["properties"]["resource_def"]}
            made, rel = stack(cloud, inner, project_id, of, row["id"]), "nested"
        elif "external_id" in one:
            made, rel = {"id": one["external_id"]}, "stack"
        else:
            made, rel = networks.network(cloud, inner, project_id), "stack"
        row["_resources"].append(_resource(key, one, made["id"], rel))
    return row


def _resource(key: str, one: Body, physical_id: str, rel: str) -> Body:
    return {
        "logical_resource_id": key,
        "resource_name": key,
        "physical_resource_id": physical_id,
        "resource_type": one["type"],
        "resource_status": "CHECK_COMPLETE" if "external_id" in one else "CREATE_COMPLETE",
        "resource_status_reason": "state changed",
        "links": [{"rel": rel, "href": ""}],
        "required_by": [],
    }


def delete(call: web.Call) -> web.Answer:
    """DELETE: 204; it takes its time, and fails where a network is in use."""
    row = find(call, is_alive=True)
    row["stack_status"] = "DELETE_IN_PROGRESS"
    cloud = call.cloud
    cloud.clock.later(cloud.settings.delete_delay_s, lambda: _finish(cloud, row))
    return web.Answer(204)


def _finish(cloud: cloud_module.Cloud, row: Body) -> bool:
    """Remove what the stack made, and the stack if that could be; whether it could."""
    is_gone = True
    for one in row["_resources"]:
        inner = cloud[STACK].get(one["physical_resource_id"])
        if inner is not None:
            is_gone = _finish(cloud, inner) and is_gone
        elif one["resource_status"] != "CHECK_COMPLETE":
            is_gone = _remove_network(cloud, one["physical_resource_id"]) and is_gone
    row["stack_status"] = "DELETE_COMPLETE" if is_gone else "DELETE_FAILED"
    if is_gone:
        cloud[STACK].remove(row["id"])
        cloud[DELETED].add({**row, "_resources": []})
    return is_gone


def _remove_network(cloud: cloud_module.Cloud, network_id: str) -> bool:
    if cloud["network.port"].has("network_id", network_id):
        return False
    cloud["network.network"].remove(network_id)
    return True


SERVICE = web.Service(
    type="orchestration",
    name="heat",
    prefix="/orchestration",
    endpoint="/v1/{project_id}",
    routes=(
        web.Route("GET", "/v1/<project>/stacks", list_all),
        web.Route("POST", "/v1/<project>/stacks", create),
        web.Route("GET", "/v1/<project>/stacks/<id>", show),
        web.Route("GET", "/v1/<project>/stacks/<name>/<id>", show),
        web.Route("DELETE", "/v1/<project>/stacks/<name>/<id>", delete),
        web.Route("GET", "/v1/<project>/stacks/<name>/<id>/resources", resources),
    ),
    shape=shape,
)
