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
"""Flavors, keypairs, server groups and aggregates, as Nova keeps them."""

from collections.abc import Sequence
from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def next_number(cloud: Cloud, kind: str) -> int:
    """A number that nothing of this kind has had."""
    cloud.numbers[kind] = cloud.numbers.get(kind, 0) + 1
    return cloud.numbers[kind]


def flavor(cloud: Cloud, name: str, *, public: bool = True, **fields: Any) -> Body:
    """A new, small flavor; a private one is nobody's yet (`_access` has the projects)."""
    return cloud["compute.flavor"].add(
        {
            "id": cloud.new_id(),
            "name": name,
            "ram": 512,
            "disk": 1,
            "swap": 0,
            "OS-FLV-EXT-DATA:ephemeral": 0,
            "OS-FLV-DISABLED:disabled": False,
            "vcpus": 1,
            "os-flavor-access:is_public": public,
            "rxtx_factor": 1.0,
            "description": None,
            "extra_specs": {},
            "_access": [],
            **fields,
        }
    )


def keypair(cloud: Cloud, name: str, user_id: str, **fields: Any) -> Body:
    """A new keypair of the user; Nova keeps it even when the user is gone."""
    digits = f"{cloud.random.getrandbits(128):032x}"
    return cloud["compute.keypair"].add(
        {
            "name": name,
            "public_key": f"ssh-ed25519 {digits} emulated",
            "fingerprint": ":".join(digits[at : at + 2] for at in range(0, 32, 2)),
            "user_id": user_id,
            "created_at": clock.microseconds(cloud.clock.now()),
            "deleted": False,
            "deleted_at": None,
            "id": next_number(cloud, "keypair"),
            "updated_at": None,
            "type": "ssh",
            **fields,
        }
    )


def server_group(
    cloud: Cloud, name: str, project_id: str, user_id: str, *, policy: str = "affinity"
) -> Body:
    """A new server group without members, which Nova lists by age."""
    return cloud["compute.server_group"].add(
        {
            "id": cloud.new_id(),
            "name": name,
            "policy": policy,
            "rules": {},
            "members": [],
            "project_id": project_id,
            "user_id": user_id,
            "_number": next_number(cloud, "server_group"),
        }
    )


def aggregate(
    cloud: Cloud, name: str, *, zone: str | None = None, hosts: Sequence[str] = ()
) -> Body:
    """A new aggregate of hosts, which may be an availability zone; its id is a number."""
    return cloud["compute.aggregate"].add(
        {
            "id": next_number(cloud, "aggregate"),
            "uuid": cloud.new_id(),
            "name": name,
            "hosts": list(hosts),
            "metadata": {} if zone is None else {"availability_zone": zone},
            "created_at": clock.microseconds(cloud.clock.now()),
            "updated_at": None,
            "deleted_at": None,
            "deleted": False,
            "availability_zone": zone,
        }
    )
