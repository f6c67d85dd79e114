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
"""Tests of the last look, before what no service guards is removed: what it costs."""

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.core import resources
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal import store
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine import fakes
from tests.unit.engine.stage import SETTINGS
from tests.unit.engine.stage import WORKLOAD
from tests.unit.engine.stage import run

PLANNED_LOOKED_VERIFIED = 3


@pytest.fixture
def managers():
    """Return managers of kinds that no service guards."""
    found = fakes.make_managers()
    for manager in found.values():
        manager.KIND = msgspec.structs.replace(manager.KIND, is_guarded=False)
    return found


@pytest.fixture
def listed(managers):
    """Give the arguments of all listings of projects."""
    calls = []
    list_projects = managers["identity.project"].list

    def list_(cloud, listings):
        calls.append(listings)
        return list_projects(cloud, listings)

    managers["identity.project"].list = list_
    return calls


def test_one_look_serves_what_goes_one_after_the_other(cloud, managers, listed, tmp_path):
    """A project goes after the network in it, which goes after its port, all by one look."""
    done = run(sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS))
    assert done.certificate.is_clean
    assert len(listed) == PLANNED_LOOKED_VERIFIED


def test_a_look_that_is_too_old_is_taken_again(cloud, managers, listed, tmp_path):
    """What comes free when the look holds no more waits for another one."""
    limits = msgspec.structs.replace(SETTINGS.limits, look_s=0.0)
    settings = msgspec.structs.replace(SETTINGS, limits=limits)
    run(sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), settings))
    assert len(listed) > PLANNED_LOOKED_VERIFIED


def test_the_look_asks_for_no_strangers_one_by_one(cloud, managers, tmp_path):
    """What is listed user by user is listed for users whose things are removed, and no others."""
    managers["compute.keypair"].KIND = kinds.Kind(
        name="compute.keypair",
        identity_fields=("name",),
        cost=kinds.Cost.USER,
        listed_after=("identity.user",),
    )
    asked = []

    def list_(cloud, listings):
        # To all others, listings that end meanwhile are added by another thread.
        assert set(listings) == {"identity.user"}
        asked.append(sorted(user.ref.id for user in listings["identity.user"]))
        return iter(())

    managers["compute.keypair"].list = list_
    cloud.add(
        record("identity.user", "rally", name=name(letter="c")),
        record("identity.user", "owner", name="somebody"),
        record("identity.user", "stranger", name="somebody else"),
        record("compute.server", "theirs", name=name(), project_id="p", user_id="owner"),
    )
    run(sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS))
    everybody = ["owner", "rally", "stranger"]
    assert asked == [everybody, ["owner", "rally"], ["owner", "stranger"]]


def test_what_only_seems_removed_keeps_what_it_stands_on(cloud, managers, tmp_path):
    """A service that accepts a removal and does nothing is believed until the last look."""
    managers["network.port"].delete = lambda _manager: None
    managers["network.port"].KIND = msgspec.structs.replace(
        managers["network.port"].KIND, is_guarded=True
    )
    done = run(sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS))
    told = {result.ref.id: (str(result.outcome), result.reason) for result in done.results}
    assert told["prt"][0] == "failed"
    assert "still there" in told["prt"][1]
    assert told["p"][0] == "not tried"
    assert {left.ref.id for left in done.certificate.left} >= {"prt", "p"}


def test_what_is_listed_by_its_user_is_read_after_its_removal(cloud, managers, tmp_path):
    """A keypair that only seems removed keeps its user, without whom nobody would list it."""
    keypair = managers["compute.keypair"]
    keypair.KIND = msgspec.structs.replace(keypair.KIND, cost=kinds.Cost.USER)
    keypair.delete = lambda _manager: None
    user = record("identity.user", "rally", name=name(letter="c"))
    edges = (resources.created_for(user.ref, is_first=True),)
    cloud.add(user, record("compute.keypair", "key", name=name(), user_id="rally", edges=edges))
    done = run(sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS))
    told = {result.ref.id: str(result.outcome) for result in done.results}
    assert (told["key"], told["rally"]) == ("failed", "not tried")


def test_without_a_last_look_nothing_unguarded_goes(cloud, managers, tmp_path):
    """Keystone does not answer after the plan: all stays, and the reason is told."""
    for manager in managers.values():
        manager.KIND = msgspec.structs.replace(manager.KIND, is_guarded=True)
    project = managers["identity.project"]
    project.KIND = msgspec.structs.replace(project.KIND, is_guarded=False)
    engine = sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS)
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))

    def fail():
        raise exceptions.ServiceUnreachable("identity", "u", "down")

    cloud.visibility = fail
    done = engine.execute(plan)
    told = {result.ref.id: result for result in done.results}
    assert str(told["prt"].outcome) == "removed"
    assert str(told["p"].outcome) == "failed"
    assert "could not be looked at again" in told["p"].reason
    assert done.certificate is None
    assert done.state is store.State.FAILED
    assert "what is left is not known" in done.note
