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
"""Lists of servers: whose, which, in what order, in what pages.

Sources: API reference, Compute, "List Servers"; API guide, "Handling Down Cells"; statuses,
messages and ignored filters seen on a real Nova 34. Members may use fewer filters than the
administrator; the others are ignored, not refused. Servers of a cell that is down are missing,
unless the request is of 2.69 or later and neither filters (but by all_tenants), sorts nor pages.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import functools
import itertools
import re
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import crowds
from tests.emulator import paging
from tests.emulator import table
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import finding
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import presenting
from tests.emulator.services.compute import states

Body = cloud_module.Body
Test = Callable[[Body], bool]

ATTRIBUTE = "OS-EXT-SRV-ATTR:{}".format
SORTABLE = {
    "access_ip_v4": "accessIPv4",
    "access_ip_v6": "accessIPv6",
    "auto_disk_config": "OS-DCF:diskConfig",
    "availability_zone": "OS-EXT-AZ:availability_zone",
    "config_drive": "config_drive",
    "created_at": "created",
    "display_description": "description",
    "display_name": "name",
    "host": ATTRIBUTE("host"),
    "hostname": ATTRIBUTE("hostname"),
    "image_ref": "image",
    "instance_type_id": "flavor",
    "kernel_id": ATTRIBUTE("kernel_id"),
    "key_name": "key_name",
    "launch_index": ATTRIBUTE("launch_index"),
    "launched_at": "OS-SRV-USG:launched_at",
    "locked": "locked",
    "locked_by": "locked",
    "node": ATTRIBUTE("hypervisor_hostname"),
    "power_state": "OS-EXT-STS:power_state",
    "progress": "progress",
    "project_id": "tenant_id",
    "ramdisk_id": ATTRIBUTE("ramdisk_id"),
    "root_device_name": ATTRIBUTE("root_device_name"),
    "task_state": "OS-EXT-STS:task_state",
    "terminated_at": "OS-SRV-USG:terminated_at",
    "updated_at": "updated",
    "user_id": "user_id",
    "uuid": "id",
    "vm_state": "OS-EXT-STS:vm_state",
}

EQUAL = {
    "config_drive": "config_drive",
    "created_at": "created",
    "host": ATTRIBUTE("host"),
    "launched_at": "OS-SRV-USG:launched_at",
    "power_state": "OS-EXT-STS:power_state",
    "progress": "progress",
    "project_id": "tenant_id",
    "task_state": "OS-EXT-STS:task_state",
    "tenant_id": "tenant_id",
    "terminated_at": "OS-SRV-USG:terminated_at",
    "user_id": "user_id",
    "uuid": "id",
    "vm_state": "OS-EXT-STS:vm_state",
}
"""Filters that compare."""

REGEX = {
    "availability_zone": "OS-EXT-AZ:availability_zone",
    "description": "description",
    "display_description": "description",
    "display_name": "name",
    "hostname": ATTRIBUTE("hostname"),
    "key_name": "key_name",
    "name": "name",
    "node": ATTRIBUTE("hypervisor_hostname"),
    "reservation_id": ATTRIBUTE("reservation_id"),
    "root_device_name": ATTRIBUTE("root_device_name"),
}
"""Filters that search."""

FOR_ALL: dict[str, web.Version] = {
    **dict.fromkeys(("reservation_id", "name", "status", "image", "flavor", "ip"), (2, 1)),
    "changes-since": (2, 1),
    "ip6": (2, 5),
    **dict.fromkeys(("tags", "tags-any", "not-tags", "not-tags-any"), (2, 26)),
    "changes-before": (2, 66),
    "locked": (2, 73),
    **dict.fromkeys(
        (
            *("availability_zone", "config_drive", "key_name", "created_at", "launched_at"),
            *("terminated_at", "power_state", "task_state", "vm_state", "progress", "user_id"),
        ),
        (2, 83),
    ),
    "hostname": (2, 90),
}
"""The filters that members may use, and since when; the administrator may use all."""

PAGES = {"limit", "marker", "sort_key", "sort_dir"}
OTHERS = ("all_tenants", "deleted", "soft_deleted", "sort_dir", "access_ip_v4", "access_ip_v6")
MORE = ("auto_disk_config", "image_ref", "kernel_id", "launch_index", "locked_by", "ramdisk_id")
DATE = {"format": "date-time"}
SEARCHED = {key: {"format": "regex"} for key in (*REGEX, "flavor", "ip", "ip6")}
QUERY = {
    **checks.words(
        *(*EQUAL, *OTHERS, *MORE, *FOR_ALL),
        **SEARCHED,
        **{
            "sort_key": {"enum": [*SORTABLE]},
            "changes-since": DATE,
            "changes-before": DATE,
        },
    ),
    "unknown": "{key!r} does not match any of the regexes: '^_'",
}


def _flag(call: web.Call, name: str) -> bool:
    """A flag that is checked: absent is false, empty is true."""
    asked = call.query.get(name)
    known = {"", "0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes"}
    if asked is not None and asked.lower() not in known:
        words = ", ".join(repr(word) for word in sorted(known - {""}))
        raise web.Refused(400, f"Unrecognized value {asked!r}, acceptable values are: {words}")
    return asked is not None and checks.is_true(asked)


def _filters(call: web.Call) -> dict[str, str]:
    """The filters that count for the caller."""
    known = {*EQUAL, *REGEX, *FOR_ALL, "deleted"}
    return {
        key: value
        for key, value in call.query.items()
        if key in known and (call.token.is_admin or FOR_ALL.get(key, (9, 9)) <= call.microversion)
    }


def _test(call: web.Call, key: str, value: str) -> Test:
    """What a filter asks of a server."""
    if key == "status":
        return _status(call)
    if key in OWN_TESTS:
        return OWN_TESTS[key](value)
    if key in REGEX:
        field, search = REGEX[key], re.compile(value).search
        return lambda body: bool(search(body[field] or ""))
    field = EQUAL[key]
    return lambda body: str(body[field]) == value


def _status(call: web.Call) -> Test:
    """By any of the statuses asked for; 400 (since 2.38) if Nova knows none of them."""
    asked = {value.upper() for value in call.query.getlist("status")}
    if not asked & states.STATUSES:
        if call.microversion >= (2, 38):
            raise web.Refused(400, "Invalid status value")
        return lambda _: False
    if asked == {"DELETED"} and not call.token.is_admin:
        raise web.Refused(403, "Only administrators may list deleted instances")
    return lambda body: body["status"] in asked


def _flavor(value: str) -> Test:
    return lambda body: body["flavor"]["id"] == value


def _image(value: str) -> Test:
    return lambda body: bool(body["image"]) and body["image"]["id"] == value


def _address(version: int, value: str) -> Test:
    search = re.compile(value).search

    def test(body: Body) -> bool:
        return any(
            one["version"] == version and search(one["addr"])
            for found in body["addresses"].values()
            for one in found
        )

    return test


def _locked(value: str) -> Test:
    wanted = checks.is_true(value)
    return lambda body: body["locked"] == wanted


def _changed(value: str, *, before: bool) -> Test:
    moment = value.replace(" ", "T")[:19]
    if before:
        return lambda body: body["updated"][:19] <= moment
    return lambda body: body["updated"][:19] >= moment


def _tags(value: str, *, wanted: bool, any_of: bool) -> Test:
    asked = value.split(",")
    found = any if any_of else all
    return lambda body: found(tag in body["tags"] for tag in asked) is wanted


OWN_TESTS: dict[str, Callable[[str], Test]] = {
    "flavor": _flavor,
    "image": _image,
    "ip": functools.partial(_address, 4),
    "ip6": functools.partial(_address, 6),
    "locked": _locked,
    "changes-since": functools.partial(_changed, before=False),
    "changes-before": functools.partial(_changed, before=True),
    "deleted": lambda _: lambda _: True,
    "tags": functools.partial(_tags, wanted=True, any_of=False),
    "tags-any": functools.partial(_tags, wanted=True, any_of=True),
    "not-tags": functools.partial(_tags, wanted=False, any_of=False),
    "not-tags-any": functools.partial(_tags, wanted=False, any_of=True),
}


def _wanted(call: web.Call, filters: dict[str, str], *, everywhere: bool) -> Test:
    """Own servers unless all tenants are asked for, in which case the filters choose."""
    kept = dict(filters)
    project_id = call.token.project_id
    if not everywhere:
        kept.pop("tenant_id", None)
        kept.pop("project_id", None)
    tests = [_test(call, key, value) for key, value in kept.items()]
    if not everywhere:
        tests.append(lambda body: body["tenant_id"] == project_id)
    if len(tests) <= 1:
        return tests[0] if tests else lambda _: True
    return lambda body: all(test(body) for test in tests)


def _rows(call: web.Call, filters: dict[str, str], *, everywhere: bool) -> Iterable[Body]:
    """The rows in Nova's order, the newest first, from the marker on; sorted if that is asked.

    Deleted servers are listed instead with ``deleted``, and beside the others with
    ``changes-since`` and ``changes-before``.
    """
    marker = call.query.get("marker")
    gone = web.Refused(400, f"marker [{marker}] not found")
    is_deleted = call.query.get("status", "").upper() == "DELETED"
    if call.token.is_admin and (checks.is_true(filters.get("deleted")) or is_deleted):
        rows = call.rows("compute.deleted_server")
    elif {"changes-since", "changes-before"} & set(filters):
        kinds = ("compute.server", "compute.deleted_server")
        both = [row for kind in kinds for row in call.rows(kind).glances()]
        both.sort(key=_place, reverse=True)
        _sorter(call)(both)
        return paged.after(both, marker, "id", gone)
    else:
        rows = call.rows("compute.server")
    if call.query.get("sort_key"):
        return _sorted(call, rows, marker, gone)
    known = [(EQUAL[key], value) for key, value in filters.items() if key in EQUAL]
    found = known if everywhere else [("tenant_id", call.token.project_id)]
    for field, value in found:
        if field in rows.indexed and (marker is None or rows.get(marker) is not None):
            return rows.where(field, value, after=marker, is_glance=True)
    return _after(call, rows, marker, gone)


def _after(
    call: web.Call, rows: table.Table, marker: str | None, gone: web.Refused
) -> Iterable[Body]:
    """The rows behind the marker, which may be a server that is deleted.

    Seen on a real Nova 34: one serves as a marker until the database is archived, that is, until
    it is no longer in the table of deleted ones.
    """
    if marker is None or rows.get(marker) is not None:
        return rows.glances(marker)
    kinds = ("compute.server", "compute.deleted_server")
    found = next(filter(None, (call.rows(kind).get(marker) for kind in kinds)), None)
    if found is None:
        raise gone
    place = _place(found)
    return itertools.dropwhile(lambda body: _place(body) > place, rows.glances())


def _place(body: Body) -> tuple[str, str]:
    return (body["created"], body["id"])


def _sorted(
    call: web.Call, rows: table.Table, marker: str | None, gone: web.Refused
) -> Iterator[Body]:
    """The rows by each ``sort_key`` from the marker on; the order is kept for the next page."""
    sort = _sorter(call)
    keys, ways = call.query.getlist("sort_key"), call.query.getlist("sort_dir")
    try:
        return rows.glances_by((tuple(keys), tuple(ways)), sort, marker)
    except KeyError:
        raise gone from None


def _sorter(call: web.Call) -> Callable[[list[Body]], None]:
    """What sorts by each ``sort_key`` (descending unless ``sort_dir`` says ``asc``)."""
    keys, ways = call.query.getlist("sort_key"), call.query.getlist("sort_dir")
    if set(ways) - {"asc", "desc"}:
        text = "Unknown sort direction, must be 'desc' or 'asc'"
        raise web.Refused(400, f"Invalid input received: {text}")
    if {"host", "node"} & set(keys) and not call.token.is_admin:
        wrong = next(key for key in keys if key in {"host", "node"})
        raise web.Refused(403, f"Only administrators can sort servers by {wrong}")
    pairs = list(itertools.zip_longest(keys, ways[: len(keys)]))

    def sort(found: list[Body]) -> None:
        for key, way in reversed(pairs):
            found.sort(key=functools.partial(_text, SORTABLE[key]), reverse=way != "asc")

    return sort


def _text(field: str, body: Body) -> tuple[bool, str]:
    value = body[field]
    return (value is not None, f"{value:09}" if isinstance(value, int) else str(value))


def _known(call: web.Call, rows: Iterable[Body], *, with_unknown: bool) -> Iterator[Body]:
    """The rows without those of cells that are down; or with them, in front of the others."""
    if not call.cloud.settings.down_hosts:
        return iter(rows)
    found = list(rows)
    known = (body for body in found if not finding.is_down(call, body))
    if not with_unknown:
        return known
    return itertools.chain((body for body in found if finding.is_down(call, body)), known)


def _shown(call: web.Call, rows: list[Body], present: Callable[[Body], Body]) -> list[Any]:
    """How the rows look; those that are only glances are written without being made."""
    if call.cloud.settings.down_hosts:
        return [present(body) for body in rows]
    glance = next((row for row in rows if isinstance(row, crowds.Glance)), None)
    if glance is None:
        return [present(body) for body in rows]
    write = glance.crowd.writer(present)
    return [write(b.number) if isinstance(b, crowds.Glance) else present(b) for b in rows]


def list_servers(*, detail: bool) -> web.Handler:
    """GET /servers and /servers/detail: 403 for a member who wants all tenants'."""
    rule = "detail" if detail else "index"

    def handler(call: web.Call) -> web.Answer:
        paged.require(call, f"servers:{rule}", allowed=call.token.project_id is not None)
        checks.query(call, QUERY)
        everywhere = _flag(call, "all_tenants")
        if everywhere:
            paged.require_admin(call, f"servers:{rule}:get_all_tenants")
        filters, limit = _filters(call), paged.limit(call)
        wanted = _wanted(call, filters, everywhere=everywhere)
        plain = not filters and not PAGES & set(call.query)
        rows = _known(
            call,
            _rows(call, filters, everywhere=everywhere),
            with_unknown=plain and call.microversion >= (2, 69),
        )
        found = paging.take(rows, wanted, limit)
        looks = presenting.Looks(call)
        present = looks.in_list if detail else looks.brief
        last = found[-1]["id"] if found else None
        shown = {"servers": _shown(call, found, present)}
        return web.Answer(200, {**shown, **paged.links(call, "servers", last, len(found))})

    return handler
