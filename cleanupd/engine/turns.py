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

"""Who comes next: projects take turns, so that a large one keeps no other waiting."""

import collections
from collections.abc import Hashable
import threading
from typing import Generic
from typing import TypeVar

from cleanupd.engine import reading

T = TypeVar("T")

#: A turn is as long as what one request may have read of a project.
TURN = reading.MOST


class Turns(Generic[T]):
    """Items that wait; all methods may be called from any thread."""

    def __init__(self, turn: int = TURN) -> None:
        self._turn = turn
        self._lock = threading.Lock()
        #: By whose they are, in the order of the turns.
        self._waiting: collections.OrderedDict[Hashable, collections.deque[T]] = (
            collections.OrderedDict()
        )
        self._taken = 0

    def add(self, item: T, owner: Hashable) -> None:
        """Let an item wait, after what the same owner has waiting already."""
        with self._lock:
            self._waiting.setdefault(owner, collections.deque()).append(item)

    def take(self) -> T:
        """Return the item whose turn it is; there has to be one."""
        with self._lock:
            owner, items = next(iter(self._waiting.items()))
            item = items.popleft()
            self._taken += 1
            if not items:
                del self._waiting[owner]
                self._taken = 0
            elif self._taken >= self._turn:
                self._waiting.move_to_end(owner)
                self._taken = 0
            return item
