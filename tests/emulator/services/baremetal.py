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
"""Ironic: nodes with ``fake-hardware``, what belongs to them, allocations, deploy templates.

Sources: API reference, Bare Metal v1; statuses, words and what goes with what seen on a real
Ironic 39.  Provisioning ends at once, and an allocation takes the first node that is free.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import json

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web

Body = cloud_module.Body

REMOVABLE = ("manageable", "enroll", "adopt failed", "available")
TARGETS = {"manage": "manageable", "provide": "available", "active": "active"}
TARGETS["deleted"] = "available"
VERSION = {
    "id": "v1",
    "status": "CURRENT",
    "min_version": "1.1",
    "version": "1.115",
}


def conflict(text: str) -> web.Refused:
    """A 409."""
    return web.Refused(409, text)


def _shape(refused: web.Refused) -> web.Answer:
    """Ironic's refusals: one key with JSON in a string."""
    if refused.status == 401:
        return web.middleware_shape(refused)
    code = "Server" if refused.status >= 500 else "Client"
    fault = {"faultcode": code, "faultstring": refused.message, "debuginfo": None}
    return web.Answer(refused.status, {"error_message": json.dumps(fault)})


def _versions(call: web.Call) -> web.Answer:
    links = [{"rel": "self", "href": f"{call.root}/v1/"}]
    found = {**VERSION, "links": links}
    body = {"name": "OpenStack Ironic API", "default_version": found, "versions": [found]}
    return web.Answer(200, body)


@dataclasses.dataclass(frozen=True, eq=False)
class Collection:
    """One kind: its path, what a row has besides what was asked for, what keeps one.

    A system's only collection is refused to who has a project's token; of the others he gets
    what his project owns.
    """

    kind: str
    path: str
    noun: str
    fields: Body
    check: Callable[[web.Call, Body], None] = lambda _call, _body: None
    is_systems: bool = False

    def add(self, cloud: cloud_module.Cloud, **wanted: object) -> Body:
        """A new row."""
        now = clock.seconds(cloud.clock.now()).replace("Z", "+00:00")
        common = {"uuid": cloud.new_id(), "created_at": now, "updated_at": None, "extra": {}}
        return cloud[self.kind].add({**common, **self.fields, **wanted})

    def visible(self, call: web.Call) -> Iterator[Body]:
        """The rows that the caller is told of."""
        if call.token.is_system:
            yield from call.rows(self.kind)
        elif self.is_systems:
            rule = f'"baremetal:{self.noun.lower()}:get": "role:reader and system_scope:all"'
            text = f"{rule} requires a scope of ['system'], request was made with project scope."
            raise web.Refused(500, text)
        else:
            nodes = call.rows(NODES.kind)
            for row in call.rows(self.kind):
                node = nodes.get(row.get("node_uuid")) or row
                if (row.get("owner") or node.get("owner")) == call.token.project_id:
                    yield row

    def is_brief(self, call: web.Call) -> bool:
        """Whether no more is told than what tells one from others (seen of deploy templates)."""
        return self is TEMPLATES and call.query.get("detail") != "True"

    def find(self, call: web.Call) -> Body:
        """The row that the path names."""
        key = call.args["id"]
        for row in self.visible(call):
            if row["uuid"] == key:
                return row
        raise web.Refused(404, f"{self.noun} {key} could not be found.")

    def list(self, call: web.Call) -> web.Answer:
        """GET all: a page, and where the next one is."""
        rows = list(self.visible(call))
        marker = call.query.get("marker")
        if marker is not None:
            at = [number for number, row in enumerate(rows) if row["uuid"] == marker]
            if not at:
                raise web.Refused(404, f"{self.noun} {marker} could not be found.")
            rows = rows[at[0] + 1 :]
        most = call.cloud.settings.page_limits["baremetal"]
        limit = paging.capped(int(call.query.get("limit", "0")) or None, most)
        page = rows[:limit]
        told = ("uuid", "name") if self.is_brief(call) else None
        body: Body = {
            self.path: [{key: row[key] for key in (told or row)} for row in page],
        }
        if limit is not None and len(page) == limit:
            query = paging.next_query(call, page[-1]["uuid"])
            body["next"] = f"{call.request.base_url}?{query}"
        return web.Answer(200, body)

    def show(self, call: web.Call) -> web.Answer:
        """GET one."""
        return web.Answer(200, dict(self.find(call)))

    def create(self, call: web.Call) -> web.Answer:
        """POST: who has no system's token owns what he makes."""
        wanted = dict(call.body)
        if "owner" in self.fields and not call.token.is_system:
            wanted.setdefault("owner", call.token.project_id)
        row = self.add(call.cloud, **wanted)
        if self is ALLOCATIONS:
            _allocate(call, row)
        return web.Answer(201, dict(row))

    def delete(self, call: web.Call) -> web.Answer:
        """DELETE: what belongs to a node goes with it."""
        row = self.find(call)
        self.check(call, row)
        call.rows(self.kind).remove(row["uuid"])
        for other in (PORTS, PORT_GROUPS) if self is NODES else ():
            for part in _in(call, other, "node_uuid", row):
                call.rows(other.kind).remove(part["uuid"])
        if self is ALLOCATIONS and (node := call.rows(NODES.kind).get(row["node_uuid"])):
            node.update(instance_uuid=None, allocation_uuid=None)
        return web.Answer(204)


def _in(call: web.Call, collection: Collection, field: str, row: Body) -> list[Body]:
    return [one for one in call.rows(collection.kind) if one[field] == row["uuid"]]


def _allocate(call: web.Call, row: Body) -> None:
    for node in call.rows(NODES.kind):
        is_free = node["instance_uuid"] is None and node["provision_state"] == "available"
        if is_free and node["resource_class"] == row["resource_class"]:
            node.update(instance_uuid=row["uuid"], allocation_uuid=row["uuid"])
            row.update(node_uuid=node["uuid"], state="active")
            return
    row.update(state="error")


def _check_node(_call: web.Call, node: Body) -> None:
    uuid, state = node["uuid"], node["provision_state"]
    if not node["maintenance"] and node["instance_uuid"]:
        raise conflict(f"Node {uuid} is associated with instance {node['instance_uuid']}.")
    if node["protected"]:
        text = f"Node {uuid} is protected and cannot be undeployed, rebuilt or deleted"
        raise web.Refused(403, text)
    if not node["maintenance"] and state not in REMOVABLE:
        raise conflict(
            f'Can not delete node "{uuid}" while it is in provision state "{state}". Valid '
            f'provision states to perform deletion are: "{REMOVABLE}", or set the node into '
            "maintenance mode"
        )


def _check_port_group(call: web.Call, group: Body) -> None:
    if _in(call, PORTS, "portgroup_uuid", group):
        text = "Cannot complete the requested action because portgroup 1 contains ports."
        raise web.Refused(400, text)


def _check_allocation(call: web.Call, allocation: Body) -> None:
    node = call.rows(NODES.kind).get(allocation["node_uuid"])
    if node and node["provision_state"] == "active" and not node["maintenance"]:
        raise conflict(
            f"Cannot remove allocation {allocation['uuid']} for node {node['uuid']}, because the "
            "node is active (and maintenance mode is off)"
        )


def _check_chassis(call: web.Call, chassis: Body) -> None:
    if _in(call, NODES, "chassis_uuid", chassis):
        text = f"chassis {chassis['uuid']} contains nodes."
        raise web.Refused(400, f"Cannot complete the requested action because {text}")


NODES = Collection(
    *("baremetal.node", "nodes", "Node"),
    {
        **dict.fromkeys(("name", "instance_uuid", "allocation_uuid", "chassis_uuid")),
        **dict.fromkeys(("owner", "lessee", "resource_class", "reservation")),
        "driver": "fake-hardware",
        "provision_state": "enroll",
        "maintenance": False,
        "protected": False,
        "power_state": None,
    },
    _check_node,
)
PORTS = Collection("baremetal.port", "ports", "Port", {"portgroup_uuid": None})
PORT_GROUPS = Collection(
    "baremetal.port_group", "portgroups", "Portgroup", {"name": None}, _check_port_group
)
ALLOCATIONS = Collection(
    *("baremetal.allocation", "allocations", "Allocation"),
    {"name": None, "node_uuid": None, "owner": None, "state": "allocating"},
    _check_allocation,
)
TEMPLATES = Collection(
    *("baremetal.deploy_template", "deploy_templates", "Deploy template", {}), is_systems=True
)
CHASSIS = Collection(
    *("baremetal.chassis", "chassis", "Chassis", {"description": None}, _check_chassis),
    is_systems=True,
)
ALL = (NODES, PORTS, PORT_GROUPS, ALLOCATIONS, TEMPLATES, CHASSIS)
DETAILED = (NODES, PORTS, PORT_GROUPS, CHASSIS)


def _provision(call: web.Call) -> web.Answer:
    """PUT .../states/provision."""
    NODES.find(call)["provision_state"] = TARGETS[call.body["target"]]
    return web.Answer(202)


def _power(call: web.Call) -> web.Answer:
    """PUT .../states/power."""
    NODES.find(call)["power_state"] = call.body["target"]
    return web.Answer(202)


def _patch(call: web.Call) -> web.Answer:
    """PATCH: fields become what is said."""
    node = NODES.find(call)
    for one in call.request.get_json():
        node[one["path"].removeprefix("/")] = one["value"]
    return web.Answer(200, dict(node))


def _maintain(call: web.Call) -> web.Answer:
    """PUT .../maintenance."""
    NODES.find(call)["maintenance"] = True
    return web.Answer(202)


def _routes() -> Iterator[web.Route]:
    for one in ALL:
        path = f"/v1/{one.path}"
        listed = f"{path}/detail" if one in DETAILED else path
        yield web.Route("GET", listed, one.list)
        yield web.Route("POST", path, one.create)
        yield web.Route("GET", f"{path}/<id>", one.show)
        yield web.Route("DELETE", f"{path}/<id>", one.delete)


SERVICE = web.Service(
    type="baremetal",
    name="ironic",
    prefix="/baremetal",
    endpoint="",
    routes=(
        web.Route("GET", "/", _versions, public=True),
        # Asked for one, to see whether the caller may see any.
        web.Route("GET", "/v1/chassis", CHASSIS.list),
        *_routes(),
        web.Route("PUT", "/v1/nodes/<id>/states/provision", _provision),
        web.Route("PUT", "/v1/nodes/<id>/states/power", _power),
        web.Route("PATCH", "/v1/nodes/<id>", _patch),
        web.Route("PUT", "/v1/nodes/<id>/maintenance", _maintain),
    ),
    shape=_shape,
    microversions=web.Microversions(
        "baremetal", (1, 1), (1, 115), "X-OpenStack-Ironic-API-Version"
    ),
)
