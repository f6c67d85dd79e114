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
"""Orchestration: a stack with a network in it."""

TEMPLATE = {
    "heat_template_version": "2018-08-31",
    "resources": {
        "string": {"type": "OS::Heat::RandomString"},
        "network": {"type": "OS::Neutron::Net"},
    },
}
TIMEOUT_S = 120
INTERVAL_S = 0.5


def smoke(admin, demo):
    """The stack is complete, and then gone."""
    heat = admin.orchestration
    stack = heat.create_stack(name="smoke-stack", template=TEMPLATE)
    heat.wait_for_status(
        stack, "CREATE_COMPLETE", ["CREATE_FAILED"], interval=INTERVAL_S, wait=TIMEOUT_S
    )
    heat.delete_stack(stack)
    heat.wait_for_delete(stack, interval=INTERVAL_S, wait=TIMEOUT_S)
