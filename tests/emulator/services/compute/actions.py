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
"""POST /servers/ID/action: finds the action, checks who asks and what, and lets it run.

Sources: API reference, Compute, "Servers - run an action"; statuses, texts and the order of the
checks seen on a real Nova 34.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import finding
from tests.emulator.services.compute import history
from tests.emulator.services.compute import moves
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import power
from tests.emulator.services.compute import snapshots
from tests.emulator.services.compute import states
from tests.emulator.services.compute import termination
from tests.emulator.shapes import compute as shapes

Body = cloud_module.Body

CONSOLE = "FAKE CONSOLE OUTPUT\nANOTHER\nLAST LINE"


def _force_delete(call: web.Call, body: Body, _argument: object) -> web.Answer:
    """202: as DELETE."""
    states.check_lock(call, body)
    history.note(call, body, "delete")
    termination.begin(call.cloud, body)
    return web.Answer(202)


def _restore(_call: web.Call, body: Body, _argument: object) -> web.Answer:
    """409: nothing is ever deleted softly here."""
    states.check(body, states.Rule("restore", frozenset({"soft-delete"})))
    return web.Answer(202)


def _console_output(_call: web.Call, body: Body, argument: object) -> web.Answer:
    """200 with the last lines."""
    states.check_ready(body)
    length = argument.get("length") if isinstance(argument, dict) else None
    lines = CONSOLE.split("\n")
    kept = lines if length is None or int(length) < 0 else lines[-int(length) :]
    return web.Answer(200, {"output": "\n".join(kept)})


def _group(call: web.Call, argument: object) -> Body:
    """The project's security group of this name or id; else 404."""
    name = str(argument["name"]) if isinstance(argument, dict) else ""
    for group in call.rows("network.security_group").where("project_id", call.token.project_id):
        if name in {group["name"], group["id"]}:
            return group
    text = f"Security group {name} is not found for project {call.token.project_id}"
    raise web.Refused(404, text)


def _ports(call: web.Call, body: Body) -> list[Body]:
    return list(call.rows("network.port").where("device_id", body["id"]))


def _add_group(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: all ports of the server have the group; 400 if they had it already."""
    group = _group(call, argument)
    for port in _ports(call, body):
        if group["id"] in port["security_groups"]:
            text = f"Duplicate items in the list: '{group['id']}'."
            raise web.Refused(400, f"Invalid input for security_groups. Reason: {text}")
        port["security_groups"] = [*port["security_groups"], group["id"]]
    return _regrouped(call, body)


def _remove_group(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: no port of the server has the group; 404 if none had it."""
    group = _group(call, argument)
    having = [port for port in _ports(call, body) if group["id"] in port["security_groups"]]
    if not having:
        text = f"Security group {group['name']} not associated with the instance {body['id']}"
        raise web.Refused(404, text)
    for port in having:
        port["security_groups"] = [one for one in port["security_groups"] if one != group["id"]]
    return _regrouped(call, body)


def _regrouped(call: web.Call, body: Body) -> web.Answer:
    shapes.show_security_groups(call.cloud, body)
    return web.Answer(202)


def _nothing(_call: web.Call, _body: Body, _argument: object) -> web.Answer:
    """202."""
    return web.Answer(202)


def _no_console(_call: web.Call, _body: Body, argument: object) -> web.Answer:
    """400: no hypervisor here has consoles."""
    sort = argument.get("type") if isinstance(argument, dict) else None
    raise web.Refused(400, f"Unavailable console type {sort}.")


NAMED = checks.closed("name", name=checks.NAME)
TYPED = checks.closed("type", type={"type": "string"})
LENGTH = {
    "type": "object",
    "properties": {"length": {"type": ["integer", "string", "null"], "pattern": "^-?[0-9]+$"}},
    "closed": True,
}

ACTIONS = {
    **power.ACTIONS,
    **moves.ACTIONS,
    **snapshots.ACTIONS,
    "forceDelete": power.Action("os-deferred-delete:force", _force_delete),
    "restore": power.Action("os-deferred-delete:restore", _restore),
    "os-getConsoleOutput": power.Action("os-console-output", _console_output, LENGTH),
    "os-getVNCConsole": power.Action("os-remote-consoles", _no_console, TYPED, until=(2, 5)),
    "addSecurityGroup": power.Action("os-security-groups:add", _add_group, NAMED),
    "removeSecurityGroup": power.Action("os-security-groups:remove", _remove_group, NAMED),
    "injectNetworkInfo": power.Action(
        "os-admin-actions:inject_network_info", _nothing, is_for_admin=True
    ),
}


def act(call: web.Call) -> web.Answer:
    """POST /servers/ID/action: 400 for one that there is not, then 404, 403, 409 in that order."""
    if len(call.body) != 1:
        raise web.Refused(400, "Malformed request body")
    name, argument = next(iter(call.body.items()))
    action = ACTIONS.get(name)
    if action is None:
        raise web.Refused(400, f"There is no such action: {name}")
    paged.require_version(call, (2, 1), action.until)
    checks.check(argument, action.schema, name)
    body = finding.find_to_act(call)
    if action.is_for_admin:
        paged.require_admin(call, action.policy)
    else:
        paged.require_member(call, action.policy)
    return action.run(call, body, argument)


ROUTES = (web.Route("POST", "/v2.1/servers/<id>/action", act),)
