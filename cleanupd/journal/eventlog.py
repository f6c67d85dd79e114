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

"""What is noted during a sweep: an intent before each call, what came of it after."""

import collections
import datetime
import math
import threading
from typing import Self

import sqlalchemy as sa

from cleanupd.core import resources
from cleanupd.journal import database
from cleanupd.journal import fencing
from cleanupd.journal import schema
from cleanupd.journal import store

#: A service may send a page of text with its error.
_LONGEST = 10_000

#: What is counted as spent: what is asked for, and what went along with it.
_SPENDING = (store.INTENT, store.Outcome.GONE)


class EventLog:
    """Appends events, from any thread, as long as its block runs.

    A thread of its own writes: all that came while the transaction before was
    written goes into one.  After the block everything is on disk, or
    JournalFailed is raised.  With the intent is written what it spends of the
    budget of ``place``, a cloud and a region: each resource once.  When the
    epoch of ``fence`` has ended, nothing is taken: Fenced is raised.
    """

    def __init__(
        self,
        connection: database.Connected,
        sweep_id: str,
        place: tuple[str, str],
        fence: fencing.Fence | None = None,
    ) -> None:
        self._connection = connection
        self._sweep_id = sweep_id
        self._place = place
        self._fence = fence
        self._counted: set[resources.Ref] = set()
        self._changed = threading.Condition()
        self._batch = _Batch()
        self._is_over = False
        #: What went wrong, and whether anybody was told.
        self._error: Exception | None = None
        self._is_told = False
        self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)

    def __enter__(self) -> Self:
        """Begin to write."""
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Write the rest."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join()
        if kind is None and not self._is_told:
            self._check()

    def append(self, event: store.Event) -> None:
        """Note an event; an intent is on disk when the call returns.  Raises JournalFailed.

        What is no intent is written soon.  If that fails, the next event is
        not taken; if the process is killed before, the outcome is unknown.
        """
        with self._changed:
            self._check()
            batch = self._batch
            batch.rows.append(self._row(event))
            if event.what in _SPENDING and event.ref not in self._counted:
                self._counted.add(event.ref)
                batch.spent[event.ref.kind, _seconds(event.at)] += 1
            self._changed.notify()
        if event.what == store.INTENT:
            batch.written.wait()
            if batch.is_lost:
                self._is_told = True
                raise self._error or RuntimeError("the journal's thread has ended")

    def _check(self) -> None:
        if self._error is not None:
            self._is_told = True
            raise self._error

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._batch.rows or self._is_over)
                batch, self._batch = self._batch, _Batch()
            if not batch.rows:
                return
            try:
                self._write(batch)
                batch.is_lost = False
            except Exception as error:  # noqa: BLE001  told to those who append
                self._error = error
            finally:
                batch.written.set()

    def _write(self, batch: "_Batch") -> None:
        spent = [self._spent(*key, count) for key, count in batch.spent.items()]

        def write(connection: sa.Connection) -> None:
            if self._fence is not None:
                self._fence.check(connection)
            connection.execute(sa.insert(schema.EVENTS), batch.rows)
            if spent:
                connection.execute(sa.insert(schema.SPENT), spent)

        self._connection.run(write)

    def _spent(self, kind: str, at: int, count: int) -> dict[str, object]:
        cloud, region = self._place
        row: dict[str, object] = {"cloud": cloud, "region": region, "sweep_id": self._sweep_id}
        return row | {"kind": kind, "at": at, "count": count}

    def _row(self, event: store.Event) -> dict[str, object]:
        return {
            "sweep_id": self._sweep_id,
            "at": event.at,
            "what": event.what,
            "cloud": event.ref.cloud,
            "region": event.ref.region,
            "kind": event.ref.kind,
            "resource_id": event.ref.id,
            "reason": stored(event.reason),
        }


class _Batch:
    """Events that are written together."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        #: How many resources, by their kind and a second.
        self.spent: collections.Counter[tuple[str, int]] = collections.Counter()
        self.written = threading.Event()
        self.is_lost = True


def stored(text: str | None) -> str | None:
    """Return a text of whatever origin as every database takes it."""
    return None if text is None else text.replace("\0", "\ufffd")[:_LONGEST]


def _seconds(at: str) -> int:
    """Return a moment in whole seconds since 1970, not earlier than it was."""
    return math.ceil(datetime.datetime.fromisoformat(at).timestamp())
