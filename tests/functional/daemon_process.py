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

"""The daemon as a process of its own, as systemd would start it."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.services.base import registry
from tests.emulator import __main__ as emulator_command

_MANAGERS, _ = registry.load_managers()
SERVICES = sorted({manager.KIND.service for manager in _MANAGERS.values()})
COMMAND = (sys.executable, "-m", "cleanupd.cmd.cleanupd")
OPTIONS = """\
[DEFAULT]
state_path = {state}
{default}
[cloud]
name = emulated
clouds_file = {clouds}
{cloud}
[rpc]
enabled = false
[sweep]
poll_interval = 0.1
{sweep}
[safety]
delay = 3
[notifications]
enabled = {hears}
{more}
"""


class DaemonProcess:
    """A daemon in a folder, with its configuration, journal and log."""

    def __init__(self, folder: pathlib.Path, url: str, command=COMMAND) -> None:
        """Describe the cloud at ``url``; nothing runs yet."""
        self.folder = folder
        self.command = command
        self.file = folder / "cleanupd.conf"
        self.log_file = folder / "stderr.log"
        self.environment = {}
        self._process = None
        self.clouds = emulator_command.clouds_yaml(url)
        (folder / "clouds.yaml").write_text(self.clouds)
        self.configure()

    @property
    def journal(self) -> sql.Journal:
        """What the daemon has written."""
        return sql.Journal(places.in_directory(self.folder / "state"))

    @property
    def log(self) -> str:
        """All that it has said."""
        return self.log_file.read_text()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def configure(self, **sections: str) -> None:
        """Write the configuration; sections are lines for default, cloud, sweep or more.

        ``hears`` says whether it listens to notifications.
        """
        lines = dict.fromkeys(("default", "cloud", "sweep", "more"), "")
        lines |= {"hears": "false"} | sections
        self.file.write_text(
            OPTIONS.format(
                state=self.folder / "state", clouds=self.folder / "clouds.yaml", **lines
            )
        )

    def start(self, *arguments: str) -> None:
        """Start it; it need not be ready."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, "--config-file", str(self.file), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait_for(self, text: str, times: int = 1, seconds: float = 20.0) -> None:
        """Return when it has said something so often."""
        deadline = time.monotonic() + seconds
        while self.log.count(text) < times:
            assert self._process.poll() is None, f"it ended: {self.log}"
            assert time.monotonic() < deadline, f"{text!r} was not said: {self.log}"
            time.sleep(0.02)

    def wait(self, seconds: float = 20.0) -> int:
        """Return its exit code when it has ended."""
        return self._process.wait(seconds)

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def end(self) -> None:
        """Leave nothing running."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
