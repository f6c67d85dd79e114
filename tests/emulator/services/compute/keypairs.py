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
gives it, but nothing leads there any more, because Keystone does not know the id. Sources: API
reference, Compute, "Keypairs"; statuses and texts seen on a real Nova 34.
"""

import base64
import binascii
from collections.abc import Iterator
import hashlib
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import paging
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import quotas
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

LISTED = ("name", "public_key", "fingerprint", "type")
QUERY = checks.words("user_id")
NAME = "^[_\\- a-zA-Z0-9]+$"
NAME_SINCE_92 = "^[_\\-\\@\\. a-zA-Z0-9]+$"


def _owner(call: web.Call, action: str) -> str:
    """Whose keypairs are meant; 403 for another's unless the caller is the administrator."""
    asked = call.query.get("user_id") if call.microversion >= (2, 10) else None
    return _allowed_owner(call, asked, action)


def _allowed_owner(call: web.Call, asked: str | None, action: str) -> str:
    owner = asked or call.token.user_id
    own = owner == call.token.user_id and not call.token.is_system
    paged.require(call, f"os-keypairs:{action}", allowed=own or call.token.is_admin)
    return owner


def _from(call: web.Call, owner: str) -> Iterator[Body]:
    rows, marker = call.rows("compute.keypair"), call.query.get("marker")
    if marker is None or call.microversion < (2, 35):
        return iter(rows)
    gone = web.Refused(400, f"Marker {marker} could not be found.")
    try:
        return rows.after((owner, marker))
    except KeyError:
        raise gone from None


def _shown(call: web.Call, body: Body, keys: tuple[str, ...]) -> Body:
    """The keys; `type` is shown since 2.2."""
    return {key: body[key] for key in keys if key != "type" or call.microversion >= (2, 2)}


def list_keypairs(call: web.Call) -> web.Answer:
    """GET /os-keypairs: one user's, by name; in pages from 2.35 on."""
    checks.query(call, QUERY)
    owner = _owner(call, "index")
    limit = paged.limit(call) if call.microversion >= (2, 35) else None
    found = paging.take(_from(call, owner), lambda body: body["user_id"] == owner, limit)
    shown = [{"keypair": _shown(call, body, LISTED)} for body in found]
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
    body = _find(call, _owner(call, "show"))
    return web.Answer(200, {"keypair": _shown(call, body, tuple(body))})


def _schema(call: web.Call) -> checks.Schema:
    pattern = NAME_SINCE_92 if call.microversion >= (2, 92) else NAME
    fields: dict[str, Any] = {
        "name": {**checks.NAME, "pattern": pattern},
        "public_key": {"type": "string"},
    }
    if call.microversion >= (2, 2):
        fields["type"] = {"type": "string", "enum": ["ssh", "x509"]}
    if call.microversion >= (2, 10):
        fields["user_id"] = checks.NAME
    required = ["name"] + (["public_key"] if call.microversion >= (2, 92) else [])
    return checks.closed(*required, **fields)


def _fingerprint(public_key: str) -> str:
    """The MD5 of the key's data, as ssh-keygen says it; 400 if they are none."""
    words = public_key.split()
    try:
        data = base64.b64decode(words[1], validate=True)
    except (IndexError, binascii.Error):
        text = "Keypair data is invalid: failed to generate fingerprint"
        raise web.Refused(400, text) from None
    digits = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return ":".join(digits[at : at + 2] for at in range(0, 32, 2))


def create(call: web.Call) -> web.Answer:
    """POST /os-keypairs: 201 (200 before 2.2); imported, or generated before 2.92."""
    wish = checks.body(call, "keypair", _schema(call))
    owner = _allowed_owner(call, wish.get("user_id"), "create")
    rows, name = call.rows("compute.keypair"), wish["name"]
    if rows.get((owner, name)) is not None:
        raise web.Refused(409, f"Key pair '{name}' already exists.")
    most = quotas.limits_of(call.cloud, call.token.project_id)["key_pairs"]
    if 0 <= most <= sum(1 for body in rows if body["user_id"] == owner):
        raise web.Refused(403, "Quota exceeded, too many key pairs.")
    public_key = wish.get("public_key")
    fields: Body = {"type": wish.get("type", "ssh")}
    if public_key is not None:
        fields.update(public_key=public_key, fingerprint=_fingerprint(public_key))
    body = shapes.keypair(call.cloud, name, owner, **fields)
    event = "create" if public_key is None else "import"
    notices.keypair(call.cloud, body, event, call.token.project_id)
    shown = _shown(call, body, ("type", "name", "public_key", "fingerprint", "user_id"))
    if public_key is None:
        digits = f"{call.cloud.random.getrandbits(512):0128x}"
        lines = f"-----BEGIN RSA PRIVATE KEY-----\n{digits}\n-----END RSA PRIVATE KEY-----\n"
        shown["private_key"] = lines
    return web.Answer(201 if call.microversion >= (2, 2) else 200, {"keypair": shown})


def delete(call: web.Call) -> web.Answer:
    """DELETE /os-keypairs/NAME: 204 (202 before 2.2), and gone at once."""
    body = _find(call, _owner(call, "delete"))
    call.rows("compute.keypair").remove(cloud_module.keypair_key(body))
    notices.keypair(call.cloud, body, "delete", call.token.project_id)
    return web.Answer(204 if call.microversion >= (2, 2) else 202)


ROUTES = (
    web.Route("GET", "/v2.1/os-keypairs", list_keypairs),
    web.Route("POST", "/v2.1/os-keypairs", create),
    web.Route("GET", "/v2.1/os-keypairs/<name>", show),
    web.Route("DELETE", "/v2.1/os-keypairs/<name>", delete),
)
