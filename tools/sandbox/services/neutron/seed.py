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
"""The public network, from which routers get gateways and floating IPs come."""

NETWORK = "public"


def seed(admin):
    """The network and its subnet exist."""
    network = admin.network.find_network(NETWORK)
    if network is None:
        network = admin.network.create_network(
            name=NETWORK,
            is_router_external=True,
            provider_network_type="flat",
            provider_physical_network="public",
        )
    if not network.subnet_ids:
        admin.network.create_subnet(
            name="public-subnet",
            network_id=network.id,
            ip_version=4,
            cidr="172.24.4.0/22",
            gateway_ip="172.24.4.1",
            is_dhcp_enabled=False,
        )
