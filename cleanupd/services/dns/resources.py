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

"""Listing, reading and removing what Designate has.

It shows an administrator other projects' zones only if the header
``X-Auth-All-Projects`` asks for that, as :mod:`cleanupd.cloud` has it do.
"""

import http
import urllib.parse

from cleanupd.core import resources
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.dns import kinds

# Oldest first: what is made while the listing goes on comes at its end.
_QUERY = f"limit={paging.PAGE_SIZE}&sort_key=created_at&sort_dir=asc"


class _Manager(tables.TableManager):
    #: A zone with zones below it, or that is shared.
    CONFLICTS = frozenset({http.HTTPStatus.BAD_REQUEST})


class ZoneManager(_Manager):
    """Zones, each removed with its recordsets."""

    TABLE = tables.Table(
        kind=kinds.ZONE,
        path="/zones",
        listings=(f"/zones?{_QUERY}",),
        plural="zones",
        singular="",
        shape=kinds.Zone,
        parse=kinds.parse_zone,
    )

    def read(self) -> resources.Resource | None:
        """Return the zone as it is now, None where there is none: a name is no zone's id.

        A zone is tied by name to each that could be above it, and most of these there are not.
        Designate answers 400 to a name (seen on a real Designate 23).
        """
        return None if self.id().endswith(".") else super().read()


class RecordsetManager(_Manager):
    """Recordsets; those of its own Designate removes with their zone."""

    TABLE = tables.Table(
        kind=kinds.RECORDSET,
        path="/recordsets",
        listings=(f"/recordsets?{_QUERY}",),
        plural="recordsets",
        singular="",
        shape=kinds.Recordset,
        parse=kinds.parse_recordset,
    )

    def path(self) -> str:
        """Return the path below the zone; where that is not known, one that leads to it."""
        zones = [edge.target.id for edge in self.resource.edges]
        if not zones:
            return super().path()
        id_ = urllib.parse.quote(self.id(), safe="")
        return f"{ZoneManager.TABLE.resource_path(zones[0])}/recordsets/{id_}"
