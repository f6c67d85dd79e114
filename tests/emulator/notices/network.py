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
"""What Neutron says on the bus: captured from a real Neutron 29 with its API in uwsgi.

Its API says ``X.ACTION.start`` with what was asked and ``X.ACTION.end`` with what was answered;
``delete.end`` tells the whole resource besides. Ports that Neutron makes itself (gateways,
interfaces, of floating IPs) say nothing, nor do default groups; an interface says
``router.interface.create`` of its router. Nothing is said of what was refused, but its start.
"""

from collections.abc import Callable
from typing import Any

from tests.emulator import bus
from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body

EXCHANGE = "neutron"
PUBLISHER = "network.ctl"

UNTOLD: dict[str, dict[str, Any]] = {
    "network": {"vlan_transparent": None, "qinq": None, "standard_attr_id": 1},
    "subnet": {"shared": False, "segment_id": None, "standard_attr_id": 1},
    "port": {"standard_attr_id": 1},
}
"""What only ``delete.end`` tells, by resource."""


def send(cloud: Cloud, event_type: str, build: Callable[[], bus.Payload]) -> None:
    """Neutron says this, if anybody listens."""
    cloud.bus.emit(EXCHANGE, PUBLISHER, event_type, build)


def begun(cloud: Cloud, resource: str, asked: Body) -> None:
    """A POST begins: `asked` is its body, one resource or a bulk."""
    send(cloud, f"{resource}.create.start", lambda: dict(asked))


def created(cloud: Cloud, resource: str, answer: Body) -> None:
    """A POST is done: `answer` is its body, one resource or a bulk."""
    send(cloud, f"{resource}.create.end", lambda: dict(answer))


def changing(cloud: Cloud, resource: str, resource_id: str, asked: Body) -> None:
    """A PUT begins."""
    send(cloud, f"{resource}.update.start", lambda: {resource: dict(asked), "id": resource_id})


def changed(cloud: Cloud, resource: str, shown: Body) -> None:
    """A PUT is done."""
    send(cloud, f"{resource}.update.end", lambda: {resource: dict(shown)})


def deleting(cloud: Cloud, resource: str, resource_id: str) -> None:
    """A DELETE begins."""
    send(cloud, f"{resource}.delete.start", lambda: {f"{resource}_id": resource_id})


def deleted(cloud: Cloud, resource: str, whole: Body) -> None:
    """A DELETE is done; `whole` is what the resource was, with what only admins see."""
    told = {**whole, **UNTOLD.get(resource, {})}
    send(
        cloud,
        f"{resource}.delete.end",
        lambda: {f"{resource}_id": whole["id"], resource: told},
    )


def interface(cloud: Cloud, action: str, answer: Body) -> None:
    """A router has one interface more (``create``) or less (``delete``)."""
    send(cloud, f"router.interface.{action}", lambda: {"router_interface": dict(answer)})
