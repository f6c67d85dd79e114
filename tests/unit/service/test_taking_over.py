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

"""What becomes of sweeps that another process, or another daemon, has left."""

import datetime

import msgspec
import pytest

from cleanupd.core import planning
from cleanupd.engine import clock
from cleanupd.journal import store
from cleanupd.journal.store import Outcome
from cleanupd.journal.store import State
from cleanupd.service import work
from tests.unit.core import sample
from tests.unit.service import stage
from tests.unit.service import test_sweeper as sweeping

NOW = "2026-03-01T12:00:00.000+00:00"
NAMED = work.Request(target=stage.NAMED)


@pytest.fixture
def start(keeper):
    """Give a function that starts a daemon's sweeper, which leads."""
    started = []

    def begin(**rules):
        made = stage.make_sweeper(keeper)
        made.rules = msgspec.structs.replace(stage.ENFORCE, **rules)
        made.start()
        started.append(made)
        return made

    yield begin
    for one in started:
        one.stop()
    for one in started:
        one.wait()


def leave(keeper, state=State.RUNNING, request=NAMED, **fields):
    """Leave a sweep as a process does that is killed, and return its plan."""
    journal = keeper.engine.journal
    plan = keeper.engine.plan(keeper.known().snapshot, stage.NAMED)
    plan = msgspec.structs.replace(plan, **fields)
    words = None if request is None else msgspec.json.encode(request).decode()
    left = msgspec.structs.replace(journal.sweep(plan.id), state=state)
    journal.save(left, plan, request=words)
    return plan


def note(keeper, plan, *happened):
    """Note events of the first step of a plan."""
    with keeper.engine.journal.events(plan.id) as events:
        for what in happened:
            events.append(store.Event(at=NOW, what=what, ref=plan.steps[0].ref))


@pytest.mark.parametrize("state", [State.REQUESTED, State.PLANNED, State.RUNNING, State.FAILED])
def test_what_a_daemon_left_is_gone_on_with(start, keeper, cloud, state):
    """Whoever waits for it sees it end, under its own id."""
    plan = leave(keeper, state)
    sweeper = start()
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.DONE)
    done = sweeper.sweep(plan.id)
    assert [one.outcome for one in done.results] == [Outcome.REMOVED]
    assert done.certificate.is_clean
    assert sweeping.deletes(cloud) == ["net"]
    stage.wait_until(lambda: (sweeper.running, sweeper.waiting) == (None, ()))


def test_a_removal_without_an_outcome_is_looked_for_and_not_repeated(start, keeper, cloud):
    """What is not there any more is gone, and that is noted."""
    plan = leave(keeper)
    note(keeper, plan, store.INTENT)
    cloud.records.pop(plan.steps[0].ref)
    sweeper = start()
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.DONE)
    assert [one.outcome for one in sweeper.sweep(plan.id).results] == [Outcome.GONE]
    assert keeper.engine.journal.read_events(plan.id)[-1].what == Outcome.GONE
    assert not sweeping.deletes(cloud)


def test_a_removal_without_an_outcome_that_came_to_nothing_is_asked_for_again(
    start, keeper, cloud
):
    """That nobody knew is noted before."""
    plan = leave(keeper)
    note(keeper, plan, store.INTENT)
    sweeper = start()
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.DONE)
    told = [event.what for event in keeper.engine.journal.read_events(plan.id)]
    assert told == [store.INTENT, Outcome.UNKNOWN, store.INTENT, Outcome.REMOVED]
    assert sweeping.deletes(cloud) == ["net"]


def test_what_was_removed_before_is_told_with_the_rest(start, keeper, cloud):
    """The results are those of the whole plan."""
    cloud.add(sample.record("network.network", "more", name=sample.name("more"), project_id="p"))
    plan = leave(keeper)
    note(keeper, plan, store.INTENT, Outcome.REMOVED)
    cloud.records.pop(plan.steps[0].ref)
    sweeper = start()
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.DONE)
    done = sweeper.sweep(plan.id)
    assert [one.outcome for one in done.results] == [Outcome.REMOVED] * 2
    assert len(sweeping.deletes(cloud)) == 1
    assert len(keeper.engine.journal.read_events(plan.id)) == 4


def test_nothing_is_added_to_an_interrupted_plan(start, keeper, cloud):
    """What is new is left, and so is what is not the same any more."""
    leaks = [
        sample.record("network.network", id_, name=sample.name(id_), project_id="p")
        for id_ in ("moved", "new")
    ]
    cloud.add(leaks[0])
    plan = leave(keeper)
    cloud.add(leaks[1])
    cloud.change(leaks[0].ref, name=sample.name("other"))
    sweeper = start()
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.DONE)
    outcomes = {one.ref.id: one.outcome for one in sweeper.sweep(plan.id).results}
    assert outcomes == {"moved": Outcome.CHANGED, "net": Outcome.REMOVED}
    assert sweeping.deletes(cloud) == ["net"]


def test_an_interrupted_sweep_keeps_to_its_budget(start, keeper, cloud):
    """What it has removed before counts."""
    cloud.add(sample.record("network.network", "more", name=sample.name("more"), project_id="p"))
    limits = msgspec.structs.replace(keeper.engine.settings.budget, per_sweep=1)
    keeper.rebuild(msgspec.structs.replace(keeper.engine.settings, budget=limits))
    plan = leave(keeper)
    note(keeper, plan, store.INTENT, Outcome.REMOVED)
    cloud.records.pop(plan.steps[0].ref)
    sweeper = start()
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.DONE)
    assert "[budget] per_sweep is 1" in sweeper.sweep(plan.id).note
    assert not sweeping.deletes(cloud)


def test_an_old_plan_of_a_target_is_made_anew(start, keeper, cloud):
    """What daemons left before they were away for long is looked at as if it were new."""
    old = clock.now() - datetime.timedelta(days=3)
    plan = leave(keeper, made_at=old)
    cloud.add(sample.record("network.network", "more", name=sample.name("more"), project_id="p"))
    sweeper = start()
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.DONE)
    assert sorted(sweeping.deletes(cloud)) == ["more", "net"]


@pytest.mark.parametrize("state", [State.REQUESTED, State.RUNNING])
def test_an_old_plan_that_was_asked_for_is_not_executed(start, keeper, cloud, state):
    """Who approved it saw another cloud."""
    old = clock.now() - datetime.timedelta(days=3)
    plan = leave(keeper, state, work.Request(is_approved=True), made_at=old)
    sweeper = start()
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.FAILED)
    assert "make a new one" in sweeper.sweep(plan.id).note
    assert not sweeping.deletes(cloud)


def test_a_daemon_that_only_reports_goes_on_with_nothing(start, keeper, cloud):
    """The mode of whoever leads counts."""
    plan = leave(keeper)
    sweeper = start(is_enforcing=False)
    stage.wait_until(lambda: sweeper.sweep(plan.id).state is State.FAILED)
    assert "set [sweep] mode = enforce" in sweeper.sweep(plan.id).note
    assert not sweeping.deletes(cloud)


def test_what_nobody_asks_for_is_told_as_failed(start, keeper, cloud):
    """A command that was killed had its user, who is told what is not known."""
    plan = leave(keeper, request=None)
    note(keeper, plan, store.INTENT)
    left = start().sweep(plan.id)
    assert left.state is State.FAILED
    assert [one.outcome for one in left.results] == [Outcome.UNKNOWN]
    assert "of 1 removals it is not known what came of them" in left.note
    assert not sweeping.deletes(cloud)


def test_what_is_over_is_left_alone_at_start(start, keeper):
    """A stored plan can still be executed after a restart."""
    plan = leave(keeper, State.PLANNED, request=None)
    assert start().sweep(plan.id).state is State.PLANNED


def test_a_plan_that_depends_on_something_new_waits_for_it(keeper, cloud):
    """What can only go after it is left, too."""
    plan = leave(keeper)
    port = sample.record("network.port", "late", name=sample.name("late"), project_id="p")
    cloud.add(msgspec.structs.replace(port, edges=(sample.attached("network.network", "net"),)))
    rest = work.find_rest(keeper.engine, plan, keeper.observe())
    assert isinstance(rest.plan, planning.Plan)
    assert rest.plan.steps == ()
    assert [one.outcome for one in rest.settled] == [Outcome.CHANGED]


def test_a_standby_takes_a_request_and_the_leader_executes_it(keeper, cloud, start):
    """It is in the journal before it is answered, so that any daemon may take it."""
    standby = stage.make_sweeper(keeper, stage.Standby())
    standby.start()
    sweep = standby.request(stage.NAMED, confirm=None, is_dry_run=False)
    assert standby.run_scheduled(stage.NAMED) == "another daemon leads: it runs the schedules"
    assert standby.waiting == (sweep.id,)
    assert not cloud.log
    leader = start()
    stage.wait_until(lambda: standby.sweep(sweep.id).state is State.DONE)
    assert leader.sweep(sweep.id).certificate.is_clean
    standby.stop()
    standby.wait()


def test_a_standby_cancels_what_the_leader_runs(keeper, cloud, start):
    """The leader hears of it, and tells who did it."""
    gate = sweeping.hold_up(cloud)
    leader = start()
    sweep = sweeping.request(leader)
    assert gate.reached.wait(5)
    standby = stage.make_sweeper(keeper, stage.Standby())
    assert standby.cancel(sweep.id, by="alice").state is State.RUNNING
    stage.wait_until(lambda: leader.is_stopping)
    gate.open.set()
    assert sweeping.finish(leader, sweep).note == "it was cancelled by alice"


def test_who_leads_no_more_removes_no_more(keeper, cloud):
    """What is under way ends, nothing new begins, and the next leader goes on with it."""
    gate = sweeping.hold_up(cloud)
    leading = stage.Standby()
    place = (keeper.engine.cloud.name, keeper.engine.cloud.region)
    journal = keeper.engine.journal
    leading.fence = journal.claim(*place, clock.now())
    old = stage.make_sweeper(keeper, leading)
    old.start()
    sweep = sweeping.request(old)
    assert gate.reached.wait(5)
    journal.claim(*place, clock.now())  # another daemon leads, and this one does not know it yet
    gate.open.set()
    stage.wait_until(lambda: leading.fence is None)
    old.stop()
    old.wait()
    assert not sweeping.deletes(cloud)
    assert journal.queue(*place).pending()[0].id == sweep.id
