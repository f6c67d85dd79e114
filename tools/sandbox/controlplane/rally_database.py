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
"""What Rally's own database says of a task. It is only read, while Rally may be writing."""

import contextlib
import dataclasses
import pathlib
import sqlite3
import typing

ENDED = frozenset({"finished", "crashed", "aborted", "validation_failed", "sla_failed"})
BUSY_TIMEOUT_S = 30


@dataclasses.dataclass(frozen=True)
class Progress:
    """One task as Rally's database has it."""

    status: str
    workloads: tuple[str, ...] = ()  # uuids, in the order of their start
    iterations: int = 0
    failed_iterations: int = 0  # of the workloads that ended

    @property
    def has_ended(self) -> bool:
        """Whether Rally is done with the task. A killed task never is."""
        return self.status in ENDED


def find_task(path: pathlib.Path, tag: str) -> str | None:
    """The uuid of the task with the tag, None before Rally has written it."""
    rows = _query(path, "SELECT uuid FROM tags WHERE type = 'task' AND tag = ?", tag)
    return rows[0][0] if rows else None


def read_progress(path: pathlib.Path, task: str) -> Progress:
    """What the database says now; status "unknown" where it has no such task."""
    status = _query(path, "SELECT status FROM tasks WHERE uuid = ?", task)
    workloads = _query(
        path,
        "SELECT uuid, failed_iteration_count FROM workloads WHERE task_uuid = ? ORDER BY id",
        task,
    )
    iterations = _query(path, "SELECT COUNT(*) FROM workloaddata WHERE task_uuid = ?", task)
    return Progress(
        status=status[0][0] if status else "unknown",
        workloads=tuple(row[0] for row in workloads),
        iterations=iterations[0][0] if iterations else 0,
        failed_iterations=sum(row[1] or 0 for row in workloads),
    )


def _query(path: pathlib.Path, sql: str, *parameters: str) -> list[tuple[typing.Any, ...]]:
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)
    with contextlib.closing(connection):
        return connection.execute(sql, parameters).fetchall()
