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

"""Which of the daemons of a region executes: the one that holds the lock of the region.

It begins an epoch in the journal when it gets the lock.  All that it writes
is written in that epoch alone, so that one that was paused, or cut off from
the lock, and goes on later, is refused.  It also stops by itself as soon as
it is in doubt.
"""

from collections.abc import Callable
import contextlib
import threading
import time
from typing import Any
from typing import Protocol

from oslo_log import log
import tooz
from tooz import coordination as agreements

from cleanupd import exceptions
from cleanupd.conf import coordination
from cleanupd.engine import clock
from cleanupd.journal import fencing
from cleanupd.journal import sql

LOG = log.getLogger(__name__)

#: So often, in one lease, the leader proves that it is there, and others try to take its place.
_BEATS = 8
#: The part of a lease for which the leader believes that it leads.
_SURE = 0.75


class Leading(Protocol):
    """What an executor asks of its leadership."""

    @property
    def fence(self) -> fencing.Fence | None:
        """The epoch in which this daemon leads, None while it does not."""

    def lose(self, fence: fencing.Fence, why: str) -> None:
        """Lead no more in an epoch that has ended."""


class Leadership:
    """Tries to lead a region, in a thread of its own; alone, it leads at once and for good."""

    def __init__(
        self,
        journal: sql.Journal,
        place: tuple[str, str],
        chosen: coordination.Coordination,
        host: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._place = place
        self._chosen = chosen
        self._host = host
        self._monotonic = monotonic
        #: Called when this daemon leads no more; returns when it removes nothing any more.
        self.on_loss: Callable[[], None] = _do_nothing
        self._fence: fencing.Fence | None = None
        self._sure_until = float("-inf")
        self._coordinator: Any = None
        self._lock: Any = None
        self._is_over = threading.Event()
        self._has_tried = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="leadership", daemon=True)

    @property
    def fence(self) -> fencing.Fence | None:
        """The epoch in which this daemon leads, None while it does not, or is in doubt."""
        return self._fence if self._monotonic() < self._sure_until else None

    def check(self) -> None:
        """Return while this daemon leads; raises Fenced."""
        if self.fence is None:
            raise exceptions.Fenced("[database] connection", "this daemon does not lead any more")

    def start(self) -> None:
        """Lead, or begin to try; raises JournalFailed."""
        if self._chosen.url is None:
            self._fence = self._journal.claim(*self._place, clock.now())
            self._sure_until = float("inf")
            return
        self._thread.start()
        # Usually that tells at once who leads.
        self._has_tried.wait(self._chosen.lease_s / _BEATS)

    def stop(self) -> None:
        """Do nothing yet: what runs is still to end, as the leader's."""

    def wait(self) -> None:
        """Let another daemon lead."""
        self._is_over.set()
        if self._thread.ident is not None:
            # A driver that waits for its service need not be waited for: the lock ends by itself.
            self._thread.join(self._chosen.lease_s)
        self._fence = None
        self._leave()

    def why_stuck(self) -> str | None:
        """Return None: who cannot lead stands by."""
        return None

    def lose(self, fence: fencing.Fence, why: str) -> None:
        """Lead no more in an epoch; a later one stays."""
        if self._fence != fence:
            return
        self._fence = None
        LOG.warning(
            "This daemon leads %(cloud)s, region %(region)s, no more: %(why)s",
            {"cloud": fence.cloud, "region": fence.region, "why": why},
        )

    def _serve(self) -> None:
        while not self._is_over.is_set():
            try:
                self._beat()
            except exceptions.CleanupdError as error:
                self._doubt(str(error))
            except Exception as error:  # noqa: BLE001  whatever a driver raises is a doubt
                self._doubt(f"[coordination] backend_url cannot be used: {error or repr(error)}")
            self._has_tried.set()
            self._is_over.wait(self._chosen.lease_s / _BEATS)

    def _beat(self) -> None:
        now = self._monotonic()
        if self._coordinator and self._fence is None and self._lock.acquired:
            # An executor was refused.  Whoever kept this lock now would keep all others from it.
            self.on_loss()
            self._leave()
        if self._coordinator is None:
            self._connect()
        self._coordinator.heartbeat()
        if self._fence is None:
            self._try_to_lead(now)
        elif now >= self._sure_until:
            self._doubt("no sign of life could be given in time")
        else:
            self._prove(self._fence)
            self._sure_until = now + self._chosen.lease_s * _SURE

    def _try_to_lead(self, now: float) -> None:
        if not self._lock.acquire(blocking=False):
            return
        fence = self._journal.claim(*self._place, clock.now())
        self._sure_until = now + self._chosen.lease_s * _SURE
        self._fence = fence
        LOG.warning(
            "This daemon, %(host)s, leads %(cloud)s, region %(region)s, in epoch %(epoch)d",
            {
                "host": self._host,
                "cloud": fence.cloud,
                "region": fence.region,
                "epoch": fence.epoch,
            },
        )

    def _prove(self, fence: fencing.Fence) -> None:
        """Return if the lock and the epoch are this daemon's; raises."""
        with contextlib.suppress(tooz.NotImplemented):
            if not self._lock.is_still_owner():
                raise exceptions.CoordinationFailed("the lock is another daemon's")
        leader = self._journal.leader(*self._place)
        if leader is None or leader.epoch != fence.epoch:
            raise exceptions.CoordinationFailed(f"epoch {fence.epoch} has ended")

    def _doubt(self, why: str) -> None:
        """Lead no more, and begin anew with all of it when nothing is removed any more."""
        if self._fence is not None:
            self.lose(self._fence, why)
            self.on_loss()
        else:
            LOG.warning("This daemon cannot lead: %(why)s", {"why": why})
        self._leave()

    def _connect(self) -> None:
        lease_s = round(self._chosen.lease_s)
        self._coordinator = agreements.get_coordinator(
            self._chosen.url or "",
            self._host.encode(),
            lock_timeout=str(lease_s),
            membership_timeout=str(lease_s),
            timeout=str(max(1, lease_s // 4)),
        )
        self._coordinator.start()
        self._lock = self._coordinator.get_lock("cleanupd-{}-{}".format(*self._place).encode())

    def _leave(self) -> None:
        coordinator, self._coordinator = self._coordinator, None
        if coordinator is None:
            return
        # The service may be away: then the lock ends by itself.
        with contextlib.suppress(Exception):
            if self._lock.acquired:
                self._lock.release()
        with contextlib.suppress(Exception):
            coordinator.stop()


def _do_nothing() -> None:
    """Have nothing to stop."""
