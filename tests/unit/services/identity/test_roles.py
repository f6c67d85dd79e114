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

"""Roles, services and endpoints as Keystone reports them."""

import json
import urllib.parse

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.identity import resources as managers
from tests.unit.services import answers


def answer(_method: str, path: str) -> answers.Answer:
    """Return what was recorded for a path."""
    url = urllib.parse.urlsplit(path)
    if url.path == "/roles":
        is_domain = "domain_id=default" in url.query
        is_other = "domain_id" in url.query
        name = "domain_roles" if is_domain else "roles"
        return (
            b'{"roles": []}' if is_other and not is_domain else answers.sample(f"identity/{name}")
        )
    return answers.sample(f"identity{url.path}")


def roles(*assignments: resources.Resource) -> dict[str | None, resources.Resource]:
    """Return the recorded roles by name, where these are the assignments."""
    listings = {"identity.role_assignment": assignments}
    found = managers.RoleManager.list(answers.RecordedCloud(answer), listings)
    return {one.name: one for one in found}


def test_roles_of_domains_are_listed_too() -> None:
    """Keystone lists those of one domain at a time."""
    domains = {one.name: one.details["domain_id"] for one in roles().values()}
    assert domains["sample"] == ""
    assert domains["sample-domain"] == "default"


def test_a_role_is_attached_to_those_that_it_implies() -> None:
    """Who has the one has the others as long as these are there."""
    found = roles()
    assert [edge.target for edge in found["sample"].edges] == [found["sample-implied"].ref]
    assert found["sample-implied"].edges == ()
    assert found["sample"].ref.region == ""


def test_a_role_is_used_by_its_assignments() -> None:
    """By those of others: that a benchmark's own user has it keeps nothing."""
    role_id = roles()["sample-implied"].ref.id
    assignment = resources.Resource(
        ref=answers.ref("identity.role_assignment", "a"), details={"role_id": role_id}
    )
    found = roles(assignment)
    assert found["sample-implied"].edges == (resources.used_by(assignment.ref, is_loose=True),)


def test_an_immutable_role_is_held() -> None:
    """Keystone's own are; Keystone refuses to delete them."""
    found = roles()
    assert found["admin"].holds == ("immutable",)
    assert found["sample"].holds == ()


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"\xff"])
def test_roles_are_not_known_where_implications_are_not(body: bytes) -> None:
    """What is no list of implications does not say that there are none."""
    cloud = answers.RecordedCloud(
        lambda method, path: body if path == "/role_inferences" else answer(method, path)
    )
    with pytest.raises(exceptions.ListingIncomplete):
        list(managers.RoleManager.list(cloud, {"identity.role_assignment": ()}))


def test_an_endpoint_holds_its_service() -> None:
    """A service that answers somewhere is in use."""
    services = managers.ServiceManager.list(answers.RecordedCloud(answer), {})
    [ours] = [one for one in services if one.name == "sample"]
    assert ours.details == {"type": "rally_test_type", "enabled": True}
    endpoints = managers.EndpointManager.list(answers.RecordedCloud(answer), {})
    held = [one for one in endpoints if ours.ref in [edge.target for edge in one.edges]]
    assert [one.name for one in held] == [None]


def test_an_endpoint_is_never_removed() -> None:
    """It is only looked at; no request is sent."""
    cloud = answers.always(b"")
    record = answers.sampled("identity/endpoints", "endpoints")
    body = json.dumps({"endpoint": record}).encode()
    found = managers.EndpointManager.TABLE.decode(body, answers.PLACE)
    with pytest.raises(exceptions.NotRemovable):
        managers.EndpointManager(cloud, found).delete()
    assert cloud.requests == []
