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
"""The cloud whose servers are modelled: bodies of the API, and messages, of any size.

It needs the standard library only, so that peers can use it too. The forms are those of Nova 34:
tests/samples/compute/servers.json and tests/samples/notifications/compute.
"""

from collections.abc import Iterator
import dataclasses
import datetime
import json
from typing import Any

PAGE_SIZE = 1000
#: So many servers are on a host, in a project and of a user.
ON_A_HOST, IN_A_PROJECT = 50, 500
FLAVORS, IMAGES = 20, 100
#: Each such server boots from a volume, and no image.
WITH_VOLUME = 4
#: Each such server has a name of Rally's, of a workload with as many as a project has.
OF_RALLY = 2
#: Each such update is a new name, the others are another state.
RENAMES = 10
#: When the listings are asked for, by the clock of the model; any message of today is later.
LISTED_AT = datetime.datetime(2025, 1, 1, 12, tzinfo=datetime.UTC)
PUBLISHER = "nova-compute:cmp"
EVENT = "instance.update"

Body = dict[str, Any]


def make_id(sort: int, number: int) -> str:
    """Return a uuid, spread as those of a cloud are."""
    spread = (number * 2654435761 + sort) % 2**32
    return f"{spread:08x}-{sort:04x}-4000-8000-{number:012x}"


def _hex(sort: int, number: int) -> str:
    return make_id(sort, number).replace("-", "")


@dataclasses.dataclass(frozen=True)
class World:
    """So many servers, with all that belongs to them."""

    servers: int

    @property
    def hosts(self) -> int:
        """How many hosts there are."""
        return max(1, self.servers // ON_A_HOST)

    def server_id(self, number: int) -> str:
        """Return the id of a server."""
        return make_id(1, number)

    def host(self, number: int) -> str:
        """Return the host of a server."""
        return f"compute-{number % self.hosts:05d}.example.org"

    def name(self, number: int) -> str:
        """Return the name of a server."""
        if number % OF_RALLY:
            return f"web-{number:07d}.example.org"
        return f"s_rally_{make_id(9, number // IN_A_PROJECT)[:8]}_{number:08d}"

    def server(self, number: int) -> Body:
        """Return a server as Nova's API shows it to an administrator."""
        id_, image = self.server_id(number), make_id(2, number % IMAGES)
        volumes = [{"id": make_id(3, number), "delete_on_termination": True}]
        has_volume = number % WITH_VOLUME == 0
        link = f"http://controller:8774/v2.1/servers/{id_}"
        project, host = number // IN_A_PROJECT, self.host(number)
        address = {
            "version": 4,
            "addr": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "OS-EXT-IPS:type": "fixed",
            "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:53:f9:96",
        }
        return {
            "accessIPv4": "",
            "accessIPv6": "",
            "addresses": {f"network-{project}": [address]},
            "created": f"2024-12-31T07:{number // 60 % 60:02d}:{number % 60:02d}Z",
            "flavor": {
                "vcpus": 1,
                "ram": 64,
                "disk": 1,
                "ephemeral": 0,
                "swap": 0,
                "original_name": f"m1.flavor-{number % FLAVORS}",
                "extra_specs": {},
            },
            "hostId": make_id(4, number % self.hosts).replace("-", "") * 2,
            "id": id_,
            "image": ""
            if has_volume
            else {
                "id": image,
                "links": [{"rel": "bookmark", "href": f"http://controller:8774/images/{image}"}],
            },
            "links": [{"rel": "self", "href": link}, {"rel": "bookmark", "href": link}],
            "metadata": {},
            "name": self.name(number),
            "status": "ACTIVE",
            "tenant_id": _hex(5, project),
            "user_id": _hex(6, project),
            "updated": "2024-12-31T08:53:46Z",
            "OS-DCF:diskConfig": "MANUAL",
            "progress": 0,
            "OS-EXT-AZ:availability_zone": f"az-{number % self.hosts % 3}",
            "config_drive": "",
            "key_name": f"key-{project}",
            "OS-SRV-USG:launched_at": "2024-12-31T08:53:40.000000",
            "OS-SRV-USG:terminated_at": None,
            "OS-EXT-SRV-ATTR:host": host,
            "OS-EXT-SRV-ATTR:instance_name": f"instance-{number:08x}",
            "OS-EXT-SRV-ATTR:hypervisor_hostname": host,
            "OS-EXT-SRV-ATTR:hostname": self.name(number),
            "OS-EXT-SRV-ATTR:kernel_id": "",
            "OS-EXT-SRV-ATTR:launch_index": 0,
            "OS-EXT-SRV-ATTR:ramdisk_id": "",
            "OS-EXT-SRV-ATTR:reservation_id": f"r-{number:08x}",
            "OS-EXT-SRV-ATTR:root_device_name": "/dev/sda",
            "OS-EXT-SRV-ATTR:user_data": None,
            "OS-EXT-STS:task_state": None,
            "OS-EXT-STS:vm_state": "active",
            "OS-EXT-STS:power_state": 1,
            "os-extended-volumes:volumes_attached": volumes if has_volume else [],
            "locked": False,
            "description": None,
            "tags": [],
            "trusted_image_certificates": None,
            "host_status": "UP",
            "security_groups": [{"name": "default"}],
        }

    def hypervisor(self, number: int) -> Body:
        """Return the hypervisor of a host as Nova's API shows it."""
        return {
            "id": make_id(7, number),
            "hypervisor_hostname": self.host(number),
            "hypervisor_type": "QEMU",
            "state": "up",
            "status": "enabled",
            "host_ip": "10.0.0.1",
            "service": {
                "id": make_id(8, number),
                "host": self.host(number),
                "disabled_reason": None,
            },
        }

    def page_of_servers(self, first: int) -> bytes:
        """Return the page of servers that begins with a number, as Nova sends it."""
        last = min(first + PAGE_SIZE, self.servers)
        servers = [self.server(number) for number in range(first, last)]
        page: Body = {"servers": servers}
        if last < self.servers:
            page["servers_links"] = [_next("servers/detail", self.server_id(last - 1))]
        return json.dumps(page, separators=(",", ":")).encode()

    def page_of_hypervisors(self, first: int) -> bytes:
        """Return the page of hypervisors that begins with a number, as Nova sends it."""
        last = min(first + PAGE_SIZE, self.hosts)
        page: Body = {"hypervisors": [self.hypervisor(number) for number in range(first, last)]}
        if last < self.hosts:
            page["hypervisors_links"] = [_next("os-hypervisors/detail", make_id(7, last - 1))]
        return json.dumps(page, separators=(",", ":")).encode()

    def updates(self, count: int, turn: int) -> Iterator[Body]:
        """Yield messages about as many servers, in no order; those of a later turn are newer."""
        # A number that has no divisor in common with any size here takes each server once.
        return (self.update(one * 7919 % self.servers, turn, one) for one in range(count))

    def update(self, number: int, turn: int, serial: int = 1) -> Body:
        """Return the message that a server was written, decoded from the bus."""
        told = self.server(number)
        before = LISTED_AT + datetime.timedelta(minutes=1 + turn)
        name = told["name"]
        if serial % RENAMES == 0:
            name += f"-{turn}"
        state = "active" if turn % 2 else "stopped"
        data = _told(told, name, state, before.strftime("%Y-%m-%dT%H:%M:%SZ"))
        sent_at = before + datetime.timedelta(seconds=1, microseconds=serial % 1_000_000)
        return {
            "ctxt": {},
            "publisher_id": PUBLISHER,
            "event_type": EVENT,
            "payload": _object("InstanceUpdatePayload", data),
            "metadata": {
                "message_id": make_id(10, serial),
                "timestamp": sent_at.strftime("%Y-%m-%d %H:%M:%S.%f"),
            },
        }


def _next(path: str, marker: str) -> Body:
    return {"rel": "next", "href": f"http://controller:8774/v2.1/{path}?marker={marker}"}


def _object(name: str, data: Body) -> Body:
    return {
        "nova_object.name": name,
        "nova_object.namespace": "nova",
        "nova_object.version": "2.1",
        "nova_object.data": data,
    }


def _told(server: Body, name: str, state: str, updated: str) -> Body:
    """Return what a message tells of a server."""
    address = next(iter(server["addresses"].values()))[0]
    told_address = {
        "label": "network",
        "mac": address["OS-EXT-IPS-MAC:mac_addr"],
        "meta": {},
        "port_uuid": server["id"],
        "version": 4,
        "address": address["addr"],
        "device_name": "tap4092130a-e8",
    }
    flavor = {
        "flavorid": "f65d5750-8f70-4a71-8162-3fec84fcd434",
        "memory_mb": 64,
        "vcpus": 1,
        "root_gb": 1,
        "ephemeral_gb": 0,
        "name": server["flavor"]["original_name"],
        "swap": 0,
        "rxtx_factor": 1.0,
        "vcpu_weight": 0,
        "disabled": False,
        "is_public": True,
        "extra_specs": {},
        "projects": None,
        "description": None,
    }
    states = {"old_state": state, "state": state, "old_task_state": None, "new_task_state": None}
    period = {
        "audit_period_beginning": "2025-01-01T12:00:00Z",
        "audit_period_ending": "2025-01-01T12:34:48Z",
    }
    host = server["OS-EXT-SRV-ATTR:host"]
    volumes = [
        _object(
            "BlockDevicePayload",
            {
                "boot_index": 0,
                "delete_on_termination": one["delete_on_termination"],
                "device_name": "/dev/sda",
                "tag": None,
                "volume_id": one["id"],
            },
        )
        for one in server["os-extended-volumes:volumes_attached"]
    ]
    return {
        "state_update": _object("InstanceStateUpdatePayload", states),
        "audit_period": _object("AuditPeriodPayload", period),
        "old_display_name": None,
        "tags": [],
        "uuid": server["id"],
        "user_id": server["user_id"],
        "tenant_id": server["tenant_id"],
        "reservation_id": server["OS-EXT-SRV-ATTR:reservation_id"],
        "display_name": name,
        "display_description": None,
        "host_name": server["OS-EXT-SRV-ATTR:hostname"],
        "host": host,
        "node": host,
        "os_type": None,
        "architecture": None,
        "availability_zone": server["OS-EXT-AZ:availability_zone"],
        "flavor": _object("FlavorPayload", flavor),
        "image_uuid": server["image"]["id"] if server["image"] else None,
        "key_name": server["key_name"],
        "kernel_id": "",
        "ramdisk_id": "",
        "created_at": server["created"],
        "launched_at": "2024-12-31T08:53:40Z",
        "terminated_at": None,
        "deleted_at": None,
        "updated_at": updated,
        "state": state,
        "power_state": "running",
        "task_state": None,
        "progress": 0,
        "ip_addresses": [_object("IpPayload", told_address)],
        "block_devices": volumes,
        "metadata": {},
        "locked": False,
        "auto_disk_config": "MANUAL",
        "request_id": "req-b93dff16-d112-4be2-8c47-3e06819cf35a",
        "action_initiator_user": server["user_id"],
        "action_initiator_project": server["tenant_id"],
        "locked_reason": None,
        "shares": None,
    }
