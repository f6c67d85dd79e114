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
"""Networks, subnets, ports (without a project too), routers, floating IPs, security groups."""

from cloud import inventory

KINDS = {  # the SDK's listing: (type, fields beside the common ones)
    "networks": ("network", ("description", "status", "subnet_ids", "is_shared", "tags")),
    "subnets": ("subnet", ("description", "network_id", "cidr", "gateway_ip", "tags")),
    "ports": (
        "port",
        (
            "description", "status", "device_owner", "device_id", "network_id", "fixed_ips",
            "security_group_ids", "tags",
        ),
    ),
    "routers": (
        "router", ("description", "status", "external_gateway_info", "routes", "tags"),
    ),
    "ips": (
        "floating_ip",
        (
            "description", "status", "floating_ip_address", "fixed_ip_address", "port_id",
            "router_id", "tags",
        ),
    ),
    "security_groups": ("security_group", ("description", "tags")),
    "security_group_rules": (
        "security_group_rule", ("security_group_id", "direction", "protocol", "remote_ip_prefix"),
    ),
    "trunks": ("trunk", ("description", "port_id", "sub_ports")),
    "qos_policies": ("qos_policy", ("description",)),
    "subnet_pools": ("subnet_pool", ("description",)),
    "address_scopes": ("address_scope", ()),
    "rbac_policies": ("rbac_policy", ("object_type", "object_id", "action")),
}  # fmt: skip


def list_all(admin):
    """All of the network service's records."""
    for listing, (kind, fields) in KINDS.items():
        for resource in getattr(admin.network, listing)():
            yield inventory.record(kind, resource, *fields, "revision_number")
