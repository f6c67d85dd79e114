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
"""What Octavia has, as it reports it."""

import json

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.load_balancer import resources as managers
from cleanupd.services.network import ports
from cleanupd.services.network import resources as network
from tests.unit.services import answers


def recorded(plugin, name: str) -> list[resources.Resource]:  # type: ignore[no-untyped-def]
    """Return the records of a recorded listing."""
    cloud = answers.always(answers.sample(f"load_balancer/{name}"))
    return list(plugin.TABLE.records(cloud, "/x?"))


def balancer(**fields: object) -> resources.Resource:
    """Return the recorded load balancer with other fields."""
    record = answers.sampled("load_balancer/load_balancers", "loadbalancers")
    body = json.dumps({"loadbalancer": record | fields}).encode()
    return managers.LoadBalancerManager.TABLE.decode(body, answers.PLACE)


def test_a_load_balancer_takes_along_what_is_in_it() -> None:
    """Its listeners and pools; these their policies and health monitors."""
    [found] = recorded(managers.LoadBalancerManager, "load_balancers")
    inside = [
        *recorded(managers.ListenerManager, "listeners"),
        *recorded(managers.PoolManager, "pools"),
    ]
    assert set(found.cascades) == {one.ref for one in inside}
    taken = {ref for one in inside for ref in one.cascades}
    last = [
        *recorded(managers.L7PolicyManager, "l7_policies"),
        *recorded(managers.HealthMonitorManager, "health_monitors"),
    ]
    assert taken == {one.ref for one in last}


def test_a_load_balancer_is_removed_with_all_of_it() -> None:
    """In one request; one that goes already is not asked for again, which would be a 409."""
    cloud = answers.always(b"")
    managers.LoadBalancerManager(cloud, balancer()).delete()  # type: ignore[arg-type]
    going = balancer(provisioning_status="PENDING_DELETE")
    managers.LoadBalancerManager(cloud, going).delete()  # type: ignore[arg-type]
    path = f"/lbaas/loadbalancers/{going.ref.id}?cascade=true"
    assert cloud.requests == [("DELETE", path, None, {})]


def test_what_is_being_removed_is_not_removed_again() -> None:
    """A pool that Octavia removes already, and one that it does not."""
    cloud = answers.always(b"")
    record = answers.sampled("load_balancer/pools", "pools")
    for status in ("PENDING_DELETE", "ERROR"):
        body = json.dumps({"pool": record | {"provisioning_status": status}}).encode()
        found = managers.PoolManager.TABLE.decode(body, answers.PLACE)
        managers.PoolManager(cloud, found).delete()  # type: ignore[arg-type]
    assert [one[0] for one in cloud.requests] == ["DELETE"]


def test_a_load_balancer_that_is_worked_on_is_a_conflict() -> None:
    """It is tried again later."""
    cloud = answers.refusing(409, "Load Balancer x is immutable and cannot be updated.")
    with pytest.raises(exceptions.Conflict):
        managers.LoadBalancerManager(cloud, balancer()).delete()  # type: ignore[arg-type]


def test_additional_vips_are_edges_too() -> None:
    """Their ports and subnets; an older Octavia has none."""
    found = balancer(additional_vips=[{"port_id": "p2", "subnet_id": "s2", "ip_address": "x"}])
    ids = {(edge.target.kind, edge.target.id) for edge in found.edges}
    assert {("network.port", "p2"), ("network.subnet", "s2")} <= ids
    record = answers.sampled("load_balancer/load_balancers", "loadbalancers")
    del record["additional_vips"]
    body = json.dumps({"loadbalancer": record}).encode()
    assert managers.LoadBalancerManager.TABLE.decode(body, answers.PLACE) == balancer()


def test_several_are_asked_for_by_their_project() -> None:
    """Two ids in one query are an error of Octavia's database."""
    cloud = answers.always(answers.sample("load_balancer/load_balancers"))
    one = balancer()
    assert list(managers.LoadBalancerManager.read_some(cloud, [one, one])) == [one]  # type: ignore[arg-type]
    path = f"/lbaas/loadbalancers?project_id={one.project_id}&limit=4"
    assert [asked[1] for asked in cloud.requests] == [path]


def test_an_amphora_is_its_load_balancers() -> None:
    """A spare one is nobody's."""
    [found] = recorded(managers.AmphoraManager, "amphorae")
    assert [ref.kind for ref in found.owners] == ["load_balancer.load_balancer"]
    record = answers.sampled("load_balancer/amphorae", "amphorae") | {"loadbalancer_id": None}
    body = json.dumps({"amphora": record}).encode()
    assert managers.AmphoraManager.TABLE.decode(body, answers.PLACE).owners == ()


def port(**fields: str) -> resources.Resource:
    """Return a recorded port with other fields."""
    record = answers.sampled("network/ports", "ports")
    body = json.dumps({"port": record | fields}).encode()
    return network.PortManager.TABLE.decode(body, answers.PLACE)


def test_the_port_of_a_vip_is_made_for_its_load_balancer() -> None:
    """It has no name but Octavia's, which no benchmark gave it; another name is kept."""
    about = {"device_owner": ports.VIP, "device_id": "lb-1", "name": "octavia-lb-1"}
    assert port(**about).owners == (answers.ref("load_balancer.load_balancer", "1"),)
    assert (port(**about).name, port(**about).manager) == (None, None)
    assert port(**about | {"name": "mine"}).name == "mine"


def test_another_port_of_octavia_is_left_to_it() -> None:
    """One of an amphora names no load balancer."""
    found = port(device_owner=ports.VIP, device_id="", name="octavia-lb-vrrp-1")
    assert (found.owners, found.manager, found.name) == ((), ports.VIP, "octavia-lb-vrrp-1")
