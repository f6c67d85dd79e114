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

from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.image import kinds

# Oldest first: what is made while the listing goes on comes at its end.
_QUERY = f"visibility=all&limit={paging.PAGE_SIZE}&sort=created_at:asc,id:asc"


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
    )
