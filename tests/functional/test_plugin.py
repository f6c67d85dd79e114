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

"""A package of somebody else's is installed, and cleanupd knows its service."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.functional

ROOT = pathlib.Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "plugin"
#: Builds by the package's own setup.cfg, with the setuptools that there is: no network is asked.
SETUP = (sys.executable, "-c", "import setuptools; setuptools.setup()", "--quiet")


@pytest.fixture
def environment(tmp_path):
    """Give the environment of a process for which the package is installed."""
    source, place = tmp_path / "source", tmp_path / "site-packages"
    shutil.copytree(PLUGIN, source, ignore=shutil.ignore_patterns("__pycache__"))
    place.mkdir()
    steps = ("build", "--build-lib", str(place), "egg_info", "--egg-base", str(place))
    subprocess.run([*SETUP, *steps], cwd=source, check=True, capture_output=True, timeout=120)
    return os.environ | {"PYTHONPATH": str(place), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_a_service_is_added_by_entry_points_alone(environment):
    """Listed, explained, removed, verified, heard of, and its image cache cleaned."""
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/plugin/installed.py")
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "6 passed" in ended.stdout
