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
"""A sweep of five hundred leaks while the cloud fails in every way that it can.

Whatever fails: the sweep ends, says what happened, removes nothing foreign, and leaves nothing
that it could have removed once the fault is over.
"""

import collections
import dataclasses
import datetime
import typing

import pytest

from cleanupd import cloud as clouds
from cleanupd import pacing
from cleanupd.engine import executor
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal import store
from cleanupd.services.base import registry
from tests import emulator
from tests.emulator import faults
from tests.emulator import scenes
from tests.emulator.scenes import benchmark

# What is measured takes twice as long, and other tests cover the same lines.
pytestmark = [pytest.mark.functional, pytest.mark.timeout(300), pytest.mark.no_cover]

DELETE_DELAY_S = 0.05

KILLED = "5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10"
LEAKS = benchmark.Plan(tenants=12, users=2, servers=7, volumes=3)
SETTINGS = sweep.Settings(
    limits=executor.Limits(workers=8, poll_s=0.1, timeout_s=4.0, conflict_s=2.0)
)
PATIENCE = pacing.Patience(
    attempts=5, first_wait_s=0.02, within_s=12, connect_timeout_s=2, read_timeout_s=2
)

LISTS = r"/(servers/detail|v2.0/ports|volumes/detail|v2/images|v3/projects)(\?|$)"
STATUSES = (503, 400, 401, 403, 404, 409, 429, 500, 502)
BODIES = (
    faults.RESET,
    faults.RESET_INSIDE,
    faults.TRUNCATED,
    faults.CUT,
    faults.NOT_JSON,
    faults.WRONG_TYPE,
    faults.HTML,
)
PAGES = (faults.REPEAT, faults.LOOP)
DELETES = (faults.STUCK, faults.IGNORED)


def each(quick, *slow):
    """Return all of these as parameters, of which one is quick enough for every run."""
    return [quick, *(pytest.param(one, marks=pytest.mark.slow) for one in slow)]


@dataclasses.dataclass
class Stage:
    """An emulated cloud with production and five hundred leaks, and what sweeps it."""

    cloud: emulator.Cloud
    production: scenes.Scene
    killed: scenes.Benchmark
    engine: sweep.Engine
    make_engine: typing.Callable

    def fail(self, answer, **how):
        """Let requests fail; a 429 and a 503 say for how long."""
        headers = {"Retry-After": "0"} if answer in {429, 503} else {}
        self.cloud.faults.add(emulator.Fault(answer=answer, headers=headers, **how))

    def sweep(self):
        """Plan and execute, and return the sweep, in which nothing foreign was removed."""
        plan = self.engine.plan(self.engine.observe(), sweep.Target(workloads=(KILLED,)))
        done = self.engine.execute(plan)
        assert not self.production.missing(self.cloud)
        return done

    def assert_told(self, done):
        """What is left is in the report, with the reason."""
        assert done.state is store.State.DONE
        assert all(result.reason for result in done.results if not result.is_gone)
        assert all(left.reason for left in done.certificate.left)
        told = {left.ref.id.replace("/", ":") for left in done.certificate.left}
        left = {id_ for ids in self.killed.left(self.cloud).values() for id_ in ids}
        assert left <= told or done.certificate.doubts

    def assert_swept(self):
        """With the fault over, a sweep leaves nothing."""
        with self.cloud.locked():
            self.cloud.faults.clear()
        done = self.sweep()
        assert not self.killed.left(self.cloud)
        assert done.certificate.is_clean


@pytest.fixture
def stage(tmp_path, cloud, serve):
    """Give a cloud with leaks."""
    production = scenes.legitimate_tenants(cloud)
    killed = scenes.killed_benchmark(cloud, KILLED, LEAKS)
    assert len(killed.ids()) >= 500
    serve(cloud)
    managers, _ = registry.load_managers()
    journal = sql.Journal(places.in_directory(tmp_path))

    def make_engine(pace=None):
        door = clouds.Cloud.connect("emulated", patience=PATIENCE, pace=pace)
        return sweep.Engine(door, managers, journal, SETTINGS)

    yield Stage(cloud, production, killed, make_engine(), make_engine)


@pytest.mark.parametrize("answer", each(*STATUSES, *BODIES, *PAGES, faults.HANG))
def test_listings_fail(stage, answer):
    """While some kinds cannot be listed, what could be tied to them stays."""
    stage.fail(answer, path=LISTS, method="GET", times=None, hang_s=3)
    stage.assert_told(stage.sweep())
    stage.assert_swept()


@pytest.mark.slow
def test_a_service_wants_an_hour_to_pass(stage):
    """What it would not remove before is left to the next sweep; all else goes."""
    answer = emulator.Fault(
        answer=429, headers={"Retry-After": "3600"}, path="", method="DELETE", times=3
    )
    stage.cloud.faults.add(answer)
    stage.assert_told(stage.sweep())
    stage.assert_swept()


@pytest.mark.slow
def test_listings_lack_rows(stage):
    """What no listing shows is neither removed nor reported, until one does."""
    stage.fail(faults.SKIP, path=LISTS, method="GET", times=None)
    assert stage.sweep().state is store.State.DONE
    stage.assert_swept()


@pytest.mark.parametrize("answer", each(*STATUSES, *BODIES, *DELETES))
def test_removals_fail(stage, answer):
    """While a third of the removals fail, the others go on."""
    stage.fail(answer, path="", method="DELETE", times=None, probability=0.3)
    stage.assert_told(stage.sweep())
    stage.assert_swept()


@pytest.mark.parametrize(
    "answer", each(401, 429, 500, 502, 503, faults.RESET, faults.RESET_INSIDE)
)
def test_a_fault_that_passes_leaves_nothing(stage, answer):
    """What failed for a moment is tried again in the same sweep."""
    stage.fail(answer, path="", method="DELETE", after=20, times=25)
    done = stage.sweep()
    stage.assert_told(done)
    assert not stage.killed.left(stage.cloud)
    assert done.certificate.is_clean


@pytest.mark.parametrize("answer", each(401, 429, 500, 503, faults.RESET, faults.CUT, faults.HTML))
def test_everything_fails_now_and_then(stage, answer):
    """With a tenth of all requests failing, nothing is lost."""
    stage.fail(answer, path="^/(compute|network|volume|image)", times=None, probability=0.1)
    stage.assert_told(stage.sweep())
    stage.assert_swept()


@pytest.mark.slow
def test_half_of_all_calls_are_too_many(stage):
    """No service is asked faster than allowed meanwhile, in whatever time one looks at."""
    stage.engine = stage.make_engine(pacing.Pace(requests_per_s=30.0, concurrent=8))
    stage.fail(429, path="^/(compute|network|volume|image)", times=None, probability=0.5)
    stage.assert_told(stage.sweep())
    stage.assert_swept()
    asked = collections.defaultdict(list)
    for entry in stage.cloud.requests.entries():
        asked[entry.service].append(datetime.datetime.fromisoformat(entry.at).timestamp())
    assert len(asked["compute"]) > 200
    for moments in map(sorted, asked.values()):
        for last, at in enumerate(moments):
            for first in range(last):
                # Moments are told in whole seconds; tokens and versions are asked for apart.
                most = 8 + 4 + 30.0 * (at - moments[first] + 1)
                assert last - first + 1 <= most


def test_a_token_is_revoked_in_the_middle(stage):
    """A new token is asked for, and the sweep goes on."""
    stage.fail(faults.REVOKE, path="", method="DELETE", after=100, times=3)
    done = stage.sweep()
    assert not stage.killed.left(stage.cloud)
    assert done.certificate.is_clean


def test_the_bus_fails(stage):
    """Messages that are lost, double or in disorder change nothing of a sweep."""
    for answer in (faults.LOST, faults.DUPLICATED, faults.REORDERED):
        order = faults.EventFault(event="", answer=answer, times=None, probability=0.3)
        stage.cloud.faults.add(order)
    done = stage.sweep()
    assert not stage.killed.left(stage.cloud)
    assert done.certificate.is_clean
