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
"""Load balancers and what belongs to them."""

from cloud import inventory

KINDS = {
    "load_balancers": "load_balancer",
    "listeners": "listener",
    "pools": "pool",
    "health_monitors": "health_monitor",
    "l7_policies": "l7_policy",
}


def list_all(admin):
    """All of the load balancer service's records."""
    for listing, kind in KINDS.items():
        for resource in getattr(admin.load_balancer, listing)():
            yield inventory.record(kind, resource, "description", "provisioning_status")
