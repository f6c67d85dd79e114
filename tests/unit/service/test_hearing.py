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
"""What the pulses that come back say, and those that do not."""

import pytest

from cleanupd.service import hearing


class Ear:
    """What is heard of pulses, by a clock that a test moves."""

    def __init__(self):
        """Hear from the beginning."""
        self.now = 0.0
        self.gaps = []
        self.hearing = hearing.Hearing(self.gaps.append, 15.0, lambda: self.now)
        self.hearing.begin()


@pytest.fixture
def ear():
    """Give an ear."""
    return Ear()


def test_pulses_that_come_back_are_no_gap(ear):
    """Nothing was missed."""
    for _ in range(3):
        ear.now += 5
        ear.hearing.hear_pulse(ear.hearing.send())
    assert ear.hearing.why_deaf is None
    assert not ear.gaps


def test_a_missing_number_is_a_gap(ear):
    """The broker dropped what was in the queue before it."""
    ear.hearing.send()
    ear.hearing.hear_pulse(ear.hearing.send())
    assert ear.gaps == [
        "1 of our own messages are missing: the queue was too long for the broker, or was lost"
    ]


def test_silence_is_deafness_until_something_is_heard(ear):
    """The gap is told when the bus is heard again, not before."""
    ear.hearing.send()
    ear.now = 20
    assert ear.hearing.why_deaf == "nothing came back for 20 s"
    assert not ear.gaps
    ear.hearing.hear_pulse(ear.hearing.send())
    assert ear.hearing.why_deaf is None
    assert ear.gaps == ["nothing came back for 20 s"]


def test_a_long_queue_is_not_silence(ear):
    """As long as messages come the pulse may wait behind them."""
    for _ in range(4):
        ear.hearing.send()
        ear.now += 5
    ear.hearing.hear()
    assert ear.hearing.why_deaf is None


def test_a_broker_that_was_away_is_a_gap(ear):
    """What it would have told is not known."""
    ear.hearing.fail("nobody there")
    assert ear.hearing.why_deaf == "nobody there"
    ear.hearing.hear_pulse(ear.hearing.send())
    assert ear.gaps == ["nobody there"]


def test_pulses_of_an_earlier_life_mean_nothing(ear):
    """They were in the queue when the daemon started."""
    ear.hearing.fail("nobody there")
    ear.hearing.hear_pulse(hearing.Pulse("before", 1))
    assert ear.hearing.why_deaf == "nobody there"
    assert not ear.gaps


def test_a_pulse_from_before_does_not_end_deafness(ear):
    """It was on its way when the broker went; what came after it may be lost."""
    pulse = ear.hearing.send()
    ear.hearing.fail("nobody there")
    ear.hearing.hear_pulse(pulse)
    assert ear.hearing.why_deaf == "nobody there"
    assert not ear.gaps


def test_silence_is_noticed_without_a_question(ear):
    """The next pulse tells, though nobody has asked meanwhile."""
    ear.hearing.send()
    ear.now = 20
    ear.hearing.hear_pulse(ear.hearing.send())
    assert ear.gaps == ["nothing came back for 20 s"]


def test_a_process_that_was_stopped_may_have_missed_something(ear):
    """No pulse is missing, because none was sent."""
    ear.hearing.hear_pulse(ear.hearing.send())
    ear.now = 20
    ear.hearing.hear_pulse(ear.hearing.send())
    assert ear.gaps == ["nothing was sent for 20 s"]


def test_a_queue_that_another_daemon_reads_is_told(ear):
    """Its pulses are heard here, and ours there."""
    ear.hearing.hear_pulse(ear.hearing.send())
    ear.hearing.hear_pulse(hearing.Pulse("other", 7))
    ear.hearing.send()
    ear.hearing.hear_pulse(ear.hearing.send())
    [reason] = ear.gaps
    assert "another daemon reads our queue" in reason


def test_what_does_not_come_back_is_given_up_once(ear):
    """Whoever begins anew then has as much time again."""
    ear.hearing.send()
    assert not ear.hearing.give_up()
    ear.now = 20
    assert ear.hearing.give_up()
    ear.hearing.send()
    assert not ear.hearing.give_up()
    assert ear.hearing.why_deaf == "nothing came back for 20 s"


def test_a_late_beginning_is_no_gap(ear):
    """Nothing was listed before it, so that nothing can be missed."""
    ear.now = 60
    ear.hearing.begin()
    ear.hearing.hear_pulse(ear.hearing.send())
    assert not ear.gaps
