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
"""What is true of one kind, when listings and the bus tell of it at the same time.

There is no common clock: ``updated_at`` has whole seconds and many changes do
not move it, senders' clocks differ, and messages come late, twice, in
disorder or not at all.  So what is certain is decided here and what is not
becomes a resource to be read:

* What the bus told since a listing was *asked for* stands against that
  listing, and falls with the next one.
* A message sent before the last listing was asked for says nothing new.
* A message of a time in which it cannot be told which is newer, it or what
  is known, has its resource read, unless a revision decides.
* What is gone comes back only when it has been read again.
"""

from collections.abc import Iterable
import datetime

import msgspec

from cleanupd.core import changes
from cleanupd.core import resources
from cleanupd.core import roots

#: By how much the clock of a sender may differ from ours.
SKEW = datetime.timedelta(seconds=5)


class _Heard(msgspec.Struct, frozen=True, gc=False):
    """The last that was heard of one id: as which message, and sent when.

    ``is_gone`` says that it is gone, ``is_open`` that how it is has to be read.
    """

    number: int
    sent_at: datetime.datetime
    is_gone: bool
    is_open: bool = False


_EVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_NOTHING = _Heard(0, _EVER, is_gone=False)


class Shrinkage(msgspec.Struct, frozen=True):
    """How many records a listing lacked that the bus had not reported gone, and of how many."""

    missing: int
    known: int


class Lag(msgspec.Struct, frozen=True):
    """What is known beside a listing: the root, and what was heard since a moment; its number."""

    number: int
    root: roots.KindRoot
    since: dict[str, _Heard]


class Listing(msgspec.Struct, frozen=True):
    """A complete listing: when it was asked for, its root, and the known ids that it lacks.

    ``followed`` is that root after what was heard until a ``number``.
    """

    request: changes.Request
    root: roots.KindRoot
    missing: frozenset[str]
    followed: roots.KindRoot
    number: int

    def follow(self, lag: Lag) -> "Listing":
        """Return the listing after what was heard besides; it takes its time, and needs no lock.

        What is open stands as it was listed until it is read.
        """
        followed = self.followed
        for id_, heard in lag.since.items():
            record = self.root.records.get(id_)
            if heard.is_gone:
                record = None
            elif not heard.is_open:
                record = lag.root.records.get(id_, record)
            if followed.records.get(id_) is not record:
                followed = followed.replaced(id_, record)
        return Listing(self.request, self.root, self.missing, followed, lag.number)


class KindState:
    """The root of one kind, and what was heard since it was last listed.

    Not safe for threads: the collector calls under its lock.  ``find_part``
    is that of the roots.  A listing that lacks more than ``shrink_share`` of
    what is known, and more than ``shrink_count`` records, counts only when
    the next one lacks the same.
    """

    def __init__(
        self,
        find_part: roots.FindPart = roots.no_part,
        *,
        shrink_share: float = 0.2,
        shrink_count: int = 20,
    ) -> None:
        self.root = roots.KindRoot.build((), find_part)
        self._shrink_share = shrink_share
        self._shrink_count = shrink_count
        self._number = 0
        self._heard: dict[str, _Heard] = {}
        self._fallen: list[dict[str, _Heard]] = []
        self._listed: changes.Request | None = None
        #: A message that was sent before the first is old, one after the second certainly new.
        self._old_before = self._new_after = _EVER
        self._missing: frozenset[str] = frozenset()

    def request(self, at: datetime.datetime) -> changes.Request:
        """Return what says that the cloud is asked now."""
        self._number += 1
        return changes.Request(self._number, at)

    def update(self, change: changes.Updated) -> bool:
        """Take what the bus told of a resource; return whether it has to be read."""
        record, sent_at = change.record, change.sent_at
        if self._is_old(sent_at):
            return False
        heard = self._heard.get(record.ref.id)
        if heard is not None and heard.is_gone:
            return sent_at >= heard.sent_at and self._touch(record.ref.id)
        known = self.root.records.get(record.ref.id)
        newer = _is_newer(record, known)
        if newer is None:
            newer = self._is_later(sent_at, heard)
        if newer is None:
            return self._touch(record.ref.id)
        if newer:
            self._hear(record.ref.id, sent_at, is_gone=False)
            self.root = self.root.exchanged(record.ref.id, known, record)
        return False

    def delete(self, change: changes.Deleted) -> bool:
        """Take that the bus reported a resource gone; return whether it has to be read."""
        id_, sent_at = change.ref.id, change.sent_at
        if self._is_old(sent_at):
            return False
        heard = self._heard.get(id_)
        if heard is not None and heard.is_gone:
            self._hear(id_, max(sent_at, heard.sent_at), is_gone=True)
            return False
        if id_ in self.root.records and not self._is_later(sent_at, heard):
            return self._touch(id_)
        self._hear(id_, sent_at, is_gone=True)
        self.root = self.root.replaced(id_, None)
        return False

    def touch(self, change: changes.Touched) -> bool:
        """Take that something happened to a resource; return whether it has to be read."""
        if change.sent_at is not None and self._is_old(change.sent_at):
            return False
        return self._touch(change.ref.id)

    def read(self, id_: str, record: resources.Resource | None, request: changes.Request) -> bool:
        """Take how a resource was read, None for gone; return whether to read it again."""
        if self._listed is not None and request.number < self._listed.number:
            return False
        heard = self._heard.get(id_)
        if heard is not None and heard.number > request.number:
            return True
        self._hear(id_, request.at, is_gone=record is None)
        self.root = self.root.replaced(id_, record)
        return False

    def compare(self, records: Iterable[resources.Resource], request: changes.Request) -> Listing:
        """Return a complete listing, ready to land.

        It takes its time and changes nothing, so that it needs no lock.
        """
        root, missing = self.root.relisted(records)
        return Listing(request, root, missing, root, request.number)

    def moment(self) -> Lag:
        """Return what is known at this moment."""
        return Lag(self._number, self.root, {})

    def replace(self, before: Lag, root: roots.KindRoot) -> None:
        """Take another root of the records of a moment, after what was heard since.

        No listing landed meanwhile.
        """
        for id_, heard in reversed(self._heard.items()):
            if heard.number <= before.number:
                break
            root = root.replaced(id_, self.root.records.get(id_))
        self.root = root

    def lag(self, listing: Listing) -> Lag:
        """Return what a listing does not follow yet."""
        since = self._heard_since(listing.request, listing.number)
        return Lag(self._number, self.root, since)

    def land(self, listing: Listing, now: datetime.datetime) -> Shrinkage | None:
        """Take a complete listing, or return why it waits for a second one that says the same."""
        request = listing.request
        since = self._heard_since(request, request.number)
        missing = frozenset(
            id_ for id_ in listing.missing if id_ in self.root.records and id_ not in since
        )
        limit = max(self._shrink_count, self._shrink_share * len(self.root.records))
        if len(missing) > limit and not missing <= self._missing:
            self._missing = missing
            return Shrinkage(len(missing), len(self.root.records))
        self._missing = frozenset()
        self._fallen.append(self._heard)
        self.root, self._heard = listing.follow(self.lag(listing)).followed, since
        self._listed = request
        self._old_before, self._new_after = request.at - SKEW, now + SKEW
        return None

    def tidy(self) -> int:
        """Forget what fell with a listing; return of how many resources that was.

        It takes its time, in which other threads go on, and needs no lock.
        """
        forgotten = 0
        while self._fallen:
            fallen = self._fallen.pop()
            forgotten += len(fallen)
            while fallen:
                fallen.popitem()
        return forgotten

    def _heard_since(self, request: changes.Request, number: int) -> dict[str, _Heard]:
        """Return what stands against a listing and was heard since, looked at from the end."""
        since = {}
        for id_, heard in reversed(self._heard.items()):
            if heard.number <= number:
                break
            if heard.is_open or heard.sent_at >= request.at - SKEW:
                since[id_] = heard
        return dict(reversed(since.items()))

    def _is_old(self, sent_at: datetime.datetime) -> bool:
        """Whether the last listing was asked for after that, whoever's clock is right."""
        return sent_at < self._old_before

    def _is_later(self, sent_at: datetime.datetime, heard: _Heard | None) -> bool | None:
        """Whether a message is newer than what is known, None where that cannot be told."""
        if heard is not None:
            return True if sent_at > heard.sent_at and not heard.is_open else None
        return None if sent_at <= self._new_after else True

    def _hear(
        self, id_: str, sent_at: datetime.datetime, *, is_gone: bool, is_open: bool = False
    ) -> None:
        self._number += 1
        # What was heard last stands last.
        self._heard.pop(id_, None)
        self._heard[id_] = _Heard(self._number, sent_at, is_gone, is_open)

    def _touch(self, id_: str) -> bool:
        """Something was heard that a listing or reading under way may not have seen."""
        heard = self._heard.get(id_, _NOTHING)
        self._hear(id_, heard.sent_at, is_gone=heard.is_gone, is_open=True)
        return True


def _is_newer(record: resources.Resource, known: resources.Resource | None) -> bool | None:
    """Whether a record is newer by revision, or older by its own date; None if neither says."""
    if known is None:
        return None
    if record.revision is not None and known.revision is not None:
        return record.revision > known.revision
    if record.updated_at and known.updated_at and record.updated_at < known.updated_at:
        return False
    return None
