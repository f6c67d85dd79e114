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

"""Directories of downloads that a killed conductor left: removed whole, or not at all."""

from collections.abc import Iterable
import datetime
import errno
import os
import stat

import msgspec
from oslo_log import log

from cleanupd.image_cache import directories
from cleanupd.image_cache import guards
from cleanupd.image_cache import reports
from cleanupd.image_cache import sweeping

LOG = log.getLogger(__name__)

_NS = 1_000_000_000
_BLOCK = 512
WHY = "orphan: a download of a process that is no more"


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """A directory in which nothing was done for long: the statuses of its files by name."""

    name: str
    used_ns: int
    files: dict[str, os.stat_result]

    @property
    def size(self) -> int:
        """What it takes on disk; a file that is linked elsewhere gives no room here."""
        alone = (one.st_blocks for one in self.files.values() if one.st_nlink == 1)
        return sum(alone) * _BLOCK


def remove(
    directory: directories.Directory, names: Iterable[str], before_s: float, one: sweeping.Pass
) -> reports.Report:
    """Remove those directories of ``names`` in which nothing is newer than ``before_s``.

    One that holds anything but plain files stays, and so does one with a
    file that somebody has open.
    """
    now_ns = int(one.moment.now_s * _NS)
    found: list[Orphan | None] = []
    closed: list[str] = []
    for name in names:
        try:
            found.append(_look(directory, name, now_ns))
        except PermissionError:
            closed.append(name)
    old = [one_ for one_ in found if one_ is not None and one_.used_ns < before_s * _NS]
    skipped = None
    removed, opened, errors = [], 0, dict[str, int]()
    if one.is_enforced and old:
        with sweeping.watching(directory, one) as wait:
            for orphan in old:
                try:
                    wait()
                    if one.bound.is_stopping():
                        break
                    _remove(directory, orphan, has_lease=one.limits.has_lease_probe)
                    removed.append(orphan)
                    _log(orphan, one)
                except guards.Busy:
                    skipped = "somebody works in the directory all the time"
                    break
                except _InUse:
                    opened += 1
                except OSError as error:
                    name = errno.errorcode.get(error.errno or 0, "OSError")
                    errors[name] = errors.get(name, 0) + 1
    return reports.Report(
        cache=one.cache,
        is_enforced=one.is_enforced,
        skipped=skipped,
        planned=len(old),
        planned_size=sum(orphan.size for orphan in old),
        removed=len(removed),
        freed=sum(orphan.size for orphan in removed),
        young=len(found) - len(old),
        opened=opened,
        errors=errors,
        files=tuple(_file(orphan) for orphan in old),
        advice=_advice(directory, closed),
    )


def _advice(directory: directories.Directory, closed: list[str]) -> tuple[str, ...]:
    if not closed:
        return ()
    text = (
        f"{directory.path} holds {len(closed)} directories of downloads that their owner alone may"
        f" look into, such as {reports.printable(closed[0])}: run cleanupd as the service's user"
    )
    return (text,)


def _log(orphan: Orphan, one: sweeping.Pass) -> None:
    LOG.info(
        "Removed %(name)s/ from %(cache)s: %(size)d bytes",
        {"name": reports.printable(orphan.name), "cache": one.cache, "size": orphan.size},
    )


class _InUse(Exception):
    """Somebody has a file open, or has changed it since it was seen."""


def _look(directory: directories.Directory, name: str, now_ns: int) -> Orphan | None:
    """Return a directory with what is in it; None where it is not one of plain files.

    Raises PermissionError.
    """
    try:
        with directories.opened(name, within=directory) as inside:
            with os.scandir(inside.descriptor) as entries:
                files = {one.name: one.stat(follow_symlinks=False) for one in entries}
            own = os.fstat(inside.descriptor)
    except PermissionError:
        raise
    except OSError:
        return None
    is_plain = all(
        stat.S_ISREG(status.st_mode) and status.st_dev == own.st_dev for status in files.values()
    )
    if not is_plain or own.st_dev != directory.status.st_dev:
        return None
    # To list a directory, as we do, moves its access time and is no use of it.
    settable = [own.st_mtime_ns]
    for status in files.values():
        settable += (status.st_mtime_ns, status.st_atime_ns)
    # Whoever sets a time that is yet to come moves the change time, which nobody sets.
    times = [time for time in settable if time <= now_ns]
    times += [status.st_ctime_ns for status in (own, *files.values())]
    return Orphan(name=name, used_ns=max(times), files=files)


def _remove(directory: directories.Directory, orphan: Orphan, *, has_lease: bool) -> None:
    with directories.opened(orphan.name, within=directory) as inside:
        for name, seen in orphan.files.items():
            if not has_lease:
                _unlink(inside, name, seen)
                continue
            with guards.held(inside, name) as hold:
                if hold is not guards.Hold.FREE:
                    raise _InUse
                _unlink(inside, name, seen)
    os.rmdir(orphan.name, dir_fd=directory.descriptor)


def _unlink(inside: directories.Directory, name: str, seen: os.stat_result) -> None:
    status = inside.look(name)
    if (status.st_ino, status.st_ctime_ns) != (seen.st_ino, seen.st_ctime_ns):
        raise _InUse
    inside.unlink(name)


def _file(orphan: Orphan) -> reports.File:
    return reports.File(
        name=f"{reports.printable(orphan.name)}/",
        size=orphan.size,
        last_used_at=datetime.datetime.fromtimestamp(orphan.used_ns / _NS, datetime.UTC),
        why=WHY,
    )
