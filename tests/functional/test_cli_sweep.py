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

"""The commands that remove, and those that show what came of it."""

import csv
import datetime
import io
import signal
import subprocess
import sys
import time

import pytest

from cleanupd.journal import places
from cleanupd.journal import sql
from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes.demo import KILLED
from tests.emulator.scenes.demo import RUNNING

pytestmark = pytest.mark.functional

TASK = "7d3e9f10-52c4-4e1b-a86f-0b9c8d7e6f5a"
COMMAND = (sys.executable, "-m", "cleanupd.cmd.cleanupctl")
OTHER_TASK = "00000000-52c4-4e1b-a86f-0b9c8d7e6f5a"


@pytest.fixture
def console(console):
    """Give a console where sweeps poll quickly."""
    console.configure("[sweep]\npoll_interval = 0.1\n")
    return console


def know_for(console, span):
    """Have all that carries no date been seen first so long ago."""
    assert console.here("leaks", "list").code == 2
    journal = sql.Journal(places.in_directory(console.folder / "state" / "cleanupd"))
    region = emulator.Settings().region
    seen = journal.sightings("emulated", region)
    assert seen
    journal.save_sightings("emulated", region, {ref: at - span for ref, at in seen.items()})


def test_a_workload_is_swept(console, cloud, scene):
    """What a named workload left is gone, nothing else is, and the certificate says so."""
    ended = console.here("sweep", "start", "--workload", KILLED, "--max-width", "100")
    assert ended.code == 0
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)
    assert f"Workload 5a3b1c22 ({KILLED}): 85 resources to remove" in ended.out
    assert "CLEAN: nothing of what was looked for is left" in ended.out
    assert "removed 85 of 85" in ended.err


def test_a_task_is_swept_by_its_workloads(console, cloud, scene):
    """A task is what its report tells: the names have its workload's uuid and not its own."""
    report = console.write_report(TASK, KILLED)
    ended = console.here("sweep", "start", "--task", TASK, "--rally-report", report)
    assert ended.code == 0
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)
    assert f"{KILLED}: names with 5a3b1c22, 85 resources" in ended.err
    assert f"{TASK}: names with 7d3e9f10, 0 resources" in ended.err


def test_rally_is_asked_if_there_is_no_report(console, cloud, scene):
    """A rally that can be started tells which workloads a task has."""
    report = console.write_report(TASK, KILLED)
    script = console.folder / "rally"
    script.write_text(f"#!/bin/sh\nfor last; do :; done\n/bin/cp {report} $last\n")
    script.chmod(0o755)
    ended = console.here("sweep", "start", "--task", TASK)
    assert ended.code == 0
    assert not scene.killed.left(cloud)


def test_json_is_one_document(console, scene):
    """All that came of a sweep can be read by a program, and stdout has nothing else."""
    ended = console.here("sweep", "start", "--workload", KILLED, "-f", "json")
    assert ended.code == 0
    told = ended.json
    assert (told["State"], told["Planned"], told["Gone"]) == ("done", 85, 85)
    assert told["Clean"] is True
    assert told["Left"] == told["Doubts"] == []
    assert {row["State"] for row in told["Resources"]} <= {"removed", "gone"}
    assert {row["ID"].replace("/", ":") for row in told["Resources"]} == scene.killed.ids()
    assert told["Active"] == {"its workload was not named": 51}
    assert told["Foreign"] > 100


def test_csv_has_a_row_for_each_resource(console):
    """A spreadsheet gets the rows of the plan with what became of them."""
    words = ("sweep", "start", "--dry-run", "--workload", KILLED, "-f", "csv", "-c", "ID")
    rows = list(csv.reader(io.StringIO(console.here(*words).out)))
    assert rows[0] == ["ID"]
    assert len(rows) == 86


def test_one_field_is_enough_for_a_script(console):
    """The id of a sweep can be asked for alone."""
    words = ("sweep", "start", "--workload", KILLED, "--dry-run", "-f", "value", "-c", "ID")
    ended = console.quietly(*words)
    listed = console.quietly("sweep", "list", "-f", "value", "-c", "ID")
    assert ended.out == listed.out
    assert ended.err == ""


def test_a_dry_run_removes_nothing(console, cloud):
    """The plan is shown and stored, nothing but reading is asked of the cloud, the code is 2."""
    ended = console.here("sweep", "start", "--workload", KILLED, "--dry-run")
    assert ended.code == 2
    assert "85 resources to remove" in ended.out
    assert not cloud.requests.changes()
    shown = console.here("sweep", "show")
    assert shown.code == 2
    assert "85 resources to remove" in shown.out
    assert "is planned" in shown.out


def test_a_dry_run_that_finds_nothing_is_clean(console):
    """Of a workload that left nothing there is nothing to plan: 0."""
    words = ("sweep", "start", "--dry-run", "--workload", "12345678" + KILLED[8:])
    assert console.here(*words).code == 0


def test_a_dry_run_that_could_not_see_everything_is_wrong(console, cloud):
    """A plan that is short because a listing failed is not called clean."""
    cloud.faults.add(emulator.Fault(path="^/", method="GET", answer=500, times=None))
    ended = console.here("sweep", "start", "--dry-run", "--workload", KILLED)
    assert ended.code == 1


def test_a_plan_is_executed_exactly_and_once(console, cloud, scene):
    """What a dry run showed can be removed later, and not a second time."""
    words = ("sweep", "start", "--workload", KILLED, "--dry-run", "-f", "value", "-c", "ID")
    plan = console.quietly(*words).out.strip()
    ended = console.here("sweep", "start", "--plan", plan)
    assert ended.code == 0
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)
    error = console.quietly("sweep", "start", "--plan", plan).error
    assert "it was executed before; make a new one" in error


def test_a_plan_of_another_cloud_is_refused(console, cloud):
    """A plan is for the cloud that was looked at."""
    words = ("sweep", "start", "--workload", KILLED, "--dry-run", "-f", "value", "-c", "ID")
    plan = console.quietly(*words).out.strip()
    file = console.folder / "clouds.yaml"
    file.write_text(file.read_text().replace("  emulated:", "  elsewhere:"))
    ended = console.run("sweep", "start", "--plan", plan, "--os-cloud", "elsewhere", "-q")
    assert "it is for cloud emulated" in ended.error
    assert not cloud.requests.changes()


def test_a_scope_restricts_a_sweep(console, cloud, scene):
    """Only what scenarios named goes; what contexts named stays and is no failure."""
    ended = console.here(
        "sweep", "start", "--workload", KILLED, "--scope", "scenario", "-f", "json"
    )
    assert {row["Scope"] for row in ended.json["Resources"] if row["State"] == "removed"} == {
        "scenario"
    }
    assert ended.code == 0
    left = scene.killed.left(cloud)
    assert "compute.server" not in left
    assert len(left["identity.project"]) == 2
    scene.assert_untouched(cloud)


def test_what_is_kept_is_told_and_left(console, cloud, scene):
    """With somebody's port on its network the benchmark cannot go entirely: 2, and why."""
    inside = next(n for n in cloud["network.network"] if n["name"].startswith("c_rally_5a3b1c22"))
    moved_in = scenes.move_in(cloud, inside)
    ended = console.here("sweep", "start", "--workload", KILLED)
    assert ended.code == 2
    assert "Kept, though its workload was selected" in ended.out
    assert "the foreign port shop-monitor" in ended.out
    assert "Still there:" in ended.out
    assert not moved_in.missing(cloud)
    scene.assert_untouched(cloud)


def test_what_cannot_be_removed_is_told(console, cloud, scene):
    """A service that refuses one removal leaves that one, with its reason: 2."""
    image = next(i for i in cloud["image.image"] if i["name"].startswith("c_rally_5a3b1c22"))
    cloud.faults.add(
        emulator.Fault(path=image["id"], method="DELETE", answer=403, times=None, message="no way")
    )
    ended = console.here("sweep", "start", "--workload", KILLED)
    assert ended.code == 2
    assert "Not removed: 2 resources" in ended.out
    assert "no way" in ended.out
    assert image["id"] in scene.killed.left(cloud)["image.image"]
    assert console.here("sweep", "show", "-q").code == 2


NOTHING_SAID = "nothing is swept unless you say whose resources: give --task UUID"


def test_nothing_is_swept_without_a_selection(console, cloud):
    """A sweep of nobody's resources is a usage error, and the cloud is not even asked."""
    for words in ((), ("--scope", "scenario"), ("--dry-run",)):
        assert NOTHING_SAID in console.quietly("sweep", "start", *words).error
    assert not cloud.requests.entries()


@pytest.mark.parametrize("way", ["--all-over", "--everything"])
def test_what_reaches_others_has_to_be_confirmed(console, cloud, way):
    """Without the name of the cloud, or with another, nothing is done."""
    error = console.quietly("sweep", "start", way).error
    assert "confirm it with --confirm emulated" in error
    error = console.quietly("sweep", "start", way, "--confirm", "production").error
    assert "--confirm production is not the cloud that is swept: that is emulated" in error
    assert not cloud.requests.entries()
    assert console.quietly("sweep", "start", way, "--dry-run").code in (0, 2)
    assert not cloud.requests.changes()


def test_all_over_leaves_what_is_alive(cloud, console, scene):
    """Of workloads that nobody named, those go of which nothing was changed for long."""
    idle = scenes.killed_benchmark(
        cloud, "0dd1d1e0" + KILLED[8:], scenes.Plan(tenants=1, flavors=0, rarer=False)
    )
    know_for(console, datetime.timedelta(minutes=30))
    ended = console.here(
        "sweep", "start", "--all-over", "--idle", "1h", "--confirm", "emulated", "-f", "json"
    )
    # What may be alive is left, and said to be: the flavors of the killed one
    # carry no date, and were first seen half an hour ago.
    assert ended.code == 2
    assert not idle.left(cloud)
    scene.assert_untouched(cloud)
    assert not scene.killed.missing(cloud)
    assert any("carry no date" in (row["Reason"] or "") for row in ended.json["Resources"])


def test_all_over_takes_undated_resources_that_are_known_for_long(cloud, console, scene):
    """What carries no date counts from the first look, which may be that of another command."""
    idle = scenes.killed_benchmark(
        cloud, "0dd1d1e0" + KILLED[8:], scenes.Plan(tenants=1, rarer=False)
    )
    know_for(console, datetime.timedelta(hours=1, minutes=1))
    ended = console.here("sweep", "start", "--all-over", "--idle", "1h", "--confirm", "emulated")
    assert ended.code == 0, ended.out
    assert not idle.left(cloud)
    scene.assert_untouched(cloud)


def test_all_over_leaves_what_was_not_seen_twice(console, cloud, scene):
    """What carries no date stays until it was seen twice, [safety] min_age apart."""
    ended = console.here(
        "sweep", "start", "--all-over", "--idle", "0s", "--confirm", "emulated", "-f", "json"
    )
    assert ended.code == 2
    assert "[safety] min_age is 600 s: it may go from" in ended.out
    assert not {k for k in cloud.requests.changes() if "/projects/" in str(k)}
    assert not scene.legitimate.missing(cloud)


def test_everything_takes_what_is_alive_too(console, cloud, scene):
    """With the cloud's name confirmed every benchmark's resources go, and no others."""
    ended = console.here("sweep", "start", "--everything", "--confirm", "emulated")
    assert ended.code == 0
    assert not scene.killed.left(cloud)
    assert not scene.running.left(cloud)
    assert not scene.legitimate.missing(cloud)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--workload", KILLED, "--all-over", "--confirm", "emulated"), "exclude each other"),
        (("--all-over", "--everything", "--confirm", "emulated"), "exclude each other"),
        (("--workload", KILLED, "--idle", "10m"), "--idle goes with --all-over"),
        (("--all-over", "--idle", "soon", "--confirm", "emulated"), "'soon' is not a length"),
        (("--workload", KILLED, "--confirm", "other"), "--confirm other is not the cloud"),
        (("--workload", "5a3b1c22"), "'5a3b1c22' is not a uuid"),
        (("--task", "killed"), "'killed' is not a uuid"),
        (("--workload", KILLED, "--rally-report", "x"), "--rally-report goes with --task"),
        (("--task", TASK, "--rally-command", "'"), "--rally-command cannot be understood"),
        (("--workload", KILLED, "--scope", "servers"), "invalid choice: 'servers'"),
        (("--plan", "x", "--scope", "context"), "the plan is made already"),
        (("--plan", "../../etc"), "there is no sweep '../../etc'"),
        (("--every", "--confirm", "emulated"), "unrecognized arguments: --every"),
    ],
)
def test_what_makes_no_sense_is_refused(console, cloud, words, said):
    """A wrong command line is one line that says what is wrong, and does nothing."""
    assert said in console.quietly("sweep", "start", *words).error
    assert not cloud.requests.entries("DELETE")


def test_a_task_that_the_report_does_not_know_is_an_error(console, cloud):
    """Finding nothing because nobody told the workloads is not success."""
    report = console.write_report(OTHER_TASK, KILLED)
    words = ("sweep", "start", "--task", TASK, "--rally-report", report)
    error = console.quietly(*words).error
    assert f"the workloads of task {TASK} are not known" in error
    assert f"the report knows only {OTHER_TASK}" in error
    assert "--workload" in error
    assert not cloud.requests.entries()


def test_a_task_that_nobody_can_expand_is_an_error(console, cloud):
    """Without rally and without a report, the message says what to give."""
    error = console.quietly("sweep", "start", "--task", TASK).error
    assert "'rally' cannot be started: No such file or directory" in error
    assert "--rally-report" in error
    assert not cloud.requests.entries()


def test_a_task_without_workloads_left_nothing(console, cloud, scene):
    """A task that was killed before its first workload is known, and has only its own uuid."""
    report = console.write_report(TASK)
    ended = console.here("sweep", "start", "--task", TASK, "--rally-report", report)
    assert ended.code == 0
    assert f"task {TASK} (Rally says running): 0 workloads" in ended.err
    assert not scene.killed.missing(cloud)


def test_sweeps_are_listed(console):
    """Each sweep and dry run is one row, the latest last."""
    assert console.here("sweep", "list").code == 0
    assert "there is no sweep yet" in console.quietly("sweep", "show").error
    console.here("sweep", "start", "--workload", RUNNING, "--dry-run")
    console.here("sweep", "start", "--workload", KILLED)
    rows = console.here("sweep", "list", "-f", "json").json
    assert [(row["State"], row["Planned"], row["Left"]) for row in rows] == [
        ("planned", 51, None),
        ("done", 85, 0),
    ]
    shown = console.here("sweep", "show", rows[1]["ID"], "-f", "json")
    assert (shown.code, shown.json["ID"], shown.json["Gone"]) == (0, rows[1]["ID"], 85)
    assert "there is no sweep" in console.quietly("sweep", "show", "nonesuch").error


def test_a_state_directory_can_be_chosen(console, tmp_path):
    """Sweeps are kept where the operator wants them."""
    words = ("sweep", "start", "--workload", KILLED, "--dry-run")
    console.here(*words, "--state-dir", str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "cleanupd.sqlite").exists()
    (tmp_path / "file").touch()
    error = console.quietly(*words, "--state-dir", str(tmp_path / "file")).error
    assert "cannot be used" in error


def test_a_large_plan_is_shown_in_part(cloud, console):
    """Of many resources some of each kind are shown, and all if that is asked for."""
    scenes.killed_benchmark(cloud, "b16b16b1" + KILLED[8:], scenes.Plan(tenants=4))
    words = ("sweep", "start", "--dry-run", "--workload", "b16b16b1" + KILLED[8:])
    short = console.here(*words).out
    assert " more: --long shows all" in short
    assert len(console.here(*words, "--long").out.splitlines()) > len(short.splitlines())


def test_ctrl_c_ends_a_sweep_in_order(cloud, console, scene):
    """What is under way is awaited, nothing new begins, the journal tells; the code is not 0."""
    cloud.settings.delete_delay_s = 3600.0
    process = subprocess.Popen(
        [*COMMAND, "sweep", "start", "--workload", KILLED, "--os-cloud", "emulated"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not cloud.requests.entries("DELETE", "/servers/") and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "stopping after what is under way" in err
    assert "it was stopped" in err
    assert "Traceback" not in err
    scene.assert_untouched(cloud)
    assert console.here("sweep", "list", "-f", "json").json[-1]["State"] == "failed"


def test_whoever_may_not_see_all_plans_and_gets_no_role(console, cloud, scene):
    """A member is told why the plan has nothing; nothing is asked for but what is there."""
    words = ("sweep", "start", "--workload", KILLED, "--dry-run", "--os-cloud", "emulated-member")
    ended = console.run(*words, "-f", "json")
    assert ended.code == 1
    assert ended.json["Planned"] == 0
    assert "the token lacks the role admin" in ended.err + ended.out
    assert not cloud.requests.changes()
    assert not scene.killed.missing(cloud)
