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
"""Each field of each kind's records in turn is not what it should be: nothing more is removed."""

import itertools
import json
import random

import pytest

from cleanupd import cloud as clouds
from cleanupd.engine import removal
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes import production
from tests.emulator.scenes.demo import KILLED
from tests.functional import test_inventory_faults

pytestmark = [pytest.mark.functional, pytest.mark.timeout(600)]

MANAGERS = test_inventory_faults.MANAGERS
PATHS = test_inventory_faults.PATHS
GONE = object()
WRONG = (None, 7, {"a": 1}, "", GONE)
#: Fields that hold the id of another resource, and of which kind that is.
REFERENCES = {
    "compute.server": {"tenant_id": "identity.project", "user_id": "identity.user"},
    "compute.server_group": {"project_id": "identity.project", "user_id": "identity.user"},
    "network.floating_ip": {
        "project_id": "identity.project",
        "tenant_id": "identity.project",
        "port_id": "network.port",
        "router_id": "network.router",
        "floating_network_id": "network.network",
    },
    "network.port": {
        "project_id": "identity.project",
        "tenant_id": "identity.project",
        "network_id": "network.network",
        "device_id": "compute.server",
    },
    "network.trunk": {"project_id": "identity.project", "port_id": "network.port"},
    "network.router": {"project_id": "identity.project"},
    "network.subnet": {"project_id": "identity.project", "network_id": "network.network"},
    "network.network": {"project_id": "identity.project"},
    "network.security_group": {"project_id": "identity.project"},
    "block_storage.volume": {
        "os-vol-tenant-attr:tenant_id": "identity.project",
        "user_id": "identity.user",
        "snapshot_id": "block_storage.snapshot",
        "source_volid": "block_storage.volume",
    },
    "block_storage.snapshot": {
        "os-extended-snapshot-attributes:project_id": "identity.project",
        "user_id": "identity.user",
        "volume_id": "block_storage.volume",
    },
    "block_storage.transfer": {"volume_id": "block_storage.volume"},
    "image.image": {"owner": "identity.project"},
    "load_balancer.load_balancer": {
        "project_id": "identity.project",
        "vip_port_id": "network.port",
        "vip_subnet_id": "network.subnet",
        "vip_network_id": "network.network",
        "flavor_id": "load_balancer.flavor",
    },
    "load_balancer.listener": {
        "project_id": "identity.project",
        "default_pool_id": "load_balancer.pool",
    },
    "load_balancer.pool": {
        "project_id": "identity.project",
        "healthmonitor_id": "load_balancer.health_monitor",
    },
    "load_balancer.health_monitor": {"project_id": "identity.project"},
    "load_balancer.l7_policy": {
        "project_id": "identity.project",
        "listener_id": "load_balancer.listener",
        "redirect_pool_id": "load_balancer.pool",
    },
    "load_balancer.flavor": {"flavor_profile_id": "load_balancer.flavor_profile"},
    "orchestration.stack": {"project": "identity.project"},
    "dns.zone": {"project_id": "identity.project"},
    "dns.recordset": {"project_id": "identity.project", "zone_id": "dns.zone"},
    "shared_file_system.share": {
        "project_id": "identity.project",
        "user_id": "identity.user",
        "share_type": "shared_file_system.share_type",
        "share_network_id": "shared_file_system.share_network",
        "snapshot_id": "shared_file_system.snapshot",
    },
    "shared_file_system.snapshot": {
        "project_id": "identity.project",
        "share_id": "shared_file_system.share",
    },
    "shared_file_system.share_network": {"project_id": "identity.project"},
    "shared_file_system.security_service": {"project_id": "identity.project"},
    "identity.user": {"default_project_id": "identity.project"},
    "identity.project": {"parent_id": "identity.project"},
}
#: So many of all spoilings are tried in every run.
SAMPLE = 50


def is_of(kind, service, path):
    """Return whether a path of a service lists a kind."""
    return (MANAGERS[kind].KIND.service.replace("_", "-"), PATHS[kind]) == (
        service,
        path.partition("?")[0],
    )


class GarblingCloud:
    """A cloud that has answered once, and repeats that with a field of one record spoiled."""

    def __init__(self, door):
        """Begin with true answers."""
        self.door = door
        self._answers = {}
        self.spoiling = None

    def __getattr__(self, name):
        """What is no request is the cloud's."""
        return getattr(self.door, name)

    def get(self, service, path, *, microversion=None):
        """Return what was answered first, spoiled where that is ordered."""
        if (service, path) not in self._answers:
            body = self.door.get(service, path, microversion=microversion)
            self._answers[service, path] = body
        body = self._answers[service, path]
        if self.spoiling is None:
            return body
        kind, field, value, dice = self.spoiling
        plural = MANAGERS[kind].TABLE.plural
        if not is_of(kind, service, path):
            return body
        page = json.loads(body)
        records = [record.get("keypair", record) for record in page[plural]]
        record = dice.choice(records) if records else {}
        if value is GONE:
            record.pop(field, None)
        elif field in record:
            record[field] = value
        return json.dumps(page).encode()

    def fields(self):
        """Yield each kind with each field that its records have."""
        for (service, path), body in sorted(self._answers.items()):
            for kind in (kind for kind in PATHS if is_of(kind, service, path)):
                records = json.loads(body)[MANAGERS[kind].TABLE.plural]
                for field in sorted({key for r in records for key in r.get("keypair", r)}):
                    yield kind, field


@pytest.fixture
def world(tmp_path, serve):
    """Give a cloud with production on a benchmark's network, and an engine for it."""
    cloud = emulator.Cloud()
    scene = scenes.demo(cloud)
    scenes.leave_further(cloud, scene.killed)
    inside = next(n for n in cloud["network.network"] if n["id"] in scene.killed.ids())
    with cloud.locked():
        production.move_in(cloud, inside)
    serve(cloud)
    garbling = GarblingCloud(clouds.Cloud.connect("emulated"))
    yield (
        garbling,
        sweep.Engine(garbling, MANAGERS, sql.Journal(places.in_directory(tmp_path))),
    )


def plan(engine):
    """Return what would be removed."""
    target = sweep.Target(workloads=(KILLED,))
    return {step.ref for step in engine.plan(engine.observe(), target).steps}


def assert_subset(world, choose):
    """With each of some fields spoiled, nothing is removed that was not without."""
    garbling, engine = world
    clean, there = plan(engine), engine.observe()
    assert len(clean) > 50
    spoilings = [
        (kind, field, value) for kind, field in dict.fromkeys(garbling.fields()) for value in WRONG
    ]
    dice = random.Random(5)
    more, fewer = [], 0
    chosen = choose(spoilings, dice)
    for kind, field, value in chosen:
        garbling.spoiling = (kind, field, value, dice)
        planned = plan(engine)
        fewer += planned < clean
        # An id that nothing has is read as gone before it would be removed.
        added = {ref for ref in planned - clean if there.get(ref) is not None}
        if added:
            more.append((kind, field, value, added))
    assert not more
    # Some of it is what nobody needs, such as links.
    assert fewer > len(chosen) / 4


def test_a_field_that_is_wrong_removes_nothing_more(world):
    """Null, another type, nothing, or no field: a subset is removed, and nothing breaks."""
    assert_subset(world, lambda spoilings, dice: dice.sample(spoilings, SAMPLE))


@pytest.mark.slow
def test_every_field_that_is_wrong_removes_nothing_more(world):
    """The same for every field of every kind, each wrong in one way."""
    assert_subset(world, lambda spoilings, dice: list(_one_of_each(spoilings, dice)))


def _one_of_each(spoilings, dice):
    for _, group in itertools.groupby(spoilings, lambda one: one[:2]):
        yield dice.choice(list(group))


@pytest.mark.campaign
def test_every_field_that_is_wrong_in_any_way_removes_nothing_more(world):
    """The same for every field of every kind, in all ways."""
    assert_subset(world, lambda spoilings, _: spoilings)


def assert_skipped(world, choose):
    """With the id of another in a field, what is planned beyond the truth does not go.

    It is another one when it is read again, or of a kind that its service keeps while it is used.
    """
    garbling, engine = world
    snapshot = engine.observe()
    clean = {s.ref for s in engine.plan(snapshot, sweep.Target(workloads=(KILLED,))).steps}
    dice = random.Random(7)
    has = set(garbling.fields())
    spoilings = [
        (kind, field, one.ref.id)
        for kind, fields in REFERENCES.items()
        for field, target in fields.items()
        if (kind, field) in has
        for one in sorted(snapshot.of_kind(target), key=lambda one: one.ref)
    ]
    assert len(spoilings) > SAMPLE
    fewer = 0
    for kind, field, value in choose(spoilings, dice):
        garbling.spoiling = (kind, field, value, dice)
        plan = engine.plan(engine.observe(), sweep.Target(workloads=(KILLED,)))
        fewer += {step.ref for step in plan.steps} < clean
        garbling.spoiling = None
        for step in (step for step in plan.steps if step.ref not in clean):
            plugin = MANAGERS[step.ref.kind]
            now = plugin(garbling.door, step.observed).read()
            is_kept = plugin.KIND.is_guarded or removal.find_change(plugin.KIND, step, now)
            assert is_kept, (kind, field, value, step.ref)
    assert fewer


def test_the_id_of_another_removes_nothing_more(world):
    """Another project, user, network or server that exists."""
    assert_skipped(world, lambda spoilings, dice: dice.sample(spoilings, SAMPLE))


@pytest.mark.slow
def test_no_id_of_another_removes_anything_more(world):
    """The same for every such field of every kind, with every id that the cloud has."""
    assert_skipped(world, lambda spoilings, _: spoilings)
