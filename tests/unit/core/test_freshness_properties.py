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
"""However a listing, readings and messages meet, the model says what the cloud says."""

import dataclasses
import datetime
import random

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from cleanupd.core import changes
from cleanupd.core import freshness
from cleanupd.core import resources

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
STEPS = st.lists(
    st.tuples(st.sampled_from(("make", "change", "delete", "wait")), st.integers(0, 3)),
    max_size=25,
)


def at(seconds):
    """Return the time so many seconds after the start."""
    return START + datetime.timedelta(seconds=seconds)


def ref(id_):
    """Return a server's ref."""
    return resources.Ref("c", "r", "compute.server", id_)


def server(id_, version, changed_at):
    """Return a server in whose fields a version stands twice, with whole seconds as times."""
    second = changed_at.replace(microsecond=0)
    return resources.Resource(ref=ref(id_), name=version, status=version, updated_at=second)


@dataclasses.dataclass
class World:
    """A cloud that changes as time goes by, what its bus says, and a model of it."""

    rng: random.Random
    skew_s: float = 0.0
    now: datetime.datetime = START
    truth: dict[str, resources.Resource] = dataclasses.field(default_factory=dict)
    ever: set[str] = dataclasses.field(default_factory=set)
    waiting: list[changes.Updated | changes.Deleted] = dataclasses.field(default_factory=list)
    said: list[changes.Updated | changes.Deleted] = dataclasses.field(default_factory=list)
    listings: list[tuple] = dataclasses.field(default_factory=list)
    readings: list[tuple] = dataclasses.field(default_factory=list)
    state: freshness.KindState = dataclasses.field(default_factory=freshness.KindState)
    buried: set[str] = dataclasses.field(default_factory=set)
    compared: freshness.Listing | None = None

    def step(self, what, who):
        """Let something happen in the cloud, of which its bus tells, with the sender's clock."""
        self.now += datetime.timedelta(seconds=self.rng.choice((0.01, 0.3, 2.0, 40.0)))
        sent_at = self.now + datetime.timedelta(seconds=self.rng.uniform(0, self.skew_s))
        if what == "make":
            id_ = f"{who}-{len(self.ever)}"
            self.ever.add(id_)
        else:
            id_ = next((i for i in sorted(self.truth) if i.startswith(f"{who}-")), None)
        if id_ is None or what == "wait":
            return
        if what == "delete":
            del self.truth[id_]
            message = changes.Deleted(ref(id_), sent_at)
        else:
            self.truth[id_] = server(id_, str(self.now), self.now)
            message = changes.Updated(self.truth[id_], sent_at)
        self.waiting.append(message)
        self.said.append(message)

    def tell(self, message):
        """Let the model hear a message, and note what has to be read."""
        if isinstance(message, changes.Deleted):
            to_read = self.state.delete(message)
            if message.ref.id not in self.state.root.records:
                self.buried.add(message.ref.id)
        else:
            to_read = self.state.update(message)
        if to_read:
            self.ask(message.ref if isinstance(message, changes.Deleted) else message.record.ref)
        self.check()

    def ask(self, what):
        """Begin to read a resource; the answer is on its way."""
        self.readings.append((what.id, self.truth.get(what.id), self.state.request(self.now)))

    def answer(self, place):
        """Let the answer to a reading arrive."""
        id_, record, request = self.readings.pop(place)
        if self.state.read(id_, record, request):
            self.ask(ref(id_))
        self.check()

    def list(self):
        """Begin a listing; its answer is on its way."""
        self.listings.append((dict(self.truth), self.state.request(self.now)))
        self.compared = None

    def land(self):
        """Let the listing that began first arrive."""
        self.compare()
        self.listings.pop(0)
        self.state.land(self.compared, self.now)
        self.compared = None
        self.check()

    def compare(self):
        """Compare the listing that began first, or let it follow what was heard since."""
        if self.compared is None:
            records, request = self.listings[0]
            self.compared = self.state.compare(records.values(), request)
        else:
            self.compared = self.compared.follow(self.state.lag(self.compared))

    def check(self):
        """Nothing is torn, and nothing that was reported gone is there."""
        for record in self.state.root.records.values():
            assert record.name == record.status
        assert not self.buried & set(self.state.root.records)

    def settle(self):
        """Let everything arrive that is on its way."""
        while self.readings:
            self.answer(0)

    def model(self):
        """Return what the model says."""
        return dict(self.state.root.records.items())

    def disturb(self):
        """Let one thing arrive, whichever, or begin a listing."""
        choice = self.rng.random()
        if choice < 0.5 and self.waiting:
            self.tell(self.waiting.pop(self.rng.randrange(len(self.waiting))))
        elif choice < 0.6 and self.said:
            self.tell(self.rng.choice(self.said))
        elif choice < 0.7 and not self.listings:
            self.list()
        elif choice < 0.75 and self.listings:
            self.compare()
        elif choice < 0.8 and self.listings:
            self.land()
        elif self.readings:
            self.answer(self.rng.randrange(len(self.readings)))


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 2**32), skew_s=st.sampled_from((0.0, 1.0, 4.0)))
def test_the_next_listing_makes_the_model_true(steps, seed, skew_s):
    """Messages may be lost, late, double, in disorder, of clocks that differ: a listing mends."""
    world = World(random.Random(seed), skew_s)
    for what, who in steps:
        world.step(what, who)
        for _ in range(world.rng.randrange(4)):
            world.disturb()
    world.listings.clear()
    world.list()
    world.land()
    world.settle()
    assert world.model() == world.truth


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 2**32))
def test_no_replay_spoils_what_a_listing_said(steps, seed):
    """After a listing, every old message may come again, in any order."""
    world = World(random.Random(seed))
    for what, who in steps:
        world.step(what, who)
        world.disturb()
    world.listings.clear()
    world.list()
    world.land()
    world.rng.shuffle(world.said)
    for message in world.said:
        world.tell(message)
        assert set(world.model()) <= set(world.truth)
    world.settle()
    assert world.model() == world.truth


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 2**32))
def test_the_bus_alone_is_enough_where_nothing_is_lost(steps, seed):
    """With every message delivered, in whatever order and however often, no listing is needed."""
    world = World(random.Random(seed))
    world.list()
    world.land()
    for what, who in steps:
        world.step(what, who)
        for _ in range(world.rng.randrange(3)):
            world.disturb()
    while world.listings:
        world.land()
    world.rng.shuffle(world.waiting)
    while world.waiting:
        world.tell(world.waiting.pop())
    world.settle()
    assert world.model() == world.truth
