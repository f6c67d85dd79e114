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

"""The kinds of Nova and the one parser of each.

The formats are those of the compute API reference at
:data:`MICROVERSION`; tests/samples/compute holds bodies of Nova 34.
"""

import datetime
import functools
import sys

import msgspec

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

#: Stein. From here on a cell that is down shows in listings; before, Nova
#: silently leaves its servers out.
MICROVERSION = "2.69"

#: So many values that servers have in common are kept ready.
_SHARED = 2**15
_ATTACHED = resources.EdgeSort.ATTACHED_TO
_USED = resources.EdgeSort.USED_BY
#: Metadata of an aggregate that keep its hosts for some projects.
_ISOLATION = "filter_tenant_id"

SERVER = kinds.Kind(
    name="compute.server",
    identity_fields=("name", "project_id", "user_id", "created_at", "cascades"),
    # Nova numbers the servers of one request, Rally those of a context.
    suffixes=(r"_[0-9]+", r"-[0-9]+", r"_[0-9]+-[0-9]+"),
    edges=(
        kinds.EdgeRule(_ATTACHED, "compute.flavor", "flavor.original_name"),
        kinds.EdgeRule(_ATTACHED, "compute.keypair", "user_id, key_name"),
        kinds.EdgeRule(_ATTACHED, "image.image", "image.id"),
        kinds.EdgeRule(_ATTACHED, "block_storage.volume", "os-extended-volumes:volumes_attached"),
    ),
    cascades=("block_storage.volume",),
    rungs=(
        kinds.Rung("reset", "set its state to error, without any task"),
        kinds.Rung("force", "remove it whatever its state is", is_removal=True),
    ),
    is_asynchronous=True,
    has_tags=True,
)

KEYPAIR = kinds.Kind(
    is_guarded=False,
    name="compute.keypair",
    # Its date is not in lists; another of the same name has another fingerprint.
    identity_fields=("name", "user_id", "details"),
    cost=kinds.Cost.USER,
    edges=(kinds.EdgeRule(_ATTACHED, "identity.user", "user_id"),),
    # Nova lists the keypairs of one user at a time; these tell which users there are.
    listed_after=("identity.user", "compute.server"),
)

FLAVOR = kinds.Kind(is_guarded=False, name="compute.flavor", identity_fields=("name",))

SERVER_GROUP = kinds.Kind(
    # Nova removes one with members, which then lose their policy.
    is_guarded=False,
    name="compute.server_group",
    identity_fields=("name", "project_id", "user_id"),
    edges=(kinds.EdgeRule(_USED, "compute.server", "members"),),
    # A member that the listing of servers lacks has come since, and is not gone.
    listed_after=("compute.server",),
)

AGGREGATE = kinds.Kind(
    # Not every Nova keeps a host in its zone while servers run on it.
    is_guarded=False,
    name="compute.aggregate",
    identity_fields=("name", "created_at", "details"),
    edges=(
        kinds.EdgeRule(_USED, "compute.server", "hosts, availability_zone"),
        kinds.EdgeRule(_USED, "identity.project", "metadata.filter_tenant_id*"),
    ),
    listed_after=("compute.server",),
    has_tags=True,
)


class AttachedVolume(msgspec.Struct, gc=False):
    """A volume of a server."""

    id: wire.Id
    delete_on_termination: bool


class UsedFlavor(msgspec.Struct, gc=False):
    """The flavor of a server."""

    # The flavor's name when the server was made; its id is not told since 2.47.
    original_name: wire.Id


class Server(msgspec.Struct, gc=False):
    """A server as Nova shows it to an administrator."""

    id: wire.Id
    name: str
    status: str
    tenant_id: wire.Id
    user_id: wire.Id
    created: datetime.datetime
    updated: datetime.datetime | None
    flavor: UsedFlavor
    # An empty string where the server boots from a volume.
    image: wire.Reference | str
    key_name: str | None
    locked: bool
    launched_at: datetime.datetime | None = msgspec.field(name="OS-SRV-USG:launched_at")
    task_state: str | None = msgspec.field(name="OS-EXT-STS:task_state")
    # Both are empty for a server that no host was found for.
    host: str | None = msgspec.field(name="OS-EXT-SRV-ATTR:host")
    zone: str | None = msgspec.field(name="OS-EXT-AZ:availability_zone")
    volumes: list[AttachedVolume] = msgspec.field(name="os-extended-volumes:volumes_attached")
    tags: list[str] = []
    metadata: dict[str, object] = {}


class NamedKeypair(msgspec.Struct, gc=False):
    """A keypair of a user."""

    name: wire.Id
    type: str
    fingerprint: str
    # Told of one keypair, not in lists.
    user_id: str = ""


class Keypair(msgspec.Struct, gc=False):
    """A keypair, wrapped once more both alone and in lists."""

    keypair: NamedKeypair


class Flavor(msgspec.Struct, gc=False):
    """A flavor with the detail whether all projects see it."""

    id: wire.Id
    name: str
    is_public: bool = msgspec.field(name="os-flavor-access:is_public")
    description: str | None = None


class ServerGroup(msgspec.Struct, gc=False):
    """A server group, with those of its members that are not deleted."""

    id: wire.Id
    name: str
    project_id: wire.Id
    user_id: wire.Id
    policy: str
    members: list[wire.Id]


class Aggregate(msgspec.Struct, gc=False):
    """A host aggregate; the zone, which is metadata too, is null where it makes none."""

    id: int
    name: str
    availability_zone: str | None
    created_at: datetime.datetime
    updated_at: datetime.datetime | None
    hosts: list[wire.Id]
    metadata: dict[str, str]


class _Row(msgspec.Struct):
    id: str
    status: str = ""
    name: str | None = None


class _Rows(msgspec.Struct):
    server: _Row | None = None
    servers: list[_Row] = []


_ROWS = msgspec.json.Decoder(_Rows)


def parse_server(server: Server, place: wire.Place) -> resources.Resource:
    """Return the record of ``server``; what many servers have in common they share."""
    flavors, keypairs, images = _uses(place)
    edges = [flavors[server.flavor.original_name]]
    if server.key_name:
        edges.append(keypairs[keypair_id(server.user_id, server.key_name)])
    if isinstance(server.image, wire.Reference):
        edges.append(images[server.image.id])
    cascades = []
    for one in server.volumes:
        ref = resources.Ref(place.cloud, place.region, "block_storage.volume", one.id)
        edges.append(resources.Edge(_ATTACHED, ref))
        if one.delete_on_termination:
            cascades.append(ref)
    return resources.Resource(
        ref=resources.Ref(place.cloud, place.region, "compute.server", server.id),
        name=server.name or None,
        project_id=sys.intern(server.tenant_id),
        user_id=sys.intern(server.user_id),
        created_at=wire.utc(server.created),
        updated_at=wire.utc(server.updated),
        launched_at=wire.utc(server.launched_at),
        status=sys.intern(server.status),
        host=sys.intern(server.host) if server.host else None,
        edges=tuple(edges),
        cascades=tuple(sorted(cascades)) if cascades else (),
        tags=wire.tags(server.tags, server.metadata),
        details=make_details(server.locked, server.task_state, server.zone),
    )


class _Uses(dict[str, resources.Edge]):
    """The edges of a sort that many servers have, by id; made when they are asked for."""

    def __init__(self, place: wire.Place, kind: str) -> None:
        self._place = place
        self._kind = kind

    def __missing__(self, id_: str) -> resources.Edge:
        if len(self) >= _SHARED:
            self.clear()
        found = self[id_] = resources.attached_to(self._place.ref(self._kind, id_))
        return found


@functools.cache
def _uses(place: wire.Place) -> tuple[_Uses, _Uses, _Uses]:
    """Return the edges to flavors, keypairs and images of a place."""
    kinds_of = ("compute.flavor", "compute.keypair", "image.image")
    flavors, keypairs, images = (_Uses(place, kind) for kind in kinds_of)
    return flavors, keypairs, images


@functools.lru_cache(maxsize=_SHARED)
def make_details(
    locked: bool,  # noqa: FBT001 - a key of the cache
    task_state: str | None,
    zone: str | None,
) -> dict[str, str | int | bool]:
    """Return the details of a server, the same for all that have the same."""
    return {"locked": locked, "task_state": task_state or "", "zone": zone or ""}


def explain_servers(body: bytes) -> str:
    """Return why servers in ``body`` lack attributes, empty where it is not a cell's fault.

    Of a server in a cell that does not answer, Nova tells id and project
    only, with the status UNKNOWN.
    """
    try:
        return find_down(body)
    except exceptions.ListingIncomplete:
        return ""


def find_down(body: bytes) -> str:
    """Return which server in ``body`` is in a cell that is down, empty if none is.

    Raises ListingIncomplete where that cannot be said.
    """
    try:
        rows = _ROWS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise exceptions.ListingIncomplete(SERVER.name, str(error)) from error
    found = [*rows.servers, *([rows.server] if rows.server else [])]
    down = [row.id for row in found if row.status == "UNKNOWN" and row.name is None]
    if not down:
        return ""
    return f"a cell is down: of server {down[0]} Nova tells no name"


def keypair_id(user_id: str, name: str) -> str:
    """Return the id that a keypair, which has none of its own, gets here."""
    return f"{user_id}/{name}"


def parse_keypair(answer: Keypair, place: wire.Place) -> resources.Resource:
    """Return the record of a keypair, whose user has to be known."""
    keypair = answer.keypair
    if not keypair.user_id:
        raise exceptions.MalformedAnswer(KEYPAIR.name, f"keypair {keypair.name!r} has no user_id")
    return resources.Resource(
        ref=place.ref("compute.keypair", keypair_id(keypair.user_id, keypair.name)),
        name=keypair.name,
        user_id=keypair.user_id,
        edges=(resources.attached_to(place.ref("identity.user", keypair.user_id)),),
        details={"type": keypair.type, "fingerprint": keypair.fingerprint},
    )


def parse_flavor(flavor: Flavor, place: wire.Place) -> resources.Resource:
    """Return the record of ``flavor``; servers name it by its name, hence the alias."""
    return resources.Resource(
        ref=place.ref("compute.flavor", flavor.id),
        name=flavor.name or None,
        aliases=(flavor.name,),
        tags=wire.marks(flavor.description),
        details={"is_public": flavor.is_public},
    )


def parse_server_group(group: ServerGroup, place: wire.Place) -> resources.Resource:
    """Return the record of ``group``, which its members use."""
    members = sorted(place.ref("compute.server", one) for one in group.members)
    return resources.Resource(
        ref=place.ref("compute.server_group", group.id),
        name=group.name or None,
        project_id=group.project_id,
        user_id=group.user_id,
        edges=tuple(resources.used_by(member) for member in members),
        details={"policy": group.policy},
    )


def parse_aggregate(aggregate: Aggregate, place: wire.Place) -> resources.Resource:
    """Return the record of ``aggregate``, without the servers that are in its zone.

    Its hosts are taken out before it is removed: what runs on them stays
    where it is.
    """
    hosts = sorted(aggregate.hosts)
    isolated = {
        project
        for key, value in aggregate.metadata.items()
        if key.startswith(_ISOLATION)
        for project in value.replace(" ", "").split(",")
        if project
    }
    projects = sorted(place.ref("identity.project", one) for one in isolated)
    note = f"its hosts are taken out of it first and go on: {', '.join(hosts)}"
    return resources.Resource(
        ref=place.ref("compute.aggregate", str(aggregate.id)),
        name=aggregate.name or None,
        created_at=wire.utc(aggregate.created_at),
        updated_at=wire.utc(aggregate.updated_at),
        edges=tuple(resources.used_by(one, is_loose=True) for one in projects),
        notes=(note,) if hosts else (),
        tags=wire.tags(aggregate.metadata),
        details={"hosts": ", ".join(hosts), "zone": aggregate.availability_zone or ""},
    )
