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
"""Bare metal: a node with a port is enrolled, provided, allocated, deleted."""

TIMEOUT_S = 120


def smoke(admin, demo):
    """The fake node goes through its states."""
    metal = admin.baremetal
    node = metal.create_node(driver="fake-hardware", name="smoke-node", resource_class="smoke")
    try:
        metal.create_port(node_id=node.id, address="52:54:00:12:34:56")
        for target in ("manage", "provide"):
            node = metal.set_node_provision_state(node, target, wait=True, timeout=TIMEOUT_S)
        metal.set_node_power_state(node, "power on", wait=True, timeout=TIMEOUT_S)
        allocation = metal.create_allocation(resource_class="smoke", name="smoke-allocation")
        allocation = metal.wait_for_allocation(allocation, timeout=TIMEOUT_S)
        metal.delete_allocation(allocation)
        assert node.provision_state == "available", node.provision_state
    finally:
        metal.delete_node(node)
