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

"""Executes a plan: in its order, in parallel, until all is gone or cannot go.

One thread decides; a pool of threads for each service calls it, so that a
slow one holds up no other.  What a service removes asynchronously is confirmed
by listing its kind, for all of them at once.
"""

import collections
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent import futures
import contextlib
import datetime
import graphlib
import threading
import time
from typing import TYPE_CHECKING
from typing import TypeAlias

import msgspec
from oslo_log import log

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import judgement as judgements
from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import planning
from cleanupd.core import resources
from cleanupd.engine import ladder as ladders
from cleanupd.engine import logcontext
from cleanupd.engine import progress as progresses
from cleanupd.engine import removal
from cleanupd.engine import turns
from cleanupd.journal import store
from cleanupd.journal.store import Outcome

if TYPE_CHECKING:
    from cleanupd.journal import eventlog

LOG = log.getLogger(__name__)


class LastLook(msgspec.Struct, frozen=True):
    """What a look at the cloud says of a plan: what has to stay, and why, and what is there."""

    reasons: Mapping[resources.Ref, str] = {}
    present: frozenset[resources.Ref] = frozenset()

    @classmethod
    def of(
        cls, plan: planning.Plan, snapshot: model.Snapshot, judgement: judgements.Judgement
    ) -> "LastLook":
        """Return what a new snapshot and the verdicts on it say of the steps of a plan."""
        findings = {f.resource.ref: f for f in judgement.findings}
        present = frozenset(s.ref for s in plan.steps if snapshot.get(s.ref) is not None)
        reasons: dict[resources.Ref, str] = {}
        for ref in (step.ref for step in plan.steps):
            found = findings.get(ref)
            if found is not None and found.verdict is not judgements.Verdict.LEAK:
                reasons[ref] = found.reason or "it has to stay"
            elif found is None and ref in present:
                reasons[ref] = "it is no benchmark's any more"
        return cls(reasons, present)


Look: TypeAlias = Callable[[], LastLook]

#: What came of a call: the step, and its result, or why it is to be tried again.
Attempt: TypeAlias = tuple[planning.Step, store.Result | exceptions.CleanupdError]
Running: TypeAlias = dict["futures.Future[Attempt]", str]

#: Between two listings of a kind passes at least so many times the time that one took: where its
#: service is busy with removing, where anything is removed, and where there is nothing left to do
#: but to wait, so that listings are in nobody's way.
BUSY_PAUSE = 8.0
POLL_PAUSE = 3.0
IDLE_PAUSE = 0.5


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How hard the executor works.

    ``workers`` calls are under way at once at each service; ``poll_s`` seconds
    pass at least between two listings of a kind, or two attempts at one
    resource.  A resource has ``timeout_s`` seconds to vanish after it was
    removed, and ``conflict_s`` to get free of what the service says is in the
    way.  What the last look said holds for ``look_s`` seconds, so that what
    goes one after the other (images, then their project) costs one look.
    ``ladder`` has the rungs that may be taken where all that did not help, as
    ``block_storage volume:reset``.
    """

    workers: int = 8
    poll_s: float = 1.0
    timeout_s: float = 600.0
    conflict_s: float = 60.0
    look_s: float = 30.0
    ladder: frozenset[str] = frozenset()


class Executor:
    """Executes one plan, once.  All public methods are called from one thread."""

    def __init__(
        self,
        cloud: clouds.Cloud,
        managers: removal.Managers,
        events: "eventlog.EventLog",
        clock: Callable[[], datetime.datetime],
        limits: Limits,
        stop: threading.Event,
    ) -> None:
        """Keep what the executor works with; nothing is called yet.

        Once ``stop`` is set, calls under way are finished and no other is made.
        """
        self._cloud = cloud
        self._managers = managers
        self._limits = limits
        self._stop = stop
        self._look: Look = LastLook
        #: Steps whose way is free, and that wait for the last look.
        self._held: list[resources.Ref] = []
        #: What the last look said, and until when that holds.
        self._looked: tuple[LastLook, float] = (LastLook(), float("-inf"))
        self._remover = removal.Remover(cloud, managers, events, clock)
        self._ladder = ladders.Ladder(limits.ladder)
        #: Steps that wait for a thread, by service.
        self._turns: dict[str, turns.Turns[planning.Step]] = collections.defaultdict(turns.Turns)
        self._progress: progresses.Progress = progresses.Silence()
        self._steps: dict[resources.Ref, planning.Step] = {}
        self._sorter: graphlib.TopologicalSorter[resources.Ref] = graphlib.TopologicalSorter()
        self._results: dict[resources.Ref, store.Result] = {}
        #: Steps whose way is free, by the time from which on they are tried.
        self._due: dict[resources.Ref, float] = {}
        #: Until when a conflict is waited out.
        self._patience: dict[resources.Ref, float] = {}
        #: What was removed and is not gone yet, with the time until which it must be.
        self._vanishing: dict[resources.Ref, tuple[store.Result, float]] = {}
        #: Steps that go with an owner that is gone: they are gone, too, unless a listing has them.
        self._following: set[resources.Ref] = set()
        #: When the last listing of a kind ended, and how long it took.
        self._polled: dict[str, tuple[float, float]] = {}

    def execute(
        self,
        plan: planning.Plan,
        progress: progresses.Progress | None = None,
        look: Look = LastLook,
        why_kept: removal.WhyKept = removal.keep_nothing,
    ) -> tuple[store.Result, ...]:
        """Remove what the plan says and return the result of each step, in its order.

        ``look`` is called before kinds are removed whose service guards
        nothing, when all else is done: a server that is still being built has
        Neutron make its project's default security group again.  ``why_kept`` is
        asked right before each removal.
        """
        self._look = look
        self._remover.why_kept = why_kept
        self._progress = progress or self._progress
        self._steps = {step.ref: step for step in plan.steps}
        for step in plan.steps:
            self._ladder.begin(self._kind(step.ref), step.observed)
        self._sorter = graphlib.TopologicalSorter({s.ref: s.after for s in plan.steps})
        self._sorter.prepare()
        self._progress.removing(len(plan.steps))
        running: Running = {}
        with self._pools(plan) as pools:
            try:
                while self._sorter.is_active() and not self._stop.is_set():
                    self._advance(pools, running)
            finally:
                # What still waits for a thread is not called any more.
                begun = [future for future in running if not future.cancel()]
        for future in begun:
            self._take(*future.result())
        return tuple(self._results.get(s.ref) or self._stopped(s) for s in plan.steps)

    @contextlib.contextmanager
    def _pools(self, plan: planning.Plan) -> Iterator[dict[str, futures.Executor]]:
        """Give threads for each service that the plan removes something from."""
        with contextlib.ExitStack() as stack:
            yield {
                service: stack.enter_context(
                    futures.ThreadPoolExecutor(
                        self._limits.workers, "remove", initializer=logcontext.inherited()
                    )
                )
                for service in {self._kind(step.ref).service for step in plan.steps}
            }

    def _kind(self, ref: resources.Ref) -> kinds.Kind:
        return self._managers[ref.kind].KIND

    def _advance(self, pools: Mapping[str, futures.Executor], running: Running) -> None:
        """Begin what can begin and settle what has ended, or wait a little for either."""
        # What takes longest to vanish is begun first.
        ready = sorted(self._ready(), key=lambda step: not self._kind(step.ref).is_asynchronous)
        for step in ready:
            self._remover.expect(step)
        for step in ready:
            service = self._kind(step.ref).service
            self._turns[service].add(step, step.observed.project_id)
            running[pools[service].submit(self._remove_next, service)] = service
        if self._held and not (running or self._due or self._vanishing or self._following):
            self._release()
        if running:
            done, _ = futures.wait(
                running, self._limits.poll_s, return_when=futures.FIRST_COMPLETED
            )
            for future in done:
                del running[future]
                self._take(*future.result())
        elif self._due or self._vanishing or self._following:
            time.sleep(min(self._limits.poll_s, 0.2))
        self._confirm(running)

    def _remove_next(self, service: str) -> Attempt:
        """Remove, in a thread of a service, what comes next there."""
        step = self._turns[service].take()
        try:
            return step, self._remover.remove(step, self._ladder.current(step.ref))
        except exceptions.JournalFailed:
            raise  # what cannot be written down is not done
        except exceptions.CleanupdError as error:
            return step, error

    def _release(self) -> None:
        """Look at the cloud again, and let go what is still free to go."""
        held, self._held = self._held, []
        try:
            look = self._look()
        except exceptions.CleanupdError as error:
            for ref in held:
                self._fail(ref, f"the cloud could not be looked at again: {error}")
            return
        self._looked = (look, time.monotonic() + self._limits.look_s)
        for ref in look.present & self._results.keys():
            if self._results[ref].is_gone:
                reason = "the service accepted its removal, but it is still there"
                self._results[ref] = msgspec.structs.replace(
                    self._results[ref], outcome=Outcome.FAILED, reason=reason
                )
        for ref in held:
            self._let_go(ref)

    def _let_go(self, ref: resources.Ref) -> None:
        """Let the last look decide."""
        look, _ = self._looked
        stuck = self._find_stuck(self._steps[ref])
        if ref in look.reasons:
            self._fail(ref, f"since the plan: {look.reasons[ref]}", Outcome.CHANGED)
        elif stuck is not None:
            self._fail(ref, f"{stuck} is still there", Outcome.WAITING)
        else:
            self._due[ref] = time.monotonic()

    def _stopped(self, step: planning.Step) -> store.Result:
        if step.ref in self._vanishing:
            return msgspec.structs.replace(
                self._vanishing[step.ref][0],
                outcome=Outcome.FAILED,
                reason="the sweep was stopped before it vanished",
            )
        return store.Result(
            ref=step.ref,
            name=step.observed.name,
            outcome=Outcome.WAITING,
            reason="the sweep was stopped",
        )

    def _ready(self) -> Iterator[planning.Step]:
        """Yield the steps to take now; settle those whose way did not become free."""
        now = time.monotonic()
        for ref in self._sorter.get_ready():
            step = self._steps[ref]
            stuck = self._find_stuck(step)
            is_guarded = self._kind(ref).is_guarded
            if stuck is None and is_guarded and self._goes_along(step):
                self._following.add(ref)
                self._polled.setdefault(ref.kind, (now, 0.0))
            elif stuck is None and is_guarded:
                self._due[ref] = now
            elif stuck is None and now < self._looked[1]:
                self._let_go(ref)
            elif stuck is None:
                self._held.append(ref)
            else:
                self._fail(ref, f"{stuck} is still there", Outcome.WAITING)
        for ref in [ref for ref, at in self._due.items() if at <= now]:
            del self._due[ref]
            yield self._steps[ref]

    def _find_stuck(self, step: planning.Step) -> resources.Ref | None:
        """Return what had to go before, and is still there."""
        return next((ref for ref in step.after if not self._results[ref].is_gone), None)

    def _goes_along(self, step: planning.Step) -> bool:
        """Whether an owner that takes the resource along is gone by now."""
        return any(
            edge.goes_along and edge.target in self._results and self._results[edge.target].is_gone
            for edge in step.observed.edges
        )

    def _take(self, step: planning.Step, result: store.Result | exceptions.CleanupdError) -> None:
        now = time.monotonic()
        if isinstance(result, exceptions.CleanupdError):
            wait_s = getattr(result, "retry_after_s", None) or 0
            ends_at = self._patience.setdefault(step.ref, now + self._limits.conflict_s)
            if now + wait_s >= ends_at:
                asked = f"; the service wants {wait_s:.0f} s to pass before" if wait_s else ""
                is_conflict = isinstance(result, exceptions.Conflict)
                self._climb(step.ref, f"{result}{asked}", is_conflict=is_conflict)
            else:
                self._due[step.ref] = now + max(self._limits.poll_s, wait_s)
            return
        kind = self._kind(step.ref)
        if result.outcome is Outcome.REMOVED and kind.is_asynchronous:
            self._vanishing[step.ref] = (result, now + self._limits.timeout_s)
            self._polled.setdefault(kind.name, (now, 0.0))
        else:
            self._settle(result)

    def _climb(self, ref: resources.Ref, reason: str, *, is_conflict: bool = False) -> None:
        """Have the next rung taken that is allowed for what could not be removed, or give up."""
        kind = self._kind(ref)
        rung = self._ladder.climb(kind, ref, is_conflict=is_conflict)
        if rung is None:
            advice = self._ladder.advise(kind, ref, is_conflict=is_conflict)
            self._fail(ref, f"{reason}{advice}")
            return
        LOG.warning(
            "%(ref)s: %(reason)s; %(rung)s is tried",
            {"ref": ref, "reason": reason, "rung": rung.name},
        )
        self._vanishing.pop(ref, None)
        self._patience.pop(ref, None)
        self._due[ref] = time.monotonic()

    def _fail(self, ref: resources.Ref, reason: str, outcome: Outcome = Outcome.FAILED) -> None:
        name = self._steps[ref].observed.name
        self._settle(store.Result(ref=ref, name=name, outcome=outcome, reason=reason))

    def _settle(self, result: store.Result) -> None:
        self._results[result.ref] = result
        self._vanishing.pop(result.ref, None)
        self._sorter.done(result.ref)
        self._progress.settled(result.ref, result.outcome)
        LOG.log(
            log.INFO if result.is_gone else log.WARNING,
            "%(ref)s (%(name)s): %(outcome)s%(why)s",
            {
                "ref": result.ref,
                "name": result.name,
                "outcome": result.outcome,
                "why": f": {result.reason}" if result.reason else "",
            },
        )

    def _confirm(self, running: Running) -> None:
        """Settle what has vanished, failed, or taken too long.

        As long as a service is busy with removing, its listings are few:
        they are dear and slow it down, but what waits for what has vanished
        can only go when somebody looks.
        """
        calls = collections.Counter(running.values())
        for kind in {ref.kind for ref in (*self._vanishing, *self._following)}:
            is_busy = calls[self._managers[kind].KIND.service] >= self._limits.workers
            ended, took = self._polled[kind]
            started = time.monotonic()
            if is_busy:
                pause_s = BUSY_PAUSE * max(self._limits.poll_s, took)
            else:
                pause_s = took * (POLL_PAUSE if running or self._due else IDLE_PAUSE)
            if started >= ended + max(self._limits.poll_s, pause_s):
                self._confirm_kind(kind)
                ended = time.monotonic()
                self._polled[kind] = (ended, ended - started)

    def _confirm_kind(self, kind: str) -> None:
        present = self._list(kind)
        now = time.monotonic()
        for ref in [ref for ref in self._following if ref.kind == kind]:
            self._following.remove(ref)
            if present is not None and ref not in present:
                self._settle(self._remover.note_gone(self._steps[ref]))
            else:
                self._due[ref] = now
        for ref in [ref for ref in self._vanishing if ref.kind == kind]:
            result, deadline = self._vanishing[ref]
            if present is not None and ref not in present:
                self._settle(result)
            elif present is not None and self._is_stuck(present[ref]):
                self._climb(ref, f"its status is {present[ref].status}")
            elif now >= deadline:
                self._climb(ref, f"it did not vanish within {self._limits.timeout_s:.0f} s")

    def _list(self, kind: str) -> dict[resources.Ref, resources.Resource] | None:
        """Return what there is of a kind, or None when that cannot be said."""
        try:
            return {r.ref: r for r in self._managers[kind].list(self._cloud, {})}
        except exceptions.CleanupdError as error:
            LOG.warning("%(kind)s could not be listed: %(why)s", {"kind": kind, "why": error})
            return None

    def _is_stuck(self, record: resources.Resource) -> bool:
        """Whether a resource went into an error while it was being removed."""
        status = (record.status or "").lower()
        if self._ladder.current(record.ref) is not None:
            # To be reset it was set to that.
            return "error" in status and status != "error"
        before = self._steps[record.ref].observed.status
        return record.status != before and "error" in status
