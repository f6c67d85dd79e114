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
import pkgutil
import re
import subprocess
import sys

import pytest

import cleanupd

ROOT = pathlib.Path(__file__).parents[2]
LICENCE = "Apache License, Version 2.0"
LONGEST = 500


def _read_sources() -> dict[str, str]:
    """Return all files that git knows and that hold code, by path."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.sh", "Makefile", ".ci/run", "devstack/settings"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (path for path in listed.stdout.split() if (ROOT / path).exists())
    return {path: (ROOT / path).read_text() for path in paths}


def _blocks(sample: str) -> set[str]:
    """Return what a sample configuration says of the options of cleanupd itself."""
    blocks = re.split(r"^#\n# From |^\[", sample, flags=re.MULTILINE)
    return {block.strip() for block in blocks if block.startswith("cleanupd\n")}


MODULES = [module.name for module in pkgutil.walk_packages(cleanupd.__path__, "cleanupd.")]
ENTRY_POINTS = sorted(metadata.distribution("cleanupd").entry_points, key=str)
COMMANDS = [one.name for one in ENTRY_POINTS if one.group == "console_scripts"]


def test_version_is_known() -> None:
    """The installed package has a version, which pbr took from git."""
    assert metadata.version("cleanupd")[0].isdigit()


def test_sources_carry_the_licence() -> None:
    """Every file of code says within its first lines that it is under the Apache License."""
    sources = _read_sources()

    assert [path for path, text in sources.items() if LICENCE not in text[:400]] == []


def test_sources_are_short_enough_to_read() -> None:
    """No file of code is longer than the 500 lines that HACKING.rst allows."""
    sources = _read_sources()

    assert [path for path, text in sources.items() if text.count("\n") > LONGEST] == []


def test_modules_and_entry_points_can_be_loaded() -> None:
    """Each module can be imported, and everything that setup.cfg promises to others exists."""
    # In a process of its own, and the daemon first: whoever imports oslo.service first chooses for
    # ever which backend it has.
    code = "import pkgutil, sys; [pkgutil.resolve_name(name) for name in sys.argv[1:]]"
    names = ["cleanupd.service", *MODULES, *(one.value for one in ENTRY_POINTS)]

    answer = subprocess.run(
        [sys.executable, "-c", code, *names], check=False, capture_output=True, text=True
    )

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_command_answers_help(name: str) -> None:
    """Each console script tells how it is used, and ends with 0."""
    script = pathlib.Path(sys.executable).with_name(name)

    answer = subprocess.run([script, "--help"], check=False, capture_output=True, text=True)

    assert answer.returncode == 0
    assert name in answer.stdout


def test_sample_configuration_is_fresh(tmp_path: pathlib.Path) -> None:
    """The sample tells all options of cleanupd as they are: else run `make sample`."""
    fresh = tmp_path / "sample"
    subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("oslo-config-generator"),
            *("--namespace", "cleanupd", "--wrap-width", "99", "--output-file", fresh),
        ],
        check=True,
        capture_output=True,
    )

    kept = (ROOT / "etc" / "cleanupd.conf.sample").read_text()

    assert _blocks(kept) == _blocks(fresh.read_text())
