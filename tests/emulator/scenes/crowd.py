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
"""Any number of servers in many projects, each with a port and a volume.

They exist as numbers; whoever looks at one gets the same rows each time. One ordinary server,
port and volume are made like any others, and a row is that with the ids, names, addresses and
times of its number in place of theirs. So a field that the shapes learn is here by itself, and
the three agree on all that they say of each other.
"""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import datetime
import functools
import hashlib
import math
import operator
import re
import time
from typing import Any

import msgspec

from tests.emulator import cloud as cloud_module
from tests.emulator import crowds
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute
from tests.emulator.shapes import identity
from tests.emulator.shapes import network

Cloud = cloud_module.Cloud
Body = cloud_module.Body

SERVERS = 1_000_000
PER_PROJECT = 1000
YOUNGEST = datetime.timedelta(hours=1)
SPREAD = datetime.timedelta(days=90)
HOSTS = ("cmp1", "cmp2")
NAME = "crowd-of-servers"

SCATTER = 2_654_435_761
"""A prime near the golden section of 2 to the 32nd: its multiples are spread evenly."""


TAIL = 2**80 - 1
FIXED = 4 << 76 | 2 << 62
NOT_FIXED = ~(15 << 76 | 3 << 62)
"""The bits that say of a uuid that it is a random one (RFC 9562, version 4)."""


class Ids:
    """Uuids of `count` numbers, in an order of their own, that tell the number they are of.

    The first 48 bits are the place among the others; what is left of them, and the rest, are
    scattered by the place and the salt.
    """

    def __init__(self, count: int, salt: str) -> None:
        self.count = count
        digest = hashlib.blake2b(salt.encode()).digest()
        self._multiplier = int.from_bytes(digest[:10]) | 1
        self._summand = int.from_bytes(digest[10:20])
        self._width = (1 << 48) // count
        self._offset = self._summand % count
        some = range(int(count * 0.618) + 1, 2 * count + 2)
        self._factor = next(n for n in some if math.gcd(n, count) == 1)
        self._inverse = pow(self._factor, -1, count)

    def place(self, number: int) -> int:
        """The place of a number's id among all ids in their order."""
        return (number * self._factor + self._offset) % self.count

    def number_at(self, place: int) -> int:
        """The number whose id is in this place."""
        return (place - self._offset) * self._inverse % self.count

    def of(self, number: int) -> str:
        """The id of a number."""
        return self.at(self.place(number))

    def at(self, place: int) -> str:
        """The id in this place."""
        tail = place * self._multiplier + self._summand & TAIL
        head = (place << 48) // self.count + (tail >> 32) % self._width
        digits = ((head << 80 | tail) & NOT_FIXED | FIXED).to_bytes(16).hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def place_of(self, key: object) -> int | None:
        """The place of this id; None if it is nobody's."""
        if not isinstance(key, str):
            return None
        try:
            head = int(key[:8] + key[9:13], 16)
        except ValueError:
            return None
        place = ((head + 1) * self.count - 1) >> 48
        return place if 0 <= place < self.count and self.at(place) == key else None

    def number(self, key: object) -> int | None:
        """The number whose id this is; None if it is nobody's."""
        place = self.place_of(key)
        return None if place is None else self.number_at(place)


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """A project with its member and the network that all its servers are on."""

    project_id: str
    user_id: str
    network_id: str
    network_name: str
    subnet_id: str
    group_id: str


class People:
    """What is true of each number, by name; the higher the number, the younger."""

    def __init__(self, count: int, homes: list[Home], seed: int, now: datetime.datetime) -> None:
        self.count = count
        self.homes = homes
        # Two seconds for each, so that no two are of the same.
        self._spread_s = max(int(SPREAD.total_seconds()), 2 * count)
        self._oldest_s = int((now - YOUNGEST).timestamp()) - self._spread_s
        self.ids = {
            kind: Ids(count, f"{kind} {seed}")
            for kind in ("server", "port", "volume", "attachment")
        }
        self.facts: dict[str, Callable[[int], str]] = {
            **{f"{kind}_id": ids.of for kind, ids in self.ids.items()},
            "name": "crowd-{:07d}".format,
            "created": self._created,
            "mac_address": self._mac_address,
            "address": self._address,
            "instance_name": "instance-f{:07x}".format,
            "reservation_id": "r-{:08x}".format,
        }

    def facts_of_home(self, number: int) -> dict[str, str]:
        """What the number has in common with the others of its project on its host."""
        home, host = self.homes[number % len(self.homes)], self._host(number)
        host_id = hashlib.sha224((home.project_id + host).encode()).hexdigest()
        # As Nova hides the name of a host: each project sees another id of it.
        facts = {field.name: getattr(home, field.name) for field in dataclasses.fields(home)}
        return {**facts, "host": host, "host_id": host_id}

    def household(self, number: int) -> int:
        """A number that those have in common who are of a project and on a host."""
        return number % (len(self.homes) * len(HOSTS))

    def of_home(self, value: object, field: str) -> Iterable[int]:
        """The numbers whose home has this value."""
        of = operator.attrgetter(field)
        for place, home in enumerate(self.homes):
            if of(home) == value:
                return range(place, self.count, len(self.homes))
        return ()

    def _created(self, number: int) -> str:
        low = number * self._spread_s // self.count
        width = (number + 1) * self._spread_s // self.count - low
        at = self._oldest_s + low + number * SCATTER % width
        hours, seconds = divmod(at, 3600)
        minute, second = divmod(seconds, 60)
        return f"{_hour(hours)}:{minute:02d}:{second:02d}"

    def _mac_address(self, number: int) -> str:
        """Another one for each of the first 16 million."""
        digits = f"{number * SCATTER % 2**24:06x}"
        return f"fa:16:3e:{digits[:2]}:{digits[2:4]}:{digits[4:]}"

    def _address(self, number: int) -> str:
        """The project's next address in 10.0.0.0/8."""
        host = 2 + number // len(self.homes)
        return f"10.{host >> 16}.{host >> 8 & 255}.{host & 255}"

    def _host(self, number: int) -> str:
        """The hypervisor; each has servers of all projects."""
        return HOSTS[number // len(self.homes) % len(HOSTS)]


@functools.lru_cache(maxsize=10_000)
def _hour(hours: int) -> str:
    """The date and the hour, so many of which have passed since 1970."""
    return time.strftime("%Y-%m-%dT%H", time.gmtime(hours * 3600))


class Crowd:
    """The servers, the ports or the volumes, each made of one ordinary body.

    `number` of this crowd is the place in the table: servers and volumes are in the order of
    their age, and ports in that of their ids.
    """

    def __init__(self, kind: str, people: People, body: Body, known: dict[str, str]) -> None:
        self.count = people.count
        self._kind = kind
        self._people = people
        self._ids = people.ids[kind]
        self._text = _opened(body, known)
        names = set(OPEN.findall(self._text)) & people.facts.keys()
        self._facts = [(name, people.facts[name]) for name in sorted(names)]
        self._texts: dict[int, str] = {}
        self._homes: dict[int, dict[str, str]] = {}
        self._fields: dict[str, Callable[[int], Any]] = {}
        marks = {name: f"{MARK}{name}{MARK}" for name in OPEN.findall(self._text)}
        self._open: Body = msgspec.json.decode(self._text % marks)
        self._is_by_id = kind == "port"

    def key(self, number: int) -> str:
        """The id."""
        return self._ids.at(number) if self._is_by_id else self._ids.of(number)

    def number(self, key: object) -> int | None:
        """The number that has this id."""
        return self._ids.place_of(key) if self._is_by_id else self._ids.number(key)

    def make(self, number: int) -> Body:
        """The ordinary body with all that is of this number."""
        person = self._ids.number_at(number) if self._is_by_id else number
        household = self._people.household(person)
        text = self._texts.get(household) or self._furnish(household)
        body: Body = msgspec.json.decode(text % {name: fact(person) for name, fact in self._facts})
        return body

    def field(self, name: str) -> Callable[[int], Any]:
        """What gives a field of each: text that is filled, or what is the same for all."""
        found = self._fields.get(name)
        if found is None:
            found = self._fields[name] = self._read(name)
        return found

    def _read(self, name: str) -> Callable[[int], Any]:
        value = self._open[name]
        if MARK not in msgspec.json.encode(value).decode():
            return lambda _: value
        if isinstance(value, str):
            return self._filler(value.replace("\0", MARK))
        return lambda number: self.make(number)[name]

    def writer(self, present: Callable[[Body], Body]) -> Callable[[int], msgspec.Raw]:
        """What gives each as JSON; `present` sees one in which is open what is each one's own."""
        fill = self._filler(msgspec.json.encode(present(self._open)).decode())
        return lambda number: msgspec.Raw(fill(number).encode())

    def _filler(self, marked: str) -> Callable[[int], str]:
        """What puts each one's own in place of the marks."""
        text = MARKED.sub(r"%(\1)s", marked.replace("%", "%%"))
        names = set(OPEN.findall(text))
        facts = [(name, fact) for name, fact in self._people.facts.items() if name in names]
        has_home = not names <= self._people.facts.keys()

        def fill(number: int) -> str:
            person = self._ids.number_at(number) if self._is_by_id else number
            own = {name: fact(person) for name, fact in facts}
            return text % ({**self._home(person), **own} if has_home else own)

        return fill

    def _home(self, person: int) -> dict[str, str]:
        household = self._people.household(person)
        found = self._homes.get(household)
        if found is None:
            found = self._homes[household] = self._people.facts_of_home(household)
        return found

    def _furnish(self, household: int) -> str:
        """The body as JSON in which only that is open which is each one's own."""
        left_open = {name: f"%({name})s" for name, _ in self._facts}
        facts = self._people.facts_of_home(household)
        text = OPEN.sub(lambda found: {**left_open, **facts}[found[1]], self._text)
        self._texts[household] = text
        return text

    def where(self, field: str, value: object) -> Iterable[int] | None:
        """Whose project, user, network or server it is, is known without looking."""
        people = self._people
        found: Iterable[int]
        if field == "device_id" and self._kind == "port":
            person = people.ids["server"].number(value)
            found = () if person is None else (person,)
        elif field in FIELDS_OF_HOMES:
            found = people.of_home(value, FIELDS_OF_HOMES[field])
        else:
            return None
        return sorted(map(self._ids.place, found)) if self._is_by_id else found


FIELDS_OF_HOMES = {
    "tenant_id": "project_id",
    "project_id": "project_id",
    "os-vol-tenant-attr:tenant_id": "project_id",
    "user_id": "user_id",
    "network_id": "network_id",
}

TIME = re.compile(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d')
OPEN = re.compile(r"%\((\w+)\)s")
MARK = "\\u0000"
"""As JSON writes the one character that no text of a service has."""
MARKED = re.compile(r"\\u0000(\w+)\\u0000")


def _opened(body: Body, known: dict[str, str]) -> str:
    """The body as JSON in which the known texts and all times are left open."""
    text = msgspec.json.encode(body).decode().replace("%", "%%")
    text = TIME.sub('"%(created)s', text)
    for name, found in known.items():
        # A name is part of others that are made of it; the rest are texts of their own.
        quote = "" if name == "name" else '"'
        text = text.replace(f"{quote}{found}{quote}", f"{quote}%({name})s{quote}")
    return text


def crowd(
    cloud: Cloud, servers: int = SERVERS, projects: int | None = None, *, seed: int = 0
) -> bootstrap.Scene:
    """The ground, and so many servers, each with a port that Nova made and a volume.

    They are between an hour and 90 days old (more, if there are more than four million) and of
    `projects` projects, of about 1000 servers each unless another number is given.
    """
    scene = bootstrap.ground(cloud)
    if servers < 1:
        return scene
    count = projects or max(1, servers // PER_PROJECT)
    with bootstrap.recorded(cloud, scene, SPREAD + YOUNGEST):
        homes = [_home(cloud, number) for number in range(count)]
    with cloud.locked():
        people = People(servers, homes, seed, cloud.clock.now())
        for table, made in _crowds(cloud, people).items():
            cloud[table].add_crowd(made)
            scene.made[table] = crowds.everybody(made)
        ports = people.ids["port"]
        cloud.made_by_nova.add_crowd(lambda port_id: ports.place_of(port_id) is not None)
    return scene


def _home(cloud: Cloud, number: int) -> Home:
    project = identity.project(cloud, f"crowd-project-{number:04d}")
    user = identity.member(cloud, f"crowd-user-{number:04d}", project)
    inside = network.network(cloud, f"crowd-net-{number:04d}", project["id"])
    subnet = network.subnet(cloud, f"crowd-subnet-{number:04d}", inside, cidr="10.0.0.0/8")
    group = network.default_security_group(cloud, project["id"])
    net = (inside["id"], inside["name"], subnet["id"])
    return Home(project["id"], user["id"], *net, group["id"])


def _crowds(cloud: Cloud, people: People) -> dict[str, Crowd]:
    """The crowds by table, made of one server with all that it has, which is gone again."""
    home = people.homes[0]
    owner = (home.project_id, home.user_id)
    wish = compute.Wish(
        bootstrap.named(cloud, "compute.flavor", "m1.tiny"),
        bootstrap.named(cloud, "image.image", "cirros-0.6.2-x86_64-disk"),
        [bootstrap.named(cloud, "network.network", home.network_name)],
        security_groups=[network.default_security_group(cloud, home.project_id)],
        host=HOSTS[0],
    )
    server = compute.server(cloud, NAME, *owner, wish)
    volume = block_storage.volume(cloud, NAME, *owner)
    compute.attach(cloud, server, volume)
    (port,) = cloud["network.port"].where("device_id", server["id"])
    known = _known(home, server, port, volume)
    cloud.made_by_nova.discard(port["id"])
    most = -(-people.count // len(people.homes))
    cloud.addresses.update({home.subnet_id: most for home in people.homes})
    tables = {"server": "compute.server", "port": "network.port", "volume": "block_storage.volume"}
    made = {}
    for kind, body in (("server", server), ("port", port), ("volume", volume)):
        cloud[tables[kind]].remove(body["id"])
        made[tables[kind]] = Crowd(kind, people, body, known)
    return made


def _known(home: Home, server: Body, port: Body, volume: Body) -> dict[str, str]:
    """The texts in the ordinary bodies that are another one's for each number, by fact."""
    return {
        "server_id": server["id"],
        "port_id": port["id"],
        "volume_id": volume["id"],
        "attachment_id": volume["attachments"][0]["attachment_id"],
        "name": NAME,
        "mac_address": port["mac_address"],
        "address": port["fixed_ips"][0]["ip_address"],
        "host": HOSTS[0],
        "host_id": server["hostId"],
        "instance_name": server["OS-EXT-SRV-ATTR:instance_name"],
        "reservation_id": server["OS-EXT-SRV-ATTR:reservation_id"],
        **dataclasses.asdict(home),
    }
