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

"""An engine over a cloud of dictionaries, for what stands on it."""

import threading
import time

from cleanupd.conf import coordination
from cleanupd.conf import settings
from cleanupd.core import liveness
from cleanupd.engine import clock
from cleanupd.engine import executor
from cleanupd.engine import sweep as sweeps
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.service import keeper as keepers
from cleanupd.service import leadership
from cleanupd.service import sweeper as sweepers
from cleanupd.services.base import collectors
from tests.unit.core import sample
from tests.unit.engine import fakes

WORKLOAD = "5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10"
SETTINGS = sweeps.Settings(limits=executor.Limits(poll_s=0.01, timeout_s=5.0, conflict_s=0.0))
ENFORCE = settings.Rules(is_enforcing=True, delay_s=0.0)
DAY_S = 86400.0
ENFORCE_IDLE = settings.Rules(
    is_enforcing=True, is_all_over=True, enforce_idle_s=DAY_S, delay_s=0.0
)
NAMED = sweeps.Target(workloads=(WORKLOAD,))
IDLE = sweeps.Target(idle_s=600.0)


def make_cloud():
    """Return a cloud with a benchmark's network and somebody's server."""
    return fakes.FakeCloud().add(
        sample.record("network.network", "net", name=sample.name("net"), project_id="p"),
        sample.record("compute.server", "srv", name="backup", project_id="p"),
    )


def make_engine(cloud, folder):
    """Return an engine for the cloud, with its journal in a folder."""
    return sweeps.Engine(
        cloud, fakes.make_managers(), sql.Journal(places.in_directory(folder)), SETTINGS
    )


def make_keeper(engine):
    """Return a keeper of the engine's cloud, whose kinds are known by listings alone."""
    return keepers.Keeper(engine, collectors.CollectorManager(engine.cloud, engine.managers, now))


def make_sweeper(keeper, leading=None):
    """Return a sweeper in mode enforce, not started; without leadership it leads alone."""
    if leading is None:
        cloud = keeper.engine.cloud
        place = (cloud.name, cloud.region)
        leading = leadership.Leadership(
            keeper.engine.journal, place, coordination.Coordination(), "here"
        )
        leading.start()
    return sweepers.Sweeper(keeper, ENFORCE, leading)


class Standby:
    """A leadership that somebody else has, until a test gives it away."""

    fence = None

    def lose(self, fence, why):
        """Have it no more."""
        assert why
        if self.fence == fence:
            self.fence = None


def see_idle(keeper, seconds):
    """Have a keeper's workloads seen to do nothing for so long."""
    snapshot, journal = keeper.engine.observe(), keeper.engine.journal
    place = (snapshot.cloud, snapshot.region)
    found = keeper.engine.trace(snapshot)
    known = liveness.Observations(
        head=liveness.Head(seen_until=snapshot.taken_at, observed_s=seconds),
        workloads={part: liveness.Quiet(trace=one, since_s=0.0) for part, one in found.items()},
    )
    assert journal.save_observations(*place, journal.observations(*place), known)


def now():
    """Return the present moment."""
    return clock.now()


def wait_until(condition, seconds=60.0):
    """Return when a condition holds, and fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


class Gate:
    """Holds up whoever comes until it is opened."""

    def __init__(self):
        """Be closed."""
        self.reached = threading.Event()
        self.open = threading.Event()

    def pass_through(self):
        """Wait until the gate is open."""
        self.reached.set()
        assert self.open.wait(60)
