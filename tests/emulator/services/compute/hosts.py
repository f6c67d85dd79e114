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
"""Hypervisors, Nova's services and availability zones.

Sources: API reference, Compute, "Hypervisors", "Compute services" and "Availability zones";
bodies by microversion (2.28 `cpu_info` as an object, 2.53 uuids, 2.88 without what is used) seen
on a real Nova 34.
"""

import json
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import placing
from tests.emulator.shapes import compute as shapes
from tests.emulator.shapes.compute import hosts

Body = cloud_module.Body

CPU: dict[str, Any] = {
    "arch": "x86_64",
    "model": "Nehalem",
    "vendor": "Intel",
    "features": ["pge", "clflush"],
    "topology": {"cores": 1, "threads": 1, "sockets": 4},
}
VCPUS, MEMORY_MB, DISK_GB = 64, 262144, 10000
UUIDS = (2, 53)


def _is_up(call: web.Call, service: Body) -> bool:
    return not service["forced_down"] and service["host"] not in call.cloud.settings.down_hosts


def _number(host: str) -> int:
    return shapes.HOSTS.index(host) + 1


def _brief(call: web.Call, service: Body) -> Body:
    host = service["host"]
    has_uuids = call.microversion >= UUIDS
    return {
        "id": hosts.fixed_uuid(f"{host}.emulated") if has_uuids else _number(host),
        "hypervisor_hostname": host,
        "state": "up" if _is_up(call, service) else "down",
        "status": service["status"],
    }


def _servers(call: web.Call, host: str) -> list[Body]:
    return [body for body in call.rows("compute.server") if body["OS-EXT-SRV-ATTR:host"] == host]


def _detail(call: web.Call, service: Body) -> Body:
    has_uuids = call.microversion >= UUIDS
    shown = {
        **_brief(call, service),
        "hypervisor_type": "fake",
        "hypervisor_version": 1000,
        "host_ip": "127.0.0.1",
        "service": {
            "id": service["id"] if has_uuids else service["number"],
            "host": service["host"],
            "disabled_reason": service["disabled_reason"],
        },
    }
    if call.microversion >= (2, 88):
        return {**shown, "uptime": None}
    cpu = CPU if call.microversion >= (2, 28) else json.dumps(CPU)
    return {**shown, **_usage(_servers(call, service["host"])), "cpu_info": cpu}


def _usage(servers: list[Body]) -> dict[str, int]:
    """What the servers use of one host; the host itself takes 512 MiB."""
    vcpus, memory, disk = (
        sum(body["flavor"][key] for body in servers) for key in ("vcpus", "ram", "disk")
    )
    return {
        "vcpus": VCPUS,
        "memory_mb": MEMORY_MB,
        "local_gb": DISK_GB,
        "vcpus_used": vcpus,
        "memory_mb_used": memory + 512,
        "local_gb_used": disk,
        "free_ram_mb": MEMORY_MB - memory - 512,
        "free_disk_gb": DISK_GB - disk,
        "current_workload": 0,
        "running_vms": len(servers),
        "disk_available_least": 0,
    }


def _computes(call: web.Call) -> list[Body]:
    return [one for one in shapes.services(call.cloud) if one["binary"] == "nova-compute"]


def _require(call: web.Call, action: str) -> None:
    paged.require_admin(call, f"os-hypervisors:{action}")


QUERY = checks.words("hypervisor_hostname_pattern", "with_servers")


def _matching(call: web.Call, pattern: str | None) -> list[Body]:
    found = [one for one in _computes(call) if pattern is None or pattern in one["host"]]
    if not found:
        text = f"No hypervisor matching '{pattern}' could be found."
        raise web.Refused(404, text)
    return found


def _with_servers(call: web.Call, shown: Body) -> Body:
    if not checks.is_true(call.query.get("with_servers")) or call.microversion < UUIDS:
        return shown
    return _and_servers(call, shown)


def _and_servers(call: web.Call, shown: Body) -> Body:
    found = [
        {"name": body["OS-EXT-SRV-ATTR:instance_name"], "uuid": body["id"]}
        for body in _servers(call, shown["hypervisor_hostname"])
    ]
    return {**shown, "servers": found} if found else shown


def _list(*, detail: bool) -> web.Handler:
    """GET /os-hypervisors and /detail: in pages since 2.33, by pattern since 2.53."""
    present = _detail if detail else _brief

    def handler(call: web.Call) -> web.Answer:
        _require(call, "list-detail" if detail else "list")
        checks.query(call, QUERY)
        pattern = call.query.get("hypervisor_hostname_pattern")
        if pattern and {"limit", "marker"} & set(call.query):
            text = "The server could not comply with the request since it is either malformed"
            raise web.Refused(400, f"{text} or otherwise incorrect.")
        rows = [present(call, one) for one in _matching(call, pattern)]
        marker = call.query.get("marker") if call.microversion >= (2, 33) else None
        gone = web.Refused(400, f"marker [{marker}] not found")
        limit = paged.limit(call) if call.microversion >= (2, 33) else None
        page = paged.after(rows, marker, "id", gone)[:limit]
        last = str(page[-1]["id"]) if page and limit is not None else None
        shown = {"hypervisors": [_with_servers(call, one) for one in page]}
        return web.Answer(200, {**shown, **paged.links(call, "hypervisors", last, len(page))})

    return handler


def _find(call: web.Call) -> Body:
    key = call.args["id"]
    if call.microversion >= UUIDS:
        try:
            checks.FORMATS["uuid"](key)
        except ValueError:
            raise web.Refused(400, f"Invalid uuid {key}") from None
    for service in _computes(call):
        if str(_brief(call, service)["id"]) == key:
            return service
    raise web.Refused(404, f"Hypervisor with ID '{key}' could not be found.")


def show(call: web.Call) -> web.Answer:
    """GET /os-hypervisors/ID: by uuid since 2.53, by number before."""
    _require(call, "show")
    return web.Answer(200, {"hypervisor": _with_servers(call, _detail(call, _find(call)))})


def show_uptime(call: web.Call) -> web.Answer:
    """GET /os-hypervisors/ID/uptime, until 2.87: 501, as no hypervisor here tells."""
    _require(call, "uptime")
    paged.require_version(call, (2, 1), (2, 87))
    _find(call)
    raise web.Refused(501, "The requested functionality is not supported.")


def show_statistics(call: web.Call) -> web.Answer:
    """GET /os-hypervisors/statistics, until 2.87: the sums."""
    paged.require_version(call, (2, 1), (2, 87))
    _require(call, "statistics")
    usages = [_usage(_servers(call, one["host"])) for one in _computes(call)]
    sums = {key: sum(usage[key] for usage in usages) for key in usages[0]}
    return web.Answer(200, {"hypervisor_statistics": {"count": len(usages), **sums}})


def search(call: web.Call) -> web.Answer:
    """GET /os-hypervisors/PATTERN/search, until 2.52: those with this in their name."""
    paged.require_version(call, (2, 1), (2, 52))
    _require(call, "search")
    found = [_brief(call, one) for one in _matching(call, call.args["id"])]
    return web.Answer(200, {"hypervisors": found})


def list_servers(call: web.Call) -> web.Answer:
    """GET /os-hypervisors/PATTERN/servers, until 2.52: the same with their servers."""
    paged.require_version(call, (2, 1), (2, 52))
    _require(call, "servers")
    rows = [_brief(call, one) for one in _matching(call, call.args["id"])]
    return web.Answer(200, {"hypervisors": [_and_servers(call, one) for one in rows]})


def _seen(call: web.Call) -> str:
    return clock.microseconds(call.cloud.clock.now())


def _service(call: web.Call, body: Body) -> Body:
    is_compute = body["binary"] == "nova-compute"
    shown = {
        "binary": body["binary"],
        "host": body["host"],
        "id": body["id"] if call.microversion >= UUIDS else body["number"],
        "zone": placing.zone_of(call.cloud, body["host"]) if is_compute else body["zone"],
        "status": body["status"],
        "state": "up" if _is_up(call, body) else "down",
        "updated_at": _seen(call),
        "disabled_reason": body["disabled_reason"],
    }
    if call.microversion >= (2, 11):
        shown["forced_down"] = body["forced_down"]
    return shown


def list_services(call: web.Call) -> web.Answer:
    """GET /os-services, for the administrator, by `host` and `binary`."""
    paged.require_admin(call, "os-services:list")
    query = {"properties": {"host": {}, "binary": {}}}
    checks.query(call, query)
    wanted = {key: value for key, value in call.query.items() if key in {"host", "binary"}}
    found = [
        _service(call, body)
        for body in shapes.services(call.cloud)
        if all(body[key] == value for key, value in wanted.items())
    ]
    return web.Answer(200, {"services": found})


CHANGE = checks.closed(
    status={"enum": ["enabled", "disabled"]},
    disabled_reason=checks.NAME,
    forced_down=checks.BOOLEAN,
)


def update_service(call: web.Call) -> web.Answer:
    """PUT /os-services/ID, since 2.53: enabled, disabled for a reason, forced down."""
    paged.require_version(call, UUIDS)
    paged.require_admin(call, "os-services:update")
    wish = checks.check(call.body, CHANGE)
    shapes.services(call.cloud)
    body = call.rows("compute.service").get(call.args["id"])
    if body is None:
        raise web.Refused(404, f"Service {call.args['id']} could not be found.")
    if "forced_down" in wish:
        body["forced_down"] = checks.is_true(wish["forced_down"])
    if "status" in wish:
        is_disabled = wish["status"] == "disabled"
        reason = wish.get("disabled_reason") if is_disabled else None
        body.update(status=wish["status"], disabled_reason=reason)
    return web.Answer(200, {"service": _service(call, body)})


def _zones(call: web.Call, *, detail: bool) -> list[Body]:
    """The zones by name; with the services on their hosts if the details are wanted."""
    zones: dict[str, Body] = {}
    for body in shapes.services(call.cloud):
        shown = _service(call, body)
        if shown["zone"] == "internal" and not detail:
            continue
        found = zones.setdefault(shown["zone"], {})
        found.setdefault(body["host"], {})[body["binary"]] = {
            "available": shown["state"] == "up",
            "active": body["status"] == "enabled",
            "updated_at": shown["updated_at"],
        }
    return [
        {"zoneName": name, "zoneState": {"available": True}, "hosts": there if detail else None}
        for name, there in sorted(zones.items())
    ]


def list_zones(call: web.Call) -> web.Answer:
    """GET /os-availability-zone: for all, without hosts."""
    return web.Answer(200, {"availabilityZoneInfo": _zones(call, detail=False)})


def list_zones_in_detail(call: web.Call) -> web.Answer:
    """GET /os-availability-zone/detail, for the administrator: also ``internal``."""
    paged.require_admin(call, "os-availability-zone:detail")
    return web.Answer(200, {"availabilityZoneInfo": _zones(call, detail=True)})


PATH = "/v2.1/os-hypervisors"
ROUTES = (
    web.Route("GET", PATH, _list(detail=False)),
    web.Route("GET", f"{PATH}/detail", _list(detail=True)),
    web.Route("GET", f"{PATH}/statistics", show_statistics),
    web.Route("GET", f"{PATH}/<id>", show),
    web.Route("GET", f"{PATH}/<id>/uptime", show_uptime),
    web.Route("GET", f"{PATH}/<id>/search", search),
    web.Route("GET", f"{PATH}/<id>/servers", list_servers),
    web.Route("GET", "/v2.1/os-services", list_services),
    web.Route("PUT", "/v2.1/os-services/<id>", update_service),
    web.Route("GET", "/v2.1/os-availability-zone", list_zones),
    web.Route("GET", "/v2.1/os-availability-zone/detail", list_zones_in_detail),
)
