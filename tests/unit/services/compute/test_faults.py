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
"""Faults that a model of Nova can have, and that this one has not.

Each was found in the model of another service that listens to Nova, most of
them by trying. Those of its listener, its retries and its plugins are tried
where ours are: tests/unit/service/test_listener.py (order, filters, a handler
that fails), tests/functional/test_cloud.py (what is asked again, and what is
told when it fails at last), tests/unit/services/base/test_collectors.py (one
instance of each, a collector without messages).
"""

import copy
import datetime
import threading

import pytest

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import resources
from cleanupd.services.compute import collector
from tests.unit.engine import fakes
from tests.unit.services import answers
from tests.unit.services import hearing
from tests.unit.services.compute import test_messages

NOON = hearing.NOON
END = test_messages.captured("instance.power_off.end")
RECORD = test_messages.server_of(test_messages.captured("instance.create.end"))


class Cloud(fakes.FakeCloud):
    """A cloud in the place of the captured messages, that knows what was listed."""

    def __init__(self):
        """Have the server of the messages."""
        super().__init__(name=answers.PLACE.cloud, region=answers.PLACE.region)
        self.listed = []


class Manager(fakes.FakeManager):
    """Lists what the fake cloud has, and may be held up or fail."""

    @classmethod
    def list(cls, cloud, listings):
        """Yield the records of the kind, after the gate has opened."""
        cloud.listed.append(cls.KIND.name)
        gate = getattr(cloud, "gate", None)
        found = list(super().list(cloud, listings))
        if gate is not None and cls.KIND.name == "compute.server":
            cloud.arrived.set()
            gate.wait(10)
        yield from found


@pytest.fixture
def cloud():
    """Give a cloud with one server."""
    return Cloud().add(RECORD)


def ears_of(cloud):
    """Return a collector that has not listed the cloud, an hour before the messages."""
    found = hearing.Hearing(collector.NovaClusterModelCollector)
    managers = {
        kind: type(f"{kind}-manager", (Manager,), {"KIND": plugin.KIND})
        for kind, plugin in hearing.MANAGERS.items()
        if plugin.KIND.service == "compute"
    }
    found.now = NOON - datetime.timedelta(hours=1)
    found.collector = collector.NovaClusterModelCollector(
        cloud, managers, lambda: found.now, peers=lambda _: ()
    )
    found.manager = hearing.notification.NotificationHandlerManager(
        [found.collector.notification_handler]
    )
    return found


@pytest.fixture
def ears(cloud):
    """Give a collector that has listed the cloud an hour before the messages."""
    found = ears_of(cloud)
    found.collector.synchronize()
    return found


def message(event_type="instance.power_off.end", **fields):
    """Return a message about the server."""
    found = copy.deepcopy(END)
    found["event_type"] = event_type
    data = found["payload"]["nova_object.data"]
    same = test_messages.captured("instance.create.end")["payload"]["nova_object.data"]
    data.update({name: same[name] for name in ("uuid", "flavor", "image_uuid", "key_name")})
    data.update({"host": "cmp2", **fields})
    return found


def hear(ears, found, seconds=0):
    """Dispatch a message that was sent so long after noon."""
    ears.hear(found["publisher_id"], found["event_type"], found["payload"], seconds=seconds)


def known(ears):
    """Return the server in the model."""
    return ears.collector.cluster_data_model.get(RECORD.ref)


def at(second):
    """Return a time as messages have it."""
    return f"2026-11-21T12:00:{second:02}Z"


def test_an_older_message_does_not_overwrite_a_newer_one(ears):
    """By its own date an older message changes nothing."""
    hear(ears, message(state="stopped", updated_at=at(20)))
    hear(ears, message("instance.power_on.start", state="active", updated_at=at(10)), 1)
    assert known(ears).status == "SHUTOFF"


def test_an_older_message_without_a_date_has_the_server_read(ears, cloud):
    """By the time of sending it is older: the cloud is asked."""
    hear(ears, message(state="stopped", updated_at=None), 20)
    hear(ears, message(state="active", updated_at=None), 10)
    assert known(ears).status == "SHUTOFF"
    cloud.change(RECORD.ref, status="PAUSED")
    ears.collector.read_touched()
    assert known(ears).status == "PAUSED"


def test_a_late_message_does_not_bring_a_deleted_server_back(ears, cloud):
    """Not before it is read, and then only if it is there."""
    del cloud.records[RECORD.ref]
    gone = message("instance.delete.end", state="deleted", deleted_at=at(5))
    hear(ears, gone, 5)
    for seconds in (1, 6):
        hear(ears, message(state="active"), seconds)
        hear(ears, test_messages.captured("instance.create.end"), seconds)
        assert known(ears) is None
    ears.collector.read_touched()
    assert known(ears) is None


def test_messages_are_applied_in_their_order(ears):
    """Of many in a row the last stands."""
    for second in range(50):
        state = ("active", "stopped")[second % 2]
        hear(ears, message(state=state, updated_at=at(second)), second)
    assert known(ears).status == "SHUTOFF"


def test_no_message_waits_for_a_listing(ears, cloud):
    """While a listing hangs, messages are applied."""
    cloud.gate, cloud.arrived = threading.Event(), threading.Event()
    listing = threading.Thread(target=ears.collector.synchronize)
    listing.start()
    try:
        assert cloud.arrived.wait(10)
        hear(ears, message(state="stopped"))
        assert known(ears).status == "SHUTOFF"
    finally:
        cloud.gate.set()
        listing.join()


def test_what_was_told_during_a_listing_stands(ears, cloud):
    """The listing that was asked for before does not undo it."""
    cloud.gate, cloud.arrived = threading.Event(), threading.Event()
    listing = threading.Thread(target=ears.collector.synchronize)
    listing.start()
    assert cloud.arrived.wait(10)
    hear(ears, message(state="stopped"))
    cloud.gate.set()
    listing.join()
    assert known(ears).status == "SHUTOFF"


def test_what_waited_for_a_listing_does_not_undo_it(ears, cloud):
    """A message from before it, dispatched after it, neither stands nor is read."""
    cloud.change(RECORD.ref, status="PAUSED")
    ears.now = NOON + datetime.timedelta(minutes=10)
    ears.collector.synchronize()
    hear(ears, message(state="stopped"), 1)
    hear(ears, message("instance.delete.end", state="deleted", deleted_at=at(5)), 5)
    assert ears.collector.read_touched() == 0
    assert known(ears).status == "PAUSED"


def test_a_listing_that_fails_keeps_the_last_model(ears, cloud):
    """The records stay, marked, and messages go on changing them."""
    cloud.broken["compute.server"] = exceptions.ListingIncomplete("compute.server", "no")
    ears.collector.synchronize()
    assert known(ears) is not None
    assert not ears.collector.cluster_data_model.trust["compute.server"].is_fresh
    hear(ears, message(state="stopped"))
    assert known(ears).status == "SHUTOFF"


def test_half_a_listing_is_none(ears, cloud):
    """What fails on the way changes no record."""
    cloud.add(resources.Resource(ref=answers.ref("compute.server", "2"), details=RECORD.details))
    cloud.broken["compute.server"] = exceptions.ListingIncomplete("compute.server", "page 2")
    ears.collector.synchronize()
    assert [one.ref for one in ears.collector.cluster_data_model.of_kind("compute.server")] == [
        RECORD.ref
    ]


def test_hosts_are_found_by_their_whole_name(ears):
    """The servers of compute-1 are not those of compute-10."""
    hear(ears, message(host="compute-10"))
    model = ears.collector.cluster_data_model
    assert [one.ref for one in model.on_host("compute-10")] == [RECORD.ref]
    assert list(model.on_host("compute-1")) == []


def test_servers_without_a_host_are_in_the_model(ears, cloud):
    """What failed in scheduling, or was shelved, is listed like the rest."""
    other = resources.Resource(ref=answers.ref("compute.server", "2"), details=RECORD.details)
    cloud.add(other)
    ears.collector.synchronize()
    assert ears.collector.cluster_data_model.get(other.ref) == other


def test_a_message_without_a_host_takes_the_server_off_its_host(ears):
    """All of the message counts, and nothing of the old place stays."""
    hear(ears, message(host=None, state="shelved_offloaded", availability_zone=None))
    found = known(ears)
    assert (found.status, found.host, found.details["zone"]) == ("SHELVED_OFFLOADED", None, "")
    assert list(ears.collector.cluster_data_model.on_host("cmp2")) == []


def test_a_model_that_was_taken_is_never_torn(ears):
    """No message changes what somebody reads."""
    model = ears.collector.get_latest_cluster_data_model()
    before = model.get(RECORD.ref)
    hear(ears, message(state="stopped", host="cmp1", display_name="new"))
    assert model.get(RECORD.ref) is before
    assert (before.status, before.host) == ("ACTIVE", "cmp2")


def test_whoever_reads_meanwhile_finds_all_or_nothing_of_a_change(ears):
    """A server that moves again and again is on exactly one host at any moment."""
    is_over, seen = threading.Event(), set()

    def look():
        while not is_over.is_set():
            model = ears.collector.get_latest_cluster_data_model()
            hosts = [host for host in ("cmp1", "cmp2") if list(model.on_host(host))]
            seen.add((*hosts, model.get(RECORD.ref).host))

    looking = threading.Thread(target=look)
    looking.start()
    for second in range(500):
        hear(ears, message(host=("cmp1", "cmp2")[second % 2], updated_at=None), second)
    is_over.set()
    looking.join()
    assert seen <= {("cmp1", "cmp1"), ("cmp2", "cmp2")}


def test_many_who_ask_at_once_cost_one_listing(cloud):
    """The first of them lists, the others wait for it."""
    ears = ears_of(cloud)
    cloud.gate, cloud.arrived = threading.Event(), threading.Event()
    asking = [threading.Thread(target=ears.collector.fill) for _ in range(8)]
    for one in asking:
        one.start()
    assert cloud.arrived.wait(10)
    cloud.gate.set()
    for one in asking:
        one.join()
    assert cloud.listed.count("compute.server") == 1


def test_before_anything_is_known_a_model_is_there(cloud):
    """It is empty, not to be believed, and messages come into it."""
    ears = ears_of(cloud)
    model = ears.collector.get_latest_cluster_data_model()
    assert list(model) == []
    assert not any(trust.is_fresh for trust in model.trust.values())
    hear(ears, test_messages.captured("instance.create.end"))
    assert known(ears) == RECORD


def test_taking_the_model_makes_nothing(ears, caplog):
    """It is the same value until something changes, and nothing is written of it."""
    caplog.set_level("DEBUG")
    model = ears.collector.get_latest_cluster_data_model()
    assert ears.collector.get_latest_cluster_data_model() is model
    assert caplog.records == []


def test_a_new_server_on_an_unknown_host_is_whole(ears):
    """Its record is complete, and the hypervisor is sought."""
    new = test_messages.captured("instance.create.end", uuid="new", host="nobody-knows-it")
    hear(ears, new)
    found = ears.collector.cluster_data_model.get(answers.ref("compute.server", "new"))
    assert (found.name, found.host) == (RECORD.name, "nobody-knows-it")


def test_only_the_compute_service_concerns_a_hypervisor(ears, cloud):
    """A conductor of the same host that goes takes nothing with it."""
    hypervisor = resources.Resource(ref=answers.ref("compute.hypervisor", "h"), host="cmp2")
    cloud.add(hypervisor)
    ears.collector.synchronize()
    gone = test_messages.captured("service.create", binary="nova-conductor", host="cmp2")
    gone["event_type"] = "service.delete"
    del cloud.records[hypervisor.ref]
    hear(ears, gone)
    ears.collector.read_touched()
    assert ears.collector.cluster_data_model.get(hypervisor.ref) == hypervisor


def test_servers_stay_on_a_host_that_loses_its_service(ears, cloud):
    """The hypervisor is gone when the cloud says so; its servers are where they were."""
    hypervisor = resources.Resource(ref=answers.ref("compute.hypervisor", "h"), host="cmp2")
    cloud.add(hypervisor)
    ears.collector.synchronize()
    gone = test_messages.captured("service.create", host="cmp2")
    gone["event_type"] = "service.delete"
    del cloud.records[hypervisor.ref]
    hear(ears, gone)
    ears.collector.read_touched()
    model = ears.collector.cluster_data_model
    assert [one.ref for one in model.on_host("cmp2")] == [RECORD.ref]


def test_why_a_listing_failed_is_told_as_it_was(ears, cloud):
    """No other error stands in front of the cause, and the next listing counts again."""
    cause = exceptions.ServiceUnreachable("compute", "http://nova", "connection refused")
    cloud.broken["compute.server"] = cause
    ears.collector.synchronize()
    assert ears.collector.cluster_data_model.trust["compute.server"].reason == str(cause)
    del cloud.broken["compute.server"]
    ears.collector.synchronize()
    assert ears.collector.cluster_data_model.trust["compute.server"].is_fresh


def test_what_is_asked_for_does_not_change_the_model(ears, cloud):
    """There is one model of all; questions of different scope take turns on it."""
    model = ears.collector.get_latest_cluster_data_model()
    cloud.listed.clear()
    assert list(model.of_project("nobody's")) == []
    assert [one.ref for one in model.on_host("cmp2")] == [RECORD.ref]
    assert ears.collector.get_latest_cluster_data_model() is model
    assert cloud.listed == []


def test_nobody_waits_for_a_reader(ears, cloud):
    """In the midst of a model, messages and listings go on, and the reader has what he had."""
    reading = iter(ears.collector.get_latest_cluster_data_model())
    hear(ears, message(state="stopped"))
    del cloud.records[RECORD.ref]
    ears.now = NOON + datetime.timedelta(hours=1)
    ears.collector.synchronize()
    assert known(ears) is None
    assert next(reading) == RECORD


def test_a_message_asks_the_cloud_nothing(ears, cloud):
    """All requests are the fetcher's."""
    cloud.log.clear()
    for found in test_messages.SAMPLES:
        hear(ears, found)
    assert cloud.log == []


def test_a_miss_is_no_error(ears, caplog):
    """A server that nobody knows is read, without a word."""
    hear(ears, message(uuid="unknown"))
    assert caplog.records == []


def test_post_end_of_a_live_migration_has_the_server_read(ears):
    """Its sender is the host that the server has left."""
    hear(ears, message("instance.live_migration_post.end", host="cmp1", updated_at=at(59)))
    assert known(ears).host == "cmp2"


def test_a_new_server_in_a_dead_ones_place_comes_when_it_is_read(ears, cloud):
    """After a deletion that was undone the reading tells."""
    ears.collector.apply(changes.Deleted(RECORD.ref, NOON))
    hear(ears, message(state="active"), 60)
    ears.collector.read_touched()
    assert known(ears) == RECORD
    assert cloud.records[RECORD.ref] == RECORD
