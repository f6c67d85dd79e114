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
"""The data of Glance's images, their import, and with whom they are shared."""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks

PATH = "/v2/images"


@pytest.fixture(scope="module")
def image(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A member's image with data, to be shared."""
    return disks.active_image(people.member, undo_module, visibility="shared")


def test_upload(people: callers.People, undo: contextlib.ExitStack) -> None:
    """What is uploaded makes an image active at once, and cannot be uploaded again."""
    key = disks.image(people.member, undo)["id"]
    path = f"{PATH}/{key}"
    assert people.member.get(disks.GLANCE, f"{path}/file").status_code == 204
    answer = disks.upload(people.reader, key, b"x")
    assert disks.says(answer, 403, "You are not authorized to complete upload_image action.")
    answer = disks.upload(people.stranger, key, b"x")
    assert disks.says(answer, 404, f"No image found with ID {key}")
    answer = people.member.put(disks.GLANCE, f"{path}/file", {})
    assert disks.says(answer, 415, "Invalid content type application/json")
    assert disks.upload(people.member, key, b"hello").status_code == 204
    shown = people.member.get(disks.GLANCE, path).json()
    told = (shown["status"], shown["size"], shown["virtual_size"], shown["os_hash_algo"])
    assert told == ("active", 5, 5, "sha512")
    assert shown["checksum"] == "5d41402abc4b2a76b9719d911017c592"
    again = disks.upload(people.member, key, b"x")
    assert disks.says(again, 409, "Image status transition from active to saving is not allowed")


def test_upload_needs_formats(people: callers.People, undo: contextlib.ExitStack) -> None:
    """An image must have its formats before its data."""
    key = disks.image(people.member, undo, disk_format=None, container_format=None)["id"]
    answer = disks.upload(people.member, key, b"x")
    text = "Properties disk_format, container_format must be set prior to saving data."
    assert disks.says(answer, 400, text)


def test_upload_in_chunks(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Data may come in chunks whose length nobody tells before."""
    key = disks.image(people.member, undo)["id"]
    answer = disks.upload(people.member, key, iter([b"hello"[:2], b"hello"[2:]]))  # type: ignore[arg-type]
    assert answer.status_code == 204
    assert people.member.get(disks.GLANCE, f"{PATH}/{key}").json()["size"] == 5


def test_download(people: callers.People, image: Any) -> None:
    """The data comes with its checksum, or a part of it; a mere reader gets none."""
    path = f"{PATH}/{image['id']}/file"
    answer = people.member.get(disks.GLANCE, path)
    assert (answer.status_code, answer.content) == (200, b"hello")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-MD5"] == "5d41402abc4b2a76b9719d911017c592"
    part = people.member.get(disks.GLANCE, path, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"ell")
    answer = people.reader.get(disks.GLANCE, path)
    assert disks.says(answer, 403, "You are not authorized to complete download_image action.")
    answer = people.member.get(disks.GLANCE, f"{PATH}/{disks.NOBODY}/file")
    assert disks.says(answer, 404, f"No image found with ID {disks.NOBODY}")


def test_import(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Staged data is imported as a task, at whose end the image is active."""
    key = disks.image(people.member, undo)["id"]
    path, direct = f"{PATH}/{key}", {"method": {"name": "glance-direct"}}
    early = people.member.post(disks.GLANCE, f"{path}/import", direct)
    assert disks.says(early, 409, "Image needs to be staged before")
    answer = disks.upload(people.reader, key, b"x", to="stage")
    assert disks.says(answer, 403, "You are not authorized to complete modify_image action.")
    assert disks.upload(people.member, key, b"hello", to="stage").status_code == 204
    shown = people.member.get(disks.GLANCE, path).json()
    assert (shown["status"], shown["size"], shown["checksum"]) == ("uploading", 5, None)
    again = disks.upload(people.member, key, b"x", to="stage")
    assert again.status_code == 409
    answer = people.reader.post(disks.GLANCE, f"{path}/import", direct)
    assert disks.says(answer, 403, "You are not authorized to complete modify_image action.")
    answer = people.stranger.post(disks.GLANCE, f"{path}/import", direct)
    assert disks.says(answer, 404, f"No image found with ID {key}")
    assert people.member.post(disks.GLANCE, f"{path}/import", direct).status_code == 202
    people.member.await_status(disks.GLANCE, path, "active")
    shown = people.member.get(disks.GLANCE, path).json()
    assert shown["checksum"] == "5d41402abc4b2a76b9719d911017c592"
    (task,) = people.member.get(disks.GLANCE, f"{path}/tasks").json()["tasks"]
    assert (task["type"], task["image_id"]) == ("api_image_import", key)
    late = people.member.post(disks.GLANCE, f"{path}/import", direct)
    assert disks.says(late, 409, "Image with status active cannot be target for import")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Import request requires a"),
        ({"method": {"name": "wings"}}, "Unknown import method name"),
        ({"method": {"name": "web-download"}}, "does not pass filtering: None"),
        (
            {"method": {"name": "web-download", "uri": "http://127.0.0.1:9292/"}},
            "URI for web-download does not pass filtering: http://127.0.0.1:9292/",
        ),
    ],
)
def test_bad_imports(
    people: callers.People, undo: contextlib.ExitStack, body: Any, text: str
) -> None:
    """An import must be by a method that Glance has, from where it may."""
    key = disks.image(people.member, undo)["id"]
    answer = people.member.post(disks.GLANCE, f"{PATH}/{key}/import", body)
    assert disks.says(answer, 400, text)


def test_nobodys_import(people: callers.People) -> None:
    """An image that is not there has no tasks and imports nothing."""
    path = f"{PATH}/{disks.NOBODY}"
    direct = {"method": {"name": "glance-direct"}}
    answer = people.member.post(disks.GLANCE, f"{path}/import", direct)
    assert disks.says(answer, 404, f"No image found with ID {disks.NOBODY}")
    assert people.member.get(disks.GLANCE, f"{path}/tasks").status_code == 404


def test_sharing(people: callers.People, image: Any) -> None:
    """A member sees a shared image, and has it in his lists once he has accepted it."""
    path, who = f"{PATH}/{image['id']}", people.stranger.project_id
    members = f"{path}/members"

    def listed(query: str) -> bool:
        rows = people.stranger.get(disks.GLANCE, f"{PATH}?{query}").json()["images"]
        return image["id"] in {row["id"] for row in rows}

    assert people.member.get(disks.GLANCE, members).json() == {
        "members": [],
        "schema": "/v2/schemas/members",
    }
    assert people.stranger.get(disks.GLANCE, path).status_code == 404
    made = people.member.post(disks.GLANCE, members, {"member": who}).json()
    assert (made["member_id"], made["image_id"], made["status"]) == (who, image["id"], "pending")
    again = people.member.post(disks.GLANCE, members, {"member": who})
    assert disks.says(again, 409, f"Member {who} is duplicated for image {image['id']}")
    assert people.stranger.get(disks.GLANCE, path).status_code == 200
    assert listed("visibility=shared&member_status=pending")
    assert not listed("visibility=shared")
    mine = f"{members}/{who}"
    answer = people.member.put(disks.GLANCE, mine, {"status": "accepted"})
    assert disks.says(answer, 403, "You are not authorized to complete modify_member action.")
    answer = people.stranger.put(disks.GLANCE, mine, {"status": "wings"})
    assert disks.says(answer, 400, "Status must be")
    answer = people.stranger.put(disks.GLANCE, mine, {"status": "accepted"})
    assert answer.json()["status"] == "accepted"
    assert listed("visibility=shared")
    assert people.member.delete(disks.GLANCE, mine).status_code == 204
    assert not listed("visibility=shared")


def test_members_end(people: callers.People, image: Any) -> None:
    """The owner ends it; the member sees himself, and neither leaves nor deletes the image."""
    path, who = f"{PATH}/{image['id']}", people.stranger.project_id
    members, mine = f"{path}/members", f"{path}/members/{who}"
    assert people.member.post(disks.GLANCE, members, {"member": who}).status_code == 200
    shown = people.member.get(disks.GLANCE, mine).json()
    assert shown == people.stranger.get(disks.GLANCE, members).json()["members"][0]
    answer = people.stranger.delete(disks.GLANCE, path)
    assert disks.says(answer, 403, "You are not authorized to complete delete_image action.")
    answer = people.stranger.delete(disks.GLANCE, mine)
    assert disks.says(answer, 403, "You are not authorized to complete delete_member action.")
    assert people.member.delete(disks.GLANCE, mine).status_code == 204
    gone = f"{who} not found in the member list of the image {image['id']}."
    assert disks.says(people.member.delete(disks.GLANCE, mine), 404, gone)
    assert disks.says(people.member.get(disks.GLANCE, mine), 404, gone)


def test_refused_sharing(people: callers.People, undo: contextlib.ExitStack, image: Any) -> None:
    """Only shared images have members, and only their owners add some."""
    private = disks.image(people.member, undo, visibility="private")["id"]
    path = f"{PATH}/{private}/members"
    answer = people.member.get(disks.GLANCE, path)
    assert disks.says(answer, 403, "Only shared images have members.")
    answer = people.member.post(disks.GLANCE, path, {"member": "x"})
    assert disks.says(answer, 403, f"Not allowed to create members for image {private}.")
    shared = f"{PATH}/{image['id']}/members"
    answer = people.reader.post(disks.GLANCE, shared, {"member": "x"})
    assert disks.says(answer, 403, "You are not authorized to complete add_member action.")
    answer = people.member.post(disks.GLANCE, shared, {})
    assert disks.says(answer, 400, "Member to be added not specified")
    answer = people.stranger.get(disks.GLANCE, shared)
    assert disks.says(answer, 404, f"Image {image['id']} not found.")
    answer = people.admin.get(disks.GLANCE, f"{PATH}/{disks.NOBODY}/members")
    assert disks.says(answer, 404, f"Image {disks.NOBODY} not found.")
