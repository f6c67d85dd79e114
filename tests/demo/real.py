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

from collections.abc import Iterator
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

import openstack

from tests.demo import stage as stages
from tests.demo import teller as tellers
from tests.sandbox import box
from tests.sandbox import inventory
from tests.sandbox import legitimate
from tests.sandbox import rally

CLOUD = "admin"
KILLED = ("nova", "neutron")
STEADY = "steady"
STEADY_TIMES = "4"
#: What a production volume and address lose with the server that they were lent to.
LET_GO = {"attachments", "port_id", "router_id", "fixed_ip_address"}


@contextlib.contextmanager
def control_plane() -> Iterator[None]:
    """Give a sandbox that is up; one that was down before is taken down again."""
    was_up = subprocess.run([box.COMMAND, "status"], capture_output=True, check=False)
    try:
        print("Bringing up a real OpenStack control plane, and a real Rally ...", flush=True)
        subprocess.run([box.COMMAND, "up", "--rally"], check=True)
        yield
    finally:
        if was_up.returncode:
            print("\nTaking the control plane down ...", flush=True)
            subprocess.run([box.COMMAND, "down"], check=True)


def main() -> int:
    """Tell the story and return 0 if it ended as it should."""
    if os.geteuid() != 0:
        print("the control plane needs root: sudo make demo-sandbox", file=sys.stderr)
        return 1
    teller = tellers.Teller()
    try:
        with control_plane():
            _tell(teller)
    except (subprocess.CalledProcessError, box.SandboxFailed) as error:
        print(f"\nthe demonstration broke off: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nthe demonstration was interrupted", file=sys.stderr)
        return 130
    return teller.end()


def _tell(teller: tellers.Teller) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="cleanupd-demo-") as name,
        contextlib.ExitStack() as undo,
    ):
        environment = {**box.client_environment(), "HOME": name}
        environment.pop("OS_CLOUD")
        if not sys.stdout.isatty():
            environment.setdefault("CLIFF_MAX_TERM_WIDTH", tellers.WIDTH_OF_LOGS)
        stage = stages.Stage(pathlib.Path(name), environment)
        admin, production = (_connect(environment, cloud) for cloud in (CLOUD, "production"))
        teller.chapter(
            "A cloud with tenants, and a Rally",
            """Production has a network, servers, volumes and more, with names such as
            s_rally_backup-of-production and c_rally_. Rally begins three tasks. Two are killed
            with SIGKILL as soon as they have made something; the third goes on.""",
        )
        print("\nmaking legitimate tenants ...", flush=True)
        tenants = legitimate.create(admin, production)
        undo.callback(tenants.remove)
        [steady] = rally.start(STEADY, times=int(STEADY_TIMES))
        undo.callback(_end, steady)
        print("running Rally, and killing it ...", flush=True)
        killed, _ = rally.dirty(*KILLED)
        _entangle(tenants, admin, killed)
        before = inventory.take()
        _sweep(teller, stage, killed)
        _check(teller, before, killed, tenants)
        ended = rally.wait(steady)
        teller.expect(
            f"the task that went on has finished: {ended.iterations} iterations,"
            f" {ended.failed_iterations} failed",
            is_true=ended.status == "finished"
            and bool(ended.iterations)
            and not ended.failed_iterations,
        )


def _end(task: rally.Task) -> None:
    """Let nothing of Rally run on where the story broke off."""
    with contextlib.suppress(box.SandboxFailed):
        rally.kill(task)


def _connect(environment: dict[str, str], cloud: str) -> openstack.connection.Connection:
    files = [environment["OS_CLIENT_CONFIG_FILE"]]
    config = openstack.config.OpenStackConfig(config_files=files, load_envvars=False)
    return openstack.connection.Connection(config=config.get_one(cloud))


def _entangle(
    tenants: legitimate.Tenants, admin: openstack.connection.Connection, killed: list[rally.Task]
) -> None:
    """Production's volume and reserved address hang on a server of a killed task."""
    names = tuple(f"s_rally_{part}_" for task in killed for part in task.name_parts)
    server = next(
        one
        for one in admin.compute.servers(all_projects=True, status="ACTIVE")
        if one.name.startswith(names)
    )
    legitimate.attach_volume(tenants, server)
    legitimate.move_floating_ip(tenants, server)


def _sweep(teller: tellers.Teller, stage: stages.Stage, killed: list[rally.Task]) -> None:
    print("\nSomebody attaches production's volume, and a reserved address, to Rally's server.")
    _run(teller, stage, 2, "workloads", "list")
    asked = [word for task in killed for word in _asked(task)]
    teller.chapter(
        "The plan",
        """To Rally the killed tasks run for ever, but its report tells their workloads, whose
        uuids are in the names. Each resource is shown with the evidence; nothing is removed.""",
    )
    _run(teller, stage, 2, "sweep", "start", *asked, "--dry-run")
    teller.chapter("The sweep", "The plan is executed, and everything is listed anew.")
    options = ("--os-cloud", CLOUD, "--quiet")
    plan = stage.read("sweep", "list", *options, "-f", "value", "-c", "ID").split()[-1]
    _run(teller, stage, 0, "sweep", "start", "--plan", plan, "--wait")


def _asked(task: rally.Task) -> tuple[str, ...]:
    return ("--task", task.uuid, "--rally-report", str(rally.report(task)))


def _check(
    teller: tellers.Teller,
    before: inventory.Inventory,
    killed: list[rally.Task],
    tenants: legitimate.Tenants,
) -> None:
    teller.chapter(
        "Is it true?",
        """cleanupd says so. Here is what openstacksdk says, without cleanupd: all projects, all
        users' key pairs, private flavors, ports without a project.""",
    )
    print()
    parts = [part for task in killed for part in task.name_parts]
    made = inventory.find_rally(before, parts)
    after = inventory.take()
    left = (made & after.keys()) | inventory.find_rally(after, parts)
    teller.expect(
        f"of {len(made)} resources of the killed tasks {len(left)} are left",
        is_true=bool(made) and not left,
    )
    ignoring = inventory.VOLATILE | LET_GO
    harm = inventory.compare(before, after, tenants.keys, ignoring=ignoring)
    teller.expect(
        f"all {len(tenants.keys)} legitimate resources are there and untouched", is_true=not harm
    )
    print("".join(f"       {line}\n" for line in harm), end="")


def _run(teller: tellers.Teller, stage: stages.Stage, expected: int, *words: str) -> None:
    code = stage.run(*words, "--os-cloud", CLOUD)
    if code != expected:
        teller.failures.append(f"cleanupctl {' '.join(words)} gave {code}, not {expected}")


if __name__ == "__main__":
    sys.exit(main())
