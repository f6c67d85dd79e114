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
"""What changes between the plan and its execution is skipped, and the journal says so."""

import pytest

from cleanupd import cloud as clouds
from cleanupd.core import protections
from cleanupd.engine import executor
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal.store import Outcome
from cleanupd.services.base import registry
from tests.emulator.scenes import bootstrap
from tests.emulator.scenes import production
from tests.emulator.scenes.demo import KILLED
from tests.emulator.shapes import compute

pytestmark = pytest.mark.functional

SETTINGS = sweep.Settings(
    limits=executor.Limits(workers=8, poll_s=0.05, timeout_s=10.0, conflict_s=0.5)
)
KEPT = (Outcome.CHANGED, Outcome.WAITING, Outcome.FAILED)


def rename(body, _):
    """Somebody gives it a name of their own."""
    body["description" if "name" not in body else "name"] = "ours now"


def move(body, project_id):
    """It belongs to another project."""
    for field in ("project_id", "tenant_id", "os-vol-tenant-attr:tenant_id", "owner"):
        if field in body:
            body[field] = project_id


@pytest.fixture
def stage(tmp_path, cloud, scene, serve):
    """Give the demo's cloud with an engine, and a plan for its killed benchmark."""
    serve(cloud)
    managers, _ = registry.load_managers()
    journal = sql.Journal(places.in_directory(tmp_path))
    engine = sweep.Engine(clouds.Cloud.connect("emulated"), managers, journal, SETTINGS)
    yield (
        cloud,
        scene,
        engine,
        engine.plan(engine.observe(), sweep.Target(workloads=(KILLED,))),
    )


def execute(stage):
    """Execute the plan and return its results, and what the journal says, by ref."""
    cloud, scene, engine, plan = stage
    done = engine.execute(plan)
    scene.assert_untouched(cloud)
    events = {event.ref: event.what for event in engine.journal.read_events(plan.id)}
    return {result.ref: result for result in done.results}, events


def drift(stage, change, kinds):
    """Change one planned resource that carries a name, of each of some kinds; return them."""
    cloud, _, _, plan = stage
    shop = bootstrap.named(cloud, "identity.project", "shop")["id"]
    changed = []
    for kind in kinds:
        ref = next(s.ref for s in plan.steps if s.ref.kind == kind and s.observed.name)
        with cloud.locked():
            change(cloud[kind].get(ref.id), shop)
        changed.append(ref)
    return changed


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (
            rename,
            (
                *("compute.server", "compute.flavor", "network.network", "network.router"),
                *("network.security_group", "network.floating_ip", "network.subnet"),
                *("block_storage.volume", "block_storage.snapshot", "image.image"),
            ),
        ),
        (
            move,
            ("network.network", "network.security_group", "block_storage.volume", "image.image"),
        ),
    ],
)
def test_what_became_somebody_elses_is_skipped(stage, change, kinds):
    """One of each kind that was renamed, or moved into another project, stays where it is."""
    changed = drift(stage, change, kinds)
    results, events = execute(stage)
    cloud = stage[0]
    for ref in changed:
        assert cloud[ref.kind].get(ref.id) is not None, ref
        assert results[ref].outcome in KEPT, ref
        assert results[ref].reason, ref
        # What waits for another thing that stays has not been tried.
        assert (
            results[ref].outcome is not Outcome.CHANGED or events.get(ref, "changed") == "changed"
        )
    assert sum(results[ref].outcome is Outcome.CHANGED for ref in changed) >= len(changed) / 2


def test_a_key_pair_made_anew_is_skipped(stage):
    """Of the same user and the same name, and another key: it is not the one of the plan."""
    cloud, _, _, plan = stage
    ref = next(step.ref for step in plan.steps if step.ref.kind == "compute.keypair")
    key = tuple(ref.id.split("/"))
    with cloud.locked():
        cloud["compute.keypair"].remove(key)
        anew = compute.keypair(cloud, key[1], key[0])["id"]
    results, events = execute(stage)
    assert cloud["compute.keypair"].get(key)["id"] == anew
    assert (results[ref].outcome, events[ref]) == (Outcome.CHANGED, "changed")
    assert "fingerprint" in results[ref].reason


def test_what_came_to_a_network_keeps_it(stage):
    """A foreign port on a benchmark's network, made after the plan, keeps network and project."""
    cloud, scene, _, plan = stage
    inside = next(s.ref for s in plan.steps if s.ref.kind == "network.network")
    with cloud.locked():
        moved = production.move_in(cloud, cloud["network.network"].get(inside.id))
    results, _ = execute(stage)
    assert not moved.missing(cloud)
    assert not results[inside].is_gone
    assert scene.killed.left(cloud)["identity.project"]


def mark(body, _):
    """Somebody marks it, in the way that its kind has."""
    if "tags" in body:
        body["tags"] = [*body["tags"], protections.HOLD_TAG]
    else:
        body["metadata"] = {**body["metadata"], protections.HOLD_TAG: ""}


def test_what_is_marked_since_the_plan_is_skipped(stage):
    """A tag or a key of metadata counts at the last look."""
    kinds = (
        *("compute.server", "network.network", "network.security_group", "network.router"),
        *("block_storage.volume", "block_storage.snapshot", "image.image"),
    )
    changed = drift(stage, mark, kinds)
    results, _ = execute(stage)
    for ref in changed:
        assert stage[0][ref.kind].get(ref.id) is not None, ref
        assert not results[ref].is_gone
    told = [ref for ref in changed if protections.HOLD_TAG in results[ref].reason]
    assert len(told) >= len(changed) / 2


def test_what_is_protected_by_hand_since_the_plan_is_skipped(stage):
    """One resource of each kind, by its id."""
    _, _, engine, plan = stage
    kinds = {step.ref.kind: step.ref for step in plan.steps if step.observed.name}
    wanted = protections.Wanted(reason="golden", ids=tuple(ref.id for ref in kinds.values()))
    made = engine.protect(wanted, by="alice")
    results, _ = execute(stage)
    assert len(kinds) > 10
    for ref in kinds.values():
        assert not results[ref].is_gone, ref
    told = {ref.kind for ref in kinds.values() if made.id in results[ref].reason}
    assert {"image.image", "identity.role", "compute.flavor", "block_storage.snapshot"} <= told


def put(field, value, *inside):
    """Return what sets a field of a stranger's record to something of a leak's."""

    def change(record, leak):
        for name in inside:
            record = record.setdefault(name, {})
        record[field] = [leak[value]] if isinstance(record.get(field), list) else leak[value]

    return change


#: The kind of a leak, the kind of a stranger's that comes to use it, and how.
DEPENDENTS = (
    ("compute.flavor", "compute.server", put("original_name", "name", "flavor")),
    ("block_storage.volume", "block_storage.snapshot", put("volume_id", "id")),
    ("block_storage.volume_type", "block_storage.volume", put("volume_type_id", "id")),
    ("image.image", "block_storage.volume", put("image_id", "id", "volume_image_metadata")),
    ("network.security_group", "network.port", put("security_groups", "id")),
    ("identity.role", "identity.role_assignment", put("role_id", "id")),
)


def test_what_somebody_uses_since_the_plan_stays(stage):
    """It is refused by its service, or seen by the last look; one of each such kind."""
    cloud, scene, _, plan = stage
    ours = scene.killed.ids() | scene.running.ids()
    used = []
    for kind, user, change in DEPENDENTS:
        ref = next(s.ref for s in plan.steps if s.ref.kind == kind and s.observed.name)
        with cloud.locked():
            *_, stranger = [
                one
                for one in cloud[user]
                if one.get("id", one.get("actor_id")) not in ours
                and one.get("target_id") not in ours
            ]
            change(stranger, cloud[kind].get(ref.id))
        used.append(ref)
    results, _ = execute(stage)
    for ref in used:
        assert cloud[ref.kind].get(ref.id) is not None, ref
        assert results[ref].outcome in KEPT, ref
        assert results[ref].reason, ref
