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
"""Cinder's transfers: a volume is offered and taken, by either of two paths."""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks

OLD = "/v3/{project}/os-volume-transfer"
NEW = "/v3/{project}/volume-transfers"
VOLUMES = "/v3/{project}/volumes"


@pytest.fixture(scope="module")
def volume(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A member's volume."""
    return disks.volume(people.member, undo_module)


def _offer(people: callers.People, undo: contextlib.ExitStack, volume: Any, path: str) -> Any:
    body = {"transfer": {"volume_id": volume["id"], "name": "contract"}}
    made = people.member.make(disks.CINDER, path, body, version=disks.NEWEST)
    undo.callback(people.member.remove, disks.CINDER, f"{path}/{made['id']}")
    return made


@pytest.mark.parametrize("path", [OLD, NEW])
def test_offer(people: callers.People, undo: contextlib.ExitStack, volume: Any, path: str) -> None:
    """The offer has a key that is told once; the volume waits, and is not to be deleted."""
    made = _offer(people, undo, volume, path)
    one = f"{path}/{made['id']}"
    shown = people.reader.get(disks.CINDER, one, version=disks.NEWEST).json()["transfer"]
    assert set(made) - set(shown) == {"auth_key"}
    assert shown["source_project_id"] == people.member.project_id
    old = people.member.get(disks.CINDER, one, version="3.0").json()["transfer"]
    assert set(old) == {"id", "created_at", "name", "volume_id", "links"}
    where = f"{VOLUMES}/{volume['id']}"
    assert people.member.status_of(disks.CINDER, where) == "awaiting-transfer"
    answer = people.member.delete(disks.CINDER, where)
    assert disks.says(answer, 400, "awaiting a transfer")
    again = people.member.post(disks.CINDER, path, {"transfer": {"volume_id": volume["id"]}})
    assert disks.says(again, 400, "Invalid volume: status must be available")
    assert disks.says(people.stranger.get(disks.CINDER, one), 404, f"Transfer {made['id']} could")
    assert disks.says(people.stranger.delete(disks.CINDER, one), 404, "could not be found.")
    answer = people.reader.delete(disks.CINDER, one)
    assert disks.says(answer, 403, "Policy doesn't allow volume:delete_transfer")
    assert people.member.delete(disks.CINDER, one).status_code == 202
    assert disks.says(people.member.delete(disks.CINDER, one), 404, "could not be found.")
    assert people.member.status_of(disks.CINDER, where) == "available"


@pytest.mark.parametrize("path", [OLD, NEW])
def test_lists(people: callers.People, undo: contextlib.ExitStack, volume: Any, path: str) -> None:
    """Its project has it in its lists, the administrator if he asks for all."""
    made = _offer(people, undo, volume, path)

    def ids(caller: callers.Caller, rest: str) -> list[str]:
        answer = caller.get(disks.CINDER, path + rest)
        assert answer.status_code == 200
        return [row["id"] for row in answer.json()["transfers"]]

    assert ids(people.member, "") == ids(people.reader, "/detail") == [made["id"]]
    assert ids(people.stranger, "/detail?all_tenants=1") == []
    assert made["id"] in ids(people.admin, "/detail?all_tenants=1")
    assert made["id"] not in ids(people.admin, "")
    assert ids(people.member, "?name=contract") == [made["id"]]
    assert ids(people.member, "?name=other") == []
    assert ids(people.member, "?wings=2") == []
    assert ids(people.member, "?limit=1") == []  # a filter like any other, before 3.59
    answer = people.member.get(disks.CINDER, f"{path}?limit=x")
    assert disks.says(answer, 400, "limit param must be an integer")


def test_pages(people: callers.People, undo: contextlib.ExitStack, volume: Any) -> None:
    """From 3.59 on the new path has pages, whose next link names the old one."""
    made = _offer(people, undo, volume, NEW)
    page = people.member.get(disks.CINDER, f"{NEW}?limit=1", version="3.59").json()
    (link,) = page["transfers_links"]
    assert link["href"].endswith(f"/os-volume-transfer?limit=1&marker={made['id']}")
    answer = people.member.get(disks.CINDER, f"{NEW}?marker={disks.NOBODY}", version="3.59")
    assert disks.says(answer, 404, f"Transfer {disks.NOBODY} could not be found.")
    answer = people.member.get(disks.CINDER, f"{NEW}?sort=wings", version="3.59")
    assert disks.says(answer, 400, "Invalid sort key")


@pytest.mark.parametrize(
    ("who", "fields", "status", "text"),
    [
        ("member", {}, 400, "'volume_id' is a required property"),
        ("member", {"volume_id": disks.NOBODY}, 404, "Volume 00000000"),
        ("reader", {"volume_id": "V"}, 403, "Policy doesn't allow volume:create_transfer"),
        ("stranger", {"volume_id": "V"}, 404, "could not be found."),
    ],
)
def test_bad_offers(
    people: callers.People, volume: Any, who: str, fields: Any, status: int, text: str
) -> None:
    """What cannot be offered, and by whom."""
    fields = {key: volume["id"] if value == "V" else value for key, value in fields.items()}
    caller: callers.Caller = getattr(people, who)
    answer = caller.post(disks.CINDER, NEW, {"transfer": fields})
    assert disks.says(answer, status, text)


@pytest.mark.parametrize("path", [OLD, NEW])
def test_accept(people: callers.People, undo: contextlib.ExitStack, path: str) -> None:
    """Who has the key takes it, with its snapshots; a wrong key and a reader are refused."""
    volume = disks.volume(people.member, contextlib.ExitStack())
    where = f"{VOLUMES}/{volume['id']}"
    undo.callback(people.admin.remove, disks.CINDER, f"{where}?cascade=true")
    made = _offer(people, undo, volume, path)
    accept = f"{path}/{made['id']}/accept"

    def take(caller: callers.Caller, key: str) -> Any:
        return caller.post(disks.CINDER, accept, {"accept": {"auth_key": key}})

    assert disks.says(take(people.stranger, "wrong"), 400, "with invalid auth key.")
    assert disks.says(take(people.reader, "x"), 403, "Policy doesn't allow volume:accept_transfer")
    answer = people.stranger.post(disks.CINDER, accept, {"accept": {}})
    assert disks.says(answer, 400, "'auth_key' is a required property")
    answer = take(people.stranger, made["auth_key"])
    assert answer.status_code == 202
    assert set(answer.json()["transfer"]) == {"id", "volume_id", "name", "links"}
    shown = people.stranger.get(disks.CINDER, where).json()["volume"]
    assert (shown["status"], shown["user_id"]) == ("available", people.stranger.user_id)
    assert people.member.get(disks.CINDER, where).status_code == 404
    assert disks.says(take(people.stranger, made["auth_key"]), 404, "could not be found.")
