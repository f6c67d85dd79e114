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

"""The kind of Heat, its parser, and what a stack's own account of its resources means.

The format is that of the orchestration API reference, version 1;
tests/samples/orchestration holds bodies of Heat 27.
"""

import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

_MADE = resources.EdgeSort.MADE
_ATTACHED = resources.EdgeSort.ATTACHED_TO

#: The kinds of what Heat makes, by its own names of types, which templates use.
_TYPES = {
    "OS::Cinder::QoSSpecs": "block_storage.qos_spec",
    "OS::Cinder::Volume": "block_storage.volume",
    "OS::Cinder::VolumeType": "block_storage.volume_type",
    "OS::Glance::WebImage": "image.image",
    "OS::Keystone::Project": "identity.project",
    "OS::Keystone::Role": "identity.role",
    "OS::Keystone::User": "identity.user",
    "OS::Neutron::FloatingIP": "network.floating_ip",
    "OS::Neutron::AddressScope": "network.address_scope",
    "OS::Neutron::Net": "network.network",
    "OS::Neutron::Port": "network.port",
    "OS::Neutron::QoSPolicy": "network.qos_policy",
    "OS::Neutron::Router": "network.router",
    "OS::Neutron::SecurityGroup": "network.security_group",
    "OS::Neutron::Subnet": "network.subnet",
    "OS::Neutron::SubnetPool": "network.subnet_pool",
    "OS::Neutron::Trunk": "network.trunk",
    "OS::Nova::Flavor": "compute.flavor",
    "OS::Nova::HostAggregate": "compute.aggregate",
    "OS::Nova::Server": "compute.server",
    "OS::Nova::ServerGroup": "compute.server_group",
    "OS::Octavia::HealthMonitor": "load_balancer.health_monitor",
    "OS::Octavia::L7Policy": "load_balancer.l7_policy",
    "OS::Octavia::Listener": "load_balancer.listener",
    "OS::Octavia::LoadBalancer": "load_balancer.load_balancer",
    "OS::Octavia::Pool": "load_balancer.pool",
}
_TARGETS = tuple(sorted({"orchestration.stack", *_TYPES.values()}))

STACK = kinds.Kind(
    name="orchestration.stack",
    identity_fields=("name", "project_id", "created_at"),
    named_by="stack_name",
    edges=tuple(
        kinds.EdgeRule(sort, target, "resources of the stack")
        for sort in (_MADE, _ATTACHED)
        for target in _TARGETS
    ),
    cascades=_TARGETS,
    # Which stacks are asked for their resources follows from projects; by the time when a user of
    # ours is given a role in one, it is known who has roles there.
    listed_after=("identity.project", "identity.role_assignment"),
    is_asynchronous=True,
    # Heat removes the resources one by one, whoever uses them, as far as their services let it.
    is_guarded=False,
    has_tags=True,
)

#: A stack that was removed is listed for a moment more, and read for long (seen on a Heat 27).
GONE = "DELETE_COMPLETE"


class Stack(msgspec.Struct):
    """A stack; only lists tell its project, only the stack alone its parameters."""

    id: wire.Id
    stack_name: str
    stack_status: str
    creation_time: datetime.datetime
    updated_time: datetime.datetime | None
    parent: str | None
    tags: list[str] | None = None
    project: str | None = None
    parameters: dict[str, object] = {}


class _Link(msgspec.Struct):
    rel: str
    href: str


class StackResource(msgspec.Struct):
    """What Heat says of a resource in a template; it may be one that was there before."""

    physical_resource_id: str | None
    resource_type: str
    resource_status: str
    links: list[_Link]


def parse_stack(stack: Stack, place: wire.Place) -> resources.Resource:
    """Return the record of ``stack``, without what it made."""
    project = stack.project or stack.parameters.get("OS::project_id")
    return resources.Resource(
        ref=place.ref(STACK.name, stack.id),
        name=stack.stack_name or None,
        project_id=str(project) if project else None,
        created_at=wire.utc(stack.creation_time),
        updated_at=wire.utc(stack.updated_time),
        status=stack.stack_status,
        tags=wire.tags(stack.tags or ()),
        details={"parent": stack.parent or ""},
    )


def tie(
    stack: resources.Resource, account: list[StackResource], place: wire.Place
) -> resources.Resource:
    """Return the record of a stack with what it made, at any depth, and what it only knows.

    A resource with an ``external_id`` was there before, and Heat does not
    remove it: it was checked, and neither created nor updated.
    """
    made: list[resources.Ref] = []
    known: list[resources.Ref] = []
    for one in account:
        kind = _find_kind(one)
        if kind is None or not one.physical_resource_id:
            continue
        ref = place.ref(kind, one.physical_resource_id)
        is_external = one.resource_status.startswith("CHECK_")
        (known if is_external else made).append(ref)
    return msgspec.structs.replace(
        stack,
        edges=(*map(resources.made, made), *map(resources.attached_to, known)),
        cascades=tuple(made),
    )


def _find_kind(one: StackResource) -> str | None:
    if any(link.rel == "nested" for link in one.links):
        return STACK.name
    return _TYPES.get(one.resource_type)
