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

"""The commands that look into the model: in process, and of a daemon that hears the bus."""

import openstack
import pytest

from tests import emulator
from tests.emulator.scenes.demo import KILLED
from tests.functional import console as consoles
from tests.functional import daemon_process
from tests.functional import inhabited
from tests.unit.service import stage

pytestmark = [
    pytest.mark.functional,
    # oslo.messaging wants to be told its executor and says that this will end.
    pytest.mark.filterwarnings("ignore:Using the 'executor' argument:DeprecationWarning"),
]

COLUMNS = ["ID", "Name", "Project", "Host", "Status", "Created"]
DOWN = {"path": "^/networking/v2.0/ports", "answer": 500, "times": None}


@pytest.fixture
def daemon(console, cloud, tmp_path):
    """Give a daemon that is not started, whose cloud tells over its bus, and end it."""
    made = inhabited.Inhabited(tmp_path, console.url)
    with inhabited.telling(cloud):
        yield made
        made.stop()


@pytest.fixture
def ask(console, daemon):
    """Give what runs a command that asks the daemon."""
    return lambda *words: console.run("model", *words, "--config-file", str(daemon.files.file))


def ids(ended):
    """Return the ids of the rows."""
    return {row["ID"] for row in ended.json}


def servers_of(cloud, **fields):
    """Return the ids of the emulated servers that have these fields."""
    return {
        server["id"]
        for server in cloud["compute.server"]
        if all(server[name] == value for name, value in fields.items())
    }


def test_the_resources_of_a_kind_are_shown(console, cloud):
    """With what people want to know of them, and nothing else is listed."""
    ended = console.here("model", "show", "compute.server", "-f", "json")
    assert ended.code == 0
    assert ids(ended) == servers_of(cloud)
    assert list(ended.json[0]) == COLUMNS
    assert ended.json == sorted(ended.json, key=lambda row: (row["Name"], row["ID"]))
    assert not cloud.requests.entries("GET", "/networking")
    assert "16 of 16 resources of compute.server" in ended.err


def test_the_resources_of_a_workload_are_shown(console, scene):
    """By its uuid, whose part stands in their names."""
    words = ("model", "show", "compute.server", "--workload", KILLED, "-f", "json")
    assert ids(console.here(*words)) == set(scene.killed.made["compute.server"])


def test_filters_go_together(console, cloud):
    """What is shown fits all of them."""
    [one, *_] = servers = sorted(servers_of(cloud))
    project = next(s["tenant_id"] for s in cloud["compute.server"] if s["id"] == one)
    words = ("model", "show", "compute.server", "-f", "json")
    expected = servers_of(cloud, tenant_id=project)
    assert ids(console.here(*words, "--project", project)) == expected
    assert len(expected) < len(servers)
    assert ids(console.here(*words, "--project", project, "--id", one)) == {one}
    assert ids(console.here(*words, "--host", "cmp1")) == set(servers)
    assert ids(console.here(*words, "--id", one, "--host", "elsewhere")) == set()


def test_what_is_left_out_is_told(console):
    """Even to who wants quiet, with what to do about it."""
    ended = console.quietly("model", "show", "network.port", "--limit", "3", "-f", "csv")
    assert len(ended.out.splitlines()) == 1 + 3
    assert "only 3 of 53 are shown: --limit takes more" in ended.err
    assert ended.code == 0


@pytest.mark.parametrize("width", [80, 100])
def test_no_id_is_broken_in_a_window(console, cloud, width):
    """Each stands in one line, to be copied."""
    words = ("model", "show", "compute.server", "--max-width", str(width))
    out = console.here(*words).out
    assert max(map(len, out.splitlines())) <= width
    assert all(one in out for one in servers_of(cloud))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "compute.toaster"), "no kind 'compute.toaster'"),
        (("show", "--host", "cmp1"), "--host needs a KIND"),
        (("show", "compute.server", "--limit", "0"), "--limit"),
        (("show", "compute.server", "--limit", "many"), "--limit"),
        (("show", "compute.server", "--workload", KILLED[:8]), KILLED[:8]),
        (("show", "compute.server", "-c", "Colour"), "'Colour'"),
        (("sync", "nova"), "no collector of 'nova'; there are: baremetal, block_storage, compute"),
    ],
)
def test_what_makes_no_sense_costs_no_listing(console, cloud, words, said):
    """It is told in one line."""
    assert said in console.quietly("model", *words).error
    assert not cloud.requests.entries("GET", "/servers")


def test_a_kind_that_cannot_be_listed_is_told(console, cloud):
    """In what is shown, synchronized or judged; the exit code says that it is not complete."""
    cloud.faults.add(emulator.Fault(**DOWN))
    shown = console.here("model", "show", "network.port", "-f", "json")
    assert (shown.code, shown.json) == (1, [])
    assert "network.port is untrusted: " in shown.err
    synced = console.here("model", "sync", "image", "network", "-f", "json")
    assert synced.code == 1
    image, network = synced.json
    assert (image["State"], image["Counts"], image["Reason"]) == ("complete", {"image": 6}, None)
    assert network["State"] == "incomplete"
    assert network["Counts"]["router"] == 7
    assert network["Reason"].startswith("network.port: ")
    trusted = console.here("model", "trust", "-f", "json")
    assert trusted.code == 1
    trust = {row["Kind"]: row["Trust"] for row in trusted.json}
    assert (trust["network.port"], trust["image.image"]) == ("untrusted", "fresh")
    assert f"{len(trust) - 1} of {len(trust)} kinds fresh" in trusted.err


def test_all_is_well_in_process(console):
    """Each command lists by itself, and its code is 0."""
    synced = console.here("model", "sync", "-f", "json")
    assert synced.code == 0
    assert [row["Service"] for row in synced.json] == daemon_process.SERVICES
    trusted = console.here("model", "trust", "-f", "json")
    assert trusted.code == 0
    assert all(0 <= row["Age"] < 60 for row in trusted.json)
    stats = console.here("model", "stats", "-f", "json")
    assert stats.code == 0
    assert [row["Service"] for row in stats.json["Services"]] == daemon_process.SERVICES
    shown = console.here("model", "show", "-f", "json").json
    counts = sum(row["Count"] for row in shown)
    assert sum(row["Resources"] for row in stats.json["Services"]) == counts > 200
    assert (stats.json["Bus"]["Heard"], stats.json["Bus"]["Handled"]) == (False, 0)
    assert len(console.here("model", "stats", "-f", "csv").out.splitlines()) == 1 + len(
        daemon_process.SERVICES
    )


def test_credentials_that_are_refused_are_told_once(console, cloud, tmp_path):
    """Not for each kind."""
    file = tmp_path / "clouds.yaml"
    file.write_text(file.read_text().replace("secret", "wrong"))
    for words in (("sync",), ("stats",), ("trust",), ("show", "compute.server")):
        assert "emulated" in console.quietly("model", *words).error


def test_a_daemon_shows_what_the_bus_told(console, daemon, ask):
    """A network that is made is in the model, though nothing was listed; and it is counted."""
    daemon.start(hears="true")
    stage.wait_until(lambda: ask("stats", "-f", "json").json["Bus"]["Heard"])
    before = ask("stats", "-f", "json").json
    with openstack.connect(cloud=consoles.CLOUD) as connection:
        made = connection.network.create_network(name="made-just-now")

    def find():
        return ask("show", "network.network", "--id", made.id, "-f", "json").json

    stage.wait_until(find)
    assert find()[0]["Name"] == "made-just-now"
    after = ask("stats", "-f", "json").json
    assert after["Bus"]["Handled"] > before["Bus"]["Handled"]
    assert after["Bus"]["Why deaf"] is None
    syncs = [[row["Last sync"] for row in stats["Services"]] for stats in (before, after)]
    assert syncs[0] == syncs[1]


def test_a_daemon_tells_the_same_as_a_process(console, daemon, ask):
    """Kinds, resources and trust, in the same form."""
    daemon.start()
    for words in (
        ("show", "compute.server", "--workload", KILLED),
        ("show", "compute.keypair"),
        ("sync", "compute"),
    ):
        asked = ask(*words, "-f", "json")
        own = console.here("model", *words, "-f", "json")
        assert (asked.code, asked.json) == (own.code, own.json)
    assert ask("trust").code == 0


def test_a_sync_by_the_daemon_is_in_its_statistics(cloud, daemon, ask):
    """One that fails, too; what was known before stays, and is not to be believed."""
    daemon.start()
    stage.wait_until(
        lambda: all(s["Last sync"] for s in ask("stats", "-f", "json").json["Services"])
    )
    cloud.faults.add(emulator.Fault(**DOWN))
    synced = ask("sync", "network", "-f", "json")
    assert synced.code == 1
    (network,) = synced.json
    assert network["Counts"]["port"] == 53
    stats = {row["Service"]: row for row in ask("stats", "-f", "json").json["Services"]}
    assert stats["network"]["Failures"] >= 1
    assert "network.port" in stats["network"]["Last result"]
    assert stats["network"]["Next sync"] is not None
    assert stats["image"]["Failures"] == 0
    assert f"network: failed: {sum(network['Counts'].values())} resources" in ask("stats").out
    trusted = ask("trust", "-f", "json")
    assert trusted.code == 1
    port = next(row for row in trusted.json if row["Kind"] == "network.port")
    assert (port["Trust"], port["Listed"] is None) == ("stale", False)
    cloud.faults.clear()
    assert ask("sync", "network").code == 0
    assert ask("trust").code == 0


def test_a_daemon_refuses_what_makes_no_sense(daemon, ask):
    """In the words of a process, and what would be too long for its bus."""
    daemon.start()
    assert f"there are: {daemon_process.SERVICES[0]}" in ask("sync", "nova", "-q").error
    assert "no kind 'compute'" in ask("show", "compute", "-q").error
    words = ("show", "compute.server", "--limit", "10001", "-q")
    assert "a daemon tells 1 to 10000 resources at once" in ask(*words).error


def test_a_daemon_that_does_not_listen_says_so(daemon, ask):
    """With the option that keeps it from it, and the window has room for all."""
    daemon.start()
    told = ask("stats", "--max-width", "100")
    assert "The bus is not heard: [notifications] enabled is false" in told.out
    assert max(map(len, told.out.splitlines())) <= 100
    assert told.code == 0
