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

"""The commands that look at a cloud and change nothing."""

import csv
import io
import re

import pytest

from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes.demo import KILLED
from tests.emulator.scenes.demo import RUNNING
from tests.functional import console as consoles

pytestmark = pytest.mark.functional

TASK = "7d3e9f10-52c4-4e1b-a86f-0b9c8d7e6f5a"


@pytest.fixture
def scene():
    """Give the emulated cloud and what lives there."""
    cloud = emulator.Cloud()
    return cloud, scenes.demo(cloud)


@pytest.fixture
def console(scene, tmp_path, monkeypatch, capsys):
    """Give a console on the demo's cloud, which must be as it was afterwards."""
    cloud, _ = scene
    made = consoles.make_console(cloud, tmp_path, monkeypatch, capsys)
    with emulator.running(cloud) as url:
        made.describe(url)
        yield made
    assert not cloud.requests.changes()


def ids(rows):
    """Return the ids of rows, a keypair's as the emulator spells it."""
    return {row["ID"].replace("/", ":") for row in rows}


def test_leaks_are_those_of_all_benchmarks(console, scene):
    """Without a selection, the resources of the killed and of the running one are listed."""
    ended = console.here("leaks", "list", "-f", "json")
    _, scene = scene
    assert ended.code == 2
    assert ids(ended.json) == scene.killed.ids() | scene.running.ids()
    assert {row["State"] for row in ended.json} == {"leak"}
    assert all(row["Evidence"] for row in ended.json)


def test_leaks_of_a_workload_are_its_own(console, scene):
    """Of a named workload only its resources are listed."""
    ended = console.here("leaks", "list", "-f", "json", "--workload", KILLED)
    assert ids(ended.json) == scene[1].killed.ids()


@pytest.mark.parametrize("format_", ["csv", "json", "table", "value", "yaml"])
def test_every_leak_is_explained(console, scene, format_):
    """In every format, with the same words as the list has for its evidence."""
    listed = {row["Kind"]: row for row in console.here("leaks", "list", "-f", "json").json}
    row = listed["network.port"]
    ended = console.here("leaks", "explain", row["Kind"], row["ID"], "-f", format_)
    assert ended.code == 2
    shown = " ".join(ended.out.split()).replace("\n", " ")
    assert all(says in shown for says in row["Evidence"])


def test_a_chain_leads_to_the_name(console):
    """For machines each link has its resource, and the last one a benchmark's name."""
    listed = console.here("leaks", "list", "-f", "json").json
    chains = {}
    for kind in {row["Kind"] for row in listed}:
        row = max((r for r in listed if r["Kind"] == kind), key=lambda r: len(r["Evidence"]))
        told = console.quietly("leaks", "explain", kind, row["ID"], "-f", "json").json
        assert (told["Kind"], told["ID"], told["State"]) == (kind, row["ID"], row["State"])
        chains[kind] = told["Chain"]
    assert {link["ID"] for chain in chains.values() for link in chain[1:]}
    for chain in chains.values():
        assert "_rally_" in chain[-1]["Name"]
        assert "name of workload" in chain[-1]["Says"]


def test_what_is_foreign_is_explained_too(console, scene):
    """It is told what each link lacks, and that is no leak."""
    legitimate = scene[1].legitimate.ids()
    shown = console.here("model", "show", "compute.server", "-f", "json").json
    server = next(row["ID"] for row in shown if row["ID"] in legitimate)
    ended = console.here("leaks", "explain", "compute.server", server, "-f", "json")
    assert (ended.code, ended.json["State"], ended.json["Workload"]) == (0, "foreign", None)
    said = [link["Says"] for link in ended.json["Chain"]]
    assert any("name" in one for one in said)
    assert any("project" in one for one in said)


def test_what_is_not_there_cannot_be_explained(console):
    """A kind or an id that there is not is an error of one line."""
    assert (
        "there is no kind 'network.prot'"
        in console.quietly("leaks", "explain", "network.prot", "x").error
    )
    assert (
        "network.port x is not there"
        in console.quietly("leaks", "explain", "network.port", "x").error
    )


def test_leaks_of_a_task_are_those_of_its_workloads(console, scene):
    """A task means the workloads that its report tells, and it is told which they are."""
    report = console.write_report(TASK, KILLED)
    ended = console.here("leaks", "list", "-f", "json", "--task", TASK, "--rally-report", report)
    assert ids(ended.json) == scene[1].killed.ids()
    assert f"task {TASK} (Rally says running): 1 workload" in ended.err
    assert f"workload {KILLED}  A.b" in ended.err


def test_leaks_of_one_kind_are_judged_with_all_others(console, scene):
    """A kind or a service only filters what is shown: nothing is kept because of it."""
    ended = console.here(
        "leaks", "list", "-f", "json", "--kind", "network.port", "--kind", "image"
    )
    made = [scene[1].killed.made, scene[1].running.made]
    assert ids(ended.json) == {
        one for kinds in made for kind in ("network.port", "image.image") for one in kinds[kind]
    }
    assert {row["State"] for row in ended.json} == {"leak"}


def test_an_unknown_kind_is_refused(console):
    """A kind that there is not is an error that names those that there are."""
    error = console.quietly("leaks", "list", "--kind", "compute.sever").error
    assert "'compute.sever'" in error
    assert "compute.server" in error


def test_a_table_of_leaks_is_for_people(console):
    """In a window each resource is told with its id and why it is a benchmark's."""
    ended = console.here("leaks", "list", "--max-width", "80")
    assert ended.code == 2
    assert "its name is a scenario name" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    assert re.search(r"136 resources of 2 workloads found, \d{3} foreign", ended.err)


def test_a_table_without_a_window_has_a_line_for_each_resource(console):
    """What is piped can be searched by line."""
    ended = console.here("leaks", "list", "--workload", KILLED)
    assert len(ended.out.splitlines()) == 2 + 85


def test_every_format_has_every_leak(console):
    """CSV and plain values have a line for each resource."""
    read = csv.DictReader(io.StringIO(console.here("leaks", "list", "-f", "csv").out))
    assert len(list(read)) == 136
    values = console.here("leaks", "list", "-f", "value", "-c", "ID", "-c", "Kind")
    assert len(values.out.splitlines()) == 136
    assert len(values.out.splitlines()[0].split()) == 2
    assert console.here("leaks", "list", "-f", "yaml").out.count("- Evidence:") == 136


def test_a_column_that_there_is_not_is_refused_before_anything_is_done(console, scene):
    """A misspelt column costs no listing."""
    error = console.here("leaks", "list", "-c", "Colour").error
    assert "'Colour'" in error
    assert "Evidence" in error
    assert not scene[0].requests.entries()


def test_workloads_are_told_with_when_they_were_active(console):
    """Each workload has its scopes, its number of resources and how long it is idle."""
    ended = console.here("workloads", "list", "-f", "json")
    assert ended.code == 2
    killed, running = ended.json
    assert (killed["Workload"], running["Workload"]) == (KILLED[:8], RUNNING[:8])
    assert (killed["Resources"], running["Resources"]) == (85, 51)
    assert killed["Counts"]["compute.server"] == 6
    assert 10_000 < killed["Idle"] < 12_000
    assert killed["Scopes"] == ["context", "scenario"]
    assert len(killed["Projects"]) == 2
    table = console.here("workloads", "list", "--long")
    assert "compute.server 6" in table.out


def test_the_model_has_a_count_for_each_kind(console):
    """Each kind is told with its trust; a look that was complete is no reason to worry."""
    ended = console.here("model", "show", "-f", "json")
    assert ended.code == 0
    assert {"Kind": "compute.server", "Count": 16, "Trust": "fresh"}.items() <= next(
        row.items() for row in ended.json if row["Kind"] == "compute.server"
    )


def test_verify_tells_what_is_left(console, scene):
    """As long as a benchmark's resources are there, nothing is certified."""
    ended = console.here("verify", "-f", "json", "--workload", KILLED)
    assert ended.code == 2
    assert ended.json["Clean"] is False
    assert ids(ended.json["Resources"]) == scene[1].killed.ids()
    text = console.here("verify", "--workload", KILLED)
    assert "Still there: 85 resources" in text.out


def test_nothing_left_is_clean(console):
    """Of a workload that left nothing, there is nothing to list and all is certified."""
    other = "12345678-1234-4234-8234-123456789abc"
    assert console.here("leaks", "list", "--workload", other, "-f", "json").json == []
    ended = console.here("leaks", "list", "--workload", other)
    assert (ended.code, ended.out) == (0, "")
    certified = console.here("verify", "--workload", other)
    assert certified.code == 0
    assert "CLEAN: nothing of what was looked for is left" in certified.out


@pytest.mark.parametrize("words", [("leaks", "list"), ("workloads", "list"), ("verify",)])
def test_what_cannot_be_listed_is_wrong_and_not_clean(console, scene, words):
    """With a service that fails, a look ends with 1, whatever it found, and says why."""
    scene[0].faults.add(emulator.Fault(path="/compute/.*/servers/detail", answer=500, times=None))
    ended = console.quietly(*words, "-f", "json")
    assert ended.code == 1
    assert ended.json
    assert "warning: compute.server was not listed: compute answered 500" in ended.err


def test_a_listing_that_failed_is_no_fresh_model(console, scene):
    """The model tells which kind is not to be believed, and the code says so."""
    scene[0].faults.add(emulator.Fault(path="/servers/detail", answer=500, times=None))
    ended = console.here("model", "show", "-f", "json")
    assert ended.code == 1
    trust = {row["Kind"]: row["Trust"] for row in ended.json}
    assert trust["compute.server"] == "untrusted"
    assert trust["image.image"] == "fresh"


def test_a_member_of_one_project_certifies_nothing(console):
    """A token that may not see everything proves nothing: 1, and the reason."""
    ended = console.run("verify", "--os-cloud", "emulated-member", "-q")
    assert ended.code == 1
    assert "the token lacks the role admin" in ended.err


def test_quiet_means_quiet(console):
    """With --quiet stderr has nothing while all goes well."""
    assert console.quietly("leaks", "list").err == ""


def test_progress_can_be_shown_in_lines_and_bars(console):
    """Progress goes to stderr, in the style that is asked for."""
    shown = console.here("model", "show", "-f", "json")
    assert f"listed {sum(row['Count'] for row in shown.json)} resources" in shown.err
    kinds = len(shown.json)
    assert f"{kinds}/{kinds}" in console.here("model", "show", "--progress", "bars").err
    silent = console.here("model", "show", "--progress", "none").err
    assert silent == "cloud emulated, region RegionOne\n"


def test_the_log_can_be_asked_for(console):
    """With -vv each request is logged to stderr, and stdout stays as it is."""
    ended = console.here("model", "show", "-vv", "-f", "json")
    assert "GET compute /servers/detail" in ended.err
    assert {"compute.server", "identity.role_assignment"} < {row["Kind"] for row in ended.json}


def test_names_of_strangers_do_nothing_to_a_terminal(scene, console):
    """Control characters are shown escaped in text, and are what they are in JSON."""
    cloud, _ = scene
    inside = next(n for n in cloud["network.network"] if n["name"].startswith("c_rally_5a3b1c22"))
    with cloud.locked():
        scenes.move_in(cloud, inside)
        port = next(p for p in cloud["network.port"] if p["name"] == "shop-monitor")
        port["name"] = "shop\x1b[2J\x07\nmonitor\u202e"
    words = ("leaks", "list", "--workload", KILLED)
    for format_ in ("table", "csv", "value"):
        out = console.here(*words, "-f", format_).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert r"shop\x1b[2J\x07\nmonitor\u202e" in out.replace("\\\\", "\\")
    rows = console.here(*words, "-f", "json").json
    assert any("\x1b[2J\x07\nmonitor\u202e" in (row["Reason"] or "") for row in rows)
    assert "\x1b" not in console.here("sweep", "start", "--workload", KILLED, "--dry-run").out
