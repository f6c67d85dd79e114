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
"""The bodies of one kind, in the order in which its service lists them."""

import bisect
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
import itertools
import operator
from typing import Any

import sortedcontainers

from tests.emulator import crowds
from tests.emulator import rows

Body = rows.Body
Key = rows.Key

STRIDE = 128
"""How many rows are found at once when a table is walked through."""


def by_id(body: Body) -> Key:
    """The key of all kinds but keypairs."""
    return body["id"]


class Table:
    """Bodies by key; iterating gives them in the service's own default order.

    A row may be added or removed at any time, also while somebody iterates, at the cost of a
    look into a sorted list. `where` is quick for the fields named in `indexed`, whose table
    makes rows of the bodies that are added: what was given is empty afterwards, so that nobody
    goes on with it by mistake; what `add` returns is the row.

    A crowd is a million rows that need not exist (`add_crowd`). Rows of it that iterating gives
    may be changed like any other by setting their fields; who changes what is nested in one
    gets it by `get` or `where`.
    """

    def __init__(
        self,
        *,
        order: Callable[[Body], Key] = by_id,
        newest_first: bool = False,
        key: Callable[[Body], Key] = by_id,
        indexed: tuple[str, ...] = (),
    ) -> None:
        self.indexed = indexed
        self._order = order
        self._newest_first = newest_first
        self._key = key
        self._rows: dict[Key, Body] = {}
        self._orders: dict[Key, Key] = {}
        self._sorted: sortedcontainers.SortedList[tuple[Key, Key]] = sortedcontainers.SortedList()
        self._index = rows.Index(indexed)
        self._crowd: crowds.Inhabitants | None = None
        self._places: dict[Key, int] = {}
        self._kept_order: tuple[object, list[Any]] | None = None

    def add_crowd(self, crowd: crowds.Crowd) -> None:
        """The crowd's rows are in the table, as if they had been added; one crowd at most."""
        if self._crowd is not None:
            raise ValueError("a table has one crowd at most")
        self._crowd = crowds.Inhabitants(crowd, self, self._index)

    def add(self, body: Body) -> Body:
        """The body is in the table; it is returned, and what is returned is what to go on with."""
        key = self._key(body)
        self._kept_order = None
        self.remove(key)
        row = self._row_of(body) if self.indexed else body
        self._rows[key] = row
        self._orders[key] = self._order(row)
        self._sorted.add((self._orders[key], key))
        self._index.learn(key, row)
        return row

    def _row_of(self, body: Body) -> Body:
        row = rows.Row(body, self)
        if not isinstance(body, rows.Row):
            body.clear()
        return row

    def get(self, key: Key) -> Body | None:
        """The body with this key, or None."""
        row = self._rows.get(key)
        if row is None and self._crowd is not None:
            number = self._crowd.number(key)
            row = None if number is None else self._crowd.hand_out(number)
        return row

    def remove(self, key: Key) -> None:
        """No body with this key is left; it is no error if there was none."""
        self._kept_order = None
        row = self._rows.pop(key, None)
        if row is not None:
            self._sorted.remove((self._orders.pop(key), key))
            self._places.pop(key, None)
            self._index.forget(key, row)
        elif self._crowd is not None:
            number = self._crowd.number(key)
            if number is not None:
                self._crowd.remove(number)

    def where(
        self, field: str, value: object, *, after: Key | None = None, is_glance: bool = False
    ) -> Iterator[Body]:
        """The bodies whose `field` is `value`, in the table's order; safe against removals.

        Only those that come after the body with the key `after`, if one is given; KeyError if
        there is no such body. Glances instead of rows, if that is enough (`glances`).
        """
        if field not in self._index:
            some = self if after is None else self.after(after)
            return iter([body for body in some if body.get(field) == value])
        keys = list(self._index.find(field, value))
        found = [row for key in keys if (row := self.get(key)) and row.get(field) == value]
        if self._crowd is not None:
            look = self._crowd.glance if is_glance else self._crowd.hand_out
            found += map(look, self._crowd.where(field, value))
        found.sort(key=self._order, reverse=self._newest_first)
        if after is not None:
            entry, is_behind = (
                self._entry(after),
                (operator.lt if self._newest_first else operator.gt),
            )
            found = [row for row in found if is_behind((self._order(row), self._key(row)), entry)]
        return iter(found)

    def has(self, field: str, value: object) -> bool:
        """Whether there is a body whose indexed `field` is `value`."""
        some = (self.get(key) for key in self._index.find(field, value))
        if any(row is not None and row.get(field) == value for row in some):
            return True
        return self._crowd is not None and any(True for _ in self._crowd.where(field, value))

    def keys(self) -> AbstractSet[Key]:
        """The keys of all bodies, as they are now."""
        return set(self._rows) if self._crowd is None else self._crowd.keys().and_also(self._rows)

    def __len__(self) -> int:
        return len(self._rows) + (0 if self._crowd is None else len(self._crowd))

    def __iter__(self) -> Iterator[Body]:
        return self._walk(None, down=self._newest_first)

    def after(self, key: Key) -> Iterator[Body]:
        """The bodies that come after this one; KeyError if there is no such body."""
        return self._walk(self._entry(key), down=self._newest_first)

    def before(self, key: Key) -> Iterator[Body]:
        """The bodies that come before this one, nearest first; KeyError if there is none."""
        return self._walk(self._entry(key), down=not self._newest_first)

    def glances(self, after: Key | None = None) -> Iterator[Any]:
        """As iterating, or `after`; but rows of a crowd are glances if nothing happened to them.

        A glance (`crowds.Glance`) can be read like a body, and costs less than a row.
        """
        entry = None if after is None else self._entry(after)
        return self._walk(entry, down=self._newest_first, is_glance=True)

    def whole(self, one: Any) -> Body:
        """The row that a glance is of; a row is one already."""
        is_whole = self._crowd is None or isinstance(one, dict)
        return one if is_whole else self._crowd.look(one.number)

    def glances_by(
        self, order: object, sort: Callable[[list[Any]], None], after: Key | None = None
    ) -> Iterator[Any]:
        """The glances as `sort` puts them, which `order` names; those after a key, or KeyError.

        The order is kept until a row is added or removed or a field is set, or another order is
        asked for.
        """
        kept = self._kept_order
        if kept is None or kept[0] != order or not self.indexed:
            kept = (order, list(self.glances()))
            sort(kept[1])
            self._kept_order = kept
        found = kept[1]
        start = 0 if after is None else self._place_in(found, after) + 1
        return (self._as_now(found[place]) for place in range(start, len(found)))

    def _place_in(self, found: list[Any], key: Key) -> int:
        """Where the row with the key is; of a crowd's rows numbers are compared, not keys."""
        number = None if self._crowd is None else self._crowd.number(key)
        if number is None:
            row = self._rows[key]
            return next(n for n, one in enumerate(found) if one is row)
        return next(n for n, one in enumerate(found) if getattr(one, "number", None) == number)

    def _as_now(self, one: Any) -> Any:
        """The row instead of the glance if somebody got it, and may change what is in it."""
        if self._crowd is None or one.number is None:
            return one
        return self._crowd.glance(one.number)

    def backwards(self) -> Iterator[Body]:
        """All bodies, last first."""
        return self._walk(None, down=not self._newest_first)

    def changing(self, row: rows.Row) -> None:
        """Said by a row: if it is of a crowd, it is now a row of its own."""
        if self._crowd is not None:
            self._crowd.changing(row)

    def changed(self, row: rows.Row, field: str, old: object) -> None:
        """Said by a row: `where` finds it by what it has become."""
        self._kept_order = None
        if field not in self._index:
            return
        key = self._key(row)
        if self._rows.get(key) is row or (self._crowd is not None and self._crowd.holds(row)):
            self._index.move(key, row, field, old)

    def _entry(self, key: Key) -> tuple[Key, Key]:
        if key in self._orders:
            return (self._orders[key], key)
        number = None if self._crowd is None else self._crowd.number(key)
        if self._crowd is None or number is None:
            raise KeyError(key)
        return (self._order(self._crowd.glance(number)), key)

    def _walk(
        self, entry: tuple[Key, Key] | None, *, down: bool, is_glance: bool = False
    ) -> Iterator[Body]:
        """The rows after this entry, upwards or downwards."""
        if self._crowd is None:
            return (self._rows[key] for _, key in self._entries(entry, down=down))
        look = self._crowd.glance if is_glance else self._crowd.look
        found = self._walk_crowd(self._crowd, entry, down=down)
        return (look(one) if isinstance(one, int) else one for one in found)

    def _walk_crowd(
        self, living: crowds.Inhabitants, entry: tuple[Key, Key] | None, *, down: bool
    ) -> Iterator[Body | int]:
        """The rows that were added, and the numbers of the crowd's, where they belong."""
        number = living.crowd.count - 1 if down else 0
        if entry is not None:
            number = self._place(living, entry)
            is_there = number < living.crowd.count and living.crowd.key(number) == entry[1]
            number += -1 if down else is_there
        for other in self._entries(entry, down=down):
            place = self._place(living, other)
            if down:
                yield from living.down(number, place)
                number = min(number, place - 1)
            else:
                yield from living.up(number, place)
                number = max(number, place)
            if other[1] in self._rows:
                yield self._rows[other[1]]
        yield from living.down(number, 0) if down else living.up(number, living.crowd.count)

    def _place(self, living: crowds.Inhabitants, entry: tuple[Key, Key]) -> int:
        """How many of the crowd come before the entry; found once for each row."""
        place = self._places.get(entry[1])
        if place is None:
            crowd, order = living.crowd, self._order
            numbers = range(crowd.count)
            place = bisect.bisect_left(
                numbers, entry[0], key=lambda n: order(crowds.as_made(crowd, n))
            )
            if entry[1] in self._rows:
                self._places[entry[1]] = place
        return place

    def _entries(self, entry: tuple[Key, Key] | None, *, down: bool) -> Iterator[tuple[Any, Any]]:
        """The sorted list's entries after this one, of rows that are still there."""
        while True:
            if down:
                found = self._sorted.irange(None, entry, (True, False), reverse=True)
            else:
                found = self._sorted.irange(entry, None, (False, True))
            stride = list(itertools.islice(found, STRIDE))
            for one in stride:
                if one[1] in self._rows:
                    yield one
            if len(stride) < STRIDE:
                return
            entry = stride[-1]
