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
"""That all who work on a model at the same time do not disturb one another."""

import random
import threading
import time

from cleanupd.core import changes
from cleanupd.engine import clock
from tests.unit.engine import fakes
from tests.unit.services.base import test_collector

DURATION_S = 1.0


class World:
    """A cloud that changes, a collector of it, and what was seen of the model."""

    def __init__(self, seed):
        """Begin with an empty cloud that was listed."""
        self.rng = random.Random(seed)
        self.cloud = fakes.FakeCloud()
        managers = {"network.port": fakes.make_managers()["network.port"]}
        self.collector = test_collector.Collector(
            self.cloud, managers, clock.now, find_part=lambda _, record: record.name
        )
        self.collector.synchronize()
        self.is_over = threading.Event()
        self.made = 0
        self.waiting = []
        self.buried = set()
        self.seen = set()

    def step(self):
        """Let something happen in the cloud, of which a message is on its way."""
        self.made += 1
        with self.cloud.lock:
            alive = list(self.cloud.records)
            if alive and self.rng.random() < 0.3:
                ref = self.rng.choice(alive)
                del self.cloud.records[ref]
                self.waiting.append(changes.Deleted(ref, clock.now()))
                return
            id_ = (
                self.rng.choice(alive).id if alive and self.rng.random() < 0.4 else str(self.made)
            )
            version = str(self.made)
            record = test_collector.port(id_, name=version, status=version)
            self.cloud.add(record)
            self.waiting.append(changes.Updated(record, clock.now()))

    def tell(self):
        """Have one of the messages come, whichever, or get lost."""
        message = self.waiting.pop(self.rng.randrange(len(self.waiting)))
        if self.rng.random() < 0.1:
            return
        self.collector.apply(message)
        model = self.collector.cluster_data_model
        if isinstance(message, changes.Deleted) and model.get(message.ref) is None:
            self.buried.add(message.ref)

    def look(self):
        """Note whether the records and the index of a model agree, and nothing is torn."""
        root = self.collector.get_latest_cluster_data_model().roots["network.port"]
        is_whole = all(one.name == one.status for one in root.records.values())
        found = sorted(id_ for part in root.parts for id_ in root.parts[part])
        self.seen.add((is_whole, found == sorted(root.records)))

    def rename(self):
        """Have parts of names found in another way."""
        suffix = self.rng.choice("ab")
        self.collector.find_parts_by(lambda _, record: f"{record.name}{suffix}")


def test_listings_readings_messages_and_readers_go_together():
    """In the end the model is as the cloud; until then it is whole, and nothing resurrects."""
    world = World(1)

    def repeat(work):
        while not world.is_over.wait(0.001):
            work()

    works = (world.collector.synchronize, world.collector.read_touched, world.look, world.rename)
    threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    until = time.monotonic() + DURATION_S
    while time.monotonic() < until:
        world.step()
        while world.waiting and world.rng.random() < 0.6:
            world.tell()
        assert not any(map(world.collector.cluster_data_model.get, world.buried))
    world.is_over.set()
    for thread in threads:
        thread.join()
    world.collector.synchronize()
    while world.collector.touched:
        world.collector.read_touched()
    assert {one.ref: one for one in world.collector.cluster_data_model} == world.cloud.records
    assert world.seen == {(True, True)}
