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

"""What keeps us out of others' way, where no lock of theirs can be had: quiet and leases.

A service that lists a directory, and then looks at each name, fails if we
remove one in between.  So :class:`Quiet` lets nothing be removed unless
nobody has worked there for a moment.  A file that somebody has open would
give no room: :func:`held` asks the kernel for a lease, which it grants on a
file that nobody else has open, through any of its links.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import ctypes
import enum
import errno
import fcntl
import os
import signal
import struct

from cleanupd.image_cache import directories

_LIBC = ctypes.CDLL(None, use_errno=True)
_IN_CREATE, _IN_MOVED_TO, _IN_OPEN, _IN_Q_OVERFLOW, _IN_ISDIR = 0x100, 0x80, 0x20, 0x4000, 1 << 30
_EVENT = struct.Struct("iIII")
_BUFFER = 65536
#: What tells that somebody lists the directory, or puts something into it.
_FOREIGN = _IN_CREATE | _IN_MOVED_TO | _IN_Q_OVERFLOW


class Busy(Exception):
    """Somebody worked in the directory for so long that the pass was given up."""


class Quiet:
    """Lets a removal wait until nobody else has worked in a directory for a while.

    It watches from when it is made.  One read for each removal, no more; what
    we do ourselves by the directory's descriptor makes no event that counts.
    """

    def __init__(
        self,
        directory: directories.Directory,
        quiet_s: float,
        *,
        patience_s: float,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._quiet_s = quiet_s
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._descriptor = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        path = f"/proc/self/fd/{directory.descriptor}".encode()
        mask = _IN_OPEN | _IN_CREATE | _IN_MOVED_TO
        if self._descriptor < 0 or _LIBC.inotify_add_watch(self._descriptor, path, mask) < 0:
            number = ctypes.get_errno()
            self.close()
            raise OSError(number, os.strerror(number), directory.path)
        self._busy_at = monotonic()
        self._is_quiet = False

    def wait(self) -> None:
        """Return when nobody has worked in the directory for a while; raises Busy."""
        if not self._has_events() and self._is_quiet:
            return
        while True:
            left_s = self._busy_at + self._quiet_s - self._monotonic()
            if left_s <= 0:
                self._is_quiet = True
                return
            if self._patience_s <= 0:
                raise Busy
            self._patience_s -= left_s
            self._sleep(left_s)
            self._has_events()

    def _has_events(self) -> bool:
        """Read what happened, and note when somebody worked here."""
        try:
            events = os.read(self._descriptor, _BUFFER)
        except BlockingIOError:
            return False
        offset, has_foreign = 0, False
        while offset < len(events):
            _, mask, _, length = _EVENT.unpack_from(events, offset)
            offset += _EVENT.size + length
            # Opening a file here is no listing; opening the directory itself has no name.
            is_listing = mask & _IN_OPEN and mask & _IN_ISDIR and not length
            has_foreign = has_foreign or bool(is_listing or mask & _FOREIGN)
        if has_foreign:
            self._busy_at = self._monotonic()
            self._is_quiet = False
        return has_foreign

    def close(self) -> None:
        """Watch no more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Hold(enum.Enum):
    """What asking for a lease has shown."""

    FREE = "nobody else has it open"
    OPEN = "it is open"
    UNKNOWN = "it cannot be told whether it is open"


def ignore_lease_breaks() -> None:
    """Have the process survive SIGIO, which the kernel sends to who holds a lease.

    By the C library, because Python would let only the main thread do it.
    """
    _LIBC.signal(int(signal.SIGIO), ctypes.c_void_p(int(signal.SIG_IGN)))


@contextlib.contextmanager
def held(directory: directories.Directory, name: str) -> Iterator[Hold]:
    """Tell whether a file is open anywhere; if not, who opens it now waits for the block's end.

    Raises FileNotFoundError where it has vanished.
    """
    try:
        descriptor = directory.open_file(name)
    except PermissionError:
        yield Hold.UNKNOWN
        return
    try:
        yield _lease(descriptor)
    finally:
        os.close(descriptor)


def _lease(descriptor: int) -> Hold:
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        return Hold.OPEN if error.errno == errno.EAGAIN else Hold.UNKNOWN
    return Hold.FREE
