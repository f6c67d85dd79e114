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
"""``status``: which processes live, which APIs answer."""

import concurrent.futures
import dataclasses
import time

from controlplane import processes
from controlplane import sandbox
from controlplane import services

TIMEOUT_S = 5


@dataclasses.dataclass(frozen=True)
class Line:
    """What is known of one process."""

    name: str
    service: str
    running: bool
    pid: int | None
    ready: bool
    seconds: float  # that the check took
    seen: str  # what was asked; empty where nothing can be asked


def observe(box: sandbox.Sandbox) -> list[Line]:
    """A line for each process that should run."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(lambda process: _observe_one(box, process), box.expected()))


def _observe_one(box: sandbox.Sandbox, process: services.Process) -> Line:
    record: processes.Record | None = box.table.read(process.name)
    is_running = box.table.is_running(process.name)
    begun = time.monotonic()
    is_ready = is_running and box.is_ready(process, TIMEOUT_S)
    return Line(
        name=process.name,
        service=process.service,
        running=is_running,
        pid=record.pid if record and is_running else None,
        ready=is_ready,
        seconds=round(time.monotonic() - begun, 3),
        seen=process.ready.describe(),
    )


def describe(line: Line) -> str:
    """The line as people read it."""
    if not line.running:
        return f"{line.name:24} DOWN"
    answer = f"answered in {line.seconds:.2f} s: {line.seen}" if line.seen else ""
    if not line.ready:
        answer = f"DOES NOT ANSWER: {line.seen}"
    return f"{line.name:24} up   pid {line.pid:<8} {answer}".rstrip()
