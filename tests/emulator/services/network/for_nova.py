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
"""What Nova asks of Neutron for a server: its ports, without a request over the wire.

Neutron says of them on the bus what it says of anybody's (captured from a real Neutron 29: the
port is made with the user's token, so that its binding is not told, and bound with Nova's own).
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator.notices import network as notices
from tests.emulator.services.network import collections
from tests.emulator.services.network import ports
from tests.emulator.shapes import network as shapes

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def make_port(cloud: Cloud, on: Body, project_id: str, device_id: str, **fields: Any) -> Body:
    """A port for the server, not bound yet; shapes' NoAddressLeft if the network is full.

    It has the project's default group unless the fields name others.
    """
    asked = {"device_id": device_id, "network_id": on["id"], "admin_state_up": True}
    notices.begun(cloud, "port", {"port": {**asked, "tenant_id": project_id}})
    if "security_groups" not in fields:
        default = shapes.default_security_group(cloud, project_id)
        fields["security_groups"] = [default["id"]]
    made = shapes.port(cloud, on, project_id=project_id, device_id=device_id, **fields)
    cloud.made_by_nova.add(made["id"])
    hidden = collections.PORTS.hidden
    shown = {key: made[key] for key in made if key not in hidden}
    notices.created(cloud, "port", {"port": shown})
    return made


def bind(cloud: Cloud, port: Body, device_id: str, owner: str, host: str) -> None:
    """The port is the server's on this host, and active."""
    asked = {"device_id": device_id, "device_owner": owner, "binding:host_id": host}
    _change(cloud, port, asked)


def unbind(cloud: Cloud, port: Body) -> None:
    """The port, which Nova did not make, is nobody's again; a floating IP stays with it."""
    _change(cloud, port, {"device_id": "", "device_owner": "", "binding:host_id": ""})


def _change(cloud: Cloud, port: Body, asked: Body) -> None:
    notices.changing(cloud, "port", port["id"], asked)
    port.update(device_id=asked["device_id"], device_owner=asked["device_owner"])
    ports.bind(cloud, port, asked["binding:host_id"])
    notices.changed(cloud, "port", port)


def remove_port(cloud: Cloud, port: Body) -> None:
    """The port is gone, and floating IPs that led to it lead nowhere."""
    notices.deleting(cloud, "port", port["id"])
    told = dict(port)
    ports.remove(cloud, port)
    notices.deleted(cloud, "port", told)
