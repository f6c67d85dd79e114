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
"""What is known of each service: read from ``services/NAME/service.toml``.

A service is a folder: ``service.toml`` (this module's subject), ``etc/`` (templates of its
configuration), ``seed.py`` (what has to be in it after ``up``), ``smoke.py`` (proof that it
works).
"""

import collections.abc
import dataclasses
import pathlib
import tomllib
import typing

from controlplane import errors
from controlplane import layout
from controlplane import templates

FOLDER = layout.TOOLS / "services"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where an API answers, and its entry in the catalogue (none where the type is empty)."""

    port: int
    type: str = ""
    name: str = ""
    path: str = ""

    @property
    def url(self) -> str:
        """The API's root."""
        return f"http://{layout.IP}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Ready:
    """How it is seen that a process does its work; at most one field is set."""

    http: str = ""
    port: int = 0
    amqp: int = 0
    queue: str = ""
    command: str = ""

    def describe(self) -> str:
        """What is looked at, in few words; empty where nothing is."""
        if self.port or self.amqp:
            return f"port {self.port or self.amqp}"
        if self.queue:
            return f"queue {self.queue}"
        return self.http or ("SQL" if self.command else "")


@dataclasses.dataclass(frozen=True)
class Process:
    """One program that is kept running; ``wsgi`` names an application that uwsgi serves."""

    name: str
    service: str
    command: str = ""
    wsgi: str = ""
    after: tuple[str, ...] = ()
    environment: collections.abc.Mapping[str, str] = dataclasses.field(default_factory=dict)
    ready: Ready = Ready()


@dataclasses.dataclass(frozen=True)
class Prepare:
    """A command that runs once, before the service's processes; it makes the named file."""

    creates: str
    command: str


@dataclasses.dataclass(frozen=True)
class Service:
    """One service: what it needs, how it is made ready, what runs."""

    name: str
    summary: str
    extra: bool = False
    debian: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    migrate: tuple[str, ...] = ()
    packaged: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    prepare: tuple[Prepare, ...] = ()
    processes: tuple[Process, ...] = ()
    endpoint: Endpoint | None = None

    @property
    def folder(self) -> pathlib.Path:
        """Where the service is declared."""
        return FOLDER / self.name

    @property
    def is_infrastructure(self) -> bool:
        """Whether the OpenStack services stand on it: it runs first and stops last."""
        return not self.python


def load(folders: layout.Layout) -> tuple[dict[str, Service], dict[str, str]]:
    """All services by name, core before extras, and the values that their templates may use."""
    texts = {path.parent.name: path.read_text() for path in sorted(FOLDER.glob("*/service.toml"))}
    values = folders.values()
    raw = {name: tomllib.loads(text) for name, text in texts.items()}
    for name, table in raw.items():
        if "endpoint" in table:
            endpoint = Endpoint(**table["endpoint"])
            values |= {f"{name}.port": str(endpoint.port), f"{name}.url": endpoint.url}
    for table in raw.values():
        own = table.get("values", {})
        values |= {key: templates.render(value, values) for key, value in own.items()}
    loaded = [_make(name, tomllib.loads(templates.render(texts[name], values))) for name in texts]
    loaded.sort(key=lambda service: (service.extra, not service.is_infrastructure))
    return {service.name: service for service in loaded}, values


def select(
    known: collections.abc.Mapping[str, Service], extras: collections.abc.Iterable[str]
) -> list[Service]:
    """The core services and the named extras; an unknown extra is an error."""
    wanted = set(extras)
    possible = {name for name, service in known.items() if service.extra}
    if unknown := wanted - possible:
        names, all_names = " ".join(sorted(unknown)), " ".join(sorted(possible))
        raise errors.SandboxError(f"no such extra: {names} (there are: {all_names})")
    return [service for service in known.values() if not service.extra or service.name in wanted]


def _make(name: str, table: dict[str, typing.Any]) -> Service:
    table.pop("values", None)
    endpoint = Endpoint(**table.pop("endpoint")) if "endpoint" in table else None
    prepare = tuple(Prepare(**entry) for entry in table.pop("prepare", ()))
    processes = tuple(_make_process(name, entry, endpoint) for entry in table.pop("process", ()))
    fields: dict[str, typing.Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    fields |= {"prepare": prepare, "processes": processes, "endpoint": endpoint}
    return Service(name, **fields)


def _make_process(
    service: str, table: dict[str, typing.Any], endpoint: Endpoint | None
) -> Process:
    ready = Ready(**table.pop("ready", {}))
    if table.get("wsgi") and endpoint is not None:
        ready = Ready(http=f"{endpoint.url}/")
    after = tuple(table.pop("after", ()))
    return Process(service=service, ready=ready, after=after, **table)
