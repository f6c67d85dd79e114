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

"""What the operator has put out of reach: clouds, projects, and what is young.

A :class:`Safety` is the options as a value; a :class:`Guard` asks it of the
resources of one snapshot.  What cannot be told keeps the resource.
"""

from collections.abc import Collection
from collections.abc import Iterator
import datetime
import re

import msgspec

from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import resources
from cleanupd.core import workloads

_PROJECT = "identity.project"


class Safety(msgspec.Struct, frozen=True, kw_only=True):
    """Which clouds and projects are out of reach, and how old a resource has to be.

    Projects go by id or name, clouds by name or by the host of their
    identity endpoint; where something is allowed, all else is not.
    ``refused_terms`` are words in names of clouds and projects, without
    regard to case.  ``min_age`` holds for workloads that nobody named,
    ``min_age_named`` for those that somebody did.
    """

    allowed_projects: frozenset[str] = frozenset()
    blocked_projects: frozenset[str] = frozenset()
    allowed_clouds: frozenset[str] = frozenset()
    blocked_clouds: frozenset[str] = frozenset()
    refused_terms: tuple[str, ...] = ("prod", "production")
    min_age: datetime.timedelta = datetime.timedelta(minutes=10)
    min_age_named: datetime.timedelta = datetime.timedelta(0)

    def why_only_reported(self, cloud: str, host: str) -> str | None:
        """Say why nothing is ever removed from a cloud, None where that is allowed."""
        ids = {cloud, host.lower()} - {""}
        if found := _first(ids, self.blocked_clouds):
            return f"[safety] blocked_clouds has {found}: this cloud is only reported"
        if _first(ids, self.allowed_clouds):
            return None
        if self.allowed_clouds:
            return f"[safety] allowed_clouds does not have {cloud}: it is only reported"
        if term := self._find_term(cloud):
            return (
                f"the name of cloud {cloud} has {term}, one of [safety] refused_terms: it is only"
                f" reported, unless [safety] allowed_clouds has {cloud}"
            )
        return None

    def why_out_of_reach(self, id_: str | None, name: str | None, *, is_ours: bool) -> str | None:
        """Say why nothing of a project is removed; ``is_ours`` where a benchmark made it."""
        ids = {id_, name} - {None, ""}
        if found := _first(ids, self.blocked_projects):
            return f"[safety] blocked_projects has its project, {found}"
        if _first(ids, self.allowed_projects):
            return None
        if self.allowed_projects:
            whose = f"its project, {name or id_}" if ids else "it, since it is of no project"
            return f"[safety] allowed_projects does not have {whose}"
        if not is_ours and name and (term := self._find_term(name)):
            return (
                f"the name of its project, {name}, has {term}, one of [safety] refused_terms:"
                f" [safety] allowed_projects may have it"
            )
        return None

    def _find_term(self, name: str) -> str | None:
        """Return the first term that is a word of a name."""
        for term in self.refused_terms:
            # An underscore parts words, too.
            pattern = rf"(?<![^\W_]){re.escape(term)}(?![^\W_])"
            if term and re.search(pattern, name, re.IGNORECASE):
                return term
        return None

    def find_unknown(self, snapshot: model.Snapshot) -> tuple[str, ...]:
        """Return what the options call a project and the snapshot does not have."""
        known = {r.ref.id for r in snapshot.of_kind(_PROJECT)}
        known |= {r.name for r in snapshot.of_kind(_PROJECT) if r.name}
        return tuple(sorted((self.allowed_projects | self.blocked_projects) - known))


def _first(given: Collection[str | None], listed: Collection[str]) -> str | None:
    return min((one for one in listed if one in given), default=None)


class Guard:
    """Asks the options of the resources of one snapshot."""

    def __init__(
        self,
        safety: Safety,
        snapshot: model.Snapshot,
        claims: ownership.Claims,
        selection: workloads.Selection,
        sightings: workloads.Sightings,
    ) -> None:
        self._safety = safety
        self._snapshot = snapshot
        self._claims = claims
        self._selection = selection
        self._sightings = sightings

    def why_kept(self, record: resources.Resource) -> str | None:
        """Say why a benchmark's resource has to stay, None where the options let it go."""
        return self._why_out_of_reach(record) or self._why_young(record)

    def _why_out_of_reach(self, record: resources.Resource) -> str | None:
        # What is tied to several projects is out of reach with any of them.
        for ref in find_projects(record) or (None,):
            project = self._snapshot.get(ref) if ref is not None else None
            reason = self._safety.why_out_of_reach(
                ref.id if ref is not None else None,
                project.name if project is not None else None,
                is_ours=ref in self._claims,
            )
            if reason:
                return reason
        return None

    def _why_young(self, record: resources.Resource) -> str | None:
        needed, option = self._safety.min_age, "min_age"
        if self._selection.is_named(self._claims[record.ref].part):
            needed, option = self._safety.min_age_named, "min_age_named"
        if not needed:
            return None
        told = record.created_at or record.updated_at or record.launched_at
        since = told or self._sightings.get(record.ref)
        if since is None:
            return f"how old it is is not known, and [safety] {option} asks for {_seconds(needed)}"
        if since + needed <= self._snapshot.taken_at:
            return None
        verb = "is from" if told else "was first seen at"
        return (
            f"it {verb} {since:%Y-%m-%d %H:%M:%S} UTC, and [safety] {option} is"
            f" {_seconds(needed)}: it may go from {since + needed:%Y-%m-%d %H:%M:%S} UTC on"
        )


def _seconds(span: datetime.timedelta) -> str:
    return f"{span.total_seconds():.0f} s"


def find_projects(record: resources.Resource) -> tuple[resources.Ref, ...]:
    """Return the projects that a resource is, is in, or else was made for."""
    if record.ref.kind == _PROJECT:
        return (record.ref,)
    if record.project_id:
        return (resources.Ref(record.ref.cloud, "", _PROJECT, record.project_id),)
    return tuple(dict.fromkeys(_tied(record)))


def _tied(record: resources.Resource) -> Iterator[resources.Ref]:
    return (
        edge.target
        for edge in record.edges
        if edge.target.kind == _PROJECT and edge.sort is not resources.EdgeSort.USED_BY
    )
