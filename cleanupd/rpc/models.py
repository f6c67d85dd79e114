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

"""What is told of the model over the bus besides :class:`~cleanupd.rpc.api.ModelState`."""

from collections.abc import Collection
import datetime

import msgspec

from cleanupd.core import lookup
from cleanupd.core import model
from cleanupd.rpc import api


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What people want to know of one resource of the model; times are in UTC."""

    id: str
    name: str | None
    project_id: str | None
    host: str | None
    status: str | None
    created_at: datetime.datetime | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a query: the kind, how many of it fit, and the first of these by name."""

    state: api.KindState
    count: int
    records: tuple[Record, ...]


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the kinds of a service after it was listed.

    ``failure`` says what else went wrong; None where nothing did.
    """

    service: str
    kinds: tuple[api.KindState, ...]
    failure: str | None

    @property
    def count(self) -> int:
        """How many resources are known."""
        return sum(one.count for one in self.kinds)

    @property
    def problem(self) -> str | None:
        """Why it is not complete; None where it is."""
        doubts = [f"{one.kind}: {one.doubt}" for one in self.kinds if one.doubt]
        return "; ".join(doubts) or self.failure

    @property
    def result(self) -> str:
        """What came of it, as a job says it."""
        text = f"{self.count} resources of {len(self.kinds)} kinds"
        return f"failed: {text}; {self.problem}" if self.problem else text


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """How one service is kept in the model.

    ``waiting`` is how many resources and kinds were touched and are not read
    yet; ``last_sync_at`` when its listing ended, ``next_sync_at`` None where
    none is scheduled; ``last_result`` a sentence; ``failures`` how often it
    failed since it last succeeded.
    """

    service: str
    resources: int
    last_sync_at: datetime.datetime | None
    last_result: str | None
    failures: int
    waiting: int = 0
    is_running: bool = False
    next_sync_at: datetime.datetime | None = None


class BusState(msgspec.Struct, frozen=True, kw_only=True):
    """What came over the bus, in numbers of messages since the daemon started.

    ``why_deaf`` says why nothing is heard, None while all is well.  Messages
    were ``handled``; ``unwanted``, because no service that is looked at sent
    them; of an ``unknown`` event type; ``failed`` in their handler;
    ``filtered`` by the options; or ``malformed``.  ``gaps`` is how often some
    may have been missed, and the cloud was listed for it.
    """

    why_deaf: str | None
    handled: int = 0
    unwanted: int = 0
    unknown: int = 0
    failed: int = 0
    filtered: int = 0
    malformed: int = 0
    gaps: int = 0


class ModelStats(msgspec.Struct, frozen=True, kw_only=True):
    """How the model is kept: by listings, and by what comes over the bus."""

    cloud: str
    region: str
    services: tuple[ServiceState, ...]
    bus: BusState


def found(
    known: model.ModelRoot | model.Snapshot, query: lookup.Query, parts: Collection[str]
) -> Found:
    """Return the answer to a query; ``parts`` are those that its workload leaves in names."""
    fitting = lookup.find(known, query, parts)
    return Found(
        state=next(state for state in api.kind_states(known) if state.kind == query.kind),
        count=fitting.count,
        records=tuple(
            Record(
                id=one.ref.id,
                name=one.name,
                project_id=one.project_id,
                host=one.host,
                status=one.status,
                created_at=one.created_at,
            )
            for one in fitting.records
        ),
    )


def synced(service: str, root: model.ModelRoot, failure: str | None = None) -> Synced:
    """Return what is known of a service after it was listed."""
    return Synced(service=service, kinds=api.kind_states(root), failure=failure)
