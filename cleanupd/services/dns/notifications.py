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
"""What Designate's messages change.

They tell almost what the API does, but not all of it, and in other words:
what was made or changed is read.  Of a zone it tells that its removal began;
that it is gone is known from the next reading or listing.
"""

from collections.abc import Iterator
import itertools
from typing import ClassVar

import msgspec

from cleanupd.core import changes
from cleanupd.services.base import notification
from cleanupd.services.base import wire
from cleanupd.services.dns import kinds


class Changed(msgspec.Struct):
    """A zone or a recordset was made, changed or removed."""

    id: wire.Id


class SharingChanged(msgspec.Struct):
    """A zone was shared with another project, or is no longer."""

    zone_id: wire.Id


def _tell_zone(told: Changed, scene: notification.Scene) -> Iterator[changes.Change]:
    yield scene.touched(scene.place.ref(kinds.ZONE.name, told.id))


def _tell_sharing(told: SharingChanged, scene: notification.Scene) -> Iterator[changes.Change]:
    yield scene.touched(scene.place.ref(kinds.ZONE.name, told.zone_id))


def _tell_recordset(told: Changed, scene: notification.Scene) -> Iterator[changes.Change]:
    yield scene.touched(scene.place.ref(kinds.RECORDSET.name, told.id))


def _tell_gone(told: Changed, scene: notification.Scene) -> Iterator[changes.Change]:
    yield scene.deleted(scene.place.ref(kinds.RECORDSET.name, told.id))


_ACTIONS = ("create", "update", "delete")
_UNKEPT = (
    *("blacklist", "pool", "tld", "tsigkey", "zone_export", "zone_import"),
    *("zone_transfer_accept", "zone_transfer_request"),
)


class DesignateNotificationHandler(notification.TableHandler):
    """Turns Designate's messages into changes of its collector's model."""

    PUBLISHER_ID = r"^(central|producer)\."
    EVENTS: ClassVar = {
        **{f"dns.zone.{one}": notification.Event(Changed, _tell_zone) for one in _ACTIONS},
        "dns.zone.share": notification.Event(SharingChanged, _tell_sharing),
        "dns.zone.unshare": notification.Event(SharingChanged, _tell_sharing),
        "dns.recordset.create": notification.Event(Changed, _tell_recordset),
        "dns.recordset.update": notification.Event(Changed, _tell_recordset),
        "dns.recordset.delete": notification.Event(Changed, _tell_gone),
    }
    IGNORED: ClassVar = {
        **{f"dns.domain.{one}": "the same is sent as dns.zone" for one in (*_ACTIONS, "exists")},
        "dns.zone.exists": "it tells once an hour what is there, and nothing new",
        **{
            f"dns.{noun}.{one}": "nothing that the model keeps depends on it"
            for noun, one in itertools.product(_UNKEPT, _ACTIONS)
        },
    }
