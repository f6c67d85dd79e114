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
"""The same seed and the same requests make the same cloud, in another process too."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.functional

ROOT = pathlib.Path(__file__).parents[2]
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")

RUN = """
import datetime
import json
from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes import crowd
from tests.unit.emulator import asking
# Time stands all but still, as lists are in the order of the seconds in which things were made.
cloud = emulator.Cloud(seed=int(__import__("sys").argv[1]), speed=1e-9)
scenes.demo(cloud)
crowd.crowd(cloud, 20, 2, seed=1)
admin = asking.Client(cloud)
found = []
for path in PATHS:
    found.append(admin("GET", path).body)
for number in range(3):
    made = admin("POST", "/networking/v2.0/networks", {"network": {"name": f"n{number}"}}).body
    on = made["network"]["id"]
    subnet = {"network_id": on, "cidr": "10.1.0.0/24", "ip_version": 4}
    found += [made, admin("POST", "/networking/v2.0/subnets", {"subnet": subnet}).body]
    server = {
        "name": "s",
        "flavorRef": next(iter(cloud["compute.flavor"]))["id"],
        "imageRef": next(iter(cloud["image.image"]))["id"],
        "networks": [{"uuid": on}],
    }
    found.append(admin("POST", "/compute/v2.1/servers", {"server": server}).body)
    cloud.clock.advance(datetime.timedelta(seconds=5))
    reply = admin("GET", "/networking/v2.0/ports")
    found += [reply.body, reply.headers]
    assert found[-3]["server"]["id"] in str(reply.body)
    admin.login("demo", "demo")
    admin.login("admin", "admin")
print(json.dumps(found, sort_keys=True))
"""

PATHS = (
    "/compute/v2.1/servers/detail?all_tenants=1",
    "/networking/v2.0/ports",
    "/networking/v2.0/security-groups",
    "/networking/v2.0/routers",
    "/volume/v3/{project}/volumes/detail?all_tenants=1",
    "/image/v2/images",
    "/identity/v3/users",
    "/identity/v3/role_assignments",
)


def _run(seed: int, hash_seed: str) -> str:
    script = RUN.replace("PATHS", repr(PATHS))
    done = subprocess.run(
        [sys.executable, "-c", script, str(seed)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout


def test_seed_makes_it_repeatable() -> None:
    """The same seed and the same requests give the same answers, time aside, in any process."""
    first, second, other = (
        MOMENT.sub("TIME", _run(seed, hash_seed))
        for seed, hash_seed in ((3, "1"), (3, "2"), (4, "1"))
    )
    assert first == second
    assert first != other
