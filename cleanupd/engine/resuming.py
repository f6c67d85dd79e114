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

"""What is left of a sweep that was interrupted: what was planned, and still may go.

Nothing of it is removed blindly: the cloud is looked at and judged anew, and
what came of the calls whose answers nobody has noted is seen there.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import planning
from cleanupd.core import resources
from cleanupd.core import workloads
from cleanupd.engine import removal
from cleanupd.journal import store
from cleanupd.journal.store import Outcome


class Rest(msgspec.Struct, frozen=True):
    """The steps that are left to take, and what became of all others.

    Of ``settled`` those are ``news`` that nobody has noted.
    """

    plan: planning.Plan
    settled: tuple[store.Result, ...] = ()
    news: tuple[store.Result, ...] = ()


def name_workloads(plan: planning.Plan) -> workloads.Selection:
    """Return the selection of a plan, its workloads by name.

    What was idle when it was planned is not any more: to remove some of
    a workload's resources changes others.
    """
    parts: dict[str, tuple[str, ...]] = dict.fromkeys([s.part for s in plan.steps], ())
    parts |= dict.fromkeys([kept.part for kept in plan.kept if kept.part], ())
    parts |= plan.selection.parts
    return msgspec.structs.replace(plan.selection, parts=parts, idle=None)


def find_rest(
    plan: planning.Plan,
    fresh: planning.Plan,
    snapshot: model.Snapshot,
    fates: Sequence[store.Result],
    known: Mapping[str, kinds.Kind],
) -> Rest:
    """Return what of a plan is left, in a fresh plan's order and with its evidence.

    Nothing is taken that the first plan did not have, nor what is not the
    same any more, nor what can only go after either.
    """
    before = {step.ref: step for step in plan.steps}
    steps: dict[resources.Ref, planning.Step] = {}
    new = {step.ref for step in fresh.steps}
    for step in fresh.steps:
        first = before.get(step.ref)
        is_same = first is not None and not removal.find_change(
            known[step.ref.kind], first, step.observed
        )
        if is_same and all(ref in steps for ref in step.after if ref in new):
            steps[step.ref] = step
    rest = msgspec.structs.replace(fresh, steps=tuple(steps.values()))
    settled = tuple(_settled(plan, rest, snapshot, fates))
    asked = (one for one in fates if one.outcome is Outcome.UNKNOWN and one.ref in steps)
    return Rest(rest, settled, (*asked, *(one for one in settled if one not in fates)))


def make_event(settled: store.Result, now: datetime.datetime) -> store.Event:
    """Return what is noted of a step that was settled while nobody noted it."""
    at = now.isoformat(timespec="milliseconds")
    return store.Event(at=at, what=settled.outcome, ref=settled.ref, reason=settled.reason)


def _settled(
    plan: planning.Plan,
    rest: planning.Plan,
    snapshot: model.Snapshot,
    fates: Sequence[store.Result],
) -> Iterator[store.Result]:
    left = {step.ref for step in rest.steps}
    before = {result.ref: result for result in fates}
    for step in plan.steps:
        ref, known = step.ref, before[step.ref]
        if ref in left:
            continue
        if snapshot.get(ref) is not None:
            reason = "since the sweep was interrupted it is no part of what may go any more"
            yield _result(known, Outcome.CHANGED, reason)
        elif not snapshot.trust[ref.kind].is_fresh:
            reason = "the sweep was interrupted, and its kind could not be listed since"
            yield _result(known, Outcome.WAITING, reason)
        else:
            yield known if known.is_gone else _result(known, Outcome.GONE, None)


def _result(known: store.Result, outcome: Outcome, reason: str | None) -> store.Result:
    return msgspec.structs.replace(known, outcome=outcome, reason=reason)
