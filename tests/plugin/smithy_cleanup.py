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
"""A plugin for a service that no cloud has; the page about adding a service shows this file."""

from collections.abc import Iterator
import datetime
import functools
from typing import ClassVar

import msgspec
from oslo_config import cfg

from cleanupd.core import changes
from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import collector
from cleanupd.services.base import notification
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire

ANVIL = kinds.Kind(name="smithy.anvil", identity_fields=("name", "project_id", "created_at"))


class Anvil(msgspec.Struct):
    """An anvil, in a listing, alone and in a message."""

    id: wire.Id
    name: str
    project_id: wire.Id
    created_at: datetime.datetime


def parse_anvil(anvil: Anvil, place: wire.Place) -> resources.Resource:
    """Return the record of ``anvil``."""
    return resources.Resource(
        ref=place.ref(ANVIL.name, anvil.id),
        name=anvil.name or None,
        project_id=anvil.project_id,
        created_at=wire.utc(anvil.created_at),
    )


class AnvilManager(tables.TableManager):
    """Anvils of all projects."""

    TABLE = tables.Table(
        kind=ANVIL,
        path="/anvils",
        listings=(f"/anvils?all_projects=true&limit={paging.PAGE_SIZE}",),
        plural="anvils",
        singular="anvil",
        shape=Anvil,
        parse=parse_anvil,
    )


class AnvilNamed(msgspec.Struct):
    """Something was done to an anvil."""

    id: wire.Id


Changes = Iterator[changes.Change]


def _tell(anvil: Anvil, scene: notification.Scene) -> Changes:
    yield scene.updated(parse_anvil(anvil, scene.place))


def _touch(anvil: AnvilNamed, scene: notification.Scene) -> Changes:
    yield scene.touched(scene.place.ref(ANVIL.name, anvil.id))


def _tell_gone(anvil: AnvilNamed, scene: notification.Scene) -> Changes:
    yield scene.deleted(scene.place.ref(ANVIL.name, anvil.id))


class SmithyNotificationHandler(notification.TableHandler):
    """Turns Smithy's messages into changes of its collector's model."""

    PUBLISHER_ID = r"^smithy\."
    EVENTS: ClassVar = {
        "anvil.create": notification.Event(Anvil, _tell),
        "anvil.forge": notification.Event(AnvilNamed, _touch),
        "anvil.delete": notification.Event(AnvilNamed, _tell_gone),
    }
    IGNORED: ClassVar = {"anvil.ring": "a sound changes nothing"}


class SmithyClusterModelCollector(collector.BaseClusterModelCollector):
    """Anvils."""

    SERVICE = "smithy"
    OPTS = (
        cfg.IntOpt("period", default=600, min=1, help="Seconds from one listing to the next."),
    )

    @functools.cached_property
    def notification_handler(self) -> SmithyNotificationHandler:
        """What turns Smithy's messages into changes of this model."""
        place = wire.Place(self._cloud.name, self._cloud.region)
        return SmithyNotificationHandler(self, place)
