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

"""The image caches of a node by daemon and command, over a bus that is in memory."""

import functools
import json
import logging
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest

from cleanupd import image_cache
from cleanupd.cli import app
from cleanupd.conf import loading
from cleanupd.image_cache import clocks
from cleanupd.service import building
from cleanupd.service.orders import Order
from tests.unit.service import stage

pytestmark = pytest.mark.functional

HOUR = 3600
OPTIONS = """\
[DEFAULT]
transport_url = fake://
host = here
[rpc]
enabled = {has_rpc}
topic = {topic}
server = here
[image_cache]
mode = {mode}
run_path = {folder}/run
[image_cache_ironic_instance]
directory = {folder}/master
quiet = 0.01
share = 1
interval = {interval}
{more}
"""


class Node:
    """A node with one cache, on which it is a day later, and a daemon that can be started."""

    def __init__(self, folder, capsys):
        """Have three images that nobody uses."""
        self.folder = folder
        self.capsys = capsys
        self.file = folder / "cleanupd.conf"
        self.master = folder / "master"
        self.master.mkdir()
        self.topic = uuid.uuid4().hex
        self.images = []
        for _ in range(3):
            self.put()
        self.configure()
        self._thread = None

    def put(self):
        """Have there be one more image."""
        image = self.master / str(uuid.uuid4())
        image.write_bytes(b"x" * 4096)
        self.images.append(image)

    def configure(self, mode="enforce", *, interval=0, more="", has_rpc=True):
        """Write the options."""
        text = OPTIONS.format(
            folder=self.folder,
            topic=self.topic,
            mode=mode,
            interval=interval,
            more=more,
            has_rpc=has_rpc,
        )
        self.file.write_text(text)

    def start(self):
        """Run the daemon in a thread."""
        load = functools.partial(loading.load, ["--config-file", str(self.file)])
        self.supervisor = building.build(load, {}, str)
        self._thread = threading.Thread(target=self.supervisor.run)
        self._thread.start()
        stage.wait_until(lambda: self.run("image-cache", "list")[0] == 0, seconds=30)

    def stop(self):
        """End it."""
        if self._thread is not None:
            self.supervisor.inbox.put(Order.STOP)
            self._thread.join(20)
            assert not self._thread.is_alive()
            self.supervisor.inbox.close()

    def run(self, *words):
        """Run a command, and return its code, its output and what it said besides."""
        self.capsys.readouterr()
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        try:
            code = app.Cleanupctl().run([*words, "--config-file", str(self.file)])
        finally:
            # A process has its logging for itself; the tests share one.
            root.handlers[:] = handlers
            root.setLevel(level)
        out, err = self.capsys.readouterr()
        return code, out, err

    def json(self, *words):
        """Run a command that ends well, and return its output."""
        code, out, err = self.run(*words, "-f", "json")
        assert code == 0, err
        return json.loads(out)

    @property
    def left(self):
        """How many images there are; to list them would be work in the directory."""
        return sum(image.exists() for image in self.images)


@pytest.fixture
def node(tmp_path, capsys, monkeypatch):
    """Give a node, and end its daemon."""
    for name in ("OS_CLOUD", "OS_CLIENT_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    later = functools.partial(clocks.Clock, wall=lambda: time.time() + 24 * HOUR)
    monkeypatch.setattr(clocks, "Clock", later)
    made = Node(tmp_path, capsys)
    yield made
    made.stop()
    image_cache.unbind()


@pytest.fixture(params=["here", "by daemon"])
def ask(request, node):
    """Give what runs a command in this process, and by a daemon that has no cloud."""
    if request.param == "here":
        return lambda *words: node.run("image-cache", *words, "--local")
    node.start()
    return lambda *words: node.run("image-cache", *words, "--host", "here")


def test_all_caches_are_listed(ask, node):
    """Those that are off, too; sizes are what files take on disk."""
    code, out, _ = ask("list", "-f", "json")
    rows = {row["Cache"]: row for row in json.loads(out)}
    assert code == 0
    assert {"glance", "nova_base", "cinder_conversion", "ironic_pxe"} <= rows.keys()
    found = rows["ironic_instance"]
    assert (found["State"], found["Files"], found["Size"]) == ("on", 3, 3 * 4096)
    assert "off" in rows["glance"]["State"]
    assert node.left == 3


def test_the_plan_shows_file_size_last_use_and_why(ask, node):
    """Nothing is removed by looking."""
    node.configure(more="max_size = 4K")
    _, out, err = ask("clean", "--free", "900T", "--dry-run", "-f", "json")
    rows = json.loads(out)
    assert {row["File"] for row in rows} == {path.name for path in node.master.iterdir()}
    assert {row["Size"] for row in rows} == {4096}
    assert all(row["Why"].startswith("room") and row["Last used"] for row in rows)
    assert "too little room" in err


def test_clean_frees_what_is_asked_for(ask, node):
    """Everything goes where there is too little room all the same, and the code says so."""
    code, _, err = ask("clean", "ironic_instance", "--free", "900T")
    assert node.left == 0
    assert code == 1
    assert "too little room" in err
    assert "3 of 3 files removed" in err


def test_where_there_is_room_nothing_goes(ask, node):
    """A byte is free on any disk that tests run on."""
    code, _, _ = ask("clean", "--free", "1")
    assert (code, node.left) == (0, 3)


def test_what_cannot_be_removed_is_no_success(node):
    """Who asked for it and got an error has to look at it."""
    node.configure(more="max_age = 3600")
    subprocess.run(["chattr", "+i", *node.images], check=False, capture_output=True)
    try:
        code, _, err = node.run("image-cache", "clean", "--local")
    finally:
        subprocess.run(["chattr", "-i", *node.images], check=False, capture_output=True)
    if node.left == 0:
        pytest.skip("takes root and a file system whose files can be immutable")
    assert "3 failed" in err
    assert code == 1


def test_an_unknown_cache_is_told_with_those_there_are(ask):
    """By name."""
    code, _, err = ask("show", "nonsense")
    assert code == 1
    assert "no image cache 'nonsense'" in err


def test_mode_report_removes_nothing(node):
    """And the command says which option it is."""
    node.configure("report", more="max_age = 3600")
    code, out, err = node.run("image-cache", "clean", "--local", "-f", "json")
    assert (code, node.left) == (0, 3)
    assert len(json.loads(out)) == 3
    assert "[image_cache] mode is report" in err


@pytest.mark.parametrize("size", ["much", "-5G", "5X", ""])
def test_a_size_that_is_none_is_refused(node, size):
    """With what would be one."""
    code, _, err = node.run("image-cache", "clean", "--local", f"--free={size}")
    assert node.left == 3
    assert code == 1
    assert "such as 20G" in err


def test_all_daemons_can_be_asked_at_once(node):
    """None answers; each does it."""
    node.configure(more="max_age = 3600")
    node.start()
    code, _, err = node.run("image-cache", "clean", "--all-hosts")
    assert code == 0
    assert "every daemon" in err
    stage.wait_until(lambda: node.left == 0)


def test_a_daemon_without_a_cloud_has_none(node):
    """What only one with a cloud could answer is refused, and why."""
    node.start()
    code, _, err = node.run("leaks", "list")
    assert code == 1
    assert "image caches only" in err


def test_the_schedule_cleans(node):
    """A cache whose time has come, within its limits."""
    node.configure(interval=1, more="max_age = 3600")
    node.start()
    stage.wait_until(lambda: node.left == 0, seconds=20)


def test_changed_options_are_followed(node):
    """Without a restart: a limit, and the schedule."""
    node.start()
    node.configure(interval=1, more="max_age = 3600")
    node.supervisor.inbox.put(Order.RELOAD)
    stage.wait_until(lambda: node.left == 0, seconds=20)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("max_size = lots", "max_size"),
        ("min_idle = 5", "min_idle"),
        ("share = 2", "share"),
        ("quiet = -1", "quiet"),
        ("[image_cache_glance]\ndirectory = relative", "[image_cache_glance] directory"),
        ("mount_point = mnt", "[image_cache_ironic_instance] mount_point: 'mnt'"),
        ("retired = /a,b/c", "[image_cache_ironic_instance] retired: 'b/c'"),
        ("[image_cache]\nrun_path = run", "[image_cache] run_path: 'run'"),
    ],
)
def test_options_that_make_no_sense_are_told(node, more, why):
    """With the name of the option."""
    node.configure(more=more)
    code, _, err = node.run("image-cache", "list", "--local")
    assert code == 1
    assert why in err


def test_the_real_daemon_starts_without_a_cloud(node):
    """As a process: it passes over its caches, and ends by a signal."""
    node.configure(interval=1, has_rpc=False)
    command = [sys.executable, "-m", "cleanupd.cmd.cleanupd", "--config-file", str(node.file)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as daemon:
        lines = iter(daemon.stdout.readline, "")
        assert any("Job image_caches: 0 files of 1 caches removed" in line for line in lines)
        daemon.send_signal(signal.SIGTERM)
        daemon.stdout.read()
        assert daemon.wait(20) == 0
    assert node.left == 3
