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

"""What the daemon answers and what its jobs do, with the model and the sweeps in one place."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent import futures
import datetime
import functools
from importlib import metadata

from oslo_config import cfg

from cleanupd import exceptions
from cleanupd.conf import schedule as groups
from cleanupd.conf import settings
from cleanupd.core import budgets
from cleanupd.core import certificate
from cleanupd.core import judgement
from cleanupd.core import lookup
from cleanupd.core import planning
from cleanupd.core import protections as shields
from cleanupd.core import workloads
from cleanupd.engine import clock
from cleanupd.engine import looking
from cleanupd.engine import sweep as engines
from cleanupd.journal import store
from cleanupd.rpc import api
from cleanupd.rpc import models
from cleanupd.service import fetcher as fetchers
from cleanupd.service import image_caches
from cleanupd.service import keeper as keepers
from cleanupd.service import leadership as leaderships
from cleanupd.service import listener as listeners
from cleanupd.service import presence
from cleanupd.service import rules as laws
from cleanupd.service import scheduler as schedulers
from cleanupd.service import schedules
from cleanupd.service import sweeper as sweepers
from cleanupd.service import watching
from cleanupd.services.base import collectors
from cleanupd.services.base import notification

ENDS = "workloads_over"
WATCH = "watch"
PRESENCE = "presence"


class Daemon:
    """A :class:`~cleanupd.rpc.client.Client` over the model of one region, and its jobs.

    All methods may be called from any thread.
    """

    def __init__(
        self, engine: engines.Engine, chosen: settings.Settings, started_at: datetime.datetime
    ) -> None:
        self._settings = chosen
        self._started_at = started_at
        self._journal = engine.journal
        managing = collectors.CollectorManager(
            engine.cloud, engine.managers, clock.now, find_part=engine.find_part
        )
        self._keeper = keepers.Keeper(engine, managing, chosen.job_workers)
        self.handlers = notification.NotificationHandlerManager(
            managing.get_notification_handlers()
        )
        self.fetcher = fetchers.Fetcher(
            managing.get_collectors().values(),
            is_deaf=lambda: self.listener is None or self.listener.why_deaf is not None,
        )
        self.listener: listeners.NotificationListener | None = None
        self.leadership = leaderships.Leadership(
            engine.journal,
            (engine.cloud.name, engine.cloud.region),
            chosen.coordination,
            chosen.host,
        )
        self.sweeper = sweepers.Sweeper(self._keeper, chosen.rules, self.leadership)
        self.leadership.on_loss = self.sweeper.pause
        self.presence = presence.Presence(
            engine.journal,
            (engine.cloud.name, engine.cloud.region),
            chosen.host,
            started_at,
            self.leadership,
        )
        engine.cloud.guard = self.leadership.check
        self.schedules = schedules.Schedules(
            self._keeper,
            self.sweeper,
            lambda name: self.scheduler.run_soon([_sweep_job(name)]),
        )
        self.image_caches = image_caches.ImageCaches(chosen.host, chosen.image_caches)
        self.scheduler = schedulers.BackgroundTaskScheduler(
            self._jobs(), workers=chosen.job_workers
        )

    def listen(self, conf: cfg.ConfigOpts, source: settings.Notifications) -> None:
        """Have a listener, not started yet, that hears what the bus tells of the cloud."""
        self.listener = listeners.NotificationListener(
            conf, source, self.handlers, lambda: self.scheduler.run_soon(self._syncs)
        )
        self._keeper.watcher.hear(self.listener)

    def follow(self, chosen: settings.Settings) -> None:
        """Use other settings from now on; the model and what is under way stay."""
        if chosen.engine != self._settings.engine:
            self._keeper.rebuild(chosen.engine)
        self._settings = chosen
        self.sweeper.rules = chosen.rules
        self.image_caches.follow(chosen.image_caches)
        self.scheduler.reschedule(self._jobs())

    @property
    def _syncs(self) -> dict[str, str]:
        """The services by the names of the jobs that list them."""
        return {_sync_job(service): service for service in self._keeper.collectors}

    def _jobs(self) -> tuple[schedulers.Job, ...]:
        syncs = (
            schedulers.Job(
                name=name,
                schedule=self._settings.syncs.get(service, settings.Schedule()),
                run=functools.partial(self._keeper.synchronize, service),
                is_first_now=True,
            )
            for name, service in self._syncs.items()
        )
        return (
            *syncs,
            schedulers.Job(
                name=WATCH,
                schedule=settings.Schedule(interval_s=watching.INTERVAL_S),
                run=self._keeper.look,
            ),
            *self._jobs_of_schedules(),
            *self._jobs_of_several(),
            self.image_caches.job(),
        )

    def _jobs_of_schedules(self) -> Iterator[schedulers.Job]:
        known = self._settings.rules.schedules
        for name in (groups.PLAIN, *(name for name in known if name != groups.PLAIN)):
            yield schedulers.Job(
                name=_sweep_job(name),
                schedule=known[name].when if name in known else settings.Schedule(),
                run=functools.partial(self.schedules.run, name),
                is_long=True,
                is_quiet=True,
            )
        yield schedulers.Job(
            name=ENDS,
            schedule=settings.Schedule(interval_s=schedules.LOOK_S),
            run=self.schedules.look,
            is_quiet=True,
        )

    def _jobs_of_several(self) -> Iterator[schedulers.Job]:
        if self._settings.coordination.url is not None:
            yield schedulers.Job(
                name=PRESENCE,
                schedule=settings.Schedule(interval_s=presence.INTERVAL_S),
                run=self.presence.sign,
                is_first_now=True,
                is_quiet=True,
            )

    def daemons(self) -> tuple[api.DaemonState, ...]:
        """Return all daemons of the region that were there lately."""
        return self.presence.daemons()

    def status(self) -> api.Status:
        """Return what the daemon is and does."""
        cloud = self._keeper.engine.cloud
        taken_at = self._keeper.snapshot().taken_at if self._keeper.is_filled else None
        return api.Status(
            version=metadata.version("cleanupd"),
            api_version=api.VERSION,
            host=self._settings.host,
            cloud=cloud.name,
            region=cloud.region,
            mode=self._settings.rules.mode,
            started_at=self._started_at,
            model_taken_at=taken_at,
            jobs=self.scheduler.states(),
            running=self.sweeper.running,
            waiting=self.sweeper.waiting,
            is_leading=self.leadership.fence is not None,
            leader=self._leader(),
        )

    def _leader(self) -> str | None:
        cloud = self._keeper.engine.cloud
        found = self._journal.leader(cloud.name, cloud.region)
        # What is in the daemon's own directory is its own, whatever its name is today.
        return None if found is None else found.host or self._settings.host

    def model(self) -> api.ModelState:
        """Return counts and trust by kind; lists the cloud only if that never happened."""
        return api.model_state(self._keeper.filled())

    def trust(self) -> api.ModelState:
        """Return counts and trust by kind as they are at the moment."""
        return api.model_state(self._keeper.snapshot())

    def records(self, query: lookup.Query) -> models.Found:
        """Return the resources of a kind that fit."""
        parts = looking.find_parts(self._keeper.engine, query)
        return models.found(self._keeper.filled(), query, parts)

    def sync(self, services: Sequence[str] = ()) -> tuple[models.Synced, ...]:
        """List services now, as their jobs do, and return what is known after that."""
        chosen = sorted(set(services)) or list(self._keeper.collectors)
        for service in chosen:
            if service not in self._keeper.collectors:
                raise exceptions.UnknownService(service, tuple(self._keeper.collectors))
        with futures.ThreadPoolExecutor(len(chosen), "sync") as pool:
            return tuple(pool.map(self._sync, chosen))

    def _sync(self, service: str) -> models.Synced:
        job = self.scheduler.run_now(_sync_job(service))
        root = self._keeper.collectors[service].get_latest_cluster_data_model()
        return models.synced(service, root, job.last_result if job.failures else None)

    def stats(self) -> models.ModelStats:
        """Return how the model is kept."""
        cloud = self._keeper.engine.cloud
        jobs = {job.name: job for job in self.scheduler.states()}
        return models.ModelStats(
            cloud=cloud.name,
            region=cloud.region,
            services=tuple(
                self._service_state(service, jobs[_sync_job(service)])
                for service in self._keeper.collectors
            ),
            bus=self._bus(),
        )

    def _service_state(self, service: str, job: api.JobState) -> models.ServiceState:
        kept = self._keeper.collectors[service]
        return models.ServiceState(
            service=service,
            resources=sum(len(r.records) for r in kept.cluster_data_model.roots.values()),
            waiting=kept.touched,
            is_running=job.is_running,
            last_sync_at=job.last_ended_at,
            next_sync_at=job.next_run_at,
            last_result=job.last_result,
            failures=job.failures,
        )

    def _bus(self) -> models.BusState:
        if self.listener is None:
            return models.BusState(why_deaf="[notifications] enabled is false")
        counts, endpoint = self.handlers.counts, self.listener.endpoint
        return models.BusState(
            why_deaf=self.listener.why_deaf,
            handled=counts.handled,
            unwanted=counts.unwanted,
            unknown=counts.unknown,
            failed=counts.failed,
            filtered=endpoint.filtered,
            malformed=endpoint.malformed,
            gaps=self.listener.gaps,
        )

    def leaks(self, target: engines.Target, *, is_fresh: bool = False) -> api.Leaks:
        """Return the verdicts for a target; nothing is stored."""
        known, judged = self._judge(target, is_fresh=is_fresh)
        return api.leaks(known.snapshot, judged)

    def explain(
        self, target: engines.Target, kind: str, resource_id: str, *, is_fresh: bool = False
    ) -> api.Explained:
        """Return why a resource gets its verdict, or none; nothing is stored."""
        looking.check_kind(self._keeper.engine, kind)
        known, judged = self._judge(target, is_fresh=is_fresh)
        found = looking.explain(self._keeper.engine, known.snapshot, judged, kind, resource_id)
        return api.explained(known.snapshot, found)

    def _judge(
        self, target: engines.Target, *, is_fresh: bool
    ) -> tuple[keepers.Knowledge, judgement.Judgement]:
        engine = self._keeper.engine
        selection = engine.select(target)
        known = self._keeper.known(is_fresh=is_fresh)
        if is_fresh:
            self._try_again(k for k, t in known.snapshot.trust.items() if not t.is_fresh)
        return known, engine.judge(known.snapshot, selection, known.sightings)

    def _try_again(self, kinds: Iterable[str]) -> None:
        """Have the services of kinds listed soon that could not be: only jobs try again."""
        doubtful = {kind.partition(".")[0] for kind in kinds}
        names = (name for name, service in self._syncs.items() if service in doubtful)
        self.scheduler.run_soon(names)

    def workloads(self, *, is_fresh: bool = False) -> tuple[workloads.Workload, ...]:
        """Return the workloads that left something, the longest idle first."""
        return self.leaks(engines.Target(), is_fresh=is_fresh).judgement.workloads

    def plan(self, target: engines.Target) -> planning.Plan:
        """List the cloud, make and store a plan; nothing is removed."""
        self._keeper.engine.select(target)
        known = self._keeper.observe()
        patience = laws.find_patience(self._settings.rules, target, is_scheduled=False)
        return self._keeper.engine.plan(known.snapshot, target, known.sightings, patience=patience)

    def stored_plan(self, plan_id: str) -> planning.Plan:
        """Return a stored plan; raises UnknownSweep."""
        return self._journal.plan(plan_id)

    def start(
        self, target: engines.Target, *, confirm: str | None = None, is_dry_run: bool = False
    ) -> store.Sweep:
        """Begin a sweep and return it as it was requested; raises Refused."""
        return self.sweeper.request(target, confirm=confirm, is_dry_run=is_dry_run)

    def execute(self, plan_id: str, *, confirm: str | None = None) -> store.Sweep:
        """Begin to execute a stored plan and return it as requested; raises Refused."""
        return self.sweeper.execute(plan_id, confirm=confirm)

    def sweep(self, sweep_id: str) -> store.Sweep:
        """Return a sweep; raises UnknownSweep."""
        return self.sweeper.sweep(sweep_id)

    def sweeps(self) -> tuple[store.Sweep, ...]:
        """Return all sweeps of the region, the latest last."""
        return self.sweeper.sweeps()

    def cancel(self, sweep_id: str, *, by: str) -> store.Sweep:
        """End a sweep, or withdraw a plan, and return it; raises Refused."""
        return self.sweeper.cancel(sweep_id, by=by)

    def budget(self) -> budgets.Balance:
        """Return how much may be removed, and how much of that is spent."""
        return self._keeper.engine.balance()

    def protect(self, wanted: shields.Wanted, *, by: str) -> shields.Protection:
        """Protect something from all sweeps; raises Refused."""
        return self._keeper.engine.protect(wanted, by=by)

    def protections(self) -> tuple[shields.Protection, ...]:
        """Return all protections of the region, the latest last."""
        return self._keeper.engine.protections()

    def unprotect(self, protection_id: str, *, by: str) -> shields.Protection:
        """Remove a protection, and return it as it was; raises Refused."""
        return self._keeper.engine.unprotect(protection_id, by=by)

    def verify(self, target: engines.Target) -> certificate.Certificate:
        """Say by a listing of now what is left of a target."""
        return self._keeper.engine.certify(target)


def _sync_job(service: str) -> str:
    """Return the name of the job that lists a service."""
    return f"sync_{service}"


def _sweep_job(schedule: str) -> str:
    """Return the name of the job of a schedule."""
    return "sweep" if schedule == groups.PLAIN else f"sweep_{schedule}"
