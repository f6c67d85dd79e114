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

"""Rally leaks this, cleanupd does not: the known faults of Rally's own cleanup, one by one.

They were read in, and where possible seen with, Rally 5.1.1 and rally-openstack 4.1.0. ``FAULTS``
has all of them, each with the tests that show what cleanupd does instead: those below, on the
emulated cloud, and some that stand elsewhere.
"""

import dataclasses
import pathlib
import re

import openstack
import pytest

from tests import emulator
from tests.emulator import scenes
from tests.functional import console as consoles

pytestmark = pytest.mark.functional

TESTS = pathlib.Path(__file__).parents[1]
WORKLOAD = "5a3b1c22-0d4e-4f60-8a7b-9c1d2e3f4a5b"


@dataclasses.dataclass(frozen=True)
class Fault:
    """What Rally does, and the tests that show that cleanupd does not; else why there is none."""

    what: str
    tests: tuple[str, ...] = ()
    missing: str = ""


FAULTS = {
    1: Fault(
        "`rally env cleanup` finds nothing and says so with success",
        ("test_rally_accepts_it", "test_what_is_left_has_failed"),
    ),
    2: Fault(
        "names have the workload's id, and are looked for by the task's",
        ("test_leaks_of_a_task_are_those_of_its_workloads",),
    ),
    3: Fault(
        "rows of quotas of projects that are gone stay for ever",
        missing="quotas are no kind yet",
    ),
    4: Fault(
        "what has no name is removed, whoever made it",
        ("test_what_has_no_name_is_nobodys",),
    ),
    5: Fault(
        "names with dashes are looked for as names with underscores",
        ("test_names_with_dashes_are_found",),
    ),
    6: Fault(
        "queues of Zaqar's second version are never found",
        missing="messaging is no service of cleanupd's yet",
    ),
    7: Fault(
        "a listing ends after ten, and an error says that a resource is gone",
        ("test_a_listing_is_whole_however_short_its_pages", "test_an_error_is_no_absence"),
    ),
    8: Fault(
        "one resource without a name stops the look at its kind",
        ("test_what_has_no_name_is_nobodys",),
    ),
    9: Fault(
        "a kind is looked for by a field that has no name in it",
        ("test_the_name_is_in_the_field_that_is_told",),
    ),
    10: Fault(
        "what was there before the benchmark is removed, since the task file names it",
        ("test_what_only_a_task_file_names_stays",),
    ),
    11: Fault(
        "private flavors are not found, and a flavor counts as gone whatever became of it",
        ("test_a_private_flavor_goes", "test_what_was_not_removed_is_not_called_gone"),
    ),
    12: Fault(
        "volume types are removed before their volumes",
        ("test_a_volume_type_goes_after_its_volumes",),
    ),
    13: Fault(
        "each project costs a dozen requests before the first removal",
        ("test_more_projects_cost_no_more_listings",),
    ),
    14: Fault(
        "what a removed project left is never seen again",
        ("test_what_a_removed_project_left_goes",),
    ),
    15: Fault(
        "services are asked that there are no more",
        ("test_no_dead_service_is_asked",),
    ),
    16: Fault(
        "a project is removed, whatever is in it",
        ("test_a_project_that_somebody_uses_stays",),
    ),
    17: Fault(
        "what a service made has no name, and stays",
        ("test_what_a_service_made_for_it_goes", "test_a_chain_leads_through_the_owner"),
    ),
    18: Fault(
        "the check for leaks does not look at all that is cleaned",
        ("test_planning_changes_nothing", "test_a_swept_task_verifies_as_clean"),
    ),
    19: Fault(
        "the next run fails of what the last one left",
        ("test_nothing_is_left_for_a_second_sweep",),
    ),
}


@pytest.mark.parametrize("number", range(1, 20))
def test_rally_leaks_this_cleanupd_does_not(number):
    """Each fault has its tests, which exist; or it is told what they wait for."""
    fault = FAULTS[number]
    if fault.missing:
        pytest.skip(fault.missing)
    sources = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    defined = set(re.findall(r"def (test_\w+)", sources))
    assert fault.tests
    assert set(fault.tests) <= defined


def named(random="AbCdEfGh", letter="s"):
    """Return a name as the workload gives it."""
    return f"{letter}_rally_5a3b1c22_{random}"


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
    """Give the SDK as the administrator, with which Rally and others make things."""
    del console
    with openstack.connect(cloud=consoles.CLOUD) as made:
        yield made


@pytest.fixture
def sweep(console):
    """Give what sweeps the workload, and returns what came of it."""
    words = ("sweep", "start", "--workload", WORKLOAD, "-f", "json")
    return lambda: console.quietly(*words)


def leaks(console):
    """Return the ids of all leaks."""
    return {row["ID"] for row in console.quietly("leaks", "list", "-f", "json").json}


def test_what_has_no_name_is_nobodys(console, cloud, sdk, sweep):
    """It is not removed for that, and all that has a name is found beside it."""
    nameless = sdk.block_storage.create_volume(size=1).id
    ours = {sdk.block_storage.create_volume(size=1, name=named()).id}
    network = sdk.network.create_network().id
    ours.add(sdk.network.create_network(name=named()).id)
    assert leaks(console) == ours
    assert sweep().json["Clean"]
    assert cloud["block_storage.volume"].get(nameless)
    assert cloud["network.network"].get(network)


def test_names_with_dashes_are_found(console, sdk):
    """As Rally gives them to zones and to nodes, and to nothing else by mistake."""
    ours = sdk.network.create_network(name="s-rally-5a3b1c22-abcdefgh").id
    sdk.network.create_network(name="s-rally-of-production-abcdefgh")
    assert leaks(console) == {ours}


def test_a_listing_is_whole_however_short_its_pages(console, cloud, sdk):
    """All are found, whatever the service gives at once."""
    cloud.settings.page_limits["compute"] = 10
    ours = {
        sdk.compute.create_flavor(name=named(f"AbCdEf{i}"), ram=64, vcpus=1, disk=1).id
        for i in range(10, 35)
    }
    assert leaks(console) == ours


def test_an_error_is_no_absence(console, cloud, sdk):
    """Where the service does not answer nothing is called clean."""
    sdk.network.create_network(name=named())
    cloud.faults.add(emulator.Fault(path="/v2.0/networks", answer=500, times=None))
    ended = console.quietly("verify", "--workload", WORKLOAD, "-f", "json")
    assert (ended.code, ended.json["Clean"]) == (1, False)
    assert any("network.network" in doubt for doubt in ended.json["Doubts"])


def test_what_only_a_task_file_names_stays(console, cloud, sdk, sweep):
    """A name that somebody chose proves nothing."""
    flavor = sdk.compute.create_flavor(name="rally-ctx-flavor", ram=64, vcpus=1, disk=1).id
    image = sdk.image.create_image(name="rally-image", data=b"x", disk_format="raw").id
    sdk.network.create_network(name=named())
    assert sweep().json["Clean"]
    assert cloud["compute.flavor"].get(flavor)
    assert cloud["image.image"].get(image)


def test_a_private_flavor_goes(cloud, sdk, sweep):
    """It is found like any other."""
    words = {"name": named(), "ram": 64, "vcpus": 1, "disk": 1}
    flavor = sdk.compute.create_flavor(**words, is_public=False).id
    assert sweep().json["Gone"] == 1
    assert cloud["compute.flavor"].get(flavor) is None


def test_what_was_not_removed_is_not_called_gone(cloud, sdk, sweep):
    """Though the service has accepted the removal."""
    flavor = sdk.compute.create_flavor(name=named(), ram=64, vcpus=1, disk=1).id
    cloud.faults.add(
        emulator.Fault(path="/flavors/", method="DELETE", answer="ignored", times=None)
    )
    ended = sweep()
    assert (ended.code, ended.json["Clean"]) == (2, False)
    assert [left["ID"] for left in ended.json["Left"]] == [flavor]


def test_a_volume_type_goes_after_its_volumes(cloud, sdk, sweep):
    """And nothing is left."""
    sdk.block_storage.create_type(name=named("AbCdTypE"))
    sdk.block_storage.create_volume(size=1, name=named(), volume_type=named("AbCdTypE"))
    assert sweep().json["Clean"]
    asked = [entry.path for entry in cloud.requests.entries("DELETE")]
    assert len(asked) == 2
    assert "/volumes/" in asked[0]
    assert "/types/" in asked[1]


def test_more_projects_cost_no_more_listings(console, cloud, sdk):
    """What lists networks and volumes of all projects lists those of more projects."""

    def count():
        cloud.requests.clear()
        leaks(console)
        return len(cloud.requests.entries("GET", r"^/(networking|volume|image)"))

    before = count()
    for i in range(20):
        project = sdk.identity.create_project(name=named(f"AbCdEf{i:02}", "c")).id
        sdk.network.create_network(name=named(f"AbCdEf{i:02}"), project_id=project)
    assert count() == before


def test_what_a_removed_project_left_goes(cloud, sdk, sweep):
    """Nobody has to have a token of that project."""
    project = sdk.identity.create_project(name=named(letter="c")).id
    network = sdk.network.create_network(name=named(), project_id=project).id
    sdk.identity.delete_project(project)
    assert sweep().json["Clean"]
    assert cloud["network.network"].get(network) is None


def test_no_dead_service_is_asked(console, cloud):
    """No kind is of one, and nothing is asked for what only they have."""
    leaks(console)
    kinds = console.run("kinds", "list", "-f", "json").json
    listed = [f"{row['Kind']} {row['Listed']}" for row in kinds]
    asked = [entry.path for entry in cloud.requests.entries()]
    # Octavia's paths have the word, too.
    dead = re.compile(
        r"^network\..*lbaas|networking/.*lbaas|/alarms|metering|/v1/(domains|servers)"
    )
    assert [one for one in (*listed, *asked) if dead.search(one)] == []


def test_a_project_that_somebody_uses_stays(cloud, sdk, sweep):
    """With all that is in it, since that may be theirs."""
    project = sdk.identity.create_project(name=named(letter="c")).id
    user = sdk.identity.create_user(name="bob", password="secret").id
    role = next(iter(sdk.identity.roles())).id
    sdk.identity.assign_project_role_to_user(project, user, role)
    network = sdk.network.create_network(name="db", project_id=project).id
    sweep()
    assert cloud["identity.project"].get(project)
    assert cloud["network.network"].get(network)


def test_what_a_service_made_for_it_goes(cloud, sdk, sweep):
    """The interface of a router has no name of its own."""
    network = sdk.network.create_network(name=named("NetNetNe"))
    subnet = sdk.network.create_subnet(
        name=named("SubSubSu"), network_id=network.id, ip_version=4, cidr="10.77.0.0/24"
    )
    router = sdk.network.create_router(name=named("RouterRo"))
    sdk.network.add_interface_to_router(router, subnet_id=subnet.id)
    assert any(port["device_id"] == router.id for port in cloud["network.port"])
    assert sweep().json["Clean"]
    assert not any(port["device_id"] == router.id for port in cloud["network.port"])


def test_nothing_is_left_for_a_second_sweep(sdk, sweep):
    """What is made under the same name again is not in the way, and goes again."""
    for _ in range(2):
        sdk.compute.create_flavor(name=named(), ram=64, vcpus=1, disk=1)
        assert sweep().json["Gone"] == 1
    assert sweep().json["Planned"] == 0
