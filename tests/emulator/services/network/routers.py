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
"""Routers: made, changed, removed; their gateways, interfaces and routes.

Sources: API reference, Networking v2.0, "Routers"; statuses, types, messages and orders seen on
a real Neutron 29.
"""

import ipaddress
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import addressing
from tests.emulator.services.network import changes
from tests.emulator.services.network import collections
from tests.emulator.services.network import policy
from tests.emulator.services.network import ports
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body

GATEWAY_RULES = ("network_id", "enable_snat", "external_fixed_ips")


def make(call: web.Call, wanted: Body) -> Body:
    """A router, with a gateway if one is wanted."""
    if wanted.get("flavor_id"):
        text = f"Flavor {wanted['flavor_id']} could not be found."
        raise web.Refused(404, text, "FlavorNotFound")
    gateway = wanted["external_gateway_info"] or {}
    _require_gateway(call, gateway, "create")
    external = _external(call, gateway)
    plain = {key: wanted[key] for key in ("description", "admin_state_up")}
    made = shapes.router(call.cloud, wanted["name"], wanted["project_id"], **plain)
    if external is not None:
        _set_gateway(call, made, external, gateway)
    return made


def _require_gateway(call: web.Call, gateway: Body, action: str) -> None:
    """Only the administrator says how a gateway translates and which address it has."""
    said = [key for key in GATEWAY_RULES if key in gateway]
    if call.token.is_admin or said in ([], ["network_id"]):
        return
    prefix = f"rule:{action}_router"
    rules = " and ".join(f"{prefix}:external_gateway_info:{key}" for key in said)
    text = f"({prefix} and ({prefix}:external_gateway_info and ({rules})))"
    raise web.Refused(403, f"{text} is disallowed by policy", "PolicyNotAuthorized")


def _external(call: web.Call, gateway: Body) -> Body | None:
    """The network of the gateway; 400 if it is not external."""
    if "network_id" not in gateway:
        return None
    network = policy.find(call, collections.NETWORKS, gateway["network_id"])
    if not network["router:external"]:
        reason = f"Network {network['id']} is not an external network."
        raise policy.bad_request("router", reason)
    return network


def _set_gateway(call: web.Call, router: Body, external: Body, gateway: Body) -> None:
    mac = addressing.new_mac(call)
    fixed_ips = addressing.fixed_ips(call, external, mac, gateway.get("external_fixed_ips"))
    shapes.set_gateway(
        call.cloud,
        router,
        external,
        fixed_ips=fixed_ips,
        enable_snat=bool(gateway.get("enable_snat", True)),
    )


def change(call: web.Call, router: Body, wanted: dict[str, Any]) -> changes.Apply:
    """Any field; gateway and routes only if nothing needs what they were."""
    plain = {key: value for key, value in wanted.items() if key != "external_gateway_info"}
    if "routes" in plain:
        _check_routes(call, router, plain["routes"])
    if "external_gateway_info" not in wanted:
        return changes.plain(router, plain)
    gateway = wanted["external_gateway_info"] or {}
    _require_gateway(call, gateway, "update")
    external = _external(call, gateway)
    present = router["external_gateway_info"]
    stays = bool(present) and present["network_id"] == gateway.get("network_id")
    if present and not stays:
        _check_gateway_not_needed(call, router, present["network_id"])

    def apply() -> None:
        changes.plain(router, plain)()
        if stays:
            present["enable_snat"] = bool(gateway.get("enable_snat", present["enable_snat"]))
            return
        _clear_gateway(call.cloud, router)
        if external is not None:
            _set_gateway(call, router, external, gateway)

    return apply


def _clear_gateway(cloud: cloud_module.Cloud, router: Body) -> None:
    for port in list(cloud["network.port"].where("device_id", router["id"])):
        if port["device_owner"] == shapes.GATEWAY:
            ports.remove(cloud, port)
            router["external_gateway_info"] = None
            shapes.touch(cloud, router)


def _check_gateway_not_needed(call: web.Call, router: Body, network_id: str) -> None:
    if any(call.rows("network.floating_ip").where("router_id", router["id"])):
        raise policy.conflict(
            "RouterExternalGatewayInUseByFloatingIp",
            f"Gateway cannot be updated for router {router['id']}, since a gateway to external "
            f"network {network_id} is required by one or more floating IPs.",
        )


def _check_routes(call: web.Call, router: Body, routes: list[dict[str, str]]) -> None:
    """Each next hop must be on a network of the router, and not the router itself."""
    fixed_ips = [
        fixed
        for port in call.rows("network.port").where("device_id", router["id"])
        for fixed in port["fixed_ips"]
    ]
    mine = {fixed["ip_address"] for fixed in fixed_ips}
    subnets = [call.rows("network.subnet").get(fixed["subnet_id"]) for fixed in fixed_ips]
    for route in routes:
        if not any(subnet is not None and reaches(subnet, route) for subnet in subnets):
            raise _invalid_routes(routes, "the nexthop is not connected with router")
        if route["nexthop"] in mine:
            raise _invalid_routes(routes, "the nexthop is used by router")


def _invalid_routes(routes: list[dict[str, str]], reason: str) -> web.Refused:
    return web.Refused(400, f"Invalid format for routes: {routes}, {reason}", "InvalidRoutes")


def reaches(subnet: Body, route: dict[str, str]) -> bool:
    """Whether the route's next hop is on the subnet."""
    return ipaddress.ip_address(route["nexthop"]) in ipaddress.ip_network(subnet["cidr"])


def check_removal(call: web.Call, body: Body) -> None:
    """An interface keeps the router; its gateway does not.

    Whoever says which revision is meant is answered that there is another one where there is a
    gateway, and that is cleared (seen on a real Neutron 29).
    """
    inner = [port["id"] for port in interfaces(call, body)]
    if inner:
        text = f"Router {body['id']} has ports still attached: {', '.join(inner)}"
        raise policy.conflict("RouterInUse", text)
    if body["external_gateway_info"] and "If-Match" in call.request.headers:
        body["external_gateway_info"] = None
        shapes.touch(call.cloud, body)


def remove(cloud: cloud_module.Cloud, body: Body) -> None:
    """The gateway's port is gone too."""
    for port in list(cloud["network.port"].where("device_id", body["id"])):
        ports.remove(cloud, port)
    cloud["network.router"].remove(body["id"])


def interfaces(call: web.Call, router: Body) -> list[Body]:
    """The ports by which the router is on its inner networks."""
    mine = call.rows("network.port").where("device_id", router["id"])
    return [port for port in mine if port["device_owner"] == shapes.INTERFACE]
