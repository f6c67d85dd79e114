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

"""How a demonstration is told, and how it remembers what was not as it should be."""

import itertools
import shutil
import textwrap

#: How wide tables may be where there is no terminal.
WIDTH_OF_LOGS = "120"


class Teller:
    """Tells the story and remembers what was not as it should be."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._chapters = itertools.count(1)

    def chapter(self, title: str, text: str) -> None:
        """Begin a chapter."""
        head = f"{next(self._chapters)}. {title}"
        print(f"\n{'=' * width()}\n{head}\n{'=' * width()}")
        for paragraph in text.strip().split("\n\n"):
            print("\n" + _filled(paragraph), flush=True)

    def expect(self, what: str, *, is_true: bool) -> None:
        """Say what has to be true, and whether it is."""
        print(f"  {'ok ' if is_true else 'NOT'}  {what}", flush=True)
        if not is_true:
            self.failures.append(what)

    def end(self) -> int:
        """Say whether the story ended as it should; return the exit code."""
        print()
        if self.failures:
            print("The demonstration FAILED:")
            print("\n".join(f"  {failure}" for failure in self.failures))
            return 1
        print("All of it is true. Nothing of the demonstration is left running.")
        return 0


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), width(), break_on_hyphens=False)


def width() -> int:
    """Return how wide the story may be."""
    return min(shutil.get_terminal_size((int(WIDTH_OF_LOGS), 24)).columns, 100)
