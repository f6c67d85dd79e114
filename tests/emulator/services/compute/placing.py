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
"""Where servers go: hosts, availability zones, the policies of server groups.

Sources: API reference, Compute, "Availability zones"; API guide, "Server Groups"; texts seen on
a real Nova 34. Hosts have room for any number of servers; they take turns.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import states
from tests.emulator.services.network import for_nova
from tests.emulator.shapes import compute as shapes

Cloud = cloud_module.Cloud
Body = cloud_module.Body

DEFAULT_ZONE = "nova"


def zone_of(cloud: Cloud, host: str) -> str:
    """The availability zone of a host: its aggregate's, if one is a zone."""
    for aggregate in cloud["compute.aggregate"]:
        if aggregate["availability_zone"] and host in aggregate["hosts"]:
            return str(aggregate["availability_zone"])
    return DEFAULT_ZONE


def check_zone(call: web.Call, zone: str | None) -> None:
    """400 unless there is such a zone with a host; None is any."""
    zones = {zone_of(call.cloud, host) for host in shapes.HOSTS}
    if zone is not None and zone not in zones:
        raise web.Refused(400, "The requested availability zone is not available")


def _enabled(cloud: Cloud) -> list[str]:
    return [
        service["host"]
        for service in shapes.services(cloud)
        if service["binary"] == "nova-compute"
        and service["status"] == "enabled"
        and not service["forced_down"]
    ]


def choose(cloud: Cloud, body: Body, *, but: str | None = None) -> str | None:
    """A host for the server, other than `but`; None if there is none."""
    zone = body["pinned_availability_zone"]
    found = [
        host for host in _enabled(cloud) if host != but and zone in {None, zone_of(cloud, host)}
    ]
    for group_id in body["server_groups"]:
        group = cloud["compute.server_group"].get(group_id)
        if group is not None:
            found = _allowed(cloud, group, body, found)
    return found[int(body["id"][:8], 16) % len(found)] if found else None


def _allowed(cloud: Cloud, group: Body, body: Body, found: list[str]) -> list[str]:
    """Those of the hosts that the group's policy leaves; soft policies leave all."""
    taken = [
        member[states.HOST]
        for key in group["members"]
        if key != body["id"] and (member := cloud["compute.server"].get(key)) is not None
    ]
    if group["policy"] == "affinity" and any(taken):
        return [host for host in found if host in taken]
    if group["policy"] == "anti-affinity":
        most = group["rules"].get("max_server_per_host", 1)
        return [host for host in found if taken.count(host) < most]
    return found


def bind(cloud: Cloud, port: Body, body: Body) -> None:
    """The port is the server's, on the server's host."""
    zone = body["OS-EXT-AZ:availability_zone"] or DEFAULT_ZONE
    for_nova.bind(cloud, port, body["id"], f"compute:{zone}", body[states.HOST])


def move(cloud: Cloud, body: Body, host: str | None) -> None:
    """The server and its ports are on this host, or (None) on none."""
    body[states.HOST] = body["OS-EXT-SRV-ATTR:hypervisor_hostname"] = host
    body["hostId"] = shapes.host_id(body["tenant_id"], host or "")
    body["host_status"] = "UP" if host else ""
    zone = zone_of(cloud, host) if host else body["pinned_availability_zone"] or ""
    body["OS-EXT-AZ:availability_zone"] = zone
    for port in list(cloud["network.port"].where("device_id", body["id"])):
        if host:
            bind(cloud, port, body)
        else:
            port["binding:host_id"] = ""
