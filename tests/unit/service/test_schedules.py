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

"""What schedules ask for, and when: at their times, and when a workload becomes over."""

import contextlib
import datetime
import pathlib
import sqlite3

import msgspec
import pytest

from cleanupd.conf import settings
from cleanupd.core import safety
from cleanupd.engine import sweep as engines
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.service import keeper as keepers
from cleanupd.service import schedules
from cleanupd.services.base import collectors
from tests.unit.core import sample
from tests.unit.engine import fakes
from tests.unit.service import stage

OTHER = "deadbeef-0000-4d5b-9c43-1f4d2f7a6b10"
IDLE = datetime.timedelta(seconds=600)
MINUTE = datetime.timedelta(seconds=60)
RALLY = pathlib.Path(__file__).parents[2] / "samples" / "rally" / "database.sql"
#: A task of that database, which has finished.
FINISHED = "2b08a1bd"


class Stage:
    """A daemon's schedules, with a clock that is set by hand, and its cloud."""

    def __init__(self, folder, active_at, rally=None):
        """Have two workloads, the second active a minute after the first."""
        self.now = active_at
        self.folder = folder
        self.active_at = active_at
        self.rally = rally
        self.cloud = fakes.FakeCloud()
        self.add("net", sample.PART, active_at)
        self.add("other", OTHER[:8], active_at + MINUTE)
        self.sweeper = None
        self.start()

    def add(self, id_, part, created_at):
        """Have a network of a workload, made at a time."""
        name = sample.name(id_, part)
        self.cloud.add(
            sample.record("network.network", id_, name=name, project_id="p", created_at=created_at)
        )

    def start(self):
        """Begin anew, as a daemon does that was restarted."""
        chosen = msgspec.structs.replace(stage.SETTINGS, rally=self.rally)
        engine = engines.Engine(
            self.cloud,
            fakes.make_managers(),
            sql.Journal(places.in_directory(self.folder)),
            chosen,
        )
        managing = collectors.CollectorManager(
            self.cloud, engine.managers, stage.now, find_part=engine.find_part
        )
        self.keeper = keepers.Keeper(engine, managing)
        if self.sweeper is not None:
            self.stop()
        before, self.sweeper = self.sweeper, stage.make_sweeper(self.keeper)
        self.sweeper.rules = before.rules if before else settings.Rules()
        self.sweeper.start()
        self.missed = []
        self.schedules = schedules.Schedules(
            self.keeper, self.sweeper, self.missed.append, lambda: self.now
        )
        self.keeper.known()

    def stop(self):
        """Leave nothing running."""
        self.sweeper.stop()
        self.sweeper.wait()

    def have(self, **named):
        """Have these schedules, in mode report."""
        self.sweeper.rules = settings.Rules(is_all_over=True, schedules=named)

    def look_at(self, moment):
        """Look at a moment, and return the workloads of each sweep that came of it, all done."""
        before = set(self.journal_ids())
        self.now = moment
        self.schedules.look()
        new = [id_ for id_ in self.journal_ids() if id_ not in before]
        stage.wait_until(lambda: all(self.sweeper.sweep(id_).state.is_over for id_ in new))
        return [sorted(self.plan(id_).selection.only) for id_ in new]

    def journal_ids(self):
        """Return the ids of all sweeps."""
        return [sweep.id for sweep in self.keeper.engine.journal.sweeps()]

    def plan(self, id_):
        """Return a plan."""
        return self.keeper.engine.journal.plan(id_)


def schedule(target=stage.IDLE, **fields):
    """Return a schedule that sweeps all that is over, once in a long while."""
    when = settings.Schedule(cron="0 0 1 1 *")
    return settings.SweepSchedule(**{"when": when, "target": target} | fields)


@pytest.fixture
def opened():
    """Give what stages are closed by."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def daemon(tmp_path, opened):
    """Give a stage whose first workload was active two hours ago."""
    made = Stage(tmp_path, stage.now() - datetime.timedelta(hours=2))
    opened.callback(made.stop)
    return made


def test_a_workload_is_planned_when_it_becomes_over(daemon):
    """Not before, not with others that are active, and not at the schedule's next time."""
    daemon.have(yearly=schedule())
    assert daemon.look_at(daemon.active_at + IDLE - MINUTE / 2) == []
    assert daemon.look_at(daemon.active_at + IDLE) == [[sample.PART]]
    assert daemon.look_at(daemon.active_at + IDLE + MINUTE) == [[OTHER[:8]]]
    (first, _) = daemon.keeper.engine.journal.sweeps()
    assert first.schedule == "yearly"
    plan = daemon.plan(first.id)
    assert {one.part for one in (*plan.steps, *plan.kept)} == {sample.PART}


def test_each_is_planned_once(daemon):
    """However often it is looked, and however often the daemon is restarted."""
    daemon.have(yearly=schedule())
    assert daemon.look_at(daemon.active_at + IDLE + MINUTE) == [sorted([sample.PART, OTHER[:8]])]
    for hours in range(3):
        assert daemon.look_at(stage.now() + hours * IDLE) == []
    daemon.stop()
    daemon.start()
    for hours in range(3):
        assert daemon.look_at(stage.now() + hours * IDLE) == []


def test_what_becomes_active_again_is_over_again_later(daemon):
    """What came to it since the plan is planned when that is idle in its turn."""
    daemon.have(yearly=schedule(stage.NAMED))
    assert daemon.look_at(daemon.active_at + IDLE) == [[sample.PART]]
    came_at = stage.now()
    daemon.add("more", sample.PART, came_at)
    daemon.keeper.known(is_fresh=True)
    assert daemon.look_at(came_at + IDLE - MINUTE) == []
    # What the journal has of the first plan is older than that.
    assert daemon.look_at(came_at + IDLE) == [[sample.PART]]


def test_what_is_out_of_scope_is_left_to_others(daemon):
    """A schedule of named workloads plans no other."""
    daemon.have(yearly=schedule(stage.NAMED))
    assert daemon.look_at(daemon.active_at + 2 * IDLE) == [[sample.PART]]


def test_a_schedule_may_wait_for_its_time(daemon):
    """Where things may be removed at that time only."""
    daemon.have(yearly=schedule(is_at_end=False), empty=schedule(None))
    assert daemon.look_at(daemon.active_at + 2 * IDLE) == []


def test_an_unnamed_child_that_is_active_keeps_its_workload(daemon):
    """Names only nominate: all that is known of a workload counts before it is planned."""
    net = sample.attached("network.network", "net")
    owner = sample.record("identity.project", "p", name=sample.name("p", letter="c"))
    late = sample.record(
        "network.port",
        "port",
        project_id="p",
        edges=(net,),
        created_at=daemon.active_at + 2 * IDLE,
    )
    daemon.cloud.add(owner, late)
    daemon.keeper.known(is_fresh=True)
    daemon.have(yearly=schedule())
    assert daemon.look_at(daemon.active_at + IDLE) == []
    assert daemon.look_at(daemon.active_at + 2 * IDLE) == [[OTHER[:8]]]
    assert daemon.look_at(daemon.active_at + 3 * IDLE) == [[sample.PART]]


def test_a_workload_of_a_finished_task_need_not_be_idle(tmp_path, opened):
    """Rally's database says that it is over."""
    connection = sqlite3.connect(tmp_path / "rally.sqlite")
    connection.executescript(RALLY.read_text())
    connection.close()
    active_at = stage.now() - datetime.timedelta(hours=2)
    daemon = Stage(tmp_path, active_at, f"sqlite:///{tmp_path / 'rally.sqlite'}")
    opened.callback(daemon.stop)
    daemon.add("mine", FINISHED, active_at)
    daemon.keeper.known(is_fresh=True)
    daemon.have(yearly=schedule())
    assert daemon.look_at(active_at) == [[FINISHED]]
    assert daemon.look_at(active_at + MINUTE) == []


def test_rally_is_asked_again_and_again(tmp_path, opened):
    """A task that ends is noticed within half a minute."""
    connection = sqlite3.connect(tmp_path / "rally.sqlite")
    connection.executescript(RALLY.read_text())
    connection.execute("UPDATE tasks SET status = 'running'")
    connection.commit()
    active_at = stage.now() - datetime.timedelta(hours=2)
    daemon = Stage(tmp_path, active_at, f"sqlite:///{tmp_path / 'rally.sqlite'}")
    opened.callback(daemon.stop)
    daemon.add("mine", FINISHED, active_at)
    daemon.keeper.known(is_fresh=True)
    daemon.have(yearly=schedule())
    assert daemon.look_at(active_at) == []
    connection.execute("UPDATE tasks SET status = 'finished'")
    connection.commit()
    connection.close()
    assert daemon.look_at(active_at + MINUTE / 3) == []
    assert daemon.look_at(active_at + MINUTE / 2) == [[FINISHED]]


def test_what_was_too_young_is_planned_once_more(daemon):
    """When it may go, so that it need not wait for the schedule either."""
    too_young = safety.Safety(min_age_named=datetime.timedelta(hours=3))
    changed = msgspec.structs.replace(daemon.keeper.engine.settings, safety=too_young)
    daemon.keeper.rebuild(changed)
    daemon.have(yearly=schedule(stage.NAMED))
    assert daemon.look_at(daemon.active_at + IDLE) == [[sample.PART]]
    assert daemon.keeper.engine.journal.sweeps()[-1].planned == 0
    assert daemon.look_at(stage.now()) == []
    old_at = daemon.active_at + datetime.timedelta(hours=3)
    assert daemon.look_at(old_at + IDLE) == [[sample.PART]]
    assert daemon.look_at(old_at + 3 * IDLE) == []


def test_a_schedule_whose_sweep_is_under_way_begins_no_other(daemon):
    """The end of a workload waits, and its own time is made up for after that."""
    gate = stage.Gate()
    daemon.cloud.visibility = gate.pass_through
    daemon.have(yearly=schedule())
    daemon.now = daemon.active_at + IDLE
    said = daemon.schedules.look()
    assert said.startswith(f"workload {sample.PART} is over: sweep ")
    assert said.endswith(" of [schedule_yearly]")
    assert daemon.schedules.run("yearly") == ""
    daemon.now += MINUTE
    assert daemon.schedules.look() == ""
    assert daemon.missed == []
    gate.open.set()
    (id_,) = daemon.journal_ids()
    stage.wait_until(lambda: daemon.sweeper.sweep(id_).state.is_over)
    daemon.schedules.look()
    assert daemon.missed == ["yearly"]


def test_the_stricter_mode_holds(daemon):
    """That of the schedule, or that of all."""
    mine = schedule(stage.NAMED)
    for rules in (
        settings.Rules(is_enforcing=True, schedules={"mine": mine}),
        settings.Rules(schedules={"mine": msgspec.structs.replace(mine, is_enforcing=True)}),
    ):
        daemon.sweeper.rules = msgspec.structs.replace(rules, delay_s=0.0)
        assert "1 planned" in daemon.schedules.run("mine")
    assert not daemon.cloud.log


def test_a_schedule_may_remove_less_than_the_budget(daemon):
    """What is over it is left to its next sweep."""
    both = engines.Target(workloads=(stage.WORKLOAD, OTHER))
    mine = schedule(both, is_enforcing=True, per_sweep=1)
    daemon.sweeper.rules = settings.Rules(is_enforcing=True, delay_s=0.0, schedules={"mine": mine})
    assert "1 of 2 gone" in daemon.schedules.run("mine")
    assert "1 of 1 gone" in daemon.schedules.run("mine")


def test_a_schedule_that_is_gone_removes_nothing_more(daemon):
    """What it had asked for ends with its plan."""
    daemon.sweeper.rules = settings.Rules(is_enforcing=True, delay_s=0.0)
    begun = daemon.sweeper.begin_scheduled(stage.NAMED, "mine")
    stage.wait_until(lambda: daemon.sweeper.sweep(begun.id).state.is_over)
    assert "there is no schedule mine any more" in daemon.sweeper.sweep(begun.id).note
    assert not daemon.cloud.log
