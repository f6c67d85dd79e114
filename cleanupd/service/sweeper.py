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

"""Runs the sweeps of the daemon one after the other, in a thread of its own."""

from collections.abc import Callable
from collections.abc import Mapping
from concurrent import futures
import datetime
import functools
import threading

import msgspec
from oslo_log import log

from cleanupd import exceptions
from cleanupd.conf import schedule as groups
from cleanupd.conf import settings
from cleanupd.core import planning
from cleanupd.core import resources
from cleanupd.engine import budgeting
from cleanupd.engine import clock
from cleanupd.engine import logcontext
from cleanupd.engine import progress as progresses
from cleanupd.engine import stopping
from cleanupd.engine import sweep as engines
from cleanupd.journal import store
from cleanupd.service import keeper as keepers
from cleanupd.service import rules as laws
from cleanupd.service import watching

LOG = log.getLogger(__name__)

#: How many sweeps may wait for the one that is under way.
MOST_WAITING = 16


class Sweeper:
    """Takes requests for sweeps, whose answer is on disk before it is given.

    All methods may be called from any thread.
    """

    def __init__(self, keeper: keepers.Keeper, rules: settings.Rules) -> None:
        #: What the schedule and requests may do; may be replaced at any time.
        self.rules = rules
        self._keeper = keeper
        self._journal = keeper.engine.journal
        self._stop = threading.Event()
        self._pool = futures.ThreadPoolExecutor(1, "sweep")
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._running: str | None = None
        #: What ends each sweep that waits or runs.
        self._stops: dict[str, stopping.Stop] = {}
        self._results = _Results()

    @property
    def running(self) -> str | None:
        """The id of the sweep that is under way."""
        return self._running

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of those that come after it, in order."""
        return tuple(self._waiting)

    def start(self) -> None:
        """Mark the sweeps that an earlier process of this daemon left unfinished as failed."""
        cloud = self._keeper.engine.cloud
        for sweep in self._journal.unfinished(cloud.name, cloud.region):
            LOG.warning(
                "Sweep %(id)s was interrupted: what is left of it is planned anew when it is"
                " asked for again",
                {"id": sweep.id},
            )
            self._save_failed(sweep, describe_interruption(sweep))

    def request(
        self, target: engines.Target, *, confirm: str | None, is_dry_run: bool
    ) -> store.Sweep:
        """Take a request and return it; raises Refused."""
        laws.check_askable(target)
        engine = self._keeper.engine
        engine.select(target)  # what cannot be meant is refused at once
        objections = laws.find_objections(
            self.rules, target, cloud=engine.cloud.name, confirm=confirm
        ) + laws.find_objections_of_cloud(engine)
        if target.idle_s is not None:
            objections += self._doubts()
        if is_dry_run:
            objections = ("it was a dry run",)
        elif objections and self.rules.is_enforcing:
            raise exceptions.Refused("; ".join(objections))
        sweep, _ = self._enqueue(target, objections)
        return sweep

    def run_scheduled(self, target: engines.Target | None, name: str = groups.PLAIN) -> str:
        """Sweep what a schedule asks for, wait until that is done, and say what came of it."""
        if target is None:
            place = groups.place_of(name)
            return (
                f"nothing to sweep: set [{place}] tasks, [{place}] workloads or [{place}]"
                " all_over = true"
            )
        # Usually the last sweep has left nothing: that is no failure.
        _, future = self._enqueue(target, self._objections_of_schedule(name, target), name)
        return describe(future.result())

    def begin_scheduled(self, target: engines.Target, name: str) -> store.Sweep:
        """Begin to sweep what a schedule asks for, and return it as requested; raises Refused."""
        sweep, _ = self._enqueue(target, self._objections_of_schedule(name, target), name)
        return sweep

    def _objections_of_schedule(self, name: str, target: engines.Target) -> tuple[str, ...]:
        of_cloud = laws.find_objections_of_cloud(self._keeper.engine)
        of_schedule = laws.find_objections_of_schedule(self.rules, name, target)
        return of_schedule + of_cloud + self._doubts()

    def _doubts(self) -> tuple[str, ...]:
        """Return what speaks against believing any age."""
        jumped = self._keeper.watcher.clocks.why_doubted()
        apart = watching.why_apart(self._keeper.engine.cloud.clock_shift_s)
        return tuple(filter(None, (jumped, apart)))

    def execute(self, plan_id: str, *, confirm: str | None) -> store.Sweep:
        """Take a request to execute a stored plan, once, and return it; raises Refused."""
        plan = self._journal.plan(plan_id)
        engine = self._keeper.engine
        if (plan.cloud, plan.region) != (engine.cloud.name, engine.cloud.region):
            raise exceptions.Refused(f"plan {plan_id} is for {plan.cloud}, region {plan.region}")
        laws.check_plan(self.rules, plan, clock.now(), confirm=confirm)
        is_approved = confirm == engine.cloud.name
        why = budgeting.why_unapproved(plan, engine.settings.budget)
        if why and not is_approved:
            raise exceptions.Refused(why)
        doubts = () if plan.selection.idle is None else self._doubts()
        if objections := laws.find_objections_of_cloud(engine) + doubts:
            raise exceptions.Refused("; ".join(objections))
        with self._lock:
            sweep = self._journal.sweep(plan_id)
            if sweep.state is not store.State.PLANNED:
                raise exceptions.Refused(
                    f"plan {plan_id} is {sweep.state} already: make a new one"
                )
            requested = msgspec.structs.replace(sweep, state=store.State.REQUESTED, note=None)
            self._submit(requested, functools.partial(self._remove, plan, is_approved=is_approved))
        return requested

    def cancel(self, sweep_id: str, *, by: str) -> store.Sweep:
        """End a sweep that waits or runs, or withdraw a plan, and return it; raises Refused.

        Of what runs the calls under way end, and nothing new begins.
        """
        with self._lock:
            sweep, stop = self._journal.sweep(sweep_id), self._stops.get(sweep_id)
            if stop is None and sweep.state is not store.State.PLANNED:
                raise exceptions.Refused(f"sweep {sweep_id} is {sweep.state} already")
            LOG.warning("Sweep %(id)s is cancelled by %(by)s", {"id": sweep_id, "by": by})
            if stop is not None:
                stop.cancel(by)
            if stop is None or sweep_id in self._waiting:
                if stop is not None:
                    self._waiting.remove(sweep_id)
                return self._save_ended(sweep, str(exceptions.Cancelled(by)), is_cancelled=True)
        return self.sweep(sweep_id)

    def sweep(self, sweep_id: str) -> store.Sweep:
        """Return a sweep, while it runs with the results so far; raises UnknownSweep."""
        running = self._running  # read first: what ends meanwhile is shown as it ended
        return self._shown(self._journal.sweep(sweep_id), running)

    def sweeps(self) -> tuple[store.Sweep, ...]:
        """Return all sweeps of the region, the latest last."""
        running = self._running
        cloud = self._keeper.engine.cloud
        found = self._journal.sweeps(cloud.name, cloud.region)
        return tuple(self._shown(sweep, running) for sweep in found)

    def _shown(self, sweep: store.Sweep, running: str | None) -> store.Sweep:
        if sweep.id != running:
            return sweep
        if sweep.state is store.State.PLANNED:
            # Whoever waits takes a plan for the end of a sweep, and this one goes on.
            return msgspec.structs.replace(sweep, state=store.State.REQUESTED)
        if sweep.state is store.State.RUNNING:
            return msgspec.structs.replace(sweep, results=self._results.so_far())
        return sweep

    def stop(self) -> None:
        """Begin nothing more: what runs ends after the calls under way, what waits fails."""
        with self._lock:
            self._stop.set()
            for stop in list(self._stops.values()):
                stop.set()
            self._pool.shutdown(wait=False)

    def wait(self) -> None:
        """Return when nothing runs any more."""
        self._pool.shutdown(wait=True)

    def why_stuck(self) -> str | None:
        """Return None: a sweep takes as long as it takes."""
        return None

    def _enqueue(
        self, target: engines.Target, objections: tuple[str, ...], schedule: str | None = None
    ) -> tuple[store.Sweep, futures.Future[store.Sweep]]:
        engine = self._keeper.engine
        sweep = store.Sweep(
            id=engine.new_id(),
            cloud=engine.cloud.name,
            region=engine.cloud.region,
            state=store.State.REQUESTED,
            started_at=clock.now().isoformat(timespec="seconds"),
            schedule=schedule,
        )
        with self._lock:
            work = functools.partial(self._plan, sweep.id, target, objections, schedule)
            return sweep, self._submit(sweep, work)

    def _submit(
        self, sweep: store.Sweep, work: Callable[[], store.Sweep]
    ) -> futures.Future[store.Sweep]:
        """Write a request down and let it wait for its turn; the lock is held."""
        if self._stop.is_set():
            raise exceptions.Refused("the daemon is stopping: ask again when it runs")
        if len(self._waiting) >= MOST_WAITING:
            raise exceptions.Refused(f"{MOST_WAITING} sweeps are waiting already: ask later")
        self._journal.save(sweep)
        self._waiting.append(sweep.id)
        self._stops[sweep.id] = stopping.Stop()
        return self._pool.submit(self._run, sweep, work)

    def _run(self, sweep: store.Sweep, work: Callable[[], store.Sweep]) -> store.Sweep:
        with self._lock:
            if sweep.id not in self._waiting:  # it was cancelled
                del self._stops[sweep.id]
                return self._journal.sweep(sweep.id)
            self._waiting.remove(sweep.id)
            self._running = sweep.id
        try:
            with logcontext.of_sweep(sweep.id):
                if self._stop.is_set():
                    return self._save_failed(sweep, "the daemon stopped before it began")
                return work()
        except exceptions.Cancelled as error:
            return self._save_ended(self._journal.sweep(sweep.id), str(error), is_cancelled=True)
        except exceptions.CleanupdError as error:
            LOG.error("Sweep %(id)s failed: %(why)s", {"id": sweep.id, "why": error})  # noqa: TRY400
            return self._save_failed(sweep, str(error))
        except Exception as error:  # the next sweeps are kept alive
            LOG.exception("Sweep %(id)s failed", {"id": sweep.id})
            return self._save_failed(sweep, f"it broke off: {error!r}")
        finally:
            self._running = None
            del self._stops[sweep.id]

    def _plan(
        self,
        sweep_id: str,
        target: engines.Target,
        objections: tuple[str, ...],
        schedule: str | None,
    ) -> store.Sweep:
        """Plan on a listing of now, and remove what the plan says if nothing speaks against it."""
        is_scheduled = schedule is not None
        stop = self._stops[sweep_id]
        target = self._keeper.engine.expand(target)
        known = self._keeper.observe()
        stop.check()
        patience = laws.find_patience(self.rules, target, is_scheduled=is_scheduled)
        plan = self._keeper.engine.plan(
            known.snapshot,
            target,
            known.sightings,
            id_=sweep_id,
            patience=patience,
            most=self.rules.most_of(schedule),
        )
        if not is_scheduled and target.unexpanded and not (plan.steps or plan.kept):
            raise exceptions.Refused(
                f"nothing of task {', '.join(target.unexpanded)} was found, and its workloads,"
                " whose uuids are in most names, are not known here: name them, too"
            )
        if plan.steps and schedule is not None and not objections:
            objections = self._let_pass(plan, schedule, target)
        stop.check()
        if not objections:
            return self._remove(plan)
        note = f"nothing was removed: {'; '.join(objections)}"
        LOG.log(
            log.WARNING if plan.steps else log.INFO,
            "%(count)d resources planned, %(note)s",
            {"count": len(plan.steps), "note": note},
        )
        return self._save(msgspec.structs.replace(self._journal.sweep(sweep_id), note=note))

    def _let_pass(
        self, plan: planning.Plan, schedule: str, target: engines.Target
    ) -> tuple[str, ...]:
        """Let the time pass before a removal that nobody attends, and say what forbids it then."""
        delay_s = self.rules.delay_s
        ends_at = clock.now() + datetime.timedelta(seconds=delay_s)
        note = f"the first removal is at {ends_at:%H:%M:%S} UTC ([safety] delay)"
        LOG.warning(
            "%(count)d resources planned: %(note)s", {"count": len(plan.steps), "note": note}
        )
        self._save(msgspec.structs.replace(self._journal.sweep(plan.id), note=note))
        stop = self._stops[plan.id]
        if stop.wait(delay_s):
            stop.check()
            raise exceptions.Refused("the daemon stopped before the first removal")
        return self._objections_of_schedule(schedule, target)

    def _remove(self, plan: planning.Plan, *, is_approved: bool = False) -> store.Sweep:
        self._results = _Results({step.ref: step.observed.name for step in plan.steps})
        try:
            stop = self._stops[plan.id]
            engine, parts = self._keeper.engine, {step.part for step in plan.steps}
            with self._keeper.watcher.sweeping(parts):
                return engine.execute(plan, self._results, stop, is_approved=is_approved)
        finally:
            # Without a broker nobody else tells the model.
            self._keeper.touch(step.ref for step in plan.steps)

    def _save_failed(self, sweep: store.Sweep, note: str) -> store.Sweep:
        return self._save_ended(sweep, note)

    def _save_ended(
        self, sweep: store.Sweep, note: str, *, is_cancelled: bool = False
    ) -> store.Sweep:
        state = store.State.CANCELLED if is_cancelled else store.State.FAILED
        ended = clock.now().isoformat(timespec="seconds")
        return self._save(msgspec.structs.replace(sweep, state=state, ended_at=ended, note=note))

    def _save(self, sweep: store.Sweep) -> store.Sweep:
        self._journal.save(sweep)
        return sweep


class _Results(progresses.Silence):
    """What is settled of the sweep that runs, so that it can be shown."""

    def __init__(self, names: Mapping[resources.Ref, str | None] | None = None) -> None:
        self._names = names or {}
        self._settled: list[store.Result] = []

    def settled(self, ref: resources.Ref, outcome: str) -> None:
        """Note what became of a resource."""
        result = store.Result(ref=ref, name=self._names.get(ref), outcome=store.Outcome(outcome))
        self._settled.append(result)

    def so_far(self) -> tuple[store.Result, ...]:
        """Return what is settled, in the order in which it was."""
        return tuple(self._settled)


def describe_interruption(sweep: store.Sweep) -> str:
    """Return in a sentence how a sweep was left by a process that is gone."""
    unknown = sum(result.outcome is store.Outcome.UNKNOWN for result in sweep.results)
    told = f"; of {unknown} removals it is not known what came of them" if unknown else ""
    return f"the daemon ended before it did: start it again{told}"


def describe(sweep: store.Sweep) -> str:
    """Return in a sentence what came of a sweep."""
    gone = sum(result.is_gone for result in sweep.results)
    counts = f"{gone} of {sweep.planned} gone"
    if sweep.state is store.State.PLANNED:
        counts = f"{sweep.planned} planned"
    return f"sweep {sweep.id} {sweep.state}: {counts}{f', {sweep.note}' if sweep.note else ''}"
