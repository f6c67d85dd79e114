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

"""What the check of a folder finds, and where."""

from collections.abc import Sequence
import enum
import posixpath
from typing import Any
from typing import NamedTuple

import msgspec

#: Where something stands in a document: keys of mappings and positions in lists, from the root.
Place = tuple[Any, ...]


class Level(enum.StrEnum):
    """How much a rule weighs; a note alone leaves the exit code at 0."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Issue(NamedTuple):
    """What a rule has found in one document, before its line is known.

    ``mend`` says how to mend it, where that can be said better than for the
    rule as a whole.
    """

    rule: str
    at: Place
    message: str
    mend: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One finding; ``path`` is relative to what was checked, ``line`` counts from 1."""

    path: str
    line: int
    rule: str
    level: Level
    message: str
    mend: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a check.

    ``root`` is what the paths of the findings are relative to, ``tasks`` the
    task files that were looked at, and ``authority`` what knew Rally's
    plugins: the bundled table or an installed Rally.
    """

    root: str
    authority: str
    tasks: tuple[str, ...]
    findings: tuple[Finding, ...]

    def path_of(self, one: Finding) -> str:
        """Return the path of a finding as the caller would open it."""
        return posixpath.normpath(posixpath.join(self.root, one.path))

    @property
    def is_refused(self) -> bool:
        """Whether anything but notes was found."""
        return any(one.level is not Level.NOTE for one in self.findings)


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: ``a, b or c``."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
