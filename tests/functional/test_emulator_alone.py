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
"""``python -m tests.emulator``, as a person starts it."""

import pathlib
import signal
import subprocess
import sys

import openstack
import openstack.config
import pytest
import requests

pytestmark = pytest.mark.functional

COMMAND = [sys.executable, "-m", "tests.emulator"]
ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_alone(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    """It writes a clouds.yaml that works, and ends with 0 when it is told to."""
    file = tmp_path / "clouds.yaml"
    command = [*COMMAND, "--scene", "killed", "--clouds-yaml", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            config = openstack.config.OpenStackConfig(config_files=[str(file)])
            for name, count in (("emulated", 6), ("emulated-member", 0)):
                with openstack.connection.Connection(config=config.get_one(name)) as connection:
                    everywhere = name == "emulated"
                    found = list(connection.compute.servers(all_projects=everywhere))
                    assert len(found) == count
            assert requests.get(f"{url}/emulator/requests", timeout=5).json()["requests"]
        finally:
            process.send_signal(number)
        assert process.wait(5) == 0


def test_crowd(tmp_path: pathlib.Path) -> None:
    """It can be full of servers, which are listed page by page."""
    file = tmp_path / "clouds.yaml"
    command = [*COMMAND, "--scene", "empty", "--servers", "3000", "--clouds-yaml", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            config = openstack.config.OpenStackConfig(config_files=[str(file)])
            with openstack.connection.Connection(config=config.get_one("emulated")) as connection:
                found = connection.compute.servers(details=False, all_projects=True)
                assert len({server.id for server in found}) == 3000
        finally:
            process.terminate()
        assert process.wait(5) == 0


def test_help() -> None:
    """The help shows what to type."""
    command = [*COMMAND, "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "openstack --os-cloud emulated server list" in shown.stdout


def test_taken_port(tmp_path: pathlib.Path) -> None:
    """A port that is taken is one line and exit code 1."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip().rpartition(":")[2]
        second = subprocess.run(
            [*COMMAND, "--port", port], capture_output=True, text=True, check=False, cwd=ROOT
        )
        process.terminate()
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 1
