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

"""What somebody has said to keep is kept."""

import datetime

import hypothesis
from hypothesis import strategies as st
import pytest

from cleanupd.core import protections
from tests.unit.core import sample
from tests.unit.core.sample import name
from tests.unit.core.sample import record

NET = record("network.network", "net", name=name("net"), project_id="p")
OTHER = record("network.network", "other", name=name("other", part=sample.PART), project_id="q")
FLAVOR = record("compute.flavor", "f", name=name("flavor"))
PORT = record("network.port", "port", project_id="own", tags=("keep", "x"))
WORLD = (
    record("identity.project", "p", name="lab"),
    record("identity.project", "own", name=name("own", letter="c")),
    NET,
    OTHER,
    FLAVOR,
    PORT,
)
#: The kinds of the sample have no tags, but for one.
ALL = {"net", "other", "f", "port", "own"}


def protect(**fields):
    """Return a protection by alice."""
    base = {
        "id": "p-1",
        "cloud": "sample",
        "region": "one",
        "reason": "we look at it",
        "by": "alice",
        "made_at": sample.NOW,
    }
    return protections.Protection(**base | fields)


def kept(*asked):
    """Return the reasons of what is kept of the world, by id."""
    found = sample.judge(*WORLD, protections=asked)
    assert set(found) == ALL
    return {id_: f.reason for id_, f in found.items() if f.verdict == "kept"}


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({}, set()),
        ({"ids": ("net",)}, {"net"}),
        ({"ids": ("none",)}, set()),
        ({"ids": ("own",)}, {"own"}),
        # A port keeps its project, as anything does that stays.
        ({"ids": ("port",)}, {"port", "own"}),
        ({"parts": (sample.PART,)}, ALL),
        ({"parts": (sample.OTHER_PART,)}, set()),
        # Flavors are of no project, and are not removed while one is protected.
        ({"projects": ("p",)}, {"net", "f"}),
        ({"projects": ("lab",)}, {"net", "f"}),
        ({"projects": ("own",)}, {"own", "port", "f"}),
        ({"names": (name("net"),)}, {"net"}),
        ({"names": ("c_rally_*",)}, {"own"}),
        ({"names": ("C_RALLY_*",)}, set()),
        ({"tags": ("keep",)}, ALL),
        ({"tags": ("other",)}, ALL),
    ],
)
def test_what_is_protected_is_kept(fields, ids):
    """So is what its kind does not tell enough of, with the protection's id in the reason."""
    found = kept(protect(**fields))
    assert set(found) == ids
    for id_, reason in found.items():
        assert (
            "protection p-1 of alice, 2026-03-01 12:00 UTC, keeps it: we look at it" in reason
            or (id_ == "own")
        )


def test_what_a_kind_does_not_tell_is_said():
    """The reason says why something else is kept, too."""
    assert kept(protect(projects=("p",)))["f"].startswith("compute.flavor has no project to comp")


@pytest.mark.parametrize(("seconds", "is_kept"), [(-1, False), (0, False), (1, True)])
def test_an_expired_protection_holds_nothing(seconds, is_kept):
    """It holds until its time, and not at it."""
    ends_at = sample.NOW + datetime.timedelta(seconds=seconds)
    found = kept(protect(ids=("net",), expires_at=ends_at))
    assert bool(found) is is_kept
    assert not is_kept or "until 2026-03-01 12:00 UTC" in found["net"]


def test_a_tag_in_the_cloud_keeps_a_resource():
    """No journal is needed for that."""
    marked = record("network.network", "net", name=name(), tags=("a", protections.HOLD_TAG))
    found = sample.judge(marked)["net"]
    assert (found.verdict, found.reason) == ("kept", "somebody has marked it cleanupd-protect")


def test_a_tag_of_a_project_keeps_all_that_is_in_it():
    """The project itself, too."""
    project = record(
        "identity.project", "own", name=name(letter="c"), tags=(protections.HOLD_TAG,)
    )
    found = sample.judge(project, PORT)
    assert found["own"].verdict == found["port"].verdict == "kept"
    assert found["port"].reason == "somebody has marked its project cleanupd-protect"


def test_what_is_needed_by_what_is_protected_stays():
    """A protected server keeps its network."""
    server = record("compute.server", "srv", name=name("srv"))
    port = record(
        "network.port",
        "port",
        name=name("port"),
        edges=(
            sample.made_for("compute.server", "srv"),
            sample.attached("network.network", "net"),
        ),
    )
    found = sample.judge(server, port, NET, protections=(protect(ids=("srv",)),))
    assert {f.verdict for f in found.values()} == {"kept"}


def test_what_is_new_and_cannot_be_compared_is_kept():
    """After the plan no name of a project is known: a protection that names one keeps all."""
    old, new = protect(projects=("lab",)), protect(projects=("lab",), made_at=sample.NOW)
    since = sample.NOW + datetime.timedelta(seconds=1)
    for one, at, is_kept in ((old, since, False), (new, sample.NOW, True)):
        shield = protections.Shield((one,), sample.KINDS, sample.NOW, since=at)
        assert bool(shield.why_kept(NET, sample.PART)) is is_kept


def test_a_kind_with_tags_is_compared():
    """Only what has the tag is kept."""
    known = {"network.port": sample.kinds.Kind(name="p", identity_fields=(), has_tags=True)}
    shield = protections.Shield((protect(tags=("keep",)),), known, sample.NOW)
    assert shield.why_kept(PORT, None)
    assert not shield.why_kept(record("network.port", "bare"), None)


def test_a_kind_without_names_is_kept_where_a_name_is_protected():
    """What has no name might be meant."""
    known = {"network.port": sample.kinds.Kind(name="p", identity_fields=())}
    shield = protections.Shield((protect(names=("x",)),), known, sample.NOW)
    assert "has no name to compare" in shield.why_kept(PORT, None)


WORDS = st.lists(
    st.sampled_from(["p", "q", "own", "lab", "net", "other", "f", "port"]), max_size=2
)


@hypothesis.given(ids=WORDS, projects=WORDS, globs=WORDS, tags=WORDS)
def test_what_is_protected_is_never_in_a_plan(ids, projects, globs, tags):
    """Whatever is protected, the plan is a part of the one without, and has nothing of it."""
    one = protect(
        ids=tuple(ids),
        projects=tuple(projects),
        names=tuple(f"*{g}*" for g in globs),
        tags=tuple(tags),
    )
    planned = set(sample.order(*WORLD, protections=(one,), parts={sample.PART: ()}))
    assert planned <= set(sample.order(*WORLD))
    assert not planned & set(ids)
    names = {"p": "lab"}
    for r in WORLD:
        if r.project_id in projects or names.get(r.project_id or "") in projects:
            assert r.ref.id not in planned
        if any(g in (r.name or "") for g in globs) or set(tags) & set(r.tags):
            assert r.ref.id not in planned
