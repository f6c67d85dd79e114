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
"""What Cinder is made of: versions, services, zones, pools; and the lists that stay empty.

Source: API reference, Block Storage v3; answers seen on a real Cinder 29. Groups and consistency
groups are lists without rows, since no client that the emulator serves makes any.
"""

from typing import Any

from tests.emulator import clock
from tests.emulator import web
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = shapes.Body

BINARIES = (("cinder-backup", "ctl"), ("cinder-volume", "ctl@file1"), ("cinder-scheduler", "ctl"))
CAPABILITIES = {
    "pool_name": "file1",
    "total_capacity_gb": 10000,
    "free_capacity_gb": 10000,
    "reserved_percentage": 0,
    "max_over_subscription_ratio": "20.0",
    "thin_provisioning_support": True,
    "provisioned_capacity_gb": 0,
    "QoS_support": False,
    "multiattach": True,
    "online_extend_support": True,
    "consistencygroup_support": False,
    "volume_backend_name": "file1",
    "storage_protocol": "file",
    "vendor_name": "cloudfake",
    "driver_version": "1.0",
    "filter_function": None,
    "goodness_function": None,
}


def versions(call: web.Call) -> web.Answer:
    """GET /: 300 with the one version, without a token."""
    version = {
        "id": "v3.0",
        "status": "CURRENT",
        "version": "3.71",
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
    """GET /v3/: the same for the version, but only with a token."""
    return web.Answer(200, versions(call).body)


def services(call: web.Call) -> web.Answer:
    """GET the services, by ``binary`` and ``host`` if wanted."""
    api.require_admin(call, "volume_extension:services:index")
    now = clock.microseconds(call.cloud.clock.now())
    binary, host = call.query.get("binary"), call.query.get("host")
    found = [
        _service(call, *row, now)
        for row in BINARIES
        if binary in {None, row[0]} and host in {None, row[1]}
    ]
    return web.Answer(200, {"services": found})


def _service(call: web.Call, binary: str, host: str, now: str) -> Body:
    found: Body = {"binary": binary, "host": host, "zone": "nova", "status": "enabled"}
    found |= {"state": "up", "updated_at": now}
    is_volume = binary == "cinder-volume"
    if is_volume and call.microversion >= (3, 49):
        found["backend_state"] = "up"
    if call.microversion >= (3, 7):
        found["cluster"] = None
    found["disabled_reason"] = None
    if is_volume:
        found |= {"replication_status": "disabled", "active_backend_id": None, "frozen": False}
    return found


def zones(call: web.Call) -> web.Answer:
    """GET the zones: one."""
    found = [{"zoneName": "nova", "zoneState": {"available": True}}]
    return web.Answer(200, {"availabilityZoneInfo": found})


def pools(call: web.Call) -> web.Answer:
    """GET the scheduler's pools: one, with ``detail`` what it can."""
    api.require_admin(call, "scheduler_extension:scheduler_stats:get_pools")
    pool: dict[str, Any] = {"name": shapes.HOST}
    if schema.is_true(call.query.get("detail", "0")):
        size = sum(row["size"] for row in call.rows(shapes.VOLUME))
        stamp = call.cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")
        about = {"allocated_capacity_gb": size, "timestamp": stamp}
        pool["capabilities"] = {**CAPABILITIES, **about}
    return web.Answer(200, {"pools": [pool]})


def extensions(call: web.Call) -> web.Answer:
    """GET the extensions: those that clients ask for."""
    found = [
        {"name": name, "alias": alias, "description": "", "updated": "", "links": []}
        for name, alias in (("UsedLimits", "os-used-limits"), ("Quotas", "os-quota-sets"))
    ]
    return web.Answer(200, {"extensions": found})


GROUP_TYPE = {
    "id": "e4979942-ca17-41e5-99ec-4088ebf7e45d",
    "name": "default_cgsnapshot_type",
    "description": "Default group type for migrating cgsnapshot",
    "is_public": True,
}
CONSISTENT = {"consistent_group_snapshot_enabled": "<is> True"}
FILTERS = {
    "volume": (
        *("name", "status", "metadata", "bootable", "migration_status", "availability_zone"),
        *("group_id", "size", "created_at", "updated_at", "consumes_quota"),
    ),
    "backup": ("name", "status", "volume_id"),
    "snapshot": (
        *("name", "status", "volume_id", "metadata", "availability_zone", "consumes_quota"),
    ),
    "group": ("name",),
    "group_snapshot": ("name", "status", "group_id"),
    "attachment": ("volume_id", "status", "instance_id", "attach_status"),
    "message": ("resource_uuid", "resource_type", "event_id", "request_id", "message_level"),
    "pool": ("name", "volume_type"),
    "volume_type": ("is_public", "extra_specs"),
}


def group_types(call: web.Call) -> web.Answer:
    """GET the types of groups: the one that Cinder is born with, its specs for the admin."""
    specs = {"group_specs": CONSISTENT} if call.token.is_admin else {}
    return web.Answer(200, {"group_types": [{**GROUP_TYPE, **specs}]})


def resource_filters(call: web.Call) -> web.Answer:
    """GET what a member may filter by, of all sorts or of the ``resource``."""
    wanted = call.query.get("resource")
    found = [
        {"resource": sort, "filters": list(names)}
        for sort, names in FILTERS.items()
        if wanted in {None, sort}
    ]
    return web.Answer(200, {"resource_filters": found})


def default_types(call: web.Call) -> web.Answer:
    """GET the projects' own default types, which the administrator has not set."""
    if not call.token.is_admin:
        raise web.Refused(403, "You are not authorized to perform this operation.")
    return web.Answer(200, {"default_types": []})


def clusters(call: web.Call) -> web.Answer:
    """GET the clusters of services: none."""
    api.require_admin(call, "clusters:get_all")
    return web.Answer(200, {"clusters": []})


def _without_project(path: str, handler: web.Handler, since: web.Version) -> web.Route:
    """The route as it is without a project in its address."""

    def checked(call: web.Call) -> web.Answer:
        if call.microversion < since:
            raise web.Refused(404, api.NOT_FOUND, "microversion")
        return handler(call)

    return web.Route("GET", f"/v3{path}", checked)


def _empty(key: str) -> web.Handler:
    """The handler of a list that is always empty."""
    return lambda call: web.Answer(200, {key: []})


ROUTES = (
    web.Route("GET", "/", versions, public=True),
    web.Route("GET", "/v3/", version),
    api.route("GET", "/os-services", services),
    api.route("GET", "/os-availability-zone", zones),
    api.route("GET", "/scheduler-stats/get_pools", pools),
    api.route("GET", "/extensions", extensions),
    api.route("GET", "/group_types", group_types, since=(3, 11)),
    api.route("GET", "/resource_filters", resource_filters, since=(3, 33)),
    api.route("GET", "/default-types", default_types, since=(3, 62)),
    _without_project("/default-types", default_types, (3, 62)),
    api.route("GET", "/clusters", clusters, since=(3, 7)),
    api.route("GET", "/clusters/detail", clusters, since=(3, 7)),
    api.route("GET", "/messages", _empty("messages"), since=(3, 3)),
    api.route("GET", "/groups", _empty("groups"), since=(3, 13)),
    api.route("GET", "/groups/detail", _empty("groups"), since=(3, 13)),
    api.route("GET", "/group_snapshots", _empty("group_snapshots"), since=(3, 14)),
    api.route("GET", "/group_snapshots/detail", _empty("group_snapshots"), since=(3, 14)),
    api.route("GET", "/consistencygroups", _empty("consistencygroups")),
    api.route("GET", "/consistencygroups/detail", _empty("consistencygroups")),
    api.route("GET", "/cgsnapshots", _empty("cgsnapshots")),
    api.route("GET", "/cgsnapshots/detail", _empty("cgsnapshots")),
)
