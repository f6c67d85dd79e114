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
"""What other services tell Nova: os-server-external-events, which Neutron and Cinder post.

Source: API reference, Compute, "Server external events"; statuses seen on a real Nova 34.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import paged
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

NAMES = [
    *("network-changed", "network-vif-plugged", "network-vif-unplugged", "network-vif-deleted"),
    *("volume-extended", "power-update", "accelerator-request-bound", "volume-reimaged"),
]
EVENT = checks.closed(
    *("name", "server_uuid"),
    name={"type": "string", "enum": NAMES},
    server_uuid=checks.UUID,
    status={"enum": ["failed", "completed", "in-progress"]},
    tag={"type": "string"},
)


def create(call: web.Call) -> web.Answer:
    """POST: 200 if all servers are there, 207 if some are, each event with its own code.

    A change of a network is taken up at once: the server shows its ports' addresses.
    """
    paged.require_admin(call, "os-server-external-events:create")
    events = checks.body(call, "events", {"type": "array", "minLength": 1, "items": EVENT})
    told = [_tell(call, event) for event in events]
    is_complete = all(one["code"] == 200 for one in told)
    return web.Answer(200 if is_complete else 207, {"events": told})


def _tell(call: web.Call, event: Body) -> Body:
    body = call.rows("compute.server").get(event["server_uuid"])
    if body is None:
        return {**event, "status": "failed", "code": 404}
    if not body["OS-EXT-SRV-ATTR:host"]:
        return {**event, "status": "failed", "code": 422}
    if event["name"].startswith("network-") and body["status"] != "BUILD":
        shapes.show_addresses(call.cloud, body)
    return {"status": "completed", **event, "code": 200}


ROUTES = (web.Route("POST", "/v2.1/os-server-external-events", create),)
