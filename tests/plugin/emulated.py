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

"""Smithy as the emulated cloud has it: anvils, which are listed, shown and removed.

There is no such service; what it answers is what ``smithy_cleanup`` says of it.
"""

from collections.abc import Iterator
import contextlib
from typing import Any

from tests import emulator
from tests.emulator import services
from tests.emulator import table
from tests.emulator import web


def _list(call: web.Call) -> web.Answer:
    """GET /anvils, by id from a marker on."""
    marker, limit = call.query.get("marker", ""), int(call.query.get("limit", "1000"))
    found = [body for body in call.rows("smithy.anvil") if body["id"] > marker]
    return web.Answer(200, {"anvils": found[:limit]})


def _find(call: web.Call) -> dict[str, Any]:
    body = call.rows("smithy.anvil").get(call.args["id"])
    if body is None:
        raise web.Refused(404, "There is no such anvil.")
    return body


def _show(call: web.Call) -> web.Answer:
    """GET /anvils/ID."""
    return web.Answer(200, {"anvil": _find(call)})


def _delete(call: web.Call) -> web.Answer:
    """DELETE /anvils/ID, at once."""
    body = _find(call)
    call.rows("smithy.anvil").remove(body["id"])
    _tell(call.cloud, "anvil.delete", {"id": body["id"]})
    return web.Answer(204)


SERVICE = web.Service(
    type="smithy",
    name="smithy",
    prefix="/smithy",
    endpoint="",
    routes=(
        web.Route("GET", "/anvils", _list),
        web.Route("GET", "/anvils/<id>", _show),
        web.Route("DELETE", "/anvils/<id>", _delete),
    ),
    shape=web.webob_shape,
)


def forge(cloud: emulator.Cloud, id_: str, name: str, project_id: str = "forge") -> None:
    """There is an anvil more, and the bus tells of it."""
    created_at = cloud.clock.now().isoformat()
    body = {"id": id_, "name": name, "project_id": project_id, "created_at": created_at}
    cloud["smithy.anvil"].add(body)
    _tell(cloud, "anvil.create", body)


def _tell(cloud: emulator.Cloud, event_type: str, payload: dict[str, Any]) -> None:
    cloud.bus.emit("smithy", "smithy.forge-1", event_type, lambda: payload)


@contextlib.contextmanager
def running(cloud: emulator.Cloud) -> Iterator[str]:
    """The cloud answers at the URL that is given, with Smithy among its services."""
    cloud.tables["smithy.anvil"] = table.Table()
    with emulator.running(cloud, offered=(*services.ALL, SERVICE)) as url:
        yield url
