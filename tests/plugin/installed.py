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

"""What cleanupd does where the package is installed; nothing of cleanupd was changed for it.

Run by ``tests/functional/test_plugin.py``, in a process that finds the package.
"""

import functools
import importlib.metadata
import time

import pytest

from cleanupd.engine import sweep
from cleanupd.image_cache import clocks
from tests import emulator
from tests.emulator import scenes
from tests.functional import console as consoles
from tests.functional import inhabited
from tests.plugin import emulated
from tests.unit.service import stage

WORKLOAD = "5a3b1c22-0d4e-4f60-8a7b-9c1d2e3f4a5b"
OURS = "s_rally_5a3b1c22_AbCdEfGh"
IMAGE = "3b241101-e2bb-4255-8caf-4136c566a962"


@pytest.fixture
def cloud():
    """Give a cloud."""
    return emulator.Cloud(settings=emulator.Settings(delete_delay_s=0.0))


@pytest.fixture
def console(cloud, tmp_path, monkeypatch, capsys):
    """Give a console on the cloud, in which a benchmark and somebody else made an anvil."""
    made = consoles.make_console(cloud, tmp_path, monkeypatch, capsys)
    scenes.ground(cloud)
    with emulated.running(cloud) as url:
        emulated.forge(cloud, "a1", OURS)
        emulated.forge(cloud, "a2", "heirloom")
        made.describe(url)
        made.url = url
        yield made


def anvils(cloud):
    """Return the ids of the anvils that there are."""
    return {body["id"] for body in cloud["smithy.anvil"]}


def test_it_is_installed():
    """As a distribution of its own, whose entry points are all that cleanupd is told."""
    found = importlib.metadata.distribution("smithy-cleanup").entry_points
    assert {one.group for one in found} == {
        "cleanupd.resource_managers",
        "cleanupd.cluster_model_collectors",
        "cleanupd.image_caches",
    }


def test_its_kind_is_described(console):
    """From its declarations, with a word on who tests it."""
    kind = console.run("kinds", "show", "smithy.anvil", "-f", "json").json
    assert (kind["Listed"], kind["Aged"]) == ("GET /anvils", "created_at")
    assert kind["Tested"] == "by those who made smithy_cleanup"


def test_its_leaks_are_listed_and_explained(console):
    """The benchmark's anvil is a leak, the other is foreign."""
    [leak] = console.here("leaks", "list", "-f", "json").json
    assert (leak["Kind"], leak["ID"], leak["Name"]) == ("smithy.anvil", "a1", OURS)
    told = console.here("leaks", "explain", "smithy.anvil", "a1", "-f", "json").json
    assert [link["Says"] for link in told["Chain"]] == leak["Evidence"]
    told = console.here("leaks", "explain", "smithy.anvil", "a2", "-f", "json").json
    assert told["State"] == "foreign"


def test_its_leaks_are_removed_and_that_is_verified(console, cloud):
    """The benchmark's anvil goes, and the certificate is clean; the other stays."""
    ended = console.here("sweep", "start", "--workload", WORKLOAD, "-f", "json")
    assert ended.code == 0, ended.err
    assert (ended.json["Gone"], ended.json["Clean"]) == (1, True)
    assert anvils(cloud) == {"a2"}
    assert console.here("verify", "--workload", WORKLOAD, "-f", "json").json["Clean"]


@pytest.mark.filterwarnings("ignore:Using the 'executor' argument:DeprecationWarning")
def test_a_daemon_hears_it_and_sweeps_it(console, cloud, tmp_path):
    """What Smithy tells is in the model; the daemon removes it when asked."""
    daemon = inhabited.Inhabited(tmp_path, console.url)
    with inhabited.telling(cloud):
        try:
            client = daemon.start("mode = enforce", hears="true", more="exchanges = smithy")
            stage.wait_until(lambda: client.stats().bus.why_deaf is None)
            with cloud.locked():
                emulated.forge(cloud, "a3", OURS.replace("Ab", "Cd"))
            stage.wait_until(lambda: find(client) == {"a1", "a3"})
            assert client.stats().bus.handled >= 1
            client.start(sweep.Target(workloads=(WORKLOAD,)))
            stage.wait_until(lambda: anvils(cloud) == {"a2"}, seconds=60)
            stage.wait_until(lambda: find(client) == set())
        finally:
            daemon.stop()


def find(client):
    """Return the ids of the leaks, as the daemon knows them."""
    findings = client.leaks(sweep.Target(is_everything=True)).judgement.findings
    return {one.resource.ref.id for one in findings}


def test_its_image_cache_is_cleaned(console, tmp_path, monkeypatch):
    """By options of its own, a day after it was used last."""
    place = tmp_path / "ores"
    place.mkdir()
    (place / IMAGE).write_bytes(b"x" * 4096)
    later = functools.partial(clocks.Clock, wall=lambda: time.time() + 24 * 3600)
    monkeypatch.setattr(clocks, "Clock", later)
    console.configure(
        f"[image_cache]\nmode = enforce\nrun_path = {tmp_path}\n"
        f"[image_cache_smithy]\ndirectory = {place}\nmax_size = 1\nshare = 1\nquiet = 0.01\n"
    )
    ended = console.run("image-cache", "clean", "smithy", "--local", "-f", "json")
    assert ended.code == 0, ended.err
    assert not (place / IMAGE).exists(), ended.out + ended.err
