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

"""The client without a daemon: an engine in this process, made when it is needed."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from concurrent import futures
import contextlib
import functools
import threading
from typing import TYPE_CHECKING

import msgspec

from cleanupd import exceptions
from cleanupd.cli import interruption
from cleanupd.core import baselines
from cleanupd.core import budgets
from cleanupd.core import certificate
from cleanupd.core import lookup
from cleanupd.core import model
from cleanupd.core import planning
from cleanupd.core import protections as shields
from cleanupd.core import workloads
from cleanupd.engine import clock
from cleanupd.engine import looking
from cleanupd.engine import progress as progresses
from cleanupd.engine import sweep as engines
from cleanupd.journal import store
from cleanupd.rpc import api
from cleanupd.rpc import models
from cleanupd.services.base import collectors

if TYPE_CHECKING:
    from cleanupd.journal import sql

_ASK_A_DAEMON = "leave --os-cloud out, and give --config-file FILE"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """On which a process removes anything.

    A plan may be executed for ``plan_lifetime_s`` seconds (0: for ever).  One
    process at a time can enter ``hold``.  ``why_daemons`` says why only a
    daemon may remove anything, None where that is not so.
    """

    plan_lifetime_s: float = 0.0
    hold: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext
    why_daemons: str | None = None


class InProcessClient:
    """A :class:`~cleanupd.rpc.client.Client` that does itself what is asked of it.

    ``connect`` makes the engine; what only reads the journal never calls it.
    Every method that looks at the cloud lists it anew.  A signal ends a
    removal after the calls that are under way, and ``say`` tells so.
    """

    def __init__(
        self,
        connect: Callable[["sql.Journal"], engines.Engine],
        journal: "sql.Journal",
        cloud: str,
        progress: progresses.Progress | None = None,
        *,
        say: Callable[[str], None] = lambda _: None,
        terms: Terms | None = None,
    ) -> None:
        self._connect = connect
        self._terms = terms or Terms()
        self._journal = journal
        self._cloud = cloud
        self._progress = progress or progresses.Silence()
        self._say = say
        self._snapshot: model.Snapshot | None = None
        #: The plans that this process has made: nobody can have approved one of them by its id.
        self._made: set[str] = set()

    @functools.cached_property
    def _engine(self) -> engines.Engine:
        return self._connect(self._journal)

    def _observe(self) -> model.Snapshot:
        self._snapshot = self._engine.observe(self._progress)
        return self._snapshot

    def model(self) -> api.ModelState:
        """Return what the last listing of this client showed, or that of a new one."""
        return api.model_state(self._snapshot or self._observe())

    def trust(self) -> api.ModelState:
        """Return the same: this process knows nothing but what it lists."""
        return self.model()

    def records(self, query: lookup.Query) -> models.Found:
        """List the service of a kind and return its resources that fit."""
        parts = looking.find_parts(self._engine, query)
        service = self._engine.managers[query.kind].KIND.service
        self.sync([service])
        root = self._collecting.get_collector(service).get_latest_cluster_data_model()
        return models.found(root, query, parts)

    def status(self) -> api.Status:
        """Raise Refused: nothing goes on here between two commands."""
        raise exceptions.Refused(f"only a daemon has schedules: {_ASK_A_DAEMON}")

    def daemons(self) -> tuple[api.DaemonState, ...]:
        """Raise Refused: this process is none."""
        raise exceptions.Refused(f"only a daemon knows of daemons: {_ASK_A_DAEMON}")

    def stats(self) -> models.ModelStats:
        """List everything and return how that went; nothing is heard in this process."""
        return models.ModelStats(
            cloud=self._engine.cloud.name,
            region=self._engine.cloud.region,
            services=tuple(
                models.ServiceState(
                    service=synced.service,
                    resources=synced.count,
                    last_sync_at=clock.now(),
                    last_result=synced.result,
                    failures=1 if synced.problem else 0,
                )
                for synced in self.sync()
            ),
            bus=models.BusState(why_deaf="only a daemon listens"),
        )

    def sync(self, services: Sequence[str] = ()) -> tuple[models.Synced, ...]:
        """List services, all where none is named, and return what was found."""
        known = self._collecting.get_collectors()
        chosen = {s: self._collecting.get_collector(s) for s in sorted(set(services) or known)}
        # Who may not ask the cloud anything is told that once, not for each kind.
        self._engine.cloud.visibility()
        self._progress.listing(sum(len(one.managers) for one in chosen.values()))
        listed = []
        with futures.ThreadPoolExecutor(self._engine.settings.list_workers, "sync") as pool:
            running = {pool.submit(one.synchronize): name for name, one in chosen.items()}
            for future in futures.as_completed(running):
                future.result()
                name = running[future]
                listed.append(models.synced(name, chosen[name].get_latest_cluster_data_model()))
                for kind in listed[-1].kinds:
                    self._progress.listed(kind.kind, None if kind.doubt else kind.count)
        return tuple(sorted(listed, key=lambda synced: synced.service))

    @functools.cached_property
    def _collecting(self) -> collectors.CollectorManager:
        engine = self._engine
        return collectors.CollectorManager(
            engine.cloud, engine.managers, clock.now, find_part=engine.find_part
        )

    def leaks(self, target: engines.Target, *, is_fresh: bool = False) -> api.Leaks:  # noqa: ARG002
        """List and return the verdict on all resources that may be a benchmark's."""
        selection = self._engine.select(target)
        snapshot = self._observe()
        sightings = self._engine.sight(snapshot)
        return api.leaks(snapshot, self._engine.judge(snapshot, selection, sightings))

    def explain(
        self,
        target: engines.Target,
        kind: str,
        resource_id: str,
        *,
        is_fresh: bool = False,  # noqa: ARG002
    ) -> api.Explained:
        """List and return why a resource gets its verdict, or none."""
        looking.check_kind(self._engine, kind)
        judged = self.leaks(target).judgement
        snapshot = self._snapshot or self._observe()
        found = looking.explain(self._engine, snapshot, judged, kind, resource_id)
        return api.explained(snapshot, found)

    def workloads(self, *, is_fresh: bool = False) -> tuple[workloads.Workload, ...]:  # noqa: ARG002
        """List and return the workloads that left something."""
        return self.leaks(engines.Target(is_everything=True)).judgement.workloads

    def plan(self, target: engines.Target) -> planning.Plan:
        """List, make and store a plan; nothing is removed."""
        self._engine.select(target)
        snapshot = self._observe()
        plan = self._engine.plan(snapshot, target, self._engine.sight(snapshot))
        self._made.add(plan.id)
        return plan

    def stored_plan(self, plan_id: str) -> planning.Plan:
        """Return a stored plan; raises UnknownSweep."""
        return self._journal.plan(plan_id)

    def start(
        self, target: engines.Target, *, confirm: str | None = None, is_dry_run: bool = False
    ) -> store.Sweep:
        """Sweep and return what came of it; a dry run ends with the plan."""
        if not is_dry_run:
            is_wide = target.idle_s is not None or target.is_everything
            self._check_allowed(target.limits, is_wide=is_wide, confirm=confirm)
        plan = self.plan(target)
        return self.sweep(plan.id) if is_dry_run else self._run(plan)

    def execute(self, plan_id: str, *, confirm: str | None = None) -> store.Sweep:
        """Remove what a stored plan says, once, and return what came of it."""
        plan = self._journal.plan(plan_id)
        limits = plan.selection.limits
        self._check_allowed(limits, is_wide=plan.selection.is_wide, confirm=confirm)
        if reason := self._why_not(plan):
            raise exceptions.Refused(f"plan {plan_id} is not executed: {reason}; make a new one")
        confirmed = {self._cloud, *(limit.project for limit in limits)}
        is_approved = confirm in confirmed and plan_id not in self._made
        return self._run(plan, is_approved=is_approved)

    def _run(self, plan: planning.Plan, *, is_approved: bool = False) -> store.Sweep:
        stop = threading.Event()
        with (
            self._terms.hold(),
            interruption.stopping(stop, lambda: self._say("stopping after what is under way")),
        ):
            self._end_interrupted()
            return self._engine.execute(plan, self._progress, stop, is_approved=is_approved)

    def _end_interrupted(self) -> None:
        """Mark the sweeps that were killed: as nobody else removes now, none of them runs."""
        cloud = self._engine.cloud
        for sweep in self._journal.unfinished(cloud.name, cloud.region):
            unknown = sum(one.outcome is store.Outcome.UNKNOWN for one in sweep.results)
            note = "its process ended before it did"
            if unknown:
                note += f"; of {unknown} removals it is not known what came of them"
            self._say(f"sweep {sweep.id} was interrupted: {note}")
            ended = clock.now().isoformat(timespec="seconds")
            failed = {"state": store.State.FAILED, "ended_at": ended, "note": note}
            self._journal.save(msgspec.structs.replace(sweep, **failed))

    def _why_not(self, plan: planning.Plan) -> str | None:
        here = (self._engine.cloud.name, self._engine.cloud.region)
        if (plan.cloud, plan.region) != here:
            return f"it is for cloud {plan.cloud}, region {plan.region}"
        state = self._journal.sweep(plan.id).state
        if state is store.State.CANCELLED:
            return "it was cancelled"
        if state is not store.State.PLANNED:
            return "it was executed before"
        age_s = (clock.now() - plan.made_at).total_seconds()
        if self._terms.plan_lifetime_s and age_s > self._terms.plan_lifetime_s:
            return f"it is older than {self._terms.plan_lifetime_s:.0f} s ([sweep] plan_lifetime)"
        return None

    def _check_allowed(
        self, limits: Iterable[baselines.Limit], *, is_wide: bool, confirm: str | None
    ) -> None:
        """Return if something may be removed at all; ``is_wide``: what nobody has named, too."""
        if self._terms.why_daemons:
            raise exceptions.Refused(self._terms.why_daemons)
        if reason := self._engine.why_only_reported():
            raise exceptions.Refused(reason)
        for limit in limits:
            if confirm != limit.project:
                raise exceptions.Refused(
                    "the name of the project has to be confirmed whose resources are to go:"
                    f" --confirm {limit.project}"
                )
        if is_wide and confirm != self._cloud:
            raise exceptions.Refused(
                "without a named task or workload the name of the cloud has to be confirmed:"
                f" --confirm {self._cloud}"
            )

    def sweep(self, sweep_id: str) -> store.Sweep:
        """Return a stored sweep; raises UnknownSweep."""
        return self._journal.sweep(sweep_id)

    def sweeps(self) -> tuple[store.Sweep, ...]:
        """Return the stored sweeps of this cloud, the latest last."""
        return self._journal.sweeps(self._cloud)

    def cancel(self, sweep_id: str, *, by: str) -> store.Sweep:
        """Withdraw a stored plan; a sweep that runs is its own process's to end."""
        sweep = self._journal.sweep(sweep_id)
        if sweep.state is store.State.RUNNING:
            raise exceptions.Refused(
                f"sweep {sweep_id} runs in a process of its own: press Ctrl-C there, or send it"
                " SIGTERM"
            )
        if sweep.state is not store.State.PLANNED:
            raise exceptions.Refused(f"sweep {sweep_id} is {sweep.state} already")
        note = str(exceptions.Cancelled(by))
        cancelled = msgspec.structs.replace(sweep, state=store.State.CANCELLED, note=note)
        self._journal.save(cancelled)
        return cancelled

    def budget(self) -> budgets.Balance:
        """Return the budgets, and what is spent of them in the journal of this process."""
        return self._engine.balance()

    def protect(self, wanted: shields.Wanted, *, by: str) -> shields.Protection:
        """Protect something from the sweeps of this journal; raises Refused."""
        return self._engine.protect(wanted, by=by)

    def protections(self) -> tuple[shields.Protection, ...]:
        """Return the protections of the region in this journal, the latest last."""
        return self._engine.protections()

    def unprotect(self, protection_id: str, *, by: str) -> shields.Protection:
        """Remove a protection, and return it as it was; raises Refused."""
        return self._engine.unprotect(protection_id, by=by)

    def verify(self, target: engines.Target) -> certificate.Certificate:
        """Say by a new listing what is left of a target."""
        return self._engine.certify(target, self._progress)
