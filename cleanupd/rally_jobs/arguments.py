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

"""What is wrong with the arguments of a scenario.

The validators are Rally's that need no cloud, of
``rally/plugins/common/validators.py`` of Rally 5.1.1.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import schemas
from cleanupd.rally_jobs import table
from cleanupd.rally_jobs import tasks


def find_issues(workload: tasks.Workload, scenario: table.Scenario) -> Iterator[findings.Issue]:
    """Yield what the scenario refuses in its arguments and of the contexts around it."""
    given = workload.scenario.value
    if not isinstance(given, dict):
        return
    yield from _names(workload.scenario, given, scenario)
    for name, schema in scenario.schemas.items():
        if name in given:
            place = (*workload.scenario.at, name)
            for _, at, message in schemas.find_breaches(schema, given[name], place):
                yield findings.Issue("argument-invalid", at, message)
    for name, settings in scenario.validators:
        if name in _VALIDATORS:
            yield from _VALIDATORS[name](workload, given, settings)


def _names(
    setting: tasks.Setting, given: Mapping[str, Any], scenario: table.Scenario
) -> Iterator[findings.Issue]:
    known = (*scenario.required, *scenario.optional)
    for name in scenario.required:
        if name not in given:
            message = f"{setting.name} requires the argument {name!r}"
            yield findings.Issue("argument-missing", setting.at, message)
    for name in given:
        if name not in known and not scenario.takes_any:
            message = f"{setting.name} doesn't take the argument {name!r}"
            near = table.suggest(str(name), known)
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            mend = f"did you mean {findings.listed(near)}?" if near else takes
            yield findings.Issue("argument-unknown", (*setting.at, name), message, mend)


_Validator = Callable[
    [tasks.Workload, Mapping[str, Any], Mapping[str, Any]], Iterator[findings.Issue]
]


def _check_restricted(
    workload: tasks.Workload, given: Mapping[str, Any], settings: Mapping[str, Any]
) -> Iterator[findings.Issue]:
    inner = settings.get("subdict")
    place = (*workload.scenario.at, inner) if inner else workload.scenario.at
    values = (given.get(inner) or {}) if inner else given
    if not isinstance(values, dict | list | str):
        message = f"{inner} is {values!r}, which is no mapping"[:300]
        yield findings.Issue("argument-invalid", place, message)
        return
    for name in _several(settings["param_names"]):
        if name in values:
            message = f"{workload.scenario.name} lets nobody give {name!r}"
            yield findings.Issue("argument-restricted", (*place, name), message)


def _check_number(
    workload: tasks.Workload, given: Mapping[str, Any], settings: Mapping[str, Any]
) -> Iterator[findings.Issue]:
    name = settings["param_name"]
    value = given.get(name)
    if value is None and settings.get("nullable"):
        return
    problem = _why_no_number(value, settings)
    if name not in given:
        message = f"{workload.scenario.name} requires the argument {name!r}, a number"
        yield findings.Issue("argument-missing", workload.scenario.at, message)
    elif problem:
        message = f"{name} is {value!r}, {problem}"[:300]
        yield findings.Issue("argument-invalid", (*workload.scenario.at, name), message)


def _why_no_number(value: Any, settings: Mapping[str, Any]) -> str | None:
    is_whole = settings.get("integer_only")
    if is_whole and isinstance(value, float):
        return "which is no whole number"
    try:
        number = int(value) if is_whole else float(value)
    except (TypeError, ValueError, OverflowError):
        return "which is no number"
    low, high = settings.get("minval"), settings.get("maxval")
    if low is not None and number < low:
        return f"which is less than {low}"
    if high is not None and number > high:
        return f"which is more than {high}"
    return None


def _check_enum(
    workload: tasks.Workload, given: Mapping[str, Any], settings: Mapping[str, Any]
) -> Iterator[findings.Issue]:
    name, values = settings["param_name"], list(settings["values"])
    value = given.get(name)
    place = (*workload.scenario.at, name)
    if settings.get("case_insensitive"):
        values = [one.lower() if isinstance(one, str) else one for one in values]
        value = value.lower() if isinstance(value, str) else value
    choice = f"give one of {', '.join(str(one) for one in values)}"
    if value and value not in values:
        message = f"{name} is {value!r}, which {workload.scenario.name} doesn't take"[:300]
        yield findings.Issue("argument-invalid", place, message, choice)
    elif not (value or settings.get("missed")):
        message = f"{workload.scenario.name} requires the argument {name!r}"
        yield findings.Issue("argument-missing", place, message, choice)


def _check_params(
    workload: tasks.Workload, given: Mapping[str, Any], settings: Mapping[str, Any]
) -> Iterator[findings.Issue]:
    inner = settings.get("subdict")
    values = given.get(inner, {}) if inner else given
    for wanted in settings.get("params") or ():
        names = _several(wanted)
        if not any(name in values for name in names):
            message = f"{workload.scenario.name} requires the argument {findings.listed(names)}"
            yield findings.Issue("argument-missing", workload.scenario.at, message)


def _check_contexts(
    workload: tasks.Workload,
    given: Mapping[str, Any],  # noqa: ARG001 - every validator has the same arguments
    settings: Mapping[str, Any],
) -> Iterator[findings.Issue]:
    contexts = settings["contexts"]
    for wanted in [contexts] if isinstance(contexts, str) else contexts:
        # Within a list of contexts a list is a choice.
        names = _several(wanted)
        if not any(_has_context(workload, name) for name in names):
            message = f"{workload.scenario.name} requires the context {findings.listed(names)}"
            yield findings.Issue("context-missing", workload.contexts_at, message)


def _check_param_or_context(
    workload: tasks.Workload, given: Mapping[str, Any], settings: Mapping[str, Any]
) -> Iterator[findings.Issue]:
    name, context = settings["param_name"], settings["ctx_name"]
    if name not in given and not _has_context(workload, context):
        message = (
            f"{workload.scenario.name} requires the argument {name!r} or the context {context}"
        )
        yield findings.Issue("argument-missing", workload.scenario.at, message)


def _check_context_config(
    workload: tasks.Workload,
    given: Mapping[str, Any],  # noqa: ARG001 - every validator has the same arguments
    settings: Mapping[str, Any],
) -> Iterator[findings.Issue]:
    for one in workload.contexts:
        if one.name.partition("@")[0] == settings["context_name"]:
            for key, value in settings["context_config"].items():
                if not isinstance(one.value, dict) or one.value.get(key) != value:
                    message = f"{workload.scenario.name} requires {key}: {value} of {one.name}"
                    yield findings.Issue("context-invalid", one.at, message)


_VALIDATORS: dict[str, _Validator] = {
    "enum": _check_enum,
    "number": _check_number,
    "required_context_config": _check_context_config,
    "required_contexts": _check_contexts,
    "required_param_or_context": _check_param_or_context,
    "required_params": _check_params,
    "restricted_parameters": _check_restricted,
}


def _has_context(workload: tasks.Workload, name: str) -> bool:
    plain = name.partition("@")[0]
    return any(one.name.partition("@")[0] == plain for one in workload.contexts)


def _several(names: Any) -> Sequence[str]:
    return [names] if isinstance(names, str) else list(names)
