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
"""A load balancer with one of everything in it, made and razed by openstacksdk."""

import contextlib
from typing import Any

import openstack
from openstack import exceptions as sdk_exceptions

#: What is made, and what the manager's kind is, in an order in which it can be removed.
REMOVAL = (
    ("load_balancer.l7_policy", "l7_policy"),
    ("load_balancer.listener", "listener"),
    ("load_balancer.health_monitor", "health_monitor"),
    ("load_balancer.pool", "pool"),
    ("load_balancer.load_balancer", "load_balancer"),
    ("load_balancer.flavor", "balancer_flavor"),
    ("load_balancer.flavor_profile", "flavor_profile"),
)
#: Sort, kind and what is named of each, by what holds the edges.
EDGES = {
    "load_balancer": (
        ("attached-to", "network.network", "vip_network"),
        ("attached-to", "network.subnet", "vip_subnet"),
        ("attached-to", "network.port", "vip_port"),
        ("attached-to", "load_balancer.flavor", "balancer_flavor"),
    ),
    "listener": (
        ("attached-to", "load_balancer.load_balancer", "load_balancer"),
        ("attached-to", "load_balancer.pool", "pool"),
    ),
    "pool": (("attached-to", "load_balancer.load_balancer", "load_balancer"),),
    "health_monitor": (("attached-to", "load_balancer.pool", "pool"),),
    "l7_policy": (
        ("attached-to", "load_balancer.listener", "listener"),
        ("attached-to", "load_balancer.pool", "pool"),
    ),
    "balancer_flavor": (("attached-to", "load_balancer.flavor_profile", "flavor_profile"),),
}
#: What goes with what.
TAKEN = {
    ("listener", "load_balancer.load_balancer"),
    ("pool", "load_balancer.load_balancer"),
    ("health_monitor", "load_balancer.pool"),
    ("l7_policy", "load_balancer.listener"),
}


def raze(sdk: openstack.connection.Connection, ids: dict[str, str]) -> None:
    """Remove whatever a failed test left, the load balancer with all that is in it."""
    api = sdk.load_balancer
    with contextlib.suppress(sdk_exceptions.SDKException, KeyError):
        api.delete_load_balancer(ids["load_balancer"], cascade=True)
        api.wait_for_delete(api.get_load_balancer(ids["load_balancer"]), interval=0.2)
    with contextlib.suppress(sdk_exceptions.SDKException, KeyError):
        api.delete_flavor(ids["balancer_flavor"])
    with contextlib.suppress(sdk_exceptions.SDKException, KeyError):
        api.delete_flavor_profile(ids["flavor_profile"])


def build(sdk: openstack.connection.Connection, name: str, ids: dict[str, str]) -> None:
    """Make it on the subnet among the ids, and add the ids of all."""
    api = sdk.load_balancer

    def keep(what: str, made: Any) -> Any:
        ids[what] = made.id
        if "load_balancer" in ids:
            api.wait_for_load_balancer(ids["load_balancer"], interval=0.2)
        return made

    data = '{"loadbalancer_topology": "SINGLE"}'
    profile = api.create_flavor_profile(name=name, provider_name="amphora", flavor_data=data)
    keep("flavor_profile", profile)
    flavor = keep("balancer_flavor", api.create_flavor(name=name, flavor_profile_id=profile.id))
    made = api.create_load_balancer(
        name=name, vip_subnet_id=ids["subnet"], flavor_id=flavor.id, tags=["kept"]
    )
    keep("load_balancer", made)
    ids |= {"vip_port": made.vip_port_id, "vip_network": made.vip_network_id}
    ids["vip_subnet"] = made.vip_subnet_id
    fields = {"name": name, "protocol": "HTTP"}
    pool = keep(
        "pool",
        api.create_pool(**fields, lb_algorithm="ROUND_ROBIN", loadbalancer_id=made.id),
    )
    listener = keep(
        "listener",
        api.create_listener(
            **fields, protocol_port=80, loadbalancer_id=made.id, default_pool_id=pool.id
        ),
    )
    api.create_member(pool.id, name=name, address="10.78.0.50", protocol_port=80)
    api.wait_for_load_balancer(made.id, interval=0.2)
    check = {"delay": 5, "timeout": 3, "max_retries": 3, "type": "HTTP"}
    keep("health_monitor", api.create_health_monitor(name=name, pool_id=pool.id, **check))
    policy = api.create_l7_policy(
        name=name,
        listener_id=listener.id,
        action="REDIRECT_TO_POOL",
        redirect_pool_id=pool.id,
        position=1,
    )
    keep("l7_policy", policy)
