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

"""Listing, reading and removing what Glance has."""

import contextlib
import urllib.parse

from oslo_config import cfg

from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.image import kinds

# Oldest first: what is made while the listing goes on comes at its end.
_QUERY = f"visibility=all&limit={paging.PAGE_SIZE}&sort=created_at:asc,id:asc"


_PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}


class ImageManager(tables.TableManager):
    """Images of all projects; those with os_hidden are a listing of their own."""

    TABLE = tables.Table(
        kind=kinds.IMAGE,
        path="/images",
        listings=(f"/images?{_QUERY}", f"/images?{_QUERY}&os_hidden=true"),
        plural="images",
        singular="",
        shape=kinds.Image,
        parse=kinds.parse_image,
        several=lambda records: urllib.parse.urlencode(
            {
                "visibility": "all",
                "limit": len(records),
                "id": f"in:{','.join(record.ref.id for record in records)}",
            }
        ),
    )

    OPTS = (
        cfg.BoolOpt(
            "remove_protected",
            default=False,
            help="""\
Whether a benchmark's images are removed though they are protected.

True lifts the protection right before the removal and puts it back if the
image cannot be removed. No scenario of Rally's protects images by itself: it
is a word in a task file, or somebody's decision to keep one.""",
        ),
        cfg.BoolOpt(
            "remove_deactivated",
            default=False,
            help="""\
Whether a benchmark's images are removed though they are deactivated.

An administrator deactivates an image so that nobody uses it while it is
examined. Rally's scenario GlanceImages.create_and_deactivate_image does it as
well: set it to true where that one is run.""",
        ),
    )

    def delete(self) -> None:
        """Remove the image; protection is lifted before, and put back where that fails."""
        with contextlib.ExitStack() as undo:
            if "protected" in self.resource.holds:
                self._protect(is_protected=False)
                undo.callback(self._protect, is_protected=True)
            super().delete()
            undo.pop_all()

    def _protect(self, *, is_protected: bool) -> None:
        change = [{"op": "replace", "path": "/protected", "value": is_protected}]
        self.send("PATCH", self.path(), json=change, headers=_PATCH)
