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

"""The kinds of Designate and the one parser of each.

The formats are those of the DNS API reference, version 2; tests/samples/dns
holds bodies of Designate 23.

Rally names a zone ``NAME.name.`` and a recordset ``NAME.ZONE``: of a
recordset that part of the name counts which is not its zone's.
"""

import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_CREATED = resources.EdgeSort.CREATED_FOR
_IDENTITY = ("name", "project_id", "created_at")

_SHARED = kinds.Hold("shared", "it is shared with other projects")

ZONE = kinds.Kind(
    name="dns.zone",
    identity_fields=_IDENTITY,
    suffixes=(r"\.name\.",),
    is_asynchronous=True,
    is_guarded=False,
    holds=(_SHARED,),
    edges=(kinds.EdgeRule(_ATTACHED, "dns.zone", "name"),),
)

RECORDSET = kinds.Kind(
    name="dns.recordset",
    named_by="name before that of the zone",
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(_ATTACHED, "dns.zone", "zone_id"),
        kinds.EdgeRule(_CREATED, "dns.zone", "zone_id of SOA and NS"),
    ),
)

#: What Designate makes for each zone, with the zone's own name.
_PARTS = frozenset({"SOA", "NS"})


class Zone(msgspec.Struct):
    """A zone; its name ends with a dot."""

    id: wire.Id
    name: wire.Id
    project_id: wire.Id
    description: str | None
    status: str
    action: str
    created_at: datetime.datetime
    updated_at: datetime.datetime | None
    # Since 2.1.
    shared: bool = False


class Recordset(msgspec.Struct):
    """A recordset; its name ends with that of its zone."""

    id: wire.Id
    name: wire.Id
    zone_id: wire.Id
    zone_name: wire.Id
    project_id: wire.Id
    type: str
    description: str | None
    status: str
    created_at: datetime.datetime
    updated_at: datetime.datetime | None


def parse_zone(zone: Zone, place: wire.Place) -> resources.Resource:
    """Return the record of a zone, attached to the zones that it is a part of, by their names."""
    labels = zone.name.split(".")
    above = (".".join(labels[index:]) for index in range(1, len(labels) - 1))
    return resources.Resource(
        ref=place.ref(ZONE.name, zone.id),
        name=zone.name,
        aliases=(zone.name,),
        project_id=zone.project_id,
        created_at=wire.utc(zone.created_at),
        updated_at=wire.utc(zone.updated_at),
        status=f"{zone.action} {zone.status}",
        edges=tuple(resources.attached_to(place.ref(ZONE.name, name)) for name in above),
        holds=(_SHARED.name,) if zone.shared else (),
        tags=wire.marks(zone.description),
    )


def parse_recordset(recordset: Recordset, place: wire.Place) -> resources.Resource:
    """Return the record of a recordset; one at the top of its zone has no name of its own."""
    zone = place.ref(ZONE.name, recordset.zone_id)
    own = recordset.name.removesuffix(recordset.zone_name).rstrip(".")
    is_part = not own and recordset.type in _PARTS
    return resources.Resource(
        ref=place.ref(RECORDSET.name, recordset.id),
        name=own or None,
        project_id=recordset.project_id,
        created_at=wire.utc(recordset.created_at),
        updated_at=wire.utc(recordset.updated_at),
        status=recordset.status,
        edges=(resources.created_for(zone) if is_part else resources.attached_to(zone),),
        tags=wire.marks(recordset.description),
        details={"type": recordset.type, "zone": recordset.zone_name},
    )
