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

"""Runs the sweeps of a region one after the other, in a thread of its own.

What is asked for is in the journal, so that it outlives the process, and any
daemon may take a request.  The one that leads executes.
"""

import contextlib
import threading

import msgspec
from oslo_log import log

from cleanupd import exceptions
from cleanupd.conf import schedule as groups
from cleanupd.conf import settings
from cleanupd.engine import budgeting
from cleanupd.engine import clock
from cleanupd.engine import logcontext
from cleanupd.engine import stopping
from cleanupd.engine import sweep as engines
from cleanupd.journal import fencing
from cleanupd.journal import queue
from cleanupd.journal import store
from cleanupd.service import keeper as keepers
from cleanupd.service import leadership as leaderships
from cleanupd.service import rules as laws
from cleanupd.service import work as works

LOG = log.getLogger(__name__)

#: How many sweeps may wait for the one that is under way.
MOST_WAITING = 16
#: How often the journal is looked at for what other daemons have taken.
POLL_S = 1.0
#: So often a sweep is begun with again whose journal fails.
MOST_TRIES = 10
#: Outcomes of which events alone do not tell whether they are the last word.
_OPEN = (store.Outcome.WAITING, store.Outcome.UNKNOWN)


class Sweeper:
    """Takes requests for sweeps, whose answer is on disk before it is given.

    All methods may be called from any thread.
    """

    def __init__(
        self, keeper: keepers.Keeper, rules: settings.Rules, leading: leaderships.Leading
    ) -> None:
        #: What the schedule and requests may do; may be replaced at any time.
        self.rules = rules
        self._keeper = keeper
        self._leading = leading
        self._journal = keeper.engine.journal
        self._place = (keeper.engine.cloud.name, keeper.engine.cloud.region)
        self._queue = self._journal.queue(*self._place)
        self._stop = threading.Event()
        #: Set when there may be something to do, or when something is done.
        self._wake = threading.Event()
        self._idle = threading.Condition()
        #: The sweep that runs here, what does it and what ends it.
        self._current: tuple[str, works.Work, stopping.Stop] | None = None
        self._tries: dict[str, int] = {}
        self._threads = [
            threading.Thread(target=self._serve, name="sweep", daemon=True),
            threading.Thread(target=self._listen, name="cancel", daemon=True),
        ]

    @property
    def running(self) -> str | None:
        """The id of the sweep that is under way, here or in another daemon."""
        return next((one.id for one in self._queue.pending() if one.epoch is not None), None)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of those that come after it, in order."""
        return tuple(one.id for one in self._queue.pending() if one.epoch is None)

    @property
    def is_stopping(self) -> bool:
        """Whether the sweep that runs here begins nothing more."""
        current = self._current
        return current is not None and current[2].is_set()

    def start(self) -> None:
        """Begin; what a command left unfinished in this journal is marked as failed."""
        for sweep in self._journal.unfinished(*self._place):
            LOG.warning("Sweep %(id)s was interrupted, and nobody asks for it", {"id": sweep.id})
            self._journal.save(_ended(sweep, store.State.FAILED, describe_interruption(sweep)))
        for thread in self._threads:
            thread.start()

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
            objections += works.find_doubts(self._keeper)
        if is_dry_run:
            objections = ("it was a dry run",)
        elif objections and self.rules.is_enforcing:
            raise exceptions.Refused("; ".join(objections))
        return self._enqueue(works.Request(target=target, objections=objections))

    @property
    def is_leading(self) -> bool:
        """Whether this daemon executes, and so runs the schedules."""
        return self._leading.fence is not None

    def run_scheduled(self, target: engines.Target | None, name: str = groups.PLAIN) -> str:
        """Sweep what a schedule asks for, wait until that is done, and say what came of it."""
        if target is None:
            place = groups.place_of(name)
            return (
                f"nothing to sweep: set [{place}] tasks, [{place}] workloads or [{place}]"
                " all_over = true"
            )
        if not self.is_leading:
            return "another daemon leads: it runs the schedules"
        # Usually the last sweep has left nothing: that is no failure.
        sweep = self.begin_scheduled(target, name)
        while self._is_pending(sweep.id):
            if self._stop.is_set():
                return f"sweep {sweep.id} is gone on with by the next daemon that leads"
            with self._idle:
                self._idle.wait(POLL_S)
        return describe(self._journal.sweep(sweep.id))

    def begin_scheduled(self, target: engines.Target, name: str) -> store.Sweep:
        """Begin to sweep what a schedule asks for, and return it as requested; raises Refused."""
        objections = works.find_objections(self._keeper, self.rules, name, target)
        return self._enqueue(works.Request(target=target, objections=objections, schedule=name))

    def execute(self, plan_id: str, *, confirm: str | None) -> store.Sweep:
        """Take a request to execute a stored plan, once, and return it; raises Refused."""
        plan = self._journal.plan(plan_id)
        engine = self._keeper.engine
        if (plan.cloud, plan.region) != self._place:
            raise exceptions.Refused(f"plan {plan_id} is for {plan.cloud}, region {plan.region}")
        laws.check_plan(self.rules, plan, clock.now(), confirm=confirm)
        is_approved = confirm == engine.cloud.name
        why = budgeting.why_unapproved(plan, engine.settings.budget)
        if why and not is_approved:
            raise exceptions.Refused(why)
        doubts = () if plan.selection.idle is None else works.find_doubts(self._keeper)
        if objections := laws.find_objections_of_cloud(engine) + doubts:
            raise exceptions.Refused("; ".join(objections))
        self._check_room()
        request = works.Request(is_approved=is_approved)
        if not self._queue.add_plan(plan_id, _encode(request)):
            state = self.sweep(plan_id).state
            raise exceptions.Refused(f"plan {plan_id} is {state} already: make a new one")
        self._wake.set()
        planned = self._journal.sweep(plan_id)
        return msgspec.structs.replace(planned, state=store.State.REQUESTED, note=None)

    def cancel(self, sweep_id: str, *, by: str) -> store.Sweep:
        """End a sweep that waits or runs, or withdraw a plan, and return it; raises Refused.

        Of what runs the calls under way end, and nothing new begins.
        """
        sweep = self._journal.sweep(sweep_id)
        if sweep.state is not store.State.PLANNED and not self._is_pending(sweep_id):
            raise exceptions.Refused(f"sweep {sweep_id} is {sweep.state} already")
        LOG.warning("Sweep %(id)s is cancelled by %(by)s", {"id": sweep_id, "by": by})
        ended = _ended(sweep, store.State.CANCELLED, str(exceptions.Cancelled(by)))
        fields = {"state": ended.state, "ended_at": ended.ended_at, "note": ended.note}
        current = self._current
        is_over = self._queue.cancel(sweep_id, by, fields)
        if not is_over and current is not None and current[0] == sweep_id:
            current[2].cancel(by)
        return self.sweep(sweep_id)

    def sweep(self, sweep_id: str) -> store.Sweep:
        """Return a sweep, while it runs with the results so far; raises UnknownSweep."""
        pending = self._pending()  # read first: what ends meanwhile is shown as it ended
        return self._shown(self._journal.sweep(sweep_id), pending)

    def sweeps(self) -> tuple[store.Sweep, ...]:
        """Return all sweeps of the region, the latest last."""
        pending = self._pending()
        return tuple(self._shown(one, pending) for one in self._journal.sweeps(*self._place))

    def _pending(self) -> dict[str, queue.Pending]:
        return {one.id: one for one in self._queue.pending()}

    def _is_pending(self, sweep_id: str) -> bool:
        return sweep_id in self._pending()

    def _shown(self, sweep: store.Sweep, pending: dict[str, queue.Pending]) -> store.Sweep:
        if sweep.id not in pending:
            return sweep
        if sweep.state is store.State.FAILED and not self._is_pending(sweep.id):
            return sweep  # it has ended meanwhile
        if sweep.state is store.State.PLANNED:
            # Whoever waits takes a plan for the end of a sweep, and this one goes on.
            return msgspec.structs.replace(sweep, state=store.State.REQUESTED)
        if sweep.state in (store.State.RUNNING, store.State.FAILED):
            running = msgspec.structs.replace(sweep, state=store.State.RUNNING, ended_at=None)
            return msgspec.structs.replace(running, results=self._so_far(sweep.id))
        return sweep

    def _so_far(self, sweep_id: str) -> tuple[store.Result, ...]:
        current = self._current
        if current is not None and current[0] == sweep_id:
            return current[1].so_far()
        fates = self._journal.fates(sweep_id)
        return tuple(fate for fate in fates if fate.outcome not in _OPEN)

    def stop(self) -> None:
        """Begin nothing more: what runs ends after the calls under way.

        The next daemon that leads goes on with it, and with what waits.
        """
        self._stop.set()
        self._wake.set()
        if self._current is not None:
            self._current[2].pause()

    def pause(self) -> None:
        """Return when nothing runs any more: this daemon leads no more."""
        with self._idle:
            if self._current is not None:
                self._current[2].pause()
            self._idle.wait_for(lambda: self._current is None)

    def wait(self) -> None:
        """Return when nothing runs any more."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def why_stuck(self) -> str | None:
        """Return None: a sweep takes as long as it takes."""
        return None

    def _check_room(self) -> None:
        if self._stop.is_set():
            raise exceptions.Refused("the daemon is stopping: ask again when it runs")
        if len(self.waiting) >= MOST_WAITING:
            raise exceptions.Refused(f"{MOST_WAITING} sweeps are waiting already: ask later")

    def _enqueue(self, request: works.Request) -> store.Sweep:
        """Write a request down and let it wait for its turn."""
        self._check_room()
        sweep = store.Sweep(
            id=self._keeper.engine.new_id(),
            cloud=self._place[0],
            region=self._place[1],
            state=store.State.REQUESTED,
            started_at=clock.now().isoformat(timespec="milliseconds"),
            schedule=request.schedule,
        )
        self._journal.save(sweep, request=_encode(request))
        self._wake.set()
        return sweep

    def _listen(self) -> None:
        """Hear who cancels at another daemon the sweep that runs here."""
        while not self._stop.wait(POLL_S):
            current = self._current
            if current is None:
                continue
            with contextlib.suppress(exceptions.JournalFailed):
                found = self._pending().get(current[0])
                if found is not None and found.cancelled_by is not None:
                    current[2].cancel(found.cancelled_by)

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                is_busy = self._take_next()
            except exceptions.JournalFailed as error:
                LOG.warning("%(why)s", {"why": error})
                is_busy = False
            except Exception:  # the next sweeps are kept alive
                LOG.exception("The next sweep could not be begun")
                is_busy = False
            if not is_busy:
                self._wake.wait(POLL_S)

    def _take_next(self) -> bool:
        """Run what comes next, if this daemon leads; return whether there was anything."""
        fence = self._leading.fence
        pending = self._queue.pending() if fence else ()
        if fence is None or not pending:
            return False
        first, stop = pending[0], stopping.Stop()
        engine = self._keeper.engine.fenced(fence)
        request = msgspec.json.decode(first.request, type=works.Request)
        work = works.Work(self._keeper, engine, lambda: self.rules, request, stop)
        with self._idle:
            self._current = (first.id, work, stop)
        try:
            # Who asks for either sets it first, and looks for the current sweep then.
            if self._stop.is_set() or self._leading.fence != fence:
                return False
            if self._queue.begin(first.id, fence):
                self._check_cancelled(first.id, stop)
                with logcontext.of_sweep(first.id):
                    return self._run(first.id, work, engine, fence)
            return True
        finally:
            with self._idle:
                self._current = None
                self._idle.notify_all()

    def _check_cancelled(self, sweep_id: str, stop: stopping.Stop) -> None:
        """Hear who has cancelled a sweep before it was begun with, or while nobody led."""
        found = self._pending().get(sweep_id)
        if found is not None and found.cancelled_by is not None:
            stop.cancel(found.cancelled_by)

    def _run(
        self, sweep_id: str, work: works.Work, engine: engines.Engine, fence: fencing.Fence
    ) -> bool:
        """Run a sweep to its end; return whether the next one may be begun with at once."""
        journal, note = engine.journal, None
        try:
            done = work.run(journal.sweep(sweep_id))
            if done.state is not store.State.RUNNING:
                self._queue.settle(sweep_id, fence)
            return True
        except exceptions.Paused:
            return True
        except exceptions.Fenced as error:
            self._leading.lose(fence, str(error))
            return False
        except exceptions.JournalFailed as error:
            self._tries[sweep_id] = self._tries.get(sweep_id, 0) + 1
            LOG.error("Sweep %(id)s waits: %(why)s", {"id": sweep_id, "why": error})  # noqa: TRY400
            if self._tries[sweep_id] < MOST_TRIES:
                return False
            state, note = store.State.FAILED, str(error)
        except exceptions.Cancelled as error:
            state, note = store.State.CANCELLED, str(error)
        except exceptions.CleanupdError as error:
            LOG.error("Sweep %(id)s failed: %(why)s", {"id": sweep_id, "why": error})  # noqa: TRY400
            state, note = store.State.FAILED, str(error)
        except Exception as error:  # the next sweeps are kept alive
            LOG.exception("Sweep %(id)s failed", {"id": sweep_id})
            state, note = store.State.FAILED, f"it broke off: {error!r}"
        journal.save(_ended(journal.sweep(sweep_id), state, note), is_settled=True)
        return True


def _encode(request: works.Request) -> str:
    return msgspec.json.encode(request).decode()


def _ended(sweep: store.Sweep, state: store.State, note: str) -> store.Sweep:
    ended_at = clock.now().isoformat(timespec="seconds")
    return msgspec.structs.replace(sweep, state=state, ended_at=ended_at, note=note)


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
