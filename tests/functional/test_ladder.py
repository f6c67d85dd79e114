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

"""The ladder in an emulated cloud: what hangs goes where that is allowed, and else stays."""

import json
import uuid

import pytest

from cleanupd import cloud as clouds
from cleanupd import pacing
from cleanupd.engine import executor
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.services.base import registry
from tests import emulator
from tests.emulator import faults
from tests.emulator.scenes.demo import KILLED
from tests.emulator.shapes import block_storage as shapes

pytestmark = [pytest.mark.functional, pytest.mark.timeout(120)]

MANAGERS, _ = registry.load_managers()
ALL = frozenset(
    manager.KIND.rung_id(rung.name) for manager in MANAGERS.values() for rung in manager.KIND.rungs
)
STUCK = frozenset(
    manager.KIND.lift_key(hold)
    for manager in MANAGERS.values()
    for hold in manager.KIND.holds
    if hold.rungs
)
SERVER, VOLUME, SNAPSHOT = "compute.server", "block_storage.volume", "block_storage.snapshot"
PATIENCE = pacing.Patience(attempts=1, connect_timeout_s=1, read_timeout_s=1)


@pytest.fixture
def stage(tmp_path, cloud, scene, serve):
    """Give the demo's cloud, its scene, and what makes an engine that may climb."""
    serve(cloud)
    journal = sql.Journal(places.in_directory(tmp_path))

    def make(allowed):
        limits = executor.Limits(poll_s=0.05, timeout_s=1.0, conflict_s=0.5, ladder=allowed)
        lifted = STUCK if allowed else frozenset()
        door = clouds.Cloud.connect("emulated", patience=PATIENCE)
        return sweep.Engine(door, MANAGERS, journal, sweep.Settings(limits=limits, lifted=lifted))

    yield cloud, scene, make


def hang(cloud, scene):
    """Let a snapshot, a volume and a server be stuck, and another volume attached to nobody."""
    killed = scene.killed.ids()
    with cloud.locked():
        snapshot = next(one for one in cloud[SNAPSHOT] if one["id"] in killed)
        snapshot["status"] = "error_deleting"
        free = [
            one
            for one in cloud[VOLUME]
            if one["id"] in killed and not one["attachments"] and one["status"] == "available"
        ]
        held = {one["volume_id"] for one in cloud[SNAPSHOT]}
        stuck, attached = [one for one in free if one["id"] not in held][:2]
        stuck["status"] = "error_deleting"
        row = shapes.attachment(cloud, attached, str(uuid.uuid4()), status="attached")
        shapes.show_attachment(attached, row)
        attached["status"] = "in-use"
        server = next(one for one in cloud[SERVER] if one["id"] in killed)
        server["OS-EXT-STS:task_state"] = "deleting"
    return {one["id"] for one in (snapshot, stuck, attached, server)}


def run(engine):
    """Plan and execute, and return the sweep."""
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(KILLED,)))
    return engine.execute(plan)


def test_what_hangs_is_left_and_told_with_what_would_help(stage):
    """Nothing but DELETE is sent to it, and the certificate names the option."""
    cloud, scene, make = stage
    stuck = hang(cloud, scene)
    done = run(make(frozenset()))
    reasons = {left.ref.id: left.reason for left in done.certificate.left}
    assert stuck <= reasons.keys()
    for id_ in stuck:
        assert "ladder = " in reasons[id_], reasons[id_]
    sent = {entry.path for entry in cloud.requests.changes() if entry.path.endswith("/action")}
    assert not {path for path in sent if any(id_ in path for id_ in stuck)}
    assert not [entry for entry in cloud.requests.changes() if "/attachments" in entry.path]


def test_what_hangs_goes_where_it_is_allowed(stage):
    """Each by the rung that helps; nothing of anybody else's is touched, and nothing is left."""
    cloud, scene, make = stage
    stuck = hang(cloud, scene)
    done = run(make(ALL))
    assert done.certificate.is_clean, json.dumps([str(one) for one in done.certificate.left])
    taken = {one.ref.id: one.reason for one in done.results if one.ref.id in stuck}
    assert sorted(taken.values()) == ["after detach", "after reset", "after reset", "after reset"]
    scene.assert_untouched(cloud)


def test_what_answers_nothing_has_its_time_as_well(stage):
    """A removal that hangs in the call itself is left when its time is over; all else goes."""
    cloud, scene, make = stage
    killed = scene.killed.ids()
    [image, *_] = [one["id"] for one in cloud["image.image"] if one["id"] in killed]
    cloud.faults.add(
        emulator.Fault(
            path=f"/images/{image}$", method="DELETE", answer=faults.HANG, times=None, hang_s=3
        )
    )
    done = run(make(frozenset()))
    failed = {one.ref.id: one.reason for one in done.results if not one.is_gone}
    assert image in failed
    assert "did not answer" in failed[image] or "timed out" in failed[image], failed[image]
    assert "compute.server" not in {one.ref.kind for one in done.results if not one.is_gone}
