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
"""Volumes as they are shown, listed and updated.

Sources: API reference, Block Storage v3, "Volumes"; fields and messages seen on a real Cinder 29.
"""

from collections.abc import Callable

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import block_storage as notices
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import listing
from tests.emulator.services.block_storage import metadata
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

SINCE = {
    "group_id": (3, 13),
    "provider_id": (3, 21),
    "service_uuid": (3, 48),
    "shared_targets": (3, 48),
    "cluster_name": (3, 61),
    "volume_type_id": (3, 63),
    "consumes_quota": (3, 65),
}
"""The microversion from which on a field is shown (API reference, microversion history)."""

ADMIN_ONLY = {
    "provider_id",
    "os-vol-host-attr:host",
    "os-vol-mig-status-attr:migstat",
    "os-vol-mig-status-attr:name_id",
    "migration_status",
    "cluster_name",
}

UPDATABLE: dict[str, schema.Check] = {
    "name": schema.text,
    "description": schema.text,
    "display_name": schema.text,
    "display_description": schema.text,
    "metadata": schema.metadata(),
}

LISTING = listing.Listing(
    kind=shapes.VOLUME,
    plural="volumes",
    filters=frozenset(
        (
            *("name", "status", "metadata", "bootable", "migration_status"),
            *("availability_zone", "group_id", "size", "created_at", "updated_at"),
            "consumes_quota",
        )
    ),
    sorts=frozenset(
        (
            *("id", "name", "status", "size", "created_at", "updated_at", "bootable"),
            *("availability_zone", "user_id", "snapshot_id", "source_volid"),
        )
    ),
)


def presenter(call: web.Call) -> Callable[[Body], Body]:
    """Shows a volume in full, as the microversion and the caller's role have it."""
    version, is_admin, project = call.microversion, call.token.is_admin, call.token.project_id
    own, bookmark = f"{call.root}/v3/{project}/volumes/", f"{call.root}/{project}/volumes/"
    hidden = {key for key, since in SINCE.items() if version < since}
    if not is_admin:
        hidden |= ADMIN_ONLY

    def present(row: Body) -> Body:
        shown = {k: v for k, v in row.items() if k not in hidden and k[0] != "_"}
        shown["links"] = [
            {"rel": "self", "href": own + row["id"]},
            {"rel": "bookmark", "href": bookmark + row["id"]},
        ]
        if not is_admin and row["attachments"]:
            shown["attachments"] = [{**one, "host_name": None} for one in row["attachments"]]
        return shown

    return present


def brief(call: web.Call) -> Callable[[Body], Body]:
    """Shows a volume's name and links."""
    return lambda row: {
        "id": row["id"],
        "name": row["name"],
        "links": api.links(call, "volumes", row["id"]),
    }


def plain(call: web.Call, row: Body) -> Body:
    """The volume as the answers to create and update show it, without what extensions add."""
    shown = presenter(call)(row)
    extra = ("os-", "volume_image_metadata")
    return {key: value for key, value in shown.items() if not key.startswith(extra)}


def show(call: web.Call) -> web.Answer:
    """GET a volume."""
    return web.Answer(200, {"volume": presenter(call)(api.find(call, shapes.VOLUME))})


def update(call: web.Call) -> web.Answer:
    """PUT a volume: its name, description or metadata."""
    asked = schema.read(call, "volume", UPDATABLE)
    if call.microversion >= (3, 53) and not asked:
        wrong = "{} is not valid under any of the given schemas"
        raise schema.refused("volume", asked, wrong)
    row = api.find(call, shapes.VOLUME)
    api.require_member(call, "volume:update")
    notices.volume(call.cloud, row, "update.start")
    for name in ("name", "description"):
        for key in (f"display_{name}", name):
            if key in asked:
                row[name] = schema.stripped(asked[key])
    if "metadata" in asked:
        row["metadata"] = asked["metadata"]
    shapes.touch(call.cloud, row)
    notices.volume(call.cloud, row, "update.end")
    return web.Answer(200, {"volume": plain(call, row)})


def summary(call: web.Call) -> web.Answer:
    """GET the summary: how many, how large, and from 3.36 on the values of their metadata."""
    page = listing.Page(call, LISTING)
    rows = list(page.all())
    found: Body = {"total_count": len(rows), "total_size": sum(row["size"] for row in rows)}
    if call.microversion >= (3, 36):
        about: dict[str, list[str]] = {}
        for row in rows:
            for key, value in row["metadata"].items():
                if value not in about.setdefault(key, []):
                    about[key].append(value)
        found["metadata"] = about
    return web.Answer(200, {"volume-summary": found})


def encryption(call: web.Call) -> web.Answer:
    """GET a volume's encryption: none has any."""
    api.find(call, shapes.VOLUME)
    return web.Answer(200, {"encryption_key_id": None})


ROUTES = (
    api.route("GET", "/volumes", LISTING.handler(brief)),
    api.route("GET", "/volumes/detail", LISTING.handler(presenter, suffix="/detail")),
    api.route("GET", "/volumes/summary", summary, since=(3, 12)),
    api.route("GET", "/volumes/<id>", show),
    api.route("PUT", "/volumes/<id>", update),
    api.route("GET", "/volumes/<id>/encryption", encryption),
    *metadata.routes(shapes.VOLUME, "volume", "volumes"),
)
