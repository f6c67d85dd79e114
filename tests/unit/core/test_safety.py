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
"""Clouds, projects and ages that the operator has put out of reach."""

import datetime

import hypothesis
from hypothesis import strategies as st
import pytest

from cleanupd.core import model
from cleanupd.core import resources
from cleanupd.core import roots
from cleanupd.core import safety
from cleanupd.core import workloads
from cleanupd.services.base import registry
from tests.unit.core import sample
from tests.unit.core.sample import name
from tests.unit.core.sample import record

MINUTE = datetime.timedelta(minutes=1)
NAMED = {"parts": {sample.PART: ("5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10",)}}
IDLE = {"idle": datetime.timedelta(0)}


def options(**fields):
    """Return options by which nothing is too young."""
    return safety.Safety(**{"min_age": datetime.timedelta(0), **fields})


@pytest.mark.parametrize(
    ("fields", "cloud", "host", "option"),
    [
        ({}, "lab", "keystone.lab", None),
        ({}, "prod", "", "refused_terms"),
        ({}, "eu-PROD_1", "", "refused_terms"),
        ({}, "my.production", "", "refused_terms"),
        ({}, "product", "", None),
        ({}, "prod1", "", None),
        ({}, "reproduction", "", None),
        ({}, "lab", "keystone.prod.example", None),
        ({"refused_terms": ()}, "prod", "", None),
        ({"refused_terms": ("",)}, "prod", "", None),
        ({"refused_terms": ("a.b",)}, "x-a.b", "", "refused_terms"),
        ({"refused_terms": ("a.b",)}, "x-aab", "", None),
        ({"allowed_clouds": frozenset({"prod"})}, "prod", "", None),
        ({"allowed_clouds": frozenset({"keystone.lab"})}, "prod", "Keystone.LAB", None),
        ({"allowed_clouds": frozenset({"lab"})}, "other", "h", "allowed_clouds"),
        ({"allowed_clouds": frozenset({""})}, "other", "", "allowed_clouds"),
        ({"blocked_clouds": frozenset({"lab"})}, "lab", "h", "blocked_clouds"),
        ({"blocked_clouds": frozenset({"h"})}, "lab", "h", "blocked_clouds"),
        (
            {"blocked_clouds": frozenset({"lab"}), "allowed_clouds": frozenset({"lab"})},
            "lab",
            "h",
            "blocked_clouds",
        ),
    ],
)
def test_clouds_out_of_reach(fields, cloud, host, option):
    """A blocked, an unlisted and a production cloud are only reported, and the option is named."""
    reason = safety.Safety(**fields).why_only_reported(cloud, host)
    assert (reason is None) if option is None else f"[safety] {option}" in reason


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({}, {}),
        ({"blocked_projects": frozenset({"p"})}, {"net": "blocked_projects"}),
        ({"blocked_projects": frozenset({"lab"})}, {"net": "blocked_projects"}),
        ({"blocked_projects": frozenset({"other"})}, {}),
        ({"allowed_projects": frozenset({"p"})}, {"key": "no project", "own": "", "in": ""}),
        (
            {"allowed_projects": frozenset({"lab", "own"})},
            {"key": "no project"},
        ),
        (
            {"allowed_projects": frozenset({"lab"}), "blocked_projects": frozenset({"p"})},
            {"net": "blocked_projects", "key": "", "own": "", "in": ""},
        ),
        ({"refused_terms": ("lab",)}, {"net": "refused_terms"}),
        (
            {"refused_terms": ("lab",), "allowed_projects": frozenset({"lab", "own"})},
            {"key": "no project"},
        ),
        ({"refused_terms": ("rally",)}, {}),
    ],
)
def test_projects_out_of_reach(fields, kept):
    """A benchmark's resource in a project that the options keep stays, with the option's name."""
    found = sample.judge(
        record("identity.project", "p", name="lab"),
        record("network.network", "net", name=name("net"), project_id="p"),
        record("identity.project", "own", name=name("own", letter="c")),
        record("network.network", "in", name=name("in"), project_id="own"),
        record("compute.flavor", "key", name=name("key")),
        options=options(**fields),
    )
    assert {id_ for id_, f in found.items() if f.verdict == "kept"} == set(kept)
    for id_, said in kept.items():
        assert said in found[id_].reason
        assert "[safety]" in found[id_].reason


def test_what_is_tied_to_a_blocked_project_stays_too():
    """A router that serves a kept subnet is kept as with any other reason."""
    found = sample.judge(
        record("identity.project", "p", name="lab"),
        record("identity.project", "q", name="dev"),
        record("network.network", "net", name=name("net"), project_id="q"),
        record(
            "network.subnet",
            "sub",
            name=name("sub"),
            project_id="p",
            edges=(sample.attached("network.network", "net"),),
        ),
        options=options(blocked_projects=frozenset({"p"})),
    )
    assert found["net"].verdict == found["sub"].verdict == "kept"


def test_a_project_that_a_resource_is_tied_to_counts():
    """What has no project of its own is of the project to which it is tied."""
    edges = (sample.attached("identity.project", "p"),)
    assert safety.find_projects(record("identity.user", "u", edges=edges)) == (edges[0].target,)
    shared = (sample.used_by("identity.project", "p"),)
    assert not safety.find_projects(record("block_storage.volume_type", "t", edges=shared))


def test_projects_that_do_not_exist_are_told():
    """A misspelt project is no error, but it is found."""
    found = options(
        allowed_projects=frozenset({"lab", "lap"}), blocked_projects=frozenset({"p", "q"})
    ).find_unknown(sample.snapshot(record("identity.project", "p", name="lab")))
    assert found == ("lap", "q")


@pytest.mark.parametrize(
    ("age", "selection", "verdict"),
    [
        (9 * MINUTE, IDLE, "kept"),
        (10 * MINUTE, IDLE, "leak"),
        (-MINUTE, IDLE, "active"),
        (0 * MINUTE, NAMED, "leak"),
        (0 * MINUTE, {"parts": {sample.PART: ()}}, "kept"),
        (0 * MINUTE, {"is_everything": True}, "leak"),
    ],
)
def test_what_is_young_stays(age, selection, verdict):
    """What nobody named has to have min_age, what somebody named min_age_named."""
    created = record("network.network", "net", name=name(), created_at=sample.NOW - age)
    found = sample.judge(created, options=safety.Safety(), **selection)
    assert found["net"].verdict == verdict
    if verdict == "kept":
        assert "[safety] min_age is 600 s: it may go from 2026-03-01 12:" in found["net"].reason


def test_named_workloads_have_an_age_of_their_own():
    """min_age_named holds for what was named."""
    found = sample.judge(
        record("network.network", "net", name=name(), created_at=sample.NOW),
        options=options(min_age_named=MINUTE),
        **NAMED,
    )
    assert "[safety] min_age_named is 60 s" in found["net"].reason


@pytest.mark.parametrize(
    ("seen", "verdict", "said"),
    [
        (None, "kept", "how old it is is not known"),
        (9 * MINUTE, "kept", "it was first seen at 2026-03-01 11:51:00 UTC"),
        (10 * MINUTE, "leak", None),
    ],
)
def test_what_has_no_date_counts_from_its_first_sighting(seen, verdict, said):
    """It goes if it was seen twice, min_age apart."""
    flavor = record("compute.flavor", "f", name=name())
    sightings = {} if seen is None else {flavor.ref: sample.NOW - seen}
    found = sample.judge(
        flavor, sightings=sightings, options=safety.Safety(), parts={sample.PART: ()}
    )
    assert found["f"].verdict == verdict
    assert said is None or said in found["f"].reason


@pytest.mark.parametrize("kind", sorted(registry.load_managers()[0]))
def test_each_kind_has_an_age(kind):
    """A resource of any kind has a date, or else a first sighting that makes it old enough."""
    plugin = registry.load_managers()[0][kind]
    bare = resources.Resource(ref=resources.Ref("sample", "one", plugin.KIND.name, "x"))
    taken = model.Snapshot(
        cloud="sample",
        region="one",
        taken_at=sample.NOW,
        roots={kind: roots.KindRoot.build([bare])},
        trust={},
        unseen=(),
    )
    assert workloads.find_sightings(taken, {}) == {bare.ref: sample.NOW}


@hypothesis.given(
    age_s=st.integers(-600, 7200), needed_s=st.integers(60, 3600), dated=st.booleans()
)
def test_nothing_goes_before_its_time(age_s, needed_s, dated):
    """Whatever the age and the option, what nobody named goes only when it is old enough."""
    since = sample.NOW - datetime.timedelta(seconds=age_s)
    flavor = record("compute.flavor", "f", name=name(), created_at=since if dated else None)
    found = sample.verdicts(
        flavor,
        sightings={} if dated else {flavor.ref: since},
        options=options(min_age=datetime.timedelta(seconds=needed_s)),
        parts={sample.PART: ()},
    )
    assert found == {"f": "leak" if age_s >= needed_s else "kept"}


@pytest.mark.parametrize(
    ("fields", "is_wide"),
    [
        (NAMED, False),
        (IDLE, True),
        (NAMED | IDLE, True),
        ({"is_everything": True}, True),
        ({}, False),
    ],
)
def test_what_nobody_named_is_wide(fields, is_wide):
    """To name a workload beside the others makes a selection no narrower."""
    assert workloads.Selection(**fields).is_wide is is_wide
