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

"""How much of a plan is removed at once."""

import collections

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import msgspec
import pytest

from cleanupd.core import budgets
from cleanupd.core import planning
from cleanupd.core import workloads
from tests.unit.core import sample

KINDS = ("network.network", "network.port", "compute.server")
WIDE = 10**9


def make_plan(*steps, staying=None):
    """Return a plan with these steps."""
    return planning.Plan(
        id="p1",
        cloud="sample",
        region="one",
        made_at=sample.NOW,
        selection=workloads.Selection(),
        steps=steps,
        kept=(),
        undecidable=(),
        active={},
        foreign=0,
        doubts=(),
        staying=staying or {},
    )


def make_step(id_, *after, kind="network.network", **fields):
    """Return the step that removes a resource after others."""
    return planning.Step(
        observed=sample.record(kind, id_, **fields),
        part=sample.PART,
        scope="scenario",
        evidence=(),
        after=tuple(other.ref for other in after),
    )


def balance(spent=None, **limits):
    """Return a balance whose limits are wide but for those that are given."""
    given_ = {"per_sweep": WIDE, "per_kind": WIDE, "per_hour": WIDE} | limits
    return budgets.Balance(
        cloud="sample",
        region="one",
        limits=budgets.Limits(**given_),
        spent=spent or budgets.Spent(),
        as_of=sample.NOW,
    )


def take(*steps, spent=None, **limits):
    """Return what is taken of steps, by id, and why what is left is."""
    part = budgets.take(make_plan(*steps), balance(spent, **limits))
    return [step.ref.id for step in part.steps], {r.id: why for r, why in part.left.items()}


def test_a_plan_may_take_less_than_the_budget_allows():
    """The stricter of both holds, and the reason says which it was."""
    plan = msgspec.structs.replace(make_plan(A, B, C), most=2)
    part = budgets.take(plan, balance())
    assert [step.ref.id for step in part.steps] == ["a", "b"]
    told = "per_sweep of the schedule is 2: the next sweep goes on with it"
    assert list(part.left.values()) == [told]
    assert len(budgets.take(plan, balance(per_sweep=1)).steps) == 1


A, B, C, D = (make_step(id_) for id_ in "abcd")


def test_ten_thousand_leaks_go_at_once():
    """With the defaults, though all are of one kind."""
    steps = [make_step(f"n{n}") for n in range(10_000)]
    whole = budgets.take(make_plan(*steps), balance(**msgspec.to_builtins(budgets.Limits())))
    assert (len(whole.steps), whole.left) == (10_000, {})


@pytest.mark.parametrize(
    ("limits", "taken", "why"),
    [
        ({"per_sweep": 2}, ["a", "b"], "[budget] per_sweep is 2: the next sweep goes on with it"),
        ({"per_sweep": 0}, [], "[budget] per_sweep is 0: nothing is removed"),
        (
            {"per_kind": 3},
            ["a", "b", "c"],
            "[budget] per_kind is 3, also for network.network: the next sweep goes on with it",
        ),
        (
            {"per_kind": 0},
            [],
            "[budget] per_kind is 0, also for network.network: nothing is removed",
        ),
        (
            {"per_hour": 1},
            ["a"],
            "[budget] per_hour is 1: there is room again at 2026-03-01 13:00:00 UTC",
        ),
        ({"per_hour": 0}, [], "[budget] per_hour is 0: nothing is removed"),
    ],
)
def test_a_hard_limit_leaves_the_rest(limits, taken, why):
    """In the order of the plan, and says which budget it was; 0 means 0."""
    found, left = take(A, B, C, D, **limits)
    assert found == taken
    assert list(left) == ["a", "b", "c", "d"][len(taken) :]
    assert set(left.values()) == {why}


def test_what_was_spent_in_the_hour_is_not_there_any_more():
    """The reason says since when, and when there is room."""
    spent = budgets.Spent(kinds={"x": 2, "y": 1}, since=sample.NOW - sample.HOUR / 2)
    found, left = take(A, B, spent=spent, per_hour=4)
    assert found == ["a"]
    assert left["b"] == (
        "[budget] per_hour is 4 and 3 are spent since 2026-03-01 11:30:00 UTC:"
        " there is room again at 2026-03-01 12:30:00 UTC"
    )


def test_more_than_the_limit_may_be_spent():
    """Somebody has lowered it: nothing is left of it, and no less."""
    spent = budgets.Spent(kinds={"x": 9}, since=sample.NOW)
    assert balance(spent, per_hour=4).left == 0
    assert take(A, spent=spent, per_hour=4)[0] == []


def test_kinds_are_counted_apart():
    """One that has no room is in no other's way."""
    ports = [make_step(f"p{n}", kind="network.port") for n in range(3)]
    found, left = take(*ports, A, B, per_kind=2)
    assert found == ["p0", "p1", "a", "b"]
    assert list(left) == ["p2"]


def test_what_hangs_together_is_taken_whole():
    """A group that fits the next sweep is not begun in this one; one that fits still is."""
    first = make_step("first")
    loose = (sample.attached("network.network", "elsewhere"),)
    group = (first, make_step("second", first), make_step("third", first, edges=loose))
    found, left = take(A, *group, B, per_sweep=3)
    assert found == ["a", "b"]
    assert list(left) == ["first", "second", "third"]


def test_what_fits_no_sweep_is_taken_in_parts():
    """What must go before comes first."""
    net = make_step("net", kind="network.network")
    ports = [make_step(f"p{n}", kind="network.port") for n in range(5)]
    last = make_step("last", *ports)
    found, left = take(net, *ports, last, per_sweep=4)
    assert found == ["net", "p0", "p1", "p2"]
    assert list(left) == ["p3", "p4", "last"]


def test_what_goes_along_is_counted_with_its_owner():
    """A server takes its ports with it, though no call removes them."""
    server = make_step("srv", kind="compute.server")
    ports = [
        make_step(
            f"p{n}", server, kind="network.port", edges=(sample.made_for("compute.server", "srv"),)
        )
        for n in range(3)
    ]
    found, left = take(server, *ports, per_sweep=3)
    assert found == []
    assert left["srv"] == "4 resources can only go together, and [budget] per_sweep is 3"
    assert take(server, *ports, per_sweep=4)[0] == ["srv", "p0", "p1", "p2"]


def test_what_a_resource_would_take_along_goes_with_it():
    """A volume that Nova deletes with the server counts, too; of what stays nothing is known."""
    volume = sample.ref("block_storage.volume", "v")
    stranger = sample.ref("block_storage.volume", "other")
    server = make_step("srv", kind="compute.server", cascades=(volume, stranger))
    disk = make_step("v", server, kind="block_storage.volume")
    others = [make_step(f"after{n}", disk) for n in range(3)]
    found, left = take(server, disk, *others, per_sweep=3)
    assert found == ["srv", "v", "after0"]
    assert list(left) == ["after1", "after2"]


def test_what_comes_after_what_is_left_is_left():
    """With the same reason."""
    first = make_step("first", kind="network.port")
    second = make_step("second", first, kind="network.port")
    third = make_step("third", second)
    found, left = take(first, second, third, per_kind=1)
    assert found == ["first"]
    assert left["third"] == left["second"]


@st.composite
def plans(draw):
    """Draw the steps of a plan, each after some of those before it."""
    steps = []
    for number in range(draw(st.integers(0, 12))):
        after = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else ()
        kind = draw(st.sampled_from(KINDS))
        owners = draw(st.sets(st.sampled_from(sorted(after)), max_size=1)) if after else ()
        edges = tuple(sample.made_for(*_key(steps[n])) for n in owners)
        before = (steps[n] for n in sorted(after))
        steps.append(make_step(f"r{number}", *before, kind=kind, edges=edges))
    return tuple(steps)


def _key(step):
    return step.ref.kind, step.ref.id


LIMITS = st.fixed_dictionaries(
    {name: st.integers(0, 14) for name in ("per_sweep", "per_kind", "per_hour")}
)


@settings(max_examples=60)
@given(plans(), LIMITS, st.integers(0, 10))
def test_no_hard_limit_is_ever_exceeded(steps, limits, spent):
    """Whatever the plan is, and the rest has a reason."""
    past = budgets.Spent(kinds={"x": spent}, since=sample.NOW)
    part = budgets.take(make_plan(*steps), balance(past, **limits))
    kinds = collections.Counter(step.ref.kind for step in part.steps)
    assert len(part.steps) <= limits["per_sweep"]
    assert len(part.steps) <= max(0, limits["per_hour"] - spent)
    assert max(kinds.values(), default=0) <= limits["per_kind"]
    assert {step.ref for step in part.steps} | part.left.keys() == {s.ref for s in steps}
    assert not {step.ref for step in part.steps} & part.left.keys()


@settings(max_examples=60)
@given(plans(), LIMITS)
def test_a_part_is_closed(steps, limits):
    """Nothing goes before what must go first, nor without what goes along; the order is kept."""
    part = budgets.take(make_plan(*steps), balance(**limits))
    taken = [step.ref for step in part.steps]
    assert taken == [step.ref for step in steps if step.ref in set(taken)]
    for step in part.steps:
        assert set(step.after) <= set(taken)
    for step in steps:
        if any(edge.target in taken for edge in step.observed.edges):
            assert step.ref in taken


@settings(max_examples=30)
@given(plans(), st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_over_time_everything_goes(steps, per_sweep, per_kind, per_hour):
    """Sweep after sweep, an hour apart, as long as no single removal is too much."""
    left = [
        msgspec.structs.replace(s, observed=msgspec.structs.replace(s.observed, edges=()))
        for s in steps
    ]
    for _ in range(len(steps)):
        part = budgets.take(
            make_plan(*left), balance(per_sweep=per_sweep, per_kind=per_kind, per_hour=per_hour)
        )
        gone = {step.ref for step in part.steps}
        assert gone or not left
        left = [
            msgspec.structs.replace(step, after=tuple(r for r in step.after if r not in gone))
            for step in left
            if step.ref not in gone
        ]
    assert not left


def excess(going, staying, share, kind="network.network"):
    """Return what is over the share when so many go and so many stay."""
    steps = [make_step(f"n{n}", kind=kind) for n in range(going)]
    return budgets.find_excess(make_plan(*steps, staying={kind: staying}), share)


@pytest.mark.parametrize(
    ("going", "staying", "share", "is_over"),
    [
        (50, 100, 50, False),
        (51, 100, 50, True),
        (500, 49, 50, False),
        (26, 50, 50, True),
        (25, 50, 50, False),
        (1, 10**6, 0, True),
        (1, 3, 0, True),
        (0, 100, 0, False),
        (200, 100, 200, False),
    ],
)
def test_the_share_is_of_what_stays(going, staying, share, is_over):
    """Of a small population it says nothing, unless it is 0, which means 0."""
    assert bool(excess(going, staying, share)) is is_over


def test_an_excess_is_a_sentence():
    """With the kind, both counts and the limit."""
    assert excess(60, 100, 50) == (
        "60 network.network would go and 100 stay, and [budget] share is 50 %",
    )


def test_a_plan_without_its_population_is_over_the_share():
    """What is not known is not taken for small."""
    (told,) = budgets.find_excess(make_plan(A), 50)
    assert told == "1 network.network would go and it is not known how many stay"


def test_a_plan_says_how_many_stay():
    """Of each kind that it removes something of, whatever they are."""
    plan = sample.plan(
        sample.record("network.network", "net", name=sample.name()),
        sample.record("network.network", "foreign", name="production"),
        sample.record("network.network", "active", name=sample.name(part=sample.OTHER_PART)),
        sample.record("compute.server", "srv", name="production"),
    )
    assert plan.staying == {"network.network": 2}


def test_a_balance_says_when_there_is_more_room():
    """An hour after the first of what is spent; at once where nothing is."""
    assert balance().room_at == sample.NOW + sample.HOUR
    spent = budgets.Spent(kinds={"x": 1}, since=sample.NOW - sample.HOUR / 4)
    assert balance(spent, per_hour=3).left == 2
    assert balance(spent).room_at == sample.NOW + sample.HOUR * 3 / 4
