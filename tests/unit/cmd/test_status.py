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
"""``cleanupd-status upgrade check``."""

import contextlib
import json
import pathlib
import sqlite3
from typing import NamedTuple

import pytest

from cleanupd.cmd import status
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal import store


class Answer(NamedTuple):
    """What a run of the command gave."""

    code: int
    output: str
    errors: str

    @property
    def details(self) -> dict[str, tuple[int, str]]:
        """The result and the details of each check."""
        checks = json.loads(self.output)["checks"]
        return {one["check"]: (one["result"], one["details"]) for one in checks}


class Command:
    """``cleanupd-status`` with a configuration of its own."""

    def __init__(self, folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state = folder / "state"
        self._file = folder / "cleanupd.conf"
        self._capsys = capsys

    def check(self, options: str) -> Answer:
        """Return what ``upgrade check --json`` says of these options."""
        self._file.write_text(f"[DEFAULT]\nstate_path = {self.state}\n{options}")
        return self.run("--config-file", str(self._file), "upgrade", "check", "--json")

    def run(self, *arguments: str) -> Answer:
        """Return what the command says to these arguments."""
        code = status.main(list(arguments))
        output, errors = self._capsys.readouterr()
        return Answer(code, output, errors)


@pytest.fixture
def command(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Give the command, whose state is in a folder that does not exist yet."""
    return Command(tmp_path, capsys)


def test_usable_options_are_a_success(command: Command) -> None:
    """With a cloud and nothing else the daemon would start, and in mode report."""
    answer = command.check("[cloud]\nname = production\n")

    assert (answer.code, answer.details["Options"]) == (0, (0, "mode report"))


def test_missing_cloud_is_a_failure(command: Command) -> None:
    """Without the name of a cloud the daemon would not start, so the check fails."""
    answer = command.check("")

    assert (answer.code, answer.details["Options"]) == (2, (2, "[cloud] name is not set"))


def test_format_without_two_groups_is_a_failure(command: Command) -> None:
    """A format of names that cannot be used fails the check, which names the option."""
    answer = command.check("[cloud]\nname = production\n[names]\nformat = mine_XX\n")

    assert answer.code == 2
    assert "[names] format: 'mine_XX' cannot be used" in answer.details["Options"][1]


def test_broken_file_is_told_in_one_line(command: Command) -> None:
    """A file that cannot be parsed is one line of errors, and nothing is called checked."""
    answer = command.check("[cloud\n")

    assert (answer.code, answer.output) == (255, "")
    assert answer.errors.count("\n") == 1


def test_unreadable_sweep_is_a_failure(command: Command) -> None:
    """A stored sweep that this version cannot read fails the check."""
    journal = sql.Journal(places.in_directory(command.state))
    journal.save(
        store.Sweep(
            id="20261121-abcd",
            cloud="c",
            region="r",
            state=store.State.DONE,
            started_at="2026-11-21T00:00:00+00:00",
        )
    )
    with contextlib.closing(sqlite3.connect(command.state / places.FILE)) as connection:
        connection.execute('UPDATE sweeps SET certificate = \'{"from": "another version"}\'')
        connection.commit()

    answer = command.check("[cloud]\nname = production\n")

    assert (answer.code, answer.details["Journal"][0]) == (2, 2)


def test_a_check_makes_no_database(command: Command) -> None:
    """What is not there yet is the daemon's to make, as its user."""
    answer = command.check("[cloud]\nname = production\n")

    assert answer.details["Journal"] == (0, "the daemon will make it")
    assert not command.state.exists()


def test_every_plugin_of_ours_can_be_used(command: Command) -> None:
    """The kinds that the package itself brings are all accepted."""
    assert command.check("[cloud]\nname = production\n").details["Plugins"][0] == 0


def test_every_image_cache_of_ours_can_be_used(command: Command) -> None:
    """The caches that the package itself brings are all accepted."""
    answer = command.check("[cloud]\nname = production\n")

    assert answer.details["Image caches"] == (0, "7 image caches")


def test_a_retired_directory_in_use_is_a_failure(command: Command) -> None:
    """The daemon would refuse to empty the directory of a cache, so the check fails."""
    answer = command.check(
        "[image_cache_ironic_iso]\ndirectory = /a\n"
        "[image_cache_ironic_tftp]\ndirectory = /b\nretired = /c,/a/\n"
    )

    assert (answer.code, answer.details["Options"]) == (
        2,
        (2, "[image_cache_ironic_tftp] retired: '/a/' is the directory of a cache"),
    )


def test_unknown_flag_is_no_result(command: Command) -> None:
    """A usage error ends with another code than a check that failed."""
    assert command.run("--no-such-flag").code == 255


def test_help_is_a_success(command: Command) -> None:
    """``--help`` ends with 0."""
    assert command.run("--help").code == 0
