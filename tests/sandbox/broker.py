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
"""A RabbitMQ of a test's own, beside the sandbox's, which can be stopped and started."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time

import kombu

PROGRAMS = pathlib.Path("/usr/lib/rabbitmq/bin")
#: Queues whose names begin so hold no more messages, and drop the oldest.
SHORT, SHORT_LENGTH = "short", 20
CONFIGURATION = """\
loopback_users = none
load_definitions = {folder}/definitions.json
"""
DEFINITIONS = {
    "vhosts": [{"name": "/"}],
    "users": [{"name": "guest", "password": "guest", "tags": ""}],
    "permissions": [
        {"user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
    ],
    "policies": [
        {
            "vhost": "/",
            "name": "short",
            "pattern": f"^{SHORT}",
            "apply-to": "queues",
            "definition": {"max-length": SHORT_LENGTH},
            "priority": 0,
        }
    ],
}


class Broker:
    """RabbitMQ in a folder, on loopback, with ports and a port mapper of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Describe it; nothing runs yet."""
        self.port, spread, mapper = free_ports(3)
        self._port_mapper = ["epmd", "-port", str(mapper), "-address", "127.0.0.1"]
        self._environment = os.environ | {
            "HOME": str(folder),
            # The server takes the place of its shell, so that a signal reaches it.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": f"test-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(spread),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none",
        }
        self._log = folder / "output"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "rabbitmq.conf").write_text(CONFIGURATION.format(folder=folder))
        (folder / "definitions.json").write_text(json.dumps(DEFINITIONS))
        (folder / "enabled_plugins").write_text("[].\n")

    @property
    def url(self) -> str:
        """Its address, for oslo.messaging."""
        return f"rabbit://guest:guest@127.0.0.1:{self.port}/"

    def connect(self) -> kombu.Connection:
        """Return a connection of the test's, not open yet."""
        return kombu.Connection(f"amqp://guest:guest@127.0.0.1:{self.port}//")

    def start(self) -> None:
        """Have it run; return when it takes connections."""
        if "epmd" not in self._running:
            self._run("epmd", self._port_mapper)
        self._run("rabbitmq", [str(PROGRAMS / "rabbitmq-server")])
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), self.connect() as connection:
                connection.connect()
                return
            assert self._running["rabbitmq"].poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it, as an operator would; what is not durable is lost."""
        self._end("rabbitmq")

    def close(self) -> None:
        """End all that was started."""
        for name in ("rabbitmq", "epmd"):
            self._end(name)

    def queues(self) -> set[str]:
        """Return the names of all queues."""
        told = subprocess.run(
            [PROGRAMS / "rabbitmqctl", "-q", "list_queues", "--no-table-headers", "name"],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return set(told.stdout.split())

    def _run(self, name: str, command: list[str]) -> None:
        with self._log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _end(self, name: str) -> None:
        if process := self._running.pop(name, None):
            process.terminate()
            process.wait(60)


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens at."""
    with contextlib.ExitStack() as opened:
        sockets = [
            opened.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [one.getsockname()[1] for one in sockets]
