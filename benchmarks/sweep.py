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

"""Cleans the same leavings of a killed Rally with cleanupd and with Rally itself.

The cloud is the sandbox: a real OpenStack on this machine, with pretended hardware. Twice a
population of projects, users, networks, routers, addresses, servers, volumes, snapshots and
images is made beside tenants whose resources look alike. One is cleaned by rally-openstack's own
rally_openstack.task.cleanup.manager.cleanup, at its best: it is given an administrator, all users
with their passwords, and they administrate their projects. The other one is cleaned by
"cleanupctl sweep start --workload UUID", whose administrator knows nothing but the workload.

Both run in a process of their own, in which each HTTP request is counted below all clients. What
there is before and after is listed by openstacksdk, apart from both: also what services made by
themselves, such as the ports of servers, the rules of security groups, role assignments.

The sandbox has to be up, and nobody else should be busy on it: sudo tools/sandbox/sandbox up

What a plan takes in a large cloud, and a journal, is measured after that, without the sandbox:
benchmarks.plan does that alone.
"""

import collections
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import functools
import json
import operator
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

import openstack
from openstack import exceptions

from benchmarks import leavings
from benchmarks import peers
from benchmarks import plan
from benchmarks import report
from tests.sandbox import box
from tests.sandbox import inventory
from tests.sandbox import legitimate

HERE = pathlib.Path(__file__).resolve().parent
RALLY = peers.Peer(
    ("rally-openstack==4.1.0", "rally==5.1.1"), box.COMMAND.parent / "versions" / "rally.txt"
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TIMEOUT_S = 3600


@dataclasses.dataclass(frozen=True)
class Command:
    """What is run to clean, with what it reads."""

    words: list[str]
    given: str = ""


@dataclasses.dataclass(frozen=True)
class Ran:
    """One cleaning as it was seen from outside."""

    requests: list[dict[str, Any]]
    process_s: float
    resources: frozenset[inventory.Key]
    left: dict[str, int]
    harmed: int

    @property
    def cleaning_s(self) -> float:
        """The time from the first request to the last answer."""
        begun: float = min(request["begun"] for request in self.requests)
        answered: float = max(request["answered"] for request in self.requests)
        return answered - begun

    def count(self, method: str) -> int:
        """Return how many requests of the method there were."""
        return sum(request["method"] == method for request in self.requests)

    def count_left(self, kind: str) -> int:
        """Return how many of the kind are still there."""
        return self.left.get(kind, 0)

    @property
    def beyond(self) -> int:
        """The requests that are neither the one removal nor the one re-read of a resource."""
        # A key pair's id is that of its user, and its name, which stands in addresses.
        ids = {key.rpartition("/")[2] for _, key in self.resources}
        needed = {
            (request["method"], place)
            for request in self.requests
            if (place := _place(request["address"])) in ids
            and request["method"] in {"GET", "DELETE"}
        }
        return len(self.requests) - len(needed)


def _place(address: str) -> str:
    """Return the last part of an address without its query: an id, if it is a resource's."""
    return address.partition("?")[0].rpartition("/")[2]


def measure(*, quick: bool) -> Iterator[report.Measurement]:
    """Clean twice, and compare."""
    try:
        box.run("status")
    except (box.SandboxFailed, OSError) as error:
        text = f"the sandbox is not up; run sudo {box.COMMAND} up: {error}"
        raise report.Unprepared(text) from error
    rally = RALLY.python()
    size = leavings.QUICK if quick else leavings.FULL
    with _ground() as ground:
        auth = ground.admin.config.get_auth_args()
        theirs = _clean(ground, size, "Rally", functools.partial(_rally, rally, auth))
        ours = _clean(ground, size, "cleanupd", lambda lost: _sweep("--workload", lost.workload))
    yield from compare(ours, theirs)
    yield from plan.measure(quick=quick)


def compare(ours: Ran, theirs: Ran) -> Iterator[report.Measurement]:
    """Yield what is worth knowing of both."""

    def row(name: str, unit: str, read: Callable[[Ran], float]) -> report.Measurement:
        return report.Measurement(
            name=name,
            unit=unit,
            value=round(read(ours), 2),
            peer=RALLY.name,
            peer_value=round(read(theirs), 2),
        )

    yield row("resources to clean", "resources", lambda ran: len(ran.resources))
    for method in METHODS:
        yield row(f"requests: {method}", "requests", operator.methodcaller("count", method))
    yield row("requests in all", "requests", lambda ran: len(ran.requests))
    name = "requests beyond one DELETE and one re-read for each resource"
    yield row(name, "requests", lambda ran: ran.beyond)
    yield row("time from the first request to the last answer", "s", lambda ran: ran.cleaning_s)
    yield row("time of the whole process", "s", lambda ran: ran.process_s)
    yield row("left in all", "resources", lambda ran: sum(ran.left.values()))
    for kind in sorted({*ours.left, *theirs.left}):
        yield row(f"left: {kind}", "resources", operator.methodcaller("count_left", kind))
    yield row("tenants' resources that were harmed", "resources", lambda ran: ran.harmed)


@dataclasses.dataclass
class Ground:
    """The cloud that is cleaned, and a folder for what the cleaners write."""

    admin: Any
    production: Any
    environment: dict[str, str]
    folder: pathlib.Path
    workloads: list[str] = dataclasses.field(default_factory=list)


@contextlib.contextmanager
def _ground() -> Iterator[Ground]:
    """Give the sandbox's cloud; nothing that was made in it is there afterwards."""
    told = box.read_environment()
    config = openstack.config.OpenStackConfig(
        config_files=[told["OS_CLIENT_CONFIG_FILE"]], load_envvars=False
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    with tempfile.TemporaryDirectory(prefix="cleanupd-benchmark-") as name:
        folder = pathlib.Path(name)
        environment = kept | told | {"HOME": name, "PYTHONPATH": str(HERE / "counting")}
        admin, production = (
            openstack.connection.Connection(config=config.get_one(cloud))
            for cloud in ("admin", "production")
        )
        ground = Ground(admin, production, environment, folder)
        try:
            yield ground
        finally:
            _tidy(ground)
            admin.close()
            production.close()


def _tidy(ground: Ground) -> None:
    """Sweep what is left of both workloads, be it Rally's fault or an interruption's."""
    asked = [word for workload in ground.workloads for word in ("--workload", workload)]
    if asked and _call(ground, _sweep(*asked)).returncode:
        report.tell(f"not all could be removed; try: cleanupctl sweep start {' '.join(asked)}")


def _clean(
    ground: Ground,
    size: leavings.Size,
    name: str,
    choose: Callable[[leavings.Leavings], Command],
) -> Ran:
    """Make a population, have it cleaned, and say how that was."""
    lost = leavings.Leavings()
    ground.workloads.append(lost.workload)
    report.tell(f"making what {name} is to clean, workload {lost.workload}")
    try:
        tenants = legitimate.create(ground.admin, ground.production, workload=lost.workload)
    except exceptions.SDKException as error:
        raise report.BenchmarkFailed(f"the tenants could not be made: {error}") from error
    with contextlib.ExitStack() as undo:
        # What a cleaner took away already is missing here, too, and counted as harm.
        undo.enter_context(contextlib.suppress(exceptions.NotFoundException))
        undo.callback(tenants.remove)
        leavings.make(ground.admin, size, lost)
        before = inventory.take()
        mess = inventory.find_rally(before, [lost.part])
        report.tell(f"{name} cleans {len(mess)} resources")
        requests, process_s = _watch(ground, name, choose(lost))
        report.tell(f"{name} took {process_s:.0f} s for {len(requests)} requests")
        after = inventory.take()
        harmed = inventory.compare(before, after, tenants.keys)
        for line in harmed:
            report.tell(f"{name} harmed {line}")
    left = (mess & after.keys()) | inventory.find_rally(after, [lost.part])
    kinds = collections.Counter(kind for kind, _ in left)
    return Ran(requests, process_s, frozenset(mess), dict(kinds), len(harmed))


def _watch(ground: Ground, name: str, command: Command) -> tuple[list[dict[str, Any]], float]:
    """Run the command, and return the requests that it made and the time that it took."""
    log = ground.folder / f"{name}.requests"
    begun = time.monotonic()
    ended = _call(ground, command, {"BENCHMARK_REQUESTS": str(log)})
    process_s = time.monotonic() - begun
    # Libraries say the same many times.
    said = "\n".join(dict.fromkeys((ended.stdout + ended.stderr).splitlines()))
    if not log.exists():
        raise report.BenchmarkFailed(f"{name} asked the cloud for nothing: {said}")
    if ended.returncode or ended.stderr:
        report.tell(f"{name} ended with {ended.returncode} and said:\n{said[-3000:]}")
    return [json.loads(line) for line in log.read_text().splitlines()], process_s


def _call(
    ground: Ground, command: Command, more: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(  # noqa: S603 - a cleaner, with arguments of our own
            command.words,
            input=command.given,
            cwd=ground.folder,
            env=ground.environment | (more or {}),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise report.BenchmarkFailed(f"a cleaner did not end in {TIMEOUT_S} s") from error


def _sweep(*asked: str) -> Command:
    module = ("-m", "cleanupd.cmd.cleanupctl")
    return Command(
        [sys.executable, *module, "sweep", "start", "--os-cloud", "admin", "--quiet", *asked]
    )


def _rally(python: pathlib.Path, auth: dict[str, str], lost: leavings.Leavings) -> Command:
    place = {
        "auth_url": auth["auth_url"],
        "region_name": "RegionOne",
        "endpoint_type": "public",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    admin = {name: auth[name] for name in ("username", "password", "project_name")}
    users = [user | {"credential": user["credential"] | place} for user in lost.users]
    asked = {"workload": lost.workload, "admin": admin | place, "users": users}
    return Command([str(python), str(HERE / "rally_cleanup.py")], json.dumps(asked))


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
