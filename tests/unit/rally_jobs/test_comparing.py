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

"""Two runs of a task compared."""

from typing import Any

import msgspec
import pytest

from cleanupd.rally_jobs import comparing
from cleanupd.rally_jobs import runs
from tests.unit.rally_jobs import reports

SLA = {"max_avg_duration_per_atomic": {"nova.boot": 5}, "failure_rate": {"max": 0}}


def _tasks(*workloads: dict[str, Any]) -> list[runs.Task]:
    return msgspec.convert(reports.report(*workloads)["tasks"], list[runs.Task])


def _one(seconds: float, **others: Any) -> list[runs.Task]:
    return _tasks(reports.workload(reports.iteration({"nova.boot": seconds}), sla=SLA, **others))


def _state(old: list[runs.Task], new: list[runs.Task], key: str) -> comparing.State:
    found, _ = comparing.compare(old, new, 10)
    return next(one.state for one in found if one.key == key)


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        (1.0, 1.05, "same"),
        (1.0, 1.2, "regressed"),
        (1.2, 1.0, "improved"),
        (4.9, 5.01, "regressed"),
    ],
)
def test_a_key_is_judged_by_tolerance_and_limit(old: float, new: float, state: str) -> None:
    """A key regresses beyond the tolerance, and within it where it breaks its limit."""
    assert _state(_one(old), _one(new), "nova.boot") == state


def test_an_action_is_averaged_over_its_occurrences() -> None:
    """Two occurrences of an action in one iteration count as two, as in Rally's SLA."""
    twice = reports.iteration({"nova.boot": 1.0})
    twice["atomic_actions"] += reports.iteration({"nova.boot": 3.0})["atomic_actions"]
    found, _ = comparing.compare(_one(2.0), _tasks(reports.workload(twice, sla=SLA)), 10)
    assert found[0].new == pytest.approx(2.0)


def test_failed_iterations_do_not_count() -> None:
    """The duration of an iteration that failed is left out, and the failure rate tells of it."""
    mixed = _tasks(
        reports.workload(
            reports.iteration({"nova.boot": 1.0}),
            reports.iteration({"nova.boot": 99.0}, is_failed=True),
            sla=SLA,
        )
    )
    assert _state(_one(1.0), mixed, "nova.boot") == "same"
    assert _state(_one(1.0), mixed, "failure_rate") == "regressed"


def test_what_is_no_longer_measured_has_regressed() -> None:
    """A key that no iteration reaches any more has regressed: Rally's own SLA passes it."""
    gone = _tasks(reports.workload(reports.iteration({}, is_failed=True), sla=SLA))
    assert _state(_one(1.0), gone, "nova.boot") == "regressed"


def test_what_was_never_measured_is_unknown() -> None:
    """A dead key of both reports is neither better nor worse."""
    dead = _tasks(reports.workload(reports.iteration({}), sla=SLA))
    assert _state(dead, dead, "nova.boot") == "unknown"


def test_an_sla_that_fails_now_has_regressed() -> None:
    """An SLA whose figure is not known here counts by whether Rally says that it passed."""
    sla = {"outliers": {"max": 1}}
    failed = {"sla": [{"criterion": "outliers", "success": False}]}
    old = _tasks(reports.workload(reports.iteration({}), sla=sla))
    new = _tasks(reports.workload(reports.iteration({}), sla=sla, sla_results=failed))
    assert _state(old, new, "outliers") == "regressed"


def test_a_limit_of_the_whole_iteration_is_compared() -> None:
    """The SLAs of whole iterations are compared by the average and by the longest."""
    sla = {"max_avg_duration": 9, "max_seconds_per_iteration": 9}
    old = _tasks(reports.workload(reports.iteration({"a": 1.0}), sla=sla))
    new = _tasks(reports.workload(reports.iteration({"a": 2.0}), sla=sla))
    found, _ = comparing.compare(old, new, 10)
    assert [one.change_percent for one in found] == [100.0, 100.0]


def test_workloads_are_paired_by_their_arguments_first() -> None:
    """Of two workloads of a scenario those with equal arguments belong together."""
    small, large = ({"Nova.boot": {"flavor": name}} for name in ("small", "large"))

    def task(*pairs: tuple[dict[str, Any], float]) -> list[runs.Task]:
        return _tasks(
            *(
                reports.workload(reports.iteration({"nova.boot": s}), sla=SLA, scenario=one)
                for one, s in pairs
            )
        )

    found, lone = comparing.compare(
        task((small, 1.0), (large, 3.0)), task((large, 3.0), (small, 1.0)), 10
    )
    assert lone == []
    assert {one.state for one in found} == {"same"}


def test_workloads_without_a_partner_are_told() -> None:
    """What only one of the reports has is named, and not compared."""
    other = _one(1.0, scenario={"Nova.list": {}})
    found, lone = comparing.compare(_one(1.0), other, 10)
    assert found == []
    assert lone == [
        "NovaKeypair.create_and_list_keypairs is only in the old report",
        "Nova.list is only in the new report",
    ]


def test_a_limit_that_is_no_number_limits_nothing() -> None:
    """A limit of an action that is no number counts as none, and the action is compared."""
    sla = {"max_avg_duration_per_atomic": {"nova.boot": "soon"}}
    odd = _tasks(reports.workload(reports.iteration({"nova.boot": 1.0}), sla=sla))
    assert _state(odd, odd, "nova.boot") == "same"
