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

"""A sample of the campaign in ``chaos``: three daemons, and real servers of their own."""

import subprocess
import sys

import pytest

from tests.functional import coordinators
from tests.functional.journal import servers
from tests.sandbox import broker


# The processes that are killed tell no coverage.
@pytest.mark.functional
@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "faults"),
    [
        # What takes longest comes last: the sweep goes on meanwhile, and ends.
        ("redis", ("database_killed", "coordinator_restarted", "leader_killed")),
        ("etcd", ("broker_down",)),
    ],
)
def test_a_sweep_of_three_daemons_outlives_all_that_they_stand_on(name, faults):
    """All that is promised in ``chaos`` holds while one thing after another fails."""
    mariadb, coordinator = servers.SERVERS["mariadb"], coordinators.SERVERS[name]
    coordinators.need(servers.find(mariadb.program) or mariadb.program, mariadb.packages)
    coordinators.need(str(broker.PROGRAMS / "rabbitmq-server"), "rabbitmq-server")
    coordinators.need(coordinator.program, coordinator.package)
    words = ("--runs", "1", "--seed", "5", "--quick", "--coordinator", name, "--faults", *faults)
    run = subprocess.run(
        [sys.executable, "-m", "tests.functional.chaos", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    for fault in faults:
        assert f"{fault} at delete" in run.stdout
