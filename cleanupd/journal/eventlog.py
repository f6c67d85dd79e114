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
from typing import Self

import sqlalchemy as sa

from cleanupd.journal import database
from cleanupd.journal import schema
from cleanupd.journal import store

#: A service may send a page of text with its error.
_LONGEST = 10_000


class EventLog:
    """Appends events, from any thread, as long as its block runs.

    A thread of its own writes: all that came while the transaction before was
    written goes into one.  After the block everything is on disk, or
    JournalFailed is raised.
    """

    def __init__(self, connection: database.Connected, sweep_id: str) -> None:
        self._connection = connection
        self._sweep_id = sweep_id
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
                self._write(batch.rows)
                batch.is_lost = False
            except Exception as error:  # noqa: BLE001  told to those who append
                self._error = error
            finally:
                batch.written.set()

    def _write(self, rows: list[dict[str, object]]) -> None:
        self._connection.run(lambda connection: connection.execute(sa.insert(schema.EVENTS), rows))

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
        self.written = threading.Event()
        self.is_lost = True


def stored(text: str | None) -> str | None:
    """Return a text of whatever origin as every database takes it."""
    return None if text is None else text.replace("\0", "\ufffd")[:_LONGEST]
