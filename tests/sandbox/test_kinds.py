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

"""What a killed Rally leaves of the rarer kinds, and production that holds on to some of it.

One round serves all tests, in the order in which they stand here: first production holds on to
one of each kind, then it lets go.
"""

import contextlib
import dataclasses
import json
import subprocess
import sys

import pytest

from tests.sandbox import box
from tests.sandbox import inventory
from tests.sandbox import rally

TASKS = (
    "server-groups",
    "aggregates",
    "trunks",
    "backups",
    "volume-types",
    "qos",
    "transfers",
    "roles",
    "services",
    "deactivated-images",
)
#: What each task is about, as the outside inventory calls it.
KINDS = {
    "server-groups": "server_group",
    "aggregates": "aggregate",
    "trunks": "trunk",
    "backups": "backup",
    "volume-types": "volume_type",
    "qos": "qos_specs",
    "transfers": "transfer",
    "roles": "role",
    "services": "service",
    "deactivated-images": "image",
}


@dataclasses.dataclass
class Round:
    """What was killed, and what was in the cloud before the first sweep."""

    killed: dict[str, rally.Task]
    before: inventory.Inventory
    rallys: set[inventory.Key]
    held: dict[str, inventory.Key] = dataclasses.field(default_factory=dict)

    @property
    def parts(self):
        """What Rally put into names."""
        return [part for task in self.killed.values() for part in task.name_parts]

    def of(self, task):
        """Return what a killed task left of its kind, in a stable order."""
        left = inventory.find_rally(self.before, self.killed[task].name_parts)
        return sorted(key for key in left if key[0] == KINDS[task])

    def left(self):
        """Return what is there of the killed tasks now."""
        now = inventory.take()
        return inventory.find_rally(now, self.parts) | (self.rallys & set(now))

    def sweep(self, *words):
        """Sweep all killed tasks with these options, and return what ended."""
        for workload in (one for task in self.killed.values() for one in task.workloads):
            words += ("--workload", workload)
        return subprocess.run(
            [sys.executable, "-m", "cleanupd.cmd.cleanupctl", "sweep", "start", *words],
            env=box.client_environment(),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


@pytest.fixture(scope="module")
def dirtied(sandbox_environment):
    """Killed tasks of each kind."""
    killed, _ = rally.dirty(*TASKS)
    before = inventory.take()
    by_name = {task.name: task for task in killed}
    parts = [part for task in killed for part in task.name_parts]
    return Round(by_name, before, inventory.find_rally(before, parts))


@pytest.fixture(scope="module")
def namesakes(cloud):
    """Keys of what is no benchmark's and is called nearly as Rally calls things."""
    name, identity, compute = "s_rally_backup-of-production", cloud.identity, cloud.compute
    storage, keys = cloud.block_storage, set()
    with contextlib.ExitStack() as undo:

        def keep(kind, made, delete):
            keys.add((kind, made["id"]))
            undo.callback(delete, made["id"])
            return made["id"]

        keep("role", identity.create_role(name=name), identity.delete_role)
        keep("service", identity.create_service(name=name, type=name), identity.delete_service)
        keep("aggregate", compute.create_aggregate(name=name), compute.delete_aggregate)
        group = compute.create_server_group(name=name, policy="affinity")
        keep("server_group", group, compute.delete_server_group)
        keep("volume_type", storage.create_type(name=name), storage.delete_type)
        specs = {"qos_specs": {"name": name, "consumer": "both"}}
        made = storage.post("/qos-specs", json=specs).json()["qos_specs"]
        keep("qos_specs", made, lambda id_: storage.delete(f"/qos-specs/{id_}"))
        net = cloud.network
        where = keep("network", net.create_network(name=name), net.delete_network)
        port = keep("port", net.create_port(name=name, network_id=where), net.delete_port)
        keep("trunk", net.create_trunk(name=name, port_id=port), net.delete_trunk)
        yield keys


@pytest.fixture(scope="module")
def production_holds(dirtied, cloud, production):
    """Production holds on to one of most kinds; what is returned lets go."""
    undo = contextlib.ExitStack()
    with contextlib.ExitStack() as on_error:
        on_error.enter_context(undo)
        for what, hold in HOLDS.items():
            key = dirtied.of(what)[0]
            hold(cloud, production, key[1], undo)
            dirtied.held[what] = key
        on_error.pop_all()
    yield undo
    undo.close()


def hold_server_group(cloud, _, group, undo):
    """A server that is nobody's in particular joins the group."""
    compute = cloud.compute
    image = next(one for one in cloud.image.images() if one.name.startswith("cirros"))
    server = compute.create_server(
        name="holds",
        image_id=image.id,
        flavor_id=compute.find_flavor("m1.nano").id,
        networks="none",
        scheduler_hints={"group": group},
    )
    undo.callback(compute.wait_for_delete, server)
    undo.callback(compute.delete_server, server)


def hold_aggregate(cloud, production, aggregate, undo):
    """The aggregate is kept for production."""
    metadata = {"filter_tenant_id": production.current_project_id}
    cloud.compute.set_aggregate_metadata(aggregate, metadata)
    undo.callback(cloud.compute.set_aggregate_metadata, aggregate, {"filter_tenant_id": None})


def hold_trunk(cloud, _, trunk, undo):
    """A port of another network becomes a subport."""
    network = cloud.network.create_network(name="holds")
    undo.callback(cloud.network.delete_network, network)
    port = cloud.network.create_port(network_id=network.id, name="holds")
    undo.callback(cloud.network.delete_port, port)
    tagged = {"port_id": port.id, "segmentation_type": "vlan", "segmentation_id": 77}
    cloud.network.add_trunk_subports(trunk, [tagged])
    undo.callback(cloud.network.delete_trunk_subports, trunk, [{"port_id": port.id}])


def hold_volume_type(cloud, _, type_, undo):
    """A volume has the type."""
    storage = cloud.block_storage
    name = storage.get_type(type_).name
    volume = storage.create_volume(size=1, name="holds", volume_type=name)
    undo.callback(storage.wait_for_delete, volume)
    undo.callback(storage.delete_volume, volume)
    storage.wait_for_status(volume, "available", ["error"])


def hold_qos(cloud, _, spec, undo):
    """A volume type has the spec."""
    storage = cloud.block_storage
    type_ = storage.create_type(name="holds")
    undo.callback(storage.delete_type, type_)
    storage.get(f"/qos-specs/{spec}/associate?vol_type_id={type_.id}")
    undo.callback(storage.get, f"/qos-specs/{spec}/disassociate?vol_type_id={type_.id}")


def hold_role(cloud, production, role, undo):
    """A user has the role."""
    where = (production.current_project_id, production.current_user_id, role)
    cloud.identity.assign_project_role_to_user(*where)
    undo.callback(cloud.identity.unassign_project_role_from_user, *where)


def hold_service(cloud, _, service, undo):
    """The service answers somewhere."""
    endpoint = cloud.identity.create_endpoint(
        service_id=service, interface="public", url="http://127.0.0.1:1", region_id="RegionOne"
    )
    undo.callback(cloud.identity.delete_endpoint, endpoint)


def hold_image(cloud, _, image, undo):
    """Somebody protects the image."""
    cloud.image.update_image(image, is_protected=True)


HOLDS = {
    "server-groups": hold_server_group,
    "aggregates": hold_aggregate,
    "trunks": hold_trunk,
    "volume-types": hold_volume_type,
    "qos": hold_qos,
    "roles": hold_role,
    "services": hold_service,
    "deactivated-images": hold_image,
}


def test_a_killed_rally_leaves_each_kind(dirtied):
    """There is something of each to be swept."""
    assert [task for task in TASKS if not dirtied.of(task)] == []


def test_what_production_holds_on_to_is_kept(dirtied, production_holds, namesakes, cloud):
    """All else goes, and the report says why this does not; nothing foreign is touched."""
    before = inventory.take()
    # Rally may have been killed before it had deactivated the last one.
    inactive = {("image", one.id) for one in cloud.image.images() if one.status == "deactivated"}
    images = inactive & set(dirtied.of("deactivated-images"))
    ended = dirtied.sweep("--os-cloud", "admin", "-f", "json")
    assert ended.returncode == 2, ended.stdout + ended.stderr
    left = dirtied.left()
    assert set(dirtied.held.values()) <= left
    rarer = {key for key in left if key[0] in KINDS.values()}
    assert rarer == set(dirtied.held.values()) | images
    rows = json.loads(ended.stdout)["Resources"]
    kept = {row["ID"]: row["Reason"] for row in rows if row["State"] == "kept"}
    # Nova numbers aggregates.
    assert {str(key[1]) for key in rarer} <= set(kept)
    assert "uses it" in kept[dirtied.held["roles"][1]]
    assert "it serves the foreign port holds" in kept[dirtied.held["trunks"][1]]
    assert "[image] remove_protected" in kept[dirtied.held["deactivated-images"][1]]
    foreign = namesakes | {key for key, one in before.items() if one["name"] == "holds"}
    assert inventory.compare(before, inventory.take(), foreign) == []


def test_what_production_lets_go_of_is_removed(dirtied, production_holds, tmp_path):
    """The options say that held images go, too: then nothing is left."""
    production_holds.close()
    options = tmp_path / "cleanupd.conf"
    options.write_text("[image]\nremove_protected = true\nremove_deactivated = true\n")
    ended = dirtied.sweep("--os-cloud", "admin", "--config-file", str(options))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert dirtied.left() == set()
