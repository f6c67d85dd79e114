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
"""Nova v2.1: servers, flavors, keypairs, volume attachments, in microversions 2.1 to 2.96.

Sources: API reference, Compute, and its microversion history; statuses, messages and paging
seen on a real Nova 34.
"""

from typing import Any

from tests.emulator import web
from tests.emulator.services.compute import flavor_specs
from tests.emulator.services.compute import flavors
from tests.emulator.services.compute import keypairs
from tests.emulator.services.compute import servers


def _version(call: web.Call) -> dict[str, Any]:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": "2.96",
        "min_version": "2.1",
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{call.root}/v2.1/"}],
    }


def versions(call: web.Call) -> web.Answer:
    """GET /: the versions, without a token."""
    old = {
        "id": "v2.0",
        "status": "DEPRECATED",
        "version": "",
        "min_version": "",
        "updated": "2025-07-04T12:00:00Z",
        "links": [{"rel": "self", "href": f"{call.root}/v2/"}],
    }
    return web.Answer(200, {"versions": [old, _version(call)]})


def version(call: web.Call) -> web.Answer:
    """GET /v2.1: the one version, without a token."""
    described = _version(call)
    docs = {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"}
    described["links"].append(docs)
    media = {
        "base": "application/json",
        "type": "application/vnd.openstack.compute+json;version=2.1",
    }
    return web.Answer(200, {"version": {**described, "media-types": [media]}})


SERVICE = web.Service(
    type="compute",
    name="nova",
    prefix="/compute",
    endpoint="/v2.1",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("GET", "/v2.1", version, public=True),
        *servers.ROUTES,
        *flavors.ROUTES,
        *flavor_specs.ROUTES,
        *keypairs.ROUTES,
    ),
    shape=web.nova_shape,
    microversions=web.Microversions(
        "compute", (2, 1), (2, 96), legacy_header="X-OpenStack-Nova-API-Version"
    ),
)
