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
"""What the emulated Cinder says on the bus, and how its deletions fail."""

import datetime
import json
import pathlib
from typing import Any

import pytest

from tests import emulator
from tests.emulator import bus
from tests.emulator.services import block_storage
from tests.emulator.shapes import block_storage as shapes
from tests.unit.emulator import asking

SAMPLES = pathlib.Path(__file__).parents[2] / "samples" / "notifications"
ROOT = "/volume/v3/{project}"


def keys(value: Any) -> Any:
    """The structure of a payload: its keys, in all depths, without their values."""
    if isinstance(value, dict):
        return {key: keys(one) for key, one in value.items()}
    if isinstance(value, list):
        return [keys(one) for one in value[:1]]
    return None


@pytest.fixture
def messages(cloud: emulator.Cloud) -> list[bus.Message]:
    """What is said on the bus, in order."""
    heard: list[bus.Message] = []
    cloud.bus.listen(heard.append)
    return heard


def _later(cloud: emulator.Cloud) -> None:
    for _ in range(4):
        cloud.clock.advance(datetime.timedelta(seconds=1))
        with cloud.locked():
            pass


def _live(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A type, a volume, a server's use of it, a snapshot and a backup come and go."""
    admin("POST", f"{ROOT}/types", {"volume_type": {"name": "new"}})
    made = admin("POST", f"{ROOT}/volumes", {"volume": {"size": 1, "name": "v"}}).body["volume"]
    _later(cloud)
    path = f"{ROOT}/volumes/{made['id']}"
    asked = {"attachment": {"volume_uuid": made["id"], "instance_uuid": made["id"]}}
    one = admin("POST", f"{ROOT}/attachments", asked).body["attachment"]
    connector = {"host": "cmp1", "mountpoint": "/dev/vdb", "ip": "127.0.0.1", "initiator": "x"}
    body = {"attachment": {"connector": connector}}
    admin("PUT", f"{ROOT}/attachments/{one['id']}", body)
    admin("POST", f"{ROOT}/attachments/{one['id']}/action", {"os-complete": {}})
    admin.delete(f"{ROOT}/attachments/{one['id']}")
    status = {"os-reset_status": {"status": "available"}}
    admin("POST", f"{path}/action", status)
    for kind in ("snapshot", "backup"):
        body = {kind: {"volume_id": made["id"], "name": "s"}}
        row = admin("POST", f"{ROOT}/{kind}s", body).body[kind]
        _later(cloud)
        assert admin.delete(f"{ROOT}/{kind}s/{row['id']}") == 202
        _later(cloud)
    assert admin.delete(path) == 202
    _later(cloud)


def test_messages_are_as_the_real_ones(
    cloud: emulator.Cloud, admin: asking.Client, messages: list[bus.Message]
) -> None:
    """Exchange, sender, keys and status are those of messages that a real Cinder sent."""
    _live(cloud, admin)
    said = {message.event_type: message for message in messages}
    for sample in json.loads((SAMPLES / "cinder.json").read_text(encoding="utf-8")):
        mine = said[sample["event_type"]]
        assert (mine.exchange, mine.publisher_id, mine.priority) == (
            sample["exchange"],
            sample["publisher_id"],
            sample["priority"],
        ), sample["event_type"]
        assert keys(mine.payload) == keys(sample["payload"]), sample["event_type"]


def test_order_of_messages(
    cloud: emulator.Cloud, admin: asking.Client, messages: list[bus.Message]
) -> None:
    """A volume's creation and deletion are told from start to end, with its status."""
    made = admin("POST", f"{ROOT}/volumes", {"volume": {"size": 1}}).body["volume"]
    _later(cloud)
    admin.delete(f"{ROOT}/volumes/{made['id']}")
    _later(cloud)
    assert [(one.event_type, one.payload["status"]) for one in messages] == [
        ("volume.create.start", "creating"),
        ("volume.create.end", "available"),
        ("volume.delete.start", "deleting"),
        ("volume.delete.end", "deleted"),
    ]


@pytest.mark.parametrize(
    ("kind", "plural", "status"),
    [
        (shapes.VOLUME, "volumes", "error_deleting"),
        (shapes.SNAPSHOT, "snapshots", "error_deleting"),
        (shapes.BACKUP, "backups", "error"),
    ],
)
def test_deletion_fails(
    cloud: emulator.Cloud, admin: asking.Client, kind: str, plural: str, status: str
) -> None:
    """What is undeletable ends in error, and can be removed once it no longer is."""
    volume = shapes.volume(cloud, "v", admin.project_id, "somebody")
    make = {shapes.SNAPSHOT: shapes.snapshot, shapes.BACKUP: shapes.backup}
    row = make[kind](cloud, "s", volume) if kind in make else volume
    cloud.settings.undeletable.add(row["id"])
    path = f"{ROOT}/{plural}/{row['id']}"
    assert admin.delete(path) == 202
    _later(cloud)
    assert admin.get(path)[plural[:-1]]["status"] == status
    cloud.settings.undeletable.clear()
    body = {"os-reset_status": {"status": "error"}}
    assert admin("POST", f"{path}/action", body).status == 202
    assert admin.delete(path) == 202
    _later(cloud)
    assert admin("GET", path).status == 404


def test_unscheduled_volume_goes_at_once(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A volume that no host has got yet is gone when its deletion is answered."""
    made = admin("POST", f"{ROOT}/volumes", {"volume": {"size": 1}}).body["volume"]
    path = f"{ROOT}/volumes/{made['id']}"
    assert admin.delete(path) == 202
    assert admin("GET", path).status == 404


def test_used_by_server(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """An attachment that Nova knows of is 409 for everybody who is no service."""
    volume = shapes.volume(cloud, "v", admin.project_id, "somebody")
    server = {"id": "server", "OS-EXT-SRV-ATTR:host": "cmp1"}
    block_storage.attach(cloud, volume, server)
    (row,) = cloud[shapes.ATTACHMENT].where("volume_id", volume["id"])
    row["connection_info"] = {"driver_volume_type": "local"}
    attached = {"os-extended-volumes:volumes_attached": [{"id": volume["id"]}]}
    created = {"created": "2026-11-21T00:00:00Z", "tenant_id": "", "user_id": ""}
    cloud["compute.server"].add({**server, **attached, **created})
    path = f"{ROOT}/attachments/{row['id']}"
    assert admin.delete(path) == 409
    block_storage.detach(cloud, volume, "server")
    assert admin.delete(path) == 404
    assert volume["status"] == "available"


def test_quota_of_type(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A limit may be that of a type."""
    limits = {"quota_set": {"volumes_file": 0}}
    assert admin.put(f"{ROOT}/os-quota-sets/{admin.project_id}", limits).status == 200
    reply = admin("POST", f"{ROOT}/volumes", {"volume": {"size": 1}})
    assert reply.status == 413
    assert "exceeded for quota 'volumes_file'" in reply.body["overLimit"]["message"]
    assert reply.headers["Retry-After"] == "0"
