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

"""The wall clock, mistrusted: what it says now is compared with what it should say."""

from collections.abc import Callable
import contextlib
import os
import pathlib
import time

import msgspec
from oslo_log import log

LOG = log.getLogger(__name__)

#: A clock that is further off than this has been set.
JUMP_S = 3600.0
#: For so long after a jump no age is believed; then the new time counts.
DISTRUST_S = 86400.0
_NS = 1_000_000_000
_MOST_SIGHTINGS = 10_000


class Memory(msgspec.Struct, kw_only=True):
    """What is remembered from pass to pass, in a file that is no cache's.

    ``wall_s`` and ``running_s`` were read at the same moment of the boot
    ``boot``; ``jumped_at_s`` is the running clock's time of a jump that is
    still distrusted.  ``sightings`` tell since when (by the wall clock) files
    are known whose own times are yet to come.
    """

    boot: str = ""
    wall_s: float = 0.0
    running_s: float = 0.0
    jumped_at_s: float | None = None
    sightings: dict[str, int] = {}


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The time of a pass; ``jump_s`` is how far the clock jumped, 0 where it is trusted."""

    now_s: float
    jump_s: float = 0.0


class Clock:
    """Tells the time of passes; ``running`` never jumps and counts while the machine sleeps."""

    def __init__(
        self,
        folder: pathlib.Path | None = None,
        wall: Callable[[], float] = time.time,
        running: Callable[[], float] | None = None,
    ) -> None:
        self._file = folder / "image-caches.json" if folder else None
        self._avoided: int | None = None
        self._wall = wall
        self._running = running or (lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
        self._memory = self._read()

    def is_on(self, device: int) -> bool:
        """Return whether what is remembered would be kept on a device."""
        if self._file is None:
            return False
        try:
            folder = next(one for one in self._file.parents if one.exists())
            return folder.stat().st_dev == device
        except OSError:
            return False  # nothing can be written there, either

    def moment(self, avoided: int | None = None) -> Moment:
        """Return the time for a pass, which is never later than the trusted clock says.

        Nothing is written to a device that is to be ``avoided``.
        """
        self._avoided = avoided
        wall_s, running_s = self._wall(), self._running()
        memory = self._memory
        boot = _boot_id()
        if memory.boot != boot:
            # Nothing to compare with: the running clock began anew.
            memory.boot, memory.jumped_at_s = boot, None
            memory.wall_s, memory.running_s = wall_s, running_s
            self._write()
            return Moment(now_s=wall_s)
        expected_s = memory.wall_s + running_s - memory.running_s
        jump_s = wall_s - expected_s
        if abs(jump_s) <= JUMP_S:
            memory.wall_s, memory.running_s, memory.jumped_at_s = wall_s, running_s, None
            self._write()
            return Moment(now_s=wall_s)
        if memory.jumped_at_s is None:
            memory.jumped_at_s = running_s
        if running_s - memory.jumped_at_s > DISTRUST_S:
            memory.boot = ""
            return self.moment(avoided)
        self._write()
        return Moment(now_s=min(wall_s, expected_s), jump_s=jump_s)

    def first_seen(self, status: os.stat_result) -> int:
        """Return since when a file is known to us, in nanoseconds: since now, if it was not."""
        sightings = self._memory.sightings
        key = f"{status.st_dev}:{status.st_ino}:{status.st_ctime_ns}"
        if key not in sightings:
            if len(sightings) >= _MOST_SIGHTINGS:
                sightings.pop(next(iter(sightings)))
            sightings[key] = int(self._wall() * _NS)
            self._write()
        return sightings[key]

    def _read(self) -> Memory:
        if self._file is not None:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                return msgspec.json.decode(self._file.read_bytes(), type=Memory)
        return Memory(sightings={})

    def _write(self) -> None:
        if self._file is None:
            return
        try:
            if self._avoided is not None and self.is_on(self._avoided):
                return
            self._file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            fresh = self._file.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(msgspec.json.encode(self._memory))
            fresh.replace(self._file)
        except OSError as error:
            LOG.warning(
                "What is known of the clock is kept in memory only: %(why)s", {"why": error}
            )


def _boot_id() -> str:
    try:
        return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"
