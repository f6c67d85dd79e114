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
"""What a server is to be made of."""

from collections.abc import Sequence
import dataclasses

from tests.emulator import cloud as cloud_module

Body = cloud_module.Body


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a server is to be made of. Ports in `ports` exist; on `networks` Nova makes them."""

    flavor: Body
    image: Body | None = None
    networks: Sequence[Body] = ()
    ports: Sequence[Body] = ()
    key_name: str | None = None
    security_groups: Sequence[Body] = ()
    host: str = "cmp1"
