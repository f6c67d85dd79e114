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

"""What the budgets mean for a plan that is about to be executed, in words."""

import collections
from collections.abc import Iterator

from cleanupd.core import budgets
from cleanupd.core import planning
from cleanupd.journal import store
from cleanupd.journal.store import Outcome

#: Of more reasons only the most frequent are told at once.
_MOST_REASONS = 3


def why_unapproved(plan: planning.Plan, limits: budgets.Limits) -> str | None:
    """Say why a plan is not executed unless somebody approves it, and how that is done."""
    excess = budgets.find_excess(plan, limits.share)
    if not excess:
        return None
    told = "; ".join(excess[:_MOST_REASONS])
    more = f"; and {len(excess) - _MOST_REASONS} kinds more" if excess[_MOST_REASONS:] else ""
    return (
        f"{told}{more}: look at the plan, and approve it with"
        f" `cleanupctl sweep start --plan {plan.id} --confirm {plan.cloud}`"
    )


def describe(part: budgets.Part) -> str | None:
    """Say how much of a plan was left, and why; None where nothing was."""
    if not part.left:
        return None
    reasons = collections.Counter(part.left.values()).most_common(_MOST_REASONS)
    told = "; ".join(f"{count}: {reason}" for reason, count in reasons)
    planned = len(part.steps) + len(part.left)
    return f"of {planned} resources {len(part.left)} were left, {told}"


def results_of(
    plan: planning.Plan, part: budgets.Part, results: tuple[store.Result, ...]
) -> tuple[store.Result, ...]:
    """Return the results of all steps in their order, of those that were left, too."""
    found = {result.ref: result for result in (*results, *_left(plan, part))}
    return tuple(found[step.ref] for step in plan.steps)


def _left(plan: planning.Plan, part: budgets.Part) -> Iterator[store.Result]:
    for step in plan.steps:
        if reason := part.left.get(step.ref):
            name = step.observed.name
            yield store.Result(ref=step.ref, name=name, outcome=Outcome.WAITING, reason=reason)
