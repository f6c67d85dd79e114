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

"""The journal: sweeps, plans, results and first sightings in a database.

Every method may be called from any thread, and has written when it returns.
Raises JournalFailed, and UnknownSweep where there is none of an id.
"""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import copy
import datetime
import re
from typing import Any
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from cleanupd import exceptions
from cleanupd.core import budgets
from cleanupd.core import certificate as certificates
from cleanupd.core import liveness
from cleanupd.core import planning
from cleanupd.core import protections as shields
from cleanupd.core import resources
from cleanupd.journal import database
from cleanupd.journal import eventlog
from cleanupd.journal import fencing
from cleanupd.journal import places
from cleanupd.journal import plan_heads
from cleanupd.journal import queue
from cleanupd.journal import register
from cleanupd.journal import schema
from cleanupd.journal import store

T = TypeVar("T")

_SWEEP_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_UNFINISHED = (store.State.REQUESTED, store.State.RUNNING)
#: So many parameters fit into a statement of any database.
_MANY = 500


class Journal:
    """What must survive a restart.  Nothing is connected to before the first call."""

    def __init__(self, place: places.Place) -> None:
        self._host = place.host
        self._database = database.Database(place)
        self._fence: fencing.Fence | None = None
        #: Counts changes of protections; shared with those that are fenced.
        self._changes: collections.Counter[str] = collections.Counter()

    @property
    def protected(self) -> int:
        """How often this process has changed protections: what was read before is old."""
        return self._changes.total()

    def claim(self, cloud: str, region: str, now: datetime.datetime) -> fencing.Fence:
        """Begin a new epoch of a region, which ends that of whoever executed there before."""

        def write(connection: sa.Connection) -> int:
            return fencing.claim(connection, (cloud, region), self._host, now)

        try:
            epoch = self._database.run(write)
        except exceptions.JournalFailed:  # another one has begun the first epoch at this moment
            epoch = self._database.run(write)
        return fencing.Fence(cloud, region, epoch, self._database.label)

    def leader(self, cloud: str, region: str) -> fencing.Leader | None:
        """Return who has begun the last epoch of a region, None where nobody ever did."""
        return self._database.run(lambda c: fencing.find_leader(c, (cloud, region)))

    def register(self, cloud: str, region: str) -> register.Register:
        """Return who is there to execute in a region."""
        return register.Register(self._database, (cloud, region))

    def fenced(self, fence: fencing.Fence) -> "Journal":
        """Return this journal for an executor: once its epoch has ended it raises Fenced."""
        found = copy.copy(self)
        found._fence = fence  # noqa: SLF001  its own class
        return found

    def queue(self, cloud: str, region: str) -> queue.Queue:
        """Return what is asked for in a region."""
        return queue.Queue(self._database, (cloud, region))

    def save(
        self,
        sweep: store.Sweep,
        plan: planning.Plan | None = None,
        *,
        request: str | None = None,
        is_settled: bool = False,
    ) -> None:
        """Replace the state of a sweep, and its plan and what is asked for where that is given.

        What is settled is not asked for any more.
        """
        row = _row(sweep) | {"host": self._host}
        if plan is not None:
            row["plan"] = _encode(msgspec.structs.replace(plan, steps=()))
        if request is not None or is_settled:
            row["request"] = request

        def write(connection: sa.Connection) -> None:
            if self._fence is not None:
                self._fence.check(connection)
            found = connection.execute(
                sa.update(schema.SWEEPS).where(schema.SWEEPS.c.id == sweep.id).values(row)
            )
            if not found.rowcount:
                connection.execute(sa.insert(schema.SWEEPS).values(row))
            _replace(connection, schema.RESULTS, sweep.id, sweep.results)
            if plan is not None:
                _replace(connection, schema.STEPS, sweep.id, plan.steps)

        self._database.run(write)

    def plan(self, sweep_id: str) -> planning.Plan:
        """Return a stored plan."""
        column = schema.SWEEPS.c
        [head], steps = self._find(
            sweep_id, sa.select(column.plan).where(column.plan.is_not(None)), schema.STEPS
        )
        plan = self._decode(head, planning.Plan)
        return msgspec.structs.replace(plan, steps=self._decode_all(steps, planning.Step))

    def sweep(self, sweep_id: str) -> store.Sweep:
        """Return the state of a sweep."""
        row, results = self._find(sweep_id, sa.select(*_COLUMNS), schema.RESULTS)
        return self._sweep(row, results)

    def sweeps(
        self, cloud: str | None = None, region: str | None = None
    ) -> tuple[store.Sweep, ...]:
        """Return all sweeps, of one cloud or region if that is given, the latest last."""
        return self._sweeps(*_of(cloud, region))

    def planned(self, cloud: str, region: str) -> tuple[store.Planned, ...]:
        """Return the plans that schedules had made for workloads that were over, in no order."""
        column = schema.SWEEPS.c
        asked = sa.select(column.schedule, column.started_at, column.plan)
        scheduled = (column.schedule.is_not(None), column.plan.is_not(None))
        rows = self._read(asked.where(*_of(cloud, region), *scheduled))
        heads = (
            plan_heads.of(name, at, self._decode(head, plan_heads.Head)) for name, at, head in rows
        )
        return tuple(one for one in heads if one.only)

    def unfinished(self, cloud: str, region: str) -> tuple[store.Sweep, ...]:
        """Return the sweeps of this host that nobody sees to, though they are not over.

        The results of one that was running are what its events tell: what
        had an intent and no outcome is unknown.
        """
        column = schema.SWEEPS.c
        mine = (column.host == self._host, column.request.is_(None))
        found = self._sweeps(*_of(cloud, region), *mine, column.state.in_(_UNFINISHED))
        return tuple(
            msgspec.structs.replace(sweep, results=self.fates(sweep.id))
            if sweep.state is store.State.RUNNING
            else sweep
            for sweep in found
        )

    def forget_before(self, moment: datetime.datetime) -> int:
        """Forget sweeps that began before a moment and are over; return how many."""
        column = schema.SWEEPS.c
        over = sa.select(column.id, column.started_at).where(
            column.state.not_in(_UNFINISHED), column.request.is_(None)
        )
        old = [
            id_
            for id_, started_at in self._read(over)
            if datetime.datetime.fromisoformat(started_at) < moment
        ]
        for chunk in _chunks(old):
            self._write(sa.delete(schema.SWEEPS).where(column.id.in_(chunk)))
        self._write(sa.delete(schema.SPENT).where(schema.SPENT.c.at < int(moment.timestamp())))
        return len(old)

    @contextlib.contextmanager
    def events(self, sweep_id: str) -> Iterator[eventlog.EventLog]:
        """Give the log of a sweep to be written to; raises UnknownSweep."""
        sweep = self.sweep(sweep_id)
        with (
            self._database.connected() as connection,
            eventlog.EventLog(
                connection, sweep_id, (sweep.cloud, sweep.region), self._fence
            ) as log,
        ):
            yield log

    def spent_by(self, sweep_id: str) -> dict[str, int]:
        """Return how much of each kind a sweep has removed."""
        column = schema.SPENT.c
        asked = sa.select(column.kind, sa.func.sum(column.count)).group_by(column.kind)
        rows = self._read(asked.where(column.sweep_id == sweep_id))
        return {kind: int(count) for kind, count in sorted(rows)}

    def spent(self, cloud: str, region: str, now: datetime.datetime) -> budgets.Spent:
        """Return what was removed from a region within the hour before ``now``.

        What a clock that was ahead dates later than now counts, too.
        """
        column = schema.SPENT.c
        asked = (
            sa.select(column.kind, sa.func.sum(column.count), sa.func.min(column.at))
            .where(
                column.cloud == cloud,
                column.region == region,
                column.at > int((now - budgets.HOUR).timestamp()),
            )
            .group_by(column.kind)
        )
        rows = self._read(asked)
        first = min((at for _, _, at in rows), default=None)
        return budgets.Spent(
            kinds={kind: int(count) for kind, count, _ in sorted(rows)},
            since=None if first is None else datetime.datetime.fromtimestamp(first, datetime.UTC),
        )

    def read_events(self, sweep_id: str) -> tuple[store.Event, ...]:
        """Return what was noted during a sweep, in order."""
        column = schema.EVENTS.c
        asked = sa.select(
            column.at,
            column.what,
            column.cloud,
            column.region,
            column.kind,
            column.resource_id,
            column.reason,
        )
        rows = self._read(asked.where(column.sweep_id == sweep_id).order_by(column.id))
        return tuple(
            store.Event(at=at, what=what, ref=resources.Ref(*ref), reason=reason)
            for at, what, *ref, reason in rows
        )

    def sightings(self, cloud: str, region: str) -> dict[resources.Ref, datetime.datetime]:
        """Return when each resource of a region that carries no date was first seen."""
        seen: dict[resources.Ref, datetime.datetime] = {}
        for _, ref, first_seen_at in self._sightings(cloud, region):
            seen[ref] = min(first_seen_at, seen.get(ref, first_seen_at))
        return seen

    def save_sightings(
        self, cloud: str, region: str, sightings: Mapping[resources.Ref, datetime.datetime]
    ) -> None:
        """Replace what is known of first sightings in a region."""
        kept = self._sightings(cloud, region)
        gone = [id_ for id_, ref, at in kept if sightings.get(ref) != at]
        known = {ref for _, ref, at in kept if sightings.get(ref) == at}
        added = [
            _ref_row(ref) | {"observed_in": region, "first_seen_at": at.isoformat()}
            for ref, at in sightings.items()
            if ref not in known
        ]

        def write(connection: sa.Connection) -> None:
            for chunk in _chunks(gone):
                connection.execute(
                    sa.delete(schema.SIGHTINGS).where(schema.SIGHTINGS.c.id.in_(chunk))
                )
            if added:
                connection.execute(sa.insert(schema.SIGHTINGS), added)

        if gone or added:
            self._database.run(write)

    def observations(self, cloud: str, region: str) -> liveness.Observations:
        """Return what was observed of the workloads of a region."""
        column = schema.OBSERVATIONS.c
        asked = sa.select(column.part, column.content)
        rows = self._read(asked.where(column.cloud == cloud, column.region == region))
        found = dict(map(tuple, rows))
        head = found.pop("", None)
        return liveness.Observations(
            head=liveness.Head() if head is None else self._decode(head, liveness.Head),
            workloads={p: self._decode(c, liveness.Quiet) for p, c in found.items()},
        )

    def save_observations(
        self, cloud: str, region: str, before: liveness.Observations, now: liveness.Observations
    ) -> bool:
        """Replace what was observed; return whether nobody else had done so since ``before``."""
        table, column = schema.OBSERVATIONS, schema.OBSERVATIONS.c
        here = (column.cloud == cloud, column.region == region)
        was, known = before.workloads, now.workloads
        changed = [part for part, quiet in known.items() if was.get(part) != quiet]
        gone = [*(was.keys() - known.keys()), *(part for part in changed if part in was)]
        added = [
            {"cloud": cloud, "region": region, "part": part, "content": _encode(known[part])}
            for part in changed
        ]
        head = {"cloud": cloud, "region": region, "part": "", "content": _encode(now.head)}
        is_first = before.head == liveness.Head()
        # The counters change with each look that is newer, and so they tell whose turn it was.
        take = (
            sa.insert(table).values(head)
            if is_first
            else sa.update(table)
            .where(*here, column.part == "", column.content == _encode(before.head))
            .values(head)
        )

        def write(connection: sa.Connection) -> bool:
            if not connection.execute(take).rowcount:
                return False
            for chunk in _chunks(gone):
                connection.execute(sa.delete(table).where(*here, column.part.in_(chunk)))
            if added:
                connection.execute(sa.insert(table), added)
            return True

        return self._database.run(write)

    def protections(self, cloud: str, region: str) -> tuple[shields.Protection, ...]:
        """Return all protections of a region, expired ones too, the latest last."""
        column = schema.PROTECTIONS.c
        asked = sa.select(column.content).where(column.cloud == cloud, column.region == region)
        found = self._decode_all((row[0] for row in self._read(asked)), shields.Protection)
        return tuple(sorted(found, key=lambda one: (one.made_at, one.id)))

    def protect(self, protection: shields.Protection) -> None:
        """Remember a protection."""
        row = {"id": protection.id, "cloud": protection.cloud, "region": protection.region}
        self._write(sa.insert(schema.PROTECTIONS).values(row | {"content": _encode(protection)}))
        self._changes["protections"] += 1

    def unprotect(self, cloud: str, region: str, id_: str) -> bool:
        """Forget a protection, and return whether there was one."""
        column = schema.PROTECTIONS.c
        gone = sa.delete(schema.PROTECTIONS).where(
            column.id == id_, column.cloud == cloud, column.region == region
        )
        found = self._database.run(lambda connection: bool(connection.execute(gone).rowcount))
        self._changes["protections"] += 1
        return found

    def _sightings(
        self, cloud: str, region: str
    ) -> list[tuple[int, resources.Ref, datetime.datetime]]:
        column = schema.SIGHTINGS.c
        asked = sa.select(
            column.id,
            column.cloud,
            column.region,
            column.kind,
            column.resource_id,
            column.first_seen_at,
        ).where(column.cloud == cloud, column.observed_in == region)
        return [
            (id_, resources.Ref(*ref), datetime.datetime.fromisoformat(at))
            for id_, *ref, at in self._read(asked)
        ]

    def _sweeps(self, *conditions: sa.ColumnElement[bool]) -> tuple[store.Sweep, ...]:
        results: dict[str, list[str]] = {}
        with_sweep = schema.RESULTS.join(schema.SWEEPS)
        for sweep_id, content in self._read(
            sa.select(schema.RESULTS.c.sweep_id, schema.RESULTS.c.content)
            .select_from(with_sweep)
            .where(*conditions)
            .order_by(schema.RESULTS.c.position)
        ):
            results.setdefault(sweep_id, []).append(content)
        found = [
            self._sweep(row, results.get(row[0], ()))
            for row in self._read(sa.select(*_COLUMNS).where(*conditions))
        ]
        return tuple(sorted(found, key=lambda sweep: (sweep.started_at, sweep.id)))

    def fates(self, sweep_id: str) -> tuple[store.Result, ...]:
        """Return what became of each step of a sweep, as far as its events tell."""
        last = {event.ref: event for event in self.read_events(sweep_id)}
        return tuple(_fate(step, last.get(step.ref)) for step in self.plan(sweep_id).steps)

    def _find(self, sweep_id: str, head: sa.Select[Any], parts: sa.Table) -> tuple[Any, list[str]]:
        """Return the row of a sweep, and the content of its parts in order."""
        if not _SWEEP_ID.fullmatch(sweep_id):
            raise exceptions.UnknownSweep(sweep_id, self._database.label)

        def read(connection: sa.Connection) -> tuple[Any, list[str]]:
            row = connection.execute(head.where(schema.SWEEPS.c.id == sweep_id)).first()
            column = parts.c
            asked = sa.select(column.content).where(column.sweep_id == sweep_id)
            return row, list(connection.scalars(asked.order_by(column.position)))

        row, contents = self._database.run(read)
        if row is None:
            raise exceptions.UnknownSweep(sweep_id, self._database.label)
        return row, contents

    def _read(self, asked: sa.Select[Any]) -> list[Any]:
        return self._database.run(lambda connection: list(connection.execute(asked)))

    def _write(self, statement: sa.Executable) -> None:
        self._database.run(lambda connection: connection.execute(statement))

    def _sweep(self, row: Any, results: Iterable[str]) -> store.Sweep:
        values = row._asdict()
        if values["certificate"] is not None:
            values["certificate"] = self._decode(values["certificate"], certificates.Certificate)
        values["state"] = store.State(values["state"])
        return store.Sweep(**values, results=self._decode_all(results, store.Result))

    def _decode_all(self, contents: Iterable[str], type_: type[T]) -> tuple[T, ...]:
        return tuple(self._decode(content, type_) for content in contents)

    def _decode(self, content: str, type_: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=type_)
        except msgspec.DecodeError as error:
            raise exceptions.JournalFailed(self._database.label, str(error)) from error


#: The fields of a sweep that have a column; its results have a table.
_COLUMNS = tuple(
    schema.SWEEPS.c[name] for name in store.Sweep.__struct_fields__ if name != "results"
)


def _row(sweep: store.Sweep) -> dict[str, object]:
    row: dict[str, object] = {c.name: getattr(sweep, c.name) for c in _COLUMNS}
    row["note"] = eventlog.stored(sweep.note)
    if sweep.schedule is None:  # who asked for it once has asked for it ever after
        del row["schedule"]
    if sweep.certificate is not None:
        row["certificate"] = _encode(sweep.certificate)
    return row


def _replace(
    connection: sa.Connection, table: sa.Table, sweep_id: str, parts: Iterable[object]
) -> None:
    connection.execute(sa.delete(table).where(table.c.sweep_id == sweep_id))
    rows = [
        {"sweep_id": sweep_id, "position": position, "content": _encode(part)}
        for position, part in enumerate(parts)
    ]
    if rows:
        connection.execute(sa.insert(table), rows)


def _of(cloud: str | None, region: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    asked = ((schema.SWEEPS.c.cloud, cloud), (schema.SWEEPS.c.region, region))
    return tuple(column == value for column, value in asked if value is not None)


def _fate(step: planning.Step, last: store.Event | None) -> store.Result:
    outcome, reason = store.Outcome.WAITING, "the process ended before it was removed"
    if last is not None and last.what == store.INTENT:
        outcome = store.Outcome.UNKNOWN
        reason = "the process ended before the service's answer was noted"
    elif last is not None and last.what in set(store.Outcome):
        outcome, reason = store.Outcome(last.what), last.reason or ""
    elif last is not None:
        reason = last.reason or reason
    name = step.observed.name
    return store.Result(ref=step.ref, name=name, outcome=outcome, reason=reason or None)


def _ref_row(ref: resources.Ref) -> dict[str, object]:
    return {"cloud": ref.cloud, "region": ref.region, "kind": ref.kind, "resource_id": ref.id}


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _chunks(ids: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(ids), _MANY):
        yield ids[start : start + _MANY]
