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
"""Security groups and their rules."""

from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator.shapes.network import basic

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def security_group(
    cloud: Cloud, name: str, project_id: str, *, description: str = "", stateful: bool = True
) -> Body:
    """A new security group with the rules that Neutron gives each: all egress."""
    body = cloud["network.security_group"].add(
        {
            **basic.common(cloud, project_id, revision=1),
            "name": name,
            "description": description,
            "stateful": stateful,
            "shared": False,
            "security_group_rules": [],
        }
    )
    for ethertype in ("IPv4", "IPv6"):
        rule(cloud, body, direction="egress", ethertype=ethertype)
    return body


def default_security_group(cloud: Cloud, project_id: str) -> Body:
    """The project's ``default`` group, made if it is not there, with its ingress rules."""
    for body in cloud["network.security_group"].where("project_id", project_id):
        if body["name"] == "default":
            return body
    description = "Default security group"
    body = security_group(cloud, "default", project_id, description=description)
    for ethertype in ("IPv4", "IPv6"):
        rule(cloud, body, ethertype=ethertype, remote_group_id=body["id"])
    return body


def rule(cloud: Cloud, group: Body, **fields: Any) -> Body:
    """The group has one more rule: ingress of everything unless the fields say otherwise.

    The rule is the same object in its group and in the table of rules.
    """
    body = cloud["network.security_group_rule"].add(
        {
            **basic.common(cloud, group["project_id"], revision=0),
            "security_group_id": group["id"],
            "ethertype": "IPv4",
            "direction": "ingress",
            "protocol": None,
            "port_range_min": None,
            "port_range_max": None,
            "remote_ip_prefix": None,
            "remote_address_group_id": None,
            "normalized_cidr": None,
            "remote_group_id": None,
            "belongs_to_default_sg": group["name"] == "default",
            "standard_attr_id": cloud.random.randrange(1, 2**31),
            "description": None,
            **fields,
        }
    )
    group["security_group_rules"].append(body)
    return body
