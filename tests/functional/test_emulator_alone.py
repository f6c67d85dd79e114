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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    "wrong",
    [
        ["--port", "99999"],
        ["--port", "-1"],
        ["--servers", "-5"],
        ["--delete-delay", "-3"],
        ["--speed", "0"],
        ["--page-limit", "compute=0"],
        ["--page-limit", "nothing=5"],
    ],
    ids=" ".join,
)
def test_senseless(wrong: list[str]) -> None:
    """What makes no sense is told in words, with exit code 2."""
    shown = subprocess.run(
        [*COMMAND, *wrong], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )
    assert shown.returncode == 2
    assert "python -m tests.emulator: " in shown.stderr
    assert "Traceback" not in shown.stderr


def test_senseless_script(tmp_path: pathlib.Path) -> None:
    """Nobody waits for less than no time."""
    file = tmp_path / "faults.yaml"
    file.write_text("[{path: servers, answer: hang, hang_s: -1}]", encoding="utf-8")
    command = [*COMMAND, "--faults", str(file)]
    shown = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )
    assert (shown.returncode, len(shown.stderr.splitlines())) == (2, 1)
    assert "hang_s is not negative" in shown.stderr


def test_same_port_again(tmp_path: pathlib.Path) -> None:
    """It may start on the port that it has just left; down hosts and short pages are options."""
    file = tmp_path / "clouds.yaml"
    command = [*COMMAND, "--scene", "empty", "--servers", "20", "--clouds-yaml", str(file)]
    port = "0"
    for more in ([], ["--down-host", "cmp1", "--page-limit", "compute=3"]):
        with subprocess.Popen(
            [*command, "--port", port, *more], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            port = process.stdout.readline().strip().rpartition(":")[2]
            try:
                config = openstack.config.OpenStackConfig(config_files=[str(file)])
                one = config.get_one("emulated")
                with openstack.connection.Connection(config=one) as connection:
                    found = connection.compute.get("/servers?all_tenants=1").json()["servers"]
                    assert len(found) == (3 if more else 20)
                    whole = list(connection.compute.servers(details=False, all_projects=True))
                    assert len(whole) == (10 if more else 20)
            finally:
                process.terminate()
            assert process.wait(5) == 0


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
