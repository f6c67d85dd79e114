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

"""What a cache is: a class without parameters, which knows its directory when it is bound."""

from collections.abc import Iterator
import contextlib
import errno
import os
import pathlib
import re
from typing import ClassVar

import msgspec
from oslo_config import cfg

from cleanupd.image_cache import binding
from cleanupd.image_cache import clocks
from cleanupd.image_cache import directories
from cleanupd.image_cache import limits as policies
from cleanupd.image_cache import reports
from cleanupd.image_cache import scanning
from cleanupd.image_cache import sweeping

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: The names that services give to images in their caches: a uuid, and what a
#: conversion to raw adds.
IMAGES = scanning.Names(
    pattern=re.compile(rf"{UUID}(?:\.converted)?"), usual_lengths=(36, 36 + len(".converted"))
)
#: How long another sweeper is waited for.
LOCK_PATIENCE_S = 10.0
#: Why a pass has nothing to do, and all is well.
ROOM_WAS_MADE = "another sweeper has made the room"
#: Space that XFS and btrfs free late is asked for where less than this part of it came.
_LATE_BELOW = 0.5


class ImageCache:
    """A directory of images that a service keeps, and that can be had again.

    A subclass says by ``NAME`` how options, commands and reports call it, by
    ``NAMES`` which files are its own, and is registered with
    ``@image_cache.cleanup(priority=N)``.  It is made anew for each pass, so
    that it sees its limits as they are.
    """

    NAME: ClassVar[str] = ""
    NAMES: ClassVar[scanning.Names] = IMAGES
    #: What the directory is, for the help of its option.
    ABOUT: ClassVar[str] = "the images"
    #: Further options of the group ``image_cache_<NAME>``.
    OPTS: ClassVar[tuple[cfg.Opt, ...]] = ()

    def __init__(
        self,
        master_dir: str | os.PathLike[str] | None = None,
        cache_size: int | None = None,
        cache_ttl: float | None = None,
    ) -> None:
        """Take the limits that are bound; a subclass with a place of its own may give them.

        ``cache_size`` is in bytes, ``cache_ttl`` in seconds.
        """
        self.bound = binding.bound()
        self.limits = self.bound.limits.get(self.name(), policies.Limits())
        if master_dir is not None:
            self.limits = policies.Limits(
                directory=os.fspath(master_dir),
                max_size=cache_size or 0,
                max_age_s=cache_ttl or 0.0,
                share=1.0,
            )

    @classmethod
    def name(cls) -> str:
        """Return how the cache is called."""
        return cls.NAME or cls.__name__

    @property
    def master_dir(self) -> str | None:
        """The directory; None where the cache is off."""
        return self.limits.directory or None

    @contextlib.contextmanager
    def opened(self) -> Iterator[directories.Directory]:
        """Give the directory; raises OSError where it cannot be used or is not on its mount."""
        mount = self.limits.mount_point
        with directories.opened(str(self.master_dir)) as directory:
            if mount and not directories.is_on_mount(directory, mount):
                text = f"it is not on {mount}, or nothing is mounted there"
                raise OSError(errno.ENODEV, text, directory.path)
            yield directory

    def clean_up(
        self,
        amount: int | None = None,
        *,
        inodes: int = 0,
        is_dry_run: bool = False,
        measured: reports.Room | None = None,
    ) -> reports.Report:
        """Remove what is too old or too much, or as much as is asked for; return a report.

        With ``amount`` (bytes on disk) or ``inodes`` as much as that is
        removed, if there is so much that nobody uses, the oldest first; what
        another sweeper has freed since the room was ``measured`` counts.  In
        mode ``report``, and in a dry run, nothing is removed.  Never raises
        OSError: what cannot be read is reported.
        """
        need = policies.Need(amount=amount or 0, inodes=inodes)
        if self.master_dir is None:
            return self._skipped("it is off: no directory is named")
        try:
            with self.opened() as directory:
                before = measured or self.bound.room(directory)
                return self._clean(directory, need, before, is_dry_run=is_dry_run)
        except OSError as error:
            text = f"{self.master_dir} cannot be used: {error.strerror}"
            return msgspec.structs.replace(self._skipped(text), alarms=(text,))

    def _skipped(self, why: str) -> reports.Report:
        return reports.Report(cache=self.name(), directory=self.master_dir, skipped=why)

    def _clean(
        self,
        directory: directories.Directory,
        need: policies.Need,
        before: reports.Room,
        *,
        is_dry_run: bool,
    ) -> reports.Report:
        is_enforced = self.bound.is_enforcing and not is_dry_run
        if is_enforced and not directory.lock(LOCK_PATIENCE_S, self.bound.sleep):
            return self._skipped("another sweeper is at work here")
        if is_enforced and need:
            now = self.bound.room(directory)
            need, before = _still_needed(need, before, now), now
            if not need:
                return self._skipped(ROOM_WAS_MADE)
        one = sweeping.Pass(
            cache=self.name(),
            limits=self.limits,
            need=need,
            moment=self.bound.clock.moment(directory.status.st_dev),
            bound=self.bound,
            is_enforced=is_enforced,
        )
        report = reports.merge(self._start(directory, one), self.sweep(directory, one))
        return msgspec.structs.replace(report, room=self._settled(directory, before, report.freed))

    def _start(self, directory: directories.Directory, one: sweeping.Pass) -> reports.Report:
        jump_s, alarms, advice = one.moment.jump_s, [], []
        if self.bound.clock.is_on(directory.status.st_dev):
            advice.append(
                "what passes remember of the clock is not kept, since it would be on this file"
                " system: name another [image_cache] run_path"
            )
        if jump_s:
            alarms.append(
                f"the clock was set by {jump_s / policies.HOUR_S:+.1f} h: no age is believed for"
                f" {clocks.DISTRUST_S / policies.HOUR_S:.0f} h"
            )
        return reports.Report(
            cache=self.name(),
            directory=self.master_dir,
            is_enforced=one.is_enforced,
            alarms=tuple(alarms),
            advice=tuple(advice),
        )

    def sweep(
        self, directory: directories.Directory, one: sweeping.Pass
    ) -> Iterator[reports.Report]:
        """Yield a report for each place of this cache that was swept; may raise OSError."""
        given = policies.NOTHING
        for path in self.limits.retired:
            report, is_near = self._sweep_retired(directory, path, one)
            given += reports.given(report) if is_near else policies.NOTHING
            yield report
        area = self.area(one)
        seen = sweeping.look(directory, area, one)
        # What nobody will ever need goes before images that can be needed again.
        for report in self.sweep_others(directory, seen, one):
            given += reports.given(report)
            yield report
        yield sweeping.clear(directory, seen, area, one, given=given)

    def sweep_others(
        self,
        directory: directories.Directory,  # noqa: ARG002 - for subclasses
        seen: scanning.Seen,  # noqa: ARG002
        one: sweeping.Pass,  # noqa: ARG002
    ) -> Iterator[reports.Report]:
        """Yield a report for what else is expected in the directory: ``seen.others``."""
        yield from ()

    def area(self, one: sweeping.Pass) -> sweeping.Area:  # noqa: ARG002 - for subclasses
        """Return what may go in the directory of the cache."""
        return sweeping.Area(names=self.NAMES, idle_s=self.limits.idle_s)

    def _sweep_retired(
        self, current: directories.Directory, path: str, one: sweeping.Pass
    ) -> tuple[reports.Report, bool]:
        """Empty a directory of before the service's configuration was changed.

        Returns also whether it is on the file system of the current one.
        """
        area = msgspec.structs.replace(
            self.area(one), leftovers="retired: the service uses another directory now"
        )
        if not pathlib.Path(path).is_absolute():
            alarm = f"{path} is not emptied: a retired directory has to be absolute"
            return reports.Report(cache=self.name(), alarms=(alarm,)), False
        used = {os.path.realpath(other.directory or "/") for other in one.bound.limits.values()}
        try:
            with directories.opened(path) as directory:
                is_current = os.path.samestat(directory.status, current.status)
                if not is_current and os.path.realpath(path) not in used:
                    is_near = directory.status.st_dev == current.status.st_dev
                    return self._empty(directory, area, one), is_near
            alarm = f"{path} is not emptied: it is no retired directory, a cache is there"
        except FileNotFoundError:
            return reports.Report(cache=self.name()), False
        except OSError as error:
            alarm = f"{path} cannot be used: {error.strerror}"
        return reports.Report(cache=self.name(), alarms=(alarm,)), False

    def _empty(
        self, directory: directories.Directory, area: sweeping.Area, one: sweeping.Pass
    ) -> reports.Report:
        seen = sweeping.look(directory, area, one)
        others = self.sweep_others(directory, seen, one)
        return reports.merge(sweeping.clear(directory, seen, area, one), others)

    def _settled(
        self, directory: directories.Directory, before: reports.Room, freed: int
    ) -> reports.Room:
        """Return the room there is, when the file system has had the chance to make it."""
        room = self.bound.room(directory)
        if freed and room.free - before.free < freed * _LATE_BELOW:
            directory.sync()
            room = self.bound.room(directory)
        return room


def _still_needed(need: policies.Need, before: reports.Room, now: reports.Room) -> policies.Need:
    """Return what is left of a need, if another sweeper was at work meanwhile."""
    inodes = need.inodes - max(0, (now.inodes or 0) - (before.inodes or 0))
    amount = need.amount - max(0, now.free - before.free)
    return policies.Need(amount=max(0, amount), inodes=max(0, inodes))
