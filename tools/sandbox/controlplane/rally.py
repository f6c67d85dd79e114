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
"""A real Rally in an environment of its own, set up for this cloud."""

import collections.abc
import os
import subprocess

from controlplane import commands
from controlplane import databases
from controlplane import layout
from controlplane import packages
from controlplane import sandbox
from controlplane import templates

SOURCES = layout.TOOLS / "rally"
ENVIRONMENT_NAME = "sandbox"


def ensure(box: sandbox.Sandbox) -> str | None:
    """Rally is installed, its database exists and knows this cloud."""
    folders = box.folders
    for name in ("rally.conf", "env.json"):
        text = templates.render((SOURCES / name).read_text(), box.values)
        templates.write(folders.rally / name, text)
    installed = packages.install_rally(folders)
    marker = folders.state / "databases" / "rally"
    if not marker.exists():
        databases.query(
            "DROP DATABASE IF EXISTS rally; CREATE DATABASE rally CHARACTER SET utf8mb4"
        )
        run(box, ["db", "ensure"])
        spec = ["--spec", str(folders.rally / "env.json")]
        run(box, ["env", "create", "--name", ENVIRONMENT_NAME, *spec])
        marker.touch()
    return installed


def environment(folders: layout.Layout) -> dict[str, str]:
    """Rally's environment: it keeps which environment and task are in use below HOME."""
    path = f"{folders.rally}/venv/bin:{layout.SYSTEM_PATH}"
    own = {"PATH": path, "HOME": str(folders.rally), "PYTHONWARNINGS": "ignore"}
    return {**folders.environment(), **own}


def command(folders: layout.Layout, arguments: collections.abc.Sequence[str]) -> list[str]:
    """What is executed for "rally ARGUMENTS"."""
    rally = str(folders.rally / "venv" / "bin" / "rally")
    return [rally, "--config-file", str(folders.rally / "rally.conf"), *arguments]


def run(box: sandbox.Sandbox, arguments: collections.abc.Sequence[str]) -> None:
    """The rally command ended well; its output is in a log."""
    words = command(box.folders, arguments)
    commands.run(box.folders, "rally", words, environment=environment(box.folders))


def run_in_foreground(box: sandbox.Sandbox, arguments: collections.abc.Sequence[str]) -> int:
    """The exit code of the rally command, which has this terminal."""
    words = command(box.folders, arguments)
    terminal = {key: os.environ[key] for key in ("TERM", "COLUMNS") if key in os.environ}
    own = {**environment(box.folders), **terminal}
    return subprocess.run(words, env=own, check=False).returncode
