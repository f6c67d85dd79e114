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

"""What a sweep does with what the budgets have no room for."""

import msgspec
import pytest
import sqlalchemy as sa

from cleanupd.core import budgets
from cleanupd.engine import budgeting
from cleanupd.engine import sweep
from cleanupd.journal import database
from cleanupd.journal import places
from cleanupd.journal import schema
from cleanupd.journal import sql
from cleanupd.journal.store import State
from tests.unit.core import sample
from tests.unit.core import test_budgets as steps
from tests.unit.engine import fakes
from tests.unit.engine import stage

NAMED = sweep.Target(workloads=(stage.WORKLOAD,))
LIMITS = budgets.Limits()


@pytest.fixture
def cloud():
    """Give a cloud with ten networks of a benchmark, and none of anybody else."""
    return fakes.FakeCloud().add(
        *(sample.record("network.network", f"net{n}", name=sample.name()) for n in range(10))
    )


def make_engine(cloud, tmp_path, **limits):
    """Return an engine of a process of its own, with a journal that others share."""
    settings = msgspec.structs.replace(
        stage.SETTINGS, budget=msgspec.structs.replace(LIMITS, **limits)
    )
    journal = sql.Journal(places.in_directory(tmp_path))
    return sweep.Engine(cloud, fakes.make_managers(), journal, settings)


def run(engine, **how):
    """Plan and execute, and return the sweep."""
    return engine.execute(engine.plan(engine.observe(), NAMED), **how)


def deletes(cloud):
    """Return how many resources were removed."""
    return sum(what == "delete" for what, _ in cloud.log)


@pytest.mark.parametrize("limit", ["per_sweep", "per_kind", "per_hour"])
def test_what_is_over_a_hard_limit_is_left(cloud, tmp_path, limit):
    """The rest goes; result, note and certificate say what was left and by which budget."""
    done = run(make_engine(cloud, tmp_path, **{limit: 4}))
    assert (done.state, deletes(cloud), len(cloud.records)) == (State.DONE, 4, 6)
    assert done.note.startswith(f"of 10 resources 6 were left, 6: [budget] {limit} is 4")
    left = [result for result in done.results if not result.is_gone]
    assert {str(result.outcome) for result in left} == {"not tried"}
    assert not done.certificate.is_clean
    assert [one.reason for one in done.certificate.left] == [result.reason for result in left]
    assert all(f"[budget] {limit} is 4" in result.reason for result in left)


@pytest.mark.parametrize("limit", ["per_sweep", "per_kind", "per_hour"])
def test_zero_is_zero(cloud, tmp_path, limit):
    """Nothing is removed, and approval does not lift it."""
    done = run(make_engine(cloud, tmp_path, **{limit: 0}), is_approved=True)
    assert (deletes(cloud), len(done.certificate.left)) == (0, 10)


def test_the_next_sweep_goes_on(cloud, tmp_path):
    """Until everything is gone."""
    engine = make_engine(cloud, tmp_path, per_sweep=4)
    assert [sum(r.is_gone for r in run(engine).results) for _ in range(3)] == [4, 4, 2]
    assert run(engine).certificate.is_clean
    assert deletes(cloud) == 10


def test_an_hour_is_shared_and_survives_a_restart(cloud, tmp_path):
    """Every process that has the journal spends of the same hour."""
    run(make_engine(cloud, tmp_path, per_hour=4))
    other = make_engine(cloud, tmp_path, per_hour=6)
    assert (other.balance().spent.total, other.balance().left) == (4, 2)
    run(other)
    done = run(make_engine(cloud, tmp_path, per_hour=6))
    assert deletes(cloud) == 6
    assert "6 are spent since" in done.note
    assert "there is room again at" in done.note


def test_after_the_hour_there_is_room_again(cloud, tmp_path):
    """And the same sweep goes on."""
    engine = make_engine(cloud, tmp_path, per_hour=6)
    run(engine)
    shift(tmp_path, -3602)
    run(engine)
    assert deletes(cloud) == 10


def test_a_clock_that_is_set_back_gives_no_hour(cloud, tmp_path):
    """What was spent later than now is spent."""
    engine = make_engine(cloud, tmp_path, per_hour=6)
    run(engine)
    shift(tmp_path, 24 * 3600)
    run(engine)
    assert deletes(cloud) == 6


def shift(tmp_path, seconds):
    """Let everything have been spent so much later."""
    column = schema.SPENT.c.at
    moved = sa.update(schema.SPENT).values({column: column + seconds})
    database.Database(places.in_directory(tmp_path)).run(lambda c: c.execute(moved))


@pytest.fixture
def crowd(cloud):
    """Give the cloud a population of sixty foreign networks."""
    return cloud.add(
        *(sample.record("network.network", f"foreign{n}", name="prod") for n in range(60))
    )


def test_a_plan_over_the_share_waits_for_approval(crowd, tmp_path):
    """It stays planned and says how to approve it; approved, exactly this plan is executed."""
    engine = make_engine(crowd, tmp_path, share=10)
    plan = engine.plan(engine.observe(), NAMED)
    left = engine.execute(plan)
    assert left.state is State.PLANNED
    assert left == engine.journal.sweep(plan.id)
    assert "10 network.network would go and 60 stay, and [budget] share is 10 %" in left.note
    assert f"`cleanupctl sweep start --plan {plan.id} --confirm sample`" in left.note
    assert deletes(crowd) == 0
    assert engine.execute(plan, is_approved=True).certificate.is_clean
    assert deletes(crowd) == 10


def test_an_approval_never_lifts_a_hard_limit(crowd, tmp_path):
    """It is for the share alone."""
    engine = make_engine(crowd, tmp_path, share=10, per_hour=3)
    run(engine, is_approved=True)
    assert deletes(crowd) == 3


def test_a_plan_is_judged_by_what_it_was_made_on(crowd, tmp_path):
    """Not by what there is when it is executed."""
    engine = make_engine(crowd, tmp_path, share=10)
    plan = engine.plan(engine.observe(), NAMED)
    crowd.add(*(sample.record("network.network", f"new{n}", name="prod") for n in range(900)))
    assert engine.execute(engine.journal.plan(plan.id)).state is State.PLANNED
    assert run(engine).state is State.DONE


def test_within_the_share_nobody_is_asked(crowd, tmp_path):
    """The default takes ten of sixty."""
    assert run(make_engine(crowd, tmp_path)).certificate.is_clean


def test_many_kinds_over_the_share_are_told_in_short():
    """Three of them, and how many more."""
    kinds = sorted(sample.KINDS)[:5]
    plan = steps.make_plan(*(steps.make_step("x", kind=kind) for kind in kinds))
    told = budgeting.why_unapproved(plan, LIMITS)
    assert kinds[2] in told
    assert "; and 2 kinds more: look at the plan" in told
