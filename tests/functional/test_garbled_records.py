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
"""Each field of each kind's records in turn is not what it should be: nothing more is removed."""

import json
import random

import pytest

from cleanupd import cloud as clouds
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from tests import emulator
from tests.emulator import __main__ as emulator_command
from tests.emulator import scenes
from tests.emulator.scenes import production
from tests.emulator.scenes.demo import KILLED
from tests.functional import test_inventory_faults

pytestmark = [pytest.mark.functional, pytest.mark.timeout(600)]

MANAGERS = test_inventory_faults.MANAGERS
PATHS = test_inventory_faults.PATHS
GONE = object()
WRONG = (None, 7, {"a": 1}, "", GONE)
#: So many of all spoilings are tried in every run.
SAMPLE = 50


class GarblingCloud:
    """A cloud that has answered once, and repeats that with a field of one record spoiled."""

    def __init__(self, door):
        """Begin with true answers."""
        self._door = door
        self._answers = {}
        self.spoiling = None

    def __getattr__(self, name):
        """What is no request is the cloud's."""
        return getattr(self._door, name)

    def get(self, service, path, *, microversion=None):
        """Return what was answered first, spoiled where that is ordered."""
        if (service, path) not in self._answers:
            body = self._door.get(service, path, microversion=microversion)
            self._answers[service, path] = body
        body = self._answers[service, path]
        if self.spoiling is None:
            return body
        kind, field, value, dice = self.spoiling
        plural = MANAGERS[kind].TABLE.plural
        if path.partition("?")[0] != PATHS[kind]:
            return body
        page = json.loads(body)
        records = [record.get("keypair", record) for record in page[plural]]
        record = dice.choice(records) if records else {}
        if value is GONE:
            record.pop(field, None)
        elif field in record:
            record[field] = value
        return json.dumps(page).encode()

    def fields(self):
        """Yield each kind with each field that its records have."""
        for (_, path), body in sorted(self._answers.items()):
            for kind in (kind for kind, one in PATHS.items() if one == path.partition("?")[0]):
                records = json.loads(body)[MANAGERS[kind].TABLE.plural]
                for field in sorted({key for r in records for key in r.get("keypair", r)}):
                    yield kind, field


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Give a cloud with production on a benchmark's network, and an engine for it."""
    cloud = emulator.Cloud()
    scene = scenes.demo(cloud)
    inside = next(n for n in cloud["network.network"] if n["id"] in scene.killed.ids())
    with cloud.locked():
        production.move_in(cloud, inside)
    with emulator.running(cloud) as url:
        (tmp_path / "clouds.yaml").write_text(emulator_command.clouds_yaml(url))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
        garbling = GarblingCloud(clouds.Cloud.connect("emulated"))
        yield (
            garbling,
            sweep.Engine(garbling, MANAGERS, sql.Journal(places.in_directory(tmp_path))),
        )


def plan(engine):
    """Return what would be removed."""
    target = sweep.Target(workloads=(KILLED,))
    return {step.ref for step in engine.plan(engine.observe(), target).steps}


def assert_subset(world, choose):
    """With each of some fields spoiled, nothing is removed that was not without."""
    garbling, engine = world
    clean = plan(engine)
    assert len(clean) > 50
    spoilings = [
        (kind, field, value) for kind, field in dict.fromkeys(garbling.fields()) for value in WRONG
    ]
    dice = random.Random(5)
    more, fewer = [], 0
    chosen = choose(spoilings, dice)
    for kind, field, value in chosen:
        garbling.spoiling = (kind, field, value, dice)
        planned = plan(engine)
        fewer += planned < clean
        if planned - clean:
            more.append((kind, field, value, planned - clean))
    assert not more
    # Some of it is what nobody needs, such as links.
    assert fewer > len(chosen) / 4


def test_a_field_that_is_wrong_removes_nothing_more(world):
    """Null, another type, nothing, or no field: a subset is removed, and nothing breaks."""
    assert_subset(world, lambda spoilings, dice: dice.sample(spoilings, SAMPLE))


@pytest.mark.slow
def test_every_field_that_is_wrong_removes_nothing_more(world):
    """The same for every field of every kind."""
    assert_subset(world, lambda spoilings, _: spoilings)
