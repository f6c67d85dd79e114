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
"""The commands that tell a repository's service and write its folder, as a person sees them."""

import json
import pathlib

import pytest

from tests import emulator
from tests.functional import console as consoles
from tests.unit.rally_jobs import repositories
from tests.unit.rally_jobs import test_thresholds

pytestmark = pytest.mark.functional


@pytest.fixture
def terminal(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> consoles.Console:
    """Give a console that knows no cloud."""
    return consoles.make_console(emulator.Cloud(), tmp_path, monkeypatch, capsys)


@pytest.fixture
def nova(tmp_path: pathlib.Path) -> pathlib.Path:
    """Give the place of a repository of Nova."""
    return repositories.make(tmp_path / "nova", "nova").root


def test_detect_tells_the_service(terminal: consoles.Console, nova: pathlib.Path) -> None:
    """A service's repository ends with 0; the service alone can be asked for."""
    assert terminal.run("rally-jobs", "detect", str(nova), "-f", "value", "-c", "Service") == (
        consoles.Ended(0, "nova\n", "")
    )


def test_detect_tells_the_evidence(terminal: consoles.Console, nova: pathlib.Path) -> None:
    """JSON has the evidence as lists."""
    told = terminal.run("rally-jobs", "detect", str(nova), "-f", "json").json
    assert told["Identity"] == ["pyproject.toml: nova", "setup.cfg: nova", ".gitreview: nova"]
    assert told["Code"] == ["nova: package nova, entry point nova-compute, nova/api/openstack"]


def test_detect_refuses_others(terminal: consoles.Console, tmp_path: pathlib.Path) -> None:
    """A client ends with 1, and both the warning and the report say what it is."""
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = python-novaclient\n")
    ended = terminal.run("rally-jobs", "detect", str(tmp_path), "-f", "json")
    assert ended.code == 1
    assert "python-novaclient is a client library" in ended.err
    assert ended.json["Service"] is None
    assert "python-novaclient is a client library" in ended.json["Reason"]


def test_generate_writes_the_folder(terminal: consoles.Console, nova: pathlib.Path) -> None:
    """The files are named, the job is shown where it has to be pasted, and so is a message."""
    ended = terminal.run("rally-jobs", "generate", str(nova))
    assert ended.code == 0
    assert "new      rally-jobs/task-nova.yaml\n" in ended.out
    assert "The job, to be added to a new file, .zuul.yaml:\n\n---\n- job:\n" in ended.out
    assert "Template: https://github.com/4383/perfscale\n" in ended.out
    assert ended.err == "what is left to you: rally-jobs/CHECKLIST.rst\n"
    assert (nova / "rally-jobs" / "task-nova.yaml").exists()
    assert terminal.run("rally-jobs", "check", str(nova)).code == 0


@pytest.mark.parametrize("option", ["--dry-run", "--diff"])
def test_generate_only_shows(terminal: consoles.Console, nova: pathlib.Path, option: str) -> None:
    """With --dry-run or --diff nothing is written."""
    ended = terminal.run("rally-jobs", "generate", str(nova), option)
    assert ended.code == 0
    assert "rally-jobs/task-nova.yaml" in ended.out
    assert not (nova / "rally-jobs").exists()


def test_diff_shows_both_sides(terminal: consoles.Console, nova: pathlib.Path) -> None:
    """--diff shows the lines that go and those that come, of changed files alone."""
    terminal.run("rally-jobs", "generate", str(nova))
    ended = terminal.run("rally-jobs", "generate", str(nova), "--profile", "smoke", "--diff")
    assert "--- a/rally-jobs/task-nova.yaml\n+++ b/rally-jobs/task-nova.yaml\n" in ended.out
    assert "-            times: 50\n-            concurrency: 10\n" in ended.out
    assert "+            times: 4\n+            concurrency: 2\n" in ended.out
    assert "rally-jobs/plugins" not in ended.out


def test_diff_sends_nothing_to_the_terminal(
    terminal: consoles.Console, nova: pathlib.Path
) -> None:
    """What a terminal would act on, in a file that is there, is shown escaped."""
    (nova / "rally-jobs").mkdir()
    (nova / "rally-jobs" / "README.rst").write_text("\x1b[2Jgone\n")
    ended = terminal.run("rally-jobs", "generate", str(nova), "--diff")
    assert "\x1b" not in ended.out
    assert "-\\x1b[2Jgone\n" in ended.out


def test_generate_does_not_overwrite(terminal: consoles.Console, nova: pathlib.Path) -> None:
    """What is there is named and stays, with the code 3; --force overwrites it."""
    (nova / "rally-jobs").mkdir()
    (nova / "rally-jobs" / "README.rst").write_text("mine\n")
    for words in ((), ("--dry-run",)):
        ended = terminal.run("rally-jobs", "generate", str(nova), *words)
        assert ended.code == 3
        assert "are there already: rally-jobs/README.rst" in ended.err
        assert f"cleanupctl rally-jobs check {nova}" in ended.err
    assert [path.name for path in (nova / "rally-jobs").iterdir()] == ["README.rst"]
    assert (nova / "rally-jobs" / "README.rst").read_text() == "mine\n"
    ended = terminal.run("rally-jobs", "generate", str(nova), "--force")
    assert ended.code == 0
    assert "changed  rally-jobs/README.rst\n" in ended.out


def test_generate_twice_is_well(terminal: consoles.Console, nova: pathlib.Path) -> None:
    """The same again ends with 0 and says that all is the same."""
    terminal.run("rally-jobs", "generate", str(nova))
    ended = terminal.run("rally-jobs", "generate", str(nova))
    assert ended.code == 0
    assert "same     rally-jobs/README.rst\n" in ended.out
    assert "new      " not in ended.out


def test_generate_follows_no_link(
    terminal: consoles.Console, nova: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """A symbolic link in the place of the folder ends with 1, even with --force."""
    (tmp_path / "elsewhere").mkdir()
    (nova / "rally-jobs").symlink_to(tmp_path / "elsewhere")
    ended = terminal.run("rally-jobs", "generate", str(nova), "--force")
    assert "rally-jobs is a symbolic link, which is not followed" in ended.error
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_service_can_be_given(terminal: consoles.Console, tmp_path: pathlib.Path) -> None:
    """A fork that nothing tells is refused with 1, unless --service says what it is."""
    fork = tmp_path / "fork"
    fork.mkdir()
    assert "pass --service" in terminal.run("rally-jobs", "generate", str(fork)).error
    ended = terminal.run("rally-jobs", "generate", str(fork), "--service", "zaqar")
    assert ended.code == 0
    assert (fork / "rally-jobs" / "task-zaqar.yaml").exists()
    assert "--service" in (fork / "rally-jobs" / "CHECKLIST.rst").read_text()


def test_limits_come_from_a_report(
    terminal: consoles.Console, nova: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """--sla-from and --sla-factor make the limits of what a run has shown."""
    scenario = ("NovaFlavors.list_flavors", {"nova.list_flavors": 0.5})
    report = test_thresholds.write(tmp_path / "report.json", scenario)
    words = ("--sla-from", str(report), "--sla-factor", "3")
    assert terminal.run("rally-jobs", "generate", str(nova), *words).code == 0
    assert "nova.list_flavors: 1.5\n" in (nova / "rally-jobs" / "task-nova.yaml").read_text()
    readme = (nova / "rally-jobs" / "README.rst").read_text()
    assert "95th percentiles of a past run, times 3" in readme.replace("\n  ", " ")


@pytest.mark.parametrize("factor", ["0", "-1", "nan", "inf", "many"])
def test_factor_is_a_number(terminal: consoles.Console, nova: pathlib.Path, factor: str) -> None:
    """A factor that is no number above 0 is refused."""
    ended = terminal.run("rally-jobs", "generate", str(nova), f"--sla-factor={factor}")
    assert "is no number between 0 and 1000" in ended.error


@pytest.mark.parametrize("words", [("detect", "absent"), ("generate", "absent")])
def test_absent_repository_is_named(terminal: consoles.Console, words: tuple[str, ...]) -> None:
    """A path that is not there ends with 1 and is named."""
    assert "absent cannot be read" in terminal.run("rally-jobs", *words).error


def test_json_is_for_scripts(terminal: consoles.Console, nova: pathlib.Path) -> None:
    """What detect writes as JSON is one object, whatever is found."""
    told = json.loads(terminal.run("rally-jobs", "detect", str(nova), "-f", "json").out)
    assert set(told) == {"Service", "Identity", "Code", "Existing", "Zuul", "Reason"}


def test_diff_names_a_file_that_is_no_text(terminal: consoles.Console, nova: pathlib.Path) -> None:
    """A file that cannot be read as text is shown as changed, not as new."""
    (nova / "rally-jobs").mkdir()
    (nova / "rally-jobs" / "README.rst").write_bytes(b"\xff\xfe")
    ended = terminal.run("rally-jobs", "generate", str(nova), "--diff")
    assert ended.code == 0
    assert ended.out.startswith("--- a/rally-jobs/README.rst\n+++ b/rally-jobs/README.rst\n")
