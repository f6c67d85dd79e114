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
"""Actions that take a server to another flavor or host: resize, migrate, shelve, and back.

Sources: API reference, Compute, "Servers - run an action" and "Migrations"; the states passed
through, statuses and texts seen on a real Nova 34. Migrations are listed for the administrator.
"""

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import flavors
from tests.emulator.services.compute import history
from tests.emulator.services.compute import migrations
from tests.emulator.services.compute import placing
from tests.emulator.services.compute import power
from tests.emulator.services.compute import quotas
from tests.emulator.services.compute import states
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

RESIZABLE = frozenset({"active", "stopped"})
RESIZE = checks.closed(
    "flavorRef",
    **{
        "flavorRef": {"type": ["string", "integer"]},
        "OS-DCF:diskConfig": {"type": "string", "enum": ["AUTO", "MANUAL"]},
    },
)
MIGRATE = {
    "type": ["object", "null"],
    "closed": True,
    "properties": {"host": checks.TEXT_OR_NULL},
}
LIVE = {
    "type": "object",
    "required": ["block_migration", "host"],
    "closed": True,
    "properties": {
        "block_migration": {"enum": [*checks.BOOLEANS, "auto"]},
        "disk_over_commit": checks.BOOLEAN,
        "force": checks.BOOLEAN,
        "host": checks.TEXT_OR_NULL,
    },
}


def _wish(argument: object) -> Body:
    return argument if isinstance(argument, dict) else {}


def _resize(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: to another flavor, on the same host; it waits for confirmation in VERIFY_RESIZE."""
    flavor_id = str(_wish(argument)["flavorRef"])
    try:
        flavor = flavors.find(call, flavor_id)
    except web.Refused as missing:
        raise web.Refused(400, missing.message) from None
    states.check_lock(call, body)
    states.check(body, states.Rule("resize", RESIZABLE))
    if flavor["id"] == body["flavor"]["id"]:
        raise web.Refused(400, "When resizing, instances must change flavor!")
    more = {key: flavor[key] - body["flavor"][key] for key in ("vcpus", "ram")}
    quotas.check_servers(call, cores=more["vcpus"], ram=more["ram"])
    migration = migrations.add(call, body, "resize", body[states.HOST])
    _begin_move(call, body, flavor, migration)
    history.note(call, body, "resize")
    return web.Answer(202)


def _migrate(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: the same with the same flavor, on another host."""
    states.check_lock(call, body)
    states.check(body, states.Rule("migrate", RESIZABLE))
    host = _other_host(call, body, _wish(argument).get("host"))
    flavor = call.rows("compute.flavor").get(body["flavor"]["id"])
    migration = migrations.add(call, body, "migration", host)
    _begin_move(call, body, flavor, migration)
    history.note(call, body, "migrate")
    return web.Answer(202)


def _other_host(call: web.Call, body: Body, wanted: str | None) -> str:
    """The host to go to: the one wanted, or one that the server is not on."""
    if wanted is not None and shapes.compute_service(call.cloud, wanted) is None:
        raise web.Refused(400, f"Compute host {wanted} could not be found.")
    if wanted is not None and wanted == body[states.HOST]:
        text = f"Requested destination {wanted} is the same as the source host"
        raise web.Refused(400, text)
    host = wanted or placing.choose(call.cloud, body, but=body[states.HOST])
    if host is None:
        raise web.Refused(400, "No valid host was found. There are not enough hosts available.")
    return host


def _begin_move(call: web.Call, body: Body, flavor: Body | None, migration: Body) -> None:
    cloud = call.cloud
    body["_before_move"] = {
        "flavor": body["flavor"],
        "vm": body[states.VM],
        "power": body[states.POWER],
        "host": body[states.HOST],
        "migration": migration["uuid"],
    }
    more = {} if flavor is None else {"new_flavor": flavor}
    states.become(cloud, body, task="resize_prep")
    if flavor is not None:
        notices.server(cloud, body, "resize_prep", "start", **more)

    def leave() -> None:
        if flavor is not None:
            notices.server(cloud, body, "resize_prep", "end", **more)
        states.become(cloud, body, task="resize_migrating")
        notices.server(cloud, body, "resize", "start")
        placing.move(cloud, body, migration["dest_compute"])
        states.become(cloud, body, task="resize_migrated")
        notices.server(cloud, body, "resize", "end", host=migration["source_compute"])

    def arrive() -> None:
        states.become(cloud, body, task="resize_finish")
        notices.server(cloud, body, "resize_finish", "start")
        if flavor is not None:
            body["flavor"] = shapes.embedded_flavor(flavor)
        body["OS-SRV-USG:launched_at"] = clock.microseconds(cloud.clock.now())
        migrations.update(cloud, migration, "finished")
        states.become(cloud, body, vm="resized")
        notices.server(cloud, body, "resize_finish", "end")

    states.later(cloud, body, leave, share=0.5)
    states.later(cloud, body, arrive)


RESIZED = frozenset({"resized"})


def _confirm(call: web.Call, body: Body, _argument: object) -> web.Answer:
    """204: it is as before the resize, with the new flavor, on the new host."""
    return _end_move(call, body, "confirmResize")


def _revert(call: web.Call, body: Body, _argument: object) -> web.Answer:
    """202: it gets the flavor and the host from before back."""
    return _end_move(call, body, "revertResize")


def _end_move(call: web.Call, body: Body, name: str) -> web.Answer:
    cloud, is_revert = call.cloud, name == "revertResize"
    states.check_lock(call, body)
    states.check(body, states.Rule(name, RESIZED))
    before = body["_before_move"]
    history.note(call, body, name)
    event = "resize_revert" if is_revert else "resize_confirm"
    if is_revert:
        states.become(cloud, body, task="resize_reverting")
    notices.server(cloud, body, event, "start")

    def finish() -> None:
        if is_revert:
            body["flavor"] = before["flavor"]
            placing.move(cloud, body, before["host"])
        migration = cloud["compute.migration"].get(before["migration"])
        if migration is not None:
            migrations.update(cloud, migration, "reverted" if is_revert else "confirmed")
        states.become(cloud, body, vm=before["vm"], power=before["power"])
        notices.server(cloud, body, event, "end")

    states.later(cloud, body, finish)
    return web.Answer(202 if is_revert else 204)


def _migrate_live(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: it runs on another host after a while, without a pause."""
    cloud = call.cloud
    states.check_lock(call, body)
    states.check(body, states.Rule("os-migrateLive", frozenset({"active", "paused"})))
    host = _other_host(call, body, _wish(argument).get("host"))
    source = body[states.HOST]
    migration = migrations.add(call, body, "live-migration", host)
    history.note(call, body, "live-migration")
    states.become(cloud, body, task="migrating")
    notices.server(cloud, body, "live_migration_pre", "start", host=host)

    def finish() -> None:
        notices.server(cloud, body, "live_migration_pre", "end", host=host)
        notices.server(cloud, body, "live_migration_post", "start", host=source)
        notices.server(cloud, body, "live_migration_post_dest", "start", host=host)
        placing.move(cloud, body, host)
        migrations.update(cloud, migration, "completed")
        states.become(cloud, body)
        notices.server(cloud, body, "live_migration_post_dest", "end", host=host)
        notices.server(cloud, body, "live_migration_post", "end", host=source)

    states.later(cloud, body, finish)
    return web.Answer(202)


SHELVABLE = frozenset({"active", "stopped", "paused", "suspended"})


def _shelve(call: web.Call, body: Body, _argument: object) -> web.Answer:
    """202: SHELVED for a moment, then off its host, as ``shelved_offload_time`` 0 wants it."""
    cloud = call.cloud
    states.check_lock(call, body)
    states.check(body, states.Rule("shelve", SHELVABLE))
    history.note(call, body, "shelve")
    states.become(cloud, body, task="shelving")
    notices.server(cloud, body, "shelve", "start")

    def rest() -> None:
        states.become(cloud, body, vm="shelved", task="shelving_offloading", power=states.SHUTDOWN)
        notices.server(cloud, body, "shelve", "end")
        notices.server(cloud, body, "shelve_offload", "start")

    states.later(cloud, body, rest, share=0.5)
    states.later(cloud, body, lambda: _offload(cloud, body))
    return web.Answer(202)


def _offload(cloud: cloud_module.Cloud, body: Body) -> None:
    host = body[states.HOST]
    placing.move(cloud, body, None)
    states.become(cloud, body, vm="shelved_offloaded", power=states.SHUTDOWN)
    notices.server(cloud, body, "shelve_offload", "end", host=host)


def _shelve_offload(call: web.Call, body: Body, _argument: object) -> web.Answer:
    """202: the administrator takes a shelved server off its host."""
    states.check_lock(call, body)
    states.check(body, states.Rule("shelveOffload", frozenset({"shelved"})))
    history.note(call, body, "shelveOffload")
    _offload(call.cloud, body)
    return web.Answer(202)


UNSHELVE = {
    "type": ["object", "null"],
    "closed": True,
    "properties": {"availability_zone": checks.TEXT_OR_NULL, "host": checks.NAME},
}


def _unshelve(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: it runs again, on any host, or in the zone asked for, to which it is pinned then."""
    cloud, wish = call.cloud, _wish(argument)
    states.check_lock(call, body)
    states.check(body, states.Rule("unshelve", frozenset({"shelved", "shelved_offloaded"})))
    if "availability_zone" in wish:
        placing.check_zone(call, wish["availability_zone"])
        body["pinned_availability_zone"] = wish["availability_zone"]
    history.note(call, body, "unshelve")
    states.become(cloud, body, task="unshelving")

    def finish() -> None:
        host = wish.get("host") or placing.choose(cloud, body)
        placing.move(cloud, body, host)
        notices.server(cloud, body, "unshelve", "start")
        body["OS-SRV-USG:launched_at"] = clock.microseconds(cloud.clock.now())
        states.become(cloud, body, vm="active", power=states.RUNNING)
        notices.server(cloud, body, "unshelve", "end")

    states.later(cloud, body, finish)
    return web.Answer(202)


ACTIONS = {
    "resize": power.Action("servers:resize", _resize, RESIZE),
    "confirmResize": power.Action("servers:confirm_resize", _confirm),
    "revertResize": power.Action("servers:revert_resize", _revert),
    "migrate": power.Action("os-migrate-server:migrate", _migrate, MIGRATE, is_for_admin=True),
    "os-migrateLive": power.Action(
        "os-migrate-server:migrate_live", _migrate_live, LIVE, is_for_admin=True
    ),
    "shelve": power.Action("os-shelve:shelve", _shelve),
    "shelveOffload": power.Action("os-shelve:shelve_offload", _shelve_offload, is_for_admin=True),
    "unshelve": power.Action("os-shelve:unshelve", _unshelve, UNSHELVE),
}
