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

"""Listing, reading and removing what Cinder has."""

from collections.abc import Mapping
import http

from cleanupd import exceptions
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.block_storage import kinds

# Oldest first: what is made while the listing goes on comes at its end.
_QUERY = f"all_tenants=1&limit={paging.PAGE_SIZE}&sort=created_at:asc"


class _Manager(tables.TableManager):
    """What volumes and snapshots have in common; nothing is ever forced."""

    def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send what removes the resource; one in use is a Conflict, for which Cinder says 400."""
        try:
            super().send(method, path, json=json, headers=headers)
        except exceptions.RequestFailed as error:
            if error.status != http.HTTPStatus.BAD_REQUEST:
                raise
            raise exceptions.Conflict(
                error.service, method, path, error.status, error.message
            ) from error


class VolumeManager(_Manager):
    """Volumes of all projects."""

    TABLE = tables.Table(
        kind=kinds.VOLUME,
        path="/volumes",
        listings=(f"/volumes/detail?{_QUERY}",),
        plural="volumes",
        singular="volume",
        shape=kinds.Volume,
        parse=kinds.parse_volume,
        microversion=kinds.MICROVERSION,
    )


class SnapshotManager(_Manager):
    """Snapshots of all projects."""

    TABLE = tables.Table(
        kind=kinds.SNAPSHOT,
        path="/snapshots",
        listings=(f"/snapshots/detail?{_QUERY}",),
        plural="snapshots",
        singular="snapshot",
        shape=kinds.Snapshot,
        parse=kinds.parse_snapshot,
        microversion=kinds.MICROVERSION,
    )
