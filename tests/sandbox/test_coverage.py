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
"""The zero-leak table: of each kind what is made as Rally names it goes, and its twins stay.

One round serves all tests: everything is made, one plan is made of it, some of it is made again
under its name, and the plan is executed. Whoever adds a service adds its rows to ``tests.sandbox.
made``, and the service to ``COVERED`` in the Makefile.
"""

from collections.abc import Callable
from concurrent import futures
import contextlib
import dataclasses
import typing
import uuid

import openstack
import pytest

from cleanupd import cloud as clouds
from cleanupd.core import explaining
from cleanupd.core import model
from cleanupd.core import planning
from cleanupd.engine import looking
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.services.base import registry
from tests.sandbox import made
from tests.sandbox.made import baremetal
from tests.sandbox.made import dns
from tests.sandbox.made import load_balancer
from tests.sandbox.made import network
from tests.sandbox.made import orchestration
from tests.sandbox.made import shared_file_system

ROWS = {
    row.kind: row
    for row in (
        *load_balancer.ROWS,
        *dns.ROWS,
        *network.ROWS,
        *baremetal.ROWS,
        *shared_file_system.ROWS,
        *orchestration.ROWS,
    )
}
MANAGERS, _ = registry.load_managers()


@dataclasses.dataclass
class Made:
    """The ids of one kind: what has to go, and what has to stay, by what it is."""

    going: str
    staying: dict[str, str]
    again: tuple[str, str] | None


@dataclasses.dataclass
class Round:
    """What was made, what was planned and explained, and what is there after the sweep."""

    made: dict[str, Made]
    plan: planning.Plan
    explained: dict[str, explaining.Explanation]
    after: model.Snapshot

    def is_there(self, kind: str, id_: str) -> bool:
        """Whether a listing after the sweep has it."""
        return id_ in self.after.roots[kind].records

    def planned(self, kind: str) -> set[str]:
        """The ids of a kind in the plan."""
        return {step.ref.id for step in self.plan.steps if step.ref.kind == kind}


def _make(world: made.World, row: made.Row) -> Made:
    """Make one of a kind that has to go, and its twins."""
    owner = world.admin if row.is_of_cloud else world.demo

    def twin(person: made.Connection, name: str) -> str:
        key = row.make(world, person, name)
        world.undo.callback(row.take, world, key)
        return key

    staying = {"a human suffix": twin(owner, f"{world.name(row.separator)}-production-db")}
    if not row.is_of_cloud:
        staying["a foreign project"] = twin(world.production, world.name(row.separator))
    again = None
    if row.is_made_again:
        name = world.name(row.separator)
        again = (name, row.make(world, owner, name))
    return Made(row.make(world, owner, world.name(row.separator)), staying, again)


def _make_again(world: made.World, row: made.Row, found: Made) -> None:
    """What was planned is gone, and another one has its name."""
    if found.again is not None:
        name, before = found.again
        row.take(world, before)
        owner = world.admin if row.is_of_cloud else world.demo
        found.staying["the same name, made again"] = row.make(world, owner, name)
        world.undo.callback(row.take, world, found.staying["the same name, made again"])


def _each_service(do: Callable[[made.Row], object]) -> None:
    """Each row in its turn, the services side by side: most of it is waiting."""
    groups: dict[str, list[made.Row]] = {}
    for row in ROWS.values():
        groups.setdefault(row.kind.partition(".")[0], []).append(row)
    with futures.ThreadPoolExecutor(len(groups)) as pool:
        list(pool.map(lambda rows: [do(row) for row in rows], groups.values()))


def _make_all(world: made.World) -> dict[str, Made]:
    found: dict[str, Made] = {}
    _each_service(lambda row: found.update({row.kind: _make(world, row)}))
    return found


@pytest.fixture(scope="module")
def swept(
    cloud: openstack.connection.Connection,
    demo: openstack.connection.Connection,
    production: openstack.connection.Connection,
    tmp_path_factory: pytest.TempPathFactory,
) -> typing.Iterator[Round]:
    """The round."""
    journal = sql.Journal(places.in_directory(tmp_path_factory.mktemp("sweeps")))
    engine = sweep.Engine(clouds.Cloud.connect("admin"), MANAGERS, journal)
    with contextlib.ExitStack() as undo:
        world = made.World(cloud, demo, production, str(uuid.uuid4()), undo)
        found = _make_all(world)
        target = sweep.Target(workloads=(world.workload,))
        before = engine.observe()
        judged = engine.judge(before, engine.select(target))
        explained = {
            kind: looking.explain(engine, before, judged, kind, one.going)
            for kind, one in found.items()
        }
        plan = engine.plan(before, target)
        _each_service(lambda row: _make_again(world, row, found[row.kind]))
        engine.execute(plan)
        yield Round(found, plan, explained, engine.observe())


@pytest.mark.parametrize("kind", ROWS)
def test_what_rally_leaves_is_found_and_explained(swept: Round, kind: str) -> None:
    """It is in the plan, and the explanation begins with its name."""
    one = swept.made[kind]
    assert one.going in swept.planned(kind)
    told = swept.explained[kind]
    assert (told.state, {told.part}) == ("leak", set(swept.plan.selection.parts))
    assert "its name is a scenario name" in told.chain[0].says


@pytest.mark.parametrize("kind", ROWS)
def test_what_rally_leaves_is_removed(swept: Round, kind: str) -> None:
    """A listing that knows nothing of the sweep does not have it."""
    assert swept.after.trust[kind].is_fresh, swept.after.trust[kind].reason
    assert not swept.is_there(kind, swept.made[kind].going)


@pytest.mark.parametrize("kind", ROWS)
def test_its_twins_are_untouched(swept: Round, kind: str) -> None:
    """Those with a human suffix, of a foreign project, and made again after the plan."""
    staying = swept.made[kind].staying
    assert len(staying) >= 1
    assert {what: swept.is_there(kind, id_) for what, id_ in staying.items()} == dict.fromkeys(
        staying, True
    )


def test_nothing_else_was_planned(swept: Round) -> None:
    """No twin is in the plan."""
    staying = {id_ for one in swept.made.values() for id_ in one.staying.values()}
    assert not staying & {step.ref.id for step in swept.plan.steps}
