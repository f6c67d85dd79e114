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
"""What the emulated Neutron says on the bus, beside what a real Neutron 29 was heard to say."""

import json
import pathlib
from typing import Any

import pytest

from tests import emulator
from tests.emulator import bus
from tests.emulator.scenes import bootstrap
from tests.emulator.services.network import for_nova
from tests.emulator.shapes import network
from tests.unit.emulator import asking

NET = "/networking/v2.0"
SAMPLE = pathlib.Path(__file__).parents[2] / "samples" / "notifications" / "neutron.json"
HEARD = {one["event_type"]: one for one in json.loads(SAMPLE.read_text(encoding="utf-8"))}
ASKED = {".create.start", ".update.start"}
"""What only repeats the request, so that the keys below the first are the caller's."""


class Story:
    """Asks for things, one after the other, and hears what is said of them."""

    def __init__(self, cloud: emulator.Cloud, who: asking.Client) -> None:
        self.said: list[bus.Message] = []
        self._who = who
        cloud.bus.listen(self.said.append)

    def make(self, path: str, singular: str, **fields: Any) -> Any:
        """What a POST made."""
        reply = self._who("POST", f"{NET}/{path}", {singular: fields})
        assert reply.status == 201, reply
        return reply.body[singular]

    def ask(self, method: str, path: str, body: Any = None) -> int:
        """The status of a request."""
        return self._who(method, f"{NET}/{path}", body).status

    def events(self) -> list[str]:
        """The types of what was said, in order."""
        return [one.event_type for one in self.said]


@pytest.fixture
def story(cloud: emulator.Cloud, member: asking.Client) -> Story:
    """A member's story."""
    return Story(cloud, member)


def _tell_all(story: Story, external_id: str) -> None:
    """Something of each sort is made, changed and removed."""
    net = story.make("networks", "network", name="n")
    subnet = story.make(
        "subnets", "subnet", network_id=net["id"], ip_version=4, cidr="10.9.0.0/24", name="s"
    )
    gateway = {"network_id": external_id}
    router = story.make("routers", "router", name="r", external_gateway_info=gateway)
    wanted = {"subnet_id": subnet["id"]}
    story.ask("PUT", f"routers/{router['id']}/add_router_interface", wanted)
    port = story.make("ports", "port", network_id=net["id"])
    address = story.make(
        "floatingips", "floatingip", floating_network_id=external_id, port_id=port["id"]
    )
    body = {"floatingip": {"port_id": None}}
    story.ask("PUT", f"floatingips/{address['id']}", body)
    group = story.make("security-groups", "security_group", name="g")
    rule = {"security_group_id": group["id"], "direction": "ingress"}
    story.make("security-group-rules", "security_group_rule", **rule)
    child = story.make("ports", "port", network_id=net["id"])
    sub_port = {"port_id": child["id"], "segmentation_type": "vlan", "segmentation_id": 1}
    trunk = story.make("trunks", "trunk", port_id=port["id"], sub_ports=[sub_port])
    story.ask("PUT", f"routers/{router['id']}/remove_router_interface", wanted)
    for path in (
        *(f"trunks/{trunk['id']}", f"floatingips/{address['id']}", f"ports/{port['id']}"),
        *(f"ports/{child['id']}", f"routers/{router['id']}", f"security-groups/{group['id']}"),
        *(f"subnets/{subnet['id']}", f"networks/{net['id']}"),
    ):
        assert story.ask("DELETE", path) == 204


def _shape(value: Any) -> Any:
    """The keys of a payload and of what is in it."""
    if isinstance(value, dict):
        return {key: _shape(value[key]) for key in value}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return None


def _are_alike(mine: Any, heard: Any) -> bool:
    """Whether both have the same keys; what is empty or null in one says nothing."""
    if not mine or not heard:
        return True
    if isinstance(mine, dict) and isinstance(heard, dict):
        return mine.keys() == heard.keys() and all(_are_alike(mine[k], heard[k]) for k in mine)
    if isinstance(mine, list) and isinstance(heard, list):
        return _are_alike(mine[0], heard[0])
    return True


@pytest.fixture
def told(cloud: emulator.Cloud, story: Story) -> dict[str, bus.Message]:
    """One message of each type that the whole story has."""
    public = bootstrap.named(cloud, "network.network", "public")
    _tell_all(story, public["id"])
    return {one.event_type: one for one in reversed(story.said)}


def test_everything_is_said(told: dict[str, bus.Message]) -> None:
    """Each event that was heard of a real Neutron is said here, but for updates of ports."""
    assert set(HEARD) - set(told) == {"port.update.start", "port.update.end"}


def test_said_alike(told: dict[str, bus.Message]) -> None:
    """By the same sender on the same exchange, with the same keys as deep as they go."""
    for event, message in told.items():
        if event not in HEARD:
            continue
        heard = HEARD[event]
        assert (message.exchange, message.publisher_id) == (
            heard["exchange"],
            heard["publisher_id"],
        )
        assert message.priority == heard["priority"]
        assert set(message.payload) == set(heard["payload"]), event
        if not event.endswith(tuple(ASKED)):
            mine, other = _shape(message.payload), _shape(heard["payload"])
            assert _are_alike(mine, other), event


def test_order(story: Story) -> None:
    """A start comes before its end, an end after what it tells of."""
    net = story.make("networks", "network", name="n")
    story.ask("PUT", f"networks/{net['id']}", {"network": {"name": "m"}})
    story.ask("DELETE", f"networks/{net['id']}")
    expected = [
        f"network.{verb}.{end}"
        for verb in ("create", "update", "delete")
        for end in ("start", "end")
    ]
    assert story.events() == expected
    assert story.said[2].payload == {"network": {"name": "m"}, "id": net["id"]}
    assert story.said[3].payload["network"]["name"] == "m"
    assert story.said[5].payload["network_id"] == net["id"]


def test_port_update(cloud: emulator.Cloud, admin: asking.Client, story: Story) -> None:
    """An administrator's binding of a port tells of the host, as Nova's does."""
    net = story.make("networks", "network")
    port = story.make("ports", "port", network_id=net["id"])
    wanted = {"device_id": "s", "device_owner": "compute:nova", "binding:host_id": "cmp1"}
    assert admin.put(f"{NET}/ports/{port['id']}", {"port": wanted}).status == 200
    end = story.said[-1]
    assert end.event_type == "port.update.end"
    assert _are_alike(_shape(end.payload), _shape(HEARD["port.update.end"]["payload"]))
    assert end.payload["port"]["status"] == "ACTIVE"
    assert cloud["network.port"].get(port["id"])["binding:host_id"] == "cmp1"  # type: ignore[index]


def test_own_ports_are_silent(cloud: emulator.Cloud, story: Story) -> None:
    """Nothing is said of ports that Neutron makes itself, nor of default groups."""
    public = bootstrap.named(cloud, "network.network", "public")
    story.make("routers", "router", external_gateway_info={"network_id": public["id"]})
    story.make("floatingips", "floatingip", floating_network_id=public["id"])
    assert not [event for event in story.events() if event.startswith(("port", "security"))]


def test_refused_ends_nowhere(story: Story) -> None:
    """What is refused has begun and has no end; what is no request has not even begun."""
    assert story.ask("POST", "networks", {"network": {"bogus": 1}}) == 400
    assert story.events() == []
    net = story.make("networks", "network")
    story.make("ports", "port", network_id=net["id"])
    story.said.clear()
    assert story.ask("DELETE", f"networks/{net['id']}") == 409
    assert story.events() == ["network.delete.start"]


def test_bulk_is_one_message(story: Story) -> None:
    """A bulk tells of all its resources at once."""
    assert story.ask("POST", "networks", {"networks": [{}, {}]}) == 201
    assert story.events() == ["network.create.start", "network.create.end"]
    assert len(story.said[1].payload["networks"]) == 2


def test_novas_port(cloud: emulator.Cloud, member: asking.Client, story: Story) -> None:
    """Of a server's port all is said, from its beginning to its end."""
    net = network.network(cloud, "n", member.project_id)
    network.subnet(cloud, "s", net)
    port = for_nova.make_port(cloud, net, member.project_id, "server")
    for_nova.bind(cloud, port, "server", "compute:nova", "cmp1")
    assert (port["status"], port["binding:host_id"]) == ("ACTIVE", "cmp1")
    for_nova.unbind(cloud, port)
    assert (port["status"], port["device_id"]) == ("DOWN", "")
    for_nova.remove_port(cloud, port)
    assert cloud["network.port"].get(port["id"]) is None
    verbs = ("create", "update", "update", "delete")
    assert story.events() == [f"port.{verb}.{end}" for verb in verbs for end in ("start", "end")]
    for message in story.said:
        heard = _shape(HEARD[message.event_type]["payload"])
        if not message.event_type.endswith("update.start"):
            assert _are_alike(_shape(message.payload), heard), message.event_type
