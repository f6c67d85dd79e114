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
"""The volume type of the file driver, and the workers' reports."""

from controlplane import waiting

TYPE = "file"
WORKERS = {"cinder-scheduler", "cinder-volume", "cinder-backup"}
TIMEOUT_S = 180


def seed(admin):
    """The default volume type exists and every worker has reported."""
    if admin.block_storage.find_type(TYPE) is None:
        specs = {"volume_backend_name": "file1"}
        admin.block_storage.create_type(name=TYPE, extra_specs=specs)

    def are_up():
        up = {worker.binary for worker in admin.block_storage.services() if worker.state == "up"}
        return up >= WORKERS

    waiting.wait_until(are_up, "cinder's workers to report", timeout_s=TIMEOUT_S)
