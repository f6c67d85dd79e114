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

"""Bad input and broken surroundings: one line, exit code 1, nothing removed."""

import os
import pathlib
import socket
import subprocess
import sys

import pytest

from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes.demo import KILLED
from tests.functional import console as consoles

pytestmark = pytest.mark.functional

COMMANDS = [
    ("leaks", "list"),
    ("model", "show"),
    ("sweep", "start", "--workload", KILLED),
    ("sweep", "start", "--everything", "--confirm", "emulated"),
    ("verify",),
    ("workloads", "list"),
]


@pytest.fixture
def console(tmp_path, monkeypatch, capsys):
    """Give a console on the demo's cloud, of which nothing may be removed."""
    cloud = emulator.Cloud()
    scenes.demo(cloud)
    made = consoles.make_console(cloud, tmp_path, monkeypatch, capsys)
    with emulator.running(cloud) as url:
        made.describe(url)
        yield made
    assert not cloud.requests.changes()


def change(console, old, new):
    """Change the clouds.yaml."""
    file = console.folder / "clouds.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_unknown_cloud(console, words):
    """A cloud that no file describes is told with those that are."""
    change(console, "  emulated:", "  elsewhere:")
    error = console.quietly(*words).error
    assert "no cloud is named 'emulated'" in error
    assert "elsewhere" in error


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_wrong_password(console, words):
    """Credentials that Keystone refuses are told with where they are looked up."""
    change(console, "password: secret", "password: wrong")
    error = console.quietly(*words).error
    assert "does not accept the credentials of cloud 'emulated'" in error
    assert "clouds.yaml" in error
    assert "wrong" not in error


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_endpoint_that_is_down(console, words):
    """A Keystone that gives no answer is told with its address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    file = console.folder / "clouds.yaml"
    file.write_text(file.read_text().replace("http://127.0.0.1:", f"http://127.0.0.1:{port}/#"))
    error = console.quietly(*words).error
    assert f"http://127.0.0.1:{port}" in error
    assert "cannot be reached" in error


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_region_that_there_is_not(console, words):
    """A region that the catalogue does not have is told with those that it has."""
    error = console.quietly(*words, "--os-region-name", "RegionTwo").error
    assert "RegionTwo" in error
    assert "RegionOne" in error


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[names]\nformat = s_mine_XXXXXXXX\n", "s_mine_XXXXXXXX"),
        ("[sweep]\nworkers = many\n", "workers"),
        ("[sweep\n", "Failed to parse"),
        (None, "Failed to find some config files"),
    ],
    ids=["format", "value", "syntax", "missing"],
)
def test_a_broken_configuration(console, words, content, said):
    """An invalid format of names, and any other broken option, is told and stops everything."""
    file = console.folder / "cleanupd.conf"
    if content is not None:
        file.write_text(content)
    assert said in console.quietly(*words, "--config-file", str(file)).error
    assert not console.cloud.requests.entries()


@pytest.mark.parametrize("words", [*COMMANDS, ("sweep", "list"), ("sweep", "show")], ids=" ".join)
def test_no_cloud_and_no_daemon(console, words):
    """Without a cloud and without a configuration, it is told how to name either."""
    error = console.run(*words).error
    assert "give --os-cloud NAME" in error
    assert "--config-file" in error


def test_a_configured_format_is_known(console):
    """What an operator's own format of names matches is a benchmark's."""
    server = next(s for s in console.cloud["compute.server"] if s["name"] == "shop-web-1")
    server["name"] = "mine_deadbeef_AbCdEfGh"
    file = console.folder / "mine.conf"
    file.write_text("[names]\nformat = mine_XXXXXXXX_XXXXXXXX\n")
    words = ("workloads", "list", "-f", "value", "-c", "Workload")
    assert "deadbeef" not in console.quietly(*words).out
    assert "deadbeef" in console.quietly(*words, "--config-file", str(file)).out


def test_a_report_that_is_none(console):
    """What rally did not write is refused by the name of the file."""
    file = console.folder / "report.json"
    words = ("leaks", "list", "--task", KILLED, "--rally-report", str(file))
    assert "cannot be read" in console.quietly(*words).error
    for content in ("", "[]", '{"tasks": [{"uuid": 5}]}', '{"tasks": [{"uuid": "x"}]}'):
        file.write_text(content)
        assert "is not what `rally task report --json` writes" in console.quietly(*words).error


def test_a_traceback_only_if_it_is_asked_for(console):
    """With --debug the traceback is before the line that says what is wrong."""
    change(console, "  emulated:", "  elsewhere:")
    ended = console.quietly("verify", "--debug")
    assert ended.err.startswith("Traceback")
    assert ended.err.splitlines()[-1].startswith("cleanupctl: error: no cloud is named")


COMMAND = [sys.executable, "-m", "cleanupd.cmd.cleanupctl"]


def test_a_reader_that_has_enough(console):
    """Whoever closes the pipe early causes no complaints."""
    process = subprocess.Popen(
        [*COMMAND, "leaks", "list", "--os-cloud", "emulated", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    with process.stderr as complaints:
        assert complaints.read() == b""
    assert process.wait() == 1


def test_a_terminal_without_the_letters(console):
    """A name that the terminal's encoding lacks is shown escaped."""
    server = next(s for s in console.cloud["compute.server"] if s["name"] == "shop-web-1")
    server["name"] = "магазин"
    words = ["sweep", "start", "--dry-run", "--everything", "--os-cloud", "emulated"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = subprocess.run([*COMMAND, *words], env=environment, capture_output=True, check=False)
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
    assert ended.stdout.isascii()


def test_the_console_script_is_installed():
    """``cleanupctl`` is a command of its own, which tells its version."""
    script = pathlib.Path(sys.executable).parent / "cleanupctl"
    ended = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("cleanupctl ")


def test_a_usage_error_costs_no_imports():
    """What is wrong with a command line is told without the SDK and without the broker."""
    heavy = "openstack, oslo_messaging, oslo_config, rich, requests"
    code = (
        "import sys; from cleanupd.cli import app; app.Cleanupctl().run(['sweep', 'start']);"
        f"print(sorted(set(sys.modules) & set('{heavy}'.split(', '))))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
