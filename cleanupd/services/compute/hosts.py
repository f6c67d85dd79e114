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
"""Hypervisors: the machines that servers are on.

The format is that of the compute API reference, "Hypervisors", at the
microversion of the other kinds; tests/samples/compute has a body of Nova 34.
"""

import sys

import msgspec

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.compute import kinds as compute

HYPERVISOR = kinds.Kind(
    name="compute.hypervisor",
    named_by="hypervisor_hostname",
    identity_fields=("name", "host"),
    is_removable=False,
)


class _Service(msgspec.Struct):
    host: wire.Id


class Hypervisor(msgspec.Struct):
    """A hypervisor; ``state`` is whether it answers, ``status`` whether it takes servers."""

    id: wire.Id
    hypervisor_hostname: str
    state: str
    status: str
    service: _Service


def parse_hypervisor(hypervisor: Hypervisor, place: wire.Place) -> resources.Resource:
    """Return the record of a hypervisor, on the host that its servers name too."""
    return resources.Resource(
        ref=place.ref(HYPERVISOR.name, hypervisor.id),
        name=hypervisor.hypervisor_hostname or None,
        status=hypervisor.status,
        host=sys.intern(hypervisor.service.host),
        details={"state": hypervisor.state},
    )


class HypervisorManager(tables.TableManager):
    """Hypervisors; only looked at, because servers are on them."""

    TABLE = tables.Table(
        kind=HYPERVISOR,
        path="/os-hypervisors",
        listings=(f"/os-hypervisors/detail?limit={paging.PAGE_SIZE}",),
        plural="hypervisors",
        singular="hypervisor",
        shape=Hypervisor,
        parse=parse_hypervisor,
        microversion=compute.MICROVERSION,
    )

    def delete(self) -> None:
        """Raise NotRemovable."""
        raise exceptions.NotRemovable(self.KIND.name)
