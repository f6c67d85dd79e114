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
"""A small OpenStack cloud that speaks HTTP: for the demo and for tests that need no real one.

In a test::

    cloud = emulator.Cloud()
    scenes.legitimate_tenants(cloud)
    with emulator.running(cloud) as url:
        connection = openstack.connect(auth_url=f"{url}/identity", ...)

Alone, for a person with a client: ``python -m tests.emulator --help``.

What is where:

``cloud``        the state: plain dicts shaped like API bodies in tables, one lock, settings
``clock``        its time, and what happens later (asynchronous deletes)
``shapes/``      makes new resources with all their fields
``services/``    one module or package per service: routes, policy, conflicts, paging
``web``          the words that services are written in: call, answer, refusal, route
``application``  finds the route, the token and the microversion; faults; the request log
``server``       HTTP/1.1 on loopback
``scenes``       clouds full of legitimate tenants and of what a killed benchmark left

What it does is copied from a real control plane (OpenStack 2026.2: Keystone 30, Nova 34,
Neutron 29, Cinder 29, Glance 33) and from the API references; docstrings name the source.
"""

from tests.emulator.cloud import Cloud
from tests.emulator.cloud import Settings
from tests.emulator.faults import Fault
from tests.emulator.server import running

__all__ = ["Cloud", "Fault", "Settings", "running"]
