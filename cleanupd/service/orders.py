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

"""What signals ask the daemon for, and how its main thread hears of it."""

import contextlib
import enum
import queue
import select
import signal
import socket


class Order(enum.Enum):
    """What signals ask for."""

    STOP = "stop"
    RELOAD = "reload"


class Inbox:
    """Orders from any thread and from signals, for one thread that waits for them.

    A thread that blocks on a lock may miss a signal that comes just before it
    blocks, or in another thread: Python runs its handlers only when the main
    thread does something.  So that thread waits for a socket, to which the
    interpreter itself writes at each signal.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)

    def listen_to_signals(self) -> None:
        """Turn SIGTERM and SIGINT into a stop and SIGHUP into a reload; in the main thread."""
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number, order in (
            (signal.SIGTERM, Order.STOP),
            (signal.SIGINT, Order.STOP),
            (signal.SIGHUP, Order.RELOAD),
        ):
            signal.signal(number, lambda *_, order=order: self.put(order))

    def put(self, order: Order) -> None:
        """Give an order; it is heard in the order in which it came."""
        self._orders.put(order)
        # A full socket wakes as well as one more byte would.
        with contextlib.suppress(BlockingIOError):
            self._writer.send(b"\0")

    def get(self, timeout_s: float | None) -> Order | None:
        """Return the next order, or None when none came in time."""
        with contextlib.suppress(queue.Empty):
            return self._orders.get_nowait()
        select.select([self._reader], [], [], timeout_s)
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)
        with contextlib.suppress(queue.Empty):
            return self._orders.get_nowait()
        return None

    def close(self) -> None:
        """Hear nothing any more."""
        self._reader.close()
        self._writer.close()
