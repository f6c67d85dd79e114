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

"""What the daemon says when it cannot start."""

import socket

import pytest

from cleanupd import exceptions
from cleanupd.cmd import cleanupd as command
from cleanupd.conf import loading
from cleanupd.service import building
from tests import emulator
from tests.emulator import scenes
from tests.functional import daemon_process

pytestmark = pytest.mark.functional


@pytest.fixture
def cloud():
    """Give a cloud with what a killed benchmark left."""
    made = emulator.Cloud()
    scenes.killed_benchmark(made)
    return made


@pytest.fixture
def daemon(cloud, tmp_path, monkeypatch):
    """Give the files of a daemon for that cloud."""
    # It is set by building, and taken back by this.
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", "")
    with emulator.running(cloud) as url:
        yield daemon_process.DaemonProcess(tmp_path, url)


def unknown_cloud(daemon):
    """Name a cloud that nobody has described."""
    daemon.file.write_text(daemon.file.read_text().replace("name = emulated", "name = nowhere"))
    return "no cloud is named 'nowhere': choose one of emulated"


def wrong_password(daemon):
    """Describe it with a wrong password."""
    change_clouds(daemon, "password: secret", "password: guess")
    return "check user, password and project in clouds.yaml"


def endpoint_down(daemon):
    """Describe it at a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/identity"
    file = daemon.folder / "clouds.yaml"
    lines = file.read_text().splitlines()
    file.write_text(
        "\n".join(f"      auth_url: {url}" if "auth_url" in line else line for line in lines)
    )
    return f"identity at {url} cannot be reached"


def change_clouds(daemon, old, new):
    """Replace something in clouds.yaml."""
    file = daemon.folder / "clouds.yaml"
    file.write_text(file.read_text().replace(old, new))


def no_cloud(daemon):
    """Name no cloud at all."""
    daemon.file.write_text(daemon.file.read_text().replace("name = emulated", ""))
    return "[cloud] name is not set"


def invalid_format(daemon):
    """Give a format without two groups."""
    daemon.configure(more="[names]\nformat = mine_XX")
    return "[names] format: 'mine_XX' cannot be used"


def broken_file(daemon):
    """Break the configuration file."""
    daemon.file.write_text("nonsense\n")
    return "cleanupd.conf:1"


def wrong_value(daemon):
    """Give a value that the option has not."""
    daemon.configure(sweep="mode = sometimes")
    return "mode in "


def no_task(daemon):
    """Give a task that is no uuid."""
    daemon.configure(sweep="tasks = yesterday")
    return "[sweep] tasks: 'yesterday' is not a uuid"


def no_log_file(daemon):
    """Log to a directory that is not there."""
    daemon.configure(default="log_file = /no/such/place/cleanupd.log")
    return "the log cannot be written: [Errno 2] No such file or directory: '/no/such/place/"


@pytest.mark.parametrize(
    "spoil",
    [
        unknown_cloud,
        wrong_password,
        endpoint_down,
        no_cloud,
        invalid_format,
        broken_file,
        wrong_value,
        no_task,
        no_log_file,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_what_it_cannot_start_with_is_told_in_one_line(daemon, cloud, spoil):
    """The line says what to do, and nothing is removed."""
    expected = spoil(daemon)
    # Only what fails is really set up: the log of the tests has to stay.
    set_up = building.set_up_logging if spoil is no_log_file else str
    with pytest.raises(exceptions.CleanupdError) as caught:
        building.build(lambda: loading.load(["--config-file", str(daemon.file)]), {}, set_up)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not cloud.requests.changes()


def test_an_unknown_argument_is_an_error(capsys):
    """The exit code is 1, as for anything else that is wrong."""
    assert command.main(["--no-such-flag"]) == 1
    assert "unrecognized arguments: --no-such-flag" in capsys.readouterr().err


def test_help_is_no_error(capsys):
    """Nor is it a start."""
    assert command.main(["--help"]) == 0
    assert "--config-file" in capsys.readouterr().out
