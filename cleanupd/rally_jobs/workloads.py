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

"""What is wrong with a workload: its scenario and everything around it."""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from cleanupd.rally_jobs import arguments
from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import schemas
from cleanupd.rally_jobs import slas
from cleanupd.rally_jobs import table
from cleanupd.rally_jobs import tasks

_NETWORKS = frozenset({"network", "existing_network", "servers"})


def find_issues(workload: tasks.Workload, known: table.Table) -> Iterator[findings.Issue]:
    """Yield everything that is wrong with a workload, but for the files that it names."""
    scenario = known.scenarios.get(workload.scenario.name)
    if scenario is None:
        yield _unknown_scenario(workload.scenario, known)
    else:
        yield from arguments.find_issues(workload, scenario)
        yield from _advice(workload, scenario)
    yield from _contexts(workload, known)
    if workload.runner:
        yield from _runner(workload.runner, known)
    for hooks, parts in ((workload.hooks, known.hooks), (workload.triggers, known.triggers)):
        for one in hooks:
            yield from _plugin(one, parts, "hook-unknown", "hook-invalid")
    yield from slas.find_issues(workload, known)


def _unknown_scenario(setting: tasks.Setting, known: table.Table) -> findings.Issue:
    message = f"there is no scenario {setting.name!r}"[:300]
    if setting.name in known.gone:
        near: Collection[str] = known.gone[setting.name]
    else:
        near = _suggest(setting.name, known)
    mend = f"did you mean {findings.listed(list(near))}?" if near else ""
    return findings.Issue("scenario-unknown", setting.at, message, mend)


def _suggest(name: str, known: table.Table) -> list[str]:
    """Return what may have been meant, first from the names of the same class."""
    group, _, _ = name.partition(".")
    same = [one for one in known.scenarios if one.startswith(f"{group}.")]
    return table.suggest(name, same or known.scenarios)


def _advice(workload: tasks.Workload, scenario: table.Scenario) -> Iterator[findings.Issue]:
    given = workload.scenario.value
    names = {one.name.partition("@")[0] for one in workload.contexts}
    has_nics = isinstance(given, dict) and "nics" in given
    if "nova_flavor" in scenario.types.values() and not (names & _NETWORKS or has_nics):
        message = f"{workload.scenario.name} boots servers on whatever networks there are"
        yield findings.Issue("context-advised", workload.scenario.at, message)


def _contexts(workload: tasks.Workload, known: table.Table) -> Iterator[findings.Issue]:
    for one in workload.contexts:
        name = one.name.partition("@")[0]
        part = known.contexts.get(name)
        if part is not None and part.is_hidden:
            message = f"the context {one.name} is Rally's own business"
            yield findings.Issue("context-hidden", one.at, message)
        elif name == "quotas" and isinstance(one.value, dict):
            yield from _quotas(one, known)
        else:
            yield from _plugin(one, known.contexts, "context-unknown", "context-invalid")


def _quotas(setting: tasks.Setting, known: table.Table) -> Iterator[findings.Issue]:
    for kind, at, message in schemas.find_breaches(
        known.contexts["quotas"].schema, setting.value, setting.at
    ):
        if kind is not schemas.Kind.UNKNOWN:
            yield findings.Issue("context-invalid", at, message)
            continue
        services = known.contexts["quotas"].schema["properties"]
        choice = known.quotas(str(at[-2])) or sorted(services)
        near = table.suggest(str(at[-1]), choice)
        mend = f"did you mean {findings.listed(near)}?" if near else ""
        mend = mend or f"remove it; quotas has {', '.join(choice)}"
        what = f"quotas of {at[-2]}" if at[-2] in services else "quotas"
        yield findings.Issue("quota-unknown", at, f"{what} can't set {at[-1]!r}"[:300], mend)


def _runner(setting: tasks.Setting, known: table.Table) -> Iterator[findings.Issue]:
    issues = list(_plugin(setting, known.runners, "runner-unknown", "runner-invalid"))
    yield from issues
    if issues or not isinstance(setting.value, dict):
        return
    value = setting.value
    if setting.name == "constant" and value.get("concurrency", 1) > value.get("times", 1):
        message = f"concurrency {value['concurrency']} is above times {value.get('times', 1)}"
        mend = "lower concurrency or raise times"
        yield findings.Issue("runner-invalid", setting.at, message, mend)
    rps = value.get("rps")
    if setting.name == "rps" and isinstance(rps, dict) and rps["end"] < rps["start"]:
        message = f"rps ends at {rps['end']}, below where it starts: {rps['start']}"
        yield findings.Issue("runner-invalid", setting.at, message)


def _plugin(
    setting: tasks.Setting, parts: Mapping[str, table.Part], unknown: str, invalid: str
) -> Iterator[findings.Issue]:
    part = parts.get(setting.name.partition("@")[0])
    if part is None:
        visible = [name for name, one in parts.items() if not one.is_hidden]
        near = table.suggest(setting.name, visible)
        mend = f"did you mean {findings.listed(near)}?" if near else f"there is {_all(visible)}"
        what = unknown.partition("-")[0]
        message = f"there is no {what} {setting.name!r}"[:300]
        yield findings.Issue(unknown, setting.at, message, mend)
        return
    for _, at, message in schemas.find_breaches(part.schema, setting.value, setting.at):
        yield findings.Issue(invalid, at, message)


def _all(names: Collection[Any]) -> str:
    return ", ".join(sorted(names))
