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
"""Cinder's backups: full and incremental, restored, deleted in the right order."""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks

PATH = "/v3/{project}/backups"
VOLUMES = "/v3/{project}/volumes"


@pytest.fixture(scope="module")
def volume(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A member's volume, empty."""
    return disks.volume(people.member, undo_module)


@pytest.fixture(scope="module")
def backup(people: callers.People, undo_module: contextlib.ExitStack, volume: Any) -> Any:
    """A full backup of it; what it takes is seen on the way."""
    body = {"backup": {"volume_id": volume["id"], "name": "full", "metadata": {"a": "b"}}}
    answer = people.member.post(disks.CINDER, PATH, body, version=disks.NEWEST)
    assert answer.status_code == 202
    made = answer.json()["backup"]
    assert set(made) == {"id", "name", "links"}
    path = f"{PATH}/{made['id']}"
    undo_module.callback(people.member.remove, disks.CINDER, path)
    busy = people.member.post(disks.CINDER, PATH, body, version=disks.NEWEST)
    assert disks.says(busy, 400, 'but the current status is "backing-up".')
    early = people.member.delete(disks.CINDER, path)
    assert disks.says(early, 400, "Backup status must be available or error")
    early = people.member.post(disks.CINDER, f"{path}/restore", {"restore": {}})
    assert disks.says(early, 400, "Backup status must be available")
    people.member.await_status(disks.CINDER, path, "available")
    people.member.await_status(disks.CINDER, f"{VOLUMES}/{volume['id']}", "available")
    return made


@pytest.fixture(scope="module")
def increment(
    people: callers.People, undo_module: contextlib.ExitStack, volume: Any, backup: Any
) -> Any:
    """An increment of the backup."""
    body = {"backup": {"volume_id": volume["id"], "name": "increment", "incremental": True}}
    made = people.member.make(disks.CINDER, PATH, body)
    path = f"{PATH}/{made['id']}"
    undo_module.callback(people.member.remove, disks.CINDER, path)
    people.member.await_status(disks.CINDER, path, "available")
    return made


@pytest.mark.parametrize(
    ("who", "fields", "status", "text"),
    [
        ("member", {}, 400, "'volume_id' is a required property"),
        ("member", {"volume_id": disks.NOBODY}, 404, "Volume 00000000"),
        ("member", {"volume_id": "V", "wings": 1}, 400, "('wings' was unexpected)"),
        ("member", {"volume_id": "V", "snapshot_id": disks.NOBODY}, 404, "Snapshot 00000000"),
        ("member", {"volume_id": "V", "force": "x"}, 400, "'x' is not one of [True, "),
        ("reader", {"volume_id": "V"}, 403, "Policy doesn't allow backup:create"),
        ("stranger", {"volume_id": "V"}, 404, "could not be found."),
        ("member", {"volume_id": "V", "incremental": True}, 400, "No backups available to do an"),
    ],
)
def test_bad_input(
    people: callers.People, volume: Any, who: str, fields: Any, status: int, text: str
) -> None:
    """What is no backup, whose volume it is not, and an increment of nothing."""
    fields = {name: volume["id"] if value == "V" else value for name, value in fields.items()}
    caller: callers.Caller = getattr(people, who)
    answer = caller.post(disks.CINDER, PATH, {"backup": fields}, version=disks.NEWEST)
    assert disks.says(answer, status, text)


def test_show(people: callers.People, backup: Any) -> None:
    """Its project sees it, the administrator whose it is as well; fields by microversion."""
    path = f"{PATH}/{backup['id']}"
    seen = people.reader.get(disks.CINDER, path, version="3.0").json()["backup"]
    told = (seen["status"], seen["size"], seen["fail_reason"], seen["is_incremental"])
    assert told == ("available", 1, None, False)
    new = people.member.get(disks.CINDER, path, version=disks.NEWEST).json()["backup"]
    assert set(new) - set(seen) == {"metadata"}
    whole = people.admin.get(disks.CINDER, path, version=disks.NEWEST).json()["backup"]
    assert set(whole) - set(new) == {"os-backup-project-attr:project_id", "user_id"}
    assert whole["os-backup-project-attr:project_id"] == people.member.project_id
    answer = people.stranger.get(disks.CINDER, path)
    assert disks.says(answer, 404, f"Backup {backup['id']} could not be found.")


def test_lists(people: callers.People, backup: Any, volume: Any) -> None:
    """Lists have what the filters say and whose they are; a full page has a next link."""
    names = people.member.get(disks.CINDER, f"{PATH}?name=full&limit=1").json()
    assert [set(row) for row in names["backups"]] == [{"id", "name", "links"}]
    (link,) = names["backups_links"]
    assert link["href"].endswith(f"/backups?name=full&limit=1&marker={backup['id']}")
    every = {"all_tenants": "1", "volume_id": volume["id"], "name": "full"}
    path = f"{PATH}/detail"
    (row,) = people.admin.get(disks.CINDER, path, params=every).json()["backups"]
    assert (row["id"], row["volume_id"]) == (backup["id"], volume["id"])
    assert people.stranger.get(disks.CINDER, path, params=every).json() == {"backups": []}
    answer = people.member.get(disks.CINDER, f"{path}?marker={disks.NOBODY}")
    assert disks.says(answer, 404, f"Backup {disks.NOBODY} could not be found.")
    answer = people.member.get(disks.CINDER, f"{PATH}?sort=wings")
    assert disks.says(answer, 400, "Invalid sort key")
    answer = people.member.get(disks.CINDER, f"{PATH}?wings=2", version=disks.NEWEST)
    assert disks.says(answer, 400, "Invalid filters wings are found in query options.")


def test_update(people: callers.People, backup: Any) -> None:
    """From 3.9 on a member changes its description."""
    path, body = f"{PATH}/{backup['id']}", {"backup": {"description": "new"}}
    assert people.member.put(disks.CINDER, path, body, version="3.9").status_code == 200
    shown = people.member.get(disks.CINDER, path).json()["backup"]
    assert shown["description"] == "new"
    assert disks.says(people.member.put(disks.CINDER, path, body, version="3.8"), 404)
    answer = people.reader.put(disks.CINDER, path, body, version="3.9")
    assert disks.says(answer, 403, "Policy doesn't allow backup:update to be performed.")


def test_status(people: callers.People, backup: Any) -> None:
    """The administrator resets it to ``error`` or ``available``, nothing else."""
    action = f"{PATH}/{backup['id']}/action"
    for status in ("error", "available"):
        body = {"os-reset_status": {"status": status}}
        assert people.admin.post(disks.CINDER, action, body).status_code == 202
        end = people.member.status_of(disks.CINDER, f"{PATH}/{backup['id']}")
        assert end in {"error", "available"}
    answer = people.admin.post(disks.CINDER, action, {"os-reset_status": {"status": "creating"}})
    assert disks.says(answer, 400, "Backup status: creating is invalid, valid statuses are: ['av")
    answer = people.member.post(disks.CINDER, action, {"os-reset_status": {"status": "error"}})
    assert disks.says(answer, 403, "volume_extension:backup_admin_actions:reset_status")
    answer = people.member.post(disks.CINDER, action, {"os-force_delete": {}})
    assert disks.says(answer, 403, "volume_extension:backup_admin_actions:force_delete")


def test_restore(people: callers.People, undo: contextlib.ExitStack, backup: Any) -> None:
    """A backup is restored into a new volume, which is busy meanwhile, and so is the backup."""
    path = f"{PATH}/{backup['id']}"
    people.member.await_status(disks.CINDER, path, "available")
    answer = people.reader.post(disks.CINDER, f"{path}/restore", {"restore": {}})
    assert disks.says(answer, 403, "Policy doesn't allow backup:restore to be performed.")
    asked = {"restore": {"volume_id": disks.NOBODY}}
    assert disks.says(people.member.post(disks.CINDER, f"{path}/restore", asked), 404, "Volume 0")
    asked = {"restore": {"name": "restored"}}
    told = people.member.make(disks.CINDER, f"{path}/restore", asked)
    new = f"{VOLUMES}/{told['volume_id']}"
    undo.callback(people.member.remove, disks.CINDER, new)
    assert (told["backup_id"], told["volume_name"]) == (backup["id"], "restored")
    assert people.member.status_of(disks.CINDER, path) in {"restoring", "available"}
    people.member.await_status(disks.CINDER, path, "available")
    people.member.await_status(disks.CINDER, new, "available")
    shown = people.member.get(disks.CINDER, new).json()["volume"]
    assert shown["metadata"]["src_backup_id"] == backup["id"]
    assert shown["description"] == "auto-created_from_restore_from_backup"


def test_chain(people: callers.People, backup: Any, increment: Any) -> None:
    """A backup on which an increment builds is 400 to delete, until that is gone."""
    path, last = f"{PATH}/{backup['id']}", f"{PATH}/{increment['id']}"
    people.member.await_status(disks.CINDER, path, "available")
    below, above = (people.member.get(disks.CINDER, one).json()["backup"] for one in (path, last))
    assert (below["has_dependent_backups"], above["is_incremental"]) == (True, True)
    answer = people.member.delete(disks.CINDER, path)
    assert disks.says(answer, 400, "Incremental backups exist for this backup.")
    answer = people.reader.delete(disks.CINDER, last)
    assert disks.says(answer, 403, "Policy doesn't allow backup:delete to be performed.")
    assert disks.says(people.stranger.delete(disks.CINDER, last), 404, "could not be found.")
    assert people.member.delete(disks.CINDER, last).status_code == 202
    people.member.await_status(disks.CINDER, last, None)
    answer = people.admin.post(disks.CINDER, f"{path}/action", {"os-force_delete": {}})
    assert answer.status_code == 202
    people.member.await_status(disks.CINDER, path, None)
