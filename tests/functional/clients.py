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
"""openstackclient and Rally, both unchanged, beside an emulated cloud.

They live in ``.venv-rally``, which ``make rally`` prepares.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
from typing import Any

from tests import emulator
from tests.emulator import scenes
from tests.functional import console as consoles

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = ROOT / ".venv-rally" / "bin"

RALLY_CONF = """\
[DEFAULT]
raw_result_chunk_size = 1
[database]
connection = sqlite:///{folder}/rally.sqlite
[openstack]
nova_server_boot_prepoll_delay = 0
nova_server_boot_poll_interval = 0.05
nova_server_delete_prepoll_delay = 0
nova_server_delete_poll_interval = 0.05
cinder_volume_create_prepoll_delay = 0
cinder_volume_create_poll_interval = 0.05
cinder_volume_delete_poll_interval = 0.05
glance_image_create_prepoll_delay = 0
glance_image_create_poll_interval = 0.05
"""

Ended = subprocess.CompletedProcess[str]


@dataclasses.dataclass
class Stage:
    """An emulated cloud with legitimate tenants, and clients that know it."""

    cloud: emulator.Cloud
    legitimate: scenes.Scene
    url: str
    folder: pathlib.Path

    @property
    def environment(self) -> dict[str, str]:
        """What the clients are started with: nothing of the caller's but the PATH."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "OS_CLIENT_CONFIG_FILE": str(self.folder / "clouds.yaml"),
            "OS_CLOUD": consoles.CLOUD,
            "PYTHONWARNINGS": "ignore",
            "PYTHONUNBUFFERED": "1",
        }

    def _start(self, program: str, *words: str, stdin: str = "") -> Ended:
        return subprocess.run(
            [PROGRAMS / program, *words],
            input=stdin,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, program: str, *words: str) -> str:
        """The output of a client that ended well."""
        ended = self._start(program, *words)
        assert ended.returncode == 0, f"{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
        return ended.stdout

    def openstack(self, script: str) -> str:
        """What openstackclient says to these commands, each of which has to succeed.

        One process does them all. Its exit code is always 1; what fails is said on stderr.
        """
        ended = self._start("openstack", stdin=script)
        assert ended.stderr == ""
        assert "is not an openstack command" not in ended.stdout
        return ended.stdout

    def rally(self, *words: str) -> str:
        """What Rally says."""
        return self.run("rally", "--config-file", "rally.conf", *words)

    def set_up_rally(self) -> None:
        """Rally has a database and knows the cloud."""
        (self.folder / "rally.conf").write_text(RALLY_CONF.format(folder=self.folder))
        admin = {
            "username": "admin",
            "password": "secret",
            "project_name": "admin",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }
        platform = {
            "auth_url": f"{self.url}/identity/v3/",
            "region_name": "RegionOne",
            "admin": admin,
        }
        spec = json.dumps({"existing@openstack": platform})
        (self.folder / "env.json").write_text(spec)
        self.rally("db", "create")
        self.rally("env", "create", "--name", "emulated", "--spec", "env.json")

    @contextlib.contextmanager
    def rally_task(self, *workloads: Mapping[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
        """A task of these workloads that runs in a group of processes; its output is in a file."""
        subtask = {"title": "all", "workloads": list(workloads)}
        task = {"version": 2, "title": "emulated", "subtasks": [subtask]}
        (self.folder / "task.json").write_text(json.dumps(task))
        words = [PROGRAMS / "rally", "--config-file", "rally.conf", "task", "start", "task.json"]
        with (
            (self.folder / "task.out").open("wb") as output,
            subprocess.Popen(
                words,
                env=self.environment,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    @property
    def task_output(self) -> str:
        """What the task that was started last said."""
        return (self.folder / "task.out").read_text()


def documents(text: str) -> list[Any]:
    """The JSON documents that stand one after the other."""
    decoder = json.JSONDecoder()
    found = []
    while text.strip():
        document, end = decoder.raw_decode(text.lstrip())
        found.append(document)
        text = text.lstrip()[end:]
    return found


def workload(
    scenario: str, arguments: Mapping[str, Any] | None = None, **contexts: Any
) -> dict[str, Any]:
    """A workload of two iterations at once, none of which may fail."""
    return {
        "scenario": {scenario: arguments or {}},
        "runner": {"constant": {"times": 2, "concurrency": 2}},
        "contexts": {"users": {"tenants": 1, "users_per_tenant": 1}, **contexts},
        "sla": {"failure_rate": {"max": 0}},
    }
