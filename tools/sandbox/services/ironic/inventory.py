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
"""Nodes, ports, allocations."""

from cloud import inventory


def list_all(admin):
    """All of the bare metal service's records."""
    metal = admin.baremetal
    for node in metal.nodes(details=True):
        yield inventory.record("node", node, "provision_state", "power_state", project="owner")
    for port in metal.ports():
        yield inventory.record("baremetal_port", port, "address", "node_id")
    for allocation in metal.allocations():
        yield inventory.record("allocation", allocation, "state", project="owner")
