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

"""Whose a resource is: the chain of evidence that makes it a benchmark's.

There are four links.  A *name* that matches a pattern entirely.  A *project*
that a benchmark made: what is in it is the benchmark's.  A *user* that a
benchmark made, for what belongs to a user and to no project (keypairs).  An
*owner* for whose sake the service made an unnamed resource.  That somebody
attached a resource to a benchmark's is no link at all.
"""

import collections
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime
import functools
import itertools
from typing import TypeAlias

import msgspec

from cleanupd.core import baselines
from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import patterns
from cleanupd.core import resources
from cleanupd.core import roots

#: By how much the clocks of two services of one cloud may differ, and the
#: whole seconds that Nova rounds to.
CLOCK_SKEW = datetime.timedelta(seconds=5)

#: What Nova makes for a boot is made within this time of the server's record.
LONGEST_BOOT = datetime.timedelta(minutes=10)


class Claim(msgspec.Struct, frozen=True, gc=False):
    """That a resource is a benchmark's.

    ``part`` is the part of the name that the benchmark's workload gave,
    ``pattern`` the pattern that the name has, the resource's own or that of
    the project, user or owner; ``evidence`` the chain, nearest link first,
    as sentences for people; there is no pattern where a person has named the project in
    which it is.  ``through`` is the owner whose resource it is,
    where nothing else makes it the benchmark's.
    """

    part: str
    pattern: patterns.Pattern | None
    evidence: tuple[str, ...]
    through: resources.Ref | None = None

    @property
    def scope(self) -> patterns.Scope | None:
        """The scope of the pattern."""
        return self.pattern.scope if self.pattern else None


Claims = dict[resources.Ref, Claim]
#: Gives the part of a workload in a record's name, None where it is no benchmark's name.
FindPart: TypeAlias = Callable[[kinds.Kind, resources.Resource], str | None]


def find_claims(
    snapshot: model.Snapshot, known: Mapping[str, kinds.Kind], matcher: patterns.Matcher
) -> Claims:
    """Return the claim of every resource that has one.

    Of several links the nearest counts: a name of its own more than the
    owner's, and the owner's more than that of the project, in which several
    workloads, and scenario and context, may meet.
    """
    claims = _claims_by_name(snapshot, known, matcher)
    shared = find_shared(snapshot, claims)
    homes = {ref: claim for ref, claim in claims.items() if ref not in shared}
    _add_claims_by_owner(snapshot, claims, homes, tuple(claims))
    settled = []
    for record in find_inhabitants(snapshot, homes):
        if record.ref not in claims and (claim := _claim_by_home(record, snapshot, homes)):
            claims[record.ref] = claim
            settled.append(record.ref)
    _add_claims_by_owner(snapshot, claims, homes, settled)
    return claims


def add_nominated(
    snapshot: model.Snapshot,
    known: Mapping[str, kinds.Kind],
    claims: Claims,
    limits: Iterable[baselines.Limit],
) -> None:
    """Add what limits let go of, and what was made for that, where it is no benchmark's."""
    for limit in limits:
        found = {
            record.ref: Claim(limit.part, None, (limit.why,))
            for record in baselines.nominate(snapshot, known, limit)
            if record.ref not in claims
        }
        claims |= found
        _add_claims_by_owner(snapshot, claims, {}, tuple(found))


def by_part(snapshot: model.Snapshot, claims: Claims) -> dict[str, list[resources.Resource]]:
    """Return what each workload left, by the part that it gives to names."""
    members: dict[str, list[resources.Resource]] = collections.defaultdict(list)
    for record in filter(None, map(snapshot.get, claims)):
        members[claims[record.ref].part].append(record)
    return members


def no_part(kind: kinds.Kind, record: resources.Resource) -> None:
    """Find no part of a workload in any name."""


class PartFinder:
    """Finds the part of a workload in the name of a record; equal to one of the same patterns."""

    def __init__(self, matcher: patterns.Matcher) -> None:
        self._matcher = matcher

    def __call__(self, kind: kinds.Kind, record: resources.Resource) -> str | None:
        """Return the part, None where the name is no benchmark's."""
        found = self._matcher.match(record.name, kind.suffixes)
        return found.part if found else None

    def __eq__(self, other: object) -> bool:
        """Whether another one finds the same."""
        return isinstance(other, PartFinder) and other._matcher.patterns == self._matcher.patterns

    def __hash__(self) -> int:
        """Return the same for those that find the same."""
        return hash(self._matcher.patterns)


def bound(find_part: FindPart, kind: kinds.Kind) -> roots.FindPart:
    """Return what finds parts in the names of one kind; :func:`find_claims` knows it again."""
    return functools.partial(find_part, kind)


def _claims_by_name(
    snapshot: model.Snapshot, known: Mapping[str, kinds.Kind], matcher: patterns.Matcher
) -> Claims:
    claims: Claims = {}
    for kind, root in snapshot.roots.items():
        match = functools.partial(matcher.match, suffixes=known[kind].suffixes)
        for record in _named(root, known[kind], matcher):
            if found := match(record.name):
                text = f"its name is a {found.scope} name of workload {found.part}"
                claims[record.ref] = Claim(found.part, found.pattern, (text,))
    return claims


def _named(
    root: roots.KindRoot, kind: kinds.Kind, matcher: patterns.Matcher
) -> Iterable[resources.Resource]:
    """Yield the records whose names may be a benchmark's: few, if the model has looked already."""
    find = root.find_part
    if isinstance(find, functools.partial) and (find.func, find.args) == (
        PartFinder(matcher),
        (kind,),
    ):
        ids = itertools.chain.from_iterable(map(root.parts.__getitem__, root.parts))
        return map(root.records.__getitem__, ids)
    return root.records.values()


def find_shared(
    snapshot: model.Snapshot, claims: Collection[resources.Ref]
) -> frozenset[resources.Ref]:
    """Return those of the projects in which somebody has a role who is no benchmark's user."""
    projects = [ref for ref in claims if ref.kind == "identity.project"]
    return frozenset(
        edge.target
        for record in snapshot.pointing_to_any(projects)
        if record.ref.kind == "identity.role_assignment"
        and not any(owner in claims for owner in record.owners)
        for edge in record.edges
        if edge.target.kind == "identity.project"
    )


def find_inhabitants(
    snapshot: model.Snapshot, refs: Iterable[resources.Ref]
) -> Iterator[resources.Resource]:
    """Yield what is in the projects among some resources, or belongs to the users among them."""
    for ref in refs:
        if ref.kind == "identity.project":
            yield from snapshot.of_project(ref.id)
        elif ref.kind == "identity.user":
            yield from snapshot.of_user(ref.id)


def _claim_by_home(
    record: resources.Resource, snapshot: model.Snapshot, homes: Claims
) -> Claim | None:
    """Claim what lives in a benchmark's project, or belongs to its user alone.

    What has a manager of its own is not claimed, since the manager's owner is
    unknown here, and neither is what a user made who is no benchmark's.
    """
    if record.manager is not None:
        return None
    user = _find_home(snapshot, record, "identity.user", record.user_id)
    if record.project_id is None:
        home = user
    elif user is not None and user.ref not in homes:
        return None
    else:
        home = _find_home(snapshot, record, "identity.project", record.project_id)
    if home is None or home.ref not in homes:
        return None
    noun = home.ref.kind.partition(".")[2]
    claim = homes[home.ref]
    text = f"it belongs to {noun} {home.name}, whose name is a {claim.scope} name"
    return Claim(claim.part, claim.pattern, (text, *claim.evidence))


def _find_home(
    snapshot: model.Snapshot, record: resources.Resource, kind: str, id_: str | None
) -> resources.Resource | None:
    return snapshot.get(resources.Ref(record.ref.cloud, "", kind, id_)) if id_ else None


def _add_claims_by_owner(
    snapshot: model.Snapshot, claims: Claims, homes: Claims, new: Collection[resources.Ref]
) -> None:
    """Add the claims that follow from owners, those of ``new`` first, until no more do."""
    while new:
        found: Claims = {}
        for record, owner in _parts(snapshot, claims, new):
            claim = claims[owner.ref]
            noun = owner.ref.kind.partition(".")[2].replace("_", " ")
            text = f"the service made it for {noun} {owner.name or owner.ref.id}"
            # In a benchmark's project it is the benchmark's without the owner, too.
            is_at_home = _claim_by_home(record, snapshot, homes) is not None
            found[record.ref] = Claim(
                claim.part,
                claim.pattern,
                (text, *claim.evidence),
                None if is_at_home else owner.ref,
            )
        claims |= found
        new = found


def _parts(
    snapshot: model.Snapshot, claims: Claims, new: Collection[resources.Ref]
) -> Iterator[tuple[resources.Resource, resources.Resource]]:
    """Yield what is not claimed and was made for something that newly is, and the latter."""
    for taker in filter(None, map(snapshot.get, new)):
        for target in taker.cascades:
            taken = snapshot.get(target) if target not in claims else None
            if taken and is_boot_disk(taken, taker):
                yield taken, taker
        for edge in taker.edges:
            if edge.sort is resources.EdgeSort.MADE and edge.target not in claims:
                made = snapshot.get(edge.target)
                if made and _is_made_by(made, taker):
                    yield made, taker
    for record in snapshot.pointing_to_any(new):
        for target in record.owners if record.ref not in claims else ():
            owner = snapshot.get(target)
            if owner and target in claims and _is_made_for(record, owner):
                yield record, owner


def _is_made_by(record: resources.Resource, owner: resources.Resource) -> bool:
    """Whether a service that says so can have made ``record`` for ``owner``.

    What is older than the owner was there, and the service was told to adopt it.
    """
    return record.project_id in (None, owner.project_id) and _is_younger(record, owner)


def _is_younger(record: resources.Resource, owner: resources.Resource) -> bool:
    return (
        record.created_at is None
        or owner.created_at is None
        or record.created_at >= owner.created_at - CLOCK_SKEW
    )


def _is_made_for(record: resources.Resource, owner: resources.Resource) -> bool:
    """Whether the service can have made ``record`` for ``owner``.

    Services leave what they make without a name (but for blank disks, which
    Nova names for their server), in the owner's project or in none, for the
    owner's user, and after the owner.
    """
    return (
        record.name in (None, f"{owner.ref.id}-blank-vol")
        and record.project_id in (None, owner.project_id)
        and (owner.user_id is None or record.user_id in (None, owner.user_id))
        and _is_younger(record, owner)
    )


def is_boot_disk(record: resources.Resource, owner: resources.Resource) -> bool:
    """Whether Nova can have made a disk when it booted ``owner``.

    Anybody can attach a disk of theirs, with delete_on_termination too.
    Nova's is made of an image, or blank and named for the server, and within
    the time of a boot.  When the server was launched is no bound by itself:
    Nova sets it anew when a server is unshelved or rebuilt.
    """
    if not _is_made_for(record, owner) or record.created_at is None or owner.created_at is None:
        return False
    is_of_image = any(edge.target.kind == "image.image" for edge in record.edges)
    ended = owner.created_at + LONGEST_BOOT
    if owner.launched_at is not None:
        ended = min(ended, owner.launched_at + CLOCK_SKEW)
    return (
        record.project_id is not None
        and (is_of_image or record.name is not None)
        and record.created_at <= ended
    )
