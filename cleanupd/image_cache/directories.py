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

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import ctypes
import errno
import fcntl
import os
import pathlib
import re
import time

from cleanupd.image_cache import reports

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Of these we know that no other machine writes to them.
_LOCAL = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "tmpfs", "xfs", "zfs"})
_LOCK_PAUSE_S = 0.05
_LIBC = ctypes.CDLL(None, use_errno=True)


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

    def lock(self, patience_s: float, sleep: Callable[[float], None]) -> bool:
        """Lock the directory against other sweepers; the kernel frees it with the descriptor.

        No file is made, so it works on a full disk.  Returns whether it is
        locked; another sweeper is waited for so long.
        """
        ends_at = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno != errno.EWOULDBLOCK:
                    raise
            else:
                return True
            if time.monotonic() >= ends_at:
                return False
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
