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
"""Reads what is about to be removed, many of a kind at once where one request can."""

import collections
from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import threading
import time
from typing import TypeAlias

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import manager

Managers = Mapping[str, type[manager.ResourceManager]]
#: A kind and a project: what some services can tell of by one request.
_Group: TypeAlias = tuple[str, str | None]

#: So long a resource counts as just read.
FRESH_S = 3.0
#: As many have to wait for their removal that one request is worth it, and as many share it.
LEAST, MOST = 3, 50


class Reader:
    """Reads resources right before their removal; all methods may be called from any thread.

    A resource that was read together with others is believed for three
    seconds after the answer, which may have been long on its way, as that
    for one alone may.  One that such a request does not tell of is read by
    itself: only that says that it is gone.
    """

    def __init__(
        self,
        cloud: clouds.Cloud,
        managers: Managers,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cloud = cloud
        self._managers = managers
        self._monotonic = monotonic
        self._waiting: dict[_Group, dict[resources.Ref, resources.Resource]] = (
            collections.defaultdict(dict)
        )
        self._locks: dict[_Group, threading.Lock] = collections.defaultdict(threading.Lock)
        #: What was read, and when the answer was there.
        self._read: dict[resources.Ref, tuple[float, resources.Resource]] = {}

    def expect(self, record: resources.Resource) -> None:
        """Note that a resource will be read soon; called from one thread."""
        group = _group_of(record)
        with self._locks[group]:
            self._waiting[group][record.ref] = record

    def read(self, record: resources.Resource) -> resources.Resource | None:
        """Return a resource as it is, or was a moment ago, None when it is gone."""
        group = _group_of(record)
        with self._locks[group]:
            self._waiting[group].pop(record.ref, None)
            found = self._take(record.ref) or self._read_together(group, record)
        return found or self.read_alone(record)

    def read_alone(self, record: resources.Resource) -> resources.Resource | None:
        """Return a resource as it is now, None when it is gone."""
        return self._managers[record.ref.kind](self._cloud, record).read()

    def _take(self, ref: resources.Ref) -> resources.Resource | None:
        at, found = self._read.pop(ref, (0.0, None))
        return found if self._monotonic() <= at + FRESH_S else None

    def _read_together(
        self, group: _Group, record: resources.Resource
    ) -> resources.Resource | None:
        records = [record, *self._waiting[group].values()][:MOST]
        if len(records) < LEAST:
            return None
        # What is wrong is told when the resource is read alone.
        with contextlib.suppress(exceptions.CleanupdError):
            found = tuple(self._managers[record.ref.kind].read_some(self._cloud, records))
            at = self._monotonic()
            self._read |= {one.ref: (at, one) for one in found}
        return self._take(record.ref)


def _group_of(record: resources.Resource) -> _Group:
    return record.ref.kind, record.project_id
