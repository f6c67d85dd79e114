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
"""What the emulated cloud was asked: the witness of tests that say what was *not* sent."""

import collections
import dataclasses
import re
import threading
from typing import Any

TOKENS = re.compile(r"/v3/auth/tokens$")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One request as it came and how it was answered.

    `status` is 0 where a fault let the client wait or dropped the connection before anything was
    done. `user` and `project` are names, empty where the token says none. `route` is the rule of
    the path, empty where the emulator has none; `fault` is what an ordered one did.
    """

    at: str
    service: str
    method: str
    path: str
    status: int
    user: str = ""
    project: str = ""
    route: str = ""
    fault: str = ""

    def but(self, **changes: Any) -> "Entry":
        """The entry with these changes."""
        return dataclasses.replace(self, **changes)

    @property
    def changes_something(self) -> bool:
        """Whether it could have changed the cloud: all but reading and asking for a token."""
        if self.method in {"GET", "HEAD", "OPTIONS"}:
            return False
        return not (self.method == "POST" and TOKENS.search(self.path))

    def as_dict(self) -> dict[str, Any]:
        """The entry as ``GET /emulator/requests`` shows it."""
        return {**dataclasses.asdict(self), "changes_something": self.changes_something}


class RequestLog:
    """The last requests, oldest first; safe to read from any thread."""

    def __init__(self, keep: int = 200_000) -> None:
        self._entries: collections.deque[Entry] = collections.deque(maxlen=keep)
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """The entry is the last one."""
        with self._lock:
            self._entries.append(entry)

    def entries(self, method: str | None = None, path: str = "") -> list[Entry]:
        """The requests with this method (any, if None) whose path the regex `path` finds."""
        with self._lock:
            entries = list(self._entries)
        pattern = re.compile(path)
        return [e for e in entries if method in {None, e.method} and pattern.search(e.path)]

    def changes(self) -> list[Entry]:
        """The requests that could have changed something; empty after a mere look."""
        return [entry for entry in self.entries() if entry.changes_something]

    def clear(self) -> None:
        """Nothing was asked so far."""
        with self._lock:
            self._entries.clear()
