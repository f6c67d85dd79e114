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


"""The kinds that Neutron has by its extensions, and the one parser of each.

The formats are those of the networking API reference, version 2.0;
tests/samples/network holds bodies of Neutron 29, and of BGP VPN and FWaaS v2 the
samples of that reference.
"""

from collections.abc import Iterable

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire
from cleanupd.services.network import kinds as network_kinds

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_CREATED = resources.EdgeSort.CREATED_FOR
_IDENTITY = ("name", "project_id", "created_at")
_UNDATED = ("name", "project_id")
_REFERENCE = "the samples of the networking API reference"

QOS_POLICY = kinds.Kind(name="network.qos_policy", identity_fields=_IDENTITY, has_tags=True)

ADDRESS_SCOPE = kinds.Kind(name="network.address_scope", identity_fields=_UNDATED)

SUBNET_POOL = kinds.Kind(
    name="network.subnet_pool",
    has_tags=True,
    identity_fields=_IDENTITY,
    edges=(kinds.EdgeRule(_ATTACHED, "network.address_scope", "address_scope_id"),),
)

ADDRESS_GROUP = kinds.Kind(name="network.address_group", identity_fields=_IDENTITY)

#: What can be shared, by the word that a policy has for it.
SHARED = {
    "network": "network.network",
    "qos_policy": "network.qos_policy",
    "security_group": "network.security_group",
    "address_scope": "network.address_scope",
    "subnetpool": "network.subnet_pool",
    "address_group": "network.address_group",
    "bgpvpn": "network.bgpvpn",
}

RBAC_POLICY = kinds.Kind(
    name="network.rbac_policy",
    named_by="",
    # Neutron keeps what somebody uses; who only sees it, sees it no longer.
    is_guarded=False,
    identity_fields=("project_id", "edges"),
    edges=(
        *(
            kinds.EdgeRule(sort, kind, "object_id")
            for kind in SHARED.values()
            for sort in (_ATTACHED, _CREATED)
        ),
        kinds.EdgeRule(resources.EdgeSort.USED_BY, "identity.project", "target_tenant"),
    ),
    holds=(kinds.Hold("unknown_object", "it shares what cleanupd does not know"),),
)

BGPVPN = kinds.Kind(
    name="network.bgpvpn",
    emulated_from=_REFERENCE,
    # Its associations go with it.
    is_guarded=False,
    identity_fields=_UNDATED,
    edges=(
        kinds.EdgeRule(_ATTACHED, "network.network", "networks"),
        kinds.EdgeRule(_ATTACHED, "network.router", "routers"),
        kinds.EdgeRule(_ATTACHED, "network.port", "ports"),
    ),
)

FIREWALL_GROUP = kinds.Kind(
    name="network.firewall_group",
    emulated_from=_REFERENCE,
    identity_fields=_UNDATED,
    edges=(
        kinds.EdgeRule(
            _ATTACHED,
            "network.firewall_policy",
            "ingress_firewall_policy_id, egress_firewall_policy_id",
        ),
        kinds.EdgeRule(_ATTACHED, "network.port", "ports"),
    ),
    is_asynchronous=True,
)

FIREWALL_POLICY = kinds.Kind(
    name="network.firewall_policy",
    emulated_from=_REFERENCE,
    identity_fields=_UNDATED,
    edges=(kinds.EdgeRule(_ATTACHED, "network.firewall_rule", "firewall_rules"),),
)

FIREWALL_RULE = kinds.Kind(
    name="network.firewall_rule", emulated_from=_REFERENCE, identity_fields=_UNDATED
)


class Named(network_kinds.Standard, kw_only=True):
    """A QoS policy or an address group, of which no more is kept than what all have."""

    name: str


class Plain(msgspec.Struct, kw_only=True):
    """What tells neither its times nor a revision."""

    id: wire.Id
    name: str
    project_id: str


class SubnetPool(network_kinds.Standard, kw_only=True):
    """A subnet pool, in an address scope or in none."""

    name: str
    address_scope_id: str | None


class RbacPolicy(msgspec.Struct):
    """That a project, or every one (``*``), sees an object that is not its own."""

    id: wire.Id
    project_id: str
    object_type: wire.Id
    object_id: wire.Id
    target_tenant: wire.Id


class BgpVpn(Plain, kw_only=True):
    """A BGP VPN with what is in it."""

    networks: list[wire.Id]
    routers: list[wire.Id]
    # Since the extension bgpvpn-routes-control.
    ports: list[wire.Id] = []


class FirewallGroup(Plain, kw_only=True):
    """A firewall group with the ports that it protects."""

    status: str
    ports: list[wire.Id]
    ingress_firewall_policy_id: str | None
    egress_firewall_policy_id: str | None


class FirewallPolicy(Plain, kw_only=True):
    """A firewall policy with its rules, in their order."""

    firewall_rules: list[wire.Id]


def parse_qos_policy(policy: Named, place: wire.Place) -> resources.Resource:
    """Return the record of a QoS policy."""
    ref = place.ref(QOS_POLICY.name, policy.id)
    return network_kinds.record(ref, policy, name=policy.name)


def parse_address_group(group: Named, place: wire.Place) -> resources.Resource:
    """Return the record of an address group."""
    ref = place.ref(ADDRESS_GROUP.name, group.id)
    return network_kinds.record(ref, group, name=group.name)


def parse_subnet_pool(pool: SubnetPool, place: wire.Place) -> resources.Resource:
    """Return the record of a subnet pool."""
    scope = [pool.address_scope_id] if pool.address_scope_id else []
    return network_kinds.record(
        place.ref(SUBNET_POOL.name, pool.id),
        pool,
        name=pool.name,
        edges=_attached(place, ADDRESS_SCOPE.name, scope),
    )


def parse_address_scope(scope: Plain, place: wire.Place) -> resources.Resource:
    """Return the record of an address scope."""
    return _plain(ADDRESS_SCOPE, scope, place)


def parse_rbac_policy(policy: RbacPolicy, place: wire.Place) -> resources.Resource:
    """Return the record of an RBAC policy, which goes with its object.

    One for everybody is what Neutron makes of an object that is shared or
    external.  One for a project somebody made: it is attached, and keeps what
    a foreign project is to see.
    """
    kind = SHARED.get(policy.object_type)
    edges = []
    if policy.target_tenant != "*":
        project = place.ref("identity.project", policy.target_tenant)
        edges.append(resources.used_by(project, is_loose=True))
    if kind:
        tie = resources.created_for if policy.target_tenant == "*" else resources.attached_to
        edges.append(tie(place.ref(kind, policy.object_id)))
    return resources.Resource(
        ref=place.ref(RBAC_POLICY.name, policy.id),
        project_id=policy.project_id or None,
        edges=tuple(edges),
        holds=() if kind else ("unknown_object",),
        details={"object_type": policy.object_type, "target": policy.target_tenant},
    )


def parse_bgpvpn(vpn: BgpVpn, place: wire.Place) -> resources.Resource:
    """Return the record of a BGP VPN: it serves what is in it, which may go before it."""
    ties = (
        ("network.network", vpn.networks),
        ("network.router", vpn.routers),
        ("network.port", vpn.ports),
    )
    edges = (
        resources.attached_to(place.ref(kind, one), is_loose=True, is_serving=True)
        for kind, ids in ties
        for one in ids
    )
    return _plain(BGPVPN, vpn, place, edges)


def parse_firewall_group(group: FirewallGroup, place: wire.Place) -> resources.Resource:
    """Return the record of a firewall group: it serves its ports, which may go before it."""
    policies = (group.ingress_firewall_policy_id, group.egress_firewall_policy_id)
    edges = _attached(place, FIREWALL_POLICY.name, [one for one in policies if one])
    served = (
        resources.attached_to(place.ref("network.port", port), is_loose=True, is_serving=True)
        for port in group.ports
    )
    found = _plain(FIREWALL_GROUP, group, place, (*edges, *served))
    return msgspec.structs.replace(found, status=group.status, details={"ports": len(group.ports)})


def parse_firewall_policy(policy: FirewallPolicy, place: wire.Place) -> resources.Resource:
    """Return the record of a firewall policy."""
    rules = _attached(place, FIREWALL_RULE.name, policy.firewall_rules)
    return _plain(FIREWALL_POLICY, policy, place, rules)


def parse_firewall_rule(rule: Plain, place: wire.Place) -> resources.Resource:
    """Return the record of a firewall rule."""
    return _plain(FIREWALL_RULE, rule, place)


def _attached(place: wire.Place, kind: str, ids: Iterable[str]) -> tuple[resources.Edge, ...]:
    return tuple(resources.attached_to(place.ref(kind, one)) for one in dict.fromkeys(ids))


def _plain(
    kind: kinds.Kind, plain: Plain, place: wire.Place, edges: Iterable[resources.Edge] = ()
) -> resources.Resource:
    return resources.Resource(
        ref=place.ref(kind.name, plain.id),
        name=plain.name or None,
        project_id=plain.project_id or None,
        edges=tuple(edges),
    )
