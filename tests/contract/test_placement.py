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
"""Placement: what hosts have and servers use, as far as clients look."""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import compute

V = "1.37"
PROVIDERS = "/resource_providers"
NOBODY = compute.NOBODY


def shown(people: callers.People, path: str, *, version: str = V) -> Any:
    """What the administrator gets."""
    answer = people.admin.get("placement", path, version=version)
    assert answer.status_code == 200, answer.text
    return answer.json()


def said(answer: Any) -> str:
    """The detail of a refusal, which is a list of one error."""
    [error] = answer.json()["errors"]
    assert error["status"] == answer.status_code
    return str(error["detail"])


def test_versions_need_no_token(people: callers.People) -> None:
    """Anybody is told the one version."""
    answer = people.member.get("placement", "/", authenticated=False)
    [version] = answer.json()["versions"]
    assert (version["id"], version["min_version"]) == ("v1.0", "1.0")


def test_unknown_microversion(people: callers.People) -> None:
    """A microversion that there is not is 406."""
    headers = {"OpenStack-API-Version": "placement 1.999"}
    assert people.admin.get("placement", PROVIDERS, headers=headers).status_code == 406


def test_providers(people: callers.People) -> None:
    """Hypervisors are providers, found by name and uuid."""
    found = shown(people, PROVIDERS)["resource_providers"]
    assert set(found[0]) == {
        *("uuid", "name", "generation", "links", "parent_provider_uuid", "root_provider_uuid"),
    }
    [first, *_] = shown(people, f"{PROVIDERS}?name={found[0]['name']}")["resource_providers"]
    assert first["uuid"] == found[0]["uuid"]
    assert shown(people, f"{PROVIDERS}/{first['uuid']}")["name"] == first["name"]
    listed = shown(people, f"{PROVIDERS}?uuid={first['uuid']}", version="1.0")
    [old] = listed["resource_providers"]
    assert [link["rel"] for link in old["links"]] == ["self", "inventories", "usages"]
    hypervisors = people.admin.get("compute", "/v2.1/os-hypervisors", version="2.100")
    ids = {one["id"] for one in hypervisors.json()["hypervisors"]}
    assert {one["uuid"] for one in found} >= ids


def test_unknown_providers(people: callers.People) -> None:
    """What is not there is 404, what is not understood 400, a member is refused with 403."""
    answer = people.admin.get("placement", f"{PROVIDERS}/{NOBODY}", version=V)
    text = f"No resource provider with uuid {NOBODY} found"
    assert (answer.status_code, text in said(answer)) == (404, True)
    answer = people.admin.get("placement", f"{PROVIDERS}?bogus=1", version=V)
    assert (answer.status_code, "'bogus' was unexpected" in said(answer)) == (400, True)
    answer = people.member.get("placement", PROVIDERS, version=V)
    text = "Policy does not allow placement:resource_providers:list to be performed."
    assert (answer.status_code, text in said(answer)) == (403, True)


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("inventories", "inventories"),
        ("usages", "usages"),
        ("allocations", "allocations"),
        ("traits", "traits"),
        ("aggregates", "aggregates"),
    ],
)
def test_parts_of_providers(people: callers.People, part: str, key: str) -> None:
    """Each part of a provider is told with the provider's generation."""
    [first, *_] = shown(people, PROVIDERS)["resource_providers"]
    found = shown(people, f"{PROVIDERS}/{first['uuid']}/{part}")
    assert set(found) == {key, "resource_provider_generation"}
    if part in {"inventories", "usages"}:
        assert set(found[key]) == {"VCPU", "MEMORY_MB", "DISK_GB"}
    if part == "traits":
        assert "COMPUTE_NODE" in found[key]


def test_allocations(people: callers.People, undo_module: contextlib.ExitStack) -> None:
    """What a server uses is told by its id; a consumer that is not there uses nothing."""
    bed = compute.make(people, undo_module)
    server = bed.boot("consumer", networks="none")
    found = shown(people, f"/allocations/{server}")
    [allocation] = found["allocations"].values()
    assert allocation["resources"] == {"DISK_GB": 1, "MEMORY_MB": 64, "VCPU": 1}
    assert found["project_id"] == people.member.project_id
    assert shown(people, f"/allocations/{NOBODY}") == {"allocations": {}}
    used = people.member.get(
        "placement", f"/usages?project_id={people.member.project_id}", version=V
    )
    assert used.json()["usages"]["MEMORY_MB"] >= 64
    other = people.stranger.get(
        "placement", f"/usages?project_id={people.member.project_id}", version=V
    )
    assert other.status_code == 403
    bed.remove(server)
    assert shown(people, f"/allocations/{server}") == {"allocations": {}}


def test_classes_and_traits(people: callers.People) -> None:
    """Resource classes and traits have names; one that is not there is 404."""
    classes = {one["name"] for one in shown(people, "/resource_classes")["resource_classes"]}
    assert {"VCPU", "MEMORY_MB", "DISK_GB"} <= classes
    assert shown(people, "/resource_classes/VCPU")["name"] == "VCPU"
    answer = people.admin.get("placement", "/resource_classes/NOTHING", version=V)
    assert (answer.status_code, "No such resource class NOTHING." in said(answer)) == (404, True)
    assert "COMPUTE_NODE" in shown(people, "/traits")["traits"]
