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
"""Daemons of the tests on the sandbox: processes of their own, on its real message bus."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import pathlib
import subprocess
import sys
import time
import uuid

import kombu

from tests.sandbox import box

TRANSPORT = "rabbit://openstack:secret@127.0.0.1:15673/"
OPTIONS = """\
[DEFAULT]
transport_url = {transport}
state_path = {state}
host = here
[cloud]
name = admin
[rpc]
topic = {topic}
[notifications]
pool = {topic}
[sweep]
{sweep}
"""


class Daemon:
    """A daemon that runs, with its configuration file and its log."""

    def __init__(self, folder: pathlib.Path, sweep: str) -> None:
        """Start a daemon with these lines in the section sweep; return when it is ready."""
        folder.mkdir()
        self.file = str(folder / "cleanupd.conf")
        self._log = folder / "log"
        self._topic = f"cleanupd-{uuid.uuid4().hex[:8]}"
        pathlib.Path(self.file).write_text(
            OPTIONS.format(
                transport=TRANSPORT, state=folder / "state", topic=self._topic, sweep=sweep
            )
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cleanupd.cmd.cleanupd", "--config-file", self.file],
                env=box.client_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.wait_for("cleanupd is ready", 60)

    @property
    def log(self) -> str:
        """All that it has said."""
        return self._log.read_text()

    def wait_for(self, text: str, seconds: float = 300.0) -> None:
        """Return when it has said something."""
        deadline = time.monotonic() + seconds
        while text not in self.log:
            assert self._process.poll() is None, f"it ended: {self.log}"
            assert time.monotonic() < deadline, f"{text!r} was not said: {self.log}"
            time.sleep(0.2)

    def stop(self) -> int:
        """Ask it to end, leave no queue of its, and return its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            with kombu.Connection(TRANSPORT.replace("rabbit", "amqp")) as broker:
                for queue in (self._topic, f"{self._topic}.here", f"{self._topic}-here.info"):
                    broker.channel().queue_delete(queue)


@contextlib.contextmanager
def daemons(folder: pathlib.Path) -> Iterator[Callable[[str], Daemon]]:
    """Give a function that starts daemons; they end, cleanly, with the block."""
    started: list[Daemon] = []

    def start(sweep: str) -> Daemon:
        started.append(Daemon(folder / f"daemon-{len(started)}", sweep))
        return started[-1]

    yield start
    codes = [daemon.stop() for daemon in started]
    assert codes == [0] * len(codes)
