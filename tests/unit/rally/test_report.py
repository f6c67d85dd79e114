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

"""Which workloads a task has, as Rally's reports tell."""

import json
import pathlib
import sys

import pytest

from cleanupd import exceptions
from cleanupd.rally import report

TASK = "8509d909-1229-4191-b167-01d08533bb99"
OTHER = "8509d909-1229-4191-b167-01d08533bb98"
FIRST = "e890bf32-6fa8-4722-a2fa-d68760676d8a"
SECOND = "2d55f04c-7de2-438c-8403-d174f4ece475"

#: A task that was killed in its second workload, as Rally 5.1.1 reports it.
SAMPLE = pathlib.Path(__file__).parents[2] / "samples" / "rally" / "killed-task.json"


def write(folder, *tasks):
    """Write a report of tasks, each a uuid with its workloads, and return its path."""
    path = folder / f"{len(list(folder.iterdir()))}.json"
    told = [
        {"uuid": uuid, "subtasks": [{"workloads": [{"uuid": one} for one in workloads]}]}
        for uuid, workloads in tasks
    ]
    path.write_text(json.dumps({"tasks": told}))
    return path


def uuids(task):
    """Return the uuids of the workloads of a task."""
    return [workload.uuid for workload in task.workloads]


def make_rally(folder, code):
    """Return a command that runs Python code in place of rally."""
    path = folder / "rally.py"
    path.write_text(f"import sys, shutil\n{code}\n")
    return [sys.executable, str(path)]


def test_the_report_of_a_killed_task_has_all_workloads_that_were_begun():
    """What Rally reports of a killed task is read as it is."""
    (task,) = report.read_files([TASK], [SAMPLE])
    assert task.status == "running"
    assert uuids(task) == [FIRST, SECOND]
    assert task.workloads[0].scenario_name == "Dummy.dummy"


def test_only_the_tasks_asked_for_are_returned(tmp_path):
    """A report may tell of more tasks than anybody asked for."""
    path = write(tmp_path, (TASK, [FIRST]), (OTHER, [SECOND]))
    (task,) = report.read_files([OTHER], [path])
    assert uuids(task) == [SECOND]


def test_several_reports_are_put_together(tmp_path):
    """An older and a newer report of a task tell all workloads together."""
    paths = [write(tmp_path, (TASK, [FIRST])), write(tmp_path, (TASK, [FIRST, SECOND]))]
    (task,) = report.read_files([TASK], paths)
    assert set(uuids(task)) == {FIRST, SECOND}


def test_a_task_without_workloads_is_known(tmp_path):
    """A task that was killed before its first workload has none."""
    (task,) = report.read_files([TASK], [write(tmp_path, (TASK, []))])
    assert task.workloads == ()


def test_a_scenario_may_have_no_name(tmp_path):
    """A report that lacks what only people read is good enough."""
    (task,) = report.read_files([TASK], [write(tmp_path, (TASK, [FIRST]))])
    assert task.workloads[0].scenario_name == ""


@pytest.mark.parametrize("known", [[], [(OTHER, [FIRST])]])
def test_a_task_that_no_report_knows_is_refused(tmp_path, known):
    """The message says what the report knows and what to do."""
    with pytest.raises(exceptions.TaskNotExpanded, match="--rally-report") as caught:
        report.read_files([TASK], [write(tmp_path, *known)])
    assert caught.value.task == TASK
    assert (OTHER in str(caught.value)) == bool(known)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"tasks": 1}', '{"tasks": [{"uuid": "x"}]}'])
def test_what_is_no_report_is_refused(tmp_path, content):
    """A file that Rally did not write is named."""
    path = tmp_path / "wrong.json"
    path.write_text(content)
    with pytest.raises(exceptions.UsageError, match=r"wrong\.json is not what `rally task report"):
        report.read_files([TASK], [path])


def test_a_file_that_is_missing_is_refused(tmp_path):
    """A report that cannot be read is named with the reason."""
    with pytest.raises(exceptions.UsageError, match="cannot be read: No such file"):
        report.read_files([TASK], [tmp_path / "none.json"])


def test_rally_is_asked(tmp_path):
    """What rally writes to the file that it is given is read."""
    path = write(tmp_path, (TASK, [FIRST]))
    expected = ["task", "report", "--json", "--uuid", TASK, "--out"]
    code = f"assert sys.argv[1:-1] == {expected}; shutil.copy({str(path)!r}, sys.argv[-1])"
    (task,) = report.ask_rally([TASK], make_rally(tmp_path, code))
    assert uuids(task) == [FIRST]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.exit('log line\\nRecord for uuid not found')", "failed: Record for uuid not found"),
        ("sys.exit(203)", "failed: it says nothing"),
        ("print('done')", "wrote no report"),
        ("open(sys.argv[-1], 'w').write('{}')", "wrote no report"),
        ("open(sys.argv[-1], 'w').write('{\"tasks\": []}')", "the report has no task"),
    ],
)
def test_a_rally_that_tells_nothing_is_an_error(tmp_path, code, said):
    """Whatever goes wrong, the task is not taken for one without workloads."""
    with pytest.raises(exceptions.TaskNotExpanded, match=said):
        report.ask_rally([TASK], make_rally(tmp_path, code))


def test_a_rally_that_is_not_there_is_an_error(tmp_path):
    """The message names what could not be started."""
    with pytest.raises(exceptions.TaskNotExpanded, match="cannot be started: No such file"):
        report.ask_rally([TASK], [str(tmp_path / "rally")])


def test_a_rally_that_does_not_answer_is_given_up(tmp_path):
    """Nobody waits for ever."""
    command = make_rally(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(exceptions.TaskNotExpanded, match="gave no answer within 0 s"):
        report.ask_rally([TASK], command, timeout_s=0.2)
