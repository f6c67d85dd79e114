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

"""Listing, reading and removing what Neutron has.

Security groups are never listed by project: asking for those of a project
makes Neutron create its group ``default`` again.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import http
from typing import Any
from typing import ClassVar

import msgspec

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds as core_kinds
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.network import extensions
from cleanupd.services.network import kinds
from cleanupd.services.network import ports


def _table(
    kind: core_kinds.Kind,
    singular: str,
    shape: type[Any],
    parse: Callable[[Any, wire.Place], resources.Resource],
    path: str = "",
    order: str = "&sort_key=id&sort_dir=asc",
) -> tables.Table[Any]:
    """Return the table of a collection of Neutron: most are alike."""
    plural = f"{singular.removesuffix('y')}ies" if singular.endswith("policy") else f"{singular}s"
    path = path or f"/{plural.replace('_', '-')}"
    return tables.Table(
        kind=kind,
        path=path,
        listings=(f"{path}?limit={paging.PAGE_SIZE}{order}",),
        plural=plural,
        singular=singular,
        shape=shape,
        parse=parse,
        several=tables.by_ids,
    )


_ROUTERS = _table(kinds.ROUTER, "router", kinds.Router, kinds.parse_router)


class NeutronManager(tables.TableManager):
    """What Neutron's resources have in common: most have a revision to delete by."""

    #: The extension without which Neutron has none of the kind.
    EXTENSION: ClassVar[str | None] = None

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every resource; none where Neutron is without the extension."""
        try:
            yield from super().list(cloud, listings)
        except exceptions.NotFound:
            if cls.EXTENSION is None or _has_extension(cloud, cls.EXTENSION):
                raise

    def conditions(self) -> Mapping[str, str]:
        """Return the header with which Neutron answers 412 if the resource has changed."""
        return if_match(self.resource)


class FloatingIPManager(NeutronManager):
    """Floating IPs; the name is the description, where Rally writes it."""

    TABLE = _table(kinds.FLOATING_IP, "floatingip", kinds.FloatingIP, kinds.parse_floating_ip)


class RouterManager(NeutronManager):
    """Routers, whose interfaces are removed before as ports, and whose gateway goes along.

    Of a router with a gateway Neutron 29 removes that at first, if nothing is
    in use, which changes the revision: it is Stale, and goes at the second attempt.
    """

    TABLE = _ROUTERS


class SubnetManager(NeutronManager):
    """Subnets."""

    TABLE = _table(kinds.SUBNET, "subnet", kinds.Subnet, kinds.parse_subnet)


class NetworkManager(NeutronManager):
    """Networks."""

    TABLE = _table(kinds.NETWORK, "network", kinds.Network, kinds.parse_network)


class SecurityGroupManager(NeutronManager):
    """Security groups; an administrator may delete ``default`` too."""

    TABLE = _table(
        kinds.SECURITY_GROUP, "security_group", kinds.SecurityGroup, kinds.parse_security_group
    )


class TrunkManager(NeutronManager):
    """Trunks."""

    TABLE = _table(kinds.TRUNK, "trunk", kinds.Trunk, kinds.parse_trunk)
    EXTENSION = "trunk"


class PortManager(NeutronManager):
    """Ports; those of a router are removed through the router."""

    TABLE = _table(ports.PORT, "port", ports.Port, ports.parse_port)

    def delete(self) -> None:
        """Detach the port from its router where it is an interface, else delete it.

        What the router says against it (a floating IP needs the interface)
        is a Conflict.
        """
        device_owner = self.resource.details.get("device_owner")
        routers = [ref for ref in self.resource.owners if ref.kind == kinds.ROUTER.name]
        if routers and device_owner in ports.INTERFACES:
            self._remove_interface(routers[0])
        else:
            super().delete()

    def _remove_interface(self, ref: resources.Ref) -> None:
        path = _ROUTERS.resource_path(ref.id)
        router = _ROUTERS.read(self.cloud, path)
        # A route by way of the interface's subnet keeps the interface.
        if router and router.details["routes"]:
            self.send("PUT", path, json={"router": {"routes": []}}, headers=if_match(router))
        self.send("PUT", f"{path}/remove_router_interface", json={"port_id": self.id()})


class QosPolicyManager(NeutronManager):
    """QoS policies, whose rules go with them."""

    TABLE = _table(
        extensions.QOS_POLICY,
        "policy",
        extensions.Named,
        extensions.parse_qos_policy,
        path="/qos/policies",
    )
    EXTENSION = "qos"


class AddressScopeManager(NeutronManager):
    """Address scopes."""

    TABLE = _table(
        extensions.ADDRESS_SCOPE,
        "address_scope",
        extensions.Plain,
        extensions.parse_address_scope,
    )
    EXTENSION = "address-scope"


class SubnetPoolManager(NeutronManager):
    """Subnet pools; Neutron says 400 of one from which a subnet is (seen with Neutron 29)."""

    TABLE = _table(
        extensions.SUBNET_POOL,
        "subnetpool",
        extensions.SubnetPool,
        extensions.parse_subnet_pool,
    )
    EXTENSION = "subnet_allocation"
    CONFLICTS = frozenset({http.HTTPStatus.BAD_REQUEST})


class AddressGroupManager(NeutronManager):
    """Address groups."""

    TABLE = _table(
        extensions.ADDRESS_GROUP,
        "address_group",
        extensions.Named,
        extensions.parse_address_group,
    )
    EXTENSION = "address-group"


class RbacPolicyManager(NeutronManager):
    """RBAC policies, which Neutron neither sorts nor pages (seen with Neutron 29)."""

    TABLE = _table(
        extensions.RBAC_POLICY,
        "rbac_policy",
        extensions.RbacPolicy,
        extensions.parse_rbac_policy,
        order="",
    )
    EXTENSION = "rbac-policies"


class BgpVpnManager(NeutronManager):
    """BGP VPNs."""

    TABLE = _table(
        extensions.BGPVPN,
        "bgpvpn",
        extensions.BgpVpn,
        extensions.parse_bgpvpn,
        path="/bgpvpn/bgpvpns",
    )
    EXTENSION = "bgpvpn"


class FirewallGroupManager(NeutronManager):
    """Firewall groups; one that protects ports is kept, so they are taken out before."""

    TABLE = _table(
        extensions.FIREWALL_GROUP,
        "firewall_group",
        extensions.FirewallGroup,
        extensions.parse_firewall_group,
        path="/fwaas/firewall_groups",
    )
    EXTENSION = "fwaas_v2"

    def delete(self) -> None:
        """Ask for the removal; as long as the group is ACTIVE, that is a Conflict."""
        if self.resource.details["ports"]:
            self.send("PUT", self.path(), json={"firewall_group": {"ports": []}})
        super().delete()


class FirewallPolicyManager(NeutronManager):
    """Firewall policies; that of a firewall group is kept."""

    TABLE = _table(
        extensions.FIREWALL_POLICY,
        "firewall_policy",
        extensions.FirewallPolicy,
        extensions.parse_firewall_policy,
        path="/fwaas/firewall_policies",
    )
    EXTENSION = "fwaas_v2"


class FirewallRuleManager(NeutronManager):
    """Firewall rules; that of a firewall policy is kept."""

    TABLE = _table(
        extensions.FIREWALL_RULE,
        "firewall_rule",
        extensions.Plain,
        extensions.parse_firewall_rule,
        path="/fwaas/firewall_rules",
    )
    EXTENSION = "fwaas_v2"


def if_match(resource: resources.Resource) -> Mapping[str, str]:
    """Return the header that makes a request fail with 412 where ``resource`` is out of date.

    What has no revision cannot be.
    """
    if resource.revision is None:
        return {}
    return {"If-Match": f"revision_number={resource.revision}"}


class _Extension(msgspec.Struct):
    alias: str


class _Extensions(msgspec.Struct):
    extensions: list[_Extension]


def _has_extension(cloud: clouds.Cloud, alias: str) -> bool:
    """Whether Neutron has an extension; raises ListingIncomplete where it does not say so."""
    body = cloud.get("network", "/extensions")
    try:
        found = msgspec.json.decode(body, type=_Extensions)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise exceptions.ListingIncomplete("network extensions", str(error)) from error
    return any(one.alias == alias for one in found.extensions)
