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
"""Actions that lead from one resting state to another: stop, pause, suspend, rescue, reboot.

Sources: API reference, Compute, "Servers - run an action"; the states passed through, what is
refused and the texts were seen on a real Nova 34. Each is a row of a table.
"""

from collections.abc import Callable
import dataclasses

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.services.compute import checks
from tests.emulator.services.compute import history
from tests.emulator.services.compute import paged
from tests.emulator.services.compute import states

Body = cloud_module.Body


@dataclasses.dataclass(frozen=True)
class Action:
    """One action of a server: who may, what its argument looks like, what it does.

    `run` is given the call, the server and the argument.
    """

    policy: str
    run: Callable[[web.Call, Body, object], web.Answer]
    schema: checks.Schema = dataclasses.field(default_factory=dict)
    is_for_admin: bool = False
    until: web.Version = (9, 999)


@dataclasses.dataclass(frozen=True)
class Change:
    """From one of these states through a task into another state."""

    name: str
    vm_states: frozenset[str]
    task: str
    vm: str
    power: int
    event: str
    rule: str = ""

    def run(self, call: web.Call, body: Body, _argument: object) -> web.Answer:
        """202, and the server is in the other state after a while."""
        states.check_lock(call, body)
        if self.name in {"start", "stop"}:
            states.check_ready(body)
        states.check(body, states.Rule(self.name, self.vm_states))
        begin(call, body, self)
        return web.Answer(202)


def begin(call: web.Call, body: Body, change: Change) -> None:
    """The server is on its way."""
    cloud = call.cloud
    history.note(call, body, change.name)
    states.become(cloud, body, task=change.task)
    notices.server(cloud, body, change.event, "start")

    def finish() -> None:
        states.become(cloud, body, vm=change.vm, power=change.power)
        notices.server(cloud, body, change.event, "end")

    states.later(cloud, body, finish)


def _states(*names: str) -> frozenset[str]:
    return frozenset(names)


ON, OFF = states.RUNNING, states.SHUTDOWN
STOP = Change("stop", _states("active", "error"), "powering-off", "stopped", OFF, "power_off")
START = Change("start", _states("stopped"), "powering-on", "active", ON, "power_on")
PAUSE = Change("pause", _states("active"), "pausing", "paused", states.PAUSED, "pause")
UNPAUSE = Change("unpause", _states("paused"), "unpausing", "active", ON, "unpause")
SUSPEND = Change("suspend", _states("active"), "suspending", "suspended", OFF, "suspend")
RESUME = Change("resume", _states("suspended"), "resuming", "active", ON, "resume")
RESCUE = Change(
    "rescue", _states("active", "stopped", "error"), "rescuing", "rescued", ON, "rescue"
)
UNRESCUE = Change("unrescue", _states("rescued"), "unrescuing", "active", ON, "unrescue")

SOFT_REBOOTABLE = _states("active")
HARD_REBOOTABLE = _states("active", "stopped", "paused", "suspended", "error", "rescued")
HARD_TASKS = (None, "rebooting", "rebooting_hard", "resuming", "pausing", "suspending")
REBOOT = checks.closed("type", type={"enum": ["HARD", "Hard", "hard", "SOFT", "Soft", "soft"]})


def _reboot(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: soft only what runs, hard also what is stopped, paused, suspended or in error."""
    is_soft = str(dict(argument)["type"]).upper() == "SOFT"  # type: ignore[call-overload]
    states.check_lock(call, body)
    if is_soft:
        states.check(body, states.Rule("reboot", SOFT_REBOOTABLE))
    else:
        states.check(body, states.Rule("reboot", HARD_REBOOTABLE, HARD_TASKS))
    task = "rebooting" if is_soft else "rebooting_hard"
    begin(call, body, Change("reboot", frozenset(), task, "active", ON, "reboot"))
    return web.Answer(202)


def _rescue(call: web.Call, body: Body, argument: object) -> web.Answer:
    """200 with the password."""
    RESCUE.run(call, body, argument)
    wish = argument if isinstance(argument, dict) else {}
    return web.Answer(200, {"adminPass": wish.get("adminPass", "Emulated1234")})


def _lock(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202; who locked it decides who may unlock it. A reason since 2.73."""
    reason = argument.get("locked_reason") if isinstance(argument, dict) else None
    history.note(call, body, "lock")
    body.update(locked=True, locked_reason=reason, _locked_by_admin=call.token.is_admin)
    states.become(call.cloud, body, task=body[states.TASK])
    return web.Answer(202)


def _unlock(call: web.Call, body: Body, _argument: object) -> web.Answer:
    """202; what the administrator locked, only the administrator unlocks."""
    allowed = call.token.is_admin or not body.get("_locked_by_admin")
    paged.require(call, "os-lock-server:unlock:unlock_override", allowed=allowed)
    history.note(call, body, "unlock")
    body.update(locked=False, locked_reason=None, _locked_by_admin=False)
    states.become(call.cloud, body, task=body[states.TASK])
    return web.Answer(202)


RESET = checks.closed("state", state={"enum": ["active", "error"]})


def _reset_state(call: web.Call, body: Body, argument: object) -> web.Answer:
    """202: the administrator says what state it is; nothing is done to the server."""
    state = str(dict(argument)["state"])  # type: ignore[call-overload]
    history.note(call, body, "resetState")
    states.become(call.cloud, body, vm=state)
    return web.Answer(202)


PASSWORD = checks.closed("adminPass", adminPass={"type": "string"})


def _change_password(call: web.Call, body: Body, _argument: object) -> web.Answer:
    """202 for a server that runs."""
    states.check_lock(call, body)
    states.check(body, states.Rule("set_admin_password", _states("active")))
    if body[states.POWER] != ON:
        text = f"Failed to set admin password on {body['id']} because instance {body['id']}"
        raise web.Refused(409, f"{text} is not running")
    history.note(call, body, "changePassword")
    return web.Answer(202)


LOCK = {
    "type": ["object", "null"],
    "closed": True,
    "properties": {"locked_reason": {"type": "string", "minLength": 1, "maxLength": 255}},
}
RESCUE_SCHEMA = {
    "type": ["object", "null"],
    "closed": True,
    "properties": {"adminPass": {"type": "string"}, "rescue_image_ref": {"type": "string"}},
}

ACTIONS = {
    "os-start": Action("servers:start", START.run),
    "os-stop": Action("servers:stop", STOP.run),
    "pause": Action("os-pause-server:pause", PAUSE.run),
    "unpause": Action("os-pause-server:unpause", UNPAUSE.run),
    "suspend": Action("os-suspend-server:suspend", SUSPEND.run),
    "resume": Action("os-suspend-server:resume", RESUME.run),
    "rescue": Action("os-rescue", _rescue, RESCUE_SCHEMA),
    "unrescue": Action("os-unrescue", UNRESCUE.run),
    "reboot": Action("servers:reboot", _reboot, REBOOT),
    "lock": Action("os-lock-server:lock", _lock, LOCK),
    "unlock": Action("os-lock-server:unlock", _unlock),
    "changePassword": Action("os-admin-password", _change_password, PASSWORD),
    "os-resetState": Action(
        "os-admin-actions:reset_state", _reset_state, RESET, is_for_admin=True
    ),
}
