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
"""The model of Nova follows a real cloud by its messages alone.

Nothing is listed after the beginning: three collectors hear the same messages,
one of them all, one only the versioned ones without ``instance.update`` (which
Nova sends only if it is told to), one only the legacy ones.  After each step
all of them, and what they then read, agree with a fresh listing.

The steps are tried in the order in which they stand here.
"""

import collections
from collections.abc import Callable
import contextlib
import dataclasses
import datetime
import json
import pathlib
import time
import uuid

import kombu
import msgspec
from oslo_config import cfg
import pytest

from cleanupd import cloud as clouds
from cleanupd.conf import settings
from cleanupd.engine import clock
from cleanupd.rpc import transport
from cleanupd.service import listener
from cleanupd.services.base import notification
from cleanupd.services.base import registry
from cleanupd.services.compute import collector
from tests.sandbox import box
from tests.unit.services.compute import nova_events

BROKER = "rabbit://openstack:secret@127.0.0.1:15673/"
SAMPLES = pathlib.Path(__file__).parents[1] / "samples" / "notifications" / "compute"
#: How long the model may take to be as the cloud is.
PATIENCE_S = 20
#: Nova does not tell when it wrote a server, but says at once that it did.
TOLERANCE = datetime.timedelta(seconds=2)
NAME = f"model-compute-{uuid.uuid4().hex[:8]}"
QUEUE = f"{NAME}.info"
MANAGERS, _ = registry.load_managers()


class Filter(notification.NotificationHandler):
    """Hands on to a handler what ``wants`` says."""

    PUBLISHER_ID = collector.notifications.NovaNotificationHandler.PUBLISHER_ID

    def __init__(self, handler, wants):
        """Hand on to this handler."""
        self.handler = handler
        self.wants = wants

    @property
    def model_collector(self):
        """The collector of the handler."""
        return self.handler.model_collector

    def handle(self, message):
        """Hand on the message if it is wanted."""
        if self.wants(message):
            self.handler.handle(message)


def is_versioned(message):
    """Whether a message has the versioned format."""
    return "nova_object.data" in message.payload


#: Which messages each collector gets.
WANTS: dict[str, Callable[[notification.Message], bool]] = {
    "all": lambda _: True,
    "versioned": lambda m: is_versioned(m) and m.event_type != "instance.update",
    "legacy": lambda m: not is_versioned(m),
}


@dataclasses.dataclass
class Scene:
    """The cloud, those who hear of it, and what was made in it."""

    cloud: object
    reader: clouds.Cloud
    hearing: dict
    manager: notification.NotificationHandlerManager
    users: tuple
    made: dict = dataclasses.field(default_factory=dict)
    reads: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    undo: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)

    def listed(self, kind):
        """What a fresh listing has of this test's own."""
        others = dict.fromkeys(MANAGERS[kind].KIND.listed_after, ())
        if kind == "compute.keypair":
            others["identity.user"] = self.users
        found = MANAGERS[kind].list(self.reader, others)
        return {one.ref: one for one in found if (one.name or "").startswith(NAME)}

    def modelled(self, name, kind):
        """What a collector has of this test's own, after it has read what was touched."""
        self.reads[name] += self.hearing[name].read_touched()
        found = self.hearing[name].cluster_data_model.of_kind(kind)
        return {one.ref: one for one in found if (one.name or "").startswith(NAME)}

    def agree(self, kind, untold):
        """Wait until all collectors that can know of it agree with a fresh listing."""
        until = time.monotonic() + PATIENCE_S
        left = [name for name in WANTS if name not in untold]
        while left:
            cloud = self.listed(kind)
            for name in tuple(left):
                model = self.modelled(name, kind)
                if agrees(model, cloud):
                    left.remove(name)
                elif time.monotonic() > until:
                    assert model == cloud, name
            time.sleep(0.3 if left else 0)

    def server(self):
        """The server, as openstacksdk has it now."""
        return self.cloud.compute.get_server(self.made["server"])

    def wait(self, status, task=None):
        """Wait until the server has a status."""
        until = time.monotonic() + 60
        while (found := self.server()).status != status or found.task_state != task:
            assert time.monotonic() < until, (found.status, found.task_state, found.fault)
            time.sleep(0.3)


def agrees(model, cloud):
    """Whether a model is as the cloud, but for two seconds in when a record was updated."""
    return model.keys() == cloud.keys() and all(
        one == msgspec.structs.replace(cloud[ref], updated_at=one.updated_at)
        and (
            one.updated_at == cloud[ref].updated_at
            or abs(one.updated_at - cloud[ref].updated_at) <= TOLERANCE
        )
        for ref, one in model.items()
    )


@pytest.fixture(scope="module")
def scene(sandbox_environment, cloud):
    """Collectors that have listed once, and a listener with a queue of its own."""
    reader = clouds.Cloud.connect("admin")
    users = tuple(MANAGERS["identity.user"].list(reader, {}))
    managers = {k: one for k, one in MANAGERS.items() if one.KIND.service == "compute"}
    hearing = {
        name: collector.NovaClusterModelCollector(
            reader,
            managers,
            clock.now,
            peers=lambda kind: users if kind == "identity.user" else None,
        )
        for name in WANTS
    }
    manager = notification.NotificationHandlerManager(
        Filter(one.notification_handler, WANTS[name]) for name, one in hearing.items()
    )
    conf = cfg.ConfigOpts()
    conf([])
    transport.register_opts(conf)
    conf.set_override("transport_url", BROKER)
    source = settings.Notifications(
        exchanges=("nova",), topics=("notifications", "versioned_notifications"), queue=QUEUE
    )
    ears = listener.NotificationListener(conf, source, manager, list)
    ears.start()
    own = tuple(one for one in users if one.ref.id == cloud.current_user_id)
    found = Scene(cloud, reader, hearing, manager, own)
    try:
        until = time.monotonic() + 20
        while ears.why_deaf is not None:
            assert time.monotonic() < until, ears.why_deaf
            time.sleep(0.1)
        for one in hearing.values():
            one.synchronize()
            assert all(t.is_fresh for t in one.cluster_data_model.trust.values())
        with found.undo:
            yield found
    finally:
        ears.stop()
        ears.wait()
        with kombu.Connection(BROKER.replace("rabbit", "amqp")) as connection:
            connection.channel().queue_delete(QUEUE)


def create_flavors(scene):
    """Two flavors."""
    for size in ("small", "large"):
        flavor = scene.cloud.compute.create_flavor(
            name=f"{NAME}-{size}", ram=64 if size == "small" else 128, vcpus=1, disk=1
        )
        scene.made[size] = flavor.id
        scene.undo.callback(scene.cloud.compute.delete_flavor, flavor.id)


def create_keypair(scene):
    """A keypair of the administrator's."""
    keypair = scene.cloud.compute.create_keypair(name=f"{NAME}-key")
    scene.undo.callback(scene.cloud.compute.delete_keypair, keypair.name)


def create_group(scene):
    """A server group."""
    group = scene.cloud.compute.create_server_group(name=f"{NAME}-group", policy="soft-affinity")
    scene.made["group"] = group.id
    scene.undo.callback(scene.cloud.compute.delete_server_group, group.id)


def create_aggregate(scene):
    """An aggregate with a zone that has no host."""
    aggregate = scene.cloud.compute.create_aggregate(
        name=f"{NAME}-aggregate", availability_zone=f"{NAME}-zone"
    )
    scene.made["aggregate"] = aggregate.id
    scene.undo.callback(scene.cloud.compute.delete_aggregate, aggregate.id)


def change_aggregate(scene):
    """The aggregate gets a project and another name."""
    project = scene.cloud.current_project_id
    scene.cloud.compute.set_aggregate_metadata(
        scene.made["aggregate"], {"filter_tenant_id": project}
    )
    scene.cloud.compute.update_aggregate(scene.made["aggregate"], name=f"{NAME}-other")


def create_server(scene):
    """A server in the group, of the small flavor, with the keypair."""
    image = next(one for one in scene.cloud.image.images() if one.name.startswith("cirros"))
    server = scene.cloud.compute.create_server(
        name=f"{NAME}-server",
        image_id=image.id,
        flavor_id=scene.made["small"],
        networks="none",
        key_name=f"{NAME}-key",
        scheduler_hints={"group": scene.made["group"]},
    )
    scene.made["server"] = server.id
    scene.undo.callback(scene.cloud.compute.delete_server, server.id)
    scene.wait("ACTIVE")


def rename_server(scene):
    """Another name."""
    scene.cloud.compute.update_server(scene.made["server"], name=f"{NAME}-renamed")


def lock_server(scene):
    """A lock."""
    scene.cloud.compute.lock_server(scene.made["server"])


def unlock_server(scene):
    """No lock."""
    scene.cloud.compute.unlock_server(scene.made["server"])


def attach_volume(scene):
    """A volume."""
    volume = scene.cloud.block_storage.create_volume(name=f"{NAME}-volume", size=1)
    scene.undo.callback(scene.cloud.block_storage.delete_volume, volume.id)
    scene.cloud.block_storage.wait_for_status(volume, "available", interval=0.3)
    scene.cloud.compute.create_volume_attachment(scene.made["server"], volume_id=volume.id)
    scene.made["volume"] = scene.cloud.block_storage.wait_for_status(
        volume, "in-use", interval=0.3
    )


def detach_volume(scene):
    """No volume."""
    volume = scene.made["volume"]
    scene.cloud.compute.delete_volume_attachment(scene.made["server"], volume.id)
    scene.cloud.block_storage.wait_for_status(volume, "available", interval=0.3)


def stop_server(scene):
    """Power off."""
    scene.cloud.compute.stop_server(scene.made["server"])
    scene.wait("SHUTOFF")


def start_server(scene):
    """Power on."""
    scene.cloud.compute.start_server(scene.made["server"])
    scene.wait("ACTIVE")


def resize_server(scene):
    """Another flavor, not confirmed."""
    scene.cloud.compute.resize_server(scene.made["server"], scene.made["large"])
    scene.wait("VERIFY_RESIZE")


def confirm_server(scene):
    """Another flavor, or another host, for good."""
    scene.cloud.compute.confirm_server_resize(scene.made["server"])
    scene.wait("ACTIVE")


def migrate_server(scene):
    """Another host, not confirmed."""
    scene.cloud.compute.migrate_server(scene.made["server"])
    scene.wait("VERIFY_RESIZE")


def live_migrate_server(scene):
    """Another host, while it runs."""
    scene.cloud.compute.live_migrate_server(scene.made["server"], block_migration="auto")
    time.sleep(1)
    scene.wait("ACTIVE")


def shelve_server(scene):
    """No host."""
    scene.cloud.compute.shelve_server(scene.made["server"])
    scene.wait("SHELVED_OFFLOADED")


def unshelve_server(scene):
    """A host again."""
    scene.cloud.compute.unshelve_server(scene.made["server"])
    scene.wait("ACTIVE")


def delete_server(scene):
    """No server; its group has no member any more."""
    scene.cloud.compute.delete_server(scene.made["server"])
    scene.cloud.compute.wait_for_delete(scene.server(), interval=0.3)


def delete_the_rest(scene):
    """Nothing."""
    scene.undo.close()


STEPS = (
    (create_flavors, "flavor"),
    (create_keypair, "keypair"),
    (create_group, "server_group"),
    (create_aggregate, "aggregate"),
    (change_aggregate, "aggregate"),
    (create_server, "server", "server_group"),
    (rename_server, "server"),
    (lock_server, "server"),
    (unlock_server, "server"),
    (attach_volume, "server"),
    (detach_volume, "server"),
    (stop_server, "server"),
    (start_server, "server"),
    (resize_server, "server"),
    (confirm_server, "server"),
    (migrate_server, "server"),
    (confirm_server, "server"),
    (live_migrate_server, "server"),
    (shelve_server, "server"),
    (unshelve_server, "server"),
    (delete_server, "server", "server_group"),
    (delete_the_rest, "flavor", "keypair", "server_group", "aggregate"),
)


#: Whom no message tells of a step, or of a kind: renaming is told by ``instance.update``
#: alone, and the legacy format has no messages about flavors.
UNTOLD = {rename_server: ("versioned",), "flavor": ("legacy",)}


@pytest.mark.parametrize(
    ("step", "kinds"),
    [(step, kinds) for step, *kinds in STEPS],
    ids=[step.__name__ for step, *_ in STEPS],
)
def test_the_model_follows(scene, step, kinds):
    """After each step the models agree with the cloud."""
    step(scene)
    for kind in kinds:
        scene.agree(f"compute.{kind}", UNTOLD.get(step, UNTOLD.get(kind, ())))


def test_no_message_failed(scene):
    """Each message was handled, and none was of an event type that nobody has thought of."""
    counts = scene.manager.counts
    assert (counts.unknown, counts.failed) == (0, 0)
    assert counts.handled > len(STEPS)


def test_the_table_of_event_types_is_this_novas():
    """The table that the other tests compare with has what the installed Nova sends."""
    words = (line.removeprefix("export ").partition("=") for line in box.run("env").splitlines())
    home = next(value for name, _, value in words if name == "SANDBOX_HOME")
    package = next(pathlib.Path(home).glob("venv/lib/python3*/site-packages/nova"))
    table = json.loads((SAMPLES / "event_types.json").read_text(encoding="utf-8"))
    assert table == nova_events.find_events(package)
