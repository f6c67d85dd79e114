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
"""Keeps the model of what Manila has."""

import functools

from cleanupd.services.base import collector
from cleanupd.services.base import wire
from cleanupd.services.shared_file_system import notifications


class ManilaClusterModelCollector(collector.BaseClusterModelCollector):
    """Shares, snapshots, share networks, security services and share types."""

    SERVICE = "shared_file_system"

    @functools.cached_property
    def notification_handler(self) -> notifications.ManilaNotificationHandler:
        """What turns Manila's messages into changes of this model."""
        place = wire.Place(self._cloud.name, self._cloud.region)
        return notifications.ManilaNotificationHandler(self, place)
