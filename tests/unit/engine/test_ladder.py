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

"""The ladder: what is done, only if it is allowed, where asking does not help."""

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.engine import ladder
from cleanupd.engine import sweep
from tests.unit.core import sample
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine import fakes
from tests.unit.engine import stage

KIND = "block_storage.volume"
VOLUME = sample.ref(KIND, "vol")
DETACH = kinds.Rung("detach", "take it away", is_for_conflicts=True)
RESET = kinds.Rung("reset", "set its status")
FORCE = kinds.Rung("force", "remove it whatever it is", is_removal=True)
HOLD = kinds.Hold("error_deleting", "it is error_deleting", rungs=("reset", "force"))
ALL = frozenset(f"block_storage volume:{rung}" for rung in ("detach", "reset", "force"))
WORKLOADS = (stage.WORKLOAD,)


class Climber(fakes.FakeManager):
    """A volume whose rungs are in the cloud's log, and fail if its ``trouble`` says so."""

    KIND = msgspec.structs.replace(
        sample.KINDS[KIND],
        rungs=(DETACH, RESET, FORCE),
        holds=(HOLD,),
        is_asynchronous=True,
    )

    def climb(self, rung):
        """Do what the test has ordered, and log it."""
        if self.cloud.trouble[rung.name]:
            raise self.cloud.trouble[rung.name].pop(0)
        self.cloud.log.append((rung.name, self.id()))
        for change in self.cloud.after.get(rung.name, ()):
            change()


@pytest.fixture
def cloud():
    """Give a cloud with one volume of a benchmark."""
    made = fakes.FakeCloud().add(record(KIND, "vol", name=name(), status="available"))
    made.after = {}
    return made


@pytest.fixture
def climb(cloud, engine):
    """Return what sweeps with some rungs allowed, and returns the sweep and its events."""

    def sweep_with(allowed, lifted=(), plugin=Climber):
        limits = msgspec.structs.replace(engine.settings.limits, ladder=frozenset(allowed))
        settings = msgspec.structs.replace(
            engine.settings, limits=limits, lifted=frozenset(lifted)
        )
        managers = fakes.make_managers() | {KIND: plugin}
        other = sweep.Engine(cloud, managers, engine.journal, settings)
        done = other.execute(other.plan(other.observe(), sweep.Target(workloads=WORKLOADS)))
        events = [(e.what, e.reason) for e in engine.journal.read_events(done.id)]
        return done, events

    return sweep_with


def calls(cloud):
    """Return what was done to the volume, other than to read it."""
    return [what for what, _ in cloud.log if what != "read"]


def stuck(cloud, count=99):
    """Let so many removals be refused."""
    cloud.trouble["vol"] = [fakes.conflict() for _ in range(count)]


def test_nothing_is_done_unless_it_is_allowed(climb, cloud):
    """What could not be removed is left, and the report says what would help."""
    stuck(cloud)
    done, _ = climb(())
    assert calls(cloud) == []
    [result] = done.results
    assert result.reason.endswith(
        "in use; [block_storage] ladder = volume:detach would let cleanupd take it away"
    )
    assert [left.reason for left in done.certificate.left] == [result.reason]


def test_a_conflict_that_does_not_end_has_the_first_rung_taken(climb, cloud):
    """The removal is asked for again after it, and the journal has both calls."""
    stuck(cloud)
    cloud.after["detach"] = [cloud.trouble["vol"].clear]
    done, events = climb(ALL)
    assert calls(cloud) == ["detach", "delete"]
    [result] = done.results
    assert (result.is_gone, result.reason) == (True, "after detach")
    assert events[-4:] == [
        ("remove", "detach: take it away"),
        ("climbed", "detach"),
        ("remove", None),
        ("removed", "after detach"),
    ]


def test_each_rung_is_taken_once_and_in_order(climb, cloud):
    """What nothing helps against is left, and told with the last rung."""
    stuck(cloud)
    cloud.trouble["force"] = [fakes.conflict() for _ in range(99)]
    done, events = climb(ALL)
    assert calls(cloud) == ["detach", "reset"]
    [result] = done.results
    assert not result.is_gone
    assert result.reason.endswith("in use; force has not helped")
    assert ("refused", f"force: {fakes.conflict()}") in events


def test_a_rung_that_is_not_allowed_is_passed_by(climb, cloud):
    """The next one above it is taken, if that is allowed."""
    stuck(cloud)
    cloud.after["force"] = [cloud.records.clear]
    done, _ = climb({"block_storage volume:force"})
    assert calls(cloud) == ["force"]
    assert [result.reason for result in done.results] == ["by force"]


def test_what_does_not_vanish_is_reset_and_not_detached(climb, cloud):
    """Nothing is in its way; what is in the way is told to be detached."""
    cloud.lingering[VOLUME] = 10_000
    cloud.after["reset"] = [cloud.lingering.clear]
    done, _ = climb(ALL)
    assert calls(cloud) == ["delete", "reset", "delete"]
    assert [result.reason for result in done.results] == ["after reset"]


def test_what_fails_to_be_removed_is_reset(climb, cloud):
    """Also though it has become what a plan would not have planned."""
    cloud.lingering[VOLUME] = 10_000

    class Failing(Climber):
        def delete(self):
            super().delete()
            if cloud.lingering:
                cloud.change(VOLUME, status="error_deleting", holds=("error_deleting",))

    cloud.after["reset"] = [cloud.lingering.clear]
    done, _ = climb(ALL, plugin=Failing)
    assert calls(cloud) == ["delete", "reset", "delete"]
    assert all(result.is_gone for result in done.results)


def test_what_is_stuck_when_it_is_planned_is_reset_at_once(climb, cloud):
    """The rung that lifts the hold is the first thing that is done."""
    cloud.change(VOLUME, status="error_deleting", holds=("error_deleting",))
    assert climb(())[0].planned == 0
    done, _ = climb(ALL, lifted={f"{KIND} error_deleting"})
    assert calls(cloud) == ["reset", "delete"]
    assert done.certificate.is_clean


def test_what_is_another_one_now_is_not_forced(climb, cloud):
    """It is read again before each rung."""
    stuck(cloud)
    cloud.after["detach"] = [lambda: cloud.change(VOLUME, name="ours now")]
    done, _ = climb(ALL)
    assert calls(cloud) == ["detach"]
    [result] = done.results
    assert result.outcome == "changed"


def test_what_is_protected_meanwhile_is_not_forced(climb, cloud):
    """A mark in the cloud counts before each rung."""
    stuck(cloud)
    cloud.after["detach"] = [lambda: cloud.change(VOLUME, tags=("cleanupd-protect",))]
    done, _ = climb(ALL)
    assert calls(cloud) == ["detach"]
    assert [str(result.outcome) for result in done.results] == ["changed"]


def test_a_rung_that_is_forbidden_is_told(climb, cloud):
    """And others of the kind may still be removed by asking."""
    stuck(cloud)
    cloud.trouble["detach"] = [exceptions.Forbidden("block-storage", "POST", "/x", 403, "no")]
    done, _ = climb(ALL)
    [result] = done.results
    assert (str(result.outcome), "no" in result.reason) == ("failed", True)


def test_all_rungs_are_spent_as_one_removal(climb, cloud, engine):
    """A budget counts resources, not calls."""
    stuck(cloud)
    cloud.after["detach"] = [cloud.trouble["vol"].clear]
    climb(ALL)
    assert engine.balance().spent.kinds == {KIND: 1}


def test_nothing_is_above_the_last_rung():
    """And nothing is advised."""
    made = ladder.Ladder(ALL)
    for _ in range(3):
        made.climb(Climber.KIND, VOLUME, is_conflict=True)
    assert made.climb(Climber.KIND, VOLUME, is_conflict=True) is None
    assert made.advise(Climber.KIND, VOLUME, is_conflict=True) == "; force has not helped"
