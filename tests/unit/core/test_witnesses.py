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
"""What a list lacks although something speaks of it."""

from cleanupd.core import resources
from cleanupd.core import witnesses
from tests.unit.core import sample

PORT = sample.record(
    "network.port",
    "p1",
    project_id="prj",
    edges=(resources.created_for(sample.ref("compute.server", "srv")),),
)
SERVER = sample.record("compute.server", "srv")
PROJECT = sample.record("identity.project", "prj")


def lacking(snapshot, before=None, seen=()):
    """Return the ids that each kind lacks."""
    found = witnesses.find_lacking(snapshot, before, seen)
    return {kind: [one.ref.id for one in some] for kind, some in found.items()}


def test_what_an_edge_leads_to_is_lacking():
    """A port speaks of a server, and of its project."""
    assert lacking(sample.snapshot(PORT)) == {
        "compute.server": ["srv"],
        "identity.project": ["prj"],
    }


def test_what_is_listed_is_not_lacking():
    """By its id or by another name of it."""
    flavor = sample.record("compute.flavor", "f1", aliases=("m1",))
    edges = (resources.attached_to(sample.ref("compute.flavor", "m1")),)
    server = sample.record("compute.server", "srv", edges=edges)
    assert not lacking(sample.snapshot(PORT, server, PROJECT, flavor))


def test_what_was_known_before_is_lacking():
    """It is asked for as the record that it was."""
    before = sample.snapshot(SERVER, PROJECT)
    found = witnesses.find_lacking(sample.snapshot(PROJECT), before, ())
    assert found == {"compute.server": (SERVER,)}


def test_what_was_seen_once_is_lacking():
    """So much a journal remembers."""
    assert lacking(sample.snapshot(), seen=[SERVER.ref]) == {"compute.server": ["srv"]}


def test_a_kind_that_was_not_listed_lacks_nothing():
    """That it is not to be believed is known."""
    snapshot = sample.snapshot(PORT)
    roots = {kind: root for kind, root in snapshot.roots.items() if kind == "network.port"}
    alone = type(snapshot)(
        cloud=snapshot.cloud,
        region=snapshot.region,
        taken_at=snapshot.taken_at,
        roots=roots,
        trust=snapshot.trust,
    )
    assert not lacking(alone, sample.snapshot(SERVER), [SERVER.ref])


def test_a_few_of_many_are_asked_for():
    """From all over them."""
    many = [sample.ref("compute.server", f"s{number:03}") for number in range(100)]
    [found] = lacking(sample.snapshot(), seen=many).values()
    assert len(found) == witnesses.MOST
    assert found[0] == "s000"
    assert found[-1] > "s075"
