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

"""The sweeps of a region that somebody has asked for, until an executor has seen to them.

Any daemon may add to them; one of them executes.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from cleanupd.journal import database
from cleanupd.journal import fencing
from cleanupd.journal import schema
from cleanupd.journal import store

_COLUMN = schema.SWEEPS.c


class Pending(NamedTuple):
    """A sweep that is asked for; ``epoch`` is None as long as it waits."""

    id: str
    epoch: int | None
    cancelled_by: str | None
    request: str


class Queue:
    """What is asked for in one region, in the order in which it was."""

    def __init__(self, database: database.Database, place: tuple[str, str]) -> None:
        self._database = database
        self._place = place

    def pending(self) -> tuple[Pending, ...]:
        """Return all that is not seen to, what somebody has begun with first."""
        cloud, region = self._place
        asked = sa.select(
            _COLUMN.id,
            _COLUMN.epoch,
            _COLUMN.cancelled_by,
            _COLUMN.request,
            _COLUMN.started_at,
        ).where(
            _COLUMN.cloud == cloud,
            _COLUMN.region == region,
            _COLUMN.request.is_not(None),
        )
        rows = self._database.run(lambda connection: list(connection.execute(asked)))
        rows.sort(key=lambda row: (row.epoch is None, row.started_at, row.id))
        return tuple(Pending(*row[:4]) for row in rows)

    def add_plan(self, sweep_id: str, request: str) -> bool:
        """Ask for a stored plan; return whether nobody has asked for it before."""
        return self._update(
            (
                _COLUMN.id == sweep_id,
                _COLUMN.state == store.State.PLANNED,
                _COLUMN.request.is_(None),
            ),
            {"state": store.State.REQUESTED, "request": request, "epoch": None, "note": None},
        )

    def begin(self, sweep_id: str, fence: fencing.Fence) -> bool:
        """Have a sweep that waits, or that an earlier executor left, begun in an epoch.

        Return whether it is still asked for.  Raises Fenced.
        """
        return self._update(
            (_COLUMN.id == sweep_id, _COLUMN.request.is_not(None)),
            {"epoch": fence.epoch},
            fence.check,
        )

    def settle(self, sweep_id: str, fence: fencing.Fence) -> None:
        """Note that an executor has seen to a sweep; raises Fenced."""
        self._update((_COLUMN.id == sweep_id,), {"request": None}, fence.check)

    def cancel(self, sweep_id: str, by: str, ended: Mapping[str, object]) -> bool:
        """Cancel what nobody has begun with, with the fields ``ended``; else note who wants it.

        Return whether it is over.
        """
        waits = sa.or_(
            sa.and_(_COLUMN.request.is_not(None), _COLUMN.epoch.is_(None)),
            sa.and_(_COLUMN.request.is_(None), _COLUMN.state == store.State.PLANNED),
        )
        values = {**ended, "request": None, "cancelled_by": by}
        if self._update((_COLUMN.id == sweep_id, waits), values):
            return True
        self._update((_COLUMN.id == sweep_id, _COLUMN.request.is_not(None)), {"cancelled_by": by})
        return False

    def _update(
        self,
        conditions: tuple[sa.ColumnElement[bool], ...],
        values: dict[str, object],
        check: Callable[[sa.Connection], None] = lambda _: None,
    ) -> bool:
        statement = sa.update(schema.SWEEPS).where(*conditions).values(values)

        def write(connection: sa.Connection) -> bool:
            check(connection)
            return bool(connection.execute(statement).rowcount)

        return self._database.run(write)
