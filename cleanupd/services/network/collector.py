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
"""Keeps the model of what Neutron has."""

import functools
import itertools
from typing import Any
import urllib.parse

from oslo_log import log

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.services.base import collector
from cleanupd.services.base import wire
from cleanupd.services.network import kinds
from cleanupd.services.network import notifications
from cleanupd.services.network import ports
from cleanupd.services.network import resources

LOG = log.getLogger(__name__)

#: For so many devices at once their ports are asked for: their ids are in the address.
_AT_ONCE = 50
_MAKERS = frozenset({kinds.ROUTER.name, kinds.FLOATING_IP.name})


class NeutronClusterModelCollector(collector.BaseClusterModelCollector):
    """Networks, and what is connected to them.

    Of the ports that Neutron makes for a router's gateway or for a floating IP
    no message tells.  They are looked for when a message tells of the router
    or of the floating IP: all of them with one request for many.
    """

    SERVICE = "network"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        #: What may have ports that are not known yet, by its id.
        self._makers: dict[str, None] = {}

    @functools.cached_property
    def notification_handler(self) -> notifications.NeutronNotificationHandler:
        """What turns Neutron's messages into changes of this model."""
        place = wire.Place(self._cloud.name, self._cloud.region)
        return notifications.NeutronNotificationHandler(self, place)

    def apply(self, change: changes.Change) -> None:
        """Take what the bus told, and keep in mind for what Neutron may have made ports."""
        super().apply(change)
        if isinstance(change, changes.Updated) and change.record.ref.kind in _MAKERS:
            with self._changing:
                self._makers[change.record.ref.id] = None

    def read_touched(self) -> int:
        """Read what was touched, and the ports of what may have new ones."""
        with self._changing:
            makers, self._makers = iter(tuple(self._makers)), {}
        while some := tuple(itertools.islice(makers, _AT_ONCE)):
            try:
                with collector.guarded(ports.PORT.name):
                    self._read_ports(some)
            except exceptions.CleanupdError as error:
                LOG.warning("Ports could not be read: %(why)s", {"why": error})
                self.unread += 1
                with self._changing:
                    self._makers.update(dict.fromkeys(some))
        return super().read_touched()

    def _read_ports(self, devices: tuple[str, ...]) -> None:
        state = self._states[ports.PORT.name]
        with self._changing:
            request = state.request(self._clock())
        table = resources.PortManager.TABLE
        query = urllib.parse.urlencode([("device_id", device) for device in devices])
        found = tuple(table.records(self._cloud, f"{table.listings[0]}&{query}"))
        with self._changing:
            for record in found:
                if state.read(record.ref.id, record, request):
                    self._touched[record.ref] = None
            self._model = self._make_model()
