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

"""A little cloud made of records, for tests of the pure core."""

import datetime

from cleanupd.core import generators
from cleanupd.core import judgement
from cleanupd.core import kinds
from cleanupd.core import model
from cleanupd.core import patterns
from cleanupd.core import planning
from cleanupd.core import resources
from cleanupd.core import roots
from cleanupd.core import safety
from cleanupd.core import workloads
from cleanupd.core.kinds import EdgeRule
from cleanupd.core.resources import EdgeSort

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
PART = "5a3b1c22"
OTHER_PART = "deadbeef"
#: Nothing is too young: the projects of the sample carry no date.
ANY_AGE = safety.Safety(min_age=datetime.timedelta(0))
MATCHER = patterns.Matcher(generators.BUILTIN_PATTERNS)


def _kind(name, attached=(), made_for=(), used_by=(), made=(), **more):
    rules = [EdgeRule(EdgeSort.ATTACHED_TO, target, "a field") for target in attached]
    rules += [EdgeRule(EdgeSort.CREATED_FOR, target, "a field") for target in made_for]
    rules += [EdgeRule(EdgeSort.USED_BY, target, "a field") for target in used_by]
    rules += [EdgeRule(EdgeSort.MADE, target, "a field") for target in made]
    return kinds.Kind(name=name, identity_fields=("name",), edges=tuple(rules), **more)


KINDS = {
    kind.name: kind
    for kind in (
        _kind(
            "compute.server",
            ("compute.flavor", "block_storage.volume"),
            cascades=("block_storage.volume",),
            suffixes=("_[0-9]+",),
            is_asynchronous=True,
        ),
        _kind("compute.flavor"),
        _kind("compute.keypair", ("identity.user",)),
        _kind("compute.server_group", used_by=("compute.server",)),
        _kind("network.trunk", ("network.port",)),
        _kind(
            "network.port",
            ("network.network", "network.subnet"),
            ("compute.server", "network.router", "network.floating_ip", "network.network"),
        ),
        _kind("network.floating_ip", ("network.port", "network.router", "network.network")),
        _kind("network.router", ("network.network",)),
        _kind("network.subnet", ("network.network",)),
        _kind("network.network"),
        _kind("block_storage.volume", ("image.image", "block_storage.volume_type")),
        _kind("block_storage.volume_type", used_by=("identity.project",)),
        _kind("block_storage.transfer", ("block_storage.volume",)),
        _kind("block_storage.backup", ("block_storage.volume", "block_storage.backup")),
        _kind(
            "image.image",
            holds=(
                kinds.Hold("protected", "it is protected", "remove_protected"),
                kinds.Hold("frozen", "it is frozen"),
            ),
        ),
        _kind("orchestration.stack", made=("network.network",), cascades=("network.network",)),
        _kind("identity.project", is_regional=False),
        _kind("identity.user", ("identity.project",), is_regional=False),
        _kind("identity.role", used_by=("identity.role_assignment",), is_regional=False),
        _kind(
            "identity.role_assignment",
            ("identity.project",),
            ("identity.user",),
            is_regional=False,
            is_removable=False,
        ),
    )
}


def ref(kind, id_):
    """Return the ref of a resource of the sample cloud."""
    return resources.Ref("sample", "one" if KINDS[kind].is_regional else "", kind, id_)


def name(text="thing", part=PART, letter="s"):
    """Return a name such as Rally gives; ``text`` makes its random part."""
    return f"{letter}_rally_{part}_{text:x<8.8}"


def record(kind, id_, **fields):
    """Return a record; it is four hours old unless its kind carries no date."""
    if kind.startswith(("network", "block", "compute.server")):
        fields.setdefault("created_at", NOW - 4 * HOUR)
    return resources.Resource(ref=ref(kind, id_), **fields)


def attached(kind, id_, **flags):
    """Return an attached-to edge."""
    return resources.attached_to(ref(kind, id_), **flags)


def made_for(kind, id_, **flags):
    """Return a created-for edge."""
    return resources.created_for(ref(kind, id_), **flags)


def used_by(kind, id_, **flags):
    """Return a used-by edge."""
    return resources.used_by(ref(kind, id_), **flags)


def stack(*networks, **fields):
    """Return a record of a stack that says that it made these networks."""
    refs = tuple(ref("network.network", one) for one in networks)
    fields = {"created_at": NOW - 4 * HOUR, **fields}
    edges = tuple(map(resources.made, refs))
    return record("orchestration.stack", "s", edges=edges, cascades=refs, **fields)


def snapshot(*records, broken=None, unseen=(), shut=None):
    """Return a snapshot; ``broken`` has the reasons of kinds that were not listed.

    ``shut`` has, by kind, the projects into which nobody could look for it.
    """
    broken, shut = broken or {}, shut or {}
    return model.Snapshot(
        cloud="sample",
        region="one",
        taken_at=NOW,
        roots={
            kind: roots.KindRoot.build(r for r in records if r.ref.kind == kind)
            for kind in KINDS
            if kind not in broken
        },
        trust={
            kind: model.Trust(kind, "it is shut", NOW, shut[kind])
            if kind in shut
            else model.Trust(kind, broken.get(kind), NOW)
            for kind in KINDS
        },
        unseen=unseen,
    )


def question(selection=None, sightings=None, options=ANY_AGE, protections=(), **fields):
    """Return a question; everything of the one workload is selected unless fields say else."""
    if selection is None:
        selection = workloads.Selection(**(fields or {"parts": {PART: ()}}))
    return judgement.Question(
        known=KINDS,
        matcher=MATCHER,
        selection=selection,
        sightings=sightings or {},
        safety=options,
        protections=protections,
    )


def judge(*records, broken=None, unseen=(), shut=None, sightings=None, options=ANY_AGE, **more):
    """Return the findings by id."""
    taken = snapshot(*records, broken=broken, unseen=unseen, shut=shut)
    asked = question(sightings=sightings, options=options, **more)
    found = judgement.judge(taken, asked)
    return {f.resource.ref.id: f for f in found.findings}


def verdicts(*records, **more):
    """Return the verdict of each resource that is not foreign, by id."""
    return {id_: str(f.verdict) for id_, f in judge(*records, **more).items()}


def plan(*records, **selection):
    """Return the plan for the records."""
    taken = snapshot(*records)
    asked = question(**selection)
    return planning.make_plan("p1", taken, judgement.judge(taken, asked), asked.selection)


def order(*records, **selection):
    """Return the ids of the planned removals, in order."""
    return [step.ref.id for step in plan(*records, **selection).steps]


def router_with_interface(**router):
    """Return a benchmark's router on a subnet of its network, as Neutron makes it."""
    return (
        record("network.network", "net", name=name("net"), project_id="p"),
        record(
            "network.subnet",
            "sub",
            name=name("sub"),
            project_id="p",
            edges=(attached("network.network", "net"),),
        ),
        record("network.router", "rtr", name=name("rtr"), project_id="p", **router),
        record(
            "network.port",
            "ifc",
            project_id="p",
            edges=(
                made_for("network.router", "rtr", is_first=True, is_serving=True),
                attached("network.network", "net"),
                attached("network.subnet", "sub"),
            ),
        ),
    )
