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

"""The schedules of a daemon: at their times, and when a workload is over."""

import signal

import pytest

from cleanupd.journal.store import State
from tests import emulator
from tests.emulator.scenes.demo import KILLED
from tests.functional import daemon_process

pytestmark = pytest.mark.functional

DELETE_DELAY_S = 0.05

READY = "cleanupd is ready"
#: Nothing but the end of a workload has this one sweep anything.
YEARLY = "[schedule_yearly]\ncron = 0 0 1 1 *\n"


@pytest.fixture
def daemon(tmp_path, cloud, scene):
    """Give a daemon that is not started, and end it."""
    del scene
    with emulator.running(cloud) as url:
        process = daemon_process.DaemonProcess(tmp_path, url)
        yield process
        process.end()


def test_a_workload_that_is_over_does_not_wait_for_the_schedule(daemon, cloud, scene):
    """It is swept as the schedule would sweep it, and the journal says whose sweep it was."""
    daemon.configure(
        sweep="mode = enforce\nschedules = yearly",
        more=f"{YEARLY}mode = enforce\nworkloads = {KILLED}",
    )
    daemon.start()
    daemon.wait_for(f"workload {KILLED[:8]} is over: sweep ")
    daemon.wait_for("Sweep ends: ")
    assert daemon.stop() == 0
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)
    (sweep,) = daemon.journal.sweeps()
    assert (sweep.state, sweep.schedule) == (State.DONE, "yearly")


def test_what_is_over_is_planned_once(daemon, cloud, scene):
    """Also after a restart; what is alive is not planned, and nothing is removed."""
    daemon.configure(
        default="debug = true",
        sweep="schedules = yearly\nall_over = true",
        more=f"{YEARLY}all_over = true",
    )
    for _ in range(2):
        daemon.start()
        daemon.wait_for(f"workload {KILLED[:8]} is over: sweep ")
        idle = "Job workloads_over has nothing to do"
        daemon.wait_for(idle, times=daemon.log.count(idle) + 2)
        assert daemon.stop() == 0
    (sweep,) = daemon.journal.sweeps()
    assert (sweep.state, sweep.schedule) == (State.PLANNED, "yearly")
    plan = daemon.journal.plan(sweep.id)
    assert {one.part for one in (*plan.steps, *plan.kept)} == {KILLED[:8]}
    assert not cloud.requests.changes()
    assert not scene.killed.missing(cloud)


def test_schedules_follow_the_options(daemon, cloud):
    """One comes and one goes by SIGHUP, and what makes no schedule changes nothing."""
    daemon.start()
    daemon.wait_for(READY)
    often = f"[schedule_often]\ninterval = 1\nworkloads = {KILLED}\n"
    daemon.configure(sweep="schedules = often", more=often)
    daemon.signal(signal.SIGHUP)
    daemon.wait_for("[sweep] schedules")
    daemon.wait_for("Job sweep_often: sweep ")
    daemon.configure(sweep="schedules = often", more=f"{often}cron = 0 25 * * *")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for("The options stay as they were: [schedule_often] says when by cron or by")
    daemon.configure()
    daemon.signal(signal.SIGHUP)
    daemon.wait_for("[sweep] schedules", times=2)
    asked = len(daemon.journal.sweeps())
    assert daemon.stop() == 0
    assert "often" in {sweep.schedule for sweep in daemon.journal.sweeps()}
    assert len(daemon.journal.sweeps()) <= asked + 1
    assert not cloud.requests.changes()


def test_a_crontab_that_is_none_is_told_at_the_start(daemon):
    """With the option that has it."""
    daemon.configure(sweep="schedules = nightly", more="[schedule_nightly]\ncron = 0 25 * * *")
    daemon.start()
    assert daemon.wait() == 1
    assert "[schedule_nightly] cron: '0 25 * * *' is no crontab expression" in daemon.log
