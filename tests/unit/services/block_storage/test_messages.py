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
"""What Cinder's messages change."""

import pytest

from cleanupd.services.block_storage import collector
from cleanupd.services.block_storage import kinds
from cleanupd.services.block_storage import notifications
from tests.unit.services import answers
from tests.unit.services import hearing

HANDLER = notifications.CinderNotificationHandler
PUBLISHER = "volume.ctl@file1"
SAMPLES = list(hearing.samples("block_storage"))
CREATED = next(one["payload"] for one in SAMPLES if one["event_type"] == "volume.create.end")
SNAPSHOT = next(one["payload"] for one in SAMPLES if one["event_type"] == "snapshot.create.end")
BACKUP = next(one["payload"] for one in SAMPLES if one["event_type"] == "backup.create.end")
VOLUME = CREATED["volume_id"]


@pytest.fixture
def ears():
    """Give a collector of Cinder's that knows nothing yet."""
    return hearing.Hearing(collector.CinderClusterModelCollector)


def volume(**fields):
    """Return the record of a volume."""
    fields = {"id": VOLUME, "attachments": [], **fields}
    item = answers.sampled("block_storage/volumes", "volumes") | fields
    return kinds.parse_volume(hearing.decode(item, kinds.Volume), answers.PLACE)


def snapshot(**fields):
    """Return the record of a snapshot."""
    item = answers.sampled("block_storage/snapshots", "snapshots") | fields
    return kinds.parse_snapshot(hearing.decode(item, kinds.Snapshot), answers.PLACE)


def transfer(**fields):
    """Return the record of a transfer."""
    item = answers.sampled("block_storage/transfers", "transfers") | fields
    return kinds.parse_transfer(hearing.decode(item, kinds.Transfer), answers.PLACE)


def volume_type(**fields):
    """Return the record of a volume type."""
    item = answers.sampled("block_storage/volume_types", "volume_types") | fields
    return kinds.parse_volume_type(hearing.decode(item, kinds.VolumeType), answers.PLACE)


def test_every_event_type_is_thought_of():
    """What Cinder's code can send is handled or ignored for a reason, and never both."""
    known = HANDLER.EVENTS.keys() | HANDLER.IGNORED.keys()
    assert hearing.event_types("block_storage") == known - notifications.ignored.FOREIGN.keys()
    assert not HANDLER.EVENTS.keys() & HANDLER.IGNORED.keys()


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(ears, message):
    """Each message of a real Cinder says what its event type promises."""
    payload, event_type = message["payload"], message["event_type"]
    found = ears.hear(message["publisher_id"], event_type, payload)
    assert ears.manager.counts == hearing.notification.Counts(handled=1)
    if event_type in HANDLER.IGNORED or message["priority"] == "ERROR":
        assert found == []
        return
    word, _, rest = event_type.partition(".")
    kind, id_ = {
        "volume_type": lambda: ("volume_type", payload["volume_types"]["id"]),
        "volume_type_project": lambda: ("volume_type", payload["volume_type_id"]),
        "qos_specs": lambda: ("qos_spec", payload.get("id", "")),
    }.get(word, lambda: (word, payload[f"{word}_id"]))()
    assert found[0] == ("deleted" if rest in {"delete", "delete.end"} else "touched", kind, id_)


def test_what_is_told_is_laid_over_what_is_known(ears):
    """Name, status and size are as told, what is not told stays; the last change is now."""
    known = volume(name="old", status="available", snapshot_id="s1", size=1)
    ears.know(known)
    told = CREATED | {"display_name": "new", "status": "extending", "size": 2}
    assert ears.hear(PUBLISHER, "volume.resize.start", told) == [("updated", "volume", VOLUME)]
    found = ears.get("block_storage.volume", VOLUME)
    assert (found.name, found.status, found.details["size_gib"]) == ("new", "extending", 2)
    assert (found.edges, found.created_at) == (known.edges, known.created_at)
    assert found.updated_at == hearing.NOON
    assert ears.collector.read_touched() == 0


def test_what_stands_against_a_removal_is_told(ears):
    """A status in which Cinder removes nothing is a hold."""
    ears.know(snapshot(id="s1"))
    told = SNAPSHOT | {"snapshot_id": "s1", "status": "error_deleting"}
    ears.hear(PUBLISHER, "snapshot.reset_status.end", told)
    assert ears.get("block_storage.snapshot", "s1").holds == ("error_deleting",)


def test_of_two_messages_the_later_counts(ears):
    """A message that was sent earlier and arrives late has the volume read."""
    ears.know(volume())
    ears.hear(PUBLISHER, "volume.update.end", CREATED | {"display_name": "second"}, seconds=9)
    ears.hear(PUBLISHER, "volume.update.end", CREATED | {"display_name": "first"}, seconds=3)
    assert ears.get("block_storage.volume", VOLUME).name == "second"


def test_what_is_not_known_is_read(ears):
    """Part of a volume is no record."""
    assert ears.hear(PUBLISHER, "volume.update.end", CREATED) == [("touched", "volume", VOLUME)]
    assert ears.get("block_storage.volume", VOLUME) is None


@pytest.mark.parametrize(
    "rest",
    [
        "create.end",
        "attach.end",
        "detach.end",
        "retype",
        "reset_status.end",
        "revert.end",
        "manage_existing.end",
        "failover_replication.end",
    ],
)
def test_what_a_message_leaves_open_is_read(ears, rest):
    """Attachments, sources and types are not told as the API tells them."""
    ears.know(volume())
    assert ears.hear(PUBLISHER, f"volume.{rest}", CREATED) == [("touched", "volume", VOLUME)]


@pytest.mark.parametrize("rest", ["delete.end", "unmanage.end"])
def test_what_cannot_do_without_a_volume_is_read(ears, rest):
    """Snapshots and transfers of a volume that is gone are looked for; backups outlive it."""
    ears.know(volume(), snapshot(id="s1", volume_id=VOLUME), transfer(id="t1", volume_id=VOLUME))
    found = ears.hear(PUBLISHER, f"volume.{rest}", CREATED)
    assert found[0] == ("deleted", "volume", VOLUME)
    assert sorted(found[1:]) == [("touched", "snapshot", "s1"), ("touched", "transfer", "t1")]


def test_a_volume_that_is_gone_stays_gone(ears):
    """A message that comes late does not bring it back."""
    ears.know(volume())
    ears.hear(PUBLISHER, "volume.delete.end", CREATED, seconds=4)
    ears.hear(PUBLISHER, "volume.delete.start", CREATED, seconds=3)
    assert ears.collector.read_touched() == 1
    assert ears.get("block_storage.volume", VOLUME) is None


@pytest.mark.parametrize("action", ["accept", "delete"])
def test_offers_are_read(ears, action):
    """The messages name the volume only: its transfers that are known are read."""
    ears.know(volume(), transfer(id="t1", volume_id=VOLUME))
    found = ears.hear(PUBLISHER, f"volume.transfer.{action}.end", CREATED)
    assert found == [("touched", "volume", VOLUME), ("touched", "transfer", "t1")]


@pytest.mark.parametrize(
    ("rest", "word"),
    [
        ("create.start", "touched"),
        ("create.end", "touched"),
        ("restore.end", "touched"),
        ("delete.end", "deleted"),
    ],
)
def test_what_a_backup_is_made_of_is_read(ears, rest, word):
    """Cinder tells of the backup, and not of the volume's status and the parent's dependents."""
    told = BACKUP | {"parent_id": "b0", "snapshot_id": "s1"}
    found = ears.hear("backup.ctl", f"backup.{rest}", told)
    assert found[0] == (word, "backup", BACKUP["backup_id"])
    assert found[1:] == [
        ("touched", "volume", BACKUP["volume_id"]),
        ("touched", "snapshot", "s1"),
        ("touched", "backup", "b0"),
    ]


def test_volumes_of_a_type_that_is_renamed_are_read(ears):
    """Volumes name their type by its name."""
    ears.know(volume_type(id="t1", name="old"), volume(volume_type="old"))
    told = {"volume_types": {"id": "t1", "name": "new"}}
    found = ears.hear("volumeType.ctl", "volume_type.update", told)
    assert found == [("touched", "volume_type", "t1"), ("touched", "volume", VOLUME)]
    told = {"volume_types": {"id": "t1", "name": "old"}}
    assert len(ears.hear("volumeType.ctl", "volume_type.update", told)) == 1


def test_a_type_that_is_deleted_is_gone(ears):
    """Cinder deletes none that has volumes."""
    told = {"volume_types": {"id": "t1", "name": "old"}}
    found = ears.hear("volumeType.ctl", "volume_type.delete", told)
    assert found == [("deleted", "volume_type", "t1")]


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_what_failed_has_changed_nothing(ears, action):
    """Cinder sends the same event type when it could not do what was asked for."""
    told = {"volume_types": {"id": "t1", "name": "old"}, "id": "t1", "error_message": "in use"}
    assert ears.hear("volumeType.ctl", f"volume_type.{action}", told) == []
    told = {"volume_types": None, "id": "t1", "error_message": "in use"}
    assert ears.hear("volumeType.ctl", f"volume_type.{action}", told) == []


def test_who_may_use_a_type_is_read(ears):
    """The type's record tells of the projects."""
    told = {"volume_type_id": "t1", "project_id": "p"}
    for action in ("add", "remove"):
        found = ears.hear("volume_type_project.ctl", f"volume_type_project.access.{action}", told)
        assert found == [("touched", "volume_type", "t1")]


def test_types_of_a_spec_are_read(ears):
    """A type tells which spec it has."""
    ears.know(volume_type(id="t1", qos_specs_id="q1"))
    found = ears.hear("QoSSpecs.ctl", "qos_specs.disassociate_all", {"id": "q1"})
    assert found == [("touched", "qos_spec", "q1"), ("touched", "volume_type", "t1")]
    found = ears.hear("QoSSpecs.ctl", "qos_specs.associate", {"id": "q2", "type_id": "t2"})
    assert found == [("touched", "qos_spec", "q2"), ("touched", "volume_type", "t2")]
    found = ears.hear("QoSSpecs.ctl", "qos_specs.delete", {"id": "q1"})
    assert found == [("deleted", "qos_spec", "q1"), ("touched", "volume_type", "t1")]


@pytest.mark.parametrize("action", ["delete", "update"])
def test_a_spec_that_could_not_be_changed_is_as_it_was(ears, action):
    """The event type is the same, with an error."""
    told = {"id": "q1", "error_message": "in use"}
    assert ears.hear("QoSSpecs.ctl", f"qos_specs.{action}", told) == []


def test_what_found_no_room_is_read(ears):
    """The scheduler has set its status."""
    found = ears.hear("scheduler.ctl", "scheduler.create_volume", {"volume_id": "v1"})
    assert found == [("touched", "volume", "v1")]
    found = ears.hear("scheduler.ctl", "scheduler.create_snapshot", {"snapshot_id": "s1"})
    assert found == [("touched", "snapshot", "s1")]


def test_a_foreign_scheduler_is_nobodys_riddle(ears):
    """Nova's has a publisher of the same name."""
    assert ears.hear("scheduler.api", "scheduler.select_destinations.end", {}) == []
    assert ears.manager.counts == hearing.notification.Counts(handled=1)


def test_what_is_made_without_an_id_is_listed(ears):
    """Cinder names neither the new transfer nor the new spec: all of the kind are listed, once."""
    found = ears.hear(PUBLISHER, "volume.transfer.create.end", CREATED)
    assert found == [("touched", "volume", VOLUME), ("touched", "transfer", "")]
    found = ears.hear("QoSSpecs.ctl", "qos_specs.create", {"name": "n"})
    assert found == [("touched", "qos_spec", "")]
    assert ears.hear("QoSSpecs.ctl", "qos_specs.create", {"error_message": "taken"}) == []
    none = {"/qos-specs": b'{"qos_specs": []}', "/volume-transfers": b'{"transfers": []}'}
    gone = ears.cloud.answer
    ears.cloud.answer = lambda method, path: (
        next((body for start, body in none.items() if path.startswith(start)), None)
        or gone(method, path)
    )
    ears.collector.read_touched()
    asked = [path.partition("?")[0] for _, path, _, _ in ears.cloud.requests]
    assert sorted(asked) == ["/qos-specs", "/volume-transfers/detail", f"/volumes/{VOLUME}"]
    ears.collector.read_touched()
    assert len(ears.cloud.requests) == 3
