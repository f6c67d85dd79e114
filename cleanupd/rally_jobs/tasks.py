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

"""Tasks taken apart into workloads, in the format of version 2 and of version 1.

The shapes are Rally's own JSON schemas; what they refuse is an issue, and the
workloads that can be made out all the same are checked further.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import schemas
from cleanupd.rally_jobs import table

_RULES = {
    schemas.Kind.MISSING: "task-key-missing",
    schemas.Kind.UNKNOWN: "task-key-unknown",
    schemas.Kind.WRONG: "task-shape",
}
#: What a workload was called in version 1, and is called now.
_RENAMED = {
    "context": "write contexts: version 2 has it in the plural",
    "args": "put the arguments below the scenario's name: scenario: {NAME: {ARGUMENT: VALUE}}",
    "title": "write description; only tasks and subtasks have a title",
}


class Setting(msgspec.Struct, frozen=True):
    """A plugin that a task names, its settings, and where they stand."""

    name: str
    value: Any
    at: findings.Place


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """One workload: its scenario, and all that surrounds it.

    ``slas`` is None where the task says nothing of SLAs, and Rally then adds
    ``failure_rate``.
    """

    scenario: Setting
    runner: Setting | None
    contexts: tuple[Setting, ...]
    contexts_at: findings.Place
    slas: tuple[Setting, ...] | None
    slas_at: findings.Place
    hooks: tuple[Setting, ...]
    triggers: tuple[Setting, ...]


class Task(msgspec.Struct, frozen=True):
    """The workloads of a task, and what is wrong with its shape."""

    workloads: tuple[Workload, ...]
    issues: tuple[findings.Issue, ...]


def is_task(value: Any) -> bool:
    """Whether a document is meant as a task: not the arguments of one, which name only values."""
    if not isinstance(value, dict):
        return True
    return bool({"version", "subtasks"} & value.keys()) or any(
        isinstance(part, list) and part and isinstance(part[0], dict) for part in value.values()
    )


def take_apart(value: Any, known: table.Table) -> Task:
    """Return the workloads of a task."""
    if value is None:
        return Task((), (findings.Issue("task-shape", (), "the task is empty"),))
    if not isinstance(value, dict):
        return Task((), (findings.Issue("task-shape", (), "the task is no mapping"),))
    version = str(value.get("version", 1))
    if version == "1":
        issue = findings.Issue("task-format-v1", (), "the task is in the format of version 1")
        shape = tuple(_issues(known.shapes["v1"], value, ()))
        return Task(tuple(_workloads_v1(value)), (issue, *shape))
    if version != "2":
        message = f"Rally knows no version {version} of tasks"
        return Task((), (findings.Issue("task-version", ("version",), message[:200]),))
    return Task(tuple(_workloads_v2(value)), tuple(_issues_v2(value, known)))


def _issues_v2(value: dict[str, Any], known: table.Table) -> Iterator[findings.Issue]:
    yield from _issues(known.shapes["v2"], value, ())
    for i, subtask in enumerate(_list(value.get("subtasks"))):
        is_complex = isinstance(subtask, dict) and "workloads" in subtask
        shape = known.shapes["complex" if is_complex else "simple"]
        yield from _issues(shape, subtask, ("subtasks", i))
    if value.get("subtasks") == []:
        yield findings.Issue("task-shape", ("subtasks",), "the task has no subtasks")


def _issues(shape: dict[str, Any], value: Any, at: findings.Place) -> Iterator[findings.Issue]:
    for kind, place, message in schemas.find_breaches(shape, value, at):
        mend = ""
        if kind is schemas.Kind.UNKNOWN and len(place) > 1:
            mend = _RENAMED.get(place[-1], "")
        yield findings.Issue(_RULES[kind], place, message, mend)


def _workloads_v2(value: dict[str, Any]) -> Iterator[Workload]:
    for i, subtask in enumerate(_list(value.get("subtasks"))):
        if isinstance(subtask, dict) and "workloads" in subtask:
            for j, workload in enumerate(_list(subtask["workloads"])):
                yield from _workload_v2(workload, ("subtasks", i, "workloads", j))
        else:
            yield from _workload_v2(subtask, ("subtasks", i))


def _workload_v2(value: Any, at: findings.Place) -> Iterator[Workload]:
    workload = _dict(value)
    scenarios = _settings(workload.get("scenario"), (*at, "scenario"))
    hooks = [
        ((*at, "hooks", i), _dict(hook)) for i, hook in enumerate(_list(workload.get("hooks")))
    ]
    for scenario in scenarios[:1]:
        yield Workload(
            scenario=scenario,
            runner=next(iter(_settings(workload.get("runner"), (*at, "runner"))), None),
            contexts=_settings(workload.get("contexts"), (*at, "contexts")),
            contexts_at=(*at, "contexts"),
            slas=_settings(workload["sla"], (*at, "sla")) if "sla" in workload else None,
            slas_at=(*at, "sla"),
            hooks=tuple(
                one for place, h in hooks for one in _settings(h.get("action"), (*place, "action"))
            ),
            triggers=tuple(
                one
                for place, h in hooks
                for one in _settings(h.get("trigger"), (*place, "trigger"))
            ),
        )


def _workloads_v1(value: dict[str, Any]) -> Iterator[Workload]:
    for name, workloads in value.items():
        for i, one in enumerate(_list(workloads)):
            yield _workload_v1(str(name), _dict(one), (name, i))


def _workload_v1(name: str, workload: dict[str, Any], at: findings.Place) -> Workload:
    runner = _dict(workload.get("runner"))
    kind = runner.get("type")
    settings = {key: value for key, value in runner.items() if key != "type"}
    hooks = [(i, _dict(hook)) for i, hook in enumerate(_list(workload.get("hooks")))]
    return Workload(
        scenario=Setting(name, workload.get("args", {}), (*at, "args")),
        runner=Setting(str(kind), settings, (*at, "runner")) if kind is not None else None,
        contexts=_settings(workload.get("context"), (*at, "context")),
        contexts_at=(*at, "context"),
        slas=_settings(workload["sla"], (*at, "sla")) if "sla" in workload else None,
        slas_at=(*at, "sla"),
        hooks=tuple(
            Setting(str(hook.get("name")), hook.get("args"), (*at, "hooks", i))
            for i, hook in hooks
        ),
        triggers=tuple(
            Setting(str(trigger.get("name")), trigger.get("args"), (*at, "hooks", i, "trigger"))
            for i, hook in hooks
            for trigger in [_dict(hook.get("trigger"))]
        ),
    )


def _settings(value: Any, at: findings.Place) -> tuple[Setting, ...]:
    return tuple(Setting(str(key), one, (*at, key)) for key, one in _dict(value).items())


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
