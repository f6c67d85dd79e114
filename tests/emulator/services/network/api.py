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
"""The calls that all of Neutron's collections share: list, show, update, delete."""

from collections.abc import Callable
from collections.abc import Iterator
import functools
import itertools
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import layer3
from tests.emulator.services.network import removal
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body
Collection = collections.Collection

CONTROLS = {"limit", "marker", "page_reverse", "fields", "sort_key", "sort_dir"}

FILTERABLE = {
    *("admin_state_up", "cidr", "description", "device_id", "device_owner", "enable_dhcp"),
    *("fixed_ip_address", "fixed_ips", "floating_ip_address", "floating_network_id", "id"),
    *("ip_version", "mac_address", "name", "network_id", "port_id", "project_id"),
    *("revision_number", "router:external", "router_id", "security_groups", "shared"),
    *("stateful", "status", "tags", "tenant_id"),
}

EXTENSIONS = (
    "external-net",
    "port-security",
    "project-id",
    "quotas",
    "revision-if-match",
    "router",
    "security-group",
    "standard-attr-revisions",
    "standard-attr-timestamp",
)


def shape(refused: web.Refused) -> web.Answer:
    """Neutron's refusals: a type, a message and an empty detail."""
    if refused.status == 401:
        return web.middleware_shape(refused)
    kind = refused.kind or f"HTTP{web.TITLES.get(refused.status, 'Error').replace(' ', '')}"
    error = {"type": kind, "message": refused.message, "detail": ""}
    return web.Answer(refused.status, {"NeutronError": error})


def versions(call: web.Call) -> web.Answer:
    """GET /: the one version, without a token."""
    links = [{"rel": "self", "href": f"{call.root}/v2.0/"}]
    version = {"id": "v2.0", "status": "CURRENT", "links": links}
    return web.Answer(200, {"versions": [version]})


def resources(call: web.Call) -> web.Answer:
    """GET /v2.0: the core collections; unlike other services this wants a token."""
    found = [
        {
            "name": collection.singular,
            "collection": collection.path,
            "links": [{"rel": "self", "href": f"{call.root}/v2.0/{collection.path}"}],
        }
        for collection in (collections.NETWORKS, collections.SUBNETS, collections.PORTS)
    ]
    return web.Answer(200, {"resources": found})


def extensions(_call: web.Call) -> web.Answer:
    """GET /v2.0/extensions: those that matter to what is emulated."""
    found = [
        {"name": alias, "alias": alias, "description": "", "updated": "", "links": []}
        for alias in EXTENSIONS
    ]
    return web.Answer(200, {"extensions": found})


def agents(call: web.Call) -> web.Answer:
    """GET /v2.0/agents: there are none."""
    call.require_admin("rule:get_agent is disallowed by policy", "PolicyNotAuthorized")
    return web.Answer(200, {"agents": []})


def _limit(call: web.Call) -> int | None:
    """The page size: 0 and nothing mean all, up to what the service gives at once."""
    asked = call.query.get("limit", "0")
    if not asked.isdigit():
        text = f"Bad limit request: Limit must be an integer 0 or greater and not '{asked}'."
        raise web.Refused(400, text, "BadRequest")
    most = call.cloud.settings.page_limits["network"]
    return paging.capped(int(asked) or None, most)


def _filters(call: web.Call) -> dict[str, list[str]]:
    """What the query asks of fields; 400 for one that Neutron does not know."""
    wanted = {key: call.query.getlist(key) for key in call.query if key not in CONTROLS}
    wrong = sorted(set(wanted) - FILTERABLE)
    if wrong:
        text = f"{wrong} is invalid attribute for filtering"
        raise web.Refused(400, text, "HTTPBadRequest")
    return wanted


def _matches(body: Body, filters: dict[str, list[str]]) -> bool:
    return all(_field_matches(body.get(key), values) for key, values in filters.items())


def _field_matches(mine: Any, values: list[str]) -> bool:
    if isinstance(mine, bool):
        return str(mine).lower() in {value.lower() for value in values}
    if isinstance(mine, list):  # fixed_ips=subnet_id=ID, tags=a, security_groups=ID
        flat = [
            f"{key}={part}"
            for entry in mine
            if isinstance(entry, dict)
            for key, part in entry.items()
        ]
        return bool({*flat, *(e for e in mine if isinstance(e, str))} & set(values))
    return ("" if mine is None else str(mine)) in values


def _start(call: web.Call, collection: Collection) -> Iterator[Body]:
    """The rows from the marker on, backwards for page_reverse; 404 if the marker is gone."""
    rows, marker = call.rows(collection.kind), call.query.get("marker")
    if call.query.get("page_reverse", "").lower() != "true":
        return paging.start(rows, marker, collection.missing(marker or ""))
    if marker is None:
        return rows.backwards()
    try:
        return rows.before(marker)
    except KeyError:
        raise collection.missing(marker) from None


def _list(collection: Collection) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        if collection is collections.SECURITY_GROUPS:
            _ensure_default_group(call)
        limit = _limit(call)
        filters = _filters(call)

        def wanted(body: Body) -> bool:
            return _matches(body, filters) and collections.is_visible(call, collection, body)

        found = paging.take(_start(call, collection), wanted, limit)
        backwards = call.query.get("page_reverse", "").lower() == "true"
        found = found[::-1] if backwards else found
        links = {} if limit is None else {f"{collection.key}_links": _links(call, found, limit)}
        _sort(call, found)
        shown = [collections.present(call, collection, body) for body in found]
        return web.Answer(200, {collection.key: shown, **links})

    return handler


def _sort(call: web.Call, found: list[Body]) -> None:
    """The rows are in the order that sort_key and sort_dir ask for (within the page)."""
    keys, ways = call.query.getlist("sort_key"), call.query.getlist("sort_dir")
    for key, way in reversed(list(itertools.zip_longest(keys, ways, fillvalue="asc"))):
        found.sort(key=functools.partial(_text, key), reverse=way == "desc")


def _text(key: str, body: Body) -> str:
    return str(body.get(key))


def _links(call: web.Call, found: list[Body], limit: int) -> list[dict[str, str]]:
    """As Neutron does: a next link after a full page, a previous one always, even before nothing.

    So the last link may lead to an empty page.
    """
    url = f"{call.request.host_url.rstrip('/')}{call.request.path}"
    kept = [
        part
        for part in call.request.query_string.decode().split("&")
        if part and not part.startswith(("marker=", "page_reverse="))
    ]
    links = []
    if found and len(found) >= limit:
        query = "&".join([*kept, f"marker={found[-1]['id']}"])
        links.append({"rel": "next", "href": f"{url}?{query}"})
    first = [f"marker={found[0]['id']}"] if found else []
    query = "&".join([*kept, *first, "page_reverse=True"])
    return [*links, {"rel": "previous", "href": f"{url}?{query}"}]


def _ensure_default_group(call: web.Call) -> None:
    """Listing makes the ``default`` group of the caller's project, or of the one asked for.

    Seen: an administrator's ``?project_id=X`` makes one even for an X that does not exist, also
    right after it was deleted. A listing without that filter makes none but the caller's.
    """
    asked = call.query.get("project_id") or call.query.get("tenant_id")
    project_id = asked if asked and call.token.is_admin else call.token.project_id
    if project_id is not None:
        shapes.default_security_group(call.cloud, project_id)


def _show(collection: Collection) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        body = collections.find(call, collection)
        return web.Answer(200, {collection.singular: collections.present(call, collection, body)})

    return handler


def _change(call: web.Call, collection: Collection, body: Body, wanted: dict[str, Any]) -> None:
    if collection is collections.ROUTERS:
        layer3.change_router(call, body, wanted)
    if collection is collections.FLOATING_IPS:
        layer3.change_floating_ip(call, body, wanted)
    plain = {key: value for key, value in wanted.items() if key in collection.settable}
    body.update(plain)


def _update(collection: Collection) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        body = collections.find(call, collection)
        collections.require_owner(call, collection, body, "update")
        collections.check_revision(call, body)
        before = body["revision_number"]
        _change(call, collection, body, call.body.get(collection.singular, {}))
        if body["revision_number"] == before:
            shapes.touch(call.cloud, body)
        return web.Answer(200, {collection.singular: collections.present(call, collection, body)})

    return handler


def _delete(
    collection: Collection,
    check: Callable[[web.Call, Body], None],
    remove: Callable[[cloud_module.Cloud, Body], None],
) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        body = collections.find(call, collection)
        collections.require_owner(call, collection, body, "delete")
        check(call, body)
        collections.check_revision(call, body)
        remove(call.cloud, body)
        return web.Answer(204)

    return handler


def _routes() -> Iterator[web.Route]:
    for collection, (check, remove) in removal.REMOVALS.items():
        path = f"/v2.0/{collection.path}"
        yield web.Route("GET", path, _list(collection))
        yield web.Route("GET", f"{path}/<id>", _show(collection))
        yield web.Route("PUT", f"{path}/<id>", _update(collection))
        yield web.Route("DELETE", f"{path}/<id>", _delete(collection, check, remove))


SERVICE = web.Service(
    type="network",
    name="neutron",
    prefix="/networking",
    endpoint="",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("GET", "/v2.0", resources),
        web.Route("GET", "/v2.0/extensions", extensions),
        web.Route("GET", "/v2.0/agents", agents),
        web.Route("PUT", "/v2.0/routers/<id>/add_router_interface", layer3.add_interface),
        web.Route("PUT", "/v2.0/routers/<id>/remove_router_interface", layer3.remove_interface),
        *_routes(),
    ),
    shape=shape,
)
