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
"""Trunks and their sub-ports.

Sources: API reference, Networking v2.0, "Trunk networking"; statuses, types and messages seen on
a real Neutron 29 without agents, where a trunk stays DOWN, sub-ports keep their empty
device_owner and neither's revision changes.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import changes
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy
from tests.emulator.services.network import ports
from tests.emulator.services.network import presenting
from tests.emulator.services.network import wishes
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body

VLANS = range(1, 4095)


def make(call: web.Call, wanted: Body) -> Body:
    """A trunk of a free port, with sub-ports if any are wanted."""
    parent = policy.find(call, collections.PORTS, wanted["port_id"])
    _check_no_sub_port(call, parent["id"])
    is_parent = any(call.rows("network.trunk").where("port_id", parent["id"]))
    is_own_child = any(one.get("port_id") == parent["id"] for one in wanted["sub_ports"])
    if is_parent or is_own_child or parent["binding:host_id"]:
        raise _parent_in_use(parent["id"])
    return shapes.trunk(
        call.cloud,
        parent,
        name=wanted["name"],
        sub_ports=_checked(call, wanted["sub_ports"]),
        project_id=wanted["project_id"],
        tenant_id=wanted["project_id"],
        description=wanted["description"],
        admin_state_up=wanted["admin_state_up"],
    )


def _parent_in_use(port_id: str) -> web.Refused:
    text = f"Port {port_id} is currently in use and is not eligible for use as a parent port."
    return policy.conflict("ParentPortInUse", text)


def _check_no_sub_port(call: web.Call, port_id: str) -> None:
    for trunk in call.rows("network.trunk"):
        if any(one["port_id"] == port_id for one in trunk["sub_ports"]):
            raise policy.conflict("TrunkPortInUse", f"Port {port_id} is in use by another trunk.")


def _checked(call: web.Call, wanted: list[Body]) -> list[Body]:
    """The sub-ports as Neutron writes them, each of a port of its own and with a VLAN."""
    found = []
    for one in wanted:
        _check_segment(one)
        port = policy.find(call, collections.PORTS, one.get("port_id", ""))
        _check_no_sub_port(call, port["id"])
        if any(call.rows("network.trunk").where("port_id", port["id"])):
            raise _parent_in_use(port["id"])
        if port["device_id"]:
            raise ports.attached(port)
        made = {
            "port_id": port["id"],
            "segmentation_type": one["segmentation_type"],
            "segmentation_id": int(one["segmentation_id"]),
        }
        found.append(made)
    return found


def _check_segment(one: Body) -> None:
    if not {"segmentation_type", "segmentation_id"} <= one.keys():
        raise fields.invalid(
            f"Invalid subport details '{one}': missing segmentation information. Must specify "
            "both segmentation_id and segmentation_type"
        )
    if one["segmentation_type"] != "vlan":
        raise fields.invalid(f"Unknown segmentation_type '{one['segmentation_type']}'")
    if int(one["segmentation_id"]) not in VLANS:
        raise fields.invalid(f"Segmentation ID '{one['segmentation_id']}' is not in range")


def change(_call: web.Call, body: Body, wanted: dict[str, Any]) -> changes.Apply:
    """Name, description and administrative state."""
    return changes.plain(body, wanted)


def check_removal(call: web.Call, body: Body) -> None:
    """A trunk stays while it is disabled, and while its port is bound."""
    _check_enabled(body)
    parent = call.rows("network.port").get(body["port_id"])
    if parent is not None and parent["binding:host_id"]:
        raise policy.conflict("TrunkInUse", f"Trunk {body['id']} is currently in use.")


def _check_enabled(body: Body) -> None:
    if not body["admin_state_up"]:
        raise policy.conflict("TrunkDisabled", f"Trunk {body['id']} is currently disabled.")


def remove(cloud: cloud_module.Cloud, body: Body) -> None:
    """The sub-ports are ports like any other again."""
    cloud["network.trunk"].remove(body["id"])


def _trunk(call: web.Call, action: str) -> Body:
    body = policy.find(call, collections.TRUNKS)
    if not policy.owns(call, body["project_id"]):
        raise policy.forbidden(action)
    return body


def _wanted(call: web.Call) -> list[Body]:
    """The sub-ports that the request names; 500 without (seen on a real Neutron 29)."""
    wanted = wishes.read(call).get("sub_ports")
    if not isinstance(wanted, list):
        text = "Request Failed: internal server error while processing your request."
        raise web.Refused(500, text)
    return wanted


def _answer(call: web.Call, body: Body) -> web.Answer:
    return web.Answer(200, presenting.present(call, collections.TRUNKS, body))


def get_subports(call: web.Call) -> web.Answer:
    """GET /v2.0/trunks/ID/get_subports."""
    return web.Answer(200, {"sub_ports": policy.find(call, collections.TRUNKS)["sub_ports"]})


def add_subports(call: web.Call) -> web.Answer:
    """PUT /v2.0/trunks/ID/add_subports: 409 for a VLAN or a port that is taken."""
    body = _trunk(call, "add_subports")
    wanted = _wanted(call)
    _check_enabled(body)
    found = _checked(call, wanted)
    taken = {one["segmentation_id"] for one in body["sub_ports"]}
    for one in found:
        if one["segmentation_id"] in taken:
            raise policy.conflict(
                "DuplicateSubPort",
                f"segmentation_type vlan and segmentation_id {one['segmentation_id']} already in "
                f"use on trunk {body['id']}.",
            )
        taken.add(one["segmentation_id"])
    body["sub_ports"] = [*body["sub_ports"], *found]
    return _answer(call, body)


def remove_subports(call: web.Call) -> web.Answer:
    """PUT /v2.0/trunks/ID/remove_subports: 404 for one that is not there."""
    body = _trunk(call, "remove_subports")
    wanted = _wanted(call)
    _check_enabled(body)
    rest = {one["port_id"]: one for one in body["sub_ports"]}
    for one in wanted:
        if one.get("port_id") not in rest:
            text = f"SubPort {one.get('port_id')} on trunk {body['id']} could not be found."
            raise web.Refused(404, text, "SubPortNotFound")
        del rest[one["port_id"]]
    body["sub_ports"] = list(rest.values())
    return _answer(call, body)
