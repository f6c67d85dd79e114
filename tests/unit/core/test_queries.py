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
"""What can be asked of the model, and what is made for what."""

from cleanupd.core import model
from cleanupd.core import resources
from cleanupd.core import roots

SERVER = resources.Ref("c", "r", "compute.server", "s")
OTHER = resources.Ref("c", "r", "compute.server", "t")
PORT = resources.Ref("c", "r", "network.port", "p")
ADDRESS = resources.Ref("c", "r", "network.floating_ip", "f")
VOLUME = resources.Ref("c", "r", "block_storage.volume", "v")


def make_root():
    """Return a root with a server, its port, an address of that, and a volume of two servers."""
    records = [
        resources.Resource(
            ref=SERVER, name="mine", project_id="one", host="cmp1", cascades=(VOLUME,)
        ),
        resources.Resource(ref=OTHER, project_id="two", host="cmp1"),
        resources.Resource(ref=PORT, project_id="one", edges=(resources.created_for(SERVER),)),
        resources.Resource(
            ref=ADDRESS, edges=(resources.created_for(PORT), resources.attached_to(SERVER))
        ),
        resources.Resource(ref=VOLUME, edges=(resources.attached_to(SERVER),)),
    ]
    kinds = {record.ref.kind for record in records}
    found = {
        kind: roots.KindRoot.build(
            (record for record in records if record.ref.kind == kind), lambda record: record.name
        )
        for kind in kinds
    }
    return model.ModelRoot(roots=found, trust={})


def refs(found):
    """Return the refs of what was found."""
    return {record.ref for record in found}


def test_who_is_where():
    """Servers of a host, the host of a server, and all of a project."""
    root = make_root()
    assert refs(root.on_host("cmp1")) == {SERVER, OTHER}
    assert root.get(SERVER).host == "cmp1"
    assert refs(root.of_project("one")) == {SERVER, PORT}
    assert refs(root.of_workload("mine")) == {SERVER}
    assert refs(root.of_project("nobody")) == set()


def test_what_was_made_for_what():
    """Directly, and for what was made for it in turn, each once."""
    root = make_root()
    assert refs(root.created_for(SERVER)) == {PORT}
    assert [r.ref for r in root.created_for(SERVER, is_transitive=True)] == [PORT, ADDRESS]


def test_what_is_attached_to_what():
    """Attached is not created, and both, and cascades, point somewhere."""
    root = make_root()
    assert refs(root.attached_to(SERVER)) == {ADDRESS, VOLUME}
    assert refs(root.pointing_to(SERVER)) == {PORT, ADDRESS, VOLUME}
    assert refs(root.pointing_to(VOLUME)) == {SERVER}


def test_what_was_made_for_two_comes_once():
    """A resource that was made for the owner and for something of his is one resource."""
    both = (resources.created_for(SERVER), resources.created_for(PORT))
    records = [
        resources.Resource(ref=PORT, edges=(resources.created_for(SERVER),)),
        resources.Resource(ref=ADDRESS, edges=both),
    ]
    found = {r.ref.kind: roots.KindRoot.build([r]) for r in records}
    root = model.ModelRoot(roots=found, trust={})
    assert sorted(r.ref.kind for r in root.created_for(SERVER, is_transitive=True)) == [
        "network.floating_ip",
        "network.port",
    ]
