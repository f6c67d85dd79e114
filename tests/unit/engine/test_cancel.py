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

"""A sweep that somebody ends."""

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.engine import stopping
from cleanupd.engine import sweep
from cleanupd.journal.store import State
from tests.unit.engine import fakes
from tests.unit.engine import stage

NAMED = sweep.Target(workloads=(stage.WORKLOAD,))


class Cancelling(fakes.Watcher):
    """A progress that cancels the sweep at a moment."""

    def __init__(self, stop, moment):
        """Wait for the moment, the name of a method."""
        super().__init__()
        self._stop = stop
        self._moment = moment

    def settled(self, ref: resources.Ref, outcome):
        """Cancel after the first removal."""
        super().settled(ref, outcome)
        self._cancel("settled")

    def listed(self, kind, count):
        """Cancel after the first listing."""
        super().listed(kind, count)
        self._cancel("listed")

    def _cancel(self, moment):
        if moment == self._moment:
            self._stop.cancel("alice")
            self._stop.cancel("bob")


def deletes(cloud):
    """Return how many resources were removed."""
    return sum(what == "delete" for what, _ in cloud.log)


def test_a_sweep_is_cancelled_while_it_removes(engine, cloud):
    """What is under way ends, nothing new begins, and the journal says by whom."""
    stop = stopping.Stop()
    plan = engine.plan(engine.observe(), NAMED)
    done = engine.execute(plan, Cancelling(stop, "settled"), stop)
    assert (done.state, done.note) == (State.CANCELLED, "it was cancelled by alice")
    assert engine.journal.sweep(plan.id) == done
    assert 0 < deletes(cloud) < len(plan.steps)
    assert done.certificate is None


def test_a_sweep_is_cancelled_while_it_verifies(engine, cloud):
    """The listing is broken off after the kind that is under way, and nothing is certified."""
    stop = stopping.Stop()
    plan = engine.plan(engine.observe(), NAMED)
    watcher = Cancelling(stop, "listed")
    done = engine.execute(plan, watcher, stop)
    assert done.state is State.CANCELLED
    assert done.note == "it was cancelled by alice; what is left is not known"
    assert deletes(cloud) == len(plan.steps)
    listed = watcher.seen[watcher.seen.index(("listing", len(engine.managers))) :]
    assert len(listed) == 2
    assert done.certificate is None


def test_a_sweep_that_was_cancelled_before_removes_nothing(engine, cloud):
    """Not even its first resource."""
    stop = stopping.Stop()
    stop.cancel("alice")
    done = engine.execute(engine.plan(engine.observe(), NAMED), None, stop)
    assert (done.state, deletes(cloud)) == (State.CANCELLED, 0)


def test_a_stop_that_nobody_asked_for_is_no_cancellation(engine):
    """A process that ends leaves a sweep that failed, whose verification is not broken off."""
    stop = stopping.Stop()
    stop.check()
    stop.set()
    stop.check()
    done = engine.execute(engine.plan(engine.observe(), NAMED), None, stop)
    assert (done.state, done.note) == (State.FAILED, "it was stopped")


def test_who_checks_is_told_who_cancelled():
    """In the words of the journal."""
    stop = stopping.Stop()
    stop.cancel("alice")
    with pytest.raises(exceptions.Cancelled, match="it was cancelled by alice"):
        stop.check()
