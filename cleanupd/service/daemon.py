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

import datetime
import functools
from importlib import metadata

from oslo_config import cfg

from cleanupd.conf import settings
from cleanupd.core import certificate
from cleanupd.core import planning
from cleanupd.core import workloads
from cleanupd.engine import clock
from cleanupd.engine import sweep as engines
from cleanupd.journal import store
from cleanupd.rpc import api
from cleanupd.service import fetcher as fetchers
from cleanupd.service import image_caches
from cleanupd.service import keeper as keepers
from cleanupd.service import listener as listeners
from cleanupd.service import scheduler as schedulers
from cleanupd.service import sweeper as sweepers
from cleanupd.services.base import collectors
from cleanupd.services.base import notification

SWEEP = "sweep"


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
        self.fetcher = fetchers.Fetcher(managing.get_collectors().values())
        self.listener: listeners.NotificationListener | None = None
        self.sweeper = sweepers.Sweeper(self._keeper, chosen.rules)
        self.image_caches = image_caches.ImageCaches(chosen.host, chosen.image_caches)
        self.scheduler = schedulers.BackgroundTaskScheduler(
            self._jobs(), workers=chosen.job_workers
        )

    def listen(self, conf: cfg.ConfigOpts, source: settings.Notifications) -> None:
        """Have a listener, not started yet, that hears what the bus tells of the cloud."""
        self.listener = listeners.NotificationListener(
            conf, source, self.handlers, lambda: self.scheduler.run_soon(self._syncs)
        )

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
        return {f"sync_{service}": service for service in self._keeper.collectors}

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
            schedulers.Job(name=SWEEP, schedule=self._settings.sweep, run=self.sweep_scheduled),
            self.image_caches.job(),
        )

    def sweep_scheduled(self) -> str:
        """Sweep what the options say, and say what came of it."""
        return self.sweeper.run_scheduled(self._settings.target)

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
        )

    def model(self) -> api.ModelState:
        """Return counts and trust by kind; lists the cloud only if that never happened."""
        return api.model_state(self._keeper.known().snapshot)

    def leaks(self, target: engines.Target, *, is_fresh: bool = False) -> api.Leaks:
        """Return the verdicts for a target; nothing is stored."""
        engine = self._keeper.engine
        selection = engine.select(target)
        known = self._keeper.known(is_fresh=is_fresh)
        judged = engine.judge(known.snapshot, selection, known.sightings)
        return api.leaks(known.snapshot, judged)

    def workloads(self, *, is_fresh: bool = False) -> tuple[workloads.Workload, ...]:
        """Return the workloads that left something, the longest idle first."""
        return self.leaks(engines.Target(), is_fresh=is_fresh).judgement.workloads

    def plan(self, target: engines.Target) -> planning.Plan:
        """List the cloud, make and store a plan; nothing is removed."""
        self._keeper.engine.select(target)
        known = self._keeper.known(is_fresh=True)
        return self._keeper.engine.plan(known.snapshot, target, known.sightings)

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
        """Return all sweeps in the journal, the latest last."""
        return self.sweeper.sweeps()

    def verify(self, target: engines.Target) -> certificate.Certificate:
        """Say by a listing of now what is left of a target."""
        return self._keeper.engine.certify(target)
