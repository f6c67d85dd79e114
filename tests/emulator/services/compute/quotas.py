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
"""Quotas, limits and usage of projects.

Sources: API reference, Compute, "Quota sets", "Limits" and "Usage reports"; statuses, messages
and defaults seen on a real Nova 34 whose quotas allow 1000 servers.
"""

from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import paged

Body = cloud_module.Body

DEFAULTS = {
    "cores": 5000,
    "instances": 1000,
    "key_pairs": 100,
    "metadata_items": 128,
    "ram": 5120000,
    "server_group_members": 10,
    "server_groups": 10,
}
NETWORK = {"fixed_ips": -1, "floating_ips": -1, "security_group_rules": -1, "security_groups": -1}
FILES = {
    "injected_file_content_bytes": 10240,
    "injected_file_path_bytes": 255,
    "injected_files": 5,
}
"""What Nova counted itself before 2.36, and before 2.57."""


def limits_of(cloud: cloud_module.Cloud, project_id: str | None) -> dict[str, int]:
    """What the project may have of each; -1 is any number."""
    return {**DEFAULTS, **cloud.quotas.get(("compute", project_id or ""), {})}


def used_by(cloud: cloud_module.Cloud, project_id: str | None) -> dict[str, int]:
    """What the project has of each."""
    servers = list(cloud["compute.server"].where("tenant_id", project_id))
    groups = cloud["compute.server_group"].where("project_id", project_id)
    return {
        **dict.fromkeys(DEFAULTS, 0),
        "instances": len(servers),
        "cores": sum(body["flavor"]["vcpus"] for body in servers),
        "ram": sum(body["flavor"]["ram"] for body in servers),
        "server_groups": len(list(groups)),
    }


def check_servers(call: web.Call, **more: int) -> None:
    """403 with Nova's text if the caller's project would have too many of these."""
    limits = limits_of(call.cloud, call.token.project_id)
    used = used_by(call.cloud, call.token.project_id)
    over = [
        key for key in sorted(more) if more[key] > 0 and 0 <= limits[key] < used[key] + more[key]
    ]
    if over:

        def listed(numbers: dict[str, int]) -> str:
            return ", ".join(str(numbers[key]) for key in over)

        names = ", ".join(over)
        text = f"Quota exceeded for {names}: Requested {listed(more)}, but already used"
        raise web.Refused(403, f"{text} {listed(used)} of {listed(limits)} {names}")


def check_metadata(call: web.Call, metadata: dict[str, Any]) -> None:
    """403 if a server would have too many metadata items."""
    most = limits_of(call.cloud, call.token.project_id)["metadata_items"]
    if 0 <= most < len(metadata):
        raise web.Refused(403, f"Maximum number of metadata items exceeds {most}")


def _shown(call: web.Call, limits: dict[str, Any]) -> dict[str, Any]:
    """With what Nova counted itself in older microversions."""
    more: dict[str, Any] = {}
    if call.microversion < (2, 57):
        more.update(FILES)
    if call.microversion < (2, 36):
        more.update(NETWORK)
    more.update({key: limits[key] for key in more if key in limits})
    return {**limits, **more}


def _check_project(call: web.Call) -> str:
    project_id = call.args["project"]
    if call.rows("identity.project").get(project_id) is None:
        raise web.Refused(400, f"Project ID {project_id} is not a valid project.")
    return project_id


def _require_own(call: web.Call, rule: str) -> str:
    own = call.args["project"] == call.token.project_id
    paged.require(call, f"os-quota-sets:{rule}", allowed=own or call.token.is_admin)
    return _check_project(call)


def show(call: web.Call) -> web.Answer:
    """GET /os-quota-sets/PROJECT: 403 for another's, 400 for a project that is not there."""
    project_id = _require_own(call, "show")
    limits = _shown(call, limits_of(call.cloud, project_id))
    return web.Answer(200, {"quota_set": {"id": project_id, **limits}})


def show_defaults(call: web.Call) -> web.Answer:
    """GET .../defaults: the same for all, and for all to see."""
    project_id = _check_project(call)
    return web.Answer(200, {"quota_set": {"id": project_id, **_shown(call, DEFAULTS)}})


def show_detail(call: web.Call) -> web.Answer:
    """GET .../detail: each with what is used of it."""
    project_id = _require_own(call, "detail")
    used = used_by(call.cloud, project_id)
    shown = {
        key: {"limit": limit, "in_use": used.get(key, 0), "reserved": 0}
        for key, limit in _shown(call, limits_of(call.cloud, project_id)).items()
    }
    return web.Answer(200, {"quota_set": {"id": project_id, **shown}})


def update(call: web.Call) -> web.Answer:
    """PUT: the administrator sets limits; 400 below what is used, unless forced."""
    paged.require_admin(call, "os-quota-sets:update")
    known = _shown(call, dict(DEFAULTS))
    fields = {**dict.fromkeys(known, checks.integer(-1)), "force": checks.BOOLEAN}
    wish = dict(checks.body(call, "quota_set", checks.closed(**fields)))
    project_id = _check_project(call)
    is_forced = checks.is_true(wish.pop("force", False))
    wish = {key: int(limit) for key, limit in wish.items()}
    used = used_by(call.cloud, project_id)
    for key, limit in wish.items():
        if not is_forced and 0 <= limit < used.get(key, 0):
            text = f"Quota limit {limit} for {key} must be greater than or equal to already used"
            raise web.Refused(400, f"{text} and reserved {used[key]}.")
    set_before = call.cloud.quotas.get(("compute", project_id), {})
    call.cloud.quotas["compute", project_id] = {**set_before, **wish}
    limits = limits_of(call.cloud, project_id)
    return web.Answer(200, {"quota_set": _shown(call, limits)})


def delete(call: web.Call) -> web.Answer:
    """DELETE: 202, and the project has the default limits again; also one that is gone."""
    paged.require_admin(call, "os-quota-sets:delete")
    call.cloud.quotas.pop(("compute", call.args["project"]), None)
    return web.Answer(202)


ABSOLUTE = {
    "maxTotalCores": "cores",
    "maxTotalInstances": "instances",
    "maxTotalKeypairs": "key_pairs",
    "maxServerMeta": "metadata_items",
    "maxTotalRAMSize": "ram",
    "maxServerGroups": "server_groups",
    "maxServerGroupMembers": "server_group_members",
}
USED = {
    "totalRAMUsed": "ram",
    "totalCoresUsed": "cores",
    "totalInstancesUsed": "instances",
    "totalServerGroupsUsed": "server_groups",
}


def show_limits(call: web.Call) -> web.Answer:
    """GET /limits: the caller's project, or for the administrator any, with ``tenant_id``."""
    checks.query(call, checks.words("reserved", "tenant_id"), since=(2, 75))
    project_id = call.query.get("tenant_id")
    if project_id is not None:
        paged.require(call, "limits:other_project", allowed=call.token.is_admin)
    project_id = project_id or call.token.project_id
    limits, used = limits_of(call.cloud, project_id), used_by(call.cloud, project_id)
    shown: dict[str, int] = {name: limits[key] for name, key in ABSOLUTE.items()}
    if call.microversion < (2, 57):
        shown.update(maxPersonality=5, maxPersonalitySize=10240)
    if call.microversion < (2, 39):
        shown.update(maxImageMeta=limits["metadata_items"])
    if call.microversion < (2, 36):
        shown.update(maxTotalFloatingIps=-1, maxSecurityGroups=-1, maxSecurityGroupRules=-1)
        shown.update(totalFloatingIpsUsed=0, totalSecurityGroupsUsed=0)
    shown.update({name: used[key] for name, key in USED.items()})
    return web.Answer(200, {"limits": {"rate": [], "absolute": shown}})


def _usage(call: web.Call, project_id: str, *, is_detailed: bool) -> Body:
    """What the project uses now, for the moment that Nova takes as its period by default."""
    now = clock.microseconds(call.cloud.clock.now())
    usage: Body = {
        "tenant_id": project_id,
        **dict.fromkeys(
            ("total_local_gb_usage", "total_vcpus_usage", "total_memory_mb_usage", "total_hours"),
            0.0,
        ),
        "start": now,
        "stop": now,
    }
    if is_detailed:
        servers = call.rows("compute.server").where("tenant_id", project_id, is_glance=True)
        usage["server_usages"] = [_server_usage(body) for body in servers]
    return usage


def _server_usage(body: Body) -> Body:
    embedded = body["flavor"]
    return {
        "hours": 0.0,
        "flavor": embedded["original_name"],
        "instance_id": body["id"],
        "name": body["name"],
        "tenant_id": body["tenant_id"],
        "memory_mb": embedded["ram"],
        "local_gb": embedded["disk"],
        "vcpus": embedded["vcpus"],
        "started_at": body["OS-SRV-USG:launched_at"],
        "ended_at": None,
        "state": body["OS-EXT-STS:vm_state"],
        "uptime": 0,
    }


def _check_start(call: web.Call) -> None:
    start = call.query.get("start", "2026-01-01")
    try:
        checks.FORMATS["date-time"](start)
    except ValueError:
        text = "Invalid datetime string: Datetime is in invalid format"
        raise web.Refused(400, text) from None


def list_usage(call: web.Call) -> web.Answer:
    """GET /os-simple-tenant-usage: the administrator's list of projects with servers."""
    paged.require_admin(call, "os-simple-tenant-usage:list")
    _check_start(call)
    is_detailed = call.query.get("detailed") == "1"
    projects = sorted(
        project_id
        for project_id in call.rows("identity.project").keys()  # noqa: SIM118 - a table
        if call.rows("compute.server").has("tenant_id", project_id)
    )
    found = [_usage(call, one, is_detailed=is_detailed) for one in projects]
    return web.Answer(200, {"tenant_usages": found})


def show_usage(call: web.Call) -> web.Answer:
    """GET /os-simple-tenant-usage/PROJECT: with its servers; an empty object without any."""
    project_id = call.args["project"]
    own = project_id == call.token.project_id
    paged.require(call, "os-simple-tenant-usage:show", allowed=own or call.token.is_admin)
    _check_start(call)
    usage = _usage(call, project_id, is_detailed=True)
    return web.Answer(200, {"tenant_usage": usage if usage["server_usages"] else {}})


SETS = "/v2.1/os-quota-sets/<project>"
ROUTES = (
    web.Route("GET", SETS, show),
    web.Route("PUT", SETS, update),
    web.Route("DELETE", SETS, delete),
    web.Route("GET", f"{SETS}/defaults", show_defaults),
    web.Route("GET", f"{SETS}/detail", show_detail),
    web.Route("GET", "/v2.1/limits", show_limits),
    web.Route("GET", "/v2.1/os-simple-tenant-usage", list_usage),
    web.Route("GET", "/v2.1/os-simple-tenant-usage/<project>", show_usage),
)
