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
"""Neutron's collections as data: names, fields, what a member does not see.

Fields, defaults and who may set what: API reference, Networking v2.0, and what a real Neutron 29
takes and refuses.
"""

from collections.abc import Mapping
import dataclasses

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import fields

Body = cloud_module.Body
Field = fields.Field

BOOLEAN = fields.to_boolean
IP_VERSIONS = fields.one_of(4, 6, "4", "6")
VERSION = Field("pfs", fields.REQUIRED, IP_VERSIONS, fields.to_integer)
NAME = Field("pufs", "", fields.text())
OWNER = {"tenant_id": Field("pfs", check=fields.text()), "project_id": Field("pfs")}
STANDARD = {
    **OWNER,
    "id": Field("fs"),
    "description": Field("puf", "", fields.text()),
    "revision_number": Field("f"),
    "created_at": Field(""),
    "updated_at": Field(""),
}
TAGGED = {
    "tags": Field("f"),
    "tags-any": Field("f"),
    "not-tags": Field("f"),
    "not-tags-any": Field("f"),
}
V6_MODE = fields.one_of("dhcpv6-stateful", "dhcpv6-stateless", "slaac", None)


@dataclasses.dataclass(frozen=True, eq=False)
class Collection:
    """One kind as Neutron's API names it. `hidden` fields are for the administrator only.

    A page after a marker that is gone is the collection's 404 where `keeps_markers`; the others
    begin again from the first row (both seen on a real Neutron 29).
    """

    kind: str
    path: str
    singular: str
    not_found: str
    not_found_text: str
    fields: Mapping[str, Field]
    hidden: frozenset[str] = frozenset()
    keeps_markers: bool = False
    is_bulk: bool = True

    @property
    def key(self) -> str:
        """The key of the list in a body: the path's last word with underscores."""
        return self.path.rpartition("/")[2].replace("-", "_")

    @property
    def is_tagged(self) -> bool:
        """Whether its resources have tags."""
        return "tags" in self.fields

    def missing(self, key: object) -> web.Refused:
        """The 404 for a resource that is not there, or not for the caller."""
        return web.Refused(404, self.not_found_text.format(key), self.not_found)


NETWORKS = Collection(
    kind="network.network",
    path="networks",
    singular="network",
    not_found="NetworkNotFound",
    not_found_text="Network {} could not be found.",
    keeps_markers=True,
    hidden=frozenset(
        ("provider:network_type", "provider:physical_network", "provider:segmentation_id")
    ),
    fields={
        **STANDARD,
        **TAGGED,
        "name": NAME,
        "status": Field("fs"),
        "subnets": Field(""),
        "admin_state_up": Field("pufs", default=True, convert=BOOLEAN),
        "shared": Field("puf", default=False, convert=BOOLEAN, admin="pu"),
        "router:external": Field("puf", default=False, convert=BOOLEAN, admin="pu"),
        "is_default": Field("puf", default=False, convert=BOOLEAN, admin="pu"),
        "mtu": Field("pufs", 0, convert=fields.to_integer),
        "port_security_enabled": Field("pu", default=True, convert=BOOLEAN),
        "availability_zones": Field(""),
        "availability_zone_hints": Field("ps", []),
        "ipv4_address_scope": Field(""),
        "ipv6_address_scope": Field(""),
        "l2_adjacency": Field(""),
        "dns_domain": Field("pu", "", fields.text()),
        "qos_policy_id": Field("pu", None, fields.uuid_or_none),
        "ha": Field("p", default=False, convert=BOOLEAN),
        "segments": Field("pu", admin="pu"),
        "provider:network_type": Field("puf", check=fields.text(32), admin="pu"),
        "provider:physical_network": Field("puf", check=fields.text(64), admin="pu"),
        "provider:segmentation_id": Field("puf", convert=fields.to_integer, admin="pu"),
    },
)
SUBNETS = Collection(
    kind="network.subnet",
    path="subnets",
    singular="subnet",
    not_found="SubnetNotFound",
    not_found_text="Subnet {} could not be found.",
    hidden=frozenset(("segment_id",)),
    fields={
        **STANDARD,
        **TAGGED,
        "name": NAME,
        "network_id": Field("pfs", fields.REQUIRED, fields.uuid_text),
        "ip_version": VERSION,
        "cidr": Field("pfs", convert=fields.to_cidr),
        "subnetpool_id": Field("pfs", check=fields.uuid_or_none),
        "prefixlen": Field("p", check=fields.not_negative, convert=fields.to_integer),
        "use_default_subnetpool": Field("p", default=False, convert=BOOLEAN),
        "gateway_ip": Field("pufs", check=fields.address_or_none),
        "allocation_pools": Field("pu", check=fields.pools),
        "dns_nameservers": Field("pu", check=fields.name_servers, convert=fields.to_list),
        "host_routes": Field("pu", check=fields.routes, convert=fields.to_list),
        "enable_dhcp": Field("pufs", default=True, convert=BOOLEAN),
        "ipv6_ra_mode": Field("pfs", None, V6_MODE),
        "ipv6_address_mode": Field("pfs", None, V6_MODE),
        "segment_id": Field("pufs", None, fields.uuid_or_none, admin="pu"),
        "service_types": Field("pu", []),
        "shared": Field("f", convert=BOOLEAN),
        "router:external": Field("f", convert=BOOLEAN),
    },
)
PORTS = Collection(
    kind="network.port",
    path="ports",
    singular="port",
    not_found="PortNotFound",
    not_found_text="Port {} could not be found.",
    keeps_markers=True,
    hidden=frozenset(
        (
            "binding:profile",
            "binding:host_id",
            "binding:vif_type",
            "binding:vif_details",
            "resource_request",
        )
    ),
    fields={
        **STANDARD,
        **TAGGED,
        "name": NAME,
        "status": Field("fs"),
        "network_id": Field("pfs", fields.REQUIRED, fields.uuid_text),
        "admin_state_up": Field("pufs", default=True, convert=BOOLEAN),
        "mac_address": Field(
            "pufs", check=fields.mac_address, convert=str.lower, admin="u", owner="p"
        ),
        "fixed_ips": Field("puf", check=fields.fixed_ips, owner="pu"),
        "device_id": Field("pufs", "", fields.text()),
        "device_owner": Field("pufs", "", fields.text()),
        "security_groups": Field("puf", check=fields.uuid_list),
        "port_security_enabled": Field("pu", convert=BOOLEAN, owner="pu"),
        "allowed_address_pairs": Field("pu", convert=fields.to_list, owner="pu"),
        "extra_dhcp_opts": Field("pu", None, convert=fields.to_list),
        "ip_allocation": Field("fs"),
        "dns_name": Field("pu", "", fields.text()),
        "dns_assignment": Field(""),
        "qos_policy_id": Field("pu", None, fields.uuid_or_none),
        "qos_network_policy_id": Field(""),
        "resource_request": Field(""),
        "device_profile": Field("p", None),
        "numa_affinity_policy": Field("pu", None),
        "binding:vnic_type": Field(
            "pu",
            "normal",
            fields.one_of(
                *("normal", "direct", "macvtap", "baremetal", "direct-physical"),
                *("virtio-forwarder", "smart-nic", "vdpa", "accelerator-direct"),
                *("accelerator-direct-physical", "remote-managed"),
            ),
        ),
        "binding:host_id": Field("puf", admin="pu"),
        "binding:profile": Field("pu", admin="pu"),
        "binding:vif_type": Field(""),
        "binding:vif_details": Field(""),
        "trunk_details": Field(""),
    },
)
ROUTERS = Collection(
    kind="network.router",
    path="routers",
    singular="router",
    not_found="RouterNotFound",
    not_found_text="Router {} could not be found",
    keeps_markers=True,
    is_bulk=False,
    hidden=frozenset(("distributed", "ha")),
    fields={
        **STANDARD,
        **TAGGED,
        "name": NAME,
        "status": Field("s"),
        "admin_state_up": Field("pufs", default=True, convert=BOOLEAN),
        "external_gateway_info": Field("pu", None, fields.gateway_info),
        "routes": Field("u", check=fields.routes, convert=fields.to_list),
        "distributed": Field("pu", convert=BOOLEAN, admin="pu"),
        "ha": Field("pu", convert=BOOLEAN, admin="pu"),
        "flavor_id": Field("ps"),
        "availability_zones": Field(""),
        "availability_zone_hints": Field("p", []),
    },
)
FLOATING_IPS = Collection(
    kind="network.floating_ip",
    path="floatingips",
    singular="floatingip",
    not_found="FloatingIPNotFound",
    not_found_text="Floating IP {} could not be found",
    is_bulk=False,
    fields={
        **STANDARD,
        **TAGGED,
        "status": Field("fs"),
        "floating_network_id": Field("pfs", fields.REQUIRED, fields.uuid_text),
        "floating_ip_address": Field("pfs", None, fields.address_or_none, admin="p"),
        "subnet_id": Field("p", None, fields.uuid_or_none),
        "port_id": Field("puf", None, fields.uuid_or_none),
        "fixed_ip_address": Field("pufs", None, fields.address_or_none),
        "router_id": Field("fs"),
        "qos_policy_id": Field("pu", None, fields.uuid_or_none),
        "dns_name": Field("p", "", fields.text()),
        "dns_domain": Field("p", "", fields.text()),
        "port_details": Field(""),
        "port_forwardings": Field(""),
    },
)
SECURITY_GROUPS = Collection(
    kind="network.security_group",
    path="security-groups",
    singular="security_group",
    not_found="SecurityGroupNotFound",
    not_found_text="Security group {} does not exist",
    fields={
        **STANDARD,
        **TAGGED,
        "name": NAME,
        "stateful": Field("puf", default=True, convert=BOOLEAN),
        "shared": Field("f", convert=BOOLEAN),
        "security_group_rules": Field(""),
    },
)
SECURITY_GROUP_RULES = Collection(
    kind="network.security_group_rule",
    path="security-group-rules",
    singular="security_group_rule",
    not_found="SecurityGroupRuleNotFound",
    not_found_text="Security group rule {} does not exist",
    fields={
        **STANDARD,
        "security_group_id": Field("pfs", fields.REQUIRED, fields.text(36)),
        "direction": Field("pfs", fields.REQUIRED, fields.one_of("ingress", "egress")),
        "ethertype": Field("pfs", "IPv4"),
        "protocol": Field("pfs", None),
        "port_range_min": Field("pfs", None),
        "port_range_max": Field("pfs", None),
        "remote_ip_prefix": Field("pfs", None),
        "remote_group_id": Field("pfs", None),
        "remote_address_group_id": Field("pfs", None),
        "normalized_cidr": Field("fs"),
        "belongs_to_default_sg": Field("f", convert=BOOLEAN),
    },
)
TRUNKS = Collection(
    kind="network.trunk",
    path="trunks",
    singular="trunk",
    not_found="TrunkNotFound",
    not_found_text="Trunk {} could not be found.",
    is_bulk=False,
    fields={
        **STANDARD,
        **TAGGED,
        "name": NAME,
        "status": Field("fs"),
        "admin_state_up": Field("pufs", default=True, convert=BOOLEAN),
        "port_id": Field("pfs", fields.REQUIRED, fields.uuid_text),
        "sub_ports": Field("p", []),
    },
)
SUBNET_POOLS = Collection(
    kind="network.subnet_pool",
    path="subnetpools",
    singular="subnetpool",
    not_found="SubnetPoolNotFound",
    not_found_text="Subnet pool {} could not be found.",
    is_bulk=False,
    fields={
        **STANDARD,
        **TAGGED,
        "name": Field("pufs", fields.REQUIRED, fields.text()),
        "prefixes": Field("pu", fields.REQUIRED, fields.networks),
        "ip_version": Field("fs"),
        "min_prefixlen": Field("pufs", check=fields.not_negative, convert=int),
        "max_prefixlen": Field("pufs", check=fields.not_negative, convert=int),
        "default_prefixlen": Field("pufs", check=fields.not_negative, convert=int),
        "default_quota": Field("pufs", None),
        "address_scope_id": Field("pufs", None, fields.uuid_or_none),
        "is_default": Field("pufs", default=False, convert=BOOLEAN, admin="pu"),
        "shared": Field("pfs", default=False, convert=BOOLEAN, admin="p"),
    },
)
ADDRESS_SCOPES = Collection(
    kind="network.address_scope",
    path="address-scopes",
    singular="address_scope",
    not_found="AddressScopeNotFound",
    not_found_text="Address scope {} could not be found.",
    is_bulk=False,
    fields={
        **OWNER,
        "id": Field("fs"),
        "name": NAME,
        "ip_version": VERSION,
        "shared": Field("pufs", default=False, convert=BOOLEAN, admin="pu"),
    },
)
CORE = frozenset((NETWORKS, SUBNETS, PORTS))
