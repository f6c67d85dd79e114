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
"""A real Rally is killed in the middle, and cleanupd sweeps what it left on a real OpenStack.

One round serves all tests, in the order in which they stand here: several tasks are killed, one
goes on, and legitimate tenants hold on to what the killed ones made.  The first group of killed
tasks is swept by the command, the second over RPC, the third on schedule.
"""

import dataclasses
import json
import subprocess
import sys

import pytest

from tests.sandbox import box
from tests.sandbox import inventory
from tests.sandbox import legitimate
from tests.sandbox import processes
from tests.sandbox import rally

COMMANDED = ("nova", "neutron", "cinder", "glance", "flavors")
CALLED = ("boot-from-volume", "ports", "keypairs")
SCHEDULED = ("unnamed-volumes", "private-flavors", "keystone")
STEADY = "steady"

# What a production volume, or address, loses with the benchmark's server that it was lent to.
LET_GO = {"attachments", "port_id", "router_id", "fixed_ip_address"}


@dataclasses.dataclass
class Round:
    """What was killed, what goes on, and what was in the cloud before the first sweep."""

    killed: dict[str, rally.Task]
    steady: rally.Task
    before: inventory.Inventory
    rallys: set[inventory.Key]
    lent: set[inventory.Key]

    def tasks(self, names):
        """Return the killed tasks of these names."""
        return [self.killed[name] for name in names]

    def asked(self, names):
        """Return the options that ask for these tasks, expanded by Rally's own reports."""
        words = []
        for task in self.tasks(names):
            words += ["--task", task.uuid, "--rally-report", str(rally.report(task))]
        return words

    def left(self, names):
        """Return what is left of these tasks, as labels."""
        now = inventory.take()
        parts = [part for task in self.tasks(names) for part in task.name_parts]
        known = inventory.find_rally(self.before, parts)
        assert known, "nothing of these tasks was there to be swept"
        left = inventory.find_rally(now, parts) | (known & set(now))
        return sorted(f"{now[key]['type']} {now[key]['name']} {key[1]}" for key in left)

    def harmed(self):
        """Return what happened to everything that is no benchmark's."""
        now = inventory.take()
        untouched = set(self.before) - self.rallys - self.lent
        return inventory.compare(self.before, now, untouched) + inventory.compare(
            self.before, now, self.lent, ignoring=inventory.VOLATILE | LET_GO
        )


@pytest.fixture(scope="module")
def tenants(cloud, production, sandbox_environment):
    """Legitimate tenants with nasty names, while the module is tested."""
    found = legitimate.create(cloud, production, workload="5a3b1c22")
    yield found
    found.remove()


@pytest.fixture(scope="module")
def dirtied(tenants):
    """Tasks of Rally that were killed, one that goes on, and production entangled with them."""
    files = (*COMMANDED, *CALLED, *SCHEDULED)
    killed, [steady] = rally.dirty(*files, leave=[STEADY])
    by_name = {task.name: task for task in killed}
    server = find_server(tenants.admin, by_name["nova"])
    volume = legitimate.attach_volume(tenants, server)
    address = legitimate.move_floating_ip(tenants, server)
    before = inventory.take()
    parts = [part for task in (*killed, steady) for part in task.name_parts]
    lent = {("volume", volume.id), ("floating_ip", address.id)}
    yield Round(by_name, steady, before, inventory.find_rally(before, parts), lent)
    if rally.wait(steady).alive:
        rally.kill(steady)


def find_server(cloud, task):
    """Return a server of the killed task that is up and has a port."""
    names = tuple(f"s_rally_{part}_" for part in task.name_parts)
    return next(
        server
        for server in cloud.compute.servers(all_projects=True, status="ACTIVE")
        if server.name.startswith(names)
    )


def cleanupctl(*words):
    """Run the command and return what ended."""
    return subprocess.run(
        [sys.executable, "-m", "cleanupd.cmd.cleanupctl", *words],
        env=box.client_environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture
def daemon(tmp_path):
    """Give a way to start daemons, none of which outlives the test."""
    with processes.daemons(tmp_path) as start:
        yield start


def test_leaks_are_found_with_their_evidence(dirtied, tenants):
    """Each of Rally's resources is listed with its evidence, and no legitimate one is."""
    ended = cleanupctl("leaks", "list", "--os-cloud", "admin", "-f", "json")
    assert ended.returncode == 2, ended.stderr
    found = json.loads(ended.stdout)
    assert all(row["Evidence"] or row["Reason"] for row in found)
    parts = {part for task in dirtied.killed.values() for part in task.name_parts}
    assert parts <= {row["Workload"] for row in found}
    assert not {row["ID"] for row in found} & {key[1] for key in tenants.keys}


def test_the_command_sweeps_killed_tasks(dirtied):
    """After the command a listing outside of cleanupd finds nothing of the tasks."""
    ended = cleanupctl(
        "sweep", "start", "--os-cloud", "admin", *dirtied.asked(COMMANDED), "--wait"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert dirtied.left(COMMANDED) == []
    assert dirtied.harmed() == []


def test_a_swept_task_verifies_as_clean(dirtied):
    """A certificate can be had at any time, and says so by its exit code."""
    clean = cleanupctl("verify", "--os-cloud", "admin", *dirtied.asked(COMMANDED))
    assert clean.returncode == 0, clean.stdout + clean.stderr
    dirty = cleanupctl("verify", "--os-cloud", "admin", *dirtied.asked(CALLED))
    assert dirty.returncode == 2, dirty.stdout + dirty.stderr


def test_a_daemon_that_reports_removes_nothing(dirtied, daemon):
    """In mode report a request over RPC stores a plan and says what would enable it."""
    config = daemon("mode = report").file
    ended = cleanupctl("sweep", "start", "--config-file", config, *dirtied.asked(CALLED), "--wait")
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "mode = enforce" in ended.stdout + ended.stderr
    assert len(dirtied.left(CALLED)) == len(
        inventory.find_rally(
            dirtied.before, [p for t in dirtied.tasks(CALLED) for p in t.name_parts]
        )
    )


def test_a_daemon_sweeps_over_rpc(dirtied, daemon):
    """A running daemon in mode enforce sweeps what it is asked for over the bus."""
    config = daemon("mode = enforce").file
    ended = cleanupctl("sweep", "start", "--config-file", config, *dirtied.asked(CALLED), "--wait")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert dirtied.left(CALLED) == []
    assert dirtied.harmed() == []


def test_a_daemon_sweeps_on_schedule(dirtied, daemon):
    """A daemon in mode enforce sweeps the workloads of its options by itself."""
    workloads = [uuid for task in dirtied.tasks(SCHEDULED) for uuid in task.workloads]
    running = daemon(f"mode = enforce\ninterval = 2\nworkloads = {','.join(workloads)}")
    running.wait_for("0 left")
    assert dirtied.left(SCHEDULED) == []
    assert dirtied.harmed() == []


def test_a_running_task_finishes_unharmed(dirtied):
    """The task that went on while all others were swept has no failed iteration."""
    ended = rally.wait(dirtied.steady)
    assert ended.status == "finished"
    assert ended.iterations > 0
    assert ended.failed_iterations == 0
