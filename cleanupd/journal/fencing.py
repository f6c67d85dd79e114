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

"""Epochs: of all executors of a region, whoever raised its epoch last may remove.

A lock alone does not keep one from going on who has lost it and does not know,
because it was paused or cut off.  So all that an executor writes is written
on condition that the epoch is its own, in the same transaction.
"""

import datetime

import msgspec
import sqlalchemy as sa

from cleanupd import exceptions
from cleanupd.journal import schema

_EPOCHS = schema.EPOCHS.c


class Leader(msgspec.Struct, frozen=True, kw_only=True):
    """Who executes in a region, since when, and the number of that term."""

    epoch: int
    host: str
    since: str


class Fence(msgspec.Struct, frozen=True):
    """The epoch of an executor; ``label`` names the database to people."""

    cloud: str
    region: str
    epoch: int
    label: str

    def check(self, connection: sa.Connection) -> None:
        """Return if the epoch is still this one, and keep it so until the transaction ends.

        Raises Fenced.  It is written rather than read: of two transactions
        one waits for the other, in any database.
        """
        mine = sa.and_(_is_of(self.cloud, self.region), _EPOCHS.epoch == self.epoch)
        found = connection.execute(sa.update(schema.EPOCHS).where(mine).values(epoch=self.epoch))
        if not found.rowcount:
            raise exceptions.Fenced(self.label, f"another daemon has ended epoch {self.epoch}")


def claim(
    connection: sa.Connection, place: tuple[str, str], host: str, now: datetime.datetime
) -> int:
    """Begin a new epoch of a region, and return its number."""
    row = {"host": host, "since": now.isoformat(timespec="milliseconds")}
    found = connection.execute(
        sa.update(schema.EPOCHS).where(_is_of(*place)).values(row | {"epoch": _EPOCHS.epoch + 1})
    )
    if not found.rowcount:
        first = {"cloud": place[0], "region": place[1], "epoch": 1}
        connection.execute(sa.insert(schema.EPOCHS).values(row | first))
    leader = find_leader(connection, place)
    return leader.epoch if leader else 1


def find_leader(connection: sa.Connection, place: tuple[str, str]) -> Leader | None:
    """Return who has begun the last epoch of a region, None where nobody ever did."""
    asked = sa.select(_EPOCHS.epoch, _EPOCHS.host, _EPOCHS.since).where(_is_of(*place))
    row = connection.execute(asked).first()
    return None if row is None else Leader(epoch=row.epoch, host=row.host, since=row.since)


def _is_of(cloud: str, region: str) -> sa.ColumnElement[bool]:
    return sa.and_(_EPOCHS.cloud == cloud, _EPOCHS.region == region)
