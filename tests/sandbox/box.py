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
"""The sandbox's command, as tests use it."""

import collections.abc
import json
import os
import pathlib
import subprocess
import typing

COMMAND = pathlib.Path(__file__).resolve().parents[2] / "tools" / "sandbox" / "sandbox"


class SandboxFailed(Exception):
    """A command of the sandbox ended with an exit code other than 0."""

    def __init__(self, words: collections.abc.Sequence[str], code: int, message: str) -> None:
        super().__init__(f"sandbox {' '.join(words)} ended with {code}: {message}")
        self.code = code
        self.message = message


def run(*words: str, timeout_s: float = 900) -> str:
    """What the command wrote to standard output; SandboxFailed where it did not end well."""
    ended = subprocess.run(
        [str(COMMAND), *words], capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if ended.returncode:
        raise SandboxFailed(words, ended.returncode, ended.stderr.strip())
    return ended.stdout


def run_json(*words: str, timeout_s: float = 900) -> typing.Any:
    """What the command wrote to standard output, which is JSON."""
    return json.loads(run(*words, timeout_s=timeout_s))


def read_environment() -> dict[str, str]:
    """The variables of "sandbox env" that tell clients where the cloud is."""
    lines = run("env").splitlines()
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
    return {name: value for name, value in pairs if name in {"OS_CLIENT_CONFIG_FILE", "OS_CLOUD"}}


def client_environment() -> dict[str, str]:
    """The environment of a command that talks to the sandbox's cloud, with a journal there."""
    told = read_environment()
    state = pathlib.Path(told["OS_CLIENT_CONFIG_FILE"]).parent / "clients"
    return {**os.environ, **told, "XDG_STATE_HOME": str(state)}
