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
"""The hosts of the cloud and the services that run on them.

Two hypervisors and a controller, as tools/sandbox has them; ids never change.
"""

import hashlib
import uuid

from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body

HOSTS = ("cmp1", "cmp2")
SERVICES = (
    ("nova-conductor", "ctl", "internal"),
    ("nova-scheduler", "ctl", "internal"),
    *(("nova-compute", host, "nova") for host in HOSTS),
)
"""Binary, host and zone, in the order in which Nova lists them."""


def host_id(project_id: str, host: str) -> str:
    """As Nova hides the name of a host: each project sees another id of it."""
    return hashlib.sha224((project_id + host).encode()).hexdigest() if host else ""


def fixed_uuid(name: str) -> str:
    """The same id for the same name in every cloud."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def services(cloud: Cloud) -> list[Body]:
    """Nova's services, in order; they are in the table once somebody has asked for them."""
    rows = cloud["compute.service"]
    if not len(rows):
        for number, (binary, host, zone) in enumerate(SERVICES, start=2):
            rows.add(
                {
                    "id": fixed_uuid(f"{binary}.{host}.emulated"),
                    "number": number,
                    "binary": binary,
                    "host": host,
                    "zone": zone,
                    "status": "enabled",
                    "disabled_reason": None,
                    "forced_down": False,
                }
            )
    return list(rows)


def compute_service(cloud: Cloud, host: str) -> Body | None:
    """The nova-compute of this host; None if there is no such host."""
    for body in services(cloud):
        if body["binary"] == "nova-compute" and body["host"] == host:
            return body
    return None
