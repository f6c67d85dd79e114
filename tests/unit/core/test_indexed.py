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

"""A plan costs what the leaks cost, and says what a look at every record would say."""

import functools
import random

from cleanupd.core import judgement as judgements
from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import patterns
from cleanupd.core import resources
from cleanupd.core import roots
from tests.unit.core import sample
from tests.unit.core.sample import MATCHER
from tests.unit.core.sample import name
from tests.unit.core.sample import record

FINDER = ownership.PartFinder(MATCHER)
PARTS = (sample.PART, "deadbeef")
SERVER, DISK = "compute.server", "block_storage.volume"
KNOWN = (sample.KINDS, MATCHER)


def make(dice):
    """Return a random cloud: names, projects, users and ties are anybody's."""
    found = []
    refs = [sample.ref(kind, f"{kind}-{i}") for kind in sample.KINDS for i in range(3)]
    for ref in refs:
        kind = sample.KINDS[ref.kind]
        edges = [
            resources.Edge(
                rule.sort,
                dice.choice([one for one in refs if one.kind == rule.target] or refs),
                is_first=dice.random() < 0.3,
                is_loose=dice.random() < 0.3,
            )
            for rule in kind.edges
            if dice.random() < 0.6
        ]
        found.append(
            record(
                ref.kind,
                ref.id,
                name=dice.choice([None, "ours", name(part=dice.choice(PARTS))]),
                project_id=dice.choice([None, "identity.project-0", "identity.project-1", "x"]),
                user_id=dice.choice([None, "identity.user-0", "y"]),
                edges=tuple(edges),
                # Each disk has one server.
                cascades=(sample.ref(DISK, f"{DISK}{ref.id[-2:]}"),) if ref.kind == SERVER else (),
            )
        )
    return found


def look(records, find_part):
    """Return a snapshot whose names were looked at, or not, when records arrived."""
    plain = sample.snapshot(*records)
    found = {
        kind: roots.KindRoot.build(
            root.records.values(), functools.partial(find_part, sample.KINDS[kind])
        )
        for kind, root in plain.roots.items()
    }
    return model.Snapshot(
        cloud=plain.cloud,
        region=plain.region,
        taken_at=plain.taken_at,
        roots=found,
        trust=plain.trust,
    )


def test_what_the_model_has_looked_at_is_judged_alike():
    """Of two hundred random clouds, whether names are found by an index or one by one."""
    for seed in range(200):
        records = make(random.Random(seed))
        question = sample.question()
        found, expected = (
            judgements.judge(look(records, find_part), question)
            for find_part in (FINDER, lambda _, __: None)
        )
        assert [(f.resource.ref, f.verdict) for f in found.findings] == [
            (f.resource.ref, f.verdict) for f in expected.findings
        ]
        assert found.foreign == expected.foreign
        assert found.foreign + len(ownership.find_claims(look(records, FINDER), *KNOWN)) + len(
            found.of(judgements.Verdict.UNDECIDABLE)
        ) == len(records)


def test_nothing_is_left_out_that_an_edge_or_a_home_leads_to():
    """All that points to a claimed resource, by id or alias, or lives in one, is near."""
    for seed in range(100):
        snapshot = look(make(random.Random(seed)), FINDER)
        claims = ownership.find_claims(snapshot, *KNOWN)
        judged = judgements.judge(snapshot, sample.question())
        near = {one.ref for one in judged.graph.near}
        for one in snapshot:
            targets = {*(edge.target for edge in one.edges), *one.cascades}
            is_home = any(home in claims for home in judged.graph.homes(one))
            assert one.ref in near or not (one.ref in claims or targets & claims.keys() or is_home)


def test_finders_of_the_same_patterns_are_the_same():
    """Those of others are not; nor is what was found for another kind."""
    same, other = patterns.Matcher(MATCHER.patterns), patterns.Matcher(MATCHER.patterns[:1])
    assert ownership.PartFinder(same) == FINDER
    assert hash(ownership.PartFinder(same)) == hash(FINDER)
    assert ownership.PartFinder(other) != FINDER
    assert FINDER != "another"
    server = record("compute.server", "1", name=name(text="thing", part=sample.PART) + "-1")
    plain = kinds.Kind(name="compute.server", identity_fields=())
    assert FINDER(plain, server) is None


def test_what_was_asked_for_is_remembered():
    """Also that there is nothing, and a name by which others know it."""
    flavor = record("compute.flavor", "1", aliases=("m1",))
    snapshot = sample.snapshot(flavor).remembered()
    for _ in range(2):
        assert snapshot.get(flavor.ref) == flavor
        assert snapshot.get(sample.ref("compute.flavor", "m1")) is None
    assert snapshot.named(sample.ref("compute.flavor", "m1")) == flavor
    assert snapshot.named(sample.ref("compute.flavor", "m2")) is None
    assert sample.snapshot(broken={"compute.flavor": "x"}).named(flavor.ref) is None
