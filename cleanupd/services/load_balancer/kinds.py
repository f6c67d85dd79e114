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

"""The kinds of Octavia and the one parser of each.

The formats are those of the load-balancing API reference, version 2;
tests/samples/load_balancer holds bodies of Octavia 19.

A load balancer takes along all that is in it, a listener its policies, a pool
its members and its health monitor: a foreign one among them keeps the whole.
Members and the rules of policies have no listing of their own and go with
their pool and policy.
"""

from collections.abc import Iterable
import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

_ATTACHED = resources.EdgeSort.ATTACHED_TO
_CREATED = resources.EdgeSort.CREATED_FOR
_IDENTITY = ("name", "project_id", "created_at")

LOAD_BALANCER = kinds.Kind(
    name="load_balancer.load_balancer",
    identity_fields=_IDENTITY,
    is_asynchronous=True,
    is_guarded=False,
    has_tags=True,
    cascades=("load_balancer.listener", "load_balancer.pool"),
    edges=(
        kinds.EdgeRule(_ATTACHED, "network.network", "vip_network_id"),
        kinds.EdgeRule(_ATTACHED, "network.subnet", "vip_subnet_id, additional_vips.subnet_id"),
        kinds.EdgeRule(_ATTACHED, "network.port", "vip_port_id, additional_vips.port_id"),
        kinds.EdgeRule(_ATTACHED, "load_balancer.flavor", "flavor_id"),
    ),
)

LISTENER = kinds.Kind(
    name="load_balancer.listener",
    identity_fields=_IDENTITY,
    is_asynchronous=True,
    is_guarded=False,
    has_tags=True,
    cascades=("load_balancer.l7_policy",),
    edges=(
        kinds.EdgeRule(_ATTACHED, "load_balancer.load_balancer", "loadbalancers"),
        kinds.EdgeRule(_ATTACHED, "load_balancer.pool", "default_pool_id"),
    ),
)

POOL = kinds.Kind(
    name="load_balancer.pool",
    identity_fields=_IDENTITY,
    is_asynchronous=True,
    is_guarded=False,
    has_tags=True,
    cascades=("load_balancer.health_monitor",),
    edges=(kinds.EdgeRule(_ATTACHED, "load_balancer.load_balancer", "loadbalancers"),),
)

HEALTH_MONITOR = kinds.Kind(
    name="load_balancer.health_monitor",
    identity_fields=_IDENTITY,
    is_asynchronous=True,
    has_tags=True,
    edges=(kinds.EdgeRule(_ATTACHED, "load_balancer.pool", "pools"),),
)

L7_POLICY = kinds.Kind(
    name="load_balancer.l7_policy",
    identity_fields=_IDENTITY,
    is_asynchronous=True,
    has_tags=True,
    edges=(
        kinds.EdgeRule(_ATTACHED, "load_balancer.listener", "listener_id"),
        kinds.EdgeRule(_ATTACHED, "load_balancer.pool", "redirect_pool_id"),
    ),
)

FLAVOR = kinds.Kind(
    name="load_balancer.flavor",
    identity_fields=("name", "edges"),
    edges=(kinds.EdgeRule(_ATTACHED, "load_balancer.flavor_profile", "flavor_profile_id"),),
)

FLAVOR_PROFILE = kinds.Kind(
    name="load_balancer.flavor_profile", identity_fields=("name", "details")
)

AMPHORA = kinds.Kind(
    name="load_balancer.amphora",
    named_by="",
    identity_fields=("created_at",),
    is_removable=False,
    edges=(
        kinds.EdgeRule(_CREATED, "load_balancer.load_balancer", "loadbalancer_id"),
        kinds.EdgeRule(_ATTACHED, "compute.server", "compute_id"),
        kinds.EdgeRule(_ATTACHED, "network.port", "vrrp_port_id, ha_port_id"),
    ),
)


class Standard(msgspec.Struct, kw_only=True):
    """What a load balancer and each thing in it tell of themselves."""

    id: wire.Id
    name: str
    project_id: wire.Id
    provisioning_status: str
    created_at: datetime.datetime
    updated_at: datetime.datetime | None
    tags: list[str]


class _Vip(msgspec.Struct):
    port_id: str | None
    subnet_id: str | None


class LoadBalancer(Standard, kw_only=True):
    """A load balancer, with the ids of its listeners and pools."""

    vip_port_id: str | None
    vip_subnet_id: str | None
    vip_network_id: str | None
    flavor_id: str | None
    listeners: list[wire.Reference]
    pools: list[wire.Reference]
    provider: str | None
    # Since version 2.26.
    additional_vips: list[_Vip] = []


class Listener(Standard, kw_only=True):
    """A listener, with the ids of its policies."""

    loadbalancers: list[wire.Reference]
    default_pool_id: str | None
    l7policies: list[wire.Reference]


class Pool(Standard, kw_only=True):
    """A pool; without a health monitor it does not have the field."""

    loadbalancers: list[wire.Reference]
    members: list[wire.Reference]
    healthmonitor_id: str | None = None


class HealthMonitor(Standard, kw_only=True):
    """A health monitor."""

    pools: list[wire.Reference]


class L7Policy(Standard, kw_only=True):
    """A policy of a listener."""

    listener_id: wire.Id
    redirect_pool_id: str | None


class Flavor(msgspec.Struct):
    """A flavor of load balancers, which is in no project."""

    id: wire.Id
    name: wire.Id
    description: str | None
    flavor_profile_id: wire.Id


class FlavorProfile(msgspec.Struct):
    """A flavor profile, which is in no project."""

    id: wire.Id
    name: wire.Id
    provider_name: str
    flavor_data: str


class Amphora(msgspec.Struct):
    """A server that Octavia keeps; it is a spare one where it has no load balancer."""

    id: wire.Id
    loadbalancer_id: str | None
    compute_id: str | None
    vrrp_port_id: str | None
    ha_port_id: str | None
    status: str
    created_at: datetime.datetime
    updated_at: datetime.datetime | None


def parse_load_balancer(one: LoadBalancer, place: wire.Place) -> resources.Resource:
    """Return the record of a load balancer; its VIP's port may be of its own making or given."""
    vips = [_Vip(one.vip_port_id, one.vip_subnet_id), *one.additional_vips]
    targets = [
        ("network.network", one.vip_network_id),
        *(("network.subnet", vip.subnet_id) for vip in vips),
        *(("network.port", vip.port_id) for vip in vips),
        (FLAVOR.name, one.flavor_id),
    ]
    cascades = (
        *(place.ref(LISTENER.name, listener.id) for listener in one.listeners),
        *(place.ref(POOL.name, pool.id) for pool in one.pools),
    )
    return msgspec.structs.replace(
        _record(LOAD_BALANCER, one, place, targets),
        cascades=cascades,
        details={"provider": one.provider or ""},
    )


def parse_listener(one: Listener, place: wire.Place) -> resources.Resource:
    """Return the record of a listener."""
    targets = [*_each(LOAD_BALANCER, one.loadbalancers), (POOL.name, one.default_pool_id)]
    cascades = tuple(place.ref(L7_POLICY.name, policy.id) for policy in one.l7policies)
    return msgspec.structs.replace(_record(LISTENER, one, place, targets), cascades=cascades)


def parse_pool(one: Pool, place: wire.Place) -> resources.Resource:
    """Return the record of a pool."""
    monitor = one.healthmonitor_id
    return msgspec.structs.replace(
        _record(POOL, one, place, _each(LOAD_BALANCER, one.loadbalancers)),
        cascades=(place.ref(HEALTH_MONITOR.name, monitor),) if monitor else (),
        details={"members": len(one.members)},
    )


def parse_health_monitor(one: HealthMonitor, place: wire.Place) -> resources.Resource:
    """Return the record of a health monitor."""
    return _record(HEALTH_MONITOR, one, place, _each(POOL, one.pools))


def parse_l7_policy(one: L7Policy, place: wire.Place) -> resources.Resource:
    """Return the record of a policy."""
    targets = [(LISTENER.name, one.listener_id), (POOL.name, one.redirect_pool_id)]
    return _record(L7_POLICY, one, place, targets)


def parse_flavor(one: Flavor, place: wire.Place) -> resources.Resource:
    """Return the record of a flavor."""
    return resources.Resource(
        ref=place.ref(FLAVOR.name, one.id),
        name=one.name,
        tags=wire.marks(one.description),
        edges=_attach(place, [(FLAVOR_PROFILE.name, one.flavor_profile_id)]),
    )


def parse_flavor_profile(one: FlavorProfile, place: wire.Place) -> resources.Resource:
    """Return the record of a flavor profile."""
    return resources.Resource(
        ref=place.ref(FLAVOR_PROFILE.name, one.id),
        name=one.name,
        details={"provider": one.provider_name, "data": one.flavor_data},
    )


def parse_amphora(one: Amphora, place: wire.Place) -> resources.Resource:
    """Return the record of an amphora: its server and ports are needed as long as it is there."""
    targets = [
        ("compute.server", one.compute_id),
        ("network.port", one.vrrp_port_id),
        ("network.port", one.ha_port_id),
    ]
    edges = _attach(place, targets)
    if one.loadbalancer_id:
        owner = place.ref(LOAD_BALANCER.name, one.loadbalancer_id)
        edges = (resources.created_for(owner), *edges)
    return resources.Resource(
        ref=place.ref(AMPHORA.name, one.id),
        status=one.status,
        created_at=wire.utc(one.created_at),
        updated_at=wire.utc(one.updated_at),
        edges=edges,
    )


def _each(kind: kinds.Kind, found: Iterable[wire.Reference]) -> list[tuple[str, str | None]]:
    return [(kind.name, one.id) for one in found]


def _attach(
    place: wire.Place, targets: Iterable[tuple[str, str | None]]
) -> tuple[resources.Edge, ...]:
    """Return an edge to each of the targets that is named, once."""
    named = dict.fromkeys(place.ref(kind, id_) for kind, id_ in targets if id_)
    return tuple(map(resources.attached_to, named))


def _record(
    kind: kinds.Kind,
    one: Standard,
    place: wire.Place,
    targets: Iterable[tuple[str, str | None]],
) -> resources.Resource:
    """Return the record of ``one``, with what all but flavors have."""
    return resources.Resource(
        ref=place.ref(kind.name, one.id),
        name=one.name or None,
        project_id=one.project_id,
        created_at=wire.utc(one.created_at),
        updated_at=wire.utc(one.updated_at),
        status=one.provisioning_status,
        edges=_attach(place, targets),
        tags=wire.tags(one.tags),
    )
