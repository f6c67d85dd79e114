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

"""Listing, reading and removing what Octavia has.

Octavia works on one thing of a load balancer at a time and answers 409
meanwhile, to a second removal too.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
import urllib.parse

from cleanupd.core import kinds as core_kinds
from cleanupd.core import resources
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.load_balancer import kinds

#: What is removed already, and will be gone.
_GOING = "PENDING_DELETE"


def _of_project(records: Sequence[resources.Resource]) -> str:
    """Return the query that finds records by their project: two ids are an error (Octavia 19)."""
    fields = {"project_id": records[0].project_id, "limit": 2 * len(records)}
    return urllib.parse.urlencode(fields)


def _table(
    kind: core_kinds.Kind,
    singular: str,
    shape: type[Any],
    parse: Callable[[Any, wire.Place], resources.Resource],
    **more: Any,
) -> tables.Table[Any]:
    """Return the table of a collection of Octavia: all are alike but for a few words."""
    plural = more.pop("plural", f"{singular}s")
    path = more.pop("path", f"/lbaas/{plural}")
    return tables.Table(
        kind=kind,
        path=path,
        listings=(f"{path}?limit={paging.PAGE_SIZE}",),
        plural=plural,
        singular=singular,
        shape=shape,
        parse=parse,
        **more,
    )


class OctaviaManager(tables.TableManager):
    """What a load balancer and all in it have in common: they go in their own time."""

    def delete(self) -> None:
        """Ask for the removal, unless that was done; 409 says that Octavia is at work."""
        if self.resource.status != _GOING:
            super().delete()


class LoadBalancerManager(OctaviaManager):
    """Load balancers, each removed with all that is in it."""

    TABLE = _table(
        kinds.LOAD_BALANCER,
        "loadbalancer",
        kinds.LoadBalancer,
        kinds.parse_load_balancer,
        several=_of_project,
    )

    def delete(self) -> None:
        """Ask for the removal of the load balancer and of all in it, unless that was done."""
        if self.resource.status != _GOING:
            self.send("DELETE", f"{self.path()}?cascade=true")


class ListenerManager(OctaviaManager):
    """Listeners, each removed with its policies."""

    TABLE = _table(
        kinds.LISTENER, "listener", kinds.Listener, kinds.parse_listener, several=_of_project
    )


class PoolManager(OctaviaManager):
    """Pools, each removed with its members and its health monitor."""

    TABLE = _table(kinds.POOL, "pool", kinds.Pool, kinds.parse_pool, several=_of_project)


class HealthMonitorManager(OctaviaManager):
    """Health monitors."""

    TABLE = _table(
        kinds.HEALTH_MONITOR,
        "healthmonitor",
        kinds.HealthMonitor,
        kinds.parse_health_monitor,
        several=_of_project,
    )


class L7PolicyManager(OctaviaManager):
    """Policies of listeners, each removed with its rules."""

    TABLE = _table(
        kinds.L7_POLICY,
        "l7policy",
        kinds.L7Policy,
        kinds.parse_l7_policy,
        plural="l7policies",
        several=_of_project,
    )


class FlavorManager(tables.TableManager):
    """Flavors; Octavia keeps those that a load balancer has."""

    TABLE = _table(kinds.FLAVOR, "flavor", kinds.Flavor, kinds.parse_flavor)


class FlavorProfileManager(tables.TableManager):
    """Flavor profiles; Octavia keeps those that a flavor has."""

    TABLE = _table(
        kinds.FLAVOR_PROFILE,
        "flavorprofile",
        kinds.FlavorProfile,
        kinds.parse_flavor_profile,
        links="flavorprofile_links",
    )


class AmphoraManager(tables.TableManager):
    """Amphorae, which Octavia removes with their load balancer."""

    TABLE = _table(
        kinds.AMPHORA,
        "amphora",
        kinds.Amphora,
        kinds.parse_amphora,
        plural="amphorae",
        path="/octavia/amphorae",
    )
