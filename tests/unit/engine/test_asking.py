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

"""What Rally's database says of workloads."""

import pathlib
import sqlite3

import pytest

from cleanupd import exceptions
from cleanupd.core import generators
from cleanupd.engine import asking

SAMPLE = pathlib.Path(__file__).parents[2] / "samples" / "rally" / "database.sql"
FINISHED = "2b08a1bd-37da-4c2f-90a1-2ccf8da04296"
KILLED = "2d48412c-300d-4703-adea-2a4711b3fb12"


@pytest.fixture
def url(tmp_path):
    """Give the URL of the database that a real Rally left."""
    connection = sqlite3.connect(tmp_path / "rally.sqlite")
    connection.executescript(SAMPLE.read_text())
    connection.close()
    return f"sqlite:///{tmp_path / 'rally.sqlite'}"


def test_the_parts_of_names_are_told_apart(url):
    """Those of tasks and their workloads are over or alive, as the task is."""
    told = asking.ask(url, generators.BUILTIN_PATTERNS)
    assert told.doubt is None
    assert {"2b08a1bd", "f304ecd3", "2040c7bb", "ba9ff7a4"} <= told.over
    assert {"2d48412c", "6f69d0d8"} <= told.alive.keys()
    assert f"task {KILLED} is running" in told.alive["6f69d0d8"]
    assert not told.over & told.alive.keys()


def test_a_database_that_cannot_be_read_is_a_doubt(tmp_path):
    """It is said what is to be done instead."""
    told = asking.ask(f"sqlite:///{tmp_path}/none.sqlite", generators.BUILTIN_PATTERNS)
    assert "there is no such file: name the workload" in told.doubt
    assert not told.over


def test_tasks_have_their_workloads(url):
    """A task that is not there is told, since nothing could be found of it."""
    assert asking.find_workloads(url, [KILLED]) == {
        KILLED: ("6f69d0d8-c421-4350-817e-8f01eb494a58",)
    }
    with pytest.raises(exceptions.TaskNotExpanded, match="has no such task"):
        asking.find_workloads(url, [FINISHED.replace("2", "3")])
