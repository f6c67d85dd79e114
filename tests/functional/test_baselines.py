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

"""``cleanupctl baseline``: what a project is to have, on an emulated cloud."""

import json
import pathlib

import openstack
import pytest

from tests import emulator
from tests.emulator import scenes
from tests.functional import console as consoles

pytestmark = pytest.mark.functional


@pytest.fixture
def cloud():
    """Give a cloud with an administrator, in which removing takes no time."""
    made = emulator.Cloud(settings=emulator.Settings(delete_delay_s=0.0, build_delay_s=0.0))
    scenes.ground(made)
    return made


@pytest.fixture
def console(cloud, tmp_path, monkeypatch, capsys):
    """Give a console on the cloud."""
    made = consoles.make_console(cloud, tmp_path, monkeypatch, capsys)
    with emulator.running(cloud) as url:
        made.describe(url)
        yield made


@pytest.fixture
def sdk(console):
    """Give the SDK as the administrator."""
    del console
    with openstack.connect(cloud=consoles.CLOUD) as made:
        yield made


@pytest.fixture
def demo(sdk):
    """Give the id of a project that has a network and its default security group."""
    made = sdk.identity.create_project(name="lab").id
    sdk.network.create_network(name="old", project_id=made)
    list(sdk.network.security_groups(project_id=made))
    return made


@pytest.fixture
def file(console, demo, tmp_path):
    """Give the file with the project's baseline."""
    del demo
    path = tmp_path / "demo.json"
    ended = console.quietly("baseline", "save", str(path), "--project", "lab", "-f", "json")
    assert ended.code == 0, ended.err
    assert {row["Kind"]: row["Count"] for row in ended.json} == {
        "network.network": 1,
        "network.security_group": 1,
    }
    return str(path)


def let_age(cloud):
    """Have all networks been there for long."""
    with cloud.locked():
        for body in cloud["network.network"]:
            body["created_at"] = "2026-01-02T03:04:05Z"


def networks(cloud, project):
    """Return the names of the networks of a project."""
    rows = cloud["network.network"]
    return {body["name"] for body in rows if body["project_id"] == project}


def test_what_comes_and_goes_is_shown(console, sdk, demo, file):
    """With a code of its own if anything has come."""
    assert console.quietly("baseline", "diff", file, "-f", "json").json == []
    new = sdk.network.create_network(name="new", project_id=demo).id
    sdk.network.delete_network(sdk.network.find_network("old"))
    ended = console.quietly("baseline", "diff", file, "-f", "json")
    assert ended.code == 2
    assert [(row["Change"], row["Name"]) for row in ended.json] == [("new", "new"), ("gone", None)]
    assert ended.json[0]["ID"] == new


def test_what_has_come_is_removed_when_the_name_is_typed(console, cloud, sdk, demo, file):
    """And nothing that was there, nor anything of others; the certificate is clean."""
    sdk.network.create_network(name="new", project_id=demo)
    sdk.network.create_network(name="foreign")
    let_age(cloud)
    ended = console.quietly("baseline", "sweep", file, "--confirm", "lab", "-f", "json")
    assert ended.code == 0, ended.err
    assert (ended.json["Gone"], ended.json["Clean"]) == (1, True)
    assert networks(cloud, demo) == {"old"}
    assert "foreign" in {body["name"] for body in cloud["network.network"]}


def test_what_has_just_come_stays(console, cloud, sdk, demo, file):
    """Somebody may be at work there; the reason says until when."""
    sdk.network.create_network(name="new", project_id=demo)
    ended = console.quietly("baseline", "sweep", file, "--confirm", "lab", "-f", "json")
    assert (ended.code, networks(cloud, demo)) == (2, {"old", "new"})
    [row] = ended.json["Resources"]
    assert "[safety] min_age" in row["Reason"]


@pytest.mark.parametrize("words", [(), ("--confirm", "emulated"), ("--confirm", "Lab")])
def test_without_the_name_nothing_is_removed(console, cloud, sdk, demo, file, words):
    """That of the cloud is another."""
    sdk.network.create_network(name="new", project_id=demo)
    cloud.requests.clear()
    assert "--confirm lab" in console.quietly("baseline", "sweep", file, *words).error
    assert not cloud.requests.changes()


def test_a_stored_plan_needs_the_name_too(console, cloud, sdk, demo, file):
    """Whoever found its id: the cloud's name is not enough."""
    sdk.network.create_network(name="new", project_id=demo)
    let_age(cloud)
    plan = console.quietly("baseline", "sweep", file, "--dry-run", "-f", "json").json
    assert [row["Name"] for row in plan["Resources"]] == ["new"]
    words = ("sweep", "start", "--plan", plan["ID"])
    assert console.quietly(*words).code == 1
    assert networks(cloud, demo) == {"old", "new"}
    assert console.quietly(*words, "--confirm", "emulated").code == 1
    assert networks(cloud, demo) == {"old", "new"}


def test_all_that_no_benchmark_made_can_be_removed(console, cloud, sdk, demo):
    """But for what has a benchmark's name, and what Neutron gives to each project."""
    sdk.network.create_network(name="s_rally_5a3b1c22_AbCdEfGh", project_id=demo)
    let_age(cloud)
    words = ("baseline", "sweep", "--unmatched", "--project", demo, "--confirm", "lab")
    ended = console.quietly(*words, "-f", "json")
    assert (ended.code, ended.json["Gone"]) == (0, 1), ended.err
    assert networks(cloud, demo) == {"s_rally_5a3b1c22_AbCdEfGh"}
    assert any(body["project_id"] == demo for body in cloud["network.security_group"])


def test_a_baseline_of_what_is_not_known_is_not_saved(console, cloud, demo, tmp_path):
    """What is missing in it would be removed."""
    cloud.faults.add(emulator.Fault(path="/v2.0/ports", answer=500, times=None))
    path = tmp_path / "demo.json"
    error = console.quietly("baseline", "save", str(path), "--project", demo).error
    assert "nothing is saved" in error
    assert not path.exists()


def test_a_file_of_another_region_is_refused(console, cloud, sdk, demo, file):
    """There everything would seem new."""
    path = pathlib.Path(file)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"region": "elsewhere"}))
    for words in (("diff", file), ("sweep", file, "--confirm", "lab")):
        assert "elsewhere" in console.quietly("baseline", *words).error
    assert networks(cloud, demo) == {"old"}


def test_a_file_of_a_project_of_another_name_is_refused(console, cloud, sdk, demo, file):
    """Whoever has changed the file, or renamed the project: what is typed has to be true."""
    sdk.network.create_network(name="new", project_id=demo)
    let_age(cloud)
    sdk.identity.update_project(demo, name="production")
    for name in ("lab", "production"):
        words = ("baseline", "sweep", file, "--confirm", name)
        assert "is of lab, now production" in console.quietly(*words).error
    assert networks(cloud, demo) == {"old", "new"}


def test_what_makes_no_sense_is_refused(console, demo, file, tmp_path):
    """A line that says what does, and nothing is written over."""
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    for words, said in (
        (("save", file, "--project", "lab"), "cannot be written"),
        (("save", "x.json", "--project", "nobody"), "no project is called 'nobody'"),
        (("diff", str(broken)), "is no baseline"),
        (("diff", str(tmp_path / "gone.json")), "cannot be read"),
        (("sweep", "--unmatched"), "give a FILE, or --unmatched and --project"),
        (("sweep", file, "--unmatched", "--project", demo), "give a FILE, or --unmatched"),
        (("sweep",), "give a FILE"),
    ):
        assert said in console.quietly("baseline", *words).error


def test_a_daemon_does_not_do_it(console, file):
    """Only who is there can type a name."""
    assert "give --os-cloud NAME" in console.run("baseline", "sweep", file).error
