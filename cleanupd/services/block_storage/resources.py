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

import collections
from collections.abc import Iterator
from collections.abc import Mapping
import http
from typing import ClassVar
import urllib.parse

import msgspec

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds as declared
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.block_storage import kinds

# Oldest first: what is made while the listing goes on comes at its end.
_QUERY = f"all_tenants=1&limit={paging.PAGE_SIZE}&sort=created_at:asc"


class _Manager(tables.TableManager):
    """What Cinder's kinds have in common; nothing is forced that no operator has allowed."""

    ACTIONS: ClassVar[Mapping[str, object]] = {
        "reset": {"os-reset_status": {"status": "error"}},
        "force": {"os-force_delete": {}},
    }
    # Cinder says so of what is in use.
    CONFLICTS: ClassVar[frozenset[int]] = frozenset({http.HTTPStatus.BAD_REQUEST})


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
        several=tables.of_project,
    )

    def climb(self, rung: declared.Rung) -> None:
        """Send the action; to detach, end what attaches it to servers that Nova has not.

        A server that Nova has holds its volume, whatever Cinder thinks: then
        this is a Conflict.  Cinder itself looks only since 2023, and never at
        an attachment that is reserved (seen with Cinder 29).  Several regions
        may share a Cinder: the server may be another one's, which nobody asks.
        """
        if rung.name != "detach":
            super().climb(rung)
            return
        for one in self._attachments():
            path = f"/attachments/{urllib.parse.quote(one.id, safe='')}"
            if reason := self._why_attached(one.instance):
                raise exceptions.Conflict("block-storage", "DELETE", path, 409, reason)
            self.send("DELETE", path)

    def _why_attached(self, server_id: str | None) -> str | None:
        """Say why an attachment may be in use, None where it cannot be."""
        others = {
            region
            for service, region in self.cloud.catalogue()
            if service == "compute" and region not in (self.cloud.region, "")
        }
        if server_id is None or self._is_known(server_id):
            return f"it is attached to server {server_id}"
        if others:
            return f"server {server_id}, to which it is attached, may be in region {min(others)}"
        return None

    def _attachments(self) -> list[kinds.Attachment]:
        query = urllib.parse.urlencode({"all_tenants": 1, "volume_id": self.id()})
        path = f"/attachments?{query}"
        body = self.cloud.get("block-storage", path, microversion=kinds.MICROVERSION)
        try:
            return _ATTACHMENTS.decode(body).attachments
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise exceptions.MalformedAnswer("attachments", str(error)) from error

    def _is_known(self, server_id: str) -> bool:
        try:
            self.cloud.get("compute", f"/servers/{urllib.parse.quote(server_id, safe='')}")
        except exceptions.NotFound:
            return False
        return True


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
        several=tables.of_project,
    )


class BackupManager(_Manager):
    """Backups of all projects."""

    TABLE = tables.Table(
        kind=kinds.BACKUP,
        path="/backups",
        listings=(f"/backups/detail?{_QUERY}",),
        plural="backups",
        singular="backup",
        shape=kinds.Backup,
        parse=kinds.parse_backup,
        microversion=kinds.LATER_MICROVERSION,
    )

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every backup, each incremental one attached to all that it may build on.

        Cinder does not say which one that is: it is an older one of the same
        volume that has dependents.
        """
        yield from _based(tuple(super().list(cloud, listings)))

    def read(self) -> resources.Resource | None:
        """Return the backup as it is now, with all that it may build on, or None."""
        found = super().read()
        if found is None or not found.details["is_incremental"]:
            return found
        query = urllib.parse.urlencode({"volume_id": found.details["volume_id"]})
        others = self.TABLE.records(self.cloud, f"{self.TABLE.listings[0]}&{query}")
        return next((one for one in _based(tuple(others)) if one.ref == found.ref), None)


def _based(found: tuple[resources.Resource, ...]) -> Iterator[resources.Resource]:
    """Yield all backups of a volume or of all, the incremental ones with their edges to others."""
    bases = collections.defaultdict[object, list[resources.Resource]](list)
    for one in found:
        if one.details["has_dependents"]:
            bases[one.details["volume_id"]].append(one)
    for one in found:
        below = bases[one.details["volume_id"]] if one.details["is_incremental"] else []
        edges = (resources.attached_to(base.ref) for base in below if _is_before(base, one))
        yield msgspec.structs.replace(one, edges=(*one.edges, *edges))


class TransferManager(_Manager):
    """The volumes that are offered to another project; to remove one takes the offer back."""

    TABLE = tables.Table(
        kind=kinds.TRANSFER,
        path="/volume-transfers",
        listings=(f"/volume-transfers/detail?{_QUERY}",),
        plural="transfers",
        singular="transfer",
        shape=kinds.Transfer,
        parse=kinds.parse_transfer,
        microversion=kinds.LATER_MICROVERSION,
    )


class VolumeTypeManager(_Manager):
    """Volume types, private ones too; Cinder removes the encryption of a type with it."""

    TABLE = tables.Table(
        kind=kinds.VOLUME_TYPE,
        path="/types",
        listings=(f"/types?is_public=none&limit={paging.PAGE_SIZE}",),
        plural="volume_types",
        singular="volume_type",
        shape=kinds.VolumeType,
        parse=kinds.parse_volume_type,
        microversion=kinds.MICROVERSION,
        links="volume_type_links",
    )

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every type; a private one with the projects that may use it."""
        for found in super().list(cloud, listings):
            yield _with_users(cloud, found)

    def read(self) -> resources.Resource | None:
        """Return the type as it is now, a private one with its projects, or None."""
        found = super().read()
        return found and _with_users(self.cloud, found)


class QosSpecManager(_Manager):
    """QoS specs; Cinder keeps those that a volume type is associated with."""

    TABLE = tables.Table(
        kind=kinds.QOS_SPEC,
        path="/qos-specs",
        listings=(f"/qos-specs?limit={paging.PAGE_SIZE}",),
        plural="qos_specs",
        singular="qos_specs",
        shape=kinds.QosSpec,
        parse=kinds.parse_qos_spec,
        microversion=kinds.MICROVERSION,
    )


_ATTACHMENTS = msgspec.json.Decoder(kinds.Attachments)
_ACCESS = msgspec.json.Decoder(kinds.TypeAccesses)


def _with_users(cloud: clouds.Cloud, found: resources.Resource) -> resources.Resource:
    if found.details["is_public"]:
        return found
    return msgspec.structs.replace(found, edges=(*found.edges, *_users_of(cloud, found)))


def _users_of(cloud: clouds.Cloud, private: resources.Resource) -> Iterator[resources.Edge]:
    """Yield an edge for each project that may use a private type; one that is gone has none."""
    path = f"{VolumeTypeManager.TABLE.resource_path(private.ref.id)}/os-volume-type-access"
    try:
        body = cloud.get("block-storage", path, microversion=kinds.MICROVERSION)
    except exceptions.NotFound:
        return
    try:
        found = _ACCESS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise exceptions.ListingIncomplete(private.ref.kind, str(error)) from error
    for one in found.volume_type_access:
        project = resources.Ref(private.ref.cloud, "", "identity.project", one.project_id)
        yield resources.used_by(project, is_loose=True)


def _is_before(one: resources.Resource, other: resources.Resource) -> bool:
    return (
        one.ref != other.ref
        and one.created_at is not None
        and other.created_at is not None
        and one.created_at <= other.created_at
    )
