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

"""Runs the services of the daemon in one process until a signal ends them.

``oslo_service.service.Services`` runs each service in a thread, and no more:
a service that fails to start leaves the others running, one that fails to
stop keeps the later ones from stopping, and nobody hears signals.  That is
what is added here.
"""

from collections.abc import Callable
from collections.abc import Sequence
import gc
import sys
import threading
import time
from typing import Protocol

from oslo_log import log
from oslo_service import service  # type: ignore[import-untyped]

from cleanupd import exceptions
from cleanupd.service import notifier as notifiers
from cleanupd.service import orders

LOG = log.getLogger(__name__)

#: How long a thread runs when others wait.
_TURN_S = 0.001
#: How long a service may take to start.
START_TIMEOUT_S = 60.0
#: How often the watchdog is fed at least, in its own period.
_FEEDINGS = 3
_GLANCE_S = 0.05


class Watched(Protocol):
    """A ServiceBase that knows whether it still gets on."""

    def start(self) -> None:
        """Start it; what is raised ends the daemon."""

    def stop(self) -> None:
        """Begin nothing more."""

    def wait(self) -> None:
        """Return when all that was begun has ended."""

    def why_stuck(self) -> str | None:
        """Say why it gets on no more, None while it does."""


def calm() -> None:
    """Have no thread wait for long, be it for the collector of garbage or for other threads.

    What is there now stays, so garbage is no longer looked for in it: that
    would stop all threads for a tenth of a second.  A listing lets go of the
    interpreter five times as often as by default, for a message that came.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_TURN_S)


class Supervisor:
    """Starts services in order, says when all run, and stops them, each by itself.

    ``reload`` is called for SIGHUP, in the thread of :meth:`run`.
    """

    def __init__(
        self,
        services: Sequence[Watched],
        notifier: notifiers.Notifier,
        reload: Callable[[], None],
        *,
        stop_timeout_s: float,
    ) -> None:
        self._guards = [_Guard(one) for one in services]
        self._services = service.Services(restart_method="mutate")
        self._notifier = notifier
        self._reload = reload
        self._stop_timeout_s = stop_timeout_s
        #: What the supervisor is to do.
        self.inbox = orders.Inbox()

    def run(self) -> int:
        """Run until a stop is ordered; return the exit code of the process."""
        if not self._start():
            self._stop("a service did not start")
            return 1
        calm()
        self._notifier.ready()
        LOG.info("cleanupd is ready")
        self._serve()
        LOG.info("cleanupd stops")
        return 0 if self._stop("asked to stop") else 1

    def _start(self) -> bool:
        for guard in self._guards:
            self._services.add(guard)
            deadline = time.monotonic() + START_TIMEOUT_S
            while not guard.started.wait(_GLANCE_S) and time.monotonic() < deadline:
                pass
            if guard.error is not None or not guard.started.is_set():
                self._report(guard)
                return False
        return True

    def _report(self, guard: "_Guard") -> None:
        what = {
            "name": guard.name,
            "why": guard.error or f"nothing came in {START_TIMEOUT_S:.0f} s",
        }
        if guard.error is None or isinstance(guard.error, exceptions.CleanupdError):
            LOG.error("%(name)s did not start: %(why)s", what)
        else:
            LOG.error("%(name)s did not start: %(why)r", what, exc_info=guard.error)

    def _serve(self) -> None:
        while True:
            order = self.inbox.get(self._period_s())
            if order is orders.Order.STOP:
                return
            if order is orders.Order.RELOAD:
                self._do_reload()
            self._feed()

    def _period_s(self) -> float | None:
        watchdog_s = self._notifier.watchdog_s
        return watchdog_s / _FEEDINGS if watchdog_s else None

    def _feed(self) -> None:
        """Feed the watchdog if every service gets on."""
        stuck = [reason for guard in self._guards if (reason := guard.why_stuck())]
        if stuck:
            LOG.error("The watchdog is not fed: %(why)s", {"why": "; ".join(stuck)})
        else:
            self._notifier.alive()

    def _do_reload(self) -> None:
        self._notifier.reloading()
        try:
            self._reload()
        except Exception:  # the daemon is kept alive, with the options that it has
            LOG.exception("The options could not be read again")
        self._notifier.ready()

    def _stop(self, why: str) -> bool:
        """Stop all services; return whether all have ended in time."""
        self._notifier.stopping(why)
        stopper = threading.Thread(target=self._stop_services, name="stop", daemon=True)
        stopper.start()
        stopper.join(self._stop_timeout_s)
        if stopper.is_alive():
            LOG.error(
                "Not everything ended within [DEFAULT] stop_timeout = %(limit).0f s: %(names)s",
                {
                    "limit": self._stop_timeout_s,
                    "names": ", ".join(g.name for g in self._guards if not g.is_over),
                },
            )
        return not stopper.is_alive()

    def _stop_services(self) -> None:
        self._services.stop()
        for guard in reversed(self._guards):
            guard.wait()


class _Guard(service.ServiceBase):  # type: ignore[misc]
    """A service whose failures are its own."""

    def __init__(self, guarded: Watched) -> None:
        self._guarded = guarded
        self.name = type(guarded).__name__
        self.started = threading.Event()
        self.error: Exception | None = None
        self.is_over = False

    def start(self) -> None:
        """Start the service, in a thread of Services; a failure is kept."""
        try:
            self._guarded.start()
        except Exception as error:  # noqa: BLE001  told by the supervisor
            self.error = error
        self.started.set()

    def stop(self) -> None:
        """Stop the service; a failure is logged, the others stop all the same."""
        try:
            self._guarded.stop()
        except Exception:  # the other services have to stop, too
            LOG.exception("%(name)s did not stop", {"name": self.name})

    def wait(self) -> None:
        """Wait until the service has ended; a failure is logged."""
        try:
            self._guarded.wait()
        except Exception:  # the other services are waited for, too
            LOG.exception("%(name)s did not end", {"name": self.name})
        self.is_over = True

    def reset(self) -> None:
        """Do nothing: the supervisor reloads."""

    def why_stuck(self) -> str | None:
        """Say why the service gets on no more."""
        return self._guarded.why_stuck()
