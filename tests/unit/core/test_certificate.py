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

"""What is certified."""

from cleanupd.core import certificate
from cleanupd.core import judgement
from tests.unit.core import sample
from tests.unit.core.sample import name
from tests.unit.core.sample import record


def certify(*records, plan=None, broken=None):
    """Return the certificate that a listing of the records gives."""
    taken = sample.snapshot(*records, broken=broken)
    found = judgement.judge(taken, sample.question())
    return certificate.certify(taken, found, plan)


def test_what_is_gone_is_certified():
    """A cloud without the planned resources is clean."""
    plan = sample.plan(record("network.network", "net", name=name()))
    done = certify(plan=plan)
    assert done.is_clean
    assert done.planned == done.gone == {"network.network": 1}


def test_what_is_there_is_left():
    """A leak that the listing shows is left, planned or not, and so is what was kept."""
    done = certify(
        record("network.network", "net", name=name()),
        record("network.network", "kept", name=name()),
        record("network.port", "x", name="x", edges=(sample.attached("network.network", "kept"),)),
    )
    assert not done.is_clean
    assert {left.ref.id: left.reason for left in done.left} == {
        "net": f"its name is a scenario name of workload {sample.PART}",
        "kept": "the foreign port x (x) uses it",
    }


def test_what_was_planned_was_not_removed():
    """A planned resource that still is a leak is left, and the reason is that."""
    network = record("network.network", "net", name=name())
    [left] = certify(network, plan=sample.plan(network)).left
    assert left.reason == "it was not removed"


def test_a_planned_resource_that_lost_its_evidence_is_left():
    """A resource that was planned and is there is left, whatever it is called now."""
    plan = sample.plan(record("network.network", "net", name=name()))
    done = certify(record("network.network", "net", name="renamed"), plan=plan)
    assert [left.ref.id for left in done.left] == ["net"]
    assert not done.gone


def test_what_outlived_its_project_is_left():
    """A resource whose project was removed has no evidence any more, and counts."""
    plan = sample.plan(record("identity.project", "p", name=name(letter="c")))
    done = certify(record("network.network", "net", name="default", project_id="p"), plan=plan)
    assert [left.reason for left in done.left] == ["its project was removed before it"]


def test_what_was_not_listed_is_not_certified():
    """A kind that could not be listed makes a doubt."""
    done = certify(broken={"network.port": "503"})
    assert not done.is_clean
    assert done.doubts == ("network.port was not listed: 503",)


def test_what_its_owner_let_go_of_is_not_left():
    """A port that outlives the server, which was all its evidence, was somebody else's."""
    owned = (sample.made_for("compute.server", "s"),)
    server = record("compute.server", "s", name=name(), project_id="prod")
    plan = sample.plan(server, record("network.port", "x", project_id="prod", edges=owned))
    assert len(plan.steps) == 2
    assert certify(record("network.port", "x", project_id="prod"), plan=plan).is_clean
