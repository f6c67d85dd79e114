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

"""An emulated cloud with the clouds.yaml that describes it, however wrongly."""

from collections.abc import Iterator
import contextlib
import dataclasses
import json
import pathlib
from typing import Any

import pytest

from cleanupd import cloud as clouds
from cleanupd import pacing
from tests import emulator
from tests.emulator import scenes

PASSWORD = "secret"
QUICK = pacing.Patience(
    attempts=3, first_wait_s=0.01, within_s=3, connect_timeout_s=1, read_timeout_s=1
)


@dataclasses.dataclass
class Site:
    """An emulated cloud and the clouds.yaml that describes it."""

    cloud: emulator.Cloud
    url: str
    file: pathlib.Path

    def describe(self, **changes: Any) -> None:
        """Write a description of the cloud ``it``; ``auth`` is merged, None leaves out."""
        auth = {
            "auth_url": f"{self.url}/identity",
            "username": "admin",
            "password": PASSWORD,
            "project_name": "admin",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
            **changes.pop("auth", {}),
        }
        described = {
            "auth": {key: value for key, value in auth.items() if value is not None},
            "region_name": "RegionOne",
            **changes,
        }
        described = {key: value for key, value in described.items() if value is not None}
        self.file.write_text(json.dumps({"clouds": {"it": described, "other": {}}}))

    def connect(self, **changes: Any) -> clouds.Cloud:
        """Return the cloud as described."""
        self.describe(**changes)
        return clouds.Cloud.connect("it", patience=QUICK)

    def fail(self, answer: int | str, **how: Any) -> None:
        """Let the next request for servers be answered by ``answer``."""
        self.cloud.faults.add(emulator.Fault(path="/servers", answer=answer, **how))

    def asked(self, method: str = "GET") -> int:
        """Return how often servers were asked for."""
        return len(self.cloud.requests.entries(method, "/servers"))


@contextlib.contextmanager
def running(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Give an emulated cloud with an administrator and little else."""
    cloud = emulator.Cloud()
    scenes.ground(cloud)
    file = folder / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with emulator.running(cloud) as url:
        yield Site(cloud, url, file)
