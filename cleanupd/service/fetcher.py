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

"""Reads what the bus told of without saying how it is."""

from collections.abc import Callable
from collections.abc import Iterable
import threading
import time

from oslo_log import log

from cleanupd.services.base import collector

LOG = log.getLogger(__name__)

#: Between two looks for what is to be read; what is touched twice meanwhile is read once.
PAUSE_S = 0.5
#: The longest pause after a reading that failed.
LONGEST_PAUSE_S = 60.0
#: Where no message comes, services that can tell cheaply are asked so often for what changed.
HINT_S = 60.0


class Fetcher:
    """A service that reads touched resources soon, each collector's in a thread of its own.

    As long as ``is_deaf`` says that no message comes, changes are asked for.
    """

    def __init__(
        self,
        collectors: Iterable[collector.BaseClusterModelCollector],
        is_deaf: Callable[[], bool] = lambda: False,
        *,
        pause_s: float = PAUSE_S,
        hint_s: float = HINT_S,
    ) -> None:
        self._collectors = tuple(collectors)
        self._stopping = threading.Event()
        self._is_deaf = is_deaf
        self._pause_s = pause_s
        self._hint_s = hint_s
        self._threads = [
            threading.Thread(target=self._run, args=[one], name=f"read {one.SERVICE}", daemon=True)
            for one in self._collectors
        ]

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Read and list nothing more after what is under way."""
        self._stopping.set()
        for one in self._collectors:
            one.stop()

    def wait(self) -> None:
        """Return when nothing is read any more."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def why_stuck(self) -> str | None:
        """Say which thread has ended; None while all is well."""
        ended = [thread.name for thread in self._threads if not thread.is_alive()]
        return f"a thread has ended: {', '.join(ended)}" if ended else None

    def _run(self, one: collector.BaseClusterModelCollector) -> None:
        pause_s, asked_at = self._pause_s, time.monotonic()
        while not self._stopping.wait(pause_s):
            unread = one.unread
            try:
                if time.monotonic() >= asked_at + self._hint_s and self._is_deaf():
                    asked_at = time.monotonic()
                    one.look_for_changes()
                one.read_touched()
                has_failed = one.unread > unread
            except Exception:  # the other resources are kept alive: a plugin may do anything
                LOG.exception("What was touched of %(name)s is not read", {"name": one.SERVICE})
                has_failed = True
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S) if has_failed else self._pause_s
