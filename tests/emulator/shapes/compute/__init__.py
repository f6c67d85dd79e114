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
"""What Nova keeps: servers and what they have; flavors, keypairs, server groups, aggregates.

Keys that begin with an underscore are Nova's own memory and never shown.
"""

from tests.emulator.shapes.compute.attaching import attach
from tests.emulator.shapes.compute.attaching import bind
from tests.emulator.shapes.compute.attaching import boot_from_volume
from tests.emulator.shapes.compute.attaching import know_volume
from tests.emulator.shapes.compute.attaching import next_device
from tests.emulator.shapes.compute.attaching import show_addresses
from tests.emulator.shapes.compute.attaching import show_security_groups
from tests.emulator.shapes.compute.attaching import unbind
from tests.emulator.shapes.compute.catalogue import aggregate
from tests.emulator.shapes.compute.catalogue import flavor
from tests.emulator.shapes.compute.catalogue import keypair
from tests.emulator.shapes.compute.catalogue import server_group
from tests.emulator.shapes.compute.hosts import HOSTS
from tests.emulator.shapes.compute.hosts import compute_service
from tests.emulator.shapes.compute.hosts import host_id
from tests.emulator.shapes.compute.hosts import services
from tests.emulator.shapes.compute.servers import embedded_flavor
from tests.emulator.shapes.compute.servers import server
from tests.emulator.shapes.compute.servers import touch
from tests.emulator.shapes.compute.wishes import Wish

__all__ = [
    "HOSTS",
    "Wish",
    "aggregate",
    "attach",
    "bind",
    "boot_from_volume",
    "compute_service",
    "embedded_flavor",
    "flavor",
    "host_id",
    "keypair",
    "know_volume",
    "next_device",
    "server",
    "server_group",
    "services",
    "show_addresses",
    "show_security_groups",
    "touch",
    "unbind",
]
