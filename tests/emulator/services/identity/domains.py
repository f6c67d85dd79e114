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
"""Domains: enabled ones stay, and a deletion takes everybody in them along.

Source: API reference, Identity v3, "Domains"; statuses and messages seen on a real Keystone 30.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import identity as notices
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import policy
from tests.emulator.services.identity import removal
from tests.emulator.shapes import identity as shapes

Body = cloud_module.Body


def list_domains(call: web.Call) -> web.Answer:
    """GET /v3/domains: with a token for a domain only that one."""
    domain_id = call.token.domain_id
    policy.require(call, "list_domains", role="reader", domain_id=domain_id)
    rows = listing.rows(call, listing.DOMAIN)
    found = (row for row in rows if domain_id in {None, row["id"]})
    return listing.answer(call, listing.DOMAIN, found)


def show_domain(call: web.Call) -> web.Answer:
    """GET /v3/domains/{id}: one's own domain is everybody's to see."""
    key = call.args["id"]
    project = call.rows("identity.project").get(call.token.project_id) or {}
    is_own = key in {call.token.domain_id, project.get("domain_id")}
    policy.require(call, "get_domain", role="reader", is_own=is_own)
    found = listing.find(call, listing.DOMAIN, key)
    return web.Answer(200, {"domain": listing.show(call, listing.DOMAIN, found)})


def create(call: web.Call, given: Body) -> Body:
    """A new domain; 409 if the name is taken."""
    _check_name(call, given["name"], None)
    fields = {name: given[name] for name in ("description", "enabled", "tags") if name in given}
    body = shapes.domain(call.cloud, given["name"], **fields)
    notices.tell(call, "domain", "created", body["id"])
    return body


def _check_name(call: web.Call, name: str, own_id: str | None) -> None:
    for row in call.rows("identity.domain").where("name", name):
        if row["id"] != own_id:
            message = "it is not permitted to have two projects acting as domains with the same"
            conflict = "Conflict occurred attempting to store project"
            raise web.Refused(409, f"{conflict} - {message} name: {name}.")


def create_domain(call: web.Call) -> web.Answer:
    """POST /v3/domains."""
    policy.require(call, "create_domain", in_domains=False)
    body = create(call, listing.given(call, listing.DOMAIN, "name"))
    return web.Answer(201, {"domain": listing.show(call, listing.DOMAIN, body)})


def update(call: web.Call, domain_id: str, given: Body) -> Body:
    """The domain, changed."""
    body = listing.find(call, listing.DOMAIN, domain_id)
    _check_name(call, given.get("name", body["name"]), domain_id)
    fields = ("name", "description", "enabled", "tags")
    body.update({name: given[name] for name in fields if name in given})
    notices.tell(call, "project", "updated", domain_id)
    notices.tell(call, "domain", "updated", domain_id)
    return body


def update_domain(call: web.Call) -> web.Answer:
    """PATCH /v3/domains/{id}: a disabled one's people cannot log in."""
    policy.require(call, "update_domain", in_domains=False)
    body = update(call, call.args["id"], listing.given(call, listing.DOMAIN))
    return web.Answer(200, {"domain": listing.show(call, listing.DOMAIN, body)})


def delete(call: web.Call, domain_id: str) -> web.Answer:
    """204 with everybody in it; 403 while it is enabled."""
    body = listing.find(call, listing.DOMAIN, domain_id)
    if body["enabled"]:
        message = "Cannot delete a domain that is enabled, please disable it first."
        raise web.Refused(403, message)
    removal.remove_domain(call.cloud, domain_id)
    notices.tell(call, "project", "deleted", domain_id)
    notices.tell(call, "domain", "deleted", domain_id)
    return web.Answer(204)


def delete_domain(call: web.Call) -> web.Answer:
    """DELETE /v3/domains/{id}."""
    listing.find(call, listing.DOMAIN, call.args["id"])
    policy.require(call, "delete_domain", in_domains=False)
    return delete(call, call.args["id"])


ROUTES = (
    web.Route("GET", "/v3/domains", list_domains),
    web.Route("POST", "/v3/domains", create_domain),
    web.Route("GET", "/v3/domains/<id>", show_domain),
    web.Route("PATCH", "/v3/domains/<id>", update_domain),
    web.Route("DELETE", "/v3/domains/<id>", delete_domain),
)
