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
"""What the pulses say: whether the bus is heard, and whether anything was missed.

A broker that goes away, or that drops messages because the queue is full,
tells nobody.  So the listener sends numbered pulses through its own queue:
where they stay out nothing is heard, and where a number is missing something
was dropped.
"""

from collections.abc import Callable
import threading
import time
import uuid

import msgspec
from oslo_log import log

LOG = log.getLogger(__name__)


class Pulse(msgspec.Struct, frozen=True):
    """What is sent to hear it: ``life`` tells this process from those before it."""

    life: str
    number: int


class Hearing:
    """Knows of each pulse when it was sent and whether it came back.

    ``on_gap`` is called with the reason when something may have been missed,
    and what comes next will be heard.  ``patience_s`` is how long nothing at
    all may come, or be sent.
    """

    def __init__(
        self,
        on_gap: Callable[[str], None],
        patience_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._life = uuid.uuid4().hex
        self._on_gap = on_gap
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        #: When each pulse was sent that has not come back.
        self._sent: dict[int, float] = {}
        self._number = 0
        self._sent_at = self._heard_at = monotonic()
        self._why_deaf: str | None = "the broker has not let us listen yet"
        #: The last pulse before the bus was not heard: it may come when all before it is lost.
        self._last_before = 0
        self._has_come_back = False
        self._is_shared = False

    @property
    def why_deaf(self) -> str | None:
        """Why nothing is heard; None while all is well."""
        with self._lock:
            self._notice_silence()
            return self._why_deaf

    def give_up(self) -> bool:
        """Whether nothing comes back any more; if so, what was sent is given up."""
        with self._lock:
            self._notice_silence()
            is_silent = self._silent_s() > self._patience_s
            if is_silent:
                self._sent = {}
            return is_silent

    def begin(self) -> None:
        """Note that the queue is there, before anything was listed."""
        with self._lock:
            self._why_deaf = None
            self._sent_at = self._heard_at = self._monotonic()

    def send(self) -> Pulse:
        """Return the next pulse, which counts as sent."""
        with self._lock:
            self._notice_silence()
            self._number += 1
            self._sent[self._number] = self._sent_at = self._monotonic()
            return Pulse(self._life, self._number)

    def hear(self) -> None:
        """Note that messages came."""
        self._heard_at = self._monotonic()

    def hear_pulse(self, pulse: Pulse) -> None:
        """Take a pulse that came back."""
        with self._lock:
            if pulse.life != self._life:
                # What an earlier process left in the queue came before our own.
                self._is_shared = self._has_come_back
                return
            if pulse.number not in self._sent:
                return
            self._has_come_back = True
            lost = sum(number < pulse.number for number in self._sent)
            self._sent = {n: at for n, at in self._sent.items() if n > pulse.number}
            if pulse.number <= self._last_before:
                return
            reason, self._why_deaf = self._why_deaf, None
        if reason is not None:
            self._on_gap(reason)
        elif lost:
            self._on_gap(f"{lost} of our own messages are missing: {self._why_lost}")

    def fail(self, reason: str) -> None:
        """Note why nothing can be heard."""
        with self._lock:
            self._fail(reason)

    @property
    def _why_lost(self) -> str:
        if self._is_shared:
            return "another daemon reads our queue, give it another host or [notifications] pool"
        return "the queue was too long for the broker, or was lost"

    def _silent_s(self) -> float:
        now = self._monotonic()
        return now - max(min(self._sent.values(), default=now), self._heard_at)

    def _notice_silence(self) -> None:
        if self._why_deaf is not None:
            return
        silent_s, paused_s = self._silent_s(), self._monotonic() - self._sent_at
        if silent_s > self._patience_s:
            self._fail(f"nothing came back for {silent_s:.0f} s")
        elif paused_s > self._patience_s:
            # No pulse is missing where none was sent.
            self._fail(f"nothing was sent for {paused_s:.0f} s")

    def _fail(self, reason: str) -> None:
        if self._why_deaf != reason:
            LOG.warning("The bus cannot be heard, listings go on: %(why)s", {"why": reason})
        self._why_deaf, self._last_before = reason, self._number
