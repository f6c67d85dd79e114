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
"""Rows that tell their table what changes, and the index that this keeps right."""

from collections.abc import Hashable
from collections.abc import Iterable
from typing import Any
from typing import Protocol

Body = dict[str, Any]
Key = Any

_MISSING = object()


class Watcher(Protocol):
    """What a row tells of its changes."""

    def changing(self, row: "Row") -> None:
        """The row is about to change."""

    def changed(self, row: "Row", field: str, old: object) -> None:
        """The field was `old` before."""


class Row(Body):
    """A body that may be changed as any dict, in place; its table learns of each change.

    What is nested in it (a list, a dict) is as plain as ever, and changes unseen; nobody takes
    all fields away at once. `number` is the row's place in a crowd, None for one that was added.
    """

    __slots__ = ("__weakref__", "_watcher", "number")

    def __init__(self, body: Body, watcher: Watcher, number: int | None = None) -> None:
        super().__init__(body)
        self._watcher = watcher
        self.number = number

    def __setitem__(self, field: str, value: Any) -> None:
        self._watcher.changing(self)
        old = self.get(field)
        super().__setitem__(field, value)
        self._watcher.changed(self, field, old)

    def __delitem__(self, field: str) -> None:
        self._watcher.changing(self)
        old = self.get(field)
        super().__delitem__(field)
        self._watcher.changed(self, field, old)

    def __ior__(self, other: Any) -> "Row":  # type: ignore[override, misc]
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is a plain dict, which belongs to no table."""
        return (dict, (dict(self),))

    def update(self, *others: Any, **fields: Any) -> None:
        """As a dict's."""
        for field, value in dict(*others, **fields).items():
            self[field] = value

    def setdefault(self, field: str, default: Any = None) -> Any:
        """As a dict's."""
        if field not in self:
            self[field] = default
        return self[field]

    def pop(self, field: str, default: Any = _MISSING) -> Any:
        """As a dict's."""
        if field not in self and default is not _MISSING:
            return default
        value = self[field]
        del self[field]
        return value


class Index:
    """The keys of rows by the values of a few fields."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._keys: dict[str, dict[Hashable, set[Key]]] = {field: {} for field in fields}

    def __contains__(self, field: str) -> bool:
        return field in self._keys

    def find(self, field: str, value: object) -> set[Key]:
        """The keys of the rows whose field may have this value: all that have, few others."""
        return self._keys[field].get(_hashable(value), set())

    def learn(self, key: Key, row: Body) -> None:
        """The row is found by its fields."""
        for field in self._keys:
            self._put(field, row.get(field), key)

    def forget(self, key: Key, row: Body) -> None:
        """The row is not found."""
        for field in self._keys:
            self._take(field, row.get(field), key)

    def move(self, key: Key, row: Body, field: str, old: object) -> None:
        """The row is found by its new value of the field, no longer by the old one."""
        self._take(field, old, key)
        self._put(field, row.get(field), key)

    def _put(self, field: str, value: object, key: Key) -> None:
        self._keys[field].setdefault(_hashable(value), set()).add(key)

    def _take(self, field: str, value: object, key: Key) -> None:
        keys = self._keys[field].get(_hashable(value))
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._keys[field][_hashable(value)]


def _hashable(value: object) -> Hashable:
    """The value, or its text if it is a list or dict; who finds by it compares once more."""
    return value if isinstance(value, str | int | None) else repr(value)
