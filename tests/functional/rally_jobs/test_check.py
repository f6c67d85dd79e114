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

"""The check of folders of Rally jobs, right ones, wrong ones and hostile ones."""

import os
import pathlib
import resource
import time

import pytest

from cleanupd import exceptions
from cleanupd.rally_jobs import check
from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import folder
from cleanupd.rally_jobs import reports
from cleanupd.rally_jobs import rules
from tests.functional.rally_jobs import folders

pytestmark = pytest.mark.functional

#: Rules that need more than other files in the folder; each has a test of its own below.
ELSEWHERE = {
    "file-link",
    "file-special",
    "folder-name",
    "no-task",
    "rally-refuses",
    "readme-missing",
}


def _rules(report: findings.Report) -> list[str]:
    return [one.rule for one in report.findings]


def test_a_right_folder_has_no_findings(tmp_path: pathlib.Path) -> None:
    """A folder in which nothing is wrong is accepted, and its task is named."""
    report = check.check(folders.write(tmp_path, folders.RIGHT))
    assert report.findings == ()
    assert report.tasks == ("rally-jobs/task-nova.yaml",)
    assert not report.is_refused


@pytest.mark.parametrize("wrong", folders.WRONG, ids=lambda one: f"{one.rule}-{one.where}")
def test_a_wrong_folder_is_refused_by_its_rule(
    tmp_path: pathlib.Path, wrong: folders.Wrong
) -> None:
    """What is wrong is found by the rule for it, at its line, with a remedy."""
    report = check.check(folders.write(tmp_path, {**folders.RIGHT, **wrong.files}))
    found = [(one.rule, one.path, one.line) for one in report.findings]
    assert (wrong.rule, wrong.where, wrong.line) in found
    assert all(one.mend and one.message for one in report.findings)
    is_note = rules.RULES[wrong.rule].level is findings.Level.NOTE
    assert report.is_refused or is_note


def test_every_rule_is_tried() -> None:
    """There is no rule without a folder that breaks it."""
    assert {one.rule for one in folders.WRONG} | ELSEWHERE == set(rules.RULES)


def test_a_link_out_of_the_tree_is_not_followed(tmp_path: pathlib.Path) -> None:
    """A symbolic link is named and what it points to is not read."""
    secret = tmp_path / "secret.yaml"
    secret.write_text("secret: 1\n")
    root = folders.write(tmp_path / "repository", folders.RIGHT)
    (root / "rally-jobs" / "task-b.yaml").symlink_to(secret)
    (root / "rally-jobs" / "extra").symlink_to(tmp_path)
    report = check.check(root)
    assert _rules(report) == ["file-link", "file-link"]
    assert [one.path for one in report.findings] == ["rally-jobs/extra", "rally-jobs/task-b.yaml"]


def test_a_linked_folder_is_not_followed(tmp_path: pathlib.Path) -> None:
    """Where rally-jobs itself is a symbolic link, that is all that is told."""
    other = folders.write(tmp_path / "other", folders.RIGHT)
    root = tmp_path / "repository"
    root.mkdir()
    (root / "rally-jobs").symlink_to(other / "rally-jobs")
    assert _rules(check.check(root)) == ["file-link"]


def test_a_pipe_is_not_opened(tmp_path: pathlib.Path) -> None:
    """A pipe, which would block whoever reads it, is refused at once."""
    root = folders.write(tmp_path, folders.RIGHT)
    os.mkfifo(root / "rally-jobs" / "pipe.yaml")
    assert _rules(check.check(root)) == ["file-special"]


def test_the_old_name_is_noted(tmp_path: pathlib.Path) -> None:
    """A folder rally-scenarios is checked, and its name noted."""
    files = {
        name.replace("rally-jobs", "rally-scenarios"): one for name, one in folders.RIGHT.items()
    }
    report = check.check(folders.write(tmp_path, files))
    assert "folder-name" in _rules(report)
    assert report.tasks == ("rally-scenarios/task-nova.yaml",)


def test_a_folder_without_a_task_is_refused(tmp_path: pathlib.Path) -> None:
    """A folder without a task, and without a README, says both."""
    (tmp_path / "rally-jobs").mkdir()
    assert _rules(check.check(tmp_path)) == ["no-task", "readme-missing"]


def test_arguments_of_a_task_are_no_task(tmp_path: pathlib.Path) -> None:
    """A file that only names values for templates is passed over."""
    files = {**folders.RIGHT, "rally-jobs/args.yaml": "image_name: cirros\ntimes: [1, 2]\n"}
    assert check.check(folders.write(tmp_path, files)).findings == ()


def test_a_single_file_is_checked_alone(tmp_path: pathlib.Path) -> None:
    """Of a single task file neither README nor job is asked for."""
    root = folders.write(tmp_path, {"task.yaml": folders.TASK, "other.yaml": "a: b: c"})
    report = check.check(root / "task.yaml")
    assert report.findings == ()
    assert report.tasks == ("task.yaml",)


def test_a_path_that_is_not_there_is_an_error(tmp_path: pathlib.Path) -> None:
    """A path that is not there is the caller's mistake, not a finding."""
    with pytest.raises(exceptions.UsageError, match="cannot be read"):
        check.check(tmp_path / "absent")


def test_ignored_rules_find_nothing(tmp_path: pathlib.Path) -> None:
    """What the caller ignores is left out."""
    root = folders.write(tmp_path, {"rally-jobs/task-nova.yaml": folders.TASK})
    assert check.check(root, ignored={"readme-missing"}).findings == ()


def test_a_plugin_of_the_folder_is_known(tmp_path: pathlib.Path) -> None:
    """A scenario of the folder's own is known with its arguments and its actions."""
    text = (
        "from rally.task import atomic\nfrom rally.task import scenario\n"
        "@scenario.configure(name='Own.do', platform='openstack')\n"
        "class Do(scenario.Scenario):\n"
        "    def run(self, much, times=1):\n"
        "        with atomic.ActionTimer(self, 'own.do'):\n            pass\n"
    )
    slas = "{failure_rate: {max: 0}, max_avg_duration_per_atomic: {own.do: 1, own.don: 1}}"
    task = folders.scenario("{Own.do: {tims: 2}}", slas=slas)
    root = folders.write(tmp_path, {**folders.RIGHT, **folders.plugin(text), **task})
    report = check.check(root)
    assert _rules(report) == ["argument-missing", "argument-unknown", "sla-dead-action"]
    assert report.findings[2].mend == "did you mean own.do?"


def test_lines_are_those_of_the_template(tmp_path: pathlib.Path) -> None:
    """What a loop renders several times is found at the line of the template."""
    text = (
        "{% set names = names or ['a', 'b'] %}\nversion: 2\ntitle: t\nsubtasks:\n"
        "{% for name in names %}\n  - title: {{ name }}\n"
        "    scenario:\n      No.such: {}\n{% endfor %}\n"
    )
    root = folders.write(tmp_path, {**folders.RIGHT, "rally-jobs/task-nova.yaml": text})
    found = [one for one in check.check(root).findings if one.rule == "scenario-unknown"]
    assert [one.line for one in found] == [8]


HOSTILE = {
    "popen": "# {{{{ cycler.__init__.__globals__.os.popen('touch {mark}').read() }}}}\n",
    "attr": "{{{{ ''|attr('__class__')|attr('mro') }}}}{mark}\n",
    "format": "{{{{ '{{0.__class__}}'.format(1) }}}}{mark}\n",
    "python": "a: !!python/object/apply:os.system ['touch {mark}']\n",
    "loop": "{{% for i in range(99999) %}}{{% for j in range(99999) %}}{mark}{{% endfor %}}"
    "{{% endfor %}}",
    "silent": "{{% for i in range(99999) %}}{{% for j in range(99999) %}}{{% endfor %}}"
    "{{% endfor %}}{mark}",
    "power": "{{{{ 10 ** (10 ** 9) }}}}{mark}",
    "memory": "{{{{ 'x' * 10**11 }}}}{mark}",
    "nesting": "---\n# {mark}\n" + "[" * 100_000,
    "values": "{mark}: [" + "x," * 100_000 + "]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_task_is_refused_and_runs_nothing(tmp_path: pathlib.Path, name: str) -> None:
    """A task that attacks whoever renders or reads it is refused, soon, and nothing is run."""
    mark = tmp_path / "mark"
    text = HOSTILE[name].format(mark=mark)
    root = folders.write(tmp_path, {**folders.RIGHT, "rally-jobs/task-nova.yaml": text})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = check.check(root)
    assert report.is_refused
    assert not mark.exists()
    assert {"jinja-forbidden", "jinja-runaway", "yaml-syntax", "yaml-bomb"} & set(_rules(report))
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 200 * 1024


@pytest.mark.parametrize(
    "text",
    ["-" * 200_000 + "1", "(" * 5_000, "a." * 100_000 + "b", "x = " + "1+" * 50_000 + "1"],
    ids=["signs", "parentheses", "attributes", "sums"],
)
def test_a_hostile_plugin_is_refused(tmp_path: pathlib.Path, text: str) -> None:
    """A plugin that takes the parser's stack is refused, and the parser survives."""
    root = folders.write(tmp_path, {**folders.RIGHT, **folders.plugin(text)})
    assert _rules(check.check(root)) == ["plugin-syntax"]


def test_too_many_tasks_are_refused(tmp_path: pathlib.Path) -> None:
    """Of a folder with more tasks than anybody has the first are checked."""
    many = {f"rally-jobs/task-{i:03}.yaml": "a: 1\n" for i in range(folder.MOST_TASKS + 1)}
    report = check.check(folders.write(tmp_path, {**folders.RIGHT, **many}))
    assert "folder-too-large" in _rules(report)


def test_too_many_files_are_refused(tmp_path: pathlib.Path) -> None:
    """Of a folder with more files than anybody has the first are looked at."""
    root = folders.write(tmp_path, folders.RIGHT)
    (root / "rally-jobs" / "extra").mkdir()
    for i in range(folder.MOST_ENTRIES + 1):
        (root / "rally-jobs" / "extra" / str(i)).touch()
    assert _rules(check.check(root)) == ["folder-too-large"]


def test_a_hostile_file_of_jobs_is_passed_over(tmp_path: pathlib.Path) -> None:
    """Zuul's file may be a bomb or a link: it is not followed, and what is left is checked."""
    bomb = {".zuul.yaml": "- a: &a [*a]\n"}
    assert check.check(folders.write(tmp_path / "a", {**folders.RIGHT, **bomb})).tasks
    root = folders.write(tmp_path / "b", folders.RIGHT)
    (root / ".zuul.yaml").unlink()
    (root / ".zuul.yaml").symlink_to("/etc/passwd")
    assert "file-link" in _rules(check.check(root))


def test_a_bomb_of_aliases_is_refused(tmp_path: pathlib.Path) -> None:
    """Aliases of aliases, which stand for billions of values, are counted and not built."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    files = {**folders.RIGHT, "rally-jobs/task-nova.yaml": "\n".join(lines)}
    assert "yaml-bomb" in _rules(check.check(folders.write(tmp_path, files)))


def test_a_huge_sparse_file_is_not_read(tmp_path: pathlib.Path) -> None:
    """A file of a terabyte costs no more than its name, in extra as beside the tasks."""
    root = folders.write(tmp_path, folders.RIGHT)
    for name in ("extra/image.qcow2", "task-huge.yaml"):
        path = root / "rally-jobs" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as stream:
            stream.truncate(2**40)
    started = time.monotonic()
    report = check.check(root)
    assert _rules(report) == ["file-too-large", "file-too-large"]
    assert time.monotonic() - started < 60  # not a speed: it ends at all


def test_findings_of_one_file_have_an_end(tmp_path: pathlib.Path) -> None:
    """A file with thousands of faults is reported by the first of them."""
    text = "version: 2\ntitle: t\nsubtasks:\n" + "  - {title: t, scenario: {No.such: {}}}\n" * 900
    files = {**folders.RIGHT, "rally-jobs/task-nova.yaml": text}
    report = check.check(folders.write(tmp_path, files))
    assert len(report.findings) == check.MOST_OF_A_FILE


def test_a_repository_without_the_folder_is_told_so(tmp_path: pathlib.Path) -> None:
    """Of a repository without Rally jobs nothing else is taken for such."""
    files = {
        "setup.cfg": "[metadata]\nname = nova\n",
        ".pre-commit-config.yaml": "repos:\n  - repo: local\n",
        "nova/odd.py": "import rally.no_such\n",
    }
    report = check.check(folders.write(tmp_path, files))
    assert _rules(report) == ["no-task"]
    assert report.path_of(report.findings[0]) == str(tmp_path)


def test_a_scenario_that_is_a_number_is_unknown(tmp_path: pathlib.Path) -> None:
    """A key that is no text, which Rally's schemas break on, is read as one."""
    root = folders.write(tmp_path, {**folders.RIGHT, **folders.scenario("{1: {}}")})
    report = check.check(root)
    assert _rules(report) == ["scenario-unknown"]
    assert report.findings[0].message == "there is no scenario '1'"


def test_a_template_with_thousands_of_variables_is_refused(tmp_path: pathlib.Path) -> None:
    """Each variable's default is searched for in all of a file, so there may not be too many."""
    text = folders.TASK + "".join(f"# {{{{ a{i} }}}}\n" for i in range(10_000))
    root = folders.write(tmp_path, {**folders.RIGHT, "rally-jobs/task-nova.yaml": text})
    assert _rules(check.check(root)) == ["jinja-runaway"]


def test_filters_of_jinja_work_in_the_sandbox(tmp_path: pathlib.Path) -> None:
    """Filters that Python loads late are rendered, though the process may open no file."""
    filters = "# {{ '<b>a</b>' | striptags | wordwrap | pprint }}{{ lipsum(1) | length }}\n"
    files = {**folders.RIGHT, "rally-jobs/task-nova.yaml": folders.TASK + filters}
    assert check.check(folders.write(tmp_path, files)).findings == ()


def test_a_name_of_two_lines_is_told_in_one(tmp_path: pathlib.Path) -> None:
    """The name of a file can't forge a line of the report."""
    root = folders.write(tmp_path, folders.RIGHT)
    (root / "rally-jobs" / "a\n::error::b.yaml").write_text("[")
    text = reports.as_text(check.check(root))
    assert not [line for line in text.splitlines() if line.startswith("::")]
    assert "a\\n::error::b.yaml:" in text
