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
"""Images of every visibility, hidden ones too."""

from cloud import inventory

FIELDS = (
    "status", "visibility", "is_protected", "is_hidden", "checksum", "size", "tags", "created_at",
)  # fmt: skip


def list_all(admin):
    """All of the image service's records, of every project."""
    for hidden in (False, True):
        for image in admin.image.images(visibility="all", is_hidden=hidden):
            yield inventory.record("image", image, *FIELDS, project="owner_id")
