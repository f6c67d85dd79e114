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

"""Which workloads there are, and which of them may be swept."""

import datetime

import pytest

from cleanupd.core import ownership
from cleanupd.core import workloads
from tests.unit.core import sample
from tests.unit.core.sample import name
from tests.unit.core.sample import record

IDLE = datetime.timedelta(minutes=10)


def find(*records, sightings=None):
    """Return the workloads of some records."""
    taken = sample.snapshot(*records)
    claims = ownership.find_claims(taken, sample.KINDS, sample.MATCHER)
    return workloads.find_workloads(taken, claims, sightings or {})


def live(*records, sightings=None, **selection):
    """Return why each workload is left alone."""
    chosen = workloads.Selection(**selection)
    found = find(*records, sightings=sightings)
    doubtful = workloads.find_doubtful(found, chosen, sample.NOW)
    return workloads.find_live(found, chosen, sample.NOW) | doubtful


def test_a_workload_is_summed_up():
    """A workload has its scopes, counts, projects and dates."""
    [found] = find(
        record("compute.server", "s", name=name(), project_id="p", updated_at=sample.NOW),
        record("identity.project", "p", name=name(letter="c")),
    )
    assert found.part == sample.PART
    assert found.scopes == ("context", "scenario")
    assert found.counts == {"compute.server": 1, "identity.project": 1}
    assert found.projects == ("p",)
    assert found.created_at == sample.NOW - 4 * sample.HOUR
    assert found.active_at == sample.NOW
    assert found.undated == 0


def test_the_longest_idle_comes_first():
    """Workloads are sorted by their last sign of life."""
    found = find(
        record("compute.server", "a", name=name(), updated_at=sample.NOW),
        record("compute.server", "b", name=name(part=sample.OTHER_PART)),
    )
    assert [w.part for w in found] == [sample.OTHER_PART, sample.PART]


def test_nothing_selects_nothing():
    """An empty selection leaves every workload alone."""
    assert workloads.Selection().is_empty
    assert live(record("compute.server", "s", name=name())) == {
        sample.PART: "its workload was not named"
    }


@pytest.mark.parametrize("selection", [{"parts": {sample.PART: ()}}, {"is_everything": True}])
def test_a_named_workload_is_selected_even_when_live(selection):
    """Naming a workload, or asking for everything, overrides any sign of life."""
    assert not live(record("compute.server", "s", name=name(), updated_at=sample.NOW), **selection)
    assert not workloads.Selection(**selection).is_empty


def test_an_idle_workload_is_over():
    """A workload without a sign of life for as long as was asked is selected."""
    assert not live(record("compute.server", "s", name=name()), idle=IDLE)


@pytest.mark.parametrize("field", ["created_at", "updated_at", "launched_at"])
def test_any_recent_date_is_a_sign_of_life(field):
    """A resource that was created, changed or launched a moment ago keeps its workload."""
    records = (
        record("compute.server", "a", name=name()),
        record("compute.server", "b", name=name(), **{field: sample.NOW}),
    )
    assert "active at 2026-03-01 12:00:00" in live(*records, idle=IDLE)[sample.PART]


def test_undated_resources_of_a_scenario_leave_it_open():
    """Flavors carry no date and can be made at any time: the workload has to be named."""
    records = (
        record("compute.server", "a", name=name()),
        record("compute.flavor", "f", name=name()),
    )
    assert "1 resources of its workload carry no date" in live(*records, idle=IDLE)[sample.PART]


def test_undated_resources_of_a_context_do_not_matter():
    """Projects and users are made before the first iteration."""
    records = (
        record("compute.server", "a", name=name()),
        record("identity.project", "p", name=name(letter="c")),
    )
    assert not live(*records, idle=IDLE)


def test_without_any_date_nothing_can_be_told():
    """A workload of undated resources alone has to be named."""
    found = live(record("identity.project", "p", name=name(letter="c")), idle=IDLE)
    assert "1 resources of its workload carry no date: name" in found[sample.PART]


def test_a_first_sighting_stands_for_a_date():
    """What was first seen long ago is as good as dated."""
    flavor = record("compute.flavor", "f", name=name())
    assert not live(flavor, sightings={flavor.ref: sample.NOW - sample.HOUR}, idle=IDLE)
    left = live(flavor, sightings={flavor.ref: sample.NOW}, idle=IDLE)
    assert "first seen at 2026-03-01 12:00:00 UTC: ask again" in left[sample.PART]


def test_all_undated_resources_have_to_be_known_for_long():
    """One that was seen for the first time now may be a sign of life."""
    old = record("compute.flavor", "old", name=name())
    new = record("compute.flavor", "new", name=name())
    assert live(old, new, sightings={old.ref: sample.NOW - sample.HOUR}, idle=IDLE)


def test_a_first_sighting_of_a_contexts_resource_does_not_matter():
    """Where anything carries a date, when a project was first seen tells nothing."""
    server = record("compute.server", "a", name=name())
    project = record("identity.project", "p", name=name(letter="c"))
    assert not live(server, project, sightings={project.ref: sample.NOW}, idle=IDLE)
    assert live(project, sightings={project.ref: sample.NOW}, idle=IDLE)
    assert not live(project, sightings={project.ref: sample.NOW - sample.HOUR}, idle=IDLE)


def test_undated_resources_are_known_since_they_were_first_seen():
    """Later snapshots do not make them younger; what has a date needs none."""
    keypair = record("compute.keypair", "key", name=name())
    taken = sample.snapshot(keypair, record("compute.server", "srv", name=name()))
    assert workloads.find_sightings(taken, {}) == {keypair.ref: sample.NOW}
    earlier = {keypair.ref: sample.NOW - sample.HOUR}
    assert workloads.find_sightings(taken, earlier) == earlier


def test_what_is_gone_is_forgotten():
    """Memory does not grow with what there was once, but for kinds that were not listed."""
    gone = sample.ref("compute.keypair", "gone")
    earlier = {gone: sample.NOW - sample.HOUR}
    assert workloads.find_sightings(sample.snapshot(), earlier) == {}
    broken = sample.snapshot(broken={"compute.keypair": "503"})
    assert workloads.find_sightings(broken, earlier) == earlier


DATED = record("compute.server", "s", name=name(), project_id="p", updated_at=sample.NOW)


def left_alone(*records, told, **selection):
    """Return why each workload is left alone, knowing what Rally told."""
    chosen = workloads.Selection(**({"idle": IDLE} | selection))
    asked = (find(*records), chosen, sample.NOW, told)
    return workloads.find_live(*asked) | workloads.find_doubtful(*asked)


def test_what_rally_says_is_over_need_not_be_idle():
    """A task that has ended leaves what it leaves, with a date or without."""
    told = workloads.Told(over=frozenset({sample.PART}))
    undated = record("network.network", "n", name=name(), created_at=None)
    assert left_alone(DATED, undated, told=told) == {}


def test_what_rally_says_is_running_stays_until_it_is_named():
    """Idle or not, and even if another task of the same part is over."""
    told = workloads.Told(over=frozenset({sample.PART}), alive={sample.PART: "it runs"})
    assert left_alone(DATED, told=told) == {sample.PART: "it runs"}
    assert left_alone(DATED, told=told, parts={sample.PART: ("uuid",)}) == {}


def test_what_rally_cannot_be_asked_is_kept():
    """Without its database nobody's word is taken for the end of a workload."""
    old = record("compute.server", "s", name=name(), project_id="p")
    told = workloads.Told(doubt="no database")
    assert left_alone(old, told=told) == {sample.PART: "no database"}
    assert left_alone(old, told=told, parts={sample.PART: ("uuid",)}) == {}


def test_what_rally_says_selects_nothing_by_itself():
    """That a workload is over is no reason to remove it, unless somebody asks for such."""
    told = workloads.Told(over=frozenset({sample.PART}))
    assert left_alone(DATED, told=told, idle=None) == {sample.PART: "its workload was not named"}
