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

"""Runs of Rally, from what ``rally task report --json`` writes.

The format is that of ``rally/plugins/task/exporters/json_exporter.py`` of
Rally 5.1.1 (``format_version`` 1.2).  Times without a zone are UTC.
"""

import datetime
import pathlib
from typing import Any

import msgspec

from cleanupd import exceptions


class Action(msgspec.Struct, frozen=True):
    """One action at the top of an iteration; times are seconds since 1970."""

    name: str
    started_at: float | None = None
    finished_at: float | None = None

    @property
    def duration_s(self) -> float:
        """How long it took; 0 where it never ended, as Rally counts."""
        started = self.started_at or 0.0
        return (self.finished_at or started) - started


class Iteration(msgspec.Struct, frozen=True):
    """One iteration; ``error`` is empty unless it failed."""

    duration: float = 0.0
    error: list[Any] | str | None = None
    atomic_actions: tuple[Action, ...] = ()


class Stage(msgspec.Struct, frozen=True):
    """The setup or the cleanup of a context; an error is a class, a message and a traceback."""

    error: list[Any] | str | None = None


class Context(msgspec.Struct, frozen=True):
    """What became of one context of a workload."""

    plugin_name: str = ""
    cleanup: Stage | None = None


class Workload(msgspec.Struct, frozen=True):
    """One workload that was begun."""

    uuid: str
    scenario: dict[str, Any] = {}
    sla: dict[str, Any] = {}
    sla_results: dict[str, tuple[dict[str, Any], ...]] = {}
    data: tuple[Iteration, ...] = ()
    contexts_results: tuple[Context, ...] = ()
    created_at: str = ""
    updated_at: str = ""

    @property
    def name(self) -> str:
        """The name of the scenario."""
        return next(iter(self.scenario), "")

    @property
    def arguments(self) -> Any:
        """What the scenario was given."""
        return self.scenario.get(self.name)

    def ran_at(self, when: datetime.datetime) -> bool:
        """Whether a moment lies between the workload's beginning and end."""
        return _parse(self.created_at) <= when <= _parse(self.updated_at)


class _Subtask(msgspec.Struct, frozen=True):
    workloads: tuple[Workload, ...] = ()


class Task(msgspec.Struct, frozen=True):
    """One task of a report."""

    uuid: str
    subtasks: tuple[_Subtask, ...] = ()

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """All workloads of the task, in the order of the report."""
        return tuple(one for subtask in self.subtasks for one in subtask.workloads)


class _Report(msgspec.Struct, frozen=True):
    tasks: tuple[Task, ...]


def read(path: pathlib.Path) -> tuple[Task, ...]:
    """Return the tasks of a report; raises UsageError for a file that is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Report).tasks
    except OSError as error:
        raise exceptions.UsageError(
            f"the report {path} cannot be read: {error.strerror}"
        ) from error
    except msgspec.DecodeError as error:
        raise exceptions.UsageError(
            f"{path} is not what `rally task report --json` writes: {error}"
        ) from error


def _parse(moment: str) -> datetime.datetime:
    """Return a moment of a report; the year 1 where there is none, in which nothing ran."""
    try:
        read_as = datetime.datetime.fromisoformat(moment)
    except ValueError:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return read_as if read_as.tzinfo else read_as.replace(tzinfo=datetime.UTC)
