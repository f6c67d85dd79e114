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

"""What is wrong with the SLAs of a workload, which Rally itself hardly looks at.

``max_avg_duration_per_atomic`` compares a limit with the average of the actions
of that name at the top of an iteration.  Where there are none the average is
0, and the limit holds: seen with a real run of Rally 5.1.1.
"""

from collections.abc import Iterator

from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import schemas
from cleanupd.rally_jobs import table
from cleanupd.rally_jobs import tasks

PER_ACTION = "max_avg_duration_per_atomic"
FAILURES = "failure_rate"


def find_issues(workload: tasks.Workload, known: table.Table) -> Iterator[findings.Issue]:
    """Yield what is wrong with the SLAs of a workload."""
    if workload.slas is None:
        return
    names = {one.name.partition("@")[0] for one in workload.slas}
    if FAILURES not in names:
        message = f"the SLAs of {workload.scenario.name} lack {FAILURES}"
        yield findings.Issue("sla-no-failure-rate", workload.slas_at, message)
    for one in workload.slas:
        part = known.slas.get(one.name.partition("@")[0])
        if part is None:
            yield _unknown(one, known)
            continue
        for _, at, message in schemas.find_breaches(part.schema, one.value, one.at):
            yield findings.Issue("sla-invalid", at, message)
        if one.name.partition("@")[0] == PER_ACTION and isinstance(one.value, dict):
            yield from _actions(one, workload.scenario.name, known)


def _unknown(setting: tasks.Setting, known: table.Table) -> findings.Issue:
    near = table.suggest(setting.name, known.slas)
    mend = f"did you mean {findings.listed(near)}?" if near else ""
    message = f"there is no SLA {setting.name!r}"[:300]
    return findings.Issue("sla-unknown", setting.at, message, mend)


def _actions(
    setting: tasks.Setting, scenario: str, known: table.Table
) -> Iterator[findings.Issue]:
    """Yield the limits that limit nothing, and those that do so for one version alone."""
    given = {str(name) for name in setting.value}
    for name in setting.value:
        action = str(name)
        place = (*setting.at, name)
        issue = _dead(action, scenario, known, place)
        if issue is not None:
            yield issue
            continue
        other = known.master_name(action)
        if other is not None and other not in given:
            message = f"{action} is {other} in rally-openstack's master, which jobs run"
            mend = f"add {other} with the same limit"
            yield findings.Issue("sla-one-version", place, message, mend)


def _dead(
    action: str, scenario: str, known: table.Table, at: findings.Place
) -> findings.Issue | None:
    names = [action, *known.release_names(action)]
    seen = known.actions.get(scenario)
    if seen is None:
        # Never observed: only what nothing in Rally ever times is certainly dead.
        is_possible = any(table.has_action(known.timed, name) for name in names)
        return None if is_possible else _dead_issue(action, scenario, sorted(known.timed), at)
    if any(table.has_action(seen.top, name) for name in names):
        return None
    if any(table.has_action(seen.nested, name) for name in names):
        message = f"{scenario} times {action} only within another action"[:300]
        mend = f"limit {findings.listed(list(seen.top))}" if seen.top else ""
        return findings.Issue("sla-nested-action", at, message, mend)
    if seen.is_partial and any(table.has_action(known.timed, name) for name in names):
        return None
    return _dead_issue(action, scenario, list(seen.top), at)


def _dead_issue(
    action: str, scenario: str, choice: list[str], at: findings.Place
) -> findings.Issue:
    near = table.suggest(action, choice)
    mend = f"did you mean {findings.listed(near)}?" if near else ""
    if not mend and choice and len(choice) < 20:  # noqa: PLR2004 - as many as a line holds
        mend = f"it times {', '.join(choice)}"
    message = f"{scenario} never times {action!r}: the limit holds whatever happens"
    return findings.Issue("sla-dead-action", at, message, mend)
