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
"""The commands of generated READMEs, executed on an emulated cloud by a real Rally.

Each command stands in a literal block of ``rally-jobs/README.rst``. One doesn't
do here what it says: ``pip`` only sees whether what it is to install is there.
"""

from collections.abc import Iterator
import json
import pathlib
import re
import subprocess

import pytest

from cleanupd.rally_jobs import detect
from cleanupd.rally_jobs import generate
from cleanupd.rally_jobs import writing
from tests import emulator
from tests.emulator import __main__ as emulator_command
from tests.emulator import scenes
from tests.functional import clients
from tests.unit.rally_jobs import repositories

pytestmark = [pytest.mark.functional, pytest.mark.rally, pytest.mark.timeout(600)]

#: The services that the emulator has, and how long that takes.
TRIED = (
    pytest.param("keystone", marks=pytest.mark.slow),
    *(
        pytest.param(service, marks=pytest.mark.campaign)
        for service in ("glance", "neutron", "nova", "cinder")
    ),
)

GROUPS = "network.security_group"

PIP = """\
#!/bin/sh
shift
exec {python} -c 'import importlib.metadata as m, sys; [m.version(n) for n in sys.argv[1:]]' "$@"
"""


def _commands(readme: str) -> list[str]:
    """The lines of the literal blocks, in order."""
    blocks = re.findall(r"::\n\n((?:    .*\n)+)", readme)
    return [line.strip() for block in blocks for line in block.splitlines()]


@pytest.fixture
def cloud() -> emulator.Cloud:
    """A cloud with legitimate tenants, which builds and deletes at once."""
    made = emulator.Cloud(settings=emulator.Settings(build_delay_s=0, delete_delay_s=0))
    scenes.legitimate_tenants(made)
    return made


@pytest.fixture
def environment(tmp_path: pathlib.Path, cloud: emulator.Cloud) -> Iterator[dict[str, str]]:
    """What an administrator's shell has: an openrc that was read, clouds.yaml, a home."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "pip").write_text(PIP.format(python=clients.PROGRAMS / "python"))
    (programs / "pip").chmod(0o755)
    (programs / "cleanupctl").symlink_to(clients.ROOT / ".venv" / "bin" / "cleanupctl")
    home = tmp_path / "home"
    (home / ".rally").mkdir(parents=True)
    (home / ".rally" / "rally.conf").write_text(clients.RALLY_CONF.format(folder=home))
    with emulator.running(cloud) as url:
        text = emulator_command.clouds_yaml(url).replace("emulated:", "devstack-admin:")
        (home / "clouds.yaml").write_text(text)
        yield {
            "PATH": f"{programs}:{clients.PROGRAMS}:/usr/bin:/bin",
            "HOME": str(home),
            "PYTHONWARNINGS": "ignore",
            "OS_CLIENT_CONFIG_FILE": str(home / "clouds.yaml"),
            "OS_AUTH_URL": f"{url}/identity/v3/",
            "OS_USERNAME": "admin",
            "OS_PASSWORD": "secret",
            "OS_PROJECT_NAME": "admin",
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": "RegionOne",
        }


@pytest.mark.parametrize("service", TRIED)
def test_commands_work(
    tmp_path: pathlib.Path, cloud: emulator.Cloud, environment: dict[str, str], service: str
) -> None:
    """Each command ends well, the task meets every criterion, and nothing is left."""
    tree = repositories.make(tmp_path / service, service)
    request = generate.Request(service=service, profile="smoke")
    plan = generate.plan(tree, detect.detect(tree), request, is_forced=False)
    writing.write(tree, plan.changes)
    before = cloud.inventory()
    commands = _commands(plan.text("README.rst"))
    assert len(commands) >= 18
    for command in commands:
        ended = subprocess.run(
            ["bash", "-c", command],
            env=environment,
            cwd=tree.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    after = cloud.inventory()
    # Neutron makes a default group for a project when it is first asked for the project's.
    assert {kind: ids for kind, ids in after.items() if kind != GROUPS} == {
        kind: ids for kind, ids in before.items() if kind != GROUPS
    }
    report = json.loads((tmp_path / "home" / "rally-results").read_text())
    assert {task["status"] for task in report["tasks"]} == {"finished"}
