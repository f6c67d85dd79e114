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


"""A journal that is imported while something else is waited for: SQLAlchemy takes a second."""

import threading
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

if TYPE_CHECKING:
    from cleanupd.journal import places
    from cleanupd.journal import sql


class Later:
    """Passes whatever is asked on to a journal, which is made when it is first needed."""

    def __init__(self, place: "places.Place") -> None:
        self._place = place
        self._lock = threading.Lock()
        self._made: sql.Journal | None = None

    def __getattr__(self, name: str) -> Any:
        """Return what the journal has by that name."""
        return getattr(self._journal(), name)

    def prepare(self) -> None:
        """Begin to make it now, in a thread that keeps no process alive."""
        threading.Thread(target=self._journal, name="journal", daemon=True).start()

    def as_journal(self) -> "sql.Journal":
        """Return this as what it stands for."""
        return cast("sql.Journal", self)

    def _journal(self) -> "sql.Journal":
        with self._lock:
            if self._made is None:
                from cleanupd.journal import sql  # noqa: PLC0415 - the reason for this class

                self._made = sql.Journal(self._place)
            return self._made
