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

"""A sweep of the daemon that somebody ends, and one that the budgets hold."""

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.journal.store import State
from tests.unit.core import sample
from tests.unit.service import stage
from tests.unit.service import test_sweeper as sweeping


def test_a_sweep_that_waits_is_cancelled_at_once(sweeper, cloud):
    """It never begins, and its place is free."""
    gate = sweeping.hold_up(cloud)
    first = sweeping.request(sweeper)
    assert gate.reached.wait(5)
    second = sweeping.request(sweeper)
    cancelled = sweeper.cancel(second.id, by="alice")
    assert (cancelled.state, cancelled.note) == (State.CANCELLED, "it was cancelled by alice")
    assert sweeper.waiting == ()
    gate.open.set()
    sweeping.finish(sweeper, first)
    third = sweeping.finish(sweeper, sweeping.request(sweeper))
    assert third.state is State.DONE
    assert sweeper.sweep(second.id) == cancelled


def test_a_sweep_that_removes_is_cancelled(sweeper, cloud):
    """The call under way ends, and nothing new begins."""
    late = sample.record("network.port", "late", name=sample.name("late"), project_id="p")
    tied = sample.attached("network.network", "net")
    cloud.add(msgspec.structs.replace(late, edges=(tied,)))
    gate = sweeping.hold_up(cloud)
    sweep = sweeping.request(sweeper)
    assert gate.reached.wait(5)
    assert sweeper.cancel(sweep.id, by="alice").state is State.RUNNING
    gate.open.set()
    done = sweeping.finish(sweeper, sweep)
    assert (done.state, done.note) == (State.CANCELLED, "it was cancelled by alice")
    assert sweeping.deletes(cloud) == ["late"]


def test_a_sweep_that_lists_is_cancelled(sweeper, keeper, cloud):
    """It is not even planned."""
    gate, good = stage.Gate(), cloud.visibility

    def slow():
        gate.pass_through()
        return good()

    cloud.visibility = slow
    sweep = sweeping.request(sweeper)
    assert gate.reached.wait(5)
    sweeper.cancel(sweep.id, by="alice")
    gate.open.set()
    assert sweeping.finish(sweeper, sweep).state is State.CANCELLED
    with pytest.raises(exceptions.UnknownSweep):
        keeper.engine.journal.plan(sweep.id)
    assert not cloud.log


def test_a_stored_plan_is_withdrawn(sweeper, keeper, cloud):
    """Nobody executes it any more."""
    plan = keeper.engine.plan(keeper.known().snapshot, stage.NAMED)
    assert sweeper.cancel(plan.id, by="alice").state is State.CANCELLED
    with pytest.raises(exceptions.Refused, match="is cancelled already: make a new one"):
        sweeper.execute(plan.id, confirm=None)
    assert not cloud.log


def test_what_is_over_is_not_cancelled(sweeper):
    """A sweep that is done stays done."""
    done = sweeping.finish(sweeper, sweeping.request(sweeper))
    stage.wait_until(lambda: sweeper.running is None)
    with pytest.raises(exceptions.Refused, match="is done already"):
        sweeper.cancel(done.id, by="alice")


def test_a_plan_over_the_share_needs_an_approval(sweeper, keeper, cloud):
    """By its id and the cloud's name; that of a new sweep is none."""
    limits = msgspec.structs.replace(keeper.engine.settings.budget, share=0)
    keeper.rebuild(msgspec.structs.replace(keeper.engine.settings, budget=limits))
    left = sweeping.finish(sweeper, sweeping.request(sweeper, confirm="sample"))
    assert left.state is State.PLANNED
    stage.wait_until(lambda: sweeper.running is None)
    for confirm in (None, "other"):
        with pytest.raises(exceptions.Refused, match=f"--plan {left.id} --confirm sample"):
            sweeper.execute(left.id, confirm=confirm)
    assert not sweeping.deletes(cloud)
    sweeper.execute(left.id, confirm="sample")
    stage.wait_until(lambda: sweeper.sweep(left.id).state is State.DONE)
    assert sweeping.deletes(cloud) == ["net"]


def test_the_schedule_and_requests_spend_of_one_budget(sweeper, keeper, cloud):
    """What the one has spent the other has not."""
    limits = msgspec.structs.replace(keeper.engine.settings.budget, per_hour=1)
    keeper.rebuild(msgspec.structs.replace(keeper.engine.settings, budget=limits))
    cloud.add(sample.record("network.network", "more", name=sample.name(), project_id="p"))
    said = sweeper.run_scheduled(stage.NAMED)
    assert "1 of 2 gone, of 2 resources 1 were left, 1: [budget] per_hour is 1" in said
    done = sweeping.finish(sweeper, sweeping.request(sweeper))
    assert "[budget] per_hour is 1 and 1 are spent since" in done.note
    assert len(sweeping.deletes(cloud)) == 1
