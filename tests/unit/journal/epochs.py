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

"""What keeps two executors of one region apart, whichever database it is in."""

from concurrent import futures

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.core import budgets
from cleanupd.journal import database
from cleanupd.journal import register
from cleanupd.journal import sql
from cleanupd.journal import store
from tests.unit.core import sample
from tests.unit.journal import suite

WORDS = "{}"
ENDED = {"state": store.State.CANCELLED, "ended_at": suite.START, "note": "why"}


def waiting(id_, **fields):
    """Return a sweep that is asked for."""
    return suite.make_sweep(id_, state=store.State.REQUESTED, **fields)


class EpochSuite:
    """Promises to executors; a class below gives the place, empty each time."""

    @pytest.fixture
    def journal(self, place):
        """Give a journal with the tables that it needs."""
        database.Database(place).upgrade()
        return sql.Journal(place)

    def test_each_executor_begins_an_epoch(self, journal):
        """They are counted for each region."""
        assert journal.leader("c", "r") is None
        epochs = [journal.claim("c", region, sample.NOW).epoch for region in ("r", "r", "s")]
        assert epochs == [1, 2, 1]
        assert journal.leader("c", "r").epoch == 2

    def test_who_leads_is_told_by_its_host(self, place, journal):
        """And since when."""
        journal.claim("c", "r", sample.NOW)
        leader = sql.Journal(place).leader("c", "r")
        assert leader.host == place.host
        assert leader.since == sample.NOW.isoformat(timespec="milliseconds")

    def test_a_daemon_has_one_entry_in_the_register(self, journal):
        """The last one, for each region."""
        entry = register.Entry(
            host="a", version="1", started_at=sample.NOW, seen_at=sample.NOW, epoch=3
        )
        later = msgspec.structs.replace(entry, seen_at=sample.NOW + sample.HOUR, epoch=None)
        other = msgspec.structs.replace(entry, host="b")
        mine = journal.register("c", "r")
        for one in (other, entry, later, later):
            mine.sign(one)
        assert mine.entries() == (later, other)
        assert journal.register("c", "s").entries() == ()

    def test_who_was_not_there_for_a_week_is_forgotten(self, journal):
        """When the next one comes."""
        old = register.Entry(host="a", version="1", started_at=sample.NOW, seen_at=sample.NOW)
        seen_at = sample.NOW + register.FORGOTTEN_AFTER
        mine = journal.register("c", "r")
        for one in (old, msgspec.structs.replace(old, host="b", seen_at=seen_at)):
            mine.sign(one)
        assert [entry.host for entry in mine.entries()] == ["a", "b"]
        mine.sign(msgspec.structs.replace(old, host="c", seen_at=seen_at + sample.HOUR))
        assert [entry.host for entry in mine.entries()] == ["b", "c"]

    def test_epochs_that_begin_at_once_are_different(self, place, journal):
        """The first ones, too."""
        journal.sweeps()
        with futures.ThreadPoolExecutor(4) as pool:
            others = [sql.Journal(place) for _ in range(4)]
            fences = list(pool.map(lambda one: one.claim("c", "r", sample.NOW), others))
        assert sorted(fence.epoch for fence in fences) == [1, 2, 3, 4]

    def test_an_intent_of_an_epoch_that_has_ended_is_refused(self, journal):
        """It is not written, so nothing is removed."""
        journal.save(suite.make_sweep("a"))
        old = journal.fenced(journal.claim("c", "r", sample.NOW))
        with pytest.raises(exceptions.Fenced), old.events("a") as log:
            log.append(suite.make_event("remove", "n"))
            journal.claim("c", "r", sample.NOW)
            log.append(suite.make_event("remove", "m"))
        assert [event.ref.id for event in journal.read_events("a")] == ["n"]
        assert journal.spent("c", "r", sample.NOW + budgets.HOUR / 2).total <= 1

    def test_what_an_executor_saves_after_its_epoch_is_refused(self, journal):
        """What the next one has written stays."""
        old = journal.fenced(journal.claim("c", "r", sample.NOW))
        old.save(suite.make_sweep("a", state=store.State.RUNNING))
        new = journal.fenced(journal.claim("c", "r", sample.NOW))
        new.save(suite.make_sweep("a", state=store.State.DONE))
        with pytest.raises(exceptions.Fenced, match="another daemon has ended epoch 1"):
            old.save(suite.make_sweep("a", state=store.State.FAILED))
        assert journal.sweep("a").state is store.State.DONE

    def test_what_is_asked_for_comes_in_order(self, journal):
        """What somebody has begun with comes first, whoever asked for what when."""
        queue = journal.queue("c", "r")
        for id_, at in (("b", "2026-03-01T12:00:02"), ("a", "2026-03-01T12:00:01")):
            journal.save(waiting(id_, started_at=at), request=WORDS)
        journal.save(waiting("c", region="other"), request=WORDS)
        assert [one.id for one in queue.pending()] == ["a", "b"]
        fence = journal.claim("c", "r", sample.NOW)
        assert queue.begin("b", fence)
        assert [(one.id, one.epoch) for one in queue.pending()] == [("b", 1), ("a", None)]
        queue.settle("b", fence)
        assert [one.id for one in queue.pending()] == ["a"]
        assert not queue.begin("b", fence)

    def test_an_epoch_that_has_ended_begins_and_settles_nothing(self, journal):
        """Another executor sees to it."""
        queue, old = journal.queue("c", "r"), journal.claim("c", "r", sample.NOW)
        journal.save(waiting("a"), request=WORDS)
        journal.claim("c", "r", sample.NOW)
        for call in (queue.begin, queue.settle):
            with pytest.raises(exceptions.Fenced):
                call("a", old)
        assert [(one.id, one.epoch) for one in queue.pending()] == [("a", None)]

    def test_what_is_saved_as_settled_is_not_asked_for_any_more(self, journal):
        """At the same moment; other changes leave it as it is."""
        journal.save(waiting("a"), request=WORDS)
        journal.save(suite.make_sweep("a", state=store.State.RUNNING))
        assert [one.request for one in journal.queue("c", "r").pending()] == [WORDS]
        journal.save(suite.make_sweep("a"), is_settled=True)
        assert journal.queue("c", "r").pending() == ()

    def test_a_stored_plan_is_asked_for_once(self, journal):
        """Whichever daemon is asked."""
        queue = journal.queue("c", "r")
        journal.save(suite.make_sweep("a", state=store.State.PLANNED))
        assert [queue.add_plan("a", WORDS) for _ in range(2)] == [True, False]
        assert journal.sweep("a").state is store.State.REQUESTED

    def test_what_waits_is_cancelled_at_once(self, journal):
        """And what is planned is withdrawn; what somebody has begun with is told to end."""
        queue = journal.queue("c", "r")
        fence = journal.claim("c", "r", sample.NOW)
        journal.save(suite.make_sweep("planned", state=store.State.PLANNED))
        for id_ in ("waits", "runs"):
            journal.save(waiting(id_), request=WORDS)
        queue.begin("runs", fence)
        ids = ("planned", "waits", "runs")
        assert [queue.cancel(id_, "alice", ENDED) for id_ in ids] == [True, True, False]
        states = [str(journal.sweep(id_).state) for id_ in ids]
        assert states == ["cancelled", "cancelled", "requested"]
        assert [(one.id, one.cancelled_by) for one in queue.pending()] == [("runs", "alice")]

    def test_what_is_asked_for_is_not_history(self, journal):
        """However long ago that was."""
        journal.save(suite.make_sweep("a", "2025-01-01T00:00:00+00:00"), request=WORDS)
        assert journal.forget_before(sample.NOW) == 0
        assert journal.unfinished("c", "r") == ()

    def test_what_a_sweep_spent_is_told(self, journal):
        """By its kinds."""
        journal.save(suite.make_sweep("a"))
        with journal.events("a") as log:
            log.append(suite.make_event("remove", "n"))
        assert journal.spent_by("a") == {"network.network": 1}
        assert journal.spent_by("b") == {}
