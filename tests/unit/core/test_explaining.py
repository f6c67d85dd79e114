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

"""Why a resource is a benchmark's, or why it is not."""

import msgspec
import pytest

from cleanupd.core import explaining
from cleanupd.core import judgement
from tests.unit.core import sample
from tests.unit.core.sample import attached
from tests.unit.core.sample import made_for
from tests.unit.core.sample import name
from tests.unit.core.sample import record


def explain(*records, **fields):
    """Return the explanation of the first record."""
    taken = sample.snapshot(*records)
    judged = judgement.judge(taken, sample.question(**fields))
    return explaining.explain(taken, sample.KINDS, sample.MATCHER, judged, records[0])


def said(told):
    """Return the chain as pairs of id and sentence."""
    return [(link.ref.id, link.says) for link in told.chain]


PROJECT = record("identity.project", "p", name=name(letter="c"))
SERVER = record("compute.server", "srv", name=name(), project_id="p", user_id="u")
PORT = record("network.port", "prt", project_id="p", edges=(made_for("compute.server", "srv"),))


def test_a_name_of_its_own_is_the_whole_chain():
    """One link, and the verdict with it."""
    told = explain(record("network.network", "net", name=name()))
    assert (told.state, told.part, told.scope, told.reason) == (
        "leak",
        sample.PART,
        "scenario",
        None,
    )
    assert said(told) == [("net", f"its name is a scenario name of workload {sample.PART}")]


def test_a_chain_leads_through_the_owner():
    """From what the service made to the name of its owner."""
    told = explain(PORT, SERVER)
    assert [link.ref.id for link in told.chain] == ["prt", "srv"]
    assert told.chain[0].says == f"the service made it for server {SERVER.name}"


def test_a_chain_leads_through_the_project():
    """From what is in it to the name of the project."""
    told = explain(record("network.network", "net", name="x", project_id="p"), PROJECT)
    assert [(link.ref.id, link.name) for link in told.chain] == [("net", "x"), ("p", PROJECT.name)]


def test_a_chain_leads_from_a_boot_disk_to_its_server():
    """Though it is the server that has the edge."""
    disk = record(
        "block_storage.volume",
        "vol",
        project_id="p",
        user_id="u",
        edges=(attached("image.image", "img"),),
    )
    server = record(
        "compute.server",
        "srv",
        name=name(),
        project_id="p",
        user_id="u",
        edges=(attached("block_storage.volume", "vol"),),
        cascades=(disk.ref,),
    )
    assert [link.ref.id for link in explain(disk, server).chain] == ["vol", "srv"]


def test_the_reason_is_that_of_the_verdict():
    """What keeps a benchmark's resource is told beside the chain."""
    told = explain(SERVER, is_everything=False, parts={sample.OTHER_PART: ()})
    assert told.state == "active"
    assert told.reason
    assert len(told.chain) == 1


def test_what_is_only_looked_at_has_a_chain_too():
    """It is nobody's to remove, and goes with what it is tied to."""
    user = record("identity.user", "u", name=name(letter="c"))
    assignment = record("identity.role_assignment", "a", edges=(made_for("identity.user", "u"),))
    told = explain(assignment, user)
    assert (told.state, told.reason) == ("kept", "it goes with what it is tied to")
    assert [link.ref.id for link in told.chain] == ["a", "u"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "it has no name"),
        ("backup", "its name is no benchmark's"),
        ("s_rally_backup-of-production", "its name begins as a benchmark's does, and is none"),
    ],
)
def test_a_name_that_proves_nothing_is_told(text, says):
    """Whatever is wrong with it."""
    told = explain(record("network.network", "net", name=text))
    assert (told.state, told.part, told.scope) == ("foreign", None, None)
    assert told.reason == "nothing proves that a benchmark made it"
    assert said(told) == [("net", says)]


def test_a_kind_without_names_is_told():
    """Then nobody looks for one."""
    nameless = msgspec.structs.replace(sample.KINDS["network.network"], named_by="")
    known = {**sample.KINDS, nameless.name: nameless}
    one = record("network.network", "net")
    taken = sample.snapshot(one)
    judged = judgement.judge(taken, sample.question())
    told = explaining.explain(taken, known, sample.MATCHER, judged, one)
    assert said(told) == [("net", "resources of its kind have no names")]


def test_homes_that_prove_nothing_are_told():
    """A project of somebody's, and a user that is gone."""
    one = record("network.network", "net", name="x", project_id="q", user_id="gone")
    told = explain(one, record("identity.project", "q", name="production"))
    assert said(told)[1:] == [
        ("q", "its project is no benchmark's"),
        ("gone", "its user is not there"),
    ]


def test_what_somebody_made_in_a_benchmarks_project_is_told():
    """The project is a benchmark's, the user is not."""
    one = record("network.network", "net", name="x", project_id="p", user_id="v")
    told = explain(one, PROJECT, record("identity.user", "v", name="admin"))
    assert told.state == "undecidable"
    assert said(told)[1:] == [
        ("p", "its project is a benchmark's, which alone proves nothing"),
        ("v", "its user is no benchmark's"),
    ]


def test_a_project_that_is_shared_is_told():
    """Where somebody else has a role, what is in it may be theirs."""
    role = record(
        "identity.role_assignment",
        "a",
        edges=(made_for("identity.user", "v"), attached("identity.project", "p")),
    )
    one = record("network.network", "net", name="x", project_id="p")
    told = explain(one, PROJECT, role, record("identity.user", "v", name="admin"))
    assert ("p", "its project is a benchmark's, but somebody else has a role there") in said(told)


def test_what_has_a_manager_is_told_so():
    """Its owner is unknown here."""
    one = record("network.port", "prt", project_id="p", manager="manila")
    assert ("prt", "manila made it, and for whom is not known") in said(explain(one, PROJECT))


def test_ties_that_prove_nothing_are_told():
    """In both directions, with what each of them is tied to."""
    address = record(
        "network.floating_ip",
        "fip",
        edges=(attached("network.port", "prt"), attached("network.network", "ext")),
    )
    told = explain(address, PORT, SERVER)
    assert said(told)[1:] == [
        ("prt", "it is attached to this, a benchmark's, which proves nothing"),
        ("ext", "it is attached to this, no benchmark's"),
    ]
    network = record("network.network", "net")
    port = record("network.port", "prt", name=name(), edges=(attached("network.network", "net"),))
    other = record("network.port", "oth", edges=(attached("network.network", "net"),))
    assert said(explain(network, port, other))[1:] == [
        ("prt", "this benchmark's resource is tied to it, which proves nothing")
    ]


@pytest.mark.parametrize(
    ("owner", "says"),
    [
        (None, "its owner is not there"),
        (record("compute.server", "srv", name="db"), "its owner is no benchmark's"),
        (SERVER, "its owner is a benchmark's, but it is not as the service makes such a thing"),
    ],
)
def test_an_owner_that_proves_nothing_is_told(owner, says):
    """It is gone, or somebody's, or did not make the service make this."""
    port = record("network.port", "prt", name="mine", edges=(made_for("compute.server", "srv"),))
    told = explain(port, *([owner] if owner else []))
    assert ("srv", says) in said(told)
