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

"""The sweep: observe, decide, act, verify.  The daemon and the CLI share it."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import copy
import datetime
import threading
from typing import TYPE_CHECKING
import uuid

import msgspec
from oslo_log import log

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import baselines
from cleanupd.core import budgets
from cleanupd.core import certificate as certificates
from cleanupd.core import judgement as judgements
from cleanupd.core import liveness
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import patterns
from cleanupd.core import planning
from cleanupd.core import protections as shields
from cleanupd.core import resources
from cleanupd.core import workloads
from cleanupd.engine import asking
from cleanupd.engine import budgeting
from cleanupd.engine import choices
from cleanupd.engine import clock
from cleanupd.engine import executor
from cleanupd.engine import logcontext
from cleanupd.engine import observer
from cleanupd.engine import progress as progresses
from cleanupd.engine import protecting
from cleanupd.engine import resuming
from cleanupd.engine import stopping
from cleanupd.journal import store

if TYPE_CHECKING:
    from cleanupd.journal import fencing
    from cleanupd.journal import sql

LOG = log.getLogger(__name__)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks to be swept, in their words.

    ``tasks`` and ``workloads`` are uuids; ``expanded`` has the uuids of the
    workloads of each task, as Rally reports them.  ``idle_s`` asks for every
    workload that was idle for so many seconds, ``is_everything`` for all,
    live ones too.  Empty ``scopes``, ``formats`` (of names) and ``kinds``
    mean all of them.  ``only`` has the parts that the only workloads give to
    names that are meant of all these; empty means all.  ``limits`` ask for what is in
    projects and is not to stay, which a person alone may.
    """

    tasks: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    expanded: dict[str, tuple[str, ...]] = {}
    idle_s: float | None = None
    is_everything: bool = False
    scopes: tuple[patterns.Scope, ...] = ()
    formats: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    limits: tuple[baselines.Limit, ...] = ()

    @property
    def unexpanded(self) -> tuple[str, ...]:
        """The tasks whose workloads are not known; one that had none is known."""
        return tuple(task for task in self.tasks if task not in self.expanded)


Settings = choices.Settings


class Engine:
    """Looks at one region of one cloud, decides, removes and verifies.

    Threads may share it; only one sweep removes at a time, others wait.
    """

    def __init__(
        self,
        cloud: clouds.Cloud,
        managers: observer.Managers,
        journal: "sql.Journal",
        settings: Settings | None = None,
        refused: Sequence[exceptions.PluginRefused] = (),
    ) -> None:
        """Compile the patterns; the cloud is not called yet.

        ``refused`` are plugins that could not be loaded: with one, nothing is removed.
        """
        self._refused, self._plugins = refused, managers
        self.settings = settings or Settings()
        self.managers = observer.looked_at(managers, self.settings.without_resources)
        self.cloud, self.journal = cloud, journal
        cloud.entrance.role = self.settings.enter_as
        self._kinds = {name: plugin.KIND for name, plugin in self.managers.items()}
        self._matcher = patterns.Matcher(self.settings.names)
        #: Returns the part of a workload in a record's name, None where it is no benchmark's.
        self.find_part = ownership.PartFinder(self._matcher)
        self._observer = observer.Observer(
            cloud,
            self.managers,
            clock.now,
            workers=self.settings.list_workers,
            without_resources=self.settings.without_resources,
            refused=refused,
        )
        self._observer.find_part = self.find_part
        self._removing = threading.Lock()

    def rebuilt(self, settings: Settings) -> "Engine":
        """Return an engine for the same cloud with other settings."""
        return Engine(self.cloud, self._plugins, self.journal, settings, self._refused)

    def fenced(self, fence: "fencing.Fence") -> "Engine":
        """Return this engine for an executor: what it removes is written in its epoch alone."""
        found = copy.copy(self)
        found.journal = self.journal.fenced(fence)
        return found

    def kinds_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the kinds that names of kinds and of services mean; raises UnknownKind."""
        found: set[str] = set()
        for name in names:
            meant = {k for k, kind in self._kinds.items() if name in (k, kind.service)}
            if not meant:
                raise exceptions.UnknownKind(name, sorted(self._kinds))
            found |= meant
        return tuple(sorted(found))

    def observe(
        self, progress: progresses.Progress | None = None, before: model.Snapshot | None = None
    ) -> model.Snapshot:
        """List everything; in the snapshot is marked what could not be, or lacks what is there."""
        return self._observer.observe(progress, before=before, seen=self._sightings())

    def unseen(self) -> tuple[str, ...]:
        """Name the places of the cloud that nothing looks at, in a sentence each."""
        return self._observer.unseen()

    def sight(self, snapshot: model.Snapshot) -> workloads.Sightings:
        """Return since when each resource without a date is known, and remember it.

        Callers see to it that there is one at a time.  Without a journal to
        remember it in, what is new is known since now.
        """
        place = (snapshot.cloud, snapshot.region)
        try:
            found = workloads.find_sightings(snapshot, self.journal.sightings(*place))
            self.journal.save_sightings(*place, found)
        except exceptions.JournalFailed as error:
            LOG.warning("First sightings are not kept: %(why)s", {"why": error})
            return workloads.find_sightings(snapshot, {})
        return found

    def trace(self, snapshot: model.Snapshot) -> dict[str, liveness.Trace]:
        """Return how each workload looks that left something, by its part."""
        claims = ownership.find_claims(snapshot, self._kinds, self._matcher)
        return liveness.find_traces(snapshot, claims)

    def _observed(self, selection: workloads.Selection) -> liveness.Observations:
        """Return what the journal knows, where it matters: for what nobody has named."""
        if selection.idle is None and all(selection.parts.values()):
            return liveness.Observations()
        return self.journal.observations(self.cloud.name, self.cloud.region)

    def expand(self, target: Target) -> Target:
        """Return the target with the workloads of its tasks, as far as they can be known.

        Raises RallyUnreadable, and TaskNotExpanded for a task that Rally does not have.
        """
        if self.settings.rally is None or not target.unexpanded:
            return target
        found = asking.find_workloads(self.settings.rally, target.unexpanded)
        return msgspec.structs.replace(target, expanded=target.expanded | found)

    def select(self, target: Target) -> workloads.Selection:
        """Return the selection that the words of a target mean."""
        target = self.expand(target)
        parts: dict[str, set[str]] = {}
        expanded = [u for task in target.tasks for u in target.expanded.get(task, ())]
        for owner in (*target.tasks, *target.workloads, *expanded):
            for pattern in self._matcher.patterns:
                parts.setdefault(patterns.part_of(owner, pattern), set()).add(owner)
        parts |= {limit.part: set() for limit in target.limits}
        return workloads.Selection(
            parts={part: tuple(sorted(uuids)) for part, uuids in sorted(parts.items())},
            idle=None if target.idle_s is None else datetime.timedelta(seconds=target.idle_s),
            is_everything=target.is_everything,
            scopes=frozenset(target.scopes),
            formats=frozenset(target.formats),
            kinds=frozenset(self.kinds_of(target.kinds)),
            lifted=self.settings.lifted,
            only=frozenset(target.only),
            limits=target.limits,
        )

    def judge(
        self,
        snapshot: model.Snapshot,
        selection: workloads.Selection,
        sightings: workloads.Sightings | None = None,
    ) -> judgements.Judgement:
        """Return the verdict on every resource of a snapshot that is not foreign.

        Without ``sightings`` those count that the journal has.
        """
        question = judgements.Question(
            known=self._kinds,
            matcher=self._matcher,
            selection=selection,
            sightings=self._remembered(selection) if sightings is None else sightings,
            safety=self.settings.safety,
            protections=self.protections(),
            told=self._told(selection),
            observations=self._observed(selection),
        )
        return judgements.judge(snapshot, question)

    def ask_rally(self) -> workloads.Told:
        """Return what Rally's database says of workloads: nothing where none is named."""
        if self.settings.rally is None:
            return workloads.Told()
        return asking.ask(self.settings.rally, self._matcher.patterns)

    def _told(self, selection: workloads.Selection) -> workloads.Told:
        """Return what Rally's database says, where workloads are selected that nobody named."""
        return workloads.Told() if selection.idle is None else self.ask_rally()

    def _remembered(self, selection: workloads.Selection) -> workloads.Sightings:
        """Return the sightings of the journal, where an age may depend on them."""
        ages = self.settings.safety
        is_named = selection.idle is None and all(selection.parts.values())
        return self._sightings() if (ages.min_age_named if is_named else ages.min_age) else {}

    def _sightings(self) -> workloads.Sightings:
        try:
            return self.journal.sightings(self.cloud.name, self.cloud.region)
        except exceptions.JournalFailed as error:
            LOG.warning("First sightings are not known: %(why)s", {"why": error})
            return {}

    def protections(self) -> tuple[shields.Protection, ...]:
        """Return the protections of this region, expired ones too, the latest last."""
        return self.journal.protections(self.cloud.name, self.cloud.region)

    def protect(self, wanted: shields.Wanted, *, by: str) -> shields.Protection:
        """Protect something, on disk when it returns; raises Refused."""
        asked = Target(
            tasks=tuple(map(patterns.canonical_uuid, wanted.tasks)),
            workloads=tuple(map(patterns.canonical_uuid, wanted.workloads)),
            expanded=wanted.expanded,
        )
        made = protecting.make(wanted, (self.cloud.name, self.cloud.region), clock.now(), by)
        made = msgspec.structs.replace(made, parts=tuple(self.select(asked).parts))
        self.journal.protect(made)
        LOG.warning("%(what)s", {"what": made.describe()})
        return made

    def unprotect(self, id_: str, *, by: str) -> shields.Protection:
        """Let go what a protection keeps, and return it as it was; raises Refused."""
        found = next((one for one in self.protections() if one.id == id_), None)
        if found is None or not self.journal.unprotect(self.cloud.name, self.cloud.region, id_):
            raise exceptions.Refused(f"there is no protection {id_} in this region")
        LOG.warning("%(by)s removes %(what)s", {"by": by, "what": found.describe()})
        return found

    def why_only_reported(self) -> str | None:
        """Say which option keeps everything in this cloud, None if none does."""
        return self.settings.safety.why_only_reported(self.cloud.name, self.cloud.identity_host)

    def plan(
        self,
        snapshot: model.Snapshot,
        target: Target,
        sightings: workloads.Sightings | None = None,
        *,
        id_: str | None = None,
        patience: liveness.Patience | None = None,
        most: int | None = None,
    ) -> planning.Plan:
        """Make and store the plan for a target; nothing is removed.

        ``id_`` is the id of a sweep that was asked for before it was planned.
        ``patience`` is asked of what nobody named, where no person is there.
        ``most`` is how many resources may go at once, if that is less than the
        budgets allow.
        """
        selection = msgspec.structs.replace(self.select(target), patience=patience)
        judgement = self.judge(snapshot, selection, sightings)
        if unknown := self.settings.safety.find_unknown(snapshot):
            LOG.warning(
                "[safety] names projects that this cloud does not have: %(names)s",
                {"names": ", ".join(unknown)},
            )
        plan = planning.make_plan(id_ or self.new_id(), snapshot, judgement, selection)
        plan = msgspec.structs.replace(plan, most=most)
        if self.settings.history is not None:
            self.journal.forget_before(clock.now() - self.settings.history)
        self.journal.save(self._sweep(plan, store.State.PLANNED), plan)
        return plan

    def execute(
        self,
        plan: planning.Plan,
        progress: progresses.Progress | None = None,
        stop: threading.Event | None = None,
        *,
        is_approved: bool = False,
        rest: resuming.Rest | None = None,
    ) -> store.Sweep:
        """Remove what a stored plan says, verify by a new listing, and store what came of it.

        What the budgets have no room for is left.  A plan that is over the
        share stays planned, with the reason, unless somebody has approved it.
        Setting ``stop`` ends it after the calls that are under way, unverified;
        a :class:`~cleanupd.engine.stopping.Stop` may cancel it.  ``rest`` is what is left of
        a plan that was interrupted.
        Raises Refused where the options keep anything from being removed from this cloud.
        """
        if reason := self.why_only_reported():
            raise exceptions.Refused(reason)
        with self._removing, logcontext.of_sweep(plan.id):
            why = None if is_approved else budgeting.why_unapproved(plan, self.settings.budget)
            if why is not None:
                return self._leave(plan, why)
            running = self._sweep(plan, store.State.RUNNING)
            self.journal.save(running)
            LOG.info("Sweep of %(count)d resources begins", {"count": len(plan.steps)})
            try:
                rest, stop = rest or resuming.Rest(plan), stop or threading.Event()
                sweep = self._execute(plan, rest, running, progress, stop)
            except BaseException as error:
                note = f"it broke off: {error!r}"
                broken = msgspec.structs.replace(running, state=store.State.FAILED, note=note)
                with contextlib.suppress(exceptions.JournalFailed):
                    self.journal.save(broken)
                raise
            self.journal.save(sweep)
            return sweep

    def _leave(self, plan: planning.Plan, why: str) -> store.Sweep:
        """Leave a plan as it is, to whoever may execute it."""
        note = f"nothing was removed: {why}"
        LOG.warning("%(note)s", {"note": note})
        left = msgspec.structs.replace(self._sweep(plan, store.State.PLANNED), note=note)
        self.journal.save(left)
        return left

    def balance(self, sweep_id: str = "") -> budgets.Balance:
        """Return the budgets of this region, and what of them is spent, by a sweep before, too."""
        place, now = (self.cloud.name, self.cloud.region), clock.now()
        return budgets.Balance(
            cloud=place[0],
            region=place[1],
            limits=self.settings.budget,
            spent=self.journal.spent(*place, now),
            as_of=now,
            of_sweep=self.journal.spent_by(sweep_id),
        )

    def _execute(
        self,
        plan: planning.Plan,
        rest: resuming.Rest,
        running: store.Sweep,
        progress: progresses.Progress | None,
        stop: threading.Event,
    ) -> store.Sweep:
        part = budgets.take(rest.plan, self.balance(plan.id))
        if note := budgeting.describe(part):
            LOG.warning("%(note)s", {"note": note})
        going = msgspec.structs.replace(rest.plan, steps=part.steps)
        with self.journal.events(plan.id) as events:
            for settled in rest.news:
                events.append(resuming.make_event(settled, clock.now()))
            results = executor.Executor(
                self.cloud, self.managers, events, clock.now, self.settings.limits, stop
            ).execute(
                going,
                progress,
                lambda: self._look_again(going),
                protecting.Watch(self.journal, going, self._kinds, clock.now).why_kept,
            )
        done = msgspec.structs.replace(
            running,
            state=store.State.DONE,
            ended_at=clock.now().isoformat(timespec="seconds"),
            results=budgeting.results_of(plan, part, (*results, *rest.settled)),
            note=note,
        )
        if stop.is_set():
            state, note = stopping.describe(stop)
            LOG.warning("The sweep ends before its end: %(note)s", {"note": note})
            return msgspec.structs.replace(done, state=state, note=note)
        try:
            told = (*results, *rest.settled)
            failed = {r.ref: r.reason for r in told if r.reason and not r.is_gone}
            certificate = self.verify(plan, stopping.Watched(progress, stop), failed | part.left)
        except (exceptions.Cancelled, exceptions.Paused) as error:
            state, note = stopping.describe(stop)[0], f"{error}; what is left is not known"
            return msgspec.structs.replace(done, state=state, note=note)
        except exceptions.CleanupdError as error:
            LOG.error("The sweep could not be verified: %(why)s", {"why": error})  # noqa: TRY400
            note = f"what is left is not known: {error}"
            return msgspec.structs.replace(done, state=store.State.FAILED, note=note)
        LOG.info(
            "Sweep ends: %(gone)d of %(planned)d gone, %(left)d left",
            {
                "gone": sum(certificate.gone.values()),
                "planned": len(plan.steps),
                "left": len(certificate.left),
            },
        )
        return msgspec.structs.replace(done, certificate=certificate)

    def verify(
        self,
        plan: planning.Plan,
        progress: progresses.Progress | None = None,
        left: Mapping[resources.Ref, str] | None = None,
    ) -> certificates.Certificate:
        """Certify the result of a plan by a listing of its own; ``left`` is what was, and why."""
        snapshot = self.observe(progress)
        judgement = self.judge(snapshot, resuming.name_workloads(plan))
        return certificates.certify(snapshot, judgement, plan, left or {})

    def _look_again(self, plan: planning.Plan) -> executor.LastLook:
        """Look again, and say why each step that may not be taken any more may not."""
        users = {s.ref.id for s in plan.steps if s.ref.kind == "identity.user"}
        users |= {s.observed.user_id for s in plan.steps if s.observed.user_id}
        snapshot = self._observer.observe(users=frozenset(users))
        judgement = self.judge(snapshot, resuming.name_workloads(plan))
        return executor.LastLook.of(plan, snapshot, judgement)

    def certify(
        self, target: Target, progress: progresses.Progress | None = None
    ) -> certificates.Certificate:
        """Say by a new listing what is left of a target; needs no sweep before it."""
        snapshot = self.observe(progress)
        judgement = self.judge(snapshot, self.select(target))
        return certificates.certify(snapshot, judgement)

    def _sweep(self, plan: planning.Plan, state: store.State) -> store.Sweep:
        return store.Sweep(
            id=plan.id,
            cloud=plan.cloud,
            region=plan.region,
            state=state,
            started_at=clock.now().isoformat(timespec="milliseconds"),
            planned=len(plan.steps),
        )

    def new_id(self) -> str:
        """Return the id of a sweep that there never was before."""
        return f"{clock.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
