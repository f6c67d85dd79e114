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
"""Cinder's snapshots: create, show, list, update, delete, metadata, status."""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks

PATH = "/v3/{project}/snapshots"
VOLUMES = "/v3/{project}/volumes"


@pytest.fixture(scope="module")
def volume(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A member's volume."""
    return disks.volume(people.member, undo_module)


@pytest.fixture(scope="module")
def snapshot(people: callers.People, undo_module: contextlib.ExitStack, volume: Any) -> Any:
    """A snapshot of it that all tests look at."""
    return disks.snapshot(
        people.member, undo_module, volume["id"], name="shared", metadata={"a": "b"}
    )


def test_create_is_asynchronous(
    people: callers.People, undo: contextlib.ExitStack, volume: Any
) -> None:
    """The answer is 202 with ``creating``; after delete it is ``deleting`` and then gone."""
    answer = people.member.post(disks.CINDER, PATH, {"snapshot": {"volume_id": volume["id"]}})
    made = answer.json()["snapshot"]
    path = f"{PATH}/{made['id']}"
    undo.callback(people.member.remove, disks.CINDER, path)
    assert (answer.status_code, made["status"], made["updated_at"]) == (202, "creating", None)
    people.member.await_status(disks.CINDER, path, "available")
    answer = people.reader.delete(disks.CINDER, path)
    assert disks.says(answer, 403, "Policy doesn't allow volume:delete_snapshot to be performed.")
    assert disks.says(people.stranger.delete(disks.CINDER, path), 404, "could not be found.")
    assert people.member.delete(disks.CINDER, path).status_code == 202
    assert people.member.delete(disks.CINDER, path).status_code in {400, 404}
    people.member.await_status(disks.CINDER, path, None)


def test_show(people: callers.People, snapshot: Any) -> None:
    """Its project sees it, others do not; fields come with their microversions."""
    path = f"{PATH}/{snapshot['id']}"
    seen = people.reader.get(disks.CINDER, path, version="3.0").json()["snapshot"]
    assert seen["os-extended-snapshot-attributes:progress"] == "100%"
    assert seen["os-extended-snapshot-attributes:project_id"] == people.member.project_id
    new = people.admin.get(disks.CINDER, path, version=disks.NEWEST).json()["snapshot"]
    assert set(new) - set(seen) == {"group_snapshot_id", "user_id", "consumes_quota"}
    answer = people.stranger.get(disks.CINDER, path)
    assert disks.says(answer, 404, f"Snapshot {snapshot['id']} could not be found.")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=shared", ["shared"]),
        ("status=error", []),
        ("metadata={'a':'b'}", ["shared"]),
        ("sort=name:asc&status=available", ["shared"]),
        ("all_tenants=1&name=shared", ["shared"]),
    ],
)
def test_list(people: callers.People, snapshot: Any, query: str, names: list[str]) -> None:
    """A list has what the filters say."""
    answer = people.member.get(disks.CINDER, f"{PATH}?{query}", version=disks.NEWEST)
    assert [row["name"] for row in answer.json()["snapshots"]] == names


def test_lists_whose(people: callers.People, snapshot: Any, volume: Any) -> None:
    """The administrator finds all if he asks; the detailed list tells more."""
    mine = {"volume_id": volume["id"], "all_tenants": "1"}
    path = f"{PATH}/detail"
    found = people.admin.get(disks.CINDER, path, params=mine).json()["snapshots"]
    brief = people.admin.get(disks.CINDER, PATH, params=mine).json()["snapshots"]
    assert snapshot["id"] in {row["id"] for row in found}
    assert set(found[0]) - set(brief[0]) >= {"os-extended-snapshot-attributes:progress"}
    assert people.stranger.get(disks.CINDER, path, params=mine).json() == {"snapshots": []}


def test_pages(people: callers.People, snapshot: Any) -> None:
    """A full page has a next link; a vanished marker is 404."""
    page = people.member.get(disks.CINDER, f"{PATH}?limit=1&name=shared").json()
    (link,) = page["snapshots_links"]
    assert link["href"].endswith(f"/snapshots?limit=1&name=shared&marker={snapshot['id']}")
    rest = link["href"].partition("/v3/")[2]
    assert people.member.get(disks.CINDER, f"/v3/{rest}").json() == {"snapshots": []}
    answer = people.member.get(disks.CINDER, f"{PATH}/detail?marker={disks.NOBODY}")
    assert disks.says(answer, 404, f"Snapshot {disks.NOBODY} could not be found.")
    answer = people.member.get(disks.CINDER, f"{PATH}?limit=x")
    assert disks.says(answer, 400, "limit param must be an integer")


@pytest.mark.parametrize(
    ("who", "fields", "status", "text"),
    [
        ("member", {}, 400, "'volume_id' is a required property"),
        ("member", {"volume_id": disks.NOBODY}, 404, "Volume 00000000"),
        ("member", {"volume_id": "V", "wings": 1}, 400, "('wings' was unexpected)"),
        ("member", {"volume_id": "V", "force": "x"}, 400, "'x' is not one of [True, "),
        ("member", {"volume_id": "V", "force": False}, 400, "Since microversion 3.66 the 'force'"),
        ("reader", {"volume_id": "V"}, 403, "Policy doesn't allow volume:create_snapshot"),
        ("stranger", {"volume_id": "V"}, 404, "could not be found."),
    ],
)
def test_bad_input(
    people: callers.People, volume: Any, who: str, fields: Any, status: int, text: str
) -> None:
    """What is no snapshot, and whose volume it is not."""
    fields = {key: volume["id"] if value == "V" else value for key, value in fields.items()}
    caller: callers.Caller = getattr(people, who)
    answer = caller.post(disks.CINDER, PATH, {"snapshot": fields}, version=disks.NEWEST)
    assert disks.says(answer, status, text)


def test_in_use(people: callers.People, undo: contextlib.ExitStack, volume: Any) -> None:
    """A volume in use needs ``force`` before 3.66, and none from then on; one in error is 400."""
    action = f"{VOLUMES}/{volume['id']}/action"
    body = {"snapshot": {"volume_id": volume["id"]}}
    where = {"os-attach": {"instance_uuid": disks.NOBODY, "mountpoint": "/dev/vdb"}}
    assert people.member.post(disks.CINDER, action, where).status_code == 202
    undo.callback(people.admin.post, disks.CINDER, action, _status("available"))
    undo.callback(people.member.post, disks.CINDER, action, {"os-detach": {}})
    answer = people.member.post(disks.CINDER, PATH, body, version="3.65")
    assert disks.says(answer, 400, "status must be available, but current status is: in-use.")
    forced = {"snapshot": {"volume_id": volume["id"], "force": True}}
    for asked, version in ((forced, "3.65"), (body, "3.66")):
        made = people.member.make(disks.CINDER, PATH, asked, version=version)
        undo.callback(people.member.remove, disks.CINDER, f"{PATH}/{made['id']}")
    people.admin.post(disks.CINDER, action, _status("error"))
    answer = people.member.post(disks.CINDER, PATH, body)
    assert disks.says(answer, 400, "cannot be created when the volume is in error status.")


def _status(name: str) -> Any:
    return {"os-reset_status": {"status": name}}


def test_update(people: callers.People, snapshot: Any) -> None:
    """A member changes its description; nothing to change is 400."""
    path = f"{PATH}/{snapshot['id']}"
    answer = people.member.put(disks.CINDER, path, {"snapshot": {"description": "new"}})
    assert answer.json()["snapshot"]["description"] == "new"
    answer = people.member.put(disks.CINDER, path, {"snapshot": {}})
    assert disks.says(answer, 400, "{} is not valid under any of the given schemas")
    answer = people.reader.put(disks.CINDER, path, {"snapshot": {"name": "x"}})
    assert disks.says(answer, 403, "Policy doesn't allow volume:update_snapshot")
    answer = people.member.put(disks.CINDER, f"{PATH}/{disks.NOBODY}", {"snapshot": {"name": "x"}})
    assert disks.says(answer, 404, "could not be found.")


def test_metadata(people: callers.People, snapshot: Any) -> None:
    """Its metadata is as a volume's."""
    path = f"{PATH}/{snapshot['id']}/metadata"
    ask = people.member
    both = {"metadata": {"a": "b", "c": "d"}}
    assert ask.post(disks.CINDER, path, {"metadata": {"c": "d"}}).json() == both
    assert ask.get(disks.CINDER, path).json() == both
    assert ask.put(disks.CINDER, f"{path}/c", {"meta": {"c": "e"}}).json() == {"meta": {"c": "e"}}
    assert ask.get(disks.CINDER, f"{path}/c").json() == {"meta": {"c": "e"}}
    assert ask.delete(disks.CINDER, f"{path}/c").status_code == 200
    gone = f"Snapshot {snapshot['id']} has no metadata with key c."
    assert disks.says(ask.delete(disks.CINDER, f"{path}/c"), 404, gone)
    assert ask.put(disks.CINDER, path, {"metadata": {"a": "b"}}).json() == {"metadata": {"a": "b"}}


def test_status(people: callers.People, undo: contextlib.ExitStack, snapshot: Any) -> None:
    """The administrator resets its status to one that Cinder knows."""
    action = f"{PATH}/{snapshot['id']}/action"
    undo.callback(people.admin.post, disks.CINDER, action, _status("available"))
    assert people.admin.post(disks.CINDER, action, _status("error_deleting")).status_code == 202
    assert people.member.status_of(disks.CINDER, f"{PATH}/{snapshot['id']}") == "error_deleting"
    answer = people.member.delete(disks.CINDER, f"{PATH}/{snapshot['id']}")
    assert disks.says(answer, 400, "Snapshot status must be available or error and must not be")
    answer = people.admin.post(disks.CINDER, action, _status("wings"))
    assert disks.says(answer, 400, "Snapshot status: wings is invalid, valid statuses are: ('er")
    answer = people.member.post(disks.CINDER, action, _status("error"))
    assert disks.says(answer, 403, "volume_extension:snapshot_admin_actions:reset_status")
    answer = people.admin.post(disks.CINDER, action, {"wings": {}})
    assert disks.says(answer, 400, "There is no such action: wings. Verify the request body")
