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

"""Sweeps that are killed and started again: some of what ``make campaign-kill`` does."""

import pytest

from tests.emulator.scenes import benchmark
from tests.functional import killing

# The processes that are killed tell no coverage.
pytestmark = [pytest.mark.functional, pytest.mark.timeout(300), pytest.mark.no_cover]


def test_a_killed_sweep_is_finished_by_the_next(tmp_path):
    """All that is promised in ``killing`` holds where the first of two is killed at work."""
    run = killing.Run(tmp_path, 1, benchmark.Plan(tenants=1))
    run.sweep_as("command", [killing.Moment("deleting", 20)])
    assert run.kills == ["deleting"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "phase"),
    [
        ("command", "verifying"),
        ("stored plan", "deleting"),
        ("daemon", "planning"),
        ("daemon", "deleting"),
    ],
)
def test_a_sweep_of_five_hundred_is_killed(tmp_path, way, phase):
    """In every way the same holds, with removals that take three seconds."""
    run = killing.Run(tmp_path, 5)
    run.sweep_as(way, [killing.Moment(phase, 100 if phase == "deleting" else 30)])
    assert phase in run.kills or way == "stored plan"
