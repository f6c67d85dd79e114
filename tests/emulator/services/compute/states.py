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
"""The states of a server: what it may do in which, how it shows, what changes take time.

Sources: the status map of a real Nova 34's answers, its 409s for wrong states, and the order of
states that a server was seen to pass through there; API reference, Compute, "Server states".
"""

from collections.abc import Callable
from collections.abc import Collection
import dataclasses

from tests.emulator import clock
from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.notices import compute as notices
from tests.emulator.shapes import compute as shapes

Cloud = cloud_module.Cloud
Body = cloud_module.Body

VM, TASK, POWER = "OS-EXT-STS:vm_state", "OS-EXT-STS:task_state", "OS-EXT-STS:power_state"
HOST = "OS-EXT-SRV-ATTR:host"

RUNNING, PAUSED, SHUTDOWN = 1, 3, 4

BY_VM_STATE = {
    "active": "ACTIVE",
    "building": "BUILD",
    "deleted": "DELETED",
    "error": "ERROR",
    "paused": "PAUSED",
    "rescued": "RESCUE",
    "resized": "VERIFY_RESIZE",
    "shelved": "SHELVED",
    "shelved_offloaded": "SHELVED_OFFLOADED",
    "soft-delete": "SOFT_DELETED",
    "stopped": "SHUTOFF",
    "suspended": "SUSPENDED",
}

_RESIZING = ("resize_prep", "resize_migrating", "resize_migrated", "resize_finish")
_REBUILDING = ("rebuilding", "rebuild_block_device_mapping", "rebuild_spawning")
BY_TASK = {
    **{("active", task): "RESIZE" for task in _RESIZING},
    **{("stopped", task): "RESIZE" for task in _RESIZING},
    **{(vm, task): "REBUILD" for vm in ("active", "stopped", "error") for task in _REBUILDING},
    **{(vm, "migrating"): "MIGRATING" for vm in ("active", "paused")},
    ("active", "rebooting"): "REBOOT",
    ("active", "rebooting_hard"): "HARD_REBOOT",
    ("active", "updating_password"): "PASSWORD",
    ("stopped", "rebooting_hard"): "HARD_REBOOT",
    ("resized", "resize_reverting"): "REVERT_RESIZE",
}

STATUSES = frozenset({*BY_VM_STATE.values(), *BY_TASK.values()})
"""All statuses that a list may be filtered by."""


def status(vm_state: str, task: str | None) -> str:
    """What a server in these states shows as its status."""
    return BY_TASK.get((vm_state, task or ""), BY_VM_STATE[vm_state])


def become(
    cloud: Cloud,
    body: Body,
    *,
    vm: str | None = None,
    task: str | None = None,
    power: int | None = None,
) -> None:
    """The server has this task (None: it rests) and, if given, these states."""
    old_vm, old_task = body[VM], body[TASK]
    body[VM] = vm or old_vm
    body[TASK] = task
    body[POWER] = body[POWER] if power is None else power
    body["status"] = status(body[VM], task)
    shapes.touch(cloud, body)
    if (old_vm, old_task) != (body[VM], task):
        notices.update(cloud, body, old_state=old_vm, old_task=old_task)


def fail(cloud: Cloud, body: Body, message: str, *, code: int = 500) -> None:
    """The server is in error and shows why."""
    body["_fault"] = {
        "code": code,
        "created": clock.seconds(cloud.clock.now()),
        "message": message,
    }
    become(cloud, body, vm="error")


@dataclasses.dataclass(frozen=True)
class Rule:
    """In which states an action is allowed; tasks are None (it rests) unless more are named."""

    name: str
    vm_states: Collection[str]
    tasks: Collection[str | None] = (None,)
    any_task: bool = False


def check(body: Body, rule: Rule) -> None:
    """409 as Nova says it, unless the server's states allow the action."""
    start = f"Cannot '{rule.name}' instance {body['id']} while it is in"
    if body[VM] not in rule.vm_states:
        raise web.Refused(409, f"{start} vm_state {body[VM]}")
    if not rule.any_task and body[TASK] not in rule.tasks:
        raise web.Refused(409, f"{start} task_state {body[TASK]}")


def check_ready(body: Body) -> None:
    """409 while no host has been found."""
    if not body[HOST]:
        raise web.Refused(409, f"Instance {body['id']} is not ready")


def check_lock(call: web.Call, body: Body) -> None:
    """A locked server refuses with 409 everybody but the administrator."""
    if body["locked"] and not call.token.is_admin:
        raise web.Refused(409, f"Instance {body['id']} is locked")


def later(cloud: Cloud, body: Body, action: Callable[[], None], *, share: float = 1.0) -> None:
    """`action` happens after (a share of) the delay of builds, unless the server is going."""

    def unless_going() -> None:
        present = cloud["compute.server"].get(body["id"])
        if present is not None and body[TASK] != "deleting":
            action()

    cloud.clock.later(cloud.settings.build_delay_s * share, unless_going)
