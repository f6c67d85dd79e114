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

"""A whole daemon in this process, asked over a bus that is in memory."""

import pytest

from cleanupd import exceptions
from cleanupd.conf import settings
from cleanupd.engine import sweep as sweeps
from cleanupd.journal.store import State
from cleanupd.rpc import transport
from cleanupd.service.orders import Order
from tests import emulator
from tests.emulator.scenes.demo import KILLED
from tests.functional import inhabited
from tests.unit.service import stage

pytestmark = pytest.mark.functional

DELETE_DELAY_S = 0.05

NAMED = sweeps.Target(workloads=(KILLED,))
IDLE = sweeps.Target(idle_s=600.0)
EVERYTHING = sweeps.Target(is_everything=True)


@pytest.fixture
def daemon(cloud, scene, tmp_path, monkeypatch):
    """Give a daemon that is not started, and end it."""
    del scene
    # It is set by building, and taken back by this.
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", "")
    with emulator.running(cloud) as url:
        made = inhabited.Inhabited(tmp_path, url)
        yield made
        made.stop()


def finish(client, sweep):
    """Return a sweep when it is over."""
    over = (State.PLANNED, State.DONE, State.FAILED)
    stage.wait_until(lambda: client.sweep(sweep.id).state in over, seconds=60)
    return client.sweep(sweep.id)


def test_what_is_looked_at_is_not_changed(daemon, cloud):
    """Model, leaks, workloads, plan and verification send nothing but GET and a POST for a token.

    It holds in mode enforce, too.
    """
    client = daemon.start("mode = enforce\nall_over = true")
    assert client.ping() == "1.4"
    assert client.status().cloud == "emulated"
    assert sum(kind.count for kind in client.model().kinds) > 100
    assert KILLED[:8] in {workload.part for workload in client.workloads()}
    assert len(client.leaks(EVERYTHING, is_fresh=True).judgement.findings) > 100
    plan = client.plan(NAMED)
    assert client.stored_plan(plan.id) == plan
    ref = plan.steps[0].ref
    assert client.explain(EVERYTHING, ref.kind, ref.id).explanation.part == KILLED[:8]
    assert len(plan.steps) > 50
    assert not client.verify(NAMED).is_clean
    assert not cloud.requests.changes()


def test_in_mode_report_a_sweep_stores_its_plan_and_removes_nothing(daemon, cloud, scene):
    """The answer names the option that enables it; so does the refusal to execute the plan."""
    client = daemon.start()
    done = finish(client, client.start(NAMED))
    assert done.state is State.PLANNED
    assert "set [sweep] mode = enforce" in done.note
    assert len(client.stored_plan(done.id).steps) == done.planned > 50
    with pytest.raises(exceptions.Refused, match=r"set \[sweep\] mode = enforce"):
        client.execute(done.id)
    assert not cloud.requests.changes()
    assert not scene.killed.missing(cloud)


def test_in_mode_enforce_a_named_workload_is_removed(daemon, cloud, scene):
    """All of it, and nothing else; the certificate comes over the bus."""
    client = daemon.start("mode = enforce")
    done = finish(client, client.start(NAMED))
    assert done.state is State.DONE
    assert done.certificate.is_clean
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)
    assert client.verify(NAMED).is_clean
    assert [sweep.id for sweep in client.sweeps()] == [done.id]


def test_a_stored_plan_is_executed_by_its_id(daemon, cloud, scene):
    """Once."""
    client = daemon.start("mode = enforce")
    plan = client.plan(NAMED)
    assert finish(client, client.execute(plan.id)).state is State.DONE
    assert not scene.killed.left(cloud)
    with pytest.raises(exceptions.Refused, match="make a new one"):
        client.execute(plan.id)
    scene.assert_untouched(cloud)


def test_a_dry_run_removes_nothing(daemon, cloud):
    """In mode enforce."""
    client = daemon.start("mode = enforce")
    done = finish(client, client.start(NAMED, is_dry_run=True))
    assert (done.state, done.planned > 50) == (State.PLANNED, True)
    assert not cloud.requests.changes()


@pytest.mark.parametrize(
    ("sweep", "target", "confirm", "why"),
    [
        ("mode = enforce", IDLE, "emulated", r"\[sweep\] all_over = true"),
        ("mode = enforce\nall_over = true", IDLE, None, "name of the cloud, emulated"),
        ("mode = enforce\nall_over = true", IDLE, "other", "name of the cloud, emulated"),
        ("mode = enforce\nall_over = true", EVERYTHING, "emulated", "never swept over the bus"),
        ("mode = enforce\nall_over = true", sweeps.Target(idle_s=1.0), "emulated", "at least"),
    ],
)
def test_the_bus_is_not_a_trusted_caller(daemon, cloud, sweep, target, confirm, why):
    """What the options do not allow is refused, and nothing is removed."""
    client = daemon.start(sweep)
    with pytest.raises(exceptions.Refused, match=why):
        client.start(target, confirm=confirm)
    assert client.sweeps() == ()
    assert not cloud.requests.changes()


def test_sighup_keeps_the_model(daemon, cloud):
    """Mode and limits change, and the cloud is not listed for it."""
    client = daemon.start()
    before = client.model()
    asked = len(cloud.requests.entries())
    daemon.configure("mode = enforce\nworkers = 2")
    daemon.supervisor.inbox.put(Order.RELOAD)
    stage.wait_until(lambda: client.status().mode == "enforce")
    assert client.model() == before
    assert len(cloud.requests.entries()) == asked


def test_errors_arrive_with_their_class(daemon):
    """What the engine refuses is refused here in the same words."""
    client = daemon.start()
    with pytest.raises(exceptions.UnknownSweep, match="'20200101T000000-000000'"):
        client.sweep("20200101T000000-000000")
    with pytest.raises(exceptions.UnknownKind, match=r"'compute\.toaster'"):
        client.plan(sweeps.Target(workloads=(KILLED,), kinds=("compute.toaster",)))
    with pytest.raises(exceptions.UnknownSweep):
        client.stored_plan("../../etc/passwd")


def test_a_service_that_is_down_is_told(daemon, cloud):
    """What was not listed is not called clean, and the model keeps what it knew."""
    client = daemon.start()
    cloud.faults.add(emulator.Fault(path="^/networking", answer=500, times=None))
    told = client.leaks(EVERYTHING, is_fresh=True)
    assert any(doubt.startswith("network.network was not listed") for doubt in told.doubts)
    kinds = {kind.kind: kind for kind in client.model().kinds}
    assert kinds["network.network"].doubt
    assert kinds["network.network"].count > 0


def test_it_outlives_a_cloud_that_goes_away(daemon, cloud):
    """While nothing can be listed a sweep fails, and the next one after it does not."""
    client = daemon.start("mode = enforce")
    cloud.faults.add(emulator.Fault(path="", answer=403, times=None))
    done = finish(client, client.start(NAMED))
    assert not cloud.requests.changes()
    assert done.certificate is None or not done.certificate.is_clean
    cloud.faults.clear()
    assert finish(client, client.start(NAMED)).certificate.is_clean


def test_a_daemon_that_does_not_answer_is_told(daemon):
    """After the time of the option, with what to check."""
    daemon.configure()
    conf = daemon.load()
    conf.set_override("topic", "nobody-listens-here", group="rpc")
    transport.register_opts(conf)
    conf.set_override("rpc_response_timeout", 1)
    client = transport.connect(conf, settings.make_settings(conf).address)
    with pytest.raises(exceptions.DaemonUnreachable, match="nothing came in 1 s; check that"):
        client.ping()
