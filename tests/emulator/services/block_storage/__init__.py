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
"""Cinder v3: volumes, attachments, snapshots, backups, types, QoS, transfers, quotas.

Sources: API reference, Block Storage v3; statuses, states, messages and paging seen on a real
Cinder 29. Modules, each with its `ROUTES`:

``volumes``, ``creation``, ``removal``, ``actions``, ``metadata``   volumes' lives
``attaching``, ``attachments``                                       how Nova takes hold of them
``snapshots``, ``backups``, ``transfers``                            what is made of them
``types``, ``specs``, ``qos``                                        what an administrator offers
``quotas``, ``control``                                              limits, services, versions
``api``, ``schema``, ``listing``                                     the words they are written in
"""

from tests.emulator import web
from tests.emulator.services.block_storage import actions
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import attaching
from tests.emulator.services.block_storage import attachments
from tests.emulator.services.block_storage import backups
from tests.emulator.services.block_storage import control
from tests.emulator.services.block_storage import creation
from tests.emulator.services.block_storage import qos
from tests.emulator.services.block_storage import quotas
from tests.emulator.services.block_storage import removal
from tests.emulator.services.block_storage import snapshots
from tests.emulator.services.block_storage import specs
from tests.emulator.services.block_storage import transfers
from tests.emulator.services.block_storage import types
from tests.emulator.services.block_storage import volumes

attach = attaching.attach
detach = attaching.detach
begin_create = creation.begin
begin_delete = removal.begin_delete
snapshots_of = removal.snapshots_of

SERVICE = web.Service(
    type="block-storage",
    catalogue_type="volumev3",
    name="cinderv3",
    prefix="/volume",
    endpoint="/v3/{project_id}",
    routes=(
        *control.ROUTES,
        *volumes.ROUTES,
        *creation.ROUTES,
        *removal.ROUTES,
        *actions.ROUTES,
        *attachments.ROUTES,
        *snapshots.ROUTES,
        *backups.ROUTES,
        *transfers.ROUTES,
        *types.ROUTES,
        *specs.ROUTES,
        *qos.ROUTES,
        *quotas.ROUTES,
    ),
    shape=api.shape,
    microversions=web.Microversions("volume", (3, 0), (3, 71)),
)
