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
"""What all of Keystone's collections have in common: links, filters, pages, finding one.

Seen on a real Keystone 30: a list is whole unless the client gives a limit, and then carries
``"truncated": true``. Domains, projects, users and groups go on after a marker, and one that is
gone is 404; roles, services, endpoints and credentials take a limit, name a next page and then
ignore the marker; role assignments and ``/v3/auth/...`` ignore both; regions refuse them (400).
"""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import datetime
import itertools
import re
from typing import Any

from tests.emulator import paging
from tests.emulator import table
from tests.emulator import web
from tests.emulator.services.identity import policy

Body = table.Body

FLAGS = [
    *(True, "True", "TRUE", "true", False, "False", "FALSE", "false", "", "1", "0"),
    *("y", "Y", "n", "N", "on", "ON", "off", "OFF", "yes", "no"),
]
"""What Keystone takes for a flag, in a query and in a body."""
FALSE = frozenset({"0", "false", "f", "no", "n", "off"})
INTERFACES = ["admin", "internal", "public"]

COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "": str.__eq__,
    "contains": str.__contains__,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
"""How ``?name__startswith=x`` compares; MySQL, and so Keystone, takes no notice of case."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """One collection: its names, the fields that its list can be filtered by, its markers."""

    singular: str
    filters: tuple[str, ...] = ()
    has_markers: bool = False
    in_domains: bool = True

    @property
    def plural(self) -> str:
        """Its key in lists and in paths."""
        return f"{self.singular}s"

    @property
    def table(self) -> str:
        """Its kind in the cloud."""
        return f"identity.{self.singular}"


DOMAIN = Kind("domain", ("enabled", "name"), has_markers=True)
PROJECT = Kind("project", ("domain_id", "enabled", "name", "parent_id"), has_markers=True)
USER = Kind("user", ("domain_id", "enabled", "name"), has_markers=True)
GROUP = Kind("group", ("domain_id", "name"), has_markers=True)
ROLE = Kind("role", ("name",), in_domains=False)
SERVICE = Kind("service", ("type", "name"), in_domains=False)
ENDPOINT = Kind("endpoint", ("service_id", "interface", "region_id"), in_domains=False)
REGION = Kind("region", ("parent_region_id",), in_domains=False)
CREDENTIAL = Kind("credential", ("user_id", "type"))
APPLICATION_CREDENTIAL = Kind("application_credential", ("name",))


def url(call: web.Call, *parts: str) -> str:
    """The address of something below ``/v3``."""
    return "/".join((f"{call.root}/v3", *parts))


def show(call: web.Call, kind: Kind, body: Body) -> Body:
    """The resource with its link."""
    return {**body, "links": {"self": url(call, kind.plural, body["id"])}}


def own_link(call: web.Call) -> str:
    """The address that the client asked."""
    query = call.request.query_string.decode()
    path = call.request.path.rstrip("/")
    return call.request.host_url.rstrip("/") + path + (f"?{query}" if query else "")


def links(call: web.Call) -> dict[str, Any]:
    """A list's links where no page follows."""
    return {"next": None, "self": own_link(call), "previous": None}


def is_asked(call: web.Call, name: str) -> bool:
    """Whether a flag such as ``?effective`` is there; ``false`` is no denial, 0 is."""
    return name in call.query and call.query[name] != "0"


def find(call: web.Call, kind: Kind, key: str) -> Body:
    """The resource; 404 if there is none."""
    body = call.rows(kind.table).get(key)
    if body is None:
        raise web.Refused(404, f"Could not find {kind.singular}: {key}.")
    return body


def rows(call: web.Call, kind: Kind) -> Iterable[Body]:
    """All rows of a kind, from the marker on if it takes one."""
    marker = call.query.get("marker") if kind.has_markers else None
    gone = web.Refused(404, f"Marker {marker} could not be found.")
    return paging.start(call.rows(kind.table), marker, gone)


def answer(call: web.Call, kind: Kind, found: Iterable[Body], *, cuts: bool = True) -> web.Answer:
    """The rows that pass the filters, as a list; `cuts`: a limit is taken."""
    _check_filters(call, kind)
    shown = (show(call, kind, body) for body in found if _passes(call, kind, body))
    limit = _limit(call, kind) if cuts else None
    page = list(itertools.islice(shown, limit))
    if cuts and call.query.get("limit") == "0":
        return _of_none(call, kind, page)
    body: dict[str, Any] = {kind.plural: page, "links": links(call)}
    if limit is not None and len(page) == limit:
        base = body["links"]["self"].partition("?")[0]
        body["links"]["next"] = f"{base}?{paging.next_query(call, page[-1]['id'])}"
        body["truncated"] = True
    return web.Answer(200, body)


def _of_none(call: web.Call, kind: Kind, page: list[Body]) -> web.Answer:
    """A page of no rows is said to be cut; of projects it has all (seen on a Keystone 30)."""
    body = {kind.plural: page if kind is PROJECT else [], "links": links(call), "truncated": True}
    if body[kind.plural]:
        base = body["links"]["self"].partition("?")[0]
        body["links"]["next"] = f"{base}?{paging.next_query(call, page[-1]['id'])}"
    return web.Answer(200, body)


def _limit(call: web.Call, kind: Kind) -> int | None:
    """How many the client asked for; the cloud's own limit cuts only what goes on after a marker.

    A real Keystone has one limit for each sort of thing (``list_limit``), none by default.
    """
    asked = call.query.get("limit", type=int)
    limit = asked if asked and asked > 0 else None
    most = call.cloud.settings.page_limits["identity"] if kind.has_markers else None
    return paging.capped(limit, most)


def refused(name: str, value: object, reason: str) -> web.Refused:
    """The 400 of Keystone's schemas."""
    text = f"Invalid input for field/attribute {name}. Value: {value}. {reason}"
    return web.Refused(400, text)


def check_flag(name: str, value: object) -> None:
    """400 for what Keystone takes for no flag."""
    if not isinstance(value, bool) and (not isinstance(value, str) or value not in FLAGS):
        raise refused(name, value, f"{value!r} is not one of {FLAGS}")


def _check_filters(call: web.Call, kind: Kind) -> None:
    """400 for a filter that cannot be one: of flags, ids, interfaces, times."""
    query = call.query
    if "enabled" in kind.filters and "enabled" in query:
        check_flag("enabled", query["enabled"])
    parent = query.get("parent_id") if kind is PROJECT else None
    if parent is not None and not re.fullmatch("[0-9a-f]{32}", parent):
        raise refused("parent_id", parent, f"{parent!r} is not a 'uuid'")
    interface = query.get("interface") if kind is ENDPOINT else None
    if interface not in {None, *INTERFACES}:
        raise refused("interface", interface, f"{interface!r} is not one of {INTERFACES}")
    if kind is USER and not _is_moment(query.get("password_expires_at")):
        raise web.Refused(400, "Timestamp not in expected format.")


def _is_moment(asked: str | None) -> bool:
    """Whether it is a time as Keystone takes it, perhaps with ``lt:`` or the like before it."""
    if asked is None:
        return True
    text = re.sub("^(lt|lte|gt|gte|eq|neq):", "", asked)
    try:
        datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return False
    return True


def _passes(call: web.Call, kind: Kind, body: Body) -> bool:
    """Whether the body passes the filters that Keystone knows; others are ignored."""
    for name, value in call.query.items():
        field, _, comparison = name.partition("__")
        if field not in kind.filters or comparison not in COMPARISONS:
            continue
        if field == "enabled":
            if body[field] is (value.lower() in FALSE):
                return False
        elif not COMPARISONS[comparison](str(body.get(field)).lower(), value.lower()):
            return False
    return True


def given(call: web.Call, kind: Kind, *required: str) -> Body:
    """What a client sends below the kind's name; 400 if a required field is missing or empty."""
    body = call.body.get(kind.singular)
    if not isinstance(body, dict):
        raise web.Refused(400, f"{kind.singular!r} is a required property")
    field = f"Invalid input for field/attribute {kind.singular}."
    for name in required:
        if name not in body:
            raise web.Refused(400, f"{field} Value: {body}. '{name}' is a required property")
        if body[name] == "":
            message = f"Invalid input for field/attribute {name}. Value: . '' should be non-empty"
            raise web.Refused(400, message)
    return dict(body)


def empty(plural: str, *, action: str = "") -> web.Handler:
    """The handler of a collection in which nothing ever is; the action is a policy's, if any."""

    def handler(call: web.Call) -> web.Answer:
        if action:
            policy.require(call, action, role="reader", in_domains=False)
        return web.Answer(200, {plural: [], "links": links(call)})

    return handler
