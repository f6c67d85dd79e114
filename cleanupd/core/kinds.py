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

"""What cleanupd declares of a kind of resource.

A kind is named by the official service type and a singular noun:
``compute.server``, ``network.floating_ip``.
"""

from collections.abc import Mapping
import enum

import msgspec

from cleanupd.core import resources


class Cost(enum.StrEnum):
    """What one complete listing of a kind costs."""

    #: ceil(N / page size) requests for the whole region.
    CLOUD = "cloud"
    #: At least one request for each domain.
    DOMAIN = "domain"
    #: At least one request for each user.
    USER = "user"
    #: At least one request for each project that a benchmark made.
    PROJECT = "project"


class EdgeRule(msgspec.Struct, frozen=True):
    """That resources of a kind may hold edges of one sort to another kind."""

    sort: resources.EdgeSort
    target: str
    #: Where the tie is read from, in the words of the API.
    via: str


class Rung(msgspec.Struct, frozen=True):
    """What the API of a kind has for a resource that cannot be removed by asking.

    ``does`` is what people read, after "would let cleanupd".  Where it is a
    removal itself nothing is asked for after it, else the removal is asked
    for again.  Some are of use only where something is in the way.
    """

    name: str
    does: str
    is_removal: bool = False
    is_for_conflicts: bool = False


class Hold(msgspec.Struct, frozen=True):
    """Something on a resource itself that speaks against its removal.

    ``reason`` is what people read.  ``option`` is the option, in the group of
    the service, that lifts it, and so does each of the ``rungs`` of the ladder
    that is allowed; where there is neither, nothing does.
    """

    name: str
    reason: str
    option: str | None = None
    rungs: tuple[str, ...] = ()


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration of one kind.

    ``identity_fields`` are attributes of
    :class:`~cleanupd.core.resources.Resource` that must be the same when a
    resource is read again just before it is removed.  ``suffixes`` are
    regular expressions for what may follow a benchmark's name in names of
    this kind.  ``edges`` are all ties that records of this kind can hold;
    ``cascades`` the kinds that the service may remove with it; ``holds`` all
    that a record of this kind may name as such; ``rungs`` the ladder that its
    API has, the gentlest first.
    ``listed_after`` are the kinds whose listing must have ended before that
    of this kind begins.  ``is_removable`` is false for kinds that are only
    looked at because of their edges.  ``is_asynchronous`` says that the
    service answers a removal before it is done.  ``is_guarded`` is false where
    the service removes what others use without a word: then nothing but a
    last look at all that could use it keeps it.  ``is_never_empty`` is true where
    every cloud has one at least, such as who asks.  ``has_tags`` says that records
    of this kind tell all tags, or all keys of metadata, of the resource.
    ``named_by`` is the field, in the words of the API, in whose text a benchmark's
    name would stand; empty where there is none.  ``given`` are the names of those that
    the service gives to each project by itself.  ``emulated_from`` is the source of
    the emulator's answers where the tests meet the kind on no real service.
    """

    name: str
    identity_fields: tuple[str, ...]
    cost: Cost = Cost.CLOUD
    suffixes: tuple[str, ...] = ()
    edges: tuple[EdgeRule, ...] = ()
    cascades: tuple[str, ...] = ()
    holds: tuple[Hold, ...] = ()
    rungs: tuple[Rung, ...] = ()
    listed_after: tuple[str, ...] = ()
    is_regional: bool = True
    is_removable: bool = True
    is_asynchronous: bool = False
    is_guarded: bool = True
    is_never_empty: bool = False
    has_tags: bool = False
    named_by: str = "name"
    given: tuple[str, ...] = ()
    emulated_from: str = ""

    @property
    def service(self) -> str:
        """The official service type, such as ``compute``."""
        return self.name.partition(".")[0]

    @property
    def noun(self) -> str:
        """The name without the service, such as ``server``."""
        return self.name.partition(".")[2]

    def rung_key(self, rung: str) -> str:
        """Return what an option says to allow a rung of this kind, without the service."""
        return f"{self.noun}:{rung}"

    def rung_option(self, rung: str) -> str:
        """Return the option, as people write it, that allows a rung of this kind."""
        return f"[{self.service}] ladder = {self.rung_key(rung)}"

    def rung_id(self, rung: str) -> str:
        """Return what names a rung of this kind among those of all services."""
        return f"{self.service} {self.rung_key(rung)}"

    def find_lift(self, hold: Hold) -> str | None:
        """Return the option, as people write it, that lifts a hold; None where none does."""
        if hold.rungs:
            return self.rung_option(hold.rungs[0])
        return f"[{self.service}] {hold.option}" if hold.option else None

    def lift_key(self, hold: Hold) -> str:
        """Return what a selection says when it lifts a hold of this kind."""
        return f"{self.name} {hold.name}"


def may_point_to(kinds: Mapping[str, Kind], target: str) -> frozenset[str]:
    """Return the kinds whose resources can hold an edge to, or cascade to, ``target``."""
    return frozenset(
        kind.name
        for kind in kinds.values()
        if target in kind.cascades or any(rule.target == target for rule in kind.edges)
    )
