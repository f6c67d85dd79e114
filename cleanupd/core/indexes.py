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
"""Which ids have a key, such as the project, as an immutable value.

A persistent set costs 130 bytes a member, and a tuple 8, but each change
copies it.  So the members of a key stand in tuples of about fifty: a change
copies one of them, in a microsecond, whatever the size of the whole.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import itertools
from typing import TypeAlias
from typing import TypeVar

import rpds

#: As many members as one tuple has on average when an index is built.
_CHUNK = 48
#: So much larger than it was built for, a bucket is built anew.
_GROWTH = 8

#: As many entries as a map gets at once: the interpreter's lock is not given up meanwhile.
_BATCH = 2000

Chunks: TypeAlias = "rpds.HashTrieMap[int, tuple[str, ...]]"
K = TypeVar("K")
V = TypeVar("V")


def make_map(entries: Iterable[tuple[K, V]]) -> "rpds.HashTrieMap[K, V]":
    """Return the map of all entries; other threads go on while it grows."""
    made: rpds.HashTrieMap[K, V] = rpds.HashTrieMap()
    rest = iter(entries)
    while batch := dict(itertools.islice(rest, _BATCH)):
        made = made.update(batch)
    return made


class Bucket:
    """The ids of one key; immutable."""

    __slots__ = ("_chunks", "_mask", "_size")

    def __init__(self, size: int, mask: int, chunks: Chunks) -> None:
        self._size = size
        self._mask = mask
        self._chunks = chunks

    @classmethod
    def build(cls, ids: Iterable[str]) -> "Bucket":
        """Return the bucket with these ids, none of which comes twice."""
        members = tuple(ids)
        mask = (1 << max(0, len(members) // _CHUNK).bit_length()) - 1
        if mask == 0:
            return cls(len(members), 0, rpds.HashTrieMap({0: members}))
        chunks: dict[int, list[str]] = {}
        for member in members:
            chunks.setdefault(hash(member) & mask, []).append(member)
        shared = make_map((number, tuple(chunk)) for number, chunk in chunks.items())
        return cls(len(members), mask, shared)

    def __len__(self) -> int:
        """Return how many ids there are."""
        return self._size

    def __iter__(self) -> Iterator[str]:
        """Yield every id once."""
        return itertools.chain.from_iterable(self._chunks.values())

    def inserted(self, member: str) -> "Bucket":
        """Return the bucket with ``member``, which it did not have."""
        if self._size > _GROWTH * _CHUNK * (self._mask + 1):
            return Bucket.build((*self, member))
        number = hash(member) & self._mask
        chunk = (*self._chunks.get(number, ()), member)
        return Bucket(self._size + 1, self._mask, self._chunks.insert(number, chunk))

    def removed(self, member: str) -> "Bucket":
        """Return the bucket without ``member``, which it had."""
        number = hash(member) & self._mask
        chunk = self._chunks[number]
        place = chunk.index(member)
        left = chunk[:place] + chunk[place + 1 :]
        return Bucket(self._size - 1, self._mask, self._chunks.insert(number, left))


class Index:
    """Buckets by key; immutable."""

    __slots__ = ("_buckets",)

    def __init__(self, buckets: "rpds.HashTrieMap[object, Bucket]") -> None:
        self._buckets = buckets

    @classmethod
    def build(cls, pairs: Iterable[tuple[object, str]]) -> "Index":
        """Return the index of all pairs of key and id, none of which comes twice."""
        members: dict[object, list[str]] = {}
        for key, member in pairs:
            members.setdefault(key, []).append(member)
        return cls(make_map((key, Bucket.build(ids)) for key, ids in members.items()))

    def __getitem__(self, key: object) -> Iterable[str]:
        """Return the ids with this key; none for an unknown one."""
        return self._buckets.get(key) or ()

    def __iter__(self) -> Iterator[object]:
        """Yield every key that has ids."""
        return iter(self._buckets)

    def changed(
        self, member: str, before: tuple[object, ...], after: tuple[object, ...]
    ) -> "Index":
        """Return the index after the keys of ``member``, which were ``before``, are ``after``."""
        if before == after:
            return self
        buckets = self._buckets
        for key in frozenset(before).difference(after):
            left = buckets[key].removed(member)
            buckets = buckets.insert(key, left) if left else buckets.remove(key)
        for key in frozenset(after).difference(before):
            bucket = buckets.get(key)
            grown = bucket.inserted(member) if bucket else Bucket.build((member,))
            buckets = buckets.insert(key, grown)
        return Index(buckets)
