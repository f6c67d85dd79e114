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
"""Nova's fake hypervisor, made restartable: compute_driver = cloudfake.Driver.

Nova loads drivers from the package nova.virt alone, so this module is installed into it. Against
the stock fake driver:

* the node keeps its uuid (state_path/compute_id), so that placement accepts it after a restart;
* instances that nova places on this host survive a restart of nova-compute;
* snapshots upload something, so that their images become active.
"""

import io

from nova.compute import power_state
from nova.compute import task_states
from nova.compute import vm_states
from nova.image import glance
from nova.virt import fake

LIVING_STATES = (
    vm_states.ACTIVE,
    vm_states.STOPPED,
    vm_states.PAUSED,
    vm_states.SUSPENDED,
)
SNAPSHOT = b"\0" * 65536


class Driver(fake.FakeDriverWithoutFakeNodes):
    """A roomy host that remembers its instances."""

    vcpus = 64
    memory_mb = 262144
    local_gb = 10000

    def get_info(self, instance, use_cache=True):
        """The instance's power state; one that nova knows to be here is taken back."""
        forgotten = instance.uuid not in self.instances
        if forgotten and instance.host == self._host and instance.vm_state in LIVING_STATES:
            self.instances[instance.uuid] = fake.FakeInstance(
                instance.name, instance.power_state or power_state.RUNNING, instance.uuid
            )
        return super().get_info(instance, use_cache)

    def snapshot(self, context, instance, image_id, update_task_state):
        """The image holds a few zeros and is active."""
        update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
        images = glance.API()
        image = images.get(context, image_id)
        update_task_state(
            task_state=task_states.IMAGE_UPLOADING,
            expected_state=task_states.IMAGE_PENDING_UPLOAD,
        )
        metadata = {
            "name": image["name"],
            "disk_format": "raw",
            "container_format": "bare",
            "properties": image.get("properties", {}),
        }
        images.update(context, image_id, metadata, io.BytesIO(SNAPSHOT), purge_props=False)
