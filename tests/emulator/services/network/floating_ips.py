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
"""Floating IPs: made, associated, removed.

Sources: API reference, Networking v2.0, "Floating IPs"; statuses, types, messages and orders
seen on a real Neutron 29 without L3 agents, where a floating IP stays DOWN.
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


def make(call: web.Call, wanted: Body) -> Body:
    """A floating IP of an external network, associated if a port is named."""
    external = policy.find(call, collections.NETWORKS, wanted["floating_network_id"])
    if not external["router:external"]:
        reason = f"Network {external['id']} is not a valid external network."
        raise policy.bad_request("floatingip", reason)
    asked = _asked(wanted)
    mac = addressing.new_mac(call)
    fixed_ips = addressing.fixed_ips(call, external, mac, asked, versions="4")
    made = shapes.floating_ip(
        call.cloud,
        wanted["project_id"],
        external,
        description=wanted["description"],
        fixed_ips=fixed_ips,
    )
    made.update({key: wanted[key] for key in ("dns_name", "dns_domain", "qos_policy_id")})
    try:
        target = _target(call, made, wanted)
    except web.Refused:
        remove(call.cloud, made)
        raise
    if target is not None:
        _connect(call, made, *target)
        made["revision_number"] = 0
    return made


def _asked(wanted: Body) -> list[Body] | None:
    """The address or the subnet that the request names; None if any will do."""
    asked = {}
    if wanted["subnet_id"] is not None:
        asked["subnet_id"] = wanted["subnet_id"]
    if wanted["floating_ip_address"] is not None:
        asked["ip_address"] = wanted["floating_ip_address"]
    return [asked] if asked else None


def _target(call: web.Call, floating_ip: Body, wanted: dict[str, Any]) -> tuple[Body, Body] | None:
    """The port and which of its addresses; None for nowhere."""
    if wanted.get("port_id") is None:
        if wanted.get("fixed_ip_address") is not None:
            reason = "fixed_ip_address cannot be specified without a port_id."
            raise policy.bad_request("floatingip", reason)
        return None
    port = policy.find(call, collections.PORTS, wanted["port_id"])
    fixed = _fixed(port, wanted.get("fixed_ip_address"))
    _check_reachable(call, floating_ip, port, fixed)
    for other in call.rows("network.floating_ip").where("port_id", port["id"]):
        if other["id"] != floating_ip["id"] and other["fixed_ip_address"] == fixed["ip_address"]:
            raise _already_associated(floating_ip, port, fixed)
    return port, fixed


def _fixed(port: Body, asked: str | None) -> Body:
    v4 = [f for f in port["fixed_ips"] if ipaddress.ip_address(f["ip_address"]).version == 4]
    if asked is not None:
        for fixed in v4:
            if fixed["ip_address"] == asked:
                return dict(fixed)
        reason = f"Port {port['id']} does not have fixed ip {asked}."
        raise policy.bad_request("floatingip", reason)
    if not v4:
        reason = f"Cannot add floating IP to port {port['id']} that has no fixed IPv4 addresses."
        raise policy.bad_request("floatingip", reason)
    if len(v4) > 1:
        reason = (
            f"Port {port['id']} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 "
            "address when assigning a floating IP."
        )
        raise policy.bad_request("floatingip", reason)
    return dict(v4[0])


def _check_reachable(call: web.Call, floating_ip: Body, port: Body, fixed: Body) -> None:
    """A router with a gateway on the external network has an interface on the port's subnet."""
    external = floating_ip["floating_network_id"]
    for inner in call.rows("network.port").where("network_id", port["network_id"]):
        if inner["device_owner"] != shapes.INTERFACE or not _is_on(inner, fixed["subnet_id"]):
            continue
        router = call.rows("network.router").get(inner["device_id"]) or {}
        if (router.get("external_gateway_info") or {}).get("network_id") == external:
            return
    text = (
        f"External network {external} is not reachable from subnet {fixed['subnet_id']}.  "
        f"Therefore, cannot associate Port {port['id']} with a Floating IP."
    )
    raise web.Refused(404, text, "ExternalGatewayForFloatingIPNotFound")


def _is_on(port: Body, subnet_id: str) -> bool:
    return any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"])


def _already_associated(floating_ip: Body, port: Body, fixed: Body) -> web.Refused:
    return policy.conflict(
        "FloatingIPPortAlreadyAssociated",
        f"Cannot associate floating IP {floating_ip['floating_ip_address']} ({floating_ip['id']}) "
        f"with port {port['id']} using fixed IP {fixed['ip_address']}, as that fixed IP already "
        f"has a floating IP on external network {floating_ip['floating_network_id']}.",
    )


def _connect(call: web.Call, floating_ip: Body, port: Body, fixed: Body) -> None:
    shapes.connect(call.cloud, floating_ip, port, fixed_ip_address=fixed["ip_address"])


def change(call: web.Call, body: Body, wanted: dict[str, Any]) -> changes.Apply:
    """It leads where the request says, and nowhere if that says nothing at all.

    Seen on a real Neutron 29: a PUT of an empty object disassociates, one of a description
    leaves the floating IP where it was.
    """
    named = wanted.keys() & {"port_id", "fixed_ip_address"}
    target = _target(call, body, wanted) if named else None
    leads = bool(named) or not wanted

    def apply() -> None:
        changes.plain(body, {k: v for k, v in wanted.items() if k not in named})()
        if target is not None:
            _connect(call, body, *target)
        elif leads and body["port_id"] is not None:
            shapes.disconnect(call.cloud, body)

    return apply


def check_removal(_call: web.Call, _body: Body) -> None:
    """Nothing keeps a floating IP, connected or not."""


def remove(cloud: cloud_module.Cloud, body: Body) -> None:
    """The floating IP's own port is gone too."""
    for port in list(cloud["network.port"].where("device_id", body["id"])):
        ports.remove(cloud, port)
    cloud["network.floating_ip"].remove(body["id"])
