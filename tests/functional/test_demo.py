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

"""``make demo`` as a person or a CI sees it, without a terminal."""

import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.functional, pytest.mark.slow]

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Give the folder for temporary files of this demonstration alone."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def story(place):
    """Give the demonstration as it ended; its output ends when all its processes have."""
    return subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(place)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )


def test_all_of_the_story_is_true(story):
    """It ends with 0, and says what it has shown."""
    assert story.returncode == 0, story.stdout + story.stderr
    assert "  NOT  " not in story.stdout
    assert story.stdout.count("  ok   ") == 4
    assert "Nothing of the demonstration is left running." in story.stdout


def test_the_story_shows_the_plan_the_sweep_and_the_certificate(story):
    """A person reads the evidence, the progress, and that nothing is left."""
    plan, certificate = story.stdout.split("3. The sweep")
    assert "Workload 5a3b1c22" in plan
    assert "its name is a scenario name" in plan
    assert "the service made it for server" in plan
    assert "it belongs to project" in plan
    assert "removed 85 of 85" in story.stderr
    assert "CLEAN: nothing of what was looked for is left" in certificate


def test_it_is_no_terminal_and_nothing_moves(story):
    """A log of a CI has plain lines."""
    assert "\x1b" not in story.stdout + story.stderr


def test_nothing_is_left_behind(story, place):
    """No folder of the demonstration is left."""
    assert story.returncode == 0
    assert list(place.iterdir()) == []
