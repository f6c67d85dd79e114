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
"""The status of a server, which messages do not tell, by what they tell.

Nova keeps a state and a task, and its API makes a status of them (Nova 34;
tests/samples/notifications/compute/statuses.json has every pair).
"""

from collections.abc import Iterable

_BY_STATE = {
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

_REBUILDING = ("rebuilding", "rebuild_block_device_mapping", "rebuild_spawning")
_RESIZING = ("resize_prep", "resize_migrating", "resize_migrated", "resize_finish")
_REBOOTING = ("rebooting", "reboot_pending", "reboot_started")
_HARD_REBOOTING = ("rebooting_hard", "reboot_pending_hard", "reboot_started_hard")


def _pairs(
    states: Iterable[str], tasks: Iterable[str], status: str
) -> dict[tuple[str, str | None], str]:
    return {(state, task): status for state in states for task in tasks}


#: The pairs in which the task matters.
_BY_TASK: dict[tuple[str, str | None], str] = {
    **_pairs(("active", "error", "stopped"), _REBUILDING, "REBUILD"),
    **_pairs(("active", "stopped"), _RESIZING, "RESIZE"),
    **_pairs(("active", "paused"), ("migrating",), "MIGRATING"),
    **_pairs(("active",), _REBOOTING, "REBOOT"),
    **_pairs(("active",), _HARD_REBOOTING, "HARD_REBOOT"),
    **_pairs(("active",), ("updating_password",), "PASSWORD"),
    **_pairs(("resized",), ("resize_reverting",), "REVERT_RESIZE"),
}


def find_status(state: str | None, task: str | None) -> str:
    """Return the status that the API shows."""
    status = _BY_TASK.get((state or "", task)) if task else None
    return status or _BY_STATE.get(state or "", "UNKNOWN")
