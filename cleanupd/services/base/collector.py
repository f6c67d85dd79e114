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
"""The contract of a plugin that keeps the model of one service."""

import abc
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import datetime
import graphlib
import threading
from typing import ClassVar

from oslo_config import cfg
from oslo_log import log

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import freshness
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.base import notification

LOG = log.getLogger(__name__)

#: As many touched resources of a kind are read one by one; where there are more, all are listed.
MOST_READS = 100
#: So often a listing follows what was heard meanwhile, each time less, before it lands.
_CATCHES = 2

Managers = Mapping[str, type[manager.ResourceManager]]
#: Gives all records of another collector's kind, None where these are not known.
Peers = Callable[[str], Iterable[resources.Resource] | None]
Clock = Callable[[], datetime.datetime]


def no_peers(kind: str) -> None:
    """Know no other collector."""


class BaseClusterModelCollector(abc.ABC):
    """Keeps what is known of the kinds of one service, in one region of one cloud.

    A subclass for each service is loaded from the entry points in the
    namespace ``cleanupd.cluster_model_collectors``, and there is one instance
    of it in a process.  All methods may be called from any thread: the model
    is an immutable value, replaced as a whole, and whoever reads it waits for
    nobody.

    ``managers`` are those of the service's kinds.  ``peers`` gives the records
    of other collectors' kinds, for kinds that are listed after them.
    """

    #: The service, as the names of its kinds begin: ``block_storage``.
    SERVICE: ClassVar[str]
    #: Options of the collector, in a group with the name of the service.
    OPTS: ClassVar[Sequence[cfg.Opt]] = (
        cfg.IntOpt(
            "period",
            default=3600,
            min=1,
            help="""\
Seconds from one full listing of this service to the next.

Between two of them the model follows what the service tells over the bus; what
it does not tell, and all where there is no broker, is as old as the listing. A
listing costs about one request for each thousand resources of a kind.""",
        ),
    )

    def __init__(
        self,
        cloud: clouds.Cloud,
        managers: Managers,
        clock: Clock,
        *,
        peers: Peers = no_peers,
        find_part: ownership.FindPart = ownership.no_part,
    ) -> None:
        self._cloud = cloud
        self.managers = managers
        self._clock = clock
        self._peers = peers
        self._states = {
            kind: freshness.KindState(ownership.bound(find_part, plugin.KIND))
            for kind, plugin in managers.items()
        }
        self._trust = {
            kind: model.Trust(kind, "it was not listed yet", None) for kind in self._states
        }
        #: Refs that have to be read, in the order in which they were touched first.
        self._touched: dict[resources.Ref, None] = {}
        #: Finds parts in names from the next reading on.
        self._next_find_part: ownership.FindPart | None = None
        self._find_part = find_part
        #: Kinds that have to be listed.
        self._sought: dict[str, None] = {}
        #: Projects that the last listing of a kind could not look into.
        self._unseen: dict[str, exceptions.ProjectsUnseen] = {}
        #: Workloads of which the bus told something new, by their parts of names.
        self._stirred: set[str] = set()
        #: How often something could not be read or listed for what was told of it.
        self.unread = 0
        self._is_filled = False
        self._is_stopped = False
        self._changing = threading.Lock()
        self._synchronizing = threading.Lock()
        self._model = self._make_model()

    @property
    @abc.abstractmethod
    def notification_handler(self) -> notification.NotificationHandler:
        """What turns the messages of the service into changes of this model."""

    @property
    def cluster_data_model(self) -> model.ModelRoot:
        """The model as it is now."""
        return self._model

    def get_latest_cluster_data_model(self) -> model.ModelRoot:
        """Return the model as it is now, which nothing can change any more."""
        return self._model

    @property
    def touched(self) -> int:
        """How many resources and kinds wait to be read."""
        return len(self._touched) + len(self._sought)

    def synchronize(self) -> None:
        """List all kinds of the service into the model.

        A kind that cannot be listed keeps its last records, and the reason in
        its trust.  Of two calls at the same time the second waits, and lists.
        """
        with self._synchronizing:
            self._synchronize_all()

    def fill(self) -> None:
        """Synchronize unless that was done before; waits while it is under way."""
        if not self._is_filled:
            with self._synchronizing:
                if not self._is_filled:
                    self._synchronize_all()

    def stop(self) -> None:
        """List nothing more: what is under way ends soon, and what it had is not believed."""
        self._is_stopped = True
        self._cloud.hurry()

    def records_of(self, kind: str) -> Iterable[resources.Resource] | None:
        """Return all records of a kind, listed now if they never were; None if they cannot be."""
        if self._trust[kind].listed_at is None:
            with self._synchronizing:
                if self._trust[kind].listed_at is None:
                    self._synchronize(kind)
        return self._known(kind)

    def find_parts_by(self, find_part: ownership.FindPart) -> None:
        """Have parts of workloads found in another way: what is known is looked at anew soon."""
        self._next_find_part = find_part

    def apply(self, change: changes.Change) -> None:
        """Take what the bus told; what cannot be told has to be read."""
        with self._changing:
            ref = change.record.ref if isinstance(change, changes.Updated) else change.ref
            state, before = self._states[ref.kind], self._model
            known = state.root.records.get(ref.id)
            if _take(state, change):
                self._touched[ref] = None
            # Quicker than to make it of all kinds.
            roots = {**before.roots, ref.kind: state.root}
            self._model = model.ModelRoot(roots=roots, trust=before.trust)
        self._note_stirred(known, change)

    def _note_stirred(self, known: resources.Resource | None, change: changes.Change) -> None:
        """Note the workload to which something new was told to have happened."""
        record = known if isinstance(change, changes.Deleted) else None
        # What is sent again and again, as audits are, is no sign of life.  What is
        # touched is read, and a new date is seen without this.
        if isinstance(change, changes.Updated) and not _tells_when(known, change.record):
            record = change.record if change.record != known else None
        if record is None:
            return
        part = self._find_part(self.managers[record.ref.kind].KIND, record)
        if part is not None:
            with self._changing:
                self._stirred.add(part)

    def take_stirred(self) -> frozenset[str]:
        """Return the workloads of which the bus told something new since this was called last."""
        with self._changing:
            found, self._stirred = self._stirred, set()
        return frozenset(found)

    def read_touched(self) -> int:
        """Read what was touched, and return how many resources that were.

        Where many of a kind were touched, all of the kind are listed, as are
        kinds that were sought.  What cannot be read stays touched.
        """
        self._find_parts_anew()
        with self._changing:
            touched, self._touched = tuple(self._touched), {}
            sought, self._sought = self._sought, {}
        by_kind: dict[str, list[resources.Ref]] = {}
        for ref in touched:
            by_kind.setdefault(ref.kind, []).append(ref)
        for kind, refs in by_kind.items():
            if len(refs) > MOST_READS:
                sought[kind] = None
            elif kind not in sought:
                self._read(refs)
        for kind in sought:
            if not self._list_again(kind):
                self.seek(kind)
        return len(touched)

    def look_for_changes(self) -> int:
        """Take what the service says was changed since it was last asked; return how much.

        A hint between two listings for where no message comes, and nothing
        where the service has no cheap way to tell.
        """
        return 0

    def seek(self, kind: str) -> None:
        """Have a kind listed soon, because there may be something new."""
        with self._changing:
            self._sought[kind] = None

    def _find_parts_anew(self) -> None:
        """Look at all names anew, if that is wanted; no listing lands meanwhile."""
        find_part, self._next_find_part = self._next_find_part, None
        if find_part is None:
            return
        self._find_part = find_part
        with self._synchronizing:
            for kind, state in self._states.items():
                with self._changing:
                    before = state.moment()
                found = before.root.found_by(ownership.bound(find_part, self.managers[kind].KIND))
                with self._changing:
                    state.replace(before, found)
                    self._model = self._make_model()

    def _known(self, kind: str) -> Iterable[resources.Resource] | None:
        is_listed = self._trust[kind].listed_at is not None
        return self._model.of_kind(kind) if is_listed else None

    def _synchronize_all(self) -> None:
        for kind in self._order():
            if not self._is_stopped:
                self._synchronize(kind)
        self._is_filled = True

    def _order(self) -> Iterable[str]:
        """Return the kinds, each after those of this service that it is listed after."""
        return graphlib.TopologicalSorter(
            {
                kind: [other for other in plugin.KIND.listed_after if other in self.managers]
                for kind, plugin in self.managers.items()
            }
        ).static_order()

    def _list_again(self, kind: str) -> bool:
        """List a kind for what was told of it; return whether that is in the model."""
        with self._synchronizing:
            is_listed = self._synchronize(kind)
        self.unread += not is_listed
        return is_listed

    def _synchronize(self, kind: str) -> bool:
        """List a kind; return whether its listing is in the model now."""
        state = self._states[kind]
        with self._changing:
            request = state.request(self._clock())
        try:
            with guarded(kind):
                reason = self._cloud.visibility()
                listing = state.compare(self._list(kind), request)
        except exceptions.CleanupdError as error:
            LOG.warning("%(kind)s could not be listed: %(why)s", {"kind": kind, "why": error})
            self._distrust(kind, str(error))
            return False
        for _ in range(_CATCHES):
            with self._changing:
                lag = state.lag(listing)
            listing = listing.follow(lag)
        with self._changing:
            shrinkage = state.land(listing, self._clock())
            if shrinkage is None:
                unseen = self._unseen.get(kind)
                self._trust[kind] = manager.believe(kind, reason, request.at, unseen)
            self._model = self._make_model()
        state.tidy()
        if shrinkage is not None:
            self._distrust(
                kind,
                f"the listing lacks {shrinkage.missing} of {shrinkage.known} resources;"
                " it counts when the next one says the same",
            )
        return shrinkage is None

    def _list(self, kind: str) -> Iterator[resources.Resource]:
        plugin = self.managers[kind]
        known = {other: self._find(other, kind) for other in plugin.KIND.listed_after}
        self._unseen.pop(kind, None)
        try:
            for record in manager.list_each(plugin, self._cloud, known, self._find_part):
                if self._is_stopped:
                    break
                yield record
        except exceptions.ProjectsUnseen as error:
            self._unseen[kind] = error
        self._refuse_if_stopped(kind)

    def _refuse_if_stopped(self, kind: str) -> None:
        if self._is_stopped:
            raise exceptions.ListingIncomplete(kind, "cleanupd stops")

    def _find(self, kind: str, wanted_for: str) -> Iterable[resources.Resource]:
        """Return all records of a kind, of this service or of another."""
        found = self._known(kind) if kind in self.managers else self._peers(kind)
        if found is None:
            raise exceptions.ListingIncomplete(wanted_for, f"{kind} is not known")
        return found

    def _distrust(self, kind: str, reason: str) -> None:
        """The records stay, and are not to be believed."""
        with self._changing:
            self._trust[kind] = model.Trust(kind, reason, self._trust[kind].listed_at)
            self._model = self._make_model()

    def _read(self, refs: Iterable[resources.Ref]) -> None:
        for ref in refs:
            try:
                with guarded(ref.kind):
                    is_read = self._read_one(ref)
            except exceptions.CleanupdError as error:
                LOG.warning("%(ref)s could not be read: %(why)s", {"ref": ref, "why": error})
                self.unread += 1
                is_read = False
            if not is_read:
                with self._changing:
                    self._touched[ref] = None

    def _read_one(self, ref: resources.Ref) -> bool:
        """Read a resource; return whether nothing was heard meanwhile, so that this stands."""
        state = self._states[ref.kind]
        with self._changing:
            request = state.request(self._clock())
        record = self._read_record(self._model.get(ref) or resources.Resource(ref=ref))
        with self._changing:
            is_open = state.read(ref.id, record, request)
            self._model = self._make_model()
        return not is_open

    def _read_record(self, known: resources.Resource) -> resources.Resource | None:
        """Return a resource as a listing would tell it now, or None when it is gone."""
        return self.managers[known.ref.kind](self._cloud, known).read()

    def _make_model(self) -> model.ModelRoot:
        return model.ModelRoot(
            roots={kind: state.root for kind, state in self._states.items()},
            trust=dict(self._trust),
        )


@contextlib.contextmanager
def guarded(kind: str) -> Iterator[None]:
    """Raise a CleanupdError, whatever the plugin of a kind does; its bugs are logged."""
    try:
        yield
    except exceptions.CleanupdError:
        raise
    except Exception as error:  # all else is kept alive: a plugin may do anything
        LOG.exception("The plugin of %(kind)s failed", {"kind": kind})
        raise exceptions.CleanupdError(f"its plugin failed: {error!r}") from error


def _tells_when(known: resources.Resource | None, record: resources.Resource) -> bool:
    """Whether the change of a known record shows by its date."""
    return known is not None and known.updated_at != record.updated_at


def _take(state: freshness.KindState, change: changes.Change) -> bool:
    if isinstance(change, changes.Updated):
        return state.update(change)
    if isinstance(change, changes.Deleted):
        return state.delete(change)
    return state.touch(change)
