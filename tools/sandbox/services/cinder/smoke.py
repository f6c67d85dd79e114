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
"""Volumes: create, snapshot, back up, fill from an image, delete."""

import contextlib

TIMEOUT_S = 120
INTERVAL_S = 0.5


def smoke(admin, demo):
    """All of it is created and deleted again."""
    storage = demo.block_storage
    image = demo.image.find_image("cirros-0.6.2-x86_64-disk")
    with contextlib.ExitStack() as undo:

        def made(kind, resource, wanted="available"):
            delete = getattr(storage, f"delete_{kind}")
            undo.callback(storage.wait_for_delete, resource, interval=INTERVAL_S, wait=TIMEOUT_S)
            undo.callback(delete, resource, ignore_missing=False)
            return storage.wait_for_status(
                resource, wanted, ["error"], interval=INTERVAL_S, wait=TIMEOUT_S
            )

        volume = made("volume", storage.create_volume(name="smoke-volume", size=1))
        bootable = storage.create_volume(name="smoke-bootable", size=1, image_id=image.id)
        made("volume", bootable)
        snapshot = storage.create_snapshot(name="smoke-snapshot", volume_id=volume.id)
        made("snapshot", snapshot)
        made("backup", storage.create_backup(name="smoke-backup", volume_id=volume.id))
