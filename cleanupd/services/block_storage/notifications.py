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
"""What Cinder's messages change.

They hold a part of a resource: name, status, size, project and user, and
nothing of what it was made of.  That part is laid over what is known, and its
time becomes the resource's last change; a resource that is not known, and
what a message leaves open (attachments, a new type, another project), is read.

The id of a transfer and of a QoS spec that are new is not told (seen with
Cinder 29): the few that there are of the kind are listed.  A new name of a
backup, and the status of what could not be made or removed, are known from
the next listing on: there is no message after the first.
"""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import ClassVar
from typing import TypeAlias

import msgspec

from cleanupd.core import changes
from cleanupd.core import resources
from cleanupd.services.base import notification
from cleanupd.services.block_storage import ignored
from cleanupd.services.block_storage import kinds
from cleanupd.services.block_storage import messages

_VOLUME = kinds.VOLUME.name
_SNAPSHOT = kinds.SNAPSHOT.name
_BACKUP = kinds.BACKUP.name
_TRANSFER = kinds.TRANSFER.name
_TYPE = kinds.VOLUME_TYPE.name
_SPEC = kinds.QOS_SPEC.name

Changes: TypeAlias = Iterator[changes.Change]
Tell: TypeAlias = Callable[[Any, notification.Scene], Changes]


def _tell_over(told: Any, scene: notification.Scene) -> Changes:
    """Lay what is told over what is known."""
    ref = scene.place.ref(told.KIND, told.id)
    known = scene.model.get(ref)
    if known is None:
        yield scene.touched(ref)
        return
    sized = {"size_gib": told.size} if isinstance(told, messages.VolumeTold) else {}
    yield scene.updated(
        msgspec.structs.replace(
            known,
            name=told.display_name or None,
            project_id=told.tenant_id,
            user_id=told.user_id,
            status=told.status,
            holds=kinds.find_holds(told.status),
            # Cinder cuts it as well, and what is read next may be of the same second.
            updated_at=scene.sent_at.replace(microsecond=0),
            details={**known.details, **sized},
        )
    )


def _tell_open(told: Any, scene: notification.Scene) -> Changes:
    """Touch what was told of."""
    yield scene.touched(scene.place.ref(told.KIND, told.id))


def _tell_offer(volume: messages.VolumeTold, scene: notification.Scene) -> Changes:
    """Touch a volume, and the offers to transfer it that are known."""
    ref = scene.place.ref(_VOLUME, volume.id)
    yield scene.touched(ref)
    yield from _dependents(ref, _TRANSFER, scene)


def _tell_offered(volume: messages.VolumeTold, scene: notification.Scene) -> Changes:
    """Touch a volume, and have the offer found that was made to transfer it."""
    yield scene.touched(scene.place.ref(_VOLUME, volume.id))
    yield scene.touched(scene.place.ref(_TRANSFER, ""))


def _tell_gone(told: Any, scene: notification.Scene) -> Changes:
    """Take what was told of for gone, and touch what cannot do without it."""
    ref = scene.place.ref(told.KIND, told.id)
    yield scene.deleted(ref)
    yield from _dependents(ref, _SNAPSHOT, scene)
    yield from _dependents(ref, _TRANSFER, scene)


def _dependents(ref: resources.Ref, kind: str, scene: notification.Scene) -> Changes:
    for other in scene.model.pointing_to(ref):
        if other.ref.kind == kind:
            yield scene.touched(other.ref)


def _with_sources(tell: Tell) -> Tell:
    """Return what tells of a backup, and touches what it is made of or restored to."""

    def tell_more(backup: messages.BackupTold, scene: notification.Scene) -> Changes:
        yield from tell(backup, scene)
        sources = (
            (_VOLUME, backup.volume_id),
            (_SNAPSHOT, backup.snapshot_id),
            (_BACKUP, backup.parent_id),
        )
        for kind, id_ in sources:
            if id_:
                yield scene.touched(scene.place.ref(kind, id_))

    return tell_more


def _tell_type(changed: messages.TypeChanged, scene: notification.Scene) -> Changes:
    """Touch a type, and its volumes, which have its name, where that has changed."""
    told = changed.volume_types
    if told is None or not told.id or changed.error_message is not None:
        return
    ref = scene.place.ref(_TYPE, told.id)
    yield scene.touched(ref)
    known = scene.model.get(ref)
    if known is not None and known.name is not None and known.name != told.name:
        yield from _dependents(scene.place.ref(_TYPE, known.name), _VOLUME, scene)


def _tell_type_gone(changed: messages.TypeChanged, scene: notification.Scene) -> Changes:
    if changed.volume_types is not None and changed.error_message is None:
        yield scene.deleted(scene.place.ref(_TYPE, changed.volume_types.id))


def _tell_access(changed: messages.AccessChanged, scene: notification.Scene) -> Changes:
    yield scene.touched(scene.place.ref(_TYPE, changed.volume_type_id))


def _tell_spec(changed: messages.SpecChanged, scene: notification.Scene) -> Changes:
    """Touch a spec, and the types that are associated with it now, or no longer."""
    if changed.error_message is None:
        ref = scene.place.ref(_SPEC, changed.id)
        yield scene.touched(ref)
        yield from _dependents(ref, _TYPE, scene)
        if changed.type_id:
            yield scene.touched(scene.place.ref(_TYPE, changed.type_id))


def _tell_spec_made(made: messages.SpecMade, scene: notification.Scene) -> Changes:
    if made.error_message is None:
        yield scene.touched(scene.place.ref(_SPEC, ""))


def _tell_spec_gone(changed: messages.SpecChanged, scene: notification.Scene) -> Changes:
    if changed.error_message is None:
        ref = scene.place.ref(_SPEC, changed.id)
        yield scene.deleted(ref)
        yield from _dependents(ref, _TYPE, scene)


def _tell_failed(failed: messages.SchedulingFailed, scene: notification.Scene) -> Changes:
    for kind, id_ in ((_VOLUME, failed.volume_id), (_SNAPSHOT, failed.snapshot_id)):
        if id_:
            yield scene.touched(scene.place.ref(kind, id_))


#: What a word says that stands after the kind in an event type.
_VOLUME_TELLS: dict[str, Tell] = {
    **dict.fromkeys(
        ("create.start", "update.end", "attach.start", "detach.start", "resize.start"), _tell_over
    ),
    **dict.fromkeys(("resize.end", "revert.start", "delete.start"), _tell_over),
    **dict.fromkeys(("create.end", "manage_existing.end", "attach.end", "detach.end"), _tell_open),
    **dict.fromkeys(("reset_status.end", "retype", "revert.end"), _tell_open),
    **dict.fromkeys(
        (f"{what}_replication.end" for what in ("enable", "disable", "failover")), _tell_open
    ),
    "transfer.create.end": _tell_offered,
    **dict.fromkeys(("transfer.accept.end", "transfer.delete.end"), _tell_offer),
    **dict.fromkeys(("delete.end", "unmanage.end"), _tell_gone),
}
_SNAPSHOT_TELLS: dict[str, Tell] = {
    **dict.fromkeys(("create.start", "update.end", "delete.start", "revert.start"), _tell_over),
    **dict.fromkeys(("create.end", "reset_status.end", "revert.end"), _tell_over),
    "manage_existing_snapshot.start": _tell_open,
    "delete.end": _tell_gone,
}
_BACKUP_TELLS: dict[str, Tell] = {
    **dict.fromkeys(
        ("create.start", "create.end", "restore.start", "restore.end"), _with_sources(_tell_over)
    ),
    **dict.fromkeys(("reset_status.end", "delete.start"), _tell_over),
    "delete.end": _with_sources(_tell_gone),
}
_TYPES = {
    "volume_type.create": notification.Event(messages.TypeChanged, _tell_type),
    "volume_type.update": notification.Event(messages.TypeChanged, _tell_type),
    "volume_type.delete": notification.Event(messages.TypeChanged, _tell_type_gone),
    "volume_type_project.access.add": notification.Event(messages.AccessChanged, _tell_access),
    "volume_type_project.access.remove": notification.Event(messages.AccessChanged, _tell_access),
    **{
        f"qos_specs.{action}": notification.Event(messages.SpecChanged, _tell_spec)
        for action in (
            "update",
            "delete_keys",
            "associate",
            "disassociate",
            "disassociate_all",
        )
    },
    "qos_specs.create": notification.Event(messages.SpecMade, _tell_spec_made),
    "qos_specs.delete": notification.Event(messages.SpecChanged, _tell_spec_gone),
}
_FAILED = notification.Event(messages.SchedulingFailed, _tell_failed)


class CinderNotificationHandler(notification.TableHandler):
    """Turns Cinder's messages into changes of its collector's model."""

    PUBLISHER_ID = ignored.PUBLISHER_ID
    EVENTS: ClassVar = {
        **{
            f"{word}.{rest}": notification.Event(shape, tell)
            for word, shape, tells in (
                ("volume", messages.VolumeTold, _VOLUME_TELLS),
                ("snapshot", messages.SnapshotTold, _SNAPSHOT_TELLS),
                ("backup", messages.BackupTold, _BACKUP_TELLS),
            )
            for rest, tell in tells.items()
        },
        **_TYPES,
        **{
            f"scheduler.{action}": _FAILED
            for action in (
                "create_snapshot",
                "create_volume",
                "extend_volume",
                "manage_existing",
                "manage_existing_snapshot",
                "migrate_volume_to_host",
                "retype",
            )
        },
    }
    IGNORED: ClassVar = {**ignored.IGNORED, **ignored.FOREIGN}
