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
"""What each cloud has before anybody uses it."""

from collections.abc import Iterator
import contextlib
import dataclasses
import datetime

from tests.emulator import cloud as cloud_module
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute
from tests.emulator.shapes import identity
from tests.emulator.shapes import image
from tests.emulator.shapes import network

Cloud = cloud_module.Cloud
Body = cloud_module.Body


@dataclasses.dataclass
class Scene:
    """What a scene made, by kind; a keypair's id is ``user_id:name``."""

    made: dict[str, set[str]] = dataclasses.field(default_factory=dict)

    def ids(self) -> set[str]:
        """The ids of everything that it made."""
        return {one for ids in self.made.values() for one in ids}

    def left(self, cloud: Cloud) -> dict[str, set[str]]:
        """What is still there of it, by kind; kinds of which nothing is left are missing."""
        there = cloud.inventory()
        left = {kind: ids & there[kind] for kind, ids in self.made.items()}
        return {kind: ids for kind, ids in left.items() if ids}

    def missing(self, cloud: Cloud) -> dict[str, set[str]]:
        """What is gone of it, by kind: must be empty for what is legitimate."""
        there = cloud.inventory()
        gone = {kind: ids - there[kind] for kind, ids in self.made.items()}
        return {kind: ids for kind, ids in gone.items() if ids}


@contextlib.contextmanager
def recorded(cloud: Cloud, scene: Scene, age: datetime.timedelta) -> Iterator[None]:
    """What is made inside is this old and is the scene's."""
    before = cloud.inventory()
    with cloud.locked(), cloud.clock.shifted(-age):
        yield
    for kind, ids in cloud.inventory().items():
        if ids - before[kind]:
            scene.made.setdefault(kind, set()).update(ids - before[kind])


def named(cloud: Cloud, kind: str, name: str) -> Body:
    """The one resource of the kind with this name; KeyError if there is none."""
    for body in cloud[kind]:
        if body["name"] == name:
            return body
    raise KeyError(f"{kind} {name}")


def ground(cloud: Cloud) -> Scene:
    """A bootstrapped cloud: domain Default, roles, users admin and demo (password ``secret``).

    With them the projects admin, service and demo, the external network ``public``, a public
    image, two flavors. Made once; a second call changes nothing.
    """
    scene = Scene()
    if len(cloud["identity.domain"]):
        return scene
    with recorded(cloud, scene, datetime.timedelta(days=400)):
        identity.domain(cloud, "Default", domain_id="default")
        admin = identity.project(cloud, "admin", description="Bootstrap project.")
        service = identity.project(cloud, "service", description="service users")
        demo = identity.project(cloud, "demo", description="demo")
        administrator = identity.user(cloud, "admin")
        identity.assign(cloud, administrator, admin, "admin")
        identity.assign(cloud, administrator, None, "admin")
        identity.member(cloud, "demo", demo)
        for name in ("manager", "reader"):
            identity.role(cloud, name)
        for name in ("nova", "neutron", "cinder", "glance", "placement"):
            user = identity.user(cloud, name, default_project=service)
            identity.assign(cloud, user, service, "service")
        public = network.network(cloud, "public", admin["id"], external=True)
        network.subnet(cloud, "public-subnet", public, cidr="172.24.4.0/22", enable_dhcp=False)
        compute.flavor(cloud, "m1.tiny")
        compute.flavor(cloud, "m1.micro", ram=256)
        block_storage.default_types(cloud)
        image.image(cloud, "cirros-0.6.2-x86_64-disk", admin["id"], visibility="public")
    return scene
