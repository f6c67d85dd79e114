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

"""Writes files below a repository's root: each whole or not at all, and never through a link."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import enum
import errno
import os
import secrets
import stat

import msgspec

from cleanupd import exceptions
from cleanupd.rally_jobs import repository

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class State(enum.StrEnum):
    """What writing a file means."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


class Change(msgspec.Struct, frozen=True):
    """One file as it is to be; ``before`` is its text now, "" if it is new or no text."""

    path: str
    text: str
    state: State
    before: str = ""


def compare(tree: repository.Repository, files: Mapping[str, str]) -> tuple[Change, ...]:
    """Return what writing files would change.

    Raises Refused where something else than a plain file, or than a folder
    above one, is in the way.
    """
    return tuple(_compare(tree, path, text) for path, text in files.items())


def write(tree: repository.Repository, changes: Iterable[Change]) -> None:
    """Write what is not the same: all files beside their places first, then each into its own.

    Raises Refused if that fails; new files and folders are gone again then.
    """
    with contextlib.ExitStack() as undo:
        pending = [
            (change, _prepare(tree, change, undo))
            for change in sorted(changes, key=lambda one: one.state is State.CHANGED)
            if change.state is not State.SAME
        ]
        for change, temporary in pending:
            with _told(change.path):
                _settle(tree, change, temporary, undo)
        undo.pop_all()


def _compare(tree: repository.Repository, path: str, text: str) -> Change:
    parts = path.split("/")
    for length in range(1, len(parts)):
        above = "/".join(parts[:length])
        mode = tree.mode(above)
        if mode is None:
            return Change(path, text, State.NEW)
        if not stat.S_ISDIR(mode):
            raise exceptions.Refused(f"{above} is {_sort(mode)}, not a folder; nothing is written")
    mode = tree.mode(path)
    if mode is None:
        return Change(path, text, State.NEW)
    if not stat.S_ISREG(mode):
        raise exceptions.Refused(f"{path} is {_sort(mode)}, not a file; nothing is written")
    before = tree.read(path)
    state = State.SAME if before == text else State.CHANGED
    return Change(path, text, state, before or "")


def _sort(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link, which is not followed"
    return "a folder" if stat.S_ISDIR(mode) else "a file" if stat.S_ISREG(mode) else "special"


def _prepare(tree: repository.Repository, change: Change, undo: contextlib.ExitStack) -> str:
    """Write a file's text beside its place and return under what name."""
    above, _, name = change.path.rpartition("/")
    temporary = f".{name}.{secrets.token_hex(4)}"
    with _told(change.path):
        _make_folders(tree, above, undo)
        with tree.open_folder(above) as folder:
            descriptor = os.open(temporary, _NEW, 0o666, dir_fd=folder)
            undo.callback(_remove, tree, above, temporary)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
                if change.state is State.CHANGED:
                    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
                    os.fchmod(descriptor, stat.S_IMODE(mode))
                stream.write(change.text)
                stream.flush()
                os.fsync(descriptor)
    return temporary


def _settle(
    tree: repository.Repository, change: Change, temporary: str, undo: contextlib.ExitStack
) -> None:
    above, _, name = change.path.rpartition("/")
    with tree.open_folder(above) as folder:
        if change.state is State.CHANGED:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            return
        # Unlike a renaming, a link takes nobody's place who came in the meantime.
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        undo.callback(_remove, tree, above, name)
        os.unlink(temporary, dir_fd=folder)


def _make_folders(tree: repository.Repository, path: str, undo: contextlib.ExitStack) -> None:
    parts = [part for part in path.split("/") if part]
    for length in range(1, len(parts) + 1):
        above, name = "/".join(parts[: length - 1]), parts[length - 1]
        with tree.open_folder(above) as folder:
            try:
                os.mkdir(name, dir_fd=folder)
            except FileExistsError:
                continue
            undo.callback(_remove, tree, above, name, is_folder=True)


def _remove(
    tree: repository.Repository, above: str, name: str, *, is_folder: bool = False
) -> None:
    with contextlib.suppress(OSError), tree.open_folder(above) as folder:
        if is_folder:
            os.rmdir(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Raise Refused instead of OSError."""
    try:
        yield
    except OSError as error:
        why = "a symbolic link is in the way" if error.errno == errno.ELOOP else error.strerror
        raise exceptions.Refused(f"{path} cannot be written: {why}") from error
