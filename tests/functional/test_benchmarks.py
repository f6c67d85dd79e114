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
"""The hook by which benchmarks count requests, on the emulated cloud, which counts them too."""

import collections
import json
import os
import pathlib
import subprocess
import sys

import pytest

import benchmarks
from benchmarks import model
from benchmarks import plan
from tests import emulator
from tests.emulator import __main__ as emulator_command
from tests.emulator import scenes

pytestmark = pytest.mark.functional

HOOK = pathlib.Path(benchmarks.__file__).parent / "counting"


def test_every_request_of_a_process_is_written_down(tmp_path):
    """What the hook writes of a command is what the cloud was asked."""
    cloud = emulator.Cloud()
    scenes.demo(cloud)
    log, clouds_yaml = tmp_path / "requests", tmp_path / "clouds.yaml"
    with emulator.running(cloud) as url:
        clouds_yaml.write_text(emulator_command.clouds_yaml(url))
        command = ("cleanupd.cmd.cleanupctl", "workloads", "list", "--os-cloud", "emulated")
        environment = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(HOOK),
            "OS_CLIENT_CONFIG_FILE": str(clouds_yaml),
            "BENCHMARK_REQUESTS": str(log),
        }
        subprocess.run([sys.executable, "-m", *command], env=environment, check=False)
    written = [json.loads(line) for line in log.read_text().splitlines()]
    counted = collections.Counter((one["method"], one["status"]) for one in written)
    known = cloud.requests.entries()
    assert counted == collections.Counter((one.method, one.status) for one in known)
    # One token of the project, and one of the system, which Ironic is asked with.
    assert counted["GET", 200] > counted["POST", 201] == 2
    assert all(one["begun"] <= one["answered"] for one in written)


@pytest.mark.slow
def test_the_models_are_compared_row_by_row():
    """Each row has our number and the peer's, here a second cleanupd instead of Watcher."""
    extent = model.Extent(
        sizes=(50, 100), updates=20, peer_updates={50: 10}, rounds=1, syncs=2, heard=1
    )
    rows = list(model.compare(extent, (sys.executable, "model_ours")))
    names = [row.name for row in rows]
    assert len(set(names)) == len(names) == 2 + 1 + len(model.ROWS) + 1
    assert all(row.value > 0 for row in rows if row.unit != "bytes")
    compared = [row for row in rows if row.peer is not None]
    assert {row.peer for row in compared} == {
        model.WATCHER.name,
        f"{model.WATCHER.name}, 50 servers",
    }
    [requests] = [row for row in rows if row.unit == "requests"]
    assert requests.value == requests.peer_value == 6


def test_without_a_broker_its_messages_are_left_out(capfd):
    """The benchmark says so, and goes on."""
    extent = model.Extent(
        sizes=(50, 100), updates=20, peer_updates={50: 10}, rounds=1, syncs=2, heard=1
    )
    assert list(model.hear(extent, "rabbit://a:b@127.0.0.1:1/")) == []
    assert "broker are left out" in capfd.readouterr().err


def test_a_plan_in_a_large_cloud_is_of_the_leaks_alone():
    """A hundredth of the resources is to go, in both clouds that are compared."""
    size, leaks, *spent = plan.weigh_plan(20_000, 1)
    assert leaks.value / size.value == pytest.approx(1 / plan.OF_LEAKS, rel=0.4)
    assert all(row.value > 0 and row.peer_value > 0 for row in spent)
