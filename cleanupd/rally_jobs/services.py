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

"""The ten services, as ``services.toml`` has them: how they are told, what is written for each."""

import functools
import pathlib
import re
import tomllib
from typing import Any

import msgspec

TOLD = pathlib.Path(__file__).with_name("services.toml")


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One workload of a task.

    ``does`` says in a line what it does, ``group`` the resource by which
    workloads are kept together.  ``stands_for`` is the name in the
    specification of these folders where Rally has no scenario of that name;
    ``is_custom`` is one of a plugin that is written beside the task.
    ``actions`` get a limit each, those in ``limits`` one of their own in
    seconds.  ``quotas`` are lifted beside the service's, and ``most`` are the
    iterations that a node of the CI has room for.
    """

    group: str
    does: str
    scenario: str
    actions: tuple[str, ...]
    args: dict[str, Any] = {}
    contexts: dict[str, Any] = {}
    quotas: dict[str, tuple[str, ...]] = {}
    limits: dict[str, float] = {}
    most: int | None = None
    stands_for: str = ""
    is_custom: bool = False


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service.

    Its repository is told by ``names`` of the distribution, ``programs`` or
    ``groups`` among the entry points, and the path ``marker``.  The job has
    ``parent``, where ``no_parent`` names the one that does not exist,
    ``projects`` that are checked out besides, the DevStack ``plugin``, and
    settings for DevStack.  ``variables`` are those of the task, ``custom``
    and ``extra`` the files in ``plugins/`` and ``extra/`` with what each is.  ``departures``
    from the specification have their reasons with them; ``{bounded}`` in one
    stands for what became of ``most``.  ``needs`` is left to people.
    """

    title: str
    what: str
    manages: str
    names: tuple[str, ...]
    programs: tuple[str, ...]
    marker: str
    parent: str
    workloads: tuple[Workload, ...]
    groups: tuple[str, ...] = ()
    no_parent: str = ""
    projects: tuple[str, ...] = ()
    plugin: str = ""
    devstack_services: tuple[str, ...] = ()
    localrc: dict[str, Any] = {}
    quotas: dict[str, tuple[str, ...]] = {}
    variables: tuple[str, ...] = ()
    custom: dict[str, str] = {}
    extra: dict[str, str] = {}
    has_dummy_image: bool = msgspec.field(default=False, name="dummy_image")
    needs: tuple[str, ...] = ()
    departures: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much a task does; where ``is_unbounded`` no workload is limited to its ``most``."""

    times: int
    concurrency: int
    timeout_s: int
    is_unbounded: bool = False

    def iterations(self, workload: Workload) -> int:
        """Return how often a workload runs."""
        if self.is_unbounded or workload.most is None:
            return self.times
        return min(self.times, workload.most)


class _Others(msgspec.Struct, frozen=True):
    names: tuple[str, ...]


class Services(msgspec.Struct, frozen=True):
    """All services by name, and what is known of repositories that are none of them."""

    services: dict[str, Service]
    profiles: dict[str, Profile]
    companions: dict[str, str]
    others: _Others

    def named(self, distribution: str) -> str | None:
        """Return the service whose distribution has this name."""
        name = normalized(distribution)
        return next((key for key, one in self.services.items() if name in one.names), None)

    def companion(self, distribution: str) -> str | None:
        """Return what a repository beside the services is, such as ``a client library``."""
        name = normalized(distribution)
        return next(
            (what for pattern, what in self.companions.items() if re.match(pattern, name)), None
        )

    def is_other(self, distribution: str) -> bool:
        """Whether this is a service for which nothing is generated."""
        name = normalized(distribution)
        return any(re.fullmatch(pattern, name) for pattern in self.others.names)


def normalized(distribution: str) -> str:
    """Return the name of a distribution as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@functools.cache
def load() -> Services:
    """Return the services of this release."""
    return msgspec.convert(tomllib.loads(TOLD.read_text(encoding="utf-8")), Services)
