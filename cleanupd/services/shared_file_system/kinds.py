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

"""The kinds of Manila and the one parser of each.

The formats are those of the shared file systems API reference, version 2, at
:data:`MICROVERSION`; tests/samples/shared_file_system holds bodies of Manila 23.

Access rules and metadata are parts of their share and go with it.
"""

import datetime
from typing import Any

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

#: Victoria: from 2.51 on a share network has several subnets.
MICROVERSION = "2.60"

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_USED_BY = resources.EdgeSort.USED_BY
_IDENTITY = ("name", "project_id", "created_at")
_REPLICATED = kinds.Hold("replicated", "it has replicas")

SHARE = kinds.Kind(
    name="shared_file_system.share",
    identity_fields=_IDENTITY,
    is_asynchronous=True,
    has_tags=True,
    holds=(_REPLICATED,),
    edges=(
        kinds.EdgeRule(_ATTACHED, "shared_file_system.share_type", "share_type"),
        kinds.EdgeRule(_ATTACHED, "shared_file_system.share_network", "share_network_id"),
        kinds.EdgeRule(_ATTACHED, "shared_file_system.snapshot", "snapshot_id"),
    ),
)

SNAPSHOT = kinds.Kind(
    name="shared_file_system.snapshot",
    identity_fields=_IDENTITY,
    is_asynchronous=True,
    edges=(kinds.EdgeRule(_ATTACHED, "shared_file_system.share", "share_id"),),
)

SHARE_NETWORK = kinds.Kind(
    name="shared_file_system.share_network",
    identity_fields=_IDENTITY,
    edges=(
        kinds.EdgeRule(_ATTACHED, "network.network", "share_network_subnets.neutron_net_id"),
        kinds.EdgeRule(_ATTACHED, "network.subnet", "share_network_subnets.neutron_subnet_id"),
    ),
)

SECURITY_SERVICE = kinds.Kind(
    name="shared_file_system.security_service",
    identity_fields=_IDENTITY,
    edges=(kinds.EdgeRule(_USED_BY, "shared_file_system.share_network", "share_networks"),),
)

SHARE_TYPE = kinds.Kind(
    name="shared_file_system.share_type",
    identity_fields=("name", "details"),
    edges=(kinds.EdgeRule(_USED_BY, "identity.project", "share_type_access.project_id"),),
)


class Standard(msgspec.Struct, kw_only=True):
    """What everything but a share type tells of itself."""

    id: wire.Id
    name: str | None
    description: str | None
    project_id: wire.Id
    status: str = ""
    created_at: datetime.datetime
    updated_at: datetime.datetime | None = None


class Share(Standard, kw_only=True):
    """A share; its type is an id."""

    user_id: str | None
    share_type: str | None
    share_network_id: str | None
    snapshot_id: str | None
    has_replicas: bool
    metadata: dict[str, Any]
    size: int


class Snapshot(Standard, kw_only=True):
    """A snapshot of a share."""

    user_id: str | None
    share_id: wire.Id


class _Subnet(msgspec.Struct):
    neutron_net_id: str | None
    neutron_subnet_id: str | None


class ShareNetwork(Standard, kw_only=True):
    """A share network, with the subnets that it is on."""

    share_network_subnets: list[_Subnet]


class SecurityService(Standard, kw_only=True):
    """A security service, with the share networks that have it."""

    share_networks: list[wire.Id]


class ShareType(msgspec.Struct):
    """A share type, which is in no project."""

    id: wire.Id
    name: wire.Id
    description: str | None
    is_public: bool = msgspec.field(name="share_type_access:is_public")


class _TypeAccess(msgspec.Struct):
    project_id: wire.Id


class TypeAccesses(msgspec.Struct):
    """The projects that may use a private share type."""

    share_type_access: list[_TypeAccess]


def parse_share(share: Share, place: wire.Place) -> resources.Resource:
    """Return the record of a share, which survives the snapshot that it was made of."""
    service = "shared_file_system"
    edges = [
        resources.attached_to(place.ref(f"{service}.{noun}", id_))
        for noun, id_ in (
            ("share_type", share.share_type),
            ("share_network", share.share_network_id),
        )
        if id_
    ]
    if share.snapshot_id:
        source = place.ref(SNAPSHOT.name, share.snapshot_id)
        edges.append(resources.attached_to(source, is_loose=True))
    return msgspec.structs.replace(
        _record(SHARE, share, place),
        user_id=share.user_id,
        edges=tuple(edges),
        holds=(_REPLICATED.name,) if share.has_replicas else (),
        tags=wire.tags(share.metadata),
        details={"size_gib": share.size},
    )


def parse_snapshot(snapshot: Snapshot, place: wire.Place) -> resources.Resource:
    """Return the record of a snapshot."""
    return msgspec.structs.replace(
        _record(SNAPSHOT, snapshot, place),
        user_id=snapshot.user_id,
        edges=(resources.attached_to(place.ref(SHARE.name, snapshot.share_id)),),
    )


def parse_share_network(network: ShareNetwork, place: wire.Place) -> resources.Resource:
    """Return the record of a share network."""
    targets = [
        place.ref(kind, id_)
        for subnet in network.share_network_subnets
        for kind, id_ in (
            ("network.network", subnet.neutron_net_id),
            ("network.subnet", subnet.neutron_subnet_id),
        )
        if id_
    ]
    edges = tuple(map(resources.attached_to, dict.fromkeys(targets)))
    return msgspec.structs.replace(_record(SHARE_NETWORK, network, place), edges=edges)


def parse_security_service(service: SecurityService, place: wire.Place) -> resources.Resource:
    """Return the record of a security service; Manila keeps one that a share network has."""
    users = (place.ref(SHARE_NETWORK.name, id_) for id_ in service.share_networks)
    edges = tuple(map(resources.used_by, users))
    return msgspec.structs.replace(_record(SECURITY_SERVICE, service, place), edges=edges)


def parse_share_type(share_type: ShareType, place: wire.Place) -> resources.Resource:
    """Return the record of a share type."""
    return resources.Resource(
        ref=place.ref(SHARE_TYPE.name, share_type.id),
        name=share_type.name,
        tags=wire.marks(share_type.description),
        details={"is_public": share_type.is_public},
    )


def _record(kind: kinds.Kind, one: Standard, place: wire.Place) -> resources.Resource:
    marks = () if kind.has_tags else wire.marks(one.description)
    return resources.Resource(
        ref=place.ref(kind.name, one.id),
        name=one.name or None,
        project_id=one.project_id,
        created_at=wire.utc(one.created_at),
        updated_at=wire.utc(one.updated_at),
        status=one.status,
        tags=marks,
    )
