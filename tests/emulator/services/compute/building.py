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
"""How servers come to be, in steps: scheduled, then on a host with ports, then with disks, ACTIVE.

Source: the states and tasks that a server was seen to pass through on a real Nova 34. What goes
wrong on the way (no host, an address that is not of the network) is an ERROR with its fault.
"""

from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.block_storage import attaching
from tests.emulator.services.block_storage import creation as volumes
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import disks
from tests.emulator.services.compute import nets
from tests.emulator.services.compute import orders
from tests.emulator.services.compute import placing
from tests.emulator.services.compute import states
from tests.emulator.services.network import for_nova
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute as shapes
from tests.emulator.shapes import network as networks

Cloud = cloud_module.Cloud
Body = cloud_module.Body

NO_HOST = "No valid host was found. There are not enough hosts available."


def begin(call: web.Call, order: orders.Order, count: int) -> list[Body]:
    """So many new servers, being built; several have ``-1`` and so on after their name."""
    made: list[Body] = []
    for number in range(count):
        body = _new(call, order, number, count)
        if made:
            reservation = "OS-EXT-SRV-ATTR:reservation_id"
            body[reservation] = made[0][reservation]
        made.append(body)
        _join(call.cloud, body)
        _reserve(call.cloud, body, order.disks)
        states.later(call.cloud, body, Build(call.cloud, body, order).start, share=0.4)
    return made


def _new(call: web.Call, order: orders.Order, number: int, count: int) -> Body:
    wish, zone = order.wish, order.wish["availability_zone"]
    name = wish["name"] if count == 1 else f"{wish['name']}-{number + 1}"
    is_on = checks.is_true(wish.get("config_drive", False))
    tags = list(dict.fromkeys(wish.get("tags", ())))
    fields: dict[str, Any] = {
        **_building(zone),
        "metadata": dict(wish.get("metadata", {})),
        "OS-DCF:diskConfig": wish.get("OS-DCF:diskConfig", "MANUAL"),
        "accessIPv4": wish.get("accessIPv4", ""),
        "accessIPv6": wish.get("accessIPv6", ""),
        "config_drive": "True" if is_on else "",
        "description": wish.get("description", None if call.microversion >= (2, 19) else name),
        "tags": sorted(tags),
        "OS-EXT-SRV-ATTR:user_data": wish.get("user_data"),
        "OS-EXT-SRV-ATTR:launch_index": number,
        "server_groups": list(order.hints.get("group", ())),
        "scheduler_hints": order.hints,
    }
    if "hostname" in wish:
        fields["OS-EXT-SRV-ATTR:hostname"] = wish["hostname"]
    owner = (call.token.project_id or "", call.token.user_id)
    thing = shapes.Wish(order.flavor, order.image, key_name=wish.get("key_name"), host="")
    return shapes.server(call.cloud, name, *owner, thing, **fields)


def _building(zone: str | None) -> dict[str, Any]:
    """What a server looks like before it has a host."""
    return {
        "status": "BUILD",
        "hostId": "",
        "OS-EXT-AZ:availability_zone": zone or "",
        "pinned_availability_zone": zone,
        "OS-SRV-USG:launched_at": None,
        "OS-EXT-SRV-ATTR:host": None,
        "OS-EXT-SRV-ATTR:hypervisor_hostname": None,
        "OS-EXT-STS:task_state": "scheduling",
        "OS-EXT-STS:vm_state": "building",
        "OS-EXT-STS:power_state": 0,
        "security_groups": [],
        "host_status": "",
    }


def _join(cloud: Cloud, body: Body) -> None:
    for group_id in body["server_groups"]:
        group = cloud["compute.server_group"].get(group_id)
        if group is not None:
            group["members"] = [*group["members"], body["id"]]


def _reserve(cloud: Cloud, body: Body, wanted: list[disks.Disk]) -> None:
    """Volumes that exist are the server's from now on."""
    mine = [disk.of for disk in wanted if disk.source == "volume" and disk.of is not None]
    body["_reserved"] = [volume["id"] for volume in mine]
    for volume in mine:
        volume["status"] = "reserved"
        block_storage.touch(cloud, volume)


class Build:
    """One server on its way."""

    def __init__(self, cloud: Cloud, body: Body, order: orders.Order) -> None:
        self._cloud = cloud
        self._body = body
        self._order = order
        self._volumes: list[tuple[disks.Disk, Body]] = []

    def start(self) -> None:
        """It has a host and ports; or it is in error."""
        cloud, body = self._cloud, self._body
        host = self._order.host or placing.choose(cloud, body)
        if host is None:
            states.fail(cloud, body, NO_HOST)
            return
        notices.server(cloud, body, "create", "start", host=host)
        placing.move(cloud, body, host)
        wrong = self._wrong_address()
        if wrong is not None:
            states.fail(cloud, body, wrong)
            return
        try:
            for net in self._order.nets:
                self._plug(net)
        except networks.NoAddressLeft:
            states.fail(cloud, body, "No fixed IP addresses available for network.")
            return
        shapes.show_security_groups(cloud, body)
        self._make_volumes()
        task = "block_device_mapping" if self._order.disks else "spawning"
        states.become(cloud, body, task=task)
        states.later(cloud, body, self.finish, share=0.6)

    def _wrong_address(self) -> str | None:
        for net in self._order.nets:
            if net.address and not nets.is_on(self._cloud, net.network, net.address):
                text = f"Fixed IP {net.address} is not a valid ip address for network"
                start = f"Build of instance {self._body['id']} aborted: Invalid input received:"
                return f"{start} {text} {net.network['id']}."
        return None

    def _plug(self, net: nets.Net) -> None:
        """The card's port is the server's; one that Nova makes here has the server's groups."""
        cloud, body = self._cloud, self._body
        port = net.port
        if port is None:
            port = for_nova.make_port(
                cloud,
                net.network,
                body["tenant_id"],
                body["id"],
                address=net.address,
                security_groups=[group["id"] for group in self._order.groups],
            )
        placing.bind(cloud, port, body)

    def _make_volumes(self) -> None:
        """Cinder was asked for the volumes that the server needs and that are not there yet."""
        for disk in self._order.disks:
            if disk.is_volume:
                found = disk.of if disk.source == "volume" else self._volume(disk)
                self._volumes.append((disk, found or {}))

    def _volume(self, disk: disks.Disk) -> Body:
        """A new volume, which takes its time; only a blank one gets a name, after the server."""
        body = self._body
        source = volumes.Source(
            image=disk.of if disk.source == "image" else None,
            snapshot=disk.of if disk.source == "snapshot" else None,
        )
        owner = (body["tenant_id"], body["user_id"])
        name = f"{body['id']}-blank-vol" if disk.source == "blank" else ""
        types = self._cloud["block_storage.volume_type"]
        wanted = (one for one in types if disk.volume_type in {one["id"], one["name"]})
        return volumes.begin(
            self._cloud,
            name,
            owner,
            size=disk.size_gib,
            of_type=next(wanted, None),
            source=source,
            description="",
        )

    def finish(self) -> None:
        """It has its disks and runs; it waits for volumes that are still being made."""
        cloud, body = self._cloud, self._body
        found = {volume["status"] for _, volume in self._volumes}
        if found & {"creating", "downloading"}:
            states.later(cloud, body, self.finish, share=0.3)
            return
        if "error" in found:
            states.fail(cloud, body, f"Build of instance {body['id']} aborted: no volume.")
            return
        for disk, volume in self._volumes:
            if cloud["block_storage.volume"].get(volume["id"]) is not None:
                self._attach(disk, volume)
        body["_reserved"] = []
        shapes.show_addresses(cloud, body)
        body["OS-SRV-USG:launched_at"] = clock.microseconds(cloud.clock.now())
        states.become(cloud, body, vm="active", power=states.RUNNING)
        notices.server(cloud, body, "create", "end")

    def _attach(self, disk: disks.Disk, volume: Body) -> None:
        cloud, body = self._cloud, self._body
        is_root = disk.boot_index == 0
        device = "/dev/vda" if is_root else shapes.next_device(cloud, body)
        attaching.attach(cloud, volume, body, device=device)
        shapes.know_volume(body, volume, root=is_root, goes_along=disk.goes_along)
        body["_volume_tags"] = {**body.get("_volume_tags", {}), volume["id"]: disk.tag}
