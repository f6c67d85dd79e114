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

"""When jobs run and what is known of them."""

from concurrent import futures
import logging
import time

import pytest

from cleanupd import exceptions
from cleanupd.conf import settings
from cleanupd.service import scheduler as schedulers
from tests.unit.service import stage

NEVER = settings.Schedule()
HOURLY = settings.Schedule(interval_s=3600)


class Counter:
    """A job that counts how often it ran."""

    def __init__(self, *, trouble=None):
        """Have run never."""
        self.runs = 0
        self.trouble = trouble

    def __call__(self):
        """Run once."""
        self.runs += 1
        if self.trouble is not None:
            raise self.trouble
        return f"run {self.runs}"


@pytest.fixture
def scheduled():
    """Give a function that starts a scheduler with one job, and stop all that it made."""
    made = []

    def start(run, schedule=NEVER, *, is_first_now=True):
        job = schedulers.Job(name="it", schedule=schedule, run=run, is_first_now=is_first_now)
        made.append(schedulers.BackgroundTaskScheduler([job]))
        made[-1].start()
        return made[-1]

    yield start
    for scheduler in made:
        scheduler.stop()
        scheduler.wait()


def state(scheduler):
    """Return the state of the one job."""
    (only,) = scheduler.states()
    return only


def state_of(scheduler, name):
    """Return the state of one of several jobs."""
    return next(one for one in scheduler.states() if one.name == name)


def test_a_job_can_run_at_once(scheduled):
    """Even without a schedule, and then only once."""
    scheduler = scheduled(Counter())
    stage.wait_until(lambda: state(scheduler).last_result)
    assert state(scheduler).last_result == "run 1"
    assert state(scheduler).next_run_at is None


def test_a_scheduled_job_waits_for_its_time(scheduled):
    """The next run is known before it."""
    counter = Counter()
    scheduler = scheduled(counter, HOURLY, is_first_now=False)
    wait_s = (state(scheduler).next_run_at - stage.now()).total_seconds()
    assert 3590 < wait_s <= 3600
    assert counter.runs == 0


def test_a_job_without_a_schedule_has_no_next_run(scheduled):
    """It is told all the same."""
    scheduler = scheduled(Counter(), NEVER, is_first_now=False)
    assert (state(scheduler).interval_s, state(scheduler).next_run_at) == (0, None)


def test_after_the_first_run_the_interval_holds(scheduled):
    """A job that ran at once runs again an interval later."""
    scheduler = scheduled(Counter(), HOURLY)
    stage.wait_until(lambda: state(scheduler).last_result)
    wait_s = (state(scheduler).next_run_at - stage.now()).total_seconds()
    assert 3590 < wait_s <= 3600


def test_jitter_delays_the_next_run(scheduled):
    """It is random, and no longer than the option says."""
    schedule = settings.Schedule(interval_s=3600, jitter_s=600)
    waits = set()
    for _ in range(5):
        scheduler = scheduled(Counter(), schedule, is_first_now=False)
        waits.add((state(scheduler).next_run_at - stage.now()).total_seconds())
    assert len(waits) == 5
    assert all(3590 < wait_s <= 4200 for wait_s in waits)


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (exceptions.Refused("not today"), "failed: not today"),
        (RuntimeError("a bug"), "failed: RuntimeError('a bug')"),
    ],
)
def test_a_job_that_fails_runs_again(scheduled, trouble, expected):
    """What went wrong is told, and the schedule goes on."""
    scheduler = scheduled(Counter(trouble=trouble), HOURLY)
    stage.wait_until(lambda: state(scheduler).last_result)
    assert state(scheduler).last_result == expected
    assert state(scheduler).next_run_at is not None


def test_a_bug_is_logged_with_its_traceback(scheduled, caplog):
    """What an operator can't mend, a developer must see."""
    with caplog.at_level(logging.ERROR):
        scheduler = scheduled(Counter(trouble=RuntimeError("a bug")))
        stage.wait_until(lambda: state(scheduler).last_result)
    assert "Traceback" in caplog.text


def test_a_job_does_not_overlap_itself(scheduled):
    """While it runs it is not run again, and what was missed is made up for once."""
    gate = stage.Gate()
    runs = []

    def run():
        runs.append(time.monotonic())
        gate.pass_through()
        return "done"

    scheduler = scheduled(run, settings.Schedule(interval_s=0.1))
    assert gate.reached.wait(5)
    time.sleep(0.35)
    assert len(runs) == 1
    assert state(scheduler).is_running
    gate.open.set()
    stage.wait_until(lambda: len(runs) > 1)
    assert runs[1] - runs[0] > 0.35


def test_a_schedule_can_be_replaced(scheduled):
    """A job without one gets one, and loses it again; it is not run by that."""
    counter = Counter()
    scheduler = scheduled(counter, NEVER, is_first_now=False)
    for schedule, is_planned in ((HOURLY, True), (NEVER, False)):
        scheduler.reschedule([schedulers.Job(name="it", schedule=schedule, run=counter)])
        assert (state(scheduler).next_run_at is not None) is is_planned
        assert state(scheduler).interval_s == schedule.interval_s
    assert counter.runs == 0


def test_a_job_may_go_by_a_crontab(scheduled):
    """Its next run is at a time of the day, in UTC, without a jitter."""
    schedule = settings.Schedule(cron="30 2 * * *", jitter_s=60)
    found = state(scheduled(Counter(), schedule, is_first_now=False))
    assert (found.cron, found.interval_s) == ("30 2 * * *", 0)
    assert f"{found.next_run_at:%H:%M:%S%z}" == "02:30:00+0000"


def test_jobs_come_and_go(scheduled):
    """The next run of one that comes is known at once, and of one that goes nothing is."""
    counter = Counter()
    scheduler = scheduled(counter, HOURLY, is_first_now=False)
    mine = schedulers.Job(name="it", schedule=HOURLY, run=counter)
    other = schedulers.Job(name="other", schedule=HOURLY, run=counter)
    scheduler.reschedule([mine, other])
    assert [one.name for one in scheduler.states()] == ["it", "other"]
    assert all(one.next_run_at for one in scheduler.states())
    scheduler.reschedule([other])
    assert [one.name for one in scheduler.states()] == ["other"]
    scheduler.run_soon(["it"])
    assert counter.runs == 0
    scheduler.reschedule([mine, other])
    assert state_of(scheduler, "it").next_run_at


def test_a_job_that_goes_ends_what_it_does(scheduled):
    """And does not run beside itself when it comes again."""
    gate = stage.Gate()

    def run():
        gate.pass_through()
        return "through"

    scheduler = scheduled(run, HOURLY)
    assert gate.reached.wait(5)
    scheduler.reschedule([])
    scheduler.reschedule([schedulers.Job(name="it", schedule=HOURLY, run=run)])
    assert state(scheduler).is_running
    gate.open.set()
    stage.wait_until(lambda: state(scheduler).last_result == "through")


def test_a_quiet_job_is_told_of_only_when_it_has_something_to_say(caplog):
    """It runs every few seconds, and mostly there is nothing."""
    said = iter(["", "there it is", ""])
    job = schedulers.Job(name="it", schedule=NEVER, run=lambda: next(said), is_quiet=True)
    scheduler = schedulers.BackgroundTaskScheduler([job])
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            scheduler.run_now("it")
    assert [record.getMessage() for record in caplog.records] == ["Job it: there it is"]
    assert state(scheduler).last_result == "there it is"


def test_the_same_schedule_keeps_its_next_run(scheduled):
    """Reading unchanged options again does not put off what is due."""
    counter = Counter()
    scheduler = scheduled(counter, HOURLY, is_first_now=False)
    before = state(scheduler).next_run_at
    scheduler.reschedule([schedulers.Job(name="it", schedule=HOURLY, run=counter)])
    assert state(scheduler).next_run_at == before


def test_a_new_schedule_does_not_stop_what_runs(scheduled):
    """The run that is under way goes on to its end."""
    gate = stage.Gate()

    def run():
        gate.pass_through()
        return "through"

    scheduler = scheduled(run, HOURLY)
    assert gate.reached.wait(5)
    scheduler.reschedule([schedulers.Job(name="it", schedule=NEVER, run=run)])
    gate.open.set()
    stage.wait_until(lambda: state(scheduler).last_result == "through")


def test_to_stop_is_not_to_wait(scheduled):
    """Stopping interrupts nothing and returns at once; waiting waits."""
    gate = stage.Gate()

    def run():
        gate.pass_through()
        return "through"

    scheduler = scheduled(run)
    assert gate.reached.wait(5)
    scheduler.stop()
    gate.open.set()
    scheduler.wait()
    assert state(scheduler).last_result == "through"


def test_a_scheduler_that_runs_is_not_stuck(scheduled):
    """It says so by a beat of its own."""
    assert scheduled(Counter()).why_stuck() is None


def test_a_scheduler_that_does_nothing_is_stuck():
    """Without a beat for some time, something is wrong."""
    silent = schedulers.BackgroundTaskScheduler([], monotonic=iter((0.0, 60.0)).__next__)
    assert silent.why_stuck() == "the scheduler has done nothing for 60 s"


def wait_s(scheduler):
    """Return how long it is to the next run."""
    return (state(scheduler).next_run_at - stage.now()).total_seconds()


def test_a_job_that_failed_is_tried_again_soon(scheduled):
    """The wait doubles with each failure, up to the interval."""
    schedule = settings.Schedule(interval_s=100, retry_s=30)
    scheduler = scheduled(Counter(trouble=exceptions.Refused("no")), schedule)
    for failures, expected_s in ((1, 30), (2, 60), (3, 100)):
        stage.wait_until(lambda failures=failures: state(scheduler).failures == failures)
        stage.wait_until(lambda expected_s=expected_s: round(wait_s(scheduler)) == expected_s)
        scheduler.run_soon(["it"])


def test_a_job_can_be_asked_for(scheduled):
    """It runs now, and after that as before."""
    counter = Counter()
    scheduler = scheduled(counter, HOURLY, is_first_now=False)
    scheduler.run_soon(["it"])
    stage.wait_until(lambda: counter.runs == 1)
    stage.wait_until(lambda: 3590 < wait_s(scheduler) <= 3600)


def test_who_asks_for_a_job_that_runs_gets_another_run(scheduled):
    """The one that is under way may have begun too early."""
    gate, runs = stage.Gate(), []

    def run():
        runs.append(1)
        if len(runs) == 1:
            gate.pass_through()
        return "done"

    scheduler = scheduled(run, HOURLY)
    assert gate.reached.wait(10)
    scheduler.run_soon(["it"])
    gate.open.set()
    stage.wait_until(lambda: len(runs) == 2)
    stage.wait_until(lambda: 3590 < wait_s(scheduler) <= 3600)
    assert len(runs) == 2


def test_a_job_without_a_schedule_is_not_asked_for(scheduled):
    """Nothing runs that no option wants."""
    counter = Counter()
    scheduler = scheduled(counter, NEVER, is_first_now=False)
    scheduler.run_soon(["it"])
    assert counter.runs == 0


def test_a_job_can_be_run_while_somebody_waits(scheduled):
    """With a schedule or without, and the state that comes back is that of this run."""
    scheduler = scheduled(Counter(trouble=exceptions.Refused("no")), NEVER, is_first_now=False)
    for times in (1, 2):
        ended = scheduler.run_now("it")
        assert (ended.failures, ended.last_result) == (times, "failed: no")


def test_who_waits_for_a_run_waits_for_the_one_under_way(scheduled):
    """What is asked for now begins now, or as soon as it can."""
    gate, runs = stage.Gate(), []

    def run():
        runs.append(time.monotonic())
        gate.pass_through()
        return f"run {len(runs)}"

    scheduler = scheduled(run, HOURLY)
    assert gate.reached.wait(5)
    with futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(scheduler.run_now, "it")
        time.sleep(0.05)
        assert len(runs) == 1
        gate.open.set()
        assert asked.result(5).last_result == "run 2"
