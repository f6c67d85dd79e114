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

"""The workloads of a task, from ``rally task report --json``.

The format is that of ``rally/plugins/task/exporters/json_exporter.py`` of
Rally 5.1.1 (``format_version`` 1.2): tasks with subtasks with workloads, a
uuid each.  Tried with tasks that were killed: Rally gives their report too,
with status ``running`` and every workload that was begun.
"""

from collections.abc import Iterable
from collections.abc import Sequence
import pathlib
import subprocess
import tempfile
from typing import Any

import msgspec

from cleanupd import exceptions
from cleanupd.core import patterns

TIMEOUT_S = 300.0


class Workload(msgspec.Struct, frozen=True):
    """One workload that was begun; ``scenario`` has the scenario's name as its one key."""

    uuid: str
    scenario: dict[str, Any] = {}

    @property
    def scenario_name(self) -> str:
        """The name of the scenario, such as ``NovaServers.boot_server``."""
        return next(iter(self.scenario), "")


class _Subtask(msgspec.Struct, frozen=True):
    workloads: tuple[Workload, ...] = ()


class Task(msgspec.Struct, frozen=True):
    """One task of a report.  A killed one keeps the status ``running`` for ever."""

    uuid: str
    status: str = ""
    subtasks: tuple[_Subtask, ...] = ()

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """All workloads of the task, in the order of the report."""
        return tuple(w for subtask in self.subtasks for w in subtask.workloads)


class _Report(msgspec.Struct, frozen=True):
    tasks: tuple[Task, ...]


def read_files(uuids: Iterable[str], paths: Sequence[pathlib.Path]) -> tuple[Task, ...]:
    """Return these tasks as the files tell of them.

    What several files tell of one task is put together.  Raises
    TaskNotExpanded for a task that none of them knows, UsageError for a file
    that is no report.
    """
    tasks = [task for path in paths for task in _read(path)]
    return tuple(
        _merge(uuid, [task for task in tasks if task.uuid == uuid], tasks) for uuid in uuids
    )


def ask_rally(
    uuids: Iterable[str], command: Sequence[str], *, timeout_s: float = TIMEOUT_S
) -> tuple[Task, ...]:
    """Return these tasks as a ``rally`` tells of them that ``command`` starts.

    Each may take ``timeout_s`` seconds.  Raises TaskNotExpanded where it
    cannot be started, or does not know a task.
    """
    return tuple(_ask(uuid, command, timeout_s) for uuid in uuids)


def _merge(uuid: str, told: Sequence[Task], others: Sequence[Task]) -> Task:
    if not told:
        known = ", ".join(sorted({task.uuid for task in others}))
        raise exceptions.TaskNotExpanded(
            uuid, f"the report knows only {known}" if known else "the report has no task"
        )
    return Task(uuid, told[-1].status, tuple(s for task in told for s in task.subtasks))


def _read(path: pathlib.Path) -> tuple[Task, ...]:
    try:
        return _decode(path.read_bytes())
    except OSError as error:
        raise exceptions.UsageError(
            f"the report {path} cannot be read: {error.strerror}"
        ) from error
    except (msgspec.DecodeError, exceptions.InvalidOwnerId) as error:
        raise exceptions.UsageError(
            f"{path} is not what `rally task report --json` writes: {error}"
        ) from error


def _decode(content: bytes) -> tuple[Task, ...]:
    tasks = msgspec.json.decode(content, type=_Report).tasks
    for task in tasks:
        for uuid in (task.uuid, *(workload.uuid for workload in task.workloads)):
            patterns.canonical_uuid(uuid)
    return tasks


def _ask(uuid: str, command: Sequence[str], timeout_s: float) -> Task:
    with tempfile.TemporaryDirectory(prefix="cleanupd-") as folder:
        path = pathlib.Path(folder) / "report.json"
        asked = [*command, "task", "report", "--json", "--uuid", uuid, "--out", str(path)]
        _run(uuid, asked, timeout_s)
        try:
            tasks = _decode(path.read_bytes())
        except (OSError, msgspec.DecodeError, exceptions.InvalidOwnerId) as error:
            reason = f"`{command[0]} task report` wrote no report: {error}"
            raise exceptions.TaskNotExpanded(uuid, reason) from error
    return _merge(uuid, [task for task in tasks if task.uuid == uuid], tasks)


def _run(uuid: str, command: Sequence[str], timeout_s: float) -> None:
    try:
        ended = subprocess.run(  # noqa: S603 - the operator says which rally
            command,
            capture_output=True,
            check=False,
            timeout=timeout_s,
            text=True,
            errors="replace",
        )
    except OSError as error:
        reason = f"{command[0]!r} cannot be started: {error.strerror}"
        raise exceptions.TaskNotExpanded(uuid, reason) from error
    except subprocess.TimeoutExpired as error:
        reason = f"{command[0]!r} gave no answer within {timeout_s:.0f} s"
        raise exceptions.TaskNotExpanded(uuid, reason) from error
    if ended.returncode:
        said = [
            line.strip() for line in (ended.stderr + ended.stdout).splitlines() if line.strip()
        ]
        reason = f"`{command[0]} task report` failed: {said[-1] if said else 'it says nothing'}"
        raise exceptions.TaskNotExpanded(uuid, reason)
