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
"""Which server a path means: 404 for one that is not there, or another project's."""

from tests.emulator import cloud as cloud_module
from tests.emulator import web

Body = cloud_module.Body


def find(call: web.Call) -> Body:
    """The server, if the caller may see it."""
    return _known(call, "Instance {} could not be found.")


def find_to_act(call: web.Call) -> Body:
    """The same; an action says it in other words when there is no such server at all."""
    if call.rows("compute.server").get(call.args["id"]) is None:
        text = f"Instance {call.args['id']} has no mapping to a cell."
        raise web.Refused(404, text)
    return find(call)


def find_even_deleted(call: web.Call) -> Body:
    """The same, also if it is deleted already."""
    return _known(call, "Instance {} could not be found.", even_deleted=True)


def _known(call: web.Call, text: str, *, even_deleted: bool = False) -> Body:
    key = call.args["id"]
    body = call.rows("compute.server").get(key)
    if body is None and even_deleted:
        body = call.rows("compute.deleted_server").get(key)
    if body is None or not (call.token.is_admin or body["tenant_id"] == call.token.project_id):
        raise web.Refused(404, text.format(key))
    if is_down(call, body) and (call.request.method != "GET" or call.microversion < (2, 69)):
        text = "Unexpected API Error. Please contact the administrator"
        raise web.Refused(500, f"{text}\n<class 'nova.exception.NovaException'>")
    return body


def is_down(call: web.Call, body: Body) -> bool:
    """Whether the server's cell does not answer.

    Nova then knows of its servers only that they exist (API guide, "Handling Down Cells").
    """
    down = call.cloud.settings.down_hosts
    return bool(down) and body["OS-EXT-SRV-ATTR:host"] in down
