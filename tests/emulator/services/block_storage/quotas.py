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
"""Quotas, their use, and what Cinder says when one is exceeded.

Source: API reference, Block Storage v3, "Quota sets extension" and "Limits"; defaults, the order
of the checks and the words of the 413s seen on a real Cinder 29. A type has three limits of its
own, none unless set; ``per_volume_gigabytes`` counts nothing.
"""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body

FIRST = {
    "volumes": 10,
    "per_volume_gigabytes": -1,
    "snapshots": 10,
    "gigabytes": 1000,
    "backups": 10,
    "backup_gigabytes": 1000,
}
LAST = {"groups": 10}
OF_TYPE = ("volumes", "gigabytes", "snapshots")
ABSOLUTE = {
    "maxTotalVolumes": "volumes",
    "maxTotalSnapshots": "snapshots",
    "maxTotalVolumeGigabytes": "gigabytes",
    "maxTotalBackups": "backups",
    "maxTotalBackupGigabytes": "backup_gigabytes",
}
USED = {
    "totalVolumesUsed": "volumes",
    "totalGigabytesUsed": "gigabytes",
    "totalSnapshotsUsed": "snapshots",
    "totalBackupsUsed": "backups",
    "totalBackupGigabytesUsed": "backup_gigabytes",
}


def defaults(cloud: cloud_module.Cloud) -> dict[str, int]:
    """The limits of a project for which nobody set any."""
    of_types = {f"{name}_{row['name']}": -1 for row in cloud[shapes.TYPE] for name in OF_TYPE}
    return {**FIRST, **of_types, **LAST}


def limits_of(cloud: cloud_module.Cloud, project_id: str) -> dict[str, int]:
    """The limits of the project; -1 is none."""
    return {**defaults(cloud), **cloud.quotas.get(("block-storage", project_id), {})}


def used(cloud: cloud_module.Cloud, project_id: str) -> dict[str, int]:
    """What the project uses of each limit."""
    counts = dict.fromkeys(defaults(cloud), 0)
    names = {row["id"]: row["name"] for row in cloud[shapes.TYPE]}

    def add(name: str, of_type: str | None, amount: int) -> None:
        for key in (name, f"{name}_{of_type}"):
            if key in counts:
                counts[key] += amount

    for row in cloud[shapes.VOLUME].where(shapes.PROJECT[shapes.VOLUME], project_id):
        add("volumes", row["volume_type"], 1)
        add("gigabytes", row["volume_type"], row["size"])
    for row in cloud[shapes.SNAPSHOT].where(shapes.PROJECT[shapes.SNAPSHOT], project_id):
        add("snapshots", names.get(row.get("_volume_type_id", "")), 1)
        add("gigabytes", names.get(row.get("_volume_type_id", "")), row["size"])
    for row in cloud[shapes.BACKUP].where(shapes.PROJECT[shapes.BACKUP], project_id):
        add("backups", None, 1)
        add("backup_gigabytes", None, row["size"])
    return counts


def require_volume(call: web.Call, size: int, of_type: str) -> None:
    """There is room for one more volume of this size and type; else 413."""
    _require_size(call, size)
    wanted = {"volumes": 1, f"volumes_{of_type}": 1}
    sizes = {"gigabytes": size, f"gigabytes_{of_type}": size}
    over = _over(call, {**wanted, **sizes})
    _refuse_gigabytes(call, over, size)
    for name in wanted:
        if name in over:
            limit = over[name][0]
            text = f"Maximum number of volumes allowed ({limit}) exceeded for quota '{name}'."
            raise web.Refused(413, f"VolumeLimitExceeded: {text}")


def require_growth(call: web.Call, old: int, new: int, of_type: str) -> None:
    """There is room for a volume to grow; else 413."""
    _require_size(call, new)
    over = _over(call, {"gigabytes": new - old, f"gigabytes_{of_type}": new - old})
    _refuse_gigabytes(call, over, new - old)


def require_snapshot(call: web.Call, size: int, of_type: str) -> None:
    """There is room for one more snapshot of this size; else 413."""
    wanted = {"snapshots": 1, f"snapshots_{of_type}": 1}
    over = _over(call, {**wanted, "gigabytes": size, f"gigabytes_{of_type}": size})
    _refuse_gigabytes(call, over, size)
    for name in wanted:
        if name in over:
            text = f"Maximum number of snapshots allowed ({over[name][0]}) exceeded"
            raise web.Refused(413, f"SnapshotLimitExceeded: {text}")


def require_backup(call: web.Call, size: int) -> None:
    """There is room for one more backup of this size; else 413."""
    over = _over(call, {"backups": 1, "backup_gigabytes": size})
    if "backup_gigabytes" in over:
        limit, in_use = over["backup_gigabytes"]
        text = "Requested backup exceeds allowed Backup gigabytes quota. Requested"
        text = f"{text} {size}G, quota is {limit}G and {in_use}G has been consumed."
        raise web.Refused(413, f"VolumeBackupSizeExceedsAvailableQuota: {text}")
    if "backups" in over:
        text = f"Maximum number of backups allowed ({over['backups'][0]}) exceeded"
        raise web.Refused(413, f"BackupLimitExceeded: {text}")


def _over(call: web.Call, wanted: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Limit and use of what would be exceeded."""
    project = call.token.project_id or ""
    limits, in_use = limits_of(call.cloud, project), used(call.cloud, project)
    return {
        name: (limits[name], in_use[name])
        for name, amount in wanted.items()
        if 0 <= limits.get(name, -1) < in_use.get(name, 0) + amount
    }


def _require_size(call: web.Call, size: int) -> None:
    limit = limits_of(call.cloud, call.token.project_id or "")["per_volume_gigabytes"]
    if 0 <= limit < size:
        text = f"Requested volume size {size}G is larger than maximum allowed limit {limit}G."
        raise web.Refused(413, f"VolumeSizeExceedsLimit: {text}")


def _refuse_gigabytes(call: web.Call, over: dict[str, tuple[int, int]], size: int) -> None:
    for name, (limit, in_use) in over.items():
        if name.startswith("gigabytes"):
            text = f"Requested volume or snapshot exceeds allowed {name} quota. Requested {size}G,"
            text = f"{text} quota is {limit}G and {in_use}G has been consumed."
            raise web.Refused(413, f"VolumeSizeExceedsAvailableQuota: {text}")


def show(call: web.Call) -> web.Answer:
    """GET a project's limits, with ``usage=True`` what is used of them."""
    project = _own(call, "show")
    found: dict[str, Any] = limits_of(call.cloud, project)
    if schema.is_true(call.query.get("usage", "0")):
        in_use = used(call.cloud, project)
        found = {
            name: {"limit": limit, "in_use": in_use[name], "reserved": 0}
            for name, limit in found.items()
        }
    return web.Answer(200, {"quota_set": {**found, "id": project}})


def show_defaults(call: web.Call) -> web.Answer:
    """GET the limits that a project has unless somebody sets others."""
    project = _own(call, "show")
    return web.Answer(200, {"quota_set": {**defaults(call.cloud), "id": project}})


def _own(call: web.Call, verb: str) -> str:
    project = call.args["id"]
    allowed = call.token.is_admin or project == call.token.project_id
    api.require(call, f"volume_extension:quotas:{verb}", allowed=allowed)
    return project


def update(call: web.Call) -> web.Answer:
    """PUT limits: the administrator sets some; 400 for less than what is used."""
    api.require_admin(call, "volume_extension:quotas:update")
    project = call.args["id"]
    asked = schema.read(call, "quota_set", {}, is_open=True)
    asked.pop("tenant_id", None)
    is_skipped = not schema.is_true(call.query.get("skip_validation", "1"))
    _check(call, {key: value for key, value in asked.items() if key != "force"})
    in_use = used(call.cloud, project)
    for name, value in asked.items():
        if 0 <= int(value) < in_use[name] and not is_skipped and name != "per_volume_gigabytes":
            text = f"Quota {name} limit must be equal or greater than existing resources. Current"
            text = f"{text} usage is {in_use[name]} and the requested limit is {value}."
            raise web.Refused(400, text)
    known = call.cloud.quotas.setdefault(("block-storage", project), {})
    known.update({name: int(value) for name, value in asked.items()})
    return web.Answer(200, {"quota_set": limits_of(call.cloud, project)})


def _check(call: web.Call, asked: dict[str, Any]) -> None:
    strange = [name for name in asked if name not in defaults(call.cloud)]
    if strange:
        text = f"Bad key(s) in quota set: {', '.join(strange)}"
        raise web.Refused(400, f"Invalid input received: {text}")
    for name, value in asked.items():
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise web.Refused(400, f"{name} must be an integer") from None
        if number < -1:
            raise web.Refused(400, f"{name} must be >= -1")


def delete(call: web.Call) -> web.Answer:
    """DELETE limits: those of the project are the defaults again."""
    api.require_admin(call, "volume_extension:quotas:delete")
    call.cloud.quotas.pop(("block-storage", call.args["id"]), None)
    return web.Answer(200)


def show_class(call: web.Call) -> web.Answer:
    """GET the limits of a class: there is but the one of the defaults."""
    api.require_admin(call, "volume_extension:quota_classes:get")
    found = {**defaults(call.cloud), "id": call.args["id"]}
    return web.Answer(200, {"quota_class_set": found})


def limits(call: web.Call) -> web.Answer:
    """GET the caller's limits and use; the administrator may name another project (3.39)."""
    project = call.token.project_id or ""
    if call.token.is_admin and call.microversion >= (3, 39):
        project = call.query.get("project_id", project)
    most, in_use = limits_of(call.cloud, project), used(call.cloud, project)
    absolute = {key: most[name] for key, name in ABSOLUTE.items()}
    absolute |= {key: in_use[name] for key, name in USED.items()}
    return web.Answer(200, {"limits": {"rate": [], "absolute": absolute}})


ROUTES = (
    api.route("GET", "/os-quota-sets/<id>", show),
    api.route("GET", "/os-quota-sets/<id>/defaults", show_defaults),
    api.route("PUT", "/os-quota-sets/<id>", update),
    api.route("DELETE", "/os-quota-sets/<id>", delete),
    api.route("GET", "/os-quota-class-sets/<id>", show_class),
    api.route("GET", "/limits", limits),
)
