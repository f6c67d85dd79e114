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

"""What the managers have to do on any cloud: one resource of each kind, from list to removal.

A test module makes a class from :class:`ManagerContract` and gives it a
fixture ``door`` (a connected Cloud) and ``sdk`` (an openstacksdk connection
of the same administrator).  openstacksdk makes everything and looks from
outside whether it is gone.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import secrets
import time

import openstack
from openstack import exceptions as sdk_exceptions
import pytest

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import registry

MANAGERS, _ = registry.load_managers()
KINDS = sorted(MANAGERS)
# Later ones are in the way of earlier ones.
REMOVAL = (
    ("network.floating_ip", "floating_ip"),
    ("compute.server", "server"),
    ("compute.keypair", "keypair"),
    ("compute.flavor", "flavor"),
    ("block_storage.volume", "copy"),
    ("block_storage.snapshot", "snapshot"),
    ("block_storage.volume", "volume"),
    ("network.port", "interface"),
    ("network.port", "gateway"),
    ("network.router", "router"),
    ("network.port", "port"),
    ("network.subnet", "subnet"),
    ("network.network", "network"),
    ("network.security_group", "group"),
    ("network.security_group", "remote_group"),
    ("network.security_group", "default_group"),
    ("image.image", "image"),
    ("identity.user", "user"),
    ("identity.project", "child"),
    ("identity.project", "project"),
)


def eventually(is_true: Callable[[], object], *, within_s: float = 60.0) -> None:
    """Return as soon as ``is_true`` says so, and fail after ``within_s``."""
    end = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


@dataclasses.dataclass
class World:
    """One of everything on a cloud, by what it is called in the tests."""

    sdk: openstack.connection.Connection
    name: str
    ids: dict[str, str] = dataclasses.field(default_factory=dict)

    def build(self) -> None:
        """Make everything; the names all begin with ``name``."""
        self._identity()
        self._network()
        self._storage()
        self._compute()

    def _identity(self) -> None:
        identity = self.sdk.identity
        project = identity.create_project(name=self.name, domain_id="default")
        child = identity.create_project(
            name=f"{self.name}-child", domain_id="default", parent_id=project.id
        )
        user = identity.create_user(
            name=self.name,
            domain_id="default",
            password=secrets.token_hex(),
            default_project_id=project.id,
        )
        role = identity.find_role("member")
        identity.assign_project_role_to_user(project, user, role)
        self.ids |= {"project": project.id, "child": child.id, "user": user.id, "role": role.id}

    def _network(self) -> None:
        api, name = self.sdk.network, self.name
        outside = next(iter(api.networks(is_router_external=True)))
        network = api.create_network(name=name)
        subnet = api.create_subnet(
            network_id=network.id, ip_version=4, cidr="10.78.0.0/24", name=name
        )
        router = api.create_router(name=name, external_gateway_info={"network_id": outside.id})
        api.add_interface_to_router(router, subnet=subnet.id)
        routes = [{"destination": "10.99.0.0/24", "nexthop": "10.78.0.9"}]
        api.update_router(router, routes=routes)
        remote = api.create_security_group(name=f"{name}-remote")
        group = api.create_security_group(name=name)
        api.create_security_group_rule(
            security_group_id=group.id,
            direction="ingress",
            ethertype="IPv4",
            remote_group_id=remote.id,
        )
        # Asking for a project's groups makes Neutron create the one named default.
        [default] = api.security_groups(project_id=self.ids["project"])
        port = api.create_port(network_id=network.id, name=name, security_group_ids=[group.id])
        self.ids |= {"outside": outside.id, "network": network.id, "subnet": subnet.id}
        self.ids |= {"router": router.id, "group": group.id, "remote_group": remote.id}
        self.ids |= {"port": port.id, "default_group": default.id}
        for owner in ("gateway", "interface"):
            device = f"network:router_{owner}"
            [found] = api.ports(device_id=router.id, device_owner=device)
            self.ids[owner] = found.id

    def _storage(self) -> None:
        api = self.sdk.block_storage
        volume = api.create_volume(size=1, name=self.name)
        api.wait_for_status(volume, "available", interval=0.5)
        snapshot = api.create_snapshot(volume_id=volume.id, name=self.name)
        api.wait_for_status(snapshot, "available", interval=0.5)
        copy = api.create_volume(size=1, name=f"{self.name}-copy", snapshot_id=snapshot.id)
        api.wait_for_status(copy, "available", interval=0.5)
        image = self.sdk.image.create_image(
            self.name, container_format="bare", disk_format="raw", data=b"nothing"
        )
        self.sdk.image.update_image(image, is_hidden=True)
        self.ids |= {"volume": volume.id, "snapshot": snapshot.id, "copy": copy.id}
        self.ids |= {"image": image.id}

    def _compute(self) -> None:
        api = self.sdk.compute
        flavor = api.create_flavor(name=self.name, ram=64, vcpus=1, disk=1, is_public=False)
        keypair = api.create_keypair(name=f"{self.name} key")
        image = next(one for one in self.sdk.image.images() if one.name.startswith("cirros"))
        server = api.create_server(
            name=self.name,
            flavor_id=flavor.id,
            image_id=image.id,
            key_name=keypair.name,
            networks=[{"uuid": self.ids["network"]}],
        )
        self.ids |= {"flavor": flavor.id, "keypair": f"{self.sdk.current_user_id}/{keypair.name}"}
        self.ids |= {"server": server.id, "base_image": image.id}
        server = api.wait_for_server(server, interval=1)
        api.create_volume_attachment(server, volume_id=self.ids["volume"])
        api.lock_server(server)
        [port] = self.sdk.network.ports(device_id=server.id)
        address = self.sdk.network.create_ip(
            floating_network_id=self.ids["outside"], port_id=port.id, description=self.name
        )
        self.ids |= {"server_port": port.id, "floating_ip": address.id}

    def raze(self) -> None:
        """Remove whatever a failed test left, by openstacksdk."""
        network, storage = self.sdk.network, self.sdk.block_storage
        identity, compute = self.sdk.identity, self.sdk.compute
        self._try("floating_ip", network.delete_ip)
        self._try("server", compute.delete_server, compute.get_server)
        self._try("keypair", lambda one: compute.delete_keypair(one.partition("/")[2]))
        self._try("flavor", compute.delete_flavor)
        self._try("copy", storage.delete_volume, storage.get_volume)
        self._try("snapshot", storage.delete_snapshot, storage.get_snapshot)
        self._try("volume", storage.delete_volume)
        self._try("router", lambda one: network.update_router(one, routes=[]))
        subnet = self.ids.get("subnet")
        self._try("router", lambda one: network.remove_interface_from_router(one, subnet=subnet))
        self._try("router", network.delete_router)
        self._try("port", network.delete_port)
        self._try("network", network.delete_network)
        self._try("group", network.delete_security_group)
        self._try("remote_group", network.delete_security_group)
        self._try("default_group", network.delete_security_group)
        self._try("image", self.sdk.image.delete_image)
        self._try("user", identity.delete_user)
        self._try("child", identity.delete_project)
        self._try("project", identity.delete_project)

    def _try(
        self,
        what: str,
        remove: Callable[[str], object],
        get: Callable[[str], object] | None = None,
    ) -> None:
        """Remove ``what``, if it was made, and wait until ``get`` finds it no more."""
        if what not in self.ids:
            return
        with contextlib.suppress(sdk_exceptions.SDKException):
            remove(self.ids[what])
            for _ in range(100 if get else 0):
                get(self.ids[what])
                time.sleep(0.2)


class Listed:
    """All kinds of a cloud, listed by the managers."""

    def __init__(self, door: clouds.Cloud) -> None:
        self.door = door
        self.found: dict[str, tuple[resources.Resource, ...]] = {}
        for kind in sorted(MANAGERS, key=lambda one: len(MANAGERS[one].KIND.listed_after)):
            self.found[kind] = tuple(MANAGERS[kind].list(door, self.found))

    def one(self, kind: str, resource_id: str) -> resources.Resource:
        """Return the resource of ``kind`` with ``resource_id``, which was listed once."""
        [found] = [one for one in self.found[kind] if one.ref.id == resource_id]
        return found


def edges(found: resources.Resource) -> set[tuple[str, str, str]]:
    """Return sort, kind and id of the edges of ``found``."""
    return {(edge.sort.value, edge.target.kind, edge.target.id) for edge in found.edges}


class ManagerContract:
    """List, read and remove one resource of each kind."""

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, sdk: openstack.connection.Connection) -> Iterator[World]:
        """Give one of everything."""
        world = World(sdk, f"contract-{secrets.token_hex(4)}")
        try:
            world.build()
            yield world
        finally:
            world.raze()

    @pytest.fixture(scope="class")
    @classmethod
    def listed(cls, world: World, door: clouds.Cloud) -> Listed:
        """Give what the managers list."""
        return Listed(door)

    @pytest.mark.parametrize(("kind", "what"), REMOVAL)
    def test_everything_is_listed_and_read_alike(
        self, world: World, listed: Listed, kind: str, what: str
    ) -> None:
        """What a list tells of a resource is what the service tells of it alone."""
        found = listed.one(kind, world.ids[what])
        read = MANAGERS[kind](listed.door, found).read()
        assert read is not None
        for field in ("ref", *MANAGERS[kind].KIND.identity_fields):
            assert getattr(read, field) == getattr(found, field)
        assert edges(read) == edges(found)
        is_named_by_us = what not in {"gateway", "interface", "default_group"}
        assert (found.name or "").startswith(world.name) is is_named_by_us

    @pytest.mark.parametrize("kind", KINDS)
    def test_edges_are_declared(self, listed: Listed, kind: str) -> None:
        """No record of the whole cloud holds an edge that its kind does not declare."""
        rules = {(rule.sort.value, rule.target) for rule in MANAGERS[kind].KIND.edges}
        for one in listed.found[kind]:
            assert {(sort, target) for sort, target, _ in edges(one)} <= rules

    def test_a_server_is_attached_to_what_it_uses(self, world: World, listed: Listed) -> None:
        """Flavor, keypair, image and volume."""
        ids = world.ids
        assert edges(listed.one("compute.server", ids["server"])) == {
            ("attached-to", "compute.flavor", world.name),
            ("attached-to", "compute.keypair", ids["keypair"]),
            ("attached-to", "image.image", ids["base_image"]),
            ("attached-to", "block_storage.volume", ids["volume"]),
        }

    def test_ports_are_made_for_their_owners(self, world: World, listed: Listed) -> None:
        """Those of a server, of a router and of a floating IP."""
        owners = {
            what: listed.one("network.port", world.ids[what]).owners
            for what in ("server_port", "interface", "gateway", "port")
        }
        ids = {what: [ref.id for ref in refs] for what, refs in owners.items()}
        router, server = world.ids["router"], world.ids["server"]
        expected = {
            "server_port": [server],
            "interface": [router],
            "gateway": [router],
            "port": [],
        }
        assert ids == expected
        floating = [ref.id for one in listed.found["network.port"] for ref in one.owners]
        assert world.ids["floating_ip"] in floating

    def test_other_edges_lead_where_they_should(self, world: World, listed: Listed) -> None:
        """Copy to snapshot to volume, group to remote group, child to parent, user to both."""
        ids = world.ids
        expected = (
            ("block_storage.volume", "copy", "block_storage.snapshot", "snapshot"),
            ("block_storage.snapshot", "snapshot", "block_storage.volume", "volume"),
            ("network.security_group", "group", "network.security_group", "remote_group"),
            ("network.floating_ip", "floating_ip", "network.port", "server_port"),
            ("network.router", "router", "network.network", "outside"),
            ("identity.project", "child", "identity.project", "project"),
            ("identity.user", "user", "identity.project", "project"),
        )
        for kind, what, target_kind, target in expected:
            found = edges(listed.one(kind, ids[what]))
            assert ("attached-to", target_kind, ids[target]) in found
        assignment = f"user:{ids['user']}/project:{ids['project']}/role:{ids['role']}"
        assert edges(listed.one("identity.role_assignment", assignment)) == {
            ("created-for", "identity.user", ids["user"]),
            ("attached-to", "identity.project", ids["project"]),
        }

    @pytest.mark.parametrize(
        ("kind", "what"),
        [
            ("network.network", "network"),
            ("network.subnet", "subnet"),
            ("network.router", "router"),
            ("network.port", "interface"),
            ("network.port", "gateway"),
            ("block_storage.volume", "volume"),
        ],
    )
    def test_what_is_in_use_is_a_conflict(
        self, world: World, listed: Listed, kind: str, what: str
    ) -> None:
        """The service's objection comes back, and nothing is gone."""
        found = MANAGERS[kind](listed.door, listed.one(kind, world.ids[what])).read()
        assert found is not None
        with pytest.raises(exceptions.Conflict):
            MANAGERS[kind](listed.door, found).delete()
        assert MANAGERS[kind](listed.door, found).read() is not None

    def test_a_network_that_has_changed_is_stale(self, world: World, door: clouds.Cloud) -> None:
        """Neutron deletes no other revision than the one that was read."""
        made = world.sdk.network.create_network(name=f"{world.name}-stale")
        try:
            [before] = [
                one for one in MANAGERS["network.network"].list(door, {}) if one.ref.id == made.id
            ]
            world.sdk.network.update_network(made, description="changed")
            with pytest.raises(exceptions.Stale):
                MANAGERS["network.network"](door, before).delete()
        finally:
            world.sdk.network.delete_network(made)

    def test_everything_can_be_removed(self, world: World, listed: Listed) -> None:
        """In the right order everything goes, is read as None and is not listed any more."""
        for kind, what in REMOVAL:
            self._remove(MANAGERS[kind](listed.door, listed.one(kind, world.ids[what])))
        after = Listed(listed.door)
        for kind, what in REMOVAL:
            assert world.ids[what] not in {one.ref.id for one in after.found[kind]}
        names = [one.name or "" for found in after.found.values() for one in found]
        assert not [name for name in names if name.startswith(world.name)]

    def _remove(self, plugin: manager.ResourceManager) -> None:
        """Read, remove, wait until it is gone, and remove it once more, which is success."""

        def attempt() -> bool:
            fresh = plugin.read()
            if fresh is None:
                return True
            try:
                type(plugin)(plugin.cloud, fresh).delete()
            except (exceptions.Conflict, exceptions.Stale):
                return False
            return True

        eventually(attempt)
        eventually(lambda: plugin.read() is None)
        plugin.delete()
