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

"""What an independent listing says after a sweep, or without one.

The certificate is made from a new snapshot alone, and so are its words: what
the executor believes to have removed does not enter.
"""

import collections
from collections.abc import Mapping
import datetime

import msgspec

from cleanupd.core import judgement as judgements
from cleanupd.core import model
from cleanupd.core import planning
from cleanupd.core import resources
from cleanupd.core.judgement import Verdict


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that is still there, and why."""

    ref: resources.Ref
    name: str | None
    reason: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a verification.

    ``planned`` and ``gone`` count by kind the resources of the plan, and
    those of them that the listing no longer has.  ``left`` are planned
    resources that are still there and leaks that the listing shows.
    ``doubts`` say which kinds could not be listed: what is not known to be
    gone is not certified.
    """

    cloud: str
    region: str
    made_at: datetime.datetime
    planned: dict[str, int]
    gone: dict[str, int]
    left: tuple[Left, ...]
    doubts: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether everything was listed and nothing of what was looked for is left."""
        return not self.left and not self.doubts


def certify(
    snapshot: model.Snapshot,
    judgement: judgements.Judgement,
    plan: planning.Plan | None = None,
    postponed: Mapping[resources.Ref, str] | None = None,
) -> Certificate:
    """Return what a snapshot taken after the sweep shows.

    ``postponed`` has the reasons for which steps were never to be taken, or failed.
    """
    steps = plan.steps if plan is not None else ()
    planned = {step.ref for step in steps}
    ours = {finding.resource.ref for finding in judgement.findings if finding.part is not None}
    kept = {found.ref: found.reason for found in plan.kept} if plan is not None else {}
    kept |= postponed or {}
    left = {
        finding.resource.ref: Left(
            ref=finding.resource.ref,
            name=finding.resource.name,
            reason=finding.reason
            or kept.get(finding.resource.ref)
            or ("it was not removed" if finding.resource.ref in planned else finding.evidence[0]),
        )
        for finding in judgement.of(Verdict.LEAK, Verdict.KEPT)
    }
    for project in [s.ref for s in steps if s.ref.kind == "identity.project"]:
        for record in snapshot.of_project(project.id):
            reason = "its project was removed before it"
            left.setdefault(record.ref, Left(ref=record.ref, name=record.name, reason=reason))
    for step in steps:
        # What was a benchmark's through its owner alone, and was let go of by
        # it, has turned out to be somebody else's.
        is_released = step.through is not None and step.ref not in ours
        if snapshot.get(step.ref) is not None and step.ref not in left and not is_released:
            left[step.ref] = Left(
                ref=step.ref,
                name=step.observed.name,
                reason=kept.get(step.ref, "it was not removed"),
            )
    gone = [s.ref.kind for s in steps if snapshot.get(s.ref) is None]
    return Certificate(
        cloud=snapshot.cloud,
        region=snapshot.region,
        made_at=snapshot.taken_at,
        planned=dict(sorted(collections.Counter(s.ref.kind for s in steps).items())),
        gone=dict(sorted(collections.Counter(gone).items())),
        left=tuple(left[ref] for ref in sorted(left)),
        doubts=snapshot.doubts(),
    )
