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

"""Finds the resources of one kind that somebody wants to see."""

from collections.abc import Collection
from collections.abc import Iterable
import heapq
import itertools

import msgspec

from cleanupd.core import model
from cleanupd.core import resources


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which resources of a kind are wanted, and how many at most.

    What is None restricts nothing.  ``workload`` is a uuid, whose part stands
    in the names.
    """

    kind: str
    id: str | None = None
    project: str | None = None
    host: str | None = None
    workload: str | None = None
    limit: int = 1000


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """How many resources fit, and the first of them by name, as many as were wanted."""

    count: int
    records: tuple[resources.Resource, ...]


def find(known: model.Records, query: Query, parts: Collection[str]) -> Found:
    """Return the resources that fit; ``parts`` are those that the workload leaves in names.

    The indexes are asked: it costs as much as one of them finds, whatever else there is.
    """
    root = known.roots.get(query.kind)
    own = model.Records(roots={} if root is None else {query.kind: root})
    fitting = [record for record in _candidates(own, query, parts) if _fits(record, query)]
    return Found(
        count=len(fitting),
        records=tuple(heapq.nsmallest(query.limit, fitting, key=_order)),
    )


def _candidates(
    own: model.Records, query: Query, parts: Collection[str]
) -> Iterable[resources.Resource]:
    """Return what one of the indexes finds, if possible one that finds little."""
    if query.workload is not None:
        return itertools.chain.from_iterable(map(own.of_workload, parts))
    if query.id is not None:
        record = next((root.records.get(query.id) for root in own.roots.values()), None)
        return () if record is None else (record,)
    if query.host is not None:
        return own.on_host(query.host)
    if query.project is not None:
        return own.of_project(query.project)
    return own.of_kind(query.kind)


def _fits(record: resources.Resource, query: Query) -> bool:
    return (
        query.id in (None, record.ref.id)
        and query.host in (None, record.host)
        and query.project in (None, record.project_id)
    )


def _order(record: resources.Resource) -> tuple[str, str]:
    return record.name or "", record.ref.id
