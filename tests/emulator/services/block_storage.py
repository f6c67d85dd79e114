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
"""Cinder v3: volumes and snapshots, with asynchronous deletes.

Sources: API reference, Block Storage v3; statuses, messages and paging seen on a real Cinder 29.
A member who asks for all tenants gets 200 and his own. A marker that is gone is 404. A filter
that Cinder does not know finds nothing for the administrator and is ignored for others.
"""

from collections.abc import Callable
import re
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

VOLUME_PROJECT = "os-vol-tenant-attr:tenant_id"
SNAPSHOT_PROJECT = "os-extended-snapshot-attributes:project_id"

SINCE = {
    "group_id": (3, 13),
    "provider_id": (3, 21),
    "group_snapshot_id": (3, 14),
    "user_id": (3, 41),
    "service_uuid": (3, 48),
    "shared_targets": (3, 48),
    "cluster_name": (3, 61),
    "volume_type_id": (3, 63),
    "consumes_quota": (3, 65),
}
"""The microversion from which on a field is shown; `user_id` of snapshots only."""

ADMIN_ONLY = {
    "provider_id",
    "os-vol-host-attr:host",
    "os-vol-mig-status-attr:migstat",
    "os-vol-mig-status-attr:name_id",
    "cluster_name",
}

CONTROLS = {
    *("all_tenants", "limit", "marker", "offset"),
    *("sort", "sort_key", "sort_dir", "with_count"),
}

DELETABLE = {"available", "error", "error_restoring", "error_extending", "error_managing"}
VOLUME_BUSY = (
    "Invalid volume: Volume status must be available or error or error_restoring or "
    "error_extending or error_managing and must not be migrating, attached, belong to a group, "
    "have snapshots, awaiting a transfer, or be disassociated from snapshots after volume "
    "transfer."
)
SNAPSHOT_BUSY = (
    "Invalid snapshot: Snapshot status must be available or error and must not be part of a group."
)


def versions(call: web.Call) -> web.Answer:
    """GET /: 300 with the one version, without a token."""
    version = {
        "id": "v3.0",
        "status": "CURRENT",
        "version": "3.70",
        "min_version": "3.0",
        "updated": "2023-08-31T00:00:00Z",
        "links": [
            {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
            {"rel": "self", "href": f"{call.root}/v3/"},
        ],
        "media-types": [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.volume+json;version=3",
            }
        ],
    }
    return web.Answer(300, {"versions": [version]})


def version(call: web.Call) -> web.Answer:
    """GET /v3: the same for the version, but only with a token."""
    return web.Answer(200, versions(call).body)


def _own_project(handler: web.Handler) -> web.Handler:
    """The handler, for requests whose path names the token's own project; else 400."""

    def checked(call: web.Call) -> web.Answer:
        if call.args.pop("project") != call.token.project_id:
            raise web.Refused(400, "Malformed request url")
        return handler(call)

    return checked


def _project_of(kind: str) -> str:
    return VOLUME_PROJECT if kind.endswith("volume") else SNAPSHOT_PROJECT


def _is_visible(call: web.Call, kind: str, body: Body) -> bool:
    return call.token.is_admin or body[_project_of(kind)] == call.token.project_id


def _present(call: web.Call, kind: str, body: Body) -> Body:
    shown = {
        key: value
        for key, value in body.items()
        if call.microversion >= _since(kind, key)
        and (call.token.is_admin or key not in ADMIN_ONLY)
    }
    return {**shown, "links": _links(call, body)} if kind.endswith("volume") else shown


def _since(kind: str, key: str) -> web.Version:
    if key == "user_id" and kind.endswith("volume"):
        return (3, 0)
    return SINCE.get(key, (3, 0))


def _links(call: web.Call, body: Body) -> list[dict[str, str]]:
    project = call.token.project_id
    return [
        {"rel": "self", "href": f"{call.root}/v3/{project}/volumes/{body['id']}"},
        {"rel": "bookmark", "href": f"{call.root}/{project}/volumes/{body['id']}"},
    ]


def _present_brief(call: web.Call, kind: str, body: Body) -> Body:
    if kind.endswith("volume"):
        return {"id": body["id"], "name": body["name"], "links": _links(call, body)}
    keys = ("id", "created_at", "updated_at", "name", "description", "volume_id", "status")
    return {key: body[key] for key in (*keys, "size", "metadata")}


def _limit(call: web.Call) -> int | None:
    asked = call.query.get("limit")
    most = call.cloud.settings.page_limits["block-storage"]
    if asked is None:
        return most
    if not re.fullmatch(r"-?\d+", asked):
        raise web.Refused(400, "limit param must be an integer")
    if int(asked) < 0:
        raise web.Refused(400, "limit param must be positive")
    return paging.capped(int(asked), most)


def _wanted(call: web.Call, kind: str) -> Callable[[Body], bool]:
    all_tenants = call.query.get("all_tenants", "0").lower() in {"1", "true", "yes", "on", "t"}
    filters = {key: value for key, value in call.query.items() if key not in CONTROLS}
    project = filters.pop("project_id", None)

    def wanted(body: Body) -> bool:
        mine = body[_project_of(kind)]
        if not (call.token.is_admin and all_tenants):
            if mine != call.token.project_id:
                return False
        elif project is not None and mine != project:
            return False
        return all(
            (key not in body and not call.token.is_admin) or str(body.get(key)) == value
            for key, value in filters.items()
        )

    return wanted


def _list(kind: str, present: Callable[[web.Call, str, Body], Body]) -> web.Handler:
    plural = f"{kind.partition('.')[2]}s"

    def handler(call: web.Call) -> web.Answer:
        limit, marker = _limit(call), call.query.get("marker")
        rows = paging.start(call.rows(kind), marker, _missing(kind, marker or ""))
        found = paging.take(rows, _wanted(call, kind), limit)
        answer: dict[str, Any] = {plural: [present(call, kind, body) for body in found]}
        if found and len(found) == limit:
            query = paging.next_query(call, found[-1]["id"])
            url = f"{call.request.host_url.rstrip('/')}{call.request.path}?{query}"
            answer[f"{plural}_links"] = [{"rel": "next", "href": url}]
        return web.Answer(200, answer)

    return handler


def _missing(kind: str, key: str) -> web.Refused:
    return web.Refused(404, f"{kind.partition('.')[2].title()} {key} could not be found.")


def _find(call: web.Call, kind: str) -> Body:
    body = call.rows(kind).get(call.args["id"])
    if body is None or not _is_visible(call, kind, body):
        raise _missing(kind, call.args["id"])
    return body


def _show(kind: str) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        return web.Answer(200, {kind.partition(".")[2]: _present(call, kind, _find(call, kind))})

    return handler


def delete_volume(call: web.Call) -> web.Answer:
    """DELETE a volume: 202 and ``deleting`` for a while; 400 if in use or with snapshots.

    With ``cascade=true`` its snapshots go along.
    """
    body = _find(call, "block_storage.volume")
    snapshots = snapshots_of(call.cloud, body["id"])
    cascade = call.query.get("cascade", "false").lower() in {"1", "true"}
    if body["status"] not in DELETABLE or body["attachments"] or (snapshots and not cascade):
        raise web.Refused(400, VOLUME_BUSY)
    for snapshot in snapshots:
        begin_delete(call.cloud, "block_storage.snapshot", snapshot)
    begin_delete(call.cloud, "block_storage.volume", body)
    return web.Answer(202)


def snapshots_of(cloud: cloud_module.Cloud, volume_id: str) -> list[Body]:
    """The volume's snapshots."""
    return [s for s in cloud["block_storage.snapshot"] if s["volume_id"] == volume_id]


def delete_snapshot(call: web.Call) -> web.Answer:
    """DELETE a snapshot: 202 and ``deleting`` for a while; 400 if it is on its way already."""
    body = _find(call, "block_storage.snapshot")
    if body["status"] not in {"available", "error"}:
        raise web.Refused(400, SNAPSHOT_BUSY)
    begin_delete(call.cloud, "block_storage.snapshot", body)
    return web.Answer(202)


def begin_delete(cloud: cloud_module.Cloud, kind: str, body: Body) -> None:
    """The volume or snapshot is ``deleting``, and gone after the delay."""
    body["status"] = "deleting"
    shapes.touch(cloud, body)
    cloud.clock.later(cloud.settings.delete_delay_s, lambda: cloud[kind].remove(body["id"]))


def _routes(kind: str, delete: web.Handler) -> tuple[web.Route, ...]:
    path = f"/v3/<project>/{kind.partition('.')[2]}s"
    return (
        web.Route("GET", path, _own_project(_list(kind, _present_brief))),
        web.Route("GET", f"{path}/detail", _own_project(_list(kind, _present))),
        web.Route("GET", f"{path}/<id>", _own_project(_show(kind))),
        web.Route("DELETE", f"{path}/<id>", _own_project(delete)),
    )


SERVICE = web.Service(
    type="block-storage",
    catalogue_type="volumev3",
    name="cinderv3",
    prefix="/volume",
    endpoint="/v3/{project_id}",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("GET", "/v3", version),
        *_routes("block_storage.volume", delete_volume),
        *_routes("block_storage.snapshot", delete_snapshot),
    ),
    shape=web.nova_shape,
    microversions=web.Microversions("volume", (3, 0), (3, 70)),
)
