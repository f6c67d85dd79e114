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

"""Plans a killed benchmark's leavings in a large cloud, and weighs what the journal costs a sweep.

The cloud of the plan is a model in memory, as a daemon has it: projects with a user, networks with
a subnet and a router, and servers with a port and a volume each, of which a hundredth is one
workload's. What is measured is the CPU from the selection to the plan, and that of storing it; the
median of some rounds. A tenth of the same cloud tells how far the size of the cloud counts.

The sweep is one of an emulated cloud, which speaks HTTP from a process of its own, with the
default limits, among them that of requests for each service. It is done with the journal as it is,
on disk, and with one that keeps no intents and no outcomes; both take turns.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import datetime
import functools
import gc
import multiprocessing
from multiprocessing import connection
import os
import pathlib
import statistics
import sys
import tempfile
import time
from typing import Any

from benchmarks import report
from cleanupd import cloud as clouds
from cleanupd.core import judgement
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import patterns
from cleanupd.core import planning
from cleanupd.core import resources
from cleanupd.core import roots
from cleanupd.core import workloads
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal import store
from cleanupd.services.base import registry
from tests import emulator
from tests.emulator import __main__ as emulator_command
from tests.emulator import scenes
from tests.emulator.scenes import benchmark

WORKLOAD = "5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10"
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
#: One of so many resources is a leak.
OF_LEAKS = 100
IN_A_PROJECT = 20
WITHOUT = "no journal of calls"
MANAGERS, _ = registry.load_managers()
KINDS = {name: manager.KIND for name, manager in MANAGERS.items()}
MATCHER = patterns.Matcher(sweep.Settings().names)
FINDER = ownership.PartFinder(MATCHER)

Records = dict[str, list[resources.Resource]]


def measure(*, quick: bool) -> Iterator[report.Measurement]:
    """Yield what a plan takes, and what the journal adds to a sweep."""
    yield from weigh_plan(100_000 if quick else 1_000_000, 3 if quick else 7)
    yield from weigh_journal(5 if quick else 20, 1 if quick else 3)


def weigh_plan(size: int, rounds: int) -> Iterator[report.Measurement]:
    """Yield the CPU of a plan in a cloud of this size, and beside it in a tenth of that."""
    leaks = size // OF_LEAKS
    report.tell(f"making models of {size // 10} and {size} resources")
    small, large = (_make(all_of, leaks) for all_of in (size // 10, size))
    # As a daemon does that has listed all.
    gc.collect()
    gc.freeze()
    found = [(_plan(large), _plan(small)) for _ in range(rounds)]
    steps, _ = found[0]
    yield report.Measurement(name="resources of the cloud", unit="resources", value=size)
    yield report.Measurement(
        name="resources to remove", unit="resources", value=float(steps["steps"])
    )
    for name, what in (("CPU to plan", "plan_s"), ("CPU to store the plan", "store_s")):
        yield report.Measurement(
            name=name,
            unit="s",
            value=statistics.median(ours[what] for ours, _ in found),
            peer="a tenth of the cloud",
            peer_value=statistics.median(theirs[what] for _, theirs in found),
        )


def _plan(snapshot: model.Snapshot) -> dict[str, float]:
    selection = workloads.Selection(parts={WORKLOAD[:8]: (WORKLOAD,)})
    question = judgement.Question(known=KINDS, matcher=MATCHER, selection=selection)
    begun = time.process_time()
    judged = judgement.judge(snapshot, question)
    plan = planning.make_plan("plan", snapshot, judged, selection)
    planned = time.process_time()
    with tempfile.TemporaryDirectory(prefix="cleanupd-benchmark-") as name:
        journal = sql.Journal(places.in_directory(pathlib.Path(name)))
        made = store.Sweep(
            id=plan.id,
            cloud=plan.cloud,
            region=plan.region,
            state=store.State.PLANNED,
            started_at=NOW.isoformat(),
            planned=len(plan.steps),
        )
        prepared = time.process_time()
        journal.save(made, plan)
        stored = time.process_time()
    return {
        "steps": len(plan.steps),
        "plan_s": planned - begun,
        "store_s": stored - prepared,
    }


def _make(size: int, leaks: int) -> model.Snapshot:
    """Return a cloud of about so many resources, of which some are one workload's."""
    found: Records = {kind: [] for kind in KINDS}
    _add(found, "compute.flavor", "flavor", name="m1", aliases=("m1",))
    _add(found, "image.image", "image", name="cirros")
    count = 0
    for sort, wanted in (("s_rally", leaks), ("web", size - leaks)):
        number, had = 0, count
        while count - had < wanted:
            count += _add_project(found, sort, number)
            number += 1
    return model.Snapshot(
        cloud="cloud",
        region="region",
        taken_at=NOW,
        roots={
            kind: roots.KindRoot.build(records, functools.partial(FINDER, KINDS[kind]))
            for kind, records in found.items()
        },
        trust={kind: model.Trust(kind, None, NOW) for kind in KINDS},
    )


def _ref(kind: str, id_: str) -> resources.Ref:
    return resources.Ref("cloud", "region" if KINDS[kind].is_regional else "", kind, id_)


def _add(found: Records, kind: str, id_: str, **fields: Any) -> resources.Ref:
    created_at = NOW - datetime.timedelta(days=1)
    record = resources.Resource(ref=_ref(kind, id_), created_at=created_at, **fields)
    found[kind].append(record)
    return record.ref


def _add_project(found: Records, sort: str, number: int) -> int:
    """Add a project with what is in it, and return how much that is."""
    is_leak = sort == "s_rally"

    def name(of: int) -> str:
        return f"{sort}_{WORKLOAD[:8]}_{of:08d}" if is_leak else f"{sort}-{number}-{of}"

    own = f"{sort}-{number}"
    home = _add(found, "identity.project", own, name=name(0).replace("s_", "c_"))
    _add(found, "identity.user", own, name=name(1).replace("s_", "c_"))
    net = _add(found, "network.network", own, name=name(2), project_id=home.id)
    on_net = [resources.attached_to(net)]
    subnet = _add(
        found, "network.subnet", own, name=name(3), project_id=home.id, edges=tuple(on_net)
    )
    on_net.append(resources.attached_to(subnet))
    router = _add(found, "network.router", own, name=name(4), project_id=home.id)
    inner = (resources.created_for(router, is_first=True), *on_net)
    _add(found, "network.port", f"{own}-r", project_id=home.id, edges=inner)
    for one in range(IN_A_PROJECT):
        _add_server(found, f"{own}-{one}", name(10 + one), home.id, tuple(on_net))
    return 6 + 3 * IN_A_PROJECT


def _add_server(
    found: Records, own: str, name: str, home: str, on_net: tuple[resources.Edge, ...]
) -> None:
    disk = _add(found, "block_storage.volume", own, name=name, project_id=home, user_id=home)
    used = (disk, _ref("compute.flavor", "m1"), _ref("image.image", "image"))
    server = _add(
        found,
        "compute.server",
        own,
        name=name,
        project_id=home,
        user_id=home,
        edges=tuple(map(resources.attached_to, used)),
    )
    made_for = (resources.created_for(server), *on_net)
    _add(found, "network.port", own, project_id=home, edges=made_for)


class _Silent:
    """A log of a sweep that keeps nothing."""

    def append(self, event: store.Event) -> None:
        """Forget an event."""


class _Forgetful(sql.Journal):
    """A journal without intents and outcomes."""

    @contextlib.contextmanager
    def events(self, sweep_id: str) -> Iterator[Any]:  # noqa: ARG002 - as the journal's own
        """Give a log that keeps nothing."""
        yield _Silent()


def weigh_journal(tenants: int, rounds: int) -> Iterator[report.Measurement]:
    """Yield the time and the CPU of a sweep with the journal, and without its events."""
    found: dict[Callable[..., sql.Journal], list[tuple[int, float, float]]] = {}
    for _ in range(rounds):
        for journal in (sql.Journal, _Forgetful):
            found.setdefault(journal, []).append(_sweep(tenants, journal))
            count, clock_s, _ = found[journal][-1]
            report.tell(f"{journal.__name__}: {count} resources in {clock_s:.1f} s")
    with_it, without = found[sql.Journal], found[_Forgetful]
    yield report.Measurement(
        name="resources swept of an emulated cloud", unit="resources", value=with_it[0][0]
    )
    for name, column in (("time of the removals", 1), ("CPU of the removals", 2)):
        yield report.Measurement(
            name=name,
            unit="s",
            value=statistics.median(one[column] for one in with_it),
            peer=WITHOUT,
            peer_value=statistics.median(one[column] for one in without),
        )


def _sweep(tenants: int, make: Callable[..., sql.Journal]) -> tuple[int, float, float]:
    """Sweep a cloud; return how much that was, how long it took, and its CPU."""
    with tempfile.TemporaryDirectory(prefix="cleanupd-benchmark-") as name:
        folder = pathlib.Path(name)
        with _emulated(tenants) as url:
            (folder / "clouds.yaml").write_text(emulator_command.clouds_yaml(url))
            os.environ["OS_CLIENT_CONFIG_FILE"] = str(folder / "clouds.yaml")
            door = clouds.Cloud.connect("emulated")
            journal = make(places.in_directory(folder))
            engine = sweep.Engine(door, MANAGERS, journal)
            plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
            began, spent = time.monotonic(), time.process_time()
            done = engine.execute(plan, is_approved=True)
            clock_s, cpu_s = time.monotonic() - began, time.process_time() - spent
    if not done.certificate or not done.certificate.is_clean:
        raise report.BenchmarkFailed(f"the sweep left something: {done.note or 'see its results'}")
    return len(plan.steps), clock_s, cpu_s


@contextlib.contextmanager
def _emulated(tenants: int) -> Iterator[str]:
    """Give the URL of a cloud with a killed benchmark's leavings; it is gone afterwards."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, tenants))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


def _serve(pipe: "connection.Connection[str, None]", tenants: int) -> None:
    cloud = emulator.Cloud(settings=emulator.Settings(delete_delay_s=0.05))
    scenes.legitimate_tenants(cloud)
    leavings = benchmark.Plan(tenants=tenants, users=2, servers=20, volumes=20)
    scenes.killed_benchmark(cloud, WORKLOAD, leavings)
    with emulator.running(cloud) as url:
        pipe.send(url)
        pipe.recv()


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
