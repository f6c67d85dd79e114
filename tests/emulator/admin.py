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
"""``/emulator``: looks into the emulated cloud from outside of its API, and orders faults.

Needs no token, is never logged and never spoilt by a fault. A person or a test in another
process uses it; a test in the same process has the `Cloud` itself.
"""

from tests.emulator import faults
from tests.emulator import web

HELP = {
    "GET /emulator/requests": (
        "every request so far; ?method=DELETE&path=REGEX to choose; "
        "one whose route is empty asked for what is not emulated"
    ),
    "DELETE /emulator/requests": "forgets them",
    "GET /emulator/faults": "the faults that wait for their requests",
    "POST /emulator/faults": {
        "": "one of these, or a list of them; all but path (or event) and answer may be left out",
        "path": "regex, searched in path and query, such as ^/networking/",
        "method": "regex, such as GET; any",
        "user": "regex, searched in the name of who asks; any",
        "answer": {"401": "or any status, as the service that is asked says it", **faults.WORDS},
        "after": "how many matches are spared first; 0",
        "times": "how many are hit; null for all; 1",
        "probability": "of each match to be hit; 1",
        "start_s": "when it begins, in seconds of the cloud's time from now; 0",
        "headers": "to add to the answer, such as Retry-After",
        "message": "what the body says, if the answer is a status",
        "hang_s": "how long a client waits, if the answer is hang or slow",
        "event": {"": "instead of path: regex for messages, and answer is", **faults.EVENT_WORDS},
    },
    "DELETE /emulator/faults": "takes all faults back",
    "GET /emulator/inventory": "the ids of everything that is there, by kind",
}


def show_help(_call: web.Call) -> web.Answer:
    """GET /emulator: what can be asked here."""
    return web.Answer(200, HELP)


def list_requests(call: web.Call) -> web.Answer:
    """GET /emulator/requests: the log, oldest first."""
    found = call.cloud.requests.entries(call.query.get("method"), call.query.get("path", ""))
    return web.Answer(200, {"requests": [entry.as_dict() for entry in found]})


def forget_requests(call: web.Call) -> web.Answer:
    """DELETE /emulator/requests: the log is empty."""
    call.cloud.requests.clear()
    return web.Answer(204)


def list_faults(call: web.Call) -> web.Answer:
    """GET /emulator/faults: what is ordered."""
    return web.Answer(200, {"faults": call.cloud.faults.pending()})


def order_fault(call: web.Call) -> web.Answer:
    """POST /emulator/faults: one or a list of them; 400 says what is wrong, and none is given."""
    try:
        orders = faults.read_orders(call.request.get_json(force=True, silent=True))
    except (ValueError, RecursionError) as error:
        raise web.Refused(400, str(error)) from error
    for order in orders:
        call.cloud.faults.add(order)
    return list_faults(call)


def forget_faults(call: web.Call) -> web.Answer:
    """DELETE /emulator/faults: no fault is ordered."""
    call.cloud.faults.clear()
    return web.Answer(204)


def show_inventory(call: web.Call) -> web.Answer:
    """GET /emulator/inventory: ids by kind."""
    found = call.cloud.inventory()
    return web.Answer(200, {kind: sorted(ids) for kind, ids in found.items()})


SERVICE = web.Service(
    type="emulator",
    name="emulator",
    prefix="/emulator",
    endpoint="",
    routes=(
        web.Route("GET", "/", show_help, public=True),
        web.Route("GET", "/requests", list_requests, public=True),
        web.Route("DELETE", "/requests", forget_requests, public=True),
        web.Route("GET", "/faults", list_faults, public=True),
        web.Route("POST", "/faults", order_fault, public=True),
        web.Route("DELETE", "/faults", forget_faults, public=True),
        web.Route("GET", "/inventory", show_inventory, public=True),
    ),
    shape=web.middleware_shape,
)
