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

"""``cleanupctl db``."""

import contextlib
import json
import sqlite3

import pytest

from cleanupd.cli import app
from cleanupd.journal import places
from cleanupd.journal import schema


@pytest.fixture
def run(capsys, tmp_path):
    """Return what runs a command on a directory and gives code, row and errors."""

    def run_(*words):
        code = app.Cleanupctl().run(["db", *words, "--state-dir", str(tmp_path), "-f", "json"])
        output, errors = capsys.readouterr()
        [row] = json.loads(output)
        return code, row["Revision"], row["State"], errors

    return run_


def test_an_upgrade_makes_what_is_not_there(run, tmp_path):
    """Before, it is told that it is made when it is first used."""
    assert run("current") == (0, None, "made when it is first used", "")
    assert list(tmp_path.iterdir()) == []
    assert run("upgrade") == (0, schema.REVISION, "up to date", "")
    assert run("current") == (0, schema.REVISION, "up to date", "")


def test_a_schema_that_is_not_ours_is_told(run, tmp_path):
    """With the command where there is one."""
    run("upgrade")
    set_revision(tmp_path, "0000")
    code, revision, state, _ = run("current")
    assert (code, revision) == (1, "0000")
    assert state == f"run `cleanupctl db upgrade --state-dir {tmp_path}`"
    set_revision(tmp_path, "9999")
    assert run("current")[:3] == (1, "9999", "made by a newer cleanupd")


def set_revision(directory, revision):
    """Have a database say that its schema is of another revision."""
    with contextlib.closing(sqlite3.connect(directory / places.FILE)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()


def test_the_database_is_the_daemons(capsys, tmp_path):
    """Its options name it; a password is not told."""
    file = tmp_path / "cleanupd.conf"
    file.write_text("[database]\nconnection = nosuch://cleanupd:secret@controller/cleanupd\n")
    assert app.Cleanupctl().run(["db", "current", "--config-file", str(file)]) == 1
    error = capsys.readouterr().err
    assert "nosuch://cleanupd:***@controller/cleanupd cannot be used" in error
