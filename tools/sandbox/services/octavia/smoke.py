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
"""Load balancers: one, on the public subnet."""

TIMEOUT_S = 120


def smoke(admin, demo):
    """The load balancer is active, and then gone with all of its children."""
    balancers = admin.load_balancer
    subnet = admin.network.find_subnet("public-subnet")
    made = balancers.create_load_balancer(name="smoke-balancer", vip_subnet_id=subnet.id)
    made = balancers.wait_for_load_balancer(made.id, wait=TIMEOUT_S)
    balancers.delete_load_balancer(made.id, cascade=True)
    balancers.wait_for_delete(made, wait=TIMEOUT_S)
