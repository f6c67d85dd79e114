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
from cleanupd.core import lookup
from cleanupd.engine import sweep as sweeps
from cleanupd.journal.store import State
from cleanupd.rpc import transport
from cleanupd.service import daemon as daemons
from tests.unit.core import sample
from tests.unit.service import stage

EVERYTHING = sweeps.Target(is_everything=True)


def make_settings(**changes):
    """Return the default settings with changes."""
    made = settings.make_settings(loading.load([], files=[]))
    return msgspec.structs.replace(made, engine=stage.SETTINGS, host="here", **changes)


@pytest.fixture
def daemon(cloud, tmp_path):
    """Give a daemon whose scheduler is not started."""
    made = daemons.Daemon(stage.make_engine(cloud, tmp_path), make_settings(), sample.NOW)
    made.leadership.start()
    made.sweeper.start()
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


def test_a_resource_of_the_model_is_explained(daemon):
    """Any of a known kind; another is an error that says so."""
    told = daemon.explain(EVERYTHING, "network.network", "net").explanation
    assert told.part == sample.PART
    with pytest.raises(exceptions.UnknownResource, match=r"network\.network gone is not there"):
        daemon.explain(EVERYTHING, "network.network", "gone")
    with pytest.raises(exceptions.UnknownKind):
        daemon.explain(EVERYTHING, "network.networks", "net")


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
    assert {what for what, _ in cloud.log} <= {"read"}


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
        "sync_orchestration",
        "watch",
        "sweep",
        "workloads_over",
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
    minutely = settings.SweepSchedule(when=settings.Schedule(interval_s=60))
    rules = settings.Rules(is_enforcing=True, schedules={"sweep": minutely})
    changed = make_settings(rules=rules)
    daemon.follow(msgspec.structs.replace(changed, engine=engine))
    assert daemon.status().mode == "enforce"
    assert job(daemon, "sweep").interval_s == 60
    assert len(daemon.leaks(EVERYTHING).judgement.findings) == 1


def test_schedules_come_change_and_go(daemon):
    """Each has a job of its own, and what it sweeps is what the options say at the time."""
    assert "nothing to sweep" in daemon.schedules.run("sweep")
    nightly = settings.SweepSchedule(
        when=settings.Schedule(cron="30 2 * * *"), target=stage.NAMED, per_sweep=5
    )
    daemon.follow(make_settings(rules=settings.Rules(schedules={"nightly": nightly})))
    found = job(daemon, "sweep_nightly")
    assert (found.cron, found.interval_s) == ("30 2 * * *", 0)
    assert "1 planned" in daemon.schedules.run("nightly")
    assert daemon.sweeps()[-1].schedule == "nightly"
    daemon.follow(make_settings())
    assert "sweep_nightly" not in {state.name for state in daemon.status().jobs}
    assert "nothing to sweep" in daemon.schedules.run("nightly")


def test_trust_is_told_before_anything_was_listed(daemon, cloud):
    """Nobody has to wait for it, and nothing is listed for it."""
    cloud.broken["compute.server"] = AssertionError("it was listed")
    assert {kind.trust for kind in daemon.trust().kinds} == {"untrusted"}


def test_resources_are_told_without_a_listing(daemon, cloud):
    """As the model has them, by what is asked for."""
    daemon.model()
    cloud.records.clear()
    query = lookup.Query(kind="network.network", workload=stage.WORKLOAD)
    assert [record.id for record in daemon.records(query).records] == ["net"]
    assert daemon.records(lookup.Query(kind="network.network", host="cmp1")).count == 0


def test_a_sync_is_a_run_of_the_jobs(daemon, cloud):
    """What was found is told, and the next question for the statistics knows of it."""
    cloud.broken["network.port"] = exceptions.ServiceUnreachable("network", "u", "down")
    compute, network = daemon.sync(["network", "compute"])
    assert (compute.service, compute.count, compute.problem) == ("compute", 1, None)
    assert network.service == "network"
    assert network.problem.startswith("network.port: ")
    assert job(daemon, "sync_compute").failures == 0
    assert job(daemon, "sync_network").failures == 1
    assert job(daemon, "sync_image").last_result is None


def test_all_services_are_synchronized_unless_some_are_named(daemon):
    """Each is told once."""
    every = [one.service for one in daemon.sync()]
    assert every == [
        "block_storage",
        "compute",
        "identity",
        "image",
        "network",
        "orchestration",
    ]
    assert [one.service for one in daemon.sync(["image", "image"])] == ["image"]


def test_an_unknown_service_is_refused(daemon, cloud):
    """With those that there are, and before any is listed."""
    with pytest.raises(exceptions.UnknownService, match=r"'nova'.*compute, identity"):
        daemon.sync(["compute", "nova"])
    assert job(daemon, "sync_compute").last_result is None


def test_a_service_without_a_catalogue_is_not_complete(daemon, cloud):
    """What failed besides the kinds is told, too."""

    def fail():
        raise exceptions.ServiceUnreachable("identity", "u", "down")

    cloud.catalogue = fail
    (compute,) = daemon.sync(["compute"])
    assert "identity" in compute.problem


def test_the_statistics_say_how_the_model_is_kept(daemon):
    """By service: what is known, what waits, and the job that lists it."""
    daemon.sync(["network"])
    services = {one.service: one for one in daemon.stats().services}
    network, image = services["network"], services["image"]
    assert (network.resources, network.waiting, network.failures) == (1, 0, 0)
    assert network.last_result == "1 resources of 6 kinds"
    assert network.last_sync_at is not None
    assert (image.last_sync_at, image.last_result) == (None, None)


def test_the_statistics_say_that_nobody_listens(daemon):
    """Without a listener the option is named that would make one."""
    assert daemon.stats().bus.why_deaf == "[notifications] enabled is false"


def test_the_statistics_count_what_came_over_the_bus(daemon):
    """And say whether the bus is heard now."""
    conf = loading.load([], files=[])
    transport.register_opts(conf)
    daemon.listen(conf, make_settings().notifications)
    for publisher in ("nobody.here", "network.ctl"):
        metadata = {"timestamp": "2026-03-01 12:00:00.000000"}
        message = {"publisher_id": publisher, "event_type": "x", "payload": {}}
        daemon.listener.endpoint.info([message | {"metadata": metadata}, {}])
    bus = daemon.stats().bus
    assert bus.why_deaf == "the broker has not let us listen yet"
    assert (bus.unwanted + bus.unknown, bus.malformed, bus.gaps) == (2, 2, 0)


def test_a_service_that_could_not_be_listed_is_tried_again_soon(daemon, cloud):
    """Also when somebody asked for that listing, and not its job."""
    asked = []
    daemon.scheduler.run_soon = asked.extend
    cloud.broken["network.port"] = exceptions.ServiceUnreachable("network", "u", "down")
    daemon.leaks(EVERYTHING, is_fresh=True)
    assert asked == ["sync_network"]
