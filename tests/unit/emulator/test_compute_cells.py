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
"""What no sandbox shows of Nova: cells that are down, hosts that run out, archived servers."""

import datetime
from typing import Any

import pytest

from tests import emulator
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import compute
from tests.unit.emulator import asking

NOVA = "/compute/v2.1"
ALL = f"{NOVA}/servers/detail?all_tenants=1"
OLD = {"OpenStack-API-Version": "compute 2.68"}


@pytest.fixture
def pair(cloud: emulator.Cloud, member: asking.Client) -> dict[str, str]:
    """The ids of two servers of a member by their hosts, and the cell of the first is down."""
    user = bootstrap.named(cloud, "identity.user", "demo")["id"]
    flavor = bootstrap.named(cloud, "compute.flavor", "m1.tiny")
    image = next(iter(cloud["image.image"]))
    ids = {}
    for host in ("cmp1", "cmp2"):
        wish = compute.Wish(flavor, image, host=host)
        ids[host] = compute.server(cloud, host, member.project_id, user, wish)["id"]
    cloud.settings.down_hosts = {"cmp1"}
    return ids


def ids(client: asking.Client, path: str, **headers: str) -> list[str]:
    """The ids of a list."""
    return [one["id"] for one in client.get(path, **headers)["servers"]]


def test_servers_of_a_cell_that_is_down(pair: dict[str, str], admin: asking.Client) -> None:
    """Since 2.69 what the API knows of them stands in front of the others."""
    first, second = admin.get(ALL)["servers"]
    assert (first["id"], first["status"]) == (pair["cmp1"], "UNKNOWN")
    assert set(first) == {"id", "status", "tenant_id", "created", "links"}
    assert (second["id"], second["status"]) == (pair["cmp2"], "ACTIVE")
    brief, _ = admin.get(f"{NOVA}/servers?all_tenants=1")["servers"]
    assert set(brief) == {"id", "status", "links"}


@pytest.mark.parametrize("query", ["&limit=10", "&name=cmp", "&sort_key=uuid", "&status=ACTIVE"])
def test_lists_that_lack_them(pair: dict[str, str], admin: asking.Client, query: str) -> None:
    """Who filters, sorts or pages gets a list without them, and is told nothing."""
    assert ids(admin, ALL + query) == [pair["cmp2"]]


def test_old_lists_lack_them(pair: dict[str, str], admin: asking.Client) -> None:
    """So does who speaks an older microversion."""
    assert ids(admin, ALL, **OLD) == [pair["cmp2"]]


def test_members_see_them_too(pair: dict[str, str], member: asking.Client) -> None:
    """A member's own list is no different."""
    assert ids(member, f"{NOVA}/servers/detail") == [pair["cmp1"], pair["cmp2"]]


def test_show_of_one(pair: dict[str, str], admin: asking.Client) -> None:
    """One is shown in part since 2.69, and is 500 before."""
    path = f"{NOVA}/servers/{pair['cmp1']}"
    shown = admin.get(path)["server"]
    assert set(shown) == {
        *("id", "status", "tenant_id", "created", "links", "flavor", "image", "user_id"),
        *("OS-EXT-STS:power_state", "OS-EXT-AZ:availability_zone", "server_groups"),
    }
    assert (shown["status"], shown["OS-EXT-AZ:availability_zone"]) == ("UNKNOWN", "UNKNOWN")
    assert admin("GET", path, headers=OLD).status == 500


def test_nothing_is_done_to_one(pair: dict[str, str], admin: asking.Client) -> None:
    """Neither delete nor action reaches the cell."""
    path = f"{NOVA}/servers/{pair['cmp1']}"
    assert admin.delete(path) == 500
    assert admin("POST", f"{path}/action", {"os-stop": None}).status == 500


def test_state_of_its_host(pair: dict[str, str], admin: asking.Client) -> None:
    """Its hypervisor is down, and so is the service there."""
    assert pair
    found = admin.get(f"{NOVA}/os-hypervisors")["hypervisors"]
    assert {one["hypervisor_hostname"]: one["state"] for one in found} == {
        "cmp1": "down",
        "cmp2": "up",
    }


class Maker:
    """Makes servers without networks and lets time pass."""

    def __init__(self, cloud: emulator.Cloud, who: asking.Client) -> None:
        self.cloud = cloud
        self.who = who

    def __call__(self, hints: dict[str, str] | None = None, **fields: Any) -> str:
        """The id of a new server, which is done one way or the other."""
        wish = {
            "name": "server",
            "flavorRef": bootstrap.named(self.cloud, "compute.flavor", "m1.tiny")["id"],
            "imageRef": next(iter(self.cloud["image.image"]))["id"],
            "networks": "none",
            **fields,
        }
        body = {"server": wish, "os:scheduler_hints": hints or {}}
        reply = self.who("POST", f"{NOVA}/servers", body)
        assert reply.status == 202, reply
        self.pass_time()
        return str(reply.body["server"]["id"])

    def pass_time(self) -> None:
        """What was begun is done."""
        for _ in range(4):
            self.cloud.clock.advance(datetime.timedelta(seconds=1))
            with self.cloud.locked():
                pass

    def show(self, server_id: str) -> Any:
        """The server."""
        return self.who.get(f"{NOVA}/servers/{server_id}")["server"]


@pytest.fixture
def maker(cloud: emulator.Cloud, admin: asking.Client) -> Maker:
    """Makes servers as the administrator."""
    return Maker(cloud, admin)


def test_no_host_is_left(maker: Maker) -> None:
    """A third server of an anti-affinity group on two hosts is in error; affinity shares one."""
    places = {}
    for policy in ("anti-affinity", "affinity"):
        group = {"server_group": {"name": "g", "policy": policy}}
        made = maker.who("POST", f"{NOVA}/os-server-groups", group).body["server_group"]
        servers = [maker.show(maker({"group": made["id"]})) for _ in range(3)]
        places[policy] = [one["OS-EXT-SRV-ATTR:host"] for one in servers]
        fault = servers[2].get("fault", {}).get("message", "")
        assert fault.startswith("No valid host was found.") is (policy == "anti-affinity")
    assert set(places["anti-affinity"]) == {"cmp1", "cmp2", None}
    assert len(set(places["affinity"])) == 1


def test_forced_host(maker: Maker) -> None:
    """The administrator's server is on the host that he names."""
    for host in ("cmp1", "cmp2"):
        shown = maker.show(maker(availability_zone=f"nova:{host}"))
        assert shown["OS-EXT-SRV-ATTR:host"] == host
        assert shown["pinned_availability_zone"] == "nova"


def test_disabled_host(maker: Maker) -> None:
    """No server comes to a host whose service is disabled; on none at all it is in error."""
    services = maker.who.get(f"{NOVA}/os-services?binary=nova-compute")["services"]
    for service in services:
        wish = {"status": "disabled", "disabled_reason": "work"}
        assert maker.who.put(f"{NOVA}/os-services/{service['id']}", wish).status == 200
    assert maker.show(maker())["status"] == "ERROR"


def test_archived_marker(maker: Maker) -> None:
    """A deleted server is a marker until it is archived; then the marker is 400."""
    kept = maker()
    gone = maker()
    maker.who.delete(f"{NOVA}/servers/{gone}")
    maker.pass_time()
    path = f"{ALL}&marker={gone}"
    assert ids(maker.who, path) == [kept]
    maker.cloud["compute.deleted_server"].remove(gone)
    assert maker.who("GET", path).status == 400


def test_reservation_ends_with_the_server(maker: Maker, cloud: emulator.Cloud) -> None:
    """A volume that waited for a server which is deleted is available again."""
    volume = maker.who(
        "POST", "/volume/v3/{project}/volumes", {"volume": {"size": 1, "name": "v"}}
    ).body["volume"]
    maker.pass_time()
    cloud.settings.build_delay_s = 60
    disk = {
        "boot_index": 0,
        "source_type": "volume",
        "destination_type": "volume",
        "uuid": volume["id"],
    }
    server_id = maker(block_device_mapping_v2=[disk], imageRef="")
    path = f"/volume/v3/{{project}}/volumes/{volume['id']}"
    assert maker.who.get(path)["volume"]["status"] == "reserved"
    maker.who.delete(f"{NOVA}/servers/{server_id}")
    maker.pass_time()
    assert maker.who.get(path)["volume"]["status"] == "available"
