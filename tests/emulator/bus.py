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

Payload = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One notification as a service sends it; `exchange` is the service's control exchange."""

    exchange: str
    publisher_id: str
    event_type: str
    payload: Payload
    priority: str = "INFO"


Listener = Callable[[Message], None]


class Bus:
    """Hands each message to the listeners, in order; without any, nothing is even built."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

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
        for listener in self._listeners:
            listener(message)
