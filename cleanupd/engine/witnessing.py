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

"""Asks the cloud, one by one, for what a list lacks although something speaks of it."""

from collections.abc import Collection
import datetime

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.engine import reading
from cleanupd.services.base import collector

#: By how much the clocks of the cloud and of this machine may differ.
SKEW = datetime.timedelta(seconds=5)
#: What is on its way out, or can be called back, is in no list.
_GOING = ("deleting", "pending_delete", "soft_deleted", "deleted")


def find_present(
    cloud: clouds.Cloud,
    managers: reading.Managers,
    lacking: Collection[resources.Resource],
    listed_at: datetime.datetime,
) -> resources.Resource | None:
    """Return one of the lacking resources that was there when the list was asked for, if any was.

    Raises a CleanupdError where that cannot be said.
    """
    for one in lacking:
        with collector.guarded(one.ref.kind):
            found = managers[one.ref.kind](cloud, one).read()
        # Of what was known before the list was asked for there is a record.
        is_known = one != resources.Resource(ref=one.ref)
        if found is not None and not (
            _is_going(found) or _is_new(found, listed_at, is_known=is_known)
        ):
            return found
    return None


def _is_going(found: resources.Resource) -> bool:
    return str(found.status).lower() in _GOING


def _is_new(found: resources.Resource, listed_at: datetime.datetime, *, is_known: bool) -> bool:
    """Whether a resource can have been made after a list was asked for."""
    is_late = found.created_at is not None and found.created_at >= listed_at - SKEW
    return is_late and not is_known


def describe(found: resources.Resource) -> str:
    """Return in a sentence why a list that lacks a resource is not believed."""
    name = f" ({found.name})" if found.name else ""
    return f"its list lacks {found.ref.id}{name}, which is there"


def describe_failure(error: exceptions.CleanupdError) -> str:
    """Return in a sentence why a list is not believed of which nothing can be asked."""
    return f"its list lacks what other lists name, and that cannot be asked for: {error}"
