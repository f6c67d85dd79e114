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

"""How patiently and how fast services are asked: slower when one says that it is too much."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import math
import threading
import time

import msgspec

from cleanupd import exceptions

_BUSY = 429
_TRANSIENT = frozenset({502, 503, 504})
#: A service that says it is asked too much is well: it is asked again this soon.
_BUSY_WAIT_S = 2.0


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a cloud is waited for.

    A request has ``connect_timeout_s`` to connect and ``read_timeout_s``
    between two bytes of the answer.  Only a GET is repeated, at most
    ``attempts`` times altogether, with waits that double from
    ``first_wait_s`` (or as long as Retry-After asks), and never when
    ``within_s`` would have passed since the first attempt.  What is too much
    for a service at the moment is asked again until then.
    """

    attempts: int = 4
    first_wait_s: float = 0.5
    within_s: float = 30.0
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0

    def wait_s(self, error: exceptions.CloudError, attempt: int, elapsed_s: float) -> float | None:
        """Return how long to wait before the next attempt, None where there is to be none."""
        wait = self.first_wait_s * 2.0 ** min(attempt - 1, 20)
        most: float = self.attempts
        match error:
            case exceptions.RequestFailed(status=status) if status == _BUSY:
                most = math.inf
                wait = max(min(wait, _BUSY_WAIT_S), error.retry_after_s or 0.0)
            case exceptions.RequestFailed(status=status) if status in _TRANSIENT:
                wait = max(wait, error.retry_after_s or 0.0)
            case exceptions.ServiceUnreachable(url=url) if url:
                pass
            case _:
                return None
        if attempt >= most or elapsed_s + wait > self.within_s:
            return None
        return wait


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What one service gets at most.

    ``requests_per_s`` on average; ``concurrent`` at the same time, which is
    also how many may follow each other at once after a pause.
    """

    requests_per_s: float = 100.0
    concurrent: int = 32


class Throttle:
    """Lets requests to one service through; all methods may be called from any thread.

    A token bucket bounds their rate.  How many may be under way is halved
    when the service refuses one for its load, and grows by one with as many
    successes as may be under way: the way TCP finds what a path can bear.
    """

    def __init__(self, pace: Pace, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._tokens = float(pace.concurrent)
        self._filled_at = monotonic()
        self._under_way = 0
        self._allowed = float(pace.concurrent)
        #: When the service last refused a request that was sent after the refusal before.
        self._slowed_at = float("-inf")

    @property
    def allowed(self) -> int:
        """How many requests may be under way now."""
        return int(self._allowed)

    @contextlib.contextmanager
    def turn(self) -> Iterator[Callable[[], None]]:
        """Wait until a request may be sent; what is given is called if the service refuses it."""
        began_at = self._begin()
        refusals: list[None] = []
        try:
            yield lambda: refusals.append(None)
        finally:
            self._end(began_at, is_refused=bool(refusals))

    def _begin(self) -> float:
        with self._changed:
            while (wait_s := self._wait_s()) is not None:
                self._changed.wait(wait_s or None)
            self._tokens -= 1
            self._under_way += 1
            return self._monotonic()

    def _wait_s(self) -> float | None:
        """Return how long to wait, 0 for until something ends, None where a request may begin."""
        now = self._monotonic()
        earned = (now - self._filled_at) * self._pace.requests_per_s
        self._tokens = min(self._pace.concurrent, self._tokens + earned)
        self._filled_at = now
        if self._under_way >= self.allowed:
            return 0
        if self._tokens < 1:
            return (1 - self._tokens) / self._pace.requests_per_s
        return None

    def _end(self, began_at: float, *, is_refused: bool) -> None:
        with self._changed:
            self._under_way -= 1
            if not is_refused:
                self._allowed = min(self._pace.concurrent, self._allowed + 1 / self._allowed)
            elif began_at > self._slowed_at:
                # What was under way at the time is refused, too: one burst halves once.
                self._slowed_at = self._monotonic()
                self._allowed = max(1.0, self._allowed / 2)
            self._changed.notify_all()
