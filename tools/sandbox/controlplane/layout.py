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
"""Where everything is: folders below the sandbox's home, addresses, passwords."""

import collections.abc
import dataclasses
import pathlib

TOOLS = pathlib.Path(__file__).resolve().parent.parent

IP = "127.0.0.1"
REGION = "RegionOne"
PASSWORD = "secret"  # noqa: S105 - everybody may know it: all ports are on loopback
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DATABASE_PORT = 13306
MESSAGE_PORT = 15673


@dataclasses.dataclass(frozen=True)
class Layout:
    """The folders of one sandbox. Nothing is ever written outside its home."""

    home: pathlib.Path

    @property
    def etc(self) -> pathlib.Path:
        """Rendered configuration; removed and made anew at will."""
        return self.home / "etc"

    @property
    def state(self) -> pathlib.Path:
        """Databases, images, volumes, keys: what ``down --wipe`` forgets."""
        return self.home / "state"

    @property
    def log(self) -> pathlib.Path:
        """One file for each process and for each longer step of ``up``."""
        return self.home / "log"

    @property
    def run(self) -> pathlib.Path:
        """Which processes were started, sockets, the lock."""
        return self.home / "run"

    @property
    def venv(self) -> pathlib.Path:
        """The Python environment of all OpenStack services."""
        return self.home / "venv"

    @property
    def rally(self) -> pathlib.Path:
        """Rally's environment, database, task files and reports."""
        return self.home / "rally"

    @property
    def clouds_yaml(self) -> pathlib.Path:
        """The clients' configuration: clouds admin, demo, production, system."""
        return self.home / "clouds.yaml"

    def create(self) -> None:
        """The folders exist."""
        for folder in (self.etc, self.state, self.log, self.run, self.state / "lock"):
            folder.mkdir(parents=True, exist_ok=True)

    def values(self) -> dict[str, str]:
        """What every template may use."""
        return {
            "home": str(self.home),
            "etc": str(self.etc),
            "state": str(self.state),
            "log": str(self.log),
            "run": str(self.run),
            "venv": str(self.venv),
            "rally": str(self.rally),
            "tools": str(TOOLS),
            "ip": IP,
            "region": REGION,
            "password": PASSWORD,
            "database_url": f"mysql+pymysql://root:{PASSWORD}@{IP}:{DATABASE_PORT}",
            "message_url": f"rabbit://openstack:{PASSWORD}@{IP}:{MESSAGE_PORT}/",
        }

    def environment(self) -> dict[str, str]:
        """The environment of every service and command: nothing of the caller's but its locale.

        Proxies, OS_* variables and Python paths of the caller would otherwise reach the services.
        HOME has a folder .PROJECT for each service, where oslo.config looks.
        """
        return {
            "PATH": f"{self.venv}/bin:{TOOLS}/bin:{SYSTEM_PATH}",
            "HOME": str(self.etc / "home"),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "SANDBOX_HOME": str(self.home),
        }


def find_layout(environment: collections.abc.Mapping[str, str]) -> Layout:
    """The layout of the sandbox that the environment names, else of ``~/.cleanupd-sandbox``."""
    named = environment.get("SANDBOX_HOME")
    home = pathlib.Path(named) if named else pathlib.Path.home() / ".cleanupd-sandbox"
    return Layout(home.absolute())
