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

"""Kinds that an API treats as all its others: a table entry and no code.

A :class:`Table` says where a kind is found and how its records are read; a
:class:`TableManager` lists, reads and removes by it.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
import operator
from typing import Any
from typing import ClassVar
from typing import Generic
from typing import TypeVar
import urllib.parse

import msgspec

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import wire

W = TypeVar("W")


def of_project(records: Sequence[resources.Resource]) -> str:
    """Return the query that finds some records by their project, if that has not much more."""
    return urllib.parse.urlencode(
        {"all_tenants": 1, "project_id": records[0].project_id, "limit": 2 * len(records)}
    )


def by_ids(records: Sequence[resources.Resource]) -> str:
    """Return the query that finds records by their ids."""
    return urllib.parse.urlencode([("id", record.ref.id) for record in records])


def _no_explanation(body: bytes) -> str:  # noqa: ARG001 - what every explanation gets
    return ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table(Generic[W]):
    """How the records of ``kind`` are found at its service and decoded.

    ``path`` is the collection's, with which and the id a single record is
    read and removed.  ``listings`` are the paths, with a query, that together
    list all records of the region.  A record stands under ``singular`` (empty:
    it is the whole body), a page of them under ``plural``; ``shape`` is what
    it has to look like, ``parse`` the one parser, ``key`` its paging marker.
    ``links`` is the key of a page's links where it is not the plural with
    ``_links``; ``has_offsets`` says that pages go by offsets.  ``explain`` may
    tell why a body has not that shape.  ``several`` gives the query, below the
    path of a listing, that finds some records of one project by one page.
    """

    kind: kinds.Kind
    path: str
    listings: tuple[str, ...]
    plural: str
    singular: str
    shape: type[W]
    parse: Callable[[W, wire.Place], resources.Resource]
    microversion: str | None = None
    key: Callable[[W], str] = operator.attrgetter("id")
    links: str | None = None
    has_offsets: bool = False
    explain: Callable[[bytes], str] = _no_explanation
    several: Callable[[Sequence[resources.Resource]], str] | None = None

    @property
    def service(self) -> str:
        """The official service type, such as ``block-storage``."""
        return self.kind.service.replace("_", "-")

    def resource_path(self, resource_id: str) -> str:
        """Return the path of the record with ``resource_id``, quoted."""
        return f"{self.path}/{urllib.parse.quote(resource_id, safe='')}"

    def items(self, cloud: clouds.Cloud, path: str) -> Iterator[W]:
        """Yield every record, undecided what it means, of the listing ``path``."""

        def fetch(page: str) -> bytes:
            return cloud.get(self.service, page, microversion=self.microversion)

        decode = functools.partial(self._decode, self._page_decoder)
        name = self.kind.name
        if self.has_offsets:
            return paging.by_offset(
                name, lambda skip: fetch(f"{path}&offset={skip}"), decode, self.key
            )
        walk = paging.Walk(
            name, lambda marker: fetch(paging.after(path, marker)), decode, self.key
        )
        return walk.items()

    def records(self, cloud: clouds.Cloud, path: str) -> Iterator[resources.Resource]:
        """Yield every resource of the listing ``path``.

        Raises ListingIncomplete where one of them cannot be parsed.
        """
        place = wire.Place(cloud.name, cloud.region)
        for item in self.items(cloud, path):
            try:
                yield self.parse(item, place)
            except exceptions.MalformedAnswer as error:
                raise exceptions.ListingIncomplete(self.kind.name, error.reason) from error

    def read_some(
        self, cloud: clouds.Cloud, records: Sequence[resources.Resource]
    ) -> Iterator[resources.Resource]:
        """Yield what one page tells of some records; there may be others in it."""
        if self.several is not None:
            path = self.listings[0].partition("?")[0]
            page = f"{path}?{self.several(records)}"
            body = cloud.get(self.service, page, microversion=self.microversion)
            place = wire.Place(cloud.name, cloud.region)
            for item in self._decode(self._page_decoder, body).items:
                yield self.parse(item, place)

    def read(self, cloud: clouds.Cloud, path: str) -> resources.Resource | None:
        """Return the resource at ``path``, None where there is none."""
        try:
            body = cloud.get(self.service, path, microversion=self.microversion)
        except exceptions.NotFound:
            return None
        return self.decode(body, wire.Place(cloud.name, cloud.region))

    def decode(self, body: bytes, place: wire.Place) -> resources.Resource:
        """Return the one resource that ``body`` holds, or raise MalformedAnswer."""
        answer = self._decode(self._record_decoder, body)
        return self.parse(answer.record if self.singular else answer, place)

    @functools.cached_property
    def _page_decoder(self) -> msgspec.json.Decoder[Any]:
        return paging.page_decoder(self.shape, self.plural, self.links)

    @functools.cached_property
    def _record_decoder(self) -> msgspec.json.Decoder[Any]:
        if not self.singular:
            return msgspec.json.Decoder(self.shape)
        fields = [("record", self.shape, msgspec.field(name=self.singular))]
        return msgspec.json.Decoder(msgspec.defstruct("Answer", fields))

    def _decode(self, decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            reason = self.explain(body) or str(error)
            raise exceptions.MalformedAnswer(self.kind.name, reason) from error


class TableManager(manager.ResourceManager):
    """The manager of a kind that its :class:`Table` describes completely."""

    TABLE: ClassVar[Table[Any]]
    #: What is sent to the resource's actions to take a rung, by the rung's name.
    ACTIONS: ClassVar[Mapping[str, object]] = {}
    #: Beside 409, the statuses by which the service says that something is in use.
    CONFLICTS: ClassVar[frozenset[int]] = frozenset()

    def __init_subclass__(cls) -> None:
        """Take the declaration of the kind from the table, where there is one already."""
        if "TABLE" in vars(cls):
            cls.KIND = cls.TABLE.kind

    @classmethod
    def list(
        cls,
        cloud: clouds.Cloud,
        listings: manager.Listings,  # noqa: ARG003 - for kinds that are listed after others
    ) -> Iterator[resources.Resource]:
        """Yield every resource that the table's listings hold."""
        for path in cls.TABLE.listings:
            yield from cls.TABLE.records(cloud, path)

    @classmethod
    def read_some(
        cls, cloud: clouds.Cloud, records: Sequence[resources.Resource]
    ) -> Iterator[resources.Resource]:
        """Yield what the table's page for several tells."""
        yield from cls.TABLE.read_some(cloud, records)

    def read(self) -> resources.Resource | None:
        """Return the resource as it is now, or None when it is gone."""
        return self.TABLE.read(self.cloud, self.path())

    def delete(self) -> None:
        """Ask the service to remove the resource; that it is gone already is success."""
        self.send("DELETE", self.path(), headers=self.conditions())

    def climb(self, rung: kinds.Rung) -> None:
        """Send the action that the rung is."""
        self.send("POST", f"{self.path()}/action", json=self.ACTIONS[rung.name])

    def path(self) -> str:
        """Return the path of the resource."""
        return self.TABLE.resource_path(self.id())

    def conditions(self) -> Mapping[str, str]:
        """Return the headers that make the service refuse to remove anything newer."""
        return {}

    def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send what removes the resource; 404 says that it is gone already."""
        try:
            self.cloud.request(
                method,
                self.TABLE.service,
                path,
                json=json,
                microversion=self.TABLE.microversion,
                headers=headers,
            )
        except exceptions.NotFound:
            return
        except exceptions.RequestFailed as error:
            if error.status not in self.CONFLICTS:
                raise
            raise exceptions.Conflict(
                error.service, method, path, error.status, error.message
            ) from error


class InsideManager(TableManager):
    """The manager of a kind that its service lists to users of the project alone.

    It is listed in the user's own project and in those that a benchmark made,
    as far as the user may get into them.  Which project a record is of is
    known by where it was listed.  An administrator reads and removes it from
    outside.
    """

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield what the table's listings hold in each project with evidence, one by one."""
        unseen: dict[str, str] = {}
        projects = {one.ref.id: one.tags for one in listings["identity.project"]}
        for project_id in dict.fromkeys([cloud.project_id or "", *sorted(projects)]):
            cloud.entrance.tidy(project_id, projects.get(project_id, ()))
            try:
                with cloud.inside(project_id) as door:
                    found = tuple(cls.list_inside(door, project_id))
            except (exceptions.NotEntered, exceptions.Forbidden) as error:
                unseen[project_id] = str(error)
            else:
                yield from found
        if unseen:
            reason = next(iter(unseen.values()))
            raise exceptions.ProjectsUnseen(cls.KIND.name, reason, tuple(unseen))

    @classmethod
    def list_inside(cls, cloud: clouds.Cloud, project_id: str) -> Iterator[resources.Resource]:
        """Yield what the table's listings hold in the project that the token is of."""
        for path in cls.TABLE.listings:
            for found in cls.TABLE.records(cloud, path):
                yield msgspec.structs.replace(found, project_id=project_id)

    def read(self) -> resources.Resource | None:
        """Return the resource as it is now, or None when it is gone."""
        found = super().read()
        project_id = self.resource.project_id
        return found and msgspec.structs.replace(found, project_id=project_id)
