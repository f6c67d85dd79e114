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


"""What crosses the bus: the values, and errors as their type, message and fields.

All values are JSON as msgspec writes it.  A method that fails on purpose
answers with an :class:`Envelope`, because exceptions cross oslo.messaging only
with their arguments.
"""

import datetime
from typing import Any
from typing import TypeVar

import msgspec

from cleanupd import exceptions
from cleanupd.core import explaining
from cleanupd.core import judgement
from cleanupd.core import model

T = TypeVar("T")

#: Raised in its second part when a method or an optional argument is added, in
#: its first when anything is taken away or means something else.
VERSION = "1.4"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where on the bus a daemon is: any of ``topic`` where ``server`` is None."""

    topic: str = "cleanupd"
    server: str | None = None


class KindState(msgspec.Struct, frozen=True, kw_only=True):
    """How many resources of one kind are known, and how far to believe it.

    ``doubt`` says why the listing is not fresh, None where it is;
    ``listed_at`` is when the last complete one was asked for.
    """

    kind: str
    count: int
    doubt: str | None
    listed_at: datetime.datetime | None

    @property
    def trust(self) -> str:
        """How far to believe it: fresh, stale, or untrusted where there never was a listing."""
        if self.doubt is None:
            return "fresh"
        return "untrusted" if self.listed_at is None else "stale"


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """The model without its resources.

    ``unseen`` names the places of the cloud that nothing looks at.
    """

    cloud: str
    region: str
    taken_at: datetime.datetime
    kinds: tuple[KindState, ...]
    unseen: tuple[str, ...]


class Leaks(msgspec.Struct, frozen=True, kw_only=True):
    """The judgement of a snapshot for one target, and what the snapshot did not tell.

    ``doubts`` are sentences, one for each kind that was not listed.
    """

    cloud: str
    region: str
    taken_at: datetime.datetime
    judgement: judgement.Judgement
    doubts: tuple[str, ...]


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Why a resource is judged as it is; ``doubts`` as :class:`Leaks` has them."""

    taken_at: datetime.datetime
    explanation: explaining.Explanation
    doubts: tuple[str, ...]


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """One job of the daemon's schedule.

    ``interval_s`` is 0 and ``next_run_at`` None where it has no schedule;
    ``cron`` is the crontab expression of one that goes by that.
    ``last_result`` is a sentence; None before the job ended for the first time.
    ``failures`` is how often it failed since it last succeeded.
    """

    name: str
    interval_s: float
    is_running: bool
    next_run_at: datetime.datetime | None
    last_ended_at: datetime.datetime | None
    last_result: str | None
    failures: int = 0
    cron: str | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon is and does.

    ``model_taken_at`` is None before the first listing has ended; ``running``
    is the id of the sweep that is under way, ``waiting`` are those that come
    after it.  Of the daemons of a region one leads, ``leader``: it removes.
    """

    version: str
    api_version: str
    host: str
    cloud: str
    region: str
    mode: str
    started_at: datetime.datetime
    model_taken_at: datetime.datetime | None
    jobs: tuple[JobState, ...]
    running: str | None
    waiting: tuple[str, ...]
    is_leading: bool = True
    leader: str | None = None


class DaemonState(msgspec.Struct, frozen=True, kw_only=True):
    """One of the daemons of a region.

    Of those that answer one leads, in ``epoch`` since ``leading_since``; both
    are None for the others.  ``seen_at`` is when it last said that it was there.
    """

    host: str
    version: str
    started_at: datetime.datetime
    seen_at: datetime.datetime
    is_answering: bool
    epoch: int | None = None
    leading_since: datetime.datetime | None = None

    @property
    def is_leading(self) -> bool:
        """Whether it removes, and runs the schedules."""
        return self.epoch is not None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An exception of ours on its way: the name of its class, its text, its fields."""

    error: str
    message: str
    fields: dict[str, Any] = {}


def model_state(snapshot: model.Snapshot) -> ModelState:
    """Return a snapshot without its resources."""
    return ModelState(
        cloud=snapshot.cloud,
        region=snapshot.region,
        taken_at=snapshot.taken_at,
        kinds=kind_states(snapshot),
        unseen=snapshot.unseen,
    )


def kind_states(known: model.ModelRoot | model.Snapshot) -> tuple[KindState, ...]:
    """Return what is known of each kind, without its resources."""
    return tuple(
        KindState(
            kind=kind,
            count=len(known.roots[kind].records) if kind in known.roots else 0,
            doubt=trust.reason,
            listed_at=trust.listed_at,
        )
        for kind, trust in sorted(known.trust.items())
    )


def leaks(snapshot: model.Snapshot, judged: judgement.Judgement) -> Leaks:
    """Return a judgement with what its snapshot did not tell."""
    return Leaks(
        cloud=snapshot.cloud,
        region=snapshot.region,
        taken_at=snapshot.taken_at,
        judgement=judged,
        doubts=snapshot.doubts(),
    )


def explained(snapshot: model.Snapshot, explanation: explaining.Explanation) -> Explained:
    """Return an explanation with what its snapshot did not tell."""
    return Explained(taken_at=snapshot.taken_at, explanation=explanation, doubts=snapshot.doubts())


def is_spoken(version: str) -> bool:
    """Whether a daemon of this API understands a request of a version."""
    asked, known = version.split("."), VERSION.split(".")
    try:
        return asked[0] == known[0] and int(asked[1]) <= int(known[1])
    except (IndexError, ValueError):
        return False


def describe_mismatch(
    asked: str,
    known: str,
) -> str:
    """Say that a client of one version asked a daemon of another one, and what to do."""
    return (
        f"the request is of API {asked} and the daemon speaks {known}: upgrade cleanupd where the"
        " daemon runs and restart it, or ask with the cleanupctl that was installed with it"
    )


def pack(value: object) -> Any:
    """Return a value as plain JSON types."""
    return msgspec.json.decode(msgspec.json.encode(value))


def unpack(payload: object, type_: type[T]) -> T:
    """Return the value that :func:`pack` made plain; raises Refused when it is none."""
    try:
        return msgspec.convert(payload, type_)
    except msgspec.ValidationError as error:
        raise exceptions.Refused(
            f"what came over the bus is no {type_.__name__} of API {VERSION}: {error}"
        ) from error


def pack_error(error: exceptions.CleanupdError) -> Any:
    """Return an exception as plain JSON types."""
    envelope = Envelope(error=type(error).__name__, message=str(error), fields=vars(error))
    return msgspec.json.decode(msgspec.json.encode(envelope, enc_hook=str))


def raise_error(payload: object) -> None:
    """Raise the exception that a payload holds, if it holds one.

    One that this side does not know becomes a CleanupdError of the same text.
    """
    if not (isinstance(payload, dict) and payload.keys() == {"error", "message", "fields"}):
        return
    envelope = unpack(payload, Envelope)
    known = getattr(exceptions, envelope.error, None)
    if not (isinstance(known, type) and issubclass(known, exceptions.CleanupdError)):
        known = exceptions.CleanupdError
    # Their constructors make the text from fields; the text is here already.
    error = known.__new__(known)
    Exception.__init__(error, envelope.message)
    vars(error).update(envelope.fields)
    raise error
