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
"""The parts of the sandbox's tool that could do harm, and those that read what people write."""

import dataclasses
import json
import pathlib
import subprocess

from controlplane import conditions
from controlplane import databases
from controlplane import errors
from controlplane import graph
from controlplane import layout
from controlplane import processes
from controlplane import rally_database
from controlplane import services
from controlplane import templates
import pytest

SLEEP = ["sleep", "1000"]


@pytest.fixture
def table(tmp_path: pathlib.Path) -> processes.Table:
    """Processes of an empty home."""
    folders = layout.Layout(tmp_path)
    folders.create()
    return processes.Table(folders)


def start(table: processes.Table, name: str, command: list[str]) -> subprocess.Popen[bytes]:
    """The command runs as a process of the table."""
    return table.start(name, command, table.folders.environment(), "")


def test_started_process_is_known_and_stopped(table: processes.Table) -> None:
    """What was started runs until it is stopped, and is then forgotten."""
    process = start(table, "one", SLEEP)
    assert table.is_running("one")
    table.stop("one")
    assert process.wait(timeout=5) < 0
    assert table.names() == []


def test_reused_pid_is_left_alone(table: processes.Table) -> None:
    """A file with the pid of a process that started at another moment stops nobody."""
    with subprocess.Popen(SLEEP, start_new_session=True) as stranger:
        record = processes.Record("one", stranger.pid, 1, processes.boot_id(), "")
        path = table.folders.run / "one.json"
        path.write_text(json.dumps(dataclasses.asdict(record)))
        assert not table.is_running("one")
        table.stop("one")
        assert stranger.poll() is None
        stranger.kill()
    assert table.names() == []


def test_process_of_another_boot_is_left_alone(table: processes.Table) -> None:
    """A file that a reboot has outdated stops nobody, even if all numbers agree."""
    process = start(table, "one", SLEEP)
    path = table.folders.run / "one.json"
    path.write_text(path.read_text().replace(processes.boot_id(), "another"))
    table.stop("one")
    assert process.poll() is None
    process.kill()
    process.wait(timeout=5)


def test_broken_file_is_no_process(table: processes.Table) -> None:
    """A file that cannot be read counts as nothing running."""
    (table.folders.run / "one.json").write_text("{")
    assert not table.is_running("one")
    table.stop("one")


def test_orphans_of_a_killed_leader_are_stopped(table: processes.Table) -> None:
    """What a killed process left in its session is found and killed."""
    leader = start(table, "one", ["sh", "-c", "sleep 1000 & echo $!; wait"])
    log = table.log("one")
    while not log.read_text():
        pass
    orphan = int(log.read_text())
    leader.kill()
    leader.wait(timeout=5)
    assert not table.is_running("one")
    assert processes.read_stat(orphan) is not None
    table.stop("one", grace_s=0.1)
    assert processes.read_stat(orphan) is None


def test_unknown_name_in_a_template_is_an_error() -> None:
    """A template never gets an empty text for a name that does not exist."""
    with pytest.raises(errors.SandboxError, match="@missing@"):
        templates.render("a = @missing@", {})


def test_fragment_is_inserted_with_its_own_values() -> None:
    """An included fragment sees the including line's values before all others."""
    values = {"password": "p", "region": "r", "keystone.url": "k", "user": "outer"}
    text = templates.render("[a]\n@include credentials user=inner@\n[b]\n", values)
    assert "username = inner\n" in text
    assert text.startswith("[a]\nauth_type = password\n")
    assert text.endswith("region_name = r\n[b]\n")


@pytest.mark.parametrize("text", ["", "nonsense", "server", "server>=", "running>=1", "a>=1"])
def test_condition_that_is_not_understood_is_refused(text: str) -> None:
    """Every term has to be one of those that the message lists."""
    with pytest.raises(errors.SandboxError, match="not a condition"):
        conditions.parse(text)


def test_all_terms_of_a_condition_must_hold() -> None:
    """One term that is false makes the condition false."""
    terms = conditions.parse("running,iterations>=2")
    assert conditions.holds(terms, rally_database.Progress("running", iterations=2))
    assert not conditions.holds(terms, rally_database.Progress("running", iterations=1))
    assert not conditions.holds(terms, rally_database.Progress("finished", iterations=2))


def test_task_of_an_unknown_workload_has_no_resources() -> None:
    """A workload that does not exist owns nothing, of whatever kind; each query is valid SQL."""
    workloads = ["00000000-0000-0000-0000-000000000000", "00000001-0000-0000-0000-000000000000"]
    counts = {kind: conditions.count_resources(kind, workloads) for kind in conditions.KINDS}
    assert counts == dict.fromkeys(conditions.KINDS, 0)


def test_failed_step_stops_those_that_need_it() -> None:
    """A step whose need failed does not run, and the failure is the one that is raised."""
    done = []

    def fail() -> None:
        raise errors.SandboxError("first")

    steps = graph.Graph(quiet=True)
    steps.add("a", fail)
    steps.add("b", lambda: done.append("b"), ["a"])
    with pytest.raises(errors.SandboxError, match="first"):
        steps.run()
    assert done == []


def test_every_service_has_a_dump_of_its_present_versions(tmp_path: pathlib.Path) -> None:
    """No service falls back to migrations: "sandbox dump" was run after the last change."""
    folders = layout.Layout(tmp_path)
    known, _ = services.load(folders)
    stale = [
        name
        for name, service in known.items()
        if service.databases and databases.find_dump(folders, service) is None
    ]
    assert stale == []
