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
"""The end of a server: what goes with it and what it leaves, seen on a real Nova 34.

Ports that Nova made go, and with them the floating IPs' way there; ports that existed before
are unbound and keep their floating IPs. Volumes become available, or go as well if they were
attached with delete_on_termination (and Cinder agrees: one with snapshots stays). Server groups
no longer have it as a member.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator.notices import compute as notices
from tests.emulator.services.block_storage import attaching
from tests.emulator.services.block_storage import removal as volumes
from tests.emulator.services.compute import states
from tests.emulator.services.network import for_nova
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body
ATTACHED = "os-extended-volumes:volumes_attached"


def begin(cloud: cloud_module.Cloud, body: Body) -> None:
    """The server is being deleted; if it already was, nothing more happens."""
    if body[states.TASK] == "deleting":
        return
    if body["status"] == "BUILD" and not body[states.HOST]:
        body["_fault"] = None
    states.become(cloud, body, task="deleting")
    cloud.clock.later(cloud.settings.delete_delay_s, lambda: _finish(cloud, body))


def _finish(cloud: cloud_module.Cloud, body: Body) -> None:
    if cloud["compute.server"].get(body["id"]) is None:
        return
    notices.server(cloud, body, "delete", "start")
    has_host = bool(body[states.HOST])
    if has_host:
        notices.server(cloud, body, "shutdown", "start")
    _release(cloud, body)
    if has_host:
        body["addresses"] = {}
        notices.server(cloud, body, "shutdown", "end")
    cloud["compute.server"].remove(body["id"])
    _bury(cloud, body)
    notices.server(cloud, body, "delete", "end")


def _release(cloud: cloud_module.Cloud, body: Body) -> None:
    """Ports, volumes and server groups are without the server, or gone."""
    _release_volumes(cloud, body)
    for port in list(cloud["network.port"].where("device_id", body["id"])):
        if port["id"] in cloud.made_by_nova:
            for_nova.remove_port(cloud, port)
        else:
            for_nova.unbind(cloud, port)
    for group_id in body["server_groups"]:
        group = cloud["compute.server_group"].get(group_id)
        if group is not None:
            group["members"] = [one for one in group["members"] if one != body["id"]]


def _release_volumes(cloud: cloud_module.Cloud, body: Body) -> None:
    for entry in list(body[ATTACHED]):
        let_go(cloud, body, entry["id"])
        if entry["delete_on_termination"]:
            _delete_volume(cloud, entry["id"])
    for volume_id in body.get("_reserved", ()):
        volume = cloud["block_storage.volume"].get(volume_id)
        if volume is not None and volume["status"] == "reserved":
            volume["status"] = "available"
            block_storage.touch(cloud, volume)


def let_go(cloud: cloud_module.Cloud, body: Body, volume_id: str) -> None:
    """Server and volume no longer know each other."""
    body[ATTACHED] = [one for one in body[ATTACHED] if one["id"] != volume_id]
    volume = cloud["block_storage.volume"].get(volume_id)
    if volume is not None:
        attaching.detach(cloud, volume, body["id"])


def _delete_volume(cloud: cloud_module.Cloud, volume_id: str) -> None:
    volume = cloud["block_storage.volume"].get(volume_id)
    if volume and not volume["attachments"] and not volumes.snapshots_of(cloud, volume_id):
        volumes.begin_delete(cloud, "block_storage.volume", volume)


def _bury(cloud: cloud_module.Cloud, body: Body) -> None:
    """The administrator still finds the server with ``deleted=true``."""
    body.update(
        {
            "addresses": {},
            "security_groups": [],
            "tags": [],
            "host_status": "",
        }
    )
    shapes.touch(cloud, body)
    body["OS-SRV-USG:terminated_at"] = f"{body['updated'][:19]}.000000"
    states.become(cloud, body, vm="deleted", power=0)
    cloud["compute.deleted_server"].add(body)
