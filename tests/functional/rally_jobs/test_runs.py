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

"""What a real Rally leaves when its cleanup fails, which its exit code doesn't tell."""

from collections.abc import Iterator
import json
import pathlib

import pytest

from cleanupd.rally_jobs import runs
from cleanupd.rally_jobs import table
from tests import emulator
from tests.emulator import __main__ as emulator_command
from tests.emulator import scenes
from tests.functional import clients
from tests.functional import console as consoles

pytestmark = [
    pytest.mark.functional,
    pytest.mark.rally,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

SCENARIO = "NeutronNetworks.create_and_list_networks"


@pytest.fixture
def rally(tmp_path: pathlib.Path) -> Iterator[clients.Stage]:
    """Give an emulated cloud with a Rally that knows it."""
    if not (clients.PROGRAMS / "rally").exists():
        pytest.fail(f"There is no Rally in {clients.PROGRAMS}: run `make rally`.")
    settings = emulator.Settings(build_delay_s=0, delete_delay_s=0)
    cloud = emulator.Cloud(settings=settings)
    legitimate = scenes.legitimate_tenants(cloud)
    with emulator.running(cloud) as url:
        (tmp_path / "clouds.yaml").write_text(emulator_command.clouds_yaml(url))
        stage = clients.Stage(cloud, legitimate, url, tmp_path)
        stage.set_up_rally()
        yield stage


@pytest.fixture
def console(
    rally: clients.Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> consoles.Console:
    """Give the command cleanupctl on the stage's cloud."""
    return consoles.make_console(rally.cloud, rally.folder, monkeypatch, capsys)


def _run(rally: clients.Stage) -> str:
    """Run a task to its end, which Rally calls good, and return its report's path."""
    with rally.rally_task(clients.workload(SCENARIO)) as process:
        assert process.wait() == 0, rally.task_output[-3000:]
    report = rally.folder / "report.json"
    rally.rally("task", "report", "--json", "--out", str(report))
    return str(report)


def test_a_failed_cleanup_is_caught(rally: clients.Stage, console: consoles.Console) -> None:
    """Rally ends with 0 though its networks stay; they and the failures are told, with 2."""
    before = str(rally.folder / "before.json")
    assert console.here("rally-jobs", "leaks", "--save-baseline", before).code == 0
    rally.cloud.faults.add(
        emulator.Fault(path="/networks/", method="DELETE", answer=500, times=None)
    )
    report = _run(rally)
    words = ("--rally-report", report, "--rally-log", str(rally.folder / "task.out"))
    ended = console.here("rally-jobs", "leaks", *words, "--baseline", before, "-f", "json")
    assert ended.code == 2, ended.err
    workload = runs.read(pathlib.Path(report))[0].workloads[0].uuid
    networks = [row for row in ended.json if row["Kind"] == "network.network"]
    assert len(networks) == 2
    assert {(row["Workload"], row["Scenario"]) for row in networks} == {(workload, SCENARIO)}
    failed = {row["ID"]: row["Evidence"] for row in ended.json if row["Kind"] == "neutron.network"}
    assert set(failed) == {row["ID"] for row in networks}
    assert all("A fault that was ordered" in why for why in failed.values()), failed


def test_a_good_cleanup_is_clean(rally: clients.Stage, console: consoles.Console) -> None:
    """After a run whose cleanup did its work nothing is told, and the exit code is 0."""
    before = str(rally.folder / "before.json")
    assert console.here("rally-jobs", "leaks", "--save-baseline", before).code == 0
    words = ("--rally-report", _run(rally), "--rally-log", str(rally.folder / "task.out"))
    ended = console.here("rally-jobs", "leaks", *words, "--baseline", before, "-f", "json")
    assert (ended.code, ended.json) == (0, []), ended.out


def test_a_real_run_has_the_actions_of_the_table(rally: clients.Stage) -> None:
    """What a real run times at the top of its iterations is what the table says."""
    report = json.loads(pathlib.Path(_run(rally)).read_text())
    rows = report["tasks"][0]["subtasks"][0]["workloads"][0]["statistics"]["durations"]
    assert {row["name"] for row in rows["atomics"]} == set(table.load().actions[SCENARIO].top)
