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

"""No parser ever makes half a record of an answer that it does not understand."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies
import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import registry
from cleanupd.services.base import tables
from tests.unit.services import answers

MANAGERS, _ = registry.load_managers()
TABLES: dict[str, tables.Table[Any]] = {
    kind: manager.TABLE
    for kind, manager in MANAGERS.items()
    if issubclass(manager, tables.TableManager)
}
SAMPLES = {
    "compute.server": "compute/servers",
    "compute.flavor": "compute/flavors",
    "compute.server_group": "compute/server_groups",
    "compute.aggregate": "compute/aggregates",
    "compute.hypervisor": "compute/hypervisors",
    "network.floating_ip": "network/floatingips",
    "network.port": "network/ports",
    "network.trunk": "network/trunks",
    "network.router": "network/routers",
    "network.subnet": "network/subnets",
    "network.network": "network/networks",
    "network.security_group": "network/security_groups",
    "network.qos_policy": "network/qos_policies",
    "network.address_scope": "network/address_scopes",
    "network.subnet_pool": "network/subnetpools",
    "network.address_group": "network/address_groups",
    "network.rbac_policy": "network/rbac_policies",
    "network.bgpvpn": "network/bgpvpns",
    "network.firewall_group": "network/firewall_groups",
    "network.firewall_policy": "network/firewall_policies",
    "network.firewall_rule": "network/firewall_rules",
    "block_storage.volume": "block_storage/volumes",
    "block_storage.snapshot": "block_storage/snapshots",
    "block_storage.backup": "block_storage/backups",
    "block_storage.transfer": "block_storage/transfers",
    "block_storage.volume_type": "block_storage/volume_types",
    "block_storage.qos_spec": "block_storage/qos_specs",
    "baremetal.node": "baremetal/nodes",
    "baremetal.port": "baremetal/ports",
    "baremetal.port_group": "baremetal/portgroups",
    "baremetal.allocation": "baremetal/allocations",
    "baremetal.deploy_template": "baremetal/deploy_templates",
    "baremetal.chassis": "baremetal/chassis",
    "image.image": "image/images",
    "load_balancer.load_balancer": "load_balancer/load_balancers",
    "load_balancer.listener": "load_balancer/listeners",
    "load_balancer.pool": "load_balancer/pools",
    "load_balancer.health_monitor": "load_balancer/health_monitors",
    "load_balancer.l7_policy": "load_balancer/l7_policies",
    "load_balancer.flavor": "load_balancer/flavors",
    "load_balancer.flavor_profile": "load_balancer/flavor_profiles",
    "load_balancer.amphora": "load_balancer/amphorae",
    "dns.zone": "dns/zones",
    "dns.recordset": "dns/recordsets",
    "orchestration.stack": "orchestration/stacks",
    "shared_file_system.share": "shared_file_system/shares",
    "shared_file_system.snapshot": "shared_file_system/snapshots",
    "shared_file_system.share_network": "shared_file_system/share_networks",
    "shared_file_system.security_service": "shared_file_system/security_services",
    "shared_file_system.share_type": "shared_file_system/share_types",
    "identity.project": "identity/projects",
    "identity.user": "identity/users",
    "identity.role": "identity/roles",
    "identity.service": "identity/services",
    "identity.endpoint": "identity/endpoints",
    "identity.role_assignment": "identity/role_assignments",
    "identity.credential": "identity/credentials",
    "identity.trust": "identity/trusts",
}
#: What each kind's answer must have, in the words of its API.
BALANCED = {"id", "name", "project_id", "provisioning_status", "created_at"}
REQUIRED = {
    "compute.server": {
        "id",
        "name",
        "status",
        "tenant_id",
        "user_id",
        "created",
        "flavor",
        "image",
    }
    | {"key_name", "locked", "OS-SRV-USG:launched_at", "os-extended-volumes:volumes_attached"}
    | {"OS-EXT-SRV-ATTR:host", "OS-EXT-AZ:availability_zone"},
    "compute.flavor": {"id", "name"},
    "compute.server_group": {"id", "name", "project_id", "user_id", "members"},
    "compute.aggregate": {"id", "name", "created_at", "hosts", "metadata", "availability_zone"},
    "compute.hypervisor": {"id", "hypervisor_hostname", "state", "status", "service"},
    "network.floating_ip": {"id", "description", "project_id", "created_at", "revision_number"}
    | {"port_id", "router_id", "floating_network_id"},
    "network.port": {"id", "name", "project_id", "created_at", "revision_number", "device_id"}
    | {"device_owner", "network_id", "fixed_ips", "security_groups"},
    "network.trunk": {"id", "name", "project_id", "created_at", "revision_number"}
    | {"port_id", "sub_ports"},
    "network.router": {"id", "name", "project_id", "created_at", "revision_number", "routes"}
    | {"external_gateway_info"},
    "network.subnet": {"id", "name", "project_id", "created_at", "revision_number", "network_id"},
    "network.network": {"id", "name", "project_id", "created_at", "revision_number"},
    "network.security_group": {"id", "name", "project_id", "created_at", "revision_number"}
    | {"security_group_rules"},
    "network.qos_policy": {"id", "name", "project_id", "created_at", "revision_number"},
    "network.address_scope": {"id", "name", "project_id"},
    "network.subnet_pool": {"id", "name", "project_id", "created_at", "revision_number"}
    | {"address_scope_id"},
    "network.address_group": {"id", "name", "project_id", "created_at", "revision_number"},
    "network.rbac_policy": {"id", "project_id", "object_type", "object_id", "target_tenant"},
    "network.bgpvpn": {"id", "name", "project_id", "networks", "routers"},
    "network.firewall_group": {"id", "name", "project_id", "ports", "status"}
    | {"ingress_firewall_policy_id", "egress_firewall_policy_id"},
    "network.firewall_policy": {"id", "name", "project_id", "firewall_rules"},
    "network.firewall_rule": {"id", "name", "project_id"},
    "block_storage.volume": {"id", "name", "status", "user_id", "created_at", "snapshot_id"}
    | {"source_volid", "os-vol-tenant-attr:tenant_id", "attachments", "volume_type"},
    "block_storage.snapshot": {"id", "name", "status", "user_id", "created_at", "volume_id"}
    | {"os-extended-snapshot-attributes:project_id"},
    "block_storage.backup": {"id", "name", "status", "user_id", "created_at", "volume_id"}
    | {"snapshot_id", "is_incremental", "has_dependent_backups"}
    | {"os-backup-project-attr:project_id"},
    "block_storage.transfer": {"id", "name", "created_at", "volume_id", "source_project_id"},
    "block_storage.volume_type": {"id", "name", "is_public", "qos_specs_id"},
    "block_storage.qos_spec": {"id", "name"},
    "baremetal.node": {"uuid", "name", "created_at", "provision_state", "maintenance"}
    | {"protected", "instance_uuid", "allocation_uuid", "chassis_uuid", "owner", "lessee"},
    "baremetal.port": {"uuid", "created_at", "node_uuid", "portgroup_uuid"},
    "baremetal.port_group": {"uuid", "name", "created_at", "node_uuid"},
    "baremetal.allocation": {"uuid", "name", "created_at", "state", "node_uuid", "owner"},
    "baremetal.deploy_template": {"uuid", "name", "created_at"},
    "baremetal.chassis": {"uuid", "description", "created_at"},
    "image.image": {"id", "name", "owner", "status", "protected", "created_at"},
    "load_balancer.load_balancer": BALANCED
    | {"vip_port_id", "vip_subnet_id", "vip_network_id", "flavor_id", "listeners", "pools"},
    "load_balancer.listener": BALANCED | {"loadbalancers", "default_pool_id", "l7policies"},
    "load_balancer.pool": BALANCED | {"loadbalancers", "members"},
    "load_balancer.health_monitor": BALANCED | {"pools"},
    "load_balancer.l7_policy": BALANCED | {"listener_id", "redirect_pool_id"},
    "load_balancer.flavor": {"id", "name", "flavor_profile_id"},
    "load_balancer.flavor_profile": {"id", "name", "provider_name", "flavor_data"},
    "load_balancer.amphora": {"id", "loadbalancer_id", "compute_id", "created_at"}
    | {"vrrp_port_id", "ha_port_id"},
    "dns.zone": {"id", "name", "project_id", "status", "action", "created_at"},
    "dns.recordset": {"id", "name", "zone_id", "zone_name", "project_id", "type", "created_at"},
    "orchestration.stack": {"id", "stack_name", "stack_status", "creation_time", "updated_time"}
    | {"parent"},
    "shared_file_system.share": {"id", "name", "project_id", "user_id", "created_at", "share_type"}
    | {"share_network_id", "snapshot_id", "has_replicas", "metadata"},
    "shared_file_system.snapshot": {"id", "name", "project_id", "created_at", "share_id"},
    "shared_file_system.share_network": {"id", "name", "project_id", "created_at"}
    | {"share_network_subnets"},
    "shared_file_system.security_service": {"id", "name", "project_id", "created_at"}
    | {"share_networks"},
    "shared_file_system.share_type": {"id", "name", "share_type_access:is_public"},
    "identity.project": {"id", "name", "domain_id", "parent_id"},
    "identity.user": {"id", "name", "domain_id"},
    "identity.role": {"id", "name"},
    "identity.service": {"id", "name", "type", "enabled"},
    "identity.endpoint": {"id", "service_id"},
    "identity.role_assignment": {"role", "scope", "user"},
    "identity.credential": {"id", "user_id", "project_id", "type"},
    "identity.trust": {"id", "trustor_user_id", "trustee_user_id", "project_id"},
}
WRONG: tuple[Any, ...] = (7, 1.5, True, [1], {"a": 1}, ["x"], {})
JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.text(max_size=8),
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def record_of(kind: str) -> dict[str, Any]:
    """Return a recorded record of ``kind``."""
    return answers.sampled(SAMPLES[kind], TABLES[kind].plural)


def parse(kind: str, record: object) -> resources.Resource:
    """Return what the parser of ``kind`` makes of the answer with ``record``."""
    table = TABLES[kind]
    body = {table.singular: record} if table.singular else record
    return table.decode(json.dumps(body).encode(), answers.PLACE)


def list_all(kind: str, page: object) -> list[resources.Resource]:
    """Return what a listing of ``kind`` makes of ``page``."""
    cloud = answers.always(json.dumps(page).encode())
    return list(TABLES[kind].records(cloud, "/x?"))


FIELDS = [(kind, field) for kind, fields in REQUIRED.items() for field in sorted(fields)]


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_recorded_listing_is_parsed(kind: str) -> None:
    """Every record of a real service's answer becomes a resource of the kind."""
    found = list_all(kind, json.loads(answers.sample(SAMPLES[kind])))
    assert found
    assert {one.ref.kind for one in found} == {kind}


@pytest.mark.parametrize("kind", SAMPLES)
def test_listing_and_reading_agree(kind: str) -> None:
    """The record in a list and the one that is read alone become equal resources."""
    page = json.loads(answers.sample(SAMPLES[kind]))
    alone = [parse(kind, record) for record in page[TABLES[kind].plural]]
    assert list_all(kind, page) == alone


@pytest.mark.parametrize("kind", SAMPLES)
def test_edges_are_declared(kind: str) -> None:
    """A record holds no edge that its kind does not declare."""
    rules = {(rule.sort, rule.target) for rule in MANAGERS[kind].KIND.edges}
    for one in list_all(kind, json.loads(answers.sample(SAMPLES[kind]))):
        assert {(edge.sort, edge.target.kind) for edge in one.edges} <= rules
        assert {ref.kind for ref in one.cascades} <= set(MANAGERS[kind].KIND.cascades)


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_missing_field_is_an_error(kind: str, field: str) -> None:
    """A record without one of its fields is refused, alone and in a list."""
    record = record_of(kind)
    del record[field]
    with pytest.raises(exceptions.MalformedAnswer):
        parse(kind, record)
    with pytest.raises(exceptions.ListingIncomplete):
        list_all(kind, {TABLES[kind].plural: [record_of(kind), record]})


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_mistyped_field_is_an_error(kind: str, field: str) -> None:
    """A field of any type but its own is refused."""
    right = record_of(kind)
    for wrong in WRONG:
        if type(wrong) is type(right[field]):
            continue
        # Both are numbers that Python would take for one another, or an object that may be null.
        if right[field] is None and wrong == {}:
            continue
        with pytest.raises(exceptions.MalformedAnswer):
            parse(kind, {**right, field: wrong})


@pytest.mark.parametrize(
    "when", ["yesterday", "2026-13-01T00:00:00Z", "2026-11-21", "", 1795000000]
)
@pytest.mark.parametrize(
    "kind", [kind for kind, fields in REQUIRED.items() if fields & {"created", "created_at"}]
)
def test_a_date_that_cannot_be_read_is_an_error(kind: str, when: object) -> None:
    """A creation time is a time or an error, never left out."""
    field = "created" if "created" in REQUIRED[kind] else "created_at"
    with pytest.raises(exceptions.MalformedAnswer):
        parse(kind, {**record_of(kind), field: when})


@given(kind=strategies.sampled_from(sorted(SAMPLES)), body=strategies.binary(max_size=60))
def test_arbitrary_bytes_are_an_error(kind: str, body: bytes) -> None:
    """Whatever the bytes: an error of ours, not a record."""
    with pytest.raises(exceptions.MalformedAnswer):
        TABLES[kind].decode(body, answers.PLACE)


@given(
    kind=strategies.sampled_from(sorted(SAMPLES)),
    cut=strategies.floats(0, 1, exclude_max=True),
)
def test_a_truncated_answer_is_incomplete(kind: str, cut: float) -> None:
    """A listing whose bytes end early is never taken for a shorter one."""
    body = answers.sample(SAMPLES[kind]).rstrip()
    cloud = answers.always(body[: int(len(body) * cut)])
    with pytest.raises(exceptions.ListingIncomplete):
        list(TABLES[kind].records(cloud, "/x?"))


@given(data=strategies.data(), kind=strategies.sampled_from(sorted(SAMPLES)), value=JSON)
def test_any_other_value_is_an_error_or_the_value(
    data: strategies.DataObject, kind: str, value: object
) -> None:
    """With any JSON in one place, a record is refused or keeps what tells it from others."""
    right = record_of(kind)
    field = data.draw(strategies.sampled_from(sorted(right)))
    changed = copy.deepcopy(right)
    changed[field] = value
    try:
        found = parse(kind, changed)
    except exceptions.MalformedAnswer:
        return
    before = parse(kind, right)
    if field not in REQUIRED[kind]:
        identity = ("ref", "name", "project_id", "user_id", "created_at")
        assert [getattr(found, one) for one in identity] == [
            getattr(before, one) for one in identity
        ]
    elif field in ("id", "uuid"):
        assert found.ref.id == str(value)
    elif field == "name":
        assert found.name == (value or None)
