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
"""Load balancers with all in them, things in a foreign load balancer, flavors."""

import contextlib

from openstack import exceptions as sdk_exceptions

from tests.sandbox import made

WAIT_S = 0.2


def _subnet(person: made.Connection) -> str:
    return str(person.network.find_subnet("public-subnet").id)


def _empty(person: made.Connection, name: str) -> str:
    api = person.load_balancer
    one = api.create_load_balancer(name=name, vip_subnet_id=_subnet(person))
    api.wait_for_load_balancer(one.id, interval=WAIT_S)
    return str(one.id)


def balancer(world: made.World, person: made.Connection, name: str) -> str:
    """A load balancer with a listener, a pool and a health monitor, each with its own name."""
    api, key = person.load_balancer, _empty(person, name)
    fields = {"protocol": "HTTP", "loadbalancer_id": key}
    pool = api.create_pool(name=world.name(), lb_algorithm="ROUND_ROBIN", **fields)
    api.wait_for_load_balancer(key, interval=WAIT_S)
    api.create_listener(name=world.name(), protocol_port=80, default_pool_id=pool.id, **fields)
    api.wait_for_load_balancer(key, interval=WAIT_S)
    check = {"delay": 5, "timeout": 3, "max_retries": 3, "type": "HTTP"}
    api.create_health_monitor(name=world.name(), pool_id=pool.id, **check)
    api.wait_for_load_balancer(key, interval=WAIT_S)
    return key


def take_balancer(world: made.World, key: str) -> None:
    """It is gone, with all in it."""
    api = world.admin.load_balancer
    api.wait_for_load_balancer(key, interval=WAIT_S)
    api.delete_load_balancer(key, cascade=True)
    with contextlib.suppress(sdk_exceptions.NotFoundException):
        api.wait_for_delete(api.get_load_balancer(key), interval=WAIT_S)


def _foreign(world: made.World, person: made.Connection) -> str:
    """A load balancer that is no benchmark's, one for each person, in which others join."""
    key = f"balancer of {person.current_project_id}"
    if key not in world.shared:
        world.shared[key] = _empty(person, "nobody's in particular")
        world.undo.callback(take_balancer, world, world.shared[key])
    return str(world.shared[key])


def pool(world: made.World, person: made.Connection, name: str) -> str:
    """A pool with a member, in a foreign load balancer."""
    key = _foreign(world, person)
    fields = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "loadbalancer_id": key}
    api = person.load_balancer
    one = api.create_pool(name=name, **fields)
    api.wait_for_load_balancer(key, interval=WAIT_S)
    api.create_member(one.id, address="192.0.2.7", protocol_port=80)
    api.wait_for_load_balancer(key, interval=WAIT_S)
    return str(one.id)


def listener(world: made.World, person: made.Connection, name: str) -> str:
    """A listener in a foreign load balancer."""
    key, api = _foreign(world, person), person.load_balancer
    port = world.shared["port"] = world.shared.get("port", 8000) + 1
    fields = {"protocol": "HTTP", "protocol_port": port, "loadbalancer_id": key}
    one = api.create_listener(name=name, **fields)
    api.wait_for_load_balancer(key, interval=WAIT_S)
    return str(one.id)


def monitor(world: made.World, person: made.Connection, name: str) -> str:
    """A health monitor of a foreign pool."""
    above = pool(world, person, "nobody's in particular")
    check = {"delay": 5, "timeout": 3, "max_retries": 3, "type": "HTTP"}
    one = person.load_balancer.create_health_monitor(name=name, pool_id=above, **check)
    person.load_balancer.wait_for_load_balancer(_foreign(world, person), interval=WAIT_S)
    return str(one.id)


def policy(world: made.World, person: made.Connection, name: str) -> str:
    """A policy of a foreign listener."""
    above = listener(world, person, "nobody's in particular")
    fields = {"listener_id": above, "action": "REJECT", "position": 1}
    one = person.load_balancer.create_l7_policy(name=name, **fields)
    person.load_balancer.wait_for_load_balancer(_foreign(world, person), interval=WAIT_S)
    return str(one.id)


def leave(_world: made.World, _key: str) -> None:
    """It goes with its load balancer."""


def profile(_world: made.World, person: made.Connection, name: str) -> str:
    """A flavor profile."""
    data = '{"loadbalancer_topology": "SINGLE"}'
    api = person.load_balancer
    made_now = api.create_flavor_profile(name=name, provider_name="amphora", flavor_data=data)
    return str(made_now.id)


def flavor(world: made.World, person: made.Connection, name: str) -> str:
    """A flavor of a profile of its own, which is nobody's in particular."""
    above = profile(world, person, "nobody's in particular")
    world.undo.callback(world.admin.load_balancer.delete_flavor_profile, above)
    return str(person.load_balancer.create_flavor(name=name, flavor_profile_id=above).id)


ROWS = (
    made.Row("load_balancer.load_balancer", balancer, take_balancer),
    made.Row("load_balancer.listener", listener, leave, is_made_again=False),
    made.Row("load_balancer.pool", pool, leave, is_made_again=False),
    made.Row("load_balancer.health_monitor", monitor, leave, is_made_again=False),
    made.Row("load_balancer.l7_policy", policy, leave, is_made_again=False),
    made.Row(
        "load_balancer.flavor",
        flavor,
        lambda world, key: world.admin.load_balancer.delete_flavor(key),
        is_of_cloud=True,
    ),
    made.Row(
        "load_balancer.flavor_profile",
        profile,
        lambda world, key: world.admin.load_balancer.delete_flavor_profile(key),
        is_of_cloud=True,
    ),
)
