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
"""Limits from the report of a past run."""

import json

import pytest

from cleanupd import exceptions
from cleanupd.rally_jobs import thresholds


def write(path, *workloads):
    """Write a report of workloads, each a scenario with figures by action."""
    told = [
        {
            "scenario": {scenario: {}},
            "statistics": {
                "durations": {
                    "atomics": [
                        {"name": name, "data": {"95%ile": figure}}
                        for name, figure in figures.items()
                    ]
                }
            },
        }
        for scenario, figures in workloads
    ]
    path.write_text(json.dumps({"tasks": [{"subtasks": [{"workloads": told}]}]}))
    return path


def test_limit_is_the_percentile_times_the_factor(tmp_path):
    """A limit is the 95th percentile times the factor, rounded up to a tenth."""
    path = write(tmp_path / "r", ("A.b", {"a.x": 1.01, "a.y": 2}))
    assert thresholds.read(path, 2) == {("A.b", "a.x"): 2.1, ("A.b", "a.y"): 4.0}


def test_slowest_of_several_counts(tmp_path):
    """Of several workloads with one scenario the slowest makes the limit."""
    path = write(tmp_path / "r", ("A.b", {"a": 3.0}), ("A.b", {"a": 5.0}), ("A.b", {"a": 1.0}))
    assert thresholds.read(path, 1) == {("A.b", "a"): 5.0}


def test_scenarios_have_limits_of_their_own(tmp_path):
    """The same action in two scenarios has two limits."""
    path = write(tmp_path / "r", ("A.b", {"a": 3.0}), ("A.c", {"a": 1.0}))
    assert thresholds.read(path, 1) == {("A.b", "a"): 3.0, ("A.c", "a"): 1.0}


def test_no_limit_is_nothing(tmp_path):
    """An action that took no time has the shortest limit."""
    path = write(tmp_path / "r", ("A.b", {"a": 0.0}))
    assert thresholds.read(path, 2) == {("A.b", "a"): thresholds.SHORTEST_S}


def test_failed_action_has_no_limit(tmp_path):
    """An action that never succeeded tells nothing."""
    path = write(tmp_path / "r", ("A.b", {"a": "n/a", "b": 1.0, "c": None}))
    assert set(thresholds.read(path, 2)) == {("A.b", "b")}


def test_report_without_figures_is_refused(tmp_path):
    """A report in which nothing succeeded is no basis."""
    path = write(tmp_path / "r", ("A.b", {"a": "n/a"}))
    with pytest.raises(exceptions.UsageError, match="no action that succeeded"):
        thresholds.read(path, 2)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"tasks": [{"subtasks": 5}]}'])
def test_other_files_are_refused(tmp_path, content):
    """What is no report is called that."""
    (tmp_path / "r").write_text(content)
    with pytest.raises(exceptions.UsageError, match="is not what `rally task report --json`"):
        thresholds.read(tmp_path / "r", 2)


def test_absent_file_is_refused(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(exceptions.UsageError, match="cannot be read: No such file"):
        thresholds.read(tmp_path / "r", 2)


def test_what_no_run_takes_is_no_figure(tmp_path):
    """A percentile of more than a week makes no limit, however long it claims to be."""
    path = write(tmp_path / "r", ("A.b", {"a": 1e308, "b": 2.0}))
    assert thresholds.read(path, 2) == {("A.b", "b"): 4.0}
