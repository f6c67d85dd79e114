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

"""The order of removals, and what a plan says."""

from tests.unit.core import sample
from tests.unit.core.sample import attached
from tests.unit.core.sample import made_for
from tests.unit.core.sample import name
from tests.unit.core.sample import record


def before(ids, first, then):
    """Whether one id stands before another."""
    return ids.index(first) < ids.index(then)


def test_what_is_attached_goes_first():
    """A router's interface goes before subnet and router, the subnet before the network."""
    ids = sample.order(*sample.router_with_interface())
    assert before(ids, "ifc", "sub")
    assert before(ids, "ifc", "rtr")
    assert before(ids, "sub", "net")


def test_what_goes_with_its_owner_goes_after_it():
    """A server goes before its port, and the port before the network."""
    ids = sample.order(
        record("network.network", "net", name=name(), project_id="p"),
        record("compute.server", "s", name=name(), project_id="p"),
        record(
            "network.port",
            "port",
            project_id="p",
            edges=(made_for("compute.server", "s"), attached("network.network", "net")),
        ),
    )
    assert ids == ["s", "port", "net"]


def test_a_dhcp_port_goes_with_its_network():
    """A DHCP port is attached to what goes before it, and makes no circle."""
    ids = sample.order(
        record("network.network", "net", name=name(), project_id="p"),
        record("network.subnet", "sub", name=name(), edges=(attached("network.network", "net"),)),
        record(
            "network.port",
            "dhcp",
            project_id="p",
            edges=(
                made_for("network.network", "net"),
                attached("network.network", "net"),
                attached("network.subnet", "sub"),
            ),
        ),
    )
    assert ids == ["sub", "net", "dhcp"]


def test_a_floating_ip_goes_before_the_parts_of_its_router():
    """Neutron refuses to take an interface away that a floating IP is routed through."""
    fip = record(
        "network.floating_ip", "fip", name=name(), edges=(attached("network.router", "rtr"),)
    )
    ids = sample.order(*sample.router_with_interface(), fip)
    assert before(ids, "fip", "ifc")


def test_a_floating_ip_that_stays_lets_go_of_the_router_with_its_port():
    """The port that a production floating IP points to goes before the router's parts."""
    fip = record(
        "network.floating_ip",
        "fip",
        name="reserved",
        edges=(
            attached("network.port", "port", is_loose=True),
            attached("network.router", "rtr", is_loose=True),
        ),
    )
    port = record("network.port", "port", name=name())
    ids = sample.order(*sample.router_with_interface(), fip, port)
    assert before(ids, "port", "ifc")
    assert before(ids, "port", "rtr")


def test_disks_go_after_the_server_that_takes_them_along():
    """The server goes before the disk with delete_on_termination."""
    disk = record("block_storage.volume", "v", name=name())
    server = record("compute.server", "s", name=name(), cascades=(disk.ref,))
    assert sample.order(disk, server) == ["s", "v"]


def test_what_is_inside_of_something_goes_with_it():
    """What is attached to its taker goes after it, and before what else it is attached to."""
    inside = (attached("compute.server", "s"), attached("block_storage.volume_type", "t"))
    disk = record("block_storage.volume", "v", name=name(), edges=inside)
    server = record("compute.server", "s", name=name(), cascades=(disk.ref,))
    kind = record("block_storage.volume_type", "t", name=name())
    assert sample.order(kind, disk, server) == ["s", "v", "t"]


def test_what_stays_orders_nothing():
    """Ties to foreign resources, and between them, are no part of the order."""
    ids = sample.order(
        record("network.network", "public", name="public"),
        record(
            "network.router",
            "theirs",
            name="production",
            edges=(attached("network.network", "public"),),
        ),
        record(
            "network.router", "ours", name=name(), edges=(attached("network.network", "public"),)
        ),
    )
    assert ids == ["ours"]


def test_projects_and_users_go_last():
    """What is in a project, or belongs to a user, goes before it."""
    ids = sample.order(
        record("identity.project", "p", name=name(letter="c")),
        record("identity.user", "u", name=name(letter="c")),
        record("compute.server", "s", name=name(), project_id="p", user_id="u"),
    )
    assert ids[0] == "s"


def test_a_circle_is_kept():
    """Resources that are tied in a circle, and what comes after them, stay, with the reason."""
    plan = sample.plan(
        record("network.network", "a", name=name(), edges=(attached("network.network", "b"),)),
        record("network.network", "b", name=name(), edges=(attached("network.network", "a"),)),
        record("identity.project", "p", name=name(letter="c")),
        record(
            "network.router",
            "r",
            name=name(),
            project_id="p",
            edges=(attached("network.network", "a"),),
        ),
        record("network.network", "c", name=name(), project_id="p"),
    )
    assert {step.ref.id for step in plan.steps} == {"r", "c", "p"}
    assert {k.ref.id for k in plan.kept} == {"a", "b"}
    assert "circle" in plan.kept[0].reason


def test_what_comes_after_a_circle_is_kept_too():
    """A project is not removed before what is stuck in it."""
    plan = sample.plan(
        record("identity.project", "p", name=name(letter="c")),
        record("network.network", "a", project_id="p", edges=(attached("network.network", "b"),)),
        record("network.network", "b", project_id="p", edges=(attached("network.network", "a"),)),
    )
    assert not plan.steps
    assert len(plan.kept) == 3


def test_a_plan_says_what_it_leaves():
    """A plan has the evidence of what goes, and the reasons and numbers of what stays."""
    plan = sample.plan(
        record("network.network", "net", name=name()),
        record("network.port", "x", name="x", edges=(attached("network.network", "net"),)),
        record("network.network", "other", name=name(part=sample.OTHER_PART)),
        record("network.network", "third", name=name(part=sample.OTHER_PART)),
        record("network.port", "orphan", edges=(made_for("compute.server", "gone"),)),
        record("compute.server", "s", name=name() + "_0"),
    )
    [step] = plan.steps
    assert (step.ref.id, step.part, step.scope) == ("s", sample.PART, "scenario")
    assert step.evidence == (f"its name is a scenario name of workload {sample.PART}",)
    assert [(k.ref.id, k.reason) for k in plan.kept] == [("net", "the foreign port x (x) uses it")]
    assert [k.ref.id for k in plan.undecidable] == ["orphan"]
    assert plan.active == {"its workload was not named": 2}
    assert plan.foreign == 1


def test_a_stack_goes_before_what_it_made():
    """Which it takes along, so that nothing has to be done for it."""
    made = record("network.network", "net", name="x")
    assert sample.order(sample.stack("net", name=name()), made) == ["s", "net"]
