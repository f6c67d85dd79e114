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
"""The networks and ports that a new server asks for, and its security groups.

Sources: API reference, Compute, "Create Server", `networks`; texts seen on a real Nova 34.
"""

import dataclasses
import ipaddress
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.shapes import network as networks

Body = cloud_module.Body

LIST = {
    "type": "array",
    "items": checks.closed(
        uuid=checks.UUID,
        port={"anyOf": [checks.UUID, {"type": "null"}]},
        fixed_ip={"type": "string"},
        tag=checks.TAG,
    ),
}
SCHEMA = {"anyOf": [LIST, {"type": "string", "enum": ["auto", "none"]}]}


@dataclasses.dataclass(frozen=True)
class Net:
    """One network card: on a port that exists, or on a network, where Nova makes a port."""

    network: Body
    port: Body | None = None
    address: str = ""


Wanted = list[Net]


def read(call: web.Call, wish: dict[str, Any]) -> Wanted:
    """The cards asked for; ``auto`` and (before 2.37) nothing take the project's one network."""
    wanted = wish.get("networks")
    if wanted == "none":
        return []
    if wanted == "auto" or not wanted:
        return _automatic(call, is_needed=wanted == "auto")
    return [_card(call, one) for one in wanted]


def _automatic(call: web.Call, *, is_needed: bool) -> Wanted:
    """The one network that the project has; 409 for several, 400 if there must be one."""
    own = [
        network
        for network in call.rows("network.network")
        if not network["router:external"]
        and (network["project_id"] == call.token.project_id or network["shared"])
        and network["subnets"]
    ]
    if len(own) > 1:
        text = "Multiple possible networks found, use a Network ID to be more specific."
        raise web.Refused(409, text)
    if not own and is_needed:
        text = "Unable to automatically allocate a network for project"
        raise web.Refused(400, f"{text} {call.token.project_id}")
    return [Net(network) for network in own]


def _card(call: web.Call, wish: dict[str, Any]) -> Net:
    if wish.get("port"):
        port = find_port(call, wish["port"])
        network = call.rows("network.network").get(port["network_id"]) or {}
        return Net(network, port)
    network = find_network(call, str(wish.get("uuid")))
    return Net(network, address=wish.get("fixed_ip", ""))


def find_port(call: web.Call, port_id: str, *, status: int = 400) -> Body:
    """The port, which is nobody's; `status` if it is not there, 409 if it is somebody's."""
    port = call.rows("network.port").get(port_id)
    if port is None or not _may_use(call, port):
        raise web.Refused(status, f"Port id {port_id} could not be found.")
    if port["device_id"]:
        raise web.Refused(409, f"Port {port_id} is still in use.")
    return port


def find_network(call: web.Call, network_id: str) -> Body:
    """The network, with a subnet; else 400."""
    network = call.rows("network.network").get(network_id)
    if network is None or not (_may_use(call, network) or network["shared"]):
        raise web.Refused(400, f"Network {network_id} could not be found.")
    if not network["subnets"]:
        text = f"Network {network_id} requires a subnet in order to boot instances on."
        raise web.Refused(400, text)
    return network


def _may_use(call: web.Call, body: Body) -> bool:
    return call.token.is_admin or body["project_id"] == call.token.project_id


def find_groups(call: web.Call, wish: dict[str, Any]) -> list[Body]:
    """The security groups by name or id, ``default`` unless any are named; else 400."""
    project_id = call.token.project_id or ""
    names = [one["name"] for one in wish.get("security_groups", ())]
    found = []
    for name in dict.fromkeys(names):
        if name == "default":
            continue
        rows = call.rows("network.security_group").where("project_id", project_id)
        group = next((row for row in rows if name in {row["name"], row["id"]}), None)
        if group is None:
            text = f"Unable to find security_group with name or id '{name}'"
            raise web.Refused(400, text)
        found.append(group)
    if not names or "default" in names:
        found.insert(0, networks.default_security_group(call.cloud, project_id))
    return found


def is_on(cloud: cloud_module.Cloud, network: Body, address: str) -> bool:
    """Whether the address is of one of the network's subnets."""
    subnets = [cloud["network.subnet"].get(key) for key in network["subnets"]]
    return any(
        ipaddress.ip_address(address) in ipaddress.ip_network(subnet["cidr"])
        for subnet in subnets
        if subnet is not None
    )
