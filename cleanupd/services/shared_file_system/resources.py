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

"""Listing, reading and removing what Manila has.

Its pages go by offsets: the links that it gives have markers, which it
ignores (seen with Manila 23).
"""

from collections.abc import Callable
from collections.abc import Iterator
import http
from typing import Any

import msgspec

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds as core_kinds
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.shared_file_system import kinds

#: Manila removes it already, and refuses to be asked again.
_GOING = "deleting"
_ALL = "all_tenants=1"
_PAGE = f"{_ALL}&limit={paging.PAGE_SIZE}"
# Oldest first: what is made while the listing goes on comes at its end.
_SORTED = f"{_PAGE}&sort_key=created_at&sort_dir=asc"


def _table(
    kind: core_kinds.Kind,
    query: str,
    shape: type[Any],
    parse: Callable[[Any, wire.Place], resources.Resource],
) -> tables.Table[Any]:
    """Return the table of a collection of Manila that goes by pages."""
    path = f"/{kind.noun.replace('_', '-')}s"
    return tables.Table(
        kind=kind,
        path=path,
        listings=(f"{path}/detail?{query}",),
        plural=f"{kind.noun}s",
        singular=kind.noun,
        shape=shape,
        parse=parse,
        microversion=kinds.MICROVERSION,
        has_offsets=True,
    )


class _Manager(tables.TableManager):
    """What Manila's kinds have in common."""

    #: It says 403 for a share with snapshots, and 400 for a type that is in use.
    CONFLICTS = frozenset({http.HTTPStatus.BAD_REQUEST, http.HTTPStatus.FORBIDDEN})

    def delete(self) -> None:
        """Ask for the removal, unless that was done."""
        if self.resource.status != _GOING:
            super().delete()


class ShareManager(_Manager):
    """Shares, each removed with its access rules."""

    TABLE = _table(kinds.SHARE, _SORTED, kinds.Share, kinds.parse_share)


class SnapshotManager(_Manager):
    """Snapshots of shares."""

    TABLE = tables.Table(
        kind=kinds.SNAPSHOT,
        path="/snapshots",
        listings=(f"/snapshots/detail?{_SORTED}",),
        plural="snapshots",
        singular="snapshot",
        shape=kinds.Snapshot,
        parse=kinds.parse_snapshot,
        microversion=kinds.MICROVERSION,
        has_offsets=True,
    )


class ShareNetworkManager(_Manager):
    """Share networks, each removed with its share servers; Manila keeps one that a share has."""

    TABLE = _table(kinds.SHARE_NETWORK, _PAGE, kinds.ShareNetwork, kinds.parse_share_network)


class SecurityServiceManager(_Manager):
    """Security services; Manila keeps those that a share network has."""

    TABLE = tables.Table(
        kind=kinds.SECURITY_SERVICE,
        path="/security-services",
        # A limit would be taken for a filter that nothing passes: an empty list with 200.
        listings=(f"/security-services/detail?{_ALL}",),
        plural="security_services",
        singular="security_service",
        shape=kinds.SecurityService,
        parse=kinds.parse_security_service,
        microversion=kinds.MICROVERSION,
    )

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every security service; Manila tells no more than a thousand, and not of more."""
        found = tuple(super().list(cloud, listings))
        if len(found) >= paging.PAGE_SIZE:
            reason = f"Manila tells of {len(found)} and cannot tell whether there are more"
            raise exceptions.ListingIncomplete(cls.KIND.name, reason)
        yield from found

    def read(self) -> resources.Resource | None:
        """Return it as it is now, or None; alone, it does not tell which networks have it."""
        page = f"{self.TABLE.listings[0]}&id={self.id()}"
        found = self.TABLE.records(self.cloud, page)
        listed = next((one for one in found if one.ref == self.resource.ref), None)
        # A list with 200 is no proof that it is gone.
        return listed or super().read()


class ShareTypeManager(_Manager):
    """Share types, private ones too; Manila keeps those that a share has."""

    TABLE = tables.Table(
        kind=kinds.SHARE_TYPE,
        path="/types",
        listings=("/types?is_public=all",),
        plural="share_types",
        singular="share_type",
        shape=kinds.ShareType,
        parse=kinds.parse_share_type,
        microversion=kinds.MICROVERSION,
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


_ACCESS = msgspec.json.Decoder(kinds.TypeAccesses)


def _with_users(cloud: clouds.Cloud, found: resources.Resource) -> resources.Resource:
    if found.details["is_public"]:
        return found
    return msgspec.structs.replace(found, edges=tuple(_users_of(cloud, found)))


def _users_of(cloud: clouds.Cloud, private: resources.Resource) -> Iterator[resources.Edge]:
    """Yield an edge for each project that may use a private type; one that is gone has none."""
    table = ShareTypeManager.TABLE
    path = f"{table.resource_path(private.ref.id)}/share_type_access"
    try:
        body = cloud.get(table.service, path, microversion=table.microversion)
    except exceptions.NotFound:
        return
    try:
        found = _ACCESS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise exceptions.ListingIncomplete(private.ref.kind, str(error)) from error
    for one in found.share_type_access:
        project = resources.Ref(private.ref.cloud, "", "identity.project", one.project_id)
        yield resources.used_by(project, is_loose=True)
