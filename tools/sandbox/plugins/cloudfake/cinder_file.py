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
"""A Cinder driver that keeps one sparse file for each volume and snapshot: no LVM, no mount.

Connections are of os-brick's type "local", so that images, backups and migrations work on this
host; the fake hypervisor ignores them.
"""

import pathlib
import subprocess

from cinder import exception
from cinder import interface
from cinder.image import image_utils
from cinder.volume import configuration
from cinder.volume import driver
from cinder.volume import volume_utils
from oslo_config import cfg
from oslo_utils import units

OPTS = [
    cfg.StrOpt("file_dir", default="/var/lib/cinder/files", help="Where the files are kept."),
]
cfg.CONF.register_opts(OPTS, group=configuration.SHARED_CONF_GROUP)

PRETENDED_CAPACITY_GB = 10000


@interface.volumedriver
class FileVolumeDriver(driver.VolumeDriver):
    """Volumes are sparse files below file_dir."""

    VERSION = "1.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTS)
        self.folder = pathlib.Path(self.configuration.file_dir)

    def check_for_setup_error(self):
        """The folder exists."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def local_path(self, volume):
        """The volume's file."""
        return str(self.folder / volume.name)

    def _snapshot_path(self, snapshot):
        return str(self.folder / snapshot.name)

    @staticmethod
    def _resize(path, size_gib):
        with pathlib.Path(path).open("ab") as file:
            file.truncate(size_gib * units.Gi)

    @staticmethod
    def _copy(source, target):
        subprocess.check_call(["cp", "--sparse=always", source, target])

    def create_volume(self, volume):
        """An empty file of the right size."""
        self._resize(self.local_path(volume), volume.size)

    def delete_volume(self, volume):
        """The file is gone, whether it was there or not."""
        pathlib.Path(self.local_path(volume)).unlink(missing_ok=True)

    def extend_volume(self, volume, new_size):
        """The file has the new size."""
        self._resize(self.local_path(volume), new_size)

    def create_snapshot(self, snapshot):
        """A copy of the volume's file."""
        self._copy(str(self.folder / snapshot.volume_name), self._snapshot_path(snapshot))

    def delete_snapshot(self, snapshot):
        """The copy is gone, whether it was there or not."""
        pathlib.Path(self._snapshot_path(snapshot)).unlink(missing_ok=True)

    def create_volume_from_snapshot(self, volume, snapshot):
        """A copy of the snapshot's file, grown to the volume's size."""
        self._copy(self._snapshot_path(snapshot), self.local_path(volume))
        self._resize(self.local_path(volume), volume.size)

    def create_cloned_volume(self, volume, src_vref):
        """A copy of the other volume's file, grown to the volume's size."""
        self._copy(self.local_path(src_vref), self.local_path(volume))
        self._resize(self.local_path(volume), volume.size)

    def revert_to_snapshot(self, context, volume, snapshot):
        """The volume's file is a copy of the snapshot's again."""
        self._copy(self._snapshot_path(snapshot), self.local_path(volume))

    def ensure_export(self, context, volume):
        """Files need no export."""

    def create_export(self, context, volume, connector):
        """Files need no export."""

    def remove_export(self, context, volume):
        """Files need no export."""

    def create_export_snapshot(self, context, snapshot, connector):
        """Files need no export."""

    def remove_export_snapshot(self, context, snapshot):
        """Files need no export."""

    def initialize_connection(self, volume, connector):
        """The volume's file is the device."""
        return {
            "driver_volume_type": "local",
            "data": {"device_path": self.local_path(volume)},
        }

    def terminate_connection(self, volume, connector, **kwargs):
        """Nothing was connected."""

    def initialize_connection_snapshot(self, snapshot, connector, **kwargs):
        """The snapshot's file is the device."""
        return {
            "driver_volume_type": "local",
            "data": {"device_path": self._snapshot_path(snapshot)},
        }

    def terminate_connection_snapshot(self, snapshot, connector, **kwargs):
        """Nothing was connected."""

    def copy_image_to_volume(self, context, volume, image_service, image_id, disable_sparse=False):
        """The file holds the image, grown to the volume's size."""
        image_utils.fetch_to_raw(
            context,
            image_service,
            image_id,
            self.local_path(volume),
            self.configuration.volume_dd_blocksize,
            size=volume.size,
            run_as_root=False,
            disable_sparse=disable_sparse,
        )
        self._resize(self.local_path(volume), volume.size)

    def copy_volume_to_image(self, context, volume, image_service, image_meta):
        """The image holds the file."""
        volume_utils.upload_volume(
            context, image_service, image_meta, self.local_path(volume), volume, run_as_root=False
        )

    def retype(self, context, volume, new_type, diff, host):
        """Every type is the same to files."""
        return True, None

    def manage_existing(self, volume, existing_ref):
        """The named file is the volume's."""
        self._existing(existing_ref).rename(self.local_path(volume))

    def manage_existing_get_size(self, volume, existing_ref):
        """The named file's size in GiB, rounded up."""
        return -(-self._existing(existing_ref).stat().st_size // units.Gi)

    def _existing(self, existing_ref):
        path = self.folder / existing_ref["source-name"]
        if not path.exists():
            raise exception.ManageExistingInvalidReference(
                existing_ref=existing_ref, reason="no such file"
            )
        return path

    def unmanage(self, volume):
        """The file stays."""

    def _update_volume_stats(self):
        name = self.configuration.safe_get("volume_backend_name") or "file"
        self._stats = {
            "volume_backend_name": name,
            "vendor_name": "cloudfake",
            "driver_version": self.VERSION,
            "storage_protocol": "file",
            "pools": [
                {
                    "pool_name": name,
                    "total_capacity_gb": PRETENDED_CAPACITY_GB,
                    "free_capacity_gb": PRETENDED_CAPACITY_GB,
                    "reserved_percentage": 0,
                    "max_over_subscription_ratio": "20.0",
                    "thin_provisioning_support": True,
                    "provisioned_capacity_gb": 0,
                    "QoS_support": False,
                    "multiattach": True,
                    "online_extend_support": True,
                    "consistencygroup_support": False,
                }
            ],
        }
