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
"""Placement: what hypervisors have and servers use of it, as Nova keeps it there.

Nothing is kept here: providers are Nova's compute hosts, allocations its servers' flavors.
Sources: API reference, Placement; statuses, texts and bodies seen on a real Placement 16.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.shapes import compute as shapes
from tests.emulator.shapes.compute import hosts

Body = cloud_module.Body

INVENTORIES = {
    "VCPU": (64, 0, 64.0),
    "MEMORY_MB": (262144, 512, 16.0),
    "DISK_GB": (10000, 0, 100.0),
}
"""Total, reserved and ratio of each resource of a host."""

CLASSES = (*INVENTORIES, "PCI_DEVICE", "SRIOV_NET_VF", "VGPU", "PCPU")
TRAITS = ("COMPUTE_NODE", "OWNER_NOVA", "COMPUTE_VOLUME_EXTEND", "COMPUTE_TRUSTED_CERTS")
EXPLANATIONS = {
    400: "The server could not comply with the request since it is either malformed or "
    "otherwise incorrect.",
    403: "Access was denied to this resource.",
    404: "The resource could not be found.",
}


def shape(refused: web.Refused) -> web.Answer:
    """Placement's refusals: a list of one error."""
    if refused.status == 401:
        return web.middleware_shape(refused)
    error = {
        "status": refused.status,
        "title": web.TITLES.get(refused.status, "Error"),
        "detail": f"{EXPLANATIONS.get(refused.status, '')}\n\n {refused.message}  ",
        "code": "placement.undefined_code",
    }
    return web.Answer(refused.status, {"errors": [error]})


def versions(_call: web.Call) -> web.Answer:
    """GET /: the versions, whose link is empty."""
    version = {
        "id": "v1.0",
        "max_version": "1.39",
        "min_version": "1.0",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": ""}],
    }
    return web.Answer(200, {"versions": [version]})


def _require_admin(call: web.Call, rule: str) -> None:
    call.require_admin(f"Policy does not allow placement:{rule} to be performed.")


def _id(host: str) -> str:
    return hosts.fixed_uuid(f"{host}.emulated")


def _provider(call: web.Call, host: str) -> Body:
    """A host; links to more of it since 1.1, 1.6 and 1.11, its tree since 1.14."""
    path = f"{call.service.prefix}/resource_providers/{_id(host)}"
    since = {"aggregates": (1, 1), "traits": (1, 6), "allocations": (1, 11)}
    parts = ["inventories", "usages"]
    parts += [name for name, first in since.items() if call.microversion >= first]
    links = [{"rel": "self", "href": path}]
    links += [{"rel": part, "href": f"{path}/{part}"} for part in parts]
    shown: Body = {"uuid": _id(host), "name": host, "generation": 1, "links": links}
    if call.microversion >= (1, 14):
        shown.update(parent_provider_uuid=None, root_provider_uuid=_id(host))
    return shown


FILTERS = {"name", "uuid", "member_of", "resources", "in_tree", "required"}


def list_providers(call: web.Call) -> web.Answer:
    """GET /resource_providers, by `name` and `uuid`; 400 for what it does not know."""
    _require_admin(call, "resource_providers:list")
    wrong = sorted(set(call.query) - FILTERS)
    if wrong:
        text = f"Additional properties are not allowed ('{wrong[0]}' was unexpected)"
        raise web.Refused(400, f"Invalid query string parameters: {text}")
    wanted = {key: value for key, value in call.query.items() if key in {"name", "uuid"}}
    found = [
        provider
        for provider in (_provider(call, host) for host in shapes.HOSTS)
        if all(provider[key] == value for key, value in wanted.items())
    ]
    return web.Answer(200, {"resource_providers": found})


def _host(call: web.Call, rule: str) -> str:
    """The host that the path means."""
    _require_admin(call, f"resource_providers:{rule}")
    for host in shapes.HOSTS:
        if _id(host) == call.args["id"]:
            return host
    raise web.Refused(404, f"No resource provider with uuid {call.args['id']} found")


def show_provider(call: web.Call) -> web.Answer:
    """GET /resource_providers/ID."""
    return web.Answer(200, _provider(call, _host(call, "show")))


def list_inventories(call: web.Call) -> web.Answer:
    """GET .../inventories: what the host has."""
    _host(call, "inventories:list")
    found = {
        name: {
            "total": total,
            "reserved": reserved,
            "min_unit": 1,
            "max_unit": total,
            "step_size": 1,
            "allocation_ratio": ratio,
        }
        for name, (total, reserved, ratio) in INVENTORIES.items()
    }
    return web.Answer(200, {"resource_provider_generation": 1, "inventories": found})


def _resources(server: Body) -> dict[str, int]:
    flavor = server["flavor"]
    return {"DISK_GB": flavor["disk"], "MEMORY_MB": flavor["ram"], "VCPU": flavor["vcpus"]}


def _on(call: web.Call, host: str) -> list[Body]:
    servers = call.rows("compute.server")
    return [one for one in servers if one["OS-EXT-SRV-ATTR:host"] == host]


def _sum(servers: list[Body]) -> dict[str, int]:
    total = dict.fromkeys(INVENTORIES, 0)
    for server in servers:
        for name, amount in _resources(server).items():
            total[name] += amount
    return total


def list_usages(call: web.Call) -> web.Answer:
    """GET .../usages: what its servers use."""
    usages = _sum(_on(call, _host(call, "usages")))
    return web.Answer(200, {"resource_provider_generation": 1, "usages": usages})


def list_allocations(call: web.Call) -> web.Answer:
    """GET .../allocations: the same by server."""
    found = {
        server["id"]: {"resources": _resources(server), "consumer_generation": 1}
        for server in _on(call, _host(call, "allocations:list"))
    }
    return web.Answer(200, {"allocations": found, "resource_provider_generation": 1})


def list_provider_traits(call: web.Call) -> web.Answer:
    """GET .../traits."""
    _host(call, "traits:list")
    return web.Answer(200, {"traits": list(TRAITS), "resource_provider_generation": 1})


def list_aggregates(call: web.Call) -> web.Answer:
    """GET .../aggregates: the uuids of the aggregates that it is in."""
    host = _host(call, "aggregates:list")
    found = [one["uuid"] for one in call.rows("compute.aggregate") if host in one["hosts"]]
    return web.Answer(200, {"aggregates": found, "resource_provider_generation": 1})


def show_allocations(call: web.Call) -> web.Answer:
    """GET /allocations/CONSUMER: what one server uses; nothing if there is none."""
    _require_admin(call, "allocations:list")
    server = call.rows("compute.server").get(call.args["id"])
    host = None if server is None else server["OS-EXT-SRV-ATTR:host"]
    if server is None or not host:
        return web.Answer(200, {"allocations": {}})
    shown: dict[str, Any] = {
        "allocations": {_id(host): {"resources": _resources(server), "generation": 1}},
        "project_id": server["tenant_id"],
        "user_id": server["user_id"],
        "consumer_generation": 1,
        "consumer_type": "unknown",
    }
    return web.Answer(200, shown)


def list_classes(call: web.Call) -> web.Answer:
    """GET /resource_classes."""
    _require_admin(call, "resource_classes:list")
    return web.Answer(200, {"resource_classes": [_class(call, name) for name in CLASSES]})


def _class(call: web.Call, name: str) -> Body:
    href = f"{call.service.prefix}/resource_classes/{name}"
    return {"name": name, "links": [{"rel": "self", "href": href}]}


def show_class(call: web.Call) -> web.Answer:
    """GET /resource_classes/NAME."""
    _require_admin(call, "resource_classes:show")
    name = call.args["name"]
    if name not in CLASSES:
        raise web.Refused(404, f"No such resource class {name}.")
    return web.Answer(200, _class(call, name))


def list_traits(call: web.Call) -> web.Answer:
    """GET /traits."""
    _require_admin(call, "traits:list")
    return web.Answer(200, {"traits": list(TRAITS)})


def show_usages(call: web.Call) -> web.Answer:
    """GET /usages of a project: its own, or for the administrator any; by type since 1.38."""
    project_id = call.query.get("project_id")
    if project_id != call.token.project_id:
        _require_admin(call, "usages")
    servers = list(call.rows("compute.server").where("tenant_id", project_id))
    if call.microversion < (1, 38):
        return web.Answer(200, {"usages": _sum(servers) if servers else {}})
    usages = {"unknown": {"consumer_count": len(servers), **_sum(servers)}} if servers else {}
    return web.Answer(200, {"usages": usages})


ONE = "/resource_providers/<id>"
SERVICE = web.Service(
    type="placement",
    name="placement",
    prefix="/placement",
    endpoint="",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("GET", "/resource_providers", list_providers),
        web.Route("GET", ONE, show_provider),
        web.Route("GET", f"{ONE}/inventories", list_inventories),
        web.Route("GET", f"{ONE}/usages", list_usages),
        web.Route("GET", f"{ONE}/allocations", list_allocations),
        web.Route("GET", f"{ONE}/traits", list_provider_traits),
        web.Route("GET", f"{ONE}/aggregates", list_aggregates),
        web.Route("GET", "/allocations/<id>", show_allocations),
        web.Route("GET", "/resource_classes", list_classes),
        web.Route("GET", "/resource_classes/<name>", show_class),
        web.Route("GET", "/traits", list_traits),
        web.Route("GET", "/usages", show_usages),
    ),
    shape=shape,
    microversions=web.Microversions("placement", (1, 0), (1, 39)),
)
