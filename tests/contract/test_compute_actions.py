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
"""What is done to a server: other states, another flavor, another host, images of it."""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import compute

V = compute.V
SERVERS = compute.SERVERS


@pytest.fixture(scope="module")
def bed(people: callers.People, undo_module: contextlib.ExitStack) -> compute.Bed:
    """What servers are made on."""
    return compute.make(people, undo_module)


@pytest.fixture(scope="module")
def server(bed: compute.Bed) -> str:
    """An active server, which every test leaves active."""
    return bed.boot("actor")


CONFLICTS = {
    "os-start": (None, "start"),
    "unpause": (None, "unpause"),
    "resume": (None, "resume"),
    "unrescue": (None, "unrescue"),
    "unshelve": (None, "unshelve"),
    "confirmResize": (None, "confirmResize"),
    "revertResize": (None, "revertResize"),
    "restore": (None, "restore"),
}


@pytest.mark.parametrize("action", CONFLICTS)
def test_wrong_states(bed: compute.Bed, server: str, action: str) -> None:
    """What an active server cannot do is 409, and says why."""
    argument, name = CONFLICTS[action]
    answer = bed.act(server, action, argument)
    assert answer.status_code == 409
    text = f"Cannot '{name}' instance {server} while it is in vm_state active"
    assert compute.said(answer) == text


WRONG: dict[str, tuple[str, Any, str]] = {
    "no such action": ("dance", None, "There is no such action: dance"),
    "wrong reboot": ("reboot", {"type": "SLOW"}, "'SLOW' is not one of ['HARD', 'Hard', 'hard',"),
    "no type": ("reboot", {}, "'type' is a required property"),
    "no such flavor": ("resize", {"flavorRef": "none"}, "Flavor none could not be found."),
    "wrong image": ("rebuild", {"imageRef": "x"}, "'x' is not"),
    "no name": ("createImage", {}, "'name' is a required property"),
    "wrong group": ("addSecurityGroup", {}, "'name' is a required property"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_arguments(bed: compute.Bed, server: str, what: str) -> None:
    """What an action does not understand is 400."""
    action, argument, wrong = WRONG[what]
    answer = bed.act(server, action, argument)
    assert answer.status_code == 400
    assert wrong in compute.said(answer)


def test_two_actions(people: callers.People, server: str) -> None:
    """Two actions at once are 400, and so is none."""
    path = f"{SERVERS}/{server}/action"
    for body in ({}, {"os-stop": None, "pause": None}):
        answer = people.member.post("compute", path, body, version=V)
        assert (answer.status_code, compute.said(answer)) == (400, "Malformed request body")


ADMINISTRATORS: dict[str, tuple[Any, str]] = {
    "migrate": (None, "os-migrate-server:migrate"),
    "os-migrateLive": (
        {"host": None, "block_migration": "auto"},
        "os-migrate-server:migrate_live",
    ),
    "os-resetState": ({"state": "error"}, "os-admin-actions:reset_state"),
    "shelveOffload": (None, "os-shelve:shelve_offload"),
    "injectNetworkInfo": (None, "os-admin-actions:inject_network_info"),
}


@pytest.mark.parametrize("action", ADMINISTRATORS)
def test_what_members_may_not(bed: compute.Bed, server: str, action: str) -> None:
    """Some actions are the administrator's."""
    argument, rule = ADMINISTRATORS[action]
    answer = bed.act(server, action, argument)
    assert (answer.status_code, compute.said(answer)) == (403, compute.policy(rule))


def test_inject(bed: compute.Bed, server: str) -> None:
    """The administrator has the network's settings told to the server once more."""
    assert bed.act(server, "injectNetworkInfo", by_admin=True).status_code == 202


PAIRS: dict[str, tuple[str, str, str, int]] = {
    "stop": ("os-stop", "os-start", "shutoff", 202),
    "pause": ("pause", "unpause", "paused", 202),
    "suspend": ("suspend", "resume", "suspended", 202),
    "rescue": ("rescue", "unrescue", "rescue", 200),
}


@pytest.mark.parametrize("what", PAIRS)
def test_there_and_back(bed: compute.Bed, server: str, what: str) -> None:
    """Each state is reached and left by actions of its own; again is 409."""
    there, back, status, code = PAIRS[what]
    assert bed.act(server, there).status_code == code
    shown = bed.await_status(server, status)
    assert "progress" not in shown
    again = bed.act(server, there)
    assert again.status_code == 409
    assert f"while it is in vm_state {shown['OS-EXT-STS:vm_state']}" in compute.said(again)
    assert bed.act(server, back).status_code == 202
    assert bed.await_status(server, "active")["OS-EXT-STS:power_state"] == 1


@pytest.mark.parametrize("sort", ["SOFT", "hard"])
def test_reboot(bed: compute.Bed, server: str, sort: str) -> None:
    """A reboot ends where it began."""
    assert bed.act(server, "reboot", {"type": sort}).status_code == 202
    bed.await_status(server, "active")


def test_lock(bed: compute.Bed, server: str) -> None:
    """A locked server refuses its member with 409, and shows the reason (2.73)."""
    assert bed.act(server, "lock", {"locked_reason": "why"}).status_code == 202
    shown = bed.show(server)
    assert (shown["locked"], shown["locked_reason"]) == (True, "why")
    for action, argument in (("os-stop", None), ("resize", {"flavorRef": bed.other_flavor_id})):
        answer = bed.act(server, action, argument)
        assert answer.status_code == 409
        assert compute.said(answer) == f"Instance {server} is locked"
    path = f"{SERVERS}/{server}"
    assert bed.people.member.delete("compute", path, version=V).status_code == 409
    assert bed.act(server, "unlock").status_code == 202
    assert bed.show(server)["locked"] is False


def test_lock_of_the_administrator(bed: compute.Bed, server: str) -> None:
    """What the administrator locked, the member does not unlock; the administrator still acts."""
    assert bed.act(server, "lock", by_admin=True).status_code == 202
    answer = bed.act(server, "unlock")
    assert answer.status_code == 403
    assert compute.said(answer) == compute.policy("os-lock-server:unlock:unlock_override")
    assert bed.act(server, "unlock", by_admin=True).status_code == 202


def test_reset_state(bed: compute.Bed, server: str) -> None:
    """The administrator says what state a server is in."""
    for state in ("error", "active"):
        answer = bed.act(server, "os-resetState", {"state": state}, by_admin=True)
        assert answer.status_code == 202
        assert bed.show(server)["OS-EXT-STS:vm_state"] == state
    answer = bed.act(server, "os-resetState", {"state": "bad"}, by_admin=True)
    assert "'bad' is not one of ['active', 'error']" in compute.said(answer)


def test_console_output(bed: compute.Bed, server: str) -> None:
    """The last lines of the console are told."""
    whole = bed.act(server, "os-getConsoleOutput", {}).json()["output"]
    last = bed.act(server, "os-getConsoleOutput", {"length": 1}).json()["output"]
    assert whole.endswith(last)


def test_consoles(people: callers.People, bed: compute.Bed, server: str) -> None:
    """No console here has an address; since 2.6 the old action is gone."""
    path = f"{SERVERS}/{server}/remote-consoles"
    wish = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    answer = people.member.post("compute", path, wish, version=V)
    assert (answer.status_code, compute.said(answer)) == (400, "Unavailable console type novnc.")
    assert bed.act(server, "os-getVNCConsole", {"type": "novnc"}).status_code == 404


def test_password(bed: compute.Bed, server: str) -> None:
    """A running server takes a new password."""
    assert bed.act(server, "changePassword", {"adminPass": "new"}).status_code == 202


def test_rebuild(bed: compute.Bed, server: str) -> None:
    """A rebuilt server has another name and metadata, and a password."""
    before = bed.show(server)
    wish = {"imageRef": bed.image_id, "metadata": {"new": "yes"}, "description": "rebuilt"}
    answer = bed.act(server, "rebuild", wish)
    assert answer.status_code == 202
    assert set(answer.json()["server"]) >= {"adminPass", "id", "status"}
    shown = bed.await_status(server, "active")
    assert (shown["metadata"], shown["description"]) == ({"new": "yes"}, "rebuilt")
    assert shown["addresses"] == before["addresses"]


def test_rebuild_of_nothing(bed: compute.Bed, server: str) -> None:
    """An image that is not there is 400."""
    answer = bed.act(server, "rebuild", {"imageRef": compute.NOBODY})
    assert (answer.status_code, compute.said(answer)) == (400, "Cannot find image for rebuild")


def test_resize(bed: compute.Bed, server: str) -> None:
    """A resized server waits for confirmation; then it has the new flavor. The same is 400."""
    answer = bed.act(server, "resize", {"flavorRef": bed.flavor_id})
    wrong = "When resizing, instances must change flavor!"
    assert (answer.status_code, compute.said(answer)) == (400, wrong)
    answer = bed.act(server, "resize", {"flavorRef": bed.other_flavor_id})
    assert answer.status_code == 202
    shown = bed.await_status(server, "verify_resize")
    assert shown["OS-EXT-STS:vm_state"] == "resized"
    assert bed.act(server, "os-stop").status_code == 409
    assert bed.act(server, "confirmResize").status_code == 204
    shown = bed.await_status(server, "active")
    assert shown["flavor"]["ram"] == 96


def _migrations(people: callers.People, server: str) -> list[dict[str, Any]]:
    path = f"/v2.1/os-migrations?instance_uuid={server}"
    found = people.admin.get("compute", path, version=V).json()["migrations"]
    assert isinstance(found, list)
    return found


def test_live_migration(people: callers.People, bed: compute.Bed, server: str) -> None:
    """The administrator moves a running server to another host, which is remembered."""
    before = bed.show(server, by_admin=True)["OS-EXT-SRV-ATTR:host"]
    wish = {"host": None, "block_migration": "auto"}
    assert bed.act(server, "os-migrateLive", wish, by_admin=True).status_code == 202
    after = bed.await_status(server, "active")["OS-EXT-SRV-ATTR:host"]
    assert after != before
    newest = _migrations(people, server)[0]
    assert (newest["source_compute"], newest["dest_compute"]) == (before, after)
    assert (newest["migration_type"], newest["instance_uuid"]) == ("live-migration", server)
    nowhere = {**wish, "host": "nowhere"}
    answer = bed.act(server, "os-migrateLive", nowhere, by_admin=True)
    assert answer.status_code == 400
    assert compute.said(answer) == "Compute host nowhere could not be found."


def test_migration(people: callers.People, bed: compute.Bed, server: str) -> None:
    """A server that is migrated cold waits on its new host; reverted, it is back on the old."""
    before = bed.show(server, by_admin=True)
    host = before["OS-EXT-SRV-ATTR:host"]
    assert bed.act(server, "migrate", by_admin=True).status_code == 202
    assert bed.await_status(server, "verify_resize")["OS-EXT-SRV-ATTR:host"] != host
    assert bed.act(server, "revertResize").status_code == 202
    after = bed.await_status(server, "active")
    assert (after["OS-EXT-SRV-ATTR:host"], after["flavor"]) == (host, before["flavor"])
    assert _migrations(people, server)[0]["migration_type"] == "migration"


def test_list_of_migrations(people: callers.People, server: str) -> None:
    """The administrator lists migrations in pages; a marker that is gone is 400."""
    path = "/v2.1/os-migrations"
    answer = people.member.get("compute", path, version=V)
    assert compute.said(answer) == compute.policy("os-migrations:index")
    page = people.admin.get("compute", f"{path}?instance_uuid={server}&limit=1", version=V).json()
    assert len(page["migrations"]) == 1
    assert f"marker={page['migrations'][0]['uuid']}" in page["migrations_links"][0]["href"]
    answer = people.admin.get("compute", f"{path}?marker={compute.NOBODY}", version=V)
    assert answer.status_code == 400
    assert compute.said(answer) == f"Marker {compute.NOBODY} could not be found."
    old = people.admin.get("compute", f"{path}?instance_uuid={server}", version="2.1").json()
    assert not {"uuid", "migration_type", "user_id"} & set(old["migrations"][0])


def test_migrations_of_a_server(people: callers.People, server: str) -> None:
    """A server's own list holds what is going on, for the administrator."""
    path = f"{SERVERS}/{server}/migrations"
    assert people.admin.get("compute", path, version=V).json() == {"migrations": []}
    answer = people.member.get("compute", path, version=V)
    assert compute.said(answer) == compute.policy("servers:migrations:index")


def test_shelve(bed: compute.Bed, server: str) -> None:
    """A shelved server has no host until it is unshelved; its port and address stay."""
    before = bed.show(server)
    assert bed.act(server, "shelve").status_code == 202
    shown = bed.await_status(server, "shelved_offloaded")
    while shown["OS-EXT-SRV-ATTR:host"]:  # goes a moment after the state
        shown = bed.show(server, by_admin=True)
    assert shown["hostId"] == ""
    assert shown["addresses"] == before["addresses"]
    assert bed.act(server, "os-start").status_code == 409
    answer = bed.act(server, "shelveOffload", by_admin=True)
    assert answer.status_code == 409
    assert bed.act(server, "unshelve").status_code == 202
    shown = bed.await_status(server, "active")
    assert shown["OS-EXT-SRV-ATTR:host"]


def test_image(bed: compute.Bed, server: str, undo: contextlib.ExitStack) -> None:
    """An image of a server is its project's, private, and says what it was made of."""
    member = bed.people.member
    wish = {"name": f"{bed.name}-image", "metadata": {"more": "yes"}}
    answer = bed.act(server, "createImage", wish)
    assert answer.status_code == 202
    image_id = answer.json()["image_id"]
    undo.callback(member.remove, "image", f"/v2/images/{image_id}")
    bed.await_status(server, "active")
    image = member.get("image", f"/v2/images/{image_id}").json()
    assert (image["status"], image["visibility"]) == ("active", "private")
    assert (image["owner"], image["name"]) == (member.project_id, wish["name"])
    assert (image["image_type"], image["instance_uuid"]) == ("snapshot", server)
    assert (image["base_image_ref"], image["more"]) == (bed.image_id, "yes")


def test_image_of_old(bed: compute.Bed, server: str, undo: contextlib.ExitStack) -> None:
    """Before 2.45 the image's place is told instead; a backup is an image as well."""
    member, path = bed.people.member, f"{SERVERS}/{server}/action"
    wish = {"createImage": {"name": f"{bed.name}-old"}}
    answer = member.post("compute", path, wish, version="2.44")
    image_id = answer.headers["Location"].rpartition("/images/")[2]
    undo.callback(member.remove, "image", f"/v2/images/{image_id}")
    assert (answer.status_code, answer.content) == (202, b"")
    bed.await_status(server, "active")
    wish = {"name": f"{bed.name}-backup", "backup_type": "daily", "rotation": 1}
    answer = bed.act(server, "createBackup", wish)
    image_id = answer.json()["image_id"]
    undo.callback(member.remove, "image", f"/v2/images/{image_id}")
    bed.await_status(server, "active")
    image = member.get("image", f"/v2/images/{image_id}").json()
    assert (image["image_type"], image["backup_type"]) == ("backup", "daily")


def test_force_delete(bed: compute.Bed, undo: contextlib.ExitStack) -> None:
    """A server may be deleted by an action, while it is still being built."""
    server_id = bed.boot("forced", is_awaited=False, networks="none", undo=undo)
    assert bed.act(server_id, "forceDelete").status_code == 202
    bed.people.member.await_status("compute", f"{SERVERS}/{server_id}", None, version=V)


def test_history(people: callers.People, bed: compute.Bed, server: str) -> None:
    """What was done is remembered, the newest first, with its events; in pages."""
    path = f"{SERVERS}/{server}/os-instance-actions"
    answer = people.member.get("compute", path, version=V)
    found = answer.json()["instanceActions"]
    assert found[-1]["action"] == "create"
    assert {"stop", "start", "pause", "lock", "rebuild", "resize"} <= {
        one["action"] for one in found
    }
    assert set(found[0]) == {
        *("action", "instance_uuid", "message", "project_id", "request_id", "start_time"),
        *("updated_at", "user_id"),
    }
    page = people.member.get("compute", f"{path}?limit=1", version=V).json()
    assert page["instanceActions"] == found[:1]
    assert f"marker={found[0]['request_id']}" in page["links"][0]["href"]
    rest = f"{path}?marker={found[0]['request_id']}"
    assert people.member.get("compute", rest, version=V).json()["instanceActions"] == found[1:]
    assert people.member.get("compute", f"{path}?marker=req-0", version=V).status_code == 400
    assert people.stranger.get("compute", path, version=V).status_code == 404


def test_action_of_history(people: callers.People, server: str) -> None:
    """One action tells its events; the administrator sees on which host."""
    path = f"{SERVERS}/{server}/os-instance-actions"
    found = people.member.get("compute", path, version=V).json()["instanceActions"]
    stop = next(one for one in found if one["action"] == "stop")
    path = f"{path}/{stop['request_id']}"
    shown = people.member.get("compute", path, version=V).json()["instanceAction"]
    [event] = shown["events"]
    assert (event["event"], event["result"]) == ("compute_stop_instance", "Success")
    assert {"host", "traceback"}.isdisjoint(event)
    shown = people.admin.get("compute", path, version=V).json()["instanceAction"]
    assert {"host", "traceback", "details"} <= set(shown["events"][0])
    missing = path.replace(stop["request_id"], "req-0")
    answer = people.member.get("compute", missing, version=V)
    assert (answer.status_code, compute.said(answer)) == (404, "Action req-0 not found")
