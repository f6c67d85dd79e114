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
"""What the messages of Nova tell, in its versioned format.

Sources: Nova's notification reference
(https://docs.openstack.org/nova/latest/reference/notifications.html), and
messages of a real Nova 34 in tests/samples/notifications/compute.
"""

import datetime
import sys
from typing import Generic
from typing import TypeVar

import msgspec

from cleanupd.core import resources
from cleanupd.services.base import wire
from cleanupd.services.compute import kinds
from cleanupd.services.compute import states

T = TypeVar("T")

_VOLUME = "block_storage.volume"
#: By how much the time of a message may be after that of what it tells.
_TOLERANCE = datetime.timedelta(seconds=2)


class Sealed(msgspec.Struct, Generic[T], gc=False):
    """Every object in a versioned message is wrapped so."""

    data: T = msgspec.field(name="nova_object.data")


class _Flavor(msgspec.Struct, gc=False):
    name: wire.Id


class _Volume(msgspec.Struct, gc=False):
    volume_id: wire.Id
    delete_on_termination: bool


class ServerTold(msgspec.Struct, gc=False):
    """A server as the sender of a versioned message has it.

    ``block_devices`` are the volumes, None where Nova is told not to send
    them (``[notifications] bdms_in_notifications``).  ``availability_zone``
    is the zone that was asked for; the API shows that of the host.
    """

    uuid: wire.Id
    display_name: str | None
    tenant_id: wire.Id
    user_id: wire.Id
    host: str | None
    availability_zone: str | None
    flavor: Sealed[_Flavor]
    image_uuid: str | None
    key_name: str | None
    created_at: datetime.datetime | None
    updated_at: datetime.datetime | None
    launched_at: datetime.datetime | None
    deleted_at: datetime.datetime | None
    state: str | None
    task_state: str | None
    locked: bool
    block_devices: list[Sealed[_Volume]] | None

    def is_older(self, known: resources.Resource) -> bool:
        """Whether the sender has the server as it was before what is known."""
        if self.updated_at is None or known.updated_at is None:
            return False
        return known.updated_at - self.updated_at > _TOLERANCE

    def written_at(self, sent_at: datetime.datetime) -> datetime.datetime | None:  # noqa: ARG002
        """Return when the server was written last, as far as the message tells."""
        return wire.utc(self.updated_at)

    def lay_over(
        self, known: resources.Resource, sent_at: datetime.datetime
    ) -> tuple[resources.Resource, bool]:
        """Return what is known after the message, and whether more changed than it tells.

        Where it is not on the host that it was on, or not tied to what it was
        tied to, it has to be read: volumes come and go in several steps, and
        no message tells the zone of the new host.  What is the same is kept,
        for its memory and for the sake of the indexes.
        """
        is_doubtful = not self._has_ties(known)
        host = sys.intern(self.host) if self.host else None
        zone: str | None = str(known.details["zone"])
        if host != known.host:
            zone = self.availability_zone
            is_doubtful |= host is not None
        launched_at = wire.utc(self.launched_at)
        record = msgspec.structs.replace(
            known,
            name=known.name if known.name == self.display_name else self.display_name or None,
            status=states.find_status(self.state, self.task_state),
            host=host,
            updated_at=_latest(known.updated_at, self.written_at(sent_at)),
            launched_at=known.launched_at if known.launched_at == launched_at else launched_at,
            details=kinds.make_details(self.locked, self.task_state, zone),
        )
        return record, is_doubtful

    def _has_ties(self, known: resources.Resource) -> bool:
        """Whether the record has the edges and cascades that the parser would make."""
        told = [self.flavor.data.name]
        if self.key_name:
            told.append(kinds.keypair_id(self.user_id, self.key_name))
        if self.image_uuid:
            told.append(self.image_uuid)
        ids = [edge.target.id for edge in known.edges]
        count = len(told)
        volumes, devices = ids[count:], self.block_devices
        if (ids[:count] if volumes else ids) != told:
            return False
        if devices is None:
            # It tells no volumes, which stand last.
            return all(edge.target.kind == _VOLUME for edge in known.edges[count:])
        if not devices:
            return not volumes and not known.cascades
        told_volumes = sorted(one.data.volume_id for one in devices)
        going = sorted(one.data.volume_id for one in devices if one.data.delete_on_termination)
        return told_volumes == sorted(volumes) and going == [ref.id for ref in known.cascades]


def _latest(
    one: datetime.datetime | None, other: datetime.datetime | None
) -> datetime.datetime | None:
    return max(one, other) if one and other else one or other


class ServerUpdated(ServerTold, gc=False):
    """The same when it was written; its date is that of the time before (seen with Nova 34)."""

    def written_at(self, sent_at: datetime.datetime) -> datetime.datetime:
        """Return when it was sent, which Nova does at once, in whole seconds as Nova has it."""
        return sent_at.replace(microsecond=0)


class ServerStarted(ServerTold, gc=False):
    """The same when something begins: the sender may have it from before the last change."""


class ServerCreated(ServerTold, gc=False):
    """The same when it is built: all that a listing would tell."""

    def make_record(self, place: wire.Place) -> resources.Resource | None:
        """Return the record that a listing would give, None where volumes are not told."""
        if self.created_at is None or self.block_devices is None:
            return None
        server = kinds.Server(
            id=self.uuid,
            name=self.display_name or "",
            status=states.find_status(self.state, self.task_state),
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            created=self.created_at,
            updated=self.updated_at,
            flavor=kinds.UsedFlavor(self.flavor.data.name),
            image=wire.Reference(self.image_uuid) if self.image_uuid else "",
            key_name=self.key_name,
            locked=self.locked,
            launched_at=self.launched_at,
            task_state=self.task_state,
            host=self.host,
            zone=self.availability_zone,
            volumes=[
                kinds.AttachedVolume(one.data.volume_id, one.data.delete_on_termination)
                for one in self.block_devices
            ],
        )
        return kinds.parse_server(server, place)


class ServerDeleted(ServerTold, gc=False):
    """The same when it was tried to delete it."""

    @property
    def is_gone(self) -> bool:
        """Whether it is: Nova says so too where the deletion failed, but then sets no date."""
        return self.state == "deleted" and self.deleted_at is not None


class ServerTouched(msgspec.Struct, gc=False):
    """Something became of a server that the sender need not know the end of."""

    uuid: wire.Id


class ServerFailed(msgspec.Struct, gc=False):
    """Nova found no host for what was to be done with a server."""

    uuid: wire.Id = msgspec.field(name="instance_uuid")


class KeypairTold(msgspec.Struct, gc=False):
    """A keypair of its owner."""

    user_id: wire.Id
    name: wire.Id
    type: str
    fingerprint: str


class KeypairDeleted(msgspec.Struct, gc=False):
    """A keypair that is gone."""

    user_id: wire.Id
    name: wire.Id


class FlavorTold(msgspec.Struct, gc=False):
    """A flavor."""

    flavorid: wire.Id
    name: str
    is_public: bool


class FlavorDeleted(FlavorTold, gc=False):
    """The same, which is gone."""


class GroupCreated(msgspec.Struct, gc=False):
    """A new server group; ``policy`` is None where an old Nova made it."""

    uuid: wire.Id
    name: str
    project_id: wire.Id
    user_id: wire.Id
    policy: str | None
    members: list[wire.Id] | None


class GroupTouched(msgspec.Struct, gc=False):
    """A server group has other members: it tells them with those that are deleted."""

    uuid: wire.Id


class GroupDeleted(GroupTouched, gc=False):
    """A server group is gone."""


class AggregateTouched(msgspec.Struct, gc=False):
    """An aggregate is another one: it tells no dates."""

    id: int


class AggregateDeleted(AggregateTouched, gc=False):
    """An aggregate is gone."""


class ServiceTouched(msgspec.Struct, gc=False):
    """A service of Nova was made, switched on or off, or removed."""

    host: wire.Id
    binary: str
