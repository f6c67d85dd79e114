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
"""What Neutron's messages change.

Neutron's API sends, for each request of a resource, the answer that the
client gets: the whole resource, so that the parser of listings reads it.
Where two messages meet, the revision number decides.

What Neutron does by itself it does not tell (seen with Neutron 29):

* The ports that it makes, for a router's gateway and for a floating IP: the
  collector looks for them when router or floating IP are told of.  That of a
  router's interface is named by ``router.interface.create``; those of DHCP
  agents are known from the next listing on.
* What goes with something else is known by its edges: the subnets and ports
  of a network, the ports of a router and of a floating IP, are taken for gone
  with it, since none of them can outlive it.
* A floating IP lets go of a port that goes, a group of a group that its rules
  name, ports of a trunk: these are read again.
* The group ``default`` is made with a project's first port, which names it:
  a group that nobody knows is read.
* Subports that are added to a trunk or removed from it, what
  auto-allocated-topology makes, and what an agent reports (the status of ports
  and floating IPs) are known from the next listing on, revision number and
  time of a resource that changed only by what is connected to it likewise.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import functools
import types
from typing import Any
from typing import ClassVar

import msgspec

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import resources
from cleanupd.services.base import notification
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.network import extensions
from cleanupd.services.network import ignored
from cleanupd.services.network import ports
from cleanupd.services.network import resources as managers

#: The kinds whose messages hold the whole resource, by the word that they have for it.
TABLES: Mapping[str, tables.Table[Any]] = {
    manager.TABLE.singular: manager.TABLE
    for manager in (
        managers.AddressGroupManager,
        managers.AddressScopeManager,
        managers.BgpVpnManager,
        managers.FirewallGroupManager,
        managers.FirewallPolicyManager,
        managers.FirewallRuleManager,
        managers.FloatingIPManager,
        managers.NetworkManager,
        managers.PortManager,
        managers.QosPolicyManager,
        managers.RouterManager,
        managers.SecurityGroupManager,
        managers.SubnetManager,
        managers.SubnetPoolManager,
        managers.TrunkManager,
    )
}
#: What cannot outlive what it has an edge to: pairs of what is gone and what went with it.
_GO_WITH = {
    ("network.network", "network.subnet"),
    ("network.network", "network.port"),
    ("network.router", "network.port"),
    ("network.floating_ip", "network.port"),
    *((kind, extensions.RBAC_POLICY.name) for kind in extensions.SHARED.values()),
}
#: What one resource tells of others that Neutron changes or makes with it, and says nothing of.
_BRINGS = {
    ("network.port", "network.security_group"),
    ("network.trunk", "network.port"),
}


class _Rule(msgspec.Struct):
    security_group_id: wire.Id
    remote_group_id: str | None


class RuleChanged(msgspec.Struct):
    """A rule was added to a security group or taken from it; of many at once all are told."""

    security_group_rule: _Rule | None = None
    security_group_rules: list[_Rule] = []


class _Interface(msgspec.Struct):
    id: wire.Id
    port_id: wire.Id


class InterfaceChanged(msgspec.Struct):
    """A router got a port on a subnet, or lost it."""

    router_interface: _Interface


class SharingChanged(msgspec.Struct):
    """Something was shared with other projects, or is no longer."""

    rbac_policy: extensions.RbacPolicy


def _written(singular: str, table: tables.Table[Any], name: str) -> notification.Event:
    """Return the event type of a resource that was made or changed, or of several."""
    fields: list[tuple[str, Any, Any]] = [
        ("one", table.shape | None, msgspec.field(name=singular, default=None)),
        (
            "many",
            types.GenericAlias(list, (table.shape,)),
            msgspec.field(name=table.plural, default=[]),
        ),
    ]

    def tell(payload: Any, scene: notification.Scene) -> Iterator[changes.Change]:
        for item in [payload.one] if payload.one else payload.many:
            record = table.parse(item, scene.place)
            yield scene.updated(record)
            yield from _brought(record, scene)

    return notification.Event(msgspec.defstruct(name, fields), tell)


def _brought(record: resources.Resource, scene: notification.Scene) -> Iterator[changes.Change]:
    """Touch what a resource is newly tied to, where Neutron changes or makes that silently."""
    known = scene.model.get(record.ref)
    before = {edge.target for edge in known.edges} if known else ()
    for edge in record.edges:
        if (record.ref.kind, edge.target.kind) in _BRINGS and edge.target not in before:
            is_port = edge.target.kind == "network.port"
            if is_port or scene.model.get(edge.target) is None:
                yield scene.touched(edge.target)
    if record.ref.kind == "network.router":
        # Its gateway may have come, gone or moved to another network.
        for port in scene.model.created_for(record.ref):
            if port.details.get("device_owner") not in ports.INTERFACES:
                yield scene.touched(port.ref)


def _gone(singular: str, table: tables.Table[Any], name: str) -> notification.Event:
    """Return the event type of a resource that was removed."""
    fields = [("id", wire.Id, msgspec.field(name=f"{singular}_id"))]

    def tell(payload: Any, scene: notification.Scene) -> Iterator[changes.Change]:
        ref = scene.place.ref(table.kind.name, payload.id)
        yield scene.deleted(ref)
        for other in scene.model.pointing_to(ref):
            if (ref.kind, other.ref.kind) in _GO_WITH:
                yield scene.deleted(other.ref)
            else:
                yield scene.touched(other.ref)
        known = scene.model.get(ref)
        for edge in known.edges if known else ():
            if (ref.kind, edge.target.kind) == ("network.trunk", "network.port"):
                yield scene.touched(edge.target)

    return notification.Event(msgspec.defstruct(name, fields), tell)


def _tell_rules(changed: RuleChanged, scene: notification.Scene) -> Iterator[changes.Change]:
    """Touch the groups whose rules name other groups now, or no longer."""
    one = changed.security_group_rule
    for rule in [one] if one else changed.security_group_rules:
        ref = scene.place.ref("network.security_group", rule.security_group_id)
        if rule.remote_group_id or scene.model.get(ref) is None:
            yield scene.touched(ref)


def _tell_interface(
    changed: InterfaceChanged, scene: notification.Scene
) -> Iterator[changes.Change]:
    """Touch the port, whose owner is the router now, or which is gone."""
    yield scene.touched(scene.place.ref("network.port", changed.router_interface.port_id))


def _tell_sharing(
    changed: SharingChanged, scene: notification.Scene, *, is_gone: bool = False
) -> Iterator[changes.Change]:
    """Take a policy as it is told, and touch a network that is shared or external for it."""
    record = extensions.parse_rbac_policy(changed.rbac_policy, scene.place)
    yield scene.deleted(record.ref) if is_gone else scene.updated(record)
    if changed.rbac_policy.object_type == "network":
        yield scene.touched(scene.place.ref("network.network", changed.rbac_policy.object_id))


def _make_events() -> Iterator[tuple[str, notification.Event]]:
    for singular, table in TABLES.items():
        name = singular.title().replace("_", "")
        yield f"{singular}.create.end", _written(singular, table, f"{name}Created")
        yield f"{singular}.update.end", _written(singular, table, f"{name}Updated")
        yield f"{singular}.delete.end", _gone(singular, table, f"{name}Deleted")
    for action in ("create", "update", "delete"):
        tell = functools.partial(_tell_sharing, is_gone=action == "delete")
        yield f"rbac_policy.{action}.end", notification.Event(SharingChanged, tell)
        yield (
            f"security_group_rule.{action}.end",
            notification.Event(RuleChanged, _tell_rules),
        )
    for action in ("create", "delete"):
        yield f"router.interface.{action}", notification.Event(InterfaceChanged, _tell_interface)


class NeutronNotificationHandler(notification.TableHandler):
    """Turns Neutron's messages into changes of its collector's model."""

    PUBLISHER_ID = r"^(network|router|metering)\."
    EVENTS: ClassVar = dict(_make_events())
    IGNORED: ClassVar = dict(ignored.make_ignored((*TABLES, "rbac_policy", "security_group_rule")))

    def handle(self, message: notification.Message) -> None:
        """Change the model as the message says.

        Who asks Neutron for some fields only makes it send these only: then
        the resource is read.
        """
        try:
            super().handle(message)
        except exceptions.MalformedAnswer:
            table = TABLES.get(message.event_type.partition(".")[0])
            found = tuple(_find_ids(message.payload, table)) if table else ()
            if not table or not found:
                raise
            for id_ in found:
                ref = self.place.ref(table.kind.name, id_)
                self.model_collector.apply(changes.Touched(ref, message.sent_at))


def _find_ids(payload: Any, table: tables.Table[Any]) -> Iterator[str]:
    """Yield the ids in a payload of any form."""
    if isinstance(payload, dict):
        one, many = payload.get(table.singular), payload.get(table.plural)
        for item in [one, *(many if isinstance(many, list) else ())]:
            if isinstance(item, dict) and item.get("id") and isinstance(item["id"], str):
                yield item["id"]
