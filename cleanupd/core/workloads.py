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

"""Workloads, told apart by the part of names that each gives, and which to sweep.

Rally puts the first characters of the *workload's* uuid into names, not of
the task's; one task has a workload for each of its subtasks' scenarios.
"""

import collections
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import datetime

import msgspec

from cleanupd.core import baselines
from cleanupd.core import liveness
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import patterns
from cleanupd.core import resources


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to be swept; an empty one selects nothing.

    ``parts`` maps parts of names to the uuids that gave them.  ``idle``
    selects every workload that had no resource created or changed for that
    long; ``is_everything`` even the live ones.  Empty ``scopes``,
    ``formats`` (of names) and ``kinds`` mean all of them.  ``lifted`` has the
    :meth:`~cleanupd.core.kinds.Kind.lift_key` of each hold that keeps nothing.
    ``only`` has the parts of names of the only workloads that are meant of all
    that are selected; empty means that all are.  ``patience`` is asked of
    workloads that nobody named, None where a person is there to see what goes.
    ``limits`` let go of what no workload made: their parts are in ``parts``, without a uuid.
    """

    parts: dict[str, tuple[str, ...]] = {}
    idle: datetime.timedelta | None = None
    is_everything: bool = False
    scopes: frozenset[patterns.Scope] = frozenset()
    formats: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    patience: liveness.Patience | None = None
    limits: tuple[baselines.Limit, ...] = ()

    def names(self, part: str) -> bool:
        """Whether a workload is selected whatever it does."""
        return self.is_everything or part in self.parts

    def is_named(self, part: str) -> bool:
        """Whether somebody has named a workload, or asked for all by --everything.

        What was idle when it was planned is in ``parts`` without a uuid.
        """
        return self.is_everything or bool(self.parts.get(part))

    @property
    def is_wide(self) -> bool:
        """Whether workloads are selected that nobody has named."""
        return self.is_everything or self.idle is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is selected."""
        return not (self.parts or self.idle is not None or self.is_everything)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What Rally itself says of workloads, by the parts of names that they give.

    ``over`` are those of tasks that have ended, ``alive`` has why each of the
    others may be running.  ``doubt`` says why Rally could not be asked, None
    where it was, or where nobody is to ask it.
    """

    over: frozenset[str] = frozenset()
    alive: dict[str, str] = {}
    doubt: str | None = None


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one workload from what it left.

    ``active_at`` is when a resource of it was last created or changed; None
    where none of them carries a date.  ``undated`` counts the resources
    that carry none though they could have been made at any time, and
    ``undated_since`` is when the last of them was first seen; None where
    that is not known.  ``leases`` are the tags that say how long it is to live.
    """

    part: str
    scopes: tuple[str, ...]
    counts: dict[str, int]
    projects: tuple[str, ...]
    created_at: datetime.datetime | None
    active_at: datetime.datetime | None
    undated: int
    undated_since: datetime.datetime | None
    leases: tuple[str, ...] = ()


#: When a resource without dates was first seen.
Sightings = Mapping[resources.Ref, datetime.datetime]


_TOLD_NOTHING = Told()
_OBSERVED_NOTHING = liveness.Observations()


def find_sightings(snapshot: model.Snapshot, before: Sightings) -> Sightings:
    """Return since when each resource without any date is known.

    What is gone is forgotten, but for the kinds that were not listed.
    """
    listed = {
        record.ref: before.get(record.ref, snapshot.taken_at)
        for record in snapshot
        if not (record.created_at or record.updated_at or record.launched_at)
    }
    unlisted = {ref: at for ref, at in before.items() if ref.kind not in snapshot.roots}
    return listed | unlisted


def find_workloads(
    snapshot: model.Snapshot, claims: ownership.Claims, sightings: Sightings
) -> tuple[Workload, ...]:
    """Return the workloads that left something, the longest idle first."""
    found = [
        _summarise(part, claims, of, sightings, liveness.find_leases(snapshot, of))
        for part, of in ownership.by_part(snapshot, claims).items()
    ]
    oldest = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return tuple(sorted(found, key=lambda w: (w.active_at or oldest, w.part)))


def _summarise(
    part: str,
    claims: ownership.Claims,
    records: Sequence[resources.Resource],
    sightings: Sightings,
    leases: tuple[str, ...],
) -> Workload:
    dates: list[datetime.datetime] = []
    undated: list[resources.Ref] = []
    undated_of_contexts: list[resources.Ref] = []
    counts: collections.Counter[str] = collections.Counter()
    for record in records:
        counts[record.ref.kind] += 1
        dates += record.dates
        # Contexts make theirs before the first iteration, scenarios at any
        # time: only the latter leave it open whether the workload is idle.
        is_of_context = claims[record.ref].scope is patterns.Scope.CONTEXT
        if not record.dates:
            (undated_of_contexts if is_of_context else undated).append(record.ref)
    if not dates:
        undated += undated_of_contexts
    seen = [sightings[ref] for ref in undated if ref in sightings]
    projects = {r.project_id for r in records if r.project_id}
    return Workload(
        part=part,
        scopes=tuple(sorted({scope for r in records if (scope := claims[r.ref].scope)})),
        counts=dict(sorted(counts.items())),
        projects=tuple(sorted(projects)),
        created_at=min(dates, default=None),
        active_at=max(dates, default=None),
        undated=len(undated),
        undated_since=max(seen, default=None) if len(seen) == len(undated) else None,
        leases=leases,
    )


def find_live(
    workloads: Iterable[Workload],
    selection: Selection,
    now: datetime.datetime,
    told: Told = _TOLD_NOTHING,
    observations: liveness.Observations = _OBSERVED_NOTHING,
) -> dict[str, str]:
    """Return why each workload that is not selected is left alone, by its part."""
    return {
        workload.part: reason
        for workload in workloads
        if not selection.is_named(workload.part)
        and (reason := _why_left_alone(workload, selection, now, told, observations))
    }


def find_doubtful(
    workloads: Iterable[Workload],
    selection: Selection,
    now: datetime.datetime,
    told: Told = _TOLD_NOTHING,
    observations: liveness.Observations = _OBSERVED_NOTHING,
) -> dict[str, str]:
    """Return why it cannot be told of a workload whether it is over, by its part."""
    idle = selection.idle
    found: dict[str, str] = {}
    for workload in workloads:
        part = workload.part
        if idle is None or selection.names(part):
            continue
        reason = told.doubt or _why_undated(workload, now - idle)
        if part in told.over:
            reason = None
        reason = reason or _why_too_soon(part, selection.patience, told, observations)
        if reason:
            found[part] = reason
    return found


def _why_left_alone(
    workload: Workload,
    selection: Selection,
    now: datetime.datetime,
    told: Told,
    observations: liveness.Observations,
) -> str | None:
    is_named = selection.names(workload.part)
    if selection.idle is None and not is_named:
        return "its workload was not named"
    if reason := liveness.why_leased(workload.part, workload.leases, observations, now):
        return reason
    # What was idle when it was planned is not any more.
    if is_named or selection.idle is None:
        return None
    if workload.part in told.alive or workload.part in told.over:
        return told.alive.get(workload.part)
    if workload.active_at is not None and now - workload.active_at < selection.idle:
        return f"its workload was active at {workload.active_at:%Y-%m-%d %H:%M:%S} UTC"
    return None


def _why_too_soon(
    part: str,
    patience: liveness.Patience | None,
    told: Told,
    observations: liveness.Observations,
) -> str | None:
    if patience is None:
        return None
    needed, option = patience.sighted, "[safety] min_age"
    if part not in told.over:
        if not patience.idle:
            return "idleness is only reported: name the workload, or set [sweep] enforce_idle"
        needed, option = patience.idle, "[sweep] enforce_idle"
    quiet_s, needed_s = observations.quiet_s(part), needed.total_seconds()
    if quiet_s < needed_s:
        return (
            f"its workload was seen to do nothing for {quiet_s:.0f} s, and {option} asks for"
            f" {needed_s:.0f} s"
        )
    return None


def _why_undated(workload: Workload, then: datetime.datetime) -> str | None:
    if not workload.undated:
        return None
    undated = f"{workload.undated} resources of its workload carry no date"
    if workload.undated_since is None:
        return f"{undated}: name the workload"
    if workload.undated_since > then:
        since = f"{workload.undated_since:%Y-%m-%d %H:%M:%S} UTC"
        return f"{undated} and were first seen at {since}: ask again, or name the workload"
    return None
