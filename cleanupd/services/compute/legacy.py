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
"""What the messages of Nova tell, in its legacy format.

Sources: messages of a real Nova 34 in tests/samples/notifications/compute.
"""

import datetime

import msgspec

from cleanupd.core import resources
from cleanupd.services.base import wire
from cleanupd.services.compute import states


class Server(msgspec.Struct):
    """A server as the sender of the message has it.

    Neither its volumes nor its keypair nor whether it is locked are told,
    nor when it was updated.  Empty texts stand for dates that there are not.
    """

    uuid: wire.Id = msgspec.field(name="instance_id")
    display_name: str | None
    host: str | None
    availability_zone: str | None
    instance_type: str
    image_ref_url: str | None
    launched_at: str
    deleted_at: str
    state: str | None
    state_description: str | None

    @property
    def is_gone(self) -> bool:
        """Whether it is, after it was tried to delete it."""
        return self.state == "deleted" and self.deleted_at != ""

    def lay_over(
        self, known: resources.Resource, sent_at: datetime.datetime
    ) -> tuple[resources.Resource, bool]:
        """Return what is known after the message, and whether more changed than it tells."""
        host, zone = self.host or None, known.details["zone"]
        is_doubtful = not self._has_ties(known)
        if host != known.host:
            zone = self.availability_zone or ""
            is_doubtful |= host is not None
        record = msgspec.structs.replace(
            known,
            name=self.display_name or None,
            status=states.find_status(self.state, self.state_description or None),
            host=host,
            # It was sent when that was written, which has whole seconds.
            updated_at=max(known.updated_at or sent_at, sent_at).replace(microsecond=0),
            launched_at=self._launched_at(),
            details={**known.details, "task_state": self.state_description or "", "zone": zone},
        )
        return record, is_doubtful

    def _launched_at(self) -> datetime.datetime | None:
        if not self.launched_at:
            return None
        time = msgspec.convert(self.launched_at, datetime.datetime)
        return wire.utc(time.replace(microsecond=0))

    def _has_ties(self, known: resources.Resource) -> bool:
        """Whether the flavor and the image are those that are known."""
        image = (self.image_ref_url or "").rpartition("/")[2]
        ties = {edge.target.kind: edge.target.id for edge in known.edges}
        return (
            ties["compute.flavor"] == self.instance_type and ties.get("image.image", "") == image
        )


class ServerUpdated(Server):
    """The same when it was written; where that changed nothing here, it changed something else."""

    def lay_over(
        self, known: resources.Resource, sent_at: datetime.datetime
    ) -> tuple[resources.Resource, bool]:
        """Return what is known after the message, and whether more changed than it tells."""
        record, is_doubtful = super().lay_over(known, sent_at)
        same = msgspec.structs.replace(record, updated_at=known.updated_at)
        return record, is_doubtful or same == known


class ServerDeleted(Server):
    """The same when it was tried to delete it."""


class ServerTouched(msgspec.Struct, gc=False):
    """Something became of a server that the message does not tell."""

    uuid: wire.Id = msgspec.field(name="instance_id")


class GroupTouched(msgspec.Struct, gc=False):
    """A server group was made or has other members."""

    uuid: wire.Id = msgspec.field(name="server_group_id")


class GroupDeleted(GroupTouched, gc=False):
    """A server group is gone."""


class AggregateTouched(msgspec.Struct, gc=False):
    """An aggregate is another one; where the API had its number from a path, it is a text."""

    id: int | str = msgspec.field(name="aggregate_id")


class AggregateDeleted(AggregateTouched, gc=False):
    """An aggregate is gone."""


class KeypairTouched(msgspec.Struct, gc=False):
    """A keypair was made or is gone: of the one who asked, if not of somebody else."""

    user_id: wire.Id
    key_name: wire.Id


class HostTouched(msgspec.Struct, gc=False):
    """A host was switched on or off."""

    host: wire.Id = msgspec.field(name="host_name")
