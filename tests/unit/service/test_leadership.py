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

"""Which of several daemons leads."""

import contextlib
import threading

import pytest

from cleanupd import exceptions
from cleanupd.conf import coordination
from cleanupd.journal import database
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.service import leadership
from tests.unit.service import stage

LEASE_S = 4.0
PLACE = ("c", "r")


@pytest.fixture
def place(tmp_path):
    """Give a place with tables."""
    found = places.in_directory(tmp_path / "state")
    database.Database(found).upgrade()
    return found


@pytest.fixture
def make(place, tmp_path):
    """Give a function that makes a daemon's leadership; each is ended."""
    with contextlib.ExitStack() as stack:

        def begin(host, url=f"file://{tmp_path}/locks", **options):
            chosen = coordination.Coordination(url=url, lease_s=LEASE_S)
            made = leadership.Leadership(sql.Journal(place), PLACE, chosen, host, **options)
            stack.callback(made.wait)
            return made

        yield begin


def test_one_daemon_leads_at_once_and_for_good(make):
    """In an epoch of its own, so that whoever comes later is told apart."""
    alone = make("a", url=None)
    assert alone.fence is None
    alone.start()
    assert alone.fence.epoch == 1
    alone.check()
    assert alone.why_stuck() is None


def test_of_two_daemons_one_leads_until_it_ends(make, place):
    """The other one stands by, and leads in the next epoch."""
    first, second = make("a"), make("b")
    first.start()
    stage.wait_until(lambda: first.fence)
    second.start()
    assert second.fence is None
    first.stop()
    assert first.fence.epoch == 1
    first.wait()
    stage.wait_until(lambda: second.fence)
    assert second.fence.epoch == sql.Journal(place).leader(*PLACE).epoch == 2


def test_a_standby_may_remove_nothing(make):
    """Whatever asks it to."""
    with pytest.raises(exceptions.Fenced, match="does not lead"):
        make("a").check()


def test_a_leader_that_was_paused_believes_nothing(make):
    """It may not remove from the first moment on, before anything told it."""
    now = [100.0]
    leader = make("a", monotonic=lambda: now[0])
    leader.start()
    stage.wait_until(lambda: leader.fence)
    now[0] += LEASE_S
    assert leader.fence is None
    with pytest.raises(exceptions.Fenced):
        leader.check()


def test_a_leader_whose_epoch_has_ended_stops_what_runs(make, place):
    """Whatever its lock says."""
    leader, has_stopped = make("a"), threading.Event()
    leader.on_loss = has_stopped.set
    leader.start()
    stage.wait_until(lambda: leader.fence)
    sql.Journal(place).claim(*PLACE, stage.now())
    assert has_stopped.wait(10)
    # The lock is free again: it leads anew.
    stage.wait_until(lambda: leader.fence)
    assert leader.fence.epoch == 3


def test_who_was_refused_gives_its_lock_back(make, place):
    """An executor that is in doubt ends the term; somebody leads again, in an epoch of its own."""
    leader, stopped = make("a"), []
    leader.on_loss = lambda: stopped.append(leader.fence)
    leader.start()
    stage.wait_until(lambda: leader.fence)
    leader.lose(leader.fence, "this daemon does not lead any more")
    stage.wait_until(lambda: leader.fence)
    assert leader.fence.epoch == sql.Journal(place).leader(*PLACE).epoch == 2
    assert stopped == [None]


def test_an_epoch_that_is_lost_is_not_a_later_one(make):
    """Who is late with it takes nothing away."""
    leader = make("a", url=None)
    leader.start()
    old = leader.fence
    leader.start()
    leader.lose(old, "late")
    assert leader.fence.epoch == 2
    leader.lose(leader.fence, "now")
    assert leader.fence is None


def test_nobody_leads_without_a_journal(make, place, tmp_path, caplog):
    """The daemon says so, and leads as soon as there is one."""
    file = tmp_path / "state" / places.FILE
    standby = make("a")
    file.rename(tmp_path / "away")
    file.mkdir()
    standby.start()
    stage.wait_until(lambda: "cannot lead: the journal in" in caplog.text)
    assert standby.fence is None
    file.rmdir()
    (tmp_path / "away").rename(file)
    stage.wait_until(lambda: standby.fence)


def test_nobody_leads_where_nobody_can_agree(make, caplog):
    """The daemon stands by, and says which option it is about."""
    lonely = make("a", url="file:///dev/null/locks")
    lonely.start()
    stage.wait_until(lambda: "[coordination] backend_url cannot be used" in caplog.text)
    assert lonely.fence is None
