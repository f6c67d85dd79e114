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

"""What a service would remove, or break, under somebody who hangs on it stays.

The kinds are those of the plugins: what they declare decides.
"""

import pytest

from cleanupd.core import generators
from cleanupd.core import judgement
from cleanupd.core import model
from cleanupd.core import patterns
from cleanupd.core import resources
from cleanupd.core import roots
from cleanupd.core import workloads
from cleanupd.services.base import registry
from tests.unit.core import sample

KINDS = {name: plugin.KIND for name, plugin in registry.load_managers()[0].items()}
MATCHER = patterns.Matcher(generators.BUILTIN_PATTERNS)

#: A kind, and the kind of somebody's that hangs on it, as the latter's or its own record tells.
HANGS = (
    ("compute.flavor", "compute.server"),
    ("image.image", "compute.server"),
    ("image.image", "block_storage.volume"),
    ("block_storage.volume", "compute.server"),
    ("block_storage.volume", "block_storage.snapshot"),
    ("network.network", "network.port"),
    ("network.network", "network.subnet"),
    ("network.network", "network.router"),
    ("network.security_group", "network.port"),
    ("network.router", "network.port"),
    ("identity.service", "identity.endpoint"),
    ("identity.role", "identity.role"),
)
TELLS = (
    ("compute.server_group", "compute.server"),
    ("block_storage.volume_type", "identity.project"),
)


def record(kind, id_, **fields):
    """Return a record of a real kind."""
    region = "one" if KINDS[kind].is_regional else ""
    return resources.Resource(ref=resources.Ref("sample", region, kind, id_), **fields)


def judge(*records):
    """Return the verdicts on leaks among these, by id."""
    snapshot = model.Snapshot(
        cloud="sample",
        region="one",
        taken_at=sample.NOW,
        roots={
            kind: roots.KindRoot.build(one for one in records if one.ref.kind == kind)
            for kind in KINDS
        },
        trust={kind: model.Trust(kind, None, sample.NOW) for kind in KINDS},
    )
    question = judgement.Question(
        known=KINDS,
        matcher=MATCHER,
        selection=workloads.Selection(parts={sample.PART: ("w",)}),
        safety=sample.ANY_AGE,
    )
    return {
        finding.resource.ref.id: finding.verdict
        for finding in judgement.judge(snapshot, question).findings
    }


def leak(kind, **fields):
    """Return a benchmark's resource."""
    return record(kind, "leak", name=sample.name(), **fields)


@pytest.mark.parametrize(("kind", "dependent"), HANGS)
def test_what_somebody_hangs_on_stays(kind, dependent):
    """Without it, it goes."""
    sorts = {rule.sort for rule in KINDS[dependent].edges if rule.target == kind}
    edge = resources.created_for(leak(kind).ref, is_first=True)
    if resources.EdgeSort.ATTACHED_TO in sorts:
        edge = resources.attached_to(leak(kind).ref)
    foreign = record(dependent, "foreign", name="production", edges=(edge,))
    assert judge(leak(kind)) == {"leak": "leak"}
    assert judge(leak(kind), foreign)["leak"] == "kept"


@pytest.mark.parametrize(("kind", "user"), TELLS)
def test_what_tells_of_somebody_stays(kind, user):
    """Without him, it goes."""
    foreign = record(user, "foreign", name="production")
    assert judge(leak(kind), foreign)["leak"] == "leak"
    used = leak(kind, edges=(resources.used_by(foreign.ref),))
    assert judge(used, foreign)["leak"] == "kept"
