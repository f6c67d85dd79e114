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
"""What a request for new servers wants."""

import dataclasses
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator.services.compute import disks
from tests.emulator.services.compute import nets

Body = cloud_module.Body


@dataclasses.dataclass(frozen=True)
class Order:
    """What a request wants, with everything that it names found."""

    wish: dict[str, Any]
    flavor: Body
    image: Body | None
    nets: nets.Wanted
    disks: list[disks.Disk]
    groups: list[Body]
    hints: dict[str, Any]
    host: str | None
