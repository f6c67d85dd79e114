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
"""Requests that are slightly wrong, or look so: which of them the services take.

Sources: the API references; statuses and words seen on a real Keystone 30, Neutron 29, Cinder 29
and Glance 33.
"""

import contextlib
import secrets
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks
from tests.contract import network

Base = network.Base
Body = dict[str, Any]
PROJECTS = "/v3/projects"


def _project(people: callers.People, **fields: Any) -> Any:
    body = {"project": {"name": f"contract-{secrets.token_hex(4)}", **fields}}
    return people.admin.post("identity", PROJECTS, body)


@pytest.fixture
def project(people: callers.People, undo: contextlib.ExitStack) -> Body:
    """A disabled project."""
    made: Body = _project(people, enabled=False).json()["project"]
    undo.callback(people.admin.remove, "identity", f"{PROJECTS}/{made['id']}")
    return made


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "n" * 70}, "is too long"),
        ({"name": 5}, "5 is not of type 'string'"),
        ({"description": 5}, "5 is not of type 'string', 'null'"),
        ({"enabled": "x"}, "'x' is not one of [True, 'True',"),
    ],
    ids=["long", "number", "description", "enabled"],
)
def test_project_fields(people: callers.People, project: Body, fields: Body, says: str) -> None:
    """What is no name, description or flag is 400, in a POST and in a PATCH."""
    assert disks.says(_project(people, **fields), 400, says)
    path = f"{PROJECTS}/{project['id']}"
    assert disks.says(people.admin.patch("identity", path, {"project": fields}), 400, says)


def test_project_below_a_disabled_one(people: callers.People, project: Body) -> None:
    """A branch with a disabled project in it grows no more."""
    text = "cannot create a project in a branch containing a disabled project"
    assert disks.says(_project(people, parent_id=project["id"]), 400, text)


@pytest.mark.parametrize(("tag", "says"), [("b,c", "does not match"), ("x" * 256, "too long")])
def test_tags(people: callers.People, project: Body, tag: str, says: str) -> None:
    """A tag has no comma and at most 255 characters, alone or among others."""
    path = f"{PROJECTS}/{project['id']}/tags"
    assert disks.says(people.admin.put("identity", f"{path}/{tag}"), 400, says)
    assert disks.says(people.admin.put("identity", path, {"tags": [tag]}), 400, says)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("projects?enabled=maybe", "'maybe' is not one of [True, 'True',"),
        ("users?enabled=maybe", "'maybe' is not one of [True, 'True',"),
        ("domains?enabled=maybe", "'maybe' is not one of [True, 'True',"),
        ("projects?parent_id=default", "'default' is not a 'uuid'"),
        ("endpoints?interface=bogus", "'bogus' is not one of ['admin', 'internal', 'public']"),
        ("users?password_expires_at=zz", "Timestamp not in expected format."),
        ("users?password_expires_at=lt:zz", "Timestamp not in expected format."),
    ],
)
def test_keystone_filters(people: callers.People, path: str, says: str) -> None:
    """A filter that cannot be one is 400."""
    assert disks.says(people.admin.get("identity", f"/v3/{path}"), 400, says)


def test_limit_of_none(people: callers.People) -> None:
    """With a limit of 0 a list is said to be cut; projects are all there, users are not."""
    projects = people.admin.get("identity", f"{PROJECTS}?limit=0").json()
    last = projects["projects"][-1]["id"]
    assert projects["truncated"] is True
    assert projects["links"]["next"].endswith(f"/v3/projects?limit=0&marker={last}")
    users = people.admin.get("identity", "/v3/users?limit=0").json()
    assert (users["users"], users["truncated"], users["links"]["next"]) == ([], True, None)


@pytest.mark.parametrize("word", ["yes", "on", "T", "1"])
def test_neutron_flags(people: callers.People, word: str) -> None:
    """Neutron understands many words for true; what is none of them is 400."""
    found = network.get(people.member, "/networks", **{"router:external": word})
    assert "public" in {one["name"] for one in found}
    answer = network.ask(people.member, "GET", "/networks", params={"router:external": "maybe"})
    assert network.refusal(answer) == (400, "InvalidInput")


@pytest.mark.parametrize("path", ["/subnets", "/address-scopes"])
def test_neutron_numbers(people: callers.People, path: str) -> None:
    """What is no number is no IP version."""
    answer = network.ask(people.member, "GET", path, params={"ip_version": "abc"})
    assert network.refusal(answer) == (400, "InvalidInput")


@pytest.fixture
def base(people: callers.People, undo: contextlib.ExitStack) -> Base:
    """The member's network."""
    return network.settle(people, undo)


@pytest.mark.parametrize(
    ("revision", "refused"),
    [("-1", (412, "RevisionNumberConstraintFailed")), ("x", (400, "BadRequest"))],
)
def test_revision(
    people: callers.People, base: Base, revision: str, refused: tuple[int, str]
) -> None:
    """Any number is a revision, if not the present one."""
    path, headers = f"/networks/{base.network['id']}", {"If-Match": f"revision_number={revision}"}
    answer = network.ask(people.member, "PUT", path, {"network": {"name": "x"}}, headers=headers)
    assert network.refusal(answer) == refused


@pytest.mark.parametrize("word", ["tenant", "project"])
def test_whose_quotas(people: callers.People, word: str) -> None:
    """Anybody may ask Neutron which project his token is for."""
    for caller in (people.member, people.admin):
        assert network.get(caller, f"/quotas/{word}") == {f"{word}_id": caller.project_id}


def test_automatic_address(people: callers.People, base: Base) -> None:
    """A port has an address of a subnet that gives them by itself, whatever it asks for."""
    more = {"ip_version": 6, "ipv6_address_mode": "slaac", "ipv6_ra_mode": "slaac"}
    subnet = base.sub(base.network, "fd12:3456:789a::/64", **more)
    for port in (base.port(), base.with_address()):
        assert subnet["id"] in {fixed["subnet_id"] for fixed in port["fixed_ips"]}
        body = {"port": {"fixed_ips": []}}
        left = network.one(network.ask(people.member, "PUT", f"/ports/{port['id']}", body))
        assert [fixed["subnet_id"] for fixed in left["fixed_ips"]] == [subnet["id"]]


def test_qos_keys(people: callers.People, undo: contextlib.ExitStack) -> None:
    """QoS specs are below their key, and texts."""
    path = "/v3/{project}/qos-specs"
    body = {"qos_specs": {"name": f"contract-{secrets.token_hex(4)}"}}
    made = people.admin.post(disks.CINDER, path, body).json()["qos_specs"]
    undo.callback(people.admin.remove, disks.CINDER, f"{path}/{made['id']}")
    for wrong, says in (
        ({"x": 1}, "'qos_specs' is a required property"),
        ({"qos_specs": {"k": 1}}, "1 is not of type 'string', 'null'"),
    ):
        answer = people.admin.put(disks.CINDER, f"{path}/{made['id']}", wrong)
        assert disks.says(answer, 400, says)


@pytest.mark.parametrize("kind", ["volumes", "volumes/detail", "snapshots", "backups"])
def test_all_tenants_of_a_member(people: callers.People, kind: str) -> None:
    """What a member says of all projects is not even looked at."""
    answer = people.member.get(disks.CINDER, f"/v3/{{project}}/{kind}?all_tenants=maybe")
    assert answer.status_code == 200


@pytest.mark.parametrize(("query", "status"), [("-1", 200), ("5", 200), ("x", 400), ("", 400)])
def test_sizes_of_images(people: callers.People, query: str, status: int) -> None:
    """Any number is a size to compare with."""
    answer = people.member.get(disks.GLANCE, f"/v2/images?size_min={query}")
    assert answer.status_code == status
