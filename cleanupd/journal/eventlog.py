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

import threading

import sqlalchemy as sa

from cleanupd import exceptions
from cleanupd.journal import database
from cleanupd.journal import schema
from cleanupd.journal import store

#: A service may send a page of text with its error.
_LONGEST = 10_000


class EventLog:
    """Appends events, from any thread; an event is on disk when the call returns.

    Threads that append at the same time share a transaction: the first
    writes for all that came while the one before was written.
    """

    def __init__(self, connection: database.Connected, sweep_id: str) -> None:
        self._connection = connection
        self._sweep_id = sweep_id
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self._batch = _Batch()

    def append(self, event: store.Event) -> None:
        """Write one event and wait until the disk has it; raises JournalFailed."""
        with self._lock:
            batch = self._batch
            batch.rows.append(self._row(event))
        with self._writing:
            if not batch.is_taken:
                self._write(batch)
        if batch.error is not None:
            raise batch.error

    def _write(self, batch: "_Batch") -> None:
        with self._lock:
            batch.is_taken = True
            self._batch = _Batch()
        try:
            self._connection.run(
                lambda connection: connection.execute(sa.insert(schema.EVENTS), batch.rows)
            )
        except exceptions.JournalFailed as error:
            batch.error = error
        else:
            batch.error = None

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
        self.is_taken = False
        #: What each of the threads is told, unless all went well.
        self.error: Exception | None = RuntimeError("the journal was not written")


def stored(text: str | None) -> str | None:
    """Return a text of whatever origin as every database takes it."""
    return None if text is None else text.replace("\0", "\ufffd")[:_LONGEST]
