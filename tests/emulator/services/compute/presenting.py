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
"""How a server looks in a body: by microversion, by who asks, and when its cell is down.

Sources: API reference, Compute, microversion history; API guide, "Handling Down Cells"; bodies
of a real Nova 34. A page of a thousand is made at once, so what all have in common is found
once (`Looks`).
"""

import functools
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import finding

Body = cloud_module.Body

ATTACHED = "os-extended-volumes:volumes_attached"
FIELDS: dict[str, web.Version] = {
    **dict.fromkeys(
        (
            *("id", "name", "status", "tenant_id", "user_id", "metadata", "hostId", "created"),
            *("updated", "addresses", "accessIPv4", "accessIPv6", "OS-DCF:diskConfig"),
            *("OS-EXT-AZ:availability_zone", "config_drive", "key_name"),
            *("OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at", "OS-EXT-STS:task_state"),
            *("OS-EXT-STS:vm_state", "OS-EXT-STS:power_state", ATTACHED),
        ),
        (2, 1),
    ),
    "locked": (2, 9),
    "description": (2, 19),
    "tags": (2, 26),
    "trusted_image_certificates": (2, 63),
    "locked_reason": (2, 73),
    "pinned_availability_zone": (2, 96),
    "scheduler_hints": (2, 100),
}
"""The microversion from which on a field is shown to all."""

HOSTNAME = "OS-EXT-SRV-ATTR:hostname"
ADMIN_FIELDS: dict[str, web.Version] = {
    **{
        f"OS-EXT-SRV-ATTR:{key}": (2, 1)
        for key in ("host", "instance_name", "hypervisor_hostname")
    },
    **{
        f"OS-EXT-SRV-ATTR:{key}": (2, 3)
        for key in (
            *("hostname", "kernel_id", "launch_index", "ramdisk_id"),
            *("reservation_id", "root_device_name", "user_data"),
        )
    },
    "host_status": (2, 16),
}
"""The same for fields that only the administrator sees; all see the hostname since 2.90."""

IN_PROGRESS = frozenset({"ACTIVE", "BUILD", "MIGRATING", "REBUILD", "RESIZE", "VERIFY_RESIZE"})
"""Statuses in which ``progress`` is shown."""


@functools.lru_cache(maxsize=1000)
def _keys(version: web.Version, *, is_admin: bool) -> tuple[str, ...]:
    fields = {**FIELDS, **(ADMIN_FIELDS if is_admin else {})}
    if not is_admin and version >= (2, 90):
        fields[HOSTNAME] = (2, 90)
    return tuple(key for key, since in fields.items() if version >= since)


class Looks:
    """How servers look in one answer."""

    def __init__(self, call: web.Call) -> None:
        self._call = call
        self._version = call.microversion
        self._keys = _keys(call.microversion, is_admin=call.token.is_admin)
        self._self = f"{call.root}/v2.1/servers/"
        self._bookmark = f"{call.root}/servers/"
        self._flavors: dict[str, Body] = {}

    def links(self, server_id: str) -> list[dict[str, str]]:
        """Where the server is found."""
        return [
            {"rel": "self", "href": self._self + server_id},
            {"rel": "bookmark", "href": self._bookmark + server_id},
        ]

    def brief(self, body: Body) -> Body:
        """Id, name and links."""
        if finding.is_down(self._call, body):
            return {"id": body["id"], "status": "UNKNOWN", "links": self.links(body["id"])}
        return {"id": body["id"], "name": body["name"], "links": self.links(body["id"])}

    def in_list(self, body: Body) -> Body:
        """All details but its server groups, which only `whole` tells."""
        if finding.is_down(self._call, body):
            return self._unknown(body)
        shown: Body = {key: body[key] for key in self._keys}
        shown["links"] = self.links(body["id"])
        shown["flavor"] = self._flavor(body["flavor"])
        shown["image"] = self._image(body["image"]) if body["image"] else ""
        if body["security_groups"]:
            shown["security_groups"] = body["security_groups"]
        if body["status"] in IN_PROGRESS:
            shown["progress"] = body["progress"]
        elif body["_fault"] and body["status"] in {"ERROR", "DELETED"}:
            shown["fault"] = body["_fault"]
        if self._version < (2, 3) and body[ATTACHED]:
            shown[ATTACHED] = [{"id": one["id"]} for one in body[ATTACHED]]
        return shown

    def whole(self, body: Body) -> Body:
        """All details; of one whose cell is down what the API's own database knows."""
        shown = self.in_list(body)
        if shown["status"] == "UNKNOWN":
            shown["flavor"] = self._flavor(body["flavor"])
            shown["image"] = self._image(body["image"]) if body["image"] else ""
            shown["user_id"] = body["user_id"]
            shown["OS-EXT-STS:power_state"] = 0
            zone = body["pinned_availability_zone"] or "UNKNOWN"
            shown["OS-EXT-AZ:availability_zone"] = zone
        if self._version >= (2, 71):
            shown["server_groups"] = body["server_groups"]
        return shown

    def _unknown(self, body: Body) -> Body:
        """Since 2.69: what the API knows of a server whose cell is down."""
        return {
            "id": body["id"],
            "status": "UNKNOWN",
            "tenant_id": body["tenant_id"],
            "created": body["created"],
            "links": self.links(body["id"]),
        }

    def _flavor(self, embedded: Body) -> Body:
        """The flavor as it was when the server was made (2.47), without its id; before, a link."""
        if self._version >= (2, 47):
            return {key: value for key, value in embedded.items() if key != "id"}
        found = self._flavors.get(embedded["id"])
        if found is None:
            href = f"{self._call.root}/flavors/{embedded['id']}"
            found = {"id": embedded["id"], "links": [{"rel": "bookmark", "href": href}]}
            self._flavors[embedded["id"]] = found
        return found

    def _image(self, image: Body) -> Body:
        href = f"{self._call.root}/images/{image['id']}"
        shown: Body = {**image, "links": [{"rel": "bookmark", "href": href}]}
        if self._version >= (2, 98):
            shown["properties"] = {}
        return shown


def answer(call: web.Call, body: Body, *, status: int = 200, **more: Any) -> web.Answer:
    """The server, whole, below its one key."""
    shown = {"server": {**Looks(call).whole(body), **more}}
    headers = {"Location": f"{call.root}/v2.1/servers/{body['id']}"} if status == 202 else {}
    return web.Answer(status, shown, headers)
