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

"""How long workloads were seen to do nothing, and what keeps them alive.

Dates and clocks tell when something was done last; they do not tell that
nobody did anything since.  So time counts here only where somebody looked:
a region has two counters, the seconds that were observed and those that were
not, and each workload notes where they stood.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import datetime
import hashlib

import msgspec

from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import resources

#: A tag on a project or a resource, with ``=`` and a time in ISO 8601.
LEASE_TAG = "cleanupd-lease-until"
#: Who was not looked at for longer was not observed, whatever was seen before and after.
MOST_UNSEEN = datetime.timedelta(hours=2)
_PROJECT = "identity.project"


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long workloads that nobody named were seen idle before they may go.

    ``idle`` holds for those of which nobody knows that they are over; zero
    means that they never go.  ``sighted`` holds for all.
    """

    idle: datetime.timedelta = datetime.timedelta(0)
    sighted: datetime.timedelta = datetime.timedelta(0)


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """How a workload looks: another ``digest`` means that something was done.

    ``newest`` is when the last of its resources was created; ``leases`` are
    the tags that say how long it is to live.
    """

    digest: str
    newest: datetime.datetime | None = None
    leases: tuple[str, ...] = ()


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """A workload, and where the region's counters stood.

    ``since_s`` is that of the observed seconds when it was last seen to do
    something, and ``leases`` has that of the unobserved ones from before each
    lease can have been written.
    """

    trace: Trace
    since_s: float
    leases: dict[str, float] = {}


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The counters of a region; all before ``seen_until`` is in one of them."""

    seen_until: datetime.datetime | None = None
    observed_s: float = 0.0
    unobserved_s: float = 0.0


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """What was observed of the workloads of a region, by their parts of names."""

    head: Head = Head()
    workloads: dict[str, Quiet] = {}

    def quiet_s(self, part: str) -> float:
        """Return for how many observed seconds a workload did nothing."""
        found = self.workloads.get(part)
        return 0.0 if found is None else self.head.observed_s - found.since_s

    def missed(self, part: str, lease: str, now: datetime.datetime) -> datetime.timedelta:
        """Return for how long nobody looked since a lease can have been written."""
        found = self.workloads.get(part)
        if found is None or lease not in found.leases:
            return datetime.timedelta(0)
        missed = datetime.timedelta(seconds=self.head.unobserved_s - found.leases[lease])
        since = self.head.seen_until or now
        return missed + max(now - since, datetime.timedelta(0))


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one look showed.

    It shows all until ``seen_until``; nothing escaped it since
    ``watched_since``, None where that is not sure.  ``is_complete`` says that
    what it does not show is gone.  ``stirred`` are workloads of which
    the bus told something since the last look, and ``swept`` those that
    cleanupd itself changes.
    """

    seen_until: datetime.datetime
    traces: Mapping[str, Trace]
    watched_since: datetime.datetime | None = None
    is_complete: bool = True
    stirred: frozenset[str] = frozenset()
    swept: frozenset[str] = frozenset()


def after(before: Observations, look: Look) -> Observations:
    """Return what is known after a look; one that shows nothing newer only stirs."""
    known = before.head.seen_until
    if known is not None and look.seen_until <= known:
        stirred = look.stirred - look.swept
        return Observations(
            head=before.head,
            workloads={
                part: _restarted(quiet, before.head) if part in stirred else quiet
                for part, quiet in before.workloads.items()
            },
        )
    head = _counted(before.head, look)
    found = {
        part: _followed(before.workloads.get(part), part, look, before.head, head)
        for part in look.traces
    }
    return Observations(
        head=head, workloads=found if look.is_complete else before.workloads | found
    )


def _counted(before: Head, look: Look) -> Head:
    """Return the counters; time that a look has not observed waits for one that has."""
    if before.seen_until is None:
        return Head(seen_until=look.seen_until)
    passed = look.seen_until - before.seen_until
    watched = look.seen_until - (look.watched_since or look.seen_until)
    if not watched:
        return before
    observed = min(passed, watched)
    if observed > MOST_UNSEEN:
        observed = datetime.timedelta(0)
    return Head(
        seen_until=look.seen_until,
        observed_s=before.observed_s + observed.total_seconds(),
        unobserved_s=before.unobserved_s + (passed - observed).total_seconds(),
    )


def _followed(known: Quiet | None, part: str, look: Look, before: Head, head: Head) -> Quiet:
    trace = look.traces[part]
    leases = known.leases if known is not None else {}
    # Before a lease was first seen nobody knows when it was written.
    leases = {tag: leases.get(tag, before.unobserved_s) for tag in trace.leases}
    is_quiet = known is not None and not _has_stirred(known.trace, part, look)
    since_s = known.since_s if known is not None and is_quiet else head.observed_s
    return Quiet(trace=trace, since_s=since_s, leases=leases)


def _has_stirred(known: Trace, part: str, look: Look) -> bool:
    trace = look.traces[part]
    if part in look.swept:
        # What goes, and changes as other things go, is cleanupd's work; what comes is not.
        return trace.newest is not None and (known.newest is None or trace.newest > known.newest)
    return part in look.stirred or trace.digest != known.digest


def _restarted(quiet: Quiet, head: Head) -> Quiet:
    return msgspec.structs.replace(quiet, since_s=head.observed_s)


def find_traces(snapshot: model.Snapshot, claims: ownership.Claims) -> dict[str, Trace]:
    """Return how each workload looks that left something."""
    members = ownership.by_part(snapshot, claims)
    return {part: _trace(snapshot, records) for part, records in members.items()}


def _trace(snapshot: model.Snapshot, records: Iterable[resources.Resource]) -> Trace:
    digest, newest = hashlib.sha256(), None
    ordered = sorted(records, key=lambda record: record.ref)
    for one in ordered:
        dates = (one.created_at, one.updated_at, one.launched_at)
        digest.update(repr((one.ref.kind, one.ref.id, dates, one.revision, one.status)).encode())
        if one.created_at is not None and (newest is None or one.created_at > newest):
            newest = one.created_at
    return Trace(
        digest=digest.hexdigest()[:32], newest=newest, leases=find_leases(snapshot, ordered)
    )


def find_leases(
    snapshot: model.Snapshot, records: Iterable[resources.Resource]
) -> tuple[str, ...]:
    """Return the leases on resources and on the projects that they are in."""
    tags: set[str] = set()
    projects: dict[resources.Ref, None] = {}
    for one in records:
        tags.update(one.tags)
        if one.project_id:
            projects[resources.Ref(one.ref.cloud, "", _PROJECT, one.project_id)] = None
    for project in filter(None, map(snapshot.get, projects)):
        tags.update(project.tags)
    return tuple(sorted(tag for tag in tags if tag.startswith(LEASE_TAG)))


def why_leased(
    part: str, leases: Iterable[str], observations: Observations, now: datetime.datetime
) -> str | None:
    """Say which lease keeps a workload alive, None where none does any more."""
    for tag in leases:
        until = _read(tag)
        if until is None:
            return f"its tag {tag} has no time to read: write {LEASE_TAG}=2026-03-01T12:00:00Z"
        missed = observations.missed(part, tag, now)
        if until > now - missed:
            longer = f", and {missed.total_seconds():.0f} s longer, unobserved" if missed else ""
            return f"its workload is leased until {tag.partition('=')[2]}{longer}"
    return None


def _read(tag: str) -> datetime.datetime | None:
    """Return until when a tag says, None where it says no time with its zone."""
    try:
        until = datetime.datetime.fromisoformat(tag.removeprefix(LEASE_TAG).removeprefix("="))
    except ValueError:
        return None
    return until if until.tzinfo is not None else None
