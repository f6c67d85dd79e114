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

"""Cleanups of Rally's that failed: Rally itself tells of them and goes on, with exit code 0.

The lines are those of ``rally_openstack/task/cleanup/manager.py`` of
rally-openstack 4.1.0 and of ``rally/task/context.py`` of Rally 5.1.1; reports
have the errors of contexts too.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import re
from typing import BinaryIO

import msgspec

from cleanupd.rally_jobs import runs

LONGEST_LINE = 2**16
_REASON = 300

_DELETION = re.compile(
    r"Resource deletion failed, (?P<why>max retries exceeded|timeout occurred) for"
    r" (?P<kind>[\w-]+\.[\w-]+): (?P<id>\S+?)\.(?:\s+Reason: (?P<reason>.*))?\s*$"
)
_OTHERS = (
    re.compile(r"(?P<reason>Missing resource managers: (?P<kind>.{1,200}))"),
    re.compile(r"(?P<reason>Seems like (?P<kind>\S{1,200}\.(?:list|is_deleted))\(self\) method)"),
    re.compile(r"(?P<reason>Context (?P<kind>\S{1,100}) cleanup\(\) failed)"),
    re.compile(r"(?P<reason>Failed to (?:restore|remove) quotas for tenant) (?P<id>\S+)"),
)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A cleanup that failed: of which kind, as Rally calls it, of which id, and why.

    ``workload`` is its uuid and ``scenario`` what it ran, where a report told;
    ``source`` the line of a log or the word "report".
    """

    kind: str
    id: str
    reason: str
    source: str
    workload: str = ""
    scenario: str = ""


def scan(log: BinaryIO) -> Iterator[Failure]:
    """Yield the failed cleanups that a log of Rally's tells of, each once."""
    seen: set[tuple[str, str, str]] = set()
    number = 0
    while content := log.readline(LONGEST_LINE):
        number += 1
        failure = _read_line(content.decode("utf-8", "replace").rstrip(), number)
        if failure and (key := (failure.kind, failure.id, failure.reason)) not in seen:
            seen.add(key)
            yield failure


def _read_line(line: str, number: int) -> Failure | None:
    source = f"line {number}"
    if found := _DELETION.search(line):
        reason = found["reason"] or found["why"]
        return Failure(kind=found["kind"], id=found["id"], reason=reason[:_REASON], source=source)
    for pattern in _OTHERS:
        if found := pattern.search(line):
            given = found.groupdict()
            return Failure(
                kind=given.get("kind") or "quotas",
                id=given.get("id") or "",
                reason=given["reason"][:_REASON],
                source=source,
            )
    return None


def of_reports(tasks: Iterable[runs.Task]) -> Iterator[Failure]:
    """Yield the contexts whose cleanup ended with an error."""
    for workload in (one for task in tasks for one in task.workloads):
        for context in workload.contexts_results:
            error = context.cleanup.error if context.cleanup else None
            if error:
                is_whole = isinstance(error, list) and len(error) > 1
                reason = " ".join(str(error[1] if is_whole else error).split())
                yield Failure(
                    kind=context.plugin_name,
                    id="",
                    reason=reason[:_REASON],
                    source="report",
                    workload=workload.uuid,
                    scenario=workload.name,
                )
