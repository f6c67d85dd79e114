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

"""How a sweep is told to end before its end."""

import threading

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.engine import progress as progresses
from cleanupd.journal import store


class Stop(threading.Event):
    """An event that says who has cancelled the sweep; nobody where its process just ends.

    ``is_pause`` says that another process, or this one later, goes on with it.
    """

    by: str | None = None
    is_pause = False

    def pause(self) -> None:
        """Let the sweep end so that it can be gone on with."""
        self.is_pause = True
        self.set()

    def cancel(self, by: str) -> None:
        """Let the sweep end; who asked first is remembered."""
        self.by = self.by or by
        self.set()

    def check(self) -> None:
        """Return unless the sweep is to end; raises Cancelled or Paused."""
        if self.by is not None:
            raise exceptions.Cancelled(self.by)
        if self.is_pause:
            raise exceptions.Paused


def describe(stop: threading.Event) -> tuple[store.State, str]:
    """Return the state of a sweep that was stopped, and why."""
    if isinstance(stop, Stop) and stop.by is not None:
        return store.State.CANCELLED, str(exceptions.Cancelled(stop.by))
    if isinstance(stop, Stop) and stop.is_pause:
        return store.State.RUNNING, str(exceptions.Paused())
    return store.State.FAILED, "it was stopped"


class Watched:
    """A progress that breaks a listing off, between two kinds, once the sweep is cancelled."""

    def __init__(self, progress: progresses.Progress | None, stop: threading.Event) -> None:
        self._progress = progress or progresses.Silence()
        self._stop = stop

    def _check(self) -> None:
        if isinstance(self._stop, Stop):
            self._stop.check()

    def listing(self, kinds: int) -> None:
        """Pass it on; raises Cancelled or Paused."""
        self._check()
        self._progress.listing(kinds)

    def listed(self, kind: str, count: int | None) -> None:
        """Pass it on; raises Cancelled or Paused."""
        self._check()
        self._progress.listed(kind, count)

    def removing(self, steps: int) -> None:
        """Pass it on."""
        self._progress.removing(steps)

    def settled(self, ref: resources.Ref, outcome: str) -> None:
        """Pass it on."""
        self._progress.settled(ref, outcome)
