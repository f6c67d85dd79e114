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
"""Sweeps of an emulated cloud, by the engine and the real plugins."""

import dataclasses
import typing

import openstack
import pytest

from cleanupd import cloud as clouds
from cleanupd import pacing
from cleanupd.engine import executor
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.services.base import registry
from tests import emulator
from tests.emulator.scenes import production
from tests.emulator.scenes.demo import KILLED

pytestmark = pytest.mark.functional

DELETE_DELAY_S = 0.05

SETTINGS = sweep.Settings(
    limits=executor.Limits(workers=8, poll_s=0.05, timeout_s=20.0, conflict_s=5.0)
)


PATIENCE = pacing.Patience(attempts=3, first_wait_s=0.05)


@dataclasses.dataclass
class Stage:
    """An emulated cloud with a scene in it, and an engine that looks at it."""

    cloud: emulator.Cloud
    scene: typing.Any
    engine: sweep.Engine

    def run(self, **target):
        """Plan, execute, and return the sweep."""
        plan = self.engine.plan(self.engine.observe(), sweep.Target(**target))
        return self.engine.execute(plan)


@pytest.fixture
def stage(tmp_path, cloud, scene, serve):
    """Give the demo's cloud: production, a killed benchmark, and a running one."""
    serve(cloud)
    managers, refused = registry.load_managers()
    assert not refused
    engine = sweep.Engine(
        clouds.Cloud.connect("emulated", patience=PATIENCE),
        managers,
        sql.Journal(places.in_directory(tmp_path / "sweeps")),
        SETTINGS,
    )
    yield Stage(cloud, scene, engine)


@pytest.mark.parametrize(
    "target", [{"workloads": (KILLED,)}, {"idle_s": 600.0, "kinds": ("network",)}]
)
def test_planning_changes_nothing(stage, target):
    """To observe, decide and plan, nothing but GET and the token's POST is sent."""
    stage.engine.plan(stage.engine.observe(), sweep.Target(**target))
    assert not stage.cloud.requests.changes()


def test_a_killed_workload_is_removed_and_nothing_else(stage):
    """All of the killed benchmark is gone; production and the running one are untouched."""
    done = stage.run(workloads=(KILLED,))
    assert [r for r in done.results if not r.is_gone] == []
    assert not stage.scene.killed.left(stage.cloud)
    stage.scene.assert_untouched(stage.cloud)
    assert done.certificate.is_clean


def test_each_resource_is_removed_once(stage):
    """No removal is accepted twice, and none is sent again once it was."""
    stage.run(workloads=(KILLED,))
    deletes = [e for e in stage.cloud.requests.changes() if e.method == "DELETE"]
    accepted = [e.path for e in deletes if e.status < 300]
    assert len(set(accepted)) == len(accepted)
    for number, entry in enumerate(deletes):
        assert entry.path not in {e.path for e in deletes[:number] if e.status < 300}


def test_everything_takes_the_running_one_too(stage):
    """Asked for everything, live benchmarks go as well, and production stays."""
    done = stage.run(is_everything=True)
    assert done.certificate.is_clean
    assert not stage.scene.running.left(stage.cloud)
    assert not stage.scene.legitimate.missing(stage.cloud)


def test_scopes_are_kept_apart(stage):
    """With scope scenario, what contexts made stays."""
    stage.run(workloads=(KILLED,), scopes=("scenario",))
    left = stage.scene.killed.left(stage.cloud)
    assert {"identity.project", "identity.user", "network.network"} <= set(left)
    assert "compute.server" not in left
    stage.scene.assert_untouched(stage.cloud)


def test_a_foreign_port_keeps_network_router_and_project(stage):
    """A port that production put onto a benchmark's network keeps all that it stands on."""
    inside = next(
        n
        for n in stage.cloud["network.network"]
        if n["name"].startswith("c_rally_5a3b1c22") and n["id"] in stage.scene.killed.ids()
    )
    with stage.cloud.locked():
        moved = production.move_in(stage.cloud, inside)
    done = stage.run(workloads=(KILLED,))
    assert not moved.missing(stage.cloud)
    left = stage.scene.killed.left(stage.cloud)
    assert inside["id"] in left["network.network"]
    assert {"network.subnet", "network.router", "identity.project"} <= set(left)
    assert "compute.server" not in left
    assert any("shop-monitor" in found.reason for found in done.certificate.left)
    stage.scene.assert_untouched(stage.cloud)


def test_a_service_that_cannot_be_listed_keeps_what_is_tied_to_it(stage):
    """While Neutron's ports cannot be listed, no network, server, project or user is removed."""
    stage.cloud.faults.add(emulator.Fault(path="/v2.0/ports", answer=503, times=None))
    stage.run(workloads=(KILLED,))
    left = stage.scene.killed.left(stage.cloud)
    for kind in ("network.network", "compute.server", "identity.project", "identity.user"):
        assert left[kind] == stage.scene.killed.made[kind]
    stage.scene.assert_untouched(stage.cloud)


def test_a_member_removes_nothing(stage, tmp_path):
    """A token that does not see all projects gets short lists, and nothing is removed."""
    managers, _ = registry.load_managers()
    journal = sql.Journal(places.in_directory(tmp_path / "member"))
    engine = sweep.Engine(clouds.Cloud.connect("emulated-member"), managers, journal, SETTINGS)
    plan = engine.plan(engine.observe(), sweep.Target(is_everything=True))
    assert not plan.steps
    assert not stage.cloud.requests.changes()


def test_openstacksdk_agrees(stage):
    """A listing by openstacksdk, outside of cleanupd, finds nothing of the killed workload."""
    stage.run(workloads=(KILLED,))
    connection = openstack.connect(cloud="emulated")
    names = [s.name for s in connection.compute.servers(all_projects=True)]
    names += [n.name for n in connection.network.networks()]
    names += [p.name for p in connection.identity.projects()]
    names += [i.description or "" for i in connection.network.ips()]
    left = [name for name in names if "_rally_5a3b1c22" in name]
    # Of the names alone these are production's, which only begin like a benchmark's.
    assert [name for name in left if not name.endswith("-production-db")] == []
    assert [name for name in names if "_rally_c0ffee00" in name]
