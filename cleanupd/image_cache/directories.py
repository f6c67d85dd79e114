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

"""A directory by its descriptor: no path is walked twice, and no symbolic link followed."""

import array
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import ctypes
import errno
import fcntl
import itertools
import os
import pathlib
import re
import stat
import time

import msgspec

from cleanupd.image_cache import reports

_REGULAR = stat.S_IFREG >> 12
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Of these we know that no other machine writes to them.
_LOCAL = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "tmpfs", "xfs", "zfs"})
#: How many foreign names an alarm tells.
_EXAMPLES = 3
_LOCK_PAUSE_S = 0.05
#: So many entries are looked at before what they are is judged: this is quicker than to take
#: turns, and keeps no more of them in memory.
_BATCH = 64
_LIBC = ctypes.CDLL(None, use_errno=True)


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Which names in a directory are the cache's.

    ``usual_lengths`` spare the pattern most of its work: a name of such a
    length passes at first, and the pattern is asked before it is removed.
    ``expected`` are names that are neither the cache's nor an alarm.
    """

    pattern: re.Pattern[str]
    usual_lengths: tuple[int, ...] = ()
    expected: re.Pattern[str] = re.compile(r"\.nfs\w+")


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as idle: last used before ``idle_before``; ``now`` is when the pass began.

    Both are nanoseconds.  ``first_seen`` tells since when we know of a file
    that was, by its times, not yet used.
    """

    now: int
    idle_before: int
    first_seen: Callable[[os.stat_result], int]


class Seen:
    """The entries of a directory: counts, and the idle files in slots of a few bytes each.

    ``used`` has nanoseconds since the epoch, ``blocks`` units of 512 bytes,
    both in the order of ``names``.  ``from_future`` has the change time of
    idle files with a time that is yet to come, ``others`` the expected names.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.used = array.array("q")
        self.blocks = array.array("q")
        self.from_future: dict[str, int] = {}
        self.examples: list[str] = []
        self.others: list[str] = []
        self.linked = self.young = self.foreign = self.misnamed = self.total_blocks = 0

    @property
    def count(self) -> int:
        """How many entries there were."""
        return self.linked + self.young + self.foreign + len(self.names) - self.misnamed

    def oldest_first(self) -> Iterator[int]:
        """Yield the places of the idle files, the one that was not used for longest first."""
        bits = max(1, len(self.names).bit_length())
        # One integer each: half a million pairs would take 60 MB more.
        keys = sorted((used << bits) | place for place, used in enumerate(self.used))
        mask = (1 << bits) - 1
        return (key & mask for key in keys)

    def is_unchanged(self, place: int, status: os.stat_result, device: int) -> bool:
        """Return whether a file is still the one that was seen, and still nobody's.

        Who replaces, links or writes it moves its change time.
        """
        if status.st_nlink != 1 or status.st_dev != device or status[0] >> 12 != _REGULAR:
            return False
        expected = self.from_future.get(self.names[place])
        if expected is not None:
            return status.st_ctime_ns == expected
        return last_used(status) == self.used[place]

    def add(self, name: str, status: os.stat_result, used: int) -> None:
        """Keep an idle file."""
        self.names.append(name)
        self.used.append(used)
        self.blocks.append(status.st_blocks)


def last_used(status: os.stat_result) -> int:
    """Return the latest of its times in nanoseconds: also who links it moves one of them."""
    return max(status.st_mtime_ns, status.st_atime_ns, status.st_ctime_ns)


def scan(directory: "Directory", names: Names, window: Window) -> Seen:
    """Look at each entry once; keep the regular files of one link that are idle.

    This loop is what a large cache costs, so it is as flat as it is.
    """
    seen = Seen()
    device = directory.status.st_dev
    lengths, is_named = names.usual_lengths, names.pattern.fullmatch
    idle_before, now = window.idle_before, window.now
    add_name, add_used, add_blocks = seen.names.append, seen.used.append, seen.blocks.append
    linked = young = total = 0
    with os.scandir(directory.descriptor) as entries:
        for entry, status in itertools.chain.from_iterable(_looked_at(entries)):
            total += status.st_blocks
            if status[0] >> 12 != _REGULAR:
                _add_other(seen, names, entry.name)
            elif status[3] != 1:
                linked += 1
            elif len(entry.name) not in lengths and not is_named(entry.name):
                _add_other(seen, names, entry.name)
            else:
                used = status.st_ctime_ns
                if used <= idle_before:
                    used = max(used, status.st_mtime_ns, status.st_atime_ns)
                if used <= idle_before:
                    if status.st_dev != device:
                        linked += 1  # something is mounted on it
                        continue
                    add_name(entry.name)
                    add_used(used)
                    add_blocks(status.st_blocks)
                elif used <= now or not _add_from_future(seen, entry.name, status, window):
                    young += 1
    seen.linked, seen.young, seen.total_blocks = linked, young, total
    return seen


def _looked_at(
    entries: Iterator[os.DirEntry[str]],
) -> Iterator[Iterable[tuple[os.DirEntry[str], os.stat_result]]]:
    """Yield entries with what they are, a batch at a time; those that vanish are left out."""
    while batch := list(itertools.islice(entries, _BATCH)):
        try:
            yield zip(batch, [one.stat(follow_symlinks=False) for one in batch], strict=True)
        except OSError:
            yield list(_still_there(batch))


def _still_there(
    batch: Iterable[os.DirEntry[str]],
) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    for one in batch:
        # Those that were looked at already are not asked for again: an entry keeps its answer.
        with contextlib.suppress(OSError):
            yield one, one.stat(follow_symlinks=False)


def _add_other(seen: Seen, names: Names, name: str) -> None:
    """Count an entry that is not the cache's, unless it is known to be here."""
    if names.expected.fullmatch(name):
        seen.others.append(name)
    else:
        note_foreign(seen, name)


def note_foreign(seen: Seen, name: str) -> None:
    """Count an entry with a name of others, and keep the first as examples."""
    seen.foreign += 1
    if len(seen.examples) < _EXAMPLES:
        seen.examples.append(reports.printable(name))


def _add_from_future(seen: Seen, name: str, status: os.stat_result, window: Window) -> bool:
    """Keep a file some of whose times are yet to come, if the others say that it is idle."""
    times = (status.st_mtime_ns, status.st_atime_ns, status.st_ctime_ns)
    used = max((time for time in times if time <= window.now), default=0)
    if status.st_ctime_ns > window.now:
        # Nobody sets this one by hand: the clock was wrong when it was written, or is now.
        used = window.first_seen(status)
    if used > window.idle_before:
        return False
    seen.from_future[name] = status.st_ctime_ns
    seen.add(name, status, used)
    return True


class Directory:
    """An open directory; made by :func:`opened`."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.status = os.fstat(descriptor)

    def look(self, name: str) -> os.stat_result:
        """Return what an entry is now."""
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def list_files(self) -> list[str]:
        """Return the names of the plain files in it."""
        with os.scandir(self.descriptor) as entries:
            return [one.name for one in entries if one.is_file(follow_symlinks=False)]

    def unlink(self, name: str) -> None:
        """Remove a name."""
        os.unlink(name, dir_fd=self.descriptor)

    def open_file(self, name: str) -> int:
        """Return a descriptor for a file; nothing is waited for, and no link followed."""
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, dir_fd=self.descriptor)

    def room(self) -> reports.Room:
        """Return what is free on the file system for whoever has no privileges."""
        status = os.statvfs(self.descriptor)
        inodes = status.f_favail if status.f_files else None
        return reports.Room(free=status.f_frsize * status.f_bavail, inodes=inodes)

    def keeps_access_times(self) -> bool:
        """Return whether reading a file is seen in its times."""
        return not os.statvfs(self.descriptor).f_flag & os.ST_NOATIME

    def sync(self) -> None:
        """Have the file system do what it has put off: XFS and btrfs free space late."""
        if _LIBC.syncfs(self.descriptor):
            raise OSError(ctypes.get_errno(), "syncfs failed", self.path)

    def file_system(self) -> tuple[str, str]:
        """Return the type of the file system and what tells it from others.

        Subvolumes of btrfs differ in their device and share their room.
        """
        type_, source = _mount_of(self.descriptor)
        return type_, source if type_ == "btrfs" else str(self.status.st_dev)

    def is_local(self) -> bool:
        """Return whether no other machine can work in this directory."""
        return self.file_system()[0] in _LOCAL

    def lock(self, patience_s: float, sleep: Callable[[float], None]) -> bool | None:
        """Lock the directory against other sweepers; the kernel frees it with the descriptor.

        No file is made, so it works on a full disk.  Returns True where
        another sweeper had to be waited for, None where that took too long.
        """
        waited = False
        ends_at = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno != errno.EWOULDBLOCK:
                    raise
            else:
                return waited
            if time.monotonic() >= ends_at:
                return None
            waited = True
            sleep(_LOCK_PAUSE_S)


@contextlib.contextmanager
def opened(path: str, within: Directory | None = None) -> Iterator[Directory]:
    """Give an open directory, which is no symbolic link and is not made; raises OSError."""
    base = None if within is None else within.descriptor
    descriptor = os.open(path, _FLAGS, dir_fd=base)
    try:
        yield Directory(path if within is None else f"{within.path}/{path}", descriptor)
    finally:
        os.close(descriptor)


def is_on_mount(directory: Directory, mount_point: str) -> bool:
    """Return whether something is mounted at ``mount_point`` and holds the directory."""
    try:
        here = pathlib.Path(mount_point).lstat()
    except OSError:
        return False
    return pathlib.Path(mount_point).is_mount() and here.st_dev == directory.status.st_dev


def _mount_of(descriptor: int) -> tuple[str, str]:
    """Return type and source of the mount that a descriptor is on; empty where unknown."""
    try:
        info = pathlib.Path(f"/proc/self/fdinfo/{descriptor}").read_text()
        number = re.search(r"^mnt_id:\s*(\d+)$", info, re.MULTILINE)
        lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        if number and before.split(" ", 1)[0] == number[1]:
            type_, source = after.split(" ")[:2]
            return type_, source
    return "", ""
