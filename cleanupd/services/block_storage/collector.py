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
"""Keeps the model of what Cinder has."""

import functools

from cleanupd.core import changes
from cleanupd.services.base import collector
from cleanupd.services.base import wire
from cleanupd.services.block_storage import notifications


class CinderClusterModelCollector(collector.BaseClusterModelCollector):
    """Volumes, and what is made of them.

    That a ref without an id was touched says that there is a new resource of
    its kind, of which nothing more is known: then all of that kind are listed.
    """

    SERVICE = "block_storage"

    @functools.cached_property
    def notification_handler(self) -> notifications.CinderNotificationHandler:
        """What turns Cinder's messages into changes of this model."""
        place = wire.Place(self._cloud.name, self._cloud.region)
        return notifications.CinderNotificationHandler(self, place)

    def apply(self, change: changes.Change) -> None:
        """Take what the bus told; what has no id has to be listed."""
        if isinstance(change, changes.Touched) and not change.ref.id:
            self.seek(change.ref.kind)
        else:
            super().apply(change)
