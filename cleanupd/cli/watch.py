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

"""Shows on the standard error output how far the engine is."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import sys
import time
from typing import TYPE_CHECKING
from typing import TextIO

from cleanupd.cli import text
from cleanupd.engine import progress as progresses

if TYPE_CHECKING:
    from rich import progress as bars

    from cleanupd.core import resources

STYLES = ("auto", "bars", "lines", "none")

_GONE = ("removed", "gone")
_LINE_EVERY_S = 2.0


class Lines:
    """A progress of plain lines, for logs: one every other second at most."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now = now
        self._steps = 0
        self._gone = 0
        self._failed = 0
        self._resources = 0
        self._kinds = 0
        self._said_at = 0.0

    def listing(self, kinds: int) -> None:
        """Say what begins."""
        self._kinds, self._resources = kinds, 0
        self._say(f"listing {text.count(kinds, 'kind')} of resources")

    def listed(self, kind: str, count: int | None) -> None:
        """Say what could not be listed, and when all is."""
        self._kinds -= 1
        self._resources += count or 0
        if count is None:
            self._say(f"{kind} could not be listed")
        if not self._kinds:
            self._say(f"listed {text.count(self._resources, 'resource')}")

    def removing(self, steps: int) -> None:
        """Say what begins."""
        self._steps = steps
        self._say(f"removing {text.count(steps, 'resource')}")

    def settled(self, ref: "resources.Ref", outcome: str) -> None:  # noqa: ARG002
        """Say now and then how many are gone."""
        self._gone += outcome in _GONE
        self._failed += outcome not in _GONE
        is_last = self._gone + self._failed == self._steps
        if is_last or self._now() - self._said_at >= _LINE_EVERY_S:
            failed = f", {self._failed} not" if self._failed else ""
            self._say(f"removed {self._gone} of {self._steps}{failed}")

    def _say(self, line: str) -> None:
        self._said_at = self._now()
        print(line, file=self._stream, flush=True)


class Bars:
    """A progress of moving bars, for terminals.

    A bar moves only until its work is done: others may write then.
    """

    def __init__(self, make_display: "Callable[[], bars.Progress]") -> None:
        self._make_display = make_display
        self._display: bars.Progress | None = None
        self._task: bars.TaskID | None = None
        self._has_listed = False
        self._failed = 0

    def listing(self, kinds: int) -> None:
        """Begin a bar."""
        self._begin("Listing again" if self._has_listed else "Listing", kinds)
        self._has_listed = True

    def listed(self, kind: str, count: int | None) -> None:
        """Move the bar."""
        if count is None and self._display is not None:
            self._display.console.print(f"{kind} could not be listed", markup=False)
        self._advance()

    def removing(self, steps: int) -> None:
        """Begin a bar."""
        self._failed = 0
        self._has_listed = True
        self._begin("Removing", steps)

    def settled(self, ref: "resources.Ref", outcome: str) -> None:  # noqa: ARG002
        """Move the bar."""
        self._failed += outcome not in _GONE
        self._advance(f"Removing ({self._failed} not)" if self._failed else None)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._display is not None:
            self._display.stop()
            self._display = None

    def _begin(self, description: str, total: int) -> None:
        self.close()
        if total:
            self._display = self._make_display()
            self._task = self._display.add_task(description, total=total)
            self._display.start()

    def _advance(self, description: str | None = None) -> None:
        if self._display is not None and self._task is not None:
            self._display.update(self._task, advance=1, description=description)
            if self._display.finished:
                self.close()


@contextlib.contextmanager
def watched(style: str) -> Iterator[progresses.Progress]:
    """Give a progress that is shown in one of the STYLES while the block runs."""
    if style == "auto":
        style = "bars" if sys.stderr.isatty() else "lines"
    if style == "none":
        yield progresses.Silence()
    elif style == "lines":
        yield Lines(sys.stderr)
    else:
        shown = Bars(_make_display)
        try:
            yield shown
        finally:
            shown.close()


def _make_display() -> "bars.Progress":
    from rich import console
    from rich import progress as bars

    return bars.Progress(
        bars.TextColumn("{task.description:<20}", markup=False),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        console=console.Console(file=sys.stderr, force_terminal=True),
    )
