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

"""What Ctrl-C does to a sweep."""

import signal
import threading

import pytest

from cleanupd.cli import interruption


def test_the_first_signal_stops_and_the_second_interrupts():
    """Whoever is in a hurry presses twice."""
    stop, told = threading.Event(), []
    with interruption.stopping(stop, lambda: told.append("stopping")):
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        assert told == ["stopping"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_signals_do_what_they_did():
    """Nothing of it is left behind."""
    before = [signal.getsignal(number) for number in interruption.SIGNALS]
    with interruption.stopping(threading.Event(), lambda: None):
        assert [signal.getsignal(number) for number in interruption.SIGNALS] != before
    assert [signal.getsignal(number) for number in interruption.SIGNALS] == before


def test_a_thread_changes_no_signals():
    """Outside of the main thread the block just runs."""
    ran = []

    def work():
        with interruption.stopping(threading.Event(), lambda: None):
            ran.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [True]
