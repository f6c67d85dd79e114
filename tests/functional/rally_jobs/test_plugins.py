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
"""Generated plugins, imported by a real Rally and run with fakes."""

import json
import pathlib
import subprocess

import pytest

from cleanupd.rally_jobs import detect
from cleanupd.rally_jobs import generate
from cleanupd.rally_jobs import services
from cleanupd.rally_jobs import writing
from tests.functional import clients
from tests.unit.rally_jobs import repositories

pytestmark = [pytest.mark.functional, pytest.mark.rally]

RUNNER = pathlib.Path(__file__).with_name("plugin_runs.py")
CUSTOM = {
    name: {one.scenario: one for one in service.workloads if one.is_custom}
    for name, service in services.load().services.items()
    if service.custom
}
#: What the scenario keeps until Rally's cleanup.
KEPT = {"TroveInstances.create_and_list_instances": 1}


@pytest.mark.parametrize("service", CUSTOM)
def test_actions_are_those_of_the_limits(tmp_path: pathlib.Path, service: str) -> None:
    """Each scenario times, at the top, exactly the actions that the task limits; it cleans up."""
    tree = repositories.make(tmp_path / service, service)
    request = generate.Request(service=service)
    plan = generate.plan(tree, detect.detect(tree), request, is_forced=False)
    writing.write(tree, plan.changes)
    wanted = {name: one.args for name, one in CUSTOM[service].items()}
    ended = subprocess.run(
        [
            clients.PROGRAMS / "python",
            RUNNER,
            tree.root / "rally-jobs" / "plugins",
            json.dumps(wanted),
        ],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert json.loads(ended.stdout) == {
        name: {"actions": list(one.actions), "left": KEPT.get(name, 0)}
        for name, one in CUSTOM[service].items()
    }
