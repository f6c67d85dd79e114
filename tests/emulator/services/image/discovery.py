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
"""Glance's versions, and what it says of itself: stores, import methods, tasks.

Source: API reference, Image v2; answers seen on a real Glance 33.
"""

from typing import Any

from tests.emulator import web
from tests.emulator.services.image import api
from tests.emulator.services.image import schemas

VERSIONS = (*(15, 13, 12, 11, 10, 9, 8, 17), *range(7, -1, -1))
"""The minor versions in the order of the real one, which has the newest in their midst."""
NEWEST = 17
STORE = {"id": "file", "default": "true"}


def versions(call: web.Call) -> web.Answer:
    """GET /: 300 with all versions, without a token."""
    return web.Answer(300, _versions(call))


def versions_ok(call: web.Call) -> web.Answer:
    """GET /versions: the same with 200."""
    return web.Answer(200, _versions(call))


def _versions(call: web.Call) -> dict[str, Any]:
    links = [{"rel": "self", "href": f"{call.root}/v2/"}]
    found = [
        {
            "id": f"v2.{minor}",
            "status": "CURRENT" if minor == NEWEST else "SUPPORTED",
            "links": links,
        }
        for minor in VERSIONS
    ]
    return {"versions": found}


def stores(call: web.Call) -> web.Answer:
    """GET the stores: one, of files."""
    return web.Answer(200, {"stores": [STORE]})


def stores_in_detail(call: web.Call) -> web.Answer:
    """GET the stores with what the administrator may know of them."""
    api.require("stores_info_detail", allowed=call.token.is_admin)
    about = {"data_dir": "/var/lib/glance/images", "chunk_size": 65536}
    properties = {**about, "thin_provisioning": False}
    store = {**STORE, "type": "file", "properties": properties, "weight": 0}
    return web.Answer(200, {"stores": [store]})


def import_methods(call: web.Call) -> web.Answer:
    """GET how an image may be imported."""
    about = {"description": "Import methods available.", "type": "array"}
    methods = {**about, "value": list(schemas.IMPORT_METHODS)}
    return web.Answer(200, {"import-methods": methods})


def usage(call: web.Call) -> web.Answer:
    """GET the caller's quotas: none are set."""
    return web.Answer(200, {"usage": {}})


def tasks(call: web.Call) -> web.Answer:
    """GET the tasks that somebody made, which nobody can here; for the administrator."""
    api.require("tasks_api_access", allowed=call.token.is_admin)
    answer = {"tasks": [], "first": "/v2/tasks", "schema": "/v2/schemas/tasks"}
    return web.Answer(200, answer)


def namespaces(_call: web.Call) -> web.Answer:
    """GET the namespaces of metadata definitions: none were loaded."""
    path = "metadefs/namespaces"
    answer = {"namespaces": [], "schema": f"/v2/schemas/{path}", "first": f"/v2/{path}"}
    return web.Answer(200, answer)


def resource_types(_call: web.Call) -> web.Answer:
    """GET the types that metadata definitions are for: none."""
    return web.Answer(200, {"resource_types": []})


ROUTES = (
    web.Route("GET", "/", versions, public=True),
    web.Route("GET", "/versions", versions_ok, public=True),
    web.Route("GET", "/v2/info/stores", stores),
    web.Route("GET", "/v2/info/stores/detail", stores_in_detail),
    web.Route("GET", "/v2/info/import", import_methods),
    web.Route("GET", "/v2/info/usage", usage),
    web.Route("GET", "/v2/tasks", tasks),
    web.Route("GET", "/v2/metadefs/namespaces", namespaces),
    web.Route("GET", "/v2/metadefs/resource_types", resource_types),
)
