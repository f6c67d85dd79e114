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
copies it.  So the few members of most keys are a tuple, and the many of
others stand in tuples of about fifty: a change copies one of them, in a
microsecond, whatever the size of the whole.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
from typing import TypeAlias

import rpds

#: As many members as one tuple has on average when an index is built.
_CHUNK = 48
#: So much larger than it was built for, a bucket is built anew.
_GROWTH = 8
#: More members of a key than these are no longer one tuple.
_FEW = 2 * _CHUNK

Chunks: TypeAlias = "rpds.HashTrieMap[int, tuple[str, ...]]"


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
        shared = {number: tuple(chunk) for number, chunk in chunks.items()}
        return cls(len(members), mask, rpds.HashTrieMap(shared))

    def __len__(self) -> int:
        """Return how many ids there are."""
        return self._size

    def __iter__(self) -> Iterator[str]:
        """Yield every id once."""
        return itertools.chain.from_iterable(self._chunks.values())

    def extended(self, more: Sequence[str]) -> "Bucket":
        """Return the bucket with further ids, which it did not have."""
        size = self._size + len(more)
        if size > _GROWTH * _CHUNK * (self._mask + 1):
            return Bucket.build((*self, *more))
        chunks: dict[int, tuple[str, ...]] = {}
        for member in more:
            number = hash(member) & self._mask
            chunks[number] = (*(chunks.get(number) or self._chunks.get(number, ())), member)
        return Bucket(size, self._mask, self._chunks.update(chunks))

    def removed(self, member: str) -> "Bucket":
        """Return the bucket without ``member``, which it had."""
        number = hash(member) & self._mask
        chunk = self._chunks[number]
        place = chunk.index(member)
        left = chunk[:place] + chunk[place + 1 :]
        return Bucket(self._size - 1, self._mask, self._chunks.insert(number, left))


Members: TypeAlias = tuple[str, ...] | Bucket


class Index:
    """The ids of each key; immutable."""

    __slots__ = ("_members",)

    def __init__(self, members: "rpds.HashTrieMap[object, Members]") -> None:
        self._members = members

    @classmethod
    def build(cls, pairs: Iterable[tuple[object, str]]) -> "Index":
        """Return the index of all pairs of key and id, none of which comes twice."""
        found: dict[object, list[str]] = {}
        for key, member in pairs:
            found.setdefault(key, []).append(member)
        return cls(rpds.HashTrieMap()).grown(found)

    def __getitem__(self, key: object) -> Iterable[str]:
        """Return the ids with this key; none for an unknown one."""
        return self._members.get(key) or ()

    def __iter__(self) -> Iterator[object]:
        """Yield every key that has ids."""
        return iter(self._members)

    def grown(self, found: Mapping[object, Sequence[str]]) -> "Index":
        """Return the index with further ids of each key, none of which it had."""
        known = self._members
        return Index(known.update({k: _with(known.get(k), ids) for k, ids in found.items()}))

    def changed(
        self, member: str, before: tuple[object, ...], after: tuple[object, ...]
    ) -> "Index":
        """Return the index after the keys of ``member``, which were ``before``, are ``after``."""
        if before == after:
            return self
        members = self._members
        for key in before:
            if key not in after:
                left = _without(members[key], member)
                members = members.insert(key, left) if left else members.remove(key)
        for key in after:
            if key not in before:
                members = members.insert(key, _with(members.get(key), (member,)))
        return Index(members)


def _with(members: Members | None, more: Sequence[str]) -> Members:
    if isinstance(members, Bucket):
        return members.extended(more)
    found = (*(members or ()), *more)
    return found if len(found) <= _FEW else Bucket.build(found)


def _without(members: Members, member: str) -> Members:
    if isinstance(members, Bucket):
        return members.removed(member)
    place = members.index(member)
    return members[:place] + members[place + 1 :]
