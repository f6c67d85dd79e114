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

"""Limits for actions from a past run: the 95th percentile of each, times a factor.

Read from what ``rally task report --json`` writes (format version 1.2 of Rally
5.1.1): every workload has ``statistics.durations.atomics``, a row for each
action at the top, whose ``data`` has ``95%ile`` in seconds, or ``n/a`` where no
iteration succeeded.
"""

import math
import pathlib

import msgspec

from cleanupd import exceptions

#: No limit is shorter: what takes no time at all takes a moment when a node is busy.
SHORTEST_S = 0.1
LONGEST_S = 7 * 86400.0


class _Data(msgspec.Struct, frozen=True):
    percentile: float | str | None = msgspec.field(name="95%ile", default=None)


class _Row(msgspec.Struct, frozen=True):
    name: str
    data: _Data


class _Durations(msgspec.Struct, frozen=True):
    atomics: tuple[_Row, ...] = ()


class _Statistics(msgspec.Struct, frozen=True):
    durations: _Durations = _Durations()


class _Workload(msgspec.Struct, frozen=True):
    scenario: dict[str, object]
    statistics: _Statistics = _Statistics()


class _Subtask(msgspec.Struct, frozen=True):
    workloads: tuple[_Workload, ...] = ()


class _Task(msgspec.Struct, frozen=True):
    subtasks: tuple[_Subtask, ...] = ()


class _Report(msgspec.Struct, frozen=True):
    tasks: tuple[_Task, ...]


def read(path: pathlib.Path, factor: float) -> dict[tuple[str, str], float]:
    """Return the limit in seconds of each scenario's actions.

    Where a report has a scenario several times, the slowest counts.  Raises
    UsageError for a file that is no report, or that has no figure at all.
    """
    try:
        report = msgspec.json.decode(path.read_bytes(), type=_Report)
    except OSError as error:
        raise exceptions.UsageError(
            f"the report {path} cannot be read: {error.strerror}"
        ) from error
    except msgspec.DecodeError as error:
        raise exceptions.UsageError(
            f"{path} is not what `rally task report --json` writes: {error}"
        ) from error
    limits: dict[tuple[str, str], float] = {}
    for workload in (w for t in report.tasks for s in t.subtasks for w in s.workloads):
        scenario = next(iter(workload.scenario), "")
        for row in workload.statistics.durations.atomics:
            # What is longer than a week was never measured.
            if isinstance(row.data.percentile, float) and row.data.percentile <= LONGEST_S:
                limit = max(SHORTEST_S, math.ceil(row.data.percentile * factor * 10) / 10)
                key = (scenario, row.name)
                limits[key] = max(limit, limits.get(key, 0.0))
    if not limits:
        raise exceptions.UsageError(f"{path} tells of no action that succeeded")
    return limits
