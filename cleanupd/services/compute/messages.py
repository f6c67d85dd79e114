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
from typing import Generic
from typing import TypeVar

import msgspec

from cleanupd.core import resources
from cleanupd.services.base import wire
from cleanupd.services.compute import kinds
from cleanupd.services.compute import states

T = TypeVar("T")

_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)


class Sealed(msgspec.Struct, Generic[T], gc=False):
    """Every object in a versioned message is wrapped so."""

    data: T = msgspec.field(name="nova_object.data")


class _Flavor(msgspec.Struct, gc=False):
    name: wire.Id


class _Volume(msgspec.Struct, gc=False):
    volume_id: wire.Id
    delete_on_termination: bool


class ServerTold(msgspec.Struct):
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

    def make_record(self, place: wire.Place) -> resources.Resource | None:
        """Return the record of a listing, None if the message does not tell all of it."""
        if self.created_at is None or self.block_devices is None:
            return None
        return self._parse(self.created_at, place)

    def lay_over(
        self, known: resources.Resource, place: wire.Place
    ) -> tuple[resources.Resource, bool]:
        """Return what is known after the message, and whether more changed than it tells.

        Where it is not on the host that it was on, or not tied to what it was
        tied to, it has to be read: volumes come and go in several steps, and
        no message tells the zone of the new host.
        """
        told = self._parse(known.created_at or _NEVER, place)
        is_doubtful = not self._has_ties(told, known)
        zone = known.details["zone"]
        if told.host != known.host:
            zone = told.details["zone"]
            is_doubtful |= told.host is not None
        record = msgspec.structs.replace(
            known,
            name=told.name,
            status=told.status,
            host=told.host,
            updated_at=told.updated_at or known.updated_at,
            launched_at=told.launched_at,
            details={**told.details, "zone": zone},
        )
        return record, is_doubtful

    def _has_ties(self, told: resources.Resource, known: resources.Resource) -> bool:
        if told.edges == known.edges and told.cascades == known.cascades:
            return True
        if self.block_devices is not None:
            return set(told.edges) == set(known.edges) and told.cascades == known.cascades
        # It tells no volumes, which stand last.
        others = known.edges[len(told.edges) :]
        return told.edges == known.edges[: len(told.edges)] and all(
            edge.target.kind == "block_storage.volume" for edge in others
        )

    def _parse(self, created_at: datetime.datetime, place: wire.Place) -> resources.Resource:
        server = kinds.Server(
            id=self.uuid,
            name=self.display_name or "",
            status=states.find_status(self.state, self.task_state),
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            created=created_at,
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
                for one in self.block_devices or ()
            ],
        )
        return kinds.parse_server(server, place)


class ServerStarted(ServerTold):
    """The same when something begins: the sender may have it from before the last change."""


class ServerCreated(ServerTold):
    """The same when it is built: all that a listing would tell."""


class ServerDeleted(ServerTold):
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


class KeypairDeleted(KeypairTold, gc=False):
    """The same, which is gone."""


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
