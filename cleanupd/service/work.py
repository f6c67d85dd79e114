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

"""One sweep on its way: planned, let wait, removed; and gone on with after an interruption."""

from collections.abc import Callable
from collections.abc import Mapping
import datetime

import msgspec
from oslo_log import log

from cleanupd import exceptions
from cleanupd.conf import schedule as groups
from cleanupd.conf import settings
from cleanupd.core import planning
from cleanupd.core import resources
from cleanupd.engine import clock
from cleanupd.engine import progress as progresses
from cleanupd.engine import resuming
from cleanupd.engine import stopping
from cleanupd.engine import sweep as engines
from cleanupd.journal import store
from cleanupd.service import keeper as keepers
from cleanupd.service import rules as laws
from cleanupd.service import watching

LOG = log.getLogger(__name__)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asked for, as the journal keeps it until it is seen to.

    Without a target it is a stored plan that is to be executed; with
    objections nothing is to be removed; ``schedule`` is the one that asks.
    """

    target: engines.Target | None = None
    objections: tuple[str, ...] = ()
    schedule: str | None = None
    is_approved: bool = False


class Work:
    """A sweep that this daemon has begun with, or goes on with."""

    def __init__(
        self,
        keeper: keepers.Keeper,
        engine: engines.Engine,
        rules: Callable[[], settings.Rules],
        request: Request,
        stop: stopping.Stop,
    ) -> None:
        """Keep what it needs; ``engine`` writes in this daemon's epoch alone.

        ``rules`` gives those of the moment: they may change while it runs.
        """
        self._keeper = keeper
        self._engine = engine
        self._rules = rules
        self._request = request
        self._stop = stop
        self._results = _Results()

    def so_far(self) -> tuple[store.Result, ...]:
        """Return what is settled, in the order in which it was."""
        return self._results.so_far()

    def run(self, sweep: store.Sweep) -> store.Sweep:
        """Do what is left to do of a sweep, and return it; raises CleanupdError."""
        self._stop.check()
        match sweep.state:
            case store.State.DONE | store.State.CANCELLED:
                return sweep  # but for a note that it is seen to
            case store.State.RUNNING | store.State.FAILED:
                return self._go_on(sweep)
            case _ if self._request.target is not None:
                return self._plan(sweep.id, self._request.target)
            case _:
                return self._remove(self._check_age(self._engine.journal.plan(sweep.id)))

    def _plan(self, sweep_id: str, target: engines.Target) -> store.Sweep:
        """Plan on a listing of now, and remove what the plan says if nothing speaks against it."""
        request = self._request
        target = self._engine.expand(target)
        known = self._keeper.observe()
        self._stop.check()
        is_scheduled = request.schedule is not None
        plan = self._engine.plan(
            known.snapshot,
            target,
            known.sightings,
            id_=sweep_id,
            patience=laws.find_patience(self._rules(), target, is_scheduled=is_scheduled),
            most=self._rules().most_of(request.schedule),
        )
        if not is_scheduled and target.unexpanded and not (plan.steps or plan.kept):
            raise exceptions.Refused(
                f"nothing of task {', '.join(target.unexpanded)} was found, and its workloads,"
                " whose uuids are in most names, are not known here: name them, too"
            )
        objections = request.objections
        if plan.steps and is_scheduled and not objections:
            objections = self._let_pass(plan)
        self._stop.check()
        if not objections:
            return self._remove(plan)
        note = f"nothing was removed: {'; '.join(objections)}"
        LOG.log(
            log.WARNING if plan.steps else log.INFO,
            "%(count)d resources planned, %(note)s",
            {"count": len(plan.steps), "note": note},
        )
        return self._note(sweep_id, note)

    def _let_pass(self, plan: planning.Plan) -> tuple[str, ...]:
        """Let the time pass before a removal that nobody attends, and say what forbids it then."""
        delay_s = self._rules().delay_s
        ends_at = clock.now() + datetime.timedelta(seconds=delay_s)
        note = f"the first removal is at {ends_at:%H:%M:%S} UTC ([safety] delay)"
        LOG.warning(
            "%(count)d resources planned: %(note)s", {"count": len(plan.steps), "note": note}
        )
        self._note(plan.id, note)
        self._stop.wait(delay_s)
        return self._objections()

    def _objections(self) -> tuple[str, ...]:
        """Return what speaks by now against removing what was asked for."""
        name, target = self._request.schedule, self._request.target
        return find_objections(
            self._keeper, self._rules(), name or groups.PLAIN, target or engines.Target()
        )

    def _go_on(self, sweep: store.Sweep) -> store.Sweep:
        """Remove what is left of a plan whose removal was interrupted, within its limits."""
        LOG.warning(
            "Sweep %(id)s was interrupted: what is left of it is looked for", {"id": sweep.id}
        )
        if objections := self._objections():
            raise exceptions.Refused(f"it was interrupted, and now {'; '.join(objections)}")
        plan, target = self._engine.journal.plan(sweep.id), self._request.target
        if target is not None and self._age_s(plan) is not None:
            return self._plan(sweep.id, target)
        self._check_age(plan)
        known = self._keeper.observe()
        self._stop.check()
        rest = find_rest(self._engine, plan, known)
        return self._remove(plan, rest)

    def _check_age(self, plan: planning.Plan) -> planning.Plan:
        """Return a stored plan that was asked for in time, and may still be executed."""
        if (age_s := self._age_s(plan)) is not None:
            raise exceptions.Refused(
                f"the daemons were away, and the plan is {age_s:.0f} s old by now: make a new one"
            )
        return plan

    def _age_s(self, plan: planning.Plan) -> float | None:
        """Return the age of a plan that is too old to be executed, None of any other."""
        age_s = (clock.now() - plan.made_at).total_seconds()
        lifetime_s = self._rules().plan_lifetime_s
        return age_s if lifetime_s and age_s > lifetime_s else None

    def _remove(self, plan: planning.Plan, rest: resuming.Rest | None = None) -> store.Sweep:
        settled = rest.settled if rest else ()
        names = {step.ref: step.observed.name for step in plan.steps}
        self._results = _Results(names, settled)
        try:
            with self._keeper.watcher.sweeping({step.part for step in plan.steps}):
                return self._engine.execute(
                    plan,
                    self._results,
                    self._stop,
                    is_approved=self._request.is_approved,
                    rest=rest,
                )
        finally:
            # Without a broker nobody else tells the model.
            self._keeper.touch(step.ref for step in plan.steps)

    def _note(self, sweep_id: str, note: str) -> store.Sweep:
        journal = self._engine.journal
        sweep = msgspec.structs.replace(journal.sweep(sweep_id), note=note)
        journal.save(sweep)
        return sweep


def find_rest(
    engine: engines.Engine, plan: planning.Plan, known: keepers.Knowledge
) -> resuming.Rest:
    """Return what is left of a stored plan whose execution was interrupted."""
    selection = resuming.name_workloads(plan)
    judgement = engine.judge(known.snapshot, selection, known.sightings)
    fresh = planning.make_plan(plan.id, known.snapshot, judgement, plan.selection)
    fresh = msgspec.structs.replace(fresh, most=plan.most)
    kinds = {name: plugin.KIND for name, plugin in engine.managers.items()}
    fates = engine.journal.fates(plan.id)
    return resuming.find_rest(plan, fresh, known.snapshot, fates, kinds)


def find_objections(
    keeper: keepers.Keeper, rules: settings.Rules, name: str, target: engines.Target
) -> tuple[str, ...]:
    """Return what speaks against removing what a schedule asks for, by the options of now."""
    of_cloud = laws.find_objections_of_cloud(keeper.engine)
    return laws.find_objections_of_schedule(rules, name, target) + of_cloud + find_doubts(keeper)


def find_doubts(keeper: keepers.Keeper) -> tuple[str, ...]:
    """Return what speaks against believing any age."""
    jumped = keeper.watcher.clocks.why_doubted()
    apart = watching.why_apart(keeper.engine.cloud.clock_shift_s)
    return tuple(filter(None, (jumped, apart)))


class _Results(progresses.Silence):
    """What is settled of the sweep that runs, so that it can be shown."""

    def __init__(
        self,
        names: Mapping[resources.Ref, str | None] | None = None,
        settled: tuple[store.Result, ...] = (),
    ) -> None:
        self._names = names or {}
        self._settled = list(settled)

    def settled(self, ref: resources.Ref, outcome: str) -> None:
        """Note what became of a resource."""
        result = store.Result(ref=ref, name=self._names.get(ref), outcome=store.Outcome(outcome))
        self._settled.append(result)

    def so_far(self) -> tuple[store.Result, ...]:
        """Return what is settled, in the order in which it was."""
        return tuple(self._settled)
