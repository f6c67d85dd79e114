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

"""How services start, end and fail together."""

import logging
import threading

import pytest

from cleanupd import exceptions
from cleanupd.service import supervisor as supervisors
from cleanupd.service.orders import Order
from tests.unit.service import stage


class FakeService:
    """A service that writes down what happens to it."""

    def __init__(self, name, diary, *, fails_at=(), stuck=None, hangs=None):
        """Have done nothing."""
        self.name = name
        self.diary = diary
        self.fails_at = fails_at
        self.stuck = stuck
        self.hangs = hangs

    def _do(self, what):
        self.diary.append(f"{what} {self.name}")
        if what in self.fails_at:
            raise self.fails_at[what]

    def start(self):
        """Start."""
        self._do("start")

    def stop(self):
        """Stop."""
        self._do("stop")

    def wait(self):
        """End."""
        if self.hangs is not None:
            self.hangs.wait(10)
        self._do("wait")

    def why_stuck(self):
        """Say why."""
        return self.stuck


class FakeNotifier:
    """A service manager that remembers what it hears."""

    def __init__(self, diary, watchdog_s=None):
        """Have heard nothing."""
        self.diary = diary
        self.watchdog_s = watchdog_s
        self.beats = 0

    def ready(self):
        """Hear of it."""
        self.diary.append("READY")

    def reloading(self):
        """Hear of it."""
        self.diary.append("RELOADING")

    def stopping(self, why):
        """Hear of it."""
        self.diary.append(f"STOPPING {why}")

    def alive(self):
        """Hear of it."""
        self.beats += 1


class Scene:
    """A supervisor of services, in a thread of its own."""

    def __init__(self, watchdog_s=None, stop_timeout_s=5.0, reload=None):
        """Have no service yet."""
        self.diary = []
        self.services = []
        self.notifier = FakeNotifier(self.diary, watchdog_s)
        self.stop_timeout_s = stop_timeout_s
        self.reload = reload or (lambda: self.diary.append("reload"))
        self.code = None
        self.supervisor = None

    def add(self, name, **how):
        """Add a service."""
        self.services.append(FakeService(name, self.diary, **how))
        return self

    def run(self, *orders):
        """Run with orders that come as soon as all is ready, and return the exit code."""
        self.begin()
        for order in orders:
            self.supervisor.inbox.put(order)
        return self.end()

    def begin(self):
        """Run in the background."""
        self.supervisor = supervisors.Supervisor(
            self.services, self.notifier, self.reload, stop_timeout_s=self.stop_timeout_s
        )
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        self.code = self.supervisor.run()

    def end(self):
        """Wait for the end and return the exit code."""
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.supervisor.inbox.close()
        return self.code


def test_services_start_in_order_and_all_end():
    """Readiness comes after all have started; what started first ends last; the code is 0."""
    scene = Scene().add("a").add("b")
    assert scene.run(Order.STOP) == 0
    assert scene.diary == [
        "start a",
        "start b",
        "READY",
        "STOPPING asked to stop",
        "stop a",
        "stop b",
        "wait b",
        "wait a",
    ]


@pytest.mark.parametrize("error", [exceptions.BusUnreachable("no"), RuntimeError("a bug")])
def test_one_failed_start_ends_all(error, caplog):
    """What started is stopped, nobody says ready, and the code is 1."""
    scene = Scene().add("a").add("b", fails_at={"start": error}).add("c")
    with caplog.at_level(logging.ERROR):
        assert scene.run() == 1
    assert "READY" not in scene.diary
    assert "start c" not in scene.diary
    assert {"stop a", "wait a"} <= set(scene.diary)
    assert "FakeService did not start" in caplog.text


def test_an_expected_failure_is_told_in_one_line(caplog):
    """A broker that is not there needs no traceback, a bug does."""
    for error, has_traceback in ((exceptions.BusUnreachable("no"), False), (KeyError(1), True)):
        caplog.clear()
        Scene().add("a", fails_at={"start": error}).run()
        (told,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert bool(told.exc_info) is has_traceback


@pytest.mark.parametrize("what", ["stop", "wait"])
def test_a_failed_stop_is_its_own(what, caplog):
    """The others stop all the same."""
    scene = Scene().add("a", fails_at={what: RuntimeError("a bug")}).add("b")
    assert scene.run(Order.STOP) == 0
    assert scene.diary[-4:] == ["stop a", "stop b", "wait b", "wait a"]
    assert "a bug" in caplog.text


def test_what_does_not_end_is_not_waited_for_for_ever(caplog):
    """After the limit the code is 1 and the log says who it was."""
    hangs = threading.Event()
    scene = Scene(stop_timeout_s=0.1).add("a", hangs=hangs)
    assert scene.run(Order.STOP) == 1
    assert "stop_timeout = 0 s: FakeService" in caplog.text
    hangs.set()


def test_a_reload_is_told_and_done():
    """The service manager hears of its beginning and its end."""
    scene = Scene().add("a")
    assert scene.run(Order.RELOAD, Order.STOP) == 0
    assert scene.diary[1:5] == ["READY", "RELOADING", "reload", "READY"]


def test_a_reload_that_fails_changes_nothing(caplog):
    """The services go on, and the log has the traceback."""

    def fail():
        raise RuntimeError("a bug")

    scene = Scene(reload=fail).add("a")
    assert scene.run(Order.RELOAD, Order.STOP) == 0
    assert "a bug" in caplog.text


def test_the_watchdog_is_fed_while_all_get_on():
    """More often than it asks for."""
    scene = Scene(watchdog_s=0.03).add("a")
    scene.begin()
    stage.wait_until(lambda: scene.notifier.beats > 3)
    scene.supervisor.inbox.put(Order.STOP)
    assert scene.end() == 0


def test_the_watchdog_starves_when_one_is_stuck(caplog):
    """A daemon that answers nobody is restarted by systemd; the log says why."""
    scene = Scene(watchdog_s=0.03).add("a").add("b", stuck="the listener has ended")
    scene.begin()
    stage.wait_until(lambda: "the listener has ended" in caplog.text)
    scene.supervisor.inbox.put(Order.STOP)
    assert scene.end() == 0
    assert scene.notifier.beats == 0
