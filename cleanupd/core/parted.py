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

"""Dictionaries of texts that may hold millions and keep no other thread waiting.

One that grows beyond 700 000 entries takes 60 ms for it, and all at once.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import itertools
from typing import Any
from typing import Generic
from typing import TypeVar

import rpds

V = TypeVar("V")

#: So many that each has some thousands of a million; a power of two.
_PARTS = 256
_MASK = _PARTS - 1
_NOTHING: "rpds.HashTrieMap[Any, Any]" = rpds.HashTrieMap()


class Parted(Generic[V]):
    """Many small dictionaries, each with the texts of some hashes.

    The collector of garbage follows none of them that holds texts and numbers only.
    """

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: tuple[dict[str, V], ...] = tuple({} for _ in range(_PARTS))

    def setdefault(self, key: str, value: V) -> V:
        """Return what stands under a key, which is ``value`` from now on if nothing did."""
        return self._parts[hash(key) & _MASK].setdefault(key, value)

    def __getitem__(self, key: str) -> V:
        """Return what stands under a key; raises KeyError."""
        return self._parts[hash(key) & _MASK][key]

    def __contains__(self, key: str) -> bool:
        """Whether anything stands under a key."""
        return key in self._parts[hash(key) & _MASK]

    def __len__(self) -> int:
        """Return how many keys there are."""
        return sum(map(len, self._parts))

    def items(self) -> Iterator[tuple[str, V]]:
        """Yield every key with what stands under it, in no order."""
        for part in self._parts:
            yield from part.items()

    def clear(self) -> None:
        """Hold nothing any more; other threads go on meanwhile."""
        for part in self._parts:
            part.clear()

    def frozen(self) -> "Map[V]":
        """Return the map of all this, and hold nothing any more; other threads go on meanwhile."""
        frozen: dict[int, rpds.HashTrieMap[str, V]] = {}
        size = len(self)
        for number, part in enumerate(self._parts):
            if part:
                frozen[number] = rpds.HashTrieMap(part)
                part.clear()
        return Map(rpds.HashTrieMap(frozen), size)


class Map(Generic[V]):
    """Many small maps, each with the texts of some hashes; immutable, its structure is shared.

    It is made of a :class:`Parted` in less than half of the time that one
    large map takes, whose nodes are all over the memory.
    """

    __slots__ = ("_parts", "_size")

    def __init__(
        self, parts: "rpds.HashTrieMap[int, rpds.HashTrieMap[str, V]]" = _NOTHING, size: int = 0
    ) -> None:
        self._parts = parts
        self._size = size

    def __getitem__(self, key: str) -> V:
        """Return what stands under a key; raises KeyError."""
        return self._parts[hash(key) & _MASK][key]

    def get(self, key: str, default: Any = None) -> Any:
        """Return what stands under a key, ``default`` if nothing does."""
        return self._parts.get(hash(key) & _MASK, _NOTHING).get(key, default)

    def __contains__(self, key: str) -> bool:
        """Whether anything stands under a key."""
        return key in self._parts.get(hash(key) & _MASK, _NOTHING)

    def __len__(self) -> int:
        """Return how many keys there are."""
        return self._size

    def __iter__(self) -> Iterator[str]:
        """Yield every key, in no order."""
        return itertools.chain.from_iterable(self._parts.values())

    def values(self) -> Iterator[V]:
        """Yield what stands under every key, in no order."""
        return itertools.chain.from_iterable(part.values() for part in self._parts.values())

    def items(self) -> Iterator[tuple[str, V]]:
        """Yield every key with what stands under it, in no order."""
        return itertools.chain.from_iterable(part.items() for part in self._parts.values())

    def insert(self, key: str, value: V) -> "Map[V]":
        """Return the map in which ``value`` stands under ``key``."""
        number = hash(key) & _MASK
        before = self._parts.get(number, _NOTHING)
        after = before.insert(key, value)
        return Map(self._parts.insert(number, after), self._size + len(after) - len(before))

    def discard(self, key: str) -> "Map[V]":
        """Return the map in which nothing stands under ``key``."""
        if key not in self:
            return self
        number = hash(key) & _MASK
        left = self._parts[number].remove(key)
        parts = self._parts.insert(number, left) if left else self._parts.remove(number)
        return Map(parts, self._size - 1)

    def update(self, more: Mapping[str, V]) -> "Map[V]":
        """Return the map with all of ``more``, which is quicker than one after the other."""
        by_part: dict[int, dict[str, V]] = {}
        for key, value in more.items():
            by_part.setdefault(hash(key) & _MASK, {})[key] = value
        size, grown = self._size, {}
        for number, found in by_part.items():
            before = self._parts.get(number, _NOTHING)
            grown[number] = before.update(found)
            size += len(grown[number]) - len(before)
        return Map(self._parts.update(grown), size)
