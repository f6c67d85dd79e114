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

"""Writes down that this daemon is there, and tells who else of its region is."""

import datetime
from importlib import metadata

import msgspec

from cleanupd.engine import clock
from cleanupd.journal import register
from cleanupd.journal import sql
from cleanupd.rpc import api
from cleanupd.service import leadership as leaderships

#: How often each daemon writes it down.
INTERVAL_S = 5
#: Who has not for so long does not answer.
SILENT_AFTER = datetime.timedelta(seconds=3 * INTERVAL_S)


class Presence:
    """One of the daemons of a region, and what it knows of all."""

    def __init__(
        self,
        journal: sql.Journal,
        place: tuple[str, str],
        host: str,
        started_at: datetime.datetime,
        leading: leaderships.Leading,
    ) -> None:
        self._journal = journal
        self._place = place
        self._register = journal.register(*place)
        self._host = host
        self._started_at = started_at
        self._leading = leading

    def sign(self) -> str:
        """Write down that this daemon is there; the answer is empty."""
        fence = self._leading.fence
        self._register.sign(
            register.Entry(
                host=self._host,
                version=metadata.version("cleanupd"),
                started_at=self._started_at,
                seen_at=clock.now(),
                epoch=fence.epoch if fence else None,
            )
        )
        return ""

    def daemons(self) -> tuple[api.DaemonState, ...]:
        """Return all of the region that were there lately, by host, and this one at the moment."""
        self.sign()
        now, last = clock.now(), self._journal.leader(*self._place)

        def describe(entry: register.Entry) -> api.DaemonState:
            is_answering = now - entry.seen_at < SILENT_AFTER
            state = api.DaemonState(
                host=entry.host,
                version=entry.version,
                started_at=entry.started_at,
                seen_at=entry.seen_at,
                is_answering=is_answering,
            )
            if last is None or not is_answering or entry.epoch != last.epoch:
                return state
            since = datetime.datetime.fromisoformat(last.since)
            return msgspec.structs.replace(state, epoch=last.epoch, leading_since=since)

        return tuple(
            describe(entry)
            for entry in self._register.entries()
            if now - entry.seen_at < register.FORGOTTEN_AFTER
        )
