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

"""What may be removed, and why everything else stays."""

import datetime

import pytest

from tests.unit.core import sample
from tests.unit.core.sample import attached
from tests.unit.core.sample import made_for
from tests.unit.core.sample import name
from tests.unit.core.sample import record


def project(id_="p", **fields):
    """Return a benchmark's project."""
    return record("identity.project", id_, **{"name": name(letter="c"), **fields})


def network(**fields):
    """Return a benchmark's network."""
    return record("network.network", "net", **{"name": name(), **fields})


def port(id_="port", *edges, **fields):
    """Return a port on the network ``net``."""
    on_net = attached("network.network", "net")
    return record("network.port", id_, edges=(on_net, *edges), **fields)


def test_a_claimed_resource_of_a_selected_workload_is_a_leak():
    """What is selected and has nothing against it goes."""
    assert sample.verdicts(network()) == {"net": "leak"}


def test_foreign_resources_are_counted_and_not_listed():
    """What is nobody's but its owner's does not appear."""
    found = sample.judge(record("network.network", "a", name="production"))
    assert not found


def test_other_workloads_are_active():
    """What was not named is left alone, and the finding says so."""
    found = sample.judge(network(), parts={sample.OTHER_PART: ()})
    assert found["net"].verdict == "active"
    assert found["net"].reason == "its workload was not named"


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        ({"scopes": frozenset({"context"})}, "scope scenario was not asked for"),
        ({"kinds": frozenset({"compute.server"})}, "kind network.network was not asked for"),
        ({"formats": frozenset({"c_rally"})}, "names like s_rally_XXXXXXXX_XXXXXXXX were not"),
        ({"only": frozenset({sample.OTHER_PART})}, "only other workloads were asked for"),
    ],
)
def test_a_narrower_selection_leaves_the_rest_alone(selection, reason):
    """Scope, kind, format and a choice of workloads narrow what is taken."""
    found = sample.judge(network(), parts={sample.PART: ()}, **selection)
    assert found["net"].verdict == "active"
    assert found["net"].reason.startswith(reason)


def test_a_foreign_dependent_keeps_what_it_uses():
    """A production port on a benchmark's network keeps the network, and the reason names it."""
    found = sample.judge(network(), port(name="production"))
    assert found["net"].verdict == "kept"
    assert found["net"].reason == "the foreign port production (port) uses it"


def test_what_is_kept_keeps_what_it_needs():
    """A foreign port on a subnet keeps the subnet's network, which has nobody else."""
    subnet_of = attached("network.network", "net")
    foreign = record("network.port", "x", name="x", edges=(attached("network.subnet", "sub"),))
    subnet = record("network.subnet", "sub", name=name(), edges=(subnet_of,))
    assert sample.verdicts(network(), subnet, foreign) == {"net": "kept", "sub": "kept"}


def test_a_dependent_of_another_workload_keeps_as_well():
    """A port of a live workload keeps the network of one that is over."""
    found = sample.judge(network(), port(name=name(part=sample.OTHER_PART)))
    assert found["net"].verdict == "kept"
    assert found["net"].reason.endswith("which is not selected, uses it")


def test_a_loose_dependent_keeps_nothing():
    """A floating IP of production survives the port that it was moved to."""
    moved = record(
        "network.floating_ip",
        "fip",
        name="reserved",
        edges=(attached("network.port", "port", is_loose=True),),
    )
    assert sample.verdicts(network(), port(name=name()), moved)["port"] == "leak"


def test_what_a_foreign_owner_uses_is_kept():
    """A benchmark's port in a production server stays."""
    server = record("compute.server", "s", name="production")
    found = sample.judge(
        network(), port("port", made_for("compute.server", "s"), name=name()), server
    )
    assert found["port"].verdict == "kept"
    assert found["net"].verdict == "kept"


def test_a_foreign_port_in_a_server_does_not_keep_the_server():
    """Nova lets go of a port that it did not make: the server may go."""
    server = record("compute.server", "s", name=name(), project_id="prod")
    foreign = record(
        "network.port",
        "x",
        name="production",
        project_id="prod",
        edges=(made_for("compute.server", "s"),),
    )
    assert sample.verdicts(server, foreign) == {"s": "leak", "x": "undecidable"}


def test_a_server_that_would_take_foreign_data_along_is_kept():
    """A production volume with delete_on_termination keeps the server it is attached to."""
    volume = record("block_storage.volume", "v", name="production")
    server = record("compute.server", "s", name=name(), cascades=(volume.ref,))
    found = sample.judge(server, volume)
    assert found["s"].verdict == "kept"
    assert "would remove the foreign volume production" in found["s"].reason


def test_a_foreign_server_and_its_disk_are_nobodys_business():
    """Production's own delete_on_termination is production's."""
    volume = record("block_storage.volume", "v")
    assert not sample.judge(volume, record("compute.server", "s", cascades=(volume.ref,)))


def test_a_disk_that_is_gone_does_not_keep_its_server():
    """A server that speaks of a volume which is not there any more may go."""
    gone = sample.ref("block_storage.volume", "v")
    assert sample.verdicts(record("compute.server", "s", name=name(), cascades=(gone,))) == {
        "s": "leak"
    }


def test_an_attached_production_volume_keeps_nothing():
    """Volumes that stay are detached by the removal of the server."""
    volume = record("block_storage.volume", "v", name="production")
    server = record(
        "compute.server", "s", name=name(), edges=(attached("block_storage.volume", "v"),)
    )
    assert sample.verdicts(server, volume) == {"s": "leak"}


def test_an_alias_resolves_to_what_it_names():
    """A production server that was made with a benchmark's flavor keeps the flavor."""
    flavor = record("compute.flavor", "7", name=name(), aliases=(name(),))
    server = record(
        "compute.server", "s", name="production", edges=(attached("compute.flavor", name()),)
    )
    assert sample.verdicts(flavor, server) == {"7": "kept"}


def test_a_whole_router_goes():
    """A router, its unnamed interface, its subnet and its network are all leaks."""
    found = sample.verdicts(*sample.router_with_interface())
    assert found == dict.fromkeys(("net", "sub", "rtr", "ifc"), "leak")


def test_a_router_that_serves_a_foreign_port_is_kept():
    """What a foreign port reaches the world through stays: subnet, interface and router."""
    foreign = record("network.port", "x", name="x", edges=(attached("network.subnet", "sub"),))
    found = sample.judge(*sample.router_with_interface(), foreign)
    assert {f.verdict for f in found.values()} == {"kept"}
    assert "it serves the subnet" in found["rtr"].reason


def test_a_router_with_a_foreign_interface_is_kept():
    """Somebody's own port in a benchmark's router keeps the router."""
    foreign = record(
        "network.port",
        "x",
        name="x",
        edges=(made_for("network.router", "rtr", is_first=True, is_serving=True),),
    )
    found = sample.judge(*sample.router_with_interface(), foreign)
    assert found["rtr"].reason == "the foreign port x (x) is a part of it"
    assert found["ifc"].verdict == found["sub"].verdict == "kept"
    assert found["x"].verdict == "undecidable"


def test_a_router_of_a_scenario_may_leave_its_contexts_subnet():
    """The subnet that stays because of its scope alone had no router before the scenario."""
    _, sub, rtr, ifc = sample.router_with_interface()
    net = record("network.network", "net", name=name(letter="c"))
    sub = record("network.subnet", "sub", name=name(letter="c"), edges=sub.edges)
    found = sample.verdicts(
        net, sub, rtr, ifc, parts={sample.PART: ()}, scopes=frozenset({"scenario"})
    )
    assert found["rtr"] == found["ifc"] == "leak"
    assert found["sub"] == "active"


def test_a_router_that_serves_another_workload_is_kept():
    """A subnet of a live workload keeps the router that a dead one left on it."""
    net, sub, rtr, ifc = sample.router_with_interface()
    sub = record("network.subnet", "sub", name=name(part=sample.OTHER_PART), edges=sub.edges)
    assert sample.verdicts(net, sub, rtr, ifc)["rtr"] == "kept"


def test_a_project_goes_with_all_that_is_in_it():
    """A project whose resources all go, goes too."""
    found = sample.verdicts(project(), network(project_id="p"))
    assert found == {"p": "leak", "net": "leak"}


def test_a_project_stays_with_what_stays_in_it():
    """A share server's port in a project is nobody's here: it keeps the project."""
    found = sample.judge(project(), port(project_id="p", manager="manila:share"))
    assert found["p"].verdict == "kept"
    assert found["port"].verdict == "undecidable"
    assert "manila:share made it" in found["port"].reason


def test_a_named_port_of_a_manager_is_kept():
    """Even a benchmark's name does not take a port from its manager."""
    found = sample.judge(record("network.port", "a", name=name(), manager="Octavia"))
    assert found["a"].reason == "Octavia made it: that must remove it"


def assignment(user, project_id):
    """Return the assignment of some role."""
    return record(
        "identity.role_assignment",
        f"{user}:{project_id}",
        edges=(made_for("identity.user", user), attached("identity.project", project_id)),
    )


def test_a_foreign_assignment_keeps_the_project():
    """Somebody who was given a role in a benchmark's project uses it."""
    found = sample.judge(project(), record("identity.user", "me"), assignment("me", "p"))
    assert found["p"].verdict == "kept"


def test_the_assignments_of_its_own_users_keep_no_project():
    """A benchmark's users go with their assignments, which are no leaks of their own."""
    user = record("identity.user", "u", name=name(letter="c"))
    assert sample.verdicts(project(), user, assignment("u", "p")) == {"p": "leak", "u": "leak"}


def test_a_user_stays_with_what_is_left_of_him():
    """A foreign server that a benchmark's user made keeps the user."""
    user = record("identity.user", "u", name=name(letter="c"))
    server = record("compute.server", "s", name="production", user_id="u", project_id="prod")
    assert sample.verdicts(user, server) == {"u": "kept"}


@pytest.mark.parametrize(
    "kind", ["network.port", "network.subnet", "network.router", "identity.project"]
)
def test_a_kind_that_was_not_listed_keeps_what_it_could_use(kind):
    """Without the listing of whatever could be tied to a network no network is removed."""
    found = sample.judge(network(), broken={kind: "503"})
    assert found["net"].verdict == "kept"
    assert found["net"].reason == f"{kind} could be tied to it and is not known: 503"


def test_a_kind_that_cannot_be_tied_does_not_matter():
    """A failed listing of volumes keeps no network."""
    broken = {"block_storage.volume": "503"}
    assert sample.verdicts(network(), broken=broken) == {"net": "leak"}


@pytest.mark.parametrize("kind", sorted(set(sample.KINDS) - {"identity.project"}))
def test_any_kind_that_was_not_listed_keeps_projects(kind):
    """A project is removed only when everything that it could hold is known."""
    assert sample.judge(project(), broken={kind: "503"})["p"].verdict == "kept"


def test_a_place_that_nobody_looks_at_keeps_projects():
    """A service without a plugin may hold things of a project, but not of a network."""
    found = sample.judge(project(), network(), unseen=("service dns is not looked at",))
    assert found["p"].reason == "it may own more: service dns is not looked at"
    assert found["net"].verdict == "leak"


def test_an_orphan_without_name_and_project_is_undecidable():
    """A port of a server that is gone, in a project that is gone, is reported and stays."""
    found = sample.judge(port("port", made_for("compute.server", "gone"), project_id="gone"))
    assert found["port"].verdict == "undecidable"
    assert "its owner is gone" in found["port"].reason


def test_an_orphan_in_somebodys_project_is_foreign():
    """A port of a server that is gone, in a living project, is its project's."""
    found = sample.judge(
        port("port", made_for("compute.server", "gone"), project_id="prod"),
        record("identity.project", "prod", name="production"),
    )
    assert not found


def test_what_somebody_else_made_in_a_benchmarks_project_is_undecidable():
    """A server that a foreign user owns is kept, and keeps the project."""
    server = record("compute.server", "s", name="production", project_id="p", user_id="me")
    found = sample.judge(project(), record("identity.user", "me"), server)
    assert found["s"].verdict == "undecidable"
    assert found["p"].verdict == "kept"


def test_what_a_vanished_user_made_in_a_benchmarks_project_is_the_benchmarks():
    """A benchmark may have deleted its users first."""
    server = record("compute.server", "s", project_id="p", user_id="gone")
    assert sample.verdicts(project(), server) == {"p": "leak", "s": "leak"}


def test_a_project_that_somebody_shares_is_no_evidence():
    """Where a foreign user has a role, what has no name of a benchmark may be that user's."""
    me = record("identity.user", "me")
    image = record("network.network", "net", name="golden", project_id="p")
    found = sample.judge(project(), me, assignment("me", "p"), image)
    assert found["net"].verdict == "undecidable"
    assert found["p"].verdict == "kept"


def test_a_groups_assignment_keeps_the_project():
    """Who is in the group is not known here."""
    role = record(
        "identity.role_assignment",
        "g",
        project_id="p",
        edges=(attached("identity.project", "p"),),
    )
    assert sample.judge(project(), role)["p"].verdict == "kept"


def test_a_floating_ip_that_serves_production_is_kept():
    """A benchmark's address that leads to a production port is production's way out."""
    leads = attached("network.port", "x", is_loose=True, is_serving=True)
    address = record("network.floating_ip", "f", name=name(), edges=(leads,))
    found = sample.judge(address, record("network.port", "x", name="production"))
    assert found["f"].reason == "it serves the foreign port production (x)"


def test_a_workload_that_may_be_alive_is_kept_and_not_forgotten():
    """Idle or not cannot be told of undated resources: they count as left."""
    found = sample.judge(
        record("compute.flavor", "f", name=name()), idle=datetime.timedelta(minutes=10)
    )
    assert found["f"].verdict == "kept"
    assert "carry no date" in found["f"].reason


def test_a_boot_disk_that_its_server_does_not_take_along_is_undecidable():
    """Without delete_on_termination nothing proves it, and nothing forgets it."""
    volume = record(
        "block_storage.volume",
        "v",
        project_id="prod",
        edges=(attached("image.image", "cirros"),),
    )
    server = record(
        "compute.server",
        "s",
        name=name(),
        project_id="prod",
        edges=(attached(volume.ref.kind, "v"),),
    )
    found = sample.judge(server, volume)
    assert found["v"].verdict == "undecidable"
    assert found["s"].verdict == "leak"


def test_a_stack_goes_with_what_it_made():
    """Both are leaks."""
    made = record("network.network", "net", name="x")
    assert sample.verdicts(sample.stack("net", name=name()), made) == {"s": "leak", "net": "leak"}


def test_a_stack_that_stays_keeps_what_it_made():
    """Though that has a benchmark's name of its own: it goes through the stack alone."""
    found = sample.judge(sample.stack("net", name="production"), network())
    assert found["net"].reason == "the foreign stack production (s) uses it"


def test_a_stack_stays_with_what_it_would_take_along():
    """What it adopted is not the benchmark's, and would be removed with it."""
    older = sample.NOW - 9 * sample.HOUR
    adopted = record("network.network", "net", name="production", created_at=older)
    found = sample.judge(sample.stack("net", name=name()), adopted)
    assert found["s"].reason == "its removal would remove the foreign network production (net)"


def test_a_stack_stays_while_somebody_uses_what_it_made():
    """A foreign port on its network keeps both."""
    made = record("network.network", "net", name="x")
    found = sample.judge(sample.stack("net", name=name()), made, port(project_id="prod"))
    assert "the foreign port" in found["net"].reason
    assert found["s"].reason == "its removal would remove the network x (net), which is kept"


def test_a_project_that_could_not_be_looked_into_is_kept():
    """With its users; all else, also in it, is known and goes."""
    user = record("identity.user", "u", name=name(letter="c"))
    assignment = record(
        "identity.role_assignment",
        "u/p",
        user_id="u",
        project_id="p",
        edges=(made_for("identity.user", "u"), attached("identity.project", "p")),
    )
    records = (project(), project("q"), user, assignment, network(project_id="p"))
    found = sample.judge(*records, shut={"compute.keypair": ("p",)})
    reason = "compute.keypair in it is not known: it is shut"
    assert (found["p"].reason, found["u"].reason) == (reason, reason)
    assert [found[id_].verdict for id_ in ("q", "net")] == ["leak", "leak"]


def test_a_listing_that_failed_keeps_more_than_one_that_lacks_a_project():
    """What a stack could have made is kept where no stack is known."""
    kind = "orchestration.stack"
    assert sample.verdicts(network(), shut={kind: ("p",)}) == {"net": "leak"}
    assert sample.verdicts(network(), broken={kind: "it broke"}) == {"net": "kept"}
