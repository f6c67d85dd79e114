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
"""Every event type that Nova 34 sends: what its messages tell, or why they are ignored."""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import TypeVar

from cleanupd.services.compute import legacy
from cleanupd.services.compute import messages

T = TypeVar("T")

_START, _END, _ERROR = "start", "end", "error"

#: Actions whose messages tell how the server is, when they begin and when they end.
_TOLD = (
    "live_migration_post_dest",
    "live_migration_pre",
    "pause",
    "power_off",
    "power_on",
    "reboot",
    "rebuild",
    "rescue",
    "resize",
    "resize_confirm",
    "resize_finish",
    "resize_prep",
    "resize_revert",
    "restore",
    "resume",
    "shelve",
    "shelve_offload",
    "shutdown",
    "snapshot",
    "soft_delete",
    "suspend",
    "unpause",
    "unrescue",
    "unshelve",
)

#: Actions whose sender has the server as it was before, such as the host that it has left,
#: or which come before what they announce.
_MOVING = (
    "live_migration_abort",
    "live_migration_force_complete",
    "live_migration_post",
    "live_migration_rollback",
    "live_migration_rollback_dest",
)
_VOLUMES = ("volume_attach", "volume_detach", "volume_swap")

#: How the legacy format names actions that it does not name like the versioned one.
_LEGACY_NAMES = {
    "live_migration_abort": "live.migration.abort",
    "live_migration_force_complete": "live.migration.force.complete",
    "live_migration_post": "live_migration._post",
    "live_migration_post_dest": "live_migration.post.dest",
    "live_migration_pre": "live_migration.pre",
    "live_migration_rollback": "live_migration._rollback",
    "live_migration_rollback_dest": "live_migration.rollback.dest",
    "resize_confirm": "resize.confirm",
    "resize_finish": "finish_resize",
    "resize_prep": "resize.prep",
    "resize_revert": "resize.revert",
}
_AGGREGATE_ACTIONS = ("create", "add_host", "remove_host", "update_metadata", "update_prop")
_KEYPAIR_ACTIONS = ("create", "import", "delete")


def _each(value: T, prefix: str, actions: Iterable[str], phases: Iterable[str]) -> dict[str, T]:
    """Return the same value for each event type of these actions and phases."""
    return {f"{prefix}.{action}.{phase}": value for action in actions for phase in phases}


def _legacy_names(actions: Iterable[str]) -> list[str]:
    return [_LEGACY_NAMES.get(action, action) for action in actions]


#: What versioned messages tell, by event type.
VERSIONED: Mapping[str, type] = {
    **_each(messages.ServerStarted, "instance", (*_TOLD, "create", "delete"), (_START,)),
    **_each(messages.ServerTold, "instance", _TOLD, (_END,)),
    **_each(messages.ServerTouched, "instance", (*_MOVING, *_VOLUMES), (_START, _END)),
    **_each(
        messages.ServerTouched,
        "instance",
        ("create", "reboot", "rebuild", "resize", "volume_attach", "volume_swap"),
        (_ERROR,),
    ),
    "instance.create.end": messages.ServerCreated,
    "instance.delete.end": messages.ServerDeleted,
    "instance.evacuate": messages.ServerTouched,
    "instance.lock": messages.ServerTold,
    "instance.rebuild_scheduled": messages.ServerTouched,
    "instance.unlock": messages.ServerTold,
    "instance.update": messages.ServerUpdated,
    **_each(
        messages.ServerFailed,
        "compute_task",
        ("build_instances", "migrate_server", "rebuild_server"),
        (_ERROR,),
    ),
    **_each(messages.KeypairTold, "keypair", ("create", "import"), (_END,)),
    "keypair.delete.end": messages.KeypairDeleted,
    "flavor.create": messages.FlavorTold,
    "flavor.update": messages.FlavorTold,
    "flavor.delete": messages.FlavorDeleted,
    "server_group.create": messages.GroupCreated,
    "server_group.add_member": messages.GroupTouched,
    "server_group.delete": messages.GroupDeleted,
    **_each(messages.AggregateTouched, "aggregate", _AGGREGATE_ACTIONS, (_END,)),
    "aggregate.delete.end": messages.AggregateDeleted,
    "service.create": messages.ServiceTouched,
    "service.update": messages.ServiceTouched,
    "service.delete": messages.ServiceTouched,
}

_INSTANCE = "compute.instance"

#: What legacy messages tell, by event type.
LEGACY: Mapping[str, type] = {
    **_each(legacy.Server, _INSTANCE, _legacy_names(_TOLD), (_START, _END)),
    **_each(legacy.Server, _INSTANCE, ("create", "delete", "force_delete"), (_START,)),
    "compute.instance.create.end": legacy.Server,
    **_each(legacy.ServerDeleted, _INSTANCE, ("delete", "force_delete"), (_END,)),
    **_each(legacy.ServerTouched, _INSTANCE, _legacy_names(_MOVING), (_START, _END)),
    **_each(legacy.ServerTouched, _INSTANCE, ("create", "reboot", "rebuild", "resize"), (_ERROR,)),
    "compute.instance.evacuate": legacy.ServerTouched,
    "compute.instance.rebuild.scheduled": legacy.ServerTouched,
    "compute.instance.update": legacy.ServerUpdated,
    "compute.instance.volume.attach": legacy.ServerTouched,
    "compute.instance.volume.detach": legacy.ServerTouched,
    "compute_task.build_instances": legacy.ServerTouched,
    "compute_task.migrate_server": legacy.ServerTouched,
    "compute_task.rebuild_server": legacy.ServerTouched,
    **_each(legacy.KeypairTouched, "keypair", _KEYPAIR_ACTIONS, (_END,)),
    "servergroup.addmember": legacy.GroupTouched,
    "servergroup.create": legacy.GroupTouched,
    "servergroup.delete": legacy.GroupDeleted,
    "servergroup.update": legacy.GroupTouched,
    **_each(
        legacy.AggregateTouched,
        "aggregate",
        [action.replace("_", "") for action in _AGGREGATE_ACTIONS],
        (_END,),
    ),
    "aggregate.delete.end": legacy.AggregateDeleted,
    **_each(
        legacy.HostTouched, "HostAPI", ("set_enabled", "set_maintenance", "power_action"), (_END,)
    ),
}


_NOT_YET = "nothing has changed yet; the end of it is told"
_USAGE = "it tells what was used, for bills"
_PORTS = "the addresses of a server are ports, and Neutron's"
_SHARES = "no record has the shares of a server, which are Manila's"
_PLACING = "where a server is placed is told when it is there"
_EXCEPTION = "it tells a call that failed; what that left is told by the server's own messages"
_MEASURED = "it tells what was measured"

#: Why messages of these event types, of either format, change nothing.
IGNORED: Mapping[str, str] = {
    **_each(_NOT_YET, "aggregate", (*_AGGREGATE_ACTIONS, "delete"), (_START,)),
    **_each(
        _NOT_YET,
        "aggregate",
        [action.replace("_", "") for action in _AGGREGATE_ACTIONS],
        (_START,),
    ),
    **_each(_NOT_YET, "keypair", _KEYPAIR_ACTIONS, (_START,)),
    **_each(_NOT_YET, "HostAPI", ("set_enabled", "set_maintenance", "power_action"), (_START,)),
    **_each(
        "images on the hosts are no resources of the API",
        "aggregate",
        ("cache_images",),
        (_START, "progress", _END),
    ),
    **_each(_PORTS, "instance", ("interface_attach", "interface_detach"), (_START, _END)),
    **_each(_PORTS, "compute.instance", ("create_ip", "delete_ip"), (_START, _END)),
    **_each(_SHARES, "instance", ("share_attach", "share_detach"), (_START, _END, _ERROR)),
    **_each(_PLACING, "scheduler", ("select_destinations",), (_START, _END)),
    **_each(
        "a server that dumps its memory is no other server",
        "instance",
        ("trigger_crash_dump",),
        (_START, _END),
    ),
    **_each(
        "a server that dumps its memory is no other server",
        "compute.instance",
        ("trigger_crash_dump",),
        (_START, _END),
    ),
    "instance.interface_attach.error": _PORTS,
    "instance.exists": _USAGE,
    "compute.instance.exists": _USAGE,
    "volume.usage": _USAGE,
    "metrics.update": _MEASURED,
    "compute.metrics.update": _MEASURED,
    "compute.exception": _EXCEPTION,
    "libvirt.connect.error": "a host without libvirt tells nothing of its servers",
    "compute.libvirt.error": "a host without libvirt tells nothing of its servers",
}


def is_failed_call(event_type: str) -> bool:
    """Whether a legacy message is named like the call that failed, and so changes nothing.

    What the failure left is told by the server's own messages.
    """
    return "." not in event_type
