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

"""Tests of how fast a service is asked."""

import contextlib
import threading
import time

import pytest

from cleanupd import exceptions
from cleanupd import pacing
from tests.unit.service import stage


def make(clock, *, requests_per_s=10.0, concurrent=4):
    """Return a throttle."""
    return pacing.Throttle(
        pacing.Pace(requests_per_s=requests_per_s, concurrent=concurrent), clock
    )


def ask(throttle, *, is_refused=False):
    """Send a request that is answered at once."""
    with throttle.turn() as refuse:
        if is_refused:
            refuse()


def begin(throttle):
    """Send a request in a thread, and return what ends it and whether it began."""
    ended, began = threading.Event(), threading.Event()

    def run():
        with throttle.turn():
            began.set()
            ended.wait(60)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return began, ended, thread


def test_a_refusal_halves_what_may_be_under_way(clock):
    """And another one, of what was sent after it, halves that."""
    throttle = make(clock, requests_per_s=1000.0, concurrent=8)
    for allowed in (4, 2, 1, 1):
        clock.now += 1
        ask(throttle, is_refused=True)
        assert throttle.allowed == allowed


def test_a_burst_of_refusals_halves_once(clock):
    """What was under way when the first was refused says nothing new."""
    throttle = make(clock, concurrent=8)
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(throttle.turn())()
        clock.now += 1
    assert throttle.allowed == 4


def test_successes_give_it_back(clock):
    """One more for as many successes as may be under way, up to the limit."""
    throttle = make(clock, requests_per_s=1000.0, concurrent=4)
    ask(throttle, is_refused=True)
    assert throttle.allowed == 2
    for _ in range(3):
        ask(throttle)
    assert throttle.allowed == 3
    for _ in range(20):
        clock.now += 1
        ask(throttle)
    assert throttle.allowed == 4


def test_no_more_are_under_way_than_allowed():
    """Who comes too many waits until one ends."""
    throttle = pacing.Throttle(pacing.Pace(requests_per_s=1000.0, concurrent=2))
    running = [begin(throttle) for _ in range(3)]
    stage.wait_until(lambda: sum(began.is_set() for began, _, _ in running) == 2)
    waiting = next(began for began, _, _ in running if not began.is_set())
    assert not waiting.wait(0.1)
    for began, ended, _ in running:
        if began is not waiting:
            ended.set()
    assert waiting.wait(60)
    for _, ended, thread in running:
        ended.set()
        thread.join(60)


def test_a_service_is_never_asked_faster_than_allowed():
    """In any time as many as that time allows, and the first burst; measured on the wall."""
    sent = []
    throttle = pacing.Throttle(pacing.Pace(requests_per_s=200.0, concurrent=3))

    def send():
        for _ in range(20):
            with throttle.turn():
                sent.append(time.monotonic())

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(sent) == 120
    for number, at in enumerate(sent):
        for other in range(number):
            assert number - other <= 3 + (at - sent[other]) * 200.0 + 1


def test_an_error_ends_the_turn(clock):
    """A request that was lost is not under way for ever."""
    throttle = make(clock, concurrent=1)
    with pytest.raises(OSError, match="reset"), throttle.turn():
        raise OSError("reset")
    clock.now += 1
    ask(throttle)


@pytest.mark.parametrize(
    ("status", "attempt", "elapsed_s", "expected"),
    [(503, 3, 0.0, 2.0), (503, 4, 0.0, None), (429, 40, 0.0, 2.0), (429, 1, 29.6, None)],
)
def test_patience_has_an_end(status, attempt, elapsed_s, expected):
    """A service that is asked too much is asked again for longer than one that fails."""
    error = exceptions.RequestFailed("compute", "GET", "/servers", status, "Later.")
    assert pacing.Patience().wait_s(error, attempt, elapsed_s) == expected
