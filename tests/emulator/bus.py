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
"""What the emulated services say on the message bus."""

from collections.abc import Callable
import dataclasses
from typing import Any

from tests.emulator import clock as clock_module
from tests.emulator import faults

LATE_S = 1.0

Payload = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One notification as a service sends it; `exchange` is the service's control exchange."""

    exchange: str
    publisher_id: str
    event_type: str
    payload: Payload
    priority: str = "INFO"

    @property
    def topic(self) -> str:
        """Where the exchange puts it: Nova's versioned ones have a topic of their own."""
        return "versioned_notifications" if "nova_object.name" in self.payload else "notifications"


Listener = Callable[[Message], None]


class Bus:
    """Hands each message to the listeners, in order; without any, nothing is even built.

    Faults that were ordered lose messages, send them twice, or after the next one.
    """

    def __init__(self, ordered: faults.Faults, clock: clock_module.Clock) -> None:
        self._faults = ordered
        self._clock = clock
        self._listeners: list[Listener] = []
        self._late: list[Message] = []

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def listen(self, listener: Listener) -> None:
        """From now on `listener` gets each message, in the order in which things happen."""
        self._listeners.append(listener)

    def emit(
        self,
        exchange: str,
        publisher_id: str,
        event_type: str,
        build: Callable[[], Payload],
        *,
        priority: str = "INFO",
    ) -> None:
        """Something happened; `build` gives the payload as it is at this moment."""
        if not self._listeners:
            return
        message = Message(exchange, publisher_id, event_type, build(), priority)
        fault = self._faults.take_event(event_type)
        answer = fault.answer if fault else ""
        if answer == faults.REORDERED:
            self._late.append(message)
            self._clock.later(LATE_S, self._hand_out)
        elif answer != faults.LOST:
            self._hand_out(*[message] * (2 if answer == faults.DUPLICATED else 1))

    def _hand_out(self, *messages: Message) -> None:
        """The listeners have these messages, and those that came late after them."""
        late, self._late = self._late, []
        for message in (*messages, *late):
            for listener in self._listeners:
                listener(message)
