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
"""RBAC policies: who besides its owner sees a network, and to whom it is external.

Source: API reference, Networking v2.0, "RBAC Policies"; statuses, types and effects seen on a
real Neutron 29, where a network that is shared or external has a policy for ``*`` that says so.
Policies of other things than networks, and changing one, are not emulated.
"""

from collections.abc import Iterable

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import few
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy
from tests.emulator.services.network import wishes
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body

PATH = "/v2.0/rbac-policies"
NEEDED = ("object_type", "object_id", "target_tenant", "action")
FLAGS = policy.FLAGS
FILTERS = ("id", *NEEDED, "project_id", "tenant_id")


def _everything(call: web.Call) -> Iterable[Body]:
    """The policies that were made and those that flags of networks stand for."""
    rows = call.rows(policy.RBAC)
    networks = call.rows("network.network")
    for row in rows:
        network = networks.get(row["object_id"])
        is_over = row["target_tenant"] == "*" and network and not network[FLAGS[row["action"]]]
        if network is not None and not is_over:
            yield row
    for network in networks:
        for action, flag in FLAGS.items():
            if network[flag] and not _with(call, network["id"], action, "*"):
                key = few.made_id(action, network["id"])
                yield _body(key, network["project_id"], network["id"], action, "*")


def _with(call: web.Call, object_id: str, action: str, target: str) -> bool:
    """Whether somebody made this policy."""
    found = call.rows(policy.RBAC).where("object_id", object_id)
    return any((row["action"], row["target_tenant"]) == (action, target) for row in found)


def _body(key: str, project_id: str | None, object_id: str, action: str, target: str) -> Body:
    return {
        "id": key,
        "project_id": project_id,
        "action": action,
        "object_id": object_id,
        "target_tenant": target,
        "object_type": "network",
        "tenant_id": project_id,
    }


def _visible(call: web.Call) -> list[Body]:
    """In the order of their ids: the caller's project's, all for the administrator."""
    mine = call.token.project_id
    found = [one for one in _everything(call) if call.token.is_admin or one["project_id"] == mine]
    return sorted((dict(one) for one in found), key=lambda one: str(one["id"]))


def _find(call: web.Call) -> Body:
    key = call.args["id"]
    for one in _visible(call):
        if one["id"] == key:
            return one
    sort = "unknown" if call.rows(policy.RBAC).get(key) is None else "network"
    text = f"RBAC policy of type {sort} with ID {key} not found"
    raise web.Refused(404, text, "RbacPolicyNotFound")


def show(call: web.Call) -> web.Answer:
    """GET one; 404 for who does not own it."""
    return web.Answer(200, {"rbac_policy": _find(call)})


def create(call: web.Call) -> web.Answer:
    """POST: the target sees the network from now on; ``*`` is the administrator's to say."""
    wanted = wishes.read(call).get("rbac_policy")
    if not isinstance(wanted, dict):
        raise web.Refused(400, "Unable to find 'rbac_policy' in request body")
    for name in NEEDED:
        if name not in wanted:
            text = f"Failed to parse request. Required attribute '{name}' not specified"
            raise web.Refused(400, text)
    object_id, target, action = (wanted[key] for key in NEEDED[1:])
    network = _check(call, wanted)
    if any(
        (one["object_id"], one["action"], one["target_tenant"]) == (object_id, action, target)
        for one in _everything(call)
    ):
        text = "An RBAC policy already exists with those values."
        raise policy.conflict("DuplicateRbacPolicy", text)
    project_id = call.token.project_id
    made = _body(call.cloud.new_id(), project_id, object_id, action, target)
    row = call.rows(policy.RBAC).add(made)
    if target == "*":
        network[FLAGS[action]] = True
    shapes.touch(call.cloud, network)
    return web.Answer(201, {"rbac_policy": dict(row)})


def _check(call: web.Call, wanted: Body) -> Body:
    """The network that the policy is to be of."""
    if not call.token.is_admin and not call.token.roles & policy.WRITERS:
        raise policy.forbidden("create_rbac_policy")
    if wanted["target_tenant"] == "*" and not call.token.is_admin:
        rule = "rule:create_rbac_policy"
        for name in ("object_type", "object_id", "target_tenant", "action"):
            rule = f"({rule} and rule:create_rbac_policy:{name})"
        raise web.Refused(403, f"{rule} is disallowed by policy", "PolicyNotAuthorized")
    if wanted["object_type"] != "network":
        raise fields.invalid(f"'{wanted['object_type']}' is not a valid RBAC object type.")
    if wanted["action"] not in FLAGS:
        text = f"Invalid action '{wanted['action']}' for object type 'network'."
        text += " Valid actions: ('access_as_shared', 'access_as_external')"
        raise web.Refused(400, text, "InvalidActionForType")
    network = call.rows("network.network").get(wanted["object_id"])
    if network is None:
        raise fields.invalid(f"Network {wanted['object_id']} could not be found.")
    if not policy.owns(call, network["project_id"]):
        raise fields.invalid("Only admins can manipulate policies on networks they do not own.")
    return network


def delete(call: web.Call) -> web.Answer:
    """DELETE: the target does not see the network any more."""
    found = _find(call)
    if not policy.owns(call, found["project_id"]):
        raise policy.forbidden("delete_rbac_policy")
    call.rows(policy.RBAC).remove(found["id"])
    network = call.rows("network.network").get(found["object_id"])
    if network is not None:
        if found["target_tenant"] == "*":
            network[FLAGS[found["action"]]] = False
        shapes.touch(call.cloud, network)
    return web.Answer(204)


ROUTES = (
    web.Route("GET", PATH, few.Few("rbac-policies", FILTERS, _visible).answer),
    web.Route("POST", PATH, create),
    web.Route("GET", f"{PATH}/<id>", show),
    web.Route("DELETE", f"{PATH}/<id>", delete),
)
