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

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]
Key = Any


def by_id(body: Body) -> Key:
    """The key of all kinds but keypairs."""
    return body["id"]


class Table:
    """Bodies by key; iterating gives them in the service's own default order.

    The order is sorted on demand and kept until something is added, so that a page costs
    little more than its own rows. A removed row leaves the rest in order.
    """

    def __init__(
        self,
        *,
        order: Callable[[Body], Key] = by_id,
        newest_first: bool = False,
        key: Callable[[Body], Key] = by_id,
    ) -> None:
        self._order = order
        self._newest_first = newest_first
        self._key = key
        self._rows: dict[Key, Body] = {}
        self._sorted: list[Key] | None = []
        self._position: dict[Key, int] = {}

    def add(self, body: Body) -> Body:
        """The body is in the table; it is returned for the caller's convenience."""
        self._rows[self._key(body)] = body
        self._sorted = None
        return body

    def get(self, key: Key) -> Body | None:
        """The body with this key, or None."""
        return self._rows.get(key)

    def remove(self, key: Key) -> None:
        """No body with this key is left; it is no error if there was none."""
        self._rows.pop(key, None)

    def where(self, field: str, value: object) -> Iterator[Body]:
        """The bodies whose `field` is `value`, in the table's order; safe against removals."""
        return iter([body for body in self if body.get(field) == value])

    def keys(self) -> set[Key]:
        """The keys of all bodies."""
        return set(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Body]:
        return self._from(0)

    def after(self, key: Key) -> Iterator[Body]:
        """The bodies that come after this one; KeyError if there is no such body."""
        if key not in self._rows:
            raise KeyError(key)
        self._sort()
        return self._from(self._position[key] + 1)

    def before(self, key: Key) -> Iterator[Body]:
        """The bodies that come before this one, nearest first; KeyError if there is none."""
        if key not in self._rows:
            raise KeyError(key)
        keys = self._sort()
        return self._present(keys[: self._position[key]][::-1])

    def backwards(self) -> Iterator[Body]:
        """All bodies, last first."""
        return self._present(self._sort()[::-1])

    def _from(self, start: int) -> Iterator[Body]:
        return self._present(self._sort()[start:])

    def _present(self, keys: list[Key]) -> Iterator[Body]:
        return (self._rows[key] for key in keys if key in self._rows)

    def _sort(self) -> list[Key]:
        if self._sorted is None:
            rows = sorted(self._rows.values(), key=self._order, reverse=self._newest_first)
            self._sorted = [self._key(row) for row in rows]
            self._position = {key: place for place, key in enumerate(self._sorted)}
        return self._sorted
