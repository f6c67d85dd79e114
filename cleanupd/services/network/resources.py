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
from typing import Any

import msgspec

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds as core_kinds
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.network import kinds
from cleanupd.services.network import ports


def _table(
    kind: core_kinds.Kind,
    singular: str,
    shape: type[Any],
    parse: Callable[[Any, wire.Place], resources.Resource],
) -> tables.Table[Any]:
    """Return the table of a collection of Neutron: all are alike."""
    plural = f"{singular}s"
    path = f"/{plural.replace('_', '-')}"
    return tables.Table(
        kind=kind,
        path=path,
        listings=(f"{path}?limit={paging.PAGE_SIZE}&sort_key=id&sort_dir=asc",),
        plural=plural,
        singular=singular,
        shape=shape,
        parse=parse,
        several=tables.by_ids,
    )


_ROUTERS = _table(kinds.ROUTER, "router", kinds.Router, kinds.parse_router)


class NeutronManager(tables.TableManager):
    """What all of Neutron's resources have in common: a revision to delete by."""

    def conditions(self) -> Mapping[str, str]:
        """Return the header with which Neutron answers 412 if the resource has changed."""
        return if_match(self.resource)


class FloatingIPManager(NeutronManager):
    """Floating IPs; the name is the description, where Rally writes it."""

    TABLE = _table(kinds.FLOATING_IP, "floatingip", kinds.FloatingIP, kinds.parse_floating_ip)


class RouterManager(NeutronManager):
    """Routers, whose interfaces and gateway are removed before as ports."""

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
    """Trunks; a Neutron without the extension has none."""

    TABLE = _table(kinds.TRUNK, "trunk", kinds.Trunk, kinds.parse_trunk)

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every trunk."""
        try:
            yield from super().list(cloud, listings)
        except exceptions.NotFound:
            if _has_extension(cloud, "trunk"):
                raise


class PortManager(NeutronManager):
    """Ports; those of a router are removed through the router."""

    TABLE = _table(ports.PORT, "port", ports.Port, ports.parse_port)

    def delete(self) -> None:
        """Detach the port from its router, or delete it where it has none.

        What the router says against it (a floating IP needs the interface
        or the gateway) is a Conflict.
        """
        device_owner = self.resource.details.get("device_owner")
        routers = [ref for ref in self.resource.owners if ref.kind == kinds.ROUTER.name]
        if routers and device_owner in ports.INTERFACES:
            self._remove_interface(routers[0])
        elif routers and device_owner == ports.GATEWAY:
            path = _ROUTERS.resource_path(routers[0].id)
            self.send("PUT", path, json={"router": {"external_gateway_info": {}}})
        else:
            super().delete()

    def _remove_interface(self, ref: resources.Ref) -> None:
        path = _ROUTERS.resource_path(ref.id)
        router = _ROUTERS.read(self.cloud, path)
        # A route by way of the interface's subnet keeps the interface.
        if router and router.details["routes"]:
            self.send("PUT", path, json={"router": {"routes": []}}, headers=if_match(router))
        self.send("PUT", f"{path}/remove_router_interface", json={"port_id": self.id()})


def if_match(resource: resources.Resource) -> Mapping[str, str]:
    """Return the header that makes a request fail with 412 where ``resource`` is out of date."""
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
