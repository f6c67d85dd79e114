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
from importlib import metadata

from cleanupd.conf import settings
from cleanupd.core import certificate
from cleanupd.core import planning
from cleanupd.core import workloads
from cleanupd.engine import sweep as engines
from cleanupd.journal import store
from cleanupd.rpc import api
from cleanupd.service import image_caches
from cleanupd.service import keeper as keepers
from cleanupd.service import scheduler as schedulers
from cleanupd.service import sweeper as sweepers

SYNC = "sync"
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
        self._keeper = keepers.Keeper(engine)
        self.sweeper = sweepers.Sweeper(self._keeper, chosen.rules)
        self.image_caches = image_caches.ImageCaches(chosen.host, chosen.image_caches)
        self.scheduler = schedulers.BackgroundTaskScheduler(self._jobs())

    def follow(self, chosen: settings.Settings) -> None:
        """Use other settings from now on; the model and what is under way stay."""
        if chosen.engine != self._settings.engine:
            self._keeper.rebuild(chosen.engine)
        self._settings = chosen
        self.sweeper.rules = chosen.rules
        self.image_caches.follow(chosen.image_caches)
        self.scheduler.reschedule(self._jobs())

    def _jobs(self) -> tuple[schedulers.Job, ...]:
        return (
            schedulers.Job(
                name=SYNC, schedule=self._settings.sync, run=self.sync, is_first_now=True
            ),
            schedulers.Job(name=SWEEP, schedule=self._settings.sweep, run=self.sweep_scheduled),
            self.image_caches.job(),
        )

    def sync(self) -> str:
        """List the cloud into the model and say what was found."""
        snapshot = self._keeper.observe().snapshot
        doubts = [f"{kind} ({t.reason})" for kind, t in snapshot.trust.items() if t.reason]
        lacking = f"; not listed: {', '.join(sorted(doubts))}" if doubts else ""
        return f"{snapshot.counts().total()} resources of {len(snapshot.roots)} kinds{lacking}"

    def sweep_scheduled(self) -> str:
        """Sweep what the options say, and say what came of it."""
        return self.sweeper.run_scheduled(self._settings.target)

    def status(self) -> api.Status:
        """Return what the daemon is and does."""
        cloud = self._keeper.engine.cloud
        kept = self._keeper.kept
        return api.Status(
            version=metadata.version("cleanupd"),
            api_version=api.VERSION,
            host=self._settings.host,
            cloud=cloud.name,
            region=cloud.region,
            mode=self._settings.rules.mode,
            started_at=self._started_at,
            model_taken_at=kept.snapshot.taken_at if kept else None,
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
        known = self._keeper.observe()
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
