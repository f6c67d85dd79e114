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
"""A collector keeps the model of its kinds, whatever fails and whoever asks."""

import datetime
import threading

import pytest

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import kinds
from cleanupd.services.base import collector
from cleanupd.services.base import notification
from tests.unit.core import sample
from tests.unit.engine import fakes

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
LATER = NOON + datetime.timedelta(hours=1)


class Handler(notification.NotificationHandler):
    """Handles nothing."""

    PUBLISHER_ID = "^nova"
    model_collector = None

    def __init__(self, trouble=None):
        """Remember messages, or raise."""
        self.seen = []
        self.trouble = trouble

    def handle(self, message):
        """Remember the event type."""
        if self.trouble:
            raise self.trouble
        self.seen.append(message.event_type)


class Collector(collector.BaseClusterModelCollector):
    """Collects the kinds of the sample's network."""

    SERVICE = "network"
    notification_handler = Handler()


def message(event_type="instance.update", publisher_id="nova-api:one"):
    """Return a message without a payload."""
    return notification.Message(publisher_id, event_type, {}, NOON)


def port(id_="1", **fields):
    """Return a port."""
    return sample.record("network.port", id_, **fields)


@pytest.fixture
def cloud():
    """Give a cloud with a port."""
    return fakes.FakeCloud().add(port(project_id="p"))


@pytest.fixture
def collecting(cloud):
    """Give a collector of ports that has listed them at noon."""
    found = make(cloud)
    found.synchronize()
    return found


def make(cloud, **more):
    """Return a collector of ports that has not listed anything."""
    managers = {"network.port": fakes.make_managers()["network.port"]}
    return Collector(cloud, managers, lambda: NOON, **more)


def ids(collecting):
    """Return the ids of the ports that it knows."""
    return sorted(r.ref.id for r in collecting.get_latest_cluster_data_model())


def test_nothing_is_known_before_the_first_listing(cloud):
    """The model is there from the beginning, empty, and not to be believed."""
    found = make(cloud)
    assert ids(found) == []
    assert not found.cluster_data_model.trust["network.port"].is_fresh


def test_a_listing_fills_the_model(collecting):
    """What is listed is in the model, which is fresh as of the request."""
    assert ids(collecting) == ["1"]
    trust = collecting.cluster_data_model.trust["network.port"]
    assert (trust.reason, trust.listed_at) == (None, NOON)


def test_a_model_that_was_read_never_changes(collecting, cloud):
    """Whoever holds a model has it as it was."""
    held = collecting.get_latest_cluster_data_model()
    cloud.add(port("2"))
    collecting.synchronize()
    assert [r.ref.id for r in held] == ["1"]
    assert ids(collecting) == ["1", "2"]


@pytest.mark.parametrize(
    "error",
    [exceptions.ServiceUnreachable("network", "http://n", "gone"), ValueError("a bug")],
)
def test_a_failure_keeps_the_last_records(collecting, cloud, error):
    """They stay, as of when they were listed, with the reason why they are not fresh."""
    cloud.broken["network.port"] = error
    collecting.synchronize()
    assert ids(collecting) == ["1"]
    trust = collecting.cluster_data_model.trust["network.port"]
    assert str(error) in trust.reason or repr(error) in trust.reason
    assert trust.listed_at == NOON


def test_short_lists_are_not_believed(cloud):
    """A token that may not see all projects makes a list that counts for nothing."""
    cloud.blindness = "the token lacks the role admin"
    found = make(cloud)
    found.synchronize()
    assert (
        found.cluster_data_model.trust["network.port"].reason == "the token lacks the role admin"
    )


def test_what_shrinks_waits_for_a_second_listing(cloud):
    """A listing that lacks most of what was known counts when it is confirmed."""
    cloud.add(*(port(str(number)) for number in range(100)))
    found = make(cloud)
    found.synchronize()
    cloud.records = {ref: r for ref, r in cloud.records.items() if ref.id == "1"}
    found.synchronize()
    assert len(ids(found)) == 100
    assert "lacks 99 of 100" in found.cluster_data_model.trust["network.port"].reason
    found.synchronize()
    assert ids(found) == ["1"]
    assert found.cluster_data_model.trust["network.port"].is_fresh


def test_messages_change_the_model(collecting):
    """What is updated is there, what is deleted is not, without any request."""
    collecting.apply(changes.Updated(port("2"), LATER))
    assert ids(collecting) == ["1", "2"]
    collecting.apply(changes.Deleted(port("1").ref, LATER))
    assert ids(collecting) == ["2"]
    assert collecting.read_touched() == 0


def test_what_the_bus_tells_stirs_workloads(cloud):
    """Something new of theirs does, also what is gone by now; what is told again does not."""
    cloud.add(port("2", name="s_2"))
    found = make(cloud, find_part=lambda _, record: record.name and record.name[2:])
    found.synchronize()
    known = found.cluster_data_model.get(port("2").ref)
    found.apply(changes.Updated(known, LATER))
    found.apply(changes.Touched(known.ref))
    found.apply(changes.Deleted(port("9").ref, LATER))
    assert found.take_stirred() == frozenset()
    found.apply(changes.Updated(port("3", name="s_3"), LATER))
    found.apply(changes.Deleted(port("2").ref, LATER))
    assert found.take_stirred() == {"2", "3"}
    assert found.take_stirred() == frozenset()


def test_what_was_touched_is_read(collecting, cloud):
    """The fetcher tells what a message did not."""
    cloud.add(port("2", name="new"))
    collecting.apply(changes.Touched(port("2").ref))
    collecting.apply(changes.Touched(port("3").ref))
    assert ids(collecting) == ["1"]
    assert collecting.read_touched() == 2
    assert ids(collecting) == ["1", "2"]


def test_what_cannot_be_read_stays_touched(collecting, cloud):
    """A failed reading is made again."""
    manager = collecting.managers["network.port"]
    working, error = manager.read, exceptions.ServiceUnreachable("network", "http://n", "gone")

    def fail(_self):
        raise error

    cloud.add(port("2"))
    collecting.apply(changes.Touched(port("2").ref))
    manager.read = fail
    assert collecting.read_touched() == 1
    manager.read = working
    assert collecting.read_touched() == 1
    assert ids(collecting) == ["1", "2"]


@pytest.mark.parametrize("bug", [ValueError("a bug"), None])
def test_a_bug_of_a_plugin_costs_one_reading(collecting, cloud, bug, caplog):
    """Whatever it raises or returns, the others are read, and it is tried again."""
    manager = collecting.managers["network.port"]
    working = manager.read

    def fail(self):
        if self.resource.ref.id != "2":
            return working(self)
        if bug is not None:
            raise bug
        return "no resource"

    cloud.add(port("2"), port("3"))
    for id_ in ("2", "3"):
        collecting.apply(changes.Touched(port(id_).ref))
    manager.read = fail
    assert collecting.read_touched() == 2
    assert (ids(collecting), collecting.touched, collecting.unread) == (["1", "3"], 1, 1)
    assert "The plugin of network.port failed" in caplog.text
    manager.read = working
    collecting.read_touched()
    assert ids(collecting) == ["1", "2", "3"]


def test_a_bug_in_a_listing_is_not_taken_for_a_listing(collecting, caplog):
    """A plugin that lists what is no resource keeps its last records, and is told."""
    collecting.managers["network.port"].list = lambda _cloud, _listings: iter(["no resource"])
    collecting.synchronize()
    assert ids(collecting) == ["1"]
    assert "its plugin failed" in collecting.cluster_data_model.trust["network.port"].reason
    assert "Traceback" in caplog.text


def test_what_is_touched_while_it_is_read_is_read_again(collecting, cloud):
    """An answer that may be older than a message is not the last word."""
    manager = collecting.managers["network.port"]
    working = manager.read

    def read(self):
        found = working(self)
        manager.read = working
        collecting.apply(changes.Touched(port("1").ref))
        return found

    manager.read = read
    collecting.apply(changes.Touched(port("1").ref))
    assert collecting.read_touched() == 1
    assert collecting.read_touched() == 1
    assert collecting.read_touched() == 0


def test_many_touched_ones_are_listed(collecting, cloud):
    """Where more were touched than are worth a request each, all of the kind are listed."""
    many = [port(str(number)) for number in range(200)]
    cloud.add(*many)
    for record in many:
        collecting.apply(changes.Touched(record.ref))
    cloud.log.clear()
    collecting.read_touched()
    assert cloud.log == []
    assert len(ids(collecting)) == 200


def test_a_message_is_not_kept_waiting_by_a_listing(collecting, cloud):
    """While pages are on their way, messages are applied, and stand against the listing."""
    manager, listing, go_on = (
        collecting.managers["network.port"],
        threading.Event(),
        threading.Event(),
    )
    working = manager.list

    def slow(cloud, listings):
        found = list(working(cloud, listings))
        listing.set()
        assert go_on.wait(10)
        return iter(found)

    manager.list = slow
    thread = threading.Thread(target=collecting.synchronize)
    thread.start()
    assert listing.wait(10)
    collecting.apply(changes.Updated(port("2"), LATER))
    collecting.apply(changes.Deleted(port("1").ref, LATER))
    assert ids(collecting) == ["2"]
    go_on.set()
    thread.join()
    assert ids(collecting) == ["2"]


def test_a_stop_ends_a_listing(collecting, cloud):
    """Half of it is not the model, and no other begins; what was known stays."""
    plugin = collecting.managers["network.port"]
    working, listed = plugin.list, []

    def stopped_midway(cloud, listings):
        for record in working(cloud, listings):
            yield record
            listed.append(record)
            collecting.stop()

    plugin.list = stopped_midway
    cloud.add(port("2"), port("3"))
    collecting.synchronize()
    assert (len(listed), ids(collecting), cloud.is_hurried) == (1, ["1"], True)
    assert "cleanupd stops" in collecting.cluster_data_model.trust["network.port"].reason
    collecting.synchronize()
    assert len(listed) == 1


def test_kinds_of_other_collectors_are_asked_for(cloud):
    """A kind that is listed after another service's waits until that is known."""
    managers = fakes.make_managers()
    keypair = managers["compute.keypair"]
    keypair.KIND = kinds.Kind(
        name="compute.keypair", identity_fields=(), listed_after=("identity.user",)
    )
    known = {}
    found = Collector(cloud, {"compute.keypair": keypair}, lambda: NOON, peers=known.get)
    found.synchronize()
    reason = found.cluster_data_model.trust["compute.keypair"].reason
    assert "identity.user is not known" in reason
    known["identity.user"] = ()
    found.synchronize()
    assert found.cluster_data_model.trust["compute.keypair"].is_fresh


def test_names_are_looked_at_when_they_arrive(cloud):
    """The part of a workload is found in the index."""
    found = make(cloud, find_part=lambda kind, record: f"{kind.name} {record.ref.id}")
    found.synchronize()
    assert [r.ref.id for r in found.cluster_data_model.of_workload("network.port 1")] == ["1"]


def parts(collecting, part):
    """Return the ids of the ports that are found by a part of a workload."""
    return sorted(r.ref.id for r in collecting.cluster_data_model.of_workload(part))


def test_names_can_be_looked_at_in_another_way(collecting, cloud):
    """What is known is found by its new part at the next reading, and what comes later too."""
    held = collecting.cluster_data_model
    collecting.find_parts_by(lambda _, record: f"{record.name} {record.ref.id}")
    collecting.read_touched()
    assert parts(collecting, "None 1") == ["1"]
    collecting.apply(changes.Updated(port("2", name="new"), LATER))
    collecting.apply(changes.Deleted(port("1").ref, LATER))
    assert (parts(collecting, "new 2"), parts(collecting, "None 1")) == (["2"], [])
    assert list(held.of_workload("None 1")) == []


def test_what_is_heard_while_names_are_looked_at_stands(collecting):
    """It takes its time, and no message waits for that."""
    told = [changes.Updated(port("2"), LATER), changes.Deleted(port("1").ref, LATER)]

    def find_part(_, record):
        while told:
            collecting.apply(told.pop())
        return "part"

    collecting.find_parts_by(find_part)
    collecting.read_touched()
    assert ids(collecting) == parts(collecting, "part") == ["2"]


def test_messages_go_to_the_handlers_of_their_publishers():
    """A publisher that nobody wants is counted, and every handler that wants it is called."""
    one, two = Handler(), Handler()
    dispatching = notification.NotificationHandlerManager([one])
    dispatching.dispatch(message())
    dispatching.register(two)
    dispatching.dispatch(message("instance.delete.end"))
    dispatching.dispatch(message(publisher_id="volume.one"))
    assert one.seen == ["instance.update", "instance.delete.end"]
    assert two.seen == ["instance.delete.end"]
    assert (dispatching.counts.handled, dispatching.counts.unwanted) == (3, 1)


def test_a_handler_that_fails_costs_one_message():
    """Unknown types and bugs are counted, and the next message is handled."""
    handler = Handler(exceptions.UnknownEvent("nova-api:one", "instance.sing"))
    dispatching = notification.NotificationHandlerManager([handler])
    dispatching.dispatch(message())
    handler.trouble = KeyError("payload")
    dispatching.dispatch(message())
    handler.trouble = None
    dispatching.dispatch(message())
    assert dispatching.counts == notification.Counts(handled=1, unknown=1, failed=1)
