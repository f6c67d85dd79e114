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

"""What is in the directory of a cache: each entry is looked at once."""

import array
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import itertools
import os
import re
import stat

import msgspec

from cleanupd.image_cache import directories
from cleanupd.image_cache import reports

_REGULAR = stat.S_IFREG >> 12
#: How many foreign names an alarm tells.
_EXAMPLES = 3
#: So many entries are looked at before what they are is judged: this is quicker than to take
#: turns, and keeps no more of them in memory.
_BATCH = 64


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


def scan(directory: directories.Directory, names: Names, window: Window) -> Seen:
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
