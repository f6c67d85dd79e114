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

"""cleanupctl in this process, as a person or a script sees it, on an emulated cloud."""

import dataclasses
import json
import logging
import pathlib
import typing

import pytest

from cleanupd.cli import app
from tests import emulator
from tests.emulator import __main__ as emulator_command

CLOUD = "emulated"


@dataclasses.dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> typing.Any:
        """The standard output as JSON, which it has to be as a whole."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line that says what is wrong; fails if there is anything else to read."""
        assert self.code == 1
        assert self.out == ""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("cleanupctl: error: ")
        return lines[0]


@dataclasses.dataclass
class Console:
    """Runs commands on one emulated cloud; sweeps are kept in a folder of their own."""

    cloud: emulator.Cloud
    folder: pathlib.Path
    capsys: pytest.CaptureFixture[str]
    url: str = ""

    def run(self, *words: str) -> Ended:
        """Run a command with these words alone and return what it left."""
        self.capsys.readouterr()
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        try:
            code = app.Cleanupctl().run(list(words))
        finally:
            # A process has its logging for itself; the tests share one.
            root.handlers[:] = handlers
            root.setLevel(level)
        out, err = self.capsys.readouterr()
        return Ended(code, out, err)

    def here(self, *words: str) -> Ended:
        """Run a command on the emulated cloud in this process."""
        return self.run(*words, "--os-cloud", CLOUD)

    def quietly(self, *words: str) -> Ended:
        """Run a command on the emulated cloud that says nothing but errors on stderr."""
        return self.here(*words, "--quiet")

    def describe(self, url: str) -> None:
        """Write the clouds.yaml that describes the emulated cloud, which is at ``url``."""
        self.url = url
        (self.folder / "clouds.yaml").write_text(emulator_command.clouds_yaml(url))

    def configure(self, options: str) -> None:
        """Write the options that every command reads."""
        home = self.folder / ".cleanupd"
        home.mkdir()
        (home / "cleanupd.conf").write_text(options)

    def write_report(self, task: str, *workloads: str) -> str:
        """Write what `rally task report --json` would, and return the path."""
        subtask = {"workloads": [{"uuid": uuid, "scenario": {"A.b": {}}} for uuid in workloads]}
        report = {"tasks": [{"uuid": task, "status": "running", "subtasks": [subtask]}]}
        path = self.folder / f"{task}.json"
        path.write_text(json.dumps(report))
        return str(path)


def make_console(
    cloud: emulator.Cloud,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Console:
    """Return a console in an environment that knows nothing but the folder."""
    for name in ("OS_CLOUD", "OS_REGION_NAME", "CLIFF_MAX_TERM_WIDTH", "CLIFF_FIT_WIDTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(folder / "clouds.yaml"))
    monkeypatch.setenv("PATH", str(folder))
    return Console(cloud, folder, capsys)
