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
"""What Manila's messages change.

They tell of shares and of share types, in words of their own: what was made
or changed is read.  Snapshots, share networks and security services are known
from listings alone (seen with Manila 23).
"""

from collections.abc import Iterator
import itertools
from typing import ClassVar

import msgspec

from cleanupd.core import changes
from cleanupd.services.base import notification
from cleanupd.services.base import wire
from cleanupd.services.shared_file_system import kinds


class ShareChanged(msgspec.Struct):
    """A share was made, changed or removed."""

    share_id: wire.Id


class TypeChanged(msgspec.Struct):
    """A share type was made or changed, or that failed: then it may have no id."""

    share_types: wire.Reference | None = None
    id: str | None = None


def _tell_share(told: ShareChanged, scene: notification.Scene) -> Iterator[changes.Change]:
    yield scene.touched(scene.place.ref(kinds.SHARE.name, told.share_id))


def _tell_gone(told: ShareChanged, scene: notification.Scene) -> Iterator[changes.Change]:
    yield scene.deleted(scene.place.ref(kinds.SHARE.name, told.share_id))


def _tell_type(told: TypeChanged, scene: notification.Scene) -> Iterator[changes.Change]:
    id_ = told.share_types.id if told.share_types else told.id
    if id_:
        yield scene.touched(scene.place.ref(kinds.SHARE_TYPE.name, id_))


_SHARE = notification.Event(ShareChanged, _tell_share)
_TYPE = notification.Event(TypeChanged, _tell_type)
_STAGES = ("start", "end")
_ACTIONS = ("create", "update", "delete")


class ManilaNotificationHandler(notification.TableHandler):
    """Turns Manila's messages into changes of its collector's model."""

    PUBLISHER_ID = r"^(share|shareType|shareTypeExtraSpecs|qosType|qosTypeSpecs)\."
    EVENTS: ClassVar = {
        **{
            f"share.{action}.{stage}": _SHARE
            for action, stage in itertools.product(("create", "extend", "shrink"), _STAGES)
        },
        **{
            f"share.transfer.{action}.{stage}": _SHARE
            for action, stage in itertools.product(("accept", "create", "delete"), _STAGES)
        },
        "share.delete.start": _SHARE,
        "share.delete.end": notification.Event(ShareChanged, _tell_gone),
        **{f"share_type.{action}": _TYPE for action in _ACTIONS},
    }
    IGNORED: ClassVar = {
        "share.consumed.size": "it tells again and again how full a share is",
        **{
            f"{noun}.{action}": "nothing that the model keeps depends on it"
            for noun, action in itertools.product(
                ("share_type_extra_specs", "qos_type", "qos_type_specs"), _ACTIONS
            )
        },
    }
