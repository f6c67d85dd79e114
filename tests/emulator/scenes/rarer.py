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

"""What a killed Rally leaves of the rarer kinds, as seen on a real cloud.

Each is what one scenario makes: NovaServerGroups, NovaAggregates, NeutronTrunks, CinderQos,
CinderVolumeTypes, CinderVolumeBackups, CinderVolumes.create_and_accept_transfer (between the two),
KeystoneBasic with roles and services.
"""

from collections.abc import Callable

from tests.emulator import cloud as cloud_module
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute
from tests.emulator.shapes import identity
from tests.emulator.shapes import network

Cloud = cloud_module.Cloud
Body = cloud_module.Body
Name = Callable[[str], str]


def leave(cloud: Cloud, name: Name, user: Body, inside: Body, server: Body) -> None:
    """One of each, in the user's default project; `name` makes a name of a scenario or context."""
    project_id = user["default_project_id"]
    _compute(cloud, name, server)
    _trunk(cloud, name, inside)
    _storage(cloud, name, project_id, user["id"])
    _identity(cloud, name, user, project_id)


def _compute(cloud: Cloud, name: Name, server: Body) -> None:
    """A server group with the server, and an aggregate with the server's host."""
    group = compute.server_group(cloud, name("s"), server["tenant_id"], server["user_id"])
    group["members"] = [server["id"]]
    host = server["OS-EXT-SRV-ATTR:host"]
    aggregate = compute.aggregate(cloud, name("s"), hosts=[host])
    aggregate["metadata"]["test_metadata"] = "true"


def _trunk(cloud: Cloud, name: Name, inside: Body) -> None:
    """A trunk that no server has yet, with two subports."""
    parent, *subports = (network.port(cloud, inside, name=name("s")) for _ in range(3))
    tagged = [
        {"port_id": port["id"], "segmentation_type": "vlan", "segmentation_id": number}
        for number, port in enumerate(subports, start=1)
    ]
    network.trunk(cloud, parent, name=name("s"), sub_ports=tagged)


def _storage(cloud: Cloud, name: Name, project_id: str, user_id: str) -> None:
    """Specs and a private type that has them, a chain of backups, a volume on offer."""
    specs = {"write_iops_sec": "10", "read_iops_sec": "1000"}
    spec = block_storage.qos_spec(cloud, name("s"), consumer="both", specs=specs)
    block_storage.volume_type(
        cloud,
        name("s"),
        description="rally tests creating types",
        is_public=False,
        qos_specs_id=spec["id"],
        _projects=[project_id],
    )
    volume = block_storage.volume(cloud, name("s"), project_id, user_id)
    full = block_storage.backup(cloud, name("s"), volume)
    block_storage.backup(cloud, name("s"), volume, parent=full)
    offered = block_storage.volume(cloud, name("s"), project_id, user_id)
    block_storage.transfer(cloud, name("s"), offered)
    offered["status"] = "awaiting-transfer"


def _identity(cloud: Cloud, name: Name, user: Body, project_id: str) -> None:
    """A role that the user has, and a service that answers nowhere."""
    role = identity.new_role(cloud, name("s"))
    where = cloud["identity.project"].get(project_id)
    identity.assign(cloud, user, where, role["name"])
    cloud["identity.service"].add(
        {
            "id": cloud.new_hex_id(),
            "name": name("s"),
            "type": "rally_test_type",
            "description": name("s"),
            "enabled": True,
        }
    )
