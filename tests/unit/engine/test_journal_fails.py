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

"""What cannot be written down is not removed."""

import contextlib
import sqlite3

import pytest

from cleanupd import exceptions
from cleanupd.engine import executor
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine import fakes

WORKLOAD = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"
COUNT = 50


@pytest.fixture
def cloud():
    """Give a cloud with many leaks."""
    return fakes.FakeCloud().add(
        *(record("network.network", f"net{n}", name=name()) for n in range(COUNT))
    )


@pytest.mark.parametrize("allowed", [0, 9])
def test_a_journal_that_takes_no_more_ends_the_removals(tmp_path, cloud, allowed):
    """Only what had its intent on disk is asked for, and the sweep is told as failed."""
    settings = sweep.Settings(limits=executor.Limits(workers=2, poll_s=0.01, conflict_s=60))
    journal = sql.Journal(places.in_directory(tmp_path))
    engine = sweep.Engine(cloud, fakes.make_managers(), journal, settings)
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    with contextlib.closing(sqlite3.connect(tmp_path / places.FILE)) as connection:
        connection.execute("CREATE TABLE room AS SELECT ? AS events", (allowed,))
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events"
            " WHEN (SELECT count(*) FROM events) >= (SELECT events FROM room)"
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        connection.commit()
    with pytest.raises(exceptions.JournalFailed, match="the disk is full"):
        engine.execute(plan)
    intents = [e.ref.id for e in journal.read_events(plan.id) if e.what == "remove"]
    removed = {f"net{n}" for n in range(COUNT)} - {ref.id for ref in cloud.records}
    assert removed <= set(intents)
    assert len(removed) <= allowed
    stored = journal.sweep(plan.id)
    assert stored.state == "failed"
    assert "the disk is full" in stored.note
