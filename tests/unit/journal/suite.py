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

"""What every journal does, whichever database it is in."""

from concurrent import futures
import contextlib
import datetime

from alembic import command
import msgspec
import pytest
import sqlalchemy as sa

from cleanupd import exceptions
from cleanupd.core import liveness
from cleanupd.core import planning
from cleanupd.core import workloads
from cleanupd.journal import database
from cleanupd.journal import migration
from cleanupd.journal import schema
from cleanupd.journal import sql
from cleanupd.journal import store
from tests.unit.core import sample

START = "2026-03-01T12:00:00+00:00"


def make_sweep(id_, started_at=START, state=store.State.DONE, **fields):
    """Return a sweep."""
    fields = {"cloud": "c", "region": "r"} | fields
    return store.Sweep(id=id_, state=state, started_at=started_at, **fields)


def make_result(id_, **fields):
    """Return the result of a step."""
    fields = {"name": "n", "outcome": store.Outcome.FAILED, "reason": "why"} | fields
    return store.Result(ref=sample.ref("network.network", id_), **fields)


def make_plan(id_, *names):
    """Return a plan with a step for each name."""
    steps = tuple(
        planning.Step(
            observed=sample.record(
                "network.network", name, name=f"s_rally_{name} \u2603 \U0001f9f9"
            ),
            part="deadbeef",
            scope="scenario",
            evidence=("its name",),
            after=(),
        )
        for name in names
    )
    return planning.Plan(
        id=id_,
        cloud="c",
        region="r",
        made_at=sample.NOW,
        selection=workloads.Selection(),
        steps=steps,
        kept=(),
        undecidable=(),
        active={},
        foreign=3,
        doubts=("a doubt",),
    )


def make_event(what, id_, **fields):
    """Return an event."""
    return store.Event(at=START, what=what, ref=sample.ref("network.network", id_), **fields)


def observed(seconds, **since):
    """Return what was observed: the counters, and since when each workload is quiet."""
    trace = liveness.Trace(digest="same", newest=sample.NOW, leases=("lease",))
    return liveness.Observations(
        head=liveness.Head(seen_until=sample.NOW, observed_s=seconds),
        workloads={
            part: liveness.Quiet(trace=trace, since_s=since_s, leases={"lease": 0.5})
            for part, since_s in since.items()
        },
    )


@contextlib.contextmanager
def removing(journal, id_, **fields):
    """Give the log of a sweep that is over by then."""
    journal.save(make_sweep(id_, **fields))
    with journal.events(id_) as log:
        yield log


class JournalSuite:
    """Promises of the journal; a class below gives the place, empty each time."""

    @pytest.fixture
    def journal(self, place):
        """Give a journal with the tables that it needs."""
        database.Database(place).upgrade()
        return sql.Journal(place)

    def test_sweeps_are_listed_by_their_start(self, journal):
        """The latest sweep comes last."""
        assert journal.sweeps() == ()
        late, early = make_sweep("a", "2026-03-02T12:00:00+00:00"), make_sweep("b")
        journal.save(late)
        journal.save(early)
        assert journal.sweeps() == (early, late)

    def test_sweeps_are_kept_by_cloud_and_region(self, journal):
        """Several daemons may share a database, each with a cloud of its own."""
        for cloud, region in (("c", "r"), ("c", "R"), ("C", "r")):
            journal.save(make_sweep(f"{ord(cloud)}-{ord(region)}", cloud=cloud, region=region))
        assert [s.id for s in journal.sweeps("c", "R")] == ["99-82"]
        assert len(journal.sweeps("c")) == 2

    @pytest.mark.parametrize(
        "id_", ["nothing", "../etc", "", ".", "a/b", "ä", "A", "a ", "x" * 99]
    )
    def test_an_unknown_sweep_is_refused(self, journal, id_):
        """An id counts as it is, whatever a database takes for the same."""
        journal.save(make_sweep("a"), make_plan("a"))
        for ask in (journal.sweep, journal.plan):
            with pytest.raises(exceptions.UnknownSweep, match="cleanupctl sweep list"):
                ask(id_)

    def test_a_sweep_without_a_plan_has_none(self, journal):
        """A request that was not planned yet."""
        journal.save(make_sweep("a"))
        with pytest.raises(exceptions.UnknownSweep):
            journal.plan("a")

    def test_a_plan_is_read_as_it_was_made(self, journal):
        """With evidence and observed state, step by step, whatever is in the names."""
        plan = make_plan("a", *map(str, range(1200)))
        journal.save(make_sweep("a", state=store.State.PLANNED), plan)
        journal.save(make_sweep("a", state=store.State.RUNNING))
        assert journal.plan("a") == plan

    def test_a_sweep_is_read_as_it_was_saved(self, journal):
        """Results stay in the order of the plan."""
        results = tuple(make_result(str(number)) for number in range(12))
        sweep = make_sweep("a", results=results, note="a note", ended_at=START, planned=12)
        journal.save(make_sweep("a", results=results[:3]))
        journal.save(sweep)
        assert journal.sweep("a") == sweep
        assert journal.sweeps() == (sweep,)

    def test_texts_of_services_are_stored_whatever_is_in_them(self, journal):
        """No answer of a service can stop a sweep by what is in its text."""
        journal.save(make_sweep("a", note="\0"))
        with journal.events("a") as events:
            events.append(make_event("failed", "n", reason="a\0b" + "é" * 70_000))
        [event] = journal.read_events("a")
        assert event.reason.startswith("a\ufffdbé")

    def test_who_asked_for_a_sweep_stays_written(self, journal):
        """What comes of it is saved later, by who need not know."""
        journal.save(make_sweep("a", schedule="nightly"))
        journal.save(make_sweep("a"), make_plan("a"))
        assert journal.sweep("a").schedule == "nightly"

    def test_what_schedules_planned_for_workloads_is_told(self, journal):
        """Of each such plan the workloads, and of which of them something was kept."""
        some = workloads.Selection(only=frozenset({"deadbeef", "c0ffee00"}))
        kept = planning.Kept(
            ref=sample.ref("network.network", "n"), name=None, part="deadbeef", reason="young"
        )
        ours = msgspec.structs.replace(make_plan("a", "x"), selection=some, kept=(kept,))
        journal.save(make_sweep("a", schedule="nightly"), ours)
        journal.save(make_sweep("b", schedule="nightly"), make_plan("b"))
        journal.save(make_sweep("c"), msgspec.structs.replace(ours, id="c"))
        (planned,) = journal.planned("c", "r")
        assert planned == store.Planned(
            schedule="nightly",
            at=datetime.datetime.fromisoformat(START),
            only=some.only,
            kept=frozenset({"deadbeef"}),
        )
        assert journal.planned("c", "elsewhere") == ()

    def test_events_are_read_in_their_order(self, journal):
        """Each with its ref and reason."""
        events = [make_event("remove", "a"), make_event("removed", "a", reason="so")]
        journal.save(make_sweep("a"))
        with journal.events("a") as log:
            for event in events:
                log.append(event)
        assert journal.read_events("a") == tuple(events)
        assert journal.read_events("b") == ()

    def test_many_threads_append_and_none_is_lost(self, journal):
        """Threads share transactions; to each the order of its own events is kept."""
        journal.save(make_sweep("a"))
        with journal.events("a") as log, futures.ThreadPoolExecutor(8) as pool:

            def remove(id_):
                log.append(make_event("remove", id_))
                assert make_event("remove", id_) in journal.read_events("a")
                log.append(make_event("removed", id_))

            list(pool.map(remove, map(str, range(24))))
        told = [(event.ref.id, event.what) for event in journal.read_events("a")]
        assert sorted(told) == sorted(
            (str(id_), what) for id_ in range(24) for what in ("remove", "removed")
        )
        assert all(told.index((i, "remove")) < told.index((i, "removed")) for i, _ in told)

    def test_what_became_of_an_unfinished_sweep_is_told(self, journal):
        """An intent without an outcome is unknown, and nothing is taken for removed."""
        journal.save(make_sweep("a", state=store.State.RUNNING), make_plan("a", *"abcde"))
        with journal.events("a") as log:
            log.append(make_event("remove", "a"))
            log.append(make_event("remove", "b"))
            log.append(make_event("removed", "b"))
            log.append(make_event("remove", "c"))
            log.append(make_event("refused", "c", reason="in use"))
            log.append(make_event("failed", "d", reason="403"))
        [sweep] = journal.unfinished("c", "r")
        assert [(r.ref.id, r.outcome) for r in sweep.results] == [
            ("a", "unknown"),
            ("b", "removed"),
            ("c", "not tried"),
            ("d", "failed"),
            ("e", "not tried"),
        ]

    def test_unfinished_sweeps_are_those_of_the_host(self, place, journal):
        """What another daemon runs is its own; what is over is not unfinished."""
        other = sql.Journal(msgspec.structs.replace(place, host="other"))
        other.save(make_sweep("a", state=store.State.RUNNING))
        journal.save(make_sweep("b"))
        journal.save(make_sweep("c", state=store.State.REQUESTED))
        assert [sweep.id for sweep in journal.unfinished("c", "r")] == ["c"]
        assert journal.unfinished("c", "other") == ()

    def test_history_is_forgotten_with_all_that_is_tied_to_it(self, journal):
        """Sweeps that are not over stay, and so do those that are young enough."""
        old = "2025-01-01T00:00:00+00:00"
        journal.save(make_sweep("a", old, results=(make_result("n"),)), make_plan("a", "n"))
        journal.save(make_sweep("b", old, state=store.State.RUNNING))
        journal.save(make_sweep("c"))
        with journal.events("a") as log:
            log.append(make_event("remove", "n"))
        assert journal.forget_before(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)) == 1
        assert [sweep.id for sweep in journal.sweeps()] == ["b", "c"]
        assert journal.read_events("a") == ()

    def test_first_sightings_are_kept_for_each_region(self, journal):
        """What was first seen in one region of one cloud is remembered for that alone."""
        seen = {sample.ref("compute.flavor", id_): sample.NOW for id_ in ("7", "a", "A")}
        journal.save_sightings("sample", "one", seen)
        assert journal.sightings("sample", "one") == seen
        assert journal.sightings("sample", "two") == {}

    def test_what_was_observed_is_kept_for_each_region(self, journal):
        """Counters and workloads come back as they were, without what is gone."""
        nothing = liveness.Observations()
        first = observed(60.5, a=1.25, b=2.0)
        assert journal.observations("c", "r") == nothing
        assert journal.save_observations("c", "r", nothing, first)
        assert journal.observations("c", "r") == first
        assert journal.observations("c", "R") == nothing
        second = observed(61.5, b=3.0, c=4.0)
        assert journal.save_observations("c", "r", first, second)
        assert journal.observations("c", "r") == second

    def test_what_another_daemon_observed_meanwhile_is_not_lost(self, journal):
        """Who looked at the same time as another one counts nothing."""
        nothing, first = liveness.Observations(), observed(60.0, a=1.0)
        journal.save_observations("c", "r", nothing, first)
        assert journal.save_observations("c", "r", first, observed(70.0, a=1.0))
        assert not journal.save_observations("c", "r", first, observed(80.0, a=2.0))
        assert journal.observations("c", "r") == observed(70.0, a=1.0)

    def test_first_sightings_are_replaced(self, journal):
        """What is gone is forgotten, what stays keeps its date."""
        later = sample.NOW + datetime.timedelta(hours=1)
        first = {sample.ref("compute.flavor", str(id_)): sample.NOW for id_ in range(1200)}
        journal.save_sightings("sample", "one", first)
        second = {
            sample.ref("compute.flavor", id_): at for id_, at in (("7", sample.NOW), ("x", later))
        }
        journal.save_sightings("sample", "one", second)
        assert journal.sightings("sample", "one") == second

    def test_what_is_spent_is_written_with_the_intents(self, place, journal):
        """A crash loses none of it: when an intent is on disk another process reads it."""
        with removing(journal, "a") as log:
            log.append(make_event("remove", "n"))
            assert sql.Journal(place).spent("c", "r", sample.NOW).kinds == {"network.network": 1}

    def test_each_resource_is_spent_once(self, journal):
        """However often it is tried; what went along with its owner counts, too."""
        with removing(journal, "a") as log:
            for what in ("remove", "refused", "remove", "removed"):
                log.append(make_event(what, "n"))
            log.append(make_event("gone", "along"))
            log.append(make_event("changed", "stays"))
        spent = journal.spent("c", "r", sample.NOW)
        assert (spent.total, spent.since) == (2, sample.NOW)

    def test_all_sweeps_of_a_region_spend_of_one_budget(self, journal):
        """And none of another's."""
        for id_, region in (("a", "r"), ("b", "r"), ("x", "other")):
            with removing(journal, id_, region=region) as log:
                log.append(make_event("remove", id_))
        assert journal.spent("c", "r", sample.NOW).total == 2
        assert journal.spent("c", "other", sample.NOW).total == 1
        assert journal.spent("other", "r", sample.NOW).total == 0

    def test_the_hour_goes_by_the_clock(self, journal):
        """After an hour it is over; for a clock that was set back it is not."""
        with removing(journal, "a") as log:
            log.append(make_event("remove", "n"))
        for minutes, total in {0: 1, 59: 1, 60: 0, 61: 0, -1: 1, -60 * 24: 1}.items():
            at = sample.NOW + datetime.timedelta(minutes=minutes)
            assert journal.spent("c", "r", at).total == total

    def test_what_a_forgotten_sweep_spent_is_still_spent(self, journal):
        """It is forgotten when it is as old itself."""
        with removing(journal, "a", started_at="2025-12-31T12:00:00+00:00") as log:
            log.append(make_event("remove", "n"))
        assert journal.forget_before(sample.NOW) == 1
        assert journal.spent("c", "r", sample.NOW).total == 1
        journal.forget_before(sample.NOW + datetime.timedelta(seconds=1))
        assert journal.spent("c", "r", sample.NOW).total == 0

    def test_migrations_make_what_the_code_expects(self, place, journal):
        """From nothing to the newest revision there is no difference to the tables."""
        found = database.Database(place)
        assert found.revision() == schema.REVISION
        # It raises if there is a difference.
        found.run(lambda connection: command.check(migration.configuration(connection)))

    def test_an_upgrade_can_be_repeated(self, place, journal):
        """It changes nothing, and loses nothing."""
        journal.save(make_sweep("a"))
        database.Database(place).upgrade()
        assert [sweep.id for sweep in journal.sweeps()] == ["a"]

    @pytest.mark.parametrize(
        ("revision", "told"), [("0000", "an old one; run `db up`"), ("9999", "newer cleanupd")]
    )
    def test_another_schema_is_refused(self, place, journal, revision, told):
        """An old one with the command to run; nothing is written to either."""
        opened = database.Database(place)
        set_revision(opened, revision)
        other = sql.Journal(msgspec.structs.replace(place, upgrade="db up"))
        with pytest.raises(exceptions.JournalFailed, match=told):
            other.save(make_sweep("a"))
        set_revision(opened, schema.REVISION)
        assert journal.sweeps() == ()


def set_revision(opened, revision):
    """Have a database say that its schema is of another revision."""
    statement = sa.text("UPDATE alembic_version SET version_num = :revision")
    opened.run(lambda connection: connection.execute(statement, {"revision": revision}))
