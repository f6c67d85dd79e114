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

"""Keeps what the daemon knows of the cloud: the models of all collectors as one."""

from collections.abc import Iterable
from concurrent import futures
import threading

import msgspec

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import model
from cleanupd.core import resources
from cleanupd.core import roots
from cleanupd.core import workloads
from cleanupd.engine import clock
from cleanupd.engine import sweep as sweeps
from cleanupd.service import watching
from cleanupd.services.base import collectors


class Knowledge(msgspec.Struct, frozen=True):
    """A snapshot, and since when its resources without any date are known."""

    snapshot: model.Snapshot
    sightings: workloads.Sightings


class Keeper:
    """The model of one region, which outlives listings that fail and changes of options.

    All methods may be called from any thread.
    """

    def __init__(
        self, engine: sweeps.Engine, managing: collectors.CollectorManager, workers: int = 8
    ) -> None:
        self._engine = engine
        self.collectors = managing.get_collectors()
        #: What follows the workloads from look to look.
        self.watcher = watching.Watcher()
        self._workers = workers
        self._unseen: tuple[str, ...] = ()
        self._kept: Knowledge | None = None
        self._sighting = threading.Lock()

    @property
    def engine(self) -> sweeps.Engine:
        """The engine with the present settings."""
        return self._engine

    def rebuild(self, settings: sweeps.Settings) -> None:
        """Use other settings from now on; what is under way keeps its own, the model stays.

        Where names have other forms now, those that are known are looked at anew.
        """
        has_other_names = settings.names != self._engine.settings.names
        self._engine = self._engine.rebuilt(settings)
        if has_other_names:
            for one in self.collectors.values():
                one.find_parts_by(self._engine.find_part)

    def synchronize(self, service: str) -> str:
        """List a service into the model; return what was found.

        Raises SyncIncomplete where a kind could not be listed: it keeps its
        last records, marked as not to be believed.
        """
        found = self.collectors[service]
        found.synchronize()
        self._unseen = self._engine.unseen()
        root = found.get_latest_cluster_data_model()
        count = sum(len(one.records) for one in root.roots.values())
        kinds = "kind" if len(root.roots) == 1 else "kinds"
        text = f"{count} resources of {len(root.roots)} {kinds}"
        doubts = [
            f"{kind} ({t.reason})"
            for kind, t in root.trust.items()
            # What may not be looked into is no different the next minute.
            if t.reason and not t.projects
        ]
        if doubts:
            raise exceptions.SyncIncomplete(f"{text}; not listed: {', '.join(sorted(doubts))}")
        return text

    def snapshot(self) -> model.Snapshot:
        """Return the model as it is, without a look at the cloud; it is as old as its oldest kind.

        ``taken_at`` is when the listing of a kind was asked for that was not
        listed for longest; what the bus told since then is in it.
        """
        found: dict[str, roots.KindRoot] = {}
        trust: dict[str, model.Trust] = {}
        for one in self.collectors.values():
            root = one.get_latest_cluster_data_model()
            trust |= root.trust
            found |= {k: r for k, r in root.roots.items() if root.trust[k].listed_at is not None}
        listed = [t.listed_at for t in trust.values() if t.listed_at is not None]
        cloud = self._engine.cloud
        return model.Snapshot(
            cloud=cloud.name,
            region=cloud.region,
            taken_at=min(listed, default=clock.now()),
            roots=found,
            trust=trust,
            unseen=self._unseen,
        )

    @property
    def is_filled(self) -> bool:
        """Whether there is a kind that was listed."""
        return any(
            trust.listed_at is not None
            for one in self.collectors.values()
            for trust in one.cluster_data_model.trust.values()
        )

    def filled(self, *, is_fresh: bool = False) -> model.Snapshot:
        """Return the model: of now, if that is wanted; services never listed are listed first.

        Raises what keeps the cloud from telling which services it has.
        """
        unseen = self._engine.unseen() if is_fresh or not self._unseen else self._unseen
        with futures.ThreadPoolExecutor(self._workers, "sync") as pool:
            calls = [one.synchronize if is_fresh else one.fill for one in self.collectors.values()]
            for future in [pool.submit(call) for call in calls]:
                future.result()
        self._unseen = unseen
        return self.snapshot()

    def known(self, *, is_fresh: bool = False) -> Knowledge:
        """Return what :meth:`filled` does, with since when resources without dates are known."""
        snapshot = self.filled(is_fresh=is_fresh)
        with self._sighting:
            before = self._kept
            if before is not None and _are_same(before.snapshot, snapshot):
                sightings = before.sightings
            else:
                sightings = self._engine.sight(snapshot)
            self._kept = Knowledge(snapshot, sightings)
            return self._kept

    def observe(self) -> Knowledge:
        """Look at the cloud, apart from the model: what is removed rests on no message."""
        before = self.snapshot()
        now = self._engine.observe(before=before)
        followed = now.after(self.snapshot())
        self.watcher.look(self._engine, followed, self._take_stirred())
        with self._sighting:
            return Knowledge(now, self._engine.sight(followed))

    def look(self) -> str:
        """Look at what the workloads do, in the model, and say whether that time counts."""
        if not self.is_filled:
            return "nothing was listed yet"
        return self.watcher.look(self._engine, self.snapshot(), self._take_stirred())

    def _take_stirred(self) -> set[str]:
        return {part for one in self.collectors.values() for part in one.take_stirred()}

    def touch(self, refs: Iterable[resources.Ref]) -> None:
        """Have resources read soon, because something was done to them."""
        for ref in refs:
            service = ref.kind.partition(".")[0]
            if service in self.collectors:
                self.collectors[service].apply(changes.Touched(ref))


def _are_same(one: model.Snapshot, other: model.Snapshot) -> bool:
    """Whether two snapshots have the same records, by identity: to compare all would take long."""
    return one.roots.keys() == other.roots.keys() and all(
        root is other.roots[kind] for kind, root in one.roots.items()
    )
