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
"""Cinder's volumes: create, show, list, update, delete, metadata; who may, and what is refused."""

from collections.abc import Iterator
import contextlib
import itertools
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks

PATH = "/v3/{project}/volumes"
BUSY = "must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer"
ADMIN_FIELDS = {"os-vol-host-attr:host", "os-vol-mig-status-attr:migstat", "migration_status"}


@pytest.fixture(scope="module")
def volume(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A member's volume that all tests look at, with metadata."""
    return disks.volume(people.member, undo_module, name="shared", metadata={"a": "b"})


@pytest.fixture(scope="module")
def second(
    people: callers.People, undo_module: contextlib.ExitStack, volume: Any
) -> Iterator[Any]:
    """Another one, made later."""
    return disks.volume(people.member, undo_module, name="second")


def test_create_is_asynchronous(people: callers.People, undo: contextlib.ExitStack) -> None:
    """The answer is 202 with ``creating``; the volume is available some time later."""
    body = {"volume": {"size": "1", "name": " blank ", "description": "d", "metadata": {"k": "v"}}}
    answer = people.member.post(disks.CINDER, PATH, body)
    assert answer.status_code == 202
    made = answer.json()["volume"]
    undo.callback(people.member.remove, disks.CINDER, f"{PATH}/{made['id']}")
    told = (made["status"], made["size"], made["name"], made["updated_at"], made["metadata"])
    assert told == ("creating", 1, "blank", None, {"k": "v"})
    assert "os-vol-tenant-attr:tenant_id" not in made
    people.member.await_status(disks.CINDER, f"{PATH}/{made['id']}", "available")


def test_show(people: callers.People, volume: Any) -> None:
    """Members and readers of its project see it, the administrator more of it, others 404."""
    path = f"{PATH}/{volume['id']}"
    seen = {
        name: getattr(people, name).get(disks.CINDER, path, version=disks.NEWEST)
        for name in ("member", "reader", "admin", "stranger")
    }
    assert set(seen["member"].json()["volume"]) == set(seen["reader"].json()["volume"])
    admins = seen["admin"].json()["volume"]
    assert set(admins) - set(seen["member"].json()["volume"]) >= ADMIN_FIELDS
    assert admins["os-vol-tenant-attr:tenant_id"] == people.member.project_id
    assert admins["user_id"] == people.member.user_id
    assert disks.says(seen["stranger"], 404, f"Volume {volume['id']} could not be found.")


def test_fields_by_microversion(people: callers.People, volume: Any) -> None:
    """Each field appears with its microversion."""
    path = f"{PATH}/{volume['id']}"
    seen = {
        version: set(people.admin.get(disks.CINDER, path, version=version).json()["volume"])
        for version in ("3.0", "3.13", "3.21", "3.48", "3.61", "3.63", "3.65")
    }
    steps = list(seen.values())
    assert [sorted(new - old) for old, new in itertools.pairwise(steps)] == [
        ["group_id"],
        ["provider_id"],
        ["service_uuid", "shared_targets"],
        ["cluster_name"],
        ["volume_type_id"],
        ["consumes_quota"],
    ]


def test_reader_may_not_create(people: callers.People) -> None:
    """A reader is refused by the policy's name."""
    answer = people.reader.post(disks.CINDER, PATH, {"volume": {"size": 1}})
    assert disks.says(answer, 403, "Policy doesn't allow volume:create to be performed.")


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({}, 400, "The server could not comply with the request"),
        ({"size": "x"}, 400, "'x' does not match '^[0-9]+$'"),
        ({"size": 0}, 400, "0 is less than the minimum of 1"),
        ({"size": 1.5}, 400, "1.5 is not of type 'integer', 'string', 'null'"),
        ({"size": 1, "name": "x" * 256}, 400, "name has 256 characters, more than 255."),
        ({"size": 1, "wings": 2}, 400, "('wings' was unexpected)"),
        ({"size": 1, "multiattach": True}, 400, "multiattach parameter has been removed"),
        ({"size": 1, "availability_zone": "no"}, 400, "Availability zone 'no' is invalid."),
        ({"size": 1, "volume_type": "no"}, 404, "Volume type with name no could not be found."),
        ({"size": 1, "snapshot_id": "no"}, 400, "is not valid under any of the given schemas"),
        ({"size": 1, "snapshot_id": disks.NOBODY}, 404, "Snapshot 00000000"),
        ({"source_volid": disks.NOBODY}, 404, "Volume 00000000"),
        ({"size": 1, "backup_id": disks.NOBODY}, 404, "Backup 00000000"),
        ({"size": 1, "imageRef": disks.NOBODY}, 400, "Invalid image identifier"),
        ({"size": 1, "metadata": {"k": 1}}, 400, "1 is not of type 'string'"),
        ({"size": 2000}, 413, "exceeds allowed gigabytes quota. Requested 2000G, quota is 1000G"),
    ],
)
def test_bad_input(people: callers.People, fields: Any, status: int, text: str) -> None:
    """What cannot be made is refused, and said why."""
    body = {"volume": fields}
    answer = people.member.post(disks.CINDER, PATH, body, version=disks.NEWEST)
    assert disks.says(answer, status, text)


def test_malformed(people: callers.People) -> None:
    """A body must be an object with the one key, which is an object."""
    said = [
        people.member.post(disks.CINDER, PATH, body).json()["badRequest"]["message"]
        for body in ({}, [], {"volume": []})
    ]
    assert said == [
        "'volume' is a required property",
        "[] is not of type 'object'",
        "Invalid input for field/attribute volume. Value: []. [] is not of type 'object'",
    ]


def test_unknown_field_before_3_53(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Before 3.53 a field that Cinder does not know was ignored."""
    body = {"volume": {"size": 1, "wings": 2}}
    made = people.member.make(disks.CINDER, PATH, body, version="3.52")
    undo.callback(people.member.remove, disks.CINDER, f"{PATH}/{made['id']}")


def test_made_of_others(people: callers.People, undo: contextlib.ExitStack, second: Any) -> None:
    """A volume is made of a volume or a snapshot, as large at least, and says so."""
    snapshot = disks.snapshot(people.member, undo, second["id"])
    clone = disks.volume(people.member, undo, source_volid=second["id"], size=None)
    restored = disks.volume(people.member, undo, snapshot_id=snapshot["id"], size=2)
    assert (clone["source_volid"], clone["size"]) == (second["id"], 1)
    assert (restored["snapshot_id"], restored["size"]) == (snapshot["id"], 2)
    both = {"snapshot_id": snapshot["id"], "source_volid": second["id"]}
    answer = people.member.post(disks.CINDER, PATH, {"volume": both})
    assert disks.says(answer, 400, "May specify only one of backup, imageRef, snapshot, source")
    smaller = {"volume": {"size": 1, "source_volid": restored["id"]}}
    answer = people.member.post(disks.CINDER, PATH, smaller)
    assert disks.says(answer, 400, "Volume size '1'GB cannot be smaller than original volume size")
    stolen = {"volume": {"snapshot_id": snapshot["id"]}}
    assert disks.says(people.stranger.post(disks.CINDER, PATH, stolen), 404, "Snapshot ")


def test_made_of_image(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A volume of an image is bootable and knows the image; one without data is refused."""
    image = disks.active_image(people.member, undo, name="boot", foo="bar")
    made = disks.volume(people.member, undo, imageRef=image["id"])
    shown = people.member.get(disks.CINDER, f"{PATH}/{made['id']}").json()["volume"]
    about = shown["volume_image_metadata"]
    assert (made["bootable"], shown["bootable"]) == ("false", "true")
    assert (about["image_id"], about["image_name"], about["foo"]) == (image["id"], "boot", "bar")
    queued = disks.image(people.member, undo)
    body = {"volume": {"size": 1, "imageRef": queued["id"]}}
    answer = people.member.post(disks.CINDER, PATH, body)
    assert disks.says(answer, 400, f"Image {queued['id']} is not active.")


def test_list_whose(people: callers.People, volume: Any) -> None:
    """Who asks for all tenants gets his own project's with 200, but for the administrator."""
    every = f"{PATH}/detail?all_tenants=1"
    mine = f"{every}&project_id={people.member.project_id}"

    def ids(caller: callers.Caller, path: str) -> set[str]:
        answer = caller.get(disks.CINDER, path)
        assert answer.status_code == 200
        return {row["id"] for row in answer.json()["volumes"]}

    assert volume["id"] in ids(people.member, every)
    assert ids(people.member, every) == ids(people.reader, every) == ids(people.admin, mine)
    assert ids(people.stranger, every) == set()
    assert volume["id"] not in ids(people.admin, f"{PATH}/detail")
    assert volume["id"] in ids(people.admin, every)
    answer = people.admin.get(disks.CINDER, f"{PATH}?all_tenants=maybe")
    assert disks.says(answer, 400, "Value 'maybe' for 'all_tenants' is not a boolean.")


def test_list_brief(people: callers.People, volume: Any) -> None:
    """The short list has names and links."""
    rows = people.member.get(disks.CINDER, PATH, params={"name": "shared"}).json()["volumes"]
    assert [set(row) for row in rows] == [{"id", "name", "links"}]
    links = {link["rel"]: link["href"] for link in rows[0]["links"]}
    assert links["self"].endswith(f"/v3/{people.member.project_id}/volumes/{volume['id']}")
    assert links["bookmark"].endswith(f"/{people.member.project_id}/volumes/{volume['id']}")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=shared", ["shared"]),
        ("name=SHARED", ["shared"]),
        ("name=nobody", []),
        ("status=available&name=second", ["second"]),
        ("status=error", []),
        ("metadata={'a':'b'}", ["shared"]),
        ("bootable=true", []),
        ("size=7", []),
        ("created_at=gt:2020-01-01T00:00:00&name=shared", ["shared"]),
        ("created_at=lt:2020-01-01T00:00:00", []),
        ("sort=name:asc&bootable=false", ["second", "shared"]),
        ("sort_key=name&sort_dir=desc", ["shared", "second"]),
        ("sort=name:asc&limit=1&offset=1", ["shared"]),
        ("limit=0", []),
    ],
)
def test_filters(
    people: callers.People, volume: Any, second: Any, query: str, names: list[str]
) -> None:
    """A list has what the filters say, in the order that is asked for."""
    answer = people.member.get(disks.CINDER, f"{PATH}?{query}", version=disks.NEWEST)
    assert answer.status_code == 200
    assert [row["name"] for row in answer.json()["volumes"]] == names


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("limit=x", 400, "limit param must be an integer"),
        ("limit=-1", 400, "limit param must be positive"),
        ("offset=x", 400, "offset must be an integer"),
        ("offset=-1", 400, "offset must be >= 0"),
        (f"marker={disks.NOBODY}", 404, "Volume 00000000"),
        ("sort=wings", 400, "Invalid sort key"),
        ("sort=size:up", 400, "Unknown sort direction, must be 'desc' or 'asc'."),
        ("sort=size&sort_key=size", 400, "The 'sort_key' and 'sort_dir' parameters are depre"),
        ("wings=2", 400, "Invalid filters wings are found in query options."),
        ("project_id=x", 400, "Invalid filters project_id are found in query options."),
        ("bootable=x", 400, "'bootable = x'"),
        ("created_at=foo:2020", 400, "Invalid foo operator"),
    ],
)
def test_bad_queries(people: callers.People, query: str, status: int, text: str) -> None:
    """What a list cannot be asked."""
    answer = people.member.get(disks.CINDER, f"{PATH}?{query}", version=disks.NEWEST)
    assert disks.says(answer, status, text)


def test_unknown_filter(people: callers.People, volume: Any) -> None:
    """Before 3.31 a member's unknown filter is ignored; the administrator's finds nothing."""
    old = people.member.get(disks.CINDER, f"{PATH}?wings=2", version="3.30").json()["volumes"]
    assert volume["id"] in {row["id"] for row in old}
    path = f"{PATH}?all_tenants=1&wings=2"
    assert people.admin.get(disks.CINDER, path).json() == {"volumes": []}


def test_pages(people: callers.People, volume: Any, second: Any) -> None:
    """Pages follow each other by the next link of a full one, the newest first."""
    path = f"{PATH}/detail?status=available&limit=1"
    first = people.member.get(disks.CINDER, path).json()
    (link,) = first["volumes_links"]
    rest = link["href"].partition("/v3/")[2]
    assert link["rel"] == "next"
    query = f"status=available&limit=1&marker={first['volumes'][0]['id']}"
    assert rest.endswith(f"volumes/detail?{query}")
    then = people.member.get(disks.CINDER, f"/v3/{rest}").json()
    seen = first["volumes"] + then["volumes"]
    assert {row["id"] for row in seen} == {second["id"], volume["id"]}
    assert seen[0]["created_at"] >= seen[1]["created_at"]
    wide = people.member.get(disks.CINDER, f"{PATH}/detail?limit=50").json()
    assert "volumes_links" not in wide


def test_count(people: callers.People, volume: Any, second: Any) -> None:
    """From 3.45 on a list tells how many there are, if asked."""
    path = f"{PATH}?with_count=true&limit=1&name=shared"
    assert people.member.get(disks.CINDER, path, version="3.45").json()["count"] == 1
    assert "count" not in people.member.get(disks.CINDER, path, version="3.44").json()


def test_summary(people: callers.People, volume: Any) -> None:
    """The summary (3.12) counts; from 3.36 on it has the values of the metadata."""
    path = f"{PATH}/summary"
    new = people.member.get(disks.CINDER, path, version=disks.NEWEST).json()["volume-summary"]
    old = people.reader.get(disks.CINDER, path, version="3.12").json()["volume-summary"]
    assert new["total_count"] >= 1
    assert new["metadata"]["a"] == ["b"]
    assert set(old) == {"total_count", "total_size"}
    assert disks.says(people.member.get(disks.CINDER, path, version="3.11"), 404)


def test_update(people: callers.People, second: Any) -> None:
    """A member changes name, description and metadata."""
    path = f"{PATH}/{second['id']}"
    body = {"volume": {"description": "new", "metadata": {"x": "y"}}}
    shown = people.member.put(disks.CINDER, path, body).json()["volume"]
    assert (shown["description"], shown["metadata"], shown["name"]) == (
        "new",
        {"x": "y"},
        "second",
    )


@pytest.mark.parametrize(
    ("who", "body", "status", "text"),
    [
        ("reader", {"volume": {"name": "x"}}, 403, "Policy doesn't allow volume:update"),
        ("stranger", {"volume": {"name": "x"}}, 404, "could not be found."),
        ("member", {}, 400, "'volume' is a required property"),
        ("member", {"volume": {"size": 3}}, 400, "('size' was unexpected)"),
        ("member", {"volume": {"name": "x" * 256}}, 400, "name has 256 characters"),
    ],
)
def test_bad_updates(
    people: callers.People, volume: Any, who: str, body: Any, status: int, text: str
) -> None:
    """Who may not change it, and what cannot be changed."""
    caller: callers.Caller = getattr(people, who)
    answer = caller.put(disks.CINDER, f"{PATH}/{volume['id']}", body)
    assert disks.says(answer, status, text)


def test_metadata(people: callers.People, second: Any) -> None:
    """Metadata is shown, added to, replaced, and changed by item."""
    path = f"{PATH}/{second['id']}/metadata"
    ask = people.member
    assert ask.put(disks.CINDER, path, {"metadata": {"a": "b"}}).json() == {"metadata": {"a": "b"}}
    both = {"metadata": {"a": "b", "c": "d"}}
    assert ask.post(disks.CINDER, path, {"metadata": {"c": "d"}}).json() == both
    assert people.reader.get(disks.CINDER, path).json() == both
    assert ask.get(disks.CINDER, f"{path}/c").json() == {"meta": {"c": "d"}}
    assert ask.put(disks.CINDER, f"{path}/c", {"meta": {"c": "e"}}).json() == {"meta": {"c": "e"}}
    assert ask.delete(disks.CINDER, f"{path}/c").status_code == 200
    gone = f"Volume {second['id']} has no metadata with key c."
    assert disks.says(ask.delete(disks.CINDER, f"{path}/c"), 404, gone)
    assert disks.says(ask.get(disks.CINDER, f"{path}/c"), 404, gone)


def test_bad_metadata(people: callers.People, volume: Any) -> None:
    """Metadata is text, an item is that of the path, and a reader changes none."""
    path = f"{PATH}/{volume['id']}/metadata"
    answer = people.member.post(disks.CINDER, path, {"metadata": {"x": 1}})
    assert disks.says(answer, 400, "1 is not of type 'string'")
    answer = people.member.put(disks.CINDER, f"{path}/k", {"meta": {"q": "v"}})
    assert disks.says(answer, 400, "Request body and URI mismatch")
    answer = people.reader.post(disks.CINDER, path, {"metadata": {"x": "y"}})
    assert disks.says(answer, 403, "Policy doesn't allow volume:create_volume_metadata")
    answer = people.stranger.get(disks.CINDER, path)
    assert disks.says(answer, 404, "could not be found.")


def test_encryption(people: callers.People, volume: Any) -> None:
    """A volume that is not encrypted has no key."""
    answer = people.member.get(disks.CINDER, f"{PATH}/{volume['id']}/encryption")
    assert answer.json() == {"encryption_key_id": None}


def test_delete(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Others may not; the owner gets 202, then 400 while it is on its way, then 404."""
    made = disks.volume(people.member, undo)
    path = f"{PATH}/{made['id']}"
    assert disks.says(people.stranger.delete(disks.CINDER, path), 404, "could not be found.")
    answer = people.reader.delete(disks.CINDER, path)
    assert disks.says(answer, 403, "Policy doesn't allow volume:delete to be performed.")
    answer = people.member.delete(disks.CINDER, f"{path}?force=true", version="3.23")
    assert disks.says(answer, 403, "Policy doesn't allow volume:force_delete to be performed.")
    assert people.member.delete(disks.CINDER, path).status_code == 202
    again = people.member.delete(disks.CINDER, path)
    assert again.status_code in {400, 404}
    people.member.await_status(disks.CINDER, path, None)
    answer = people.member.delete(disks.CINDER, path)
    assert disks.says(answer, 404, f"Volume {made['id']} could not be found.")


def test_snapshots_hold_volume(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A volume with a snapshot is 400, unless the snapshot is to go along."""
    made = disks.volume(people.member, undo)
    snapshot = disks.snapshot(people.member, undo, made["id"])
    path = f"{PATH}/{made['id']}"
    assert disks.says(people.member.delete(disks.CINDER, path), 400, BUSY)
    assert people.member.delete(disks.CINDER, f"{path}?cascade=true").status_code == 202
    people.member.await_status(disks.CINDER, path, None)
    gone = people.member.get(disks.CINDER, f"/v3/{{project}}/snapshots/{snapshot['id']}")
    assert gone.status_code == 404


def test_force(people: callers.People, undo: contextlib.ExitStack) -> None:
    """The administrator deletes a volume in whatever status (3.23)."""
    made = disks.volume(people.member, undo)
    path = f"{PATH}/{made['id']}"
    status = {"os-reset_status": {"status": "maintenance"}}
    assert people.admin.post(disks.CINDER, f"{path}/action", status).status_code == 202
    assert disks.says(people.admin.delete(disks.CINDER, path), 400, BUSY)
    answer = people.admin.delete(disks.CINDER, f"{path}?force=true", version="3.23")
    assert answer.status_code == 202
    people.member.await_status(disks.CINDER, path, None)


def test_other_project_in_path(people: callers.People) -> None:
    """A path with another project than the token's is 400, for the administrator as well."""
    path = f"/v3/{people.stranger.project_id}/volumes"
    for caller in (people.member, people.admin):
        assert disks.says(caller.get(disks.CINDER, path), 400, "Malformed request url")


def test_unknown_paths(people: callers.People) -> None:
    """A path or a method that Cinder does not have is a page of HTML with 404."""
    for method, path in (("GET", "/v3/{project}/wings"), ("PATCH", f"{PATH}/{disks.NOBODY}")):
        answer = people.member.ask(method, disks.CINDER, path)
        assert answer.status_code == 404
        assert "The resource could not be found." in answer.text


def test_unknown_microversion(people: callers.People) -> None:
    """A microversion that Cinder does not have is 406, and says which it has."""
    answer = people.member.get(disks.CINDER, PATH, version="3.999")
    assert answer.status_code == 406
    assert "Minimum is 3.0 and maximum is 3." in answer.json()["computeFault"]["message"]
