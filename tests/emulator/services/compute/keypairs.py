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
"""Keypairs: a user's own, and from 2.10 on, for the administrator, anybody's by ``user_id``.

A keypair outlives its user: seen on a real cloud, the list with the id of a deleted user still
gives it, but nothing leads there any more, because Keystone does not know the id.
"""

from collections.abc import Iterator

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.services.compute import paged

Body = cloud_module.Body

LISTED = ("name", "public_key", "fingerprint", "type")


def _owner(call: web.Call, action: str) -> str:
    """Whose keypairs are meant; 403 for another's unless the caller is the administrator."""
    asked = call.query.get("user_id") if call.microversion >= (2, 10) else None
    owner = asked or call.token.user_id
    own = owner == call.token.user_id and not call.token.is_system
    paged.require(call, f"os-keypairs:{action}", allowed=own or call.token.is_admin)
    return owner


def _from(call: web.Call, owner: str) -> Iterator[Body]:
    rows, marker = call.rows("compute.keypair"), call.query.get("marker")
    if marker is None or call.microversion < (2, 35):
        return iter(rows)
    try:
        return rows.after((owner, marker))
    except KeyError:
        raise web.Refused(400, f"Marker {marker} could not be found.") from None


def list_keypairs(call: web.Call) -> web.Answer:
    """GET /os-keypairs: one user's, by name; in pages from 2.35 on."""
    owner = _owner(call, "index")
    limit = paged.limit(call) if call.microversion >= (2, 35) else None
    found = paging.take(_from(call, owner), lambda body: body["user_id"] == owner, limit)
    shown = [{"keypair": {key: body[key] for key in LISTED}} for body in found]
    last = found[-1]["name"] if found and limit is not None else None
    return web.Answer(200, {"keypairs": shown, **paged.links(call, "keypairs", last, len(found))})


def _find(call: web.Call, owner: str) -> Body:
    body = call.rows("compute.keypair").get((owner, call.args["name"]))
    if body is None:
        name = call.args["name"]
        raise web.Refused(404, f"Keypair {name} not found for user {owner}")
    return body


def show(call: web.Call) -> web.Answer:
    """GET /os-keypairs/NAME: with its owner and its time."""
    return web.Answer(200, {"keypair": _find(call, _owner(call, "show"))})


def delete(call: web.Call) -> web.Answer:
    """DELETE /os-keypairs/NAME: 204 (202 before 2.2), and gone at once."""
    body = _find(call, _owner(call, "delete"))
    call.rows("compute.keypair").remove(cloud_module.keypair_key(body))
    return web.Answer(204 if call.microversion >= (2, 2) else 202)


ROUTES = (
    web.Route("GET", "/v2.1/os-keypairs", list_keypairs),
    web.Route("GET", "/v2.1/os-keypairs/<name>", show),
    web.Route("DELETE", "/v2.1/os-keypairs/<name>", delete),
)
