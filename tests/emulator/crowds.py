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
"""Rows by the million: they are numbers until somebody looks at them."""

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any
from typing import Protocol
import weakref

import msgspec

from tests.emulator import rows

Body = rows.Body
Key = rows.Key

HANDED_OUT = 20_000
"""How many rows that somebody got are kept before those are dropped that are as they were."""


class Crowd(Protocol):
    """Rows 0 to `count` - 1, in the ascending order of their table, each made from its number.

    Nothing of it ever changes: what handlers change, the table keeps.
    """

    count: int

    def key(self, number: int) -> Key:
        """The key of the row."""

    def number(self, key: Key) -> int | None:
        """The row that has this key; None if it is nobody's."""

    def make(self, number: int) -> Body:
        """The row, fresh in all its parts and each time the same."""

    def where(self, field: str, value: object) -> Iterable[int] | None:
        """The rows, ascending, whose field is the value; None if only looking at all tells."""

    def field(self, name: str) -> Callable[[int], Any]:
        """What gives a field of each row, without making the row if that can be."""

    def writer(self, present: Callable[[Body], Body]) -> Callable[[int], msgspec.Raw]:
        """What gives each row as JSON in the looks that `present` gives to all alike."""


class Glance(Mapping[str, Any]):
    """A row that is as it was made, to be looked at: each field is found when it is asked for."""

    __slots__ = ("crowd", "number")

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd = crowd
        self.number = number

    def __getitem__(self, field: str) -> Any:
        return self.crowd.field(field)(self.number)

    def __iter__(self) -> Iterator[str]:
        return iter(self.crowd.make(self.number))

    def __len__(self) -> int:
        return len(self.crowd.make(self.number))


def as_made(crowd: Crowd, number: int) -> Any:
    """A glance at the row; it serves wherever a body is only read."""
    return Glance(crowd, number)


class Inhabitants:
    """A crowd as it is after what happened to it: who is gone, and who has changed.

    The same row is the same object for as long as anybody holds it. A row that was handed out
    to be changed is kept; when there are many of those, the oldest are compared with what they
    were, and dropped if nothing was done to them. A row that tells of a change is kept for good.
    """

    def __init__(self, crowd: Crowd, watcher: rows.Watcher, index: rows.Index) -> None:
        self.crowd = crowd
        self._watcher = watcher
        self._index = index
        self._gone = bytearray(crowd.count)
        self._gone_count = 0
        self._kept: dict[int, rows.Row] = {}
        self._handed_out: collections.OrderedDict[int, None] = collections.OrderedDict()
        self._forget_at = HANDED_OUT
        self._seen: dict[int, weakref.ref[rows.Row]] = {}

    def __len__(self) -> int:
        return self.crowd.count - self._gone_count

    def number(self, key: Key) -> int | None:
        """The number of the row with this key; None if there is none, or no longer."""
        number = self.crowd.number(key)
        return None if number is None or self._gone[number] else number

    def hand_out(self, number: int) -> rows.Row:
        """The row, to be looked at or changed."""
        row = self._kept.get(number)
        if row is None:
            row = self._keep(self.look(number))
            self._handed_out[number] = None
            self._drop_unchanged()
        return row

    def changing(self, row: rows.Row) -> None:
        """The row is kept for good, unless it is gone."""
        number = row.number
        if number is None or self._gone[number]:
            return
        self._handed_out.pop(number, None)
        if number not in self._kept:
            self._keep(row)

    def holds(self, row: rows.Row) -> bool:
        """Whether the row is one of those that are kept."""
        return row.number is not None and self._kept.get(row.number) is row

    def remove(self, number: int) -> None:
        """The row is gone."""
        self._gone[number] = 1
        self._gone_count += 1
        self._handed_out.pop(number, None)
        row = self._kept.pop(number, None)
        if row is not None:
            self._index.forget(self.crowd.key(number), row)

    def glance(self, number: int) -> Any:
        """The row, to be read and no more."""
        return self._kept.get(number) or as_made(self.crowd, number)

    def up(self, start: int, stop: int) -> Iterator[int]:
        """The rows from `start` up to before `stop`."""
        number = self._gone.find(0, start, stop)
        while number >= 0:
            yield number
            number = self._gone.find(0, number + 1, stop)

    def down(self, start: int, stop: int) -> Iterator[int]:
        """The rows from `start` down to `stop`."""
        number = self._gone.rfind(0, stop, start + 1)
        while number >= 0:
            yield number
            number = self._gone.rfind(0, stop, number)

    def where(self, field: str, value: object) -> Iterator[int]:
        """The rows that are as they were made and whose field is the value."""
        numbers = self.crowd.where(field, value)
        if numbers is None:
            numbers = (n for n in range(self.crowd.count) if self._has(n, field, value))
        for number in numbers:
            if not self._gone[number] and number not in self._kept:
                yield number

    def keys(self) -> "Keys":
        """The keys of all rows as they are now."""
        return Keys(self.crowd, bytes(self._gone), len(self), frozenset())

    def _has(self, number: int, field: str, value: object) -> bool:
        return not self._gone[number] and self.glance(number).get(field) == value

    def look(self, number: int) -> rows.Row:
        """The row, of which fields may be set."""
        row = self._kept.get(number)
        if row is None and number in self._seen:
            row = self._seen[number]()
        if row is None:
            row = rows.Row(self.crowd.make(number), self._watcher, number)
            self._seen[number] = weakref.ref(row)
            if len(self._seen) > self._forget_at:
                self._forget()
        return row

    def _forget(self) -> None:
        """Rows that nobody holds are forgotten; half as often if many are held."""
        self._seen = {number: seen for number, seen in self._seen.items() if seen() is not None}
        self._forget_at = max(HANDED_OUT, 2 * len(self._seen))

    def _keep(self, row: rows.Row) -> rows.Row:
        assert row.number is not None
        self._kept[row.number] = row
        self._index.learn(self.crowd.key(row.number), row)
        return row

    def _drop_unchanged(self) -> None:
        while len(self._handed_out) > HANDED_OUT:
            number, _ = self._handed_out.popitem(last=False)
            row = self._kept[number]
            if row == self.crowd.make(number):
                del self._kept[number]
                self._index.forget(self.crowd.key(number), row)


class Keys(AbstractSet[Key]):
    """The keys of a table with a crowd, at one moment; few bytes for each."""

    def __init__(
        self, crowd: Crowd, gone: bytes, inhabitants: int, others: frozenset[Key]
    ) -> None:
        self._crowd = crowd
        self._gone = gone
        self._inhabitants = inhabitants
        self._others = others

    def and_also(self, others: Iterable[Key]) -> "Keys":
        """These keys and the others."""
        return Keys(self._crowd, self._gone, self._inhabitants, self._others | set(others))

    def __contains__(self, key: object) -> bool:
        if key in self._others:
            return True
        number = self._crowd.number(key)
        return number is not None and not self._gone[number]

    def __iter__(self) -> Iterator[Key]:
        yield from self._others
        yield from (self._crowd.key(n) for n in _numbers(self._gone))

    def __len__(self) -> int:
        return len(self._others) + self._inhabitants

    def __sub__(self, other: AbstractSet[Key]) -> set[Key]:
        """What is here and not there; quick if both are of the same crowd."""
        if not isinstance(other, Keys) or other._crowd is not self._crowd:
            return {key for key in self if key not in other}
        before, others = other._gone, other._others
        new = set(self._others - others)
        if before != self._gone:
            new.update(self._crowd.key(n) for n in _numbers(self._gone) if before[n])
        return new

    @classmethod
    def _from_iterable(cls, found: Iterable[Key]) -> set[Key]:
        return set(found)


def everybody(crowd: Crowd) -> Keys:
    """The keys of all rows of a crowd that nothing happened to."""
    return Keys(crowd, bytes(crowd.count), crowd.count, frozenset())


def _numbers(gone: bytes) -> Iterator[int]:
    return (number for number, is_gone in enumerate(gone) if not is_gone)
