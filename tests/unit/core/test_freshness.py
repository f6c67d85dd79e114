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
"""Listings, readings and messages of one kind, case by case."""

import datetime

import pytest

from cleanupd.core import changes
from cleanupd.core import freshness
from cleanupd.core import resources

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


def after(seconds):
    """Return the time so many seconds after noon."""
    return NOON + datetime.timedelta(seconds=seconds)


def ref(id_):
    """Return a port's ref."""
    return resources.Ref("c", "r", "network.port", id_)


def port(id_, **fields):
    """Return a port."""
    return resources.Resource(ref=ref(id_), **fields)


@pytest.fixture
def state():
    """Give a state with port 1 in revision 5, listed at noon within a second."""
    state = freshness.KindState()
    request = state.request(NOON)
    assert land(state, [port("1", revision=5, name="five")], request, after(1)) is None
    return state


def land(state, records, request, now):
    """Let a complete listing arrive, and return why it has to wait."""
    return state.land(state.compare(records, request), now)


def name(state, id_="1"):
    """Return the name of what the state has, None if it has nothing."""
    record = state.root.records.get(id_)
    return record and record.name


@pytest.mark.parametrize(("revision", "expected"), [(4, "five"), (5, "five"), (6, "six")])
def test_a_revision_decides(state, revision, expected):
    """Where both have a revision, the higher one stands, and nothing has to be read."""
    change = changes.Updated(port("1", revision=revision, name="six"), after(0.5))
    assert state.update(change) is False
    assert name(state) == expected


def test_an_older_date_is_no_news(state):
    """A record that was changed earlier than the known one is left aside."""
    later = port("2", name="later", updated_at=after(60))
    assert state.update(changes.Updated(later, after(61))) is False
    earlier = port("2", name="earlier", updated_at=after(59))
    assert state.update(changes.Updated(earlier, after(62))) is False
    assert name(state, "2") == "later"


def test_what_a_listing_may_have_seen_is_read(state):
    """A message of the time of the listing decides nothing by itself."""
    assert state.update(changes.Updated(port("2"), after(3))) is True
    assert name(state, "2") is None
    assert state.delete(changes.Deleted(ref("1"), after(3))) is True
    assert name(state) == "five"


def test_a_message_from_before_the_listing_is_nothing(state):
    """What was sent well before the listing was asked for is neither applied nor read."""
    assert state.delete(changes.Deleted(ref("1"), after(-6))) is False
    assert state.update(changes.Updated(port("2"), after(-6))) is False
    assert state.touch(changes.Touched(ref("1"), after(-6))) is False
    assert list(state.root.records) == ["1"]


def test_a_touch_is_read_and_the_reading_stands(state):
    """After a touch the reading tells, unless more was heard meanwhile."""
    assert state.touch(changes.Touched(ref("1"))) is True
    request = state.request(after(20))
    assert state.touch(changes.Touched(ref("1"))) is True
    assert state.read("1", port("1", name="read"), request) is True
    assert name(state) == "five"
    assert state.read("1", port("1", name="again"), state.request(after(21))) is False
    assert name(state) == "again"
    assert state.read("1", None, state.request(after(22))) is False
    assert name(state) is None


def test_a_newcomer_in_a_dead_ones_place_is_read(state):
    """What was reported gone stays gone until a reading finds it."""
    assert state.delete(changes.Deleted(ref("1"), after(30))) is False
    assert state.delete(changes.Deleted(ref("1"), after(29))) is False
    assert state.update(changes.Updated(port("1"), after(29))) is False
    assert state.update(changes.Updated(port("1", name="new"), after(31))) is True
    assert name(state) is None
    state.read("1", port("1", name="new"), state.request(after(32)))
    assert name(state) == "new"


def test_a_late_answer_does_not_undo_a_listing(state):
    """A reading that was asked for before the listing says nothing after it."""
    early = state.request(after(40))
    request = state.request(after(41))
    land(state, [port("1", name="listed")], request, after(42))
    assert state.read("1", None, early) is False
    assert name(state) == "listed"


def test_a_shrunk_listing_waits_for_a_second(state):
    """A listing that lacks much of what is known counts when the next one lacks the same."""
    many = [port(str(number)) for number in range(100)]
    assert land(state, many, state.request(after(10)), after(11)) is None
    few = many[:50]
    shrunk = land(state, few, state.request(after(20)), after(21))
    assert shrunk == freshness.Shrinkage(50, 100)
    assert len(state.root.records) == 100
    other = land(state, many[50:], state.request(after(25)), after(26))
    assert other == freshness.Shrinkage(50, 100)
    assert land(state, many[50:], state.request(after(30)), after(31)) is None
    assert len(state.root.records) == 50


def test_reported_deletions_explain_a_shrunk_listing(state):
    """What the bus reported gone is not missed."""
    many = [port(str(number)) for number in range(100)]
    land(state, many, state.request(after(10)), after(11))
    for record in many[:50]:
        state.delete(changes.Deleted(record.ref, after(30)))
    assert land(state, many[50:], state.request(after(40)), after(41)) is None
    assert len(state.root.records) == 50


def test_what_fell_with_a_listing_is_forgotten(state):
    """What was heard before a listing is let go; what was heard since stands, as it was told."""
    for number in range(2, 5):
        state.update(changes.Updated(port(str(number), name="told"), after(20)))
    request = state.request(after(60))
    state.delete(changes.Deleted(ref("2"), after(61)))
    state.update(changes.Updated(port("3", revision=7, name="seven"), after(62)))
    listed = [port("2"), port("3", revision=6, name="six"), port("4", name="listed")]
    assert land(state, listed, request, after(63)) is None
    assert state.tidy() == 3
    assert state.tidy() == 0
    assert [name(state, one) for one in "1234"] == [None, None, "seven", "listed"]
