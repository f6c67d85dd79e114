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
"""Legitimate tenants, with every name that could deceive a cleaner.

None of the names is one that Rally makes (two groups of eight characters, the first of them
hexadecimal digits of a workload's uuid); all of them contain, start like or are all but one.
"""

import datetime

from tests.emulator import cloud as cloud_module
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute
from tests.emulator.shapes import identity
from tests.emulator.shapes import image
from tests.emulator.shapes import network

Cloud = cloud_module.Cloud
Body = cloud_module.Body

AGE = datetime.timedelta(days=90)

BACKUP_VOLUME = "s_rally_backup-of-production"
DATABASE_VOLUME = "db-data"
RESERVED_ADDRESS = "reserved for the shop, do not release"

SERVERS = (
    "shop-web-1",
    "c_rally_",
    "s_rally_webshop",
    "s_rally_5a3b1c22_AbCdEfGhijklm-production-db",
    "S_RALLY_5A3B1C22_ABCDEFGH",
    "s_rally_zzzzzzzz_AbCdEfGh",
    "rallye-zeitmessung",
)


def legitimate_tenants(cloud: Cloud) -> bootstrap.Scene:
    """Two production projects, a colleague who runs Rally by hand, and the ground below them."""
    scene = bootstrap.ground(cloud)
    with bootstrap.recorded(cloud, scene, AGE):
        shop = identity.project(cloud, "shop", description="The shop. Ask before you touch it.")
        owner = identity.member(cloud, "shop-deployer", shop)
        inside = _network(cloud, shop, owner)
        _servers(cloud, shop, owner, inside)
        _storage(cloud, shop, owner)
        _look_alikes(cloud)
    return scene


def _network(cloud: Cloud, shop: Body, owner: Body) -> Body:
    public = bootstrap.named(cloud, "network.network", "public")
    inside = network.network(cloud, "shop-net", shop["id"], description="c_rally_ was here")
    subnet = network.subnet(cloud, "shop-subnet", inside, cidr="10.20.0.0/24")
    router = network.router(cloud, "shop-router", shop["id"], external=public)
    network.interface(cloud, router, subnet)
    network.port(cloud, inside, device_owner="network:dhcp", device_id=f"dhcp-{inside['id']}")
    network.default_security_group(cloud, shop["id"])
    group = network.security_group(cloud, "c_rally_ssh", shop["id"], description="ours")
    network.rule(cloud, group, protocol="tcp", port_range_min=22, port_range_max=22)
    network.port(cloud, inside, name="s_rally_vip", project_id=shop["id"])
    network.port(cloud, inside, project_id=shop["id"])  # somebody's, without a name
    network.floating_ip(cloud, shop["id"], public, description=RESERVED_ADDRESS)
    compute.keypair(cloud, "c_rally_deploy", owner["id"])
    return inside


def _servers(cloud: Cloud, shop: Body, owner: Body, inside: Body) -> None:
    public = bootstrap.named(cloud, "network.network", "public")
    flavor = bootstrap.named(cloud, "compute.flavor", "m1.tiny")
    wish = compute.Wish(
        flavor,
        bootstrap.named(cloud, "image.image", "cirros-0.6.2-x86_64-disk"),
        [inside],
        key_name="c_rally_deploy",
        security_groups=[network.default_security_group(cloud, shop["id"])],
    )
    made = [compute.server(cloud, name, shop["id"], owner["id"], wish) for name in SERVERS]
    address = network.floating_ip(cloud, shop["id"], public, description="shop front door")
    front = bootstrap.named(cloud, "compute.server", "shop-web-1")
    door = next(p for p in cloud["network.port"] if p["device_id"] == front["id"])
    network.connect(cloud, address, door)
    compute.show_addresses(cloud, front)
    compute.boot_from_volume(cloud, made[-1])


def _storage(cloud: Cloud, shop: Body, owner: Body) -> None:
    database = block_storage.volume(cloud, DATABASE_VOLUME, shop["id"], owner["id"], size=20)
    backup = block_storage.volume(cloud, BACKUP_VOLUME, shop["id"], owner["id"], size=20)
    block_storage.volume(cloud, "", shop["id"], owner["id"], size=5)  # nobody knows what for
    block_storage.snapshot(cloud, "s_rally_nightly", database)
    block_storage.snapshot(cloud, "", backup)
    image.image(cloud, "rally-cirros", shop["id"])
    image.image(cloud, "s_rally_golden_master", shop["id"], visibility="shared", protected=True)


def _look_alikes(cloud: Cloud) -> None:
    """A colleague's project and user with Rally's prefix, and a flavor from a task file."""
    team = identity.project(cloud, "c_rally_team", description="people who like rallies")
    colleague = identity.member(cloud, "c_rally_operator", team)
    compute.keypair(cloud, "laptop", colleague["id"])
    compute.flavor(cloud, "rally-ctx-flavor")
    compute.flavor(cloud, "s_rally_large", public=False)


def lend_to_benchmark(cloud: Cloud, server: Body) -> None:
    """Production's volume is attached to the benchmark's server, and its address leads there.

    Somebody with the administrator's rights did that; the volume is attached to it, not made for
    it, and so is the floating IP.
    """
    volume = bootstrap.named(cloud, "block_storage.volume", DATABASE_VOLUME)
    compute.attach(cloud, server, volume)
    address = next(
        fip for fip in cloud["network.floating_ip"] if fip["description"] == RESERVED_ADDRESS
    )
    taken = {fip["port_id"] for fip in cloud["network.floating_ip"]}
    port = next(
        port
        for port in cloud["network.port"]
        if port["device_id"] == server["id"] and port["id"] not in taken
    )
    network.connect(cloud, address, port)
    compute.show_addresses(cloud, server)


def move_in(cloud: Cloud, inside: Body) -> bootstrap.Scene:
    """Production has a port on the benchmark's network, which therefore must stay."""
    scene = bootstrap.Scene()
    shop = bootstrap.named(cloud, "identity.project", "shop")
    with bootstrap.recorded(cloud, scene, datetime.timedelta(hours=1)):
        network.port(cloud, inside, name="shop-monitor", project_id=shop["id"])
    return scene
