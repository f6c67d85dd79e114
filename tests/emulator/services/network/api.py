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
"""The calls that all of Neutron's collections share: create, list, show, update, delete."""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import network as notices
from tests.emulator.services.network import changes
from tests.emulator.services.network import collections
from tests.emulator.services.network import extras
from tests.emulator.services.network import few
from tests.emulator.services.network import floating_ips
from tests.emulator.services.network import interfaces
from tests.emulator.services.network import listing
from tests.emulator.services.network import networks
from tests.emulator.services.network import odds
from tests.emulator.services.network import policy
from tests.emulator.services.network import pools
from tests.emulator.services.network import ports
from tests.emulator.services.network import presenting
from tests.emulator.services.network import quotas
from tests.emulator.services.network import rbac
from tests.emulator.services.network import routers
from tests.emulator.services.network import security
from tests.emulator.services.network import subnets
from tests.emulator.services.network import tags
from tests.emulator.services.network import trunks
from tests.emulator.services.network import wishes
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body
Collection = collections.Collection


@dataclasses.dataclass(frozen=True)
class Verbs:
    """What one collection does.

    `make` gives the row that a checked wish became, `change` what makes a row so, `check`
    raises what keeps a row from being removed, `remove` removes it with what goes along.
    """

    make: Callable[[web.Call, Body], Body]
    change: Callable[[web.Call, Body, dict[str, Any]], changes.Apply]
    check: Callable[[web.Call, Body], None]
    remove: Callable[[cloud_module.Cloud, Body], None]

    @property
    def is_changed(self) -> bool:
        """Whether a PUT is emulated, and tags are."""
        return self.change is not _unchanged


def _unchanged(_call: web.Call, _body: Body, _wanted: dict[str, Any]) -> changes.Apply:
    raise AssertionError("no route leads here")


def _verbs(module: Any) -> Verbs:
    return Verbs(module.make, module.change, module.check_removal, module.remove)


VERBS = {
    collections.NETWORKS: _verbs(networks),
    collections.SUBNETS: _verbs(subnets),
    collections.PORTS: _verbs(ports),
    collections.ROUTERS: _verbs(routers),
    collections.FLOATING_IPS: _verbs(floating_ips),
    collections.TRUNKS: _verbs(trunks),
    collections.SECURITY_GROUPS: Verbs(
        security.make_group,
        security.change_group,
        security.check_group_removal,
        security.remove_group,
    ),
    collections.SECURITY_GROUP_RULES: Verbs(
        security.make_rule,
        security.change_rule,
        security.check_rule_removal,
        security.remove_rule,
    ),
    collections.SUBNET_POOLS: Verbs(
        pools.make_pool, pools.change_pool, pools.check_pool_removal, pools.remove_pool
    ),
    collections.ADDRESS_SCOPES: Verbs(
        pools.make_scope, pools.change_scope, pools.check_scope_removal, pools.remove_scope
    ),
    **{
        extra.collection: Verbs(extra.make, _unchanged, extra.check, extra.remove)
        for extra in extras.ALL
    },
}


def shape(refused: web.Refused) -> web.Answer:
    """Neutron's refusals: a type, a message and an empty detail."""
    if refused.status == 401:
        return web.middleware_shape(refused)
    if refused.kind == odds.HTML:
        return web.webob_shape(refused)
    kind = refused.kind or f"HTTP{web.TITLES.get(refused.status, 'Error').replace(' ', '')}"
    error = {"type": kind, "message": refused.message, "detail": ""}
    return web.Answer(refused.status, {"NeutronError": error})


def _create(collection: Collection, verbs: Verbs) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        wanted = wishes.to_create(call, collection)
        notices.begun(call.cloud, collection.singular, wishes.read(call))
        made = _make_all(call, collection, verbs, wanted)
        show = presenting.presenter(call, collection, is_new=True)
        shown = [show(body) for body in made]
        if wishes.is_bulk(call, collection):
            answer: Body = {collection.key: shown}
        else:
            answer = {collection.singular: shown[0]}
        notices.created(call.cloud, collection.singular, answer)
        return web.Answer(201, answer)

    return handler


def _make_all(
    call: web.Call, collection: Collection, verbs: Verbs, wanted: list[Body]
) -> list[Body]:
    """All of them, or none where one cannot be."""
    project_id = wanted[0]["project_id"]
    if collection is collections.SECURITY_GROUP_RULES and len(wanted) > 1:
        security.check_bulk(wanted)
    made: list[Body] = []
    try:
        for one in wanted:
            quotas.check(call, collection, project_id, len(wanted) - len(made))
            made.append(verbs.make(call, one))
    except web.Refused:
        for body in made:
            verbs.remove(call.cloud, body)
        raise
    return made


def _list(collection: Collection) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        if collection is collections.SECURITY_GROUPS:
            security.ensure_default(call)
        return listing.answer(call, collection)

    return handler


def _show(collection: Collection) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        body = policy.find(call, collection)
        return web.Answer(200, {collection.singular: presenting.present(call, collection, body)})

    return handler


def _update(collection: Collection, verbs: Verbs) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        wanted = wishes.to_change(call, collection)
        body = policy.find(call, collection)
        policy.require_owner(call, collection, body, "update")
        policy.require_fields(call, collection, wanted, "update", body)
        asked = wishes.read(call)[collection.singular]
        notices.changing(call.cloud, collection.singular, body["id"], asked)
        apply = verbs.change(call, body, wanted)
        policy.check_revision(call, body)
        before = dict(body)
        apply()
        if dict(body) != before and body.get("revision_number") == before.get("revision_number"):
            _touch(call, body)
        shown = presenting.present(call, collection, body)
        notices.changed(call.cloud, collection.singular, shown)
        return web.Answer(200, {collection.singular: shown})

    return handler


def _touch(call: web.Call, body: Body) -> None:
    """A new revision of what has revisions."""
    if "revision_number" in body:
        shapes.touch(call.cloud, body)


def _delete(collection: Collection, verbs: Verbs) -> web.Handler:
    def handler(call: web.Call) -> web.Answer:
        body = policy.find(call, collection)
        policy.require_owner(call, collection, body, "delete")
        notices.deleting(call.cloud, collection.singular, body["id"])
        verbs.check(call, body)
        policy.check_revision(call, body)
        told = presenting.told_at_end(call, collection, body)
        verbs.remove(call.cloud, body)
        notices.deleted(call.cloud, collection.singular, told)
        return web.Answer(204)

    return handler


def _routes() -> Iterator[web.Route]:
    for collection, verbs in VERBS.items():
        path = f"/v2.0/{collection.path}"
        yield web.Route("GET", path, _list(collection))
        yield web.Route("POST", path, _create(collection, verbs))
        yield web.Route("GET", f"{path}/<id>", _show(collection))
        yield web.Route("DELETE", f"{path}/<id>", _delete(collection, verbs))
        if verbs.is_changed:
            yield web.Route("PUT", f"{path}/<id>", _update(collection, verbs))
        if verbs.is_changed and collection.is_tagged:
            yield from tags.routes(collection)


SERVICE = web.Service(
    type="network",
    name="neutron",
    prefix="/networking",
    endpoint="",
    routes=(
        *odds.ROUTES,
        *few.ROUTES,
        *rbac.ROUTES,
        *quotas.ROUTES,
        web.Route("PUT", "/v2.0/routers/<id>/add_router_interface", interfaces.add),
        web.Route("PUT", "/v2.0/routers/<id>/remove_router_interface", interfaces.remove),
        web.Route("PUT", "/v2.0/routers/<id>/add_extraroutes", interfaces.add_routes),
        web.Route("PUT", "/v2.0/routers/<id>/remove_extraroutes", interfaces.remove_routes),
        web.Route("GET", "/v2.0/trunks/<id>/get_subports", trunks.get_subports),
        web.Route("PUT", "/v2.0/trunks/<id>/add_subports", trunks.add_subports),
        web.Route("PUT", "/v2.0/trunks/<id>/remove_subports", trunks.remove_subports),
        *_routes(),
    ),
    shape=shape,
)
