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
"""What a Rally that was killed in the middle leaves, in the shapes seen on a real cloud.

Everything that Rally names carries ``s_rally_`` (made by a scenario) or ``c_rally_`` (made by a
context), eight hexadecimal digits of the *workload's* uuid and eight random characters. What
the services made for it (ports, gateway ports, floating IP ports, boot disks, default groups)
has no name, and some of it no project.
"""

import dataclasses
import datetime
import string
import uuid

from tests.emulator import cloud as cloud_module
from tests.emulator.scenes import bootstrap
from tests.emulator.scenes import rarer
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute
from tests.emulator.shapes import identity
from tests.emulator.shapes import image
from tests.emulator.shapes import network

Cloud = cloud_module.Cloud
Body = cloud_module.Body

ALPHABET = string.ascii_letters + string.digits


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much was left, in each of `tenants` projects unless it says otherwise.

    `rarer` leaves one of each rarer kind, some of which carry no date.
    `age` is how long ago it was made. `projects_deleted` leaves the orphans of a Rally that
    deleted its projects and users before it was through.
    """

    tenants: int = 2
    users: int = 1
    servers: int = 3
    volumes: int = 2
    images: int = 1
    flavors: int = 2
    rarer: bool = True
    age: datetime.timedelta = datetime.timedelta(hours=3)
    projects_deleted: bool = False


@dataclasses.dataclass
class Benchmark(bootstrap.Scene):
    """What one workload left."""

    workload_uuid: str = ""
    servers: list[Body] = dataclasses.field(default_factory=list)
    projects: list[Body] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class _Tenant:
    """One of Rally's projects with its users and its network."""

    project: Body
    users: list[Body]
    inside: Body
    key_name: str

    @property
    def ids(self) -> tuple[str, str]:
        """The project and the user in whose name scenarios act."""
        return (self.project["id"], self.users[0]["id"])


def killed_benchmark(
    cloud: Cloud, workload_uuid: str | None = None, plan: Plan | None = None
) -> Benchmark:
    """All that a killed workload leaves is in the cloud, which has its ground."""
    bootstrap.ground(cloud)
    plan = plan or Plan()
    scene = Benchmark(workload_uuid=workload_uuid or str(uuid.UUID(cloud.new_id())))
    maker = _Maker(cloud, scene)
    with bootstrap.recorded(cloud, scene, plan.age):
        for number in range(plan.tenants):
            maker.tenant(plan, number)
        for number in range(plan.flavors):
            compute.flavor(cloud, maker.name("s"), public=number % 2 == 0)
        if plan.projects_deleted:
            maker.delete_projects()
    if plan.projects_deleted:
        for kind in ("identity.project", "identity.user"):
            scene.made.pop(kind, None)
    return scene


class _Maker:
    """Makes one workload's things, with its names."""

    def __init__(self, cloud: Cloud, scene: Benchmark) -> None:
        self._cloud = cloud
        self._scene = scene

    def name(self, prefix: str) -> str:
        """A name as Rally 5.1.1 makes it for this workload."""
        task = self._scene.workload_uuid.replace("-", "")[:8]
        return f"{prefix}_rally_{task}_{''.join(self._cloud.random.choices(ALPHABET, k=8))}"

    def tenant(self, plan: Plan, number: int) -> None:
        """A project with everything in it."""
        tenant = self._contexts(plan, number)
        self._servers(tenant, plan)
        self._scenario_network(tenant)
        self._storage(tenant, plan)
        if number == 0 and plan.rarer and plan.servers:
            server = self._scene.servers[0]
            rarer.leave(self._cloud, self.name, tenant.users[0], tenant.inside, server)

    def delete_projects(self) -> None:
        """The projects and users are gone, and what they had stays."""
        for project in self._scene.projects:
            users = [
                user
                for user in self._cloud["identity.user"]
                if user.get("default_project_id") == project["id"]
            ]
            for kind, body in [
                ("identity.project", project),
                *(("identity.user", u) for u in users),
            ]:
                self._cloud[kind].remove(body["id"])

    def _contexts(self, plan: Plan, number: int) -> _Tenant:
        """What contexts make: project, users, network, router, keypairs, allow_ssh's group."""
        cloud = self._cloud
        project = identity.project(cloud, self.name("c"))
        self._scene.projects.append(project)
        users = [identity.member(cloud, self.name("c"), project) for _ in range(plan.users)]
        key_name = self.name("c")
        for user in users:
            compute.keypair(cloud, key_name, user["id"])
        inside = network.network(cloud, self.name("c"), project["id"])
        subnet = network.subnet(cloud, self.name("c"), inside, cidr=f"10.{number % 200}.1.0/24")
        public = bootstrap.named(cloud, "network.network", "public")
        router = network.router(cloud, self.name("c"), project["id"], external=public)
        network.interface(cloud, router, subnet)
        network.port(cloud, inside, device_owner="network:dhcp", device_id=f"dhcp-{inside['id']}")
        network.default_security_group(cloud, project["id"])
        text = "Allow ssh access to VMs created by Rally"
        group = network.security_group(cloud, self.name("c"), project["id"], description=text)
        network.rule(cloud, group, protocol="tcp", port_range_min=1, port_range_max=65535)
        return _Tenant(project, users, inside, key_name)

    def _servers(self, tenant: _Tenant, plan: Plan) -> None:
        """Servers: the first with a suffix, a port of its own and a floating IP.

        The second was booted from a volume, the third has a named volume attached.
        """
        cloud = self._cloud
        group = network.default_security_group(cloud, tenant.project["id"])
        wish = compute.Wish(
            bootstrap.named(cloud, "compute.flavor", "m1.tiny"),
            bootstrap.named(cloud, "image.image", "cirros-0.6.2-x86_64-disk"),
            [tenant.inside],
            key_name=tenant.key_name,
            security_groups=[group],
        )
        for number in range(plan.servers):
            name = self.name("s") + ("_0" if number == 0 else "")
            own = self._port(tenant) if number == 0 else None
            made = compute.server(
                cloud,
                name,
                *tenant.ids,
                dataclasses.replace(wish, ports=[own] if own else []),
                description=name,
            )
            self._scene.servers.append(made)
            self._furnish(tenant, made, number)

    def _port(self, tenant: _Tenant) -> Body:
        """A port that a scenario made and named before it booted a server with it."""
        return network.port(self._cloud, tenant.inside, name=self.name("s"))

    def _furnish(self, tenant: _Tenant, server: Body, number: int) -> None:
        cloud = self._cloud
        if number == 0:
            public = bootstrap.named(cloud, "network.network", "public")
            address = network.floating_ip(
                cloud, tenant.project["id"], public, description=self.name("s")
            )
            port = next(p for p in cloud["network.port"] if p["device_id"] == server["id"])
            network.connect(cloud, address, port)
            compute.show_addresses(cloud, server)
        elif number == 1:
            compute.boot_from_volume(cloud, server)
        elif number == 2:
            volume = block_storage.volume(cloud, self.name("s"), *tenant.ids)
            compute.attach(cloud, server, volume)

    def _scenario_network(self, tenant: _Tenant) -> None:
        """A neutron scenario: network, subnet, router with a route, port, free floating IP."""
        cloud, project_id = self._cloud, tenant.project["id"]
        net = network.network(cloud, self.name("s"), project_id)
        subnet = network.subnet(cloud, self.name("s"), net, cidr="10.250.0.0/24")
        router = network.router(cloud, self.name("s"), project_id)
        network.interface(cloud, router, subnet)
        router["routes"] = [{"destination": "10.251.0.0/24", "nexthop": "10.250.0.99"}]
        network.touch(cloud, router)
        network.port(cloud, net, name=self.name("s"))
        network.security_group(cloud, self.name("s"), project_id)
        public = bootstrap.named(cloud, "network.network", "public")
        network.floating_ip(cloud, project_id, public, description=self.name("s"))

    def _storage(self, tenant: _Tenant, plan: Plan) -> None:
        """Volumes of a context and of scenarios, one with a snapshot; images of both."""
        cloud = self._cloud
        for number in range(plan.volumes):
            prefix = "c" if number % 2 == 0 else "s"
            volume = block_storage.volume(cloud, self.name(prefix), *tenant.ids)
            if number == 0:
                block_storage.snapshot(cloud, self.name("s"), volume)
        for number in range(plan.images):
            image.image(cloud, self.name("c" if number % 2 == 0 else "s"), tenant.project["id"])
