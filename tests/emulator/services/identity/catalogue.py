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
"""Services, endpoints and regions, and the catalogue that is made of them.

The emulator's own services are always in the catalogue and cannot be changed or removed: where
they are depends on the host that the client asked. What clients add is there beside them, as
on a real Keystone 30: a disabled service or endpoint is not in the catalogue, a service takes its
endpoints along, a region that has endpoints or is somebody's parent stays (403).
"""

from typing import Any
import uuid

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy

Body = cloud_module.Body

INTERFACES = ("public", "internal", "admin")


def _stable_id(text: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, text).hex


def own_services(call: web.Call) -> list[Body]:
    """The emulator's services, as if somebody had put them into the catalogue."""
    return [
        {
            "name": service.name,
            "id": _stable_id(service.type),
            "type": service.catalogue_type or service.type,
            "enabled": True,
        }
        for service in call.services
    ]


def own_endpoints(call: web.Call, project_id: str | None = "$(project_id)s") -> list[Body]:
    """Where they are: three endpoints for each that the caller can use."""
    region = call.cloud.settings.region
    host = call.request.host_url.rstrip("/")
    return [
        {
            "id": _stable_id(f"{service.type} {interface}"),
            "interface": interface,
            "region_id": region,
            "region": region,
            "service_id": _stable_id(service.type),
            "url": call.cloud.settings.endpoints.get(service.type, url),
            "enabled": True,
        }
        for service in call.services
        if (url := service.catalogue_url(host, project_id)) is not None
        for interface in INTERFACES
    ]


def own_regions(call: web.Call) -> list[Body]:
    """The one region."""
    return [{"id": call.cloud.settings.region, "description": "", "parent_region_id": None}]


OWN = {"service": own_services, "endpoint": own_endpoints, "region": own_regions}


def catalogue(call: web.Call, project_id: str | None) -> list[dict[str, Any]]:
    """What a token's catalogue says: enabled services with their enabled endpoints.

    A token without a project has no endpoints of Cinder, whose address names one, but still the
    service (seen on a real cloud).
    """
    added = [row for row in call.rows("identity.endpoint") if row["enabled"]]
    places = [
        *own_endpoints(call, project_id),
        *(_filled(row, project_id) for row in added if project_id or "_id)s" not in row["url"]),
    ]
    services = [*own_services(call), *call.rows("identity.service")]
    return [_entry(service, places) for service in services if service["enabled"]]


def _filled(endpoint: Body, project_id: str | None) -> Body:
    url = endpoint["url"]
    for name in ("project_id", "tenant_id"):
        url = url.replace(f"$({name})s", project_id or "").replace(f"%({name})s", project_id or "")
    return {**endpoint, "url": url}


def _entry(service: Body, endpoints: list[Body]) -> dict[str, Any]:
    fields = ("id", "interface", "region_id", "url", "region")
    found = [
        {field: endpoint[field] for field in fields}
        for endpoint in endpoints
        if endpoint["service_id"] == service["id"]
    ]
    named = {"endpoints": found, "id": service["id"], "type": service["type"]}
    return {**named, "name": service.get("name", "")}


def _all(call: web.Call, kind: listing.Kind) -> list[Body]:
    rows = [*OWN[kind.singular](call), *call.rows(kind.table)]
    return sorted(rows, key=lambda row: str(row["id"]))


def _find(call: web.Call, kind: listing.Kind) -> Body:
    for row in OWN[kind.singular](call):
        if row["id"] == call.args["id"]:
            return row
    return listing.find(call, kind, call.args["id"])


def _find_changeable(call: web.Call, kind: listing.Kind, action: str) -> Body:
    policy.require(call, f"{action}_{kind.singular}", in_domains=False)
    if any(row["id"] == call.args["id"] for row in OWN[kind.singular](call)):
        raise web.Refused(403, f"The emulator's own {kind.plural} stay as they are.")
    return listing.find(call, kind, call.args["id"])


def list_handler(kind: listing.Kind) -> web.Handler:
    """GET the collection; regions are everybody's to see, and take neither limit nor marker."""

    def handler(call: web.Call) -> web.Answer:
        if kind is listing.REGION:
            _refuse_pages(call)
        else:
            policy.require(call, f"list_{kind.plural}", role="reader", in_domains=False)
        return listing.answer(call, kind, _all(call, kind))

    return handler


def _refuse_pages(call: web.Call) -> None:
    unknown = sorted({"limit", "marker"} & set(call.query))
    if unknown:
        verb = "was" if len(unknown) == 1 else "were"
        names = ", ".join(repr(name) for name in unknown)
        message = f"Additional properties are not allowed ({names} {verb} unexpected)"
        raise web.Refused(400, message)


def show_handler(kind: listing.Kind) -> web.Handler:
    """GET one."""

    def handler(call: web.Call) -> web.Answer:
        if kind is not listing.REGION:
            policy.require(call, f"get_{kind.singular}", role="reader", in_domains=False)
        found = _find(call, kind)
        return web.Answer(200, {kind.singular: listing.show(call, kind, found)})

    return handler


def _created(call: web.Call, kind: listing.Kind, body: Body) -> web.Answer:
    made = call.rows(kind.table).add(body)
    notices.tell(call, kind.singular, "created", made["id"])
    return web.Answer(201, {kind.singular: listing.show(call, kind, made)})


def create_service(call: web.Call) -> web.Answer:
    """POST /v3/services: two may have the same type and name."""
    policy.require(call, "create_service", in_domains=False)
    given = listing.given(call, listing.SERVICE, "type")
    body = {**given, "id": call.cloud.new_hex_id(), "enabled": given.get("enabled", True)}
    return _created(call, listing.SERVICE, body)


def create_endpoint(call: web.Call) -> web.Answer:
    """POST /v3/endpoints: 400 for an unknown service or interface."""
    policy.require(call, "create_endpoint", in_domains=False)
    given = listing.given(call, listing.ENDPOINT, "interface", "service_id", "url")
    if given["interface"] not in INTERFACES:
        value = given["interface"]
        message = f"Invalid input for field/attribute interface. Value: {value}."
        raise web.Refused(400, f"{message} {value!r} is not one of {sorted(INTERFACES)}")
    if given["service_id"] not in {row["id"] for row in _all(call, listing.SERVICE)}:
        raise web.Refused(400, "Expecting to find endpoint service_id in service table.")
    region = given.get("region_id", given.get("region"))
    body = {
        **given,
        "id": call.cloud.new_hex_id(),
        "region_id": region,
        "region": region,
        "enabled": given.get("enabled", True),
    }
    return _created(call, listing.ENDPOINT, body)


def create_region(call: web.Call) -> web.Answer:
    """POST /v3/regions, or PUT with an id: 409 if the id is taken."""
    policy.require(call, "create_region", in_domains=False)
    given = listing.given(call, listing.REGION)
    region_id = call.args.get("id") or given.get("id") or call.cloud.new_hex_id()
    if region_id in {row["id"] for row in _all(call, listing.REGION)}:
        message = f"Conflict occurred attempting to store region - Duplicate ID, {region_id}.."
        raise web.Refused(409, message)
    body = {"description": "", "parent_region_id": None, **given, "id": region_id}
    return _created(call, listing.REGION, body)


def update_handler(kind: listing.Kind) -> web.Handler:
    """PATCH one."""

    def handler(call: web.Call) -> web.Answer:
        body = _find_changeable(call, kind, "update")
        body.update(listing.given(call, kind))
        notices.tell(call, kind.singular, "updated", body["id"])
        return web.Answer(200, {kind.singular: listing.show(call, kind, body)})

    return handler


def delete_handler(kind: listing.Kind) -> web.Handler:
    """DELETE one: 204."""

    def handler(call: web.Call) -> web.Answer:
        body = _find_changeable(call, kind, "delete")
        if kind is listing.SERVICE:
            endpoints = call.rows("identity.endpoint")
            for endpoint in list(endpoints.where("service_id", body["id"])):
                endpoints.remove(endpoint["id"])
        if kind is listing.REGION:
            _require_unused(call, body["id"])
        call.rows(kind.table).remove(body["id"])
        notices.tell(call, kind.singular, "deleted", body["id"])
        return web.Answer(204)

    return handler


def _require_unused(call: web.Call, region_id: str) -> None:
    endpoints = call.rows("identity.endpoint").where("region_id", region_id)
    if next(endpoints, None) is not None:
        message = f"Unable to delete region {region_id} because it or its child regions"
        raise web.Refused(403, f"{message} have associated endpoints.")


ROUTES = (
    web.Route("POST", "/v3/services", create_service),
    web.Route("POST", "/v3/endpoints", create_endpoint),
    web.Route("POST", "/v3/regions", create_region),
    web.Route("PUT", "/v3/regions/<id>", create_region),
    *(
        route
        for kind in (listing.SERVICE, listing.ENDPOINT, listing.REGION)
        for route in (
            web.Route("GET", f"/v3/{kind.plural}", list_handler(kind)),
            web.Route("GET", f"/v3/{kind.plural}/<id>", show_handler(kind)),
            web.Route("PATCH", f"/v3/{kind.plural}/<id>", update_handler(kind)),
            web.Route("DELETE", f"/v3/{kind.plural}/<id>", delete_handler(kind)),
        )
    ),
)
