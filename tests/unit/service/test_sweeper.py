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

"""What becomes of a request for a sweep."""

import logging

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.conf import settings
from cleanupd.engine import sweep as sweeps
from cleanupd.journal.store import Outcome
from cleanupd.journal.store import State
from cleanupd.service import sweeper as sweepers
from tests.unit.core import sample
from tests.unit.service import stage

REPORT = settings.Rules()
UNKNOWN = "11111111-8f0e-4d5b-9c43-1f4d2f7a6b10"
NOW = "2026-03-01T12:00:00.000+00:00"
OVER = (State.PLANNED, State.DONE, State.FAILED, State.CANCELLED)


def finish(sweeper, sweep):
    """Return a sweep when it is over."""
    stage.wait_until(lambda: sweeper.sweep(sweep.id).state in OVER)
    return sweeper.sweep(sweep.id)


def request(sweeper, target=stage.NAMED, confirm=None, *, is_dry_run=False):
    """Ask for a sweep."""
    return sweeper.request(target, confirm=confirm, is_dry_run=is_dry_run)


def deletes(cloud):
    """Return the ids that were removed."""
    return [id_ for what, id_ in cloud.log if what == "delete"]


def hold_up(cloud):
    """Return a gate that stands before each look at a resource."""
    gate = stage.Gate()
    cloud.log = Log(gate)
    return gate


class Slow:
    """A journal with a gate behind each sweep that is planned."""

    def __init__(self, journal, gate):
        """Stand before another journal."""
        self._journal = journal
        self._gate = gate

    def __getattr__(self, name):
        """Be that journal in everything else."""
        return getattr(self._journal, name)

    def fenced(self, fence):
        """Return the same for an executor."""
        return Slow(self._journal.fenced(fence), self._gate)

    def save(self, sweep, plan=None, **options):
        """Save, and wait if it is a plan."""
        self._journal.save(sweep, plan, **options)
        if sweep.state is State.PLANNED:
            self._gate.pass_through()


class Log(list):
    """A log of what is done to a cloud, with a gate before it."""

    def __init__(self, gate):
        """Be empty."""
        super().__init__()
        self.gate = gate

    def append(self, entry):
        """Pass the gate first."""
        self.gate.pass_through()
        super().append(entry)


def test_a_named_workload_is_removed(sweeper, cloud):
    """In mode enforce the sweep runs to its certificate."""
    done = finish(sweeper, request(sweeper))
    assert done.state is State.DONE
    assert done.certificate.is_clean
    assert deletes(cloud) == ["net"]


def test_a_request_is_on_disk_before_it_is_answered(sweeper, keeper, cloud):
    """Whoever got an id can ask for it, whatever happens to the daemon."""
    gate = hold_up(cloud)
    answer = request(sweeper)
    assert answer.state is State.REQUESTED
    assert keeper.engine.journal.sweep(answer.id).id == answer.id
    gate.open.set()


def test_in_mode_report_the_plan_is_stored_and_nothing_removed(sweeper, keeper, cloud):
    """The answer names the option that enables it."""
    sweeper.rules = REPORT
    done = finish(sweeper, request(sweeper))
    assert done.state is State.PLANNED
    assert "set [sweep] mode = enforce" in done.note
    assert len(keeper.engine.journal.plan(done.id).steps) == 1
    assert not cloud.log


def test_a_dry_run_removes_nothing(sweeper, cloud):
    """In any mode."""
    done = finish(sweeper, request(sweeper, is_dry_run=True))
    assert done.state is State.PLANNED
    assert done.note == "nothing was removed: it was a dry run"
    assert not cloud.log


def test_unnamed_workloads_are_refused(sweeper, keeper):
    """In mode enforce a request that may not be done is not even planned."""
    with pytest.raises(exceptions.Refused, match="all_over = true"):
        request(sweeper, stage.IDLE, "sample")
    assert keeper.engine.journal.sweeps() == ()


def test_unnamed_workloads_are_removed_with_the_options_and_the_name(sweeper, keeper, cloud):
    """Idle ones are, when everything that is asked for is there."""
    sweeper.rules = stage.ENFORCE_IDLE
    stage.see_idle(keeper, stage.DAY_S)
    assert finish(sweeper, request(sweeper, stage.IDLE, "sample")).state is State.DONE
    assert deletes(cloud) == ["net"]


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_everything_is_refused(sweeper, is_dry_run):
    """Even for a look."""
    with pytest.raises(exceptions.Refused, match="never swept over the bus"):
        request(sweeper, sweeps.Target(is_everything=True), "sample", is_dry_run=is_dry_run)


def test_what_cannot_be_meant_is_refused_at_once(sweeper, keeper):
    """A kind that does not exist is told to the caller, not to the log."""
    target = sweeps.Target(workloads=(stage.WORKLOAD,), kinds=("compute.toaster",))
    with pytest.raises(exceptions.UnknownKind):
        request(sweeper, target)
    assert keeper.engine.journal.sweeps() == ()


def test_a_sweep_looks_at_the_cloud_of_now(sweeper, keeper, cloud):
    """What the model remembers is not what is planned on."""
    keeper.known()
    late = sample.record("network.network", "late", name=sample.name("late"), project_id="p")
    cloud.add(late)
    finish(sweeper, request(sweeper))
    assert sorted(deletes(cloud)) == ["late", "net"]


def test_a_task_without_a_trace_is_no_success(sweeper):
    """Its workloads are not known to the daemon, so that nothing proves it clean."""
    done = finish(sweeper, request(sweeper, sweeps.Target(tasks=(UNKNOWN,))))
    assert done.state is State.FAILED
    assert "name them, too" in done.note


def test_a_stored_plan_is_executed_once(sweeper, keeper, cloud):
    """A second order for it is refused."""
    known = keeper.known()
    plan = keeper.engine.plan(known.snapshot, stage.NAMED)
    assert sweeper.execute(plan.id, confirm=None).state is State.REQUESTED
    with pytest.raises(exceptions.Refused, match="already: make a new one"):
        sweeper.execute(plan.id, confirm=None)
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.DONE)
    assert deletes(cloud) == ["net"]


def test_a_stored_plan_is_not_executed_in_mode_report(sweeper, keeper, cloud):
    """The refusal names the option, and the plan is still there."""
    sweeper.rules = REPORT
    plan = keeper.engine.plan(keeper.known().snapshot, stage.NAMED)
    with pytest.raises(exceptions.Refused, match="mode = enforce"):
        sweeper.execute(plan.id, confirm=None)
    assert sweeper.sweep(plan.id).state is State.PLANNED
    assert not cloud.log


def test_a_plan_of_another_cloud_is_refused(sweeper, keeper):
    """A journal may have been moved."""
    plan = keeper.engine.plan(keeper.known().snapshot, stage.NAMED)
    journal = keeper.engine.journal
    journal.save(journal.sweep(plan.id), msgspec.structs.replace(plan, region="two"))
    with pytest.raises(exceptions.Refused, match="region two"):
        sweeper.execute(plan.id, confirm=None)


def test_a_plan_that_is_not_there_is_told(sweeper):
    """A caller cannot bring a plan along."""
    with pytest.raises(exceptions.UnknownSweep):
        sweeper.execute("20260301T120000-abcdef", confirm=None)


def test_a_sweep_that_goes_on_is_never_shown_as_planned(sweeper, keeper, cloud):
    """Between its plan and its first removal, whoever waits for it goes on waiting."""
    journal = keeper.engine.journal
    gate = stage.Gate()
    keeper.engine.journal = Slow(journal, gate)
    sweep = request(sweeper)
    assert gate.reached.wait(5)
    assert journal.sweep(sweep.id).state is State.PLANNED
    assert sweeper.sweep(sweep.id).state is State.REQUESTED
    assert sweeper.sweeps()[-1].state is State.REQUESTED
    gate.open.set()
    assert finish(sweeper, sweep).state is State.DONE


def test_while_a_sweep_runs_its_results_are_shown(sweeper, cloud):
    """Names and outcomes of what is settled so far."""
    cloud.lingering[sample.ref("compute.server", "slow")] = 10**9
    cloud.add(
        sample.record("compute.server", "slow", name=sample.name("slow"), project_id="p"),
    )
    sweep = request(sweeper)
    stage.wait_until(lambda: sweeper.sweep(sweep.id).results)
    (settled,) = sweeper.sweep(sweep.id).results
    assert (settled.ref.id, settled.name) == ("net", sample.name("net"))
    assert settled.outcome is Outcome.REMOVED
    assert sweeper.running == sweep.id
    cloud.lingering[sample.ref("compute.server", "slow")] = 1


def test_sweeps_run_one_after_the_other(sweeper, cloud):
    """The second waits, visibly, until the first is over."""
    gate = hold_up(cloud)
    first = request(sweeper)
    assert gate.reached.wait(5)
    second = request(sweeper)
    assert (sweeper.running, sweeper.waiting) == (first.id, (second.id,))
    gate.open.set()
    assert finish(sweeper, second).state is State.DONE
    assert deletes(cloud) == ["net"]


def test_the_queue_has_an_end(sweeper, cloud):
    """Whoever floods the bus is refused."""
    gate = hold_up(cloud)
    request(sweeper)
    assert gate.reached.wait(5)
    for _ in range(sweepers.MOST_WAITING):
        request(sweeper)
    with pytest.raises(exceptions.Refused, match="waiting already"):
        request(sweeper)
    gate.open.set()


def test_a_stopping_daemon_begins_nothing(sweeper, cloud):
    """What comes is refused, the call under way ends; the next daemon sees to what waits."""
    gate = hold_up(cloud)
    first = request(sweeper)
    assert gate.reached.wait(5)
    second = request(sweeper)
    sweeper.stop()
    with pytest.raises(exceptions.Refused, match="stopping"):
        request(sweeper)
    gate.open.set()
    sweeper.wait()
    assert sweeper.sweep(first.id).state is State.RUNNING
    assert sweeper.sweep(second.id).state is State.REQUESTED
    assert sweeper.waiting == (second.id,)


def test_a_failed_listing_fails_the_sweep_and_not_the_next(sweeper, cloud):
    """The reason is in the sweep, and the thread goes on."""
    good = cloud.visibility

    def fail():
        raise exceptions.ServiceUnreachable("identity", "u", "down")

    cloud.visibility = fail
    done = finish(sweeper, request(sweeper))
    assert done.state is State.FAILED
    assert "identity at u cannot be reached" in done.note
    cloud.visibility = good
    assert finish(sweeper, request(sweeper)).state is State.DONE


def test_a_bug_fails_the_sweep_and_not_the_next(sweeper, cloud, caplog):
    """It is logged with its traceback."""
    good = cloud.visibility
    cloud.visibility = None
    with caplog.at_level(logging.ERROR):
        done = finish(sweeper, request(sweeper))
    assert done.state is State.FAILED
    assert "TypeError" in caplog.text
    cloud.visibility = good
    assert finish(sweeper, request(sweeper)).state is State.DONE


def test_the_schedule_without_a_target_does_nothing(sweeper, keeper):
    """It says which options would give it one."""
    said = sweeper.run_scheduled(None)
    assert "[sweep] tasks" in said
    assert keeper.engine.journal.sweeps() == ()


def test_the_schedule_sweeps_its_target(sweeper, cloud):
    """And says what came of it."""
    said = sweeper.run_scheduled(stage.NAMED)
    assert said.endswith("done: 1 of 1 gone")
    assert deletes(cloud) == ["net"]


def test_the_schedule_needs_no_confirmation(sweeper, keeper, cloud):
    """Who can write the options has confirmed by it."""
    sweeper.rules = stage.ENFORCE_IDLE
    stage.see_idle(keeper, stage.DAY_S)
    sweeper.run_scheduled(stage.IDLE)
    assert deletes(cloud) == ["net"]


def test_the_schedule_only_reports_in_mode_report(sweeper, cloud):
    """What it says names the option that enables it."""
    sweeper.rules = REPORT
    said = sweeper.run_scheduled(stage.NAMED)
    assert "1 planned" in said
    assert "set [sweep] mode = enforce" in said
    assert not cloud.log


def test_a_scheduled_task_without_a_trace_is_no_failure(sweeper):
    """The sweep before has usually left nothing."""
    assert " done: 0 of 0 gone" in sweeper.run_scheduled(sweeps.Target(tasks=(UNKNOWN,)))
