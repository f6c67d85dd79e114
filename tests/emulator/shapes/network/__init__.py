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
"""Networks, subnets, ports, routers, floating IPs, security groups, trunks and subnet pools.

As Neutron keeps them: with all fields, as the administrator sees them. Revision numbers start
where a real Neutron 29 starts them: 1 for a network, port, router and security group, 0 for
the others; and rise with each change (`touch`).
"""

from tests.emulator.shapes.network.addresses import NoAddressLeft
from tests.emulator.shapes.network.addresses import dns_assignment
from tests.emulator.shapes.network.addresses import eui64
from tests.emulator.shapes.network.addresses import fixed
from tests.emulator.shapes.network.addresses import in_use
from tests.emulator.shapes.network.addresses import is_automatic
from tests.emulator.shapes.network.addresses import next_address
from tests.emulator.shapes.network.addresses import of_network
from tests.emulator.shapes.network.basic import network
from tests.emulator.shapes.network.basic import subnet
from tests.emulator.shapes.network.basic import touch
from tests.emulator.shapes.network.layer3 import connect
from tests.emulator.shapes.network.layer3 import disconnect
from tests.emulator.shapes.network.layer3 import floating_ip
from tests.emulator.shapes.network.layer3 import interface
from tests.emulator.shapes.network.layer3 import router
from tests.emulator.shapes.network.layer3 import set_gateway
from tests.emulator.shapes.network.pools import address_scope
from tests.emulator.shapes.network.pools import subnet_pool
from tests.emulator.shapes.network.ports import FLOATING_IP
from tests.emulator.shapes.network.ports import GATEWAY
from tests.emulator.shapes.network.ports import INTERFACE
from tests.emulator.shapes.network.ports import bound
from tests.emulator.shapes.network.ports import port
from tests.emulator.shapes.network.ports import trunk
from tests.emulator.shapes.network.ports import unbound
from tests.emulator.shapes.network.security import default_security_group
from tests.emulator.shapes.network.security import rule
from tests.emulator.shapes.network.security import security_group

__all__ = [
    "FLOATING_IP",
    "GATEWAY",
    "INTERFACE",
    "NoAddressLeft",
    "address_scope",
    "bound",
    "connect",
    "default_security_group",
    "disconnect",
    "dns_assignment",
    "eui64",
    "fixed",
    "floating_ip",
    "in_use",
    "interface",
    "is_automatic",
    "network",
    "next_address",
    "of_network",
    "port",
    "router",
    "rule",
    "security_group",
    "set_gateway",
    "subnet",
    "subnet_pool",
    "touch",
    "trunk",
    "unbound",
]
