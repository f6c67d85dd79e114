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

"""Listing, reading and removing what Ironic has.

Ironic tells an administrator of a project of what that project owns or
leases, and of nothing else: a short list with 200 (seen with Ironic 39).  So
the door to the cloud asks it with a token for the whole system.
"""

from collections.abc import Callable
from collections.abc import Iterator
import http
import operator
from typing import Any
from typing import ClassVar

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds as declared
from cleanupd.core import resources
from cleanupd.services.baremetal import kinds
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire


def _table(
    kind: declared.Kind,
    plural: str,
    shape: type[Any],
    parse: Callable[[Any, wire.Place], resources.Resource],
    listing: str = "",
    query: str = "",
) -> tables.Table[Any]:
    """Return the table of a collection of Ironic: they are alike."""
    path = f"/{plural}"
    return tables.Table(
        kind=kind,
        path=path,
        listings=(f"{listing or path}?limit={paging.PAGE_SIZE}{query}",),
        plural=plural,
        singular="",
        shape=shape,
        parse=parse,
        microversion=kinds.MICROVERSION,
        key=operator.attrgetter("uuid"),
    )


class IronicManager(tables.TableManager):
    """What Ironic's kinds have in common; it says 400 of what is not empty."""

    CONFLICTS: ClassVar[frozenset[int]] = frozenset({http.HTTPStatus.BAD_REQUEST})

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every resource; raises ListingIncomplete where Ironic would leave some out.

        Chassis belong to no project: who may not see them sees not all of the rest.
        """
        try:
            cloud.get("baremetal", "/chassis?limit=1", microversion=kinds.MICROVERSION)
        except exceptions.RequestFailed as error:
            reason = (
                "Ironic tells all to who has the role admin on the system only, as `openstack"
                f" role add --system all --user USER admin` gives it: {error.message}"
            )
            raise exceptions.ListingIncomplete(cls.KIND.name, reason) from error
        yield from super().list(cloud, listings)


class NodeManager(IronicManager):
    """Nodes; their ports and port groups go with them."""

    TABLE = _table(kinds.NODE, "nodes", kinds.Node, kinds.parse_node, "/nodes/detail")

    def climb(self, rung: declared.Rung) -> None:
        """Set the node to maintenance."""
        body = {"reason": f"cleanupd removes it: {rung.name}"}
        self.send("PUT", f"{self.path()}/maintenance", json=body)


class PortManager(IronicManager):
    """Ports of nodes."""

    TABLE = _table(kinds.PORT, "ports", kinds.Port, kinds.parse_port, "/ports/detail")


class PortGroupManager(IronicManager):
    """Port groups of nodes; Ironic keeps one with ports."""

    TABLE = _table(
        kinds.PORT_GROUP,
        "portgroups",
        kinds.PortGroup,
        kinds.parse_port_group,
        "/portgroups/detail",
    )


class AllocationManager(IronicManager):
    """Allocations; Ironic keeps that of a node that is active."""

    TABLE = _table(kinds.ALLOCATION, "allocations", kinds.Allocation, kinds.parse_allocation)


class DeployTemplateManager(IronicManager):
    """Deploy templates."""

    TABLE = _table(
        kinds.DEPLOY_TEMPLATE,
        "deploy_templates",
        kinds.Named,
        kinds.parse_deploy_template,
        query="&detail=True",
    )


class ChassisManager(IronicManager):
    """Chassis; Ironic keeps one with nodes."""

    TABLE = _table(kinds.CHASSIS, "chassis", kinds.Chassis, kinds.parse_chassis, "/chassis/detail")
