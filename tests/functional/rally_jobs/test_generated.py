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
"""Generated folders before those who have a say: Rally, our check, and linters."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest
import yaml

from cleanupd.rally_jobs import check
from cleanupd.rally_jobs import detect
from cleanupd.rally_jobs import generate
from cleanupd.rally_jobs import layout
from cleanupd.rally_jobs import repository
from cleanupd.rally_jobs import services
from cleanupd.rally_jobs import writing
from tests.functional import clients
from tests.unit.rally_jobs import repositories

pytestmark = pytest.mark.functional

HERE = pathlib.Path(__file__).parent
VALIDATOR = HERE / "rally_validator.py"


def write(
    root: pathlib.Path, service: str, profile: str = "gate", *, has_folder_of_jobs: bool = True
) -> repository.Repository:
    """Make a minimal repository of a service, and generate its folder."""
    tree = repositories.make(root, service)
    if has_folder_of_jobs:
        (root / "zuul.d").mkdir()
    request = generate.Request(service=service, profile=profile)
    plan = generate.plan(tree, detect.detect(tree), request, is_forced=False)
    writing.write(tree, plan.changes)
    return tree


def lint(*words: str | pathlib.Path) -> None:
    """Fail with what a linter says unless it is content."""
    ended = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.rally
@pytest.mark.parametrize("service", repositories.SERVICES)
def test_rally_accepts_the_task(tmp_path: pathlib.Path, service: str) -> None:
    """Rally 5.1.1 with rally-openstack 4.1.0 refuses no workload of any service."""
    tree = write(tmp_path / service, service)
    home = tmp_path / "home"
    shutil.copytree(tree.root / "rally-jobs" / "plugins", home / ".rally" / "plugins")
    ended = subprocess.run(
        [clients.PROGRAMS / "python", VALIDATOR, tree.root / f"rally-jobs/task-{service}.yaml"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "workloads": len(services.load().services[service].workloads),
        "refused": [],
    }


@pytest.mark.parametrize("profile", services.load().profiles)
@pytest.mark.parametrize("service", repositories.SERVICES)
def test_check_finds_nothing(tmp_path: pathlib.Path, service: str, profile: str) -> None:
    """Our own check finds nothing, whatever the profile."""
    write(tmp_path / service, service, profile)
    report = check.check(tmp_path / service)
    assert report.tasks == (f"rally-jobs/task-{service}.yaml",)
    assert report.findings == ()


def test_check_finds_nothing_in_the_folder_alone(tmp_path: pathlib.Path) -> None:
    """The folder may be checked by itself, though its README names files of the repository."""
    write(tmp_path / "nova", "nova")
    assert check.check(tmp_path / "nova" / "rally-jobs").findings == ()


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_mutated_actions_are_refused(tmp_path: pathlib.Path, service: str) -> None:
    """Every limit whose action gets another name, be it a plugin's, is found by our check."""
    root = write(tmp_path / service, service).root
    path = root / "rally-jobs" / f"task-{service}.yaml"
    task = yaml.safe_load(path.read_text())
    limited = 0
    for workload in (one for subtask in task["subtasks"] for one in subtask["workloads"]):
        limits = workload["sla"]["max_avg_duration_per_atomic"]
        limited += len(limits)
        workload["sla"]["max_avg_duration_per_atomic"] = {f"{key}x": 15 for key in limits}
    head = [line for line in path.read_text().splitlines() if line.startswith(("---", "#"))]
    path.write_text("\n".join(head) + "\n" + layout.dump(task))
    found = check.check(root).findings
    assert len([one for one in found if one.rule.startswith("sla-")]) == limited, found


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_linters_are_content(tmp_path: pathlib.Path, service: str) -> None:
    """Yamllint in strict mode, doc8 and hacking find nothing; a task is YAML before rendering."""
    root = write(tmp_path / service, service).root
    made = [root / "rally-jobs", root / "zuul.d"]
    for path in sorted(one for folder in made for one in folder.rglob("*.yaml")):
        yaml.safe_load(path.read_text())
    lint("yamllint", "--strict", *made)
    lint("doc8", "--quiet", *sorted((root / "rally-jobs").rglob("*.rst")))
    lint("sphinxlint", "--enable", "all", "--disable", "line-too-long", root / "rally-jobs")
    lint("flake8", "--isolated", root / "rally-jobs" / "plugins")


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_snippet_is_shown_well(tmp_path: pathlib.Path, service: str) -> None:
    """doc8 likes the checklist with a job to paste, and yamllint the job."""
    tree = write(tmp_path / service, service, has_folder_of_jobs=False)
    lint("doc8", "--quiet", tree.root / "rally-jobs" / "CHECKLIST.rst")
    again = generate.plan(
        tree, detect.detect(tree), generate.Request(service=service), is_forced=False
    )
    (tmp_path / "job.yaml").write_text(again.job)
    lint("yamllint", "--strict", tmp_path / "job.yaml")
