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
"""Nova's servers, their asynchronous end, locks, attachments, flavors and keypairs."""

import datetime

import pytest

from tests import emulator
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute
from tests.emulator.shapes import identity
from tests.emulator.shapes import network
from tests.unit.emulator import asking

Body = dict[str, object]
NOVA = "/compute/v2.1"
NET = "/networking/v2.0"
ALL = f"{NOVA}/servers/detail?all_tenants=1"


class House:
    """A member's project with a network, in which servers are made."""

    def __init__(self, cloud: emulator.Cloud, member: asking.Client) -> None:
        self.cloud = cloud
        self.project_id = member.project_id
        self.user_id = bootstrap.named(cloud, "identity.user", "demo")["id"]
        self.flavor = bootstrap.named(cloud, "compute.flavor", "m1.tiny")
        self.image = next(iter(cloud["image.image"]))
        self.net = network.network(cloud, "net", self.project_id)
        network.subnet(cloud, "sub", self.net)

    def server(self, name: str = "server", ports: tuple[Body, ...] = ()) -> Body:
        """A new server with a port that Nova makes and those given."""
        wish = compute.Wish(self.flavor, self.image, [self.net], ports)
        return compute.server(self.cloud, name, self.project_id, self.user_id, wish)

    def volume(self, name: str = "volume") -> Body:
        """A new volume."""
        return block_storage.volume(self.cloud, name, self.project_id, self.user_id)

    def pass_time(self) -> None:
        """What was begun is done, also what that began."""
        for _ in range(3):
            self.cloud.clock.advance(datetime.timedelta(seconds=1))
            with self.cloud.locked():
                pass


@pytest.fixture
def house(cloud: emulator.Cloud, member: asking.Client) -> House:
    """A member's project."""
    return House(cloud, member)


def test_delete_takes_time(house: House, admin: asking.Client) -> None:
    """A deleted server is ``deleting`` for a while and may be deleted again; then it is 404."""
    path = f"{NOVA}/servers/{house.server()['id']}"
    assert [admin.delete(path), admin.delete(path)] == [204, 204]
    shown = admin.get(path)["server"]
    assert (shown["status"], shown["OS-EXT-STS:task_state"]) == ("ACTIVE", "deleting")
    house.pass_time()
    assert admin("GET", path).status == 404
    (buried,) = admin.get(f"{ALL}&deleted=true")["servers"]
    assert buried["status"] == "DELETED"


def test_ports_at_the_end(house: House, admin: asking.Client) -> None:
    """Ports that Nova made go; one that was there before is unbound and keeps its floating IP."""
    cloud = house.cloud
    own = network.port(cloud, house.net, name="own")
    server = house.server(ports=(own,))
    (made,) = (p for p in cloud["network.port"] if p["device_id"] == server["id"] and p is not own)
    public = bootstrap.named(cloud, "network.network", "public")
    for port in (own, made):
        network.connect(cloud, network.floating_ip(cloud, house.project_id, public), port)
    before = own["revision_number"]
    admin.delete(f"{NOVA}/servers/{server['id']}")
    house.pass_time()
    assert admin("GET", f"{NET}/ports/{made['id']}").status == 404
    shown = admin.get(f"{NET}/ports/{own['id']}")["port"]
    assert (shown["device_id"], shown["device_owner"], shown["status"]) == ("", "", "DOWN")
    assert shown["revision_number"] > before
    leads_to = {fip["port_id"] for fip in admin.get(f"{NET}/floatingips")["floatingips"]}
    assert leads_to == {own["id"], None}


def test_volumes_at_the_end(house: House, admin: asking.Client) -> None:
    """A disk with delete_on_termination goes, other volumes become available."""
    cloud = house.cloud
    server, data = house.server(), house.volume()
    disk = compute.boot_from_volume(cloud, server)
    compute.attach(cloud, server, data)
    assert (disk["name"], disk["os-vol-tenant-attr:tenant_id"]) == ("", house.project_id)
    admin.delete(f"{NOVA}/servers/{server['id']}")
    house.pass_time()
    assert (data["status"], data["attachments"]) == ("available", [])
    assert cloud["block_storage.volume"].get(disk["id"]) is None


def test_disk_outlives_server(house: House, admin: asking.Client) -> None:
    """When the server is gone its disk may still be ``deleting``, and refuse another delete."""
    server = house.server()
    disk = compute.boot_from_volume(house.cloud, server)
    admin.delete(f"{NOVA}/servers/{server['id']}")
    house.cloud.clock.advance(datetime.timedelta(seconds=0.3))
    assert admin("GET", f"{NOVA}/servers/{server['id']}").status == 404
    assert disk["status"] == "deleting"
    assert admin.delete(f"/volume/v3/{{project}}/volumes/{disk['id']}") == 400


def test_disk_with_snapshot_stays(house: House, admin: asking.Client) -> None:
    """Cinder keeps a disk with a snapshot, whatever Nova wants."""
    server = house.server()
    disk = compute.boot_from_volume(house.cloud, server)
    block_storage.snapshot(house.cloud, "snap", disk)
    admin.delete(f"{NOVA}/servers/{server['id']}")
    house.pass_time()
    assert disk["status"] == "available"


def test_locked(house: House, admin: asking.Client, member: asking.Client) -> None:
    """Only the administrator deletes a locked server, or unlocks what an administrator locked."""
    path = f"{NOVA}/servers/{house.server()['id']}"
    assert admin("POST", f"{path}/action", {"lock": {"locked_reason": "why"}}).status == 202
    assert admin.get(path)["server"]["locked_reason"] == "why"
    assert member.delete(path) == 409
    assert member("POST", f"{path}/action", {"unlock": None}).status == 403
    assert admin("POST", f"{path}/action", {"unlock": None}).status == 202
    assert admin("POST", f"{path}/action", {"lock": None}).status == 202
    assert admin.delete(path) == 204


def test_unknown_action(house: House, admin: asking.Client) -> None:
    """An action that there is not is 400."""
    path = f"{NOVA}/servers/{house.server()['id']}/action"
    assert admin("POST", path, {"dance": None}).status == 400


def test_detach(house: House, admin: asking.Client) -> None:
    """Detaching takes time; the root disk is 400, a volume that is not attached 404."""
    server, data, other = house.server(), house.volume(), house.volume()
    disk = compute.boot_from_volume(house.cloud, server)
    compute.attach(house.cloud, server, data)
    path = f"{NOVA}/servers/{server['id']}/os-volume_attachments"
    assert admin.delete(f"{path}/{disk['id']}") == 400
    assert admin.delete(f"{path}/{other['id']}") == 404
    assert admin.delete(f"{path}/{data['id']}") == 202
    assert data["status"] == "detaching"
    house.pass_time()
    assert data["status"] == "available"
    (left,) = admin.get(path)["volumeAttachments"]
    assert (left["volumeId"], left["delete_on_termination"]) == (disk["id"], True)


def test_all_tenants(house: House, admin: asking.Client, member: asking.Client) -> None:
    """All tenants are for the administrator, who without asking sees his own; others get 403."""
    house.server()
    assert len(admin.get(ALL)["servers"]) == 1
    assert admin.get(f"{NOVA}/servers/detail")["servers"] == []
    assert len(member.get(f"{NOVA}/servers/detail")["servers"]) == 1
    assert member("GET", ALL).status == 403


def test_member_does_not_see_hosts(house: House, member: asking.Client) -> None:
    """Where a server runs is for the administrator."""
    (shown,) = member.get(f"{NOVA}/servers/detail")["servers"] or [house.server()]
    (shown,) = member.get(f"{NOVA}/servers/detail")["servers"]
    hidden = [key for key in shown if key.startswith(("OS-EXT-SRV-ATTR:", "_", "host_"))]
    assert hidden == ["OS-EXT-SRV-ATTR:hostname"]


def test_pages(house: House, admin: asking.Client) -> None:
    """Newest first, in pages that the service caps, each server once."""
    made = []
    for number in range(5):
        with house.cloud.clock.shifted(datetime.timedelta(seconds=number)):
            made.append(house.server(f"s{number}")["name"])
    house.cloud.settings.page_limits["compute"] = 2
    url, seen = f"{NOVA}/servers?all_tenants=1&limit=4", []
    while url:
        page = admin.get(url)
        seen += [server["name"] for server in page["servers"]]
        (link,) = page.get("servers_links", [{"href": ""}])
        url = link["href"].removeprefix(asking.HOST)
    assert seen == made[::-1]


def test_vanished_marker(admin: asking.Client) -> None:
    """A marker that is gone is 400, a wrong limit too, and what Nova does not know."""
    for query in ("marker=gone", "limit=x", "limit=-1", "dance=1"):
        assert admin("GET", f"{ALL}&{query}").status == 400
    assert admin.get(f"{ALL}&limit=0") == {"servers": []}


def test_filters(house: House, admin: asking.Client) -> None:
    """Names are regexes, projects are not."""
    house.server("web-1")
    house.server("db-1")
    assert len(admin.get(f"{ALL}&name=%5Eweb")["servers"]) == 1
    assert len(admin.get(f"{ALL}&project_id={house.project_id}")["servers"]) == 2
    assert admin.get(f"{ALL}&tenant_id=nobody")["servers"] == []


def test_microversions(house: House, admin: asking.Client) -> None:
    """Old microversions show less and the flavor as a link; unknown ones are refused."""
    path = f"{NOVA}/servers/{house.server()['id']}"
    old = admin.get(path, **{"OpenStack-API-Version": "compute 2.1"})["server"]
    new = admin.get(path)["server"]
    assert set(old["flavor"]) == {"id", "links"}
    assert new["flavor"]["original_name"] == "m1.tiny"
    assert {"locked", "description", "tags", "server_groups"} <= set(new) - set(old)
    assert admin("GET", path, headers={"OpenStack-API-Version": "compute 2.999"}).status == 406
    assert admin("GET", path, headers={"OpenStack-API-Version": "compute x"}).status == 400
    reply = admin("GET", path, headers={"OpenStack-API-Version": "compute latest"})
    assert reply.headers["OpenStack-API-Version"] == "compute 2.104"
    assert reply.headers["X-OpenStack-Nova-API-Version"] == "2.104"


def test_private_flavors(
    cloud: emulator.Cloud, admin: asking.Client, member: asking.Client
) -> None:
    """``is_public=None`` shows the administrator private flavors; a member never sees them."""
    secret = compute.flavor(cloud, "secret", public=False)
    every = f"{NOVA}/flavors/detail?is_public=None"
    assert "secret" in {flavor["name"] for flavor in admin.get(every)["flavors"]}
    for client, path in ((admin, f"{NOVA}/flavors/detail"), (member, every)):
        assert "secret" not in {flavor["name"] for flavor in client.get(path)["flavors"]}
    assert member("GET", f"{NOVA}/flavors/{secret['id']}").status == 404
    public = bootstrap.named(cloud, "compute.flavor", "m1.tiny")
    assert member.delete(f"{NOVA}/flavors/{public['id']}") == 403
    assert [admin.delete(f"{NOVA}/flavors/{secret['id']}") for _ in range(2)] == [202, 404]


def test_keypairs_of_others(
    cloud: emulator.Cloud, admin: asking.Client, member: asking.Client
) -> None:
    """Others' keypairs are for the administrator, by user_id, and outlive their user."""
    user = bootstrap.named(cloud, "identity.user", "demo")
    for name in ("b", "a"):
        compute.keypair(cloud, name, user["id"])
    path = f"{NOVA}/os-keypairs"
    assert admin.get(path)["keypairs"] == []
    assert admin.delete(f"/identity/v3/users/{user['id']}") == 204
    page = admin.get(f"{path}?user_id={user['id']}&limit=1")
    assert [one["keypair"]["name"] for one in page["keypairs"]] == ["a"]
    assert "marker=a" in page["keypairs_links"][0]["href"]
    assert admin.delete(f"{path}/a") == 404
    assert admin.delete(f"{path}/a?user_id={user['id']}") == 204
    assert admin.get(f"{path}?user_id={user['id']}", **{"OpenStack-API-Version": ""}) == {
        "keypairs": []
    }


def test_keypairs_are_private(cloud: emulator.Cloud, member: asking.Client) -> None:
    """A member who asks for another's keypairs is refused with 403."""
    other = identity.user(cloud, "other")
    compute.keypair(cloud, "key", other["id"])
    assert member("GET", f"{NOVA}/os-keypairs?user_id={other['id']}").status == 403
    assert member.delete(f"{NOVA}/os-keypairs/key?user_id={other['id']}") == 403


def test_floating_address(house: House, member: asking.Client) -> None:
    """A server shows the floating IP that leads to its port."""
    cloud = house.cloud
    server = house.server()
    (port,) = cloud["network.port"].where("device_id", server["id"])
    public = bootstrap.named(cloud, "network.network", "public")
    floating_ip = network.floating_ip(cloud, house.project_id, public)
    network.connect(cloud, floating_ip, port)
    shown = member.get(f"{NOVA}/servers/{server['id']}")["server"]
    (addresses,) = shown["addresses"].values()
    assert [one["OS-EXT-IPS:type"] for one in addresses] == ["fixed", "floating"]
    assert addresses[1]["addr"] == floating_ip["floating_ip_address"]
