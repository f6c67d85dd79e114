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

"""What a pass over a cache saw, and what it did or would do."""

from collections.abc import Iterable
import datetime
import os
from typing import Any

import msgspec

from cleanupd.image_cache import limits as policies

#: More files than these are counted and not listed: a plan crosses the bus.
MOST_SHOWN = 1000


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a plan: ``size`` is what it takes on disk, ``why`` says why it goes or stays."""

    name: str
    size: int
    last_used_at: datetime.datetime | None
    why: str


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What is free on a file system for a process without privileges.

    ``inodes`` is None where the file system has no fixed number of them.
    """

    free: int
    inodes: int | None

    def lacks(self, amount: int, inodes: int = 0) -> bool:
        """Return whether there is not strictly more than what is asked for."""
        is_short = bool(amount) and self.free <= amount
        return is_short or (self.inodes is not None and bool(inodes) and self.inodes <= inodes)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A pass over one cache.

    Of the files seen, ``in_use`` have further links, ``young`` were used too
    lately to go and ``foreign`` have names that are not the cache's.  ``planned``
    would go, as the first of ``files`` say; ``removed`` went, and gave
    ``freed`` bytes.  Of the others ``vanished`` before, ``changed`` since the
    look, were ``opened`` by somebody, or ``failed`` with the errors counted in
    ``errors``.  ``skipped`` says why nothing was looked at or why the pass
    ended early; ``alarms`` are sentences for the operator, ``advice`` are
    things that only the service itself may remove.
    """

    cache: str
    directory: str | None = None
    is_enforced: bool = False
    skipped: str | None = None
    size: int = 0
    seen: int = 0
    in_use: int = 0
    young: int = 0
    foreign: int = 0
    planned: int = 0
    planned_size: int = 0
    removed: int = 0
    freed: int = 0
    vanished: int = 0
    changed: int = 0
    opened: int = 0
    errors: dict[str, int] = {}
    files: tuple[File, ...] = ()
    alarms: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    room: Room | None = None

    @property
    def failed(self) -> int:
        """How many files could not be removed."""
        return sum(self.errors.values())


_SUMS = (
    "size",
    "seen",
    "in_use",
    "young",
    "foreign",
    "planned",
    "planned_size",
    "removed",
    "freed",
    "vanished",
    "changed",
    "opened",
)


def merge(first: Report, others: Iterable[Report]) -> Report:
    """Return one report for several looks at the same cache; the first says which it is."""
    merged = first
    for other in others:
        sums: dict[str, Any] = {
            name: getattr(merged, name) + getattr(other, name) for name in _SUMS
        }
        errors = dict(merged.errors)
        for name, count in other.errors.items():
            errors[name] = errors.get(name, 0) + count
        merged = msgspec.structs.replace(
            merged,
            **sums,
            errors=errors,
            skipped=merged.skipped or other.skipped,
            files=(*merged.files, *other.files)[:MOST_SHOWN],
            alarms=tuple(dict.fromkeys((*merged.alarms, *other.alarms))),
            advice=tuple(dict.fromkeys((*merged.advice, *other.advice))),
            room=other.room or merged.room,
        )
    return merged


def follow(first: Report, second: Report) -> Report:
    """Return one report for two passes one after the other over the same cache."""
    return msgspec.structs.replace(
        second,
        planned=first.removed + second.planned,
        planned_size=first.freed + second.planned_size,
        removed=first.removed + second.removed,
        freed=first.freed + second.freed,
        vanished=first.vanished + second.vanished,
        files=tuple(dict.fromkeys((*first.files, *second.files)))[:MOST_SHOWN],
        alarms=tuple(dict.fromkeys((*first.alarms, *second.alarms))),
        advice=tuple(dict.fromkeys((*first.advice, *second.advice))),
    )


def given(report: Report) -> policies.Need:
    """Return the room that a pass made or, where it only looked, would have made."""
    if report.is_enforced:
        return policies.Need(amount=report.freed, inodes=report.removed)
    return policies.Need(amount=report.planned_size, inodes=report.planned)


def printable(name: str) -> str:
    """Return a file's name as text that any log, terminal and message can carry."""
    if name.isascii() and name.isprintable():
        return name  # as almost all are
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )
