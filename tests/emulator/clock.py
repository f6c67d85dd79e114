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
"""The emulated cloud's time, and what is to happen in it later."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import datetime
import heapq
import itertools
import time

Action = Callable[[], None]


class Clock:
    """Tells the time of the cloud and completes what was begun, such as a delete.

    The cloud's time is the machine's when the clock is made, and passes `speed` times as fast.

    Nothing runs in a thread of its own: what is due happens when the cloud is next looked at
    (`run_due`), as if it had happened at its time. That keeps one lock enough.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed is more than 0, not {speed}")
        self._speed = speed
        self._start_s = time.monotonic()
        self._start = datetime.datetime.fromtimestamp(time.time(), tz=datetime.UTC)
        self._offset = datetime.timedelta(0)
        self._due: list[tuple[datetime.datetime, int, Action]] = []
        self._ticket = itertools.count()
        self._is_stopped = False
        self._stuck: list[Action] = []
        self._moment: datetime.datetime | None = None

    def now(self) -> datetime.datetime:
        """The cloud's time, moved by what `advance` and `shifted` say."""
        if self._moment is not None:
            return self._moment
        passed_s = (time.monotonic() - self._start_s) * self._speed
        return self._start + datetime.timedelta(seconds=passed_s) + self._offset

    def advance(self, by: datetime.timedelta) -> None:
        """From now on the cloud's time is later by this; what is due by then, happens."""
        self._offset += by

    @contextlib.contextmanager
    def shifted(self, by: datetime.timedelta) -> Iterator[None]:
        """What is made inside was made so much later (or, negative, earlier): for scenes."""
        self._offset += by
        try:
            yield
        finally:
            self._offset -= by

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """What is begun inside does not happen before `release`."""
        self._is_stopped = True
        try:
            yield
        finally:
            self._is_stopped = False

    def release(self) -> None:
        """What was begun while the clock was stopped happens when the cloud is next looked at."""
        stuck, self._stuck = self._stuck, []
        for action in stuck:
            self.later(0, action)

    def later(self, delay_s: float, action: Action) -> None:
        """`action` happens after this many seconds of the cloud's time."""
        if self._is_stopped:
            self._stuck.append(action)
            return
        due = self.now() + datetime.timedelta(seconds=delay_s)
        heapq.heappush(self._due, (due, next(self._ticket), action))

    def run_due(self) -> None:
        """Everything whose time has come has happened, in order."""
        while self._moment is None and self._due and self._due[0][0] <= self.now():
            self._moment, _, action = heapq.heappop(self._due)
            try:
                action()
            finally:
                self._moment = None


def seconds(moment: datetime.datetime) -> str:
    """The moment as Nova, Neutron and Glance write it: ``2026-11-21T07:49:34Z``."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def microseconds(moment: datetime.datetime) -> str:
    """The moment as Cinder and Nova's extensions write it, whose database keeps seconds only."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000000")
