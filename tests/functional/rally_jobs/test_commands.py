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

"""The commands about Rally's jobs, as a person or a script sees them."""

from collections.abc import Iterator
import json
import pathlib

import pytest
import yaml

from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes import bootstrap
from tests.emulator.scenes.demo import KILLED
from tests.emulator.scenes.demo import RUNNING
from tests.emulator.shapes import network
from tests.functional import console as consoles
from tests.functional.rally_jobs import folders
from tests.unit.rally_jobs import reports

pytestmark = pytest.mark.functional

WRONG = {**folders.RIGHT, **folders.task("nova.list_keypairs", "nova.list_resources")}


@pytest.fixture
def scene() -> tuple[emulator.Cloud, scenes.Demo]:
    """Give the emulated cloud and what lives there."""
    cloud = emulator.Cloud()
    return cloud, scenes.demo(cloud)


@pytest.fixture
def console(
    scene: tuple[emulator.Cloud, scenes.Demo],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[consoles.Console]:
    """Give a console on the demo's cloud."""
    made = consoles.make_console(scene[0], tmp_path, monkeypatch, capsys)
    with emulator.running(scene[0]) as url:
        made.describe(url)
        yield made


@pytest.fixture
def terminal(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> consoles.Console:
    """Give a console that knows no cloud."""
    return consoles.make_console(emulator.Cloud(), tmp_path, monkeypatch, capsys)


def test_a_right_repository_is_clean(terminal: consoles.Console, tmp_path: pathlib.Path) -> None:
    """A repository without a fault ends with 0 and one line."""
    ended = terminal.run("rally-jobs", "check", str(folders.write(tmp_path / "r", folders.RIGHT)))
    assert ended.code == 0
    assert ended.out == (
        "1 task file checked against rally 5.1.1, rally-openstack 4.1.0, from the bundled table:"
        " nothing to mend\n"
    )


def test_a_mutated_key_is_refused(terminal: consoles.Console, tmp_path: pathlib.Path) -> None:
    """A key of an SLA that Rally would pass for ever ends with 2, file, line, rule and remedy."""
    root = folders.write(tmp_path / "r", WRONG)
    ended = terminal.run("rally-jobs", "check", str(root))
    assert ended.code == 2
    first, second, _ = ended.out.splitlines()
    assert first.startswith(f"{root}/rally-jobs/task-nova.yaml:16: error: ")
    assert first.endswith("[sla-dead-action]")
    assert "nova.list_keypairs" in second


def test_notes_alone_are_clean(terminal: consoles.Console, tmp_path: pathlib.Path) -> None:
    """A note doesn't change the exit code."""
    root = folders.write(tmp_path, {**folders.RIGHT, ".zuul.yaml": "- project: {}\n"})
    ended = terminal.run("rally-jobs", "check", str(root))
    assert ended.code == 0
    assert "job-missing" in ended.out


def test_json_has_the_whole_report(terminal: consoles.Console, tmp_path: pathlib.Path) -> None:
    """JSON has every field of every finding."""
    root = folders.write(tmp_path / "r", WRONG)
    ended = terminal.run("rally-jobs", "check", str(root), "--format", "json")
    finding = ended.json["findings"][0]
    assert (finding["path"], finding["line"]) == ("rally-jobs/task-nova.yaml", 16)
    assert finding["rule"] == "sla-dead-action"
    assert finding["level"] == "error"
    assert finding["mend"]


def test_sarif_names_rules_and_places(terminal: consoles.Console, tmp_path: pathlib.Path) -> None:
    """SARIF goes to a file, with the rules that were broken and the places."""
    root = folders.write(tmp_path / "r", WRONG)
    out = tmp_path / "out.sarif"
    ended = terminal.run(
        "rally-jobs", "check", str(root), "--format", "sarif", "--output", str(out)
    )
    assert (ended.code, ended.out) == (2, "")
    log = json.loads(out.read_text())
    assert log["version"] == "2.1.0"
    run = log["runs"][0]
    assert [one["id"] for one in run["tool"]["driver"]["rules"]] == ["sla-dead-action"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("rally-jobs/task-nova.yaml")
    assert place["region"] == {"startLine": 16}


def test_annotations_are_commands_of_github(
    terminal: consoles.Console, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each finding is a workflow command whose file is relative, as the reviewer sees it."""
    monkeypatch.chdir(folders.write(tmp_path / "r", WRONG))
    ended = terminal.run("rally-jobs", "check", ".", "--format", "github")
    assert ended.out.startswith(
        "::error file=rally-jobs/task-nova.yaml,line=16,title=sla-dead-action::"
    )


def test_a_wrong_path_is_an_error(terminal: consoles.Console) -> None:
    """A path that isn't there ends with 1."""
    assert "cannot be read" in terminal.run("rally-jobs", "check", "/no/such").error


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--ignore", "no-such"), "there is no rule 'no-such'"),
        (("--with-plugins",), "needs an installed Rally"),
        (("--rally-python", "/no/such/python"), "there is no such program"),
        (("--output", "/no/such/file"), "cannot be written"),
    ],
)
def test_options_that_cannot_be_obeyed_are_errors(
    terminal: consoles.Console, tmp_path: pathlib.Path, words: tuple[str, ...], why: str
) -> None:
    """An option that cannot be obeyed ends with 1 and says why."""
    root = folders.write(tmp_path / "r", folders.RIGHT)
    assert why in terminal.run("rally-jobs", "check", str(root), *words).error


def test_leaks_of_a_run_are_told_by_workload(
    console: consoles.Console, scene: tuple[emulator.Cloud, scenes.Demo], tmp_path: pathlib.Path
) -> None:
    """What the workloads of a report left is listed with them, and nobody else's."""
    report = reports.write(tmp_path / "report.json", reports.workload(uuid=KILLED))
    ended = console.here("rally-jobs", "leaks", "--rally-report", report, "-f", "json")
    assert ended.code == 2
    assert {row["Workload"] for row in ended.json} == {KILLED}
    ids = {row["ID"].replace("/", ":") for row in ended.json}
    assert ids == scene[1].killed.ids()
    assert not console.cloud.requests.changes()


def test_leaks_are_told_in_eighty_columns(
    console: consoles.Console, scene: tuple[emulator.Cloud, scenes.Demo], tmp_path: pathlib.Path
) -> None:
    """In a window of eighty columns every uuid, name and workload stands whole in a line."""
    failed = {"plugin_name": "users@openstack", "cleanup": {"error": ["E", "no answer", ""]}}
    report = reports.write(
        tmp_path / "report.json", reports.workload(uuid=KILLED, contexts_results=[failed])
    )
    words = ("rally-jobs", "leaks", "--rally-report", report)
    rows = console.here(*words, "-f", "json").json
    lines = console.here(*words, "--max-width", "80").out.splitlines()
    assert max(map(len, lines)) <= 80
    for row in rows:
        # The id of a key pair is no uuid: it is its user's, and its name.
        whole = [row[column] for column in ("Kind", "Name", "Workload", "Scenario")]
        for text in whole + row["ID"].split("/")[:1]:
            assert any(text in line for line in lines), row
    assert {row["Scenario"] for row in rows} == {"NovaKeypair.create_and_list_keypairs"}


def test_a_clean_run_ends_with_0(console: consoles.Console, tmp_path: pathlib.Path) -> None:
    """Where a run left nothing and no cleanup failed the exit code is 0."""
    report = reports.write(tmp_path / "report.json", reports.workload())
    log = tmp_path / "rally.log"
    log.write_text("INFO all is well\n")
    ended = console.here("rally-jobs", "leaks", "--rally-report", report, "--rally-log", str(log))
    assert ended.code == 0
    assert "0 resources left, 0 cleanups failed" in ended.err


def test_what_has_no_name_is_told_by_a_baseline(
    console: consoles.Console, tmp_path: pathlib.Path
) -> None:
    """With a baseline everything new is told, and what others named is not."""
    before = str(tmp_path / "before.json")
    assert console.here("rally-jobs", "leaks", "--save-baseline", before).code == 0
    public = bootstrap.named(console.cloud, "network.network", "public")
    owner = bootstrap.named(console.cloud, "identity.project", "admin")
    with console.cloud.locked():
        address = network.floating_ip(console.cloud, owner["id"], public)
    report = reports.write(tmp_path / "report.json", reports.workload())
    ended = console.here(
        "rally-jobs", "leaks", "--rally-report", report, "--baseline", before, "-f", "json"
    )
    assert ended.code == 2
    # Neutron makes a port for the address, without a name too.
    assert [row["Kind"] for row in ended.json] == ["network.floating_ip", "network.port"]
    assert ended.json[0]["ID"] == address["id"]
    assert "new since" in ended.json[0]["Evidence"]


def test_a_failed_cleanup_needs_no_cloud(
    terminal: consoles.Console, tmp_path: pathlib.Path
) -> None:
    """From a log alone the failed cleanups are told, with 2."""
    log = tmp_path / "rally.log"
    log.write_text("WARNING Resource deletion failed, timeout occurred for nova.servers: 3f.\n")
    ended = terminal.run("rally-jobs", "leaks", "--rally-log", str(log), "-f", "json")
    assert ended.code == 2
    assert ended.json[0]["Kind"] == "nova.servers"
    assert "the cloud was not looked at" in ended.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "no run is named"),
        (("--baseline", "b.json"), "--baseline needs --os-cloud"),
        (("--save-baseline", "b.json"), "no cloud is named"),
        (("--rally-report", "/no/such"), "cannot be read"),
        (("--rally-report", "REPORT"), "a report alone proves nothing"),
        (("--rally-log", "/no/such"), "cannot be read"),
    ],
)
def test_a_run_that_is_not_described_is_an_error(
    terminal: consoles.Console, tmp_path: pathlib.Path, words: tuple[str, ...], why: str
) -> None:
    """Without a run, its files or its cloud the command ends with 1 and says what is missing."""
    report = reports.write(tmp_path / "report.json", reports.workload())
    words = tuple(report if word == "REPORT" else word for word in words)
    assert why in terminal.run("rally-jobs", "leaks", *words).error


def test_the_snippet_for_zuul_is_yaml(terminal: consoles.Console) -> None:
    """What a Zuul job needs is a playbook that calls this command."""
    ended = terminal.run("rally-jobs", "leaks", "--zuul")
    assert ended.code == 0
    play = yaml.safe_load(ended.out)[0]
    assert play["hosts"] == "controller"
    assert "cleanupctl rally-jobs leaks" in play["tasks"][-1]["shell"]["cmd"]


def test_a_slower_run_ends_with_2(terminal: consoles.Console, tmp_path: pathlib.Path) -> None:
    """A key that got slower ends with 2, and the row says by how much."""
    sla = {"max_avg_duration_per_atomic": {"nova.boot": 9}, "failure_rate": {"max": 0}}
    old, new = (
        reports.write(
            tmp_path / f"{seconds}.json",
            reports.workload(reports.iteration({"nova.boot": seconds}), sla=sla, uuid=RUNNING),
        )
        for seconds in (1.0, 2.0)
    )
    ended = terminal.run("rally-jobs", "compare", old, new, "-f", "json")
    assert ended.code == 2
    row = next(row for row in ended.json if row["Key"] == "nova.boot")
    assert (row["Old"], row["New"], row["Change %"]) == (1.0, 2.0, 100.0)
    assert row["State"] == "regressed"
    assert terminal.run("rally-jobs", "compare", new, old).code == 0
    assert terminal.run("rally-jobs", "compare", old, new, "--tolerance", "150").code == 0


@pytest.mark.parametrize("tolerance", ["nan", "inf", "-1", "many"])
def test_a_tolerance_is_a_number(
    terminal: consoles.Console, tmp_path: pathlib.Path, tolerance: str
) -> None:
    """With a tolerance that is no number no key could ever regress, so it is refused."""
    report = reports.write(tmp_path / "report.json", reports.workload())
    ended = terminal.run("rally-jobs", "compare", report, report, f"--tolerance={tolerance}")
    assert "is no number from 0 on" in ended.error


def test_reports_of_different_tasks_are_an_error(
    terminal: consoles.Console, tmp_path: pathlib.Path
) -> None:
    """Where nothing can be compared the code is 1: nothing has been shown."""
    old = reports.write(tmp_path / "old.json", reports.workload())
    new = reports.write(tmp_path / "new.json", reports.workload(scenario={"Nova.list": {}}))
    ended = terminal.run("rally-jobs", "compare", old, new)
    assert ended.code == 1
    assert "only in the old report" in ended.err


def test_a_report_of_another_shape_is_refused(
    terminal: consoles.Console, tmp_path: pathlib.Path
) -> None:
    """A report whose results are no results is an error that names the place."""
    good = reports.write(tmp_path / "good", reports.workload())
    for odd in ({"sla_results": {"sla": [5]}}, {"contexts_results": [{"cleanup": 5}]}):
        bad = reports.write(tmp_path / "bad", reports.workload(**odd))
        ended = terminal.run("rally-jobs", "compare", good, bad)
        assert ended.code == 1
        assert "is not what `rally task report --json` writes" in ended.err


def test_no_figure_of_a_table_is_folded(
    terminal: consoles.Console, tmp_path: pathlib.Path
) -> None:
    """In a window of eighty columns every figure stands in one line."""
    sla = {"max_avg_duration_per_atomic": {"nova.snapshot_server": 15}, "failure_rate": {"max": 0}}
    runs = [
        reports.write(
            tmp_path / str(seconds),
            reports.workload(
                reports.iteration({"nova.snapshot_server": seconds}),
                sla=sla,
                scenario={"NovaServers.boot_and_delete_server": {}},
            ),
        )
        for seconds in (1.234, 12.345)
    ]
    table = terminal.run("rally-jobs", "compare", *runs, "--max-width", "80").out
    assert "1.234   12.345   15.0" in table
    assert " NovaServers.boot_and_delete_server " in table
    assert max(map(len, table.splitlines())) <= 80
