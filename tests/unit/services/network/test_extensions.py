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
"""What Neutron has by its extensions, as it reports that."""

import json
from typing import Any

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.network import resources as managers
from tests.unit.services import answers
from tests.unit.services import test_strictness

EXTENSIONS = b'{"extensions": [{"alias": "qos"}]}'
POLICY: dict[str, Any] = answers.sampled("network/rbac_policies", "rbac_policies")


def parse(manager: type[managers.NeutronManager], **fields: Any) -> resources.Resource:
    """Return what the first record of the kind's sample is, with other fields."""
    table = manager.TABLE
    name = test_strictness.SAMPLES[table.kind.name]
    record = answers.sampled(name, table.plural) | fields
    return table.decode(json.dumps({table.singular: record}).encode(), answers.PLACE)


def ties(found: resources.Resource) -> set[tuple[str, str, str]]:
    """Return sort, kind and id of the edges."""
    return {(edge.sort.value, edge.target.kind, edge.target.id) for edge in found.edges}


def test_a_policy_for_a_project_keeps_what_the_project_is_to_see() -> None:
    """Somebody made it: it is attached to its object, and the project uses it."""
    assert ties(parse(managers.RbacPolicyManager)) == {
        ("attached-to", "network.network", POLICY["object_id"]),
        ("used-by", "identity.project", POLICY["target_tenant"]),
    }


def test_a_policy_for_everybody_is_made_for_its_object() -> None:
    """Neutron makes one of an object that is shared or external."""
    found = parse(managers.RbacPolicyManager, target_tenant="*", object_type="subnetpool")
    assert ties(found) == {("created-for", "network.subnet_pool", POLICY["object_id"])}
    assert found.holds == ()


def test_a_policy_of_an_unknown_object_is_kept() -> None:
    """Nobody knows what goes with it."""
    found = parse(managers.RbacPolicyManager, target_tenant="*", object_type="something")
    assert (found.edges, found.holds) == ((), ("unknown_object",))


def test_a_pool_is_in_a_scope_or_in_none() -> None:
    """An address scope cannot go before its pools."""
    [(sort, kind, _)] = ties(parse(managers.SubnetPoolManager))
    assert (sort, kind) == ("attached-to", "network.address_scope")
    assert parse(managers.SubnetPoolManager, address_scope_id=None).edges == ()


def test_a_vpn_and_a_firewall_serve_what_is_in_them() -> None:
    """A foreign network, router or port keeps them; it may go before them."""
    vpn = parse(managers.BgpVpnManager, networks=["n"], routers=["r"], ports=["p"])
    firewall = parse(managers.FirewallGroupManager, ingress_firewall_policy_id=None)
    for found in (vpn, firewall):
        served = [edge for edge in found.edges if edge.target.kind != "network.firewall_policy"]
        assert served
        assert all(edge.is_serving and edge.is_loose for edge in served)
    assert {edge.target.id for edge in vpn.edges} == {"n", "r", "p"}


def test_a_delegated_subnet_is_of_no_pool() -> None:
    """Neutron has a word where the id of a pool would stand."""
    assert len(parse(managers.SubnetManager, subnetpool_id="prefix_delegation").edges) == 1
    assert len(parse(managers.SubnetManager, subnetpool_id="p").edges) == 2


def test_what_has_no_revision_is_deleted_without() -> None:
    """Neutron has nothing to compare."""
    cloud = answers.always(answers.sample("network/address_scopes"))
    [found] = managers.AddressScopeManager.list(cloud, {})
    managers.AddressScopeManager(cloud, found).delete()
    assert cloud.requests[-1] == ("DELETE", f"/address-scopes/{found.ref.id}", None, {})


def test_a_pool_that_is_used_is_a_conflict() -> None:
    """Neutron says 400 where it says 409 of everything else."""
    cloud = answers.refusing(400, "Subnet pool has existing allocations.")
    found = parse(managers.SubnetPoolManager)
    with pytest.raises(exceptions.Conflict):
        managers.SubnetPoolManager(cloud, found).delete()


def test_a_firewall_lets_go_of_its_ports_before() -> None:
    """As long as it protects any, it is ACTIVE and cannot be removed."""
    cloud = answers.always(answers.sample("network/firewall_groups"))
    [found] = managers.FirewallGroupManager.list(cloud, {})
    managers.FirewallGroupManager(cloud, found).delete()
    (_, put, body, _), (method, path, _, _) = cloud.requests[-2:]
    assert (put, body) == (path, {"firewall_group": {"ports": []}})
    assert method == "DELETE"


def test_a_neutron_without_an_extension_has_nothing_of_it() -> None:
    """It says 404, and the extension is not among those that it has."""
    missing = exceptions.NotFound("network", "GET", "/x", 404, "no such resource")
    cloud = answers.RecordedCloud(lambda _, path: EXTENSIONS if "extensions" in path else missing)
    assert list(managers.FirewallRuleManager.list(cloud, {})) == []
    with pytest.raises(exceptions.NotFound):
        list(managers.QosPolicyManager.list(cloud, {}))
