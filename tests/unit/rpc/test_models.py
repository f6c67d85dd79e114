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

"""What is told of the model."""

import msgspec
import pytest

from cleanupd.core import lookup
from cleanupd.rpc import api
from cleanupd.rpc import models
from tests.unit.core import sample

SERVER = "compute.server"


def kind(name=SERVER, **fields):
    """Return the state of a kind that is fresh."""
    given = {"count": 2, "doubt": None, "listed_at": sample.NOW} | fields
    return api.KindState(kind=name, **given)


@pytest.mark.parametrize(
    ("fields", "trust"),
    [
        ({}, "fresh"),
        ({"count": 0}, "fresh"),
        ({"doubt": "503"}, "stale"),
        ({"doubt": "503", "count": 0}, "stale"),
        ({"doubt": "503", "count": 0, "listed_at": None}, "untrusted"),
    ],
)
def test_trust_is_one_word(fields, trust):
    """What was never listed is not even old."""
    assert kind(**fields).trust == trust


def test_an_answer_has_what_people_ask_for():
    """The state of the kind comes along, so that nobody takes a stale list for a fresh one."""
    record = sample.record(SERVER, "a", name="n", project_id="p", host="cmp1", status="ACTIVE")
    taken = sample.snapshot(record, broken={"network.network": "503"})
    found = models.found(taken, lookup.Query(kind=SERVER), ())
    (only,) = found.records
    assert msgspec.structs.asdict(only) == {
        "id": "a",
        "name": "n",
        "project_id": "p",
        "host": "cmp1",
        "status": "ACTIVE",
        "created_at": record.created_at,
    }
    assert (found.count, found.state.count, found.state.doubt) == (1, 1, None)
    lacking = models.found(taken, lookup.Query(kind="network.network"), ())
    assert (lacking.count, lacking.records, lacking.state.doubt) == (0, (), "503")


def test_a_sync_that_was_complete_has_no_problem():
    """All that is told is what was found."""
    synced = models.Synced(service="compute", kinds=(kind(), kind("b.c")), failure=None)
    assert (synced.problem, synced.result) == (None, "4 resources of 2 kinds")


def test_a_sync_tells_each_kind_that_failed():
    """Each with its reason, in place of the words in which a job says the same."""
    kinds = (kind(), kind("b.c", doubt="503"), kind("b.d", doubt="timeout"))
    synced = models.Synced(service="compute", kinds=kinds, failure="6 resources; not listed: all")
    assert synced.problem == "b.c: 503; b.d: timeout"
    assert synced.result == "failed: 6 resources of 3 kinds; b.c: 503; b.d: timeout"


def test_a_sync_tells_what_else_failed():
    """A catalogue that could not be read is a problem of no kind."""
    synced = models.Synced(service="compute", kinds=(kind(),), failure="no catalogue")
    assert synced.problem == "no catalogue"
