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
"""Routers' interfaces, gateways and routes, and where floating IPs lead.

Sources: API reference, Networking v2.0, "Routers" and "Floating IPs"; statuses, types and
messages seen on a real Neutron 29.
"""

import ipaddress
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import removal
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body


def _router(call: web.Call, action: str) -> Body:
    body = collections.find(call, collections.ROUTERS)
    collections.require_owner(call, collections.ROUTERS, body, action)
    return body


def _interfaces(call: web.Call, router: Body) -> list[Body]:
    return [
        port
        for port in call.rows("network.port")
        if port["device_id"] == router["id"] and port["device_owner"] == shapes.INTERFACE
    ]


def _interface_answer(router: Body, port: Body) -> web.Answer:
    subnets = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
    return web.Answer(
        200,
        {
            "id": router["id"],
            "project_id": router["project_id"],
            "tenant_id": router["project_id"],
            "port_id": port["id"],
            "network_id": port["network_id"],
            "subnet_id": subnets[0] if subnets else None,
            "subnet_ids": subnets,
        },
    )


def add_interface(call: web.Call) -> web.Answer:
    """PUT /v2.0/routers/ID/add_router_interface with a subnet: its port is made; 400 if there."""
    router = _router(call, "add_router_interface")
    subnet_id = call.body.get("subnet_id", "")
    subnet = call.rows("network.subnet").get(subnet_id)
    if subnet is None:
        raise collections.SUBNETS.missing(subnet_id)
    for port in _interfaces(call, router):
        if any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"]):
            text = f"Bad router request: Router already has a port on subnet {subnet_id}."
            raise web.Refused(400, text, "BadRequest")
    return _interface_answer(router, shapes.interface(call.cloud, router, subnet))


def remove_interface(call: web.Call) -> web.Answer:
    """PUT .../remove_router_interface: 404 if there is none, 409 if it is needed."""
    router = _router(call, "remove_router_interface")
    port = _named_interface(call, router)
    for fixed in port["fixed_ips"]:
        _check_not_needed(call, router, fixed["subnet_id"])
    removal.remove_port(call.cloud, port)
    shapes.touch(call.cloud, router)
    return _interface_answer(router, port)


def _named_interface(call: web.Call, router: Body) -> Body:
    """The interface that the request names by its port or its subnet."""
    wanted_port, wanted_subnet = call.body.get("port_id"), call.body.get("subnet_id")
    for port in _interfaces(call, router):
        on = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
        if port["id"] == wanted_port or (wanted_port is None and wanted_subnet in on):
            return port
    if wanted_port is not None:
        text = f"Router {router['id']} does not have an interface with id {wanted_port}"
        raise web.Refused(404, text, "RouterInterfaceNotFound")
    text = f"Router {router['id']} has no interface on subnet {wanted_subnet}"
    raise web.Refused(404, text, "RouterInterfaceNotFoundForSubnet")


def _check_not_needed(call: web.Call, router: Body, subnet_id: str) -> None:
    on_it = f"Router interface for subnet {subnet_id} on router {router['id']} cannot be deleted"
    subnet = call.rows("network.subnet").get(subnet_id)
    if subnet is not None and any(_reaches(subnet, route) for route in router["routes"]):
        text = f"{on_it}, as it is required by one or more routes."
        raise removal.conflict("RouterInterfaceInUseByRoute", text)
    for floating_ip in call.rows("network.floating_ip"):
        port = call.rows("network.port").get(floating_ip["port_id"])
        if floating_ip["router_id"] != router["id"] or port is None:
            continue
        if any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"]):
            text = f"{on_it}, as it is required by one or more floating IPs."
            raise removal.conflict("RouterInterfaceInUseByFloatingIP", text)


def _reaches(subnet: Body, route: dict[str, str]) -> bool:
    return ipaddress.ip_address(route["nexthop"]) in ipaddress.ip_network(subnet["cidr"])


def change_router(call: web.Call, router: Body, wanted: dict[str, Any]) -> None:
    """Gateway and routes are as the request wants them; 409 or 400 if they cannot be."""
    if "routes" in wanted:
        _check_routes(call, router, wanted["routes"])
        router["routes"] = list(wanted["routes"])
    if "external_gateway_info" in wanted:
        _change_gateway(call, router, wanted["external_gateway_info"] or {})


def _check_routes(call: web.Call, router: Body, routes: list[dict[str, str]]) -> None:
    """Each next hop must be on a network of the router."""
    mine = [port for port in call.rows("network.port") if port["device_id"] == router["id"]]
    subnets = [
        subnet
        for port in mine
        for fixed in port["fixed_ips"]
        if (subnet := call.rows("network.subnet").get(fixed["subnet_id"])) is not None
    ]
    if any(not any(_reaches(subnet, route) for subnet in subnets) for route in routes):
        text = f"Invalid format for routes: {routes}, the nexthop is not connected with router"
        raise web.Refused(400, text, "InvalidRoutes")


def _change_gateway(call: web.Call, router: Body, wanted: dict[str, Any]) -> None:
    present = router["external_gateway_info"]
    if present and present["network_id"] == wanted.get("network_id"):
        return
    if present:
        _check_gateway_not_needed(call, router, present["network_id"])
        for port in list(call.rows("network.port")):
            if port["device_id"] == router["id"] and port["device_owner"] == shapes.GATEWAY:
                removal.remove_port(call.cloud, port)
        router["external_gateway_info"] = None
        shapes.touch(call.cloud, router)
    if "network_id" in wanted:
        external = call.rows("network.network").get(wanted["network_id"])
        if external is None:
            raise collections.NETWORKS.missing(wanted["network_id"])
        shapes.set_gateway(call.cloud, router, external)


def _check_gateway_not_needed(call: web.Call, router: Body, network_id: str) -> None:
    if any(fip["router_id"] == router["id"] for fip in call.rows("network.floating_ip")):
        raise removal.conflict(
            "RouterExternalGatewayInUseByFloatingIp",
            f"Gateway cannot be updated for router {router['id']}, since a gateway to external "
            f"network {network_id} is required by one or more floating IPs.",
        )


def change_floating_ip(call: web.Call, floating_ip: Body, wanted: dict[str, Any]) -> None:
    """The floating IP leads to the port that the request names, or nowhere for null."""
    if "port_id" not in wanted:
        return
    if wanted["port_id"] is None:
        shapes.disconnect(call.cloud, floating_ip)
        return
    port = call.rows("network.port").get(wanted["port_id"])
    if port is None:
        raise collections.PORTS.missing(wanted["port_id"])
    for other in call.rows("network.floating_ip"):
        if other["port_id"] == port["id"] and other is not floating_ip:
            raise _already_led_to(floating_ip, port)
    shapes.connect(call.cloud, floating_ip, port)


def _already_led_to(floating_ip: Body, port: Body) -> web.Refused:
    """The 409 for a port whose address another floating IP leads to."""
    fixed = port["fixed_ips"][0]["ip_address"] if port["fixed_ips"] else None
    return removal.conflict(
        "FloatingIPPortAlreadyAssociated",
        f"Cannot associate floating IP {floating_ip['floating_ip_address']} ({floating_ip['id']}) "
        f"with port {port['id']} using fixed IP {fixed}, as that fixed IP already has a floating "
        f"IP on external network {floating_ip['floating_network_id']}.",
    )
