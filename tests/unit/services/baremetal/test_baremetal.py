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
"""What Ironic has, as it reports that."""

import json
from typing import Any

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.baremetal import collector
from cleanupd.services.baremetal import kinds
from cleanupd.services.baremetal import resources as managers
from tests.unit.services import answers
from tests.unit.services import hearing
from tests.unit.services import test_strictness

NODE: dict[str, Any] = answers.sampled("baremetal/nodes", "nodes")
PUBLISHER = "ironic-conductor.ctl"


def parse(kind: str, **fields: Any) -> resources.Resource:
    """Return what the sample of a kind is with other fields."""
    return test_strictness.parse(kind, test_strictness.record_of(kind) | fields)


def node(**fields: Any) -> resources.Resource:
    """Return a node on which nothing is."""
    return parse("baremetal.node", **({"instance_uuid": None} | fields))


def edges(found: resources.Resource) -> set[tuple[str, str, str]]:
    """Return sort, kind and id of the edges."""
    return {(edge.sort.value, edge.target.kind, edge.target.id) for edge in found.edges}


@pytest.fixture
def ears() -> hearing.Hearing:
    """Give a collector that hears messages."""
    return hearing.Hearing(collector.IronicClusterModelCollector)


@pytest.mark.parametrize("state", ["enroll", "manageable", "available", "adopt failed"])
def test_a_node_can_be_removed_in_some_states(state: str) -> None:
    """Those in which a real Ironic says that it can."""
    assert node(provision_state=state).holds == ()


@pytest.mark.parametrize("state", ["verifying", "clean wait", "deleting"])
def test_a_state_that_passes_is_waited_for(state: str) -> None:
    """Ironic refuses, and the removal is asked for again."""
    assert node(provision_state=state).holds == ()


@pytest.mark.parametrize("state", ["active", "clean failed", "error", "rescue", "something new"])
def test_a_state_that_stays_keeps_the_node(state: str) -> None:
    """Unless the node is in maintenance, to which a rung of the ladder sets it."""
    assert node(provision_state=state).holds == ("state",)
    assert node(provision_state=state, maintenance=True).holds == ()
    [hold] = [hold for hold in kinds.NODE.holds if hold.name == "state"]
    assert kinds.NODE.find_lift(hold) == "[baremetal] ladder = node:maintenance"


def test_a_protected_node_is_kept() -> None:
    """No option lifts that."""
    assert node(protected=True, maintenance=True).holds == ("protected",)


def test_a_node_without_a_name_has_none() -> None:
    """So nobody takes it for a benchmark's."""
    assert node(name=None).name is None


def test_who_owns_or_leases_a_node_has_not_made_it() -> None:
    """It is in no project, but keeps those that it is tied to."""
    found = node(owner="p1", lessee="p2", chassis_uuid=None)
    assert found.project_id is None
    assert edges(found) == {("attached-to", "identity.project", one) for one in ("p1", "p2")}


def test_what_is_on_a_node_uses_it() -> None:
    """A server does; an allocation has an edge of its own."""
    used = ("used-by", "compute.server", "s1")
    assert used in edges(node(instance_uuid="s1"))
    assert used not in edges(node(instance_uuid="s1", allocation_uuid="s1"))


def test_parts_go_with_their_node() -> None:
    """A port, which is attached to its group besides, and the group."""
    for kind in ("baremetal.port", "baremetal.port_group"):
        assert parse(kind, node_uuid="n1").owners == (answers.ref("baremetal.node", "n1"),)
    found = parse("baremetal.port", portgroup_uuid="g1")
    assert ("attached-to", "baremetal.port_group", "g1") in edges(found)


def test_who_sees_no_chassis_sees_not_all() -> None:
    """An administrator of a project gets a short list with 200, which is not believed."""

    def answer(_: str, path: str) -> answers.Answer:
        refused = exceptions.RequestFailed("baremetal", "GET", path, 500, "a scope of ['system']")
        return refused if path.startswith("/chassis") else b'{"nodes": []}'

    with pytest.raises(exceptions.ListingIncomplete, match="role add --system all"):
        list(managers.NodeManager.list(answers.RecordedCloud(answer), {}))


def test_pages_follow_one_another() -> None:
    """Ironic gives a thousand at most, and says where the next page is."""
    page = {
        "nodes": [NODE],
        "next": f"http://ironic/v1/nodes/detail?limit=1&marker={NODE['uuid']}",
    }
    last = {"nodes": [NODE | {"uuid": "another"}]}

    def answer(_: str, path: str) -> bytes:
        return json.dumps(last if "marker=" in path else page).encode()

    found = list(managers.NodeManager.list(answers.RecordedCloud(answer), {}))
    assert [one.ref.id for one in found] == [NODE["uuid"], "another"]


def test_what_is_not_empty_is_a_conflict() -> None:
    """Ironic says 400 of a chassis with nodes, of a port group with ports."""
    found = parse("baremetal.chassis")
    with pytest.raises(exceptions.Conflict):
        managers.ChassisManager(answers.refusing(400), found).delete()


def test_the_rung_sets_to_maintenance() -> None:
    """With a reason that people can read."""
    cloud = answers.always(b"")
    managers.NodeManager(cloud, node()).climb(kinds.NODE.rungs[0])
    [(method, path, body, _)] = cloud.requests
    assert (method, path) == ("PUT", f"/nodes/{NODE['uuid']}/maintenance")
    assert body == {"reason": "cleanupd removes it: maintenance"}


@pytest.mark.parametrize(
    "message", hearing.samples("baremetal"), ids=lambda one: one["event_type"]
)
def test_every_captured_message_is_handled(ears: hearing.Hearing, message: Any) -> None:
    """Each message of a real Ironic touches, takes away, or is ignored for a reason."""
    found = ears.hear(message["publisher_id"], message["event_type"], message["payload"])
    assert ears.manager.counts.handled == 1
    handler = ears.collector.notification_handler
    assert bool(found) is (message["event_type"] in handler.EVENTS)
    assert not handler.EVENTS.keys() & handler.IGNORED.keys()


def test_ports_are_gone_with_their_node(ears: hearing.Hearing) -> None:
    """Nothing is said of them; an allocation is read again."""
    parts = {"baremetal.port": "port", "baremetal.port_group": "port_group"}
    for kind in (*parts, "baremetal.allocation"):
        ears.know(parse(kind, uuid="x", node_uuid="n1"))
    payload = {"ironic_object.data": {"uuid": "n1"}}
    found = ears.hear(PUBLISHER, "baremetal.node.delete.end", payload)
    assert set(found) == {
        ("deleted", "node", "n1"),
        *(("deleted", noun, "x") for noun in parts.values()),
        ("touched", "allocation", "x"),
    }
