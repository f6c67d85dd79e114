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
"""The cloud's time, and what happens in it later."""

import datetime

import pytest

from tests import emulator
from tests.emulator import clock
from tests.emulator import scenes
from tests.unit.emulator import asking

HOUR = datetime.timedelta(hours=1)


def test_speed() -> None:
    """Time passes as many times as fast, from now on."""
    before = datetime.datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    slow, quick = clock.Clock(), clock.Clock(speed=1_000_000)
    assert slow.now() > before
    begin = quick.now()
    assert begin - slow.now() < HOUR
    while quick.now() - begin < HOUR:
        assert slow.now() - begin < HOUR / 10
    with pytest.raises(ValueError, match="more than 0"):
        clock.Clock(speed=0)


def test_what_waits_follows() -> None:
    """A delete that takes an hour takes a moment where an hour does."""
    settings = emulator.Settings(delete_delay_s=3600, token_lifetime_s=1e9)
    cloud = emulator.Cloud(settings=settings, speed=100_000)
    scene = scenes.killed_benchmark(cloud)
    admin = asking.Client(cloud)
    path = f"/compute/v2.1/servers/{scene.servers[0]['id']}"
    assert admin.delete(path) == 204
    limit = cloud.clock.now() + 1000 * HOUR
    while admin("GET", path).status == 200:
        assert cloud.clock.now() < limit


def test_things_happen_at_their_time() -> None:
    """Whoever looks late finds that each thing happened when it was due, and in order."""
    made, seen = clock.Clock(), list[tuple[str, datetime.datetime]]()
    begin = made.now()

    def first() -> None:
        seen.append(("first", made.now()))
        made.later(10, lambda: seen.append(("third", made.now())))

    made.later(1, first)
    made.later(5, lambda: seen.append(("second", made.now())))
    made.later(7200, lambda: seen.append(("never", made.now())))
    made.advance(HOUR)
    made.run_due()
    assert [name for name, _ in seen] == ["first", "second", "third"]
    for (_, at), due_s in zip(seen, (1, 5, 11), strict=True):
        assert datetime.timedelta(0) <= at - begin - datetime.timedelta(seconds=due_s) < HOUR / 60
    assert made.now() >= begin + HOUR


def test_stopped() -> None:
    """What is begun while the clock is stopped never happens."""
    made = clock.Clock()
    with made.stopped():
        made.later(1, lambda: pytest.fail("it happened"))
    made.advance(HOUR)
    made.run_due()
