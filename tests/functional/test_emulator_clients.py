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
"""openstackclient and Rally, both unchanged, on the emulated cloud.

The tests that share the fixture `stage` use one cloud; each leaves it as it was.
"""

from collections.abc import Iterator
import json
import pathlib
import re
import subprocess
import sys
import time

import pytest

from tests import emulator
from tests.emulator import __main__ as emulator_command
from tests.emulator import scenes
from tests.functional import clients
from tests.functional import console as consoles

pytestmark = [pytest.mark.functional, pytest.mark.rally, pytest.mark.timeout(600)]


LISTS = {
    "server list --all-projects": "shop-web-1",
    "network list": "shop-net",
    "subnet list": "shop-subnet",
    "port list": "s_rally_vip",
    "router list": "shop-router",
    "floating ip list": "172.24.4.",
    "security group list": "c_rally_ssh",
    "volume list --all-projects": "db-data",
    "volume snapshot list --all-projects": "s_rally_nightly",
    "volume type list": "__DEFAULT__",
    "image list": "s_rally_golden_master",
    "flavor list --all": "s_rally_large",
    "keypair list --user shop-deployer": "c_rally_deploy",
    "project list": "shop",
    "user list": "shop-deployer",
    "role list": "member",
    "role assignment list --names": "shop-deployer@Default",
    "domain list": "Default",
    "service list": "keystone",
    "endpoint list --service compute": "/compute/v2.1",
    "region list": "RegionOne",
    "catalog list": "network",
    "hypervisor list": "up",
    "availability zone list": "nova",
    "quota show": "instances",
    "flavor show m1.tiny": "512",
    "network show shop-net": "ACTIVE",
    "project show shop": "Ask before",
    "image show rally-cirros": "active",
    "user show demo": "default_project_id",
    "role assignment list --user demo --project demo --names": "member",
}
"""What is asked of the scene of legitimate tenants, and what the answer has in it."""

LIFE = """\
project create --description new client-project
user create --project client-project --password secret client-user
role create client-role
role add --project client-project --user client-user client-role
role remove --project client-project --user client-user client-role
user set --email client@example.org client-user
group create client-group
group add user client-group client-user
flavor create --ram 128 --disk 1 --vcpus 1 client-flavor
network create client-net
subnet create --network client-net --subnet-range 10.99.0.0/24 client-subnet
port create --network client-net client-port
router create client-router
router add subnet client-router client-subnet
router set --external-gateway public client-router
security group create client-group
security group rule create --protocol tcp --dst-port 22 client-group
keypair create --private-key {folder}/key client-key
image create --disk-format raw --container-format bare --file {folder}/image client-image
volume create --size 1 client-volume
volume show client-volume
volume snapshot create --volume client-volume client-snapshot
server create --flavor client-flavor --image client-image --port client-port \
--key-name client-key --wait client-server
server show client-server
server add volume client-server client-volume
server remove volume client-server client-volume
quota set --cores 21 client-project
token issue
"""
"""What a person makes, by the name ``client-...``; none of it needs another command's answer."""

DEATH = """\
server delete --wait client-server
volume snapshot delete client-snapshot
volume delete client-volume
image delete client-image
keypair delete client-key
port delete client-port
router unset --external-gateway client-router
router remove subnet client-router client-subnet
router delete client-router
security group delete client-group
subnet delete client-subnet
network delete client-net
flavor delete client-flavor
group delete client-group
role delete client-role
user delete client-user
project delete client-project
"""

SERVER = {"flavor": {"name": "m1.tiny"}, "image": {"name": "^cirros.*-disk$"}}
NETWORK = {"network": {"start_cidr": "10.2.0.0/24", "networks_per_tenant": 1}}
ROUTERS = {
    "network_create_args": {},
    "subnet_create_args": {},
    "subnet_cidr_start": "1.1.0.0/30",
    "subnets_per_network": 1,
    "router_create_args": {},
}
IMAGE = {"container_format": "bare", "disk_format": "raw"}


@pytest.fixture(scope="module", autouse=True)
def _clients() -> None:
    """Fail where the clients are missing: what nobody tried is not shown."""
    if not (clients.PROGRAMS / "rally").exists() or not (clients.PROGRAMS / "openstack").exists():
        pytest.fail(f"There are no clients in {clients.PROGRAMS}: run `make rally`.")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clients.Stage]:
    """An emulated cloud that builds and deletes at once."""
    folder = tmp_path_factory.mktemp("clients")
    settings = emulator.Settings(build_delay_s=0, delete_delay_s=0)
    cloud = emulator.Cloud(settings=settings)
    legitimate = scenes.legitimate_tenants(cloud)
    (folder / "image").write_bytes(bytes(2048))
    with emulator.running(cloud) as url:
        (folder / "clouds.yaml").write_text(emulator_command.clouds_yaml(url))
        found = clients.Stage(cloud, legitimate, url, folder)
        # To list groups makes Neutron make the one of the project that lists.
        found.run("openstack", "security", "group", "list")
        yield found


@pytest.fixture(scope="module")
def rally(stage: clients.Stage) -> clients.Stage:
    """The stage with a Rally that has a database and knows the cloud."""
    stage.set_up_rally()
    return stage


def test_client_of_cloud_alone(tmp_path: pathlib.Path) -> None:
    """The command ``openstack`` lists the servers of ``python -m tests.emulator``."""
    file = tmp_path / "clouds.yaml"
    command = [sys.executable, "-m", "tests.emulator", "--scene", "killed"]
    command += ["--clouds-yaml", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=clients.ROOT) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            person = clients.Stage(emulator.Cloud(), scenes.Scene(), url, tmp_path)
            words = ("server", "list", "--all-projects", "-f", "json")
            found = json.loads(person.run("openstack", *words))
        finally:
            process.terminate()
    assert len(found) == 6
    assert all(server["Name"].startswith("s_rally_") for server in found)


def test_client_lists(stage: clients.Stage) -> None:
    """Everyday lists and resources are what openstackclient expects."""
    script = "".join(f"{command} -f json\n" for command in LISTS)
    found = clients.documents(stage.openstack(script))
    assert len(found) == len(LISTS)
    for (command, wanted), document in zip(LISTS.items(), found, strict=True):
        assert wanted in json.dumps(document), command
    assert not stage.cloud.requests.changes()


def test_client_makes_and_removes(stage: clients.Stage) -> None:
    """What openstackclient makes is there, and gone when it has removed it."""
    before = stage.cloud.inventory()
    stage.openstack(LIFE.format(folder=stage.folder))
    made = {kind for kind, ids in stage.cloud.inventory().items() if set(ids) - set(before[kind])}
    assert {"compute.server", "network.router", "image.image", "identity.user"} <= made
    stage.openstack(DEATH)
    assert stage.cloud.inventory() == before


def test_rally_finds_cloud(rally: clients.Stage) -> None:
    """``rally env check`` says that the cloud is available."""
    assert "OK!" in rally.rally("env", "check")


@pytest.mark.slow
def test_rally_task(rally: clients.Stage) -> None:
    """A task over all services ends with each criterion met, and leaves nothing."""
    before = rally.cloud.inventory()
    image = {"image_location": str(rally.folder / "image"), **IMAGE}
    with rally.rally_task(
        clients.workload("NovaServers.boot_and_delete_server", SERVER, **NETWORK),
        clients.workload("NeutronNetworks.create_and_delete_networks"),
        clients.workload("NeutronNetworks.create_and_delete_routers", ROUTERS),
        clients.workload("CinderVolumes.create_and_delete_volume", {"size": 1}),
        clients.workload("GlanceImages.create_and_delete_image", image),
        clients.workload("KeystoneBasic.create_delete_user"),
        clients.workload("KeystoneBasic.create_update_and_delete_tenant"),
        clients.workload("KeystoneBasic.create_tenant_with_users", {"users_per_tenant": 2}),
        clients.workload("KeystoneBasic.create_and_delete_service"),
        clients.workload("KeystoneBasic.add_and_remove_user_role"),
        clients.workload("KeystoneBasic.create_and_list_ec2credentials"),
        clients.workload("Authenticate.keystone"),
        clients.workload("Authenticate.validate_nova", {"repetitions": 1}),
    ) as process:
        assert process.wait() == 0, rally.task_output[-3000:]
    criteria = json.loads(rally.rally("task", "sla-check", "--json"))
    assert len(criteria) == 13
    assert {one["status"] for one in criteria} == {"PASS"}
    assert rally.cloud.inventory() == before


@pytest.fixture
def console(
    rally: clients.Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> consoles.Console:
    """The command cleanupctl on the stage's cloud, where sweeps poll quickly."""
    (rally.folder / ".cleanupd").mkdir(exist_ok=True)
    config = rally.folder / ".cleanupd" / "cleanupd.conf"
    config.write_text("[sweep]\npoll_interval = 0.1\n")
    return consoles.make_console(rally.cloud, rally.folder, monkeypatch, capsys)


def test_killed_rally_is_swept(rally: clients.Stage, console: consoles.Console) -> None:
    """After SIGKILL and a sweep the cloud is as it was; Rally itself tells the workloads."""
    before = rally.cloud.inventory()
    endless = clients.workload(
        "NovaServers.boot_and_list_server",
        {**SERVER, "detailed": True},
        **NETWORK,
        **{
            "users": {"tenants": 2, "users_per_tenant": 1},
            "keypair@openstack": {},
            "allow_ssh@openstack": None,
            "volumes@openstack": {"size": 1, "volumes_per_tenant": 1},
        },
    )
    endless["runner"] = {"constant": {"times": 1000, "concurrency": 2}}
    enough = len(before["compute.server"]) + 6
    with rally.rally_task(endless) as process:
        while len(rally.cloud.inventory()["compute.server"]) < enough:
            assert process.poll() is None, rally.task_output[-3000:]
            time.sleep(0.1)
    (task,) = set(re.findall(r"Using task: ([0-9a-f-]{36})", rally.task_output))
    command = f"{clients.PROGRAMS / 'rally'} --config-file {rally.folder / 'rally.conf'}"
    ended = console.here("sweep", "start", "--task", task, "--rally-command", command)
    assert ended.code == 0, ended.out + ended.err
    assert "CLEAN" in ended.out
    assert rally.cloud.inventory() == before
    assert not rally.legitimate.missing(rally.cloud)
