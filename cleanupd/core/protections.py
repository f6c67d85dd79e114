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

"""What somebody has said to keep: protections, and a tag in the cloud itself.

What a protection cannot be compared with, because the kind does not tell it,
is kept: a protection never protects less than it says.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import datetime
import fnmatch
import re

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.core import safety

#: A tag, a key of metadata, or a word of a description that keeps what has it.
HOLD_TAG = "cleanupd-protect"

_PROJECT_ID = re.compile("[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept in one region of one cloud, for what reason, and until when.

    A resource is protected by any one of the things that are named.
    ``parts`` are those of names that the uuids in ``tasks`` and ``workloads``
    give.  ``projects`` are ids or names, ``names`` shell patterns.  It holds
    for ever where ``expires_at`` is None.
    """

    id: str
    cloud: str
    region: str
    reason: str
    by: str
    made_at: datetime.datetime
    expires_at: datetime.datetime | None = None
    tasks: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def is_expired(self, now: datetime.datetime) -> bool:
        """Whether it holds nothing any more."""
        return self.expires_at is not None and self.expires_at <= now

    def describe(self) -> str:
        """Return who has protected it, when, and why."""
        until = f" until {self.expires_at:%Y-%m-%d %H:%M} UTC" if self.expires_at else ""
        made = f"{self.id} of {self.by}, {self.made_at:%Y-%m-%d %H:%M} UTC"
        return f"protection {made}, keeps it{until}: {self.reason}"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to be protected, in their words.

    ``expanded`` has the uuids of the workloads of each task.
    """

    reason: str
    expires_at: datetime.datetime | None = None
    tasks: tuple[str, ...] = ()
    expanded: dict[str, tuple[str, ...]] = {}
    workloads: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Shield:
    """Asks protections of resources; ``since`` is when the names of projects were known.

    Names of projects are those of ``projects``, by id.
    """

    def __init__(
        self,
        protections: tuple[Protection, ...],
        known: Mapping[str, kinds.Kind],
        now: datetime.datetime,
        projects: Mapping[str, str | None] | None = None,
        since: datetime.datetime | None = None,
    ) -> None:
        self._protections = tuple(p for p in protections if not p.is_expired(now))
        self._known = known
        self._projects = projects or {}
        self._since = since

    def why_kept(self, record: resources.Resource, part: str | None) -> str | None:
        """Say which protection keeps a benchmark's resource, None if none does."""
        if HOLD_TAG in record.tags:
            return f"somebody has marked it {HOLD_TAG}"
        for one in self._protections:
            if any(self._matches(one, record, part)):
                return one.describe()
            if what := next(self._untold(one, record), None):
                return f"{record.ref.kind} has no {what} to compare: {one.describe()}"
        return None

    def _matches(
        self, one: Protection, record: resources.Resource, part: str | None
    ) -> Iterator[bool]:
        yield part is not None and part in one.parts
        yield record.ref.id in one.ids
        yield not set(one.tags).isdisjoint(record.tags)
        yield record.name is not None and any(_fits(record.name, glob) for glob in one.names)
        for ref in safety.find_projects(record):
            yield ref.id in one.projects or self._projects.get(ref.id) in one.projects
            # What the plan could not compare, since it is new, is planned anew.
            is_new = self._since is not None and one.made_at >= self._since
            yield is_new and not all(map(_PROJECT_ID.fullmatch, one.projects))

    def _untold(self, one: Protection, record: resources.Resource) -> Iterator[str]:
        """Yield what a protection names and resources of the kind do not have."""
        kind = self._known[record.ref.kind]
        if one.tags and not kind.has_tags:
            yield "tags"
        if one.names and record.name is None and "name" not in kind.identity_fields:
            yield "name"
        if one.projects and not safety.find_projects(record):
            yield "project"


def _fits(name: str, glob: str) -> bool:
    return re.match(fnmatch.translate(glob), name) is not None
