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

"""Lists everything that the managers know into a snapshot."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent import futures
import datetime
import graphlib

import msgspec
from oslo_log import log

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import resources
from cleanupd.core import roots
from cleanupd.core import witnesses
from cleanupd.engine import progress as progresses
from cleanupd.engine import witnessing
from cleanupd.services.base import manager

LOG = log.getLogger(__name__)

Managers = Mapping[str, type[manager.ResourceManager]]
Clock = Callable[[], datetime.datetime]


def looked_at(managers: Managers, without_resources: frozenset[str]) -> Managers:
    """Return the managers of the services that are not said to hold nothing."""
    return {
        name: plugin
        for name, plugin in managers.items()
        if plugin.KIND.service.replace("_", "-") not in without_resources
    }


class Observer:
    """Takes snapshots of one region of one cloud.

    ``without_resources`` are official service types that hold nothing of a
    project's, so that nothing has to look at them.  ``refused`` are plugins
    that could not be loaded: what their kinds would be tied to is unknown, so
    that nothing can be believed without them.
    """

    def __init__(
        self,
        cloud: clouds.Cloud,
        managers: Managers,
        clock: Clock,
        *,
        workers: int = 8,
        without_resources: frozenset[str] = frozenset(),
        refused: Sequence[exceptions.PluginRefused] = (),
    ) -> None:
        self._cloud = cloud
        self._managers = managers
        self._clock = clock
        self._workers = workers
        self._without_resources = without_resources
        self._refused = refused
        #: Looks at each name once, so that those who ask for a benchmark's need not.
        self.find_part: ownership.FindPart = ownership.no_part

    def observe(
        self,
        progress: progresses.Progress | None = None,
        users: frozenset[str] | None = None,
        *,
        before: model.Snapshot | None = None,
        seen: Collection[resources.Ref] = (),
    ) -> model.Snapshot:
        """Return a snapshot of all kinds; a kind that cannot be listed is not fresh in it.

        Nor is one whose list lacks what is there, as far as others tell of
        it, or ``before``, an earlier snapshot, or ``seen``, which were there
        at some time.  ``users`` are the ids of those who matter, where not all
        do: what has to be asked for user by user is not asked for others.
        """
        progress = progress or progresses.Silence()
        taken_at = self._clock()
        blindness = next(map(str, self._refused), None) or self._cloud.visibility()
        listings: dict[str, tuple[resources.Resource, ...]] = {}
        trust: dict[str, model.Trust] = {}
        progress.listing(len(self._managers))
        for kind, answer in self._list_all(listings, users):
            if not isinstance(answer, manager.Listed):
                LOG.warning("%(kind)s could not be listed: %(why)s", {"kind": kind, "why": answer})
                trust[kind] = model.Trust(kind, str(answer), None)
                progress.listed(kind, None)
            else:
                listings[kind] = answer.records
                trust[kind] = manager.believe(kind, blindness, taken_at, answer.unseen)
                progress.listed(kind, len(answer.records))
        snapshot = model.Snapshot(
            cloud=self._cloud.name,
            region=self._cloud.region,
            taken_at=taken_at,
            roots={kind: self._make_root(kind, found) for kind, found in listings.items()},
            trust=trust,
            unseen=self.unseen(),
        )
        lacking = witnesses.find_lacking(snapshot, before, seen)
        # What was not looked into may have what others name.
        narrow = {kinds.Cost.PROJECT, *([] if users is None else [kinds.Cost.USER])}
        lacking = {
            kind: some
            for kind, some in lacking.items()
            if self._managers[kind].KIND.cost not in narrow and not trust[kind].projects
        }
        return self._questioned(snapshot, lacking, listings)

    def _questioned(
        self,
        snapshot: model.Snapshot,
        lacking: Mapping[str, tuple[resources.Resource, ...]],
        listings: dict[str, tuple[resources.Resource, ...]],
    ) -> model.Snapshot:
        """Return the snapshot in which no list is believed that lacks what is there."""
        found, trust = dict(snapshot.roots), dict(snapshot.trust)
        for kind, some in sorted(lacking.items()):
            before = listings[kind]
            if reason := self._why_short(kind, some, listings, snapshot.taken_at):
                LOG.warning("%(kind)s is not believed: %(why)s", {"kind": kind, "why": reason})
                trust[kind] = model.Trust(kind, trust[kind].reason or reason, snapshot.taken_at)
            if listings[kind] is not before:
                found[kind] = self._make_root(kind, listings[kind])
        return msgspec.structs.replace(snapshot, roots=found, trust=trust)

    def _make_root(self, kind: str, records: tuple[resources.Resource, ...]) -> roots.KindRoot:
        find_part = ownership.bound(self.find_part, self._managers[kind].KIND)
        return roots.KindRoot.build(records, find_part)

    def _why_short(
        self,
        kind: str,
        lacking: tuple[resources.Resource, ...],
        listings: dict[str, tuple[resources.Resource, ...]],
        taken_at: datetime.datetime,
    ) -> str | None:
        """Say why a list is not the whole one; where the next one may be, that takes its place."""
        try:
            found = witnessing.find_present(self._cloud, self._managers, lacking, taken_at)
            if found is None:
                return None
            again = self._list(kind, listings, None).records
        except exceptions.CleanupdError as error:
            return witnessing.describe_failure(error)
        if any(record.ref == found.ref for record in again):
            listings[kind] = again
            return None
        return witnessing.describe(found)

    def _list_all(
        self,
        listings: Mapping[str, tuple[resources.Resource, ...]],
        users: frozenset[str] | None,
    ) -> Iterator[tuple[str, manager.Listed | exceptions.CleanupdError]]:
        """Yield each kind's records, or what went wrong, in the order in which listings end.

        The caller has put a kind into ``listings`` before the next is asked for.
        """
        order = graphlib.TopologicalSorter(
            {
                kind: [k for k in plugin.KIND.listed_after if k in self._managers]
                for kind, plugin in self._managers.items()
            }
        )
        order.prepare()
        with futures.ThreadPoolExecutor(self._workers, "list") as pool:
            running: dict[futures.Future[manager.Listed], str] = {}
            try:
                while order.is_active():
                    for kind in order.get_ready():
                        running[pool.submit(self._list, kind, listings, users)] = kind
                    done, _ = futures.wait(running, return_when=futures.FIRST_COMPLETED)
                    for future in done:
                        kind = running.pop(future)
                        yield kind, _answer(future)
                        order.done(kind)
            finally:
                # Who does not want the rest wants no listing of it to begin.
                for future in running:
                    future.cancel()

    def _list(
        self,
        kind: str,
        listings: Mapping[str, tuple[resources.Resource, ...]],
        users: frozenset[str] | None,
    ) -> manager.Listed:
        plugin = self._managers[kind]
        for other in plugin.KIND.listed_after:
            if other not in listings:
                raise exceptions.ListingIncomplete(kind, f"{other} is not known")
        # Of these alone is it sure that nobody adds to them meanwhile.
        known = {other: listings[other] for other in plugin.KIND.listed_after}
        if users is not None and plugin.KIND.cost is kinds.Cost.USER:
            known = {name: _of_users(records, users) for name, records in known.items()}
        return manager.list_all(plugin, self._cloud, known, self.find_part)

    def unseen(self) -> tuple[str, ...]:
        """Name the places of the cloud that no manager looks at, in a sentence each."""
        seen = {plugin.KIND.service.replace("_", "-") for plugin in self._managers.values()}
        found = {
            f"service {service} is not looked at"
            if service not in seen
            else f"region {region} is not looked at"
            for service, region in self._cloud.catalogue()
            if service not in self._without_resources
            and (service not in seen or region not in (self._cloud.region, ""))
        }
        return tuple(sorted(found))


def _answer(future: futures.Future[manager.Listed]) -> manager.Listed | exceptions.CleanupdError:
    try:
        return future.result()
    except exceptions.CleanupdError as error:
        return error


def _of_users(
    records: tuple[resources.Resource, ...], users: frozenset[str]
) -> tuple[resources.Resource, ...]:
    """Return the users themselves and what is theirs."""
    return tuple(r for r in records if r.ref.id in users or r.user_id in users)
