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
"""A collection's list: filters, order, pages, links, fields.

Sources: API reference, Networking v2.0, "Filtering", "Sorting" and "Pagination"; what is wrong,
and what a vanished marker does, was seen on a real Neutron 29.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import functools
import itertools
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import table
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy
from tests.emulator.services.network import presenting

Body = cloud_module.Body
Collection = collections.Collection
Test = Callable[[Body], bool]

CONTROLS = {"limit", "marker", "page_reverse", "fields", "sort_key", "sort_dir"}


def answer(call: web.Call, collection: Collection) -> web.Answer:
    """The page that the query asks for."""
    limit = _limit(call)
    order = _order(call, collection)
    tests = list(_tests(call, collection))
    if not call.token.is_admin:
        tests.append(lambda body: policy.is_visible(call, collection, body))

    def wanted(body: Body) -> bool:
        return all(test(body) for test in tests)

    backwards = call.query.get("page_reverse", "").lower() == "true"
    rows = _sorted(call, collection, order, backwards=backwards)
    found = [call.rows(collection.kind).whole(row) for row in paging.take(rows, wanted, limit)]
    found = found[::-1] if backwards else found
    show = presenting.presenter(call, collection)
    body: Body = {collection.key: [show(one) for one in found]}
    if limit is not None:
        body[f"{collection.key}_links"] = _links(call, found, limit, backwards=backwards)
    return web.Answer(200, body)


def _limit(call: web.Call) -> int | None:
    """The page size: 0 and nothing mean all, up to what the service gives at once."""
    asked = call.query.get("limit", "0")
    if not asked.isdigit():
        text = f"Bad limit request: Limit must be an integer 0 or greater and not '{asked}'."
        raise web.Refused(400, text, "BadRequest")
    most = call.cloud.settings.page_limits["network"]
    return paging.capped(int(asked) or None, most)


def _order(call: web.Call, collection: Collection) -> list[tuple[str, bool]]:
    """The fields to sort by, each with whether downwards."""
    keys, ways = call.query.getlist("sort_key"), call.query.getlist("sort_dir")
    if len(keys) != len(ways):
        raise web.Refused(400, "The number of sort_keys and sort_dirs must be same")
    wrong = [key for key in keys if not _has_use(collection, key, "s")]
    if wrong:
        raise web.Refused(400, f"{wrong} is invalid attribute for sort_keys")
    wrong = [way for way in ways if way not in ("asc", "desc")]
    if wrong:
        text = f"{wrong} is invalid value for sort_dirs, valid value is 'asc' and 'desc'"
        raise web.Refused(400, text)
    return [(key, way == "desc") for key, way in zip(keys, ways, strict=True)]


def _has_use(collection: Collection, name: str, use: str) -> bool:
    return name in collection.fields and use in collection.fields[name].uses


def _sorted(
    call: web.Call, collection: Collection, order: list[tuple[str, bool]], *, backwards: bool
) -> Iterator[Body]:
    """The rows from the marker on, in the order asked for, or downwards."""
    rows = call.rows(collection.kind)
    marker = call.query.get("marker") if _limit(call) is not None else None
    if marker is not None and rows.get(marker) is None:
        if collection.keeps_markers:
            raise collection.missing(marker)
        marker = None
    few = _by_index(call, rows)
    if few is None and not order:
        return _walk(rows, marker, backwards=backwards)
    found = _with_marker(rows.glances() if few is None else few, rows, marker)
    found.sort(key=lambda body: str(body["id"]))
    for key, downwards in reversed(order):
        found.sort(key=functools.partial(_sort_value, key), reverse=downwards)
    found = found[::-1] if backwards else found
    ids = [body["id"] for body in found] if marker is not None else []
    return iter(found[ids.index(marker) + 1 :] if marker is not None else found)


def _with_marker(found: Iterable[Body], rows: table.Table, marker: str | None) -> list[Body]:
    """The rows and the one of the marker, which shows where in the order the page begins."""
    kept = list(found)
    row = rows.get(marker) if marker is not None else None
    if row is not None and all(one["id"] != marker for one in kept):
        kept.append(row)
    return kept


def _walk(rows: table.Table, marker: str | None, *, backwards: bool) -> Iterator[Body]:
    if backwards:
        return rows.backwards() if marker is None else rows.before(marker)
    return rows.glances(marker)


def _sort_value(key: str, body: Body) -> Any:
    """Null comes first, and case does not count (seen on a real Neutron 29 with MariaDB)."""
    value = body[key]
    return (value is not None, value.lower() if isinstance(value, str) else value)


def _by_index(call: web.Call, rows: table.Table) -> list[Body] | None:
    """The few rows that a filter by id or by an indexed field leaves; None if there is none."""
    if "id" in call.query:
        ids = dict.fromkeys(call.query.getlist("id"))
        return [row for key in ids if (row := rows.get(key)) is not None]
    for field in rows.indexed:
        if field in call.query:
            values = dict.fromkeys(call.query.getlist(field))
            return list(itertools.chain.from_iterable(rows.where(field, v) for v in values))
    return None


def _tests(call: web.Call, collection: Collection) -> Iterator[Test]:
    """One for each field that the query filters by; 400 for one that Neutron does not know."""
    asked = {key: call.query.getlist(key) for key in call.query if key not in CONTROLS}
    wrong = [key for key in asked if not _has_use(collection, key, "f")]
    if wrong:
        raise web.Refused(400, f"{wrong} is invalid attribute for filtering")
    for key, values in asked.items():
        yield _test(collection, key, values)


def _test(collection: Collection, key: str, values: list[str]) -> Test:
    """Whether a row has one of the values; case does not count (seen with MariaDB)."""
    if key in collections.TAGGED:
        return _tag_test(key, {tag for value in values for tag in value.split(",")})
    if key == "fixed_ips":
        return _address_test(values)
    convert = collection.fields[key].convert
    if convert is fields.to_boolean:
        flags = {fields.to_boolean(value) for value in values}
        return lambda body: bool(body.get(key)) in flags
    if convert is fields.to_integer:
        numbers = {fields.to_integer(value) for value in values}
        return lambda body: body.get(key) in numbers
    texts = {value.lower() for value in values}
    if key == "security_groups":
        return lambda body: not texts.isdisjoint(body[key])
    return lambda body: _text(body.get(key)) in texts


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _tag_test(key: str, tags: set[str]) -> Test:
    """API reference, "Filtering resources by tags"."""
    if key == "tags":
        return lambda body: tags.issubset(body["tags"])
    if key == "tags-any":
        return lambda body: not tags.isdisjoint(body["tags"])
    if key == "not-tags":
        return lambda body: not tags.issubset(body["tags"])
    return lambda body: tags.isdisjoint(body["tags"])


def _address_test(values: list[str]) -> Test:
    """``fixed_ips=subnet_id=ID`` and the like: all sorts must be met, each by one value."""
    wanted: dict[str, set[str]] = {}
    for value in values:
        name, is_pair, part = value.partition("=")
        if not is_pair:
            raise fields.invalid(f"'{value}' is not of the form <key>=[value]")
        wanted.setdefault(name, set()).add(part)

    def test(body: Body) -> bool:
        fixed_ips = body["fixed_ips"]
        for name in wanted.keys() & {"subnet_id", "ip_address"}:
            if not any(fixed[name] in wanted[name] for fixed in fixed_ips):
                return False
        parts = wanted.get("ip_address_substr")
        return parts is None or any(part in f["ip_address"] for part in parts for f in fixed_ips)

    return test


def _links(
    call: web.Call, found: list[Body], limit: int, *, backwards: bool
) -> list[dict[str, str]]:
    """Where the pages before and after are; none where a short page shows that there is none.

    So the last link may lead to an empty page, and the first page has one before it.
    """
    url = f"{call.request.host_url.rstrip('/')}{call.request.path}"
    kept = [
        part
        for part in call.request.query_string.decode().split("&")
        if part and not part.startswith(("marker=", "page_reverse="))
    ]
    links = []
    is_short = len(found) < limit
    if backwards or not is_short:
        marker = [f"marker={found[-1]['id']}"] if found else []
        links.append({"rel": "next", "href": f"{url}?{'&'.join([*kept, *marker])}"})
    if not (backwards and is_short):
        marker = [f"marker={found[0]['id']}"] if found else []
        query = "&".join([*kept, *marker, "page_reverse=True"])
        links.append({"rel": "previous", "href": f"{url}?{query}"})
    return links
