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

"""What of a stored plan tells for which workloads it was made; the rest of it may be large."""

import datetime

import msgspec

from cleanupd.journal import store


class Selection(msgspec.Struct, frozen=True):
    """As that of :mod:`cleanupd.core.workloads`, but for all that does not matter here."""

    only: frozenset[str] = frozenset()


class Kept(msgspec.Struct, frozen=True):
    """As that of :mod:`cleanupd.core.planning`."""

    part: str | None = None


class Head(msgspec.Struct, frozen=True):
    """As a plan of :mod:`cleanupd.core.planning`."""

    selection: Selection
    kept: tuple[Kept, ...] = ()


def of(schedule: str, started_at: str, head: Head) -> store.Planned:
    """Return what a plan was made for, by a schedule, at a time in ISO 8601."""
    only = head.selection.only
    return store.Planned(
        schedule=schedule,
        at=datetime.datetime.fromisoformat(started_at),
        only=only,
        kept=only & {kept.part for kept in head.kept if kept.part},
    )
