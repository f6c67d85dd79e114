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
"""Nova's messages, and what they change in the model.

Seen with Nova 34:

* A versioned message tells the whole server as its sender has it, which may
  be as it was before: then an older date shows it.
* ``delete.end`` comes also where the deletion failed.
* A legacy message comes right before its versioned twin, and tells less.
* A legacy message about a keypair names who asked, and not whose it is.
* No message tells of a new hypervisor, of its state, or which one a host has.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import datetime
from typing import ClassVar

import msgspec

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.services.base import notification
from cleanupd.services.base import wire
from cleanupd.services.compute import events
from cleanupd.services.compute import hosts
from cleanupd.services.compute import kinds
from cleanupd.services.compute import legacy
from cleanupd.services.compute import messages

#: For so long after a versioned message from a host its legacy ones say nothing new.
_TWINS_FOR = datetime.timedelta(minutes=10)
#: Legacy messages that come alone also where Nova sends both formats, and unknown ones.
_ALONE = (legacy.ServerDeleted, legacy.HostTouched, None)
_SEAL = "nova_object.data"

Changes = Iterator[changes.Change]
Scene = notification.Scene


def _tell_server(told: messages.ServerTold, scene: Scene) -> Changes:
    """Lay what the message tells over what is known."""
    ref = scene.place.ref(kinds.SERVER.name, told.uuid)
    known = scene.model.get(ref)
    if known is None:
        yield scene.touched(ref)
    elif told.is_older(known):
        # The sender has it from before, which matters when what it did is done.
        if not isinstance(told, messages.ServerStarted):
            yield scene.touched(ref)
    else:
        record, is_doubtful = told.lay_over(known, scene.sent_at)
        yield scene.updated(record)
        if is_doubtful:
            yield scene.touched(ref)


def _tell_new_server(told: messages.ServerCreated, scene: Scene) -> Changes:
    record = told.make_record(scene.place)
    if record is None:
        yield from _tell_server(told, scene)
    else:
        yield scene.updated(record)


def _tell_legacy_server(told: legacy.Server, scene: Scene) -> Changes:
    ref = scene.place.ref(kinds.SERVER.name, told.uuid)
    known = scene.model.get(ref)
    if known is None:
        yield scene.touched(ref)
        return
    record, is_doubtful = told.lay_over(known, scene.sent_at)
    yield scene.updated(record)
    if is_doubtful:
        yield scene.touched(ref)


def _tell_deleted_server(
    told: messages.ServerDeleted | legacy.ServerDeleted, scene: Scene
) -> Changes:
    """Take a server for gone if it is, and have the groups read that had it as a member."""
    ref = scene.place.ref(kinds.SERVER.name, told.uuid)
    if not told.is_gone:
        yield scene.touched(ref)
        return
    yield scene.deleted(ref)
    for group_id in scene.model.roots[kinds.SERVER_GROUP.name].targets[ref]:
        yield scene.touched(scene.place.ref(kinds.SERVER_GROUP.name, group_id))


def _touch_server(
    told: messages.ServerTouched | messages.ServerFailed | legacy.ServerTouched, scene: Scene
) -> Changes:
    yield scene.touched(scene.place.ref(kinds.SERVER.name, told.uuid))


def _tell_keypair(told: messages.KeypairTold, scene: Scene) -> Changes:
    answer = kinds.Keypair(
        kinds.NamedKeypair(told.name, told.type, told.fingerprint, told.user_id)
    )
    yield scene.updated(kinds.parse_keypair(answer, scene.place))


def _tell_deleted_keypair(told: messages.KeypairDeleted, scene: Scene) -> Changes:
    id_ = kinds.keypair_id(told.user_id, told.name)
    yield scene.deleted(scene.place.ref(kinds.KEYPAIR.name, id_))


def _touch_keypair(told: legacy.KeypairTouched, scene: Scene) -> Changes:
    id_ = kinds.keypair_id(told.user_id, told.key_name)
    yield scene.touched(scene.place.ref(kinds.KEYPAIR.name, id_))


def _tell_flavor(told: messages.FlavorTold, scene: Scene) -> Changes:
    flavor = kinds.Flavor(told.flavorid, told.name, told.is_public)
    yield scene.updated(kinds.parse_flavor(flavor, scene.place))


def _tell_deleted_flavor(told: messages.FlavorDeleted, scene: Scene) -> Changes:
    yield scene.deleted(scene.place.ref(kinds.FLAVOR.name, told.flavorid))


def _tell_new_group(told: messages.GroupCreated, scene: Scene) -> Changes:
    if told.policy is None or told.members is None:
        yield scene.touched(scene.place.ref(kinds.SERVER_GROUP.name, told.uuid))
        return
    group = kinds.ServerGroup(
        told.uuid, told.name, told.project_id, told.user_id, told.policy, told.members
    )
    yield scene.updated(kinds.parse_server_group(group, scene.place))


def _touch_group(told: messages.GroupTouched | legacy.GroupTouched, scene: Scene) -> Changes:
    yield scene.touched(scene.place.ref(kinds.SERVER_GROUP.name, told.uuid))


def _tell_deleted_group(
    told: messages.GroupDeleted | legacy.GroupDeleted, scene: Scene
) -> Changes:
    yield scene.deleted(scene.place.ref(kinds.SERVER_GROUP.name, told.uuid))


def _touch_aggregate(
    told: messages.AggregateTouched | legacy.AggregateTouched, scene: Scene
) -> Changes:
    yield scene.touched(scene.place.ref(kinds.AGGREGATE.name, str(told.id)))


def _tell_deleted_aggregate(
    told: messages.AggregateDeleted | legacy.AggregateDeleted, scene: Scene
) -> Changes:
    yield scene.deleted(scene.place.ref(kinds.AGGREGATE.name, str(told.id)))


def _touch_service(told: messages.ServiceTouched, scene: Scene) -> Changes:
    """Of Nova's services only the one of a hypervisor matters."""
    if told.binary == "nova-compute":
        yield from _touch_host(told, scene)


def _touch_host(told: messages.ServiceTouched | legacy.HostTouched, scene: Scene) -> Changes:
    """Have hypervisors listed: which of them a host has, no message tells."""
    yield scene.touched(scene.place.ref(hosts.HYPERVISOR.name, told.host))


_TELLS: Mapping[type, notification.Tell] = {
    messages.ServerTold: _tell_server,
    messages.ServerUpdated: _tell_server,
    messages.ServerStarted: _tell_server,
    messages.ServerCreated: _tell_new_server,
    messages.ServerDeleted: _tell_deleted_server,
    messages.ServerTouched: _touch_server,
    messages.ServerFailed: _touch_server,
    messages.KeypairTold: _tell_keypair,
    messages.KeypairDeleted: _tell_deleted_keypair,
    messages.FlavorTold: _tell_flavor,
    messages.FlavorDeleted: _tell_deleted_flavor,
    messages.GroupCreated: _tell_new_group,
    messages.GroupTouched: _touch_group,
    messages.GroupDeleted: _tell_deleted_group,
    messages.AggregateTouched: _touch_aggregate,
    messages.AggregateDeleted: _tell_deleted_aggregate,
    messages.ServiceTouched: _touch_service,
    legacy.Server: _tell_legacy_server,
    legacy.ServerUpdated: _tell_legacy_server,
    legacy.ServerDeleted: _tell_deleted_server,
    legacy.ServerTouched: _touch_server,
    legacy.GroupTouched: _touch_group,
    legacy.GroupDeleted: _tell_deleted_group,
    legacy.AggregateTouched: _touch_aggregate,
    legacy.AggregateDeleted: _tell_deleted_aggregate,
    legacy.KeypairTouched: _touch_keypair,
    legacy.HostTouched: _touch_host,
}


def _make_events(shapes: Mapping[str, type]) -> dict[str, notification.Event]:
    return {name: notification.Event(shape, _TELLS[shape]) for name, shape in shapes.items()}


class _VersionedHandler(notification.TableHandler):
    """Handles what stands in the seal of a versioned message."""

    EVENTS: ClassVar = _make_events(events.VERSIONED)
    IGNORED: ClassVar = events.IGNORED


class _LegacyHandler(notification.TableHandler):
    """Handles a legacy message."""

    EVENTS: ClassVar = _make_events(events.LEGACY)
    IGNORED: ClassVar = events.IGNORED


class NovaNotificationHandler(notification.NotificationHandler):
    """Turns Nova's messages, of both formats, into changes of its collector's model."""

    PUBLISHER_ID = (
        r"^(nova-[a-z]+:|(aggregate|api|compute|compute_task|conductor|scheduler|servergroup)\.)"
    )

    def __init__(self, collector: notification.ModelCollector, place: wire.Place) -> None:
        self._collector = collector
        self._versioned = _VersionedHandler(collector, place)
        self._legacy = _LegacyHandler(collector, place)
        #: When a host last sent a versioned message.
        self._heard_at: dict[str, datetime.datetime] = {}

    @property
    def model_collector(self) -> notification.ModelCollector:
        """The collector of servers and of what goes with them."""
        return self._collector

    def handle(self, message: notification.Message) -> None:
        """Change the model as the message says."""
        sealed = message.payload.get(_SEAL)
        if sealed is not None:
            self._handle_versioned(
                notification.Message(
                    message.publisher_id, message.event_type, sealed, message.sent_at
                )
            )
        elif not events.is_failed_call(message.event_type) and not self._has_twin(message):
            self._legacy.handle(message)

    def _handle_versioned(self, message: notification.Message) -> None:
        """Change the model; the server of a message that is not Nova's is read at least."""
        try:
            self._versioned.handle(message)
        except exceptions.MalformedAnswer:
            if message.event_type.startswith("instance."):
                id_ = msgspec.convert(message.payload, messages.ServerTouched).uuid
                ref = self._versioned.place.ref(kinds.SERVER.name, id_)
                self._collector.apply(changes.Touched(ref, message.sent_at))
            raise
        self._heard_at[message.publisher_id.partition(":")[2]] = message.sent_at

    def _has_twin(self, message: notification.Message) -> bool:
        """Whether a versioned message of the same host tells this too."""
        heard_at = self._heard_at.get(message.publisher_id.partition(".")[2])
        return (
            heard_at is not None
            and message.sent_at - heard_at < _TWINS_FOR
            and events.LEGACY.get(message.event_type) not in _ALONE
        )
