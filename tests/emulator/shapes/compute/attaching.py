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
"""What a server has from Neutron and Cinder, said on both sides."""

from collections.abc import Iterable

from tests.emulator import cloud as cloud_module
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import network

Cloud = cloud_module.Cloud
Body = cloud_module.Body

ATTACHED = "os-extended-volumes:volumes_attached"


def bind(cloud: Cloud, port: Body, body: Body, host: str) -> None:
    """The port is the server's, on this host."""
    zone = body["OS-EXT-AZ:availability_zone"] or "nova"
    port.update(
        {
            "device_id": body["id"],
            "device_owner": f"compute:{zone}",
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
    addresses: dict[str, list[Body]] = {}
    for port in cloud["network.port"].where("device_id", body["id"]):
        on = cloud["network.network"].get(port["network_id"]) or {}
        found = addresses.setdefault(on.get("name", ""), [])
        found.extend(_address(port, fixed["ip_address"], "fixed") for fixed in port["fixed_ips"])
        found.extend(
            _address(port, floating_ip["floating_ip_address"], "floating")
            for floating_ip in cloud["network.floating_ip"].where("port_id", port["id"])
        )
    if body["addresses"] != addresses:
        body["addresses"] = addresses


def _address(port: Body, address: str, sort: str) -> Body:
    return {
        "version": 6 if ":" in address else 4,
        "addr": address,
        "OS-EXT-IPS:type": sort,
        "OS-EXT-IPS-MAC:mac_addr": port["mac_address"],
    }


def show_security_groups(cloud: Cloud, body: Body) -> None:
    """The server shows the names of its ports' groups; none if it has no port."""
    names: dict[str, None] = {}
    for port in cloud["network.port"].where("device_id", body["id"]):
        for group_id in port["security_groups"]:
            group = cloud["network.security_group"].get(group_id)
            if group is not None:
                names[group["name"]] = None
    body["security_groups"] = [{"name": name} for name in names]


def next_device(cloud: Cloud, body: Body) -> str:
    """The first device name that none of the server's disks has: ``/dev/vdb``."""
    taken = {body["OS-EXT-SRV-ATTR:root_device_name"]}
    for entry in body[ATTACHED]:
        volume = cloud["block_storage.volume"].get(entry["id"]) or {"attachments": ()}
        taken.update(_devices(volume["attachments"], body["id"]))
    names = (f"/dev/vd{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    return next(name for name in names if name not in taken)


def _devices(attachments: Iterable[Body], server_id: str) -> Iterable[str]:
    return (one["device"] for one in attachments if one["server_id"] == server_id)


def attach(
    cloud: Cloud, body: Body, volume: Body, *, root: bool = False, goes_along: bool = False
) -> None:
    """Server and volume know each other; `goes_along` is Nova's delete_on_termination."""
    device = "/dev/vda" if root else next_device(cloud, body)
    block_storage.attach(cloud, volume, body, device=device)
    know_volume(body, volume, root=root, goes_along=goes_along)


def know_volume(body: Body, volume: Body, *, root: bool = False, goes_along: bool = False) -> None:
    """The server's side of it: the volume is among its disks, or is the one it runs from."""
    entry = {"id": volume["id"], "delete_on_termination": goes_along}
    body[ATTACHED] = [*body[ATTACHED], entry]
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
