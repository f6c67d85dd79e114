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
"""How Cinder lists: whose rows, filters, sorting, pages, next links, counts.

Seen on a real Cinder 29: without the right to see all projects ``all_tenants`` is ignored with
200. A filter that is not configured is, from 3.31 on, 400 for a member; before it was ignored.
For the administrator one that no field has finds nothing. A marker that is gone is 404, a page
that is full has a next link, even if it was the last one.
"""

import ast
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import itertools
import operator
import re
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = cloud_module.Body
Presenter = Callable[[web.Call], Callable[[Body], Body]]
"""For a call, what shows each of its rows: what all rows have in common is done once."""
Test = Callable[[Body], bool]

CONTROLS = {"all_tenants", "limit", "marker", "offset", "sort", "sort_key", "sort_dir"}
COMPARE = {
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
}


@dataclasses.dataclass(frozen=True)
class Listing:
    """How one kind is listed: what a member may filter by and everybody sort by."""

    kind: str
    plural: str
    filters: frozenset[str]
    sorts: frozenset[str]
    path: str = ""
    links_key: str = ""
    wanted: Callable[[web.Call], Test] | None = None
    ignored: frozenset[str] = frozenset()
    forgives_marker: bool = False
    has_links: bool = True
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Filters that are called otherwise than the field that they are about."""

    def handler(self, present: Presenter, rule: str = "", suffix: str = "") -> web.Handler:
        """The handler of a list whose rows are shown by `present`."""

        def handler(call: web.Call) -> web.Answer:
            if rule:
                api.require_admin(call, rule)
            page = Page(call, self)
            found = page.rows()
            show = present(call)
            answer: dict[str, Any] = {self.plural: [show(row) for row in found]}
            if self.has_links and found and len(found) >= page.limit:
                url = f"{call.root}/v3/{call.token.project_id}/{self.path or self.plural}"
                query = paging.next_query(call, found[-1]["id"])
                key = self.links_key or f"{self.plural}_links"
                answer[key] = [{"rel": "next", "href": f"{url}{suffix}?{query}"}]
            if call.microversion >= (3, 45) and schema.is_true(call.query.get("with_count", "0")):
                answer["count"] = sum(1 for _ in page.all())
            return web.Answer(200, answer)

        return handler


class Page:
    """What one call wants of a listing; 400 for what it may not want."""

    def __init__(self, call: web.Call, listing: Listing) -> None:
        self._call = call
        self._listing = listing
        self._kind = listing.kind
        self._table = call.rows(listing.kind)
        self.limit = limit(call)
        self._offset = _offset(call)
        self._sort = _sort(call, listing.sorts)
        self._is_everywhere = _is_everywhere(call)
        self._filters = self._read_filters()
        self._tests = [_test(call, listing.kind, *item) for item in self._filters.items()]
        if listing.wanted is not None:
            self._tests.append(listing.wanted(call))

    def rows(self) -> list[Body]:
        """The rows of this page."""
        rows = self._after(self._call.query.get("marker"))
        found = itertools.islice(rows, self._offset, self._offset + self.limit)
        return [self._table.whole(row) for row in found]

    def all(self) -> Iterator[Body]:
        """All rows that match, in order; those of a crowd are glances."""
        rows = filter(self._is_wanted, self._candidates())
        return iter(_sorted(rows, self._sort)) if self._sort else rows

    def _candidates(self) -> Iterable[Body]:
        field = shapes.PROJECT.get(self._kind)
        project = self._project()
        if field is None or project is None:
            return self._table.glances()
        return self._table.where(field, project, is_glance=True)

    def _project(self) -> str | None:
        """The project whose rows are asked for; None for all."""
        if not self._is_everywhere:
            return self._call.token.project_id
        return self._filters.get("project_id")

    def _is_wanted(self, row: Body) -> bool:
        return all(test(row) for test in self._tests)

    def _after(self, marker: str | None) -> Iterator[Body]:
        """The rows after the marker, which need not match itself but must be there."""
        if marker is None:
            return self.all()
        row = self._table.get(marker)
        if row is None and self._listing.forgives_marker:
            return self.all()
        if row is None:
            raise api.missing(self._kind, marker)
        if self._sort:
            found = itertools.dropwhile(lambda one: one["id"] != marker, self.all())
            return itertools.islice(found, 1, None)
        if shapes.PROJECT.get(self._kind) is None or self._project() is None:
            return filter(self._is_wanted, self._table.glances(marker))
        rows = self._candidates()
        mine = (row["created_at"], row["id"])
        later = itertools.dropwhile(lambda one: (one["created_at"], one["id"]) >= mine, rows)
        return filter(self._is_wanted, later)

    def _read_filters(self) -> dict[str, str]:
        given = {
            key: text
            for key, text in self._call.query.items()
            if key not in CONTROLS and (key != "with_count" or self._call.microversion < (3, 45))
        }
        for key in self._listing.ignored:
            given.pop(key, None)
        if self._call.token.is_admin:
            return self._named(given)
        strange = [key for key in given if key not in self._listing.filters]
        if strange and self._call.microversion >= (3, 31):
            text = f"Invalid filters {','.join(strange)} are found in query options."
            raise web.Refused(400, text)
        return self._named({key: text for key, text in given.items() if key not in strange})

    def _named(self, given: dict[str, str]) -> dict[str, str]:
        return {self._listing.names.get(key, key): text for key, text in given.items()}


def _is_everywhere(call: web.Call) -> bool:
    """Whether all projects are listed; what others than the administrator say is ignored."""
    if not call.token.is_admin:
        return False
    asked = call.query.get("all_tenants", "0")
    if asked.lower() not in {str(word).lower() for word in (*schema.TRUE, *schema.FALSE)}:
        raise web.Refused(400, f"Value '{asked}' for 'all_tenants' is not a boolean.")
    return asked.lower() in {str(word).lower() for word in schema.TRUE}


def limit(call: web.Call) -> int:
    """How many rows a page has; 400 for what is no number."""
    asked = call.query.get("limit")
    most = call.cloud.settings.page_limits["block-storage"] or 10**9
    if asked is None:
        return most
    if not re.fullmatch(r"[-+]?\d+", asked):
        raise web.Refused(400, "limit param must be an integer")
    if int(asked) < 0:
        raise web.Refused(400, "limit param must be positive")
    return min(int(asked), most)


def _offset(call: web.Call) -> int:
    asked = call.query.get("offset", "0")
    if not re.fullmatch(r"[-+]?\d+", asked):
        raise web.Refused(400, "offset must be an integer")
    if int(asked) < 0:
        raise web.Refused(400, "offset must be >= 0")
    return int(asked)


def _sort(call: web.Call, known: frozenset[str]) -> list[tuple[str, bool]]:
    """Fields and whether they descend; empty for the default, which tables have anyway."""
    if "sort" in call.query and {"sort_key", "sort_dir"} & set(call.query):
        text = "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with"
        raise web.Refused(400, f"{text} the 'sort' parameter.")
    if "sort" in call.query:
        words = [word.partition(":") for word in call.query["sort"].split(",")]
        asked = [(key.strip(), way.strip() or "desc") for key, _, way in words]
    elif {"sort_key", "sort_dir"} & set(call.query):
        way = call.query.get("sort_dir", "desc")
        asked = [(call.query.get("sort_key", "created_at"), way)]
    else:
        return []
    for key, way in asked:
        if way not in {"asc", "desc"}:
            text = "Unknown sort direction, must be 'desc' or 'asc'."
            raise web.Refused(400, f"Invalid input received: {text}")
        if key not in known:
            raise web.Refused(400, "Invalid input received: Invalid sort key")
    first = asked[0][1]
    asked += [(key, first) for key in ("created_at", "id") if key not in dict(asked)]
    return [(key, way == "desc") for key, way in asked]


def _sorted(rows: Iterable[Body], sort: list[tuple[str, bool]]) -> list[Body]:
    found = list(rows)
    for field, descends in reversed(sort):
        found.sort(key=lambda row, f=field: _comparable(row.get(f)), reverse=descends)  # type: ignore[misc]
    return found


def _comparable(value: Any) -> tuple[bool, Any]:
    return (value is not None, "" if value is None else value)


def _test(call: web.Call, kind: str, key: str, text: str) -> Test:
    """What a filter asks of a row. A database that compares text knows no case."""
    if key == "metadata":
        return _metadata_test(text)
    if key == "project_id":
        return lambda row: row.get(shapes.PROJECT.get(kind, key)) == text
    if key in {"created_at", "updated_at"} and ":" in text:
        return _time_test(key, text)
    if key.endswith("~"):
        return lambda row: text.lower() in str(row.get(key[:-1])).lower()
    if key == "bootable" and call.microversion >= (3, 2):
        text = _bootable(text)
    wanted = text.lower()
    return lambda row: key in row and str(row[key]).lower() == wanted


def _bootable(text: str) -> str:
    if text.lower() not in {"true", "false", "1", "0", "t", "f", "yes", "no", "y", "n"}:
        raise web.Refused(400, f"Invalid input received: 'bootable = {text}'")
    return str(text.lower() in {"true", "1", "t", "yes", "y"}).lower()


def _metadata_test(text: str) -> Test:
    try:
        wanted = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        wanted = None
    if not isinstance(wanted, dict):
        return lambda row: False
    return lambda row: wanted.items() <= row["metadata"].items()


def _time_test(key: str, text: str) -> Test:
    tests = []
    for part in text.split(","):
        name, _, moment = part.partition(":")
        if name not in COMPARE:
            raise web.Refused(400, f"Invalid {name} operator")
        if not re.match(r"\d{4}-\d\d-\d\d", moment):
            raise web.Refused(400, f"Invalid {moment} value")
        tests.append((COMPARE[name], moment.replace(" ", "T")[:19]))
    return lambda row: all(compare(str(row[key])[:19], moment) for compare, moment in tests)
