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

"""What a killed Rally left, told by ``rally-jobs leaks`` on a real control plane."""

import json
import pathlib
import subprocess
import sys

import pytest

from tests.sandbox import box
from tests.sandbox import inventory
from tests.sandbox import rally

pytestmark = pytest.mark.campaign

TASKS = ("neutron", "cinder")


def _leaks(*words: str) -> subprocess.CompletedProcess[str]:
    return _cleanupctl("rally-jobs", "leaks", *words)


def _cleanupctl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cleanupd.cmd.cleanupctl", *words, "--os-cloud", "admin"],
        env=box.client_environment(),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.mark.usefixtures("sandbox_environment")
def test_a_killed_run_is_told_by_workload(tmp_path: pathlib.Path) -> None:
    """Everything that killed tasks left is told with its workload, and nothing after a sweep."""
    before = str(tmp_path / "before.json")
    assert _leaks("--save-baseline", before).returncode == 0
    killed, _ = rally.dirty(*TASKS)
    reports = [word for task in killed for word in ("--rally-report", str(rally.report(task)))]
    ended = _leaks(*reports, "--baseline", before, "-f", "json")
    assert ended.returncode == 2, ended.stderr
    found = json.loads(ended.stdout)
    workloads = {uuid for task in killed for uuid in task.workloads}
    assert workloads & {row["Workload"] for row in found}
    parts = [part for task in killed for part in task.name_parts]
    named = {key[1] for key in inventory.find_rally(inventory.take(), parts)}
    assert {row["ID"] for row in found} & named
    words = [word for task in killed for word in ("--task", task.uuid)]
    swept = _cleanupctl("sweep", "start", *words, *reports, "--wait")
    assert swept.returncode == 0, swept.stdout + swept.stderr
    ended = _leaks(*reports, "--baseline", before)
    assert ended.returncode == 0, ended.stdout + ended.stderr
