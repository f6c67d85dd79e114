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
"""Glance's images, from create to delete, and what Glance says of itself."""

import contextlib
import json
from typing import Any

import pytest
import requests

from tests.contract import callers
from tests.contract import disks

PATH = "/v2/images"
PATCH = "application/openstack-images-v2.1-json-patch"


@pytest.fixture(scope="module")
def image(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A member's private image with data, a property and a tag."""
    return disks.active_image(
        people.member,
        undo_module,
        name="private",
        visibility="private",
        foo="bar",
        tags=["t"],
    )


@pytest.fixture(scope="module")
def community(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A member's community image without data."""
    return disks.image(people.member, undo_module, name="community", visibility="community")


def change(caller: callers.Caller, key: str, *operations: Any, kind: str = PATCH) -> Any:
    """The answer to a PATCH of these operations."""
    headers = {"Content-Type": kind}
    data = json.dumps(list(operations))
    return caller.ask("PATCH", disks.GLANCE, f"{PATH}/{key}", data=data, headers=headers)


def _names(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    known = {"private", "community"}
    return [row["name"] for row in answer.json()["images"] if row["name"] in known]


def test_create(people: callers.People, undo: contextlib.ExitStack) -> None:
    """An image is queued and shared unless asked, and has neither size nor checksum."""
    answer = people.member.post(disks.GLANCE, PATH, {"name": "n", "wings": "2"})
    made = answer.json()
    undo.callback(people.member.remove, disks.GLANCE, f"{PATH}/{made['id']}")
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"/v2/images/{made['id']}")
    assert "glance-direct" in answer.headers["OpenStack-image-import-methods"]
    told = (made["status"], made["visibility"], made["owner"], made["wings"])
    assert told == ("queued", "shared", people.member.project_id, "2")
    assert made["size"] is made["checksum"] is made["disk_format"] is None
    assert made["file"] == f"/v2/images/{made['id']}/file"
    again = people.member.post(disks.GLANCE, PATH, {"id": made["id"]})
    assert disks.says(again, 409, f"Image ID {made['id']} already exists!")


@pytest.mark.parametrize(
    ("who", "body", "status", "text"),
    [
        ("member", {"name": "x" * 256}, 400, "is too long"),
        ("member", {"disk_format": "no"}, 400, "is not one of [None"),
        ("member", {"visibility": "no"}, 400, "is not one of ["),
        ("member", {"id": "no"}, 400, "does not match"),
        ("member", {"min_disk": -1}, 400, "Cannot be a negative value"),
        ("member", {"foo": 1}, 400, "1 is not of type"),
        ("member", {"tags": "x"}, 400, "is not of type"),
        ("member", {"status": "active"}, 403, "is read-only."),
        ("member", {"owner": "x"}, 403, "You are not permitted to create images owned by"),
        ("member", {"visibility": "public"}, 403, "not authorized to complete publicize_image"),
        ("reader", {"name": "n"}, 403, "You are not authorized to complete add_image action."),
    ],
)
def test_bad_input(people: callers.People, who: str, body: Any, status: int, text: str) -> None:
    """What is no image, and who makes none."""
    caller: callers.Caller = getattr(people, who)
    assert disks.says(caller.post(disks.GLANCE, PATH, body), status, text)


def test_malformed(people: callers.People) -> None:
    """A body that is no JSON is 400."""
    headers = {"Content-Type": "application/json"}
    answer = people.member.ask("POST", disks.GLANCE, PATH, data="{", headers=headers)
    assert disks.says(answer, 400, "Malformed JSON in request body.")


def test_show(people: callers.People, image: Any, community: Any) -> None:
    """Its project sees a private image, others do not; a community image everybody sees."""
    path = f"{PATH}/{image['id']}"
    seen = [
        caller.get(disks.GLANCE, path).json()
        for caller in (people.member, people.reader, people.admin)
    ]
    assert seen[0] == seen[1] == seen[2]
    assert (seen[0]["status"], seen[0]["size"], seen[0]["foo"]) == ("active", 5, "bar")
    assert seen[0]["checksum"] == "5d41402abc4b2a76b9719d911017c592"
    answer = people.stranger.get(disks.GLANCE, path)
    assert disks.says(answer, 404, f"No image found with ID {image['id']}")
    answer = people.stranger.get(disks.GLANCE, f"{PATH}/{community['id']}")
    assert answer.json()["name"] == "community"


@pytest.mark.parametrize(
    ("who", "query", "names"),
    [
        ("member", "", {"private", "community"}),
        ("reader", "", {"private", "community"}),
        ("stranger", "", set()),
        ("admin", "", {"private"}),
        ("member", "visibility=private&", {"private"}),
        ("member", "visibility=public&", set()),
        ("stranger", "visibility=community&", {"community"}),
        ("stranger", "visibility=all&", {"community"}),
        ("admin", "visibility=all&", {"private", "community"}),
        ("member", "os_hidden=true&", set()),
    ],
)
def test_whose(
    people: callers.People, image: Any, community: Any, who: str, query: str, names: set[str]
) -> None:
    """Others' community images are listed only if asked for, even to the administrator."""
    caller: callers.Caller = getattr(people, who)
    path = f"{PATH}?{query}owner={people.member.project_id}"
    assert set(_names(caller.get(disks.GLANCE, path))) == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=private", ["private"]),
        ("name=in:private,community&sort=name:asc", ["community", "private"]),
        ("sort_key=name&sort_dir=desc", ["private", "community"]),
        ("status=queued", ["community"]),
        ("status=no", []),
        ("tag=t", ["private"]),
        ("tag=t&tag=u", []),
        ("size_min=1&visibility=private", ["private"]),
        ("size_max=1&visibility=private", []),
        ("foo=bar", ["private"]),
        ("wings=2", []),
        ("protected=true", []),
        ("container_format=bare&visibility=community", ["community"]),
        ("created_at=lt:2020-01-01T00:00:00Z", []),
        ("limit=0", []),
    ],
)
def test_filters(
    people: callers.People, image: Any, community: Any, query: str, names: list[str]
) -> None:
    """A list has what all filters say, in the order that is asked for."""
    path = f"{PATH}?{query}&owner={people.member.project_id}"
    assert _names(people.member.get(disks.GLANCE, path)) == names


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("limit=x", "limit param must be an integer"),
        ("limit=-1", "limit param must be positive"),
        (f"marker={disks.NOBODY}", f"No image found with ID {disks.NOBODY}"),
        ("visibility=no", "Invalid visibility value: no"),
        ("member_status=no", "Invalid status: no"),
        ("os_hidden=x", "filter. Valid values are"),
        ("protected=x", "filter. Valid values are"),
        ("size_min=x", "Unable to filter on a range with a non-numeric value."),
        ("created_at=x:2020", "Unable to filter on a unknown operator."),
        ("sort=wings", "Invalid sort key: wings. It must be one of the following: name, status"),
        ("sort=name:up", "Invalid sort direction: up"),
        ("sort=name&sort_key=name", "Old and new sorting syntax cannot be combined"),
        ("changes-since=x", "filter is no longer available on v2."),
    ],
)
def test_bad_queries(people: callers.People, query: str, text: str) -> None:
    """What a list cannot be asked; a vanished marker is one of that."""
    assert disks.says(people.member.get(disks.GLANCE, f"{PATH}?{query}"), 400, text)


def test_pages(people: callers.People, image: Any, community: Any) -> None:
    """A full page has a relative next link; the last has none."""
    mine = f"owner={people.member.project_id}&sort=name%3Aasc"
    page = people.member.get(disks.GLANCE, f"{PATH}?limit=1&{mine}").json()
    assert page["first"] == f"/v2/images?limit=1&{mine}"
    assert page["next"] == f"/v2/images?limit=1&{mine}&marker={community['id']}"
    assert page["schema"] == "/v2/schemas/images"
    then = people.member.get(disks.GLANCE, page["next"]).json()
    assert [row["id"] for row in page["images"] + then["images"]] == [community["id"], image["id"]]
    end = people.member.get(disks.GLANCE, then["next"]).json()
    assert end["images"] == []
    assert "next" not in end


def test_patch(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Properties are added, replaced and removed, all together."""
    key = disks.image(people.member, undo)["id"]
    made = change(
        people.member,
        key,
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": "add", "path": "/wings", "value": "2"},
        {"op": "replace", "path": "/disk_format", "value": "qcow2"},
        {"op": "replace", "path": "/tags", "value": ["a"]},
    )
    told = {k: made.json()[k] for k in ("name", "wings", "disk_format", "tags")}
    assert told == {"name": "new", "wings": "2", "disk_format": "qcow2", "tags": ["a"]}
    without = change(people.member, key, {"op": "remove", "path": "/wings"})
    assert "wings" not in without.json()


@pytest.mark.parametrize(
    ("operation", "status", "text"),
    [
        ({"op": "remove", "path": "/wings"}, 409, "Property wings does not exist."),
        ({"op": "replace", "path": "/wings", "value": "2"}, 409, "Property wings does not exist."),
        ({"op": "remove", "path": "/name"}, 403, "Property name may not be removed."),
        ({"op": "replace", "path": "/id", "value": "x"}, 403, "is read-only."),
        ({"op": "replace", "path": "/status", "value": "x"}, 403, "is read-only."),
        ({"op": "replace", "path": "/owner", "value": "x"}, 403, "be updated by non admin."),
        ({"op": "replace", "path": "/disk_format", "value": "iso"}, 403, "for a queued image."),
        ({"op": "replace", "path": "/visibility", "value": "public"}, 403, "publicize_image"),
        ({"op": "replace", "path": "/os_hidden", "value": "x"}, 400, "is not of type"),
        ({"op": "move", "path": "/a"}, 400, "Invalid operation: `move`. It must be one of"),
        ({"op": "add", "path": "name", "value": "x"}, 400, "Pointer `name` does not start with"),
        ({"op": "replace", "path": "/name"}, 400, "requires a member named"),
    ],
)
def test_bad_patches(
    people: callers.People, image: Any, operation: Any, status: int, text: str
) -> None:
    """What cannot be done to an image."""
    assert disks.says(change(people.member, image["id"], operation), status, text)


def test_who_may_patch(people: callers.People, image: Any, community: Any) -> None:
    """Only its project's members, with the media type."""
    rename = {"op": "replace", "path": "/name", "value": "x"}
    answer = change(people.member, image["id"], rename, kind="application/json")
    assert disks.says(answer, 415, "Image PATCH expects Content-Type one of")
    for caller, key in ((people.reader, image["id"]), (people.stranger, community["id"])):
        answer = change(caller, key, rename)
        assert disks.says(answer, 403, "You are not authorized to complete modify_image action.")
    answer = change(people.stranger, image["id"], rename)
    assert disks.says(answer, 404, f"No image found with ID {image['id']}")


def test_hidden(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A hidden image is listed only if asked for."""
    key = disks.image(people.member, undo, name="private", visibility="private")["id"]
    change(people.member, key, {"op": "replace", "path": "/os_hidden", "value": True})
    path = f"{PATH}?os_hidden=true&owner={people.member.project_id}"
    assert _names(people.member.get(disks.GLANCE, path)) == ["private"]
    rows = people.member.get(disks.GLANCE, PATH).json()["images"]
    assert key not in {row["id"] for row in rows}


def test_delete(people: callers.People, undo: contextlib.ExitStack, community: Any) -> None:
    """A protected image is 403, others' as well; one that is gone 404."""
    key = disks.image(people.member, undo, protected=True)["id"]
    path = f"{PATH}/{key}"
    answer = people.member.delete(disks.GLANCE, path)
    assert disks.says(answer, 403, f"Image {key} is protected and cannot be deleted.")
    answer = people.admin.delete(disks.GLANCE, path)
    assert disks.says(answer, 403, f"Image {key} is protected and cannot be deleted.")
    change(people.member, key, {"op": "replace", "path": "/protected", "value": False})
    answer = people.reader.delete(disks.GLANCE, path)
    assert disks.says(answer, 403, "You are not authorized to complete delete_image action.")
    answer = people.stranger.delete(disks.GLANCE, f"{PATH}/{community['id']}")
    assert disks.says(answer, 403, "You are not authorized to complete delete_image action.")
    gone = f"Failed to find image {key} to delete"
    assert disks.says(people.stranger.delete(disks.GLANCE, path), 404, gone)
    assert people.member.delete(disks.GLANCE, path).status_code == 204
    assert disks.says(people.member.delete(disks.GLANCE, path), 404, gone)


def test_deactivate(people: callers.People, undo: contextlib.ExitStack, community: Any) -> None:
    """A deactivated image gives its data to the administrator alone; queued ones cannot be."""
    key = disks.active_image(people.member, undo)["id"]
    path = f"{PATH}/{key}"
    assert people.member.post(disks.GLANCE, f"{path}/actions/deactivate").status_code == 204
    assert people.member.post(disks.GLANCE, f"{path}/actions/deactivate").status_code == 204
    assert people.member.status_of(disks.GLANCE, path) == "deactivated"
    answer = people.member.get(disks.GLANCE, f"{path}/file")
    assert disks.says(answer, 403, "The requested image has been deactivated.")
    assert people.admin.get(disks.GLANCE, f"{path}/file").content == b"hello"
    answer = people.reader.post(disks.GLANCE, f"{path}/actions/reactivate")
    assert disks.says(answer, 403, "You are not authorized to complete reactivate action.")
    assert people.member.post(disks.GLANCE, f"{path}/actions/reactivate").status_code == 204
    assert people.member.status_of(disks.GLANCE, path) == "active"
    answer = people.stranger.post(disks.GLANCE, f"{path}/actions/deactivate")
    assert disks.says(answer, 404, f"No image found with ID {key}")
    queued = f"{PATH}/{community['id']}/actions/deactivate"
    answer = people.admin.post(disks.GLANCE, queued)
    assert disks.says(answer, 403, "Not allowed to deactivate image in status")


def test_tags(people: callers.People, image: Any) -> None:
    """A tag is put, also again, and deleted once."""
    path = f"{PATH}/{image['id']}/tags"
    for _ in range(2):
        assert people.member.put(disks.GLANCE, f"{path}/new").status_code == 204
    shown = people.member.get(disks.GLANCE, f"{PATH}/{image['id']}").json()
    assert sorted(shown["tags"]) == ["new", "t"]
    assert people.member.delete(disks.GLANCE, f"{path}/new").status_code == 204
    assert disks.says(people.member.delete(disks.GLANCE, f"{path}/new"), 404)
    answer = people.reader.put(disks.GLANCE, f"{path}/new")
    assert disks.says(answer, 403, "You are not authorized to complete modify_image action.")
    answer = people.stranger.put(disks.GLANCE, f"{path}/new")
    assert disks.says(answer, 404, f"Image {image['id']} not found.")
    assert disks.says(people.member.put(disks.GLANCE, f"{path}/{'x' * 256}"), 400, "is too long")


def test_versions(people: callers.People) -> None:
    """The versions are told with 300, and with 200 at ``/versions``."""
    root = people.member.get(disks.GLANCE, "/")
    listed = people.member.get(disks.GLANCE, "/versions")
    assert (root.status_code, listed.status_code) == (300, 200)
    current = [one["id"] for one in root.json()["versions"] if one["status"] == "CURRENT"]
    # The later one where Glance has an image cache, which is asked through its API.
    assert current in (["v2.17"], ["v2.18"])
    assert listed.json() == root.json()


def test_schemas(people: callers.People) -> None:
    """Clients learn from the schemas which properties there are, and which are read-only."""
    whole = people.reader.get(disks.GLANCE, "/v2/schemas/image").json()
    assert whole["additionalProperties"] == {"type": "string"}
    assert {"id", "name", "visibility", "os_hidden", "min_disk"} <= set(whole["properties"])
    read_only = {key for key, about in whole["properties"].items() if about.get("readOnly")}
    assert read_only >= {"status", "size", "checksum", "created_at", "self"}
    for name, key in (("images", "images"), ("member", "member_id"), ("members", "members")):
        found = people.member.get(disks.GLANCE, f"/v2/schemas/{name}").json()
        assert found["name"] == name
        assert key in found["properties"]
    assert people.member.get(disks.GLANCE, "/v2/schemas/wings").status_code == 404


def test_about(people: callers.People) -> None:
    """Stores, import methods and quotas are told to all, the stores' details to the admin."""
    stores = people.reader.get(disks.GLANCE, "/v2/info/stores").json()
    assert stores == {"stores": [{"id": "file", "default": "true"}]}
    methods = people.reader.get(disks.GLANCE, "/v2/info/import").json()["import-methods"]
    assert methods["value"] == ["glance-direct", "web-download", "copy-image"]
    assert people.member.get(disks.GLANCE, "/v2/info/usage").json() == {"usage": {}}
    (store,) = people.admin.get(disks.GLANCE, "/v2/info/stores/detail").json()["stores"]
    assert (store["id"], store["type"]) == ("file", "file")
    answer = people.member.get(disks.GLANCE, "/v2/info/stores/detail")
    assert disks.says(answer, 403, "You are not authorized to complete stores_info_detail")


def test_tasks(people: callers.People) -> None:
    """Tasks are for the administrator to see."""
    answer = people.admin.get(disks.GLANCE, "/v2/tasks?status=pending")
    assert answer.status_code == 200
    answer = people.member.get(disks.GLANCE, "/v2/tasks")
    assert disks.says(answer, 403, "You are not authorized to complete tasks_api_access action.")


def test_wrong_method(people: callers.People) -> None:
    """A method that a path does not have is 405."""
    assert people.member.put(disks.GLANCE, PATH, {}).status_code == 405
