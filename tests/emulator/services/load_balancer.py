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
"""Octavia: load balancers, what is in them, flavors; members and rules can only be made.

Source: API reference, Load Balancer v2; statuses and messages seen on a real Octavia 19 with
drivers that do nothing, which makes no port for a VIP: that is Octavia's own network driver's,
by reading. It works on one thing of a load balancer at a time, and shows what it is at as
``provisioning_status``.
"""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import functools

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.shapes import network as networks

Body = cloud_module.Body

BALANCER = "load_balancer.load_balancer"
LISTENER = "load_balancer.listener"
POOL = "load_balancer.pool"
MONITOR = "load_balancer.health_monitor"
POLICY = "load_balancer.l7_policy"
FLAVOR = "load_balancer.flavor"
PROFILE = "load_balancer.flavor_profile"
AMPHORA = "load_balancer.amphora"


def shape(refused: web.Refused) -> web.Answer:
    """Octavia's refusals."""
    if refused.status == 401:
        return web.middleware_shape(refused)
    code = "Client" if refused.status < 500 else "Server"
    about = {"faultcode": code, "faultstring": refused.message, "debuginfo": None}
    return web.Answer(refused.status, about)


def versions(call: web.Call) -> web.Answer:
    """GET /: all are one address."""
    links = [{"rel": "self", "href": f"{call.root}/v2"}]
    numbers = ["v2.0", "v2.26", "v2.27"]
    found = [
        {
            "id": number,
            "status": "CURRENT" if number == numbers[-1] else "SUPPORTED",
            "updated": "2023-05-04T00:00:00Z",
            "links": links,
        }
        for number in numbers
    ]
    return web.Answer(200, {"versions": found})


@dataclasses.dataclass(frozen=True)
class Sort:
    """How one kind is called, in paths, in bodies and in refusals."""

    kind: str
    plural: str
    singular: str
    words: str
    links: str = ""
    for_admin: bool = False

    def find(self, call: web.Call, key: str | None = None) -> Body:
        """The row that the path names; 404 if the caller may not see it."""
        self.require_admin(call)
        key = call.args["id"] if key is None else key
        row = call.rows(self.kind).get(key)
        if row is None or not _is_visible(call, row):
            raise web.Refused(404, f"{self.words} {key} not found.")
        return row

    def require_admin(self, call: web.Call) -> None:
        """403 unless the caller may see such things at all."""
        if self.for_admin:
            call.require_admin("Policy does not allow this request to be performed.")


SORTS = {
    one.kind: one
    for one in (
        Sort(BALANCER, "loadbalancers", "loadbalancer", "Load Balancer"),
        Sort(LISTENER, "listeners", "listener", "Listener"),
        Sort(POOL, "pools", "pool", "Pool"),
        Sort(MONITOR, "healthmonitors", "healthmonitor", "Health Monitor"),
        Sort(POLICY, "l7policies", "l7policy", "L7Policy"),
        Sort(FLAVOR, "flavors", "flavor", "Flavor"),
        Sort(
            PROFILE,
            "flavorprofiles",
            "flavorprofile",
            "Flavor profile",
            links="flavorprofile_links",
            for_admin=True,
        ),
        Sort(AMPHORA, "amphorae", "amphora", "Amphora", for_admin=True),
    )
}
INSIDE = (LISTENER, POOL, MONITOR, POLICY)


def _is_visible(call: web.Call, row: Body) -> bool:
    return call.token.is_admin or row.get("project_id") in (None, call.token.project_id)


def list_all(sort: Sort, call: web.Call) -> web.Answer:
    """GET all that the caller may see, by `project_id`, `name` and `id`, a page at a time."""
    sort.require_admin(call)
    asked = {key: call.query[key] for key in ("id", "name", "project_id") if key in call.query}
    marker = call.query.get("marker")
    gone = web.Refused(400, f"Supplied pagination marker '{marker}' is not valid.")
    rows = paging.start(call.rows(sort.kind), marker, gone)
    most = call.cloud.settings.page_limits.get("load-balancer", 1000)
    limit = paging.capped(call.query.get("limit", type=int), most)

    def wanted(row: Body) -> bool:
        is_asked = all(row.get(key) == value for key, value in asked.items())
        return is_asked and _is_visible(call, row)

    found = paging.take(rows, wanted, limit)
    links = []
    if found and len(found) == limit:
        href = f"{call.request.base_url}?{paging.next_query(call, found[-1]['id'])}"
        links = [{"rel": "next", "href": href}]
    shown = [present(call.cloud, sort.kind, row) for row in found]
    return web.Answer(200, {sort.plural: shown, sort.links or f"{sort.plural}_links": links})


def show(sort: Sort, call: web.Call) -> web.Answer:
    """GET one."""
    return web.Answer(200, {sort.singular: present(call.cloud, sort.kind, sort.find(call))})


def present(cloud: cloud_module.Cloud, kind: str, row: Body) -> Body:
    """The row as it is shown, with the ids of what belongs to it."""
    shown = {key: value for key, value in row.items() if key[0] != "_"}
    for field, other, by in BELONGING.get(kind, ()):
        found = cloud[other].where(by, row["id"])
        shown[field] = [{"id": one["id"]} for one in found]
    if kind in (LISTENER, POOL):
        shown["loadbalancers"] = [{"id": row["_balancer_id"]}]
    if kind == MONITOR:
        shown["pools"] = [{"id": row["_pool_id"]}]
    if kind == POOL:
        for one in cloud[MONITOR].where("_pool_id", row["id"]):
            shown["healthmonitor_id"] = one["id"]
        listeners = cloud[LISTENER].where("default_pool_id", row["id"])
        shown["listeners"] = [{"id": one["id"]} for one in listeners]
    return shown


BELONGING = {
    BALANCER: (("listeners", LISTENER, "_balancer_id"), ("pools", POOL, "_balancer_id")),
    LISTENER: (("l7policies", POLICY, "listener_id"),),
}


def _asked(call: web.Call, sort: Sort) -> Body:
    asked = call.body.get(sort.singular)
    if not isinstance(asked, dict):
        raise web.Refused(400, f"Missing {sort.singular} object.")
    return dict(asked)


def new(cloud: cloud_module.Cloud, kind: str, project_id: str, **fields: object) -> Body:
    """A row that is ready at once."""
    return cloud[kind].add(
        {
            "id": cloud.new_id(),
            "name": "",
            "project_id": project_id,
            "tenant_id": project_id,
            "provisioning_status": "ACTIVE",
            "operating_status": "OFFLINE",
            "admin_state_up": True,
            "created_at": _now(cloud),
            "updated_at": None,
            "tags": [],
            **fields,
        }
    )


def _now(cloud: cloud_module.Cloud) -> str:
    return clock.seconds(cloud.clock.now()).removesuffix("Z")


def balancer(cloud: cloud_module.Cloud, subnet: Body, project_id: str, **fields: object) -> Body:
    """A load balancer with a port for its VIP and an amphora, whose server is Octavia's own."""
    on = cloud["network.network"].get(subnet["network_id"]) or {}
    key = cloud.new_id()
    port = networks.port(
        cloud,
        on,
        project_id=project_id,
        name=f"octavia-lb-{key}",
        device_id=f"lb-{key}",
        device_owner="Octavia",
        admin_state_up=False,
    )
    about = {
        "id": key,
        "vip_port_id": port["id"],
        "vip_subnet_id": subnet["id"],
        "vip_network_id": on["id"],
        "vip_address": next((one["ip_address"] for one in port["fixed_ips"]), None),
        "additional_vips": [],
        "provider": "amphora",
        "flavor_id": None,
    }
    row = new(cloud, BALANCER, project_id, **{**about, **fields})
    amphora = {
        "id": cloud.new_id(),
        "loadbalancer_id": key,
        "compute_id": cloud.new_id(),
        "vrrp_port_id": cloud.new_id(),
        "ha_port_id": port["id"],
        "role": "STANDALONE",
        "status": "ALLOCATED",
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }
    cloud[AMPHORA].add(amphora)
    return row


def create_balancer(call: web.Call) -> web.Answer:
    """POST: 201 and ``PENDING_CREATE``; on a subnet, in the caller's project."""
    asked = _asked(call, SORTS[BALANCER])
    subnet = call.rows("network.subnet").get(asked.get("vip_subnet_id"))
    if subnet is None:
        text = "VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id."
        raise web.Refused(400, f"Validation failure: {text}")
    kept = {key: asked[key] for key in ("name", "flavor_id", "tags") if key in asked}
    project_id = asked.get("project_id") or call.token.project_id
    row = balancer(call.cloud, subnet, str(project_id), **kept)
    _begin(call.cloud, row, "PENDING_CREATE", lambda: _tell(call.cloud, row, "create"))
    return web.Answer(201, {"loadbalancer": present(call.cloud, BALANCER, row)})


def _begin(
    cloud: cloud_module.Cloud, row: Body, status: str, then: Callable[[], None] = lambda: None
) -> None:
    """The row has this status for a while, and is ``ACTIVE`` then."""
    row["provisioning_status"] = status

    def end() -> None:
        row["provisioning_status"] = "ACTIVE"
        then()

    cloud.clock.later(cloud.settings.build_delay_s, end)


def _tell(cloud: cloud_module.Cloud, row: Body, what: str) -> None:
    about = {"loadbalancer_id": row["id"], "name": row["name"], "project_id": row["project_id"]}
    cloud.bus.emit("octavia", "", f"octavia.loadbalancer.{what}.end", lambda: about)


def _balancer_of(cloud: cloud_module.Cloud, kind: str, row: Body) -> Body:
    """The load balancer that a row is in, or is."""
    if kind == BALANCER:
        return row
    if kind == MONITOR:
        return _balancer_of(cloud, POOL, cloud[POOL].get(row["_pool_id"]) or {})
    if kind == POLICY:
        return _balancer_of(cloud, LISTENER, cloud[LISTENER].get(row["listener_id"]) or {})
    return cloud[BALANCER].get(row["_balancer_id"]) or {}


def _require_mutable(found: Body) -> Body:
    if found["provisioning_status"] not in ("ACTIVE", "ERROR"):
        text = f"Load Balancer {found['id']} is immutable and cannot be updated."
        raise web.Refused(409, text)
    return found


def create_inside(sort: Sort, call: web.Call) -> web.Answer:
    """POST what is in a load balancer: 201; 409 while Octavia is at work on something in it."""
    asked = _asked(call, sort)
    fields: Body = {"name": asked.get("name", ""), "tags": asked.get("tags", [])}
    if sort.kind == MONITOR:
        fields["_pool_id"] = asked["pool_id"]
    elif sort.kind == POLICY:
        fields |= {"listener_id": asked["listener_id"]}
        fields["redirect_pool_id"] = asked.get("redirect_pool_id")
    elif asked.get("listener_id"):
        listener = SORTS[LISTENER].find(call, asked["listener_id"])
        fields["_balancer_id"] = listener["_balancer_id"]
    else:
        fields["_balancer_id"] = asked["loadbalancer_id"]
    if sort.kind == LISTENER:
        fields["default_pool_id"] = asked.get("default_pool_id")
    if sort.kind == POOL:
        fields["members"] = []
    above = _require_mutable(_balancer_of(call.cloud, sort.kind, fields))
    row = new(call.cloud, sort.kind, above["project_id"], **fields)
    if sort.kind == POOL and asked.get("listener_id"):
        listener["default_pool_id"] = row["id"]
    _begin(call.cloud, above, "PENDING_UPDATE")
    _begin(call.cloud, row, "PENDING_CREATE")
    return web.Answer(201, {sort.singular: present(call.cloud, sort.kind, row)})


def create_member(call: web.Call) -> web.Answer:
    """POST a member of a pool."""
    pool = SORTS[POOL].find(call)
    above = _require_mutable(_balancer_of(call.cloud, POOL, pool))
    member = {"id": call.cloud.new_id()}
    pool["members"] = [*pool["members"], member]
    _begin(call.cloud, above, "PENDING_UPDATE")
    return web.Answer(201, {"member": {**call.body["member"], **member}})


def create_flavor(call: web.Call) -> web.Answer:
    """POST a flavor or the profile of one: for the administrator."""
    sort = SORTS[PROFILE if call.request.path.endswith("profiles") else FLAVOR]
    call.require_admin("Policy does not allow this request to be performed.")
    row = call.rows(sort.kind).add(
        {"id": call.cloud.new_id(), "description": "", **_asked(call, sort)}
    )
    return web.Answer(201, {sort.singular: present(call.cloud, sort.kind, row)})


def delete_flavor(sort: Sort, call: web.Call) -> web.Answer:
    """DELETE a flavor or a profile: 409 while a load balancer or a flavor has it."""
    row = sort.find(call)
    users = (BALANCER, "flavor_id") if sort.kind == FLAVOR else (FLAVOR, "flavor_profile_id")
    if any(call.rows(users[0]).where(users[1], row["id"])):
        text = f"{sort.words} {row['id']} is in use and cannot be modified."
        raise web.Refused(409, text)
    call.rows(sort.kind).remove(row["id"])
    return web.Answer(204)


def delete_balancer(call: web.Call) -> web.Answer:
    """DELETE: 204 and ``PENDING_DELETE``; 409 while it is at work, 400 if something is in it."""
    row = SORTS[BALANCER].find(call)
    status, key = row["provisioning_status"], row["id"]
    if status not in ("ACTIVE", "ERROR"):
        raise web.Refused(409, f"Invalid state {status} of loadbalancer resource {key}")
    inside = [
        one for kind in (LISTENER, POOL) for one in call.rows(kind).where("_balancer_id", key)
    ]
    if inside and call.query.get("cascade", "").lower() != "true":
        text = f"Cannot delete Load Balancer {key} - it has children"
        raise web.Refused(400, f"Validation failure: {text}")
    row["provisioning_status"] = "PENDING_DELETE"
    cloud = call.cloud
    cloud.clock.later(cloud.settings.delete_delay_s, lambda: remove_balancer(cloud, row))
    return web.Answer(204)


def remove_balancer(cloud: cloud_module.Cloud, row: Body) -> None:
    """The load balancer is gone, with all in it, its amphora and its port."""
    for kind in (LISTENER, POOL):
        for one in list(cloud[kind].where("_balancer_id", row["id"])):
            _remove(cloud, kind, one)
    for one in list(cloud[AMPHORA].where("loadbalancer_id", row["id"])):
        cloud[AMPHORA].remove(one["id"])
    cloud[BALANCER].remove(row["id"])
    cloud["network.port"].remove(row["vip_port_id"])
    _tell(cloud, row, "delete")


def delete_inside(sort: Sort, call: web.Call) -> web.Answer:
    """DELETE what is in a load balancer: 409 while Octavia is at work, or a policy needs it."""
    row, cloud = sort.find(call), call.cloud
    above = _require_mutable(_balancer_of(cloud, sort.kind, row))
    users: Iterable[Body] = ()
    if sort.kind == POOL:
        users = cloud[POLICY].where("redirect_pool_id", row["id"])
    for user in users:
        text = f"Pool {row['id']} is in use by L7 policy {user['id']}"
        raise web.Refused(409, text)
    above["provisioning_status"] = "PENDING_UPDATE"
    row["provisioning_status"] = "PENDING_DELETE"

    def end() -> None:
        _remove(cloud, sort.kind, row)
        above["provisioning_status"] = "ACTIVE"

    cloud.clock.later(cloud.settings.delete_delay_s, end)
    return web.Answer(204)


def _remove(cloud: cloud_module.Cloud, kind: str, row: Body) -> None:
    """The row is gone with what belongs to it; a listener lets go of its pool."""
    takes = {LISTENER: (POLICY, "listener_id"), POOL: (MONITOR, "_pool_id")}
    for other, by in [takes[kind]] if kind in takes else []:
        for one in list(cloud[other].where(by, row["id"])):
            cloud[other].remove(one["id"])
    for listener in list(cloud[LISTENER].where("default_pool_id", row["id"])):
        listener["default_pool_id"] = None
    cloud[kind].remove(row["id"])


VERSION = '/<any("v2", "v2.0"):version>'
"""openstacksdk asks for no versions and takes the second."""


def _routes() -> Iterable[web.Route]:
    creating = {BALANCER: create_balancer, FLAVOR: create_flavor, PROFILE: create_flavor}
    deleting = {BALANCER: delete_balancer}
    for kind, sort in SORTS.items():
        path = f"{VERSION}/{'octavia' if kind == AMPHORA else 'lbaas'}/{sort.plural}"
        yield web.Route("GET", path, functools.partial(list_all, sort))
        if kind == AMPHORA:
            continue
        create = creating.get(kind) or functools.partial(create_inside, sort)
        remove = deleting.get(kind) or functools.partial(
            delete_inside if kind in INSIDE else delete_flavor, sort
        )
        yield web.Route("GET", f"{path}/<id>", functools.partial(show, sort))
        yield web.Route("POST", path, create)
        yield web.Route("DELETE", f"{path}/<id>", remove)


SERVICE = web.Service(
    type="load-balancer",
    name="octavia",
    prefix="/load-balancer",
    endpoint="",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("POST", f"{VERSION}/lbaas/pools/<id>/members", create_member),
        *_routes(),
    ),
    shape=shape,
)
