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

"""Reads a repository's folder of Rally jobs without trusting anything in it.

No symbolic link is followed, nothing but plain files is opened, and what is
read is bounded in number, depth and size.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import os
import pathlib
import stat

import msgspec

from cleanupd import exceptions
from cleanupd.rally_jobs import findings

#: The folder's name, and the one that it had when Rally was young.
NAMES = ("rally-jobs", "rally-scenarios")
EXTRA = "extra"
#: Zuul reads the first of these that there is.
ZUUL_PLACES = ("zuul.yaml", "zuul.d", ".zuul.yaml", ".zuul.d")
TASK_SUFFIXES = (".yaml", ".yml", ".json")

#: What makes a folder a repository: all of it would be taken for Rally jobs otherwise.
_PACKAGING = ("pyproject.toml", "setup.cfg", "setup.py", ".gitreview")

MOST_ENTRIES = 2000
DEEPEST = 6
MOST_TASKS = 100
MOST_TEXT = 2 * 2**20
LARGEST_TEXT = 2**18
LARGEST_FILE = 64 * 2**20

_TEXT_SUFFIXES = (*TASK_SUFFIXES, ".py", ".rst", ".md", ".j2", ".jinja", ".jinja2")
_WHOLE: findings.Place = ()

#: A file, what was found of it, and the line.
Trouble = tuple[str, findings.Issue, int]


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """What was read.

    Paths are relative to ``root``; ``place`` is the folder's ("" if it is the
    root itself).  ``files`` are all files of the folder, ``texts`` those that
    were read, those of Zuul among them, and ``tasks`` the ones that may be
    tasks.  ``zuul`` are the places of jobs that a repository has, the one that
    Zuul reads first.
    """

    root: pathlib.Path
    place: str
    files: frozenset[str]
    texts: dict[str, str]
    tasks: tuple[str, ...]
    zuul: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...]
    is_single: bool = False

    def inside(self, name: str) -> str:
        """Return the path of what the folder calls ``name``."""
        return f"{self.place}/{name}" if self.place else name

    def name_of(self, path: str) -> str:
        """Return what the folder calls a path."""
        return path.removeprefix(f"{self.place}/") if self.place else path


def read(path: pathlib.Path) -> Folder:
    """Return what is in a repository, a folder of Rally jobs, or one task file.

    Raises UsageError if there is nothing at the path.
    """
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return _read_one(path)
        place = next((name for name in NAMES if os.path.lexists(path / name)), "")
        reader = _Reader(path)
        if place or not any(os.path.lexists(path / name) for name in _PACKAGING):
            reader.walk(place)
        else:
            reader.refuse("", "no-task", f"the repository has no folder {NAMES[0]}")
        zuul = [name for name in ZUUL_PLACES if place and os.path.lexists(path / name)]
        reader.walk_zuul(zuul)
    except OSError as error:
        raise exceptions.UsageError(f"{path} cannot be read: {error.strerror}") from error
    return reader.folder(place, zuul)


def _read_one(path: pathlib.Path) -> Folder:
    reader = _Reader(path.parent)
    reader.walk("")
    found = reader.folder("")
    texts = {name: text for name, text in found.texts.items() if name == path.name}
    if path.name not in {*texts, *(where for where, *_ in found.troubles)}:
        texts |= reader.read_text(path.name)
    return msgspec.structs.replace(
        found,
        texts=found.texts | texts,
        tasks=tuple(texts),
        troubles=tuple(one for one in reader.troubles if one[0] == path.name),
        is_single=True,
    )


class _Reader:
    """Walks below one root and keeps what it finds."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.files: set[str] = set()
        self.texts: dict[str, str] = {}
        self.troubles: list[Trouble] = []
        self._entries = 0
        self._room = MOST_TEXT

    def folder(self, place: str, zuul: Sequence[str] = ()) -> Folder:
        """Return all that was read."""
        prefix = f"{place}/" if place else ""
        tasks = [
            path
            for path in sorted(self.texts)
            if path.startswith(prefix)
            and "/" not in path.removeprefix(prefix)
            and path.endswith(TASK_SUFFIXES)
        ]
        if len(tasks) > MOST_TASKS:
            self.refuse(place or ".", "folder-too-large", f"more than {MOST_TASKS} tasks")
        return Folder(
            root=self.root,
            place=place,
            files=frozenset(self.files),
            texts=self.texts,
            tasks=tuple(tasks[:MOST_TASKS]),
            zuul=tuple(zuul),
            troubles=tuple(self.troubles),
        )

    def walk(self, place: str) -> None:
        """Read a folder of Rally jobs."""
        for path, size in self._plain_files(place):
            self.files.add(path)
            inside = path.removeprefix(f"{place}/") if place else path
            is_text = path.endswith(_TEXT_SUFFIXES)
            if is_text and (not inside.startswith(f"{EXTRA}/") or path.endswith(".rst")):
                self.texts |= self.read_text(path)
            elif size > LARGEST_FILE:
                self.refuse(path, "file-too-large", f"{path} has {size} bytes")

    def walk_zuul(self, places: Sequence[str]) -> None:
        """Read the files of jobs of a repository."""
        for name in places:
            for path, _ in self._plain_files(name):
                if path.endswith((".yaml", ".yml")):
                    self.texts |= self.read_text(path)

    def read_text(self, path: str) -> dict[str, str]:
        """Return the text of a file by its path; nothing if it is refused."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(self.root / path, flags)
        except OSError as error:
            self.refuse(path, "file-special", f"{path} cannot be opened: {error.strerror}")
            return {}
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                self.refuse(path, "file-special", f"{path} is no plain file")
                return {}
            content = stream.read(LARGEST_TEXT + 1)
        if len(content) > LARGEST_TEXT:
            self.refuse(path, "file-too-large", f"{path} has more than {LARGEST_TEXT} bytes")
            return {}
        self._room -= len(content)
        if self._room < 0:
            self.refuse(path, "folder-too-large", f"all texts have more than {MOST_TEXT} bytes")
            return {}
        return self._decode(path, content)

    def _decode(self, path: str, content: bytes) -> dict[str, str]:
        try:
            return {path: content.decode("utf-8")}
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            message = f"byte {content[error.start]:#x} is not UTF-8"
            self.troubles.append((path, findings.Issue("file-encoding", _WHOLE, message), line))
            return {}

    def _plain_files(self, place: str, depth: int = 0) -> Iterator[tuple[str, int]]:
        """Yield path and size of the plain files at or below a place, in order of names."""
        status = (self.root / place).lstat()
        if stat.S_ISREG(status.st_mode):
            yield place, status.st_size
        elif stat.S_ISLNK(status.st_mode) and place:
            target = (self.root / place).readlink()
            self.refuse(place, "file-link", f"{place} is a symbolic link to {target}")
        elif stat.S_ISDIR(status.st_mode) or not place:
            yield from self._below(place, depth)
        else:
            self.refuse(place, "file-special", f"{place} is neither a file nor a folder")

    def _below(self, place: str, depth: int) -> Iterator[tuple[str, int]]:
        if depth > DEEPEST:
            self.refuse(place, "folder-too-large", f"{place} is deeper than {DEEPEST} folders")
            return
        with os.scandir(self.root / place) as found:
            names = []
            for entry in found:
                if entry.name in (".git", "__pycache__"):
                    continue
                self._entries += 1
                if self._entries == MOST_ENTRIES + 1:
                    self.refuse(place, "folder-too-large", f"more than {MOST_ENTRIES} files")
                if self._entries > MOST_ENTRIES:
                    return
                names.append(entry.name)
        for name in sorted(names):
            yield from self._plain_files(f"{place}/{name}" if place else name, depth + 1)

    def refuse(self, path: str, rule: str, message: str) -> None:
        """Note what keeps a path from being looked at."""
        self.troubles.append((path, findings.Issue(rule, _WHOLE, message), 1))
