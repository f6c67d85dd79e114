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
"""A tiny image that everybody may use."""

import os
import pathlib
import subprocess

IMAGE = "cirros-0.6.2-x86_64-disk"  # the name that tests and benchmarks of OpenStack look for


def seed(admin):
    """The image exists; it is an empty disk, which the fake hypervisor boots as well as any."""
    if admin.image.find_image(IMAGE):
        return
    path = pathlib.Path(os.environ["SANDBOX_HOME"], "state", "tiny.qcow2")
    create = ["qemu-img", "create", "-q", "-f", "qcow2", str(path), "8M"]
    subprocess.run(create, check=True)
    admin.image.create_image(
        name=IMAGE,
        filename=str(path),
        disk_format="qcow2",
        container_format="bare",
        visibility="public",
        wait=True,
    )
