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
"""What is protected between the plan and the removal is not removed."""

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.core import protections
from cleanupd.engine import clock
from cleanupd.engine import sweep
from cleanupd.journal.store import Outcome
from tests.unit.core import sample
from tests.unit.core.sample import attached
from tests.unit.core.sample import made_for
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine.stage import WORKLOAD

TARGET = sweep.Target(workloads=(WORKLOAD,))


def outcomes(done):
    """Return what became of each resource, by id."""
    return {result.ref.id: result.outcome for result in done.results}


def deleted(cloud):
    """Return the ids that were removed."""
    return {id_ for what, id_ in cloud.log if what == "delete"}


def plan(engine):
    """Return a plan of now."""
    return engine.plan(engine.observe(), TARGET)


@pytest.mark.parametrize(
    "fields",
    [
        {"ids": ("net",)},
        {"workloads": (WORKLOAD,)},
        {"projects": ("p",)},
        {"projects": ("any-name",)},
        {"names": ("s_rally_*",)},
        {"tags": ("keep",)},
    ],
)
def test_what_is_protected_since_the_plan_is_skipped(engine, cloud, fields):
    """The result says so, and so does the journal."""
    made = plan(engine)
    engine.protect(protections.Wanted(reason="look", **fields), by="alice")
    done = engine.execute(made)
    assert "net" not in deleted(cloud)
    assert outcomes(done)["net"] in (Outcome.CHANGED, Outcome.WAITING)
    told = [e for e in engine.journal.read_events(made.id) if e.what == Outcome.CHANGED]
    assert any("since the plan: " in e.reason and "of alice" in e.reason for e in told)


def test_a_protection_that_comes_while_others_are_removed_counts(engine, cloud):
    """It is looked for right before each removal, not once."""

    class Log(list):
        def append(self, entry):
            if entry == ("delete", "srv"):
                engine.protect(protections.Wanted(reason="look", ids=("net",)), by="alice")
            super().append(entry)

    late = plan(engine)
    after = {s.ref for s in late.steps if s.ref.id == "srv"}
    steps = tuple(
        msgspec.structs.replace(s, after=(*s.after, *after)) if s.ref.id == "net" else s
        for s in late.steps
    )
    cloud.log = Log()
    engine.execute(msgspec.structs.replace(late, steps=steps))
    assert "srv" in deleted(cloud)
    assert "net" not in deleted(cloud)


def test_a_tag_that_comes_after_the_plan_keeps_a_resource(engine, cloud):
    """It is seen when the resource is read again."""
    made = plan(engine)
    cloud.change(sample.ref("network.network", "net"), tags=(protections.HOLD_TAG,))
    done = engine.execute(made)
    assert "net" not in deleted(cloud)
    reasons = {r.ref.id: r.reason for r in done.results}
    assert reasons["net"] == "since the plan: somebody has marked it cleanupd-protect"


@pytest.mark.parametrize("id_", ["vol", "prt"])
def test_what_would_go_along_keeps_its_owner(engine, cloud, id_):
    """A server that takes a protected volume or port with it stays."""
    cloud.records.clear()
    volume = record("block_storage.volume", "vol", name=name("vol"))
    cloud.add(
        volume,
        record("compute.server", "srv", name=name("srv"), cascades=(volume.ref,)),
        record("network.port", "prt", edges=(made_for("compute.server", "srv"),)),
    )
    made = plan(engine)
    engine.protect(protections.Wanted(reason="look", ids=(id_,)), by="alice")
    engine.execute(made)
    assert not deleted(cloud)


def test_an_expired_protection_holds_up_nothing(engine, cloud):
    """It is neither counted when planning nor before the removal."""
    engine.journal.protect(
        protections.Protection(
            id="p-old",
            cloud="sample",
            region="one",
            reason="r",
            by="alice",
            made_at=sample.NOW,
            expires_at=clock.now(),
            ids=("net",),
        )
    )
    engine.execute(plan(engine))
    assert "net" in deleted(cloud)


def test_protections_are_those_of_a_region(engine):
    """Another region's keep nothing here, and cannot be removed from here."""
    other = protections.Protection(
        id="p-2", cloud="sample", region="two", reason="r", by="a", made_at=sample.NOW, ids=("x",)
    )
    engine.journal.protect(other)
    assert engine.protections() == ()
    with pytest.raises(exceptions.Refused, match="no protection p-2"):
        engine.unprotect("p-2", by="a")
    assert engine.journal.protections("sample", "two") == (other,)


def test_a_protected_port_keeps_its_network():
    """What is kept keeps what it needs: the whole component stays."""
    found = sample.judge(
        record("network.network", "net", name=name("net")),
        record("network.port", "prt", name=name("p"), edges=(attached("network.network", "net"),)),
        protections=(
            protections.Protection(
                id="p-1",
                cloud="sample",
                region="one",
                reason="r",
                by="a",
                made_at=sample.NOW,
                ids=("prt",),
            ),
        ),
    )
    assert {f.verdict for f in found.values()} == {"kept"}
