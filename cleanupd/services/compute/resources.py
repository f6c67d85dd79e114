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

"""Listing, reading and removing what Nova has."""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent import futures
import contextlib
import datetime
from typing import ClassVar
import urllib.parse

import msgspec

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.compute import kinds

#: How many users' keypairs are listed at once.
_LISTERS = 8
# Oldest first: what is made while the listing goes on comes at its end.
_OLDEST_FIRST = f"limit={paging.PAGE_SIZE}&sort_key=created_at&sort_dir=asc"

_KEYPAIRS = tables.Table(
    kind=kinds.KEYPAIR,
    path="/os-keypairs",
    listings=(),
    plural="keypairs",
    singular="",
    shape=kinds.Keypair,
    parse=kinds.parse_keypair,
    microversion=kinds.MICROVERSION,
    key=lambda item: item.keypair.name,
)


class ServerManager(tables.TableManager):
    """Servers of all projects.

    An administrator may delete a locked server without unlocking it (tried
    with Nova 34).
    """

    TABLE = tables.Table(
        kind=kinds.SERVER,
        path="/servers",
        listings=(f"/servers/detail?all_tenants=1&{_OLDEST_FIRST}",),
        plural="servers",
        singular="server",
        shape=kinds.Server,
        parse=kinds.parse_server,
        microversion=kinds.MICROVERSION,
        explain=kinds.explain_servers,
        several=tables.of_project,
    )
    ACTIONS: ClassVar[Mapping[str, object]] = {
        "reset": {"os-resetState": {"state": "error"}},
        "force": {"forceDelete": None},
    }

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every server; raises ListingIncomplete while a cell is down.

        Who sorts or pages gets a list without the servers of such a cell, and
        is told nothing; who does neither gets them in front of the others
        (API guide, "Handling Down Cells").
        """
        path = f"{cls.TABLE.path}?all_tenants=1"
        body = cloud.get(cls.TABLE.service, path, microversion=kinds.MICROVERSION)
        if down := kinds.find_down(body):
            raise exceptions.ListingIncomplete(cls.TABLE.kind.name, down)
        yield from super().list(cloud, listings)

    @classmethod
    def list_changed(
        cls, cloud: clouds.Cloud, since: datetime.datetime
    ) -> Iterator[resources.Resource]:
        """Yield the servers that were written since then, deleted ones in the status DELETED."""
        query = urllib.parse.urlencode({"changes-since": since.isoformat()})
        yield from cls.TABLE.records(cloud, f"{cls.TABLE.listings[0]}&{query}")


class FlavorManager(tables.TableManager):
    """Flavors, private ones too."""

    TABLE = tables.Table(
        kind=kinds.FLAVOR,
        path="/flavors",
        listings=(f"/flavors/detail?is_public=none&limit={paging.PAGE_SIZE}",),
        plural="flavors",
        singular="flavor",
        shape=kinds.Flavor,
        parse=kinds.parse_flavor,
        microversion=kinds.MICROVERSION,
    )


class ServerGroupManager(tables.TableManager):
    """Server groups of all projects."""

    TABLE = tables.Table(
        kind=kinds.SERVER_GROUP,
        path="/os-server-groups",
        listings=(f"/os-server-groups?all_projects=1&limit={paging.PAGE_SIZE}",),
        plural="server_groups",
        singular="server_group",
        shape=kinds.ServerGroup,
        parse=kinds.parse_server_group,
        microversion=kinds.MICROVERSION,
        has_offsets=True,
    )


class AggregateManager(tables.TableManager):
    """Host aggregates, of which Nova gives all at once."""

    TABLE = tables.Table(
        kind=kinds.AGGREGATE,
        path="/os-aggregates",
        listings=("/os-aggregates?",),
        plural="aggregates",
        singular="aggregate",
        shape=kinds.Aggregate,
        parse=kinds.parse_aggregate,
        microversion=kinds.MICROVERSION,
        key=lambda item: str(item.id),
    )

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield every aggregate, with the servers that would be left without its zone."""
        found = tuple(super().list(cloud, listings))
        is_in_zones = any(one.details["zone"] and one.details["hosts"] for one in found)
        residents = _residents(listings[kinds.SERVER.name]) if is_in_zones else {}
        for one in found:
            yield _with_residents(one, residents)

    def delete(self) -> None:
        """Take the hosts out and remove the aggregate, or leave it as it was.

        Nova removes no aggregate with hosts, and lets go of no host with
        servers that would be in another zone then: both are a refusal.
        """
        hosts = [host for host in str(self.resource.details["hosts"]).split(", ") if host]
        with contextlib.ExitStack() as undo:
            for host in hosts:
                self._act("remove_host", host)
                undo.callback(self._act, "add_host", host)
            super().delete()
            undo.pop_all()

    def _act(self, action: str, host: str) -> None:
        self.send("POST", f"{self.path()}/action", json={action: {"host": host}})


Residents = Mapping[tuple[object, object], list[resources.Edge]]


def with_residents(
    aggregate: resources.Resource, servers: Iterable[resources.Resource]
) -> resources.Resource:
    """Return an aggregate with those of the servers that would be left without its zone."""
    return _with_residents(aggregate, _residents(servers))


def _residents(servers: Iterable[resources.Resource]) -> Residents:
    """Return the ties to the servers in each zone on each host."""
    found = collections.defaultdict[tuple[object, object], list[resources.Edge]](list)
    for server in servers:
        if server.details["zone"]:
            found[server.details["zone"], server.host].append(resources.used_by(server.ref))
    return found


def _with_residents(aggregate: resources.Resource, residents: Residents) -> resources.Resource:
    zone = aggregate.details["zone"]
    hosts = str(aggregate.details["hosts"]).split(", ")
    users = [edge for host in hosts for edge in residents.get((zone, host), ())]
    return msgspec.structs.replace(aggregate, edges=(*aggregate.edges, *users))


class KeypairManager(tables.TableManager):
    """The keypairs of all users.

    Nova lists those of one user at a time, so it is asked for all users that
    Keystone knows, and for those that own a server though Keystone has lost
    them.
    """

    TABLE = _KEYPAIRS

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield the keypairs of every user, ordered by user."""
        users = {user.ref.id for user in listings["identity.user"]}
        users.update(server.user_id for server in listings["compute.server"] if server.user_id)
        with futures.ThreadPoolExecutor(_LISTERS, thread_name_prefix="keypairs") as pool:
            for found in pool.map(lambda user: _keypairs_of(cloud, user), sorted(users)):
                yield from found

    def path(self) -> str:
        """Return the path of the keypair, which needs its user."""
        user_id, _, name = self.id().partition("/")
        query = urllib.parse.urlencode({"user_id": user_id})
        return f"{self.TABLE.resource_path(name)}?{query}"


def _keypairs_of(cloud: clouds.Cloud, user_id: str) -> list[resources.Resource]:
    query = urllib.parse.urlencode({"user_id": user_id, "limit": paging.PAGE_SIZE})
    place = wire.Place(cloud.name, cloud.region)
    found = []
    for item in _KEYPAIRS.items(cloud, f"{_KEYPAIRS.path}?{query}"):
        item.keypair.user_id = user_id
        found.append(kinds.parse_keypair(item, place))
    return found
