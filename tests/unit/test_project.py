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
"""What is true of the project as a whole, whatever its code does."""

from importlib import metadata
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
LONGEST = 500


def _find_sources() -> list[str]:
    """Return the paths of all files that git knows and that hold code."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.sh", "Makefile", ".ci/run", "devstack/settings"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for path in listed.stdout.split() if (ROOT / path).exists()]


SOURCES = _find_sources()


def test_version_is_known() -> None:
    """The installed package has a version, which pbr took from git."""
    assert metadata.version("cleanupd")[0].isdigit()


@pytest.mark.parametrize("path", SOURCES)
def test_source_carries_the_licence(path: str) -> None:
    """Every file of code says within its first lines that it is under the Apache License."""
    assert "Apache License, Version 2.0" in (ROOT / path).read_text()[:400]


@pytest.mark.parametrize("path", SOURCES)
def test_source_is_short_enough_to_read(path: str) -> None:
    """No file of code is longer than the 500 lines that HACKING.rst allows."""
    assert len((ROOT / path).read_text().splitlines()) <= LONGEST
