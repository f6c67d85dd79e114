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

"""What the schedule and requests do not remove: what is out of reach, and what comes too soon."""

from concurrent import futures

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.conf import settings
from cleanupd.journal.store import State
from tests.unit.service import stage

REPORT = settings.Rules()


def deletes(cloud):
    """Return the ids that were removed."""
    return [id_ for what, id_ in cloud.log if what == "delete"]


def test_a_scheduled_removal_waits_and_can_be_forbidden_meanwhile(sweeper, keeper, cloud):
    """In the delay between plan and first removal, mode report ends the sweep with its plan."""
    sweeper.rules = settings.Rules(is_enforcing=True, delay_s=0.5)
    with futures.ThreadPoolExecutor(1) as pool:
        said = pool.submit(sweeper.run_scheduled, stage.NAMED)
        journal = keeper.engine.journal
        stage.wait_until(lambda: any(s.note for s in journal.sweeps()))
        assert "[safety] delay" in journal.sweeps()[0].note
        sweeper.rules = REPORT
        assert "nothing was removed: the daemon only reports" in said.result()
    assert not cloud.log


def test_a_daemon_that_stops_in_the_delay_removes_nothing(sweeper, keeper, cloud):
    """The next daemon that leads plans it anew."""
    sweeper.rules = settings.Rules(is_enforcing=True, delay_s=600.0)
    with futures.ThreadPoolExecutor(1) as pool:
        said = pool.submit(sweeper.run_scheduled, stage.NAMED)
        stage.wait_until(lambda: any(s.note for s in keeper.engine.journal.sweeps()))
        sweeper.stop()
        assert "is gone on with by the next daemon" in said.result()
    assert not cloud.log


@pytest.fixture
def production(tmp_path):
    """Give a sweeper in mode enforce for a cloud whose name says that it is production."""
    cloud = stage.make_cloud()
    cloud.name = "eu-production"
    cloud.records = {
        msgspec.structs.replace(ref, cloud=cloud.name): msgspec.structs.replace(
            r, ref=msgspec.structs.replace(ref, cloud=cloud.name)
        )
        for ref, r in cloud.records.items()
    }
    made = stage.make_sweeper(stage.make_keeper(stage.make_engine(cloud, tmp_path)))
    made.start()
    yield made, cloud
    made.stop()
    made.wait()


def test_a_cloud_out_of_reach_is_refused_to_who_asks(production):
    """The refusal names the option; a dry run is planned."""
    sweeper, cloud = production
    with pytest.raises(exceptions.Refused, match=r"\[safety\] refused_terms"):
        sweeper.request(stage.NAMED, confirm=None, is_dry_run=False)
    dry = sweeper.request(stage.NAMED, confirm=None, is_dry_run=True)
    stage.wait_until(lambda: sweeper.sweep(dry.id).state is State.PLANNED)
    assert sweeper.sweep(dry.id).planned == 1
    assert not deletes(cloud)


def test_a_cloud_out_of_reach_is_only_planned_by_the_schedule(production):
    """The plan is stored, and says which option keeps it from being executed."""
    sweeper, cloud = production
    said = sweeper.run_scheduled(stage.NAMED)
    assert "1 planned, nothing was removed: " in said
    assert "[safety] refused_terms" in said
    with pytest.raises(exceptions.Refused, match=r"\[safety\] refused_terms"):
        sweeper.execute(sweeper.sweeps()[-1].id, confirm=None)
    assert not deletes(cloud)


def test_a_scheduled_sweep_is_cancelled_in_its_delay(sweeper, keeper, cloud):
    """Whoever reads of the plan in time can end it before anything is removed."""
    sweeper.rules = settings.Rules(is_enforcing=True, delay_s=600.0)
    journal = keeper.engine.journal
    with futures.ThreadPoolExecutor(1) as pool:
        said = pool.submit(sweeper.run_scheduled, stage.NAMED)
        stage.wait_until(lambda: any("[safety] delay" in (s.note or "") for s in journal.sweeps()))
        sweeper.cancel(journal.sweeps()[0].id, by="alice")
        assert "it was cancelled by alice" in said.result()
    assert journal.sweeps()[0].state is State.CANCELLED
    assert not cloud.log
