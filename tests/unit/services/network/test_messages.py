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
"""What Neutron's messages change."""

import json
import random

import pytest

from cleanupd.services.network import collector
from tests.unit.services import answers
from tests.unit.services import hearing
from tests.unit.services.network import test_network

HANDLER = collector.notifications.NeutronNotificationHandler
PUBLISHER = "network.ctl"
SAMPLES = list(hearing.samples("network"))
GROUP = "2eb8c8e2-0000-4000-8000-000000000001"


@pytest.fixture
def ears():
    """Give a collector of Neutron's that knows nothing yet."""
    return hearing.Hearing(collector.NeutronClusterModelCollector)


def body(name, plural, /, **fields):
    """Return a recorded resource as the API has it, changed."""
    return answers.sampled(f"network/{name}", plural) | fields


def make(kind, **fields):
    """Return the record of a recorded resource, changed."""
    plural = {"security_group": "security_groups"}.get(kind, f"{kind}s")
    table = collector.notifications.TABLES[kind]
    item = hearing.decode(body(plural, plural, **fields), table.shape)
    return table.parse(item, answers.PLACE)


def port(id_, owner="", device="", **fields):
    """Return the record of a port."""
    return test_network.port(owner, device, id=id_, **fields)


def test_every_event_type_is_thought_of():
    """What Neutron's code can send is handled or ignored for a reason, and never both."""
    assert hearing.event_types("network") == HANDLER.EVENTS.keys() | HANDLER.IGNORED.keys()
    assert not HANDLER.EVENTS.keys() & HANDLER.IGNORED.keys()


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(ears, message):
    """Each message of a real Neutron says what its event type promises."""
    found = ears.hear(message["publisher_id"], message["event_type"], message["payload"])
    assert ears.manager.counts == hearing.notification.Counts(handled=1)
    word = message["event_type"].rpartition(".")[0]
    kind = word.partition(".")[0].replace("floatingip", "floating_ip")
    kind = kind.replace("subnetpool", "subnet_pool")
    if message["event_type"] in HANDLER.IGNORED:
        assert found == []
    elif kind == "rbac_policy":
        policy = message["payload"]["rbac_policy"]
        told = "deleted" if ".delete." in message["event_type"] else "updated"
        touched = ("touched", "network", policy["object_id"])
        assert found == [(told, "rbac_policy", policy["id"]), touched]
    elif kind == "security_group_rule":
        group = message["payload"]["security_group_rule"]["security_group_id"]
        assert found == [("touched", "security_group", group)]
    elif word == "router.interface":
        assert found == [("touched", "port", message["payload"]["router_interface"]["port_id"])]
    else:
        change = "deleted" if word.endswith("delete") else "updated"
        assert found[0][:2] == (change, kind)


def test_a_message_says_what_a_listing_says(ears):
    """The record from a message is the one that the listing's parser makes."""
    item = body("networks", "networks", name="a-name")
    ears.hear(PUBLISHER, "network.create.end", {"network": item})
    assert ears.get("network.network", item["id"]) == make("network", name="a-name")


def test_many_at_once_are_all_told(ears):
    """A bulk request sends one message for all that it made."""
    items = [body("ports", "ports", id=id_, security_groups=[]) for id_ in ("p1", "p2")]
    found = ears.hear(PUBLISHER, "port.create.end", {"ports": items})
    assert found == [("updated", "port", "p1"), ("updated", "port", "p2")]


def test_revisions_decide(ears):
    """Of a burst of updates in any order, with some heard twice, the newest stays."""
    burst = [
        body("networks", "networks", name=f"name-{revision}", revision_number=revision)
        for revision in range(2, 9)
    ]
    messages = [*burst, *burst]
    random.Random(3).shuffle(messages)
    ears.know(make("network", revision_number=1))
    for item in messages:
        ears.hear(PUBLISHER, "network.update.end", {"network": item})
    assert ears.get("network.network", burst[0]["id"]).name == "name-8"


def test_what_is_gone_stays_gone(ears):
    """A late update does not bring a deleted resource back; it is read instead."""
    item = body("networks", "networks", revision_number=9)
    ears.know(make("network", revision_number=1))
    ears.hear(PUBLISHER, "network.delete.end", {"network_id": item["id"]}, seconds=2)
    ears.hear(PUBLISHER, "network.update.end", {"network": item}, seconds=1)
    assert ears.get("network.network", item["id"]) is None
    ears.hear(PUBLISHER, "network.update.end", {"network": item}, seconds=3)
    assert ears.get("network.network", item["id"]) is None
    assert ears.collector.read_touched() == 1


def test_a_group_that_nobody_knows_is_read(ears):
    """Neutron makes the group default with a project's first port, and says so nowhere else."""
    item = body("ports", "ports", id="p1", security_groups=[GROUP])
    found = ears.hear(PUBLISHER, "port.create.end", {"port": item})
    assert found == [("updated", "port", "p1"), ("touched", "security_group", GROUP)]


def test_a_group_that_is_known_is_not_read(ears):
    """Most ports have groups that changed nothing."""
    ears.know(make("security_group", id=GROUP))
    item = body("ports", "ports", id="p1", security_groups=[GROUP])
    assert ears.hear(PUBLISHER, "port.create.end", {"port": item}) == [("updated", "port", "p1")]


def test_what_goes_with_a_network_is_gone(ears):
    """Its subnets and ports are gone with it; what else points to it is read."""
    ears.know(
        make("network", id="n1"),
        make("subnet", id="s1", network_id="n1"),
        port("p1", network_id="n1"),
        make("router", id="r1", external_gateway_info={"network_id": "n1"}),
    )
    found = ears.hear(PUBLISHER, "network.delete.end", {"network_id": "n1", "network": {}})
    assert sorted(found) == [
        ("deleted", "network", "n1"),
        ("deleted", "port", "p1"),
        ("deleted", "subnet", "s1"),
        ("touched", "router", "r1"),
    ]


def test_what_was_made_for_a_router_is_gone_with_it(ears):
    """The port of the gateway, which sends no message of its own, goes with the router."""
    ears.know(make("router", id="r1"), port("p1", "network:router_gateway", "r1"))
    found = ears.hear(PUBLISHER, "router.delete.end", {"router_id": "r1"})
    assert found == [("deleted", "router", "r1"), ("deleted", "port", "p1")]


def test_the_port_of_a_floating_ip_is_gone_with_it(ears):
    """It sends no message of its own."""
    ears.know(make("floatingip", id="f1"), port("p1", "network:floatingip", "f1"))
    found = ears.hear(PUBLISHER, "floatingip.delete.end", {"floatingip_id": "f1"})
    assert found == [("deleted", "floating_ip", "f1"), ("deleted", "port", "p1")]


def test_a_router_that_changes_may_change_its_gateway(ears):
    """The known port of the gateway is read, those of interfaces are not."""
    ears.know(
        port("p1", "network:router_gateway", "r1"), port("p2", "network:router_interface", "r1")
    )
    found = ears.hear(
        PUBLISHER, "router.update.end", {"router": body("routers", "routers", id="r1")}
    )
    assert found == [("updated", "router", "r1"), ("touched", "port", "p1")]


def test_a_floating_ip_lets_go_of_a_port(ears):
    """What points to a port that is gone is read."""
    ears.know(port("p1"), make("floatingip", id="f1", port_id="p1"))
    found = ears.hear(PUBLISHER, "port.delete.end", {"port_id": "p1"})
    assert found == [("deleted", "port", "p1"), ("touched", "floating_ip", "f1")]


def test_a_group_loses_the_rules_that_name_a_group_that_goes(ears):
    """Neutron removes them silently: the group that had them is read."""
    rule = {"remote_group_id": "g1"}
    ears.know(make("security_group", id="g2", security_group_rules=[rule]))
    found = ears.hear(PUBLISHER, "security_group.delete.end", {"security_group_id": "g1"})
    assert found == [("deleted", "security_group", "g1"), ("touched", "security_group", "g2")]


@pytest.mark.parametrize("action", ["create", "delete"])
def test_a_rule_touches_its_group_where_it_names_another(ears, action):
    """Other rules change nothing that is kept of a group, unless nobody knows the group."""
    event = f"security_group_rule.{action}.end"
    rule = {"security_group_id": "g1", "remote_group_id": None}
    ears.know(make("security_group", id="g1"))
    assert ears.hear(PUBLISHER, event, {"security_group_rule": rule}) == []
    named = rule | {"remote_group_id": "g2"}
    found = ears.hear(PUBLISHER, event, {"security_group_rules": [rule, named]})
    assert found == [("touched", "security_group", "g1")]
    found = ears.hear(
        PUBLISHER, event, {"security_group_rule": rule | {"security_group_id": "g9"}}
    )
    assert found == [("touched", "security_group", "g9")]


def test_ports_of_a_trunk_are_read(ears):
    """Neutron makes them subports, and plain ports again, without a word."""
    item = body("trunks", "trunks", id="t1", port_id="p0", sub_ports=[{"port_id": "p1"}])
    ears.know(port("p0"), port("p1"))
    found = ears.hear(PUBLISHER, "trunk.create.end", {"trunk": item})
    touched = [("touched", "port", "p0"), ("touched", "port", "p1")]
    assert found == [("updated", "trunk", "t1"), *touched]
    item = item | {"revision_number": 99}
    assert ears.hear(PUBLISHER, "trunk.update.end", {"trunk": item}, 2)[1:] == []
    found = ears.hear(PUBLISHER, "trunk.delete.end", {"trunk_id": "t1"}, 4)
    assert found == [("deleted", "trunk", "t1"), *touched]


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_a_network_that_is_shared_is_read(ears, action):
    """Shared and external are what policies say; of other resources only the policy is told."""
    policy = body("rbac_policies", "rbac_policies", id="r1", object_id="n1")
    told = ("deleted" if action == "delete" else "updated", "rbac_policy", "r1")
    found = ears.hear(PUBLISHER, f"rbac_policy.{action}.end", {"rbac_policy": policy})
    assert found == [told, ("touched", "network", "n1")]
    policy = policy | {"object_type": "qos_policy"}
    assert ears.hear(PUBLISHER, f"rbac_policy.{action}.end", {"rbac_policy": policy}, 1) == [told]


def test_what_is_told_in_part_is_read(ears):
    """Who asks Neutron for some fields only makes it send these only."""
    found = ears.hear(PUBLISHER, "port.update.end", {"port": {"id": "p1", "name": "new"}})
    assert found == [("touched", "port", "p1")]
    payload = {"ports": [{"id": "p1", "name": "new"}, {"name": "new"}, 7]}
    assert ears.hear(PUBLISHER, "port.create.end", payload) == [("touched", "port", "p1")]


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [
        ("port.update.end", {"port": {"name": "new"}}),
        ("port.update.end", "a text"),
        ("security_group_rule.delete.end", {"security_group_rule": {}}),
    ],
)
def test_what_names_nothing_has_failed(ears, event_type, payload):
    """A payload in which nothing can be found is counted."""
    assert ears.hear(PUBLISHER, event_type, payload) == []
    assert ears.manager.counts == hearing.notification.Counts(failed=1)


@pytest.mark.parametrize(
    ("event", "word", "plural"),
    [
        ("router.create.end", "router", "routers"),
        ("floatingip.create.end", "floatingip", "floatingips"),
    ],
)
def test_ports_that_neutron_makes_are_looked_for(ears, event, word, plural):
    """One request finds those of all routers and floating IPs that were told of."""
    owner = {"router": "network:router_gateway"}.get(word, "network:floatingip")
    made = body("ports", "ports", id="p1", device_id="a", device_owner=owner)
    for id_ in ("a", "b"):
        ears.hear(PUBLISHER, event, {word: body(plural, plural, id=id_)})
    ears.cloud.answer = lambda _method, _path: json.dumps({"ports": [made]}).encode()
    ears.collector.read_touched()
    assert [path for _, path, _, _ in ears.cloud.requests] == [
        "/ports?limit=1000&sort_key=id&sort_dir=asc&device_id=a&device_id=b"
    ]
    assert ears.get("network.port", "p1").details["device_owner"] == owner
    ears.collector.read_touched()
    assert len(ears.cloud.requests) == 1


@pytest.mark.parametrize("answer", [None, b'{"ports": [{}]}', ValueError("a bug")])
def test_ports_are_looked_for_until_neutron_answers(ears, answer):
    """A request that failed is made again, however it failed."""
    ears.hear(PUBLISHER, "router.create.end", {"router": body("routers", "routers", id="r1")})
    if answer is not None:
        ears.cloud.answer = lambda _method, _path: answer
    ears.collector.read_touched()
    assert ears.collector.unread
    made = body("ports", "ports", id="p1", device_id="r1", device_owner="network:router_gateway")
    ears.cloud.answer = lambda _method, _path: json.dumps({"ports": [made]}).encode()
    ears.collector.read_touched()
    assert ears.get("network.port", "p1") is not None


def test_ports_that_change_while_they_are_looked_for_are_read_again(ears):
    """An answer that may be older than a message is not the last word."""
    ears.hear(PUBLISHER, "router.create.end", {"router": body("routers", "routers", id="r1")})
    made = body("ports", "ports", id="p1", device_id="r1", security_groups=[])

    def answer(_method, path):
        if path.startswith("/ports?"):
            ears.hear(PUBLISHER, "port.update.end", {"port": {"id": "p1"}})
            return json.dumps({"ports": [made]}).encode()
        return json.dumps({"port": made | {"name": "newer"}}).encode()

    ears.cloud.answer = answer
    ears.collector.read_touched()
    assert ears.get("network.port", "p1").name == "newer"
