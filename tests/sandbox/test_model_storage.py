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
"""The models of network, block storage, image and identity follow a real control plane.

Nothing is listed after the beginning but what the collectors list by themselves
where a message has no id.  After each step the models, once they have read
what was touched, agree with a fresh listing in all that is kept, but for the
revision numbers and dates of update that no message tells of.

The steps are tried in the order in which they stand here.
"""

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import time

import kombu
import msgspec
from oslo_config import cfg
import pytest

from cleanupd import cloud as clouds
from cleanupd.conf import settings
from cleanupd.engine import clock
from cleanupd.rpc import transport
from cleanupd.service import listener
from cleanupd.services.base import collectors
from cleanupd.services.base import notification
from cleanupd.services.base import registry
from tests.sandbox import box
from tests.sandbox import model_steps

BROKER = "rabbit://openstack:secret@127.0.0.1:15673/"
#: How long the models may take to be as the cloud is.
PATIENCE_S = 20
NAME = model_steps.NAME
QUEUE = f"{NAME}.info"
TESTS = pathlib.Path(__file__).parents[1]
SERVICES = ("network", "block_storage", "image", "identity")
MANAGERS, _ = registry.load_managers()


@dataclasses.dataclass
class Scene:
    """The cloud, its administrator and a member, who hears of it, and what was made in it."""

    admin: object
    member: object
    reader: clouds.Cloud
    hearing: collectors.CollectorManager
    manager: notification.NotificationHandlerManager
    made: dict = dataclasses.field(default_factory=dict)
    outside: str = ""
    undo: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)

    def keep(self, word, made, remove):
        """Remember what was made, and remove it in the end if it is still there."""
        self.made[word] = made
        self.undo.callback(_forgive, remove, made.id)
        return made

    def own(self, records):
        """Return what is this test's own of some records, without what no message tells."""
        ids = {one.id for one in self.made.values()}
        project = self.made["project"].id
        return {
            one.ref: msgspec.structs.replace(one, revision=None, updated_at=None)
            for one in records
            if (one.name or "").startswith(NAME)
            or one.project_id == project
            or any(edge.target.id in ids for edge in one.edges)
        }

    def listed(self, kind):
        """Return what a fresh listing has of this test's own."""
        others = {
            other: tuple(MANAGERS[other].list(self.reader, {}))
            for other in MANAGERS[kind].KIND.listed_after
            if other.startswith("identity.")
        }
        return self.own(MANAGERS[kind].list(self.reader, others))

    def agree(self, *kinds):
        """Wait until the models agree with a fresh listing; return of which kinds it has some."""
        until = time.monotonic() + PATIENCE_S
        some = set()
        for kind in kinds:
            one = self.hearing.get_collector(kind.partition(".")[0])
            while True:
                one.read_touched()
                model, cloud = self.own(one.cluster_data_model.of_kind(kind)), self.listed(kind)
                if model == cloud:
                    some.update(ref.kind for ref in cloud)
                    break
                if time.monotonic() > until:
                    assert model == cloud
                time.sleep(0.3)
        return some


def _forgive(remove, id_):
    """Remove what may be gone already."""
    with contextlib.suppress(Exception):
        remove(id_)


@pytest.fixture(scope="module")
def scene(sandbox_environment, cloud):
    """Collectors that have listed once, and a listener with a queue of its own."""
    reader = clouds.Cloud.connect("admin")
    hearing = collectors.CollectorManager(reader, MANAGERS, clock.now)
    handlers = [hearing.get_collector(name).notification_handler for name in SERVICES]
    manager = notification.NotificationHandlerManager(handlers)
    conf = cfg.ConfigOpts()
    conf([])
    transport.register_opts(conf)
    conf.set_override("transport_url", BROKER)
    exchanges = ("neutron", "openstack", "glance", "keystone")
    source = settings.Notifications(exchanges=exchanges, topics=("notifications",), queue=QUEUE)
    ears = listener.NotificationListener(conf, source, manager, list)
    found = Scene(cloud, None, reader, hearing, manager)
    ears.start()
    try:
        until = time.monotonic() + 20
        while ears.why_deaf is not None:
            assert time.monotonic() < until, ears.why_deaf
            time.sleep(0.1)
        for name in ("identity", "compute", "network", "block_storage", "image"):
            one = hearing.get_collector(name)
            one.synchronize()
            assert all(t.is_fresh for t in one.cluster_data_model.trust.values())
        with found.undo:
            yield found
    finally:
        ears.stop()
        ears.wait()
        with kombu.Connection(BROKER.replace("rabbit", "amqp")) as connection:
            connection.channel().queue_delete(QUEUE)


_NETWORK = ("network.network", "network.subnet", "network.port", "network.router")
_STORAGE = tuple(f"block_storage.{kind}" for kind in ("volume", "volume_type", "qos_spec"))
_IDENTITY = tuple(f"identity.{kind}" for kind in ("project", "user", "role_assignment", "role"))
_CATALOGUE = ("identity.service", "identity.endpoint")
STEPS = {
    model_steps.create_project: _IDENTITY,
    model_steps.create_role: _IDENTITY,
    model_steps.take_role: _IDENTITY,
    model_steps.delete_role: _IDENTITY,
    model_steps.create_service: _CATALOGUE,
    model_steps.delete_service: _CATALOGUE,
    model_steps.create_image: ("image.image",),
    model_steps.upload_image: ("image.image",),
    model_steps.rename_image: ("image.image",),
    model_steps.protect_image: ("image.image",),
    model_steps.delete_image: ("image.image",),
    model_steps.create_network: _NETWORK,
    model_steps.change_network: _NETWORK,
    model_steps.unshare_network: _NETWORK,
    model_steps.create_router: _NETWORK,
    model_steps.add_interface: _NETWORK,
    model_steps.create_ports: ("network.port", "network.security_group"),
    model_steps.create_groups: ("network.port", "network.security_group"),
    model_steps.delete_group: ("network.port", "network.security_group"),
    model_steps.create_floating_ip: ("network.floating_ip", "network.port"),
    model_steps.create_trunk: ("network.trunk", "network.port"),
    model_steps.delete_trunk: ("network.trunk", "network.port"),
    model_steps.delete_port: ("network.floating_ip", "network.port"),
    model_steps.clear_gateway: ("network.floating_ip", *_NETWORK),
    model_steps.delete_router: _NETWORK,
    model_steps.delete_network: _NETWORK,
    model_steps.create_volume: _STORAGE,
    model_steps.change_volume: _STORAGE,
    model_steps.extend_volume: _STORAGE,
    model_steps.create_snapshot: (*_STORAGE, "block_storage.snapshot"),
    model_steps.delete_snapshot: (*_STORAGE, "block_storage.snapshot"),
    model_steps.offer_volume: (*_STORAGE, "block_storage.transfer"),
    model_steps.keep_volume: (*_STORAGE, "block_storage.transfer"),
    model_steps.create_type: _STORAGE,
    model_steps.associate_spec: _STORAGE,
    model_steps.rename_type: _STORAGE,
    model_steps.backup_volume: (*_STORAGE, "block_storage.backup"),
    model_steps.attach_volume: (*_STORAGE, "block_storage.backup"),
    model_steps.detach_volume: _STORAGE,
    model_steps.delete_backup: (*_STORAGE, "block_storage.backup"),
    model_steps.delete_volume: _STORAGE,
    model_steps.delete_type: _STORAGE,
    model_steps.change_identity: _IDENTITY,
    model_steps.delete_identity: (*_IDENTITY, "network.security_group"),
}


KINDS = {kind.partition(".")[2] for kinds in STEPS.values() for kind in kinds}


@pytest.mark.parametrize("step", STEPS, ids=[step.__name__ for step in STEPS])
def test_the_models_follow(scene, step):
    """After each step the models agree with the cloud."""
    step(scene)
    some = scene.agree(*STEPS[step])
    verb, _, noun = step.__name__.partition("_")
    if verb == "create" and noun in KINDS:
        assert noun in {kind.partition(".")[2] for kind in some}


def test_no_message_failed(scene):
    """Each message was handled, and none was of an event type that nobody has thought of."""
    counts = scene.manager.counts
    assert (counts.unknown, counts.failed) == (0, 0)
    assert counts.handled > 0


@pytest.mark.parametrize(
    ("service", "package"),
    [
        ("network", "neutron"),
        ("block_storage", "cinder"),
        ("image", "glance"),
        ("identity", "keystone"),
    ],
)
def test_the_tables_of_event_types_are_these_services(service, package):
    """The tables that other tests compare with have what the installed services send."""
    words = (line.removeprefix("export ").partition("=") for line in box.run("env").splitlines())
    home = pathlib.Path(next(value for name, _, value in words if name == "SANDBOX_HOME"))
    directory = next(home.glob(f"venv/lib/python3*/site-packages/{package}"))
    script = TESTS / "unit" / "services" / service / f"{package}_events.py"
    found = subprocess.run(
        [home / "venv/bin/python", "-W", "ignore", script, directory],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    table = TESTS / "samples" / "notifications" / service / "event_types.json"
    assert json.loads(table.read_bytes()) == json.loads(found)
