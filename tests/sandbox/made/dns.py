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
"""Zones with a recordset, and recordsets in a foreign zone."""

import time

from openstack import exceptions as sdk_exceptions

from tests.sandbox import made

WAIT_S = 0.3
EMAIL = "root@random.name"


def _settled(person: made.Connection, key: str) -> str:
    while person.dns.get_zone(key).status == "PENDING":
        time.sleep(WAIT_S)
    return key


def zone(world: made.World, person: made.Connection, name: str) -> str:
    """A zone as Rally names it, with a recordset."""
    api = person.dns
    one = api.create_zone(name=f"{name}.name.", email=EMAIL, type="PRIMARY")
    record = f"{world.name('-')}.{one.name}"
    api.create_recordset(one.id, name=record, type="A", records=["192.0.2.7"])
    return _settled(person, str(one.id))


def take_zone(world: made.World, key: str) -> None:
    """It is gone."""
    api = world.admin.dns
    headers = {"X-Auth-All-Projects": "true"}
    try:
        while api.get(f"/zones/{key}", headers=headers).ok:
            api.delete(f"/zones/{key}", headers=headers)
            time.sleep(WAIT_S)
    except sdk_exceptions.NotFoundException:
        return


def recordset(world: made.World, person: made.Connection, name: str) -> str:
    """A recordset in a zone that is nobody's in particular, one for each person."""
    key = f"zone of {person.current_project_id}"
    if key not in world.shared:
        whose = f"{world.workload[:8]}-{person.current_project_id}.example.org."
        world.shared[key] = person.dns.create_zone(name=whose, email=EMAIL, type="PRIMARY")
        world.undo.callback(take_zone, world, world.shared[key].id)
    above = world.shared[key]
    more = {"type": "A", "records": ["192.0.2.7"]}
    one = person.dns.create_recordset(above.id, name=f"{name}.{above.name}", **more)
    return str(one.id)


def leave(_world: made.World, _key: str) -> None:
    """It goes with its zone."""


ROWS = (
    made.Row("dns.zone", zone, take_zone, separator="-"),
    made.Row("dns.recordset", recordset, leave, separator="-", is_made_again=False),
)
