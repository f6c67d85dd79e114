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
"""Files are written whole, or not at all, and never through a link."""

import os
import stat

import pytest

from cleanupd import exceptions
from cleanupd.rally_jobs import repository
from cleanupd.rally_jobs import writing

FILES = {"jobs/a.txt": "new a\n", "jobs/deep/b.txt": "new b\n"}


@pytest.fixture
def tree(tmp_path):
    """Return an empty repository."""
    (tmp_path / "tree").mkdir()
    return repository.Repository(tmp_path / "tree")


def everything(root):
    """Return all paths below a root."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_files_are_written(tree):
    """New files are there with their folders, and nothing else is."""
    writing.write(tree, writing.compare(tree, FILES))
    assert everything(tree.root) == ["jobs", "jobs/a.txt", "jobs/deep", "jobs/deep/b.txt"]
    assert (tree.root / "jobs/deep/b.txt").read_text() == "new b\n"


def test_states_are_told(tree):
    """A file is new, changed or the same, and its text before is known."""
    (tree.root / "jobs" / "deep").mkdir(parents=True)
    (tree.root / "jobs/a.txt").write_text("old a\n")
    (tree.root / "jobs/deep/b.txt").write_text("new b\n")
    changes = writing.compare(tree, {**FILES, "c": ""})
    assert [(one.state, one.before) for one in changes] == [
        ("changed", "old a\n"),
        ("same", "new b\n"),
        ("new", ""),
    ]


def test_changed_file_keeps_its_mode(tree):
    """What is overwritten keeps who may read and run it."""
    (tree.root / "a").write_text("old\n")
    (tree.root / "a").chmod(0o750)
    writing.write(tree, writing.compare(tree, {"a": "new\n"}))
    assert (tree.root / "a").read_text() == "new\n"
    assert stat.S_IMODE((tree.root / "a").stat().st_mode) == 0o750


def test_same_file_is_left_alone(tree):
    """A file whose text is right already is not touched."""
    (tree.root / "a").write_text("right\n")
    before = (tree.root / "a").stat()
    writing.write(tree, writing.compare(tree, {"a": "right\n"}))
    assert (tree.root / "a").stat().st_ino == before.st_ino


@pytest.mark.parametrize("link", ["jobs", "jobs/deep", "jobs/a.txt"])
def test_links_are_refused(tree, tmp_path, link):
    """A symbolic link on the way is refused, and nothing is written where it leads."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tree.root / link).parent.mkdir(exist_ok=True)
    (tree.root / link).symlink_to(outside)
    with pytest.raises(exceptions.Refused, match=f"{link} is a symbolic link"):
        writing.compare(tree, FILES)
    assert everything(outside) == []


def test_special_files_are_refused(tree):
    """A pipe, or a folder, in the place of a file is refused."""
    os.mkfifo(tree.root / "pipe")
    (tree.root / "folder").mkdir()
    with pytest.raises(exceptions.Refused, match="pipe is special"):
        writing.compare(tree, {"pipe": ""})
    with pytest.raises(exceptions.Refused, match="folder is a folder"):
        writing.compare(tree, {"folder": ""})


def test_link_that_comes_late_is_not_followed(tree, tmp_path):
    """A folder that becomes a link after the comparison stops the writing, without a trace."""
    outside = tmp_path / "outside"
    outside.mkdir()
    changes = writing.compare(tree, FILES)
    (tree.root / "jobs").symlink_to(outside)
    with pytest.raises(exceptions.Refused, match=r"jobs/a\.txt cannot be written"):
        writing.write(tree, changes)
    assert everything(outside) == []


def test_file_that_comes_late_is_not_overwritten(tree):
    """A file that appears after the comparison stays, and what was written before is undone."""
    changes = writing.compare(tree, FILES)
    (tree.root / "jobs" / "deep").mkdir(parents=True)
    (tree.root / "jobs/deep/b.txt").write_text("somebody's\n")
    with pytest.raises(exceptions.Refused, match="File exists"):
        writing.write(tree, changes)
    assert everything(tree.root) == ["jobs", "jobs/deep", "jobs/deep/b.txt"]
    assert (tree.root / "jobs/deep/b.txt").read_text() == "somebody's\n"


def test_failure_leaves_nothing(tree):
    """Where one file cannot be written none is, and the folders are gone again."""
    long = f"jobs/deep/{'n' * 300}"
    changes = writing.compare(tree, {**FILES, long: ""})
    with pytest.raises(exceptions.Refused, match="too long"):
        writing.write(tree, changes)
    assert everything(tree.root) == []
