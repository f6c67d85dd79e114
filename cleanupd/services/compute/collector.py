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
"""The model of Nova: hypervisors, the servers on each, and what goes with them."""

from collections.abc import Iterator
import datetime
from typing import Any
from typing import ClassVar

from oslo_log import log

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import freshness
from cleanupd.core import resources as records
from cleanupd.services.base import collector
from cleanupd.services.base import wire
from cleanupd.services.compute import hosts
from cleanupd.services.compute import kinds
from cleanupd.services.compute import notifications
from cleanupd.services.compute import resources

LOG = log.getLogger(__name__)


class NovaClusterModelCollector(collector.BaseClusterModelCollector):
    """Keeps hypervisors, servers (those without a host too), flavors, keypairs, groups.

    A server's ``host`` is that of its hypervisor: ``on_host`` of the model
    gives both.  The servers that an aggregate's record names are those of the
    moment when the aggregate was listed or read.
    """

    SERVICE: ClassVar[str] = "compute"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        place = wire.Place(self._cloud.name, self._cloud.region)
        self._handler = notifications.NovaNotificationHandler(self, place)
        #: The hosts whose hypervisor was looked for.
        self._looked_for: set[str] = set()
        #: When Nova was last asked for changes.
        self._looked_at: datetime.datetime | None = None

    @property
    def notification_handler(self) -> notifications.NovaNotificationHandler:
        """What turns Nova's messages into changes of this model."""
        return self._handler

    def apply(self, change: changes.Change) -> None:
        """Take what the bus told; hypervisors are not read one by one, but listed."""
        if isinstance(change, changes.Touched) and change.ref.kind == hosts.HYPERVISOR.name:
            self.seek(hosts.HYPERVISOR.name)
            return
        super().apply(change)
        if isinstance(change, changes.Updated):
            self._miss(change.record.host)

    def look_for_changes(self) -> int:
        """Take how servers are that were written since Nova was last asked; return how many.

        A hint between two listings, for where no message comes: one request
        for each thousand that changed.  It takes nothing out of the model: a
        server that it calls deleted is read.
        """
        listed_at = self._model.trust[kinds.SERVER.name].listed_at
        if listed_at is None:
            return 0
        state = self._states[kinds.SERVER.name]
        with self._changing:
            request = state.request(self._clock())
        since = max(listed_at, self._looked_at or listed_at) - freshness.SKEW
        try:
            found = tuple(resources.ServerManager.list_changed(self._cloud, since))
        except exceptions.CleanupdError as error:
            LOG.warning("Changes of servers could not be listed: %(why)s", {"why": error})
            return 0
        for record in found:
            self._take_changed(record, request)
        self._looked_at = request.at
        return len(found)

    def _take_changed(self, record: records.Resource, request: changes.Request) -> None:
        if record.status != "DELETED":
            self._miss(record.host)
            with self._changing:
                if self._states[record.ref.kind].read(record.ref.id, record, request):
                    self._touched[record.ref] = None
                self._model = self._make_model()
        elif self._model.get(record.ref) is not None:
            self.apply(changes.Touched(record.ref))

    def _list_again(self, kind: str) -> bool:
        is_listed = super()._list_again(kind)
        if kind == kinds.SERVER.name:
            for host in self._model.roots[kind].hosts:
                self._miss(str(host))
        return is_listed

    def _miss(self, host: str | None) -> None:
        """Have hypervisors listed, once, for a server on a host where none is known."""
        if host is None or host in self._looked_for:
            return
        self._looked_for.add(host)
        if not self._model.roots[hosts.HYPERVISOR.name].hosts[host]:
            self.seek(hosts.HYPERVISOR.name)

    def _read_record(self, known: records.Resource) -> records.Resource | None:
        record = super()._read_record(known)
        if record is not None and record.ref.kind == kinds.SERVER.name:
            self._miss(record.host)
        if record is None or record.ref.kind != kinds.AGGREGATE.name:
            return record
        return self._with_residents(known, record)

    def _with_residents(
        self, known: records.Resource, record: records.Resource
    ) -> records.Resource:
        """Return an aggregate with the servers on its hosts; those it moved have to be read."""
        for host in _moved_hosts(known, record):
            # Its servers are in another zone now, which no message of theirs tells.
            for server in self._servers_on(host):
                self.apply(changes.Touched(server.ref))
        found = (one for host in _hosts_of(record) for one in self._servers_on(host))
        return resources.with_residents(record, found)

    def _servers_on(self, host: str) -> Iterator[records.Resource]:
        root = self._model.roots[kinds.SERVER.name]
        return map(root.records.__getitem__, root.hosts[host])


def _hosts_of(aggregate: records.Resource) -> frozenset[str]:
    """Return the hosts of an aggregate, none where it was not known."""
    return frozenset(filter(None, str(aggregate.details.get("hosts", "")).split(", ")))


def _moved_hosts(before: records.Resource, after: records.Resource) -> frozenset[str]:
    """Return the hosts that another zone has now."""
    zone, new_zone = before.details.get("zone", ""), after.details["zone"]
    left = _hosts_of(before) if zone else frozenset[str]()
    joined = _hosts_of(after) if new_zone else frozenset[str]()
    return left ^ joined if zone == new_zone else left | joined
