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

openstacksdk makes everything and looks from outside whether it is gone.
"""

from collections.abc import Callable
from collections.abc import Iterator
import secrets
import time

from keystoneauth1 import session as sessions
from keystoneauth1.identity.generic import password
import openstack
from openstack.config import cloud_region
from openstack.config import defaults
import pytest

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd import pacing
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import registry
from cleanupd.services.base import tables
from tests.contract import balancers
from tests.contract import shares
from tests.contract import world as worlds

MANAGERS, _ = registry.load_managers()
KINDS = sorted(MANAGERS)
# Later ones are in the way of earlier ones.
REMOVAL = (
    *balancers.REMOVAL,
    *shares.REMOVAL,
    ("dns.recordset", "recordset"),
    ("dns.zone", "subzone"),
    ("dns.zone", "zone"),
    ("orchestration.stack", "stack"),
    ("network.floating_ip", "floating_ip"),
    ("compute.server", "server"),
    ("compute.server_group", "server_group"),
    ("compute.aggregate", "aggregate"),
    ("compute.keypair", "keypair"),
    ("compute.flavor", "flavor"),
    ("block_storage.backup", "incremental"),
    ("block_storage.backup", "backup"),
    ("block_storage.volume", "copy"),
    ("block_storage.snapshot", "snapshot"),
    ("block_storage.volume", "volume"),
    ("block_storage.transfer", "transfer"),
    ("block_storage.volume", "offered"),
    ("block_storage.volume_type", "type"),
    ("block_storage.volume_type", "private_type"),
    ("block_storage.qos_spec", "qos_spec"),
    ("network.trunk", "trunk"),
    ("network.port", "parent"),
    ("network.port", "subport"),
    ("network.port", "interface"),
    ("network.router", "router"),
    ("network.port", "gateway"),
    ("network.port", "port"),
    ("network.subnet", "subnet"),
    ("network.network", "network"),
    ("network.rbac_policy", "rbac_policy"),
    ("network.subnet", "pooled_subnet"),
    ("network.network", "pooled_network"),
    ("network.subnet_pool", "subnet_pool"),
    ("network.address_scope", "address_scope"),
    ("network.qos_policy", "qos_policy"),
    ("network.security_group", "addressed_group"),
    ("network.address_group", "address_group"),
    ("network.bgpvpn", "bgpvpn"),
    ("network.firewall_group", "firewall_group"),
    ("network.firewall_policy", "firewall_policy"),
    ("network.firewall_rule", "firewall_rule"),
    ("network.security_group", "group"),
    ("network.security_group", "remote_group"),
    ("network.security_group", "default_group"),
    ("baremetal.port", "metal_port"),
    ("baremetal.port_group", "metal_group"),
    ("baremetal.allocation", "metal_allocation"),
    ("baremetal.node", "metal_node"),
    ("baremetal.chassis", "metal_chassis"),
    ("baremetal.deploy_template", "metal_template"),
    ("image.image", "image"),
    ("image.image", "protected_image"),
    ("image.image", "deactivated_image"),
    ("identity.role", "role"),
    ("identity.role", "implied_role"),
    ("identity.role", "domain_role"),
    ("identity.service", "service"),
    ("identity.credential", "credential"),
    ("identity.user", "user"),
    ("identity.project", "child"),
    ("identity.project", "project"),
)

#: What has no name, or a name that is not ours.
UNNAMED = {
    *("gateway", "interface", "default_group", "rbac_policy"),
    *("metal_port", "metal_template", "credential"),
}
#: The kinds of which a service tells several by one page.
TOGETHER = {
    kind
    for kind, plugin in MANAGERS.items()
    if issubclass(plugin, tables.TableManager) and plugin.TABLE.several is not None
}


def eventually(is_true: Callable[[], object], *, within_s: float = 60.0) -> None:
    """Return as soon as ``is_true`` says so, and fail after ``within_s``."""
    end = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


def _is_of_contract(_: object, record: resources.Resource) -> str | None:
    """Take what these tests made for a benchmark's."""
    return "contract" if (record.name or "").startswith("contract-") else None


class Listed:
    """All kinds of a cloud, listed by the managers."""

    def __init__(self, door: clouds.Cloud) -> None:
        self.door = door
        self.found: dict[str, tuple[resources.Resource, ...]] = {}
        for kind in sorted(MANAGERS, key=lambda one: len(MANAGERS[one].KIND.listed_after)):
            listed = manager.list_all(MANAGERS[kind], door, self.found, _is_of_contract)
            assert listed.unseen is None
            self.found[kind] = listed.records

    def one(self, kind: str, resource_id: str) -> resources.Resource:
        """Return the resource of ``kind`` with ``resource_id``, which was listed once."""
        [found] = [one for one in self.found[kind] if one.ref.id == resource_id]
        return found


def edges(found: resources.Resource) -> set[tuple[str, str, str]]:
    """Return sort, kind and id of the edges of ``found``."""
    return {(edge.sort.value, edge.target.kind, edge.target.id) for edge in found.edges}


@pytest.fixture(scope="module")
def region(
    admin_session: sessions.Session, admin_options: dict[str, str]
) -> cloud_region.CloudRegion:
    """Give the cloud as openstacksdk configures it."""
    return cloud_region.CloudRegion(
        "contract",
        "RegionOne",
        {**defaults.get_defaults(), "auth": admin_options},
        session=admin_session,
        auth_plugin=admin_session.auth,
    )


@pytest.fixture(scope="module")
def door(region: cloud_region.CloudRegion, admin_session: sessions.Session) -> clouds.Cloud:
    """Give the cloud as cleanupd sees it."""
    return clouds.Cloud(region, admin_session, pacing.Patience(), pacing.Pace())


@pytest.fixture(scope="module")
def world(
    region: cloud_region.CloudRegion, admin_options: dict[str, str]
) -> Iterator[worlds.World]:
    """Give one of everything."""
    sdk = openstack.connection.Connection(config=region)
    kept = {name: one for name, one in admin_options.items() if not name.startswith("project")}
    system = sessions.Session(password.Password(**kept, system_scope="all"))
    world = worlds.World(sdk, f"contract-{secrets.token_hex(4)}", system)
    try:
        world.build()
        yield world
    finally:
        world.raze()


@pytest.fixture(scope="module")
def listed(world: worlds.World, door: clouds.Cloud) -> Listed:
    """Give what the managers list."""
    return Listed(door)


@pytest.mark.parametrize(("kind", "what"), REMOVAL)
def test_everything_is_listed_and_read_alike(
    world: worlds.World, listed: Listed, kind: str, what: str
) -> None:
    """What a list tells of a resource is what the service tells of it alone."""
    found = listed.one(kind, world.ids[what])
    read = MANAGERS[kind](listed.door, found).read()
    assert read is not None
    for field in ("ref", "holds", *MANAGERS[kind].KIND.identity_fields):
        assert getattr(read, field) == getattr(found, field)
    assert edges(read) == edges(found)
    is_named_by_us = what not in UNNAMED
    assert (found.name or "").startswith(world.name) is is_named_by_us


@pytest.mark.parametrize(("kind", "what"), [one for one in REMOVAL if one[0] in TOGETHER])
def test_what_is_read_together_is_the_same(
    world: worlds.World, listed: Listed, kind: str, what: str
) -> None:
    """What one page tells of several resources is what the service tells of each alone."""
    found = listed.one(kind, world.ids[what])
    others = [one for one in listed.found[kind] if one.project_id == found.project_id]
    told = [
        one
        for one in MANAGERS[kind].read_some(listed.door, [found, *others])
        if one.ref == found.ref
    ]
    # Glance tells of hidden images apart from all others, so this one has to be read alone.
    is_told = (kind, what) != ("image.image", "image")
    assert told == ([MANAGERS[kind](listed.door, found).read()] if is_told else [])


@pytest.mark.parametrize("kind", KINDS)
def test_edges_are_declared(listed: Listed, kind: str) -> None:
    """No record of the whole cloud holds an edge that its kind does not declare."""
    rules = {(rule.sort.value, rule.target) for rule in MANAGERS[kind].KIND.edges}
    for one in listed.found[kind]:
        assert {(sort, target) for sort, target, _ in edges(one)} <= rules


def test_what_designate_makes_for_a_zone_is_told(world: worlds.World, listed: Listed) -> None:
    """SOA and NS are made for it; a zone below it names it."""
    zone = world.ids["zone"]
    parts = [
        one
        for one in listed.found["dns.recordset"]
        if ("created-for", "dns.zone", zone) in edges(one)
    ]
    assert sorted(str(one.details["type"]) for one in parts) == ["NS", "SOA"]
    assert {one.name for one in parts} == {None}
    name = f"{world.name}.name."
    assert ("attached-to", "dns.zone", name) in edges(listed.one("dns.zone", world.ids["subzone"]))


def test_a_recordset_is_found_by_its_id_alone(world: worlds.World, listed: Listed) -> None:
    """Where its zone is not known, Designate leads to it."""
    found = listed.one("dns.recordset", world.ids["recordset"])
    unknown = resources.Resource(ref=found.ref)
    assert (
        MANAGERS["dns.recordset"](listed.door, unknown).read()
        == MANAGERS["dns.recordset"](listed.door, found).read()
    )


def test_a_stack_made_what_is_in_it(world: worlds.World, listed: Listed) -> None:
    """A network and a stack with one of its own; the one outside was there before."""
    ids = world.ids
    found = listed.one("orchestration.stack", ids["stack"])
    assert edges(found) == {
        ("made", "network.network", ids["stacked_network"]),
        ("made", "orchestration.stack", ids["inner_stack"]),
        ("made", "network.network", ids["inner_network"]),
        ("attached-to", "network.network", ids["outside"]),
    }
    assert found.project_id == listed.one("network.network", ids["stacked_network"]).project_id
    unnamed = resources.Resource(ref=found.ref)
    assert MANAGERS["orchestration.stack"](listed.door, unnamed).read() == found


def test_a_server_is_attached_to_what_it_uses(world: worlds.World, listed: Listed) -> None:
    """Flavor, keypair, image and volume."""
    ids = world.ids
    assert edges(listed.one("compute.server", ids["server"])) == {
        ("attached-to", "compute.flavor", world.name),
        ("attached-to", "compute.keypair", ids["keypair"]),
        ("attached-to", "image.image", ids["base_image"]),
        ("attached-to", "block_storage.volume", ids["volume"]),
    }


def test_what_is_used_may_tell_of_it(world: worlds.World, listed: Listed) -> None:
    """A server group has members, an aggregate and a private type have projects."""
    ids = world.ids
    project = ("used-by", "identity.project", ids["project"])
    member = ("used-by", "compute.server", ids["server"])
    assert edges(listed.one("compute.server_group", ids["server_group"])) == {member}
    assert edges(listed.one("compute.aggregate", ids["aggregate"])) == {project}
    assert edges(listed.one("block_storage.volume_type", ids["private_type"])) == {project}


def test_what_speaks_against_a_removal_is_told(world: worlds.World, listed: Listed) -> None:
    """Protection and deactivation of images; Keystone's own roles are immutable."""
    held = {one.ref.id: one.holds for one in listed.found["image.image"] if one.holds}
    assert held[world.ids["protected_image"]] == ("protected",)
    assert held[world.ids["deactivated_image"]] == ("deactivated",)
    [admin] = [one for one in listed.found["identity.role"] if one.name == "admin"]
    assert admin.holds == ("immutable",)


def test_ports_are_made_for_their_owners(world: worlds.World, listed: Listed) -> None:
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


def test_other_edges_lead_where_they_should(world: worlds.World, listed: Listed) -> None:
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
        ("identity.role", "role", "identity.role", "implied_role"),
        ("identity.endpoint", "endpoint", "identity.service", "service"),
        ("dns.recordset", "recordset", "dns.zone", "zone"),
        (shares.REMOVAL[0][0], "share_snapshot", shares.REMOVAL[1][0], "share"),
        (shares.REMOVAL[1][0], "share", shares.REMOVAL[4][0], "share_type"),
        (shares.REMOVAL[2][0], "share_network", "network.network", "network"),
        (shares.REMOVAL[2][0], "share_network", "network.subnet", "subnet"),
        ("network.trunk", "trunk", "network.port", "parent"),
        ("network.trunk", "trunk", "network.port", "subport"),
        ("network.network", "pooled_network", "network.qos_policy", "qos_policy"),
        ("network.subnet", "pooled_subnet", "network.subnet_pool", "subnet_pool"),
        ("network.subnet_pool", "subnet_pool", "network.address_scope", "address_scope"),
        ("network.security_group", "addressed_group", "network.address_group", "address_group"),
        ("network.rbac_policy", "rbac_policy", "network.network", "pooled_network"),
        ("baremetal.node", "metal_node", "baremetal.chassis", "metal_chassis"),
        ("baremetal.port", "metal_port", "baremetal.port_group", "metal_group"),
        ("baremetal.allocation", "metal_allocation", "baremetal.node", "metal_node"),
        ("block_storage.transfer", "transfer", "block_storage.volume", "offered"),
        ("block_storage.backup", "backup", "block_storage.volume", "copy"),
        ("block_storage.backup", "incremental", "block_storage.backup", "backup"),
        ("block_storage.volume_type", "type", "block_storage.qos_spec", "qos_spec"),
    )
    for kind, what, target_kind, target in expected:
        found = edges(listed.one(kind, ids[what]))
        assert ("attached-to", target_kind, ids[target]) in found
    assignment = f"user:{ids['user']}/project:{ids['project']}/role:{ids['role']}"
    assert edges(listed.one("identity.role_assignment", assignment)) == {
        ("created-for", "identity.user", ids["user"]),
        ("attached-to", "identity.project", ids["project"]),
    }
    assert edges(listed.one("identity.role", ids["role"])) == {
        ("attached-to", "identity.role", ids["implied_role"]),
        ("used-by", "identity.role_assignment", assignment),
    }


@pytest.mark.parametrize(
    ("kind", "what"), [o for o in balancers.REMOVAL if o[1] in balancers.EDGES]
)
def test_a_load_balancer_and_all_in_it_are_tied(
    world: worlds.World, listed: Listed, kind: str, what: str
) -> None:
    """Each is attached to what it is in, and goes with that."""
    told = {(sort, other, world.ids[one]) for sort, other, one in balancers.EDGES[what]}
    found = listed.one(kind, world.ids[what])
    assert edges(found) == told
    for sort, other, id_ in told:
        if other.startswith("load_balancer") and what not in ("balancer_flavor", "load_balancer"):
            assert sort == "attached-to"
            takes = found.ref in listed.one(other, id_).cascades
            assert takes is ((what, other) in balancers.TAKEN)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("dns.zone", "zone"),
        *(one for one in shares.REMOVAL if one[1] in shares.USED),
        ("load_balancer.pool", "pool"),
        ("load_balancer.flavor", "balancer_flavor"),
        ("load_balancer.flavor_profile", "flavor_profile"),
        ("network.network", "network"),
        ("network.subnet", "subnet"),
        ("network.router", "router"),
        ("network.port", "interface"),
        ("network.port", "gateway"),
        ("block_storage.volume", "volume"),
        ("block_storage.volume", "offered"),
        ("block_storage.backup", "backup"),
        ("block_storage.volume_type", "type"),
        ("block_storage.qos_spec", "qos_spec"),
        ("network.port", "parent"),
        ("network.port", "subport"),
        ("network.qos_policy", "qos_policy"),
        ("network.address_scope", "address_scope"),
        ("network.subnet_pool", "subnet_pool"),
        ("network.address_group", "address_group"),
        ("network.firewall_policy", "firewall_policy"),
        ("network.firewall_rule", "firewall_rule"),
        ("baremetal.node", "metal_node"),
        ("baremetal.port_group", "metal_group"),
        ("baremetal.chassis", "metal_chassis"),
    ],
)
def test_what_is_in_use_is_a_conflict(
    world: worlds.World, listed: Listed, kind: str, what: str
) -> None:
    """The service's objection comes back, and nothing is gone."""
    found = MANAGERS[kind](listed.door, listed.one(kind, world.ids[what])).read()
    assert found is not None
    with pytest.raises(exceptions.Conflict):
        MANAGERS[kind](listed.door, found).delete()
    assert MANAGERS[kind](listed.door, found).read() is not None


def test_a_network_that_has_changed_is_stale(world: worlds.World, door: clouds.Cloud) -> None:
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


def test_everything_can_be_removed(world: worlds.World, listed: Listed) -> None:
    """In the right order everything goes, is read as None and is not listed any more."""
    made = [(kind, what) for kind, what in REMOVAL if what in world.ids]
    for kind, what in made:
        _remove(MANAGERS[kind](listed.door, listed.one(kind, world.ids[what])))
    after = Listed(listed.door)
    for kind, what in made:
        assert world.ids[what] not in {one.ref.id for one in after.found[kind]}
    names = [one.name or "" for found in after.found.values() for one in found]
    assert not [name for name in names if name.startswith(world.name)]


def _remove(plugin: manager.ResourceManager) -> None:
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
