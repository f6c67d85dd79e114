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

"""Removes one resource, after a last look at it."""

from collections.abc import Callable
import datetime
import http
from typing import TYPE_CHECKING
from typing import TypeAlias

from oslo_log import log

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import planning
from cleanupd.core import resources
from cleanupd.engine import reading
from cleanupd.journal import store
from cleanupd.journal.store import Outcome
from cleanupd.services.base import manager

if TYPE_CHECKING:
    from cleanupd.journal import eventlog

LOG = log.getLogger(__name__)

#: How often a resource is read again because it changed between the look at
#: it and its removal, before it is left to the next plan.
STALE_ATTEMPTS = 5

#: Statuses of what is being removed already: with its server, or by somebody.
GOING = ("deleting", "pending_delete", "delete_in_progress")

Managers = reading.Managers

#: Says what keeps a resource of a step, as it is right before its removal.
WhyKept: TypeAlias = Callable[[planning.Step, resources.Resource], str | None]


def keep_nothing(_step: planning.Step, _now: resources.Resource) -> None:
    """Keep nothing."""


class Remover:
    """Removes what a plan says, if it still is what the plan says."""

    def __init__(
        self,
        cloud: clouds.Cloud,
        managers: Managers,
        events: "eventlog.EventLog",
        clock: Callable[[], datetime.datetime],
    ) -> None:
        self._cloud = cloud
        self._managers = managers
        self._events = events
        self._clock = clock
        #: Asked right before each removal.
        self.why_kept: WhyKept = keep_nothing
        self._reader = reading.Reader(cloud, managers)
        #: What the service said of the kinds of which the token may remove none.
        self._forbidden: dict[str, str] = {}
        #: The kinds of which it has removed one.
        self._allowed: set[str] = set()
        #: The rungs that were taken.
        self._climbed: set[tuple[resources.Ref, str]] = set()

    def expect(self, step: planning.Step) -> None:
        """Note that :meth:`remove` will be called for a step as soon as there is a thread."""
        self._reader.expect(step.observed)

    def remove(self, step: planning.Step, rung: kinds.Rung | None = None) -> store.Result:
        """Ask for the removal of one resource, after a rung, and say what came of it.

        The resource is read again first: one that is gone is left alone, and
        so is one that is not the same any more.  Raises where another attempt
        may succeed: something else has to go first, or the service is broken,
        too busy or away, or wants a new token.  Raises JournalFailed where
        nothing may be removed any more.
        """
        try:
            return self._remove(step, rung)
        except exceptions.JournalFailed:
            raise
        except exceptions.CleanupdError as error:
            if _is_passing(error):
                raise
            return self._result(step, Outcome.FAILED, str(error))
        except Exception as error:  # the other steps are kept alive: a plugin may do anything
            LOG.exception("The plugin of %(kind)s failed", {"kind": step.ref.kind})
            return self._result(step, Outcome.FAILED, f"its plugin failed: {error!r}")

    def note_gone(self, step: planning.Step) -> store.Result:
        """Say that a resource is not there any more, as a listing shows."""
        return self._result(step, Outcome.GONE)

    def _remove(self, step: planning.Step, rung: kinds.Rung | None) -> store.Result:
        plugin = self._managers[step.ref.kind]
        if forbidden := self._forbidden.get(step.ref.kind):
            return self._result(step, Outcome.WAITING, forbidden)
        for attempt in range(STALE_ATTEMPTS):
            read = self._reader.read_alone if attempt else self._reader.read
            now = read(step.observed)
            if now is None:
                return self._result(step, Outcome.GONE)
            change = find_change(plugin.KIND, step, now, rung) or self.why_kept(step, now)
            if change:
                return self._result(step, Outcome.CHANGED, change)
            if result := self._attempt(step, plugin(self._cloud, now), rung):
                return result
        return self._result(step, Outcome.CHANGED, "it changes faster than it can be removed")

    def _attempt(
        self, step: planning.Step, resource: manager.ResourceManager, rung: kinds.Rung | None
    ) -> store.Result | None:
        """Take the rung and ask for the removal; None where it changed since it was read."""
        if rung is not None and (step.ref, rung.name) not in self._climbed:
            self._take(step, resource, rung)
            if rung.is_removal:
                return self._result(step, Outcome.REMOVED, f"by {rung.name}")
        elif _is_going(resource.resource):
            return self._result(step, Outcome.REMOVED)
        self._note(step, store.INTENT)
        try:
            resource.delete()
        except exceptions.Stale:
            self._note(step, "stale")
            return None
        except exceptions.CleanupdError as error:
            self._note(step, "refused", str(error))
            if isinstance(error, exceptions.Forbidden):
                self._forbid(step.ref.kind, error)
            raise
        self._allowed.add(step.ref.kind)
        return self._accepted(step, type(resource), rung)

    def _take(
        self, step: planning.Step, resource: manager.ResourceManager, rung: kinds.Rung
    ) -> None:
        """Take a rung, with the intent before it and the outcome after it."""
        self._note(step, store.INTENT, f"{rung.name}: {rung.does}")
        try:
            resource.climb(rung)
        except exceptions.CleanupdError as error:
            self._note(step, "refused", f"{rung.name}: {error}")
            raise
        self._climbed.add((step.ref, rung.name))
        if not rung.is_removal:
            self._note(step, "climbed", rung.name)

    def _forbid(self, kind: str, error: exceptions.Forbidden) -> None:
        """Try no other of a kind, unless the token may remove some of it."""
        if kind not in self._allowed and kind not in self._forbidden:
            self._forbidden[kind] = f"this token may remove no {kind}: {error}"
            LOG.warning("%(why)s; no other is tried", {"why": self._forbidden[kind]})

    def _accepted(
        self,
        step: planning.Step,
        plugin: type[manager.ResourceManager],
        rung: kinds.Rung | None,
    ) -> store.Result:
        """Say that a resource is removed, as the service says.

        That is believed, since a listing tells in the end.  Only what is
        listed by its user is looked at again: without the user no listing
        has it any more.
        """
        if plugin.KIND.cost is kinds.Cost.USER and plugin(self._cloud, step.observed).read():
            reason = "the service accepted its removal, but it is still there"
            return self._result(step, Outcome.FAILED, reason)
        return self._result(step, Outcome.REMOVED, f"after {rung.name}" if rung else None)

    def _result(
        self, step: planning.Step, outcome: Outcome, reason: str | None = None
    ) -> store.Result:
        self._note(step, outcome, reason)
        return store.Result(ref=step.ref, name=step.observed.name, outcome=outcome, reason=reason)

    def _note(self, step: planning.Step, what: str, reason: str | None = None) -> None:
        at = self._clock().isoformat(timespec="milliseconds")
        self._events.append(store.Event(at=at, what=what, ref=step.ref, reason=reason))


def _is_going(now: resources.Resource) -> bool:
    """Whether a resource is being removed: a server's status stays, its task tells."""
    words = (now.status, now.details.get("task_state"))
    return any(str(word).lower() in GOING for word in words)


def _is_passing(error: exceptions.CleanupdError) -> bool:
    if isinstance(error, exceptions.Conflict | exceptions.AuthenticationFailed):
        return True
    if isinstance(error, exceptions.RequestFailed):
        return (
            error.status == http.HTTPStatus.TOO_MANY_REQUESTS
            or error.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
        )
    # Half an answer, or a proxy's page, when the resource was read again.
    return isinstance(error, exceptions.ServiceUnreachable | exceptions.MalformedAnswer)


def find_change(
    kind: kinds.Kind,
    step: planning.Step,
    now: resources.Resource,
    rung: kinds.Rung | None = None,
) -> str | None:
    """Say what of a resource's identity, or against its removal, is new since it was planned.

    What the rung lifts that is about to be taken is nothing new: it may be
    what came of the first attempt.
    """
    for field in kind.identity_fields:
        before, after = getattr(step.observed, field), getattr(now, field)
        if before != after and not (field == "owners" and _has_lost_removed_owners(step, now)):
            return f"its {field} changed since the plan: {_tell(before)}, now {_tell(after)}"
    lifted = {hold.name for hold in kind.holds if rung is not None and rung.name in hold.rungs}
    if new := set(now.holds) - set(step.observed.holds) - lifted:
        return f"since the plan it became {', '.join(sorted(new))}"
    return None


def _tell(value: object) -> str:
    """Return a value of a field as people read it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {text}" for key, text in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _has_lost_removed_owners(step: planning.Step, now: resources.Resource) -> bool:
    """Whether a resource only lost owners that this plan has removed before it.

    Nova lets go of a port that it did not make when it removes the server.
    What was the benchmark's through such an owner alone is its no more.
    """
    lost = set(step.observed.owners) - set(now.owners)
    return (
        step.through is None
        and set(now.owners) <= set(step.observed.owners)
        and lost <= set(step.after)
    )
