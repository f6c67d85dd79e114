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
"""Scenes: what they make, what they say of it, and that they are the same for the same seed."""

import datetime
import re

from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes import benchmark

WORKLOAD = "0123abcd-1111-4222-8333-444455556666"
NAME = re.compile(r"[sc]_rally_0123abcd_[A-Za-z0-9]{8}(_0)?")
RALLY = re.compile(r"[sc]_rally_[0-9a-f]{8}_[A-Za-z0-9]{8}(_\d+)?")


def test_benchmark_names() -> None:
    """All that Rally names carries the workload; the services' own things have no name."""
    cloud = emulator.Cloud()
    scene = scenes.killed_benchmark(cloud, WORKLOAD)
    names = [
        cloud[kind].get(one).get("name")
        for kind, ids in scene.made.items()
        for one in ids
        if kind not in {"compute.keypair", "network.floating_ip"}
    ]
    assert {name for name in names if not NAME.fullmatch(name)} == {"", "default"}
    assert any(name.endswith("_0") for name in names)
    addresses = [
        cloud["network.floating_ip"].get(one) for one in scene.made["network.floating_ip"]
    ]
    assert all(NAME.fullmatch(address["description"]) for address in addresses)


def test_benchmark_shapes() -> None:
    """It leaves what a killed Rally leaves: of each kind, unnamed, ownerless, private, old."""
    cloud = emulator.Cloud()
    scene = scenes.killed_benchmark(cloud, WORKLOAD)
    kinds = {kind for kind, ids in cloud.inventory().items() if ids}
    assert set(scene.made) == kinds - {"identity.domain"}
    assert len(kinds) >= 24
    ports = [cloud["network.port"].get(one) for one in scene.made["network.port"]]
    nobodys = {port["device_owner"] for port in ports if port["project_id"] == ""}
    assert nobodys == {"network:router_gateway", "network:floatingip"}
    flavors = [cloud["compute.flavor"].get(one) for one in scene.made["compute.flavor"]]
    assert {flavor["os-flavor-access:is_public"] for flavor in flavors} == {True, False}
    made_at = datetime.datetime.fromisoformat(scene.servers[0]["created"])
    age = cloud.clock.now() - made_at
    assert datetime.timedelta(hours=2.9) < age < datetime.timedelta(hours=3.1)


def test_orphans() -> None:
    """With projects_deleted everything but projects and users is left."""
    cloud = emulator.Cloud()
    plan = benchmark.Plan(projects_deleted=True, tenants=1)
    scene = scenes.killed_benchmark(cloud, WORKLOAD, plan)
    assert not {"identity.project", "identity.user"} & set(scene.made)
    assert scene.projects[0]["id"] not in cloud.inventory()["identity.project"]
    assert scene.servers[0]["id"] in scene.left(cloud)["compute.server"]


def test_nothing_legitimate_is_rallys() -> None:
    """No legitimate name is one that Rally makes."""
    cloud = emulator.Cloud()
    scene = scenes.legitimate_tenants(cloud)
    assert scene.ids() == {one for ids in cloud.inventory().values() for one in ids}
    for rows in cloud.tables.values():
        for row in rows:
            assert not RALLY.fullmatch(row.get("name") or ""), row
            assert not RALLY.fullmatch(row.get("description") or ""), row


def test_scenes_know_what_happened() -> None:
    """A scene tells what is left of it and what is missing."""
    cloud = emulator.Cloud()
    scene = scenes.killed_benchmark(cloud, WORKLOAD)
    assert scene.missing(cloud) == {}
    gone = scene.servers[0]["id"]
    cloud["compute.server"].remove(gone)
    assert scene.missing(cloud) == {"compute.server": {gone}}
    assert gone not in scene.left(cloud)["compute.server"]


def test_demo() -> None:
    """Nobody's things are another's, and production's hang on the benchmark's server."""
    cloud = emulator.Cloud()
    demo = scenes.demo(cloud)
    parts = [demo.legitimate.ids(), demo.killed.ids(), demo.running.ids()]
    assert sum(map(len, parts)) == len(set().union(*parts))
    server = demo.killed.servers[0]
    attached = {one["id"] for one in server["os-extended-volumes:volumes_attached"]}
    assert attached & demo.legitimate.made["block_storage.volume"]
    held = {port["id"] for port in cloud["network.port"] if port["device_id"] == server["id"]}
    lent = [
        address
        for address in cloud["network.floating_ip"]
        if address["id"] in demo.legitimate.ids() and address["port_id"] in held
    ]
    assert len(lent) == 1


def test_foreign_port() -> None:
    """Production can have a port on a benchmark's network."""
    cloud = emulator.Cloud()
    demo = scenes.demo(cloud)
    inside = next(net for net in cloud["network.network"] if net["id"] in demo.killed.ids())
    scene = scenes.move_in(cloud, inside)
    (port,) = (cloud["network.port"].get(one) for one in scene.made["network.port"])
    assert port["network_id"] == inside["id"]


def test_seeds() -> None:
    """The same seed makes the same ids, another seed others."""
    clouds = [emulator.Cloud(seed=seed) for seed in (1, 1, 2)]
    first, again, other = (scenes.demo(cloud).killed.ids() for cloud in clouds)
    assert first == again
    # Nova numbers aggregates.
    assert all(one.isdigit() for one in first & other)
