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

"""Why one resource is a benchmark's, link by link, or what each link lacks.

The chain of a claim is told from the resource to the name in which it ends.
Where there is none, everything is told that could have been a link: the name,
the project, the user, and each resource that this one is tied to.
"""

from collections.abc import Iterator
from collections.abc import Mapping

import msgspec

from cleanupd.core import judgement as judgements
from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import patterns
from cleanupd.core import resources


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence on one resource; that may be one that the model does not know."""

    ref: resources.Ref
    name: str | None
    says: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of a resource, and why.

    ``state`` is the verdict, or ``foreign``; ``reason`` says what speaks
    against its removal.  ``part`` is None where it is not proven to be a
    benchmark's: then ``chain`` says what is lacking, else what proves it.
    """

    resource: resources.Resource
    state: str
    part: str | None
    scope: patterns.Scope | None
    chain: tuple[Link, ...]
    reason: str | None


def explain(
    snapshot: model.Snapshot,
    known: Mapping[str, kinds.Kind],
    matcher: patterns.Matcher,
    judged: judgements.Judgement,
    record: resources.Resource,
) -> Explanation:
    """Return why a resource of a snapshot was judged as it was."""
    claims = ownership.find_claims(snapshot, known, matcher)
    claim = claims.get(record.ref)
    finding = next((one for one in judged.findings if one.resource.ref == record.ref), None)
    if finding is not None:
        state, reason = str(finding.verdict), finding.reason
    elif claim is not None:
        state, reason = str(judgements.Verdict.KEPT), "it goes with what it is tied to"
    else:
        state, reason = "foreign", "nothing proves that a benchmark made it"
    if claim is None:
        chain = _Lack(snapshot, claims, matcher).links(record, known[record.ref.kind])
    else:
        chain = _links(snapshot, claims, record)
    return Explanation(
        resource=record,
        state=state,
        part=claim.part if claim else None,
        scope=claim.scope if claim else None,
        chain=tuple(chain),
        reason=reason,
    )


def _links(
    snapshot: model.Snapshot, claims: ownership.Claims, record: resources.Resource
) -> Iterator[Link]:
    """Yield the evidence, each sentence with the resource that it is about."""
    current: resources.Resource | None = record
    while current is not None:
        says, *rest = claims[current.ref].evidence
        yield _link(current, says)
        current = next(
            (
                other
                for other in filter(None, map(snapshot.get, _near(snapshot, current)))
                if rest and other.ref in claims and list(claims[other.ref].evidence) == rest
            ),
            None,
        )


def _near(snapshot: model.Snapshot, record: resources.Resource) -> Iterator[resources.Ref]:
    """Yield all to which a link of the chain may lead from a resource."""
    yield from record.owners
    yield from (other.ref for other in snapshot.pointing_to(record.ref))
    yield from _homes(record)


def _homes(record: resources.Resource) -> Iterator[resources.Ref]:
    homes = (("identity.project", record.project_id), ("identity.user", record.user_id))
    for kind, id_ in homes:
        if id_:
            yield resources.Ref(record.ref.cloud, "", kind, id_)


def _link(record: resources.Resource, says: str) -> Link:
    return Link(ref=record.ref, name=record.name, says=says)


class _Lack:
    """Tells what each link that a resource could have lacks."""

    def __init__(
        self, snapshot: model.Snapshot, claims: ownership.Claims, matcher: patterns.Matcher
    ) -> None:
        self._snapshot = snapshot
        self._claims = claims
        self._prefixes = tuple({one.layout.prefix for one in matcher.patterns})

    def links(self, record: resources.Resource, kind: kinds.Kind) -> Iterator[Link]:
        """Yield a sentence for each: the name, what it is in, what it is tied to."""
        yield _link(record, self._of_name(record, kind))
        if record.manager is not None:
            yield _link(record, f"{record.manager} made it, and for whom is not known")
        for home in _homes(record):
            yield self._of_other(home, self._of_home(home))
        for edge in record.edges:
            yield self._of_other(edge.target, self._of_edge(edge))
        for other in self._snapshot.pointing_to(record.ref):
            if other.ref in self._claims:
                yield _link(other, "this benchmark's resource is tied to it, which proves nothing")

    def _of_name(self, record: resources.Resource, kind: kinds.Kind) -> str:
        if not kind.named_by:
            return "resources of its kind have no names"
        if record.name is None:
            return "it has no name"
        if record.name.startswith(self._prefixes):
            return "its name begins as a benchmark's does, and is none"
        return "its name is no benchmark's"

    def _of_home(self, home: resources.Ref) -> str:
        noun = home.kind.partition(".")[2]
        if home in self._claims:
            if home in ownership.find_shared(self._snapshot, self._claims):
                return f"its {noun} is a benchmark's, but somebody else has a role there"
            return f"its {noun} is a benchmark's, which alone proves nothing"
        if self._snapshot.get(home) is None:
            return f"its {noun} is not there"
        return f"its {noun} is no benchmark's"

    def _of_edge(self, edge: resources.Edge) -> str:
        target = self._snapshot.named(edge.target)
        is_ours = target is not None and target.ref in self._claims
        if edge.sort is not resources.EdgeSort.CREATED_FOR:
            whose = "a benchmark's, which proves nothing" if is_ours else "no benchmark's"
            return f"it is {edge.sort.replace('-', ' ')} this, {whose}"
        if target is None:
            return "its owner is not there"
        if is_ours:
            return "its owner is a benchmark's, but it is not as the service makes such a thing"
        return "its owner is no benchmark's"

    def _of_other(self, ref: resources.Ref, says: str) -> Link:
        other = self._snapshot.named(ref)
        return Link(ref=ref, name=other.name if other else None, says=says)
