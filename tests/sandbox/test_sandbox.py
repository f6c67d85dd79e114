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
"""The sandbox keeps its promises."""

import json

import openstack
import pytest

from tests.sandbox import box
from tests.sandbox import inventory
from tests.sandbox import legitimate
from tests.sandbox import rally

CORE = {"keystone", "glance", "placement", "nova", "neutron", "cinder"}


def test_services_work() -> None:
    """Every service does what it is for, from a server that moves to a backup of a volume."""
    output = box.run("smoke")
    passed = {line.split()[0] for line in output.splitlines() if line.split()[1] == "ok"}
    assert passed >= CORE - {"placement"}, output


def test_every_process_answers() -> None:
    """All processes live and are ready, and each core service is among them."""
    lines = box.run_json("status", "--json")
    assert all(line["running"] and line["ready"] for line in lines)
    assert {line["service"] for line in lines} >= CORE


def test_up_changes_nothing_when_all_is_up() -> None:
    """A second "up" leaves every process as it is."""
    before = {line["name"]: line["pid"] for line in box.run_json("status", "--json")}
    box.run("up")
    assert {line["name"]: line["pid"] for line in box.run_json("status", "--json")} == before


def test_unknown_extra_is_refused() -> None:
    """An extra that does not exist fails at once and names those that do."""
    with pytest.raises(box.SandboxFailed, match="ironic"):
        box.run("up", "nonsense")


def test_unknown_condition_is_refused() -> None:
    """A condition that is not understood fails before Rally starts."""
    with pytest.raises(box.SandboxFailed, match="not a condition"):
        box.run("dirty", "keystone", "--when", "nonsense>=1")


def test_killed_rally_leaves_resources_and_its_report() -> None:
    """A killed task stays "running" for Rally, and its report names its workloads."""
    killed, left = rally.dirty("keypairs", when="running,keypair>=1")
    assert not left
    assert [(task.status, task.alive, task.killed) for task in killed] == [
        ("running", False, True)
    ]
    described = json.loads(rally.report(killed[0]).read_text())["tasks"][0]
    assert described["uuid"] == killed[0].uuid
    subtasks = described["subtasks"]
    workloads = [workload["uuid"] for subtask in subtasks for workload in subtask["workloads"]]
    assert workloads == list(killed[0].workloads)
    found = inventory.find_rally(inventory.take(), killed[0].name_parts)
    assert {kind for kind, _ in found} >= {"keypair", "project", "user", "role_assignment"}


def test_rally_may_finish() -> None:
    """A task that is left alone finishes and leaves nothing."""
    task = rally.wait(rally.start("images", times=1)[0])
    assert (task.status, task.iterations, task.failed_iterations) == ("finished", 1, 0)
    assert inventory.find_rally(inventory.take(), task.name_parts) == set()


def test_legitimate_tenants_come_and_go(
    cloud: openstack.connection.Connection, production: openstack.connection.Connection
) -> None:
    """All that legitimate tenants made is in the inventory, and nothing of it after them."""
    before = inventory.take()
    tenants = legitimate.create(cloud, production, workload="0123456789abcdef")
    try:
        during = inventory.take()
        assert tenants.keys <= during.keys() - before.keys()
        assert not inventory.find_rally(during, ["01234567"]) & tenants.keys
        assert inventory.compare(during, inventory.take(), tenants.keys) == []
    finally:
        tenants.remove()
    assert not tenants.keys & inventory.take().keys()


def test_tenants_are_entangled_with_rally(
    cloud: openstack.connection.Connection, production: openstack.connection.Connection
) -> None:
    """A production volume and a reserved floating IP can be put on a killed Rally's server."""
    killed, _ = rally.dirty("nova")
    server = next(
        server
        for server in cloud.compute.servers(all_projects=True, status="ACTIVE")
        if any(part in server.name for part in killed[0].name_parts)
    )
    tenants = legitimate.create(cloud, production, workload=killed[0].workloads[0])
    try:
        volume = legitimate.attach_volume(tenants, server)
        floating_ip = legitimate.move_floating_ip(tenants, server)
        now = inventory.take()
        assert now["volume", volume.id]["attachments"][0]["server_id"] == server.id
        assert now["floating_ip", floating_ip.id]["port_id"] is not None
        assert not inventory.find_rally(now, killed[0].name_parts) & tenants.keys
    finally:
        tenants.remove()
