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
r"""Finds every event type that an installed Cinder can send, by reading its code.

This makes the table anew that the tests compare with, where DIRECTORY is that of the package
cinder (in the sandbox: ``$SANDBOX_HOME/venv/lib/python3*/site-packages/cinder``)::

    python tests/unit/services/block_storage/cinder_events.py DIRECTORY \
        > tests/samples/notifications/block_storage/event_types.json
"""

import ast
import json
import pathlib
import sys

#: Functions that send: the place of the argument with the event type, or with what follows these.
SENDERS = {
    "notify_about_volume_usage": (2, ["volume."]),
    "_notify_about_volume_usage": (2, ["volume."]),
    "notify_about_snapshot_usage": (2, ["snapshot."]),
    "_notify_about_snapshot_usage": (2, ["snapshot."]),
    "notify_about_backup_usage": (2, ["backup."]),
    "_notify_about_backup_usage": (2, ["backup."]),
    "notify_about_group_usage": (2, ["group."]),
    # The group's volumes and snapshots are told of in the same words.
    "_notify_about_group_usage": (2, ["group.", "volume."]),
    "notify_about_group_snapshot_usage": (2, ["group_snapshot."]),
    "_notify_about_group_snapshot_usage": (2, ["group_snapshot.", "snapshot."]),
    "notify_about_consistencygroup_usage": (2, ["consistencygroup."]),
    "notify_about_cgsnapshot_usage": (2, ["cgsnapshot."]),
    "notify_about_capacity_usage": (2, ["capacity."]),
    "notify_about_volume_type_access_usage": (3, ["volume_type_project."]),
    "notify_about_usage": (2, ["volume.", "snapshot.", "backup."]),
    "_notify_reset_status": (2, ["volume.", "snapshot.", "backup."]),
    "NotifyVolumeActionTask": (1, ["volume."]),
    "CreateVolumeOnFinishTask": (1, ["volume."]),
    "NotifySnapshotActionTask": (1, ["snapshot."]),
    "_notify_volume_type_info": (1, [""]),
    "_notify_volume_type_error": (1, [""]),
    "_notify_group_type_info": (1, [""]),
    "_notify_group_type_error": (1, [""]),
    "_notify_qos_specs_error": (1, [""]),
    "info": (1, [""]),
    "error": (1, [""]),
    "_notify_cache_action": (3, ["image_volume_cache."]),
    "_set_volume_state_and_notify": (0, ["scheduler."]),
    "_set_snapshot_state_and_notify": (0, ["scheduler."]),
}
#: Arguments that are no text: what they stand for, empty where that is found elsewhere.
LOOKED_AT = {
    "'volume.%s' % event_suffix": [],
    "'snapshot.%s' % event_suffix": [],
    "'backup.%s' % event_suffix": [],
    "'group.%s' % event_suffix": [],
    "'group_snapshot.%s' % event_suffix": [],
    "'consistencygroup.%s' % event_suffix": [],
    "'cgsnapshot.%s' % event_suffix": [],
    "'volume_type_project.%s' % event_suffix": [],
    "'capacity.%s' % suffix": [],
    "'image_volume_cache.%s' % action": [],
    "'scheduler.' + method": [],
    "self.FAILURE_TOPIC": ["scheduler.create_volume"],
    "event_suffix": [],
    "self.event_suffix": [],
    "message": [],
    "method": [],
    # Calls of a method that passes on.
    "u['type']": ["pool", "backend"],
    "notification + 'start'": ["delete.start", "unmanage.start"],
    "notification + 'end'": ["delete.end", "unmanage.end"],
    "end_notify_suffix": ["create.end"],
    "notify_start_msg": ["manage_existing_snapshot.start"],
}


def find_events(package):
    """Yield the event types in all files of the package but its tests."""
    for path in sorted(package.rglob("*.py")):
        if "tests" in path.relative_to(package).parts:
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = _name(call)
            if name in SENDERS and _is_sent(call, name):
                place, begins = SENDERS[name]
                for ending in _texts(call.args[place], path):
                    yield from (f"{begin}{ending}" for begin in begins)


def _name(call):
    if not isinstance(call, ast.Call):
        return None
    return getattr(call.func, "attr", getattr(call.func, "id", None))


def _is_sent(call, name):
    """Whether a call of info() or error() is one of a notifier, and none of a log's."""
    if name not in {"info", "error"}:
        return len(call.args) > SENDERS[name][0]
    return "notifier" in ast.unparse(call.func) and len(call.args) > 1


def _texts(argument, path):
    if isinstance(argument, ast.Constant):
        return [argument.value]
    text = ast.unparse(argument)
    if text not in LOOKED_AT:
        sys.exit(f"{path}:{argument.lineno} sends {text}, which nobody has looked at")
    return LOOKED_AT[text]


if __name__ == "__main__":
    found = sorted(set(find_events(pathlib.Path(sys.argv[1]))))
    sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
