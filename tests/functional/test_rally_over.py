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

"""What a real Rally's database calls over goes by itself, after two sightings."""

import datetime
import json
import os
import subprocess
import time

import pytest

from cleanupd.engine import clock
from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes import benchmark
from tests.functional import clients
from tests.functional import daemon_process

pytestmark = [pytest.mark.functional, pytest.mark.slow, pytest.mark.timeout(300)]

MIN_AGE_S = 60
FEW = benchmark.Plan(tenants=1, servers=1, volumes=1)
TASK = (
    '{"version": 2, "title": "t", "subtasks": [{"title": "s", "scenario": {"Dummy.dummy": {}}}]}'
)


@pytest.fixture
def workload(tmp_path):
    """Give the workload of a task that Rally has run to its end, as Rally tells it."""
    (tmp_path / "rally.conf").write_text(clients.RALLY_CONF.format(folder=tmp_path))
    (tmp_path / "task.json").write_text(TASK)

    def rally(*words):
        command = [clients.PROGRAMS / "rally", "--config-file", "rally.conf", *words]
        environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)

    rally("db", "create")
    rally("env", "create", "--name", "bench")
    rally("task", "start", "--task", "task.json")
    rally("task", "report", "--json", "--out", "report.json")
    [task] = json.loads((tmp_path / "report.json").read_text())["tasks"]
    assert task["status"] == "finished"
    return task["subtasks"][0]["workloads"][0]["uuid"]


@pytest.fixture
def daemon(tmp_path, cloud):
    """Give a daemon that removes what is over, and asks Rally's database."""
    with emulator.running(cloud) as url:
        (tmp_path / "daemon").mkdir()
        process = daemon_process.DaemonProcess(tmp_path / "daemon", url)
        process.configure(
            sweep="mode = enforce\nall_over = true\ninterval = 2",
            more=f"[safety]\nmin_age = {MIN_AGE_S}\n"
            f"[rally]\nconnection = sqlite:///{tmp_path}/rally.sqlite",
        )
        yield process
        process.end()


def test_a_finished_workload_goes_after_two_sightings(daemon, cloud, workload):
    """An age apart; what Rally does not call over is only reported, however idle it is."""
    legitimate = scenes.legitimate_tenants(cloud)
    over = scenes.killed_benchmark(cloud, workload, FEW)
    other = scenes.killed_benchmark(cloud, None, FEW)
    began = clock.now()
    daemon.start()
    deadline = time.monotonic() + 4 * MIN_AGE_S
    while over.left(cloud):
        assert time.monotonic() < deadline, daemon.log
        time.sleep(0.5)
    daemon.wait_for("Sweep ends: ")
    assert daemon.stop() == 0
    asked = [datetime.datetime.fromisoformat(e.at) for e in cloud.requests.entries("DELETE")]
    assert (min(asked) - began).total_seconds() >= MIN_AGE_S
    plan = daemon.journal.plan(daemon.journal.sweeps()[0].id)
    reasons = {one.reason for one in plan.kept if one.part == workload[:8]}
    assert any(f"[safety] min_age asks for {MIN_AGE_S} s" in reason for reason in reasons)
    assert not other.missing(cloud)
    assert not legitimate.missing(cloud)
