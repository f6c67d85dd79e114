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

"""The daemons of a region, as each of them writes down that it is there."""

import datetime

import msgspec
import sqlalchemy as sa

from cleanupd.journal import database
from cleanupd.journal import schema

_COLUMN = schema.DAEMONS.c
#: Who was not there for so long is forgotten.
FORGOTTEN_AFTER = datetime.timedelta(days=7)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon; ``epoch`` is the one in which it leads, None while it does not."""

    host: str
    version: str
    started_at: datetime.datetime
    seen_at: datetime.datetime
    epoch: int | None = None


class Register:
    """The daemons of one region, of which each has one entry, by the name of its host."""

    def __init__(self, database: database.Database, place: tuple[str, str]) -> None:
        self._database = database
        self._place = dict(zip(("cloud", "region"), place, strict=True))

    def sign(self, entry: Entry) -> None:
        """Replace the entry of a daemon; a new one takes the place of those long gone."""
        row = msgspec.structs.asdict(entry) | {
            "started_at": _as_text(entry.started_at),
            "seen_at": _as_text(entry.seen_at),
        }
        oldest = _as_text(entry.seen_at - FORGOTTEN_AFTER)

        def write(connection: sa.Connection) -> None:
            own = self._is_of_region, _COLUMN.host == entry.host
            found = connection.execute(sa.update(schema.DAEMONS).where(*own).values(row))
            if found.rowcount:
                return  # nothing but its own row is locked then
            connection.execute(sa.insert(schema.DAEMONS).values(row | self._place))
            old = self._is_of_region, _COLUMN.seen_at < oldest
            connection.execute(sa.delete(schema.DAEMONS).where(*old))

        self._database.run(write)

    def entries(self) -> tuple[Entry, ...]:
        """Return all of them, by host."""
        names = Entry.__struct_fields__
        asked = (
            sa.select(*(_COLUMN[name] for name in names))
            .where(self._is_of_region)
            .order_by(_COLUMN.host)
        )
        rows = self._database.run(lambda connection: connection.execute(asked).all())
        return tuple(msgspec.convert(dict(zip(names, row, strict=True)), Entry) for row in rows)

    @property
    def _is_of_region(self) -> sa.ColumnElement[bool]:
        return sa.and_(*(_COLUMN[name] == value for name, value in self._place.items()))


def _as_text(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds")
