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

"""A repository's tree, read without following a symbolic link and without trusting a size.

The path that a person gives may itself be a link; nothing below it may.
"""

from collections.abc import Iterator
import contextlib
import os
import pathlib
import stat

from cleanupd import exceptions

LARGEST_TEXT = 2**20
MOST_ENTRIES = 2000

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Repository:
    """One tree; paths are relative to its root, with slashes."""

    def __init__(self, root: pathlib.Path) -> None:
        """Raise UsageError if there is no folder at the root."""
        try:
            if not stat.S_ISDIR(root.stat().st_mode):
                raise exceptions.UsageError(f"{root} is no folder: give that of a repository")
        except OSError as error:
            raise exceptions.UsageError(f"{root} cannot be read: {error.strerror}") from error
        self.root = root

    @contextlib.contextmanager
    def open_folder(self, path: str = "") -> Iterator[int]:
        """Give a descriptor of a folder; raises OSError where a part of the path is a link."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in filter(None, path.split("/")):
                below = os.open(part, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    def mode(self, path: str) -> int | None:
        """Return the mode of what is at a path, None for nothing or for what is behind a link."""
        above, _, name = path.rpartition("/")
        try:
            with self.open_folder(above) as descriptor:
                return os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
        except OSError:
            return None

    def is_file(self, path: str) -> bool:
        """Whether a plain file is at a path."""
        mode = self.mode(path)
        return mode is not None and stat.S_ISREG(mode)

    def is_folder(self, path: str) -> bool:
        """Whether a folder is at a path."""
        mode = self.mode(path)
        return mode is not None and stat.S_ISDIR(mode)

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, in order and at most MOST_ENTRIES; none of no folder."""
        try:
            with self.open_folder(path) as descriptor, os.scandir(descriptor) as entries:
                found = [
                    entry.name for entry, _ in zip(entries, range(MOST_ENTRIES), strict=False)
                ]
        except OSError:
            return []
        return sorted(found)

    def read(self, path: str) -> str | None:
        """Return the text of a plain file; None where there is none that can be read as UTF-8."""
        above, _, name = path.rpartition("/")
        try:
            with self.open_folder(above) as folder:
                descriptor = os.open(name, _FILE, dir_fd=folder)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            content = stream.read(LARGEST_TEXT + 1)
        if len(content) > LARGEST_TEXT:
            return None
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return None
