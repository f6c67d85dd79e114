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

"""What time of a workload's idleness counts, and which clock is believed."""

import datetime

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.core import model
from cleanupd.service import watching
from tests.unit.core import sample
from tests.unit.service import stage

NOW = sample.NOW
PART = sample.PART


class Clock:
    """A wall clock and a monotonic one."""

    def __init__(self):
        """Begin at noon."""
        self.wall = NOW
        self.monotonic_s = 100.0

    def pass_by(self, seconds, jump=0):
        """Let time pass, and set the wall clock."""
        self.wall += datetime.timedelta(seconds=seconds + jump)
        self.monotonic_s += seconds

    def watch(self):
        """Return what compares the two."""
        return watching.ClockWatch(lambda: self.wall, lambda: self.monotonic_s)


class Ear:
    """A listener."""

    why_deaf = None
    gaps = 0


@pytest.fixture
def clock():
    """Give two clocks."""
    return Clock()


@pytest.fixture
def watcher(clock):
    """Give a watcher that has seen nothing."""
    return watching.Watcher(clock.watch())


@pytest.fixture
def engine(cloud, tmp_path):
    """Give an engine whose journal is empty."""
    return stage.make_engine(cloud, tmp_path)


@pytest.fixture
def pass_by(clock, watcher, engine, cloud):
    """Give what lets seconds pass and then looks, and returns the quiet seconds."""

    def look(seconds, jump=0, *, trust=None, stirred=(), at=watcher):
        clock.pass_by(seconds, jump)
        taken = sample.snapshot(*cloud.records.values())
        doubted = {k: msgspec.structs.replace(t, reason=trust) for k, t in taken.trust.items()}
        taken = model.Snapshot(
            cloud="sample",
            region="one",
            taken_at=clock.wall,
            roots=taken.roots,
            trust=doubted if trust else taken.trust,
        )
        told = at.look(engine, taken, stirred)
        return round(engine.journal.observations("sample", "one").quiet_s(PART)), told

    return look


@pytest.mark.parametrize("jump", [3600, -3600, 11])
def test_a_clock_that_jumps_is_not_believed(clock, jump):
    """Whoever set it, until it was as steady as the other for a while."""
    watch = clock.watch()
    clock.pass_by(86400, 9)
    assert watch.why_doubted() is None
    clock.pass_by(5, jump)
    assert f"the clock of this host jumped by {jump + 9} s" in watch.why_doubted()
    clock.pass_by(watching.CALM_S - 1)
    assert "for another 1 s" in watch.why_doubted()
    clock.pass_by(1)
    assert watch.why_doubted() is None


def test_the_real_clocks_agree():
    """A daemon that has just begun believes its clock."""
    assert watching.ClockWatch().why_doubted() is None


def test_observed_time_counts(pass_by):
    """From the first look on, and only what was looked at."""
    assert pass_by(0) == (0, "the time counts")
    assert pass_by(300)[0] == 300
    assert pass_by(300)[0] == 600
    assert pass_by(0)[0] == 600


def test_a_jump_of_the_clock_makes_nothing_older(pass_by):
    """The hour that nobody lived through is not counted."""
    pass_by(0)
    pass_by(300)
    quiet, told = pass_by(10, 3600)
    assert quiet == 300
    assert "jumped by 3600 s" in told
    assert pass_by(watching.CALM_S)[0] == 300
    assert pass_by(60)[0] == 360


def test_a_restart_stops_the_clock(pass_by, clock):
    """What was observed stays; the time between two processes counts for nothing."""
    pass_by(0)
    pass_by(300)
    again = watching.Watcher(clock.watch())
    assert pass_by(7000, at=again)[0] == 300
    assert pass_by(60, at=again)[0] == 360


@pytest.mark.parametrize("trouble", ["deaf", "gap"])
def test_a_bus_that_is_not_heard_stops_the_clock(pass_by, watcher, trouble):
    """While it is deaf, and where something may have been missed since the last look."""
    ear = Ear()
    watcher.hear(ear)
    pass_by(0)
    assert pass_by(60)[0] == 60
    if trouble == "deaf":
        ear.why_deaf = "no broker"
    else:
        ear.gaps = 1
    quiet, told = pass_by(60)
    assert (quiet, "bus" in told) == (60, True)
    ear.why_deaf = None
    assert pass_by(60)[0] == 60
    assert pass_by(60)[0] == 120


def test_a_listing_that_fails_stops_the_clock(pass_by):
    """The time counts only where all kinds are known at both ends."""
    pass_by(0)
    assert pass_by(60, trust="503") == (0, "the time does not count: " + told_503())
    assert pass_by(60)[0] == 0
    assert pass_by(60)[0] == 60


def told_503():
    """Return what is said of the first kind that could not be listed."""
    return f"{min(sample.KINDS)} was not listed: 503"


def test_what_changes_sets_the_clock_back(pass_by, cloud):
    """A resource that came, and what only the bus told."""
    pass_by(0)
    assert pass_by(60)[0] == 60
    cloud.add(sample.record("network.network", "new", name=sample.name("new"), project_id="p"))
    assert pass_by(60)[0] == 0
    assert pass_by(60)[0] == 60
    assert pass_by(0, stirred={PART})[0] == 0


def test_what_a_sweep_removes_is_no_activity(pass_by, watcher, cloud):
    """A plan that is split over time goes on where it was."""
    cloud.add(sample.record("network.network", "new", name=sample.name("new"), project_id="p"))
    pass_by(0)
    assert pass_by(60)[0] == 60
    with watcher.sweeping({PART}):
        cloud.records.pop(sample.ref("network.network", "net"))
        assert pass_by(60, stirred={PART})[0] == 120
        cloud.change(sample.ref("network.network", "new"), status="DOWN")
    assert pass_by(60)[0] == 180
    cloud.change(sample.ref("network.network", "new"), status="UP")
    assert pass_by(60)[0] == 0


def test_two_daemons_count_an_hour_once(pass_by, clock):
    """Each looks by itself, and what one has counted the other does not."""
    other = watching.Watcher(clock.watch())
    pass_by(0)
    pass_by(30, at=other)
    pass_by(30)
    assert pass_by(30, at=other)[0] == 90


def test_who_looks_at_the_same_time_counts_nothing(watcher, engine, cloud):
    """The look of the other daemon stands, and the next one goes on from it."""

    class Late:
        """A journal that another daemon has written to since it was read."""

        def __getattr__(self, name):
            return getattr(journal, name)

        def save_observations(self, *_):
            return False

    journal, taken = engine.journal, sample.snapshot(*cloud.records.values())
    engine.journal = Late()
    assert watcher.look(engine, taken) == "the time counts"
    assert not journal.observations("sample", "one").workloads


def test_without_a_journal_nothing_counts(watcher, engine, cloud):
    """The daemon goes on, and says so."""

    class Gone:
        """A journal that cannot be read."""

        def observations(self, *_):
            raise exceptions.JournalFailed("file", "it is gone")

    engine.journal = Gone()
    taken = sample.snapshot(*cloud.records.values())
    assert "not kept" in watcher.look(engine, taken)
