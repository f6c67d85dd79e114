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
"""Tests of the environments of peers."""

import pathlib
import subprocess

import pytest

from benchmarks import peers
from benchmarks import report

RALLY = peers.Peer(("rally-openstack==4.1.0", "rally==5.1.1"))


class Runner:
    """Runs nothing, and makes the folder that venv would have made."""

    def __init__(self, error=None):
        self.error = error
        self.commands = []

    def __call__(self, command):
        """Remember the command."""
        if self.error:
            raise self.error
        self.commands.append(list(command))
        if "venv" in command:
            pathlib.Path(command[command.index("--clear") + 1]).mkdir(parents=True)


def test_a_peer_is_installed_into_an_environment_of_its_own(tmp_path):
    """The environment is made first, and the packages have their versions."""
    run = Runner()
    python = RALLY.python(run, tmp_path)
    assert python.is_relative_to(tmp_path)
    make, install = run.commands
    assert make[1:3] == ["-m", "venv"]
    assert str(python) in install
    assert install[-2:] == ["rally-openstack==4.1.0", "rally==5.1.1"]


def test_a_peer_is_installed_once(tmp_path):
    """What is there is used again."""
    run = Runner()
    assert RALLY.python(run, tmp_path) == RALLY.python(run, tmp_path)
    assert len(run.commands) == 2


def test_another_version_is_another_environment(tmp_path):
    """Nothing is changed in an environment once it is made."""
    other = peers.Peer(("rally-openstack==4.0.0",))
    assert RALLY.python(Runner(), tmp_path) != other.python(Runner(), tmp_path)


def test_pins_are_given_and_are_part_of_what_is_wanted(tmp_path):
    """Other pins are another environment."""
    pins = tmp_path / "pins.txt"
    peer = peers.Peer(("rally-openstack==4.1.0",), pins)
    pythons = set()
    for text in ("requests==1\n", "requests==2\n"):
        pins.write_text(text)
        run = Runner()
        pythons.add(peer.python(run, tmp_path))
        assert str(pins) in run.commands[-1]
    assert len(pythons) == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (subprocess.CalledProcessError(1, "pip", stderr="no such package\n"), "no such package"),
        (FileNotFoundError(2, "no python"), "no python"),
    ],
)
def test_an_installation_that_fails_is_told_and_tried_again(tmp_path, error, said):
    """The message has what the installer said."""
    with pytest.raises(report.Unprepared, match=said):
        RALLY.python(Runner(error), tmp_path)
    run = Runner()
    RALLY.python(run, tmp_path)
    assert run.commands


def test_a_peer_is_named_as_its_first_package():
    """So tables show it."""
    assert RALLY.name == "rally-openstack 4.1.0"
