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

"""What the daemon answers, and that it keeps its model."""

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.engine import sweep as sweeps
from cleanupd.journal.store import State
from cleanupd.service import daemon as daemons
from tests.unit.core import sample
from tests.unit.service import stage

EVERYTHING = sweeps.Target(is_everything=True)


def make_settings(**changes):
    """Return the default settings with changes."""
    made = settings.make_settings(loading.load([], files=[]))
    return msgspec.structs.replace(made, engine=stage.SETTINGS, host="here", **changes)


@pytest.fixture
def cloud():
    """Give a little cloud."""
    return stage.make_cloud()


@pytest.fixture
def daemon(cloud, tmp_path):
    """Give a daemon whose scheduler is not started."""
    made = daemons.Daemon(stage.make_engine(cloud, tmp_path), make_settings(), sample.NOW)
    yield made
    made.sweeper.stop()
    made.sweeper.wait()


def job(daemon, name):
    """Return the state of a job."""
    return next(state for state in daemon.status().jobs if state.name == name)


def test_the_model_is_told_without_a_listing(daemon, cloud):
    """Counts are those of the last sync."""
    daemon.workloads()
    cloud.records.clear()
    kinds = {kind.kind: kind.count for kind in daemon.model().kinds}
    assert kinds["network.network"] == 1


def test_leaks_are_those_of_the_model(daemon, cloud):
    """Unless a listing of now is asked for."""
    daemon.workloads()
    cloud.records.clear()
    assert len(daemon.leaks(EVERYTHING).judgement.findings) == 1
    assert len(daemon.leaks(EVERYTHING, is_fresh=True).judgement.findings) == 0


def test_workloads_are_those_of_the_model(daemon):
    """Each with the part of its names."""
    (only,) = daemon.workloads()
    assert only.part == sample.PART


def test_a_plan_looks_at_the_cloud_of_now(daemon, cloud):
    """It is stored, and nothing is removed."""
    daemon.workloads()
    cloud.records.clear()
    plan = daemon.plan(stage.NAMED)
    assert plan.steps == ()
    assert daemon.stored_plan(plan.id) == plan
    assert not cloud.log


def test_verify_looks_at_the_cloud_of_now(daemon, cloud):
    """What the model remembers certifies nothing."""
    daemon.workloads()
    assert not daemon.verify(stage.NAMED).is_clean
    cloud.records.clear()
    assert daemon.verify(stage.NAMED).is_clean


def test_a_sweep_is_asked_for_and_shown(daemon):
    """By default it is a report."""
    sweep = daemon.start(stage.NAMED)
    stage.wait_until(lambda: daemon.sweep(sweep.id).state is not State.REQUESTED)
    (only,) = daemon.sweeps()
    assert only == daemon.sweep(sweep.id)
    assert only.state is State.PLANNED


def test_a_plan_is_refused_by_default(daemon):
    """The mode is report."""
    with pytest.raises(exceptions.Refused, match="mode = enforce"):
        daemon.execute(daemon.plan(stage.NAMED).id)


def test_the_status_says_what_it_is_and_does(daemon):
    """Who, where, in which mode, with which jobs."""
    before = daemon.status()
    assert (before.host, before.cloud, before.region, before.mode) == (
        "here",
        "sample",
        "one",
        "report",
    )
    assert before.model_taken_at is None
    assert [state.name for state in before.jobs] == [
        "sync_block_storage",
        "sync_compute",
        "sync_identity",
        "sync_image",
        "sync_network",
        "sweep",
        "image_caches",
    ]
    assert (before.running, before.waiting) == (None, ())
    daemon.workloads()
    assert daemon.status().model_taken_at is not None


def test_new_settings_leave_the_model(daemon, cloud):
    """Mode, limits and schedules change, what is known does not."""
    daemon.workloads()
    cloud.records.clear()
    engine = msgspec.structs.replace(stage.SETTINGS, list_workers=1)
    changed = make_settings(
        rules=settings.Rules(is_enforcing=True), sweep=settings.Schedule(interval_s=60)
    )
    daemon.follow(msgspec.structs.replace(changed, engine=engine))
    assert daemon.status().mode == "enforce"
    assert job(daemon, "sweep").interval_s == 60
    assert len(daemon.leaks(EVERYTHING).judgement.findings) == 1


def test_the_schedule_follows_the_target(daemon):
    """What is swept is what the options say at the time."""
    assert "nothing to sweep" in daemon.sweep_scheduled()
    daemon.follow(make_settings(target=stage.NAMED))
    assert "1 planned" in daemon.sweep_scheduled()
