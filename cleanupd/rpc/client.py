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


"""What cleanupctl asks for, in process or of a daemon: one protocol for both.

This module is quick to import: what costs time (oslo.messaging, the SDK) is
in :mod:`cleanupd.rpc.transport` and in the engine.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol
from typing import TypeVar

from cleanupd.core import budgets
from cleanupd.core import certificate
from cleanupd.core import lookup
from cleanupd.core import planning
from cleanupd.core import protections as shields
from cleanupd.core import workloads
from cleanupd.journal import store
from cleanupd.rpc import api
from cleanupd.rpc import models

if TYPE_CHECKING:
    from cleanupd.engine import sweep as engine
    from cleanupd.image_cache import node

T = TypeVar("T")


class Client(Protocol):
    """One region of one cloud, and the sweeps of it.

    Every method may raise any :class:`~cleanupd.exceptions.CleanupdError`,
    whose text is one line for the operator.
    """

    def status(self) -> api.Status:
        """Return what the daemon is and does; raises Refused where there is none."""

    def daemons(self) -> tuple[api.DaemonState, ...]:
        """Return the daemons of the region, by host; raises Refused where there is none."""

    def model(self) -> api.ModelState:
        """Return what is known of the cloud: counts and trust by kind."""

    def trust(self) -> api.ModelState:
        """Return the same; a daemon answers at once, whether anything was listed or not."""

    def records(self, query: lookup.Query) -> models.Found:
        """Return the resources of a kind that fit; raises UnknownKind and InvalidOwnerId."""

    def stats(self) -> models.ModelStats:
        """Return how the model is kept; a daemon answers at once."""

    def sync(self, services: Sequence[str] = ()) -> tuple[models.Synced, ...]:
        """List services now, all where none is named, and return what is known after that.

        Raises UnknownService.
        """

    def leaks(self, target: "engine.Target", *, is_fresh: bool = False) -> api.Leaks:
        """Return the verdict on all resources that are, or may be, a benchmark's.

        A target that asks for everything is allowed: nothing is removed, and
        nothing is stored.  A daemon answers from its model, unless a listing
        of now is asked for with ``is_fresh``.
        """

    def explain(
        self, target: "engine.Target", kind: str, resource_id: str, *, is_fresh: bool = False
    ) -> api.Explained:
        """Return why a resource gets the verdict that :meth:`leaks` has, or none.

        Raises UnknownKind and UnknownResource.
        """

    def workloads(self, *, is_fresh: bool = False) -> tuple[workloads.Workload, ...]:
        """Return the workloads that left something, the longest idle first."""

    def plan(self, target: "engine.Target") -> planning.Plan:
        """List everything, make and store a plan; nothing is removed."""

    def stored_plan(self, plan_id: str) -> planning.Plan:
        """Return a stored plan; raises UnknownSweep."""

    def start(
        self, target: "engine.Target", *, confirm: str | None = None, is_dry_run: bool = False
    ) -> store.Sweep:
        """Begin a sweep: observe, plan and, unless that is refused, remove and verify.

        A daemon answers at once, with a sweep that is requested and on disk;
        ask for it again until its state is planned (nothing is removed, and
        ``note`` says why), done or failed.  In process it is one of these
        already.  ``confirm`` is the name of the cloud, for targets without a
        named task or workload.
        """

    def execute(self, plan_id: str, *, confirm: str | None = None) -> store.Sweep:
        """Begin to remove what a stored plan says, once; answers as :meth:`start` does.

        ``confirm``, the name of the cloud, approves a plan that is over the share, too.
        """

    def sweep(self, sweep_id: str) -> store.Sweep:
        """Return a sweep, while it runs with the results so far; raises UnknownSweep."""

    def sweeps(self) -> tuple[store.Sweep, ...]:
        """Return all sweeps, the latest last."""

    def cancel(self, sweep_id: str, *, by: str) -> store.Sweep:
        """End a sweep that waits or runs, or withdraw a stored plan, and return it as it is.

        Calls under way end, and nothing new begins; then its state is
        cancelled.  ``by`` is who asks, for the journal.  Raises UnknownSweep,
        and Refused where it is over.
        """

    def budget(self) -> budgets.Balance:
        """Return how much may be removed, and how much of that is spent."""

    def protect(self, wanted: shields.Wanted, *, by: str) -> shields.Protection:
        """Protect something from all sweeps, written before it is answered; raises Refused."""

    def protections(self) -> tuple[shields.Protection, ...]:
        """Return all protections of the region, expired ones too, the latest last."""

    def unprotect(self, protection_id: str, *, by: str) -> shields.Protection:
        """Remove a protection, and return it as it was; raises Refused where there is none."""

    def verify(self, target: "engine.Target") -> certificate.Certificate:
        """Say by a listing of its own what is left of a target."""


class ImageCaches(Protocol):
    """The image caches of a node, in this process or of its daemon."""

    def states(self) -> "tuple[node.State, ...]":
        """Return all caches, those that are on with what a pass would do."""

    def state(self, name: str) -> "node.State":
        """Return one cache; raises UnknownImageCache."""

    def clean(
        self, name: str | None = None, *, free: int | None = None, is_dry_run: bool = False
    ) -> "node.Outcome":
        """Clean one cache or all, as their limits say or until ``free`` bytes are free."""


#: Calls a method of the daemon with plain arguments and returns its plain answer.
#: ``is_long`` marks what may take as long as a listing of the whole cloud.
Call = Callable[..., Any]


class RpcClient:
    """A :class:`Client` that asks the daemon; made by ``transport.connect()``."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def ask(self, type_: type[T], method: str, *, is_long: bool = False, **arguments: Any) -> T:
        """Return what a method answers; raises what it raises."""
        plain = {name: api.pack(value) for name, value in arguments.items()}
        answer = self._call(method, plain, is_long=is_long)
        api.raise_error(answer)
        return api.unpack(answer, type_)

    def ping(self) -> str:
        """Return the version of the daemon's API; raises DaemonUnreachable."""
        return self.ask(str, "ping")

    def status(self) -> api.Status:
        """See :meth:`Client.status`."""
        return self.ask(api.Status, "status")

    def daemons(self) -> tuple[api.DaemonState, ...]:
        """See :meth:`Client.daemons`."""
        return tuple(self.ask(list[api.DaemonState], "daemon_list"))

    def model(self) -> api.ModelState:
        """See :meth:`Client.model`."""
        return self.ask(api.ModelState, "model_show", is_long=True)

    def trust(self) -> api.ModelState:
        """See :meth:`Client.trust`."""
        return self.ask(api.ModelState, "model_trust")

    def records(self, query: lookup.Query) -> models.Found:
        """See :meth:`Client.records`."""
        return self.ask(models.Found, "model_records", is_long=True, query=query)

    def stats(self) -> models.ModelStats:
        """See :meth:`Client.stats`."""
        return self.ask(models.ModelStats, "model_stats")

    def sync(self, services: Sequence[str] = ()) -> tuple[models.Synced, ...]:
        """See :meth:`Client.sync`."""
        return tuple(self.ask(list[models.Synced], "model_sync", is_long=True, services=services))

    def leaks(self, target: "engine.Target", *, is_fresh: bool = False) -> api.Leaks:
        """See :meth:`Client.leaks`."""
        return self.ask(api.Leaks, "leaks_list", is_long=True, target=target, is_fresh=is_fresh)

    def explain(
        self, target: "engine.Target", kind: str, resource_id: str, *, is_fresh: bool = False
    ) -> api.Explained:
        """See :meth:`Client.explain`."""
        return self.ask(
            api.Explained,
            "leaks_explain",
            is_long=True,
            target=target,
            kind=kind,
            resource_id=resource_id,
            is_fresh=is_fresh,
        )

    def workloads(self, *, is_fresh: bool = False) -> tuple[workloads.Workload, ...]:
        """See :meth:`Client.workloads`."""
        answer = self.ask(
            list[workloads.Workload], "workloads_list", is_long=True, is_fresh=is_fresh
        )
        return tuple(answer)

    def plan(self, target: "engine.Target") -> planning.Plan:
        """See :meth:`Client.plan`."""
        return self.ask(planning.Plan, "plan", is_long=True, target=target)

    def stored_plan(self, plan_id: str) -> planning.Plan:
        """See :meth:`Client.stored_plan`."""
        return self.ask(planning.Plan, "plan_show", plan_id=plan_id)

    def start(
        self, target: "engine.Target", *, confirm: str | None = None, is_dry_run: bool = False
    ) -> store.Sweep:
        """See :meth:`Client.start`."""
        return self.ask(
            store.Sweep, "sweep_start", target=target, confirm=confirm, is_dry_run=is_dry_run
        )

    def execute(self, plan_id: str, *, confirm: str | None = None) -> store.Sweep:
        """See :meth:`Client.execute`."""
        return self.ask(store.Sweep, "execute", plan_id=plan_id, confirm=confirm)

    def sweep(self, sweep_id: str) -> store.Sweep:
        """See :meth:`Client.sweep`."""
        return self.ask(store.Sweep, "sweep_show", sweep_id=sweep_id)

    def sweeps(self) -> tuple[store.Sweep, ...]:
        """See :meth:`Client.sweeps`."""
        return tuple(self.ask(list[store.Sweep], "sweep_list"))

    def cancel(self, sweep_id: str, *, by: str) -> store.Sweep:
        """See :meth:`Client.cancel`."""
        return self.ask(store.Sweep, "sweep_cancel", sweep_id=sweep_id, by=by)

    def budget(self) -> budgets.Balance:
        """See :meth:`Client.budget`."""
        return self.ask(budgets.Balance, "budget")

    def protect(self, wanted: shields.Wanted, *, by: str) -> shields.Protection:
        """See :meth:`Client.protect`."""
        return self.ask(shields.Protection, "protection_add", wanted=wanted, by=by)

    def protections(self) -> tuple[shields.Protection, ...]:
        """See :meth:`Client.protections`."""
        return tuple(self.ask(list[shields.Protection], "protection_list"))

    def unprotect(self, protection_id: str, *, by: str) -> shields.Protection:
        """See :meth:`Client.unprotect`."""
        return self.ask(
            shields.Protection, "protection_remove", protection_id=protection_id, by=by
        )

    def verify(self, target: "engine.Target") -> certificate.Certificate:
        """See :meth:`Client.verify`."""
        return self.ask(certificate.Certificate, "verify", is_long=True, target=target)
