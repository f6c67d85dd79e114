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
"""What Nova's messages change."""

import copy
import json

import pytest

from cleanupd.core import changes
from cleanupd.services.compute import collector
from cleanupd.services.compute import events
from cleanupd.services.compute import legacy
from cleanupd.services.compute import messages
from cleanupd.services.compute import states
from tests.unit.services import answers
from tests.unit.services import hearing
from tests.unit.services.compute import test_compute

FOLDER = answers.SAMPLES / "notifications" / "compute"
SAMPLES = list(hearing.samples("compute"))
TYPES = json.loads((FOLDER / "event_types.json").read_text(encoding="utf-8"))
STATUSES = json.loads((FOLDER / "statuses.json").read_text(encoding="utf-8"))
HOST = "nova-compute:cmp2"


def is_versioned(message):
    """Whether a captured message has the versioned format."""
    return "nova_object.data" in message["payload"]


def captured(event_type, **fields):
    """Return the last captured message of an event type, with fields of its object changed."""
    found = [copy.deepcopy(one) for one in SAMPLES if one["event_type"] == event_type][-1]
    payload = found["payload"]
    payload.get("nova_object.data", payload).update(fields)
    return found


@pytest.fixture
def ears():
    """Give a collector of Nova's that knows nothing yet."""
    return hearing.Hearing(collector.NovaClusterModelCollector)


def hear(ears, message, seconds=0):
    """Dispatch a captured message, and return what it changed."""
    return ears.hear(
        message["publisher_id"], message["event_type"], message["payload"], seconds=seconds
    )


def server_of(message):
    """Return the record of a captured versioned message's server, as a listing would tell it."""
    told = messages.msgspec.convert(message["payload"]["nova_object.data"], messages.ServerCreated)
    return told.make_record(answers.PLACE)


def known(ears, message, **fields):
    """Have the server of a captured message in the model, changed; return its record."""
    record = messages.msgspec.structs.replace(server_of(message), **fields)
    ears.know(record)
    return record


def get(ears, record):
    """Return what the model has of a server."""
    return ears.get("compute.server", record.ref.id)


def test_every_event_type_is_thought_of():
    """What Nova's code can send is handled or ignored for a reason, and never both."""
    assert set(TYPES["versioned"]) <= events.VERSIONED.keys() | events.IGNORED.keys()
    assert set(TYPES["legacy"]) <= events.LEGACY.keys() | events.IGNORED.keys()
    both = events.VERSIONED.keys() | events.LEGACY.keys()
    assert not both & events.IGNORED.keys()
    assert all(map(events.is_failed_call, TYPES["calls"]))


def test_nothing_is_handled_that_nova_does_not_send():
    """Each event type of the tables is one that Nova's code has."""
    assert events.VERSIONED.keys() <= set(TYPES["versioned"])
    assert events.LEGACY.keys() <= set(TYPES["legacy"])
    assert events.IGNORED.keys() <= {*TYPES["versioned"], *TYPES["legacy"]}


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(ears, message):
    """Each message of a real Nova changes its resource, or is one of those that are ignored."""
    found = hear(ears, message)
    assert ears.manager.counts == hearing.notification.Counts(handled=1)
    table = events.VERSIONED if is_versioned(message) else events.LEGACY
    shape = table.get(message["event_type"])
    is_idle = shape is None or (
        shape is messages.ServiceTouched and found == [("touched", "hypervisor", "cmp2")]
    )
    assert is_idle or len(found) == 1
    assert shape is not None or found == []


@pytest.mark.parametrize(
    "message",
    [one for one in SAMPLES if "uuid" in one["payload"].get("nova_object.data", {})],
    ids=lambda message: message["event_type"],
)
def test_a_captured_message_says_what_a_listing_would(ears, message):
    """A known server is as the message tells, its deletion too."""
    shape = events.VERSIONED.get(message["event_type"])
    if shape is None or not issubclass(shape, messages.ServerTold):
        return
    record = server_of(message)
    known(ears, message, status="OTHER", name="other", host="cmp9")
    hear(ears, message)
    if shape is messages.ServerUpdated:
        record = messages.msgspec.structs.replace(record, updated_at=hearing.NOON)
    assert get(ears, record) == (None if shape is messages.ServerDeleted else record)


def test_an_update_is_dated_by_its_message(ears):
    """Its own date is that of the update before."""
    message = captured("instance.update")
    record = known(ears, message, updated_at=hearing.NOON)
    message["payload"]["nova_object.data"]["updated_at"] = "2026-11-21T12:00:00Z"
    hear(ears, message, seconds=90)
    assert get(ears, record).updated_at == hearing.NOON + hearing.datetime.timedelta(seconds=90)


def test_a_date_that_is_a_second_late_is_no_older_one(ears):
    """The time of a message may be after that of what it tells; the later one stays."""
    message = captured("instance.power_off.end", updated_at="2026-11-21T11:59:59Z")
    record = known(ears, message, updated_at=hearing.NOON, status="OTHER")
    assert [word for word, _, _ in hear(ears, message, seconds=9)] == ["updated"]
    assert (get(ears, record).status, get(ears, record).updated_at) == ("SHUTOFF", hearing.NOON)


def test_an_older_server_is_read_when_something_is_done(ears):
    """What begins is told again when it ends; what ended is not."""
    message = captured("instance.power_off.end", updated_at="2026-11-21T11:00:00Z")
    known(ears, message, updated_at=hearing.NOON)
    assert [word for word, _, _ in hear(ears, message, seconds=9)] == ["touched"]
    message["event_type"] = "instance.power_off.start"
    assert hear(ears, message, seconds=10) == []


def test_unknown_messages_are_counted(ears):
    """An event type that no Nova sends is counted, and changes nothing."""
    assert ears.hear(HOST, "instance.dance", {"nova_object.data": {}}) == []
    assert ears.hear("compute.cmp2", "compute.instance.dance", {}) == []
    assert ears.manager.counts.unknown == 2


def test_a_call_that_failed_changes_nothing(ears):
    """Nova names such messages like the function; they are no unknown ones."""
    payload = {"exception": "x", "args": {}}
    assert ears.hear("compute.cmp2", "build_and_run_instance", payload) == []
    assert ears.manager.counts.handled == 1


@pytest.mark.parametrize("state", STATUSES)
def test_the_status_is_what_the_api_shows(state):
    """For each state and each task."""
    found = {task: states.find_status(state, task or None) for task in STATUSES[state]}
    assert found == STATUSES[state]


def test_a_state_of_a_later_nova_is_unknown():
    """As Nova itself has it."""
    assert states.find_status("dancing", None) == "UNKNOWN"
    assert states.find_status(None, None) == "UNKNOWN"


def test_a_message_says_what_a_listing_says(ears):
    """The record from the message about a new server is the one that a listing would give."""
    message = captured("instance.create.end")
    hear(ears, message)
    found = get(ears, server_of(message))
    data = message["payload"]["nova_object.data"]
    assert found == test_compute.server(
        id=data["uuid"],
        name=data["display_name"],
        tenant_id=data["tenant_id"],
        user_id=data["user_id"],
        created=data["created_at"],
        updated=data["updated_at"],
        flavor={"original_name": data["flavor"]["nova_object.data"]["name"]},
        image={"id": data["image_uuid"]},
        key_name=data["key_name"],
        locked=False,
        **{
            "OS-SRV-USG:launched_at": data["launched_at"],
            "OS-EXT-STS:task_state": None,
            "OS-EXT-SRV-ATTR:host": data["host"],
            "OS-EXT-AZ:availability_zone": data["availability_zone"],
            "os-extended-volumes:volumes_attached": [],
        },
    )


def test_a_new_server_whose_volumes_are_not_told_is_read(ears):
    """Nova sends volumes only where it is told to."""
    message = captured("instance.create.end", block_devices=None)
    assert [word for word, _, _ in hear(ears, message)] == ["touched"]


def test_an_unknown_server_is_read(ears):
    """What an update lacks of a server that nobody knows is not made up."""
    assert [word for word, _, _ in hear(ears, captured("instance.update"))] == ["touched"]


def test_volumes_stay_where_they_are_not_told(ears):
    """An update without volumes leaves those that are known."""
    attached = captured("instance.volume_attach.end")
    record = known(ears, attached)
    assert any(edge.target.kind == "block_storage.volume" for edge in record.edges)
    message = captured("instance.power_off.end", block_devices=None, uuid=record.ref.id)
    data = attached["payload"]["nova_object.data"]
    same = {name: data[name] for name in ("flavor", "image_uuid", "key_name", "host")}
    message["payload"]["nova_object.data"].update(same)
    assert [word for word, _, _ in hear(ears, message)] == ["updated"]
    assert get(ears, record).edges == record.edges
    assert get(ears, record).status == "SHUTOFF"


def test_volumes_that_came_are_read(ears):
    """Volumes come in several steps, of which a message may tell any."""
    attached = captured("instance.volume_attach.end")
    record = known(ears, attached, edges=server_of(captured("instance.create.end")).edges)
    attached["event_type"] = "instance.power_off.end"
    assert [word for word, _, _ in hear(ears, attached)] == ["updated", "touched"]
    assert get(ears, record).edges == record.edges


def test_volumes_in_another_order_are_the_same(ears):
    """Nova sends volumes in no order."""
    attached = captured("instance.volume_attach.end")
    seal = attached["payload"]["nova_object.data"]["block_devices"]
    other = copy.deepcopy(seal[0])
    other["nova_object.data"]["volume_id"] = "0d9b2cf9-0000-4000-8000-000000000001"
    seal.append(other)
    known(ears, attached)
    seal.reverse()
    attached["event_type"] = "instance.power_off.end"
    assert [word for word, _, _ in hear(ears, attached)] == ["updated"]


def test_another_flavor_is_read(ears):
    """A resize changes what a server is tied to."""
    message = captured("instance.resize_finish.end")
    record = known(ears, message, edges=server_of(captured("instance.create.end")).edges)
    assert [word for word, _, _ in hear(ears, message)] == ["updated", "touched"]
    assert get(ears, record).status == "VERIFY_RESIZE"


@pytest.mark.parametrize("event", ["instance.lock", "instance.unlock"])
def test_locks_are_told(ears, event):
    """Both directions."""
    message = captured("instance.power_off.end", locked=event == "instance.lock")
    known(ears, message)
    message["event_type"] = event
    hear(ears, message)
    assert get(ears, server_of(message)).details["locked"] is (event == "instance.lock")


def test_a_deletion_that_failed_is_no_deletion(ears):
    """Nova's API says delete.end in any case; then the server has no date of deletion."""
    message = captured("instance.delete.end", deleted_at=None)
    record = known(ears, message)
    assert [word for word, _, _ in hear(ears, message)] == ["touched"]
    assert get(ears, record) is not None


def test_groups_of_a_deleted_server_are_read(ears):
    """Nova tells no members that are deleted."""
    message = captured("instance.delete.end")
    record = known(ears, message)
    group = messages.msgspec.convert(
        {
            "id": "g",
            "name": "n",
            "project_id": "p",
            "user_id": "u",
            "policy": "x",
            "members": [record.ref.id],
        },
        collector.kinds.ServerGroup,
    )
    ears.know(collector.kinds.parse_server_group(group, answers.PLACE))
    assert hear(ears, message)[1:] == [("touched", "server_group", "g")]


def test_a_versioned_message_makes_its_legacy_twin_idle(ears):
    """Where Nova sends both, the legacy message changes nothing."""
    versioned, twin = (
        captured("instance.power_off.end"),
        captured("compute.instance.power_off.end"),
    )
    known(ears, versioned)
    assert [word for word, _, _ in hear(ears, versioned)] == ["updated"]
    assert hear(ears, twin, seconds=1) == []
    assert [word for word, _, _ in hear(ears, twin, seconds=700)] == ["updated"]


def test_a_legacy_deletion_counts_beside_a_versioned_one(ears):
    """Nova tells forced deletions in the legacy format only."""
    hear(ears, captured("instance.power_off.end"))
    message = captured("compute.instance.delete.end")
    message["event_type"] = "compute.instance.force_delete.end"
    assert [word for word, _, _ in hear(ears, message, seconds=1)] == ["deleted"]


def test_a_legacy_message_is_laid_over_what_is_known(ears):
    """State, task, name, host and date of launch are told, the rest stays."""
    record = known(ears, captured("instance.power_on.end"))
    message = captured("compute.instance.power_off.end", display_name="new")
    assert [word for word, _, _ in hear(ears, message, seconds=3)] == ["updated"]
    after = get(ears, record)
    assert (after.name, after.status, after.host) == ("new", "SHUTOFF", record.host)
    assert after.updated_at == hearing.NOON + hearing.datetime.timedelta(seconds=3)
    assert (after.launched_at, after.edges) == (record.launched_at, record.edges)


def test_a_legacy_message_from_another_host_moves_the_server(ears):
    """No message tells the zone of the new host: the server is read too."""
    record = known(ears, captured("instance.power_on.end"), host="cmp9")
    message = captured("compute.instance.power_off.end")
    assert [word for word, _, _ in hear(ears, message)] == ["updated", "touched"]
    assert get(ears, record).host == "cmp2"


def test_a_legacy_update_of_nothing_is_of_something_else(ears):
    """A legacy update that changes nothing which it tells, such as a lock, is read."""
    record = known(ears, captured("instance.power_off.end"))
    message = captured("compute.instance.power_off.end")
    message["event_type"] = "compute.instance.update"
    found = hear(ears, message)
    assert found == [("updated", "server", record.ref.id), ("touched", "server", record.ref.id)]


def test_a_server_that_was_not_launched_has_no_date_of_it(ears):
    """The legacy format has an empty text there."""
    update = captured("instance.update")
    record = known(ears, update)
    hear(ears, captured("compute.instance.update", instance_id=record.ref.id, launched_at=""))
    assert get(ears, record).launched_at is None


def test_a_legacy_message_with_another_image_is_read(ears):
    """After a rebuild the server is of another image."""
    record = known(ears, captured("instance.power_off.end"))
    message = captured("compute.instance.power_off.end", image_ref_url="http://image/images/other")
    assert [word for word, _, _ in hear(ears, message)] == ["updated", "touched"]
    assert get(ears, record).edges == record.edges


def test_a_flavor_is_told(ears):
    """A flavor comes, changes and goes."""
    message = captured("flavor.create")
    hear(ears, message)
    id_ = message["payload"]["nova_object.data"]["flavorid"]
    found = ears.get("compute.flavor", id_)
    assert (found.name, found.details) == ("s_rally_e1caf5b6_1X9jalXX", {"is_public": True})
    message["payload"]["nova_object.data"]["is_public"] = False
    message["event_type"] = "flavor.update"
    hear(ears, message, seconds=1)
    assert ears.get("compute.flavor", id_).details == {"is_public": False}
    message["event_type"] = "flavor.delete"
    hear(ears, message, seconds=2)
    assert ears.get("compute.flavor", id_) is None


def test_a_keypair_is_told(ears):
    """A keypair of its user comes and goes."""
    found = [one for one in SAMPLES if one["event_type"] == "keypair.create.end"]
    versioned = copy.deepcopy(next(filter(is_versioned, found)))
    data = versioned["payload"]["nova_object.data"]
    hear(ears, versioned)
    id_ = f"{data['user_id']}/{data['name']}"
    assert ears.get("compute.keypair", id_).details == {
        "type": "ssh",
        "fingerprint": data["fingerprint"],
    }
    versioned["event_type"] = "keypair.delete.end"
    hear(ears, versioned, seconds=2)
    assert ears.get("compute.keypair", id_) is None


@pytest.mark.parametrize("action", ["create", "import", "delete"])
def test_whose_keypair_it_is_no_legacy_message_tells(ears, action):
    """It names who asked, who may be an administrator: the keypair is read."""
    message = captured("keypair.delete.end")
    message["event_type"] = f"keypair.{action}.end"
    assert [word for word, _, _ in hear(ears, message)] == ["touched"]


def test_a_server_group_is_told(ears):
    """A new group has no members; later ones are read."""
    message = captured("server_group.create")
    hear(ears, message)
    id_ = message["payload"]["nova_object.data"]["uuid"]
    assert ears.get("compute.server_group", id_).details == {"policy": "anti-affinity"}
    message["event_type"] = "server_group.add_member"
    assert hear(ears, message, seconds=1) == [("touched", "server_group", id_)]
    message["event_type"] = "server_group.delete"
    assert hear(ears, message, seconds=2) == [("deleted", "server_group", id_)]


def test_a_group_without_its_policy_is_read(ears):
    """Before Rocky a group had policies."""
    message = captured("server_group.create", policy=None)
    assert [word for word, _, _ in hear(ears, message)] == ["touched"]


@pytest.mark.parametrize("prefix", ["", "legacy"])
def test_an_aggregate_is_read_and_deleted(ears, prefix):
    """No message tells the dates of an aggregate; that it is gone both formats tell."""
    found = [one for one in SAMPLES if one["event_type"] == "aggregate.create.end"]
    message = copy.deepcopy(next(one for one in found if is_versioned(one) == (prefix == "")))
    assert hear(ears, message) == [("touched", "aggregate", "1")]
    message["event_type"] = "aggregate.delete.end"
    assert hear(ears, message) == [("deleted", "aggregate", "1")]


@pytest.mark.parametrize("binary", ["nova-compute", "nova-conductor"])
def test_only_the_compute_service_is_a_hypervisors(ears, binary):
    """What happens to another service of the same host is nothing to a hypervisor."""
    message = captured("service.create", binary=binary)
    for event in ("service.create", "service.update", "service.delete"):
        message["event_type"] = event
        found = [("touched", "hypervisor", "cmp1")] if binary == "nova-compute" else []
        assert hear(ears, message) == found


def test_a_host_that_is_switched_off_is_looked_at(ears):
    """The old API of hosts tells so in the legacy format only."""
    payload = {"host_name": "cmp1", "enabled": False}
    found = ears.hear("api.cmp1_", "HostAPI.set_enabled.end", payload)
    assert found == [("touched", "hypervisor", "cmp1")]


def test_a_malformed_message_changes_nothing(ears):
    """A payload that is not Nova's fails alone."""
    assert ears.hear(HOST, "instance.update", {"nova_object.data": {"uuid": 1}}) == []
    assert ears.hear(HOST, "flavor.create", {"nova_object.data": {}}) == []
    assert ears.hear("compute.cmp2", "compute.instance.update", {}) == []
    assert ears.manager.counts.failed == 3


def test_the_server_of_a_malformed_message_is_read(ears):
    """A later Nova may tell a server in another form; which one it is, it will tell."""
    found = ears.hear(HOST, "instance.update", {"nova_object.data": {"uuid": "1"}})
    assert found == [("touched", "server", "1")]
    assert ears.manager.counts.failed == 1


def test_the_model_is_the_collectors():
    """The handler says whose model it changes."""
    ears = hearing.Hearing(collector.NovaClusterModelCollector)
    assert ears.collector.notification_handler.model_collector is ears.collector
    assert issubclass(legacy.ServerDeleted, legacy.Server)
    assert changes.Touched(answers.ref("compute.server", "1")).sent_at is None
