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
"""Steps that wait for one another and otherwise run at the same time."""

import collections.abc
import dataclasses
import sys
import threading
import time

from controlplane import waiting


@dataclasses.dataclass
class Step:
    """One thing to do, after others; ``action`` returns a remark that is worth a line, or None."""

    name: str
    action: collections.abc.Callable[[], str | None]
    needs: tuple[str, ...]
    done: threading.Event = dataclasses.field(default_factory=threading.Event)


class Graph:
    """Steps by name. ``run`` does them all, each in a thread, as soon as its needs are met."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.cancelled = threading.Event()
        self._steps: dict[str, Step] = {}
        self._failures: list[Exception] = []
        self._quiet = quiet
        self._begun = time.monotonic()

    def add(
        self,
        name: str,
        action: collections.abc.Callable[[], str | None],
        needs: collections.abc.Iterable[str] = (),
    ) -> None:
        """The step will run; a need that is no step (of this run) counts as met."""
        self._steps[name] = Step(name, action, tuple(needs))

    def discard(self, name: str) -> None:
        """The step will not run."""
        self._steps.pop(name, None)

    def run(self) -> None:
        """Every step is done; or the first failure is raised after all others have given up."""
        threads = [threading.Thread(target=self._do, args=(s,)) for s in self._steps.values()]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            self.cancelled.set()
            raise
        real = [f for f in self._failures if not isinstance(f, waiting.CancelledError)]
        for failure in real or self._failures:
            raise failure

    def _do(self, step: Step) -> None:
        for need in step.needs:
            if need in self._steps:
                self._steps[need].done.wait()
        try:
            if not self.cancelled.is_set():
                self._report(step.action())
        except Exception as failure:  # noqa: BLE001 - the thread's boundary: raised again by run()
            self._failures.append(failure)
            self.cancelled.set()
        finally:
            step.done.set()

    def _report(self, remark: str | None) -> None:
        if remark and not self._quiet:
            elapsed = time.monotonic() - self._begun
            print(f"[{elapsed:6.1f} s] {remark}", file=sys.stderr, flush=True)
