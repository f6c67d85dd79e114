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
"""Nova's pages (at most 1000 rows, and a link to the next after a full one), and its policy."""

from collections.abc import Iterable
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web

Body = cloud_module.Body


def limit(call: web.Call) -> int | None:
    """The page size; 400 unless it is digits only."""
    asked = call.query.get("limit")
    most = call.cloud.settings.page_limits["compute"]
    if not asked:
        return most
    if not asked.isdigit():
        text = f"Invalid input for query parameters limit. Value: {asked}."
        raise web.Refused(400, f"{text} {asked!r} does not match '^[0-9]*$'")
    return paging.capped(int(asked), most)


def links(call: web.Call, key: str, marker: str | None, size: int) -> dict[str, Any]:
    """What is added to a list's body: the next link, if the page of this size is full."""
    if marker is None or size != limit(call):
        return {}
    return {f"{key}_links": [next_link(call, marker)]}


def next_link(call: web.Call, marker: str) -> dict[str, str]:
    """The link to the page after this marker."""
    url = f"{call.request.host_url.rstrip('/')}{call.request.path}"
    return {"rel": "next", "href": f"{url}?{paging.next_query(call, marker)}"}


def after(rows: Iterable[Body], marker: str | None, key: str, gone: web.Refused) -> list[Body]:
    """The rows behind the one whose `key` is the marker; all without one, `gone` if missing."""
    found = list(rows)
    if marker is None:
        return found
    for place, row in enumerate(found):
        if str(row[key]) == marker:
            return found[place + 1 :]
    raise gone


def require(call: web.Call, rule: str, *, allowed: bool) -> None:
    """403 as Nova's policy says it, unless allowed."""
    if not allowed:
        message = f"Policy doesn't allow os_compute_api:{rule} to be performed."
        raise web.Refused(403, message)


def require_admin(call: web.Call, rule: str) -> None:
    """403 for all but the administrator (policies ``rule:admin_api``)."""
    require(call, rule, allowed=call.token.is_admin)


def require_member(call: web.Call, rule: str) -> None:
    """403 for who only reads (policies ``project_member_or_admin``)."""
    allowed = call.token.is_admin or "member" in call.token.roles
    require(call, rule, allowed=allowed)


def require_version(call: web.Call, low: web.Version, high: web.Version = (9, 999)) -> None:
    """404 in microversions that do not have what was asked for."""
    if not low <= call.microversion <= high:
        raise web.Refused(404, "The resource could not be found.")
