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

"""The demonstration on a real control plane: ``make demo-sandbox``.

The same story as :mod:`tests.demo`, with a real OpenStack, which is brought up on this machine if
it is not, and with a real Rally that is killed in the middle of its tasks.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import os
import pathlib
import shutil
import sys
import tempfile
import time
from typing import Any

from openstack import exceptions

from tests.demo import loan as loans
from tests.demo import stage as stages
from tests.demo import teller as tellers
from tests.demo import witness
from tests.sandbox import box
from tests.sandbox import inventory
from tests.sandbox import legitimate
from tests.sandbox import rally

CLOUD = "admin"
KILLED = ("nova", "neutron", "cinder")
STEADY = "steady"
#: Enough for the sweep to end first, and little enough not to wait for long.
STEADY_TIMES = 4
#: What a production volume and address lose with the server that they were lent to.
LET_GO = {"attachments", "port_id", "router_id", "fixed_ip_address"}


@dataclasses.dataclass
class Cast:
    """Who plays: the killed tasks, the one that runs, and what was in the cloud before it."""

    killed: list[rally.Task]
    running: rally.Task
    tenants: legitimate.Tenants
    lent: set[inventory.Key]
    before: inventory.Inventory


def main() -> int:
    """Tell the story and return 0 if it ended as it should."""
    if os.geteuid() != 0:
        print("the control plane needs root: sudo make demo-sandbox", file=sys.stderr)
        return 1
    begun = time.monotonic()
    teller = tellers.Teller()
    try:
        with loans.lent(*KILLED, STEADY) as loan:
            _tell(teller, loan)
    except (loans.Broken, box.SandboxFailed, exceptions.SDKException) as error:
        print(f"\nthe demonstration broke off: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nthe demonstration was interrupted", file=sys.stderr)
        return 130
    print(f"\nThis took {time.monotonic() - begun:.0f} seconds.")
    return teller.end()


def _tell(teller: tellers.Teller, loan: loans.Loan) -> None:
    with _stage(loan) as stage, contextlib.ExitStack() as undo:
        cast = _introduce(teller, loan, undo)
        _run(teller, stage, 2, "workloads", "list")
        _plan(teller, stage, cast)
        _sweep(teller, stage, cast)
        _check(teller, cast)


@contextlib.contextmanager
def _stage(loan: loans.Loan) -> Iterator[stages.Stage]:
    with tempfile.TemporaryDirectory(prefix="cleanupd-demo-") as name:
        folder = pathlib.Path(name)
        yield stages.Stage(folder, stages.environment(folder, loan.clouds_yaml))


def _introduce(teller: tellers.Teller, loan: loans.Loan, undo: contextlib.ExitStack) -> Cast:
    teller.chapter(
        "A killed benchmark",
        """Keystone, Nova, Neutron, Cinder and Glance are the real ones; only the hardware is
        pretended. Rally begins three tasks: servers with addresses, routers, volumes with
        snapshots. Each is killed with SIGKILL as soon as it is in the middle.""",
    )
    print("\nRally runs ...", flush=True)
    killed, _ = rally.dirty(*KILLED)
    for task in sorted(killed, key=lambda task: task.name):
        parts = ", ".join(task.name_parts)
        print(f"  killed {task.name:8} task {task.uuid}, with {parts} in its names")
    nova = next(task for task in killed if task.name == "nova")
    teller.chapter(
        "A cloud with tenants",
        f"""Production's network, servers, volumes and image have names such as
        {legitimate.BACKUP_NAME} and {legitimate.PREFIX_NAME}, and one volume is called
        s_rally_{nova.name_parts[0]}_AbCdEfGh-production, nearly as the killed task would have
        called it. Somebody attaches another volume of production's, and a reserved address,
        to a server of the killed task. A fourth task of Rally's runs on.""",
    )
    print("\nmaking all that ...", flush=True)
    admin, production = (witness.connect(loan.clouds_yaml, name) for name in (CLOUD, "production"))
    undo.callback(admin.close)
    undo.callback(production.close)
    tenants = legitimate.create(admin, production, workload=nova.workloads[0])
    undo.callback(tenants.remove)
    server = _find_server(admin, nova)
    volume = legitimate.attach_volume(tenants, server)
    address = legitimate.move_floating_ip(tenants, server)
    before = inventory.take()
    [running] = rally.start(STEADY, times=STEADY_TIMES)
    running = rally.wait(running, "server>=1")
    lent = {("volume", volume.id), ("floating_ip", address.id)}
    # The address is there twice, by itself and as what it is for.
    _print_all(f"{kind:15} {name}" for kind, name in sorted(tenants.made) if name != "reserved")
    return Cast(killed, running, tenants, lent, before)


def _find_server(admin: Any, task: rally.Task) -> Any:
    """Return a server of the task that is up and has a port."""
    names = tuple(f"s_rally_{part}_" for part in task.name_parts)
    servers = admin.compute.servers(all_projects=True, status="ACTIVE")
    return next(server for server in servers if server.name.startswith(names))


def _plan(teller: tellers.Teller, stage: stages.Stage, cast: Cast) -> None:
    teller.chapter(
        "The plan",
        """To Rally the killed tasks run for ever, but its reports tell their workloads, whose
        uuids are in the names. A dry run shows each resource with the evidence: its name matches
        entirely, or it is in a project that the benchmark made, or a service made it for such a
        resource. Nothing is removed.""",
    )
    asked = [word for task in cast.killed for word in _asked(stage, task)]
    _run(teller, stage, 2, "sweep", "start", *asked, "--dry-run", "--long")


def _asked(stage: stages.Stage, task: rally.Task) -> tuple[str, ...]:
    report = stage.folder / f"{task.name}.json"
    shutil.copyfile(rally.report(task), report)
    return ("--task", task.uuid, "--rally-report", report.name)


def _sweep(teller: tellers.Teller, stage: stages.Stage, cast: Cast) -> None:
    teller.chapter(
        "The sweep",
        """Now exactly this plan is executed: what depends on something goes first, the rest in
        parallel, each resource after a last look at it. Then everything is listed anew, and
        what that shows is the certificate.""",
    )
    options = ("--os-cloud", CLOUD, "--quiet")
    plan = stage.read("sweep", "list", *options, "-f", "value", "-c", "ID").split()[-1]
    _run(teller, stage, 0, "sweep", "start", "--plan", plan)
    print()
    still = rally.wait(cast.running, "iterations>=0")
    teller.expect("Rally's fourth task ran all the while, and still does", is_true=still.alive)


def _check(teller: tellers.Teller, cast: Cast) -> None:
    teller.chapter(
        "Is it true?",
        """cleanupd says so. Here is what Rally says of the task that went on, and what
        openstacksdk says, without cleanupd, when that has ended: all projects, all users' key
        pairs, private flavors, ports without a project. It counts more than the plan does: rules
        of security groups and role assignments, too, which go with what they belong to.""",
    )
    print("\nwaiting for Rally's task ...\n", flush=True)
    ended = rally.wait(cast.running)
    teller.expect(
        f"Rally's fourth task is {ended.status}: {ended.iterations} iterations,"
        f" {ended.failed_iterations} failed",
        is_true=ended.status == "finished" and ended.iterations > 0 == ended.failed_iterations,
    )
    _check_resources(teller, cast, inventory.take())


def _check_resources(teller: tellers.Teller, cast: Cast, after: inventory.Inventory) -> None:
    parts = [part for task in cast.killed for part in task.name_parts]
    made = inventory.find_rally(cast.before, parts)
    left = (made & after.keys()) | inventory.find_rally(after, parts)
    teller.expect(
        f"of {len(made)} resources of the killed tasks {len(left)} are left",
        is_true=bool(made) and not left,
    )
    own, lent = cast.tenants.keys, cast.lent
    other = cast.before.keys() - made - own
    for keys, text, ignoring in (
        (own - lent, "resources of production's are there and untouched", set()),
        (other, "others that were in the cloud are there and untouched", set()),
        (lent, "that were lent to the killed server are there", LET_GO),
    ):
        _expect_unharmed(teller, cast.before, after, keys, (text, ignoring))
    hung = [key for key in lent & after.keys() if LET_GO & _filled(after[key])]
    teller.expect("and hang on nothing any more", is_true=not hung)
    new = sorted(f"{kind} {id_}" for kind, id_ in after.keys() - cast.before.keys())
    teller.expect("nothing new has appeared", is_true=not new)
    _print_all(new)


def _expect_unharmed(
    teller: tellers.Teller,
    before: inventory.Inventory,
    after: inventory.Inventory,
    keys: set[inventory.Key],
    told: tuple[str, set[str]],
) -> None:
    text, ignoring = told
    harm = inventory.compare(before, after, keys, ignoring=inventory.VOLATILE | ignoring)
    teller.expect(f"all {len(keys)} {text}", is_true=bool(keys) and not harm)
    _print_all(harm)


def _filled(record: inventory.Record) -> set[str]:
    return {field for field, value in record.items() if value}


def _print_all(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"       {line}")


def _run(teller: tellers.Teller, stage: stages.Stage, expected: int, *words: str) -> None:
    code = stage.run(*words, "--os-cloud", CLOUD)
    if code != expected:
        teller.failures.append(f"cleanupctl {' '.join(words)} gave {code}, not {expected}")


if __name__ == "__main__":
    sys.exit(main())
