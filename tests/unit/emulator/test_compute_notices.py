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
"""What the emulated Nova says on the bus, beside what a real Nova 34 was heard to say."""

import datetime
import json
import pathlib
from typing import Any

import pytest

from tests import emulator
from tests.emulator import bus
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import network
from tests.unit.emulator import asking

NOVA = "/compute/v2.1"
SAMPLE = pathlib.Path(__file__).parents[2] / "samples" / "notifications" / "nova.json"
HEARD = json.loads(SAMPLE.read_text(encoding="utf-8"))
FREE = {"metadata", "meta_data", "image_meta", "extra_specs", "rules", "_rules"}
"""Objects whose keys are the user's."""


class Story:
    """Asks for things, one after the other, and hears what Nova says of them."""

    def __init__(self, cloud: emulator.Cloud, who: asking.Client) -> None:
        self.cloud = cloud
        self.said: list[bus.Message] = []
        self._who = who
        cloud.bus.listen(self._hear)

    def _hear(self, message: bus.Message) -> None:
        if message.exchange == "nova":
            self.said.append(message)

    def make(
        self,
        path: str,
        body: dict[str, Any],
        code: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """What a POST made."""
        reply = self._who("POST", f"{NOVA}{path}", body, headers)
        assert reply.status == code, reply
        return next(iter(reply.body.values())) if reply.body else None

    def delete(self, path: str) -> None:
        """A DELETE that is obeyed."""
        assert self._who.delete(f"{NOVA}{path}") in {200, 202, 204}

    def pass_time(self) -> None:
        """What was begun is done, also what that began."""
        for _ in range(4):
            self.cloud.clock.advance(datetime.timedelta(seconds=1))
            with self.cloud.locked():
                pass

    def act(self, server_id: str, code: int = 202, **action: Any) -> None:
        """An action is done."""
        self.make(f"/servers/{server_id}/action", action, code)
        self.pass_time()

    def events(self, *, versioned: bool = True) -> list[str]:
        """The types of what was said in one format, in order, without updates."""
        topic = "versioned_notifications" if versioned else "notifications"
        found = [one.event_type for one in self.said if one.topic == topic]
        return [one for one in found if not one.endswith("instance.update")]


@pytest.fixture
def story(cloud: emulator.Cloud, admin: asking.Client) -> Story:
    """An administrator's story."""
    return Story(cloud, admin)


def boot(story: Story) -> str:
    """The id of a new server with a port, which is active."""
    cloud = story.cloud
    owner = bootstrap.named(cloud, "identity.project", "admin")["id"]
    net = network.network(cloud, "net", owner)
    network.subnet(cloud, "sub", net)
    wish = {
        "name": "server",
        "flavorRef": bootstrap.named(cloud, "compute.flavor", "m1.tiny")["id"],
        "imageRef": next(iter(cloud["image.image"]))["id"],
        "networks": [{"uuid": net["id"]}],
        "key_name": "key",
    }
    key = {"keypair": {"name": "key", "public_key": "ssh-ed25519 AAAA x"}}
    story.make("/os-keypairs", key, 201)
    made = story.make("/servers", {"server": wish}, 202)
    story.pass_time()
    return str(made["id"])


def _tell_all(story: Story) -> None:
    """Something of each sort is made, changed and removed."""
    story.make("/os-keypairs", {"keypair": {"name": "made"}}, 201, GENERATES)
    group = story.make("/os-server-groups", {"server_group": {"name": "g", "policy": "affinity"}})
    story.delete(f"/os-server-groups/{group['id']}")
    story.make("/os-aggregates", {"aggregate": {"name": "a", "availability_zone": "z"}})
    flavor = {"name": "f", "ram": 64, "vcpus": 1, "disk": 1}
    flavor_id = story.make("/flavors", {"flavor": flavor})["id"]
    server_id = boot(story)
    server = story.cloud["compute.server"].get(server_id) or {}
    volume = block_storage.volume(story.cloud, "v", server["tenant_id"], server["user_id"])
    wish = {"volumeAttachment": {"volumeId": volume["id"]}}
    story.make(f"/servers/{server_id}/os-volume_attachments", wish)
    story.pass_time()
    story.act(server_id, resize={"flavorRef": flavor_id})
    story.act(server_id, 204, confirmResize=None)
    story.act(server_id, createImage={"name": "i"})
    story.delete(f"/servers/{server_id}")
    story.pass_time()


GENERATES = {"OpenStack-API-Version": "compute 2.91"}


def shape(payload: Any) -> Any:
    """The keys of a payload, all the way down; lists by their first entry."""
    if isinstance(payload, dict):
        return {key: "free" if key in FREE else shape(value) for key, value in payload.items()}
    if isinstance(payload, list):
        return [shape(payload[0])] if payload else []
    return None


def fits(said: Any, heard: Any) -> bool:
    """Whether both have the same keys wherever both have objects."""
    if isinstance(said, dict) and isinstance(heard, dict):
        return said.keys() == heard.keys() and all(fits(said[key], heard[key]) for key in said)
    if isinstance(said, list) and isinstance(heard, list) and said and heard:
        return fits(said[0], heard[0])
    return True


@pytest.fixture(scope="module")
def told() -> list[bus.Message]:
    """All that is said when something of each sort happens."""
    cloud = emulator.Cloud()
    bootstrap.ground(cloud)
    story = Story(cloud, asking.Client(cloud, "admin"))
    _tell_all(story)
    return story.said


@pytest.mark.parametrize(
    "heard", HEARD, ids=lambda one: f"{one['publisher_id'].partition(':')[0]} {one['event_type']}"
)
def test_formats(told: list[bus.Message], heard: dict[str, Any]) -> None:
    """Each notification has the exchange, the publisher and the keys of a real one."""
    said = [
        one
        for one in told
        if one.event_type == heard["event_type"]
        and one.topic == bus.Message("", "", "", heard["payload"]).topic
    ]
    assert said
    for one in said:
        assert (one.exchange, one.priority) == (heard["exchange"], heard["priority"])
        assert fits(shape(one.payload), shape(heard["payload"])), one.payload
        if "nova_object.name" in heard["payload"]:
            keys = ("nova_object.name", "nova_object.version", "nova_object.namespace")
            assert [one.payload[key] for key in keys] == [heard["payload"][key] for key in keys]
        assert _sort(one.publisher_id) == _sort(heard["publisher_id"])


def _sort(publisher_id: str) -> str:
    """The publisher without the host, the API's own host or the aggregate that it names."""
    for mark in (":", "."):
        if mark in publisher_id:
            return publisher_id.partition(mark)[0]
    return publisher_id


def test_life_of_a_server(story: Story) -> None:
    """A server is created, stopped, started and deleted, in both formats alike."""
    server_id = boot(story)
    story.act(server_id, **{"os-stop": None})
    story.act(server_id, **{"os-start": None})
    story.delete(f"/servers/{server_id}")
    story.pass_time()
    assert story.events()[2:] == [
        *("instance.create.start", "instance.create.end"),
        *("instance.power_off.start", "instance.power_off.end"),
        *("instance.power_on.start", "instance.power_on.end"),
        *("instance.delete.start", "instance.shutdown.start"),
        *("instance.shutdown.end", "instance.delete.end"),
    ]
    legacy = [f"compute.{one}" for one in story.events()[2:]]
    assert story.events(versioned=False)[2:] == legacy


def test_deletion_before_a_host_is_found(story: Story) -> None:
    """A server that never had a host is deleted by the API itself, without a shutdown."""
    wish = {
        "name": "early",
        "flavorRef": bootstrap.named(story.cloud, "compute.flavor", "m1.tiny")["id"],
        "imageRef": next(iter(story.cloud["image.image"]))["id"],
        "networks": "none",
    }
    story.cloud.settings.build_delay_s = 60
    made = story.make("/servers", {"server": wish}, 202)
    story.delete(f"/servers/{made['id']}")
    story.pass_time()
    assert story.events() == ["instance.delete.start", "instance.delete.end"]
    assert {one.publisher_id for one in story.said if ".delete." in one.event_type} == {
        *("nova-api:api", "compute.api"),
    }


def test_moves(story: Story) -> None:
    """A live migration is told by both hosts, a shelved server by the one that it leaves."""
    server_id = boot(story)
    story.said.clear()
    live = {"host": None, "block_migration": "auto"}
    story.act(server_id, **{"os-migrateLive": live})
    assert story.events() == [
        *("instance.live_migration_pre.start", "instance.live_migration_pre.end"),
        *("instance.live_migration_post.start", "instance.live_migration_post_dest.start"),
        *("instance.live_migration_post_dest.end", "instance.live_migration_post.end"),
    ]
    story.said.clear()
    story.act(server_id, shelve=None)
    assert story.events() == [
        *("instance.shelve.start", "instance.shelve.end"),
        *("instance.shelve_offload.start", "instance.shelve_offload.end"),
    ]


@pytest.mark.parametrize(
    ("setting", "topics"),
    [
        ("versioned", {"versioned_notifications"}),
        ("unversioned", {"notifications"}),
        ("both", {"versioned_notifications", "notifications"}),
    ],
)
def test_format_that_is_set(story: Story, setting: str, topics: set[str]) -> None:
    """A setting says which format is spoken."""
    story.cloud.settings.nova_notification_format = setting
    group = {"server_group": {"name": "g", "policy": "affinity"}}
    story.make("/os-server-groups", group)
    assert {one.topic for one in story.said} == topics
