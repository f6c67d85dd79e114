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

"""The caches of this node together: what there is, and the passes over them."""

from collections.abc import Iterable
from collections.abc import Iterator
import functools
import threading

import msgspec
from oslo_log import log

from cleanupd import exceptions
from cleanupd.image_cache import base
from cleanupd.image_cache import binding
from cleanupd.image_cache import freeing
from cleanupd.image_cache import registry
from cleanupd.image_cache import reports

LOG = log.getLogger(__name__)

#: From so many passes on that fail alike, it is an alarm.
_ALIKE = 3
_PUNCTUAL = 0.9


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A cache as it is: ``priority`` is None where it is not registered; a dry run's report."""

    host: str
    priority: int | None
    is_enforcing: bool
    report: reports.Report


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request to clean; ``lacking`` says where there is too little room still."""

    host: str
    is_enforcing: bool
    reports: tuple[reports.Report, ...]
    lacking: tuple[str, ...] = ()


class Node:
    """Looks at the caches that are bound, and cleans them; for any thread, one at a time."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[str, int]] = {}
        self._due_at_s: dict[str, float] = {}

    def states(self) -> tuple[State, ...]:
        """Return all caches there are; those that are on with what a pass would do."""
        return tuple(self._state(cache) for cache in registry.known_caches())

    def state(self, name: str) -> State:
        """Return one cache; raises UnknownImageCache."""
        return self._state(self._find(name))

    def clean(
        self, name: str | None = None, *, free: int | None = None, is_dry_run: bool = False
    ) -> Outcome:
        """Clean one cache or all as their limits say, or until ``free`` bytes are free.

        With ``free`` each file system of these caches is looked at: a cache's
        own, then the others on it.  In mode report this is a dry run, so that
        no more is told than would go.  Raises UnknownImageCache.
        """
        is_enforcing = binding.bound().is_enforcing
        classes = registry.known_caches() if name is None else [self._find(name)]
        lacking: list[str] = []
        with self._lock:
            found: list[reports.Report] = []
            made = list(freeing.make(classes, found))
            if not (made or found):
                lacking.append(f"{name or 'every image cache'} is off: no directory is named")
            if free is None:
                found += [self._tend(cache, is_dry_run=is_dry_run) for cache in made]
            else:
                only_told = is_dry_run or not is_enforcing
                found += _free(made, free, lacking, is_dry_run=only_told)
        return Outcome(
            host=self._host,
            is_enforcing=is_enforcing,
            reports=tuple(found),
            lacking=tuple(lacking),
        )

    def run_scheduled(self) -> str:
        """Clean the caches whose time has come, and say in a sentence what came of it."""
        bound = binding.bound()
        now_s = bound.monotonic()
        with self._lock:
            due = [
                cache
                for cache in freeing.make(registry.known_caches())
                if cache.limits.interval_s and now_s >= self._due_at_s.get(cache.name(), 0.0)
            ]
            found = []
            for cache in due:
                # The job comes a little early or late.
                self._due_at_s[cache.name()] = now_s + cache.limits.interval_s * _PUNCTUAL
                found.append(self._tend(cache))
        removed, freed = sum(r.removed for r in found), sum(r.freed for r in found)
        planned = sum(r.planned for r in found)
        if not bound.is_enforcing:
            return f"{planned} files of {len(found)} caches would go, nothing was removed"
        return f"{removed} files of {len(found)} caches removed, {freed} bytes"

    def _find(self, name: str) -> registry.Cache:
        known = {cache.name(): cache for cache in registry.known_caches()}
        if name not in known:
            raise exceptions.UnknownImageCache(name, list(known))
        return known[name]

    def _state(self, cache: registry.Cache) -> State:
        priorities = {one: priority for priority, one in registry.cache_cleanup_list}
        with self._lock:
            try:
                made = cache()
                report = self._tend(made, is_dry_run=True)
            except Exception as error:  # the other caches are kept alive
                LOG.exception("Image cache %(name)s broke", {"name": cache.name()})
                report = freeing.broken(cache, error)
        return State(
            host=self._host,
            priority=priorities.get(cache),
            is_enforcing=binding.bound().is_enforcing,
            report=report,
        )

    def _tend(self, cache: base.ImageCache, *, is_dry_run: bool = False) -> reports.Report:
        """Clean a cache as its limits say; below its low water mark until the high one."""
        try:
            report = self._clean(cache, is_dry_run=is_dry_run)
        except Exception as error:  # the other caches are kept alive
            LOG.exception("Image cache %(name)s broke", {"name": cache.name()})
            return freeing.broken(type(cache), error)
        if is_dry_run:
            return report
        report = self._with_failures(report)
        if report.skipped and report.skipped not in report.alarms:
            LOG.info(
                "Image cache %(name)s: %(why)s", {"name": cache.name(), "why": report.skipped}
            )
        for alarm in report.alarms:
            LOG.warning("Image cache %(name)s: %(what)s", {"name": cache.name(), "what": alarm})
        return report

    def _clean(self, cache: base.ImageCache, *, is_dry_run: bool) -> reports.Report:
        limits = cache.limits
        room = _room(cache)
        if room is None or not room.lacks(limits.low_free, limits.low_inodes):
            return freeing.ask(cache, measured=room, is_dry_run=is_dry_run)
        rooms = [room]

        def measure() -> reports.Room:
            rooms.append(_room(cache) or rooms[-1])
            return rooms[-1]

        only_told = is_dry_run or not cache.bound.is_enforcing
        high_free = max(limits.high_free, limits.low_free)
        high_inodes = max(limits.high_inodes, limits.low_inodes)
        found = freeing.press(cache, room, high_free, high_inodes, measure, is_dry_run=only_told)
        report = functools.reduce(reports.follow, found)
        if not only_told and rooms[-1].lacks(limits.low_free, limits.low_inodes):
            return _with_alarm(report, f"{cache.master_dir} stays below its low water mark")
        return report

    def _with_failures(self, report: reports.Report) -> reports.Report:
        """Return the report with an alarm, if it failed in the same way several times."""
        wrong = [f"{name} {count} times" for name, count in report.errors.items()]
        if report.skipped and report.skipped not in (base.ROOM_WAS_MADE, *report.alarms):
            wrong.append(report.skipped)
        text = ", ".join(wrong)
        before, times = self._failures.get(report.cache, ("", 0))
        times = times + 1 if text and text == before else bool(text)
        self._failures[report.cache] = text, times
        if times < _ALIKE:
            return report
        alarm = f"{times} passes one after the other failed in the same way: {text}"
        return _with_alarm(report, alarm)


def _with_alarm(report: reports.Report, alarm: str) -> reports.Report:
    return msgspec.structs.replace(report, alarms=(*report.alarms, alarm))


def _room(cache: base.ImageCache) -> reports.Room | None:
    try:
        with cache.opened() as directory:
            return cache.bound.room(directory)
    except OSError:
        return None


def _free(
    caches: Iterable[base.ImageCache], amount: int, lacking: list[str], *, is_dry_run: bool
) -> Iterator[reports.Report]:
    """Yield the reports of making room in each file system that one of the caches is on."""
    done = set()
    for cache in caches:
        try:
            with cache.opened() as directory:
                place = directory.file_system()
            if place not in done:
                done.add(place)
                yield from freeing.free(str(cache.master_dir), amount, is_dry_run=is_dry_run)
        except exceptions.InsufficientDiskSpace as error:
            lacking.append(str(error))
        except OSError as error:
            lacking.append(f"{cache.master_dir} cannot be used: {error.strerror}")
