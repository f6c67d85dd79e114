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

"""Makes what a killed Rally would have left, the same each time.

It is made by openstacksdk, not by Rally: where a real task is killed is a matter of luck, and two
cleaners that are compared need the same to clean. Names have Rally's own formats: those of
contexts for projects, users and networks, those of scenarios for the rest.
"""

from concurrent import futures
import dataclasses
import io
import random
import string
from typing import Any
import uuid

from openstack import exceptions

from benchmarks import report

Cloud = Any

PASSWORD = "secret"  # noqa: S105 - of users that live for minutes
IMAGE = "cirros-0.6.2-x86_64-disk"
#: One runs where the administrator of a project is wanted, as Rally's cleanup has it.
ROLES = ("member", "admin")
WAIT_S = 600


@dataclasses.dataclass(frozen=True)
class Size:
    """How much there is: projects, users and flavors at all, everything else in each project."""

    projects: int
    users: int
    flavors: int
    networks: int
    ports: int
    addresses: int
    security_groups: int
    servers: int
    volume_servers: int
    volumes: int
    snapshots: int
    images: int


QUICK = Size(
    projects=2,
    users=1,
    flavors=2,
    networks=1,
    ports=2,
    addresses=1,
    security_groups=1,
    servers=2,
    volume_servers=1,
    volumes=2,
    snapshots=1,
    images=1,
)
#: A network with a router in each project, as Rally's contexts make by default; else what quotas
#: allow.
FULL = Size(
    projects=6,
    users=2,
    flavors=6,
    networks=1,
    ports=4,
    addresses=2,
    security_groups=3,
    servers=8,
    volume_servers=2,
    volumes=8,
    snapshots=6,
    images=4,
)


@dataclasses.dataclass
class Leavings:
    """What is made for one workload, and the users that Rally would have known."""

    workload: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    users: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    @property
    def part(self) -> str:
        """What Rally puts into the names of the workload's resources."""
        return self.workload[:8]


class Names:
    """Names in Rally's formats; the same seed gives the same, but for the workload's part."""

    def __init__(self, part: str, seed: int) -> None:
        self._part = part
        self._random = random.Random(seed)  # noqa: S311 - no secrets

    def scenario(self) -> str:
        """Return the name of something that a scenario made."""
        return self._name("s_rally")

    def context(self) -> str:
        """Return the name of something that was made before the first iteration."""
        return self._name("c_rally")

    def _name(self, prefix: str) -> str:
        letters = self._random.choices(string.ascii_letters + string.digits, k=8)
        return f"{prefix}_{self._part}_{''.join(letters)}"


class Maker:
    """Makes the leavings of one workload in one cloud."""

    def __init__(self, admin: Cloud, size: Size, leavings: Leavings) -> None:
        self._admin = admin
        self._size = size
        self._leavings = leavings
        self._roles = [admin.identity.find_role(name, ignore_missing=False) for name in ROLES]
        self._public = admin.network.find_network("public", ignore_missing=False)
        self._image = admin.image.find_image(IMAGE, ignore_missing=False)

    def make(self) -> None:
        """Make everything and wait until it is up; three projects at a time."""
        names = Names(self._leavings.part, 0)
        compute = self._admin.compute
        flavors = [
            compute.create_flavor(name=names.scenario(), ram=64, vcpus=1, disk=1)
            for _ in range(self._size.flavors)
        ]
        with futures.ThreadPoolExecutor(3) as pool:
            begun = [
                pool.submit(self._make_project, Names(self._leavings.part, seed), flavors)
                for seed in range(1, self._size.projects + 1)
            ]
            for future in begun:
                future.result()

    def _make_project(self, names: Names, flavors: list[Any]) -> None:
        identity = self._admin.identity
        project = identity.create_project(name=names.context(), domain_id="default")
        users = [self._make_user(names.context(), project) for _ in range(self._size.users)]
        groups = self._make_groups(users[0], names)
        networks = self._make_networks(users[0], names)
        volumes = self._make_volumes(users[0], names)
        for _ in range(self._size.images):
            users[0].image.create_image(
                name=names.scenario(),
                data=io.BytesIO(b"x"),
                disk_format="raw",
                container_format="bare",
            )
        self._make_servers(users, names, volumes, [networks, groups, flavors])
        report.tell(f"made a project with {self._size.servers} servers and what belongs to them")

    def _make_user(self, name: str, project: Any) -> Cloud:
        """Return a connection of a new user that may do everything in the project."""
        identity = self._admin.identity
        user = identity.create_user(
            name=name, password=PASSWORD, domain_id="default", default_project_id=project.id
        )
        for role in self._roles:
            identity.assign_project_role_to_user(project, user, role)
        known = {"username": name, "password": PASSWORD, "project_name": project.name}
        described = {"id": user.id, "tenant_id": project.id, "credential": known}
        self._leavings.users.append(described)
        return self._admin.connect_as(
            username=name, password=PASSWORD, project_id=project.id, user_domain_id="default"
        )

    def _make_groups(self, cloud: Cloud, names: Names) -> list[Any]:
        network = cloud.network
        return [
            network.create_security_group(name=names.scenario())
            for _ in range(self._size.security_groups)
        ]

    def _make_networks(self, cloud: Cloud, names: Names) -> list[Any]:
        """Return networks with a subnet and a router each, and ports and addresses among them."""
        network = cloud.network
        made = []
        for number in range(self._size.networks):
            net = network.create_network(name=names.context())
            subnet = network.create_subnet(
                name=names.context(), network_id=net.id, ip_version=4, cidr=f"10.{number}.0.0/24"
            )
            gateway = {"network_id": self._public.id}
            router = network.create_router(name=names.context(), external_gateway_info=gateway)
            network.add_interface_to_router(router, subnet_id=subnet.id)
            made.append(net)
        for number in range(self._size.ports):
            net = made[number % len(made)]
            network.create_port(name=names.scenario(), network_id=net.id)
        for _ in range(self._size.addresses):
            network.create_ip(floating_network_id=self._public.id, description=names.scenario())
        return made

    def _make_volumes(self, cloud: Cloud, names: Names) -> list[Any]:
        """Make volumes, empty and of an image, and snapshots; return those of the image."""
        storage = cloud.block_storage
        empty = [
            storage.create_volume(name=names.scenario(), size=1) for _ in range(self._size.volumes)
        ]
        bootable = [
            storage.create_volume(name=names.scenario(), size=1, image_id=self._image.id)
            for _ in range(self._size.volume_servers)
        ]
        for volume in [*empty, *bootable]:
            storage.wait_for_status(volume, "available", ["error"], wait=WAIT_S)
        for number in range(self._size.snapshots):
            volume = empty[number % len(empty)]
            snapshot = storage.create_snapshot(name=names.scenario(), volume_id=volume.id)
            storage.wait_for_status(snapshot, "available", ["error"], wait=WAIT_S)
        return bootable

    def _make_servers(
        self, users: list[Cloud], names: Names, bootable: list[Any], chosen: list[list[Any]]
    ) -> None:
        """Make servers, each of the next of each list of what it may choose from."""
        for user in users:
            user.compute.create_keypair(name=names.scenario())
        compute = users[0].compute
        made = []
        for number in range(self._size.servers + self._size.volume_servers):
            network, group, flavor = (some[number % len(some)] for some in chosen)
            server = compute.create_server(
                name=names.scenario(),
                flavor_id=flavor.id,
                networks=[{"uuid": network.id}],
                security_groups=[{"name": group.id}],
                **self._source(bootable[number : number + 1]),
            )
            made.append(server)
        for server in made:
            compute.wait_for_server(server, wait=WAIT_S)

    def _source(self, volumes: list[Any]) -> dict[str, Any]:
        """Return what a server boots from: a volume that stays when it goes, or the image."""
        if not volumes:
            return {"image_id": self._image.id}
        disk = {"uuid": volumes[0].id, "source_type": "volume", "destination_type": "volume"}
        return {"block_device_mapping": [disk | {"boot_index": 0}]}


def make(admin: Cloud, size: Size, leavings: Leavings) -> None:
    """Make the leavings in the cloud; raises BenchmarkFailed when half of them are made."""
    try:
        Maker(admin, size, leavings).make()
    except exceptions.SDKException as error:
        raise report.BenchmarkFailed(f"the leavings could not be made: {error}") from error
