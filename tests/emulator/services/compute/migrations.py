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
"""Migrations: the record of each move of a server, for the administrator.

Sources: API reference, Compute, "Migrations" and "Server migrations"; bodies by microversion
(2.23 type, 2.59 uuid and pages, 2.80 user and project) seen on a real Nova 34.
"""

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import finding
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import states
from tests.emulator.shapes.compute import catalogue

Body = cloud_module.Body

SINCE = {
    "migration_type": (2, 23),
    "uuid": (2, 59),
    "user_id": (2, 80),
    "project_id": (2, 80),
}
FILTERS = ("hidden", "host", "instance_uuid", "source_compute", "status", "migration_type")
QUERY = checks.words(
    *(*FILTERS, "user_id", "project_id"),
    **{"changes-since": {"format": "date-time"}, "changes-before": {"format": "date-time"}},
)


def add(call: web.Call, body: Body, sort: str, host: str) -> Body:
    """A new migration of the server to this host."""
    now = clock.microseconds(call.cloud.clock.now())
    source = body[states.HOST]
    return call.rows("compute.migration").add(
        {
            "id": catalogue.next_number(call.cloud, "migration"),
            "uuid": call.cloud.new_id(),
            "source_compute": source,
            "dest_compute": host,
            "source_node": source,
            "dest_node": host,
            "dest_host": None if sort == "live-migration" else "192.168.0.1",
            "old_instance_type_id": 1,
            "new_instance_type_id": 1,
            "instance_uuid": body["id"],
            "status": "migrating",
            "migration_type": sort,
            "user_id": call.token.user_id,
            "project_id": call.token.project_id,
            "created_at": now,
            "updated_at": now,
        }
    )


def update(cloud: cloud_module.Cloud, migration: Body, status: str) -> None:
    """The migration has this status now."""
    migration.update(status=status, updated_at=clock.microseconds(cloud.clock.now()))


def _present(call: web.Call, migration: Body) -> Body:
    return {
        key: value
        for key, value in migration.items()
        if call.microversion >= SINCE.get(key, (2, 1))
    }


def list_migrations(call: web.Call) -> web.Answer:
    """GET /os-migrations: newest first (oldest first before 2.59, which has no pages)."""
    paged.require_admin(call, "os-migrations:index")
    checks.query(call, QUERY)
    wanted = {key: value for key, value in call.query.items() if key in FILTERS}
    host = wanted.pop("host", None)
    wanted.pop("hidden", None)
    found = [
        row
        for row in call.rows("compute.migration")
        if all(str(row[key]) == value for key, value in wanted.items())
        and host in {None, row["source_compute"], row["dest_compute"]}
    ]
    if call.microversion < (2, 59):
        return web.Answer(200, {"migrations": [_present(call, row) for row in found[::-1]]})
    marker = call.query.get("marker")
    gone = web.Refused(400, f"Marker {marker} could not be found.")
    page = paged.after(found, marker, "uuid", gone)[: paged.limit(call)]
    last = page[-1]["uuid"] if page else None
    shown = {"migrations": [_present(call, row) for row in page]}
    return web.Answer(200, {**shown, **paged.links(call, "migrations", last, len(page))})


def list_of_server(call: web.Call) -> web.Answer:
    """GET /servers/ID/migrations, since 2.23: the live migrations that are going on."""
    paged.require_version(call, (2, 23))
    body = finding.find(call)
    paged.require_admin(call, "servers:migrations:index")
    running = [
        {**_present(call, row), "server_uuid": body["id"]}
        for row in call.rows("compute.migration")
        if row["instance_uuid"] == body["id"]
        and (row["status"], row["migration_type"]) == ("migrating", "live-migration")
    ]
    return web.Answer(200, {"migrations": running})


ROUTES = (
    web.Route("GET", "/v2.1/os-migrations", list_migrations),
    web.Route("GET", "/v2.1/servers/<id>/migrations", list_of_server),
)
