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

"""Two runs of the same task compared by the keys of their SLAs.

Durations are averaged as Rally 5.1.1's SLAs do it: over every occurrence of an
action at the top of the iterations that succeeded.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import enum
import json
import statistics
from typing import Any

import msgspec

from cleanupd.rally_jobs import runs
from cleanupd.rally_jobs import slas


class State(enum.StrEnum):
    """What became of a key."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    SAME = "same"
    #: In one of the reports only: nothing can be said of it.
    UNKNOWN = "unknown"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a workload's SLA in both reports; seconds, or percents for ``failure_rate``.

    None stands for what was never measured.
    """

    scenario: str
    key: str
    old: float | None
    new: float | None
    limit: float | None
    state: State
    why: str

    @property
    def change_percent(self) -> float | None:
        """By how much it has grown, in percents of the old figure."""
        if self.old is None or self.new is None or not self.old:
            return None
        return round(100 * (self.new - self.old) / self.old, 1)


class _Figure(msgspec.Struct, frozen=True):
    """What was measured for a key, the limit that the task sets, and whether it was kept."""

    value: float | None
    limit: float | None
    is_kept: bool


def compare(
    old: Sequence[runs.Task], new: Sequence[runs.Task], tolerance_percent: float
) -> tuple[list[Comparison], list[str]]:
    """Return each key of the SLAs in both reports, and a sentence for each lone workload.

    A key has regressed if its figure is worse by more than the tolerance, if
    it keeps its limit no longer, or if it is no longer measured.
    """
    olds = [one for task in old for one in task.workloads]
    news = [one for task in new for one in task.workloads]
    pairs, lone = _pair(olds, news)
    told = [f"{one.name} is only in the old report" for one in lone]
    paired = {id(one) for _, one in pairs}
    rest = [one for one in news if id(one) not in paired]
    told += [f"{one.name} is only in the new report" for one in rest]
    found = [c for before, after in pairs for c in _compare(before, after, tolerance_percent)]
    return found, told


def _pair(
    olds: Sequence[runs.Workload], news: Sequence[runs.Workload]
) -> tuple[list[tuple[runs.Workload, runs.Workload]], list[runs.Workload]]:
    """Return which workloads belong together, and the old ones that are alone.

    Of workloads of one scenario those with the same arguments go together
    first, the others in their order.
    """
    rest = list(news)
    matches: dict[int, runs.Workload] = {}
    for is_same in (_has_same_arguments, _has_same_name):
        for i, one in enumerate(olds):
            match = next((other for other in rest if is_same(one, other)), None)
            if i not in matches and match is not None:
                matches[i] = match
                rest = [other for other in rest if other is not match]
    pairs = [(olds[i], matches[i]) for i in sorted(matches)]
    return pairs, [one for i, one in enumerate(olds) if i not in matches]


def _has_same_name(one: runs.Workload, other: runs.Workload) -> bool:
    return one.name == other.name


def _has_same_arguments(one: runs.Workload, other: runs.Workload) -> bool:
    def described(workload: runs.Workload) -> str:
        return json.dumps([workload.scenario, sorted(workload.sla)], sort_keys=True)

    return described(one) == described(other)


def _compare(
    old: runs.Workload, new: runs.Workload, tolerance_percent: float
) -> Iterator[Comparison]:
    before, after = dict(_figures(old)), dict(_figures(new))
    # A limit that only one report has is still measured in the other.
    keys = {**dict.fromkeys(before), **dict.fromkeys(after)}
    for key in keys:
        one = before.get(key) or _Figure(_measure(old, key), None, is_kept=True)
        other = after.get(key) or _Figure(_measure(new, key), None, is_kept=True)
        state, why = _judge(one, other, tolerance_percent)
        yield Comparison(
            scenario=new.name,
            key=key,
            old=one.value,
            new=other.value,
            limit=other.limit if other.limit is not None else one.limit,
            state=state,
            why=why,
        )


def _judge(old: _Figure, new: _Figure, tolerance_percent: float) -> tuple[State, str]:
    if old.is_kept and not new.is_kept:
        return State.REGRESSED, "it no longer keeps its limit"
    if old.value is None:
        return State.UNKNOWN, "it was not measured in the old report"
    if new.value is None:
        return State.REGRESSED, "it is no longer measured: no iteration got so far"
    factor = 1 + tolerance_percent / 100
    if new.value > old.value * factor:
        return State.REGRESSED, f"it is worse by more than {tolerance_percent:g} %"
    if new.value * factor < old.value:
        return State.IMPROVED, f"it is better by more than {tolerance_percent:g} %"
    return State.SAME, ""


def _figures(workload: runs.Workload) -> Iterator[tuple[str, _Figure]]:
    for name, settings in workload.sla.items():
        plain = name.partition("@")[0]
        if plain == slas.PER_ACTION and isinstance(settings, dict):
            for action, given in settings.items():
                value, limit = _measure(workload, action), _limit(given)
                is_kept = value is None or limit is None or value <= limit
                yield action, _Figure(value, limit, is_kept=is_kept)
        else:
            yield (
                plain,
                _Figure(
                    _measure(workload, plain),
                    _limit(settings),
                    is_kept=_has_passed(workload, name),
                ),
            )


def _limit(settings: Any) -> float | None:
    limit = settings.get("max") if isinstance(settings, dict) else settings
    return float(limit) if isinstance(limit, int | float) else None


def _has_passed(workload: runs.Workload, name: str) -> bool:
    results = workload.sla_results.get("sla", ())
    return all(one.get("success", True) for one in results if one.get("criterion") == name)


def _measure(workload: runs.Workload, key: str) -> float | None:
    """Return the figure of an SLA or of an action, None where nothing was measured."""
    well = [one for one in workload.data if not one.error]
    if key == slas.FAILURES:
        return 100 * (1 - len(well) / len(workload.data)) if workload.data else None
    if key == "max_avg_duration":
        durations = [one.duration for one in well]
        return statistics.fmean(durations) if durations else None
    if key == "max_seconds_per_iteration":
        return max((one.duration for one in workload.data), default=None)
    durations = [
        action.duration_s for one in well for action in one.atomic_actions if action.name == key
    ]
    return statistics.fmean(durations) if durations else None
