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
"""The part of the model that one collector keeps: records, and indexes of them.

A :class:`ModelRoot` is an immutable value.  A change makes a new one that
shares all else with the old one, so that whoever holds one can read it
without a lock for as long as he likes.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import itertools
from typing import TypeAlias

from cleanupd.core import indexes
from cleanupd.core import parted
from cleanupd.core import resources

#: Gives the part of a workload that a record's name has, None where it is no benchmark's name.
FindPart: TypeAlias = Callable[[resources.Resource], str | None]
Keys: TypeAlias = tuple[object, ...]
#: A root with so few records is made anew of a listing, which may have many more.
_FEW = 10_000


def no_part(record: resources.Resource) -> None:
    """Find no part of a workload in any name."""


class KindRoot:
    """The records of one kind by id, and the ids by what people and edges ask for.

    ``projects`` has the ids by project, with None for what has none, ``users``
    by user, ``hosts`` by host, ``targets`` by the ref that an edge or a cascade
    of the record leads to, ``aliases`` by the record's other keys, ``parts`` by
    the part of a workload in the name, for which ``find_part`` looks at each
    record's name once, when it arrives.
    """

    __slots__ = (
        "aliases",
        "find_part",
        "hosts",
        "parts",
        "projects",
        "records",
        "targets",
        "users",
    )

    def __init__(
        self,
        records: parted.Map[resources.Resource],
        found: Iterable[indexes.Index],
        find_part: FindPart,
    ) -> None:
        self.records = records
        self.projects, self.users, self.hosts, self.targets, self.aliases, self.parts = found
        self.find_part = find_part

    def _indexes(self) -> tuple[indexes.Index, ...]:
        return (self.projects, self.users, self.hosts, self.targets, self.aliases, self.parts)

    @classmethod
    def build(
        cls, records: Iterable[resources.Resource], find_part: FindPart = no_part
    ) -> "KindRoot":
        """Return the root that holds exactly these records, the last of those with the same id."""
        held: parted.Parted[resources.Resource] = parted.Parted()
        collected = _Collected(find_part)
        again: dict[str, resources.Resource] = {}
        rest = iter(records)
        while batch := {one.ref.id: one for one in itertools.islice(rest, indexes.BATCH)}:
            twice = [id_ for id_, one in batch.items() if held.setdefault(id_, one) is not one]
            again |= {id_: batch.pop(id_) for id_ in twice}
            collected.add(batch)
        root = cls(held.frozen(), collected.indexes(), find_part)
        for id_, record in again.items():
            root = root.replaced(id_, record)
        return root

    def found_by(self, find_part: FindPart) -> "KindRoot":
        """Return the root of the same records whose parts of workloads are found in another way.

        It takes its time, in which other threads go on.
        """
        collected = indexes.Collected()
        for id_, record in self.records.items():
            part = find_part(record)
            if part is not None:
                collected.add(((part, id_),))
        found = (*self._indexes()[:-1], collected.index())
        return KindRoot(self.records, found, find_part)

    def relisted(self, records: Iterable[resources.Resource]) -> "tuple[KindRoot, frozenset[str]]":
        """Return the root that holds exactly these records, and the ids that it lacks.

        What is as it was stays the same record.  Whatever is held here is
        made and let go a little at a time, and is nothing that the collector
        of garbage follows, so that other threads get on.
        """
        if len(self.records) <= _FEW:
            return self._remade(records)
        root = self
        seen: parted.Parted[None] = parted.Parted()
        rest = iter(records)
        while batch := tuple(itertools.islice(rest, indexes.BATCH)):
            root = root._with_batch(batch, seen)
        missing = frozenset[str]()
        if len(root.records) > len(seen):
            missing = frozenset(id_ for id_ in self.records if id_ not in seen)
        for id_ in missing:
            root = root.replaced(id_, None)
        seen.clear()
        return root, missing

    def _remade(self, records: Iterable[resources.Resource]) -> "tuple[KindRoot, frozenset[str]]":
        """Return the same as relisted, quicker where the listing has much more than this root."""
        if not self.records:
            root = KindRoot.build(records, self.find_part)
            return (root if root.records else self), frozenset()
        news = 0

        def keep() -> Iterator[resources.Resource]:
            nonlocal news
            for record in records:
                known = self.records.get(record.ref.id)
                if known is not None and known == record:
                    yield known
                else:
                    news += 1
                    yield record

        root = KindRoot.build(keep(), self.find_part)
        missing = frozenset(id_ for id_ in self.records if id_ not in root.records)
        return (root if news or missing else self), missing

    def _with_batch(
        self, batch: Iterable[resources.Resource], seen: parted.Parted[None]
    ) -> "KindRoot":
        root: KindRoot = self
        new: dict[str, resources.Resource] = {}
        for record in batch:
            id_ = record.ref.id
            known = root.records.get(id_)
            if known is None:
                new[id_] = record
                seen.setdefault(id_, None)
            else:
                # The id that is held anyway: that of the listing can go.
                seen.setdefault(known.ref.id, None)
                if known != record:
                    root = root.replaced(id_, record)
        return root._grown(new) if new else root  # noqa: SLF001 - another of these

    def _grown(self, new: Mapping[str, resources.Resource]) -> "KindRoot":
        """Return the root with further records, all at once, which is quicker."""
        found: tuple[dict[object, list[str]], ...] = ({}, {}, {}, {}, {}, {})
        for id_, record in new.items():
            for ids, keys in zip(found, _keys(record, self.find_part), strict=True):
                for key in keys:
                    ids.setdefault(key, []).append(id_)
        grown = [index.grown(ids) for index, ids in zip(self._indexes(), found, strict=True)]
        return KindRoot(self.records.update(new), grown, self.find_part)

    def replaced(self, id_: str, record: resources.Resource | None) -> "KindRoot":
        """Return the root in which ``record`` stands under ``id_``, or nothing for None."""
        return self.exchanged(id_, self.records.get(id_), record)

    def exchanged(
        self, id_: str, before: resources.Resource | None, record: resources.Resource | None
    ) -> "KindRoot":
        """Return the same as replaced, quicker for who knows what stands there ``before``."""
        records = self.records.insert(id_, record) if record else self.records.discard(id_)
        if before is not None and record is not None and _stand_alike(before, record):
            return KindRoot(records, self._indexes(), self.find_part)
        changed = (
            index.changed(id_, old, new)
            for index, old, new in zip(
                self._indexes(),
                _keys(before, self.find_part) if before else _NO_KEYS,
                _keys(record, self.find_part) if record else _NO_KEYS,
                strict=True,
            )
        )
        return KindRoot(records, changed, self.find_part)


class _Collected:
    """The keys of records while a root is made of them."""

    def __init__(self, find_part: FindPart) -> None:
        self._find_part = find_part
        self._projects = indexes.Collected()
        self._users = indexes.Collected()
        self._hosts = indexes.Collected()
        self._targets = indexes.Collected()
        self._aliases = indexes.Collected()
        self._parts = indexes.Collected()

    def add(self, batch: Mapping[str, resources.Resource]) -> None:
        """Add the keys of records; the same as _keys, in less time: twice is as good as once."""
        find_part, records = self._find_part, batch.items()
        self._projects.add((r.project_id, i) for i, r in records)
        self._users.add((r.user_id, i) for i, r in records if r.user_id is not None)
        self._hosts.add((r.host, i) for i, r in records if r.host is not None)
        self._targets.add((edge.target, i) for i, r in records for edge in r.edges)
        self._targets.add((target, i) for i, r in records for target in r.cascades)
        self._aliases.add((alias, i) for i, r in records for alias in r.aliases)
        found = ((find_part(record), id_) for id_, record in records)
        self._parts.add(pair for pair in found if pair[0] is not None)

    def indexes(self) -> tuple[indexes.Index, ...]:
        """Return the indexes, and hold nothing any more."""
        found = (self._projects, self._users, self._hosts, self._targets, self._aliases)
        return tuple(one.index() for one in (*found, self._parts))


_NO_KEYS: tuple[Keys, ...] = ((),) * 6


def _stand_alike(before: resources.Resource, after: resources.Resource) -> bool:
    """Whether no index has to change; quick, since most updates keep the ties as they are."""
    return (
        before.edges == after.edges
        and before.cascades == after.cascades
        and before.host == after.host
        and before.name == after.name
        and before.project_id == after.project_id
        and before.user_id == after.user_id
        and before.aliases == after.aliases
    )


def _keys(record: resources.Resource, find_part: FindPart) -> tuple[Keys, ...]:
    """Return the keys of a record in each index."""
    part = find_part(record)
    return (
        (record.project_id,),
        () if record.user_id is None else (record.user_id,),
        () if record.host is None else (record.host,),
        _targets(record),
        record.aliases,
        () if part is None else (part,),
    )


def _targets(record: resources.Resource) -> tuple[resources.Ref, ...]:
    """Return each resource that the record leads to, once."""
    if not record.edges and not record.cascades:
        return ()
    targets = [edge.target for edge in record.edges]
    targets += record.cascades
    return tuple(dict.fromkeys(targets))
