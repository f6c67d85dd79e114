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
"""The state of the emulated cloud: everything in one place, behind one lock."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
import contextlib
import dataclasses
import datetime
import random
import threading
import uuid

from tests.emulator import bus
from tests.emulator import clock
from tests.emulator import faults
from tests.emulator import request_log
from tests.emulator import table

Body = table.Body


def _by_age(body: Body) -> tuple[str, str]:
    return (body["created_at"], body["id"])


def _of_ironic() -> table.Table:
    return table.Table(
        key=lambda body: body["uuid"], order=lambda body: (body["created_at"], body["uuid"])
    )


def _by_creation(body: Body) -> tuple[str, str]:
    return (body["creation_time"], body["id"])


def _tables() -> dict[str, table.Table]:
    """The kinds, each in its service's default order (seen on a real cloud, release 2026.2).

    Nova and Cinder and Glance list the newest first, Neutron and Keystone by id, flavors by
    id, keypairs by name.
    """
    ironic = ("node", "port", "port_group", "allocation", "deploy_template", "chassis")
    return {
        **{f"baremetal.{noun}": _of_ironic() for noun in ironic},
        "identity.domain": table.Table(),
        "identity.project": table.Table(indexed=("name", "parent_id")),
        "identity.user": table.Table(indexed=("name", "default_project_id")),
        "identity.role": table.Table(),
        "identity.group": table.Table(),
        "identity.service": table.Table(),
        "identity.endpoint": table.Table(),
        "identity.region": table.Table(),
        "identity.credential": table.Table(indexed=("user_id", "project_id")),
        "identity.application_credential": table.Table(indexed=("user_id", "project_id")),
        "identity.membership": table.Table(
            key=membership_key, order=membership_key, indexed=("user_id", "group_id")
        ),
        "identity.inference": table.Table(key=inference_key, order=inference_key),
        "identity.role_assignment": table.Table(
            key=assignment_key, order=assignment_key, indexed=("actor_id", "target_id", "role_id")
        ),
        "compute.server": table.Table(
            order=lambda body: (body["created"], body["id"]),
            newest_first=True,
            indexed=("tenant_id", "user_id"),
        ),
        "compute.deleted_server": table.Table(
            order=lambda body: (body["created"], body["id"]), newest_first=True
        ),
        "compute.flavor": table.Table(),
        "compute.server_group": table.Table(order=lambda body: body["_number"]),
        "compute.aggregate": table.Table(key=lambda body: str(body["id"])),
        "compute.migration": table.Table(
            key=lambda body: body["uuid"], order=lambda body: body["id"], newest_first=True
        ),
        "compute.service": table.Table(order=lambda body: body["number"]),
        "compute.keypair": table.Table(key=keypair_key, order=keypair_key),
        "network.network": table.Table(),
        "network.subnet": table.Table(indexed=("network_id",)),
        "network.port": table.Table(
            indexed=("device_id", "network_id", "project_id", "tenant_id")
        ),
        "network.router": table.Table(),
        "network.floating_ip": table.Table(indexed=("port_id", "project_id", "router_id")),
        "network.security_group": table.Table(indexed=("project_id",)),
        "network.security_group_rule": table.Table(),
        "network.rbac_policy": table.Table(indexed=("object_id",)),
        "network.trunk": table.Table(indexed=("port_id",)),
        "network.subnet_pool": table.Table(),
        "network.address_scope": table.Table(),
        "network.qos_policy": table.Table(),
        "network.address_group": table.Table(),
        "network.bgpvpn": table.Table(),
        "network.firewall_group": table.Table(),
        "network.firewall_policy": table.Table(),
        "network.firewall_rule": table.Table(),
        "block_storage.volume": table.Table(
            order=_by_age,
            newest_first=True,
            indexed=("os-vol-tenant-attr:tenant_id", "user_id", "snapshot_id"),
        ),
        "block_storage.snapshot": table.Table(
            order=_by_age,
            newest_first=True,
            indexed=("volume_id", "os-extended-snapshot-attributes:project_id"),
        ),
        "block_storage.backup": table.Table(
            order=_by_age,
            newest_first=True,
            indexed=("volume_id", "os-backup-project-attr:project_id", "_parent_id"),
        ),
        "block_storage.volume_type": table.Table(order=_by_age, newest_first=True),
        "block_storage.qos_spec": table.Table(order=_by_age, newest_first=True),
        "block_storage.transfer": table.Table(order=_by_age, newest_first=True),
        "block_storage.attachment": table.Table(
            order=_by_age, newest_first=True, indexed=("volume_id",)
        ),
        "image.image": table.Table(order=_by_age, newest_first=True),
        **{f"load_balancer.{noun}": table.Table(order=_by_age) for noun in BALANCING},
        "load_balancer.flavor": table.Table(),
        "dns.zone": table.Table(order=_by_age),
        **{f"shared_file_system.{noun}": table.Table(order=_by_age) for noun in SHARING},
        "shared_file_system.share_type": table.Table(),
        "dns.recordset": table.Table(order=_by_age),
        "load_balancer.flavor_profile": table.Table(),
        "orchestration.stack": table.Table(order=_by_creation, newest_first=True),
        "orchestration.deleted_stack": table.Table(),
    }


SHARING = ("share", "snapshot", "share_network", "security_service")
"""Manila's kinds that have a date."""

BALANCING = ("load_balancer", "listener", "pool", "health_monitor", "l7_policy", "amphora")
"""Octavia's kinds that have a date."""


def keypair_key(body: Body) -> tuple[str, str]:
    """A keypair has no id: it is its user's, by name."""
    return (body["user_id"], body["name"])


def assignment_key(body: Body) -> tuple[str, ...]:
    """A role assignment is who has which role where: ``("user", ID, "project", ID, ROLE_ID)``."""
    return tuple(body[field] for field in ("actor", "actor_id", "target", "target_id", "role_id"))


def membership_key(body: Body) -> tuple[str, str]:
    """Which user is in which group."""
    return (body["group_id"], body["user_id"])


def inference_key(body: Body) -> tuple[str, str]:
    """Which role implies which."""
    return (body["prior_role_id"], body["implied_role_id"])


@dataclasses.dataclass
class Settings:
    """What a test may change at any time.

    `page_limits` holds the most rows that a service gives at once, by service type; None is
    no limit. The defaults are the services' own: Nova, Cinder and Ironic ``max_limit`` 1000,
    Glance 25 unless asked and 1000 at most, Neutron and Keystone none.
    `endpoints` replaces what the catalogue says of a service type, for one that is down.
    `images_in_use` are images whose deletion Glance refuses with 409.
    `undeletable` are volumes, snapshots and backups whose deletion Cinder begins and fails.
    """

    region: str = "RegionOne"
    build_delay_s: float = 0.2
    delete_delay_s: float = 0.2
    token_lifetime_s: float = 12 * 3600
    page_limits: dict[str, int | None] = dataclasses.field(
        default_factory=lambda: {
            "identity": None,
            "compute": 1000,
            "network": None,
            "block-storage": 1000,
            "image": 1000,
            "baremetal": 1000,
        }
    )
    default_image_page: int = 25
    endpoints: dict[str, str] = dataclasses.field(default_factory=dict)
    images_in_use: set[str] = dataclasses.field(default_factory=set)
    down_hosts: set[str] = dataclasses.field(default_factory=set)
    """Hosts of a cell whose database does not answer: Nova knows little of their servers."""
    nova_notification_format: str = "both"
    """``versioned``, ``unversioned`` or ``both``: Nova's own option ``notification_format``."""
    lists_all_stacks: bool = True
    """Whether Heat's policy lets an administrator list all stacks, as it does not by default."""
    undeletable: set[str] = dataclasses.field(default_factory=set)
    keystone_notification_format: str = "cadf"
    """``cadf`` or ``basic``: Keystone's own option ``notification_format``."""


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """Who asks: a user with roles in a project, a domain, the whole system, or without a scope."""

    id: str
    user_id: str
    project_id: str | None
    is_system: bool
    roles: frozenset[str]
    issued_at: datetime.datetime
    expires_at: datetime.datetime
    domain_id: str | None = None
    methods: tuple[str, ...] = ("password",)
    audit_ids: tuple[str, ...] = ()

    @property
    def target(self) -> tuple[str, str] | None:
        """The scope as role assignments name it: ``("project", ID)``; None without a scope."""
        if self.is_system:
            return ("system", "all")
        if self.domain_id is not None:
            return ("domain", self.domain_id)
        return None if self.project_id is None else ("project", self.project_id)

    @property
    def is_admin(self) -> bool:
        """Whether policies that ask for the administrator in a project are met."""
        return "admin" in self.roles and self.project_id is not None


class KnownPorts(set[str]):
    """Ids of ports; those of a crowd are known without being held."""

    def __init__(self) -> None:
        super().__init__()
        self._is_of_crowd: Callable[[object], bool] = lambda _: False

    def add_crowd(self, is_member: Callable[[object], bool]) -> None:
        """All ids for which this holds are known."""
        self._is_of_crowd = is_member

    def __contains__(self, port_id: object) -> bool:
        return super().__contains__(port_id) or self._is_of_crowd(port_id)


class Cloud:
    """All services' resources as plain dicts shaped like API bodies, by kind.

    The server takes `lock` for each request. A test that looks or changes things while a
    server runs takes it too: ``with cloud.locked():``, which also lets happen what is due.
    """

    def __init__(
        self, *, seed: int = 0, settings: Settings | None = None, speed: float = 1.0
    ) -> None:
        self.settings = settings or Settings()
        self.random = random.Random(seed)
        self.clock = clock.Clock(speed)
        self.requests = request_log.RequestLog()
        self.faults = faults.Faults(self.clock, seed)
        self.bus = bus.Bus(self.faults, self.clock)
        self.asked: set[tuple[str, str, str]] = set()
        """Service type, method and path rule of every route that was asked so far."""
        self.lock = threading.RLock()
        self.tables = _tables()
        self.tokens: dict[str, Token] = {}
        self.passwords: dict[str, str] = {}
        self.quotas: dict[tuple[str, str], dict[str, int]] = {}
        """The limits that somebody set, by service type and project id; others are default."""
        self.numbers: dict[str, int] = {}
        """The last number that was given to a kind that counts: aggregates, migrations."""
        self.made_by_nova = KnownPorts()
        """Ports that Nova created, and removes with the server; it leaves others."""
        self.addresses: dict[str, int] = {}
        """How many addresses each subnet has handed out."""

    def __getitem__(self, kind: str) -> table.Table:
        """The table of a kind: ``cloud["compute.server"]``."""
        return self.tables[kind]

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else looks at or changes the cloud, and what is due has happened."""
        with self.lock:
            self.clock.run_due()
            yield

    def new_id(self) -> str:
        """A fresh uuid; the same ones in the same order for the same seed."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def new_hex_id(self) -> str:
        """A fresh id as Keystone writes them, without dashes."""
        return self.new_id().replace("-", "")

    def inventory(self) -> dict[str, AbstractSet[str]]:
        """The ids of everything that is there, by kind; a keypair's is ``user_id:name``."""
        with self.locked():
            hidden = {
                *("identity.role_assignment", "identity.membership", "identity.inference"),
                *("compute.deleted_server", "orchestration.deleted_stack"),
                *("compute.migration", "compute.service"),
                "block_storage.attachment",
                *("network.security_group_rule", "network.rbac_policy"),
                "load_balancer.amphora",
            }
            found = {kind: rows.keys() for kind, rows in self.tables.items() if kind not in hidden}
        found["compute.keypair"] = {":".join(key) for key in found["compute.keypair"]}
        return found

    def revoke_tokens(self) -> None:
        """No token that was issued so far is valid."""
        with self.lock:
            self.tokens.clear()
