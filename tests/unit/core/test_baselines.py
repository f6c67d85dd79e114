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

"""What goes from a project because it was not there before, and what stays all the same."""

import msgspec
import pytest

from cleanupd.core import baselines
from cleanupd.core import judgement
from cleanupd.core import protections
from cleanupd.core import safety
from cleanupd.core import workloads
from cleanupd.core.resources import EdgeSort
from tests.unit.core import sample
from tests.unit.core.sample import attached
from tests.unit.core.sample import made_for
from tests.unit.core.sample import name
from tests.unit.core.sample import record

DEMO = record("identity.project", "p", name="demo")
OLD = record("network.network", "old", name="old", project_id="p")
NEW = record("network.network", "new", name="new", project_id="p")


def saved(*records):
    """Return the limit of a baseline of these records and the project."""
    return baselines.limit_to(baselines.take(sample.snapshot(DEMO, *records), DEMO))


def judge(limit, *records, broken=None, **more):
    """Return the findings by id where a limit asks for what goes."""
    selection = workloads.Selection(parts={limit.part: ()}, limits=(limit,))
    asked = sample.question(selection, **more)
    found = judgement.judge(sample.snapshot(DEMO, *records, broken=broken), asked)
    return {one.resource.ref.id: one for one in found.findings}


def leaks(limit, *records, **more):
    """Return the ids of what would go."""
    findings = judge(limit, *records, **more).items()
    return {id_ for id_, one in findings if one.verdict is judgement.Verdict.LEAK}


def test_what_has_come_since_goes():
    """And nothing that was there, nor the project."""
    found = judge(saved(OLD), OLD, NEW)
    assert list(found) == ["new"]
    assert found["new"].verdict is judgement.Verdict.LEAK
    assert found["new"].evidence == (
        "it is in project demo, and not in the baseline of 2026-03-01 12:00:00 UTC",
    )
    assert (found["new"].part, found["new"].scope) == ("project p", None)


def test_without_a_baseline_all_goes_that_no_benchmark_made():
    """What a benchmark made is left to a sweep of its workload."""
    ours = record("network.network", "ours", name=name(), project_id="p")
    found = judge(baselines.unmatched("p", "demo"), OLD, ours)
    assert {id_: str(one.verdict) for id_, one in found.items()} == {
        "old": "leak",
        "ours": "active",
    }


def test_another_project_is_not_touched():
    """Only what is in the named one counts."""
    other = record("network.network", "other", name="new", project_id="q")
    homeless = record("network.network", "homeless", name="new")
    assert leaks(saved(), NEW, other, homeless) == {"new"}


def test_a_baseline_counts_in_its_own_region_only():
    """In another one everything would seem new."""
    elsewhere = msgspec.structs.replace(saved(OLD), place=("sample", "two"))
    assert leaks(elsewhere, OLD, NEW) == set()


def test_a_project_that_is_called_otherwise_is_not_touched():
    """What was typed is not true of it; nor is it where the project is gone."""
    assert leaks(msgspec.structs.replace(saved(), project="other"), NEW) == set()
    gone = msgspec.structs.replace(saved(), project_id="q")
    assert leaks(gone, record("network.network", "new", project_id="q")) == set()


def test_a_kind_that_the_baseline_does_not_have_stays():
    """A plugin that came later would make all of its kind seem new."""
    limit = saved(OLD)
    fewer = msgspec.structs.replace(limit, kinds=limit.kinds - {"network.network"})
    assert leaks(fewer, OLD, NEW) == set()


def test_what_the_service_gives_to_each_project_stays():
    """It would be there again, without its rules."""
    given = msgspec.structs.replace(sample.KINDS["network.network"], given=("default",))
    taken = sample.snapshot(DEMO, record("network.network", "d", name="default", project_id="p"))
    known = {**sample.KINDS, given.name: given}
    assert not list(baselines.nominate(taken, known, saved()))
    assert list(baselines.nominate(taken, sample.KINDS, saved()))


def test_what_a_manager_made_stays():
    """It has to remove it itself."""
    port = record("network.port", "prt", project_id="p", manager="manila")
    assert judge(saved(), port) == {}


def test_what_was_made_for_it_goes_along():
    """Though it is in no project of its own."""
    server = record("compute.server", "srv", name="web", project_id="p")
    port = record("network.port", "prt", edges=(made_for("compute.server", "srv"),))
    found = judge(saved(), server, port)
    assert {id_ for id_, one in found.items() if one.verdict == "leak"} == {"srv", "prt"}
    assert found["prt"].evidence[0] == "the service made it for server web"


@pytest.mark.parametrize("sort", [EdgeSort.ATTACHED_TO, EdgeSort.CREATED_FOR])
def test_what_others_need_stays(sort):
    """What is in the baseline, or in another project, keeps what it is tied to."""
    tie = attached if sort is EdgeSort.ATTACHED_TO else made_for
    kept = record(
        "network.port",
        "prt",
        name="x",
        project_id="q",
        edges=(attached("network.network", "new"),),
    )
    assert judge(saved(), NEW, kept)["new"].verdict is judgement.Verdict.KEPT
    port = record("network.port", "prt", project_id="p", edges=(tie("network.network", "old"),))
    expected = {"prt"} if sort is EdgeSort.ATTACHED_TO else set()
    assert leaks(saved(OLD), OLD, port) == expected


def test_what_is_protected_stays():
    """As from any other sweep."""
    shield = protections.Protection(
        id="p-1",
        cloud="sample",
        region="one",
        reason="we look at it",
        by="alice",
        made_at=sample.NOW,
        ids=("new",),
    )
    assert leaks(saved(), NEW, protections=(shield,)) == set()


def test_what_is_too_young_stays():
    """Nobody has named it, so that the longer age is asked of it."""
    options = safety.Safety(min_age=24 * sample.HOUR)
    assert leaks(saved(), NEW, options=options) == set()


def test_what_is_not_known_well_enough_stays():
    """A kind that could use it was not listed."""
    found = judge(saved(), NEW, broken={"network.port": "503"})
    assert found["new"].verdict is judgement.Verdict.KEPT


def test_names_that_were_asked_for_have_a_format():
    """What has none is not meant by any."""
    limit = saved()
    selection = workloads.Selection(
        parts={limit.part: ()}, limits=(limit,), formats=frozenset({"s_rally_XXXXXXXX_XXXXXXXX"})
    )
    found = judgement.judge(sample.snapshot(DEMO, NEW), sample.question(selection))
    assert [str(one.verdict) for one in found.findings] == ["active"]
