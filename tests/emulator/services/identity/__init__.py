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
"""Keystone v3: who there is, who may do what where, and where the services are.

Sources: API reference, Identity v3; statuses, messages, filters, pages and policies seen on a
real Keystone 30. A module for each sort of thing; ``policy`` says who may, ``rights`` who has
which role, ``removal`` what goes along with what is deleted, ``listing`` what lists share. Limits,
policies, trusts and federation are never used here: their lists are empty.
"""

from typing import Any

from tests.emulator import web
from tests.emulator.services.identity import assignments
from tests.emulator.services.identity import catalogue
from tests.emulator.services.identity import credentials
from tests.emulator.services.identity import domains
from tests.emulator.services.identity import grants
from tests.emulator.services.identity import groups
from tests.emulator.services.identity import listing
from tests.emulator.services.identity import project_tags
from tests.emulator.services.identity import projects
from tests.emulator.services.identity import roles
from tests.emulator.services.identity import tokens
from tests.emulator.services.identity import users

EMPTY = (
    ("limits", ""),
    ("registered_limits", ""),
    ("policies", "list_policies"),
    ("OS-TRUST/trusts", "list_trusts"),
    ("OS-OAUTH1/consumers", "list_consumers"),
    ("OS-EP-FILTER/endpoint_groups", "list_endpoint_groups"),
    ("OS-FEDERATION/identity_providers", "list_identity_providers"),
    ("OS-FEDERATION/mappings", "list_mappings"),
    ("OS-FEDERATION/service_providers", "list_service_providers"),
)
"""Collections in which nothing ever is, each with the policy of its list, if there is one."""


def _version(call: web.Call) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{call.root}/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
        ],
    }


def versions(call: web.Call) -> web.Answer:
    """GET /: 300 with the one version there is."""
    return web.Answer(300, {"versions": {"values": [_version(call)]}})


def version(call: web.Call) -> web.Answer:
    """GET /v3: the version, without a token."""
    return web.Answer(200, {"version": _version(call)})


SERVICE = web.Service(
    type="identity",
    name="keystone",
    prefix="/identity",
    endpoint="/v3",
    routes=(
        web.Route("GET", "/", versions, public=True),
        web.Route("GET", "/v3", version, public=True),
        *tokens.ROUTES,
        *domains.ROUTES,
        *projects.ROUTES,
        *project_tags.ROUTES,
        *users.ROUTES,
        *groups.ROUTES,
        *roles.ROUTES,
        *grants.ROUTES,
        *assignments.ROUTES,
        *catalogue.ROUTES,
        *credentials.ROUTES,
        *(
            web.Route("GET", f"/v3/{path}", listing.empty(path.rpartition("/")[2], action=action))
            for path, action in EMPTY
        ),
    ),
    shape=web.middleware_shape,
)
