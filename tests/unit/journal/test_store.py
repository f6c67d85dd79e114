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

"""What is stored of a sweep."""

import pytest

from cleanupd import exceptions
from cleanupd.journal import store
from tests.unit.core import sample


def make_sweep(id_, started_at="2026-03-01T12:00:00+00:00"):
    """Return a sweep."""
    return store.Sweep(
        id=id_, cloud="c", region="r", state=store.State.DONE, started_at=started_at
    )


def test_sweeps_are_listed_by_their_start(tmp_path):
    """The latest sweep comes last."""
    journal = store.Store(tmp_path / "sweeps")
    assert journal.sweeps() == ()
    late, early = make_sweep("a", "2026-03-02T12:00:00+00:00"), make_sweep("b")
    journal.save(late)
    journal.save(early)
    assert journal.sweeps() == (early, late)


@pytest.mark.parametrize("id_", ["nothing", "../etc", "", ".", "a/b", "ä"])
def test_an_unknown_sweep_is_refused(tmp_path, id_):
    """An id that leads nowhere, or elsewhere, is unknown."""
    with pytest.raises(exceptions.UnknownSweep, match="cleanupctl sweep list"):
        store.Store(tmp_path).sweep(id_)


def test_first_sightings_are_kept_for_each_region(tmp_path):
    """What was first seen in one region of one cloud is remembered for that alone."""
    journal = store.Store(tmp_path)
    seen = {sample.ref("compute.flavor", "7"): sample.NOW}
    journal.save_sightings("../cloud", "one", seen)
    assert journal.sightings("../cloud", "one") == seen
    assert journal.sightings("../cloud", "two") == {}
    assert journal.sweeps() == ()
    [file] = (tmp_path / "sightings").iterdir()
    file.write_text("{")
    with pytest.raises(exceptions.JournalFailed):
        journal.sightings("../cloud", "one")


def test_a_damaged_sweep_is_an_error(tmp_path):
    """A file that is no sweep is not taken for one."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "sweep.json").write_text("{")
    with pytest.raises(exceptions.JournalFailed):
        store.Store(tmp_path).sweep("a")


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path):
    """The error says which directory."""
    (tmp_path / "file").write_text("")
    with pytest.raises(exceptions.JournalFailed, match="file"):
        store.Store(tmp_path / "file").save(make_sweep("a"))
