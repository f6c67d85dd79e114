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
copies it.  So the one member of most keys stands by itself, a few are a
tuple, and many stand in tuples of about fifty: a change copies one of them, in a
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
#: As many entries as a map gets at once: no other thread gets on meanwhile.
BATCH = 500

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
        chunks: list[list[str]] = [[] for _ in range(mask + 1)]
        for member in members:
            chunks[hash(member) & mask].append(member)
        shared = {number: tuple(chunk) for number, chunk in enumerate(chunks) if chunk}
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


#: One id, a few, or many.
Members: TypeAlias = str | tuple[str, ...] | Bucket


class Index:
    """The ids of each key; immutable."""

    __slots__ = ("_members",)

    def __init__(self, members: "rpds.HashTrieMap[object, Members]") -> None:
        self._members = members

    @classmethod
    def build(cls, pairs: Iterable[tuple[object, str]]) -> "Index":
        """Return the index of all pairs of key and id, none of which comes twice."""
        collected = Collected()
        collected.add(pairs)
        return collected.index()

    def __getitem__(self, key: object) -> Iterable[str]:
        """Return the ids with this key; none for an unknown one."""
        found = self._members.get(key, ())
        return (found,) if isinstance(found, str) else found

    def __len__(self) -> int:
        """Return how many keys have ids."""
        return len(self._members)

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


class Collected:
    """The ids of each key while an index is made.

    It may hold millions for a while, of which the collector of garbage looks
    at next to none: it does not follow a dictionary with texts alone.
    """

    def __init__(self) -> None:
        self._single: dict[object, str] = {}
        self._several: dict[object, dict[str, None]] = {}

    def add(self, pairs: Iterable[tuple[object, str]]) -> None:
        """Add pairs of a key and an id that it does not have."""
        single, several = self._single, self._several
        for key, member in pairs:
            members = several.get(key)
            if members is not None:
                members[member] = None
                continue
            other = single.setdefault(key, member)
            if other is not member:
                del single[key]
                several[key] = {other: None, member: None}

    def index(self) -> Index:
        """Return the index, and hold nothing any more; other threads go on meanwhile."""
        members: rpds.HashTrieMap[object, Members] = rpds.HashTrieMap()
        rest = self._take()
        while batch := dict(itertools.islice(rest, BATCH)):
            members = members.update(batch)
        return Index(members)

    def _take(self) -> Iterator[tuple[object, Members]]:
        while self._single:
            yield self._single.popitem()
        while self._several:
            key, several = self._several.popitem()
            yield key, _with(None, tuple(several))


def _with(members: Members | None, more: Sequence[str]) -> Members:
    if isinstance(members, Bucket):
        return members.extended(more)
    if members is None:
        found = tuple(more)
    else:
        found = (members, *more) if isinstance(members, str) else (*members, *more)
    if len(found) == 1:
        return found[0]
    return found if len(found) <= _FEW else Bucket.build(found)


def _without(members: Members, member: str) -> Members | None:
    """Return the others, None where there are none."""
    if isinstance(members, str):
        return None
    if isinstance(members, Bucket):
        return members.removed(member) if len(members) > 1 else None
    left = tuple(one for one in members if one != member)
    return left if len(left) > 1 else left[0]
