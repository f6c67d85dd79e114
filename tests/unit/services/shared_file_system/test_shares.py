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
"""What Manila has, as it reports it."""

import json
from typing import Any

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.shared_file_system import resources as managers
from tests.unit.services import answers


def recorded(plugin: Any, name: str, **fields: object) -> resources.Resource:
    """Return the first record of a recorded listing, with other fields."""
    table = plugin.TABLE
    record = answers.sampled(f"shared_file_system/{name}", table.plural) | fields
    found: resources.Resource = table.decode(
        json.dumps({table.singular: record}).encode(), answers.PLACE
    )
    return found


def services(count: int) -> bytes:
    """Return a listing of so many security services."""
    record = answers.sampled("shared_file_system/security_services", "security_services")
    return json.dumps(
        {"security_services": [record | {"id": f"s{number}"} for number in range(count)]}
    ).encode()


def test_a_share_survives_the_snapshot_that_it_was_made_of() -> None:
    """The tie is loose; those to its type and network are not."""
    found = recorded(managers.ShareManager, "shares", snapshot_id="s1", share_network_id="n1")
    loose = {edge.target.id: edge.is_loose for edge in found.edges}
    assert loose.pop("s1") is True
    assert set(loose.values()) == {False}
    assert "n1" in loose


def test_a_share_with_replicas_is_held() -> None:
    """Nobody looks at replicas."""
    assert recorded(managers.ShareManager, "shares", has_replicas=True).holds == ("replicated",)


def test_what_is_going_is_not_removed_again() -> None:
    """Manila would refuse it with 403."""
    cloud = answers.always(b"")
    for status in ("deleting", "error"):
        found = recorded(managers.ShareManager, "shares", status=status)
        managers.ShareManager(cloud, found).delete()  # type: ignore[arg-type]
    assert [one[0] for one in cloud.requests] == ["DELETE"]


@pytest.mark.parametrize("status", [400, 403, 409])
def test_what_is_in_use_is_a_conflict(status: int) -> None:
    """A type with shares, a share with snapshots, a share network with shares."""
    cloud = answers.refusing(status)
    found = recorded(managers.ShareManager, "shares")
    with pytest.raises(exceptions.Conflict):
        managers.ShareManager(cloud, found).delete()  # type: ignore[arg-type]


def test_security_services_are_asked_for_without_a_limit() -> None:
    """Manila takes a limit for a filter, and answers with an empty list."""
    cloud = answers.always(services(2))
    assert len(list(managers.SecurityServiceManager.list(cloud, {}))) == 2  # type: ignore[arg-type]
    assert [one[1] for one in cloud.requests] == ["/security-services/detail?all_tenants=1"]


def test_a_thousand_security_services_are_no_complete_list() -> None:
    """Manila tells no more, and does not say that there are."""
    cloud = answers.always(services(1000))
    with pytest.raises(exceptions.ListingIncomplete, match="cannot tell whether there are more"):
        list(managers.SecurityServiceManager.list(cloud, {}))  # type: ignore[arg-type]


def test_a_security_service_is_used_by_its_share_networks() -> None:
    """Read alone it would not tell them: it is read by its id from the list."""
    found = recorded(managers.SecurityServiceManager, "security_services")
    assert [edge.sort for edge in found.edges] == [resources.EdgeSort.USED_BY]
    body = answers.sample("shared_file_system/security_services")
    cloud = answers.always(body)
    assert managers.SecurityServiceManager(cloud, found).read() == found  # type: ignore[arg-type]
    path = f"/security-services/detail?all_tenants=1&id={found.ref.id}"
    assert [one[1] for one in cloud.requests] == [path]


def test_a_security_service_that_a_list_lacks_is_asked_for() -> None:
    """A list with 200 is no proof; 404 is."""
    found = recorded(managers.SecurityServiceManager, "security_services")
    alone = answers.sampled("shared_file_system/security_services", "security_services")
    gone = exceptions.NotFound("shared-file-system", "GET", "/x", 404, "gone")
    for answer in (json.dumps({"security_service": alone}).encode(), gone):

        def tell(_method: str, path: str, answer: answers.Answer = answer) -> answers.Answer:
            return b'{"security_services": []}' if "/detail" in path else answer

        read = managers.SecurityServiceManager(answers.RecordedCloud(tell), found).read()  # type: ignore[arg-type]
        assert (read is None) is (answer is gone)


def test_a_private_type_tells_who_may_use_it() -> None:
    """One more request for each; a public one needs none."""
    access = b'{"share_type_access": [{"share_type_id": "t", "project_id": "p"}]}'

    def answer(_method: str, path: str) -> bytes:
        is_access = path.endswith("share_type_access")
        return access if is_access else answers.sample("shared_file_system/share_types")

    cloud = answers.RecordedCloud(answer)
    found = list(managers.ShareTypeManager.list(cloud, {}))  # type: ignore[arg-type]
    users = [[edge.target.id for edge in one.edges] for one in found if one.edges]
    assert users == [["p"]]
    assert len(cloud.requests) == 2


def test_a_list_of_users_that_cannot_be_read_is_incomplete() -> None:
    """A type that is gone meanwhile has none."""
    body = answers.sample("shared_file_system/share_types")
    gone = exceptions.NotFound("shared-file-system", "GET", "/x", 404, "gone")
    for answer, is_fine in ((b"{}", False), (gone, True)):

        def rule(_method: str, path: str, answer: Any = answer) -> Any:
            return answer if path.endswith("access") else body

        cloud = answers.RecordedCloud(rule)
        if is_fine:
            listed = list(managers.ShareTypeManager.list(cloud, {}))  # type: ignore[arg-type]
            assert not any(one.edges for one in listed)
        else:
            with pytest.raises(exceptions.ListingIncomplete):
                list(managers.ShareTypeManager.list(cloud, {}))  # type: ignore[arg-type]
