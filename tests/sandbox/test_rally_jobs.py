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
"""Generated folders on a real control plane: the task meets its SLA, and nothing is left.

Trove and Zaqar are not in the sandbox; Swift, Heat and Ironic have to be started by name.
"""

import json
import os
import pathlib
import shutil
import struct
import subprocess

from keystoneauth1 import exceptions
import openstack
import pytest

from cleanupd.rally_jobs import detect
from cleanupd.rally_jobs import generate
from cleanupd.rally_jobs import runs
from cleanupd.rally_jobs import table
from cleanupd.rally_jobs import writing
from tests.functional import clients
from tests.sandbox import inventory
from tests.unit.rally_jobs import repositories

pytestmark = pytest.mark.campaign

#: The services with their types in the catalogue.
TYPES = {
    "keystone": "identity",
    "glance": "image",
    "neutron": "network",
    "nova": "compute",
    "cinder": "block-storage",
    "swift": "object-store",
    "heat": "orchestration",
    "ironic": "baremetal",
}
CLUSTER = 2**16


def make_image(path: pathlib.Path) -> None:
    """Write a qcow2 image of 1 MiB with nothing in it, as Glance's inspection wants it."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, 2**20, 0, 1, 3 * CLUSTER, CLUSTER, 1, 0, 0
    )
    path.write_bytes(header.ljust(4 * CLUSTER, b"\0"))


def make_home(home: pathlib.Path, folder: pathlib.Path, auth: dict[str, str]) -> dict[str, str]:
    """Make the home of a Rally that has a database, the folder's files and the cloud."""
    place = home / ".rally"
    place.mkdir(parents=True)
    (place / "rally.conf").write_text(clients.RALLY_CONF.format(folder=home))
    for name in ("plugins", "extra"):
        shutil.copytree(folder / name, place / name)
    make_image(place / "extra" / "dummy_image.qcow2")
    return {
        **os.environ,
        "HOME": str(home),
        "PYTHONWARNINGS": "ignore",
        **{f"OS_{name.upper()}": value for name, value in auth.items()},
        "OS_REGION_NAME": os.environ.get("OS_REGION_NAME", "RegionOne"),
    }


def check_is_up(auth: openstack.config.cloud_region.CloudRegion, service: str) -> None:
    """Fail unless the service has an endpoint: a folder that nobody ran proves nothing."""
    try:
        auth.get_session().get_endpoint(service_type=TYPES[service])
    except exceptions.EndpointNotFound:
        pytest.fail(f"{service} is not up: run tools/sandbox/sandbox up --rally swift heat ironic")


def find_dead_limits(report: pathlib.Path) -> list[str]:
    """Return the limits on actions that did not happen under this name, or under an older one."""
    known = table.load()
    return [
        f"{workload.name}: {limit}"
        for task in runs.read(report)
        for workload in task.workloads
        for limit in workload.sla["max_avg_duration_per_atomic"]
        if not {limit, *known.release_names(limit)}
        & {action.name for iteration in workload.data for action in iteration.atomic_actions}
    ]


@pytest.mark.parametrize("service", TYPES)
def test_task_meets_its_sla_and_leaves_nothing(
    tmp_path: pathlib.Path, sandbox_environment: dict[str, str], service: str
) -> None:
    """A service's task, in profile smoke, is green on the real service; no leak is found then.

    Every action with a limit has happened, and nothing is new in a listing that cleanupd has no
    part in.
    """
    config = openstack.config.OpenStackConfig(
        config_files=[sandbox_environment["OS_CLIENT_CONFIG_FILE"]], load_envvars=False
    ).get_one("admin")
    check_is_up(config, service)
    tree = repositories.make(tmp_path / service, service)
    request = generate.Request(service=service, profile="smoke")
    plan = generate.plan(tree, detect.detect(tree), request, is_forced=False)
    writing.write(tree, plan.changes)
    environment = make_home(tmp_path / "home", tree.root / "rally-jobs", dict(config.auth))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            words, env=environment, cwd=tree.root, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{words}\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
        return ended

    rally = str(clients.PROGRAMS / "rally")
    leaks = (
        str(clients.ROOT / ".venv/bin/cleanupctl"),
        "rally-jobs",
        "leaks",
        "--os-cloud",
        "admin",
    )
    report, log, baseline = (str(tmp_path / name) for name in ("report", "log", "before"))
    before = inventory.take()
    run(*leaks, "--save-baseline", baseline)
    run(rally, "db", "create")
    run(rally, "env", "create", "--name", service, "--from-sysenv")
    run(rally, "task", "validate", f"rally-jobs/task-{service}.yaml")
    ended = run(rally, "task", "start", f"rally-jobs/task-{service}.yaml")
    pathlib.Path(log).write_text(ended.stderr + ended.stdout)
    criteria = json.loads(run(rally, "task", "sla-check", "--json").stdout)
    assert {one["status"] for one in criteria} == {"PASS"}
    run(rally, "task", "report", "--json", "--out", report)
    assert find_dead_limits(pathlib.Path(report)) == []
    run(*leaks, "--rally-report", report, "--rally-log", log, "--baseline", baseline)
    assert inventory.take().keys() - before.keys() == set()
