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

"""Listing, reading and removing what Heat has."""

from collections.abc import Iterator

import msgspec

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables
from cleanupd.services.base import wire
from cleanupd.services.orchestration import kinds

#: How deep stacks within stacks are asked for; Heat allows five by default.
_DEPTH = 10


class _Account(msgspec.Struct):
    resources: list[kinds.StackResource]


class StackManager(tables.InsideManager):
    """Stacks of all projects, those within stacks too, with what they made.

    Heat's policy lets nobody list the stacks of all projects by default
    (``stacks:global_index``).  Then they are listed in each project that a
    benchmark made.  Only stacks of a benchmark are asked for what they made.
    """

    TABLE = tables.Table(
        kind=kinds.STACK,
        path="/stacks",
        listings=(f"/stacks?show_nested=True&limit={paging.PAGE_SIZE}",),
        plural="stacks",
        singular="stack",
        shape=kinds.Stack,
        parse=kinds.parse_stack,
        links="links",
    )

    @classmethod
    def list(cls, cloud: clouds.Cloud, listings: manager.Listings) -> Iterator[resources.Resource]:
        """Yield the stacks of all projects, or of those that can be looked into."""
        try:
            for path in cls.TABLE.listings:
                found = cls.TABLE.records(cloud, f"{path}&global_tenant=True")
                yield from filter(_is_there, found)
        except exceptions.Forbidden:
            yield from filter(_is_there, super().list(cloud, listings))

    @classmethod
    def complete(
        cls, cloud: clouds.Cloud, record: resources.Resource
    ) -> resources.Resource | None:
        """Return the stack with what it made, at any depth; None when it is gone."""
        path = f"{cls(cloud, record).path()}/resources?nested_depth={_DEPTH}"
        try:
            body = cloud.get(cls.TABLE.service, path)
        except exceptions.NotFound:
            return None
        try:
            account = msgspec.json.decode(body, type=_Account)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise exceptions.MalformedAnswer(cls.KIND.name, str(error)) from error
        return kinds.tie(record, account.resources, wire.Place(cloud.name, cloud.region))

    def read(self) -> resources.Resource | None:
        """Return the stack as it is now, with what it made, or None when it is gone."""
        found = self.TABLE.read(self.cloud, self.path())
        if found is None or not _is_there(found):
            return None
        return self.complete(self.cloud, found)

    def path(self) -> str:
        """Return the path of the stack; Heat leads to it from its id where the name is unknown."""
        path = self.TABLE.resource_path(self.resource.name or self.id())
        return f"{path}/{self.id()}" if self.resource.name else path


def _is_there(stack: resources.Resource) -> bool:
    return stack.status != kinds.GONE
