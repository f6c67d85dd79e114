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
"""What Glance's messages change.

All that the model keeps of an image is in them, so that the parser of
listings reads them.  Only when data could not be stored does Glance send a
sentence for people; it then sets the image back, and says so in the next
message or not at all: where the sentence names an image, it is read.
"""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from cleanupd.core import changes
from cleanupd.services.base import notification
from cleanupd.services.base import wire
from cleanupd.services.image import kinds


class ImageDeleted(msgspec.Struct):
    """An image was deleted, or is to be deleted later (delayed_delete)."""

    id: wire.Id
    deleted: bool


def _tell_image(told: kinds.Image | str, scene: notification.Scene) -> Iterator[changes.Change]:
    """Take the image as it is told; where people are told of a failure, have it read."""
    if isinstance(told, kinds.Image):
        yield scene.updated(kinds.parse_image(told, scene.place))
        return
    for word in told.replace(":", " ").split():
        ref = scene.place.ref(kinds.IMAGE.name, word)
        if scene.model.get(ref) is not None:
            yield scene.touched(ref)


def _tell_deleted(image: ImageDeleted, scene: notification.Scene) -> Iterator[changes.Change]:
    ref = scene.place.ref(kinds.IMAGE.name, image.id)
    yield scene.deleted(ref) if image.deleted else scene.touched(ref)


_WRITTEN = notification.Event(kinds.Image | str, _tell_image)
_NO_KIND = "nothing that the model keeps depends on it"
_UNKEPT = (
    *(f"image.member.{action}" for action in ("create", "update", "delete")),
    *(
        f"{word}.{action}"
        for word in (
            "metadef_namespace",
            "metadef_object",
            "metadef_property",
            "metadef_tag",
        )
        for action in ("create", "update", "delete")
    ),
    "metadef_resource_type.create",
    "metadef_resource_type.delete",
    *(f"metadef_namespace.delete_{what}" for what in ("objects", "properties", "tags")),
    *(f"task.{what}" for what in ("create", "run", "processing", "success", "failure", "delete")),
)


class GlanceNotificationHandler(notification.TableHandler):
    """Turns Glance's messages into changes of its collector's model."""

    PUBLISHER_ID = r"^image\."
    EVENTS: ClassVar = {
        **{
            f"image.{action}": _WRITTEN
            for action in ("create", "prepare", "upload", "activate", "update")
        },
        "image.delete": notification.Event(ImageDeleted, _tell_deleted),
    }
    IGNORED: ClassVar = {
        "image.send": "somebody got the image's data, which changes nothing",
        **dict.fromkeys(_UNKEPT, _NO_KIND),
    }
