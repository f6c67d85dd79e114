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

import dataclasses

from controlplane import databases

ENDED = frozenset({"finished", "crashed", "aborted", "validation_failed", "sla_failed"})


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


def find_task(tag: str) -> str | None:
    """The uuid of the task with the tag, None before Rally has written it."""
    rows = _query("SELECT uuid FROM rally.tags WHERE type = 'task' AND tag = ?", tag)
    return rows[0][0] if rows else None


def read_progress(task: str) -> Progress:
    """What the database says now; status "unknown" where it has no such task."""
    status = _query("SELECT status FROM rally.tasks WHERE uuid = ?", task)
    workloads = _query(
        "SELECT uuid, COALESCE(failed_iteration_count, 0) FROM rally.workloads"
        " WHERE task_uuid = ? ORDER BY id",
        task,
    )
    [[iterations]] = _query("SELECT COUNT(*) FROM rally.workloaddata WHERE task_uuid = ?", task)
    return Progress(
        status=status[0][0] if status else "unknown",
        workloads=tuple(uuid for uuid, _ in workloads),
        iterations=int(iterations),
        failed_iterations=sum(int(failed) for _, failed in workloads),
    )


def _query(sql: str, name: str) -> list[list[str]]:
    """The answer where the question mark is the name, a uuid or a tag without quotes."""
    return databases.query(sql.replace("?", f"'{name}'"))
