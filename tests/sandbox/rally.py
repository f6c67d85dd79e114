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
"""A real Rally: tasks started, watched, killed with SIGKILL, left to finish.

The names of task files are those of tools/sandbox/rally/tasks; a path works too.
"""

import collections.abc
import dataclasses
import pathlib
import typing

from tests.sandbox import box


@dataclasses.dataclass(frozen=True)
class Task:
    """A Rally task, as it was when it was last looked at."""

    uuid: str
    name: str
    workloads: tuple[str, ...]  # uuids; their first eight characters are in resource names
    status: str  # what Rally's database says; "running" for ever once killed
    alive: bool
    killed: bool
    iterations: int
    failed_iterations: int
    log: pathlib.Path

    @property
    def name_parts(self) -> tuple[str, ...]:
        """What Rally puts into the names of the task's resources."""
        return tuple(workload[:8] for workload in self.workloads)


def start(*files: str, times: int = 0) -> list[Task]:
    """The tasks run; ``times`` is the number of iterations of each workload, 0 for the file's."""
    return _read(box.run_json("task", "start", "--times", str(times), *files))


def dirty(
    *files: str,
    leave: collections.abc.Iterable[str] = (),
    when: str | None = None,
    timeout_s: float = 300,
) -> tuple[list[Task], list[Task]]:
    """The tasks that were killed in the middle, and those of ``leave``, which run on."""
    words = ["dirty", "--timeout", str(timeout_s), *files]
    if when is not None:
        words += ["--when", when]
    for file in leave:
        words += ["--leave", file]
    result = box.run_json(*words, timeout_s=timeout_s + 300)
    return _read(result["killed"]), _read(result["running"])


def wait(task: Task, until: str = "finished", *, timeout_s: float = 600) -> Task:
    """The task when the condition holds; box.SandboxFailed when it ended without."""
    words = ["task", "wait", task.uuid, "--until", until, "--timeout", str(timeout_s)]
    return _read(box.run_json(*words, timeout_s=timeout_s + 60))[0]


def kill(*tasks: Task) -> list[Task]:
    """The tasks, killed with SIGKILL."""
    return _read(box.run_json("task", "kill", *(task.uuid for task in tasks)))


def report(task: Task) -> pathlib.Path:
    """The file with what "rally task report --json" says now, of killed tasks too."""
    return pathlib.Path(box.run("task", "report", task.uuid).strip())


def _read(described: collections.abc.Iterable[dict[str, typing.Any]]) -> list[Task]:
    return [
        Task(
            uuid=one["task"],
            name=one["name"],
            workloads=tuple(one["workloads"]),
            status=one["status"],
            alive=one["alive"],
            killed=one["killed"],
            iterations=one["iterations"],
            failed_iterations=one["failed_iterations"],
            log=pathlib.Path(one["log"]),
        )
        for one in described
    ]
