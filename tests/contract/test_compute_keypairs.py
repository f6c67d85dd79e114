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
"""Keypairs: a user's own, by name; the administrator's way to those of others."""

from collections.abc import Iterator
import contextlib
import secrets
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import compute

V = compute.V
KEYPAIRS = "/v2.1/os-keypairs"
PUBLIC = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFy0JbRkmGYT9EwWcKtuRVkBSQBN6nLkBQBBQHGN7pYl x@example"
)
FINGERPRINT = "76:ab:eb:3a:b1:8b:81:64:de:36:fa:d5:27:2b:21:48"


@pytest.fixture
def name() -> str:
    """A name that nobody has."""
    return f"contract {secrets.token_hex(4)}"


def create(caller: callers.Caller, name: str, *, version: str = V, **fields: Any) -> Any:
    """The answer to a wish for a keypair."""
    wish = {"name": name, "public_key": PUBLIC, **fields}
    body = {"keypair": {key: value for key, value in wish.items() if value is not None}}
    return caller.post("compute", KEYPAIRS, body, version=version)


@pytest.fixture
def keypair(people: callers.People, name: str) -> Iterator[dict[str, Any]]:
    """An imported keypair of the member."""
    answer = create(people.member, name)
    assert answer.status_code == 201, answer.text
    yield answer.json()["keypair"]
    people.member.delete("compute", f"{KEYPAIRS}/{name}", version=V)


def test_import(people: callers.People, keypair: dict[str, Any]) -> None:
    """An imported keypair tells its fingerprint, and no private key."""
    assert keypair == {
        "name": keypair["name"],
        "type": "ssh",
        "public_key": PUBLIC,
        "fingerprint": FINGERPRINT,
        "user_id": people.member.user_id,
    }


@pytest.mark.parametrize(("version", "code"), [("2.1", 200), ("2.2", 201), ("2.91", 201)])
def test_generate(people: callers.People, name: str, version: str, code: int) -> None:
    """Before 2.92 Nova makes the key, and tells the private one once."""
    answer = create(people.member, name, version=version, public_key=None)
    made = answer.json()["keypair"]
    removal = people.member.delete("compute", f"{KEYPAIRS}/{name}", version=version)
    assert answer.status_code == code
    assert made["private_key"].startswith("-----BEGIN")
    assert ("type" in made) is (version != "2.1")
    assert removal.status_code == (202 if version == "2.1" else 204)
    answer = create(people.member, name, public_key=None)
    assert answer.status_code == 400
    assert "'public_key' is a required property" in compute.said(answer)


def test_show(people: callers.People, keypair: dict[str, Any]) -> None:
    """A keypair shows when it was made; its type since 2.2."""
    path = f"{KEYPAIRS}/{keypair['name']}"
    shown = people.member.get("compute", path, version=V).json()["keypair"]
    assert set(shown) - set(keypair) == {
        *("created_at", "deleted", "deleted_at", "id", "updated_at"),
    }
    old = people.member.get("compute", path, version="2.1").json()["keypair"]
    assert set(shown) - set(old) == {"type"}


def test_conflict(people: callers.People, keypair: dict[str, Any]) -> None:
    """A name is used once by each user."""
    answer = create(people.member, keypair["name"])
    text = f"Key pair '{keypair['name']}' already exists."
    assert (answer.status_code, compute.said(answer)) == (409, text)
    assert create(people.reader, keypair["name"]).status_code in {201, 403}
    people.reader.delete("compute", f"{KEYPAIRS}/{keypair['name']}", version=V)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no key": ({"public_key": "bad"}, "Keypair data is invalid: failed to generate fingerprint"),
    "wrong name": ({"name": "a/b"}, "'a/b' does not match"),
    "no name": ({"name": ""}, "'' should be non-empty"),
    "wrong type": ({"type": "xx"}, "'xx' is not one of ['ssh', 'x509']"),
    "unknown": ({"bogus": 1}, "Additional properties are not allowed ('bogus' was unexpected)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_wishes(people: callers.People, what: str) -> None:
    """What is no keypair is 400."""
    fields, wrong = WRONG[what]
    wish = {"keypair": {"name": "contract", "public_key": PUBLIC, **fields}}
    answer = people.member.post("compute", KEYPAIRS, wish, version=V)
    assert answer.status_code == 400
    assert wrong in compute.said(answer)


def test_names(people: callers.People, name: str) -> None:
    """Points and at signs are allowed since 2.92."""
    strange = f"{name}@a.b"
    assert create(people.member, strange, version="2.91").status_code == 400
    assert create(people.member, strange).status_code == 201
    answer = people.member.delete("compute", f"{KEYPAIRS}/{strange}", version=V)
    assert answer.status_code == 204


def test_others(people: callers.People, keypair: dict[str, Any]) -> None:
    """Only the administrator sees, makes and deletes keypairs of others, by user_id."""
    query = f"?user_id={people.member.user_id}"
    path = f"{KEYPAIRS}/{keypair['name']}"
    for caller in (people.stranger, people.reader):
        assert caller.get("compute", path, version=V).status_code == 404
        attempts = {
            "index": caller.get("compute", f"{KEYPAIRS}{query}", version=V),
            "show": caller.get("compute", f"{path}{query}", version=V),
            "delete": caller.delete("compute", f"{path}{query}", version=V),
            "create": create(caller, "contract", user_id=people.member.user_id),
        }
        for action, answer in attempts.items():
            assert answer.status_code == 403
            assert compute.said(answer) == compute.policy(f"os-keypairs:{action}")
    listed = people.admin.get("compute", f"{KEYPAIRS}{query}", version=V).json()["keypairs"]
    assert keypair["name"] in {one["keypair"]["name"] for one in listed}
    shown = people.admin.get("compute", f"{path}{query}", version=V).json()["keypair"]
    assert shown["user_id"] == people.member.user_id
    made = create(people.admin, f"{keypair['name']} 2", user_id=people.member.user_id)
    assert made.json()["keypair"]["user_id"] == people.member.user_id
    answer = people.admin.delete("compute", f"{path} 2{query}", version=V)
    assert answer.status_code == 204


def test_pages(people: callers.People, name: str, undo: contextlib.ExitStack) -> None:
    """Keypairs are listed by name, in pages since 2.35; a marker that is gone is 400."""
    names = [f"{name} {number}" for number in range(3)]
    for one in reversed(names):
        assert create(people.stranger, one).status_code == 201
        undo.callback(people.stranger.delete, "compute", f"{KEYPAIRS}/{one}", version=V)
    page = people.stranger.get("compute", f"{KEYPAIRS}?limit=2", version=V).json()
    assert [one["keypair"]["name"] for one in page["keypairs"]] == names[:2]
    assert set(page["keypairs"][0]["keypair"]) == {"name", "public_key", "fingerprint", "type"}
    rest = page["keypairs_links"][0]["href"].partition("/v2.1")[2]
    page = people.stranger.get("compute", f"/v2.1{rest}", version=V).json()
    assert [one["keypair"]["name"] for one in page["keypairs"]] == names[2:]
    assert "keypairs_links" not in page
    old = people.stranger.get("compute", f"{KEYPAIRS}?limit=2", version="2.34").json()
    assert [one["keypair"]["name"] for one in old["keypairs"]] == names
    for query, text in (
        ("marker=nothing", "Marker nothing could not be found."),
        ("limit=x", "'x' does not match '^[0-9]*$'"),
        ("bogus=1", "Additional properties are not allowed ('bogus' was unexpected)"),
    ):
        answer = people.stranger.get("compute", f"{KEYPAIRS}?{query}", version=V)
        assert (answer.status_code, text in compute.said(answer)) == (400, True)


def test_delete(people: callers.People, keypair: dict[str, Any]) -> None:
    """A deleted keypair is gone at once; again is 404."""
    path = f"{KEYPAIRS}/{keypair['name']}"
    codes = [people.member.delete("compute", path, version=V).status_code for _ in range(2)]
    assert codes == [204, 404]
    answer = people.member.get("compute", path, version=V)
    text = f"Keypair {keypair['name']} not found for user {people.member.user_id}"
    assert (answer.status_code, compute.said(answer)) == (404, text)
