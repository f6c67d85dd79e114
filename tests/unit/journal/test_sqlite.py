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

"""The journal in SQLite, which is made when it is needed."""

import contextlib
import multiprocessing
import os
import signal
import sqlite3

import pytest

from cleanupd import exceptions
from cleanupd.journal import database
from cleanupd.journal import places
from cleanupd.journal import schema
from cleanupd.journal import sql
from cleanupd.journal import store
from tests.unit.journal import epochs
from tests.unit.journal import suite


@pytest.fixture
def place(tmp_path):
    """Give a place where nothing is yet."""
    return places.in_directory(tmp_path / "state")


class TestSqlite(suite.JournalSuite):
    """All that the suite says."""


class TestEpochs(epochs.EpochSuite):
    """All that the suite says of executors."""


def test_a_new_database_makes_itself(place, tmp_path):
    """With its directory, when it is first asked for anything."""
    journal = sql.Journal(place)
    assert not (tmp_path / "state").exists()
    assert journal.sweeps() == ()
    assert database.Database(place).revision() == schema.REVISION


def test_to_look_makes_nothing(place, tmp_path):
    """A database that is not there has no revision."""
    found = database.Database(place)
    assert found.is_missing
    assert found.revision() is None
    assert not (tmp_path / "state").exists()


def test_readers_do_not_wait_for_a_writer(place, tmp_path):
    """The write-ahead log is on, and every commit is on disk."""
    journal = sql.Journal(place)
    journal.save(suite.make_sweep("a"))
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / places.FILE)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert [sweep.id for sweep in journal.sweeps()] == ["a"]
    read = database.Database(place).run
    assert read(lambda c: c.exec_driver_sql("PRAGMA journal_mode").scalar()) == "wal"
    assert read(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar()) == 2


def test_a_damaged_sweep_is_an_error(place, tmp_path):
    """What is no sweep is not taken for one."""
    journal = sql.Journal(place)
    journal.save(suite.make_sweep("a"))
    database.Database(place).run(
        lambda c: c.exec_driver_sql("UPDATE sweeps SET certificate = '{'")
    )
    with pytest.raises(exceptions.JournalFailed, match=str(tmp_path)):
        journal.sweep("a")


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path):
    """The error says which directory."""
    (tmp_path / "file").write_text("")
    with pytest.raises(exceptions.JournalFailed, match="file"):
        sql.Journal(places.in_directory(tmp_path / "file")).save(suite.make_sweep("a"))


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x", "mysql+nosuch://x:secret@y/z"])
def test_a_url_that_cannot_be_used_is_an_error(url):
    """Without the password that may be in it."""
    with pytest.raises(exceptions.JournalFailed) as caught:
        sql.Journal(places.Place(url=url)).sweeps()
    assert "secret" not in str(caught.value)


def test_an_event_that_cannot_be_written_is_an_error(place):
    """And so is each one of those that were written together."""
    journal = sql.Journal(place)
    journal.save(suite.make_sweep("a"))
    with journal.events("a") as log:
        journal.forget_before(suite.sample.NOW.replace(year=9000))
        for _ in range(2):
            with pytest.raises(exceptions.JournalFailed):
                log.append(suite.make_event("remove", "n"))


def open_and_save(directory, id_):
    """Open a journal in a process of its own and save a sweep."""
    sql.Journal(places.in_directory(directory)).save(suite.make_sweep(id_))


def test_processes_that_come_together_make_one_database(place, tmp_path):
    """Each finds the tables, and nothing that the others wrote is lost."""
    context = multiprocessing.get_context("spawn")
    names = [str(number) for number in range(4)]
    running = [
        context.Process(target=open_and_save, args=(tmp_path / "state", name)) for name in names
    ]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [os.EX_OK] * 4
    assert [sweep.id for sweep in sql.Journal(place).sweeps()] == names


def begin_and_die(directory):
    """Begin a removal, and be killed before its outcome is written."""
    journal = sql.Journal(places.in_directory(directory))
    journal.save(
        suite.make_sweep("a", state=store.State.RUNNING), suite.make_plan("a", "n", "m", "o")
    )
    with journal.events("a") as log:
        log.append(suite.make_event("remove", "n"))
        log.append(suite.make_event("removed", "n"))
        log.append(suite.make_event("remove", "m"))
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_leaves_what_it_was_about(place, tmp_path):
    """An intent without an outcome is unknown, what has one is not."""
    process = multiprocessing.get_context("spawn").Process(
        target=begin_and_die, args=(tmp_path / "state",)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    [sweep] = sql.Journal(place).unfinished("c", "r")
    assert [result.outcome for result in sweep.results] == ["removed", "unknown", "not tried"]
