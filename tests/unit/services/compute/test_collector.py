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
"""Nova's collector: hypervisors and their servers, aggregates and those in their zones."""

import datetime
import json

import pytest

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import resources
from cleanupd.services.base import collectors
from cleanupd.services.compute import collector
from tests.unit.engine import fakes
from tests.unit.services import answers
from tests.unit.services import hearing

NOON = hearing.NOON
HOST = answers.ref("compute.hypervisor", "h1")


def server(id_, host="cmp1", zone="nova", **fields):
    """Return a server on a host."""
    return resources.Resource(
        ref=answers.ref("compute.server", id_),
        host=host,
        details={"locked": False, "task_state": "", "zone": zone},
        **fields,
    )


def aggregate(hosts, zone="nova"):
    """Return the record of an aggregate, as its manager reads it."""
    return resources.Resource(
        ref=answers.ref("compute.aggregate", "1"), details={"hosts": hosts, "zone": zone}
    )


@pytest.fixture
def cloud():
    """Give a cloud with a hypervisor, a server on it, and one that has no host."""
    found = fakes.FakeCloud(name=answers.PLACE.cloud, region=answers.PLACE.region)
    return found.add(
        resources.Resource(ref=HOST, host="cmp1", name="cmp1"),
        server("on"),
        server("off", host=None, zone=""),
    )


@pytest.fixture
def collecting(cloud):
    """Give a collector that has listed the cloud at noon."""
    managers = {
        kind: type(f"{kind}-manager", (fakes.FakeManager,), {"KIND": plugin.KIND})
        for kind, plugin in hearing.MANAGERS.items()
        if plugin.KIND.service == "compute"
    }
    found = collector.NovaClusterModelCollector(cloud, managers, lambda: NOON, peers=lambda _: ())
    found.synchronize()
    return found


def updated(record, seconds=60):
    """Return that the bus told of a record."""
    return changes.Updated(record, NOON + datetime.timedelta(seconds=seconds))


def test_it_is_loaded_by_name():
    """The collector of compute is Nova's."""
    plugins, _ = collectors.ClusterModelCollectorLoader().load()
    assert plugins["compute"] is collector.NovaClusterModelCollector


def test_a_host_has_its_hypervisor_and_its_servers(collecting):
    """Both are found by the host, and servers without one are in the model too."""
    model = collecting.get_latest_cluster_data_model()
    assert sorted(one.ref.id for one in model.on_host("cmp1")) == ["h1", "on"]
    assert model.get(server("off").ref).host is None
    assert all(trust.is_fresh for trust in model.trust.values())


def test_a_server_that_is_told_of_moves(collecting):
    """After a message from another host the server is on that one only."""
    collecting.apply(updated(server("on", host="cmp2")))
    model = collecting.cluster_data_model
    assert [one.ref.id for one in model.on_host("cmp2")] == ["on"]
    assert [one.ref.id for one in model.on_host("cmp1")] == ["h1"]


def test_the_hypervisor_of_a_new_host_is_sought_once(collecting, cloud):
    """No message tells of a new hypervisor: its first server does."""
    new = resources.Resource(ref=answers.ref("compute.hypervisor", "h2"), host="cmp2")
    cloud.add(new)
    collecting.apply(updated(server("on", host="cmp2")))
    assert collecting.read_touched() == 0
    assert collecting.cluster_data_model.get(new.ref) == new
    cloud.add(resources.Resource(ref=answers.ref("compute.hypervisor", "h3"), host="cmp3"))
    collecting.apply(updated(server("on", host="cmp2"), 61))
    collecting.read_touched()
    assert collecting.cluster_data_model.get(answers.ref("compute.hypervisor", "h3")) is None


def read(collecting):
    """Have a server read that a message named."""
    collecting.apply(changes.Touched(server("on").ref))
    collecting.read_touched()


def list_again(collecting):
    """Have servers listed, because more of them were touched than are worth a request each."""
    for number in range(200):
        collecting.apply(changes.Touched(server(str(number)).ref))
    collecting.read_touched()


@pytest.mark.parametrize("learn", [read, list_again])
def test_the_hypervisor_of_a_server_that_was_read_is_sought(collecting, cloud, learn):
    """Whichever way it is learned that a server is on a host that nobody knows."""
    new = resources.Resource(ref=answers.ref("compute.hypervisor", "h2"), host="cmp2")
    cloud.add(new)
    cloud.change(server("on").ref, host="cmp2")
    learn(collecting)
    collecting.read_touched()
    assert collecting.cluster_data_model.get(new.ref) == new


def test_a_host_without_any_hypervisor_costs_one_listing(collecting, cloud):
    """Where Nova has none for a host, it is not asked again for each message."""
    collecting.apply(updated(server("on", host="cmp2")))
    collecting.read_touched()
    new = resources.Resource(ref=answers.ref("compute.hypervisor", "h2"), host="cmp2")
    cloud.add(new)
    collecting.apply(updated(server("on", host="cmp2"), 61))
    collecting.read_touched()
    assert collecting.cluster_data_model.get(new.ref) is None


def test_hypervisors_that_are_touched_are_listed(collecting, cloud):
    """A message about a service names a host, and not its hypervisors."""
    cloud.change(HOST, status="disabled")
    collecting.apply(changes.Touched(answers.ref("compute.hypervisor", "cmp1")))
    assert collecting.read_touched() == 0
    assert collecting.cluster_data_model.get(HOST).status == "disabled"


def test_an_aggregate_that_is_read_has_its_servers(collecting, cloud):
    """As in a listing: those that are in its zone on its hosts."""
    cloud.add(aggregate("cmp1"), server("other", zone="other"))
    collecting.apply(changes.Touched(aggregate("").ref))
    collecting.read_touched()
    found = collecting.cluster_data_model.get(aggregate("").ref)
    assert [edge.target.id for edge in found.edges] == ["on"]


@pytest.mark.parametrize(
    ("before", "after", "read"),
    [
        (None, aggregate("cmp1"), {"on"}),
        (aggregate("cmp1"), aggregate(""), {"on"}),
        (aggregate("cmp1"), aggregate("cmp1"), set()),
        (aggregate("cmp1"), aggregate("cmp1", zone="z"), {"on"}),
        (aggregate("cmp1", zone=""), aggregate("", zone=""), set()),
        (aggregate("cmp1"), None, set()),
    ],
)
def test_servers_whose_zone_may_be_another_are_read(collecting, cloud, before, after, read):
    """No message of a server tells that its host has another zone."""
    if before is not None:
        collecting.apply(updated(before))
    if after is not None:
        cloud.add(after)
    collecting.apply(changes.Touched(aggregate("").ref))
    collecting.read_touched()
    cloud.log.clear()
    collecting.read_touched()
    assert {id_ for word, id_ in cloud.log if word == "read"} == read


@pytest.fixture
def ears():
    """Give a collector of a cloud that had no servers at noon, and has nothing else."""
    found = hearing.Hearing(collector.NovaClusterModelCollector)
    refuse = found.cloud.answer
    found.cloud.visibility = lambda: None
    found.cloud.answer = lambda method, path: (
        b'{"servers": []}' if path.startswith("/servers") else refuse(method, path)
    )
    found.collector.synchronize()
    found.cloud.requests.clear()
    return found


def change(ears, answer):
    """Have this answered when it is asked what changed, and return how many servers that is."""
    refuse = ears.cloud.answer
    ears.cloud.answer = lambda *_: answer
    found = ears.collector.look_for_changes()
    ears.cloud.answer = refuse
    return found


def body(**fields):
    """Return Nova's answer with the recorded server, changed."""
    server = answers.sampled("compute/servers", "servers") | fields
    return json.dumps({"servers": [server]}).encode()


def servers(ears):
    """Return the servers in the model."""
    return list(ears.collector.cluster_data_model.of_kind("compute.server"))


def test_changes_are_taken(ears, caplog):
    """What was written since the last look comes into the model; what fails changes nothing."""
    assert change(ears, body()) == 1
    assert [one.name for one in servers(ears)] == ["sample"]
    assert change(ears, exceptions.ServiceUnreachable("compute", "http://nova", "away")) == 0
    assert "away" in caplog.text
    assert change(ears, body(name="new")) == 1
    assert [one.name for one in servers(ears)] == ["new"]
    since = "changes-since=2026-11-21T11%3A59%3A55"
    assert all(since in path for _, path, _, _ in ears.cloud.requests)


def test_a_change_tells_of_a_new_host(ears):
    """The hypervisor of a server that was asked for is sought, too."""
    change(ears, body())
    assert ears.collector.touched == 1


def test_what_changed_by_going_is_read(ears):
    """A hint takes nothing out of the model; an unknown server that is gone is nothing."""
    change(ears, body())
    change(ears, body(status="DELETED"))
    change(ears, body(status="DELETED", id="2"))
    assert [one.status for one in servers(ears)] == ["ACTIVE"]
    assert ears.collector.read_touched() == 1


def test_a_change_of_what_was_heard_meanwhile_is_read(ears):
    """A message that came while Nova was asked may be newer than the answer."""
    change(ears, body())
    (known,) = servers(ears)

    def answer(*_):
        ears.collector.apply(changes.Touched(known.ref))
        return body(name="new")

    ears.cloud.answer = answer
    ears.collector.look_for_changes()
    assert servers(ears) == [known]
    assert ears.collector.read_touched() == 1


def test_before_the_first_listing_there_is_nothing_to_compare_with():
    """Without a listing no change is asked for."""
    found = hearing.Hearing(collector.NovaClusterModelCollector)
    assert found.collector.look_for_changes() == 0
    assert found.cloud.requests == []


def test_a_hypervisor_is_parsed_and_never_removed():
    """Its host is that of its servers; it can only be looked at."""
    table = hearing.MANAGERS["compute.hypervisor"].TABLE
    item = answers.sampled("compute/hypervisors", "hypervisors")
    cloud = answers.always(json.dumps({"hypervisor": item}).encode())
    found = table.read(cloud, "/os-hypervisors/1")
    assert (found.name, found.host, found.status) == ("cmp1", "cmp1", "enabled")
    assert found.details == {"state": "up"}
    with pytest.raises(exceptions.NotRemovable):
        hearing.MANAGERS["compute.hypervisor"](cloud, found).delete()
