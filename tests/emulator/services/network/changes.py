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
"""What a PUT does, in two steps: everything is checked, then everything is done.

Between them stands the revision that If-Match names, which a real Neutron looks at last.
"""

from collections.abc import Callable
from typing import Any

from tests.emulator import cloud as cloud_module

Body = cloud_module.Body
Apply = Callable[[], None]


def plain(body: Body, wanted: dict[str, Any]) -> Apply:
    """The fields become what is wanted."""

    def apply() -> None:
        for key, value in wanted.items():
            if body.get(key) != value:
                body[key] = value

    return apply
