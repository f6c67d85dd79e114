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
"""Manila: shares, snapshots, share networks, security services, share types.

Source: API reference, Shared File Systems v2; statuses and messages seen on a real Manila 23 with
its dummy driver. Pages go by offsets, but security services take ``limit`` for a filter that
nothing passes.
"""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import functools

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web

Body = cloud_module.Body

SHARE = "shared_file_system.share"
SNAPSHOT = "shared_file_system.snapshot"
NETWORK = "shared_file_system.share_network"
SECURITY = "shared_file_system.security_service"
TYPE = "shared_file_system.share_type"


def shape(refused: web.Refused) -> web.Answer:
    """Manila's refusals, which are Nova's."""
    return web.nova_shape(refused)


def versions(call: web.Call) -> web.Answer:
    """GET /: one version, with its microversions."""
    version = {
        "id": "v2.0",
        "status": "CURRENT",
        "version": "2.99",
        "min_version": "2.0",
        "updated": "2015-08-27T11:33:21Z",
        "links": [{"rel": "self", "href": f"{call.root}/v2/"}],
    }
    return web.Answer(200, {"versions": [version]})


@dataclasses.dataclass(frozen=True)
class Sort:
    """How one kind is called, in paths and in bodies, and what keeps one of it."""

    kind: str
    path: str
    singular: str
    users: tuple[tuple[str, str], ...] = ()
    in_use: tuple[int, str] = (409, "in use")

    def find(self, call: web.Call) -> Body:
        """The row that the path names; 404 if the caller may not see it."""
        row = call.rows(self.kind).get(call.args["id"])
        if row is None or not _is_visible(call, row):
            raise web.Refused(404, "The resource could not be found.")
        return row


SORTS = (
    Sort(
        *(SHARE, "shares", "share"),
        users=((SNAPSHOT, "share_id"),),
        in_use=(403, "Invalid share: Share still has 1 dependent snapshots."),
    ),
    Sort(SNAPSHOT, "snapshots", "snapshot"),
    Sort(
        *(NETWORK, "share-networks", "share_network"),
        users=((SHARE, "share_network_id"),),
        in_use=(409, "Can not delete share network, it has 1 share(s)."),
    ),
    Sort(
        *(SECURITY, "security-services", "security_service"),
        users=((NETWORK, "_security_service_id"),),
        in_use=(403, "Cannot delete security service. It is assigned to share network(s)"),
    ),
    Sort(
        *(TYPE, "types", "share_type"),
        users=((SHARE, "share_type"),),
        in_use=(400, "Target share type is still in use."),
    ),
)
GRADUAL = (SHARE, SNAPSHOT)
"""What comes and goes in its own time."""


def _is_visible(call: web.Call, row: Body) -> bool:
    return call.token.is_admin or row.get("project_id") in (None, call.token.project_id)


def list_all(sort: Sort, call: web.Call) -> web.Answer:
    """GET all, of all projects if the administrator asks for `all_tenants`."""
    is_wide = call.token.is_admin and call.query.get("all_tenants") == "1"
    found = [
        row
        for row in call.rows(sort.kind)
        if is_wide or row.get("project_id") in (None, call.token.project_id)
    ]
    if sort.kind == SECURITY:
        wanted = {key: call.query[key] for key in ("id", "limit", "offset") if key in call.query}
        found = [row for row in found if all(row.get(key) == wanted[key] for key in wanted)]
    elif sort.kind != TYPE:
        most = call.cloud.settings.page_limits.get("shared-file-system") or 1000
        start = call.query.get("offset", 0, type=int)
        found = found[start : start + min(most, call.query.get("limit", most, type=int))]
    shown = [_present(call, sort, row) for row in found]
    if sort.kind == SECURITY:
        networks = call.rows(NETWORK)
        for one in shown:
            users = networks.where("_security_service_id", one["id"])
            one["share_networks"] = [user["id"] for user in users]
    return web.Answer(200, {f"{sort.singular}s": shown})


def show(sort: Sort, call: web.Call) -> web.Answer:
    """GET one; a security service does not tell here which networks have it."""
    return web.Answer(200, {sort.singular: _present(call, sort, sort.find(call))})


def _present(_call: web.Call, _sort: Sort, row: Body) -> Body:
    return {key: value for key, value in row.items() if key[0] != "_"}


def new(cloud: cloud_module.Cloud, kind: str, project_id: str, **fields: object) -> Body:
    """A row that is ready at once."""
    about = {"name": None, "description": None, "status": "available", **DEFAULTS.get(kind, {})}
    return cloud[kind].add(
        {
            "id": cloud.new_id(),
            "project_id": project_id,
            "created_at": clock.microseconds(cloud.clock.now()),
            "updated_at": None,
            **about,
            **fields,
        }
    )


DEFAULTS: dict[str, Body] = {
    SHARE: {
        "user_id": None,
        "share_type": None,
        "share_network_id": None,
        "snapshot_id": None,
        "has_replicas": False,
        "metadata": {},
        "size": 1,
        "share_proto": "NFS",
    },
    SNAPSHOT: {"user_id": None, "size": 1},
    NETWORK: {"status": "active", "share_network_subnets": []},
    SECURITY: {"status": "new", "type": "ldap"},
}


def share_type(cloud: cloud_module.Cloud, name: str, *, is_public: bool = True) -> Body:
    """A share type."""
    fields = {"share_type_access:is_public": is_public, "_projects": []}
    row = {"id": cloud.new_id(), "name": name, "description": None, "extra_specs": {}}
    return cloud[TYPE].add({**row, **fields})


def create(sort: Sort, call: web.Call) -> web.Answer:
    """POST one; shares and snapshots become available after a while."""
    asked = dict(call.body[sort.singular])
    if sort.kind == TYPE:
        call.require_admin("Policy doesn't allow share_type:create to be performed.")
        is_public = asked.get("share_type_access:is_public", True)
        row = share_type(call.cloud, asked["name"], is_public=bool(is_public))
        return web.Answer(200, {"share_type": _present(call, sort, row)})
    known = ("name", "share_id", "snapshot_id", "share_type", "share_network_id", "metadata")
    fields = {key: asked[key] for key in known if key in asked}
    if sort.kind == NETWORK:
        places = {key: asked.get(key) for key in ("neutron_net_id", "neutron_subnet_id")}
        fields["share_network_subnets"] = [places]
    if sort.kind in GRADUAL:
        fields["user_id"] = call.token.user_id
    row = new(call.cloud, sort.kind, str(call.token.project_id), **fields)
    if sort.kind in GRADUAL:
        row["status"] = "creating"
        delay = call.cloud.settings.build_delay_s
        call.cloud.clock.later(delay, lambda: row.update(status="available"))
        _tell(call.cloud, sort, row, "create.end")
    return web.Answer(200, {sort.singular: _present(call, sort, row)})


def _tell(cloud: cloud_module.Cloud, sort: Sort, row: Body, what: str) -> None:
    if sort.kind == SHARE:
        told = {"share_id": row["id"], "name": row["name"], "project_id": row["project_id"]}
        cloud.bus.emit("openstack", "share.localhost", f"share.{what}", lambda: told)


def delete(sort: Sort, call: web.Call) -> web.Answer:
    """DELETE one: 202; refused while it is used, and while Manila is at work on it."""
    row, cloud = sort.find(call), call.cloud
    if sort.kind in GRADUAL and row["status"] not in ("available", "error", "inactive"):
        text = "Share status must be one of ('available', 'error', 'inactive')."
        raise web.Refused(403, f"Invalid share: {text}")
    if any(any(cloud[kind].where(field, row["id"])) for kind, field in sort.users):
        raise web.Refused(*sort.in_use)
    if sort.kind not in GRADUAL:
        cloud[sort.kind].remove(row["id"])
        return web.Answer(202)
    row["status"] = "deleting"

    def end() -> None:
        cloud[sort.kind].remove(row["id"])
        _tell(cloud, sort, row, "delete.end")

    cloud.clock.later(cloud.settings.delete_delay_s, end)
    return web.Answer(202)


def add_access(call: web.Call) -> web.Answer:
    """POST .../action of a type: a project may use it."""
    row = SORTS[-1].find(call)
    row["_projects"] = [*row["_projects"], call.body["addProjectAccess"]["project"]]
    return web.Answer(202)


def accesses(call: web.Call) -> web.Answer:
    """GET the projects that may use a private type."""
    row = SORTS[-1].find(call)
    found = [{"share_type_id": row["id"], "project_id": one} for one in row["_projects"]]
    return web.Answer(200, {"share_type_access": found})


def add_security(call: web.Call) -> web.Answer:
    """POST .../action of a share network: it has a security service."""
    row = SORTS[2].find(call)
    row["_security_service_id"] = call.body["add_security_service"]["security_service_id"]
    return web.Answer(200, {"share_network": _present(call, SORTS[2], row)})


def _routes() -> Iterable[web.Route]:
    def route(method: str, path: str, handler: Callable[..., web.Answer], sort: Sort) -> web.Route:
        return web.Route(method, f"/v2/{path}", functools.partial(handler, sort))

    for sort in SORTS:
        end = "" if sort.kind == TYPE else "/detail"
        yield route("GET", f"{sort.path}{end}", list_all, sort)
        yield route("POST", sort.path, create, sort)
        yield route("DELETE", f"{sort.path}/<id>", delete, sort)
        yield route("GET", f"{sort.path}/<id>", show, sort)


SERVICE = web.Service(
    type="shared-file-system",
    name="manilav2",
    prefix="/share",
    endpoint="/v2",
    catalogue_type="sharev2",
    routes=(
        web.Route("GET", "/v2", versions, public=True),
        web.Route("POST", "/v2/types/<id>/action", add_access),
        web.Route("GET", "/v2/types/<id>/share_type_access", accesses),
        web.Route("POST", "/v2/share-networks/<id>/action", add_security),
        *_routes(),
    ),
    shape=shape,
)
