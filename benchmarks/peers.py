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

"""Installs what cleanupd is compared with, each peer into an environment of its own."""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from benchmarks import report

FOLDER = pathlib.Path(__file__).resolve().parent / ".peers"

#: Runs a command, and raises CalledProcessError or OSError where it did not end well.
Run = Callable[[Sequence[str]], object]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own


@dataclasses.dataclass(frozen=True)
class Peer:
    """A program of others: the packages with their versions, the first of which names it.

    ``constraints`` is a file that pins everything else, if there is one.
    """

    packages: tuple[str, ...]
    constraints: pathlib.Path | None = None

    @property
    def name(self) -> str:
        """The name and version of the peer, as tables show it."""
        return self.packages[0].replace("==", " ")

    def python(self, run: Run = _run, folder: pathlib.Path = FOLDER) -> pathlib.Path:
        """Return the Python that can import the peer; it is installed if it is not yet there.

        Raises Unprepared where that fails.
        """
        environment = folder / self._mark()
        python = environment / "bin" / "python"
        ready = environment / ".ready"
        if ready.exists():
            return python
        report.tell(f"installing {' and '.join(self.packages)} into {environment}")
        try:
            for command in self._commands(environment, python):
                run(command)
        except (subprocess.CalledProcessError, OSError) as error:
            said = getattr(error, "stderr", None) or str(error)
            text = f"{self.name} could not be installed from PyPI: {said.strip()[-600:]}"
            raise report.Unprepared(text) from error
        ready.touch()
        return python

    def _mark(self) -> str:
        """Return a name for the environment that differs where anything that matters does."""
        pins = self.constraints.read_bytes() if self.constraints else b""
        wanted = repr((self.packages, sys.version_info[:2])).encode() + pins
        return f"{self.name.replace(' ', '-')}-{hashlib.sha256(wanted).hexdigest()[:8]}"

    def _commands(self, environment: pathlib.Path, python: pathlib.Path) -> list[list[str]]:
        """Return what makes the environment; uv installs if it is here, which is quicker."""
        places = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        uv = shutil.which("uv", path=places)
        constraints = ["--constraint", str(self.constraints)] if self.constraints else []
        wanted = [*constraints, *self.packages]
        make = [sys.executable, "-m", "venv", "--clear", str(environment)]
        if uv:
            return [
                [*make, "--without-pip"],
                [uv, "pip", "install", "--python", str(python), *wanted],
            ]
        return [make, [str(python), "-m", "pip", "install", "--quiet", *wanted]]
