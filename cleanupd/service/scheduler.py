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

"""The jobs of the daemon and when they run."""

from collections.abc import Callable
from collections.abc import Iterable
import contextlib
import datetime
import threading
import time

from apscheduler.executors import pool  # type: ignore[import-untyped]
from apscheduler.jobstores import base  # type: ignore[import-untyped]
from apscheduler.schedulers import background  # type: ignore[import-untyped]
from apscheduler.triggers import base as triggers  # type: ignore[import-untyped]
from apscheduler.triggers import interval
import msgspec
from oslo_log import log
from oslo_service import service  # type: ignore[import-untyped]

from cleanupd import exceptions
from cleanupd.conf import crontab
from cleanupd.conf import settings
from cleanupd.engine import clock
from cleanupd.rpc import api

LOG = log.getLogger(__name__)

#: How often the scheduler proves that it is alive.
BEAT_S = 5.0
#: The interval of a job that runs once.  APScheduler would forget a job that is
#: over, and trips if it does so while it is being stopped.
_NEVER_S = 10 * 365 * 24 * 3600
_BEAT = "beat"
_LONG = "long"
#: As many sweeps as may wait, and some: there is a thread only for each that does.
_MOST_LONG = 64


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do again and again; ``run`` says in a sentence what came of it.

    ``is_first_now`` jobs run for the first time when the daemon starts, even
    without a schedule, and others after the first interval.  ``is_long`` ones
    take no worker from others, and the log tells nothing of ``is_quiet`` ones
    as long as they have nothing to say.
    """

    name: str
    schedule: settings.Schedule
    run: Callable[[], str]
    is_first_now: bool = False
    is_long: bool = False
    is_quiet: bool = False


class BackgroundTaskScheduler(service.ServiceBase):  # type: ignore[misc]
    """Runs jobs, each in a thread, none of them twice at the same time.

    A run that is missed is made up for once, or not at all when it is later
    than its grace.  A job that fails is run again soon, where its schedule
    has a pause for that, and else at its next time.

    It has APScheduler's ``BackgroundScheduler`` and is none: the two have
    other ideas of what it is to start and to stop.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        *,
        workers: int = 8,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        #: What there ever was, in order, since it may still run.
        self._runs = {job.name: _Run(job, self._ended) for job in jobs}
        self._scheduler = background.BackgroundScheduler(
            timezone=datetime.UTC,
            executors={
                "default": pool.ThreadPoolExecutor(workers),
                _LONG: pool.ThreadPoolExecutor(_MOST_LONG),
                # Long jobs must not keep the beat waiting.
                _BEAT: pool.ThreadPoolExecutor(1),
            },
        )
        self._beaten_at = monotonic()

    def start(self) -> None:
        """Start the scheduler with all jobs that have a schedule."""
        self._scheduler.add_job(
            self._beat,
            interval.IntervalTrigger(seconds=BEAT_S, timezone=datetime.UTC),
            executor=_BEAT,
        )
        for run in self._runs.values():
            self._add(run, is_first_now=run.job.is_first_now)
        self._scheduler.start()

    def stop(self) -> None:
        """Begin no job any more; those that run are not interrupted."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def wait(self) -> None:
        """Return when no job runs any more."""
        for run in self._runs.values():
            with run.running:
                pass

    def reset(self) -> None:
        """Do nothing: what SIGHUP changes comes by :meth:`reschedule`."""

    def reschedule(self, jobs: Iterable[Job]) -> None:
        """Have these jobs instead of those that there were; what runs goes on."""
        before, now = self._runs, {job.name: job for job in jobs}
        for name, job in now.items():
            run = before.get(name) or _Run(job, self._ended)
            self._runs = self._runs | {name: run}
            is_other = name not in before or run.is_gone or job.schedule != run.job.schedule
            run.job, run.is_gone = job, False
            if is_other:
                self._add(run, is_first_now=False)
        for name, run in before.items():
            if name not in now and not run.is_gone:
                run.is_gone = True
                self._remove(name)

    def run_soon(self, names: Iterable[str]) -> None:
        """Have scheduled jobs run now; those that run already run once more after that."""
        for name in names:
            self._runs[name].is_wanted = True
            self._run_at(name, clock.now())

    def run_now(self, name: str) -> api.JobState:
        """Run a job in this thread, after a run that is under way; return what is known then."""
        run = self._runs[name]
        run()
        return self._state(run)

    def states(self) -> tuple[api.JobState, ...]:
        """Return what is known of each job."""
        return tuple(self._state(run) for run in self._runs.values() if not run.is_gone)

    def _state(self, run: "_Run") -> api.JobState:
        return run.state(self._next_run_at(run.job))

    def why_stuck(self) -> str | None:
        """Say why no job will be run any more; None while all is well."""
        silent_s = self._monotonic() - self._beaten_at
        if silent_s < 3 * BEAT_S:
            return None
        return f"the scheduler has done nothing for {silent_s:.0f} s"

    def _ended(self, run: "_Run") -> None:
        """Run a job again soon that failed, or that somebody asked for while it ran."""
        job, schedule = run.job, run.job.schedule
        if run.is_wanted:
            self._run_at(job.name, clock.now())
        elif run.failures and schedule.retry_s and not run.is_gone:
            wait_s = min(schedule.retry_s * 2 ** min(run.failures - 1, 20), schedule.interval_s)
            self._run_at(job.name, clock.now() + datetime.timedelta(seconds=wait_s))

    def _run_at(self, name: str, moment: datetime.datetime) -> None:
        # A job without a schedule is not there, and a stopped scheduler has none.
        with contextlib.suppress(base.JobLookupError):
            if self._scheduler.running:
                self._scheduler.modify_job(name, next_run_time=moment)

    def _beat(self) -> None:
        self._beaten_at = self._monotonic()

    def _next_run_at(self, job: Job) -> datetime.datetime | None:
        found = self._scheduler.get_job(job.name) if job.schedule.is_on else None
        # Before the scheduler runs, its jobs have no such attribute.
        return getattr(found, "next_run_time", None)

    def _add(self, run: "_Run", *, is_first_now: bool) -> None:
        job = run.job
        self._remove(job.name)
        if not job.schedule.is_on and not is_first_now:
            return
        options = {"next_run_time": clock.now()} if is_first_now else {}
        self._scheduler.add_job(
            run,
            _trigger(job.schedule),
            id=job.name,
            name=job.name,
            executor=_LONG if job.is_long else "default",
            max_instances=1,
            coalesce=True,
            misfire_grace_time=job.schedule.grace_s,
            **options,
        )

    def _remove(self, name: str) -> None:
        if self._scheduler.get_job(name) is not None:
            self._scheduler.remove_job(name)


def _trigger(schedule: settings.Schedule) -> triggers.BaseTrigger:
    if schedule.cron:
        return crontab.make_trigger(schedule.cron)
    return interval.IntervalTrigger(
        seconds=schedule.interval_s or _NEVER_S,
        jitter=schedule.jitter_s or None,
        timezone=datetime.UTC,
    )


class _Run:
    """A job, with what came of it the last time."""

    def __init__(self, job: Job, ended: Callable[["_Run"], None]) -> None:
        self.job = job
        self.running = threading.Lock()
        #: How often it failed since it last succeeded.
        self.failures = 0
        #: Whether somebody asked for a run that has not begun.
        self.is_wanted = False
        #: Whether it is a job no more.
        self.is_gone = False
        self._ended = ended
        self._last_ended_at: datetime.datetime | None = None
        self._last_result: str | None = None

    def __call__(self) -> None:
        """Run the job and note what came of it; never raises."""
        with self.running:
            name, self.is_wanted, has_failed = self.job.name, False, True
            try:
                result = self.job.run()
                has_failed = False
                if result or not self.job.is_quiet:
                    LOG.info("Job %(name)s: %(result)s", {"name": name, "result": result})
                else:
                    LOG.debug("Job %(name)s has nothing to do", {"name": name})
            except exceptions.CleanupdError as error:
                result = f"failed: {error}"
                LOG.warning("Job %(name)s %(result)s", {"name": name, "result": result})
            except Exception as error:  # the schedule is kept alive
                result = f"failed: {error!r}"
                LOG.exception("Job %(name)s failed", {"name": name})
            self.failures = self.failures + 1 if has_failed else 0
            self._last_ended_at = clock.now()
            self._last_result = result or self._last_result
        self._ended(self)

    def state(self, next_run_at: datetime.datetime | None) -> api.JobState:
        """Return what is known of the job."""
        return api.JobState(
            name=self.job.name,
            interval_s=self.job.schedule.interval_s,
            cron=self.job.schedule.cron,
            is_running=self.running.locked(),
            next_run_at=next_run_at,
            last_ended_at=self._last_ended_at,
            last_result=self._last_result,
            failures=self.failures,
        )
