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

"""What the services' answers have in common: places, times, references."""

from collections.abc import Iterable
import datetime
import functools
import itertools
import sys
from typing import Annotated

import msgspec

from cleanupd.core import protections
from cleanupd.core import resources

#: What identifies something at its service: never empty.
Id = Annotated[str, msgspec.Meta(min_length=1)]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_NAIVE_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - for those without a zone


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a record comes from: a cloud and one of its regions."""

    cloud: str
    region: str

    def ref(self, kind: str, resource_id: str) -> resources.Ref:
        """Return the ref of a resource here; identity's kinds have no region."""
        region = "" if kind.startswith("identity.") else self.region
        return resources.Ref(self.cloud, region, kind, resource_id)


class Reference(msgspec.Struct, gc=False):
    """An object that only names another one."""

    id: Id


def utc(time: datetime.datetime | None) -> datetime.datetime | None:
    """Return ``time`` as aware UTC; Nova and Cinder leave the zone out and mean UTC."""
    if time is None or time.tzinfo is datetime.UTC:
        return time
    return as_utc(time)


def as_utc(time: datetime.datetime) -> datetime.datetime:
    """Return ``time`` as aware UTC, which it means where it has no zone."""
    if time.tzinfo is None:
        # A third of what replace() takes.
        return _EPOCH + (time - _NAIVE_EPOCH)
    return time.astimezone(datetime.UTC)


def tags(*found: Iterable[str]) -> tuple[str, ...]:
    """Return tags and keys of metadata, the same tuple for all that have the same."""
    if not any(found):  # as most have none
        return ()
    return _shared(frozenset(itertools.chain(*found)))


@functools.lru_cache(maxsize=4096)
def _shared(several: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(map(sys.intern, several)))


def marks(description: str | None) -> tuple[str, ...]:
    """Return the tag that keeps a resource, if its description has it: its kind has no tags."""
    return (protections.HOLD_TAG,) if protections.HOLD_TAG in (description or "") else ()
