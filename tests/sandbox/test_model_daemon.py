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
"""What a running daemon answers follows a real cloud, between two of its listings.

One daemon listens to the bus of the services, and one does not.  Nothing is
listed after the beginning but what this test asks for.
"""

import contextlib
import dataclasses
import time

import kombu
import pytest

from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.core import lookup
from cleanupd.rpc import transport
from tests.functional import daemon_process
from tests.sandbox import box
from tests.sandbox import model_steps
from tests.sandbox import processes

NAME = model_steps.NAME
AMQP = processes.TRANSPORT.replace("rabbit", "amqp")
#: How long a message may take from a service to what the daemon answers.
PATIENCE_S = 20
SERVICES = ("identity", "network", "compute", "image", "block_storage")
OPTIONS = """\
[DEFAULT]
transport_url = {transport}
state_path = {state}
host = {name}
[cloud]
name = admin
[rpc]
topic = {name}
[notifications]
enabled = {hears}
pool = pool
"""


class Daemon:
    """A daemon with a name and a queue of its own, and a client of it."""

    def __init__(self, folder, *, hears):
        """Start it; return when it has listed the cloud."""
        folder.mkdir()
        self.name = f"{NAME}-{folder.name}"
        self.queue = f"pool-{self.name}.info"
        self.process = daemon_process.DaemonProcess(folder, "http://127.0.0.1:1")
        self.process.environment = box.read_environment()
        self.process.file.write_text(
            OPTIONS.format(
                transport=processes.TRANSPORT,
                state=folder / "state",
                name=self.name,
                hears=str(hears).lower(),
            )
        )
        self.process.start()
        for service in SERVICES:
            self.process.wait_for(f"Job sync_{service}: ", seconds=120)
        conf = loading.load(["--config-file", str(self.process.file)])
        self.client = transport.connect(conf, settings.make_settings(conf).address)

    def synced(self):
        """Return when each service was listed."""
        return {one.service: one.last_sync_at for one in self.client.stats().services}

    def knows(self, kind):
        """Return names and states of this test's own of a kind."""
        found = self.client.records(lookup.Query(kind=kind, limit=10_000)).records
        own = [one for one in found if (one.name or "").startswith(NAME)]
        return sorted(f"{one.name.removeprefix(NAME)} {one.status or ''}".strip() for one in own)

    def sees(self, kind, *states):
        """Return when it has just these of a kind."""
        until = time.monotonic() + PATIENCE_S
        while (known := self.knows(kind)) != sorted(states):
            assert time.monotonic() < until, known
            time.sleep(0.1)

    def end(self):
        """End it, and leave no queue of its."""
        self.process.end()
        with kombu.Connection(AMQP) as broker:
            for queue in (self.name, f"{self.name}.{self.name}", self.queue):
                broker.channel().queue_delete(queue)


@dataclasses.dataclass
class Scene:
    """Who makes things in the cloud, and what was made."""

    admin: object
    member: object = None
    made: dict = dataclasses.field(default_factory=dict)
    undo: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)

    def keep(self, word, made, remove):
        """Remember what was made, and remove it in the end if it is still there."""
        self.made[word] = made
        self.undo.callback(_forgive, remove, made.id)
        return made


def _forgive(remove, id_):
    """Remove what may be gone already."""
    with contextlib.suppress(Exception):
        remove(id_)


@pytest.fixture(scope="module")
def scene(cloud):
    """Give a scene without anything, and leave it so."""
    found = Scene(cloud)
    with found.undo:
        yield found


@pytest.fixture(scope="module")
def hearing(tmp_path_factory, scene):
    """Give a daemon that listens to the bus."""
    found = Daemon(tmp_path_factory.mktemp("daemons") / "hears", hears=True)
    yield found
    found.end()


@pytest.fixture(scope="module")
def deaf(tmp_path_factory, scene):
    """Give a daemon that does not."""
    found = Daemon(tmp_path_factory.mktemp("daemons") / "deaf", hears=False)
    yield found
    found.end()


def create_flavors(scene):
    """Two flavors."""
    compute = scene.admin.compute
    for size in (1, 2):
        flavor = compute.create_flavor(name=f"{NAME}-{size}", ram=64 * size, vcpus=1, disk=1)
        scene.keep(f"flavor-{size}", flavor, compute.delete_flavor)


def create_server(scene):
    """A server that is up."""
    compute = scene.admin.compute
    image = next(one for one in scene.admin.image.images() if one.name.startswith("cirros"))
    server = compute.create_server(
        name=f"{NAME}-server",
        image_id=image.id,
        flavor_id=scene.made["flavor-1"].id,
        networks="none",
    )
    scene.keep("server", server, compute.delete_server)
    compute.wait_for_server(server, interval=0.3)


def rename_server(scene):
    """Another name."""
    scene.admin.compute.update_server(scene.made["server"], name=f"{NAME}-renamed")


def resize_server(scene):
    """Another flavor, not confirmed."""
    compute, server = scene.admin.compute, scene.made["server"]
    compute.resize_server(server, scene.made["flavor-2"].id)
    compute.wait_for_server(server, status="VERIFY_RESIZE", interval=0.3)


def delete_server(scene):
    """No server."""
    compute, server = scene.admin.compute, scene.made["server"]
    compute.delete_server(server)
    compute.wait_for_delete(compute.get_server(server.id), interval=0.3)


#: What is done, and which names and states there are of which kind then.
STEPS = (
    (model_steps.create_project, "identity.project", "-project"),
    (model_steps.create_network, "network.network", "-network ACTIVE"),
    (model_steps.change_network, "network.network", "-renamed ACTIVE"),
    (model_steps.create_volume, "block_storage.volume", "-volume available"),
    (model_steps.change_volume, "block_storage.volume", "-renamed error"),
    (model_steps.delete_volume, "block_storage.volume"),
    (model_steps.create_image, "image.image", "-image queued"),
    (model_steps.rename_image, "image.image", "-renamed queued"),
    (create_flavors, "compute.flavor", "-1", "-2"),
    (create_server, "compute.server", "-server ACTIVE"),
    (rename_server, "compute.server", "-renamed ACTIVE"),
    (resize_server, "compute.server", "-renamed VERIFY_RESIZE"),
    (delete_server, "compute.server"),
    (model_steps.change_identity, "identity.project", "-other"),
)


def test_it_follows_without_a_listing(scene, hearing, deaf):
    """What is created, renamed, resized and deleted is in what it answers; the deaf one has none.

    Both know more when they are told to list the cloud, and then they know the same.
    """
    listed = hearing.synced(), deaf.synced()
    for step, kind, *states in STEPS:
        step(scene)
        hearing.sees(kind, *states)
        assert deaf.knows(kind) == []
    assert (hearing.synced(), deaf.synced()) == listed
    deaf.client.sync()
    for kind in {kind for _, kind, *_ in STEPS}:
        assert deaf.knows(kind) == hearing.knows(kind)
    assert deaf.knows("network.network") == ["-renamed ACTIVE"]


def test_nothing_was_missed(scene, hearing):
    """It heard all of it: no message failed, and no listing was needed."""
    bus = hearing.client.stats().bus
    assert bus.why_deaf is None
    assert bus.handled > len(STEPS)
    assert (bus.failed, bus.gaps) == (0, 0)
    assert "listed anew" not in hearing.process.log


def test_a_lost_queue_costs_one_listing(hearing):
    """Every service is listed once more, and it hears again."""
    before = hearing.synced()
    with kombu.Connection(AMQP) as broker:
        broker.channel().queue_delete(hearing.queue)
    hearing.process.wait_for("the cloud is listed anew, for: ")
    for service in SERVICES:
        hearing.process.wait_for(f"Job sync_{service}: ", times=2, seconds=60)
    after = hearing.synced()
    assert all(after[service] > before[service] for service in SERVICES)
    bus = hearing.client.stats().bus
    assert (bus.why_deaf, bus.gaps) == (None, 1)


def test_it_ends_in_time(hearing):
    """Nobody has to kill it, though the bus is busy."""
    assert hearing.process.stop() == 0
