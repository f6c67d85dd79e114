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
"""Glance v2: images, their data, members and tags, the schemas that clients fetch.

Sources: API reference, Image v2; statuses, messages and paging seen on a real Glance 33.
"""

from tests.emulator import web
from tests.emulator.services.image import api
from tests.emulator.services.image import data
from tests.emulator.services.image import discovery
from tests.emulator.services.image import images
from tests.emulator.services.image import members
from tests.emulator.services.image import patch
from tests.emulator.services.image import schemas

SERVICE = web.Service(
    type="image",
    name="glance",
    prefix="/image",
    endpoint="",
    routes=(
        *discovery.ROUTES,
        *images.ROUTES,
        *patch.ROUTES,
        *data.ROUTES,
        *members.ROUTES,
        *schemas.ROUTES,
    ),
    shape=api.shape,
)
