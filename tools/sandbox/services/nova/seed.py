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
"""Flavors, and computes on which can be scheduled."""

from controlplane import waiting

FLAVORS = {  # name: memory in MiB, processors, disk in GiB
    "m1.nano": (128, 1, 1),
    "m1.micro": (256, 1, 1),
    "m1.tiny": (512, 1, 1),
    "m1.small": (1024, 1, 2),
}
WORKERS = {
    ("nova-conductor", "ctl"),
    ("nova-scheduler", "ctl"),
    ("nova-compute", "cmp1"),
    ("nova-compute", "cmp2"),
}
COMPUTES = 2
TIMEOUT_S = 180


def seed(admin):
    """The flavors exist; both computes are up and mapped into the cell."""
    existing = {flavor.name for flavor in admin.compute.flavors(details=False)}
    for name, (ram, vcpus, disk) in FLAVORS.items():
        if name not in existing:
            admin.compute.create_flavor(name=name, ram=ram, vcpus=vcpus, disk=disk)

    def are_up():
        up = [worker for worker in admin.compute.services() if worker.state == "up"]
        return {(worker.binary, worker.host) for worker in up} >= WORKERS

    def are_hosts_mapped():
        # a host that no cell knows yet is missing from this list
        return len(list(admin.compute.hypervisors())) == COMPUTES

    waiting.wait_until(are_up, "nova's workers to report", timeout_s=TIMEOUT_S)
    waiting.wait_until(are_hosts_mapped, "hosts to be mapped", timeout_s=TIMEOUT_S)
