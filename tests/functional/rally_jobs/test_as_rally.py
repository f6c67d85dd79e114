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

"""The table and the check beside the real Rally of .venv-rally: both have to refuse the same."""

import json
import os
import pathlib
import subprocess
from typing import Any

import pytest
import yaml

from cleanupd import exceptions
from cleanupd.rally_jobs import check
from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import installed
from cleanupd.rally_jobs import plugins
from cleanupd.rally_jobs import refresh
from cleanupd.rally_jobs import rules
from cleanupd.rally_jobs import table
from cleanupd.rally_jobs import tasks
from cleanupd.rally_jobs import workloads
from tests.functional.rally_jobs import folders

pytestmark = [pytest.mark.functional, pytest.mark.rally, pytest.mark.timeout(600)]

ROOT = pathlib.Path(__file__).parents[3]
DEFAULT_PYTHON = ROOT / ".venv-rally" / "bin" / "python"

#: Errors that Rally doesn't have, which is why there are rules for them; and Rally checks files
#: only where it runs.
OURS = {
    "extra-missing",
    "path-outside-extra",
    "sla-dead-action",
    "sla-nested-action",
    "sla-no-failure-rate",
    "url-at-run-time",
    "yaml-duplicate-key",
}

#: Validators that only Rally has: of files where it runs, and of commands for virtual machines.
THEIRS = ("file_exists", "valid_command", "workbook_contains_workflow")


@pytest.fixture(scope="module")
def python() -> str:
    """Give the interpreter of the installed Rally; without one these tests fail."""
    found = os.environ.get("RALLY_PYTHON", str(DEFAULT_PYTHON))
    if not pathlib.Path(found).exists():
        pytest.fail(f"There is no Rally at {found}: run `make rally`.")
    return found


def _task(*workload: dict[str, Any]) -> str:
    task = {"version": 2, "title": "t", "subtasks": [{"title": "t", "workloads": list(workload)}]}
    return json.dumps(task)


def _guess(scenario: table.Scenario, name: str) -> Any:
    """Return a value that an argument may have, as far as schemas and validators tell."""
    schema = scenario.schemas.get(name, {})
    samples: dict[str, Any] = {
        "array": [],
        "object": {},
        "number": 1,
        "integer": 1,
        "boolean": True,
    }
    for kind, settings in scenario.validators:
        if kind == "enum" and settings["param_name"] == name:
            return settings["values"][0]
        if kind == "number" and settings["param_name"] == name:
            return settings.get("minval") or 1
    return samples.get(schema.get("type", "string"), "~/.rally/extra/dummy_image.qcow2")


def _variants(known: table.Table) -> dict[str, str]:
    """Return tasks of one workload each: scenarios with too few, enough and odd arguments.

    Every scenario is tried with its arguments and with odd ones, every third
    with those of other sorts too: Rally takes its time for each.
    """
    made = {}
    for i, (name, scenario) in enumerate(known.scenarios.items()):
        full = {one: _guess(scenario, one) for one in (*scenario.required, *scenario.optional)}
        required = {one: full[one] for one in scenario.required}
        cases: dict[str, Any] = {
            "none": {},
            "required": required,
            "full": full,
            "odd": {**required, "no_such_argument": 1},
            "named": {**required, "name": "n", "display_name": "n"},
            "null": dict.fromkeys(full),
            "texts": dict.fromkeys(full, "x"),
            "numbers": dict.fromkeys(full, -1),
        }
        for case in cases if i % 3 == 0 else ("full", "odd"):
            given = cases[case]
            made[f"{name} {case}"] = _task({"scenario": {name: given}})
        every = {"volumes": {"size": 1}, "volume_types": ["a"], "images": {"image_url": "x"}}
        made[f"{name} contexts"] = _task({"scenario": {name: full}, "contexts": every})
    return made


_DUMMY = {"Dummy.openstack": {}}
_PARTS: dict[str, list[Any]] = {
    "contexts": [
        {"users": {}},
        {"users": {"tenants": 0}},
        {"users@openstack": {"tenants": 1, "users_per_tenant": 1}},
        {"users": {"tenant": 1}},
        {"cleanup": ["nova"]},
        {"roles": ["admin"]},
        {"roles": {}},
        {"network": {}},
        {"network": {"networks_per_tenant": "1"}},
        {"quotas": {"nova": {"instances": -1}}},
        {"quotas": {"neutron": {"networks": -1}}},
        {"quotas": {"heat": {"stacks": -1}}},
        {"quotas": {"cinder": {"volumes": -2}}},
        {"allow_ssh": None},
        {"allow_ssh": {}},
        {"flavors": [{"name": "a", "ram": 1}]},
        {"no_such": {}},
        {"api_versions": {"nova": {"version": 2.1}}},
        {"images": {"image_url": "x", "disk_format": "raw", "container_format": "bare"}},
        [],
        None,
    ],
    "runner": [
        {"constant": {"times": 1, "concurrency": 1}},
        {"constant": {"times": 1, "concurrency": 2}},
        {"constant": {"times": "1"}},
        {"constant": {}},
        {"serial": {"times": 0}},
        {"rps": {"times": 1, "rps": 1}},
        {"rps": {"times": 1, "rps": {"start": 3, "end": 1, "step": 1}}},
        {"rps": {"times": 1}},
        {"constant_for_duration": {"duration": 1}},
        {"no_such": {}},
        {"serial": {}, "constant": {}},
        {},
        {"constant": []},
    ],
    "sla": [
        {"failure_rate": {"max": 0}},
        {"failure_rate": {"max": 101}},
        {"failure_rate": 0},
        {"max_avg_duration": 1},
        {"max_avg_duration": 0},
        {"max_seconds_per_iteration": 1},
        {"max_avg_duration_per_atomic": {}},
        {"max_avg_duration_per_atomic": {"a": "1"}},
        {"outliers": {"max": 1}},
        {"outliers": {"maximum": 1}},
        {"performance_degradation": {}},
        {"no_such": 1},
        {},
        None,
    ],
    "hooks": [
        [{"action": {"sys_call": "true"}, "trigger": {"event": {"unit": "time", "at": [1]}}}],
        [{"action": {"sys_call": 1}, "trigger": {"event": {"unit": "time", "at": [1]}}}],
        [{"action": {"sys_call": "true"}, "trigger": {"event": {"unit": "day", "at": [1]}}}],
        [{"action": {"no_such": "true"}, "trigger": {"event": {"unit": "time", "at": [1]}}}],
        [{"action": {"sys_call": "true"}, "trigger": {"no_such": {}}}],
        [{"action": {"sys_call": "true"}}],
        [{"trigger": {"periodic": {"unit": "iteration", "step": 1}}}],
        {},
    ],
    "context": [{}],
    "args": [{}],
    "title": ["t"],
    "description": ["t", 1],
}

WHOLE = {
    "empty": "",
    "list": "[]",
    "text": "text",
    "no title": '{"version": 2, "subtasks": []}',
    "odd key": '{"version": 2, "title": "t", "subtasks": [], "author": "me"}',
    "no subtasks": '{"version": 2, "title": "t"}',
    "subtasks of another type": '{"version": 2, "title": "t", "subtasks": {}}',
    "version 3": '{"version": 3}',
    "version as text": '{"version": "2", "title": "t", "subtasks": [{"title": "t"}]}',
    "long title": json.dumps({"version": 2, "title": "t" * 256, "subtasks": []}),
    "title of another type": '{"version": 2, "title": 1, "subtasks": []}',
    "tags": '{"version": 2, "title": "t", "tags": [1], "subtasks": []}',
    "simple": '{"version": 2, "title": "t", "subtasks": [{"title": "t", "scenario": {"A": {}}}]}',
    "simple, no title": '{"version": 2, "title": "t", "subtasks": [{"scenario": {"A": {}}}]}',
    "no workloads": '{"version": 2, "title": "t", "subtasks": [{"title": "t", "workloads": []}]}',
    "v1": '{"Dummy.openstack": [{}]}',
    "v1 with args": '{"Dummy.openstack": [{"args": {"sleep": 1}, "runner": {"type": "serial"}}]}',
    "v1, odd": '{"Dummy.openstack": [{"arguments": {}}]}',
    "v1, no type": '{"Dummy.openstack": [{"runner": {"times": 1}}]}',
    "v1, unknown": '{"Dummy.no_such": [{}]}',
    "v1, no list": '{"Dummy.openstack": {}}',
    "v1, contexts": '{"Dummy.openstack": [{"context": {"users": {"tenants": 0}}}]}',
}


def _is_refused(text: str, known: table.Table) -> bool:
    """Whether the check has an error that Rally should have, too."""
    task = tasks.take_apart(yaml.safe_load(text), known)
    issues = [
        *task.issues,
        *(i for one in task.workloads for i in workloads.find_issues(one, known)),
    ]
    return any(
        rules.RULES[one.rule].level is findings.Level.ERROR and one.rule not in OURS
        for one in issues
    )


def test_the_bundled_table_is_what_rally_tells(python: str) -> None:
    """The data file of this release is what the refresh would write from Rally 5.1.1."""
    told = installed.describe(python)
    assert told["versions"] == {"rally": "5.1.1", "rally-openstack": "4.1.0"}
    assert refresh.dump(told) == table.TOLD.read_text()


@pytest.mark.slow
def test_the_check_refuses_what_rally_refuses(python: str, tmp_path: pathlib.Path) -> None:
    """Over every scenario with arguments of eight sorts both say the same of each."""
    known = table.load()
    texts = {**_variants(known), **WHOLE}
    for part, values in _PARTS.items():
        for i, value in enumerate(values):
            texts[f"{part} {i}"] = _task({"scenario": _DUMMY, part: value})
    refused = installed.validate(python, texts, {"any": tmp_path})
    ours = {name: _is_refused(text, known) for name, text in texts.items()}
    differ = {
        name: (refused[name], is_refused)
        for name, is_refused in ours.items()
        if bool(refused[name]) != is_refused and not any(v in str(refused[name]) for v in THEIRS)
    }
    assert differ == {}
    assert 100 < sum(ours.values()) < len(ours) - 100


def test_rally_itself_imports_nothing_dead(python: str) -> None:
    """In the hundreds of files of Rally and its plugins no import is called dead."""
    script = "import rally_openstack; print(rally_openstack.__path__[0])"
    told = subprocess.run([python, "-c", script], capture_output=True, check=True, text=True)
    root = pathlib.Path(told.stdout.strip()).parent
    files = [path for name in ("rally", "rally_openstack") for path in (root / name).rglob("*.py")]
    texts = {str(path): path.read_text() for path in files}
    troubles = plugins.read(texts, table.load()).troubles
    assert len(texts) > 400
    assert {issue.rule for _, issue, _ in troubles} <= {"plugin-old-import"}


def test_rally_accepts_a_right_folder(python: str, tmp_path: pathlib.Path) -> None:
    """With an installed Rally a right folder has no findings, and Rally is named."""
    report = check.check(folders.write(tmp_path, folders.RIGHT), rally_python=python)
    assert report.findings == ()
    assert report.authority == "rally 5.1.1, rally-openstack 4.1.0, installed"


def test_rally_runs_nothing_of_the_folder(python: str, tmp_path: pathlib.Path) -> None:
    """Neither a template nor a plugin is executed by the installed Rally unless that is asked."""
    mark = tmp_path / "mark"
    plugin = (
        f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n"
        "from rally.task import scenario\n"
        "@scenario.configure(name='Own.do', platform='openstack')\n"
        "class Do(scenario.Scenario):\n    def run(self):\n        pass\n"
    )
    files = {**folders.RIGHT, **folders.plugin(plugin), **folders.scenario("{Own.do: {}}")}
    root = folders.write(tmp_path / "r", files)
    assert check.check(root, rally_python=python).findings == ()
    assert not mark.exists()
    assert check.check(root, rally_python=python, has_plugins=True).findings == ()
    assert mark.exists()
    assert not list(root.rglob("__pycache__"))


def test_plugins_of_the_home_are_not_loaded(
    python: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rally has a home of its own: what is in ours is not imported."""
    mark = tmp_path / "mark"
    text = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n"
    folders.write(tmp_path, {".rally/plugins/own.py": text})
    monkeypatch.setenv("HOME", str(tmp_path))
    check.check(folders.write(tmp_path / "r", folders.RIGHT), rally_python=python)
    assert not mark.exists()


def test_rally_has_the_last_word(python: str, tmp_path: pathlib.Path) -> None:
    """What no rule finds and Rally refuses is told in Rally's words, at the workload's line."""
    plugin = (
        "from rally.task import scenario\nfrom rally.task import validation\n"
        "@validation.add('enum', param_name='a', values=['b'])\n"
        "@scenario.configure(name='Own.do', platform='openstack')\n"
        "class Do(scenario.Scenario):\n    def run(self, a):\n        pass\n"
    )
    files = {**folders.RIGHT, **folders.plugin(plugin), **folders.scenario("{Own.do: {a: c}}")}
    root = folders.write(tmp_path, files)
    found = check.check(root, rally_python=python, has_plugins=True).findings
    assert [(one.rule, one.line) for one in found] == [("rally-refuses", 5)]
    assert "a is c" in found[0].message


def test_an_interpreter_without_rally_is_an_error(tmp_path: pathlib.Path) -> None:
    """An interpreter that has no Rally is the caller's mistake."""
    with pytest.raises(exceptions.UsageError, match="No module named 'rally"):
        check.check(folders.write(tmp_path, folders.RIGHT), rally_python="/usr/bin/python3")
