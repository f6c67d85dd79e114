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

"""What keeps workloads alive, and for how long they were seen to do nothing."""

import datetime

import pytest

from cleanupd.core import liveness
from cleanupd.core import ownership
from cleanupd.core import workloads
from tests.unit.core import sample
from tests.unit.core.sample import name
from tests.unit.core.sample import record

NOW = sample.NOW
MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)
PART = sample.PART
SOON = f"{liveness.LEASE_TAG}=2026-03-01T13:00:00Z"
LAPSED = f"{liveness.LEASE_TAG}=2026-03-01T11:00:00+00:00"


def trace(digest="same", **fields):
    """Return how a workload looks."""
    return liveness.Trace(digest=digest, **fields)


def look(at, watched_since=None, found=None, **fields):
    """Return a look at some minutes after the beginning."""
    since = None if watched_since is None else NOW + watched_since * MINUTE
    return liveness.Look(
        seen_until=NOW + at * MINUTE,
        watched_since=since,
        traces={PART: found or trace()},
        **fields,
    )


def follow(*looks):
    """Return what is known after looks."""
    known = liveness.Observations()
    for one in looks:
        known = liveness.after(known, one)
    return known


def quiet(*looks):
    """Return for how many minutes the workload was seen to do nothing."""
    return follow(*looks).quiet_s(PART) / 60


def left_alone(*records, now=NOW, told=None, observations=None, **selection):
    """Return why each workload is left alone."""
    taken = sample.snapshot(*records)
    claims = ownership.find_claims(taken, sample.KINDS, sample.MATCHER)
    found = workloads.find_workloads(taken, claims, {})
    chosen = workloads.Selection(**({"idle": sample.HOUR} | selection))
    told = told or workloads.Told()
    asked = (found, chosen, now, told, observations or liveness.Observations())
    return workloads.find_live(*asked) | workloads.find_doubtful(*asked)


def leased(tag, **fields):
    """Return a benchmark's server in a project that has a tag."""
    return (
        record("compute.server", "s", name=name(), project_id="p", **fields),
        record("identity.project", "p", name=name(letter="c"), tags=(tag, "other")),
    )


def test_time_counts_where_somebody_looked():
    """From one look to the next, as long as nothing escaped in between."""
    assert quiet(look(0, 0), look(60, 0), look(90, 0)) == 90


def test_the_first_look_counts_nothing():
    """What was before it is not known."""
    assert quiet(look(0, -60)) == 0
    assert liveness.Observations().quiet_s(PART) == 0


def test_a_restart_stops_the_clock_and_does_not_set_it_back():
    """What was observed before stays observed, the time between was not."""
    known = follow(look(0, 0), look(60, 0), look(100, 100), look(110, 100))
    assert known.quiet_s(PART) == 70 * 60
    assert known.head.unobserved_s == 40 * 60


def test_what_cannot_be_believed_stops_the_clock():
    """A look that is not sure of what was before it counts nothing."""
    known = follow(look(0, 0), look(30), look(60, 60))
    assert known.quiet_s(PART) == 0
    known = liveness.after(known, look(61, 60))
    assert known.quiet_s(PART) == 60
    assert known.head.unobserved_s == 60 * 60


def test_looks_that_are_far_apart_count_nothing():
    """Two looks in a day have not observed the day."""
    assert quiet(look(0, 0), look(121, 0)) == 0
    assert quiet(look(0, 0), look(120, 0)) == 120


def test_time_is_counted_once():
    """Of two daemons that look, the second counts only what is new."""
    assert quiet(look(0, 0), look(10, 0), look(15, 15), look(20, 0), look(25, 15)) == 25


@pytest.mark.parametrize(
    "changed",
    [look(60, 0, trace("other")), look(60, 0, stirred=frozenset({PART}))],
    ids=["seen", "heard"],
)
def test_whatever_is_done_sets_the_clock_back(changed):
    """Something created, changed or deleted, and what only the bus told."""
    assert quiet(look(0, 0), look(30, 0), changed) == 0


def test_what_the_bus_tells_counts_before_the_next_listing():
    """A look that shows nothing newer hears all the same, and loses no time."""
    heard = look(60, 0, stirred=frozenset({PART}))
    assert quiet(look(0, 0), look(60, 0), heard) == 0
    assert quiet(look(0, 0), look(60, 0), look(50, 0, trace("older"))) == 60


def test_what_cleanupd_removes_is_no_activity():
    """What goes by its hand leaves the rest as idle as it was; what comes does not."""
    swept = {"swept": frozenset({PART}), "stirred": frozenset({PART})}
    old, new = trace("a", newest=NOW), trace("b", newest=NOW + MINUTE)
    assert quiet(look(0, 0, old), look(60, 0, trace("less"), **swept)) == 60
    assert quiet(look(0, 0, old), look(60, 0, new, **swept)) == 0
    assert quiet(look(0, 0), look(60, 0, new, **swept)) == 0
    assert quiet(look(0, 0), look(60, 0), look(60, 0, **swept)) == 60


def test_what_is_gone_is_forgotten_unless_it_could_not_be_listed():
    """A workload whose kinds were not listed keeps its clock."""
    nothing = {"seen_until": NOW + 60 * MINUTE, "watched_since": NOW, "traces": {}}
    assert not follow(look(0, 0), liveness.Look(**nothing)).workloads
    kept = follow(look(0, 0), liveness.Look(**nothing, is_complete=False))
    assert kept.quiet_s(PART) == 3600


def test_a_trace_shows_what_was_done():
    """The same resources give the same trace; one more, or one changed, another."""
    server = record("compute.server", "s", name=name())
    other = record("compute.server", "t", name=name(), created_at=NOW)
    changed = record("compute.server", "s", name=name(), status="ERROR")
    foreign = record("compute.server", "f", name="backup")

    def find(*records):
        taken = sample.snapshot(*records)
        claims = ownership.find_claims(taken, sample.KINDS, sample.MATCHER)
        return liveness.find_traces(taken, claims)

    assert find(server) == find(server, foreign)
    assert find(server, other) == find(other, server)
    assert find(record("compute.flavor", "v", name=name()), server, other)[PART].newest == NOW
    assert len({find(*one)[PART].digest for one in ((server,), (changed,), (server, other))}) == 3


def test_a_lease_keeps_a_workload():
    """The tag of its project, or of any of its resources, says until when."""
    assert "leased until 2026-03-01T13:00:00Z" in left_alone(*leased(SOON))[PART]
    tagged = record("compute.server", "s", name=name(), tags=(SOON,))
    assert "leased until" in left_alone(tagged)[PART]
    foreign = record("identity.project", "p", name="lab", tags=(SOON,))
    assert "leased until" in left_alone(leased("")[0], foreign)[PART]


def test_a_lease_holds_against_rallys_database():
    """Alive wins: whoever writes the lease knows better than who was killed."""
    told = workloads.Told(over=frozenset({PART}))
    assert "leased until" in left_alone(*leased(SOON), told=told)[PART]


def test_a_lease_that_was_written_after_the_plan_keeps_what_nobody_named():
    """At the last look a workload that was idle stands by its part alone."""
    assert "leased until" in left_alone(*leased(SOON), idle=None, parts={PART: ()})[PART]


def test_what_an_operator_names_goes_in_spite_of_its_lease():
    """Who names a workload knows that it is over."""
    assert not left_alone(*leased(SOON), parts={PART: ("uuid",)})
    assert not left_alone(*leased(SOON), is_everything=True)


def test_a_lapsed_lease_is_no_death():
    """It keeps nothing any more, and all else decides as it would without."""
    assert not left_alone(*leased(LAPSED))
    active = left_alone(*leased(LAPSED, updated_at=NOW))
    assert "active at" in active[PART]


@pytest.mark.parametrize("time", ["", "=", "=tomorrow", "=2026-03-01T11:00:00", ":2000-01-01"])
def test_a_lease_that_cannot_be_read_keeps(time):
    """A time without its zone is none."""
    assert "no time to read" in left_alone(*leased(liveness.LEASE_TAG + time))[PART]


def test_outages_lengthen_leases():
    """The time in which nobody looked, since the lease can have been written, is added."""
    lapsing = f"{liveness.LEASE_TAG}=2026-03-01T12:30:00Z"
    found = trace(leases=(lapsing,))
    known = follow(look(-10, -10), look(0, -10, found), look(60, 60, found))
    at = {"observations": known, "idle": datetime.timedelta(0)}
    kept = left_alone(*leased(lapsing), now=NOW + 89 * MINUTE, **at)
    assert "3600 s longer, unobserved" not in kept[PART]
    assert "s longer, unobserved" in kept[PART]
    seen = follow(look(-10, -10), look(0, -10, found), look(60, 60, found), look(91, 60, found))
    at["observations"] = seen
    assert not left_alone(*leased(lapsing), now=NOW + 91 * MINUTE, **at)


def test_a_lease_that_was_written_in_an_outage_is_lengthened_by_all_of_it():
    """Before it was first seen nobody knows when it was written; nobody looks, it counts on."""
    found = trace(leases=(LAPSED,))
    known = follow(look(-120, -120), look(0, 0, found))
    assert known.missed(PART, LAPSED, NOW) == 2 * sample.HOUR
    assert known.missed(PART, LAPSED, NOW + MINUTE) == 2 * sample.HOUR + MINUTE
    assert known.missed(PART, SOON, NOW) == datetime.timedelta(0)
    assert liveness.Observations().missed(PART, SOON, NOW) == datetime.timedelta(0)


def test_what_nobody_attends_goes_by_idleness_only_where_that_is_switched_on():
    """Without it idle workloads are reported and kept."""
    server = record("compute.server", "s", name=name())
    kept = left_alone(server, patience=liveness.Patience())
    assert "set [sweep] enforce_idle" in kept[PART]
    assert not left_alone(server)


def test_idleness_counts_in_seconds_that_were_observed():
    """However old the dates are."""
    server = record("compute.server", "s", name=name())
    asked = {"patience": liveness.Patience(idle=sample.HOUR)}
    kept = left_alone(server, **asked, observations=follow(look(0, 0), look(59, 0)))
    assert "nothing for 3540 s, and [sweep] enforce_idle asks for 3600 s" in kept[PART]
    assert not left_alone(server, **asked, observations=follow(look(0, 0), look(60, 0)))


def test_what_rally_calls_over_needs_two_sightings():
    """As it is, it has to be seen twice, so long apart; idleness need not be switched on."""
    asked = {
        "patience": liveness.Patience(sighted=10 * MINUTE),
        "told": workloads.Told(over=frozenset({PART})),
    }
    server = record("compute.server", "s", name=name())
    kept = left_alone(server, **asked, observations=follow(look(0, 0)))
    assert "for 0 s, and [safety] min_age asks for 600 s" in kept[PART]
    assert not left_alone(server, **asked, observations=follow(look(0, 0), look(10, 0)))
    assert left_alone(server, **(asked | {"patience": liveness.Patience(idle=DAY)})) == {}
