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

"""A dictionary of texts that may hold millions and keeps no other thread waiting.

One that grows beyond 700 000 entries takes 60 ms for it, and all at once.
"""

from collections.abc import Iterator
from typing import Generic
from typing import TypeVar

V = TypeVar("V")

#: So many that each has some thousands of a million.
_PARTS = 256


class Parted(Generic[V]):
    """Many small dictionaries, each with the texts of some hashes.

    The collector of garbage follows none of them that holds texts and numbers only.
    """

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: tuple[dict[str, V], ...] = tuple({} for _ in range(_PARTS))

    def setdefault(self, key: str, value: V) -> V:
        """Return what stands under a key, which is ``value`` from now on if nothing did."""
        return self._parts[hash(key) % _PARTS].setdefault(key, value)

    def __getitem__(self, key: str) -> V:
        """Return what stands under a key; raises KeyError."""
        return self._parts[hash(key) % _PARTS][key]

    def __contains__(self, key: str) -> bool:
        """Whether anything stands under a key."""
        return key in self._parts[hash(key) % _PARTS]

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
