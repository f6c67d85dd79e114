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
"""Servers, as Nova keeps them."""

from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator.shapes import network
from tests.emulator.shapes.compute import attaching
from tests.emulator.shapes.compute import catalogue
from tests.emulator.shapes.compute import hosts
from tests.emulator.shapes.compute import wishes

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def touch(cloud: Cloud, body: Body) -> None:
    """The server has changed now."""
    body["updated"] = clock.seconds(cloud.clock.now())


def server(
    cloud: Cloud, name: str, project_id: str, user_id: str, wish: wishes.Wish, **fields: Any
) -> Body:
    """A new, active server with its ports; without an image it needs `boot_from_volume` next."""
    new = {**_new(cloud, name, project_id, user_id, wish), **fields}
    body = cloud["compute.server"].add(new)
    made = [network.port(cloud, on, project_id=project_id) for on in wish.networks]
    cloud.made_by_nova.update(port["id"] for port in made)
    groups = [group["id"] for group in wish.security_groups]
    for port in (*made, *wish.ports):
        attaching.bind(cloud, port, body, wish.host)
        port["security_groups"] = port["security_groups"] or groups
    if made or wish.ports:
        attaching.show_addresses(cloud, body)
    return body


def _new(cloud: Cloud, name: str, project_id: str, user_id: str, wish: wishes.Wish) -> Body:
    now = cloud.clock.now()
    return {
        "id": cloud.new_id(),
        "name": name,
        "status": "ACTIVE",
        "tenant_id": project_id,
        "user_id": user_id,
        "metadata": {},
        "hostId": hosts.host_id(project_id, wish.host),
        "image": {"id": wish.image["id"]} if wish.image else "",
        "flavor": embedded_flavor(wish.flavor),
        "created": clock.seconds(now),
        "updated": clock.seconds(now),
        "addresses": {},
        "accessIPv4": "",
        "accessIPv6": "",
        "OS-DCF:diskConfig": "MANUAL",
        "progress": 0,
        "OS-EXT-AZ:availability_zone": "nova",
        "config_drive": "",
        "key_name": wish.key_name,
        "OS-SRV-USG:launched_at": clock.microseconds(now),
        "OS-SRV-USG:terminated_at": None,
        **_host_fields(cloud, name, wish.host),
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:power_state": 1,
        "os-extended-volumes:volumes_attached": [],
        "locked": False,
        "description": None,
        "tags": [],
        "trusted_image_certificates": None,
        "locked_reason": None,
        "pinned_availability_zone": None,
        "host_status": "UP",
        "server_groups": [],
        "scheduler_hints": {},
        "security_groups": [
            {"name": group["name"]} for group in wish.security_groups or [{"name": "default"}]
        ],
        "_actions": [],
        "_fault": None,
    }


def _host_fields(cloud: Cloud, name: str, host: str) -> Body:
    own = {
        "host": host,
        "instance_name": f"instance-{catalogue.next_number(cloud, 'server'):08x}",
        "hypervisor_hostname": host,
        "hostname": name.lower().replace("_", "-").strip("-"),
        "kernel_id": "",
        "launch_index": 0,
        "ramdisk_id": "",
        "reservation_id": f"r-{cloud.random.getrandbits(40):08x}"[:10],
        "root_device_name": "/dev/vda",
        "user_data": None,
    }
    return {f"OS-EXT-SRV-ATTR:{key}": value for key, value in own.items()}


def embedded_flavor(body: Body) -> Body:
    """What a server keeps of the flavor that it was made of; its id only to link to it."""
    return {
        "id": body["id"],
        "vcpus": body["vcpus"],
        "ram": body["ram"],
        "disk": body["disk"],
        "ephemeral": body["OS-FLV-EXT-DATA:ephemeral"],
        "swap": body["swap"],
        "original_name": body["name"],
        "extra_specs": dict(body["extra_specs"]),
    }
