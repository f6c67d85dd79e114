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

"""The settings: frozen values, made of the options once.

This is the only place where an option of cleanupd is read.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import datetime
import os
import pathlib
import re
from typing import TYPE_CHECKING
from typing import TypeVar

import msgspec
from oslo_config import cfg

from cleanupd import exceptions
from cleanupd import pacing
from cleanupd.conf import coordination as coordinating
from cleanupd.conf import crontab
from cleanupd.conf import image_cache
from cleanupd.conf import ladder
from cleanupd.conf import loading
from cleanupd.conf import opts
from cleanupd.conf import schedule
from cleanupd.core import budgets
from cleanupd.core import generators
from cleanupd.core import patterns
from cleanupd.core import safety
from cleanupd.engine import executor
from cleanupd.engine import sweep as sweeps
from cleanupd.image_cache import binding
from cleanupd.image_cache import clocks
from cleanupd.image_cache import glance
from cleanupd.image_cache import limits as policies
from cleanupd.image_cache import registry
from cleanupd.image_cache import sizes
from cleanupd.journal import places
from cleanupd.rpc import api

if TYPE_CHECKING:
    from cleanupd import cloud

T = TypeVar("T")


class CloudChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which cloud, where it is described (None leaves it to openstacksdk), and how fast to ask."""

    name: str | None
    region: str | None
    file: str | None
    pace: pacing.Pace = pacing.Pace()


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When a job runs: every ``interval_s`` seconds or up to ``jitter_s`` later; 0: not at all.

    Or at the times of ``cron``, a crontab expression in UTC.
    """

    interval_s: int = 0
    cron: str | None = None
    jitter_s: int = 0
    grace_s: int = 300
    #: After so long a run that failed is made up for, twice as long the next time; 0: never.
    retry_s: int = 0

    @property
    def is_on(self) -> bool:
        """Whether there is a next time."""
        return bool(self.interval_s or self.cron)


class SweepSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """When to sweep, what (None: nothing), and how much at most.

    With ``is_at_end`` each workload of the target is swept when it becomes
    over, too.  ``per_sweep`` is None where the budget alone says how much.
    """

    when: Schedule = Schedule()
    target: sweeps.Target | None = None
    is_enforcing: bool = False
    per_sweep: int | None = None
    is_at_end: bool = True


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedule and requests over the bus may do.

    ``idle_s`` is the shortest time after which a workload that nobody named
    may be called over, ``plan_lifetime_s`` (0: for ever) how long a stored
    plan may be executed, ``delay_s`` the time between the plan of a schedule
    and its first removal.  ``schedules`` are by their names.
    """

    is_enforcing: bool = False
    is_all_over: bool = False
    idle_s: float = 600.0
    enforce_idle_s: float = 0.0
    min_age_s: float = 0.0
    plan_lifetime_s: float = 3600.0
    delay_s: float = 60.0
    schedules: dict[str, SweepSchedule] = {}

    def most_of(self, schedule: str | None) -> int | None:
        """Return how many resources a sweep of a schedule may take; None: what the budget has."""
        found = None if schedule is None else self.schedules.get(schedule)
        return None if found is None else found.per_sweep

    @property
    def mode(self) -> str:
        """The mode in the word of the option."""
        return "enforce" if self.is_enforcing else "report"


class ImageCaches(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of this node's image caches by name; ``glance_cloud`` is how Glance is asked."""

    limits: dict[str, policies.Limits] = {}
    is_enforcing: bool = False
    run_path: pathlib.Path | None = None
    glance_cloud: str | None = None

    @property
    def is_any_on(self) -> bool:
        """Whether any cache has a directory."""
        return any(one.directory for one in self.limits.values())

    @property
    def schedule(self) -> Schedule:
        """When the daemon looks whether a cache's time has come."""
        intervals = (one.interval_s for one in self.limits.values() if one.directory)
        return Schedule(interval_s=min((one for one in intervals if one), default=0))

    def binding(
        self,
        connect: "Callable[[str], cloud.Cloud]",
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> binding.Binding:
        """Return what the caches are to be bound to; ``connect`` gives the cloud of a name."""
        name = self.glance_cloud
        return binding.Binding(
            limits=self.limits,
            is_enforcing=self.is_enforcing,
            clock=clocks.Clock(self.run_path),
            glance=glance.CacheApi(lambda: connect(name)) if name else None,
            is_stopping=is_stopping,
        )


class Notifications(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen: exchanges and topics, the name of the queue, and what counts.

    ``publishers`` and ``event_types`` are regular expressions; none finds everything.
    """

    exchanges: tuple[str, ...]
    topics: tuple[str, ...]
    queue: str
    publishers: tuple[re.Pattern[str], ...] = ()
    event_types: tuple[re.Pattern[str], ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that the daemon is built with.

    ``syncs`` has the schedule of each service's listing; ``notifications`` is
    None where nobody listens to them.
    """

    host: str
    state_path: pathlib.Path
    journal: places.Place
    stop_timeout_s: float
    cloud: CloudChoice
    engine: sweeps.Settings
    syncs: dict[str, Schedule]
    job_workers: int
    rules: Rules
    has_rpc: bool
    address: api.Address
    notifications: Notifications | None
    image_caches: ImageCaches = ImageCaches()
    coordination: coordinating.Coordination = coordinating.Coordination()


def make_settings(conf: cfg.ConfigOpts) -> Settings:
    """Return the settings that the options say; raises InvalidOptions."""
    try:
        return _make_settings(conf)
    except cfg.Error as error:
        raise exceptions.InvalidOptions(loading.one_line(error)) from error


def _make_settings(conf: cfg.ConfigOpts) -> Settings:
    return Settings(
        host=conf.host,
        state_path=pathlib.Path(conf.state_path),
        journal=_journal(conf),
        stop_timeout_s=conf.stop_timeout,
        cloud=CloudChoice(
            name=conf.cloud.name or None,
            region=conf.cloud.region or None,
            file=conf.cloud.clouds_file or None,
            pace=pacing.Pace(
                requests_per_s=conf.cloud.requests_per_second,
                concurrent=conf.sync.workers + conf.sweep.workers,
            ),
        ),
        engine=_engine(conf),
        syncs={
            service: _schedule(conf, conf[service].period, retry_s=conf.scheduler.retry)
            for service in opts.services_of_kinds()
        },
        job_workers=conf.scheduler.workers,
        rules=Rules(
            is_enforcing=conf.sweep.mode == "enforce",
            is_all_over=conf.sweep.all_over,
            idle_s=conf.sweep.idle,
            enforce_idle_s=conf.sweep.enforce_idle,
            min_age_s=conf.safety.min_age,
            plan_lifetime_s=conf.sweep.plan_lifetime,
            delay_s=conf.safety.delay,
            schedules=dict(_schedules(conf)),
        ),
        has_rpc=conf.rpc.enabled,
        address=api.Address(topic=conf.rpc.topic, server=conf.rpc.server or None),
        notifications=_notifications(conf) if conf.notifications.enabled else None,
        image_caches=_image_caches(conf),
        coordination=coordinating.read(conf),
    )


def _journal(conf: cfg.ConfigOpts) -> places.Place:
    """Return the database that the options name, or that of the daemon's own directory."""
    options = {name: conf.database[name] for name in conf.database}
    shared = options.pop("connection")
    url = shared or places.url_of(pathlib.Path(conf.state_path))
    files = "".join(f" --config-file {file}" for file in conf.config_file)
    return places.Place(
        url=url,
        options=options,
        # What is in the daemon's own directory is its own, whatever its name is today.
        host=conf.host if shared else "",
        upgrade=f"cleanupctl db upgrade{files}",
    )


def _schedule(conf: cfg.ConfigOpts, interval_s: int, *, retry_s: int = 0) -> Schedule:
    """Return a schedule; who wants a short interval wants no long jitter."""
    return Schedule(
        interval_s=interval_s,
        jitter_s=min(conf.scheduler.jitter, interval_s // 10),
        grace_s=conf.scheduler.misfire_grace,
        retry_s=retry_s,
    )


def _notifications(conf: cfg.ConfigOpts) -> Notifications:
    group = conf.notifications
    return Notifications(
        exchanges=tuple(dict.fromkeys(group.exchanges)),
        topics=tuple(dict.fromkeys(group.topics)),
        queue=f"{group.pool}-{conf.host}.info",
        publishers=_expressions("publishers", group.publishers),
        event_types=_expressions("event_types", group.event_types),
    )


def _expressions(name: str, texts: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    try:
        return tuple(re.compile(text) for text in texts)
    except re.error as error:
        raise exceptions.InvalidOptions(
            f"[notifications] {name}: {error.pattern!r} is no regular expression: {error}"
        ) from error


def _engine(conf: cfg.ConfigOpts) -> sweeps.Settings:
    return sweeps.Settings(
        names=_names(conf),
        without_resources=frozenset(conf.services.without_resources),
        enter_as=conf.cloud.enter_as or None,
        list_workers=conf.sync.workers,
        limits=executor.Limits(
            workers=conf.sweep.workers,
            poll_s=conf.sweep.poll_interval,
            timeout_s=conf.sweep.vanish_timeout,
            conflict_s=conf.sweep.conflict_wait,
            ladder=ladder.allowed(conf, opts.known_kinds()),
        ),
        lifted=frozenset(_lifted(conf)),
        history=datetime.timedelta(days=conf.sweep.history) if conf.sweep.history else None,
        budget=budgets.Limits(
            per_sweep=conf.budget.per_sweep,
            per_kind=conf.budget.per_kind,
            per_hour=conf.budget.per_hour,
            share=conf.budget.share,
        ),
        safety=_safety(conf),
        rally=conf.rally.connection or None,
    )


def _safety(conf: cfg.ConfigOpts) -> safety.Safety:
    group = conf.safety
    return safety.Safety(
        allowed_projects=frozenset(group.allowed_projects),
        blocked_projects=frozenset(group.blocked_projects),
        allowed_clouds=frozenset(group.allowed_clouds),
        blocked_clouds=frozenset(group.blocked_clouds),
        refused_terms=tuple(group.refused_terms),
        min_age=datetime.timedelta(seconds=group.min_age),
        min_age_named=datetime.timedelta(seconds=group.min_age_named),
    )


def _lifted(conf: cfg.ConfigOpts) -> Iterator[str]:
    """Yield the key of each hold whose option says that it keeps nothing."""
    rungs = ladder.allowed(conf, opts.known_kinds())
    for kind in opts.known_kinds():
        for hold in kind.holds:
            is_by_rung = any(kind.rung_id(rung) in rungs for rung in hold.rungs)
            if is_by_rung or (hold.option and conf[kind.service][hold.option]):
                yield kind.lift_key(hold)


def _image_caches(conf: cfg.ConfigOpts) -> ImageCaches:
    groups = {
        cache.name(): conf[image_cache.group_of(cache).name] for cache in registry.known_caches()
    }
    limits = {name: _limits(f"image_cache_{name}", group) for name, group in groups.items()}
    run_path = conf.image_cache.run_path
    _check_paths("image_cache", run_path=[run_path])
    used = {os.path.normpath(one.directory) for one in limits.values() if one.directory}
    for name, one in limits.items():
        for path in one.retired:
            if os.path.normpath(path) in used:
                raise exceptions.InvalidOptions(
                    f"[image_cache_{name}] retired: {path!r} is the directory of a cache"
                )
    return ImageCaches(
        limits=limits,
        is_enforcing=conf.image_cache.mode == "enforce",
        run_path=pathlib.Path(run_path) if run_path else None,
        glance_cloud=groups["glance"].cloud or None,
    )


def _limits(name: str, group: cfg.ConfigOpts.GroupAttr) -> policies.Limits:
    retired = getattr(group, "retired", [])  # which not every cache has
    _check_paths(
        name, directory=[group.directory], mount_point=[group.mount_point], retired=retired
    )
    return policies.Limits(
        directory=group.directory or None,
        mount_point=group.mount_point or None,
        retired=tuple(filter(None, retired)),
        max_size=sizes.parse(group.max_size),
        max_age_s=group.max_age,
        min_idle_s=group.min_idle,
        low_free=sizes.parse(group.low_free),
        high_free=sizes.parse(group.high_free),
        low_inodes=group.low_inodes,
        high_inodes=group.high_inodes,
        share=group.share,
        quiet_s=group.quiet,
        has_lease_probe=group.lease_probe,
        interval_s=group.interval,
    )


def _check_paths(group: str, **options: list[str | None]) -> None:
    """Refuse a path that would be looked for where the daemon happens to be."""
    for option, paths in options.items():
        for path in filter(None, paths):
            if not pathlib.PurePath(path).is_absolute():
                raise exceptions.InvalidOptions(
                    f"[{group}] {option}: {path!r} has to be an absolute path"
                )


def _pattern(text: str) -> patterns.Pattern:
    """Return the pattern of ``FORMAT`` or ``FORMAT alphabet=CHARACTERS``."""
    format_, has_alphabet, alphabet = text.strip().partition(" alphabet=")
    return patterns.Pattern.from_format(format_.rstrip(), alphabet if has_alphabet else None)


def _schedules(conf: cfg.ConfigOpts) -> Iterator[tuple[str, SweepSchedule]]:
    """Yield the schedule of the group ``sweep``, and those that are named."""
    yield (
        schedule.PLAIN,
        SweepSchedule(
            when=_schedule(conf, conf.sweep.interval),
            target=_target("sweep", conf.sweep, conf.sweep.idle),
            is_enforcing=conf.sweep.mode == "enforce",
            is_at_end=bool(conf.sweep.interval),
        ),
    )
    for name in dict.fromkeys(conf.sweep.schedules):
        place, group = schedule.place_of(name), conf[schedule.place_of(name)]
        target = _target(place, group, max(group.idle or 0, conf.sweep.idle))
        yield (
            name,
            SweepSchedule(
                when=_when(conf, place),
                target=target and _narrowed(conf, place, target),
                is_enforcing=group.mode == "enforce",
                per_sweep=group.per_sweep,
                is_at_end=group.at_end,
            ),
        )


def _when(conf: cfg.ConfigOpts, place: str) -> Schedule:
    group = conf[place]
    if bool(group.cron) == bool(group.interval):
        raise exceptions.InvalidOptions(
            f"[{place}] says when by cron or by interval: give one of them, not both"
        )
    if not group.cron:
        return _schedule(conf, group.interval)
    try:
        crontab.make_trigger(group.cron)
    except ValueError as error:
        raise exceptions.InvalidOptions(
            f"[{place}] cron: {group.cron!r} is no crontab expression: {error}"
        ) from error
    return Schedule(cron=group.cron, grace_s=conf.scheduler.misfire_grace)


def _target(place: str, group: cfg.ConfigOpts.GroupAttr, idle_s: float) -> sweeps.Target | None:
    tasks, named = (
        [_read(f"[{place}] {option}", one, patterns.canonical_uuid) for one in group[option]]
        for option in ("tasks", "workloads")
    )
    if not (tasks or named or group.all_over):
        return None
    idle = idle_s if group.all_over else None
    return sweeps.Target(tasks=tuple(tasks), workloads=tuple(named), idle_s=idle)


def _narrowed(conf: cfg.ConfigOpts, place: str, target: sweeps.Target) -> sweeps.Target:
    """Return a target with only the scopes, formats and kinds that a schedule names."""
    group, known = conf[place], {pattern.format for pattern in _names(conf)}
    for format_ in group.formats:
        if format_ not in known:
            raise exceptions.InvalidOptions(
                f"[{place}] formats: {format_!r} is none of {', '.join(sorted(known))}"
            )
    return msgspec.structs.replace(
        target,
        scopes=tuple(map(patterns.Scope, group.scopes)),
        formats=tuple(group.formats),
        kinds=tuple(_read(f"[{place}] kinds", kind, _known_kind) for kind in group.kinds),
    )


def _known_kind(name: str) -> str:
    """Return a name of a kind or of a service; raises UnknownKind."""
    known = sorted(opts.managers())
    if not any(name in (kind, kind.partition(".")[0]) for kind in known):
        raise exceptions.UnknownKind(name, known)
    return name


def _names(conf: cfg.ConfigOpts) -> tuple[patterns.Pattern, ...]:
    own = (_read("[names] format", text, _pattern) for text in conf.names.format)
    return tuple(dict.fromkeys((*generators.BUILTIN_PATTERNS, *own)))


def _read(option: str, text: str, parse: Callable[[str], T]) -> T:
    """Return the value of one item of an option, and say which option it is when it is none."""
    try:
        return parse(text)
    except exceptions.CleanupdError as error:
        raise exceptions.InvalidOptions(f"{option}: {error}") from error
