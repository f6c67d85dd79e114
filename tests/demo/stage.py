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

"""The emulated cloud of the demonstration, and the commands that are run on it."""

from collections.abc import Iterator
import contextlib
import dataclasses
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

from tests.demo import teller

CLOUD = "emulated"
#: The killed task, as its Rally knows it; the workload's uuid is the one in the names.
TASK = "7d3e9f10-52c4-4e1b-a86f-0b9c8d7e6f5a"
SCENARIO = "NovaServers.boot_and_list_server"

_PATIENCE_S = 20.0


@dataclasses.dataclass
class Stage:
    """A cloud that runs, and a folder with all that the commands read and write."""

    folder: pathlib.Path
    environment: dict[str, str]

    @property
    def report(self) -> pathlib.Path:
        """What Rally tells about the killed task."""
        return self.folder / "killed-task.json"

    def run(self, *words: str) -> int:
        """Show a command of cleanupctl and its output, and return its exit code."""
        line = shlex.join(["cleanupctl", *words])
        print(f"\n$ {line}\n", flush=True)
        code = self._call(words, subprocess.STDOUT).returncode
        print(f"\n(exit code {code})", flush=True)
        return code

    def read(self, *words: str) -> str:
        """Return what a command of cleanupctl prints."""
        return self._call(words, subprocess.PIPE).stdout

    def _call(self, words: tuple[str, ...], output: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cleanupd.cmd.cleanupctl", *words],
            cwd=self.folder,
            env=self.environment,
            stdout=None if output == subprocess.STDOUT else output,
            check=False,
            text=True,
        )


@contextlib.contextmanager
def raised(workload: str) -> Iterator[Stage]:
    """Give a stage where this workload's task was killed; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="cleanupd-demo-") as name:
        folder = pathlib.Path(name)
        stage = Stage(folder, environment(folder, folder / "clouds.yaml"))
        _write_report(stage.report, workload)
        with _emulator(folder / "clouds.yaml", stage.environment):
            yield stage


def environment(home: pathlib.Path, clouds_yaml: pathlib.Path) -> dict[str, str]:
    """Return an environment in which nothing but the clouds of this file is known."""
    strange = ("OS_", "CLIFF_", "XDG_")
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(strange) and key.lower() not in proxies
    }
    kept |= {
        "HOME": str(home),
        "OS_CLIENT_CONFIG_FILE": str(clouds_yaml),
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
    }
    if not sys.stdout.isatty():
        kept["CLIFF_MAX_TERM_WIDTH"] = os.environ.get("COLUMNS", teller.WIDTH_OF_LOGS)
    return kept


def _write_report(path: pathlib.Path, uuid: str) -> None:
    """Write what `rally task report --json` gives for a task that was killed."""
    workload = {"uuid": uuid, "scenario": {SCENARIO: {}}}
    subtask = {"title": "boot servers", "status": "running", "workloads": [workload]}
    task = {"uuid": TASK, "status": "running", "subtasks": [subtask]}
    path.write_text(json.dumps({"info": {"format_version": "1.2"}, "tasks": [task]}))


@contextlib.contextmanager
def _emulator(clouds_yaml: pathlib.Path, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulator", "--scene=demo", f"--clouds-yaml={clouds_yaml}"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # It prints its address when it listens, and nothing if it ends before.
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("the emulated cloud did not start")
        yield
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
