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
"""Commands that run to their end, with their output in a log."""

import collections.abc
import pathlib
import shlex
import subprocess
import time

from controlplane import errors
from controlplane import layout

MEANWHILE_S = 0.5


def run(
    folders: layout.Layout,
    name: str,
    command: str | collections.abc.Sequence[str],
    *,
    environment: collections.abc.Mapping[str, str] | None = None,
    meanwhile: collections.abc.Callable[[], None] | None = None,
) -> None:
    """The command ended well; its output was appended to ``log/NAME.log``.

    ``meanwhile`` is called again and again while the command runs; what it raises ends it.
    """
    words = shlex.split(command) if isinstance(command, str) else list(command)
    log = folders.log / f"{name}.log"
    with log.open("a") as output:
        output.write(f"--- {time.strftime('%H:%M:%S')} {shlex.join(words)}\n")
        output.flush()
        with subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**folders.environment(), **(environment or {})},
        ) as process:
            code = _wait(process, meanwhile)
    if code:
        raise errors.SandboxError(f"{name}: {words[0]} failed with exit code {code}", log=log)


def _wait(
    process: subprocess.Popen[bytes], meanwhile: collections.abc.Callable[[], None] | None
) -> int:
    while True:
        try:
            return process.wait(timeout=MEANWHILE_S)
        except subprocess.TimeoutExpired:
            if meanwhile is not None:
                try:
                    meanwhile()
                except BaseException:
                    process.kill()
                    raise


def succeeds(folders: layout.Layout, command: str) -> bool:
    """Whether the command ends well; its output is dropped."""
    ended = subprocess.run(
        shlex.split(command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=folders.environment(),
        check=False,
    )
    return ended.returncode == 0


def python(folders: layout.Layout) -> pathlib.Path:
    """The interpreter that has openstacksdk."""
    return folders.venv / "bin" / "python"
