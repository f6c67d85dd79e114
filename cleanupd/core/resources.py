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

"""The values that everything else speaks of: refs, edges and resources.

A :class:`Resource` is one thing as the cloud reported it, decoded by the one
parser of its kind.  Records are frozen: a change of the cloud is a new
record, never a change of an old one.
"""

import datetime
import enum

import msgspec


class Ref(msgspec.Struct, frozen=True, order=True, gc=False):
    """The identity of one resource in one region of one cloud.

    ``region`` is empty for the kinds that exist once for a whole cloud
    (identity).  ``id`` is the service's own id; a keypair, which has none,
    is ``<user id>/<name>``.
    """

    cloud: str
    region: str
    kind: str
    id: str

    def __str__(self) -> str:
        """Return kind and id, which is what people quote."""
        return f"{self.kind} {self.id}"


class EdgeSort(enum.StrEnum):
    """The ways in which one resource can stand to another."""

    #: The service made the source for the sake of the target.
    CREATED_FOR = "created-for"
    #: Somebody connected the source to the target: it can only be removed
    #: after the source is, or after the source has let go of it.
    ATTACHED_TO = "attached-to"
    #: The same, told by the record of what is used: the target uses the source.
    USED_BY = "used-by"
    #: Created-for, told by the record of the owner: the source is a service's own
    #: account of what it made (a stack's resources), and takes the target along.
    MADE = "made"


class Edge(msgspec.Struct, frozen=True, gc=False):
    """A tie from the resource that holds it (the source) to ``target``.

    ``is_first`` matters for created-for edges only: true where the source
    has to be removed before its owner (a router's interfaces), false where
    it goes with the owner (the port of a server).  ``is_loose`` marks an
    attached-to edge whose target may go while the source stays (a floating
    IP survives the port that it points to).  ``is_serving`` marks an
    attached-to edge by which the source serves the target (a floating IP
    serves a port), and a created-for edge through which the owner serves what
    the source is attached to (a router's interface on a subnet): who serves is
    not removed as long as what is served stays.  A used-by edge is loose where
    only a target counts that is foreign or another workload's (a project that
    may use a private volume type).
    """

    sort: EdgeSort
    target: Ref
    is_first: bool = False
    is_loose: bool = False
    is_serving: bool = False

    @property
    def goes_along(self) -> bool:
        """Whether the service removes the source with the target."""
        return self.sort is EdgeSort.CREATED_FOR and not self.is_first


def created_for(target: Ref, *, is_first: bool = False, is_serving: bool = False) -> Edge:
    """Return a created-for edge to ``target``."""
    return Edge(EdgeSort.CREATED_FOR, target, is_first=is_first, is_serving=is_serving)


def attached_to(target: Ref, *, is_loose: bool = False, is_serving: bool = False) -> Edge:
    """Return an attached-to edge to ``target``."""
    return Edge(EdgeSort.ATTACHED_TO, target, is_loose=is_loose, is_serving=is_serving)


def used_by(target: Ref, *, is_loose: bool = False) -> Edge:
    """Return a used-by edge to ``target``."""
    return Edge(EdgeSort.USED_BY, target, is_loose=is_loose)


def made(target: Ref) -> Edge:
    """Return an edge from an owner to what its service made for it."""
    return Edge(EdgeSort.MADE, target)


class Resource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing as the cloud reports it.

    ``name`` is the text in which a benchmark's name would stand (the
    description of a floating IP); None where the resource has none.
    ``project_id`` and ``user_id`` are None where the service tells none or
    an empty one.  Times are aware and in UTC.  ``host`` is the machine of the
    cloud on which it is, None where it is on none or the service tells none.
    ``revision`` is Neutron's revision number.  ``aliases`` are further keys by
    which edges of other resources may name this one (a flavor's name).
    ``cascades`` are the resources that the service removes together with this
    one, whoever made them (volumes with delete_on_termination).  ``manager``
    names the party that made this resource and must be asked to remove it,
    where that is none of the kinds that cleanupd knows (a port of a share
    server).  ``holds`` name what on the resource itself speaks against its
    removal, as its kind declares them.  ``notes`` are sentences for people
    about what its removal does besides.  ``tags`` are its tags and the keys of
    its metadata, as far as its kind tells them.  ``details`` are a few facts of the
    kind that its manager needs for the removal or that people want to read.
    """

    ref: Ref
    name: str | None = None
    project_id: str | None = None
    user_id: str | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    launched_at: datetime.datetime | None = None
    status: str | None = None
    host: str | None = None
    revision: int | None = None
    aliases: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    cascades: tuple[Ref, ...] = ()
    manager: str | None = None
    holds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    details: dict[str, str | int | bool] = {}

    @property
    def dates(self) -> tuple[datetime.datetime, ...]:
        """When it was created, changed and launched, as far as the service tells."""
        told = (self.created_at, self.updated_at, self.launched_at)
        return tuple(date for date in told if date is not None)

    @property
    def owners(self) -> tuple[Ref, ...]:
        """The resources for whose sake the service made this one."""
        return tuple(e.target for e in self.edges if e.sort is EdgeSort.CREATED_FOR)
