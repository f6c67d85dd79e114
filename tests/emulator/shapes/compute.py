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
"""Servers, flavors and keypairs, as Nova keeps them.

Keys that begin with an underscore are Nova's own memory and never shown.
"""

from collections.abc import Sequence
import dataclasses
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import network

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def touch(cloud: Cloud, body: Body) -> None:
    """The server has changed now."""
    body["updated"] = clock.seconds(cloud.clock.now())


def flavor(cloud: Cloud, name: str, *, public: bool = True, **fields: Any) -> Body:
    """A new, small flavor; a private one is nobody's yet."""
    return cloud["compute.flavor"].add(
        {
            "id": cloud.new_id(),
            "name": name,
            "ram": 512,
            "disk": 1,
            "swap": 0,
            "OS-FLV-EXT-DATA:ephemeral": 0,
            "OS-FLV-DISABLED:disabled": False,
            "vcpus": 1,
            "os-flavor-access:is_public": public,
            "rxtx_factor": 1.0,
            "description": None,
            "extra_specs": {},
            **fields,
        }
    )


def keypair(cloud: Cloud, name: str, user_id: str) -> Body:
    """A new keypair of the user; Nova keeps it even when the user is gone."""
    digits = f"{cloud.random.getrandbits(128):032x}"
    return cloud["compute.keypair"].add(
        {
            "name": name,
            "public_key": f"ssh-ed25519 {digits} emulated",
            "fingerprint": ":".join(digits[at : at + 2] for at in range(0, 32, 2)),
            "user_id": user_id,
            "created_at": clock.microseconds(cloud.clock.now()),
            "deleted": False,
            "deleted_at": None,
            "id": len(cloud["compute.keypair"]) + 1,
            "updated_at": None,
            "type": "ssh",
        }
    )


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a server is to be made of. Ports in `ports` exist; on `networks` Nova makes them."""

    flavor: Body
    image: Body | None = None
    networks: Sequence[Body] = ()
    ports: Sequence[Body] = ()
    key_name: str | None = None
    security_groups: Sequence[Body] = ()
    host: str = "cmp1"


def server(
    cloud: Cloud, name: str, project_id: str, user_id: str, wish: Wish, **fields: Any
) -> Body:
    """A new, active server with its ports; without an image it needs `boot_from_volume` next."""
    body = {**_new(cloud, name, project_id, user_id, wish), **fields}
    made = [_port(cloud, on, body) for on in wish.networks]
    cloud.made_by_nova.update(port["id"] for port in made)
    groups = [group["id"] for group in wish.security_groups]
    for port in (*made, *wish.ports):
        bind(cloud, port, body, wish.host)
        port["security_groups"] = port["security_groups"] or groups
    _show_addresses(cloud, body, [*made, *wish.ports])
    return cloud["compute.server"].add(body)


def _port(cloud: Cloud, on: Body, body: Body) -> Body:
    return network.port(cloud, on, project_id=body["tenant_id"])


def bind(cloud: Cloud, port: Body, body: Body, host: str) -> None:
    """The port is the server's, on this host."""
    port.update(
        {
            "device_id": body["id"],
            "device_owner": "compute:nova",
            "status": "ACTIVE",
            "binding:host_id": host,
            "binding:vif_type": "ovs",
            "binding:vif_details": {"port_filter": True, "bound_drivers": {"0": "openvswitch"}},
        }
    )
    network.touch(cloud, port)


def unbind(cloud: Cloud, port: Body) -> None:
    """The port, which Nova did not make, is nobody's again; a floating IP stays with it."""
    port.update({"device_id": "", "device_owner": "", "status": "DOWN", **network.unbound()})
    network.touch(cloud, port)


def show_addresses(cloud: Cloud, body: Body) -> None:
    """The server's addresses are those of its ports and of the floating IPs that lead there."""
    ports = [port for port in cloud["network.port"] if port["device_id"] == body["id"]]
    _show_addresses(cloud, body, ports)


def _show_addresses(cloud: Cloud, body: Body, ports: Sequence[Body]) -> None:
    addresses: dict[str, list[Body]] = {}
    for port in ports:
        on = cloud["network.network"].get(port["network_id"]) or {}
        found = addresses.setdefault(on.get("name", ""), [])
        found.extend(_address(port, fixed["ip_address"], "fixed") for fixed in port["fixed_ips"])
        found.extend(
            _address(port, floating_ip["floating_ip_address"], "floating")
            for floating_ip in cloud["network.floating_ip"]
            if floating_ip["port_id"] == port["id"]
        )
    body["addresses"] = addresses


def _address(port: Body, address: str, sort: str) -> Body:
    return {
        "version": 4,
        "addr": address,
        "OS-EXT-IPS:type": sort,
        "OS-EXT-IPS-MAC:mac_addr": port["mac_address"],
    }


def attach(
    cloud: Cloud, body: Body, volume: Body, *, root: bool = False, goes_along: bool = False
) -> None:
    """Server and volume know each other; `goes_along` is Nova's delete_on_termination."""
    device = "/dev/vda" if root else "/dev/vdb"
    block_storage.attach(cloud, volume, body, device=device)
    entry = {"id": volume["id"], "delete_on_termination": goes_along}
    body["os-extended-volumes:volumes_attached"].append(entry)
    if root:
        body["_root_volume"] = volume["id"]
        volume["bootable"] = "true"
        body["image"] = ""


def boot_from_volume(cloud: Cloud, body: Body, *, goes_along: bool = True) -> Body:
    """The server runs from a new disk that Nova made: no name, its own project and user."""
    source = {"image_id": body["image"]["id"]} if body["image"] else {}
    owner = (body["tenant_id"], body["user_id"])
    disk = block_storage.volume(cloud, "", *owner, description="", volume_image_metadata=source)
    attach(cloud, body, disk, root=True, goes_along=goes_along)
    return disk


def _new(cloud: Cloud, name: str, project_id: str, user_id: str, wish: Wish) -> Body:
    now = cloud.clock.now()
    number = len(cloud["compute.server"]) + len(cloud["compute.deleted_server"]) + 1
    return {
        "id": cloud.new_id(),
        "name": name,
        "status": "ACTIVE",
        "tenant_id": project_id,
        "user_id": user_id,
        "metadata": {},
        "hostId": f"{cloud.random.getrandbits(224):056x}",
        "image": {"id": wish.image["id"]} if wish.image else "",
        "flavor": _embedded(wish.flavor),
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
        **_host_fields(cloud, name, number, wish.host),
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
        "security_groups": [
            {"name": group["name"]} for group in wish.security_groups or [{"name": "default"}]
        ],
    }


def _host_fields(cloud: Cloud, name: str, number: int, host: str) -> Body:
    own = {
        "host": host,
        "instance_name": f"instance-{number:08x}",
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


def _embedded(body: Body) -> Body:
    return {
        "id": body["id"],
        "vcpus": body["vcpus"],
        "ram": body["ram"],
        "disk": body["disk"],
        "ephemeral": body["OS-FLV-EXT-DATA:ephemeral"],
        "swap": body["swap"],
        "original_name": body["name"],
        "extra_specs": body["extra_specs"],
    }
