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

"""What becomes of idle workloads that nobody has named, where nobody is there to see it."""

import msgspec
import pytest

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import liveness
from cleanupd.journal.store import State
from cleanupd.service import watching
from tests.unit.core import sample
from tests.unit.service import stage

SPARING = msgspec.structs.replace(stage.ENFORCE_IDLE, enforce_idle_s=0.0)


def finish(sweeper, sweep):
    """Return a sweep when it is over."""
    stage.wait_until(lambda: sweeper.sweep(sweep.id).state in (State.PLANNED, State.DONE))
    return sweeper.sweep(sweep.id)


def ask(sweeper, target=stage.IDLE):
    """Ask for a sweep over the bus and return it when it is over."""
    sweep = sweeper.request(target, confirm="sample", is_dry_run=False)
    return finish(sweeper, sweep)


def kept(keeper, sweep_id):
    """Return why a plan keeps each resource."""
    return {one.reason for one in keeper.engine.journal.plan(sweep_id).kept}


def set_clock(keeper):
    """Have the wall clock of a keeper jump by an hour."""
    wall = [0]
    clocks = watching.ClockWatch(
        lambda: sample.NOW + wall[0] * sample.HOUR, lambda: float(wall[0])
    )
    keeper.watcher.clocks = clocks
    wall[0] = 1


def test_idle_workloads_are_only_reported_by_default(sweeper, keeper, cloud):
    """Neither the schedule nor a request removes them, however long nothing was done."""
    sweeper.rules = SPARING
    stage.see_idle(keeper, 10 * stage.DAY_S)
    done = ask(sweeper)
    sweeper.run_scheduled(stage.IDLE)
    assert [what for what, _ in cloud.log if what == "delete"] == []
    assert any("set [sweep] enforce_idle" in why for why in kept(keeper, done.id))


def test_less_than_was_asked_for_is_not_enough(sweeper, keeper, cloud):
    """The dates are older; only what was observed counts."""
    sweeper.rules = stage.ENFORCE_IDLE
    stage.see_idle(keeper, stage.DAY_S - 1)
    done = ask(sweeper)
    assert any("asks for 86400 s" in why for why in kept(keeper, done.id))
    assert ("delete", "net") not in cloud.log


def test_what_changed_at_the_last_moment_is_no_longer_idle(sweeper, keeper, cloud):
    """The look of the sweep itself counts, too."""
    sweeper.rules = stage.ENFORCE_IDLE
    stage.see_idle(keeper, stage.DAY_S)
    cloud.change(sample.ref("network.network", "net"), status="BUILD")
    ask(sweeper)
    assert ("delete", "net") not in cloud.log


def test_a_lease_keeps_an_idle_workload(sweeper, keeper, cloud):
    """Whoever writes it needs nothing but the cloud."""
    lease = f"{liveness.LEASE_TAG}=2999-01-01T00:00:00Z"
    cloud.change(sample.ref("network.network", "net"), tags=(lease,))
    sweeper.rules = stage.ENFORCE_IDLE
    stage.see_idle(keeper, stage.DAY_S)
    ask(sweeper)
    assert ("delete", "net") not in cloud.log
    ask(sweeper, stage.NAMED)
    assert ("delete", "net") in cloud.log


def test_a_lease_that_is_written_after_the_plan_keeps(sweeper, keeper, cloud):
    """The last look before the removals sees it."""
    sweeper.rules = stage.ENFORCE_IDLE
    stage.see_idle(keeper, stage.DAY_S)
    known = keeper.observe()
    patience = liveness.Patience(idle=stage.DAY_S * sample.HOUR / 3600)
    plan = keeper.engine.plan(known.snapshot, stage.IDLE, patience=patience)
    assert plan.steps
    lease = f"{liveness.LEASE_TAG}=2999-01-01T00:00:00Z"
    cloud.change(sample.ref("network.network", "net"), tags=(lease,))
    done = finish(sweeper, sweeper.execute(plan.id, confirm="sample"))
    assert ("delete", "net") not in cloud.log
    assert "leased until" in done.results[0].reason


def test_a_plan_that_a_person_made_is_not_executed_over_the_bus(sweeper, keeper):
    """A person at a terminal may take what is idle; the bus may not take that plan."""
    sweeper.rules = stage.ENFORCE_IDLE
    known = keeper.observe()
    plan = keeper.engine.plan(known.snapshot, stage.IDLE)
    assert plan.steps
    with pytest.raises(exceptions.Refused, match="enforce_idle spares"):
        sweeper.execute(plan.id, confirm="sample")


def test_a_clock_that_jumped_suspends_what_nobody_attends(sweeper, keeper, cloud):
    """The schedule says so and removes nothing; a request for what is idle is refused."""
    sweeper.rules = stage.ENFORCE_IDLE
    stage.see_idle(keeper, stage.DAY_S)
    plan = keeper.engine.plan(keeper.observe().snapshot, stage.IDLE, patience=liveness.Patience())
    set_clock(keeper)
    assert "jumped by 3599 s" in sweeper.run_scheduled(stage.NAMED)
    with pytest.raises(exceptions.Refused, match="jumped"):
        ask(sweeper)
    with pytest.raises(exceptions.Refused, match="jumped"):
        sweeper.execute(plan.id, confirm="sample")
    assert ("delete", "net") not in cloud.log
    ask(sweeper, stage.NAMED)
    assert ("delete", "net") in cloud.log


@pytest.mark.parametrize("shift_s", [61.0, -3600.0])
def test_clocks_that_differ_suspend_what_nobody_attends(sweeper, cloud, shift_s):
    """All that the cloud has made seems older or younger than it is."""
    sweeper.rules = stage.ENFORCE_IDLE
    cloud.clock_shift_s = shift_s
    assert f"differ by {shift_s:.0f} s" in sweeper.run_scheduled(stage.NAMED)
    with pytest.raises(exceptions.Refused, match="differ by"):
        ask(sweeper)
    assert ("delete", "net") not in cloud.log
    cloud.clock_shift_s = 60.0
    sweeper.run_scheduled(stage.NAMED)
    assert ("delete", "net") in cloud.log


@pytest.mark.parametrize(
    ("told", "shift_s"),
    [
        ("Sun, 01 Mar 2026 12:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 12:00:10 GMT", 7.0),
        ("Sun, 01 Mar 2026 11:59:50 GMT", -9.0),
        ("soon", None),
        (None, None),
    ],
)
def test_the_date_of_an_answer_tells_the_clouds_clock(told, shift_s):
    """In whole seconds, somewhere between the question and the answer."""
    asked_at = sample.NOW.timestamp()
    assert clouds.find_shift(told, asked_at, asked_at + 3) == shift_s


def test_the_keeper_looks_at_what_it_knows(keeper):
    """Before anything was listed there is nothing to look at."""
    assert keeper.look() == "nothing was listed yet"
    keeper.filled()
    assert keeper.look() == "the time counts"
    found = keeper.engine.journal.observations("sample", "one")
    assert list(found.workloads) == [sample.PART]
