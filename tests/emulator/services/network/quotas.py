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
"""Quotas of projects (API reference, "Quotas extension" and "Quotas details extension").

Limits and how they are refused were seen on a real Neutron 29: a limit below what is used is 400,
one that is reached makes POST a 409.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy
from tests.emulator.services.network import wishes

Body = cloud_module.Body
Collection = collections.Collection

DEFAULTS = {
    "network": 1000,
    "subnet": 1000,
    "subnetpool": -1,
    "port": 5000,
    "router_route": 30,
    "router": 1000,
    "floatingip": 1000,
    "rbac_policy": 10,
    "security_group": 1000,
    "security_group_rule": 10000,
    "trunk": -1,
}
KINDS = {
    collection.singular: collection.kind
    for collection in (
        *(collections.NETWORKS, collections.SUBNETS, collections.SUBNET_POOLS, collections.PORTS),
        *(collections.ROUTERS, collections.FLOATING_IPS, collections.SECURITY_GROUPS),
        *(collections.SECURITY_GROUP_RULES, collections.TRUNKS),
    )
}


def limits(cloud: cloud_module.Cloud, project_id: str) -> dict[str, int]:
    """The project's limits; -1 is none."""
    return {**DEFAULTS, **cloud.quotas.get(("network", project_id), {})}


def used(cloud: cloud_module.Cloud, project_id: str, resource: str) -> int:
    """How much the project has of it; what Neutron made for itself is nobody's."""
    if resource not in KINDS:
        return 0
    return sum(1 for _ in cloud[KINDS[resource]].where("project_id", project_id))


def check(call: web.Call, collection: Collection, project_id: str, count: int) -> None:
    """409 if the project may not have so many more."""
    limit = limits(call.cloud, project_id).get(collection.singular, -1)
    if limit < 0 or len(call.rows(collection.kind)) + count <= limit:
        return
    if used(call.cloud, project_id, collection.singular) + count > limit:
        text = f"Quota exceeded for resources: ['{collection.singular}']."
        raise policy.conflict("OverQuota", text)


def _require(call: web.Call, action: str) -> str:
    """The project that the path names; only the administrator changes its quotas."""
    project_id = call.args["project_id"]
    is_own = action == "get" and project_id == call.token.project_id
    if not call.token.is_admin and not is_own:
        raise policy.forbidden(f"{action}_quota")
    return project_id


def index(call: web.Call) -> web.Answer:
    """GET /v2.0/quotas: of the projects that have limits of their own."""
    if not call.token.is_admin:
        raise policy.forbidden("get_quota")
    found = [
        {**limits(call.cloud, project_id), "project_id": project_id, "tenant_id": project_id}
        for service, project_id in call.cloud.quotas
        if service == "network"
    ]
    return web.Answer(200, {"quotas": found})


def show(call: web.Call) -> web.Answer:
    """GET /v2.0/quotas/PROJECT; of a project that does not exist as of any other."""
    return web.Answer(200, {"quota": limits(call.cloud, _require(call, "get"))})


def default(call: web.Call) -> web.Answer:
    """GET /v2.0/quotas/PROJECT/default."""
    _require(call, "get")
    return web.Answer(200, {"quota": dict(DEFAULTS)})


def details(call: web.Call) -> web.Answer:
    """GET /v2.0/quotas/PROJECT/details: limits with what is used."""
    project_id = call.args["project_id"]
    if not call.token.is_admin and project_id != call.token.project_id:
        text = (
            "User does not have admin privileges: Only admin is authorized to access quotas for "
            "another project."
        )
        raise web.Refused(403, text, "AdminRequired")
    found = {
        name: {"limit": limit, "used": used(call.cloud, project_id, name), "reserved": 0}
        for name, limit in limits(call.cloud, project_id).items()
    }
    return web.Answer(200, {"quota": found})


def update(call: web.Call) -> web.Answer:
    """PUT /v2.0/quotas/PROJECT: no lower than what is used, unless ``force`` says so."""
    project_id = _require(call, "update")
    body = wishes.read(call)
    if not isinstance(body.get("quota"), dict):
        text = "Request Failed: internal server error while processing your request."
        raise web.Refused(500, text)
    wanted = dict(body["quota"])
    is_forced = bool(wanted.pop("force", False))
    wanted.pop("check_limit", None)
    unknown = [name for name in wanted if name not in DEFAULTS]
    if unknown:
        raise web.Refused(400, f"Unrecognized attribute(s) '{', '.join(unknown)}'")
    asked = {name: _limit(name, value) for name, value in wanted.items()}
    for name, limit in asked.items():
        there = used(call.cloud, project_id, name) if limit >= 0 and not is_forced else 0
        if 0 <= limit < there:
            text = (
                f"Quota limit {limit} for {name} must be greater than or equal to already used "
                f"{there}"
            )
            raise web.Refused(400, text)
    call.cloud.quotas.setdefault(("network", project_id), {}).update(asked)
    return web.Answer(200, {"quota": limits(call.cloud, project_id)})


def _limit(name: str, value: object) -> int:
    limit = fields.to_integer(value)
    if limit < -1:
        text = f"Invalid input for {name}. Reason: '{limit}' is too small - must be at least '-1'."
        raise web.Refused(400, text)
    return limit


def delete(call: web.Call) -> web.Answer:
    """DELETE /v2.0/quotas/PROJECT: the defaults again; 404 if it had no others."""
    project_id = _require(call, "delete")
    if call.cloud.quotas.pop(("network", project_id), None) is None:
        text = f"Quota for project {project_id} could not be found."
        raise web.Refused(404, text, "TenantQuotaNotFound")
    return web.Answer(204)


def owner(call: web.Call) -> web.Answer:
    """GET /v2.0/quotas/tenant and /project: whose token it is, for anybody."""
    name = call.request.path.rpartition("/")[2]
    return web.Answer(200, {name: {f"{name}_id": call.token.project_id}})


ROUTES = (
    web.Route("GET", "/v2.0/quotas", index),
    web.Route("GET", "/v2.0/quotas/tenant", owner),
    web.Route("GET", "/v2.0/quotas/project", owner),
    web.Route("GET", "/v2.0/quotas/<project_id>", show),
    web.Route("PUT", "/v2.0/quotas/<project_id>", update),
    web.Route("DELETE", "/v2.0/quotas/<project_id>", delete),
    web.Route("GET", "/v2.0/quotas/<project_id>/default", default),
    web.Route("GET", "/v2.0/quotas/<project_id>/details", details),
    web.Route("GET", "/v2.0/quotas/<project_id>/details.json", details),
)
