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

"""The kind of Glance and its one parser.

The format is that of the image API reference, version 2;
tests/samples/image holds bodies of Glance 33.
"""

import datetime

import msgspec

from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import wire

IMAGE = kinds.Kind(
    is_guarded=False,
    name="image.image",
    identity_fields=("name", "project_id", "created_at"),
    has_tags=True,
    # Images of servers have their names, with the numbers of Nova and Rally;
    # Nova makes one of a server that is shelved.
    suffixes=(r"(?:_[0-9]+)?(?:-[0-9]+)?(?:-shelved)?",),
    holds=(
        kinds.Hold("protected", "it is protected", "remove_protected"),
        kinds.Hold("deactivated", "somebody deactivated it", "remove_deactivated"),
    ),
)


class Image(msgspec.Struct):
    """An image, whatever its visibility."""

    id: wire.Id
    name: str | None
    owner: str | None
    status: str
    visibility: str
    protected: bool
    created_at: datetime.datetime
    updated_at: datetime.datetime | None
    tags: list[str] = []


def parse_image(image: Image, place: wire.Place) -> resources.Resource:
    """Return the record of ``image``."""
    holds = (("protected", image.protected), ("deactivated", image.status == "deactivated"))
    return resources.Resource(
        ref=place.ref("image.image", image.id),
        name=image.name or None,
        project_id=image.owner or None,
        created_at=wire.utc(image.created_at),
        updated_at=wire.utc(image.updated_at),
        status=image.status,
        holds=tuple(name for name, is_held in holds if is_held),
        tags=wire.tags(image.tags),
        details={"visibility": image.visibility},
    )
