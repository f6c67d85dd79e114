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
"""Cinder's attachments and the actions on volumes."""

from collections.abc import Iterator
import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks

PATH = "/v3/{project}/attachments"
VOLUMES = "/v3/{project}/volumes"
SERVER = "00000000-0000-4000-8000-00000000000a"
CONNECTOR = {"connector": {"host": "cmp1", "ip": "127.0.0.1", "mountpoint": "/dev/vdb"}}


@pytest.fixture(scope="module")
def volume(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A member's volume, which each test leaves available."""
    return disks.volume(people.member, undo_module)


@pytest.fixture
def act(people: callers.People, volume: Any) -> Iterator[Any]:
    """Does something to the volume, which is available again at the end."""
    path = f"{VOLUMES}/{volume['id']}/action"

    def act(name: str, body: Any = None, *, who: str = "member", **more: Any) -> Any:
        caller: callers.Caller = getattr(people, who)
        return caller.post(disks.CINDER, path, {name: body}, **more)

    yield act
    act("os-reset_status", {"status": "available"}, who="admin")


def _shown(people: callers.People, volume: Any) -> Any:
    return people.member.get(disks.CINDER, f"{VOLUMES}/{volume['id']}").json()["volume"]


def _attach(people: callers.People, volume: Any, **fields: Any) -> Any:
    asked = {"volume_uuid": volume["id"], "instance_uuid": SERVER, **fields}
    return people.member.post(disks.CINDER, PATH, {"attachment": asked}, version=disks.NEWEST)


def test_life_of_attachment(people: callers.People, volume: Any) -> None:
    """Reserved, attaching with a connector, in use when complete, available when deleted."""
    made = _attach(people, volume).json()["attachment"]
    path = f"{PATH}/{made['id']}"
    told = (made["status"], made["instance"], made["volume_id"], made["connection_info"])
    assert told == ("reserved", SERVER, volume["id"], {})
    assert _shown(people, volume)["status"] == "reserved"
    answer = people.member.put(disks.CINDER, path, {"attachment": CONNECTOR}, version=disks.NEWEST)
    assert answer.json()["attachment"]["connection_info"]["attachment_id"] == made["id"]
    assert _shown(people, volume)["status"] == "attaching"
    complete = {"os-complete": {}}
    answer = people.member.post(disks.CINDER, f"{path}/action", complete, version="3.44")
    assert answer.status_code == 204
    shown = _shown(people, volume)
    (one,) = shown["attachments"]
    assert shown["status"] == "in-use"
    assert (one["attachment_id"], one["server_id"], one["device"]) == (
        made["id"],
        SERVER,
        "/dev/vdb",
    )
    assert one["host_name"] is None
    whole = people.admin.get(disks.CINDER, f"{VOLUMES}/{volume['id']}").json()["volume"]
    assert whole["attachments"][0]["host_name"] == "cmp1"
    answer = people.member.delete(disks.CINDER, f"{VOLUMES}/{volume['id']}")
    assert disks.says(answer, 400, "must not be migrating, attached")
    answer = people.member.delete(disks.CINDER, path, version=disks.NEWEST)
    assert (answer.status_code, answer.json()) == (200, {"attachments": []})
    assert _shown(people, volume)["status"] == "available"


def test_looking_at_attachments(
    people: callers.People, undo: contextlib.ExitStack, volume: Any
) -> None:
    """Its project sees it, from 3.27 on; a vanished marker is 404."""
    made = _attach(people, volume, mode="ro").json()["attachment"]
    path, new = f"{PATH}/{made['id']}", {"version": disks.NEWEST}
    undo.callback(people.member.remove, disks.CINDER, path, **new)
    assert made["attach_mode"] == "ro"
    assert people.reader.get(disks.CINDER, path, **new).json()["attachment"] == made
    assert disks.says(people.stranger.get(disks.CINDER, path, **new), 404, "Volume attachment")
    assert disks.says(people.member.get(disks.CINDER, path, version="3.26"), 404)
    mine = f"?volume_id={volume['id']}"
    (brief,) = people.member.get(disks.CINDER, PATH + mine, **new).json()["attachments"]
    assert set(brief) == {"id", "status", "instance", "volume_id"}
    (full,) = people.member.get(disks.CINDER, f"{PATH}/detail{mine}", **new).json()["attachments"]
    assert full == made
    every = people.admin.get(disks.CINDER, f"{PATH}{mine}&all_tenants=1", **new).json()
    assert every["attachments"] == [brief]
    answer = people.member.get(disks.CINDER, f"{PATH}?marker={disks.NOBODY}", **new)
    assert disks.says(answer, 404, f"attachment_id = {disks.NOBODY}.")
    answer = people.member.get(disks.CINDER, f"{PATH}?wings=2", **new)
    assert disks.says(answer, 400, "Invalid filters wings are found in query options.")
    other = _attach(people, volume, instance_uuid=disks.NOBODY)
    assert disks.says(other, 400, "must be available or downloading to reserve, but the current")


def test_refused_attachments(
    people: callers.People, undo: contextlib.ExitStack, volume: Any
) -> None:
    """A reader attaches nothing; what is not there is 404; a body must be whole."""
    new = {"version": disks.NEWEST}
    body = {"attachment": {"volume_uuid": volume["id"]}}
    answer = people.reader.post(disks.CINDER, PATH, body, **new)
    assert disks.says(answer, 403, "Policy doesn't allow volume:attachment_create")
    assert disks.says(_attach(people, {"id": disks.NOBODY}), 404, "Volume 00000000")
    answer = people.member.post(disks.CINDER, PATH, {"attachment": {}}, **new)
    assert disks.says(answer, 400, "'volume_uuid' is a required property")
    nobody = f"{PATH}/{disks.NOBODY}"
    for answer in (
        people.member.put(disks.CINDER, nobody, {"attachment": CONNECTOR}, **new),
        people.member.post(disks.CINDER, f"{nobody}/action", {"os-complete": {}}, **new),
        people.member.delete(disks.CINDER, nobody, **new),
    ):
        assert disks.says(answer, 404, "Volume attachment could not be found with filter")
    made = _attach(people, volume).json()["attachment"]
    path = f"{PATH}/{made['id']}"
    undo.callback(people.member.remove, disks.CINDER, path, **new)
    answer = people.reader.delete(disks.CINDER, path, **new)
    assert disks.says(answer, 403, "Policy doesn't allow volume:attachment_delete")
    answer = people.member.put(disks.CINDER, path, {"attachment": {}}, **new)
    assert disks.says(answer, 400, "'connector' is a required property")


def test_multiattach(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A volume of a type that says so is attached to two servers at once."""
    specs = {"multiattach": "<is> True"}
    asked = {"volume_type": {"name": f"contract-{people.member.user_id}", "extra_specs": specs}}
    of_type = people.admin.make(disks.CINDER, "/v3/{project}/types", asked)
    undo.callback(people.admin.remove, disks.CINDER, f"/v3/{{project}}/types/{of_type['id']}")
    volume = disks.volume(people.member, undo, volume_type=of_type["name"])
    assert volume["multiattach"] is True
    for server in (SERVER, disks.NOBODY):
        made = _attach(people, volume, instance_uuid=server, **CONNECTOR).json()["attachment"]
        path = f"{PATH}/{made['id']}"
        undo.callback(people.member.remove, disks.CINDER, path, version=disks.NEWEST)
        people.member.post(disks.CINDER, f"{path}/action", {"os-complete": {}}, version="3.44")
    shown = _shown(people, volume)
    assert {one["server_id"] for one in shown["attachments"]} == {SERVER, disks.NOBODY}
    assert shown["status"] == "in-use"


def test_reserving(people: callers.People, volume: Any, act: Any) -> None:
    """``os-reserve`` makes it attaching, ``os-unreserve`` available; out of turn it is 400."""
    assert act("os-reserve").status_code == 202
    assert _shown(people, volume)["status"] == "attaching"
    again = act("os-reserve")
    assert disks.says(again, 400, "must be available to reserve, but the status is attaching.")
    assert act("os-unreserve").status_code == 202
    assert _shown(people, volume)["status"] == "available"
    answer = act("os-reserve", who="reader")
    assert disks.says(answer, 403, "volume_extension:volume_actions:reserve")


def test_attaching_by_action(people: callers.People, volume: Any, act: Any) -> None:
    """``os-attach`` needs no attachment; ``os-begin_detaching`` and ``os-detach`` undo it."""
    refused = act("os-begin_detaching")
    assert disks.says(refused, 400, "Volume status must be 'in-use' and attach_status must be")
    where = {"instance_uuid": SERVER, "mountpoint": "/dev/vdb"}
    assert act("os-attach", where).status_code == 202
    shown = _shown(people, volume)
    assert (shown["status"], shown["metadata"]["attached_mode"]) == ("in-use", "rw")
    assert act("os-begin_detaching").status_code == 202
    assert _shown(people, volume)["status"] == "detaching"
    assert act("os-roll_detaching").status_code == 202
    assert _shown(people, volume)["status"] == "in-use"
    answer = act("os-detach", {"attachment_id": disks.NOBODY})
    assert disks.says(answer, 409, "ConflictNovaUsingAttachment: Detach volume from instance")
    key = shown["attachments"][0]["attachment_id"]
    assert act("os-detach", {"attachment_id": key}).status_code == 202
    assert _shown(people, volume)["status"] == "available"
    assert disks.says(act("os-attach", {}), 400, "'mountpoint' is a required property")
    answer = act("os-force_detach", {})
    assert disks.says(answer, 403, "volume_extension:volume_admin_actions:force_detach")


def test_extend(people: callers.People, undo: contextlib.ExitStack) -> None:
    """It is ``extending`` for a while; smaller, by others and while busy it is refused."""
    volume = disks.volume(people.member, undo)
    path = f"{VOLUMES}/{volume['id']}"

    def extend(caller: callers.Caller, size: Any) -> Any:
        return caller.post(disks.CINDER, f"{path}/action", {"os-extend": {"new_size": size}})

    assert disks.says(extend(people.reader, 2), 403, "Policy doesn't allow volume:extend")
    assert disks.says(extend(people.stranger, 2), 404, "could not be found.")
    assert disks.says(extend(people.member, "x"), 400, "'x' does not match '^[0-9]+$'")
    assert disks.says(extend(people.member, 1), 400, "(current: 1, extended: 1).")
    assert extend(people.member, 2).status_code == 202
    people.member.await_status(disks.CINDER, path, "available")
    assert _shown(people, volume)["size"] == 2


def test_status(people: callers.People, volume: Any, act: Any) -> None:
    """The administrator resets the status to one that Cinder knows."""
    assert act("os-reset_status", {"status": "error_deleting"}, who="admin").status_code == 202
    assert _shown(people, volume)["status"] == "error_deleting"
    answer = act("os-reset_status", {"status": "wings"}, who="admin")
    assert disks.says(answer, 400, "Volume status: wings is invalid, valid statuses are: ('crea")
    answer = act("os-reset_status", {"status": "in-use"}, who="admin")
    assert disks.says(answer, 400, "Cannot reset-state to in-use because volume does not have any")
    answer = act("os-reset_status", {"status": "deleting"}, who="admin")
    assert disks.says(answer, 400, "Cannot reset-state to deleting")
    answer = act("os-reset_status", {}, who="admin")
    assert disks.says(answer, 400, "Must specify 'status', 'attach_status' or 'migration_status'")
    answer = act("os-reset_status", {"status": "error"})
    assert disks.says(answer, 403, "volume_extension:volume_admin_actions:reset_status")
    answer = act("os-force_delete", {})
    assert disks.says(answer, 403, "volume_extension:volume_admin_actions:force_delete")


def test_flags(people: callers.People, volume: Any, act: Any) -> None:
    """Whether it may be written to and booted from is a member's to say."""
    assert act("os-update_readonly_flag", {"readonly": True}).status_code == 202
    assert act("os-set_bootable", {"bootable": True}).status_code == 200
    shown = _shown(people, volume)
    assert (shown["metadata"]["readonly"], shown["bootable"]) == ("True", "true")
    assert act("os-update_readonly_flag", {"readonly": False}).status_code == 202
    answer = act("os-update_readonly_flag", {})
    assert disks.says(answer, 400, "'readonly' is a required property")
    assert disks.says(act("os-set_bootable", {"bootable": "x"}), 400, "'x' is not one of [True")
    answer = act("os-set_bootable", {"bootable": True}, who="reader")
    assert disks.says(answer, 403, "Policy doesn't allow volume:update to be performed.")


def test_image_metadata(volume: Any, act: Any) -> None:
    """What the volume knows of its image is set, shown and unset; nothing is 404."""
    answer = act("os-set_image_metadata", {"metadata": {"a": "b"}})
    assert answer.json() == {"metadata": {"a": "b"}}
    assert act("os-show_image_metadata").json() == {"metadata": {"a": "b"}}
    assert act("os-unset_image_metadata", {"key": "a"}).status_code == 200
    gone = f"Glance metadata for volume/snapshot {volume['id']} cannot be found."
    assert disks.says(act("os-show_image_metadata"), 404, gone)
    assert disks.says(act("os-set_image_metadata", {}), 400, "'metadata' is a required property")


def test_retype(people: callers.People, undo: contextlib.ExitStack) -> None:
    """It is ``retyping`` and then of the other type; of its own it is 400."""
    asked = {"volume_type": {"name": f"other-{people.member.user_id}"}}
    of_type = people.admin.make(disks.CINDER, "/v3/{project}/types", asked)
    undo.callback(people.admin.remove, disks.CINDER, f"/v3/{{project}}/types/{of_type['id']}")
    volume = disks.volume(people.member, undo)
    path = f"{VOLUMES}/{volume['id']}"

    def retype(caller: callers.Caller, name: str) -> Any:
        body = {"os-retype": {"new_type": name, "migration_policy": "never"}}
        return caller.post(disks.CINDER, f"{path}/action", body)

    assert disks.says(retype(people.member, volume["volume_type"]), 400, "Retype needs volume to")
    assert disks.says(retype(people.member, "wings"), 404, "Volume type with name wings could")
    assert disks.says(retype(people.reader, of_type["name"]), 403, "volume:retype")
    assert retype(people.member, of_type["name"]).status_code == 202
    people.member.await_status(disks.CINDER, path, "available")
    assert _shown(people, volume)["volume_type"] == of_type["name"]


def test_upload(people: callers.People, undo: contextlib.ExitStack, volume: Any, act: Any) -> None:
    """A volume becomes an image of its project; it is ``uploading`` meanwhile."""
    body = {"image_name": "contract", "disk_format": "raw", "container_format": "bare"}
    answer = act("os-volume_upload_image", body, version=disks.NEWEST)
    told = answer.json()["os-volume_upload_image"]
    undo.callback(people.member.remove, disks.GLANCE, f"/v2/images/{told['image_id']}")
    assert (answer.status_code, told["status"], told["image_name"]) == (
        202,
        "uploading",
        "contract",
    )
    assert (told["visibility"], told["protected"], told["size"]) == ("private", False, 1)
    busy = act("os-volume_upload_image", body, version=disks.NEWEST)
    assert busy.status_code in {202, 400}
    if busy.ok:
        again = busy.json()["os-volume_upload_image"]["image_id"]
        undo.callback(people.member.remove, disks.GLANCE, f"/v2/images/{again}")
    people.member.await_status(disks.CINDER, f"{VOLUMES}/{volume['id']}", "available")
    answer = act("os-volume_upload_image", {})
    assert disks.says(answer, 400, "'image_name' is a required property")
    answer = act("os-volume_upload_image", body, who="reader")
    assert disks.says(answer, 403, "volume_extension:volume_actions:upload_image")
    public = {**body, "visibility": "public"}
    answer = act("os-volume_upload_image", public, version=disks.NEWEST)
    assert disks.says(answer, 403, "volume_extension:volume_actions:upload_public")


def test_uploaded_image_is_active(
    people: callers.People, undo: contextlib.ExitStack, act: Any
) -> None:
    """The image that a volume became has its size and is active."""
    told = act("os-volume_upload_image", {"image_name": "contract"}).json()
    key = told["os-volume_upload_image"]["image_id"]
    undo.callback(people.member.remove, disks.GLANCE, f"/v2/images/{key}")
    people.member.await_status(disks.GLANCE, f"/v2/images/{key}", "active")
    assert people.member.get(disks.GLANCE, f"/v2/images/{key}").json()["size"] == 1 << 30


def test_reimage(
    people: callers.People, undo: contextlib.ExitStack, volume: Any, act: Any
) -> None:
    """From 3.68 on a volume is written anew from an image."""
    image = disks.active_image(people.member, undo)
    assert disks.says(act("os-reimage", {"image_id": image["id"]}, version="3.67"), 404)
    answer = act("os-reimage", {"image_id": image["id"]}, version="3.68")
    assert answer.status_code == 202
    people.member.await_status(disks.CINDER, f"{VOLUMES}/{volume['id']}", "available")


def test_unknown_actions(people: callers.People, volume: Any, act: Any) -> None:
    """An action must be one that Cinder knows, and one only."""
    assert disks.says(act("wings", {}), 400, "There is no such action: wings. Verify the request")
    path = f"{VOLUMES}/{volume['id']}/action"
    for body in ({}, {"os-reserve": None, "os-unreserve": None}):
        answer = people.member.post(disks.CINDER, path, body)
        assert disks.says(answer, 400, "Malformed request body")
    nobody = f"{VOLUMES}/{disks.NOBODY}/action"
    answer = people.member.post(disks.CINDER, nobody, {"os-reserve": None})
    assert disks.says(answer, 404, "could not be found.")
