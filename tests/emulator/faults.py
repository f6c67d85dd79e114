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
"""Faults by order: the next requests that match get an error, no answer or a lost connection."""

import dataclasses
import re
import threading
from typing import Any

HANG = "hang"
RESET = "reset"


@dataclasses.dataclass
class Fault:
    """What the next `times` requests get whose method and path (with query) match.

    `answer` is a status, `HANG` (no answer for `hang_s` seconds, then the connection is lost)
    or `RESET` (the connection is lost at once). `times` None means until it is removed.
    Regexes are searched, and an empty `method` means any.
    """

    path: str
    answer: int | str
    method: str = ""
    times: int | None = 1
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    message: str = "A fault that was ordered."
    hang_s: float = 3600.0

    def __post_init__(self) -> None:
        """Wrong orders are refused when they are given, not when they would happen."""
        for regex in (self.path, self.method):
            try:
                re.compile(regex)
            except re.error as error:
                raise ValueError(f"{regex!r} is no regex: {error}") from error
        if isinstance(self.answer, str) and self.answer not in {HANG, RESET}:
            raise ValueError(f"answer is a status, {HANG!r} or {RESET!r}, not {self.answer!r}")

    def matches(self, method: str, path: str) -> bool:
        """Whether this request is one of those meant."""
        if self.times is not None and self.times <= 0:
            return False
        return bool(re.search(self.method, method) and re.search(self.path, path))


class Faults:
    """The orders given, first come first served; safe from any thread."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """The fault is waiting for its requests."""
        with self._lock:
            self._orders.append(fault)
        return fault

    def clear(self) -> None:
        """No fault is waiting."""
        with self._lock:
            self._orders.clear()

    def pending(self) -> list[dict[str, Any]]:
        """The orders that still have requests to spoil."""
        with self._lock:
            return [dataclasses.asdict(fault) for fault in self._orders]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault this request gets, counted as used, or None."""
        with self._lock:
            for fault in self._orders:
                if fault.matches(method, path):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times == 0:
                            self._orders.remove(fault)
                    return fault
        return None
