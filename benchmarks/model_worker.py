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
"""Processes that do what they are told and measure it, one for each program that is compared.

A worker's program calls :func:`serve` with what it can do, a :class:`Worker` has it done. Both
need the standard library only, so that peers can use them too.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import ctypes
import gc
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import IO
from typing import Any

from benchmarks import report

ROOT = pathlib.Path(__file__).resolve().parents[1]
Answer = dict[str, float]


class Worker:
    """A process that measures when it is asked."""

    def __init__(self, process: "subprocess.Popen[str]", complaints: IO[str]) -> None:
        self._process = process
        self._complaints = complaints

    def do(self, name: str, **arguments: object) -> Answer:
        """Have something done, and return what was measured; raises BenchmarkFailed."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps([name, arguments]) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._complaints.seek(0)
            said = self._complaints.read().strip()[-600:]
            raise report.BenchmarkFailed(f"{self._process.args} failed to {name}: {said}")
        found: Answer = json.loads(line)
        return found


@contextlib.contextmanager
def start(python: str | pathlib.Path, module: str) -> Iterator[Worker]:
    """Give a worker whose program is a module of this package; it is gone afterwards."""
    command: Sequence[str] = (str(python), "-m", f"benchmarks.{module}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(  # noqa: S603 - our own
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        try:
            yield Worker(process, complaints)
        finally:
            process.kill()


def serve(make: Callable[[int], object], names: Sequence[str]) -> None:
    """Do what standard input tells, line by line, and tell standard output what was measured.

    The first line is to prepare a world of so many servers, of which something is made; the others
    call its methods with these names.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # What a library prints is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    ground: object = None
    for line in sys.stdin:
        name, arguments = json.loads(line)
        answer: Answer = {}
        if name == "prepare":
            ground = make(**arguments)
        elif name in names:
            answer = getattr(ground, name)(**arguments)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def spend(work: Callable[[], Any]) -> float:
    """Return how much CPU this thread spends on something, in seconds."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def spend_each(work: Callable[[], Any], least_s: float = 0.2) -> float:
    """Return how much CPU something takes that has to be done many times to be measured."""
    times = 1
    while True:
        begun = time.thread_time()
        for _ in range(times):
            work()
        spent = time.thread_time() - begun
        if spent >= least_s:
            return spent / times
        times *= 4


class Waits:
    """How long events waited: on the clock, and by the CPU that the process spent meanwhile.

    Its threads run one at a time. So that is how long an event waits on a machine that does
    nothing else, as well as that can be told on one that does.
    """

    def __init__(self) -> None:
        self.count = 0
        self._clock_s = self._spent_s = 0.0

    def take(self, work: Callable[[], Any]) -> None:
        """Have an event come while other threads run, and take it."""
        begun, spent_s = time.perf_counter(), time.process_time()
        # All who wait for the lock of the interpreter come first.
        time.sleep(0)
        work()
        self._spent_s = max(self._spent_s, time.process_time() - spent_s)
        self._clock_s = max(self._clock_s, time.perf_counter() - begun)
        self.count += 1

    @property
    def answer(self) -> Answer:
        """The longest."""
        return {
            "clock_ms": self._clock_s * 1000,
            "spent_ms": min(self._spent_s, self._clock_s) * 1000,
            "events": self.count,
        }


def resident() -> int:
    """Return how many bytes of memory this process has, after it gave back what is free."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
