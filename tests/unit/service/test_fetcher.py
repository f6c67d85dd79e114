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

"""When touched resources are read."""

import threading

import pytest

from cleanupd.service import fetcher as fetchers
from tests.unit.service import stage


class Collector:
    """Counts how often it was asked to read, and may fail."""

    SERVICE = "network"

    def __init__(self):
        """Have read nothing."""
        self.unread = 0
        self.reads = 0
        self.is_failing = False
        self.trouble = None
        self.asked = 0
        self.is_stopped = False

    def stop(self):
        """Note that nothing more is to be listed."""
        self.is_stopped = True

    def look_for_changes(self):
        """Count that changes were asked for."""
        self.asked += 1

    def read_touched(self):
        """Read."""
        self.reads += 1
        self.unread += self.is_failing
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def collector():
    """Give a collector."""
    return Collector()


@pytest.fixture
def fetcher(collector):
    """Give a fetcher that runs."""
    made = fetchers.Fetcher([collector], pause_s=0.01)
    made.start()
    yield made
    made.stop()
    made.wait()


def test_what_is_touched_is_read_soon(fetcher, collector):
    """Again and again."""
    stage.wait_until(lambda: collector.reads > 10)
    assert fetcher.why_stuck() is None


def test_what_cannot_be_read_is_tried_less_and_less(fetcher, collector):
    """The pause doubles, and is short again after a success."""
    collector.is_failing = True
    stage.wait_until(lambda: collector.unread >= 3)
    began = collector.reads
    threading.Event().wait(0.3)
    assert collector.reads - began < 6
    collector.is_failing = False
    stage.wait_until(lambda: collector.reads > began + 20)


def test_a_bug_stops_nothing(fetcher, collector, caplog):
    """It is logged, and the next resources are read."""
    collector.trouble = RuntimeError("a bug")
    stage.wait_until(lambda: collector.reads > 1)
    collector.trouble = None
    began = collector.reads
    stage.wait_until(lambda: collector.reads > began + 5)
    assert "a bug" in caplog.text


def test_where_no_message_comes_changes_are_asked_for(collector):
    """And not where the bus is heard."""
    deaf = [False]
    made = fetchers.Fetcher([collector], lambda: deaf[0], pause_s=0.01, hint_s=0.02)
    made.start()
    stage.wait_until(lambda: collector.reads > 10)
    assert collector.asked == 0
    deaf[0] = True
    stage.wait_until(lambda: collector.asked > 2)
    made.stop()
    made.wait()


def test_a_stopped_fetcher_is_told(fetcher, collector):
    """With the thread that has ended; its collectors were stopped, too."""
    fetcher.stop()
    fetcher.wait()
    assert collector.is_stopped
    assert "read network" in fetcher.why_stuck()
