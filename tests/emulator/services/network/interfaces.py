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
"""A router's calls besides those of all collections: interfaces and extra routes.

Sources: API reference, Networking v2.0, "Routers", "Add interface to router" and the following;
statuses, types and messages seen on a real Neutron 29.
"""

from collections.abc import Callable
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import network as notices
from tests.emulator.services.network import addressing
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy
from tests.emulator.services.network import ports
from tests.emulator.services.network import presenting
from tests.emulator.services.network import routers
from tests.emulator.services.network import wishes
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body


def _router(call: web.Call, action: str) -> Body:
    body = policy.find(call, collections.ROUTERS)
    if not policy.owns(call, body["project_id"]):
        rule = f"rule:{action}"
        for part in ("ha", "flavor_id", "distributed"):
            rule = f"({rule} and rule:{action}:{part})"
        raise web.Refused(403, f"{rule} is disallowed by policy", "PolicyNotAuthorized")
    return body


def _named(call: web.Call) -> tuple[str | None, str | None]:
    """The port and the subnet that the request names; 400 without any."""
    body = wishes.read(call)
    port_id, subnet_id = body.get("port_id"), body.get("subnet_id")
    if port_id is None and subnet_id is None:
        raise policy.bad_request("router", "Either subnet_id or port_id must be specified.")
    for key in (port_id, subnet_id):
        reason = fields.uuid_or_none(key)
        if reason is not None:
            raise policy.bad_request("router", f"{reason}.")
    return port_id, subnet_id


def _answer(call: web.Call, router: Body, port: Body, event: str) -> web.Answer:
    subnets = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
    body = {
        "id": router["id"],
        "project_id": router["project_id"],
        "port_id": port["id"],
        "network_id": port["network_id"],
        "subnet_id": subnets[0] if subnets else None,
        "subnet_ids": subnets,
    }
    notices.interface(call.cloud, event, body)
    return web.Answer(200, body)


def add(call: web.Call) -> web.Answer:
    """PUT .../add_router_interface with a subnet, whose port is made, or with a port."""
    router = _router(call, "add_router_interface")
    port_id, subnet_id = _named(call)
    if port_id is not None and subnet_id is not None:
        raise policy.bad_request("router", "Cannot specify both subnet-id and port-id.")
    if port_id is not None:
        port = _port_to_add(call, router, port_id)
    else:
        port = _made_on(call, router, policy.find(call, collections.SUBNETS, subnet_id))
    return _answer(call, router, port, "create")


def _check_not_on(call: web.Call, router: Body, subnet_id: str) -> None:
    for port in routers.interfaces(call, router):
        if any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"]):
            reason = f"Router already has a port on subnet {subnet_id}."
            raise policy.bad_request("router", reason)


def _made_on(call: web.Call, router: Body, subnet: Body) -> Body:
    """A new port at the subnet's gateway address."""
    if subnet["gateway_ip"] is None:
        reason = "Subnet for router interface must have a gateway IP."
        raise policy.bad_request("router", reason)
    _check_not_on(call, router, subnet["id"])
    if subnet["gateway_ip"] in shapes.in_use(call.cloud, subnet):
        raise addressing.in_use(subnet, subnet["gateway_ip"])
    return shapes.interface(call.cloud, router, subnet)


def _port_to_add(call: web.Call, router: Body, port_id: str) -> Body:
    """A port that was there, and is the router's now."""
    port = policy.find(call, collections.PORTS, port_id)
    if port["device_id"]:
        raise ports.attached(port)
    if not port["fixed_ips"]:
        reason = "Router port must have at least one fixed IP."
        raise policy.bad_request("router", reason)
    for fixed in port["fixed_ips"]:
        _check_not_on(call, router, fixed["subnet_id"])
    port.update(device_id=router["id"], device_owner=shapes.INTERFACE)
    shapes.touch(call.cloud, port)
    shapes.touch(call.cloud, router)
    return port


def remove(call: web.Call) -> web.Answer:
    """PUT .../remove_router_interface: 404 if there is none, 409 if it is needed."""
    router = _router(call, "remove_router_interface")
    port = _to_remove(call, router)
    for fixed in port["fixed_ips"]:
        _check_not_needed(call, router, fixed["subnet_id"])
    ports.remove(call.cloud, port)
    shapes.touch(call.cloud, router)
    return _answer(call, router, port, "delete")


def _to_remove(call: web.Call, router: Body) -> Body:
    """The interface that the request names by its port or its subnet."""
    port_id, subnet_id = _named(call)
    inner = routers.interfaces(call, router)
    if port_id is not None:
        found = [port for port in inner if port["id"] == port_id]
        if not found:
            text = f"Router {router['id']} does not have an interface with id {port_id}"
            raise web.Refused(404, text, "RouterInterfaceNotFound")
        if subnet_id is not None and not _is_on(found[0], subnet_id):
            text = f"Subnet on port {port_id} does not match the requested subnet {subnet_id}."
            raise web.Refused(400, text, "SubnetMismatchForPort")
        return found[0]
    policy.find(call, collections.SUBNETS, subnet_id)
    for port in inner:
        if _is_on(port, subnet_id):
            return port
    text = f"Router {router['id']} has no interface on subnet {subnet_id}"
    raise web.Refused(404, text, "RouterInterfaceNotFoundForSubnet")


def _is_on(port: Body, subnet_id: str | None) -> bool:
    return any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"])


def _check_not_needed(call: web.Call, router: Body, subnet_id: str) -> None:
    on_it = f"Router interface for subnet {subnet_id} on router {router['id']} cannot be deleted"
    subnet = call.rows("network.subnet").get(subnet_id)
    if subnet is not None and any(routers.reaches(subnet, route) for route in router["routes"]):
        text = f"{on_it}, as it is required by one or more routes."
        raise policy.conflict("RouterInterfaceInUseByRoute", text)
    for floating_ip in call.rows("network.floating_ip").where("router_id", router["id"]):
        port = call.rows("network.port").get(floating_ip["port_id"])
        if port is not None and _is_on(port, subnet_id):
            text = f"{on_it}, as it is required by one or more floating IPs."
            raise policy.conflict("RouterInterfaceInUseByFloatingIP", text)


Combine = Callable[[list[dict[str, str]], list[dict[str, str]]], list[dict[str, str]]]


def _change_routes(call: web.Call, action: str, combine: Combine) -> web.Answer:
    router = _router(call, action)
    said: dict[str, Any] = wishes.read(call).get("router", {})
    routes = combine(router["routes"], said.get("routes", []))
    routers.change(call, router, {"routes": routes})()
    shapes.touch(call.cloud, router)
    shown = presenting.present(call, collections.ROUTERS, router)
    return web.Answer(200, {"router": shown})


def add_routes(call: web.Call) -> web.Answer:
    """PUT .../add_extraroutes: the router has these routes too; those it has are no error."""
    return _change_routes(
        call,
        "add_extraroutes",
        lambda there, said: [*there, *(route for route in said if route not in there)],
    )


def remove_routes(call: web.Call) -> web.Answer:
    """PUT .../remove_extraroutes: the router has these routes no more; others are no error."""
    return _change_routes(
        call,
        "remove_extraroutes",
        lambda there, said: [route for route in there if route not in said],
    )
