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

"""What may be removed, and for what reason everything else stays.

Every doubt keeps the resource.  The rules are functions that say why a
resource has to stay, or None; a resource that stays makes others stay, so
they are asked again until nothing changes.
"""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import enum
import itertools

import msgspec

from cleanupd.core import graph as graphs
from cleanupd.core import kinds
from cleanupd.core import liveness
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import patterns
from cleanupd.core import protections as shields
from cleanupd.core import resources
from cleanupd.core import safety as safeties
from cleanupd.core import workloads


class Verdict(enum.StrEnum):
    """What is to become of a resource."""

    #: A benchmark's, its workload is selected, nothing speaks against it.
    LEAK = "leak"
    #: A benchmark's and selected, but something speaks against removing it.
    KEPT = "kept"
    #: A benchmark's, and its workload is not selected.
    ACTIVE = "active"
    #: Possibly a benchmark's: the evidence is not complete.
    UNDECIDABLE = "undecidable"


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The verdict on one resource, with the evidence and the reason.

    ``through`` is the owner that is the only evidence, if there is one.
    """

    resource: resources.Resource
    verdict: Verdict
    part: str | None
    scope: patterns.Scope | None
    evidence: tuple[str, ...]
    reason: str | None
    through: resources.Ref | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The verdicts on all resources of a snapshot that are not foreign."""

    findings: tuple[Finding, ...]
    workloads: tuple[workloads.Workload, ...]
    foreign: int

    def of(self, *verdicts: Verdict) -> tuple[Finding, ...]:
        """Return the findings with one of these verdicts."""
        return tuple(f for f in self.findings if f.verdict in verdicts)

    def ties(self, snapshot: model.Snapshot, refs: Collection[resources.Ref]) -> graphs.Graph:
        """Return the ties of some leaks: quick for who has the judgement from :func:`judge`."""
        known: graphs.Graph | None = vars(self).get("graph")
        return graphs.Graph(snapshot, refs) if known is None else known.among(refs)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """All that a judgement depends on, beside the snapshot."""

    known: Mapping[str, kinds.Kind]
    matcher: patterns.Matcher
    selection: workloads.Selection
    sightings: workloads.Sightings = {}
    safety: safeties.Safety = safeties.Safety()
    protections: tuple[shields.Protection, ...] = ()
    told: workloads.Told = workloads.Told()
    observations: liveness.Observations = liveness.Observations()


def judge(snapshot: model.Snapshot, question: Question) -> Judgement:
    """Return the verdict on every resource that is, or may be, a benchmark's."""
    snapshot = snapshot.remembered()
    claims = ownership.find_claims(snapshot, question.known, question.matcher)
    ownership.add_nominated(snapshot, question.known, claims, question.selection.limits)
    found = workloads.find_workloads(snapshot, claims, question.sightings)
    asked = (question.selection, snapshot.taken_at, question.told, question.observations)
    live = workloads.find_live(found, *asked)
    doubtful = workloads.find_doubtful(found, *asked)
    unselected = dict(_unselected(claims, live, question.selection))
    graph = graphs.Graph(snapshot, claims)
    blocked = _Rules(snapshot, question, claims, graph, unselected, doubtful).settle()
    undecidable = list(_undecidable(snapshot, claims, graph))
    ours = _findings_of_claims(snapshot, question.known, claims, unselected, blocked)
    # What is only looked at goes with its owner and is nobody's to remove.
    removable = [f for f in ours if question.known[f.resource.ref.kind].is_removable]
    judged = Judgement(
        findings=tuple(sorted((*removable, *undecidable), key=lambda f: f.resource.ref)),
        workloads=found,
        foreign=sum(snapshot.counts().values()) - len(claims) - len(undecidable),
    )
    # What is no field goes over no bus.
    vars(judged)["graph"] = graph
    return judged


def _unselected(
    claims: ownership.Claims, live: Mapping[str, str], selection: workloads.Selection
) -> Iterator[tuple[resources.Ref, str]]:
    for ref, claim in claims.items():
        if claim.part in live:
            yield ref, live[claim.part]
        elif selection.only and claim.part not in selection.only:
            yield ref, "only other workloads were asked for"
        elif selection.scopes and claim.scope not in selection.scopes:
            yield ref, f"scope {claim.scope} was not asked for"
        elif selection.formats and (format_ := _format(claim)) not in selection.formats:
            yield ref, f"names like {format_} were not asked for"
        elif selection.kinds and ref.kind not in selection.kinds:
            yield ref, f"kind {ref.kind} was not asked for"


def _format(claim: ownership.Claim) -> str:
    return claim.pattern.format if claim.pattern else ""


def _findings_of_claims(
    snapshot: model.Snapshot,
    known: Mapping[str, kinds.Kind],
    claims: ownership.Claims,
    unselected: Mapping[resources.Ref, str],
    blocked: Mapping[resources.Ref, str],
) -> Iterator[Finding]:
    for record in filter(None, map(snapshot.get, claims)):
        ref, claim = record.ref, claims[record.ref]
        is_leak = ref not in unselected and ref not in blocked
        yield Finding(
            resource=record,
            verdict=Verdict.ACTIVE
            if ref in unselected
            else Verdict.LEAK
            if is_leak
            else Verdict.KEPT,
            part=claim.part,
            scope=claim.scope,
            evidence=(*claim.evidence, *(_remarks(record, known) if is_leak else ())),
            reason=unselected.get(ref) or blocked.get(ref),
            through=claim.through,
        )


def _remarks(record: resources.Resource, known: Mapping[str, kinds.Kind]) -> Iterator[str]:
    """Yield what people have to know of the removal of ``record``, beside why it is done."""
    kind = known[record.ref.kind]
    for hold in kind.holds:
        if hold.name in record.holds:
            yield f"{hold.reason}, which {kind.find_lift(hold)} lifts"
    yield from record.notes


def _undecidable(
    snapshot: model.Snapshot, claims: ownership.Claims, graph: graphs.Graph
) -> Iterator[Finding]:
    disks = dict(_boot_disks(snapshot, claims))
    seen = set(claims)
    for record in itertools.chain(
        filter(None, map(snapshot.get, disks)), graph.near, _homeless(snapshot)
    ):
        if record.ref in seen:
            continue
        seen.add(record.ref)
        reason = disks.get(record.ref) or _why_undecidable(record, snapshot, claims)
        if reason:
            yield Finding(
                resource=record,
                verdict=Verdict.UNDECIDABLE,
                part=None,
                scope=None,
                evidence=(),
                reason=reason,
            )


def _homeless(snapshot: model.Snapshot) -> Iterator[resources.Resource]:
    """Yield what was made for an owner and is in no project that there is."""
    projects = {project.ref.id for project in snapshot.of_kind("identity.project")}
    for root in snapshot.roots.values():
        for id_ in root.projects:
            if id_ not in projects:
                for record in map(root.records.__getitem__, root.projects[id_]):
                    if record.edges:
                        yield record


def _boot_disks(
    snapshot: model.Snapshot, claims: ownership.Claims
) -> Iterator[tuple[resources.Ref, str]]:
    """Yield the disks that a benchmark's server was booted from and does not take along."""
    for server in filter(None, map(snapshot.get, claims)):
        for edge in server.edges if server.ref.kind == "compute.server" else ():
            disk = snapshot.get(edge.target)
            if (
                disk is not None
                and disk.ref.kind == "block_storage.volume"
                and ownership.is_boot_disk(disk, server)
            ):
                name = server.name or server.ref.id
                yield disk.ref, f"the service may have made it for server {name}"


def _why_undecidable(
    record: resources.Resource, snapshot: model.Snapshot, claims: ownership.Claims
) -> str | None:
    project = resources.Ref(record.ref.cloud, "", "identity.project", record.project_id or "")
    if record.manager is not None and project in claims:
        return f"{record.manager} made it, in a benchmark's project: that must remove it"
    if project in claims and project != record.ref:
        return "it is in a benchmark's project, but somebody else made it or has a role there"
    if any(owner in claims for owner in record.owners):
        return "it is tied to a benchmark's resource, which does not prove it was made for it"
    is_orphan = bool(record.owners) and not any(snapshot.get(o) for o in record.owners)
    if is_orphan and record.name is None and snapshot.get(project) is None:
        return "its owner is gone, and it has neither a name nor a project"
    return None


class _Rules:
    """The rules that keep a selected resource, and the reasons found so far."""

    def __init__(
        self,
        snapshot: model.Snapshot,
        question: Question,
        claims: ownership.Claims,
        graph: graphs.Graph,
        unselected: Mapping[resources.Ref, str],
        doubtful: Mapping[str, str],
    ) -> None:
        self._snapshot = snapshot
        self._doubtful = doubtful
        self._known = question.known
        self._lifted = question.selection.lifted
        self._claims = claims
        self._unselected = unselected
        self._graph = graph
        self._guard = safeties.Guard(
            question.safety, snapshot, claims, question.selection, question.sightings
        )
        self._shield = shields.Shield(
            question.protections,
            question.known,
            snapshot.taken_at,
            # Without protections nobody asks for the names of projects.
            {record.ref.id: record.name for record in snapshot.of_kind("identity.project")}
            if question.protections
            else {},
        )
        self._blocked: dict[resources.Ref, str] = {}
        self._unlisted = {kind: self._find_unlisted(kind) for kind in self._known}
        #: Why projects have to stay that could not be looked into, by their ids.
        self._unentered = {
            id_: f"{trust.kind} in it is not known: {trust.reason}"
            for trust in snapshot.trust.values()
            for id_ in trust.projects
        }

    def settle(self) -> dict[resources.Ref, str]:
        """Return why each selected resource that has to stay has to."""
        selected = [ref for ref in self._claims if ref not in self._unselected]
        records = filter(None, map(self._snapshot.get, selected))
        self._blocked = {r.ref: why for r in records if (why := self._why_guarded(r))}
        going = [ref for ref in selected if ref not in self._blocked]
        while True:
            found = {ref: reason for ref in going if (reason := self._why_kept(ref))}
            if not found:
                return self._blocked
            self._blocked |= found
            going = [ref for ref in going if ref not in found]

    def _why_guarded(self, record: resources.Resource) -> str | None:
        return self._why_marked(record) or self._guard.why_kept(record)

    def _why_marked(self, record: resources.Resource) -> str | None:
        if reason := self._shield.why_kept(record, self._claims[record.ref].part):
            return reason
        for ref in safeties.find_projects(record):
            project = self._snapshot.get(ref)
            if project is not None and shields.HOLD_TAG in project.tags:
                return f"somebody has marked its project {shields.HOLD_TAG}"
        return None

    def _stays(self, ref: resources.Ref) -> bool:
        return ref not in self._claims or ref in self._unselected or ref in self._blocked

    def _why_kept(self, ref: resources.Ref) -> str | None:
        return (
            self._doubtful.get(self._claims[ref].part)
            or self._unlisted[ref.kind]
            or self._why_unentered(ref)
            or self._why_managed(ref)
            or self._why_held(ref)
            or self._why_used(ref)
            or self._why_owned(ref)
            or self._why_taking(ref)
            or self._why_serving(ref)
            or self._why_inhabited(ref)
        )

    def _find_unlisted(self, kind: str) -> str | None:
        """Say which kind of those that could be tied to this one is not known well enough."""
        declared = self._known[kind]
        tied = {kind, *kinds.may_point_to(self._known, kind), *declared.cascades}
        tied |= {rule.target for rule in declared.edges}
        # Whose a resource is follows from its project and its user, too.
        tied |= {"identity.project", "identity.user"}
        if kind in ("identity.project", "identity.user"):
            if self._snapshot.unseen:
                return f"it may own more: {'; '.join(self._snapshot.unseen)}"
            tied |= set(self._known)
        # A target that nothing looks at is of a service that is said to hold nothing.
        for other in sorted(tied & self._known.keys()):
            trust = self._snapshot.trust.get(other)
            # What could not be looked into keeps its project and that project's users.
            if trust is None or not (trust.is_fresh or trust.projects):
                why = trust.reason if trust else "it was not listed"
                return f"{other} could be tied to it and is not known: {why}"
        return None

    def _why_unentered(self, ref: resources.Ref) -> str | None:
        """Say why a project, or who is in one, stays that could not be looked into."""
        if not self._unentered or ref.kind not in ("identity.project", "identity.user"):
            return None
        near = [ref.id]
        if ref.kind == "identity.user":
            tied = (self._snapshot.get(ref), *self._snapshot.pointing_to(ref))
            near = [e.target.id for one in tied if one is not None for e in one.edges]
        return next((why for id_ in near if (why := self._unentered.get(id_))), None)

    def _why_managed(self, ref: resources.Ref) -> str | None:
        record = self._snapshot.get(ref)
        if record is not None and record.manager is not None:
            return f"{record.manager} made it: that must remove it"
        return None

    def _why_held(self, ref: resources.Ref) -> str | None:
        record, kind = self._snapshot.get(ref), self._known[ref.kind]
        declared = {hold.name: hold for hold in kind.holds}
        for name in record.holds if record is not None else ():
            hold = declared.get(name, kinds.Hold(name, f"it is {name}"))
            lift = kind.find_lift(hold)
            if lift is None:
                return hold.reason
            if kind.lift_key(hold) not in self._lifted:
                return f"{hold.reason}; {lift} would lift that"
        return None

    def _why_used(self, ref: resources.Ref) -> str | None:
        for tie in self._graph.attached[ref]:
            if self._is_using(tie):
                return f"{self._as_subject(tie.source)} uses it"
        return None

    def _is_using(self, tie: graphs.Tie) -> bool:
        if not tie.edge.is_loose:
            return self._stays(tie.source)
        if tie.edge.sort is not resources.EdgeSort.USED_BY:
            return False
        claim = self._claims.get(tie.source)
        return claim is None or (
            tie.source in self._unselected and claim.part != self._claims[tie.target].part
        )

    def _why_owned(self, ref: resources.Ref) -> str | None:
        for tie in self._graph.owners[ref]:
            if self._stays(tie.target):
                return f"{self._as_subject(tie.target)} uses it"
        return None

    def _why_taking(self, ref: resources.Ref) -> str | None:
        record = self._snapshot.get(ref)
        for target in record.cascades if record is not None else ():
            if self._snapshot.get(target) is not None and self._stays(target):
                return f"its removal would remove {self._describe(target)}"
        return None

    def _why_serving(self, ref: resources.Ref) -> str | None:
        """Say what still needs this resource, itself or through its parts, or which part stays."""
        for tie in self._graph.needs[ref]:
            if tie.edge.is_serving and self._is_held(tie.target, ref):
                return f"it serves {self._describe(tie.target)}"
        for part in self._graph.parts[ref]:
            if part.edge.is_first and self._stays(part.source):
                return f"{self._as_subject(part.source)} is a part of it"
            if not part.edge.is_serving:
                continue
            for tie in self._graph.needs[part.source]:
                if self._is_held(tie.target, ref):
                    return f"it serves {self._describe(tie.target)}"
        return None

    def _is_held(self, target: resources.Ref, owner: resources.Ref) -> bool:
        """Whether a target stays, and makes who serves it stay as well.

        What stays only because nobody asked for its scope or kind, of the
        same workload, loses nothing that it had before its workload.
        """
        claim = self._claims.get(target)
        return self._stays(target) and (
            claim is None
            or target not in self._unselected
            or claim.part != self._claims[owner].part
        )

    def _why_inhabited(self, ref: resources.Ref) -> str | None:
        for member in self._graph.members[ref]:
            if self._stays(member):
                return f"{self._as_subject(member)} belongs to it"
        return None

    def _describe(self, ref: resources.Ref) -> str:
        record = self._snapshot.get(ref)
        noun = ref.kind.partition(".")[2].replace("_", " ")
        name = f" {record.name}" if record is not None and record.name else ""
        if ref not in self._claims:
            return f"the foreign {noun}{name} ({ref.id})"
        state = "not selected" if ref in self._unselected else "kept"
        return f"the {noun}{name} ({ref.id}), which is {state}"

    def _as_subject(self, ref: resources.Ref) -> str:
        """Return the description as the beginning of a sentence, its clause closed."""
        return self._describe(ref) + ("," if ref in self._claims else "")
