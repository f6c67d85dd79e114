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
"""DNS: a zone, which the name server confirms."""

from controlplane import waiting

TIMEOUT_S = 120


def smoke(admin, demo):
    """The zone is active, and then gone."""
    zone = demo.dns.create_zone(
        name="smoke.example.org.", email="smoke@example.org", ttl=300, type="PRIMARY"
    )
    waiting.wait_until(
        lambda: demo.dns.get_zone(zone.id).status == "ACTIVE", "the zone", timeout_s=TIMEOUT_S
    )
    demo.dns.delete_zone(zone.id)
    waiting.wait_until(
        lambda: demo.dns.find_zone(zone.name) is None, "the zone to go", timeout_s=TIMEOUT_S
    )
