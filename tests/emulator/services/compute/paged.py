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
"""Nova's pages: at most 1000 rows, and a link to the next page after a full one."""

from typing import Any

from tests.emulator import paging
from tests.emulator import web


def limit(call: web.Call) -> int | None:
    """The page size; 400 unless it is digits only."""
    asked = call.query.get("limit")
    most = call.cloud.settings.page_limits["compute"]
    if asked is None:
        return most
    if not asked.isdigit():
        text = f"Invalid input for query parameters limit. Value: {asked}."
        raise web.Refused(400, f"{text} {asked!r} does not match '^[0-9]*$'")
    return paging.capped(int(asked), most)


def links(call: web.Call, key: str, marker: str | None, size: int) -> dict[str, Any]:
    """What is added to a list's body: the next link, if the page of this size is full."""
    if marker is None or size != limit(call):
        return {}
    url = f"{call.request.host_url.rstrip('/')}{call.request.path}"
    href = f"{url}?{paging.next_query(call, marker)}"
    return {f"{key}_links": [{"rel": "next", "href": href}]}


def require(call: web.Call, rule: str, *, allowed: bool) -> None:
    """403 as Nova's policy says it, unless allowed."""
    if not allowed:
        message = f"Policy doesn't allow os_compute_api:{rule} to be performed."
        raise web.Refused(403, message)
