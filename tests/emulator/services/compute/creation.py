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
"""POST /servers: what may be asked for, and what is wrong with it; the rest is `building`'s.

Sources: API reference, Compute, "Create Server", and its microversion history; statuses and
texts seen on a real Nova 34.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import building
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import disks
from tests.emulator.services.compute import flavors
from tests.emulator.services.compute import nets
from tests.emulator.services.compute import orders
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import placing
from tests.emulator.services.compute import quotas
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

REFERENCE = {"anyOf": [checks.UUID, {"type": "string", "enum": [""]}]}
IMAGE = {"anyOf": [*REFERENCE["anyOf"], {"type": "string", "pattern": "/images/"}]}
NAMED = {
    "type": "array",
    "items": {"type": "object", "properties": {"name": checks.NAME}},
}
FIELDS: dict[str, tuple[web.Version, checks.Schema]] = {
    "name": ((2, 1), checks.NAME),
    "flavorRef": ((2, 1), {"type": ["string", "integer"], "minLength": 1}),
    "imageRef": ((2, 1), IMAGE),
    "adminPass": ((2, 1), {"type": "string"}),
    "metadata": ((2, 1), checks.METADATA),
    "OS-DCF:diskConfig": ((2, 1), {"type": "string", "enum": ["AUTO", "MANUAL"]}),
    "accessIPv4": ((2, 1), {"type": "string", "format": "ipv4"}),
    "accessIPv6": ((2, 1), {"type": "string", "format": "ipv6"}),
    "availability_zone": ((2, 1), checks.NAME),
    "block_device_mapping": ((2, 1), {"type": "array"}),
    "block_device_mapping_v2": ((2, 1), disks.MAPPING),
    "config_drive": ((2, 1), checks.BOOLEAN),
    "key_name": ((2, 1), {"type": ["string", "null"], "minLength": 1}),
    "min_count": ((2, 1), checks.integer(1)),
    "max_count": ((2, 1), checks.integer(1)),
    "return_reservation_id": ((2, 1), checks.BOOLEAN),
    "security_groups": ((2, 1), NAMED),
    "user_data": ((2, 1), {"type": "string"}),
    "networks": ((2, 1), {}),
    "description": ((2, 19), checks.TEXT_OR_NULL),
    "tags": ((2, 52), checks.TAGS),
    "trusted_image_certificates": ((2, 63), {}),
    "host": ((2, 74), checks.NAME),
    "hypervisor_hostname": ((2, 74), checks.NAME),
    "hostname": ((2, 90), checks.NAME),
}
"""What may be asked for, and since which microversion; `personality` only before 2.57."""

HINTS = ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints")
HINT = {
    "type": "object",
    "properties": {"group": {"anyOf": [checks.UUID, {"type": "array", "items": checks.UUID}]}},
}


def _schema(call: web.Call) -> checks.Schema:
    fields = {key: schema for key, (since, schema) in FIELDS.items() if call.microversion >= since}
    fields["networks"] = nets.SCHEMA if call.microversion >= (2, 37) else nets.LIST
    if call.microversion < (2, 57):
        fields["personality"] = {"type": "array"}
    required = ["name", "flavorRef"]
    if call.microversion >= (2, 37):
        required.append("networks")
    return checks.closed(*required, **fields)


def create(call: web.Call) -> web.Answer:
    """POST /servers: 202 with id, links and password; or the reservation of several."""
    wish = checks.body(call, "server", _schema(call))
    hints = next((call.body[key] for key in HINTS if call.body.get(key)), {})
    checks.check(hints, HINT)
    paged.require_member(call, "servers:create")
    count = _count(wish)
    order = _order(call, wish, hints)
    _check_quotas(call, order, count)
    made = building.begin(call, order, count)
    if checks.is_true(wish.get("return_reservation_id", False)):
        reservation = made[0]["OS-EXT-SRV-ATTR:reservation_id"]
        return web.Answer(202, {"reservation_id": reservation})
    return _answer(call, wish, made[0])


def _answer(call: web.Call, wish: dict[str, Any], body: Body) -> web.Answer:
    href = f"{call.root}/v2.1/servers/{body['id']}"
    shown = {
        "id": body["id"],
        "links": [
            {"rel": "self", "href": href},
            {"rel": "bookmark", "href": f"{call.root}/servers/{body['id']}"},
        ],
        "OS-DCF:diskConfig": body["OS-DCF:diskConfig"],
        "security_groups": wish.get("security_groups", [{"name": "default"}]),
        "adminPass": wish.get("adminPass", "Emulated1234"),
    }
    return web.Answer(202, {"server": shown}, {"Location": href})


def _count(wish: dict[str, Any]) -> int:
    least = int(wish.get("min_count", 1))
    most = int(wish.get("max_count", least))
    if least > most:
        raise web.Refused(400, "min_count must be <= max_count")
    return most


def _order(call: web.Call, wish: dict[str, Any], hints: dict[str, Any]) -> orders.Order:
    zone, host = _zone(call, wish)
    wanted_disks = disks.read(call, wish)
    image = _image(call, wish, has_disks=bool(wanted_disks))
    wanted_nets = nets.read(call, wish)
    flavor = _flavor(call, wish, image)
    _check_key(call, wish.get("key_name"))
    disks.check(wanted_disks, has_image=image is not None)
    return orders.Order(
        wish={**wish, "availability_zone": zone},
        flavor=flavor,
        image=None if wanted_disks and disks.root_of(wanted_disks) else image,
        nets=wanted_nets,
        disks=wanted_disks,
        groups=nets.find_groups(call, wish),
        hints=_hints(call, hints),
        host=host,
    )


def _zone(call: web.Call, wish: dict[str, Any]) -> tuple[str | None, str | None]:
    """Zone and host asked for; ``ZONE:HOST`` and `host` are the administrator's."""
    zone, _, host = wish.get("availability_zone", "").partition(":")
    if host:
        paged.require_admin(call, "servers:create:forced_host")
    wanted = wish.get("host") or wish.get("hypervisor_hostname")
    if wanted and not call.token.is_admin:
        rule = "compute:servers:create:requested_destination"
        raise web.Refused(403, f"Policy doesn't allow {rule} to be performed.")
    host = host or wanted
    if host and shapes.compute_service(call.cloud, host) is None:
        raise web.Refused(400, f"Compute host {host} could not be found.")
    placing.check_zone(call, zone or None)
    return zone or None, host or None


def _image(call: web.Call, wish: dict[str, Any], *, has_disks: bool) -> Body | None:
    """The image; 400 if it is not there, or if there is neither image nor disk."""
    image_id = wish.get("imageRef", "").rpartition("/")[2]
    if not image_id:
        if not has_disks:
            raise web.Refused(400, "Missing imageRef attribute")
        return None
    return find_image(call, image_id)


def find_image(call: web.Call, image_id: str) -> Body:
    """The image, if the caller may use it; 400 if not."""
    image = call.rows("image.image").get(image_id)
    usable = image is not None and (
        call.token.is_admin
        or image["owner"] == call.token.project_id
        or image["visibility"] in {"public", "community", "shared"}
    )
    if image is None or not usable:
        raise web.Refused(400, "Can not find requested image")
    return image


def _flavor(call: web.Call, wish: dict[str, Any], image: Body | None) -> Body:
    """The flavor, which must be large enough for the image."""
    flavor_id = str(wish["flavorRef"]).rpartition("/")[2]
    try:
        flavor = flavors.find(call, flavor_id)
    except web.Refused as missing:
        raise web.Refused(400, missing.message) from None
    if image is not None:
        if flavor["ram"] < (image.get("min_ram") or 0):
            raise web.Refused(400, "Flavor's memory is too small for requested image.")
        if 0 < flavor["disk"] < (image.get("min_disk") or 0):
            sizes = f"{flavor['disk'] << 30} bytes, minimum is {image['min_disk'] << 30} bytes."
            text = "Flavor's disk is too small for requested image. Flavor disk is"
            raise web.Refused(400, f"{text} {sizes}")
    return flavor


def _check_key(call: web.Call, name: str | None) -> None:
    key = (call.token.user_id, name)
    if name is not None and call.rows("compute.keypair").get(key) is None:
        raise web.Refused(400, "Invalid key_name provided.")


def _hints(call: web.Call, hints: dict[str, Any]) -> dict[str, Any]:
    """The hints as Nova keeps them: each a list; 400 for a group that is not there."""
    group_id = hints.get("group")
    if group_id is not None:
        group_id = group_id[0] if isinstance(group_id, list) else group_id
        group = call.rows("compute.server_group").get(group_id)
        if group is None or group["project_id"] != call.token.project_id:
            raise web.Refused(400, f"Instance group {group_id} could not be found.")
    return {key: one if isinstance(one, list) else [one] for key, one in hints.items()}


def _check_quotas(call: web.Call, order: orders.Order, count: int) -> None:
    quotas.check_metadata(call, order.wish.get("metadata", {}))
    quotas.check_servers(
        call,
        instances=count,
        cores=count * order.flavor["vcpus"],
        ram=count * order.flavor["ram"],
    )
    for group_id in order.hints.get("group", ()):
        group = call.rows("compute.server_group").get(group_id)
        most = quotas.limits_of(call.cloud, call.token.project_id)["server_group_members"]
        if group is not None and 0 <= most < len(group["members"]) + count:
            raise web.Refused(403, "Quota exceeded, too many servers in group")


ROUTES = (web.Route("POST", "/v2.1/servers", create),)
