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
"""Subnet pools, from which subnets take their addresses, and address scopes."""

from collections.abc import Sequence
import ipaddress
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator.shapes.network import basic

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def address_scope(
    cloud: Cloud, name: str, project_id: str, *, ip_version: int = 4, shared: bool = False
) -> Body:
    """A new address scope, which has few fields and no revision (seen on a real Neutron 29)."""
    return cloud["network.address_scope"].add(
        {
            "id": cloud.new_id(),
            "project_id": project_id,
            "tenant_id": project_id,
            "name": name,
            "shared": shared,
            "ip_version": ip_version,
        }
    )


def subnet_pool(
    cloud: Cloud, name: str, project_id: str, prefixes: Sequence[str], **fields: Any
) -> Body:
    """A new subnet pool of these prefixes."""
    version = ipaddress.ip_network(prefixes[0]).version
    return cloud["network.subnet_pool"].add(
        {
            **basic.common(cloud, project_id, revision=0),
            "name": name,
            "prefixes": list(prefixes),
            "ip_version": version,
            "min_prefixlen": 8 if version == 4 else 64,
            "max_prefixlen": 32 if version == 4 else 128,
            "default_prefixlen": 8 if version == 4 else 64,
            "default_quota": None,
            "address_scope_id": None,
            "is_default": False,
            "shared": False,
            **fields,
        }
    )
