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
"""The scene of a million servers, in small."""

import collections
import datetime
import ipaddress
import json
from typing import Any

import pytest

from tests import emulator
from tests.emulator.scenes import benchmark
from tests.emulator.scenes import crowd
from tests.emulator.shapes import network as shapes
from tests.unit.emulator import asking

Body = dict[str, Any]


def made(servers: int = 30, projects: int = 3, seed: int = 0) -> emulator.Cloud:
    """A cloud with a crowd."""
    cloud = emulator.Cloud(seed=seed)
    crowd.crowd(cloud, servers, projects, seed=seed)
    return cloud


@pytest.fixture
def cloud() -> emulator.Cloud:
    """30 servers in 3 projects."""
    return made()


def _trios(cloud: emulator.Cloud) -> list[tuple[Body, Body, Body]]:
    """Each server with the port and the volume that name it."""
    found = []
    for server in cloud["compute.server"]:
        (port,) = cloud["network.port"].where("device_id", server["id"])
        (entry,) = server["os-extended-volumes:volumes_attached"]
        volume = cloud["block_storage.volume"].get(entry["id"])
        assert volume is not None
        found.append((server, port, volume))
    return found


def test_trios_agree(cloud: emulator.Cloud) -> None:
    """A server, its port and its volume say the same of each other, of owner, host and time."""
    for server, port, volume in _trios(cloud):
        project, user = server["tenant_id"], server["user_id"]
        network = cloud["network.network"].get(port["network_id"])
        assert network is not None
        group = cloud["network.security_group"].get(port["security_groups"][0])
        assert {one["project_id"] for one in (port, network, group or {})} == {project}
        assert volume["os-vol-tenant-attr:tenant_id"] == project
        assert volume["user_id"] == user
        assert (cloud["identity.user"].get(user) or {})["default_project_id"] == project
        (attachment,) = volume["attachments"]
        assert attachment["server_id"] == server["id"]
        host = server["OS-EXT-SRV-ATTR:host"]
        assert {attachment["host_name"], port["binding:host_id"]} == {host}
        ((name, (address,)),) = server["addresses"].items()
        (fixed,) = port["fixed_ips"]
        assert (name, address["addr"]) == (network["name"], fixed["ip_address"])
        assert address["OS-EXT-IPS-MAC:mac_addr"] == port["mac_address"]
        assert server["created"] == port["created_at"]
        assert volume["created_at"] == server["created"].replace("Z", ".000000")
        assert port["id"] in cloud.made_by_nova


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_each_is_another(count: int) -> None:
    """No two have the same id, address in their network, hardware address or time."""
    cloud = made(count, 2)
    trios = _trios(cloud)
    for field in ("id", "created", "name", "OS-EXT-SRV-ATTR:instance_name"):
        assert len({server[field] for server, _, _ in trios}) == count
    for at in (1, 2):
        assert len({trio[at]["id"] for trio in trios}) == count
    assert len({port["mac_address"] for _, port, _ in trios}) == count
    assert len({(p["network_id"], p["fixed_ips"][0]["ip_address"]) for _, p, _ in trios}) == count
    assert len({v["attachments"][0]["attachment_id"] for _, _, v in trios}) == count


def test_tables_are_in_order() -> None:
    """Servers and volumes come youngest first, ports by id; each is found by its id."""
    cloud = made(1000)
    servers = [(one["created"], one["id"]) for one in cloud["compute.server"]]
    assert servers == sorted(servers, reverse=True)
    ports = [one["id"] for one in cloud["network.port"]]
    assert ports == sorted(ports)
    for kind in ("compute.server", "network.port", "block_storage.volume"):
        for one in cloud[kind]:
            assert cloud[kind].get(one["id"]) is one
        for wrong in ("", "x", None, "0" * 36, "f" * 36, next(iter(cloud[kind]))["id"][:-1]):
            assert cloud[kind].get(wrong) is None


def test_ages() -> None:
    """They are between an hour and ninety days old, and of all ages."""
    cloud = made(90)
    created = [datetime.datetime.fromisoformat(one["created"]) for one in cloud["compute.server"]]
    ages = [cloud.clock.now() - at for at in created]
    assert min(ages) > datetime.timedelta(hours=1)
    assert max(ages) < datetime.timedelta(days=90, hours=2)
    assert len({at.date() for at in created}) > 45


def test_projects_share_alike(cloud: emulator.Cloud) -> None:
    """Each project has as many, and finds them by all that is asked for quickly."""
    servers = collections.Counter(one["tenant_id"] for one in cloud["compute.server"])
    assert set(servers.values()) == {10}
    for project in servers:
        for kind, field in (
            ("compute.server", "tenant_id"),
            ("network.port", "project_id"),
            ("network.port", "tenant_id"),
            ("block_storage.volume", "os-vol-tenant-attr:tenant_id"),
        ):
            expected = [one for one in cloud[kind] if one[field] == project]
            assert list(cloud[kind].where(field, project)) == expected
    (network,) = {p["network_id"] for p in cloud["network.port"].where("project_id", project)}
    assert len(list(cloud["network.port"].where("network_id", network))) == 10
    user = next(iter(cloud["compute.server"]))["user_id"]
    assert len(list(cloud["compute.server"].where("user_id", user))) == 10
    assert list(cloud["network.port"].where("device_id", "nobody")) == []


def test_has_what_an_ordinary_one_has(cloud: emulator.Cloud) -> None:
    """A server of the crowd has the fields of one that Nova was asked for, and no trace of it."""
    scene = benchmark.killed_benchmark(cloud)
    ordinary = scene.servers[2]
    crowded = next(s for s in cloud["compute.server"] if s["name"].startswith("crowd"))
    assert list(crowded) == [key for key in ordinary if not key.startswith("_root")]
    assert crowd.NAME not in str(list(cloud["compute.server"]))


@pytest.mark.parametrize("seed", [0, 7])
def test_seed(seed: int) -> None:
    """The same seed makes the same crowd, another one another."""
    first, again, other = (list(made(seed=s)["network.port"]) for s in (seed, seed, seed + 1))
    times = dict.fromkeys(("created_at", "updated_at"))
    assert [{**one, **times} for one in first] == [{**one, **times} for one in again]
    assert not {one["id"] for one in first} & {one["id"] for one in other}


def test_scene_tells_what_is_missing(cloud: emulator.Cloud) -> None:
    """The scene knows all that it made, and what is gone of it."""
    cloud = emulator.Cloud()
    scene = crowd.crowd(cloud, 5)
    assert scene.missing(cloud) == {}
    gone = next(iter(cloud["compute.server"]))["id"]
    cloud["compute.server"].remove(gone)
    assert scene.missing(cloud) == {"compute.server": {gone}}
    assert crowd.crowd(emulator.Cloud(), 0).made.keys() < scene.made.keys()


def test_server_goes_with_its_port(cloud: emulator.Cloud) -> None:
    """One of a crowd is deleted as any other: its port goes, its volume is free."""
    admin = asking.Client(cloud)
    server, port, volume = _trios(cloud)[3]
    cloud.settings.delete_delay_s = 0
    assert admin.delete(f"/compute/v2.1/servers/{server['id']}") == 204
    assert admin("GET", f"/compute/v2.1/servers/{server['id']}").status == 404
    assert admin("GET", f"/networking/v2.0/ports/{port['id']}").status == 404
    found = admin.get(f"/volume/v3/{{project}}/volumes/{volume['id']}")["volume"]
    assert (found["status"], found["attachments"]) == ("available", [])


def test_new_ports_get_free_addresses(cloud: emulator.Cloud) -> None:
    """What is made later in a crowd's network does not take an address of the crowd."""
    on = cloud["network.network"].get(next(iter(cloud["network.port"]))["network_id"])
    assert on is not None
    taken = {
        port["fixed_ips"][0]["ip_address"]
        for port in cloud["network.port"].where("network_id", on["id"])
    }
    address = shapes.port(cloud, on)["fixed_ips"][0]["ip_address"]
    assert address not in taken
    assert ipaddress.ip_address(address) in ipaddress.ip_network("10.0.0.0/8")


SERVERS = "/compute/v2.1/servers"
VOLUMES = "/volume/v3/{project}/volumes/detail?all_tenants=1"
PORTS = "/networking/v2.0/ports"
LISTS = [
    *(f"{SERVERS}/detail?all_tenants=1&limit=7", f"{SERVERS}?all_tenants=1", f"{SERVERS}/detail"),
    f"{SERVERS}/detail?all_tenants=1&name=-00000[12]",
    f"{SERVERS}/detail?all_tenants=1&ip=10.0.0.3",
    f"{SERVERS}/detail?all_tenants=1&changes-since=2020-01-01T00:00:00Z",
    *(
        f"{SERVERS}/detail?all_tenants=1&limit=7&sort_key={key}&sort_dir=asc"
        for key in ("display_name", "created_at", "uuid", "host", "image_ref", "launched_at")
    ),
    "/compute/v2.1/os-simple-tenant-usage?detailed=1",
    *(VOLUMES, f"{VOLUMES}&sort=name:asc&limit=7", f"{VOLUMES}&name=crowd-0000007"),
    f"{VOLUMES}&status=in-use&limit=7",
    *(PORTS, f"{PORTS}?sort_key=mac_address&sort_dir=asc&limit=7", f"{PORTS}?status=ACTIVE"),
    f"{PORTS}?fixed_ips=ip_address=10.0.0.3",
]
VERSIONS = ("2.1", "2.2", "2.46", "2.68", "2.69", "2.83", "2.96", "2.100")


@pytest.mark.parametrize(
    ("path", "version"),
    [(path, "2.96") for path in LISTS] + [(LISTS[0], version) for version in VERSIONS],
)
def test_lists_need_no_rows(path: str, version: str) -> None:
    """A list says the same, to the letter, of what are rows and of what are not."""
    cloud = emulator.Cloud(speed=1e-6)  # usage tells the time
    crowd.crowd(cloud, 30, 3)
    admin = asking.Client(cloud, "admin")

    def text() -> str:
        wanted = f"compute {version}, volume 3.70"
        return json.dumps(admin.get(path, **{"OpenStack-API-Version": wanted}))

    glanced = text()
    for kind in ("compute.server", "block_storage.volume", "network.port"):
        for row in list(cloud[kind]):
            row["name"] = row["name"]
    assert text() == glanced


def test_list_of_rows_and_others(cloud: emulator.Cloud) -> None:
    """A change is in the list at once, in whatever order."""
    admin = asking.Client(cloud, "admin")
    path = "/compute/v2.1/servers?all_tenants=1&sort_key=display_name&sort_dir=asc"
    first = admin.get(path)["servers"][0]
    assert first["name"] == "crowd-0000000"
    admin.put(f"/compute/v2.1/servers/{first['id']}", {"server": {"name": "zebra"}})
    names = [one["name"] for one in admin.get(path)["servers"]]
    assert (names[0], names[-1]) == ("crowd-0000001", "zebra")
    (found,) = admin.get("/compute/v2.1/servers/detail?all_tenants=1&name=zeb")["servers"]
    assert found["id"] == first["id"]
