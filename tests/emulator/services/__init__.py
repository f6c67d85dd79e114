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
"""The emulated services, one module or package each; adding one is adding it to `ALL`."""

from tests.emulator.services import baremetal
from tests.emulator.services import block_storage
from tests.emulator.services import compute
from tests.emulator.services import dns
from tests.emulator.services import identity
from tests.emulator.services import image
from tests.emulator.services import load_balancer
from tests.emulator.services import network
from tests.emulator.services import orchestration
from tests.emulator.services import placement
from tests.emulator.services import shared_file_system

ALL = (
    identity.SERVICE,
    image.SERVICE,
    compute.SERVICE,
    block_storage.SERVICE,
    network.SERVICE,
    placement.SERVICE,
    load_balancer.SERVICE,
    baremetal.SERVICE,
    dns.SERVICE,
    orchestration.SERVICE,
    shared_file_system.SERVICE,
)
