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

"""When the services of this machine were started, as /proc tells."""

from collections.abc import Collection
from collections.abc import Iterable
import os
import pathlib
import time

#: Since when a process runs is known to the hundredth of a second, and file
#: systems stamp with a clock that is a little late.
_MARGIN_S = 2.0


def started_at(
    programs: Collection[str], proc: pathlib.Path = pathlib.Path("/proc")
) -> float | None:
    """Return when the oldest process of some programs was started, in seconds since the epoch.

    None where there is none to be seen: that it runs on another machine, in
    another container or under another user cannot be told from its absence.
    """
    now, uptime = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
    ticks = os.sysconf("SC_CLK_TCK")
    starts = [_start_ticks(folder) for folder in _running(programs, proc)]
    known = [start for start in starts if start is not None]
    if not known or len(known) < len(starts):
        return None
    return now - uptime + min(known) / ticks - _MARGIN_S


def _running(programs: Collection[str], proc: pathlib.Path) -> Iterable[pathlib.Path]:
    wanted = {program.encode() for program in programs}
    for folder in proc.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if _program(words) in wanted:
            yield folder


def _program(words: list[bytes]) -> bytes:
    """Return what runs: ``nova-compute``, ``python3 /usr/bin/nova-compute``, ``nova-compute: x``.

    Not what it is told, as ``journalctl -u nova-compute`` is.
    """
    program, *others = (word.partition(b":")[0].strip().rpartition(b"/")[2] for word in words)
    if program.startswith(b"python"):
        program = next((word for word in others if not word.startswith(b"-")), b"")
    return program


def _start_ticks(folder: pathlib.Path) -> int | None:
    """Return field 22 of /proc/PID/stat, which comes after a name that may hold anything."""
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        return int(fields[19])
    except (OSError, IndexError, ValueError):
        return None
