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

"""How orders are heard."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from cleanupd.service import orders
from cleanupd.service.orders import Order

#: A process whose other threads are busy says which orders it hears.
LISTENER = """
import threading, cleanupd.service.orders as orders
inbox = orders.Inbox()
inbox.listen_to_signals()
for _ in range(3):
    threading.Thread(target=lambda: [sum(range(1000)) for _ in range(10**9)], daemon=True).start()
print("listening", flush=True)
while True:
    order = inbox.get(None)
    if order:
        print(order.value, flush=True)
    if order is orders.Order.STOP:
        break
"""


@pytest.fixture
def inbox():
    """Give an inbox."""
    made = orders.Inbox()
    yield made
    made.close()


def test_orders_are_heard_in_their_order(inbox):
    """None is lost, and none comes twice."""
    for order in (Order.RELOAD, Order.RELOAD, Order.STOP):
        inbox.put(order)
    assert [inbox.get(0) for _ in range(3)] == [Order.RELOAD, Order.RELOAD, Order.STOP]
    assert inbox.get(0) is None


def test_who_waits_is_woken(inbox):
    """By an order from another thread."""
    timer = threading.Timer(0.05, inbox.put, [Order.STOP])
    timer.start()
    begun = time.monotonic()
    assert inbox.get(10) is Order.STOP or inbox.get(10) is Order.STOP
    assert time.monotonic() - begun < 5
    timer.join()


def test_waiting_has_an_end(inbox):
    """So that the watchdog can be fed."""
    begun = time.monotonic()
    assert inbox.get(0.05) is None
    assert time.monotonic() - begun >= 0.05


def test_a_flood_of_orders_blocks_nobody(inbox):
    """Signal handlers must never wait."""
    for _ in range(100_000):
        inbox.put(Order.RELOAD)
    assert inbox.get(0) is Order.RELOAD


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_heard_whatever_other_threads_do(number):
    """Thirty reloads, then a stop, each while the main thread waits or is about to."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", LISTENER], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "listening\n"
        for _ in range(30):
            os.kill(process.pid, signal.SIGHUP)
            assert process.stdout.readline() == "reload\n"
        process.send_signal(number)
        assert process.stdout.readline() == "stop\n"
        assert process.wait(10) == 0
