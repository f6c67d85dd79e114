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

"""Rally's own database."""

import pathlib
import sqlite3

import pytest

from cleanupd import exceptions
from cleanupd.rally import database

SAMPLE = pathlib.Path(__file__).parents[2] / "samples" / "rally" / "database.sql"
FINISHED = "2b08a1bd-37da-4c2f-90a1-2ccf8da04296"
KILLED = "2d48412c-300d-4703-adea-2a4711b3fb12"
OF_OTHER = "ba9ff7a4-1a49-4a4e-a30c-e13bc47bc953"


@pytest.fixture
def file(tmp_path):
    """Give the database that a real Rally left."""
    path = tmp_path / "rally.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(SAMPLE.read_text())
    connection.close()
    return path


@pytest.fixture
def tasks(file):
    """Return the tasks as they are read, by uuid."""
    return lambda **asked: {
        task.uuid: task for task in database.Database(f"sqlite:///{file}").tasks(**asked)
    }


def change(file, statement, *values):
    """Write to the database as Rally would."""
    connection = sqlite3.connect(file)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def test_a_task_has_its_workloads_and_its_environment(tasks):
    """What a task ran is told by the uuids that are in names."""
    found = tasks()[FINISHED]
    assert [(one.uuid, one.scenario_name) for one in found.workloads] == [
        ("f304ecd3-7b48-4de9-8e07-cc3a56cd7ef9", "Dummy.dummy"),
        ("2040c7bb-8be6-4efb-b054-55ef19775145", "Dummy.dummy_exception"),
    ]
    assert (found.status, found.env, found.is_over) == ("finished", "bench", True)


def test_a_killed_task_may_be_running(tasks):
    """After SIGKILL a task says for ever that it runs: that does not prove that it is over."""
    assert (tasks()[KILLED].status, tasks()[KILLED].is_over) == ("running", False)


@pytest.mark.parametrize(
    ("status", "is_over"),
    [
        ("crashed", True),
        ("aborted", True),
        ("sla_failed", True),
        ("validation_failed", True),
        ("init", False),
        ("validating", False),
        ("validated", False),
        ("aborting", False),
        ("soft_aborting", False),
        ("paused", False),
        ("what a later Rally says", False),
        ("", False),
    ],
)
def test_only_an_end_is_an_end(file, tasks, status, is_over):
    """What is not known to be over is taken for alive."""
    change(file, "UPDATE tasks SET status = ? WHERE uuid = ?", status, KILLED)
    assert tasks()[KILLED].is_over is is_over


@pytest.mark.parametrize("env", ["other", "3ceeb00b-c373-4992-9bed-3a3efa4e8eb9"])
def test_one_environment_is_asked_for_by_name_or_uuid(tasks, env):
    """Tasks of other environments are left out."""
    assert list(tasks(env=env)) == [OF_OTHER]


def test_the_environment_of_a_task_may_be_gone(file, tasks):
    """The task is told all the same."""
    change(file, "DELETE FROM envs WHERE name = 'other'")
    assert tasks()[OF_OTHER].env is None


def test_a_verification_has_names_of_its_own(file, tasks):
    """Its own uuid is in names, and it ends in other words."""
    columns = "id, uuid, verifier_uuid, env_uuid, run_args, status"
    for status, is_over in (("running", False), ("failed", True)):
        change(file, "DELETE FROM verifications")
        change(
            file,
            f"INSERT INTO verifications ({columns}) VALUES (1, 'abc', 'v', 'e', '{{}}', ?)",  # noqa: S608
            status,
        )
        assert (tasks()["abc"].is_over, tasks()["abc"].workloads) == (is_over, ())


def test_nothing_is_written(file, tasks):
    """The file is read as it is, even by who may not write to it."""
    before = file.read_bytes()
    file.chmod(0o400)
    assert len(tasks()) == 3
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["rally.sqlite"]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nowhere/rally.sqlite",
        "no url",
        "mysql+nodriver://rally:secret@127.0.0.1/rally",
        "postgresql+psycopg://rally:secret@127.0.0.1:1/rally",
    ],
)
def test_a_database_that_cannot_be_read_is_told_without_its_password(url):
    """The message says which one, and why."""
    with pytest.raises(exceptions.RallyUnreadable) as raised:
        database.Database(url).tasks()
    assert "secret" not in str(raised.value)
    assert not pathlib.Path("/nowhere").exists()


def test_what_is_no_database_of_rally(tmp_path):
    """A file that holds something else is told as such."""
    path = tmp_path / "other.sqlite"
    sqlite3.connect(path).close()
    path.write_bytes(b"")
    with pytest.raises(exceptions.RallyUnreadable, match="no such table"):
        database.Database(f"sqlite:///{path}").tasks()
