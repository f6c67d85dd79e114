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
"""Server groups: which servers must, or must not, be on the same host.

Sources: API reference, Compute, "Server groups"; statuses, texts and bodies by microversion
(2.13 owner, 2.15 soft policies, 2.64 one policy with rules) seen on a real Nova 34. Lists have
`limit` and `offset` but neither markers nor links.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import quotas
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

HARD = ["anti-affinity", "affinity"]
ALL = [*HARD, "soft-anti-affinity", "soft-affinity"]
QUERY = {
    "properties": {
        "all_projects": {},
        "limit": {"pattern": "^[0-9]*$"},
        "offset": {"pattern": "^[0-9]*$"},
    }
}


def _schema(call: web.Call) -> checks.Schema:
    if call.microversion >= (2, 64):
        rules = checks.closed(max_server_per_host=checks.integer(1))
        policy = {"type": "string", "enum": ALL}
        return checks.closed("name", "policy", name=checks.NAME, policy=policy, rules=rules)
    known = ALL if call.microversion >= (2, 15) else HARD
    policies = {
        "type": "array",
        "minLength": 1,
        "maxLength": 1,
        "items": {"type": "string", "enum": known},
    }
    return checks.closed("name", "policies", name=checks.NAME, policies=policies)


def _present(call: web.Call, body: Body) -> Body:
    shown: Body = {"id": body["id"], "name": body["name"]}
    if call.microversion >= (2, 64):
        shown.update(policy=body["policy"], rules=body["rules"])
    else:
        shown.update(policies=[body["policy"]], metadata={})
    # Nova tells of those that are not deleted, wherever they are.
    rows = call.rows("compute.server")
    shown["members"] = [one for one in body["members"] if rows.get(one) is not None]
    if call.microversion >= (2, 13):
        shown.update(project_id=body["project_id"], user_id=body["user_id"])
    return shown


def create(call: web.Call) -> web.Answer:
    """POST /os-server-groups: 200; 403 if the project has too many."""
    wish = checks.body(call, "server_group", _schema(call))
    paged.require_member(call, "os-server-groups:create")
    policy = wish["policy"] if "policy" in wish else wish["policies"][0]
    rules = wish.get("rules", {})
    if rules and policy != "anti-affinity":
        raise web.Refused(400, "Only anti-affinity policy supports rules.")
    project_id = call.token.project_id
    most = quotas.limits_of(call.cloud, project_id)["server_groups"]
    if 0 <= most <= quotas.used_by(call.cloud, project_id)["server_groups"]:
        raise web.Refused(403, "Quota exceeded, too many server groups.")
    owner = (project_id or "", call.token.user_id)
    body = shapes.server_group(call.cloud, wish["name"], *owner, policy=policy)
    body["rules"] = {key: int(value) for key, value in rules.items()}
    notices.server_group(call.cloud, body, "create")
    return web.Answer(200, {"server_group": _present(call, body)})


def list_groups(call: web.Call) -> web.Answer:
    """GET /os-server-groups: the project's, oldest first; the administrator's wish for all.

    A member's ``all_projects`` is ignored.
    """
    checks.query(call, QUERY)
    wants_all = "all_projects" in call.query and call.token.is_admin
    rows = call.rows("compute.server_group")
    found = list(rows if wants_all else rows.where("project_id", call.token.project_id))
    start = int(call.query.get("offset") or 0)
    limit = paged.limit(call)
    page = found[start:] if limit is None else found[start : start + limit]
    return web.Answer(200, {"server_groups": [_present(call, body) for body in page]})


def _find(call: web.Call) -> Body:
    body = call.rows("compute.server_group").get(call.args["id"])
    own = body is not None and body["project_id"] == call.token.project_id
    if body is None or not (own or call.token.is_admin):
        text = f"Instance group {call.args['id']} could not be found."
        raise web.Refused(404, text)
    return body


def show(call: web.Call) -> web.Answer:
    """GET /os-server-groups/ID."""
    return web.Answer(200, {"server_group": _present(call, _find(call))})


def delete(call: web.Call) -> web.Answer:
    """DELETE /os-server-groups/ID: 204, and its members stay as they are."""
    body = _find(call)
    paged.require_member(call, "os-server-groups:delete")
    call.rows("compute.server_group").remove(body["id"])
    for server_id in body["members"]:
        server = call.rows("compute.server").get(server_id)
        if server is not None:
            kept = [one for one in server["server_groups"] if one != body["id"]]
            server["server_groups"] = kept
    notices.server_group(call.cloud, body, "delete")
    return web.Answer(204)


PATH = "/v2.1/os-server-groups"
ROUTES = (
    web.Route("GET", PATH, list_groups),
    web.Route("POST", PATH, create),
    web.Route("GET", f"{PATH}/<id>", show),
    web.Route("DELETE", f"{PATH}/<id>", delete),
)
