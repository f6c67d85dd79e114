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
"""What Ironic's messages change.

Ironic sends them where its option ``notification_level`` says so; its
default is to send none, and then all is known from the next listing on.  A
message holds most of a resource, but not all that the model keeps: what is
told of is read.  Ports and port groups go with their node, and nothing is
said of them (seen with Ironic 39).
"""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from cleanupd.core import changes
from cleanupd.services.baremetal import kinds
from cleanupd.services.base import notification
from cleanupd.services.base import wire

#: The kinds, by the word that messages have for each.
_KINDS = {
    "allocation": kinds.ALLOCATION.name,
    "chassis": kinds.CHASSIS.name,
    "deploytemplate": kinds.DEPLOY_TEMPLATE.name,
    "node": kinds.NODE.name,
    "port": kinds.PORT.name,
    "portgroup": kinds.PORT_GROUP.name,
}
_CHANGES = ("create", "update", "delete")
_GO_WITH_NODE = frozenset({kinds.PORT.name, kinds.PORT_GROUP.name})


class _Data(msgspec.Struct):
    uuid: wire.Id


class Told(msgspec.Struct):
    """Something happened to a resource."""

    data: _Data = msgspec.field(name="ironic_object.data")


def _touching(kind: str) -> notification.Tell:
    def tell(told: Told, scene: notification.Scene) -> Iterator[changes.Change]:
        yield scene.touched(scene.place.ref(kind, told.data.uuid))

    return tell


def _gone(kind: str) -> notification.Tell:
    """Return what takes one of a kind for gone, with the ports of a node."""

    def tell(told: Told, scene: notification.Scene) -> Iterator[changes.Change]:
        ref = scene.place.ref(kind, told.data.uuid)
        yield scene.deleted(ref)
        for other in scene.model.pointing_to(ref):
            if kind == kinds.NODE.name and other.ref.kind in _GO_WITH_NODE:
                yield scene.deleted(other.ref)
            else:
                yield scene.touched(other.ref)

    return tell


def _make_events() -> Iterator[tuple[str, notification.Event]]:
    for word, kind in _KINDS.items():
        touched = notification.Event(Told, _touching(kind))
        for action in _CHANGES:
            yield f"baremetal.{word}.{action}.error", touched
        for action in _CHANGES[:2]:
            yield f"baremetal.{word}.{action}.end", touched
        yield f"baremetal.{word}.delete.end", notification.Event(Told, _gone(kind))
    touched = notification.Event(Told, _touching(kinds.NODE.name))
    for action in ("provision_set", "maintenance_set"):
        for status in ("end", "error", "success"):
            yield f"baremetal.node.{action}.{status}", touched


def _make_ignored() -> Iterator[tuple[str, str]]:
    begins = "it tells what was asked for; what came of it follows, or nothing came"
    for word in _KINDS:
        for action in _CHANGES:
            yield f"baremetal.{word}.{action}.start", begins
    for action in ("provision_set", "maintenance_set"):
        yield f"baremetal.node.{action}.start", begins
    for action in ("power_set", "power_state_corrected", "console_set", "console_restore"):
        for status in ("start", "end", "error", "success"):
            yield f"baremetal.node.{action}.{status}", "power and console are not kept"
    for word in ("volumeconnector", "volumetarget", "runbook", "inspectionrule"):
        for action in _CHANGES:
            for status in ("start", "end", "error"):
                reason = "nothing that the model keeps depends on it"
                yield f"baremetal.{word}.{action}.{status}", reason


class IronicNotificationHandler(notification.TableHandler):
    """Turns Ironic's messages into changes of its collector's model."""

    PUBLISHER_ID = r"^ironic-(api|conductor)\."
    EVENTS: ClassVar = dict(_make_events())
    IGNORED: ClassVar = dict(_make_ignored())
