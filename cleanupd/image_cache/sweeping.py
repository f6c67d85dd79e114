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

"""One pass over one directory: look, choose, look again, remove."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import datetime
import errno
import logging
import math

import msgspec
from oslo_log import log

from cleanupd.image_cache import binding
from cleanupd.image_cache import clocks
from cleanupd.image_cache import directories
from cleanupd.image_cache import guards
from cleanupd.image_cache import limits as policies
from cleanupd.image_cache import reports
from cleanupd.image_cache import scanning

LOG = log.getLogger(__name__)

_NS = 1_000_000_000
_BLOCK = 512
#: For so long all in all a pass waits until nobody works in the directory.
PATIENCE_S = 30.0

#: Gives why a file must stay, while something is held that keeps others away from it.
Hold = Callable[[str], contextlib.AbstractContextManager[str | None]]


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A directory of a cache, and what in it may go.

    Only what was not used for ``idle_s``, and not since ``before_s`` (seconds
    since the epoch), is looked at.  With ``leftovers``, which says what they
    are, all of that goes but ``excluded`` names; else what the limits say.
    Where ``needs_lease`` nothing goes of which it cannot be told that nobody
    has it open.
    """

    names: scanning.Names
    idle_s: float
    before_s: float = math.inf
    leftovers: str | None = None
    excluded: Collection[str] = frozenset()
    needs_lease: bool = False
    hold: Hold | None = None


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all directories of a cache in one pass."""

    cache: str
    limits: policies.Limits
    need: policies.Need
    moment: clocks.Moment
    bound: binding.Binding
    is_enforced: bool

    def started_at(self, programs: Collection[str]) -> float | None:
        """Return when the oldest process of some programs was started, None where none is seen.

        It is reckoned back from now; a clock that was set forward since would
        make it later than it was, and what the process did older than it.
        """
        at = self.bound.started_at(programs)
        return None if at is None else at - max(0.0, self.moment.jump_s)


class _Tally:
    """What a pass has done so far, or would do: ``gone`` counts both."""

    def __init__(self) -> None:
        self.planned = self.planned_blocks = 0
        self.gone = self.gone_blocks = 0
        self.vanished = self.changed = self.opened = 0
        self.errors: dict[str, int] = {}
        self.files: list[reports.File] = []
        self.alarms: list[str] = []
        self.skipped: str | None = None

    def note_error(self, error: OSError) -> None:
        """Count an error by its name."""
        name = errno.errorcode.get(error.errno or 0, "OSError")
        self.errors[name] = self.errors.get(name, 0) + 1


def sweep(directory: directories.Directory, area: Area, one: Pass) -> reports.Report:
    """Look at a directory, remove what may and must go; return the report."""
    return clear(directory, look(directory, area, one), area, one)


def look(directory: directories.Directory, area: Area, one: Pass) -> scanning.Seen:
    """Return what there is in a directory, with the files that are idle."""
    now = int(one.moment.now_s * _NS)
    idle_s = area.idle_s
    if not (one.need or one.limits.max_size or area.leftovers) and one.limits.max_age_s:
        idle_s = one.limits.age_s  # nothing else is asked for, so the others need not be kept
    idle_before = min(now - int(idle_s * _NS), _as_ns(area.before_s))
    window = scanning.Window(
        now=now, idle_before=idle_before, first_seen=one.bound.clock.first_seen
    )
    return scanning.scan(directory, area.names, window)


def clear(
    directory: directories.Directory,
    seen: scanning.Seen,
    area: Area,
    one: Pass,
    *,
    given: policies.Need = policies.NOTHING,
) -> reports.Report:
    """Remove what may and must go of what was seen; ``given`` is the room that came already.

    Nothing is removed unless ``one.is_enforced``; the report then has what
    would be.
    """
    tally = _Tally()
    why = _Reasons(seen, area, one, given)
    victims = _plan(seen, _choose(seen, area, why, tally), tally)
    if one.is_enforced:
        _remove_all(_Remover(directory, seen, area, one, tally), victims)
    else:
        for place in victims:
            tally.gone += 1
            tally.gone_blocks += seen.blocks[place]
    return _report(directory, seen, one, tally)


def _as_ns(moment_s: float) -> int:
    if math.isfinite(moment_s):
        return int(moment_s * _NS)
    return 2**63 - 1 if moment_s > 0 else -1


def _choose(
    seen: scanning.Seen, area: Area, why: "_Reasons", tally: _Tally
) -> Iterator[tuple[int, str]]:
    """Yield what goes and why, oldest first, until the tally says that it is enough."""
    is_named = area.names.pattern.fullmatch
    if not why.has_any:
        return
    for place in seen.oldest_first():
        reason = why(place, tally)
        if reason is None:
            return
        name = seen.names[place]
        if is_named(name):
            if name not in area.excluded:
                yield place, reason
        else:
            seen.misnamed += 1
            scanning.note_foreign(seen, name)


class _Reasons:
    """Says why an idle file goes, if it does; asked for the files from the oldest on."""

    def __init__(self, seen: scanning.Seen, area: Area, one: Pass, given: policies.Need) -> None:
        limits, moment = one.limits, one.moment
        self._seen = seen
        self._one = one
        self._need = one.need
        self._given = given
        self._leftovers = area.leftovers
        self._over = seen.total_blocks * _BLOCK - limits.max_size if limits.max_size else 0
        self._aged_before = -1
        # What a clock says that was set is no age.
        if math.isfinite(limits.age_s) and not moment.jump_s:
            self._aged_before = int((moment.now_s - limits.age_s) * _NS)
        self._most = math.ceil(seen.count * limits.share)
        self.has_any = bool(area.leftovers or one.need or self._over > 0 or self._aged_before >= 0)

    def __call__(self, place: int, tally: _Tally) -> str | None:
        """Return the reason, None where this file and all younger ones stay."""
        if self._leftovers:
            return self._leftovers
        need, given, size = self._need, self._given, tally.gone_blocks * _BLOCK
        has_inodes = tally.gone + given.inodes >= need.inodes
        if need and has_inodes and size + given.amount >= need.amount:
            return None
        reason = None
        if self._seen.used[place] < self._aged_before:
            reason = "age: not used for longer than max_age"
        elif need:
            reason = "room: not used for longest"
        elif size < self._over:
            reason = "size: the cache takes more than max_size"
        if reason and not need and tally.gone >= self._most:
            tally.alarms.append(
                f"{self._one.cache}: more is too old or too much than the share of"
                f" {self._one.limits.share:g} that may go in one pass"
            )
            return None
        return reason


def _plan(seen: scanning.Seen, victims: Iterator[tuple[int, str]], tally: _Tally) -> Iterator[int]:
    """Yield what goes, and note it and why."""
    for place, why in victims:
        tally.planned += 1
        tally.planned_blocks += seen.blocks[place]
        if len(tally.files) < reports.MOST_SHOWN:
            tally.files.append(_file(seen, place, why))
        yield place


def _file(seen: scanning.Seen, place: int, why: str) -> reports.File:
    return reports.File(
        name=reports.printable(seen.names[place]),
        size=seen.blocks[place] * _BLOCK,
        last_used_at=datetime.datetime.fromtimestamp(seen.used[place] / _NS, datetime.UTC),
        why=why,
    )


class _Remover:
    """Removes one file after the other, each after a last look."""

    def __init__(
        self,
        directory: directories.Directory,
        seen: scanning.Seen,
        area: Area,
        one: Pass,
        tally: _Tally,
    ) -> None:
        self.directory = directory
        self.one = one
        self.tally = tally
        self._seen = seen
        self._hold = area.hold
        self._has_lease = area.needs_lease or one.limits.has_lease_probe
        self._is_told = LOG.isEnabledFor(logging.INFO)

    def remove(self, place: int) -> None:
        """Remove a file if it is still as it was seen, and nobody has it open."""
        name = self._seen.names[place]
        try:
            if self._hold is None:
                self._remove_unopened(place, name)
                return
            with self._hold(name) as kept:
                if kept is None:
                    self._remove_unopened(place, name)
                else:
                    self.tally.alarms.append(f"{reports.printable(name)} stays: {kept}")
        except FileNotFoundError:
            self.tally.vanished += 1
        except OSError as error:
            self.tally.note_error(error)

    def _remove_unopened(self, place: int, name: str) -> None:
        if not self._has_lease:
            self._remove_unchanged(place, name)
            return
        with guards.held(self.directory, name) as hold:
            if hold is guards.Hold.FREE:
                self._remove_unchanged(place, name)
            elif hold is guards.Hold.OPEN:
                self.tally.opened += 1
            else:
                self.tally.errors["ENOLEASE"] = self.tally.errors.get("ENOLEASE", 0) + 1

    def _remove_unchanged(self, place: int, name: str) -> None:
        status = self.directory.look(name)
        if not self._seen.is_unchanged(place, status, self.directory.status.st_dev):
            self.tally.changed += 1
            return
        self.directory.unlink(name)
        self.tally.gone += 1
        self.tally.gone_blocks += status.st_blocks
        if self._is_told:
            LOG.info(
                "Removed %(name)s from %(cache)s: %(size)d bytes",
                {
                    "name": reports.printable(name),
                    "cache": self.one.cache,
                    "size": status.st_blocks * _BLOCK,
                },
            )


def _remove_all(remover: _Remover, victims: Iterator[int]) -> None:
    one, tally = remover.one, remover.tally
    try:
        with watching(remover.directory, one) as wait:
            for place in victims:
                wait()
                if one.bound.is_stopping():
                    tally.skipped = "the daemon is stopping"
                    return
                remover.remove(place)
    except guards.Busy:
        tally.skipped = (
            "somebody works in the directory all the time: nothing is removed until"
            f" it is quiet for {one.limits.quiet_s:g} s"
        )


@contextlib.contextmanager
def watching(directory: directories.Directory, one: Pass) -> Iterator[Callable[[], None]]:
    """Give what waits until nobody else works in a directory; it may raise Busy."""
    if not one.limits.quiet_s:
        yield lambda: None
        return
    quiet = guards.Quiet(
        directory,
        one.limits.quiet_s,
        patience_s=PATIENCE_S,
        monotonic=one.bound.monotonic,
        sleep=one.bound.sleep,
    )
    try:
        yield quiet.wait
    finally:
        quiet.close()


def _report(
    directory: directories.Directory, seen: scanning.Seen, one: Pass, tally: _Tally
) -> reports.Report:
    alarms = list(tally.alarms)
    if seen.foreign:
        names = ", ".join(seen.examples)
        alarms.append(f"{directory.path} holds {seen.foreign} names of others: {names}")
    return reports.Report(
        cache=one.cache,
        directory=directory.path,
        is_enforced=one.is_enforced,
        skipped=tally.skipped,
        size=seen.total_blocks * _BLOCK,
        seen=seen.count,
        in_use=seen.linked,
        young=seen.young,
        foreign=seen.foreign,
        planned=tally.planned,
        planned_size=tally.planned_blocks * _BLOCK,
        removed=tally.gone if one.is_enforced else 0,
        freed=tally.gone_blocks * _BLOCK if one.is_enforced else 0,
        vanished=tally.vanished,
        changed=tally.changed,
        opened=tally.opened,
        errors=tally.errors,
        files=tuple(tally.files),
        alarms=tuple(alarms),
    )
