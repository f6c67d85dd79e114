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

"""Whose a journal is."""

import pytest

from cleanupd import exceptions
from cleanupd.journal import tenure


@pytest.fixture
def first(tmp_path):
    """Give a tenure that has begun."""
    made = tenure.Tenure(tmp_path / "state")
    made.start()
    yield made
    made.wait()


def test_the_place_of_the_journal_is_made(first, tmp_path):
    """Whoever starts it first need not make directories."""
    del first
    assert (tmp_path / "state").is_dir()


def test_a_journal_is_one_daemons(first, tmp_path):
    """Until that one has ended."""
    second = tenure.Tenure(tmp_path / "state")
    with pytest.raises(exceptions.JournalFailed, match="another daemon or command uses it"):
        second.start()
    first.stop()
    first.wait()
    second.start()
    second.wait()


def test_a_place_that_is_a_file_is_told(tmp_path):
    """The message names it, and the option."""
    (tmp_path / "file").write_text("")
    with pytest.raises(exceptions.JournalFailed, match=f"{tmp_path}/file/state.*state_path"):
        tenure.Tenure(tmp_path / "file" / "state").start()


def test_what_never_began_can_end(tmp_path):
    """A daemon that fails before it has nothing to free."""
    tenure.Tenure(tmp_path).wait()


def test_a_command_has_it_meanwhile(tmp_path):
    """What it is told where it cannot have it is its own advice."""
    with (
        tenure.held(tmp_path, "wait"),
        pytest.raises(exceptions.JournalFailed, match="uses it; wait"),
        tenure.held(tmp_path, "wait"),
    ):
        pass
    with tenure.held(tmp_path, "wait"):
        pass
