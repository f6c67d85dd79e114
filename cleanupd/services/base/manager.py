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

"""The contract of a plugin that lists, reads and removes one kind of resource."""

import abc
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import ClassVar
from typing import NamedTuple

from oslo_config import cfg
from oslo_log import log

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import resources

LOG = log.getLogger(__name__)

#: Every cloud has these: a catalogue without one of them is not whole.  A cloud that lacks any
#: other service has none of its resources.
_ESSENTIAL = frozenset({"block_storage", "compute", "identity", "image", "network"})

#: The complete listings that have ended already, by kind.
Listings = Mapping[str, Iterable[resources.Resource]]

#: What is known of projects to whoever finds those that a benchmark made.
_PROJECT = kinds.Kind(name="identity.project", identity_fields=("name",))


class ResourceManager(abc.ABC):
    """One resource of one kind, with what the service can do to it.

    A subclass for each kind is loaded from the entry points in the namespace
    ``cleanupd.resource_managers``, under the name of the kind.  The class
    lists; an instance reads and removes the resource that it was made with.
    All methods translate nothing: the errors of
    :class:`~cleanupd.cloud.Cloud` pass through.  They are called from several
    threads at once and hold no state but the two arguments.
    """

    KIND: ClassVar[kinds.Kind]
    #: Options of the kind, in a group with the name of its service.  Those that
    #: a hold of the kind names are booleans; others have nobody who reads them.
    OPTS: ClassVar[Sequence[cfg.Opt]] = ()

    def __init__(self, cloud: clouds.Cloud, resource: resources.Resource) -> None:
        self.cloud = cloud
        self.resource = resource

    def id(self) -> str:
        """Return the service's own id of the resource."""
        return self.resource.ref.id

    def name(self) -> str | None:
        """Return the text in which a benchmark's name would stand, if there is one."""
        return self.resource.name

    @classmethod
    @abc.abstractmethod
    def list(cls, cloud: clouds.Cloud, listings: Listings) -> Iterator[resources.Resource]:
        """Yield every resource of the kind in all projects of the region.

        ``listings`` holds the kinds of ``KIND.listed_after``; of the projects
        only those that a benchmark made where each costs a request.  A listing
        that cannot be completed raises; what was yielded until then is no
        answer, unless it raises ProjectsUnseen.
        """

    @classmethod
    def complete(
        cls,
        cloud: clouds.Cloud,  # noqa: ARG003 - for those who ask more
        record: resources.Resource,
    ) -> resources.Resource | None:
        """Return a listed resource with what a request of its own tells, None when it is gone.

        It is asked for those alone that have a benchmark's name or are in its
        project: for all it would cost too much.
        """
        return record

    @classmethod
    def read_some(
        cls,
        cloud: clouds.Cloud,  # noqa: ARG003 - for those who can
        records: Sequence[resources.Resource],  # noqa: ARG003
    ) -> Iterator[resources.Resource]:
        """Yield, as they are now, those of a project's resources that one request tells of.

        One that is not yielded is read by itself; so nothing is yielded where
        the service cannot tell of several.  Others may be among them.
        """
        return iter(())

    @abc.abstractmethod
    def read(self) -> resources.Resource | None:
        """Return the resource as it is now, or None when it is gone."""

    @abc.abstractmethod
    def delete(self) -> None:
        """Ask the service to remove the resource; that it is gone already is success.

        ``self.resource`` is what :meth:`read` returned a moment ago.
        """

    def climb(self, rung: kinds.Rung) -> None:
        """Take a rung of ``KIND.rungs``, which an operator has allowed; gone is success.

        ``self.resource`` is what :meth:`read` returned a moment ago.
        """
        raise NotImplementedError(rung.name)


class Listed(NamedTuple):
    """The records of a kind, and which projects they are not of, if any."""

    records: tuple[resources.Resource, ...]
    unseen: exceptions.ProjectsUnseen | None


def believe(
    kind: str,
    blindness: str | None,
    listed_at: datetime.datetime,
    unseen: exceptions.ProjectsUnseen | None,
) -> model.Trust:
    """Return how far a listing can be believed; ``blindness`` is why none can, if so."""
    if blindness is None and unseen is not None:
        LOG.warning("%(why)s", {"why": unseen})
        return model.Trust(kind, unseen.reason, listed_at, unseen.projects)
    return model.Trust(kind, blindness, listed_at)


def list_all(
    plugin: type[ResourceManager],
    cloud: clouds.Cloud,
    listings: Listings,
    find_part: ownership.FindPart = ownership.no_part,
) -> Listed:
    """Return every resource of a kind; raises a CleanupdError, whatever its plugin does."""
    found = []
    try:
        for record in list_each(plugin, cloud, listings, find_part):
            found.append(record)  # noqa: PERF402 - what was found before the error counts
    except exceptions.ProjectsUnseen as error:
        return Listed(tuple(found), error)
    return Listed(tuple(found), None)


def list_each(
    plugin: type[ResourceManager],
    cloud: clouds.Cloud,
    listings: Listings,
    find_part: ownership.FindPart = ownership.no_part,
) -> Iterator[resources.Resource]:
    """Yield every resource of a kind; raises a CleanupdError, whatever its plugin does.

    Of a service that is not in the catalogue of the region there are none.
    ``find_part`` says which names are a benchmark's.  After all others are
    yielded, ProjectsUnseen tells of projects that could not be looked into.
    """
    service = plugin.KIND.service
    if service not in _ESSENTIAL and not cloud.offers(service.replace("_", "-")):
        return
    is_empty = True
    try:
        for found in _list_completely(plugin, cloud, listings, find_part):
            is_empty = False
            yield found
    except exceptions.CleanupdError:
        raise
    except Exception as error:  # the other kinds are kept alive: a plugin may do anything
        kind = plugin.KIND.name
        LOG.exception("The plugin of %(kind)s failed", {"kind": kind})
        raise exceptions.ListingIncomplete(kind, f"its plugin failed: {error!r}") from error
    if is_empty and plugin.KIND.is_never_empty:
        reason = "its list is empty, and every cloud has some: what was asked is not all there is"
        raise exceptions.ListingIncomplete(plugin.KIND.name, reason)


def _list_completely(
    plugin: type[ResourceManager],
    cloud: clouds.Cloud,
    listings: Listings,
    find_part: ownership.FindPart,
) -> Iterator[resources.Resource]:
    """Yield what the plugin lists, completed where a benchmark is concerned."""
    is_asking_more = plugin.complete.__func__ is not ResourceManager.complete.__func__  # type: ignore[attr-defined]
    if plugin.KIND.cost is not kinds.Cost.PROJECT and not is_asking_more:
        yield from plugin.list(cloud, listings)
        return
    projects = [p for p in listings[_PROJECT.name] if find_part(_PROJECT, p) is not None]
    ids = {project.ref.id for project in projects}
    for record in plugin.list(cloud, {**listings, _PROJECT.name: projects}):
        is_ours = record.project_id in ids or find_part(plugin.KIND, record) is not None
        completed = plugin.complete(cloud, record) if is_ours else record
        if completed is not None:
            yield completed
