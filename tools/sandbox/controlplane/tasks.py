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
"""Rally tasks as processes: started, watched, killed with SIGKILL in the middle."""

import collections.abc
import dataclasses
import json
import pathlib
import re
import secrets
import typing

from controlplane import conditions
from controlplane import databases
from controlplane import errors
from controlplane import processes
from controlplane import rally
from controlplane import rally_database
from controlplane import sandbox
from controlplane import waiting

FOLDER = rally.SOURCES / "tasks"
KILL_WHEN = re.compile(r"^# kill when: (.+)$", re.MULTILINE)
# Rally's default database, a file, cannot take several tasks that begin at the same moment.
BEGIN_TIMEOUT_S = 120


@dataclasses.dataclass(frozen=True)
class Task:
    """A task that was started here; kept in ``rally/tasks/UUID.json``."""

    task: str  # uuid
    name: str
    process: str
    log: str
    kill_when: str
    killed: bool = False


class Runner:
    """Starts, watches and kills the tasks of one sandbox."""

    def __init__(self, box: sandbox.Sandbox) -> None:
        self._box = box
        self._folder = box.folders.rally / "tasks"

    def start(self, file: str, times: int = 0) -> Task:
        """Rally runs the task file; its uuid is known."""
        path = find_file(file)
        terms = KILL_WHEN.search(path.read_text())
        kill_when = terms[1] if terms else "running"
        conditions.parse(kill_when)
        tag = f"sandbox-{path.stem}-{secrets.token_hex(4)}"
        words = ["task", "start", "--no-use", "--env", rally.ENVIRONMENT_NAME, "--tag", tag]
        words += ["--task-args", json.dumps(self._arguments(times)), str(path)]
        folders, table = self._box.folders, self._box.table
        process_name = tag.replace("sandbox-", "rally-")
        table.start(process_name, rally.command(folders, words), rally.environment(folders), "")
        log = table.log(process_name)
        uuid = self._wait_for_uuid(tag, process_name, log)
        task = Task(uuid, path.stem, process_name, str(log), kill_when)
        self._write(task)
        return task

    def read(self, uuid: str) -> Task:
        """The task that was started here under the uuid; an error where there is none."""
        path = self._folder / f"{uuid}.json"
        if not path.exists():
            raise errors.SandboxError(f"no task {uuid} was started here (see: sandbox task list)")
        return Task(**json.loads(path.read_text()))

    def read_all(self) -> list[Task]:
        """All tasks that were started here, the oldest first."""
        paths = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_ctime)
        return [self.read(path.stem) for path in paths]

    def progress(self, task: Task) -> rally_database.Progress:
        """What Rally's database says."""
        return rally_database.read_progress(task.task)

    def is_alive(self, task: Task) -> bool:
        """Whether Rally's process lives."""
        return self._box.table.is_running(task.process)

    def has_reached(self, task: Task, terms: collections.abc.Iterable[conditions.Term]) -> bool:
        """Whether the condition holds; an error when it cannot hold any more."""
        # asked before the condition: a process that ends in between may just have reached it
        alive = self.is_alive(task)
        progress = self.progress(task)
        if conditions.holds(terms, progress):
            return True
        if not alive:
            raise errors.SandboxError(
                f"task {task.name} ({task.task}) ended, {progress.status}, before its condition "
                "was reached",
                log=pathlib.Path(task.log),
            )
        return False

    def kill(self, task: Task) -> Task:
        """Every process of the task got SIGKILL and is gone."""
        table = self._box.table
        record = table.read(task.process)
        if record is None or not self.is_alive(task):
            raise errors.SandboxError(f"task {task.name} ({task.task}) does not run any more")
        table.kill(record)
        table.stop(task.process, grace_s=processes.KILL_S)
        killed = dataclasses.replace(task, killed=True)
        self._write(killed)
        return killed

    def report(self, task: Task) -> pathlib.Path:
        """The file with the output of "rally task report --json"."""
        path = self._box.folders.rally / "reports" / f"{task.task}.json"
        path.parent.mkdir(exist_ok=True)
        rally.run(self._box, ["task", "report", task.task, "--json", "--out", str(path)])
        return path

    def describe(self, task: Task) -> dict[str, typing.Any]:
        """The task and its progress, for JSON."""
        progress = self.progress(task)
        return {
            **dataclasses.asdict(task),
            "alive": self.is_alive(task),
            "status": progress.status,
            "workloads": list(progress.workloads),
            "iterations": progress.iterations,
            "failed_iterations": progress.failed_iterations,
        }

    def _wait_for_uuid(self, tag: str, process: str, log: pathlib.Path) -> str:
        def find() -> str | None:
            if uuid := rally_database.find_task(tag):
                return uuid
            if not self._box.table.is_running(process):
                raise errors.SandboxError(f"{process} ended before it began a task", log=log)
            return None

        return waiting.wait_until(find, f"{process} to begin", timeout_s=BEGIN_TIMEOUT_S)

    def _arguments(self, times: int) -> dict[str, typing.Any]:
        """What the task files may use; they take ``times`` of 0 for a number of their own."""
        network = databases.query("SELECT id FROM neutron.networks WHERE name = 'public'")
        image = databases.query("SELECT id FROM glance.images WHERE name LIKE 'cirros%'")
        if not network or not image:
            raise errors.SandboxError("the cloud is not seeded: run sandbox up")
        return {
            "times": times,
            "tiny_image": str(self._box.folders.state / "tiny.qcow2"),
            "image": image[0][0],
            "public_network": network[0][0],
        }

    def _write(self, task: Task) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{task.task}.json"
        path.write_text(json.dumps(dataclasses.asdict(task)))


def find_file(name: str) -> pathlib.Path:
    """The task file: a path, or the name of one of the sandbox's own."""
    for path in (pathlib.Path(name), FOLDER / f"{name}.yaml"):
        if path.is_file():
            return path.resolve()
    known = " ".join(sorted(path.stem for path in FOLDER.glob("*.yaml")))
    raise errors.SandboxError(f"no task file {name} (the sandbox has: {known})")


def dirty(
    runner: Runner,
    to_kill: collections.abc.Sequence[str],
    to_leave: collections.abc.Sequence[str],
    *,
    when: str | None,
    timeout_s: float,
) -> tuple[list[Task], list[Task]]:
    """Tasks were started, and each of ``to_kill`` was killed when its condition held.

    Who was killed and who was left running. A task that fails to get there ends all of them.
    """
    if when is not None:
        conditions.parse(when)
    left: list[Task] = []
    waiting_for: list[Task] = []
    killed: list[Task] = []
    try:
        left.extend(runner.start(file) for file in to_leave)
        waiting_for.extend(runner.start(file) for file in to_kill)
        terms = {task.task: conditions.parse(when or task.kill_when) for task in waiting_for}

        def kill_those_that_are_due() -> bool:
            for task in list(waiting_for):
                if runner.has_reached(task, terms[task.task]):
                    killed.append(runner.kill(task))
                    waiting_for.remove(task)
            return not waiting_for

        names = " ".join(to_kill)
        waiting.wait_until(kill_those_that_are_due, f"{names} to be killed", timeout_s=timeout_s)
    except BaseException:
        for task in (*left, *waiting_for):
            if runner.is_alive(task):
                runner.kill(task)
        raise
    return killed, left
