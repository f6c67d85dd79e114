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
"""The network cards of a server: ports attached and detached, addresses, security groups.

Sources: API reference, Compute, "Port interfaces", "Servers IPs" and "Servers Security Groups";
statuses and texts seen on a real Nova 34.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import finding
from tests.emulator.services.compute import history
from tests.emulator.services.compute import nets
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import placing
from tests.emulator.services.compute import states
from tests.emulator.services.network import for_nova
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

ATTACHABLE = frozenset({"active", "paused", "stopped"})
WISH = checks.closed(
    net_id=checks.UUID,
    port_id=checks.UUID,
    fixed_ips={"type": "array", "minLength": 1, "maxLength": 1},
    tag=checks.TAG,
)


def _ports(call: web.Call, body: Body) -> list[Body]:
    """The server's ports, oldest first, as Nova knows them."""
    ports = call.rows("network.port").where("device_id", body["id"])
    return sorted(ports, key=lambda port: (port["created_at"], port["id"]))


def _present(call: web.Call, port: Body) -> Body:
    shown = {
        "net_id": port["network_id"],
        "port_id": port["id"],
        "mac_addr": port["mac_address"],
        "port_state": port["status"],
        "fixed_ips": [
            {key: fixed[key] for key in ("subnet_id", "ip_address")} for fixed in port["fixed_ips"]
        ],
    }
    return {**shown, "tag": None} if call.microversion >= (2, 70) else shown


def list_interfaces(call: web.Call) -> web.Answer:
    """GET /servers/ID/os-interface."""
    found = [_present(call, port) for port in _ports(call, finding.find(call))]
    return web.Answer(200, {"interfaceAttachments": found})


def show_interface(call: web.Call) -> web.Answer:
    """GET .../os-interface/PORT: 404 unless it is this server's."""
    body, port_id = finding.find(call), call.args["port"]
    port = call.rows("network.port").get(port_id)
    if port is None:
        raise web.Refused(404, f"Port id {port_id} could not be found.")
    if port["device_id"] != body["id"]:
        text = f"Instance {body['id']} does not have a port with id {port_id}"
        raise web.Refused(404, text)
    return web.Answer(200, {"interfaceAttachment": _present(call, port)})


def attach(call: web.Call) -> web.Answer:
    """POST: 200 with the card, on the port named or on one that Nova makes."""
    wish: dict[str, Any] = checks.body(call, "interfaceAttachment", WISH) if call.body else {}
    body = finding.find(call)
    paged.require_member(call, "os-attach-interfaces:create")
    if "net_id" in wish and "port_id" in wish:
        raise web.Refused(400, "Must not input both network_id and port_id")
    if "fixed_ips" in wish and "net_id" not in wish:
        raise web.Refused(400, "Must input network_id when request IP address")
    states.check_lock(call, body)
    states.check(body, states.Rule("attach_interface", ATTACHABLE))
    if "port_id" in wish:
        port = nets.find_port(call, wish["port_id"], status=404)
    else:
        port = _made_port(call, body, wish)
    history.note(call, body, "attach_interface")
    placing.bind(call.cloud, port, body)
    _show(call, body)
    return web.Answer(200, {"interfaceAttachment": _present(call, port)})


def _made_port(call: web.Call, body: Body, wish: dict[str, Any]) -> Body:
    """A new port with the project's default group, which Nova removes again."""
    if "net_id" in wish:
        network = nets.find_network(call, wish["net_id"])
    else:
        found = nets.read(call, {"networks": "auto"})
        network = found[0].network
    fixed = wish.get("fixed_ips") or [{}]
    return for_nova.make_port(
        call.cloud,
        network,
        body["tenant_id"],
        body["id"],
        address=fixed[0].get("ip_address", ""),
    )


def _show(call: web.Call, body: Body) -> None:
    shapes.show_addresses(call.cloud, body)
    shapes.show_security_groups(call.cloud, body)


def detach(call: web.Call) -> web.Answer:
    """DELETE .../os-interface/PORT: 202, even for a port that is not the server's."""
    body, port_id = finding.find(call), call.args["port"]
    paged.require_member(call, "os-attach-interfaces:delete")
    states.check_lock(call, body)
    states.check(body, states.Rule("detach_interface", ATTACHABLE))
    history.note(call, body, "detach_interface")

    def finish() -> None:
        port = call.cloud["network.port"].get(port_id)
        if port is None or port["device_id"] != body["id"]:
            return
        if port_id in call.cloud.made_by_nova:
            for_nova.remove_port(call.cloud, port)
        else:
            for_nova.unbind(call.cloud, port)
        _show(call, body)

    call.cloud.clock.later(call.cloud.settings.delete_delay_s, finish)
    return web.Answer(202)


def _addresses(body: Body) -> dict[str, list[Body]]:
    return {
        label: [{"version": one["version"], "addr": one["addr"]} for one in found]
        for label, found in body["addresses"].items()
    }


def list_ips(call: web.Call) -> web.Answer:
    """GET /servers/ID/ips: addresses by network."""
    return web.Answer(200, {"addresses": _addresses(finding.find(call))})


def show_ips(call: web.Call) -> web.Answer:
    """GET /servers/ID/ips/NETWORK: 404 for a network that it is not on."""
    found, label = _addresses(finding.find(call)), call.args["label"]
    if label not in found:
        raise web.Refused(404, "Instance is not a member of specified network")
    return web.Answer(200, {label: found[label]})


def _rule(call: web.Call, group: Body, rule: Body) -> Body:
    other = call.rows("network.security_group").get(rule["remote_group_id"])
    source = {"name": other["name"], "tenant_id": other["project_id"]} if other else {}
    cidr = rule["remote_ip_prefix"]
    return {
        "id": rule["id"],
        "parent_group_id": group["id"],
        "ip_protocol": rule["protocol"],
        "from_port": rule["port_range_min"],
        "to_port": rule["port_range_max"],
        "group": source,
        "ip_range": {} if source else {"cidr": cidr or "0.0.0.0/0"},
    }


def list_groups(call: web.Call) -> web.Answer:
    """GET /servers/ID/os-security-groups: its ports' groups with their ingress rules."""
    body = finding.find(call)
    keys = {key: None for port in _ports(call, body) for key in port["security_groups"]}
    found = [call.rows("network.security_group").get(key) for key in keys]
    shown = [
        {
            "id": group["id"],
            "name": group["name"],
            "description": group["description"],
            "tenant_id": group["project_id"],
            "rules": [
                _rule(call, group, rule)
                for rule in group["security_group_rules"]
                if rule["direction"] == "ingress"
            ],
        }
        for group in found
        if group is not None
    ]
    return web.Answer(200, {"security_groups": shown})


PATH = "/v2.1/servers/<id>/os-interface"
ROUTES = (
    web.Route("GET", PATH, list_interfaces),
    web.Route("POST", PATH, attach),
    web.Route("GET", f"{PATH}/<port>", show_interface),
    web.Route("DELETE", f"{PATH}/<port>", detach),
    web.Route("GET", "/v2.1/servers/<id>/ips", list_ips),
    web.Route("GET", "/v2.1/servers/<id>/ips/<label>", show_ips),
    web.Route("GET", "/v2.1/servers/<id>/os-security-groups", list_groups),
)
