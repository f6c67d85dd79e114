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
"""Nova v2.1 in microversions 2.1 to 2.104: servers and all that they are made of and run on.

Sources: API reference, Compute, and its microversion history; statuses, messages and paging
seen on a real Nova 34.

``servers``, ``listing``, ``presenting``   lists, show, update, delete; how a server looks
``creation``, ``orders``, ``disks``, ``nets``, ``building``   new servers, step by step
``actions``, ``power``, ``moves``, ``snapshots``   POST action, by what it does
``attachments``, ``interfaces``, ``details``, ``history``   what a server has
``proxies``   what Nova passes on from Glance and Cinder
``states``, ``finding``, ``checks``, ``paged``, ``placing``   what all of these need
the others   one collection each
"""

from typing import Any

from tests.emulator import web
from tests.emulator.services.compute import actions
from tests.emulator.services.compute import aggregates
from tests.emulator.services.compute import attachments
from tests.emulator.services.compute import creation
from tests.emulator.services.compute import details
from tests.emulator.services.compute import external
from tests.emulator.services.compute import flavor_specs
from tests.emulator.services.compute import flavors
from tests.emulator.services.compute import groups
from tests.emulator.services.compute import history
from tests.emulator.services.compute import hosts
from tests.emulator.services.compute import interfaces
from tests.emulator.services.compute import keypairs
from tests.emulator.services.compute import migrations
from tests.emulator.services.compute import proxies
from tests.emulator.services.compute import quotas
from tests.emulator.services.compute import servers

HIGHEST = (2, 104)


def _version(call: web.Call) -> dict[str, Any]:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": "{}.{}".format(*HIGHEST),
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


EXTENSIONS = {
    "os-aggregates": "Aggregates",
    "os-flavor-access": "FlavorAccess",
    "os-hypervisors": "Hypervisors",
    "os-keypairs": "Keypairs",
    "os-quota-sets": "Quotas",
    "os-server-groups": "ServerGroups",
    "os-services": "Services",
    "os-simple-tenant-usage": "SimpleTenantUsage",
}
"""Those that clients ask for, by alias."""


def _extension(alias: str) -> dict[str, Any]:
    return {
        "alias": alias,
        "name": EXTENSIONS[alias],
        "description": "",
        "links": [],
        "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
        "updated": "2014-12-03T00:00:00Z",
    }


def list_extensions(_call: web.Call) -> web.Answer:
    """GET /extensions: what older clients look for."""
    return web.Answer(200, {"extensions": [_extension(alias) for alias in EXTENSIONS]})


def show_extension(call: web.Call) -> web.Answer:
    """GET /extensions/ALIAS: 404 for one that there is not."""
    if call.args["alias"] not in EXTENSIONS:
        raise web.Refused(404, "The resource could not be found.")
    return web.Answer(200, {"extension": _extension(call.args["alias"])})


SERVICE = web.Service(
    type="compute",
    name="nova",
    prefix="/compute",
    endpoint="/v2.1",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("GET", "/v2.1", version, public=True),
        web.Route("GET", "/v2.1/extensions", list_extensions),
        web.Route("GET", "/v2.1/extensions/<alias>", show_extension),
        *servers.ROUTES,
        *creation.ROUTES,
        *actions.ROUTES,
        *attachments.ROUTES,
        *interfaces.ROUTES,
        *details.ROUTES,
        *history.ROUTES,
        *migrations.ROUTES,
        *flavors.ROUTES,
        *flavor_specs.ROUTES,
        *keypairs.ROUTES,
        *groups.ROUTES,
        *aggregates.ROUTES,
        *hosts.ROUTES,
        *quotas.ROUTES,
        *external.ROUTES,
        *proxies.ROUTES,
    ),
    shape=web.nova_shape,
    microversions=web.Microversions(
        "compute", (2, 1), HIGHEST, legacy_header="X-OpenStack-Nova-API-Version"
    ),
)
